/*
 * The board's end of the lockstep protocol with the simulated air, over whatever stream the platform has (air.c); and the loop that lets the
 * air, the serial line and the clock take their turns (board.c).
 */
#ifndef MESHBOX_AIR_H
#define MESHBOX_AIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inbox.h"

/* Reads what has arrived and posts it; ends the board when the air has gone. */
void airReceive(void);
void airTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size);
void airLog(const char* line);
void airFlush(void);
/* Ends what one turn had to say: `asked`, the answer to a message of the air; else a turn that the serial line or the start caused. */
void airDone(bool asked, double deadline);
/* The air's time, of its last message. */
double airNow(void);

/* The stream, by the platform. False: no air, the board runs in real time without a radio. */
bool airPresent(void);
/* At most `size` octets that have arrived; 0: none at present. */
size_t airRead(uint8_t* into, size_t size);
/* All of them, waiting as long as it takes. */
void airWrite(const uint8_t* octets, size_t size);

/* Runs for ever. */
void boardLoop(void) __attribute__((noreturn));

/* What the loop needs from the platform: the board's time; to wait, when `idle`, for input or until `deadline` and take in what has arrived;
   and to hear of each turn: outside of turns, the inbox is the loop's alone. */
double boardNow(void);
void boardCollect(double deadline, bool idle);
void boardTurnBegins(void);
void boardTurnEnds(EventType type);
/* Nobody waits: time for engineTidy. */
void boardTidy(void);
/* Spends time on the jobs, until none waits or something has arrived for the turns. */
void boardWork(void);

#endif
