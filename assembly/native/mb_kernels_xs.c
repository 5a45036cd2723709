/* XS binding: mb_kernels_xs.h. Lengths are checked here, so that no caller can make a kernel read or write outside a buffer. */
#include "mb_kernels_xs.h"
#include "mb_kernels.h"

typedef struct {
  uint8_t* at;
  size_t length;
} octets;

/* Stays valid as long as nothing is allocated in the machine: none of the functions below does. */
static octets buffer(xsMachine* the, xsSlot* slot, xsBooleanValue writable) {
  void* at;
  xsUnsignedValue length;
  _xsmcGetBuffer(the, slot, &at, &length, writable);
  return (octets){at, length};
}

#define IN(argument) buffer(the, &xsArg(argument), 0)
#define OUT(argument) buffer(the, &xsArg(argument), 1)
#define INTEGER(argument) xsmcToInteger(xsArg(argument))
#define WORD(argument) ((uint32_t)xsmcToInteger(xsArg(argument)))
#define ANSWER(condition, call) xsmcSetInteger(xsResult, (condition) ? (call) : MB_LENGTH)

void xs_mb_keccak256(xsMachine* the) {
  const octets out = OUT(0), data = IN(1);
  ANSWER(out.length == 32, mb_keccak256(out.at, data.at, data.length));
}

void xs_mb_sha256(xsMachine* the) {
  const octets out = OUT(0), data = IN(1);
  ANSWER(out.length == 32, mb_sha256(out.at, data.at, data.length));
}

void xs_mb_hashStart(xsMachine* the) {
  ANSWER(1, mb_hash_start(INTEGER(0) == MB_KIND_SHA256 ? MB_KIND_SHA256 : MB_KIND_KECCAK256));
}

void xs_mb_hashUpdate(xsMachine* the) {
  const octets data = IN(0);
  ANSWER(1, mb_hash_update(data.at, data.length));
}

void xs_mb_hashFinish(xsMachine* the) {
  const octets out = OUT(0);
  ANSWER(out.length == 32, mb_hash_finish(out.at));
}

void xs_mb_hmacSha256(xsMachine* the) {
  const octets out = OUT(0), key = IN(1), data = IN(2);
  ANSWER(out.length == 32, mb_hmac_sha256(out.at, key.at, key.length, data.at, data.length));
}

void xs_mb_hkdfSha256(xsMachine* the) {
  const octets out = OUT(0), ikm = IN(1), salt = IN(2), info = IN(3);
  ANSWER(1, mb_hkdf_sha256(out.at, out.length, ikm.at, ikm.length, salt.at, salt.length, info.at, info.length));
}

void xs_mb_aeadSeal(xsMachine* the) {
  const octets out = OUT(0), key = IN(1), nonce = IN(2), aad = IN(3), plain = IN(4);
  ANSWER(key.length == 32 && nonce.length == 12 && out.length == plain.length + 16,
         mb_aead_seal(out.at, key.at, nonce.at, aad.at, aad.length, plain.at, plain.length));
}

void xs_mb_aeadOpen(xsMachine* the) {
  const octets out = OUT(0), key = IN(1), nonce = IN(2), aad = IN(3), sealed = IN(4);
  ANSWER(key.length == 32 && nonce.length == 12 && sealed.length == out.length + 16,
         mb_aead_open(out.at, key.at, nonce.at, aad.at, aad.length, sealed.at, out.length));
}

void xs_mb_publicKey(xsMachine* the) {
  const octets out = OUT(0), secret = IN(1);
  ANSWER(out.length == 33 && secret.length == 32, mb_public_key(out.at, secret.at));
}

void xs_mb_sign(xsMachine* the) {
  const octets out = OUT(0), digest = IN(1), secret = IN(2);
  ANSWER(out.length == 65 && digest.length == 32 && secret.length == 32, mb_sign(out.at, digest.at, secret.at));
}

void xs_mb_verify(xsMachine* the) {
  const octets signature = IN(0), digest = IN(1), key = IN(2);
  const int low_s = xsmcTest(xsArg(3));
  ANSWER(signature.length == 64 && digest.length == 32 && key.length == 33, mb_verify(signature.at, digest.at, key.at, low_s));
}

