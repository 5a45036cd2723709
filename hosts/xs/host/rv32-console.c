/*
 * The radio line: the lockstep stream over a virtio console without multiport (virtio 1.1, 5.3: queue 0 receives, queue 1 sends). Its buffers
 * stand for the radio chip's and its driver's, whose RAM is not in what the profile leaves.
 */
#include "air.h"
#include "engine.h"
#include "platform.h"
#include "rv32-virtio.h"
#include "rv32.h"

#include <string.h>

#define CONSOLE_DEVICE 3u
enum { Receive, Send };
#define BUFFER 2048u /* a frame with its header fits */

static uintptr_t base;
static volatile Queue receiving, sending;
static uint8_t buffers[QUEUE][BUFFER];
static uint32_t taken; /* octets already read of the buffer that is next */

void consoleOpen(void)
{
	base = virtioFind(CONSOLE_DEVICE);
	if (!base)
		return;
	virtioOpenQueue(base, Receive, &receiving);
	virtioOpenQueue(base, Send, &sending);
	virtioRun(base);
	for (uint16_t id = 0; id < QUEUE; id++)
		virtioGive(base, Receive, &receiving, id, buffers[id], BUFFER, true);
	plicEnable(virtioSource(base));
}

bool airPresent(void)
{
	return base != 0;
}

bool consolePending(void)
{
	virtioAcknowledge(base);
	return receiving.seen != receiving.used.index;
}

size_t airRead(uint8_t* into, size_t size)
{
	size_t count = 0;
	while (count < size && consolePending()) {
		uint16_t id = (uint16_t)receiving.used.ring[receiving.seen % QUEUE].id;
		uint32_t left = receiving.used.ring[receiving.seen % QUEUE].size - taken;
		uint32_t now = left < size - count ? left : (uint32_t)(size - count);
		memcpy(into + count, buffers[id] + taken, now);
		count += now;
		taken += now;
		if (now == left) {
			taken = 0;
			receiving.seen++;
			virtioGive(base, Receive, &receiving, id, buffers[id], BUFFER, true);
		}
	}
	return count;
}

void airWrite(const uint8_t* octets, size_t size)
{
	if (size == 0 || !base)
		return;
	virtioGive(base, Send, &sending, 0, octets, size, false);
	virtioAwait(&sending);
}
