/*
 * The engine glue: one XS machine with a board's pools, started from a bundle. Knows nothing of sockets, files or terminals;
 * the platform under it is `platform.h`.
 *
 *   prepare -> share -> clone -> turn, turn, turn ... -> ended
 *
 * prepare  the built-ins, minus what a board lacks, and the bundle run in a root machine: what a board has in flash
 * share    the root becomes read-only, as the SDK's linker leaves it (flash.c)
 * clone    a machine with the profile's pools, from which everything of the root is reachable but costs nothing
 */
#ifndef MESHBOX_ENGINE_H
#define MESHBOX_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A board's limits; from profiles.json. `chunkSize` 0: pools that grow, for tests and measurements off a board. */
typedef struct {
	const char* name;
	int32_t chunkSize;  /* octets of chunk pool */
	int32_t slotCount;  /* slots of the slot pool */
	int32_t stackCount; /* slots of the XS stack */
	int32_t keyCount;   /* names the running program may add */
	int32_t cStack;     /* octets of C stack of the JS task */
} Profile;

/* Why a machine ended: the exit code of the process and the word on its last line. 11 to 18 are the engine's own statuses plus 10. */
typedef enum {
	EndStopped = 0,
	EndUsage = 2,          /* unknown option, unreadable file, bundle that does not export its entry */
	EndMemoryFull = 11,    /* a pool of the profile is exhausted, even after a collection */
	EndStackOverflow = 12, /* XS stack or C stack */
	EndFatalCheck = 13,
	EndDeadStrip = 14, /* eval or new Function: a board has no parser */
	EndUncaughtException = 15,
	EndNoMoreKeys = 16,
	EndWatchdog = 17, /* a turn that does not end */
	EndUnhandledRejection = 18,
} End;

/* Memory and computation so far; the first eight fields of HealthReading in firmware/core/ports/health.ts. */
typedef struct {
	int32_t chunkPeak, chunkSize;
	int32_t slotPeak, slotSize;
	int32_t stackPeak, stackSize;
	uint64_t computation; /* metered units: bytecodes, weighted by the engine */
	uint32_t turnPeak;    /* the most that one turn has cost */
} Usage;

/* The functions of the bundle's handlers that C calls. */
typedef enum { HandlerTick, HandlerFrame, HandlerSent, HandlerSerial, HandlerDeadline, HandlerCounters, HandlerJob, HandlerCount } Handler;

void enginePrepare(const char* source, size_t size);
/* With the profile's limits; the machine from then on. */
void engineClone(const Profile* profile);

/* Runs the bundle in one machine that is neither shared nor cloned: portable tests and measurements. */
void engineStartWhole(const char* source, size_t size);

/* Calls the bundle's export `entry` with the host object; keeps the object that it returns as the handlers. */
void engineEnter(const char* entry);

/* The number that `entry` returned instead, as an exit code; 0 if it returned none. */
int engineResult(void);

/* One turn: the handler, then the promise jobs it left. `octets` null: no buffer argument. */
void engineTurn(Handler handler, double now, int a, int b, const uint8_t* octets, size_t size);

/* Asks `deadline()`: milliseconds; infinity for never. */
double engineDeadline(void);

/* Asks `counters()`: text into `into`. */
void engineCounters(char* into, size_t size);

/* Collects garbage first, so that the peaks are of live memory. */
Usage engineUsage(void);

/* Collects garbage while nobody waits for the board, if a turn might have to soon. */
void engineTidy(void);

/* Metered units spent in the turn that runs, or in the last one. */
uint32_t engineTurnCost(void);

#endif
