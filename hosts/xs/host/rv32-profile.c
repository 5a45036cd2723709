/*
 * A sampling profiler of a running board: every so many instructions, during turns, the timer notes where the processor is and which JavaScript
 * functions are active. Deterministic, since time is instructions. It uses the serial line's timer: a board that is profiled has no line.
 */
#include "engine-internal.h"
#include "air.h"
#include "rv32.h"

#include <stdio.h>
#include <string.h>

/* Words of samples: program counter, number of the turn and count of functions, then so many functions, the innermost first. */
#define WORDS (128u * 1024)
#define DEPTH 24u

static uint32_t samples[WORDS] OFF_BOARD;
static uint32_t used OFF_BOARD;
static uint32_t lost OFF_BOARD;

/* A sample may fall into the middle of a change: nothing is followed that could not be a slot. */
static bool isSlot(const void* at)
{
	const uint8_t* octets = at;
	return ((uintptr_t)octets & 3) == 0 && ((octets >= ram_start && octets < ram_end) || (octets >= root_start && octets < root_end));
}

/* The function's name and, above it, its class's: a closure may be gone when the report is made. */
static uint32_t namesOf(txSlot* function)
{
	txSlot* code = isSlot(function) && function->kind == XS_INSTANCE_KIND ? function->next : NULL;
	if (!isSlot(code) || !(code->flag & XS_INTERNAL_FLAG))
		return 0;
	/* A private method has no name: its code says which one it is. */
	if (code->ID == XS_NO_ID && (code->kind == XS_CODE_KIND || code->kind == XS_CODE_X_KIND))
		return (uint32_t)(uintptr_t)code->value.code.address;
	uint32_t names = (uint16_t)code->ID;
	txSlot* home = code->next;
	if (!isSlot(home) || home->kind != XS_HOME_KIND || !isSlot(home->value.home.object))
		return names;
	for (txSlot* property = home->value.home.object->next; isSlot(property); property = property->next)
		if (property->ID == mxID(_constructor) && property->kind == XS_REFERENCE_KIND && isSlot(property->value.reference->next))
			return names | (uint32_t)(uint16_t)property->value.reference->next->ID << 16;
	return names;
}

void profileSample(uint32_t at)
{
	txMachine* the = engineMachine();
	if (used + 2 + DEPTH > WORDS) {
		lost++;
		return;
	}
	uint32_t* sample = samples + used;
	uint32_t count = 0;
	/* Callers lie higher: what does not is a frame that was being made or left. */
	for (txSlot *frame = the->frame, *below = the->stackBottom - 1; frame > below && frame < the->stackTop && count < DEPTH; frame = frame->next) {
		below = frame;
		if (frame[3].kind == XS_REFERENCE_KIND)
			sample[2 + count++] = namesOf(frame[3].value.reference);
	}
	sample[0] = at;
	sample[1] = boardTurnNumber() << 8 | count;
	used += 2 + count;
}

static const char* nameOf(txMachine* the, uint16_t id)
{
	const char* name = id == XS_NO_ID ? NULL : fxGetKeyName(the, (txID)id);
	return name && *name ? name : "(anonymous)";
}

void profileReport(void)
{
	txMachine* the = engineMachine();
	static char line[1024] OFF_BOARD;
	for (uint32_t at = 0; at < used; at += 2 + (samples[at + 1] & 0xff)) {
		int size = snprintf(line, sizeof(line), "profile %08lx %lu", (unsigned long)samples[at], (unsigned long)(samples[at + 1] >> 8));
		for (uint32_t i = samples[at + 1] & 0xff; i-- > 0 && size < (int)sizeof(line) - 80;) {
			uint32_t names = samples[at + 2 + i];
			if (names >= (uintptr_t)flash_start) {
				size += snprintf(line + size, sizeof(line) - (size_t)size, " #%lx", (unsigned long)names);
				continue;
			}
			bool method = names >> 16;
			size += snprintf(line + size, sizeof(line) - (size_t)size, " %s%s%s", method ? nameOf(the, (uint16_t)(names >> 16)) : "", method ? "." : "",
				nameOf(the, (uint16_t)names));
		}
		airLog(line);
	}
	if (lost > 0) {
		snprintf(line, sizeof(line), "profile lost %lu", (unsigned long)lost);
		airLog(line);
	}
	used = lost = 0;
}
