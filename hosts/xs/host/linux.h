/* The Linux platform: one process is one board. Shared by the linux-*.c files. */
#ifndef MESHBOX_LINUX_H
#define MESHBOX_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "air.h"
#include "engine.h"
#include "inbox.h"

/* linux-air.c: the lockstep socket on file descriptor 3. */
void airOpen(void);
int airDescriptor(void);

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
