/*
 * The one object that the bundle's entry is given: the whole of the world that JavaScript can reach. Its shape in TypeScript is
 * board/host.ts. Made in the root machine and frozen with it, so it costs a board nothing.
 */
#include "engine-internal.h"
#include "inbox.h"
#include "jobs.h"
#include "kernels.h"
#include "platform.h"

#include "xsmc.h"

/* The longest key of a board's flash store. */
#define KEY_MAX 15
/* The largest value: keeps a value on the C stack of a board. */
#define VALUE_MAX 1024

static xsSlot host;

static const uint8_t* octets(xsMachine* the, xsSlot* slot, size_t* size)
{
	void* data;
	xsUnsignedValue count;
	_xsmcGetBuffer(the, slot, &data, &count, 0);
	*size = count;
	return data;
}

static const char* key(xsMachine* the)
{
	const char* text = xsmcToString(xsArg(0));
	if (c_strlen(text) > KEY_MAX || !*text)
		xsRangeError("store key: 1 to 15 characters");
	for (const char* at = text; *at; at++)
		if (!isalnum(*at) && *at != '-' && *at != '_')
			xsRangeError("store key: letters, digits, - and _ only");
	return text;
}

static void hostTransmit(xsMachine* the)
{
	size_t toSize, size;
	uint8_t to[6];
	int kind = xsmcToInteger(xsArg(0));
	const uint8_t* address = octets(the, &xsArg(1), &toSize);
	if (toSize != sizeof(to))
		xsRangeError("transmit: an address is 6 octets");
	c_memcpy(to, address, sizeof(to));
	const uint8_t* bytes = octets(the, &xsArg(2), &size);
	if (size > FRAME_MAX)
		xsRangeError("transmit: a frame is at most 250 octets");
	platformTransmit(kind, to, bytes, size);
}

static void hostSerialRoom(xsMachine* the)
{
	xsmcSetInteger(xsResult, platformSerialRoom());
}

static void hostSerialWrite(xsMachine* the)
{
	size_t size;
	const uint8_t* bytes = octets(the, &xsArg(0), &size);
	platformSerialWrite(bytes, size);
}

static void hostGet(xsMachine* the)
{
	uint8_t value[VALUE_MAX];
	int size = storeGet(key(the), value, sizeof(value));
	if (size >= 0)
		xsmcSetArrayBuffer(xsResult, value, size);
}

static void hostPut(xsMachine* the)
{
	size_t size;
	uint8_t value[VALUE_MAX];
	const uint8_t* bytes = octets(the, &xsArg(1), &size);
	if (size > sizeof(value))
		xsRangeError("store value: at most 1024 octets");
	c_memcpy(value, bytes, size);
	storePut(key(the), value, size);
}

static void hostDelete(xsMachine* the)
{
	storeDelete(key(the));
}

static void hostRandom(xsMachine* the)
{
	void* data;
	xsUnsignedValue size;
	xsmcGetBufferWritable(xsArg(0), &data, &size);
	platformRandom(data, size);
}

static void hostLog(xsMachine* the)
{
	platformLog(xsmcToString(xsArg(0)));
}

static void hostJob(xsMachine* the)
{
	size_t size;
	int kind = xsmcToInteger(xsArg(0));
	const uint8_t* input = octets(the, &xsArg(2), &size);
	if (size == 0 || size != jobInput(kind))
		xsRangeError("job: not a kind, or not its length");
	xsmcSetBoolean(xsResult, jobsAdd((uint32_t)xsmcToInteger(xsArg(1)), kind, input));
}

static void setField(xsMachine* the, const char* name, double value)
{
	xsmcSetNumber(xsVar(0), value);
	xsmcSet(xsResult, xsID((char*)name), xsVar(0));
}

static void hostHealth(xsMachine* the)
{
	Usage usage = engineUsage();
	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	setField(the, "chunkPeak", usage.chunkPeak);
	setField(the, "chunkSize", usage.chunkSize);
	setField(the, "slotPeak", usage.slotPeak);
	setField(the, "slotSize", usage.slotSize);
	setField(the, "stackPeak", usage.stackPeak);
	setField(the, "stackSize", usage.stackSize);
	setField(the, "computation", (double)(usage.computation + engineTurnCost()));
	setField(the, "overruns", platformOverruns());
}

static void hostInstructions(xsMachine* the)
{
	xsmcSetNumber(xsResult, platformInstructions());
}

static void define(xsMachine* the, const char* name, xsCallback function, int arity)
{
	xsID((char*)name);
	xsVar(1) = xsNewHostFunction(function, arity);
	xsmcSet(xsVar(0), xsID((char*)name), xsVar(1));
}

void engineBuildHost(txMachine* the)
{
	static const char* const names[] = { "chunkPeak", "chunkSize", "slotPeak", "slotSize", "stackPeak", "stackSize", "computation", "overruns" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		xsID((char*)names[i]); /* names that a board would have in flash */
	xsmcVars(2);
	xsmcSetNewObject(xsVar(0));
	define(the, "transmit", hostTransmit, 3);
	define(the, "serialRoom", hostSerialRoom, 0);
	define(the, "serialWrite", hostSerialWrite, 1);
	define(the, "get", hostGet, 1);
	define(the, "put", hostPut, 2);
	define(the, "delete", hostDelete, 1);
	define(the, "random", hostRandom, 1);
	define(the, "log", hostLog, 1);
	define(the, "job", hostJob, 3);
	define(the, "health", hostHealth, 0);
	define(the, "instructions", hostInstructions, 0);
	kernelsDefine(the, &xsVar(0));
	host = xsVar(0);
	fxRemember(the, &host);
}

void enginePushHost(txMachine* the)
{
	mxPushSlot(&host);
}
