/* The `virt` machine under every image: interrupts, memory protection, faults, the end. */
#include "air.h"
#include "engine.h"
#include "platform.h"
#include "rv32.h"

#include <stdio.h>
#include <sys/time.h>

#define FINISHER 0x00100000u /* qemu's: 0x5555 ends with exit code 0, code << 16 | 0x3333 with that code */
#define PLIC_PRIORITY 0x0c000000u
#define PLIC_ENABLE 0x0c002000u
#define PLIC_CLAIM 0x0c200004u
#define EXTERNAL_INTERRUPT 0x800u
#define TIMER_CAUSE 7u
#define LOAD_FAULT 5u
#define STORE_FAULT 7u

void platformEnd(int code, const char* reason, const char* detail)
{
	interruptsOff();
	if (reason) {
		static char line[256] OFF_BOARD;
		snprintf(line, sizeof(line), detail ? "%s: %s" : "%s", reason, detail);
		airLog(line);
	}
	airFlush();
	REG32(FINISHER) = code == 0 ? 0x5555u : (uint32_t)code << 16 | 0x3333u;
	for (;;)
		__asm__ volatile("wfi");
}

double platformInstructions(void)
{
	return (double)instructions();
}

void plicEnable(unsigned source)
{
	REG32(PLIC_PRIORITY + 4 * source) = 1;
	REG32(PLIC_ENABLE) |= 1u << source;
	__asm__ volatile("csrs mie, %0" ::"r"(EXTERNAL_INTERRUPT));
}

static void external(void)
{
	uint32_t source = REG32(PLIC_CLAIM);
	if (source == PLIC_UART)
		uartInterrupt();
	else
		consolePending(); /* acknowledges; the loop reads */
	REG32(PLIC_CLAIM) = source;
}

void rv32Interrupt(uint32_t cause, uint32_t at)
{
	if ((cause & 0xff) != TIMER_CAUSE)
		external();
	else if (straps & STRAP_PROFILE) {
		profileSample(at);
		timerStart(straps >> 16);
	}
	else
		uartTimer();
	jobsPreempt();
}

void rv32Fault(uint32_t cause, uint32_t address, uint32_t value)
{
	static char detail[96] OFF_BOARD;
	if ((cause == LOAD_FAULT || cause == STORE_FAULT) && value < (uintptr_t)ram_start && value >= (uintptr_t)driver_end)
		platformEnd(EndStackOverflow, "stack overflow", "C stack");
	snprintf(detail, sizeof(detail), "trap %lu at %08lx, %08lx%s", (unsigned long)cause, (unsigned long)address, (unsigned long)value,
		cause == STORE_FAULT && value >= (uintptr_t)flash_start ? ": not writable" : "");
	platformEnd(EndFatalCheck, "fatal check", detail);
}

/* Locked entries bind machine mode too. The first that matches an address decides. */
void machineProtect(void)
{
	enum { R = 1, W = 2, X = 4, Tor = 8, Locked = 0x80 };
	const uint32_t tops[] = { (uintptr_t)flash_start, (uintptr_t)flash_end, (uintptr_t)driver_start, (uintptr_t)driver_end,
		(uintptr_t)ram_start, (uintptr_t)ram_end, (uintptr_t)root_start, (uintptr_t)root_end };
	__asm__ volatile("csrw pmpaddr0, %0" ::"r"(tops[0] >> 2)); /* devices and the flash bank */
	__asm__ volatile("csrw pmpaddr1, %0" ::"r"(tops[1] >> 2));
	__asm__ volatile("csrw pmpaddr2, %0" ::"r"(tops[2] >> 2));
	__asm__ volatile("csrw pmpaddr3, %0" ::"r"(tops[3] >> 2));
	__asm__ volatile("csrw pmpaddr4, %0" ::"r"(tops[4] >> 2));
	__asm__ volatile("csrw pmpaddr5, %0" ::"r"(tops[5] >> 2));
	__asm__ volatile("csrw pmpaddr6, %0" ::"r"(tops[6] >> 2));
	__asm__ volatile("csrw pmpaddr7, %0" ::"r"(tops[7] >> 2));
	__asm__ volatile("csrw pmpaddr8, %0" ::"r"(0xffffffffu)); /* and what lies above */
	const uint32_t no = Tor | Locked, code = R | X | no, data = R | W | no, constants = R | no;
	__asm__ volatile("csrw pmpcfg0, %0" ::"r"(data | code << 8 | no << 16 | data << 24));
	__asm__ volatile("csrw pmpcfg1, %0" ::"r"(no | data << 8 | no << 16 | constants << 24));
	__asm__ volatile("csrw pmpcfg2, %0" ::"r"(no));
}

/* What the C library lacks here. The engine's parser complains to `stderr` about itself before it gives up; nobody reads it. */
static int discard(char octet, FILE* file)
{
	return octet;
}

static FILE nowhere = FDEV_SETUP_STREAM(discard, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stderr = &nowhere;

int gettimeofday(struct timeval* time, void* zone)
{
	platformEnd(EndFatalCheck, "fatal check", "a board has no wall clock");
}
