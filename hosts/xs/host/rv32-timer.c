/* The machine timer: one user at a time, the serial line or the profiler. */
#include "rv32.h"

#define CLINT_TIME 0x0200bff8u
#define CLINT_COMPARE 0x02004000u
#define TIMER_INTERRUPT 0x80u

void timerStart(uint32_t time)
{
	uint32_t high, low;
	do {
		high = REG32(CLINT_TIME + 4);
		low = REG32(CLINT_TIME);
	} while (high != REG32(CLINT_TIME + 4));
	uint64_t due = ((uint64_t)high << 32 | low) + time;
	REG32(CLINT_COMPARE + 4) = 0xffffffffu;
	REG32(CLINT_COMPARE) = (uint32_t)due;
	REG32(CLINT_COMPARE + 4) = (uint32_t)(due >> 32);
	__asm__ volatile("csrs mie, %0" ::"r"(TIMER_INTERRUPT));
}

void timerStop(void)
{
	__asm__ volatile("csrc mie, %0" ::"r"(TIMER_INTERRUPT));
}
