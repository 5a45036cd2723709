/* The board's inbound queues; see inbox.h. The radio and the serial port each keep at most one event in the queue: it stands for
   everything that waits in their ring. */
#include "inbox.h"

#include <string.h>

static Event queue[EVENT_QUEUE];
static int queueHead, queueSize;
static Frame ring[RECEIVE_RING];
static int ringHead, ringSize;
static uint8_t fifo[SERIAL_FIFO];
static size_t fifoSize;
static bool framePosted, serialPosted;
static Losses losses;

static bool push(Event event)
{
	if (queueSize == EVENT_QUEUE) {
		losses.eventsLost++;
		return false;
	}
	queue[(queueHead + queueSize++) % EVENT_QUEUE] = event;
	return true;
}

bool inboxPost(Event event)
{
	return push(event);
}

static void postFrame(void)
{
	if (ringSize && !framePosted)
		framePosted = push((Event){ .type = EventFrame, .asked = true, .now = ring[ringHead].now });
}

static void postSerial(void)
{
	if (fifoSize && !serialPosted)
		serialPosted = push((Event){ .type = EventSerial });
}

bool inboxReceive(const Frame* frame)
{
	if (ringSize == RECEIVE_RING) {
		losses.framesLost++;
		return false;
	}
	ring[(ringHead + ringSize++) % RECEIVE_RING] = *frame;
	postFrame();
	return true;
}

size_t inboxSerial(const uint8_t* octets, size_t size)
{
	size_t taken = size < inboxSerialRoom() ? size : inboxSerialRoom();
	memcpy(fifo + fifoSize, octets, taken);
	fifoSize += taken;
	losses.octetsLost += (uint32_t)(size - taken);
	postSerial();
	return taken;
}

size_t inboxSerialRoom(void)
{
	return SERIAL_FIFO - fifoSize;
}

bool inboxNext(Event* event)
{
	/* A ring whose event found the queue full asks again as soon as there is room. */
	postFrame();
	postSerial();
	if (!queueSize)
		return false;
	*event = queue[queueHead];
	queueHead = (queueHead + 1) % EVENT_QUEUE;
	queueSize--;
	return true;
}

const Frame* inboxFrame(void)
{
	const Frame* frame = &ring[ringHead];
	ringHead = (ringHead + 1) % RECEIVE_RING;
	ringSize--;
	framePosted = false;
	return frame;
}

size_t inboxTakeSerial(uint8_t into[SERIAL_FIFO])
{
	size_t size = fifoSize;
	memcpy(into, fifo, size);
	fifoSize = 0;
	serialPosted = false;
	return size;
}

Losses inboxLosses(void)
{
	return losses;
}
