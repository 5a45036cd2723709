/*
 * As much of XS's C interface as the kernels' binding uses, over plain memory: so that the binding and the kernels run in a process of their
 * own, under the address and undefined-behaviour sanitisers, driven by c-kernels.ts.
 */
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Planted fault: buffers look longer than they are. */
#ifndef FAKE_EXCESS
#define FAKE_EXCESS 0
#endif

typedef struct xsMachine xsMachine;
typedef void (*xsCallback)(xsMachine* the);
typedef int xsBooleanValue;
typedef uint32_t xsUnsignedValue;

typedef struct {
  int32_t integer;
  uint8_t* at; /* NULL: no octets */
  uint32_t length;
  xsCallback function;
} xsSlot;

struct xsMachine {
  xsSlot arguments[8];
  xsSlot result;
  xsSlot variables[2];
  int variable_count;
  struct {
    const char* name;
    xsCallback function;
  } functions[32];
  int function_count;
};

#define xsArg(index) (the->arguments[index])
#define xsResult (the->result)
#define xsVar(index) (the->variables[index])
#define xsID(name) (name)
#define xsmcVars(count) ((the->variable_count += (count)) - (count))
#define xsmcToInteger(slot) ((slot).integer)
#define xsmcTest(slot) ((slot).integer != 0)
#define xsmcSetInteger(slot, value) ((void)((slot).integer = (value)))
#define xsmcSetNewObject(slot) ((void)(slot))
#define xsNewHostFunction(callback, arity) ((xsSlot){.integer = (arity), .function = (callback)})
#define xsmcSet(object, id, slot) ((void)(object), fake_set(the, id, &(slot)))

static inline void fake_set(xsMachine* the, const char* name, const xsSlot* slot) {
  if (!slot->function) return;
  if (the->function_count == (int)(sizeof the->functions / sizeof *the->functions)) abort();
  the->functions[the->function_count].name = name;
  the->functions[the->function_count++].function = slot->function;
}

static inline int _xsmcGetBuffer(xsMachine* the, xsSlot* slot, void** at, xsUnsignedValue* length, xsBooleanValue writable) {
  (void)the, (void)writable;
  if (!slot->at) abort(); /* XS throws a TypeError */
  *at = slot->at;
  *length = slot->length + FAKE_EXCESS;
  return 0;
}
