/* The lockstep stream on Linux: a socket on file descriptor 3. */
#include "engine.h"
#include "linux.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOCKET 3

static bool present;

void airOpen(void)
{
	struct stat status;
	present = fstat(SOCKET, &status) == 0 && S_ISSOCK(status.st_mode);
	if (present)
		fcntl(SOCKET, F_SETFL, O_NONBLOCK);
}

bool airPresent(void)
{
	return present;
}

int airDescriptor(void)
{
	return SOCKET;
}

size_t airRead(uint8_t* into, size_t size)
{
	ssize_t count = recv(SOCKET, into, size, 0);
	if (count == 0 || (count < 0 && errno == ECONNRESET))
		platformEnd(EndStopped, NULL, NULL); /* the air has gone */
	return count < 0 ? 0 : (size_t)count;
}

void airWrite(const uint8_t* octets, size_t size)
{
	size_t at = 0;
	while (at < size) {
		ssize_t count = send(SOCKET, octets + at, size - at, MSG_NOSIGNAL);
		if (count > 0)
			at += (size_t)count;
		else if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = SOCKET, .events = POLLOUT }, 1, -1);
		else if (errno != EINTR)
			platformEnd(EndStopped, NULL, NULL);
	}
}
