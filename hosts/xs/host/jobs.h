/*
 * Asymmetric cryptography beside the turns: one task of lower priority than the JS task. A turn asks, the job runs when nothing else is to be
 * done and gives way to whatever arrives, and its answer is a turn of its own.
 *
 *   free -> waiting -> running -> done -> free
 */
#ifndef MESHBOX_JOBS_H
#define MESHBOX_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Jobs asked for and not answered; the firmware has its own queue behind them. */
#define JOBS 4
/* signature 65, digest 32, key 33 */
#define JOB_INPUT_MAX 130
#define JOB_OUTPUT_MAX 65

/* Inputs one behind the other, and the answer. */
typedef enum {
	JobPublicKey = 1, /* secret 32 -> key 33 */
	JobSign,          /* digest 32, secret 32 -> signature 65 */
	JobVerify,        /* signature 64, digest 32, key 33, low S 1 -> nothing */
	JobRecover,       /* signature 65, digest 32 -> key 33 */
	JobEcdh,          /* secret 32, peer's key 33 -> shared point 33 */
	JobKinds
} JobKind;

typedef struct {
	uint32_t id;
	uint8_t kind, ok, size;
	uint8_t octets[JOB_INPUT_MAX]; /* the input, then the output */
} Job;

/* Octets of the kind's input; 0: no such kind. */
size_t jobInput(int kind);
/* False: all places are taken. */
bool jobsAdd(uint32_t id, int kind, const uint8_t* input);
/* Whether one waits or runs. */
bool jobsWait(void);
/* Whether one waits, runs or has its answer still to be given. */
bool jobsOwed(void);
/* Runs the oldest that waits; called on the task of the jobs. */
void jobsWork(void);
/* Whether an answer is to be given. */
bool jobsDone(void);
/* The oldest answer, valid until the next call; null: none. */
const Job* jobsTake(void);

#endif
