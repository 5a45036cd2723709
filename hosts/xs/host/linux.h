/* The Linux platform: one process is one board. Shared by the linux-*.c files. */
#ifndef MESHBOX_LINUX_H
#define MESHBOX_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "inbox.h"

/* linux-main.c */
void boardLoop(void) __attribute__((noreturn));

/* linux-air.c: the lockstep socket on file descriptor 3, the board's end of hosts/xs/lockstep.ts. */
void airOpen(void);
bool airPresent(void);
int airDescriptor(void);
/* Reads what has arrived and posts it; ends the process when the air has gone. */
void airReceive(void);
void airTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size);
void airLog(const char* line);
/* Ends what one turn had to say: `asked`, the answer to a message of the air; else a turn that the serial line or the start caused. */
void airDone(bool asked, double deadline);
/* The air's time, of its last message. */
double airNow(void);

/* linux-serial.c: a pty in raw mode, with the pace of a UART. */
void serialOpen(void);
bool serialPresent(void);
int serialDescriptor(void);
const char* serialPath(void);
/* Takes what has arrived while the board was idle: never more than the FIFO holds. */
void serialReceive(void);
/* Takes what has arrived during a turn of so many metered units: what is beyond the FIFO is lost. */
void serialPassed(uint32_t units);
void serialFlush(void);

/* linux-store.c */
void storeOpen(const char* directory);

#endif
