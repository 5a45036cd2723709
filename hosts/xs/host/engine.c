/* The engine glue; see engine.h. Follows xsnapPlatform.c of @agoric/xsnap in how a program is run and xsAPI.c in how a machine is cloned. */
#include "engine-internal.h"
#include "platform.h"

#include <stdio.h>
#include <string.h>

/* The root machine grows: it is a board's flash. 16-bit ids on a 32-bit build end at 32,767 names. */
static txCreation rootCreation = {
	.initialChunkSize = 512 << 10, .incrementalChunkSize = 128 << 10,
	.initialHeapCount = 1 << 14, .incrementalHeapCount = 1 << 12,
	.stackCount = 4096,
	.initialKeyCount = 4096, .incrementalKeyCount = 1024,
	.nameModulo = 251, .symbolModulo = 37, /* a clone has tables of the same size */
	.parserBufferSize = 1 << 20, .parserTableModulo = 1993,
};

/* Units a turn of a board may cost before the watchdog ends it: one to two minutes of a chip at 160 MHz (README), seconds here. */
#define WATCHDOG_UNITS 200000000u
#define METER_STEP 10000000u

static const char* const handlerNames[HandlerCount] = { "tick", "frame", "sent", "serial", "deadline", "counters", "job" };

static txMachine* root;    /* what a board has in flash */
static txMachine* machine;
static txSlot exports;  /* what the bundle exports; lives in the root */
static txSlot handlers; /* what its entry returned; lives in the clone */
static txID handlerIds[HandlerCount];
static bool sealed; /* the machine is a board's: no parser any more */
static int32_t cStack;
static int result;
static char fullPool[80]; /* which pool is full, for the last line */

static struct {
	int32_t chunkPeak, slotPeak;
	uint64_t computation;
	uint32_t turn, turnPeak;
} spent;

/* What XS calls and every host must define. */

void fxAbort(txMachine* the, int status)
{
	static const char* const reasons[] = {
		"debugger", "memory full", "stack overflow", "fatal check", "dead strip", "uncaught exception",
		"no more keys", "watchdog: a turn that does not end", "unhandled rejection",
	};
	static int first = -1;
	const char* detail = NULL;
	if (first < 0) {
		first = status;
		if (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT)
			detail = engineExceptionText(the); /* may itself run out of something: the first reason counts */
		else if (status == XS_NOT_ENOUGH_MEMORY_EXIT)
			detail = fullPool[0] ? fullPool : NULL;
		else if (status == XS_STACK_OVERFLOW_EXIT)
			detail = (char*)__builtin_frame_address(0) <= the->stackLimit ? "C stack" : "XS stack";
	}
	platformEnd(10 + first, reasons[first], detail);
}

void fxQueuePromiseJobs(txMachine* the)
{
	the->promiseJobs = 1;
}

txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
	if (sealed)
		fxAbort(the, XS_DEAD_STRIP_EXIT);
	return engineParse(the, stream, getter, flags);
}

/* xsMemory.c alone is compiled with -DfxReport=engineMemoryReport -DmxReport=1: it reports at the end of every collection, which is
   the only instant at which what is live is known. The engine's own peaks count garbage and so always end at the pool's size. */
void engineMemoryReport(txMachine* the, txString format, ...)
{
	if (the != machine)
		return; /* the root's, which is flash */
	if (strncmp(format, "# Chunk collection", 18) == 0) {
		/* Only a compacting collection lowers the chunks in use; others leave the count as it was, garbage included. */
		if (the->currentChunksSize < the->peakChunksSize && spent.chunkPeak < the->currentChunksSize)
			spent.chunkPeak = the->currentChunksSize;
		the->peakChunksSize = the->currentChunksSize;
	}
	else if (strncmp(format, "# Slot collection", 17) == 0) {
		if (spent.slotPeak < the->currentHeapCount)
			spent.slotPeak = the->currentHeapCount;
	}
	else if (strncmp(format, "# Slot allocation: failed", 25) == 0)
		snprintf(fullPool, sizeof(fullPool), "all %d slots", (int)the->maximumHeapCount);
	else if (strncmp(format, "# Chunk allocation: %d", 22) == 0) {
		va_list arguments;
		va_start(arguments, format);
		int asked = va_arg(arguments, int);
		va_end(arguments);
		snprintf(fullPool, sizeof(fullPool), "%d octets of chunks where %d of %d are taken", asked, (int)the->currentChunksSize, (int)the->maximumChunksSize);
	}
}

