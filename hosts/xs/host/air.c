/* The board's end of the lockstep protocol with the simulated air; the message numbers are those of hosts/xs/lockstep.ts. */
#include "air.h"
#include "engine.h"
#include "inbox.h"
#include "platform.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NEVER 0xffffffffu

enum { FromAirTick = 1, FromAirFrame, FromAirSent, FromAirStats, FromAirStop };
enum { ToAirTransmit = 16, ToAirDone, ToAirStats, ToAirLog, ToAirAwake };

/* A frame with its header is the longest message from the air. */
#define IN_SIZE (64 * 1024)
#define OUT_SIZE (64 * 1024)

static double now;
static double lastDeadline = INFINITY;
static uint8_t in[IN_SIZE];
static size_t inSize;
static uint8_t out[OUT_SIZE];
static size_t outSize;

static uint32_t readU32(const uint8_t* at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void writeU32(uint8_t* at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

double airNow(void)
{
	return now;
}

void airFlush(void)
{
	airWrite(out, outSize);
	outSize = 0;
}

static void append(uint8_t type, const void* head, size_t headSize, const void* body, size_t bodySize)
{
	size_t size = 1 + headSize + bodySize;
	if (outSize + 4 + size > OUT_SIZE)
		airFlush();
	writeU32(out + outSize, (uint32_t)size);
	out[outSize + 4] = type;
	memcpy(out + outSize + 5, head, headSize);
	memcpy(out + outSize + 5 + headSize, body, bodySize);
	outSize += 4 + size;
}

void airTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size)
{
	uint8_t head[7] = { (uint8_t)kind };
	memcpy(head + 1, to, 6);
	append(ToAirTransmit, head, sizeof(head), octets, size);
}

void airLog(const char* line)
{
	append(ToAirLog, NULL, 0, line, strlen(line) > 4096 ? 4096 : strlen(line));
}

void airDone(bool asked, double deadline)
{
	uint8_t body[4];
	lastDeadline = deadline;
	writeU32(body, deadline >= NEVER ? NEVER : (uint32_t)deadline);
	append(asked ? ToAirDone : ToAirAwake, body, sizeof(body), NULL, 0);
	airFlush();
}

static void stats(void)
{
	static char text[8192], counters[4096];
	Usage usage = engineUsage();
	Losses losses = inboxLosses();
	engineCounters(counters, sizeof(counters));
	int size = snprintf(text, sizeof(text),
		"{%s\"chunkPeak\":%" PRId32 ",\"chunkSize\":%" PRId32 ",\"slotPeak\":%" PRId32 ",\"slotSize\":%" PRId32 ",\"stackPeak\":%" PRId32
		",\"stackSize\":%" PRId32 ","
		"\"computation\":%llu,\"overruns\":%" PRIu32 ",\"turnPeak\":%" PRIu32 ",\"framesLost\":%" PRIu32 ",\"eventsLost\":%" PRIu32
		",\"serialLost\":%" PRIu32 ",\"counters\":%s}",
		platformStats(), usage.chunkPeak, usage.chunkSize, usage.slotPeak, usage.slotSize, usage.stackPeak, usage.stackSize,
		(unsigned long long)usage.computation, platformOverruns(), usage.turnPeak,
		losses.framesLost, losses.eventsLost, losses.octetsLost, counters);
	append(ToAirStats, NULL, 0, text, (size_t)size);
	airDone(true, lastDeadline);
}

/* A message that found no room is answered at once: the air waits for one answer per message, whatever became of it. */
static void answerIfLost(bool taken)
{
	if (!taken)
		airDone(true, lastDeadline);
}

static void receiveFrame(const uint8_t* body, size_t size)
{
	static Frame frame;
	if (size < 18 || size - 18 > FRAME_MAX)
		platformEnd(EndFatalCheck, "lockstep", "a frame of a length that no radio has");
	frame.now = now;
	frame.kind = body[4];
	memcpy(frame.octets, body + 5, 12);
	frame.rssi = (int8_t)body[17];
	frame.size = (uint16_t)(size - 18);
	memcpy(frame.octets + 12, body + 18, frame.size);
	answerIfLost(inboxReceive(&frame));
}

static void dispatch(uint8_t type, const uint8_t* body, size_t size)
{
	static const size_t least[] = { 0, 4, 18, 6, 0, 0 };
	if (type < FromAirTick || type > FromAirStop || size < least[type])
		platformEnd(EndFatalCheck, "lockstep", "a message that is none of the protocol's");
	if (type <= FromAirSent)
		now = readU32(body);
	switch (type) {
	case FromAirTick:
		answerIfLost(inboxPost((Event){ .type = EventTick, .asked = true, .now = now }));
		break;
	case FromAirFrame:
		receiveFrame(body, size);
		break;
	case FromAirSent:
		answerIfLost(inboxPost((Event){ .type = EventSent, .asked = true, .now = now, .kind = body[4], .ok = body[5] }));
		break;
	case FromAirStats:
		stats();
		break;
	default:
		platformEnd(EndStopped, NULL, NULL);
	}
}

void airReceive(void)
{
	for (size_t count; (count = airRead(in + inSize, IN_SIZE - inSize)) > 0;) {
		inSize += count;
		size_t at = 0;
		while (inSize - at >= 5) {
			size_t size = readU32(in + at);
			if (size < 1 || size > IN_SIZE - 4)
				platformEnd(EndFatalCheck, "lockstep", "a message of impossible length");
			if (inSize - at - 4 < size)
				break;
			dispatch(in[at + 4], in + at + 5, size - 1);
			at += 4 + size;
		}
		memmove(in, in + at, inSize - at);
		inSize -= at;
	}
}
