/* See rv32-virtio.h. */
#include "rv32-virtio.h"
#include "rv32.h"

#define SLOTS 0x10001000u
#define SLOT_SIZE 0x1000u
#define SLOT_COUNT 8u

enum {
	DeviceId = 0x008, DriverFeatures = 0x020, DriverFeaturesSelect = 0x024, QueueSelect = 0x030, QueueSize = 0x038, QueueReady = 0x044,
	QueueNotify = 0x050, InterruptStatus = 0x060, InterruptAcknowledge = 0x064, Status = 0x070, QueueDescriptors = 0x080,
	QueueAvailable = 0x090, QueueUsed = 0x0a0,
};
enum { Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8 };
#define DEVICE_WRITES 2u

uintptr_t virtioFind(uint32_t device)
{
	for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
		uintptr_t base = SLOTS + slot * SLOT_SIZE;
		if (REG32(base + DeviceId) != device)
			continue;
		REG32(base + Status) = 0;
		REG32(base + Status) = Acknowledge | Driver;
		REG32(base + DriverFeaturesSelect) = 1;
		REG32(base + DriverFeatures) = 1; /* VIRTIO_F_VERSION_1, and no other feature */
		REG32(base + DriverFeaturesSelect) = 0;
		REG32(base + DriverFeatures) = 0;
		REG32(base + Status) = Acknowledge | Driver | FeaturesOk;
		return base;
	}
	return 0;
}

void virtioOpenQueue(uintptr_t base, unsigned index, volatile Queue* queue)
{
	REG32(base + QueueSelect) = index;
	REG32(base + QueueSize) = QUEUE;
	REG32(base + QueueDescriptors) = (uintptr_t)queue->descriptors;
	REG32(base + QueueAvailable) = (uintptr_t)&queue->available;
	REG32(base + QueueUsed) = (uintptr_t)&queue->used;
	REG32(base + QueueReady) = 1;
}

void virtioRun(uintptr_t base)
{
	REG32(base + Status) = Acknowledge | Driver | FeaturesOk | DriverOk;
}

void virtioGive(uintptr_t base, unsigned index, volatile Queue* queue, uint16_t id, const void* octets, size_t size, int writes)
{
	queue->descriptors[id].address = (uintptr_t)octets;
	queue->descriptors[id].size = (uint32_t)size;
	queue->descriptors[id].flags = writes ? DEVICE_WRITES : 0;
	queue->available.ring[queue->available.index % QUEUE] = id;
	__sync_synchronize();
	queue->available.index++;
	__sync_synchronize();
	REG32(base + QueueNotify) = index;
}

uint32_t virtioAwait(volatile Queue* queue)
{
	while (queue->seen == queue->used.index)
		__sync_synchronize();
	return queue->used.ring[queue->seen++ % QUEUE].size;
}

void virtioAcknowledge(uintptr_t base)
{
	REG32(base + InterruptAcknowledge) = REG32(base + InterruptStatus);
}

unsigned virtioSource(uintptr_t base)
{
	return PLIC_VIRTIO + (unsigned)((base - SLOTS) / SLOT_SIZE);
}
