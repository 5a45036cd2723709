/* sha256 of 1 KiB and of 64 octets. */
#include "bench.h"
#include "mb_kernels.h"

int main(void) {
  static _Alignas(8) uint8_t data[1024], out[32];
  for (int i = 0; i < 1024; i += 1) data[i] = (uint8_t)i;
  uint32_t count = COUNT(mb_sha256(out, data, 1024));
  require_hex(out, "785b0751fc2c53dc14a4ce3d800e69ef9ce1009eb327ccf458afe09c242c26c9", "sha256 of 1 KiB");
  report("sha256_1024", count);
  report("sha256_64", COUNT(mb_sha256(out, data, 64)));
  report("stack", STACK(mb_sha256(out, data, 1024)));
  return DONE();
}
