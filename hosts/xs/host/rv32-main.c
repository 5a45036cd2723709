/*
 * An image with a board's firmware.
 *
 *   reset -> preparing -> memory handed out           the first life: hosts/xs/rv32-image.mjs makes the second one's image of it
 *   reset -> protected -> cloned -> turn, turn ...    the second
 */
#include "air.h"
#include "engine.h"
#include "inbox.h"
#include "platform.h"
#include "rv32.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const Profile profiles[] = {
#include "profiles.inc"
};

extern void* gxSharedCluster; /* xsAtomics.c */

#define PAINT 0xa5

static uint64_t turnInstructions, longestTurn, turnStarted;
static uint64_t spent[EventTypes];
static uint32_t turns[EventTypes];

void platformLog(const char* line)
{
	airLog(line);
}

void platformTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size)
{
	airTransmit(kind, to, octets, size);
}

uint32_t platformOverruns(void)
{
	Losses losses = inboxLosses();
	return losses.framesLost + losses.eventsLost;
}

/* Preparing */

static void handOut(const void* at, const void* octets, uint32_t size)
{
	uint32_t head[2] = { (uintptr_t)at, size };
	airWrite((const uint8_t*)head, sizeof(head));
	for (uint32_t done = 0; done < size; done += 65536)
		airWrite((const uint8_t*)octets + done, size - done < 65536 ? size - done : 65536);
}

static void prepare(void)
{
	memoryUse(root_start, root_end);
	consoleOpen();
	enginePrepare(bundle_start, (size_t)(bundle_end - bundle_start));
	gxSharedCluster = NULL; /* the running machine counts in one of its own */
	uint8_t* top = memoryTop();
	handOut(root_start, root_start, (uint32_t)(top - root_start));
	handOut(parser_start, NULL, 0); /* left out from now on */
	uint32_t head[2] = { (uint32_t)(static_end - static_start), 0 };
	uint32_t place[2] = { (uintptr_t)&prepared, sizeof(head) + head[0] };
	airWrite((const uint8_t*)place, sizeof(place));
	airWrite((const uint8_t*)head, sizeof(head));
	airWrite(static_start, head[0]);
	platformEnd(EndStopped, NULL, NULL);
}

/* Running */

double boardNow(void)
{
	return airNow();
}

void boardCollect(double deadline, bool idle)
{
	/* With interrupts off `wfi` still wakes for one that waits, so none is missed between the look and the sleep. */
	while (idle && !consolePending() && inboxSerialRoom() == SERIAL_FIFO) {
		__asm__ volatile("wfi");
		interruptsRestore(8);
		interruptsOff();
	}
	airReceive();
}

uint32_t boardTurnNumber(void)
{
	uint32_t number = 1;
	for (int type = 0; type < EventTypes; type++)
		number += turns[type];
	return number;
}

void boardTurnBegins(void)
{
	turnStarted = instructions();
	if (straps & STRAP_PROFILE) {
		static uint32_t phase OFF_BOARD;
		timerStart(1 + (phase += 7919) % (straps >> 16)); /* or short turns would never be sampled */
	}
	interruptsRestore(8);
}

void boardTurnEnds(EventType type)
{
	interruptsOff();
	if (straps & STRAP_PROFILE)
		timerStop();
	uint64_t cost = instructions() - turnStarted;
	turnInstructions += cost;
	spent[type] += cost;
	turns[type]++;
	if (longestTurn < cost)
		longestTurn = cost;
}

/* Counted with the turns, whose garbage it is. */
void boardTidy(void)
{
	uint64_t from = instructions();
	interruptsRestore(8);
	engineTidy();
	interruptsOff();
	turnInstructions += instructions() - from;
}

static uint32_t stackPeak(void)
{
	const uint8_t* at = ram_start;
	while (at < stack_end && *at == PAINT)
		at++;
	return (uint32_t)(stack_end - at);
}

const char* platformStats(void)
{
	static const char* const names[] = { "tick", "frame", "sent", "serial", "job" };
	static char text[768] OFF_BOARD;
	MemoryUsage heap = memoryUsage();
	JobUsage job = jobUsage();
	if (straps & STRAP_PROFILE)
		profileReport();
	int size = snprintf(text, sizeof(text),
		"\"machine\":{\"ram\":%lu,\"staticRam\":%lu,\"cStackSize\":%lu,\"cStackPeak\":%lu,\"heapSize\":%lu,\"heapPeak\":%lu,\"heapFree\":%lu,"
		"\"heapLargest\":%lu,\"jobInstructions\":%llu,\"jobStackSize\":%lu,\"jobStackPeak\":%lu,\"instructions\":%llu,\"longestTurn\":%llu,\"turns\":{",
		(unsigned long)(ram_end - ram_start), (unsigned long)(static_end - static_start), (unsigned long)(stack_end - ram_start),
		(unsigned long)stackPeak(), (unsigned long)heap.size, (unsigned long)heap.peak, (unsigned long)(heap.size - heap.used),
		(unsigned long)heap.largestFree, (unsigned long long)job.instructions, (unsigned long)job.stackSize, (unsigned long)job.stackPeak,
		(unsigned long long)turnInstructions, (unsigned long long)longestTurn);
	for (int type = 0; type < EventTypes; type++)
		size += snprintf(text + size, sizeof(text) - (size_t)size, "%s\"%s\":[%lu,%llu]", type ? "," : "", names[type],
			(unsigned long)turns[type], (unsigned long long)spent[type]);
	snprintf(text + size, sizeof(text) - (size_t)size, "}},");
	return text;
}

static const Profile* profile(void)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, profile_name) == 0)
			return &profiles[i];
	platformEnd(EndUsage, "unknown profile", profile_name);
}

static void run(void)
{
	machineProtect();
	memset(ram_start, PAINT, (size_t)((uint8_t*)__builtin_frame_address(0) - ram_start) - 256);
	memoryUse(heap_start, ram_end);
	consoleOpen();
	storeOpen();
	jobsOpen();
	if (straps & STRAP_SERIAL)
		uartOpen();
	engineClone(profile());
	engineEnter("start");
	boardLoop();
}

void rv32Main(void)
{
	if (prepared)
		run();
	prepare();
}
