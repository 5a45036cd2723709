/* The C API over the fixed arena: hashes, MACs, AEAD, curve. Data streams through MB_INPUT, a chunk at a time. */
#include "mb_border.h"
#include "mb_wasm_kernels.h"

static mb_wasm_kernels arena;
_Thread_local jmp_buf* mb_border;

_Noreturn void mb_trap(void) { longjmp(*mb_border, 1); }

static void put(u32 at, const u8* from, size_t length) { mb_move(arena.ram + at, from, (u32)length); }
static void take(u8* out, u32 at, size_t length) { mb_move(out, arena.ram + at, (u32)length); }

/* For each chunk of `data`: it lies at MB_INPUT then, and is `piece` octets at `done`. */
#define FOR_CHUNKS(data, length)                                                                     \
  for (size_t done = 0, piece; (piece = (length) - done < MB_CHUNK ? (length) - done : MB_CHUNK) > 0 && \
                               (put(MB_INPUT, (data) + done, piece), 1);                             \
       done += piece)

static void keccak_update(u32 context, const u8* data, size_t length) {
  FOR_CHUNKS(data, length) mb_wasm_keccakUpdate(&arena, context, MB_INPUT, (u32)piece);
}

static void sha256_update(u32 context, const u8* data, size_t length) {
  FOR_CHUNKS(data, length) mb_wasm_sha256Update(&arena, context, MB_INPUT, (u32)piece);
}

static void hmac_update(const u8* data, size_t length) {
  FOR_CHUNKS(data, length) mb_wasm_hmacUpdate(&arena, MB_HMAC, MB_INPUT, (u32)piece);
}

int mb_keccak256(u8 out[32], const u8* data, size_t length) {
  MB_ENTER;
  mb_wasm_keccakStart(&arena, MB_KECCAK);
  keccak_update(MB_KECCAK, data, length);
  mb_wasm_keccakFinish(&arena, MB_KECCAK, MB_OUT);
  take(out, MB_OUT, 32);
  return MB_OK;
}

static void sha256(u32 out, const u8* data, size_t length) {
  mb_wasm_sha256Start(&arena, MB_SHA256);
  sha256_update(MB_SHA256, data, length);
  mb_wasm_sha256Finish(&arena, MB_SHA256, out);
}

int mb_sha256(u8 out[32], const u8* data, size_t length) {
  MB_ENTER;
  sha256(MB_OUT, data, length);
  take(out, MB_OUT, 32);
  return MB_OK;
}

static enum { NOTHING, KECCAK256, SHA256 } running = NOTHING;

int mb_hash_start(mb_hash_kind kind) {
  MB_ENTER;
  if (kind == MB_KIND_KECCAK256) mb_wasm_keccakStart(&arena, MB_KECCAK_RUNNING);
  else mb_wasm_sha256Start(&arena, MB_SHA256_RUNNING);
  running = kind == MB_KIND_KECCAK256 ? KECCAK256 : SHA256;
  return MB_OK;
}

int mb_hash_update(const u8* data, size_t length) {
  if (running == NOTHING) return MB_NOT_STARTED;
  MB_ENTER;
  if (running == KECCAK256) keccak_update(MB_KECCAK_RUNNING, data, length);
  else sha256_update(MB_SHA256_RUNNING, data, length);
  return MB_OK;
}

int mb_hash_finish(u8 out[32]) {
  if (running == NOTHING) return MB_NOT_STARTED;
  MB_ENTER;
  if (running == KECCAK256) mb_wasm_keccakFinish(&arena, MB_KECCAK_RUNNING, MB_OUT);
  else mb_wasm_sha256Finish(&arena, MB_SHA256_RUNNING, MB_OUT);
  running = NOTHING;
  take(out, MB_OUT, 32);
  return MB_OK;
}

/* RFC 2104: a key longer than a block is replaced by its digest. */
static void hmac_start(const u8* key, size_t length) {
  if (length > 64) {
    sha256(MB_KEY, key, length);
    length = 32;
    mb_wasm_hmacKey(&arena, MB_HMAC, MB_KEY, (u32)length);
    mb_fill(arena.ram + MB_KEY, 0, 32);
  } else {
    put(MB_INPUT, key, length);
    mb_wasm_hmacKey(&arena, MB_HMAC, MB_INPUT, (u32)length);
    mb_fill(arena.ram + MB_INPUT, 0, (u32)length);
  }
  mb_wasm_hmacStart(&arena, MB_HMAC);
}

int mb_hmac_sha256(u8 out[32], const u8* key, size_t key_length, const u8* data, size_t length) {
  MB_ENTER;
  hmac_start(key, key_length);
  hmac_update(data, length);
  mb_wasm_hmacFinish(&arena, MB_HMAC, MB_OUT);
  take(out, MB_OUT, 32);
  return MB_OK;
}

