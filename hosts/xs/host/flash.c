/*
 * What the SDK's linker does to a heap that goes to flash: whatever a clone could not alias is frozen, so that a write which would
 * throw on a board throws here. Functions, classes with their prototypes, Map, Set, weak collections, promises, proxies, regular
 * expressions, buffers and their views become read-only. Plain objects, arrays and `let` variables of a module stay assignable: a
 * write copies them into the board's pools.
 * Source: the behaviour of fxPrepareHeap in xs/tools/xslSlot.c of the Moddable SDK.
 */
#include "engine-internal.h"

static void freezeProperty(txSlot* property)
{
	if (property->kind != XS_ACCESSOR_KIND)
		property->flag |= XS_DONT_SET_FLAG;
	property->flag |= XS_DONT_DELETE_FLAG;
}

static void freeze(txSlot* instance)
{
	for (txSlot* property = instance->next; property; property = property->next) {
		freezeProperty(property);
		if (property->kind == XS_PRIVATE_KIND)
			for (txSlot* field = property->value.private.first; field; field = field->next)
				freezeProperty(field);
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static void freezeFunction(txSlot* function)
{
	freeze(function);
	if (function->flag & XS_CAN_CONSTRUCT_FLAG)
		for (txSlot* property = function->next; property; property = property->next)
			if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND)
				freeze(property->value.reference);
}

static void freezeIfNotAliasable(txSlot* instance)
{
	txSlot* internal = instance->next;
	if (!internal || !(internal->flag & XS_INTERNAL_FLAG))
		return;
	if (internal->ID == XS_ENVIRONMENT_BEHAVIOR) {
		freeze(instance);
		return;
	}
	switch (internal->kind) {
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		freezeFunction(instance);
		break;
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_MAP_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
	case XS_SET_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_REF_KIND:
	case XS_WEAK_SET_KIND:
		freeze(instance);
		break;
	case XS_PROMISE_KIND:
		freeze(instance);
		freeze(internal->next->value.reference); /* its reactions */
		break;
	default:
		break;
	}
}

static void freezeHeap(txMachine* root)
{
	fxCollectGarbage(root); /* a free slot keeps the kind it had: only live ones may be looked at */
	for (txSlot* heap = root->firstHeap; heap; heap = heap->next)
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND)
				freezeIfNotAliasable(slot);
	for (txSlot* heap = root->firstHeap; heap; heap = heap->next)
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_CLOSURE_KIND) {
				/* A closure that holds a function is a constant, as the linker has it. */
				txSlot* variable = slot->value.closure;
				if (variable->kind == XS_REFERENCE_KIND && mxIsFunction(variable->value.reference))
					variable->flag |= XS_DONT_SET_FLAG;
			}
}

/* Text and big integers of the root lie in its chunks, which a clone's collector must neither mark nor move: their kinds say so, also
   in the copies that a clone makes. */
static void pin(txSlot* slot)
{
	if (slot->kind == XS_STRING_KIND)
		slot->kind = XS_STRING_X_KIND;
	else if (slot->kind == XS_BIGINT_KIND)
		slot->kind = XS_BIGINT_X_KIND;
	else if (slot->kind == XS_KEY_KIND)
		slot->kind = XS_KEY_X_KIND;
}

static void pinChunks(txMachine* root)
{
	for (txSlot* heap = root->firstHeap; heap; heap = heap->next)
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++) {
			pin(slot);
			if (slot->kind == XS_ARRAY_KIND && slot->value.array.address)
				for (txIndex i = 0, count = fxGetIndexSize(root, slot); i < count; i++)
					pin(slot->value.array.address + i);
		}
	for (txSlot* slot = root->stack; slot < root->stackTop; slot++)
		pin(slot);
}

/* The engine remembers where it found each built-in's name, absent ones too, in a table of the root: a clone writes to it. So it is RAM. */
static void moveGlobalTable(txMachine* the)
{
	static txSlot* table[XS_INTRINSICS_COUNT];
	txSlot* globals = mxGlobal.value.reference->next;
	c_memcpy(table, globals->value.table.address, sizeof(table));
	globals->value.table.address = table;
}

void engineShare(txMachine* root)
{
	freezeHeap(root);
	fxShareMachine(root);
	pinChunks(root);
	moveGlobalTable(root);
}
