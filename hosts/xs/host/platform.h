/*
 * What the engine glue and the host object need from the platform: one sibling file per platform implements it (linux-*.c).
 */
#ifndef MESHBOX_PLATFORM_H
#define MESHBOX_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the process (reboots the board): one line `reason: detail` on the error output. `detail` may be null. */
void platformEnd(int code, const char* reason, const char* detail) __attribute__((noreturn));

void platformLog(const char* line);

/* Entropy, or the end: a board without it must not run. */
void platformRandom(uint8_t* into, size_t size);

/* One in flight per kind: the answer comes as a `sent` turn. */
void platformTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size);

/* Octets the serial driver takes now without loss; -1: the board has no serial line. */
int platformSerialRoom(void);
void platformSerialWrite(const uint8_t* octets, size_t size);

/* The small store. `storeGet`: length of the value, or -1; at most `size` octets are copied. Put and delete are durable on return. */
int storeGet(const char* key, uint8_t* into, size_t size);
void storePut(const char* key, const uint8_t* value, size_t size);
void storeDelete(const char* key);

/* Instructions that the processor has executed; NaN on a platform that cannot count them. */
double platformInstructions(void);

/* Fields of JSON for the stats message, each with its comma, of what only this platform knows. */
const char* platformStats(void);

/* Frames lost before JavaScript saw them. */
uint32_t platformOverruns(void);

#endif
