/* The queue of jobs; see jobs.h. Only `state` is shared between the two tasks, and only one of them may change it at a time. */
#include "jobs.h"

#include <string.h>

#include "mb_kernels.h"

static enum { Free, Waiting, Done } states[JOBS];
static Job jobs[JOBS];
static unsigned first, count;

static const uint8_t inputs[JobKinds] = { [JobPublicKey] = 32, [JobSign] = 64, [JobVerify] = 130, [JobRecover] = 97, [JobEcdh] = 65 };
static const uint8_t outputs[JobKinds] = { [JobPublicKey] = 33, [JobSign] = 65, [JobRecover] = 33, [JobEcdh] = 33 };

size_t jobInput(int kind)
{
	return kind > 0 && kind < JobKinds ? inputs[kind] : 0;
}

bool jobsAdd(uint32_t id, int kind, const uint8_t* input)
{
	if (count == JOBS)
		return false;
	unsigned at = (first + count) % JOBS;
	jobs[at].id = id;
	jobs[at].kind = (uint8_t)kind;
	memcpy(jobs[at].octets, input, inputs[kind]);
	states[at] = Waiting;
	count++;
	return true;
}

static int oldest(int state)
{
	for (unsigned i = 0; i < count; i++)
		if ((int)states[(first + i) % JOBS] == state)
			return (int)((first + i) % JOBS);
	return -1;
}

bool jobsWait(void)
{
	return oldest(Waiting) >= 0;
}

bool jobsOwed(void)
{
	return count > 0;
}

void jobsWork(void)
{
	int at = oldest(Waiting);
	if (at < 0)
		return;
	Job* job = &jobs[at];
	const uint8_t* in = job->octets;
	uint8_t out[JOB_OUTPUT_MAX] = { 0 };
	int code = MB_LENGTH;
	switch (job->kind) {
	case JobPublicKey:
		code = mb_public_key(out, in);
		break;
	case JobSign:
		code = mb_sign(out, in, in + 32);
		break;
	case JobVerify:
		code = mb_verify(in, in + 64, in + 96, in[129]);
		break;
	case JobRecover:
		code = mb_recover(out, in, in + 65);
		break;
	case JobEcdh:
		code = mb_ecdh(out, in, in + 32);
		break;
	}
	memset(job->octets, 0, sizeof(job->octets)); /* a secret, mostly */
	job->ok = code == MB_OK;
	job->size = job->ok ? outputs[job->kind] : 0;
	memcpy(job->octets, out, job->size);
	states[at] = Done;
}

bool jobsDone(void)
{
	return count > 0 && states[first] == Done;
}

const Job* jobsTake(void)
{
	static Job taken;
	if (!jobsDone())
		return NULL;
	taken = jobs[first];
	states[first] = Free;
	first = (first + 1) % JOBS;
	count--;
	return &taken;
}
