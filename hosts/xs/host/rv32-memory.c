/*
 * malloc over one region: first fit, blocks in the order of their addresses, neighbours joined when a search passes them. A board allocates its
 * pools at the start and little afterwards.
 */
#include "rv32.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	uint32_t size; /* of the whole block, a multiple of 8 */
	uint32_t used;
} Block;

static struct {
	uint8_t *start, *end, *top;
	uint8_t* hint; /* below it nothing is free: a parser asks thousands of times and gives nothing back */
	uint32_t used, peak;
} region;

void memoryUse(uint8_t* start, uint8_t* end)
{
	region.start = region.top = region.hint = start;
	region.end = end;
	region.used = region.peak = 0;
}

static Block* next(Block* block)
{
	return (Block*)((uint8_t*)block + block->size);
}

static void joinFree(Block* block)
{
	while ((uint8_t*)next(block) < region.top && !next(block)->used)
		block->size += next(block)->size;
}

static void take(Block* block, uint32_t size)
{
	if (block->size >= size + 2 * sizeof(Block)) {
		Block rest = { .size = block->size - size, .used = 0 };
		block->size = size;
		*next(block) = rest;
	}
	block->used = 1;
	region.used += block->size;
	if (region.peak < region.used)
		region.peak = region.used;
}

/* Under a name of its own: the compiler would make calloc call itself. */
static void* allocate(size_t size)
{
	uint32_t whole = (((uint32_t)size + 7u) & ~7u) + sizeof(Block);
	if (size > (size_t)(region.end - region.start))
		return NULL;
	bool lowest = true;
	for (Block* block = (Block*)region.hint; (uint8_t*)block < region.top; block = next(block)) {
		if (block->used)
			continue;
		joinFree(block);
		if (lowest)
			region.hint = (uint8_t*)block;
		lowest = false;
		if (block->size >= whole) {
			take(block, whole);
			return block + 1;
		}
	}
	if (lowest)
		region.hint = region.top;
	if ((size_t)(region.end - region.top) < whole)
		return NULL;
	Block* block = (Block*)region.top;
	region.top += whole;
	block->size = whole;
	take(block, whole);
	return block + 1;
}

void* malloc(size_t size)
{
	return allocate(size);
}

void free(void* octets)
{
	/* What the preparation allocated lies in flash: it stays. */
	if (!octets || (uint8_t*)octets < region.start || (uint8_t*)octets >= region.end)
		return;
	Block* block = (Block*)octets - 1;
	block->used = 0;
	region.used -= block->size;
	if ((uint8_t*)block < region.hint)
		region.hint = (uint8_t*)block;
}

void* calloc(size_t count, size_t size)
{
	void* octets = allocate(count * size);
	if (octets)
		memset(octets, 0, count * size);
	return octets;
}

void* realloc(void* octets, size_t size)
{
	if (!octets)
		return malloc(size);
	size_t had = ((Block*)octets - 1)->size - sizeof(Block);
	if (size <= had)
		return octets;
	void* moved = malloc(size);
	if (moved) {
		memcpy(moved, octets, had);
		free(octets);
	}
	return moved;
}

MemoryUsage memoryUsage(void)
{
	uint32_t largest = (uint32_t)(region.end - region.top);
	for (Block* block = (Block*)region.start; (uint8_t*)block < region.top; block = next(block))
		if (!block->used) {
			joinFree(block);
			if (largest < block->size)
				largest = block->size;
		}
	return (MemoryUsage){ .size = (uint32_t)(region.end - region.start), .used = region.used, .peak = region.peak, .largestFree = largest };
}

uint8_t* memoryTop(void)
{
	for (Block* block = (Block*)region.start; (uint8_t*)block < region.top; block = next(block))
		if (!block->used)
			memset(block + 1, 0, block->size - sizeof(Block));
	return region.top;
}
