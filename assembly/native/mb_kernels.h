/*
 * C API of the kernels: what hosts, boards and the XS binding call. Octets in, octets out, a reason code back; nothing is allocated.
 *
 * `out` may overlap any input, except mb_hkdf_sha256's `info`. Hashes, MACs and AEAD share one arena and belong to one task (the turns); the
 * curve has its own part of the arena and belongs to one task too, which may be another. Tables belong to whoever gives their memory.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  MB_OK = 0,
  /* Bad data from outside. */
  MB_NONE = -1,           /* no such destination or next hop */
  MB_BAD_TAG = -2,        /* the text is not authentic; `out` is zeroed */
  MB_BAD_SECRET = -16,    /* 0, or not below the group order */
  MB_BAD_POINT = -17,     /* not a point on the curve */
  MB_BAD_SIGNATURE = -18, /* r, s or the recovery id out of range, or nothing to recover */
  MB_HIGH_S = -19,        /* the malleable half */
  MB_MISMATCH = -20,      /* by another key, or of another digest */
  /* Our own misuse. */
  MB_LENGTH = -100,      /* a length, or an alignment, that the function does not take */
  MB_NOT_STARTED = -101, /* mb_hash_update without mb_hash_start */
  MB_TRAPPED = -102,     /* a kernel left its memory: a fault of ours */
};

typedef enum { MB_KIND_KECCAK256, MB_KIND_SHA256 } mb_hash_kind;

int mb_keccak256(uint8_t out[32], const uint8_t* data, size_t length);
int mb_sha256(uint8_t out[32], const uint8_t* data, size_t length);

/* The running hash: one at a time, not disturbed by the two above. */
int mb_hash_start(mb_hash_kind kind);
int mb_hash_update(const uint8_t* data, size_t length);
int mb_hash_finish(uint8_t out[32]);

int mb_hmac_sha256(uint8_t out[32], const uint8_t* key, size_t key_length, const uint8_t* data, size_t length);

/* RFC 5869; out_length 1 to 8,160; `info` must not overlap `out`. */
int mb_hkdf_sha256(uint8_t* out, size_t out_length, const uint8_t* ikm, size_t ikm_length, const uint8_t* salt, size_t salt_length,
                   const uint8_t* info, size_t info_length);

/* RFC 8439; `length` is that of the plain text, the sealed one has 16 more. */
int mb_aead_seal(uint8_t* out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t* aad, size_t aad_length, const uint8_t* plain,
                 size_t length);
int mb_aead_open(uint8_t* out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t* aad, size_t aad_length,
                 const uint8_t* sealed, size_t length);

/* secp256k1; nothing is written unless the answer is MB_OK. */
int mb_public_key(uint8_t out[33], const uint8_t secret[32]);
int mb_sign(uint8_t out[65], const uint8_t digest[32], const uint8_t secret[32]);
int mb_verify(const uint8_t signature[64], const uint8_t digest[32], const uint8_t key[33], int low_s);
int mb_recover(uint8_t out[33], const uint8_t signature[65], const uint8_t digest[32]);
int mb_ecdh(uint8_t out[33], const uint8_t secret[32], const uint8_t peer[33]);

/*
 * Tables (rules: firmware/core/crypto/duplicate-filter.ts and route-table.ts). `table`: zeroed at first, 4-octet aligned, `size` octets: a power
 * of two, at least 32; 8 a packet in the filter, 32 a destination in the route table. Answers are the oracle's, -1 included, or a reason.
 */
int mb_filter_seen(uint8_t* table, size_t size, uint32_t window, uint32_t flow, uint32_t counter, uint32_t second);
int mb_route_find(uint8_t* table, size_t size, const uint8_t id[8]);
int mb_route_lookup(uint8_t* table, size_t size, const uint8_t id[8], int except);
int mb_route_update(uint8_t* table, size_t size, const uint8_t id[8], uint32_t neighbour, uint32_t seqno, uint32_t metric, uint32_t cost,
                    uint32_t now);
int mb_route_announced(uint8_t* table, size_t size, uint32_t slot);
int mb_route_count(uint8_t* table, size_t size);
/* The next change from `cursor` on (0 at first): 8 x its cursor + outcome, its slot being cursor / 4; go on at cursor + 1. -1 at the end. */
int mb_route_neighbour_cost(uint8_t* table, size_t size, uint32_t cursor, uint32_t neighbour, uint32_t cost, uint32_t now);
int mb_route_expire(uint8_t* table, size_t size, uint32_t cursor, uint32_t hold, uint32_t now);

typedef struct {
  uint8_t id[8];
  int32_t seqno, neighbour, metric, alternate, alternate_metric, feasible_seqno, feasible_metric;
} mb_route;
/* MB_NONE if the slot holds no destination. */
int mb_route_read(uint8_t* table, size_t size, uint32_t slot, mb_route* into);
