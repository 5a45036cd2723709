/*
 * The board's store (hosts/xs/host/rv32-store.c) on a flash in memory whose power is cut at one step after the other: before and within every
 * word that is programmed, and within every erasure. After each cut the store is opened again and must hold what it has promised.
 *
 *   store-cuts SEED      prints `cuts N`; exit code 1 and a line that says where, if a promise was broken
 */
#include "engine.h"
#include "platform.h"
#include "rv32.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 5
#define VALUE 300

static uint8_t flash[STORE_BLOCKS][STORE_SIZE];
static long steps, cutAt; /* cutAt < 0: never */
static jmp_buf powerCut;
static uint32_t random32;

static uint32_t next(void)
{
	return random32 = random32 * 1664525u + 1013904223u;
}

void platformEnd(int code, const char* reason, const char* detail)
{
	printf("%s: %s\n", reason, detail ? detail : "");
	exit(1);
}

const uint8_t* flashBlock(unsigned block)
{
	return flash[block];
}

void flashErase(unsigned block)
{
	if (steps++ == cutAt) {
		/* Some octets are erased, some are not, some are neither. */
		for (unsigned i = 0; i < STORE_SIZE; i++)
			flash[block][i] |= (uint8_t)(next() >> 8 & next() >> 16);
		longjmp(powerCut, 1);
	}
	memset(flash[block], 0xff, STORE_SIZE);
}

void flashProgram(unsigned block, uint32_t offset, const void* data, size_t size)
{
	for (size_t at = 0; at < size; at += 4) {
		uint32_t word, *cell = (uint32_t*)(flash[block] + offset + at);
		memcpy(&word, (const uint8_t*)data + at, 4);
		if (word & ~*cell)
			platformEnd(1, "flash", "a program that would set bits");
		if (steps++ == cutAt) {
			*cell &= word | next(); /* only some of the bits have fallen */
			longjmp(powerCut, 1);
		}
		*cell = word;
	}
}

/* What was put: per key the last value that was answered, and the one under way. -1: none. */
static int answered[KEYS], underWay[KEYS];

static void verify(const char* when)
{
	for (int key = 0; key < KEYS; key++) {
		char name[8];
		uint8_t value[VALUE];
		snprintf(name, sizeof(name), "key%d", key);
		int size = storeGet(name, value, sizeof(value)), number = -1;
		if (size >= 0) {
			memcpy(&number, value, 4);
			for (int i = 4; i < size; i++)
				if (value[i] != (uint8_t)(number + i) || size != 40 + number % 200)
					platformEnd(1, when, "a mixed value");
		}
		if (number != answered[key] && number != underWay[key]) {
			printf("%s: key%d is %d, answered %d, under way %d, cut at step %ld\n", when, key, number, answered[key], underWay[key], cutAt);
			exit(1);
		}
		answered[key] = underWay[key] = number;
	}
}

static void put(int key, int number)
{
	char name[8];
	uint8_t value[VALUE];
	int size = 40 + number % 200;
	snprintf(name, sizeof(name), "key%d", key);
	underWay[key] = number % 11 == 0 ? -1 : number;
	memcpy(value, &number, 4);
	for (int i = 4; i < size; i++)
		value[i] = (uint8_t)(number + i);
	if (number % 11 == 0)
		storeDelete(name);
	else
		storePut(name, value, (size_t)size);
	answered[key] = underWay[key];
}

int main(int argc, char* argv[])
{
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
	long cuts = 0;
	/* One long life without a cut says how many steps there are; then one life for each step, which ends there. */
	long total = 0;
	for (long life = 0; life <= total; life++) {
		memset(flash, 0, sizeof(flash));
		memset(answered, 0xff, sizeof(answered));
		memset(underWay, 0xff, sizeof(underWay));
		random32 = seed;
		steps = 0;
		cutAt = life - 1;
		if (setjmp(powerCut) == 0) {
			storeOpen();
			for (int number = 1; number <= 160; number++)
				put((int)(next() >> 20) % KEYS, number);
			total = steps;
		}
		else
			cuts++;
		/* Power again, and a second cut in the repair, before it is looked at. */
		cutAt = -1;
		if (life % 2) {
			steps = 0;
			cutAt = (long)(next() >> 24);
			if (setjmp(powerCut) == 0)
				storeOpen();
			cutAt = -1;
		}
		storeOpen();
		verify("after the cut");
		put(0, 1000);
		storeOpen();
		verify("after the next put");
	}
	printf("cuts %ld\n", cuts);
	return 0;
}
