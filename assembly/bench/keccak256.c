/* keccak256 of 1 KiB and of 64 octets. */
#include "bench.h"
#include "mb_kernels.h"

int main(void) {
  static _Alignas(8) uint8_t data[1024], out[32];
  for (int i = 0; i < 1024; i += 1) data[i] = (uint8_t)i;
  uint32_t count = COUNT(mb_keccak256(out, data, 1024));
  require_hex(out, "5902e53903be0d0f9656bdbd5b9f0d8c2d815f865645d629eef77f5185f6cd7f", "keccak256 of 1 KiB");
  report("keccak256_1024", count);
  report("keccak256_64", COUNT(mb_keccak256(out, data, 64)));
  report("stack", STACK(mb_keccak256(out, data, 1024)));
  return DONE();
}
