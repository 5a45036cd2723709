/* virtio 1.1 over MMIO (4.2), split queues (2.6): as much as a console and an entropy source need. */
#ifndef MESHBOX_RV32_VIRTIO_H
#define MESHBOX_RV32_VIRTIO_H

#include <stddef.h>
#include <stdint.h>

#define QUEUE 4u /* buffers of each queue */

typedef struct {
	struct { uint64_t address; uint32_t size; uint16_t flags, next; } descriptors[QUEUE] __attribute__((aligned(16)));
	struct { uint16_t flags, index, ring[QUEUE]; } available;
	struct { uint16_t flags, index; struct { uint32_t id, size; } ring[QUEUE]; } used __attribute__((aligned(4)));
	uint16_t seen; /* of `used`, so far */
} Queue;

/* Finds the device and takes it up as far as its queues; 0: there is none. */
uintptr_t virtioFind(uint32_t device);
void virtioOpenQueue(uintptr_t base, unsigned index, volatile Queue* queue);
/* The queues are open: the device may run. */
void virtioRun(uintptr_t base);
/* Hands buffer `id` over; `writes`: the device fills it. */
void virtioGive(uintptr_t base, unsigned index, volatile Queue* queue, uint16_t id, const void* octets, size_t size, int writes);
/* Waits until the device has given back a buffer; its length. */
uint32_t virtioAwait(volatile Queue* queue);
void virtioAcknowledge(uintptr_t base);
/* Its source at the interrupt controller. */
unsigned virtioSource(uintptr_t base);

#endif
