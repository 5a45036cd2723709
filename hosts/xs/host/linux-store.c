/*
 * The small store on a directory: one file per key, replaced by rename, so that whoever reads after a power cut sees the old value or
 * the new one. Without a directory it forgets at the end, like a board whose flash was erased.
 */
#include "linux.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int directory = -1;

void storeOpen(const char* path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		platformEnd(EndUsage, "cannot make the state folder", path);
	directory = open(path, O_RDONLY | O_DIRECTORY);
	if (directory < 0)
		platformEnd(EndUsage, "the state folder is not a folder", path);
}

static void need(bool condition, const char* key)
{
	if (!condition) {
		char detail[128];
		snprintf(detail, sizeof(detail), "%s: %s", key, strerror(errno));
		platformEnd(EndFatalCheck, "the store cannot be written", detail);
	}
}

int storeGet(const char* key, uint8_t* into, size_t size)
{
	int file = directory < 0 ? -1 : openat(directory, key, O_RDONLY);
	if (file < 0)
		return -1;
	ssize_t count = read(file, into, size);
	close(file);
	return (int)count;
}

void storePut(const char* key, const uint8_t* value, size_t size)
{
	/* No key contains a dot: the temporary file is never read back as a value. */
	static const char temporary[] = ".new";
	if (directory < 0)
		return;
	int file = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	need(file >= 0, key);
	need(write(file, value, size) == (ssize_t)size, key);
	need(fsync(file) == 0, key);
	close(file);
	need(renameat(directory, temporary, directory, key) == 0, key);
	need(fsync(directory) == 0, key);
}

void storeDelete(const char* key)
{
	if (directory < 0)
		return;
	need(unlinkat(directory, key, 0) == 0 || errno == ENOENT, key);
	need(fsync(directory) == 0, key);
}