/* Metering: where nobody counts instructions, the engine counts its bytecodes; mxMetering is Linux's (hosts/xs/build.mjs). */

#ifdef mxMetering

static txBoolean meterStep(txMachine* the, txU4 index)
{
	(void)the;
	return !sealed || index < WATCHDOG_UNITS;
}

#endif

/* The C stack counts from where the engine is entered: what lies below is this host's, not the board's JS task's. */
static void meterBegin(txMachine* the)
{
	if (cStack)
		the->stackLimit = (char*)__builtin_frame_address(0) - cStack;
#ifdef mxMetering
	fxBeginMetering(the, meterStep, METER_STEP);
#endif
}

static void meterEnd(txMachine* the)
{
#ifdef mxMetering
	spent.turn = the->meterIndex;
	spent.computation += spent.turn;
	if (spent.turnPeak < spent.turn)
		spent.turnPeak = spent.turn;
	fxEndMetering(the);
#endif
}

/* Stack: painted, then searched from the top for the first slot that nobody has written. The engine would convert numbers to text in
   what is free at its bottom, which spoils the paint: with no `dtoa` it takes that scratch space from the C heap. */

#define PAINT 0x5a

static void paintStack(txMachine* the)
{
	the->dtoa = NULL;
	memset(the->stackBottom, PAINT, (size_t)((txByte*)the->stack - (txByte*)the->stackBottom));
}

static bool isPainted(const txSlot* slot)
{
	const unsigned char* octets = (const unsigned char*)slot;
	for (size_t i = 0; i < sizeof(txSlot); i++)
		if (octets[i] != PAINT)
			return false;
	return true;
}

static int32_t stackPeak(txMachine* the)
{
	const txSlot* slot = the->stack;
	while (slot > the->stackBottom && !isPainted(slot - 1))
		slot--;
	return (int32_t)(the->stackTop - slot);
}

/* Machines */

static txMachine* createRoot(void)
{
	fxInitializeSharedCluster();
	txMachine* the = fxCreateMachine(&rootCreation, "root", NULL, 0);
	if (!the)
		platformEnd(EndMemoryFull, "memory full", "no room for the root machine");
	engineStrip(the);
	return the;
}

