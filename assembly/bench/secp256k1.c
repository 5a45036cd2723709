/* secp256k1: public key, sign (RFC 6979, recoverable), verify, recover, ECDH. */
#include "bench.h"
#include "mb_kernels.h"

#define PUBLIC_KEY "0284bf7562262bbd6940085748f3be6afa52ae317155181ece31b66351ccffa4b0"
#define SIGNATURE "b8ce6c0e1cf885cecd1a17c28c67eaa8ec94d7c7fe89be6cf08db7db759d14a97d07482d174a2aeb9ce750dfd61a9acb3d58d75cf78c0c22e709c2b353bed95f00"
#define PEER "0336b341ece77e1fc4c270c6cedc987f8f3d217be3ad4922cbc64db8c40a77f737"
#define SHARED "03080b82140316bac00c39bd3cf10a1c6568b035f3c8e8387a2cfdd00938abd1a6"

static void from_hex(uint8_t* out, const char* hex) {
  char digits[3] = {0};
  for (; *hex; hex += 2, out += 1) {
    memcpy(digits, hex, 2);
    *out = (uint8_t)strtoul(digits, 0, 16);
  }
}

int main(void) {
  uint8_t secret[32], digest[32], key[33], signature[65], recovered[33], peer[33], shared[33];
  int code = 1;
  for (int i = 0; i < 32; i += 1) secret[i] = (uint8_t)(i + 1), digest[i] = (uint8_t)(0xa0 + i);
  from_hex(peer, PEER);
  report("public_key", COUNT(code = mb_public_key(key, secret)));
  require(code == MB_OK, "public key refused");
  require_hex(key, PUBLIC_KEY, "public key");
  report("sign", COUNT(code = mb_sign(signature, digest, secret)));
  require(code == MB_OK, "secret refused");
  require_hex(signature, SIGNATURE, "signature");
  report("verify", COUNT(code = mb_verify(signature, digest, key, 1)));
  require(code == MB_OK, "signature refused");
  signature[40] ^= 1;
  require(mb_verify(signature, digest, key, 1) != MB_OK, "forgery accepted");
  signature[40] ^= 1;
  report("recover", COUNT(code = mb_recover(recovered, signature, digest)));
  require(code == MB_OK && memcmp(recovered, key, 33) == 0, "recovered key");
  report("ecdh", COUNT(code = mb_ecdh(shared, secret, peer)));
  require(code == MB_OK, "peer refused");
  require_hex(shared, SHARED, "shared point");
  report("stack", STACK(mb_sign(signature, digest, secret)));
  report("stack_verify", STACK(mb_verify(signature, digest, key, 1)));
  return DONE();
}
