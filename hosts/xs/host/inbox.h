/*
 * What waits for the JS task of a board: the event queue, the radio's receive ring and the serial port's hardware FIFO, each with the
 * hard cap of a board. What does not fit is lost and counted. Plain data: the same on every platform.
 *
 *   radio driver -> receive ring (6) -\
 *   UART         -> FIFO (128)       --+-> event queue (10) -> one event, one turn
 *   timers, `sent`                   -/
 */
#ifndef MESHBOX_INBOX_H
#define MESHBOX_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_QUEUE 10   /* entries of the JS task's queue in the SDK's ESP32 port */
#define RECEIVE_RING 6   /* receive buffers of the radio driver */
#define SERIAL_FIFO 128  /* octets, UART hardware FIFO */
#define FRAME_MAX 250    /* octets: ESP-NOW version 1, the longest of the links (board/ports.ts) */

typedef enum { EventTick, EventFrame, EventSent, EventSerial, EventJob, EventTypes } EventType;

typedef struct {
	EventType type;
	bool asked; /* the air waits for an answer */
	double now;
	uint8_t kind, ok; /* EventSent */
} Event;

/* `octets` starts with the 6 of the transmitter and the 6 of the addressee. */
typedef struct {
	double now;
	uint8_t kind;
	int8_t rssi;
	uint16_t size;
	uint8_t octets[12 + FRAME_MAX];
} Frame;

typedef struct {
	uint32_t framesLost; /* receive ring full */
	uint32_t eventsLost; /* event queue full */
	uint32_t octetsLost; /* serial FIFO full */
} Losses;

/* False: lost. The caller still owes the air an answer. */
bool inboxPost(Event event);
bool inboxReceive(const Frame* frame);

/* Octets from the line; returns how many the FIFO took. The rest are lost. */
size_t inboxSerial(const uint8_t* octets, size_t size);
size_t inboxSerialRoom(void);

/* The next event, taken off the queue; false if there is none. */
bool inboxNext(Event* event);
const Frame* inboxFrame(void);
size_t inboxTakeSerial(uint8_t into[SERIAL_FIFO]);

Losses inboxLosses(void);

#endif
