/*
 * The second CFI flash bank of qemu's `virt` (Intel command set, two 16-bit chips side by side, blocks of 256 KB), kept in a file by qemu: each
 * programmed word is written there before the next instruction runs. qemu lets a program set bits; a flash does not, and neither does this.
 */
#include "rv32.h"
#include "engine.h"
#include "platform.h"

#include <string.h>

#define BANK 0x22000000u
#define BLOCK 0x40000u
/* Both chips get each command. */
enum { Program = 0x00400040, EraseSetup = 0x00200020, EraseConfirm = 0x00d000d0, ReadArray = 0x00ff00ff };

const uint8_t* flashBlock(unsigned block)
{
	return (const uint8_t*)(uintptr_t)(BANK + block * BLOCK);
}

static void finish(uint32_t address)
{
	while (!(REG32(address) & 0x80))
		;
	REG32(address) = ReadArray;
}

void flashErase(unsigned block)
{
	uint32_t address = BANK + block * BLOCK;
	REG32(address) = EraseSetup;
	REG32(address) = EraseConfirm;
	finish(address);
}

void flashProgram(unsigned block, uint32_t offset, const void* data, size_t size)
{
	for (size_t at = 0; at < size; at += 4) {
		uint32_t address = BANK + block * BLOCK + offset + (uint32_t)at;
		uint32_t word;
		memcpy(&word, (const uint8_t*)data + at, 4);
		if (word & ~REG32(address))
			platformEnd(EndFatalCheck, "flash", "a program that would set bits");
		REG32(address) = Program;
		REG32(address) = word;
		finish(address);
		if (REG32(address) != word)
			platformEnd(EndFatalCheck, "flash", "a word does not read back");
	}
}
