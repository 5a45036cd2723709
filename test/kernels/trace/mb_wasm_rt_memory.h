/* The kernels' linear memory with every access told to trace.c: found before assembly/native's own, which it includes. */
#include_next "mb_wasm_rt_memory.h"

void trace_access(u32 end, u32 size);

#undef MB_CHECK
#define MB_CHECK(base, end, size)                           \
  do {                                                      \
    trace_access((base) + (end), (size));                   \
    if ((end) > (size) || (base) > (size) - (end)) mb_trap(); \
  } while (0)