static void runBundle(txMachine* the, const char* source, size_t size)
{
	fxBeginHost(the);
	mxTry(the) {
		engineRunProgram(the, source, size);
		exports = *the->stack;
		mxPop();
		for (int i = 0; i < HandlerCount; i++)
			handlerIds[i] = fxID(the, (txString)handlerNames[i]);
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	exports.next = NULL;
	fxRemember(the, &exports);
	engineBuildHost(the);
	fxEndHost(the);
}

void engineStartWhole(const char* source, size_t size)
{
	machine = createRoot();
	meterBegin(machine);
	runBundle(machine, source, size);
	meterEnd(machine);
}

void enginePrepare(const char* source, size_t size)
{
	root = createRoot();
	meterBegin(root);
	runBundle(root, source, size);
	meterEnd(root);
	spent.computation = spent.turnPeak = spent.turn = 0;
	engineShare(root);
}

void engineClone(const Profile* profile)
{
	bool grows = profile->chunkSize == 0;
	txCreation creation = {
		.initialChunkSize = grows ? 1 << 20 : profile->chunkSize, .incrementalChunkSize = grows ? 1 << 20 : 0,
		.initialHeapCount = grows ? 1 << 16 : profile->slotCount, .incrementalHeapCount = grows ? 1 << 15 : 0,
		.stackCount = profile->stackCount,
		.initialKeyCount = profile->keyCount, .incrementalKeyCount = grows ? 1024 : 0,
		.nameModulo = root->nameModulo, .symbolModulo = root->symbolModulo,
		.parserBufferSize = 0, .parserTableModulo = 0,
	};
	machine = fxCloneMachine(&creation, root, "board", NULL);
	if (!machine)
		platformEnd(EndMemoryFull, "memory full", "no room for the board's pools");
	cStack = profile->cStack;
	sealed = true;
	paintStack(machine);
}

/* Turns */

static void settle(txMachine* the)
{
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
	fxCheckUnhandledRejections(the, 1);
}

void engineEnter(const char* entry)
{
	txMachine* the = machine;
	meterBegin(the);
	fxBeginHost(the);
	mxTry(the) {
		txID id = fxFindName(the, (txString)entry);
		mxPushSlot(&exports);
		if (exports.kind != XS_REFERENCE_KIND || id == XS_NO_ID || !fxHasID(the, id))
			platformEnd(EndUsage, "the bundle does not export", entry);
		mxPushSlot(&exports);
		mxDub();
		mxGetID(id);
		mxCall();
		enginePushHost(the);
		mxRunCount(1);
		handlers = *the->stack;
		mxPop();
		if (handlers.kind == XS_INTEGER_KIND)
			result = handlers.value.integer;
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	handlers.next = NULL;
	fxRemember(the, &handlers);
	settle(the);
	fxEndHost(the);
	meterEnd(the);
}

int engineResult(void)
{
	return result;
}

/* Leaves what the handler returned on the stack. */
static void callHandler(txMachine* the, Handler handler)
{
	mxPushSlot(&handlers);
	mxDub();
	mxGetID(handlerIds[handler]);
	mxCall();
}

void engineTurn(Handler handler, double now, int a, int b, const uint8_t* octets, size_t size)
{
	txMachine* the = machine;
	meterBegin(the);
	fxBeginHost(the);
	mxTry(the) {
		callHandler(the, handler);
		mxPushNumber(now);
		mxPushInteger(a);
		mxPushInteger(b);
		mxPushUndefined();
		if (octets)
			fxArrayBuffer(the, the->stack, (void*)octets, (txInteger)size, -1);
		mxRunCount(4);
		mxPop();
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	settle(the);
	fxEndHost(the);
	meterEnd(the);
}

double engineDeadline(void)
{
	txMachine* the = machine;
	volatile double deadline = INFINITY;
	fxBeginHost(the);
	mxTry(the) {
		callHandler(the, HandlerDeadline);
		mxRunCount(0);
		deadline = fxToNumber(the, the->stack);
		mxPop();
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	fxEndHost(the);
	return deadline;
}

void engineCounters(char* into, size_t size)
{
	txMachine* the = machine;
	fxBeginHost(the);
	mxTry(the) {
		callHandler(the, HandlerCounters);
		mxRunCount(0);
		fxToStringBuffer(the, the->stack, into, (txSize)size);
		mxPop();
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	fxEndHost(the);
}

Usage engineUsage(void)
{
	txMachine* the = machine;
	fxCollectGarbage(the);
	if (spent.chunkPeak < the->currentChunksSize)
		spent.chunkPeak = the->currentChunksSize;
	return (Usage){
		.chunkPeak = spent.chunkPeak, .chunkSize = the->maximumChunksSize,
		.slotPeak = spent.slotPeak, .slotSize = the->maximumHeapCount,
		.stackPeak = stackPeak(the), .stackSize = (int32_t)(the->stackTop - the->stackBottom),
		.computation = spent.computation, .turnPeak = spent.turnPeak,
	};
}

/* What a turn that forwards a packet leaves behind. */
#define SPARE_CHUNKS 1536
#define SPARE_SLOTS 128

void engineTidy(void)
{
	txMachine* the = machine;
	static txSize chunks;
	static txSize slots;
	bool few = the->maximumChunksSize - the->currentChunksSize < SPARE_CHUNKS || the->maximumHeapCount - the->currentHeapCount < SPARE_SLOTS;
	/* Not again before there is garbage: a pool may just be full. */
	if (!few || (the->currentChunksSize < chunks + SPARE_CHUNKS / 4 && the->currentHeapCount < slots + SPARE_SLOTS / 4))
		return;
	fxCollectGarbage(the);
	chunks = the->currentChunksSize;
	slots = the->currentHeapCount;
}

txMachine* engineMachine(void)
{
	return machine;
}

uint32_t engineTurnCost(void)
{
#ifdef mxMetering
	return machine->meterInterval ? machine->meterIndex : spent.turn;
#else
	return 0;
#endif
}
