/*
 * Runs a job with many secrets and prints, for each, a hash of the order of all accesses to linear memory and of all basic blocks, and how
 * many there were. Linked with kernels compiled with trace/mb_wasm_rt_memory.h and -fsanitize-coverage=trace-pc; this file is compiled without.
 *
 *   trace JOB COUNT SEED      JOB: public_key, sign, ecdh. Lines: hash, accesses, blocks, result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mb_kernels.h"

static uint64_t hash;
static uint32_t accesses, blocks;

static void mix(uint64_t value) { hash = (hash ^ value) * 0x100000001b3u + (hash >> 47); }

void trace_access(uint32_t end, uint32_t size) {
  mix((uint64_t)size << 32 | end);
  accesses += 1;
}

void __sanitizer_cov_trace_pc(void) {
  mix((uintptr_t)__builtin_return_address(0));
  blocks += 1;
}

static uint32_t state;

static void random_octets(uint8_t* out, int length) {
  for (int i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    out[i] = (uint8_t)state;
  }
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  uint8_t digest[32], secret[32], peer[33], out[65] = {0};
  state = (uint32_t)strtoul(arguments[3], 0, 10);
  random_octets(digest, 32);
  random_octets(secret, 32);
  if (mb_public_key(peer, secret) != MB_OK) return 3;
  for (int runs = atoi(arguments[2]); runs > 0; runs -= 1) {
    random_octets(secret, 32);
    hash = 0xcbf29ce484222325u;
    accesses = blocks = 0;
    int code = !strcmp(arguments[1], "sign")   ? mb_sign(out, digest, secret)
               : !strcmp(arguments[1], "ecdh") ? mb_ecdh(out, secret, peer)
                                               : mb_public_key(out, secret);
    if (code != MB_OK) return 4;
    printf("%016llx %u %u ", (unsigned long long)hash, accesses, blocks);
    for (int i = 0; i < 65; i += 1) printf("%02x", out[i]);
    printf("\n");
  }
  return 0;
}
