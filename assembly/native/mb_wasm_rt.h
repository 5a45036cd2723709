/*
 * Our runtime for wasm2c's function bodies, part 1 of 2: types, arithmetic, traps. (Part 2, mb_wasm_rt_memory.h: linear memory.)
 *
 * Instead of wasm2c's wasm-rt.h and preamble: no allocation, no page of 64 KiB, no signal handler, no abort. After a trap the C API
 * (mb_kernels.c) answers MB_TRAPPED. Kernels do not recurse (assembly/build.mjs checks), so there is no depth counter.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Leaves the kernel that runs; defined by mb_kernels.c. */
_Noreturn void mb_trap(void);

#define FUNC_EPILOGUE
#define UNREACHABLE mb_trap()

#define I32_ROTL(x, y) (((x) << ((y) & 31)) | ((x) >> (-(y) & 31)))
#define I32_ROTR(x, y) (((x) >> ((y) & 31)) | ((x) << (-(y) & 31)))
#define I64_ROTL(x, y) (((x) << ((y) & 63)) | ((x) >> (-(y) & 63)))
#define I64_ROTR(x, y) (((x) >> ((y) & 63)) | ((x) << (-(y) & 63)))
#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32u)
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32u)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64u)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64u)
#define I32_DIV_U(x, y) (UNLIKELY((y) == 0) ? (mb_trap(), 0u) : (x) / (y))
#define I32_REM_U(x, y) (UNLIKELY((y) == 0) ? (mb_trap(), 0u) : (x) % (y))

/*
 * memmove and memset by words where both ends allow it: picolibc's take 6 and 4 instructions per octet, 6 % of keccak.
 * Four words a turn.
 */
static inline void mb_move(u8* to, const u8* from, u32 length) {
  typedef u32 __attribute__((may_alias)) word;
  if ((((uintptr_t)to | (uintptr_t)from) & 3) == 0 && (uintptr_t)to - (uintptr_t)from >= length)
    for (; length >= 16; length -= 16, to += 16, from += 16) {
      word* w = (word*)(void*)to;
      const word* r = (const word*)(const void*)from;
      const u32 r0 = r[0], r1 = r[1], r2 = r[2], r3 = r[3];
      w[0] = r0, w[1] = r1, w[2] = r2, w[3] = r3;
    }
  if (length > 0) memmove(to, from, length);
}

static inline void mb_fill(u8* to, u32 value, u32 length) {
  typedef u32 __attribute__((may_alias)) word;
  if (((uintptr_t)to & 3) == 0)
    for (const u32 w = (value & 255) * 0x01010101u; length >= 4; length -= 4, to += 4) *(word*)(void*)to = w;
  if (length > 0) memset(to, (int)value, length);
}
