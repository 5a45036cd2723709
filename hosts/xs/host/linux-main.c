/*
 * The host executable on Linux.
 *
 *   --profile P --bundle F [--serial pty] [--state DIR]   board mode: the bundle exports `start(host)`; the air is on descriptor 3 if
 *                                                         it is a socket, else the board runs in real time without a radio
 *   --run F [--profile P]                                 the bundle exports `run(host)`; its number is the exit code
 *
 * The exit code says why it ended: `End` in engine.h.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include "linux.h"
#include "platform.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const Profile profiles[] = {
#include "profiles.inc"
};

static bool running; /* --run: lines go to the standard output */

/* The platform's duties that need no file of their own. */

void platformEnd(int code, const char* reason, const char* detail)
{
	fflush(stdout);
	if (reason)
		fprintf(stderr, detail ? "%s: %s\n" : "%s\n", reason, detail);
	fflush(stderr);
	_Exit(code);
}

void platformLog(const char* line)
{
	if (airPresent())
		airLog(line);
	else
		fprintf(running ? stdout : stderr, "%s\n", line);
}

void platformRandom(uint8_t* into, size_t size)
{
	while (size > 0) {
		ssize_t count = getrandom(into, size, 0);
		if (count < 0)
			platformEnd(EndFatalCheck, "no entropy", strerror(errno));
		into += count;
		size -= (size_t)count;
	}
}

uint32_t platformOverruns(void)
{
	Losses losses = inboxLosses();
	return losses.framesLost + losses.eventsLost;
}

void platformTransmit(int kind, const uint8_t to[6], const uint8_t* octets, size_t size)
{
	if (airPresent())
		airTransmit(kind, to, octets, size);
	else
		inboxPost((Event){ .type = EventSent, .kind = (uint8_t)kind, .ok = 1 }); /* sent, and heard by nobody */
}

/* Board mode */

/* The air's time, or milliseconds since the start where no air drives it. */
double boardNow(void)
{
	static struct timespec start;
	struct timespec t;
	if (airPresent())
		return airNow();
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (start.tv_sec == 0)
		start = t;
	return floor((double)(t.tv_sec - start.tv_sec) * 1e3 + (double)(t.tv_nsec - start.tv_nsec) / 1e6);
}

/* Waits at most until `deadline` and takes in what has arrived. */
void boardCollect(double deadline, bool idle)
{
	struct pollfd descriptors[2];
	nfds_t count = 0;
	int timeout = 0;
	if (idle) {
		double wait = airPresent() ? INFINITY : deadline - boardNow();
		timeout = wait > 1e6 ? -1 : wait > 0 ? (int)wait : 0;
	}
	if (airPresent())
		descriptors[count++] = (struct pollfd){ .fd = airDescriptor(), .events = POLLIN };
	if (serialPresent())
		descriptors[count++] = (struct pollfd){ .fd = serialDescriptor(), .events = POLLIN };
	if (poll(descriptors, count, timeout) < 0 && errno != EINTR)
		platformEnd(EndFatalCheck, "poll", strerror(errno));
	if (airPresent())
		airReceive();
	if (serialPresent())
		serialReceive();
}

void boardTurnBegins(void)
{
}

void boardTurnEnds(EventType type)
{
	serialPassed(engineTurnCost());
	serialFlush();
}

void boardTidy(void)
{
	engineTidy();
}

void boardWork(void)
{
	jobsWork();
}

double platformInstructions(void)
{
	return NAN;
}

const char* platformStats(void)
{
	return "";
}

/* Command line */

static char* readFile(const char* path, size_t* size)
{
	FILE* file = fopen(path, "rb");
	char* text = NULL;
	if (file && fseek(file, 0, SEEK_END) == 0) {
		*size = (size_t)ftell(file);
		rewind(file);
		text = malloc(*size + 1);
		if (text && fread(text, 1, *size, file) != *size)
			text = NULL;
		fclose(file);
	}
	if (!text)
		platformEnd(EndUsage, "cannot read", path);
	return text;
}

static const Profile* findProfile(const char* name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	platformEnd(EndUsage, "unknown profile", name);
}

int main(int argc, char* argv[])
{
	const Profile* profile = NULL;
	const char *bundle = NULL, *state = NULL;
	bool serial = false;
	size_t size;
	for (int i = 1; i < argc; i++) {
		const char* option = argv[i];
		if (++i == argc)
			platformEnd(EndUsage, "an option without a value", option);
		const char* value = argv[i];
		if (strcmp(option, "--profile") == 0)
			profile = findProfile(value);
		else if (strcmp(option, "--bundle") == 0)
			bundle = value;
		else if (strcmp(option, "--run") == 0) {
			bundle = value;
			running = true;
		}
		else if (strcmp(option, "--state") == 0)
			state = value;
		else if (strcmp(option, "--serial") == 0 && strcmp(value, "pty") == 0)
			serial = true;
		else
			platformEnd(EndUsage, "unknown option", option);
	}
	if (!bundle || (!running && !profile))
		platformEnd(EndUsage, "usage", "--profile P --bundle F [--serial pty] [--state DIR] | --run F [--profile P]");

	char* source = readFile(bundle, &size);
	if (profile) {
		enginePrepare(source, size);
		engineClone(profile);
	}
	else
		engineStartWhole(source, size);
	free(source);
	if (state)
		storeOpen(state);
	if (running) {
		engineEnter("run");
		platformEnd(engineResult(), NULL, NULL);
	}
	airOpen();
	if (serial) {
		char line[128];
		serialOpen();
		snprintf(line, sizeof(line), "serial %s", serialPath());
		puts(line);
		fflush(stdout);
		if (airPresent())
			airLog(line);
	}
	engineEnter("start");
	boardLoop();
}
