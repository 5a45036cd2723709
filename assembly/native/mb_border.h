/*
 * The border of the kernels: a trap inside one comes out of the C function that entered it as MB_TRAPPED, whatever task it runs in.
 * MB_ENTER comes before the first call of a kernel.
 */
#pragma once
#include <setjmp.h>
#include "mb_kernels.h"

/* Where mb_trap goes. It dangles between calls, when nothing can trap: restoring it would cost a lookup 3 % more. */
extern _Thread_local jmp_buf* mb_border;
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wdangling-pointer"
/* After a trap no variable is read. */
#pragma GCC diagnostic ignored "-Wclobbered"

#define MB_ENTER     \
  jmp_buf here;      \
  mb_border = &here; \
  if (setjmp(here)) return MB_TRAPPED