int mb_hkdf_sha256(u8* out, size_t out_length, const u8* ikm, size_t ikm_length, const u8* salt, size_t salt_length, const u8* info,
                   size_t info_length) {
  if (out_length < 1 || out_length > 255 * 32) return MB_LENGTH;
  MB_ENTER;
  hmac_start(salt, salt_length);
  hmac_update(ikm, ikm_length);
  mb_wasm_hkdfExtract(&arena);
  for (size_t given = 0; given < out_length; given += 32) {
    mb_wasm_hkdfStart(&arena);
    hmac_update(info, info_length);
    mb_wasm_hkdfFinish(&arena, MB_OUT);
    take(out + given, MB_OUT, out_length - given < 32 ? out_length - given : 32);
  }
  return MB_OK;
}

static void aead_start(const u8 key[32], const u8 nonce[12], const u8* aad, size_t aad_length) {
  put(MB_KEY, key, 32);
  put(MB_NONCE, nonce, 12);
  mb_wasm_aeadStart(&arena);
  FOR_CHUNKS(aad, aad_length) mb_wasm_aeadAad(&arena, (u32)piece);
}

/* Where to read text that goes to `out` chunk by chunk: if `out` begins inside it, it is moved there first. */
static const u8* readable(u8* out, const u8* text, size_t length) {
  if (out == text || (uintptr_t)out - (uintptr_t)text >= length) return text;
  memmove(out, text, length);
  return out;
}

int mb_aead_seal(u8* out, const u8 key[32], const u8 nonce[12], const u8* aad, size_t aad_length, const u8* plain, size_t length) {
  MB_ENTER;
  aead_start(key, nonce, aad, aad_length);
  const u8* const text = readable(out, plain, length);
  FOR_CHUNKS(text, length) {
    mb_wasm_aeadSeal(&arena, (u32)piece);
    take(out + done, MB_INPUT, piece);
  }
  mb_wasm_aeadFinish(&arena);
  take(out + length, MB_OUT, 16);
  return MB_OK;
}

int mb_aead_open(u8* out, const u8 key[32], const u8 nonce[12], const u8* aad, size_t aad_length, const u8* sealed, size_t length) {
  MB_ENTER;
  aead_start(key, nonce, aad, aad_length);
  put(MB_TAG, sealed + length, 16);
  const u8* const text = readable(out, sealed, length);
  FOR_CHUNKS(text, length) {
    mb_wasm_aeadOpen(&arena, (u32)piece);
    take(out + done, MB_INPUT, piece);
  }
  const int authentic = (int)mb_wasm_aeadVerify(&arena);
  if (!authentic) mb_fill(out, 0, (u32)length);
  return authentic ? MB_OK : MB_BAD_TAG;
}

/* The codes of the curve are secp256k1.ts's. */
_Static_assert(MB_OK == MB_SECP_OK && MB_BAD_SECRET == MB_SECP_BAD_SECRET && MB_BAD_POINT == MB_SECP_BAD_POINT &&
                   MB_BAD_SIGNATURE == MB_SECP_BAD_SIGNATURE && MB_HIGH_S == MB_SECP_HIGH_S &&
                   MB_MISMATCH == MB_SECP_MISMATCH,
               "reason codes");

static int answer(u8* out, u32 at, size_t length, u32 code) {
  if (code == MB_OK) take(out, at, length);
  return (int)code;
}

int mb_public_key(u8 out[33], const u8 secret[32]) {
  MB_ENTER;
  put(MB_SECRET, secret, 32);
  return answer(out, MB_POINT, 33, mb_wasm_secpPublicKey(&arena));
}

int mb_sign(u8 out[65], const u8 digest[32], const u8 secret[32]) {
  MB_ENTER;
  put(MB_DIGEST, digest, 32);
  put(MB_SECRET, secret, 32);
  return answer(out, MB_SIGNATURE, 65, mb_wasm_secpSign(&arena));
}

int mb_verify(const u8 signature[64], const u8 digest[32], const u8 key[33], int low_s) {
  MB_ENTER;
  put(MB_SIGNATURE, signature, 64);
  put(MB_DIGEST, digest, 32);
  put(MB_POINT, key, 33);
  return (int)mb_wasm_secpVerify(&arena, low_s != 0);
}

int mb_recover(u8 out[33], const u8 signature[65], const u8 digest[32]) {
  MB_ENTER;
  put(MB_SIGNATURE, signature, 65);
  put(MB_DIGEST, digest, 32);
  return answer(out, MB_POINT, 33, mb_wasm_secpRecover(&arena));
}

int mb_ecdh(u8 out[33], const u8 secret[32], const u8 peer[33]) {
  MB_ENTER;
  put(MB_POINT, peer, 33);
  put(MB_SECRET, secret, 32);
  return answer(out, MB_POINT, 33, mb_wasm_secpEcdh(&arena));
}
