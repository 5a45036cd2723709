/* chacha20-poly1305: seal 1 KiB with 16 octets of aad. */
#include "bench.h"
#include "mb_kernels.h"

int main(void) {
  static _Alignas(8) uint8_t key[32], nonce[12], aad[16], data[1024], sealed[1040], opened[1024];
  for (int i = 0; i < 1024; i += 1) data[i] = key[i & 31] = nonce[i % 12] = aad[i & 15] = (uint8_t)i;
  report("chacha20poly1305_1024", COUNT(mb_aead_seal(sealed, key, nonce, aad, 16, data, 1024)));
  require_hex(sealed + 1024, "a42b599e70bbac9ef4dbc76d4c338863", "tag of 1 KiB");
  int code = 1;
  report("chacha20poly1305_open_1024", COUNT(code = mb_aead_open(opened, key, nonce, aad, 16, sealed, 1024)));
  require(code == MB_OK && memcmp(opened, data, 1024) == 0, "opened text");
  report("chacha20poly1305_64", COUNT(mb_aead_seal(sealed, key, nonce, aad, 16, data, 64)));
  report("stack", STACK(mb_aead_seal(sealed, key, nonce, aad, 16, data, 1024)));
  return DONE();
}
