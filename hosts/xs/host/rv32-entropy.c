/* Entropy from a virtio entropy device (virtio 1.1, 5.4), as a board has it from its radio's noise. */
#include "engine.h"
#include "platform.h"
#include "rv32-virtio.h"
#include "rv32.h"

#define ENTROPY_DEVICE 4u

static volatile Queue queue;

void platformRandom(uint8_t* into, size_t size)
{
	static uintptr_t base;
	if (!base) {
		base = virtioFind(ENTROPY_DEVICE);
		if (!base)
			platformEnd(EndFatalCheck, "no entropy", NULL);
		virtioOpenQueue(base, 0, &queue);
		virtioRun(base);
	}
	while (size > 0) {
		virtioGive(base, 0, &queue, 0, into, size, true);
		uint32_t count = virtioAwait(&queue);
		into += count;
		size -= count;
	}
}