void xs_mb_recover(xsMachine* the) {
  const octets out = OUT(0), signature = IN(1), digest = IN(2);
  ANSWER(out.length == 33 && signature.length == 65 && digest.length == 32, mb_recover(out.at, signature.at, digest.at));
}

void xs_mb_ecdh(xsMachine* the) {
  const octets out = OUT(0), secret = IN(1), peer = IN(2);
  ANSWER(out.length == 33 && secret.length == 32 && peer.length == 33, mb_ecdh(out.at, secret.at, peer.at));
}

void xs_mb_filterSeen(xsMachine* the) {
  const octets table = OUT(0);
  ANSWER(1, mb_filter_seen(table.at, table.length, WORD(1), WORD(2), WORD(3), WORD(4)));
}

/* 8 octets of an id at an offset, or nothing. */
static const uint8_t* id(xsMachine* the, int argument) {
  const octets all = IN(argument);
  const uint32_t at = WORD(argument + 1);
  return at <= all.length && all.length - at >= 8 ? all.at + at : NULL;
}

void xs_mb_routeFind(xsMachine* the) {
  const octets table = OUT(0);
  const uint8_t* const destination = id(the, 1);
  ANSWER(destination, mb_route_find(table.at, table.length, destination));
}

void xs_mb_routeLookup(xsMachine* the) {
  const octets table = OUT(0);
  const uint8_t* const destination = id(the, 1);
  ANSWER(destination, mb_route_lookup(table.at, table.length, destination, INTEGER(3)));
}

void xs_mb_routeUpdate(xsMachine* the) {
  const octets table = OUT(0);
  const uint8_t* const destination = id(the, 1);
  ANSWER(destination, mb_route_update(table.at, table.length, destination, WORD(3), WORD(4), WORD(5), WORD(6), WORD(7)));
}

void xs_mb_routeNeighbourCost(xsMachine* the) {
  const octets table = OUT(0);
  ANSWER(1, mb_route_neighbour_cost(table.at, table.length, WORD(1), WORD(2), WORD(3), WORD(4)));
}

void xs_mb_routeExpire(xsMachine* the) {
  const octets table = OUT(0);
  ANSWER(1, mb_route_expire(table.at, table.length, WORD(1), WORD(2), WORD(3)));
}

void xs_mb_routeAnnounced(xsMachine* the) {
  const octets table = OUT(0);
  ANSWER(1, mb_route_announced(table.at, table.length, WORD(1)));
}

void xs_mb_routeCount(xsMachine* the) {
  const octets table = OUT(0);
  ANSWER(1, mb_route_count(table.at, table.length));
}

/* The id into argument 2 (8 octets), the seven other fields of mb_route as little-endian words into argument 3 (28). */
void xs_mb_routeRead(xsMachine* the) {
  const octets table = OUT(0), into = OUT(2), fields = OUT(3);
  mb_route route;
  const int code = into.length == 8 && fields.length == 28 ? mb_route_read(table.at, table.length, WORD(1), &route) : MB_LENGTH;
  if (code == MB_OK) {
    memcpy(into.at, route.id, 8);
    memcpy(fields.at, &route.seqno, 28);
  }
  xsmcSetInteger(xsResult, code);
}

void mb_kernels_install(xsMachine* the, xsSlot* target) {
#define MB_XS_ENTRY(name, arity) {#name, xs_mb_##name, arity},
  static const struct {
    const char* name;
    xsCallback function;
    int arity;
  } functions[] = {MB_XS_FUNCTIONS(MB_XS_ENTRY)};
  const int function = xsmcVars(1);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i += 1) {
    xsVar(function) = xsNewHostFunction(functions[i].function, functions[i].arity);
    xsmcSet(*target, xsID((char*)functions[i].name), xsVar(function));
  }
}

void kernelsDefine(xsMachine* the, xsSlot* host) {
  const int kernels = xsmcVars(1);
  xsmcSetNewObject(xsVar(kernels));
  mb_kernels_install(the, &xsVar(kernels));
  xsmcSet(*host, xsID("kernels"), xsVar(kernels));
}
