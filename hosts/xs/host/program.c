/* Source text into the root machine: parse, move the code to flash, run; and what a board's globals lack. */
#include "engine-internal.h"
#include "platform.h"

#include <string.h>

extern void fxRemapIDs(txMachine* the, txByte* codeBuffer, txSize codeSize, txID* theIDs);

typedef struct {
	const unsigned char* at;
	const unsigned char* end;
} Source;

static int nextOctet(void* stream)
{
	Source* source = stream;
	return source->at < source->end ? *source->at++ : C_EOF;
}

/* The engine's default parser loop, which the platform header leaves out so that a sealed machine can refuse to parse. */
txScript* engineParse(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
	txParser parser;
	txParserJump jump;
	txScript* volatile script = NULL;
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		fxParserTree(&parser, stream, getter, flags, NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	fxTerminateParser(&parser);
	return script;
}

/* Names in the code become the machine's ids, and code and string literals are marked as lying in flash: a closure made later refers
   to its code instead of copying it into a chunk. The SDK's linker does the same to a preloaded module. */
static void moveToFlash(txMachine* the, txScript* script)
{
	txByte* names = (txByte*)script->symbolsBuffer;
	txID count;
	mxDecodeID(names, count);
	txID* ids = c_malloc((size_t)count * sizeof(txID));
	if (!ids)
		fxAbort(the, XS_NOT_ENOUGH_MEMORY_EXIT);
	ids[0] = XS_NO_ID;
	for (txID i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)names);
		names += strlen((char*)names) + 1;
	}
	fxRemapIDs(the, (txByte*)script->codeBuffer, script->codeSize, ids);
	c_free(ids);
	script->symbolsBuffer = NULL; /* remapped: and the engine then leaves the code buffer to us, for good */

	txU1* at = (txU1*)script->codeBuffer;
	txU1* end = at + script->codeSize;
	while (at < end) {
		txS1 step = gxCodeSizes[*at];
		switch (*at) {
		case XS_CODE_CODE_1: *at = XS_CODE_CODE_ARCHIVE_1; break;
		case XS_CODE_CODE_2: *at = XS_CODE_CODE_ARCHIVE_2; break;
		case XS_CODE_CODE_4: *at = XS_CODE_CODE_ARCHIVE_4; break;
		case XS_CODE_STRING_1: *at = XS_CODE_STRING_ARCHIVE_1; break;
		case XS_CODE_STRING_2: *at = XS_CODE_STRING_ARCHIVE_2; break;
		case XS_CODE_STRING_4: *at = XS_CODE_STRING_ARCHIVE_4; break;
		}
		at++;
		/* A step of the engine's table: octets of the instruction, or 0 for an id, or minus the width of a length that follows. */
		if (step > 0)
			at += step - 1;
		else if (step == 0)
			at += sizeof(txID);
		else {
			txU4 length = 0;
			memcpy(&length, at, (size_t)-step); /* the engine's code is little-endian */
			at += length - (txU4)step;
		}
	}
}

void engineRunProgram(txMachine* the, const char* source, size_t size)
{
	Source stream = { (const unsigned char*)source, (const unsigned char*)source + size };
	txSlot* realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
	txScript* script = fxParseScript(the, &stream, nextOctet, mxProgramFlag);
	if (script)
		moveToFlash(the, script);
	mxModuleInstanceInternal(mxProgram.value.reference)->value.module.id = fxID(the, "bundle");
	fxRunScript(the, script, mxRealmGlobal(realm), C_NULL, mxRealmClosures(realm)->value.reference, C_NULL, mxProgram.value.reference);
}

const char* engineExceptionText(txMachine* the)
{
	static char text[256];
	mxTry(the) {
		mxPush(mxException);
		fxToString(the, the->stack);
		strncpy(text, the->stack->value.string, sizeof(text) - 1);
		mxPop();
	}
	mxCatch(the) {
		return NULL;
	}
	for (char* at = text; *at; at++)
		if (*at == '\n')
			*at = ' ';
	return text;
}

/* Entropy and time that are not a port's, threads, and the parser. A board has Date and Math.random: reaching for them is forbidden to
   firmware/core and would make a run unrepeatable here, so they are absent and fail loudly. */
void engineStrip(txMachine* the)
{
	static const char* const absent[] = {
		"Atomics", "Compartment", "Date", "Function", "ModuleSource", "SharedArrayBuffer", "escape", "eval", "trace", "unescape", NULL,
	};
	fxBeginHost(the);
	for (int i = 0; absent[i]; i++) {
		mxPush(mxGlobal);
		mxDeleteID(fxID(the, (txString)absent[i]));
		mxPop();
	}
	mxPush(mxGlobal);
	mxGetID(mxID(_Math));
	mxDeleteID(mxID(_random));
	mxPop();
	fxEndHost(the);
}
