/*
 * The task of the jobs in the image: a stack of its own, run while the JS task has nothing to do, left as soon as anything arrives for that one.
 *
 *   asleep --boardWork--> running --the queue is empty--> asleep
 *   running --an interrupt that brought something--> preempted --boardWork--> running
 */
#include "engine.h"
#include "inbox.h"
#include "jobs.h"
#include "platform.h"
#include "rv32.h"

#include <string.h>

/* Kernels take less than 1 KB, a trap with its handlers a quarter; the mark is in the statistics. */
#define STACK 2560u
#define PAINT 0xa5

/* rv32-start.S: keeps our stack pointer at `mine` and goes on where `other` was left. */
void contextSwitch(uint8_t** mine, uint8_t* other);
extern uint8_t __tls_base[], tls_end[];

static uint8_t stack[STACK] __attribute__((aligned(16)));
static uint8_t tls[64] __attribute__((aligned(16))); /* where the kernels keep the target of their traps */
static uint8_t *jobs, *turns;
static bool running;
static uint64_t spent;

/* What a switch saves: ra, s0 to s11, tp. */
#define SAVED 64u

static void task(void)
{
	for (;;) {
		interruptsRestore(8);
		do
			jobsWork();
		while ((straps & STRAP_SELFISH) && jobsWait());
		interruptsOff();
		contextSwitch(&jobs, turns);
	}
}

void jobsOpen(void)
{
	if ((size_t)(tls_end - __tls_base) > sizeof(tls))
		platformEnd(EndFatalCheck, "fatal check", "thread-local data of the jobs");
	memset(stack, PAINT, sizeof(stack));
	memcpy(tls, __tls_base, (size_t)(tls_end - __tls_base));
	jobs = stack + STACK - SAVED;
	memset(jobs, 0, SAVED);
	((uintptr_t*)jobs)[0] = (uintptr_t)task;
	((uintptr_t*)jobs)[13] = (uintptr_t)tls;
}

void boardWork(void)
{
	uint64_t from = instructions();
	running = true;
	contextSwitch(&turns, jobs);
	running = false;
	spent += instructions() - from;
}

void jobsPreempt(void)
{
	if (!running || (straps & STRAP_SELFISH) || (!consolePending() && inboxSerialRoom() == SERIAL_FIFO))
		return;
	uint32_t at, status;
	__asm__ volatile("csrr %0, mepc\n\tcsrr %1, mstatus" : "=r"(at), "=r"(status));
	contextSwitch(&jobs, turns);
	__asm__ volatile("csrw mepc, %0\n\tcsrw mstatus, %1" ::"r"(at), "r"(status));
}

JobUsage jobUsage(void)
{
	const uint8_t* at = stack;
	while (at < stack + STACK && *at == PAINT)
		at++;
	return (JobUsage){ .instructions = spent, .stackSize = STACK, .stackPeak = (uint32_t)(stack + STACK - at) };
}
