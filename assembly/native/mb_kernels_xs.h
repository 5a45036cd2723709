/*
 * The kernels for JavaScript on XS: host functions over octets (Uint8Array or ArrayBuffer) and integers, each answering a reason code or what
 * mb_kernels.h says. TypeScript sees them through kernels.ts. One callback each, xs_mb_<name>, for a manifest's `native("xs_mb_<name>")`;
 * or all of them as an object by mb_kernels_install.
 */
#pragma once
#include "xsmc.h"

/* name, number of arguments */
#define MB_XS_FUNCTIONS(X)  \
  X(keccak256, 2)           \
  X(sha256, 2)              \
  X(hashStart, 1)           \
  X(hashUpdate, 1)          \
  X(hashFinish, 1)          \
  X(hmacSha256, 3)          \
  X(hkdfSha256, 4)          \
  X(aeadSeal, 5)            \
  X(aeadOpen, 5)            \
  X(publicKey, 2)           \
  X(sign, 3)                \
  X(verify, 4)              \
  X(recover, 3)             \
  X(ecdh, 3)                \
  X(filterSeen, 5)          \
  X(routeFind, 3)           \
  X(routeLookup, 4)         \
  X(routeUpdate, 8)         \
  X(routeNeighbourCost, 5)  \
  X(routeExpire, 4)         \
  X(routeAnnounced, 2)      \
  X(routeCount, 1)          \
  X(routeRead, 4)

#define MB_XS_DECLARE(name, arity) void xs_mb_##name(xsMachine* the);
MB_XS_FUNCTIONS(MB_XS_DECLARE)
#undef MB_XS_DECLARE

/* Sets each function as a property of `target`. Call it between xsBeginHost and xsEndHost. */
void mb_kernels_install(xsMachine* the, xsSlot* target);

/* For hosts/xs: the property `kernels` of the host object. */
void kernelsDefine(xsMachine* the, xsSlot* host);
