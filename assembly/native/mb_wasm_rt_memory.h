/*
 * Our runtime for wasm2c's function bodies, part 2 of 2: linear memory. Included once by each generated file, after
 *   MB_MEMORY         the type of linear memory: a struct { u8 ram[..]; }
 *   MB_CALLER_SIZES   instead: a struct { u8* ram; u32 size; u32 trapped; }, whose size is at least this
 * Data segments are a constant of the first shape, for flash.
 *
 * Every access is checked against the true size. Accesses are naturally aligned (memory.ts) and the compiler is told so: RV32 would load
 * octets otherwise.
 */
#define MB_INLINE static inline __attribute__((always_inline))

#ifdef MB_CALLER_SIZES
/*
 * Tables. What lies outside becomes a spare slot, and `trapped` says so at the end: their walks end whatever they read, and to unwind
 * (setjmp) would be a sixth of a lookup. `ram` and `size` are read once a function, since gcc cannot know that a store does not change them.
 */
#define FUNC_PROLOGUE                              \
  u8* const ram_ = memory->ram;                    \
  const u32 last_ = memory->size - MB_CALLER_SIZES; \
  (void)ram_, (void)last_
#define MB_PLACE(memory, base, end)                                                                  \
  ({                                                                                                 \
    _Static_assert((end) <= MB_CALLER_SIZES, "every access is within the least size of its base");   \
    LIKELY((base) <= last_ + (MB_CALLER_SIZES - (end))) ? ram_ + (base) : (memory->trapped = 1, mb_spare); \
  })
static _Alignas(8) u8 mb_spare[MB_CALLER_SIZES];
#else
/* base + offset + length > size, without overflow: one comparison of `base` with a constant. */
#define FUNC_PROLOGUE
#define MB_CHECK(base, end, size) \
  if (UNLIKELY((end) > (size) || (base) > (size) - (end))) mb_trap()
#define MB_PLACE(memory, base, end)                        \
  ({                                                       \
    MB_CHECK(base, end, (u32)sizeof (memory)->ram);        \
    (memory)->ram + (base);                                \
  })
#endif

/* The offset as a member, not as a sum: gcc would compute and keep the address of each access instead of one base. */
#define MB_MEMBER(type, offset)                   \
  struct __attribute__((packed, aligned(sizeof(type)), may_alias)) { \
    u8 skipped[offset];                           \
    type value;                                   \
  }
#define MB_LOAD(type, memory, base, offset)                                                            \
  ({                                                                                                   \
    const u32 base_ = (base);                                                                          \
    ((const MB_MEMBER(type, offset)*)(const void*)MB_PLACE(memory, base_, (offset) + (u32)sizeof(type)))->value; \
  })
#define MB_STORE(type, memory, base, offset, stored)                                                   \
  do {                                                                                                 \
    const u32 base_ = (base);                                                                          \
    ((MB_MEMBER(type, offset)*)(void*)MB_PLACE(memory, base_, (offset) + (u32)sizeof(type)))->value = (type)(stored); \
  } while (0)

#define i32_load(memory, base, offset) MB_LOAD(u32, memory, base, offset)
#define i32_load8_s(memory, base, offset) ((u32)(s32)MB_LOAD(s8, memory, base, offset))
#define i32_load8_u(memory, base, offset) ((u32)MB_LOAD(u8, memory, base, offset))
#define i32_load16_s(memory, base, offset) ((u32)(s32)MB_LOAD(s16, memory, base, offset))
#define i32_load16_u(memory, base, offset) ((u32)MB_LOAD(u16, memory, base, offset))
#define i64_load(memory, base, offset) MB_LOAD(u64, memory, base, offset)
#define i64_load8_s(memory, base, offset) ((u64)(s64)MB_LOAD(s8, memory, base, offset))
#define i64_load8_u(memory, base, offset) ((u64)MB_LOAD(u8, memory, base, offset))
#define i64_load16_s(memory, base, offset) ((u64)(s64)MB_LOAD(s16, memory, base, offset))
#define i64_load16_u(memory, base, offset) ((u64)MB_LOAD(u16, memory, base, offset))
#define i64_load32_s(memory, base, offset) ((u64)(s64)MB_LOAD(s32, memory, base, offset))
#define i64_load32_u(memory, base, offset) ((u64)MB_LOAD(u32, memory, base, offset))
#define i32_store(memory, base, offset, value) MB_STORE(u32, memory, base, offset, value)
#define i32_store8(memory, base, offset, value) MB_STORE(u8, memory, base, offset, value)
#define i32_store16(memory, base, offset, value) MB_STORE(u16, memory, base, offset, value)
#define i64_store(memory, base, offset, value) MB_STORE(u64, memory, base, offset, value)
#define i64_store8(memory, base, offset, value) MB_STORE(u8, memory, base, offset, value)
#define i64_store16(memory, base, offset, value) MB_STORE(u16, memory, base, offset, value)
#define i64_store32(memory, base, offset, value) MB_STORE(u32, memory, base, offset, value)

#ifndef MB_CALLER_SIZES
MB_INLINE void memory_fill(MB_MEMORY* memory, u64 at, u32 value, u64 length) {
  if (UNLIKELY(at + length > sizeof memory->ram)) mb_trap();
  mb_fill(memory->ram + (u32)at, value, (u32)length);
}

MB_INLINE void memory_copy(MB_MEMORY* to, const MB_MEMORY* from, u64 to_at, u64 from_at, u64 length) {
  if (UNLIKELY(to_at + length > sizeof to->ram || from_at + length > sizeof from->ram)) mb_trap();
  mb_move(to->ram + (u32)to_at, from->ram + (u32)from_at, (u32)length);
}
#endif
