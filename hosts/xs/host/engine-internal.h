/* Shared by the files that know the engine's insides: engine.c, program.c, flash.c, host-object.c. */
#ifndef MESHBOX_ENGINE_INTERNAL_H
#define MESHBOX_ENGINE_INTERNAL_H

#include "xsAll.h"
#include "xsScript.h"

#include "engine.h"

/* program.c */
txScript* engineParse(txMachine* the, void* stream, txGetter getter, txUnsigned flags);
/* Pushes the program's completion value. */
void engineRunProgram(txMachine* the, const char* source, size_t size);
/* The pending exception as text; never runs JavaScript of the bundle twice, never allocates on a full pool. */
const char* engineExceptionText(txMachine* the);
/* Removes what a board lacks from the globals of the root machine. */
void engineStrip(txMachine* the);

/* flash.c */
/* The root becomes what a board has in flash: frozen, shared, and nothing in it a collector's business. */
void engineShare(txMachine* root);

/* engine.c: the machine that runs. */
txMachine* engineMachine(void);

/* host-object.c */
void engineBuildHost(txMachine* the);
void enginePushHost(txMachine* the);

#endif
