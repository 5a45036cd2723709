/* An image that measures: the bundle is parsed at boot and runs in one growing machine; what its `run` logs goes out as lines of text. */
#include "air.h"
#include "engine.h"
#include "platform.h"
#include "rv32.h"

#include <string.h>

void platformLog(const char* line)
{
	airWrite((const uint8_t*)line, strlen(line));
	airWrite((const uint8_t*)"\n", 1);
}

/* No air, no line, no store. */
void airLog(const char* line)
{
	platformLog(line);
}

void airFlush(void)
{
}

void uartInterrupt(void)
{
}

void uartTimer(void)
{
}

void jobsPreempt(void)
{
}

void profileSample(uint32_t at)
{
}

void platformTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size)
{
}

int platformSerialRoom(void)
{
	return -1;
}

void platformSerialWrite(const uint8_t* octets, size_t size)
{
}

uint32_t platformOverruns(void)
{
	return 0;
}

int storeGet(const char* key, uint8_t* into, size_t size)
{
	return -1;
}

void storePut(const char* key, const uint8_t* value, size_t size)
{
}

void storeDelete(const char* key)
{
}

void rv32Main(void)
{
	memoryUse(root_start, root_end);
	consoleOpen();
	engineStartWhole(bundle_start, (size_t)(bundle_end - bundle_start));
	engineEnter("run");
	platformEnd(engineResult(), NULL, NULL);
}
