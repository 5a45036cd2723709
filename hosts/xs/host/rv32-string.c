/*
 * memset, memcpy and memmove by words, as a board has them in its ROM. Debian's picolibc moves octets, four instructions each, and the engine clears
 * the locals of every function that it enters.
 */
#include <stddef.h>
#include <stdint.h>

#define WORD_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))
typedef uint32_t __attribute__((may_alias)) Word;

WORD_LOOP void* memset(void* into, int octet, size_t size)
{
	uint8_t* at = into;
	uint8_t* end = at + size;
	if (size >= 8) {
		Word word = (uint8_t)octet * 0x01010101u;
		while ((uintptr_t)at & 3)
			*at++ = (uint8_t)octet;
		for (; end - at >= 16; at += 16) {
			((Word*)at)[0] = word;
			((Word*)at)[1] = word;
			((Word*)at)[2] = word;
			((Word*)at)[3] = word;
		}
		for (; end - at >= 4; at += 4)
			*(Word*)at = word;
	}
	while (at < end)
		*at++ = (uint8_t)octet;
	return into;
}

WORD_LOOP void* memcpy(void* restrict into, const void* restrict from, size_t size)
{
	uint8_t* at = into;
	const uint8_t* source = from;
	uint8_t* end = at + size;
	if (size >= 8 && (((uintptr_t)at ^ (uintptr_t)source) & 3) == 0) {
		while ((uintptr_t)at & 3)
			*at++ = *source++;
		for (; end - at >= 16; at += 16, source += 16) {
			Word a = ((const Word*)source)[0], b = ((const Word*)source)[1], c = ((const Word*)source)[2], d = ((const Word*)source)[3];
			((Word*)at)[0] = a;
			((Word*)at)[1] = b;
			((Word*)at)[2] = c;
			((Word*)at)[3] = d;
		}
		for (; end - at >= 4; at += 4, source += 4)
			*(Word*)at = *(const Word*)source;
	}
	while (at < end)
		*at++ = *source++;
	return into;
}

WORD_LOOP void* memmove(void* into, const void* from, size_t size)
{
	uint8_t* at = (uint8_t*)into + size;
	const uint8_t* source = (const uint8_t*)from + size;
	if ((uintptr_t)into - (uintptr_t)from >= size) {
		/* Forward is safe; octet by octet only where words would overlap. */
		if ((uintptr_t)from - (uintptr_t)into >= 16 || into == from)
			return memcpy(into, from, size);
		uint8_t* to = into;
		const uint8_t* octet = from;
		for (; size > 0; size--)
			*to++ = *octet++;
		return into;
	}
	if ((((uintptr_t)at ^ (uintptr_t)source) & 3) == 0) {
		for (; size > 0 && ((uintptr_t)at & 3); size--)
			*--at = *--source;
		for (; size >= 4; size -= 4) {
			at -= 4;
			source -= 4;
			*(Word*)at = *(const Word*)source;
		}
	}
	for (; size > 0; size--)
		*--at = *--source;
	return into;
}
