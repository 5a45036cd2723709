/*
 * The bare-metal RV32IMAC platform: qemu's `virt` machine as a board. Shared by the rv32-*.c files.
 *
 * An image lives twice. First it prepares: parses the bundle, runs it in the root machine, shares it, and hands out the memory that this left.
 * Then, with that memory as its flash region and without the parser's code, it is what runs (hosts/xs/rv32-image.mjs).
 */
#ifndef MESHBOX_RV32_H
#define MESHBOX_RV32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The linker script's. */
extern uint8_t flash_start[], flash_end[], root_start[], root_end[], ram_start[], ram_end[], static_start[], static_end[], heap_start[];
extern uint8_t stack_end[], driver_start[], driver_end[], parser_start[];
/* What is plugged in, as a board reads it from strapping pins; set from outside (hosts/xs/rv32-image.mjs). */
extern const volatile uint32_t straps;
#define STRAP_SERIAL 1u
/* Sample what runs; the upper half word is the time between samples in 100 instructions. */
#define STRAP_PROFILE 2u
/* Planted fault: a job gives way to nobody. */
#define STRAP_SELFISH 4u
/* Generated with the image. */
extern const char bundle_start[], bundle_end[], profile_name[];
/* Octets of static RAM that static_image holds; 0: this image prepares. */
extern const volatile uint32_t prepared;

/* rv32-main.c, or what takes its place in an image without a board. */
void rv32Main(void);

/* rv32-machine.c */
void rv32Fault(uint32_t cause, uint32_t address, uint32_t value);
void rv32Interrupt(uint32_t cause, uint32_t at);
void plicEnable(unsigned source);
/* From now on a board's RAM is all that there is, and its flash is only read. */
void machineProtect(void);

/* Interrupts happen only during turns and while waiting. */
static inline uint32_t interruptsOff(void)
{
	uint32_t before;
	__asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before)::"memory");
	return before & 8;
}

static inline void interruptsRestore(uint32_t before)
{
	__asm__ volatile("csrs mstatus, %0" ::"r"(before) : "memory");
}

static inline uint64_t instructions(void)
{
	uint32_t high, low, again;
	do {
		__asm__ volatile("rdinstreth %0\n\trdinstret %1\n\trdinstreth %2" : "=r"(high), "=r"(low), "=r"(again)::"memory");
	} while (high != again);
	return (uint64_t)high << 32 | low;
}

/* rv32-memory.c: the C heap, in the root's region while preparing, in the board's RAM afterwards. */
void memoryUse(uint8_t* start, uint8_t* end);
typedef struct {
	uint32_t size, used, peak, largestFree;
} MemoryUsage;
MemoryUsage memoryUsage(void);
/* First octet that has never been allocated; what is free below it is zeroed. */
uint8_t* memoryTop(void);

/* rv32-console.c: a virtio console as the radio line. */
void consoleOpen(void);
/* True if octets wait. */
bool consolePending(void);

/* rv32-uart.c: the 16550 as the serial line, at 115,200 baud of the board's own time. */
void uartOpen(void);
void uartInterrupt(void);
void uartTimer(void);

/* rv32-timer.c: the machine timer, one interrupt `time` hundreds of instructions from now. */
void timerStart(uint32_t time);
void timerStop(void);

/* rv32-jobs.c */
void jobsOpen(void);
/* At the end of every interrupt: leaves a job that runs if something has arrived for the turns. */
void jobsPreempt(void);
typedef struct {
	uint64_t instructions;
	uint32_t stackSize, stackPeak;
} JobUsage;
JobUsage jobUsage(void);

/* rv32-profile.c */
void profileSample(uint32_t at);
/* Logs a line for each sample: its address, the number of its turn, then the active functions from the outermost. */
void profileReport(void);
/* Of the turn that runs, counted from 1 (rv32-main.c). */
uint32_t boardTurnNumber(void);

/* rv32-flash.c: the second CFI flash bank. Two blocks are the store's. */
#define STORE_BLOCKS 2u
/* Octets of a block that the store uses: four sectors of a board's flash. */
#define STORE_SIZE 16384u
const uint8_t* flashBlock(unsigned block);
void flashErase(unsigned block);
/* `offset` and `size` multiples of 4; can only clear bits. */
void flashProgram(unsigned block, uint32_t offset, const void* data, size_t size);

/* rv32-store.c */
void storeOpen(void);

/* For what only the emulator wants to know: not in the RAM of the board. */
#define OFF_BOARD __attribute__((section(".off_board,\"aw\",@nobits#")))

/* Registers. */
#define REG8(address) (*(volatile uint8_t*)(uintptr_t)(address))
#define REG16(address) (*(volatile uint16_t*)(uintptr_t)(address))
#define REG32(address) (*(volatile uint32_t*)(uintptr_t)(address))

#define PLIC_UART 10u
#define PLIC_VIRTIO 1u /* the first of eight */

#endif
