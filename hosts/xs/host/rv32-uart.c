/*
 * The serial line: a 16550 with a board's pace. qemu delivers octets as fast as its FIFO is emptied; a line of 115,200 baud does not. So the
 * first octet's interrupt only starts a timer, and at each octet's time of the board's own clock one octet comes in and one goes out.
 * What comes in while the JS task's FIFO is full is lost and counted.
 *
 *   quiet --octet waits, or octets to send--> running --neither for an octet's time--> quiet
 */
#include "inbox.h"
#include "platform.h"
#include "rv32.h"

#define UART 0x10000000u
enum { Data = 0, InterruptEnable = 1, FifoControl = 2, LineStatus = 5 };
enum { DataReady = 1, TransmitEmpty = 0x20 };

#define OCTET_TIME 139u /* of 100 instructions each: 10 bits at 115,200 baud take 13,889 of a core at 160 MHz */
#define OUT_RING 1280u /* the native driver's ring: a serial frame of 1,024 octets fits with its header, checksum and escapes (COBS) */

static bool open;
static uint8_t out[OUT_RING];
static volatile uint32_t outHead, outSize;

static void run(void)
{
	REG8(UART + InterruptEnable) = 0;
	timerStart(OCTET_TIME);
}

void uartOpen(void)
{
	open = true;
	REG8(UART + FifoControl) = 7;
	REG8(UART + InterruptEnable) = 1;
	plicEnable(PLIC_UART);
}

void uartInterrupt(void)
{
	run();
}

void uartTimer(void)
{
	bool busy = false;
	if (REG8(UART + LineStatus) & DataReady) {
		uint8_t octet = REG8(UART + Data);
		inboxSerial(&octet, 1);
		busy = true;
	}
	if (outSize > 0) {
		if (REG8(UART + LineStatus) & TransmitEmpty) {
			REG8(UART + Data) = out[outHead];
			outHead = (outHead + 1) % OUT_RING;
			outSize--;
		}
		busy = true;
	}
	if (busy)
		return timerStart(OCTET_TIME);
	timerStop();
	REG8(UART + InterruptEnable) = 1;
}

int platformSerialRoom(void)
{
	return open ? (int)(OUT_RING - outSize) : -1;
}

void platformSerialWrite(const uint8_t* octets, size_t size)
{
	uint32_t before = interruptsOff();
	for (size_t i = 0; i < size && outSize < OUT_RING; i++)
		out[(outHead + outSize++) % OUT_RING] = octets[i];
	run();
	interruptsRestore(before);
}
