/* The least and the most instructions of each secret job over 200 secrets, on RV32. */
#include "bench.h"
#include "mb_kernels.h"

#define SECRETS 200

static uint32_t state = 6979;

static void random_octets(uint8_t* out, int length) {
  for (int i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    out[i] = (uint8_t)state;
  }
}

#define SPREAD(name, job)                                \
  do {                                                   \
    uint32_t least = UINT32_MAX, most = 0;               \
    for (int i = 0; i < SECRETS; i += 1) {               \
      random_octets(secret, 32);                         \
      int code;                                          \
      uint32_t count = COUNT(code = (job));              \
      require(code == MB_OK, name);                      \
      least = count < least ? count : least;             \
      most = count > most ? count : most;                \
    }                                                    \
    report(name "_least", least);                        \
    report(name "_most", most);                          \
  } while (0)

int main(void) {
  uint8_t digest[32], secret[32], peer[33], out[65];
  random_octets(digest, 32);
  random_octets(secret, 32);
  require(mb_public_key(peer, secret) == MB_OK, "public key");
  SPREAD("public_key", mb_public_key(out, secret));
  SPREAD("sign", mb_sign(out, digest, secret));
  SPREAD("ecdh", mb_ecdh(out, secret, peer));
  return DONE();
}
