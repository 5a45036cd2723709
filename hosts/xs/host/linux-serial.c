/*
 * The serial line: a pty whose slave the daemon opens like a real port. The host keeps a descriptor of the slave open itself, so that
 * the line survives a daemon that closes and comes back.
 *
 * A pty holds what was written until it is read; a UART does not. So octets are taken from the pty at the rate of the line against the
 * board's own time: a turn lasts as long as its metered computation would on the chip, and what arrives beyond the FIFO meanwhile is
 * lost. Short turns lose nothing, whatever the load of the machine that simulates.
 */
#define _GNU_SOURCE
#include "linux.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define OCTETS_PER_SECOND 11520.0 /* 115,200 baud, 10 bits each */
#define SECONDS_PER_UNIT 0.5e-6   /* README: about 80 instructions per metered unit, 160 MHz */
#define OUT_RING 2048             /* the native driver's ring: one serial frame of 1,024 octets fits however it is escaped */

static int master = -1;
static int slave = -1;
static uint8_t out[OUT_RING];
static size_t outSize;
static double owed; /* fraction of an octet that has arrived */

void serialOpen(void)
{
	struct termios settings;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		platformEnd(EndFatalCheck, "no pty", strerror(errno));
	slave = open(serialPath(), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &settings) < 0)
		platformEnd(EndFatalCheck, "no pty", strerror(errno));
	cfmakeraw(&settings);
	tcsetattr(slave, TCSANOW, &settings);
	fcntl(master, F_SETFL, O_NONBLOCK);
}

bool serialPresent(void)
{
	return master >= 0;
}

int serialDescriptor(void)
{
	return master;
}

const char* serialPath(void)
{
	return ptsname(master);
}

static void take(size_t limit)
{
	uint8_t octets[4096];
	while (limit > 0) {
		ssize_t count = read(master, octets, limit < sizeof(octets) ? limit : sizeof(octets));
		if (count <= 0)
			return;
		inboxSerial(octets, (size_t)count);
		limit -= (size_t)count;
	}
}

void serialReceive(void)
{
	take(inboxSerialRoom());
}

void serialPassed(uint32_t units)
{
	if (master < 0)
		return;
	owed += units * SECONDS_PER_UNIT * OCTETS_PER_SECOND;
	size_t whole = (size_t)owed;
	owed -= (double)whole;
	take(whole);
}

int platformSerialRoom(void)
{
	return master < 0 ? -1 : (int)(OUT_RING - outSize);
}

void platformSerialWrite(const uint8_t* octets, size_t size)
{
	size_t taken = size < OUT_RING - outSize ? size : OUT_RING - outSize;
	memcpy(out + outSize, octets, taken);
	outSize += taken;
}

/* A line that nobody reads takes the octets all the same: what the pty has no room for is gone. */
void serialFlush(void)
{
	if (outSize && write(master, out, outSize) < 0 && errno != EAGAIN)
		platformEnd(EndFatalCheck, "the pty failed", strerror(errno));
	outSize = 0;
}
