/* The protocol of sd_notify(3): one datagram a message. It is written here, and not libsystemd's: that library brings
 * four compression libraries and libgcrypt into a process that holds keys, for a sendto. */
#include "service.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Returns the size of the address, 0 where there is none. */
static socklen_t service_address(struct sockaddr_un *address)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name ? strlen(name) : 0;
	if (length < 2 || length >= sizeof(address->sun_path) || (*name != '/' && *name != '@'))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, length);
	if (*name == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

bool service_is_watched(void)
{
	struct sockaddr_un address;
	return service_address(&address) != 0;
}

bool service_notify(const char *state)
{
	struct sockaddr_un address;
	size_t size = strlen(state);
	socklen_t address_size = service_address(&address);
	if (!address_size)
		return false;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	ssize_t sent = sendto(fd, state, size, MSG_NOSIGNAL, (struct sockaddr *)&address, address_size);
	close(fd);
	return sent == (ssize_t)size;
}

/* A number of digits only, 0 where it is none. */
static uint64_t service_number(const char *text)
{
	errno = 0;
	if (!text || !*text || text[strspn(text, "0123456789")])
		return 0;
	unsigned long long number = strtoull(text, NULL, 10);
	return errno ? 0 : number;
}

uint64_t service_watchdog_ms(void)
{
	const char *whose = getenv("WATCHDOG_PID");
	if (whose && service_number(whose) != (uint64_t)getpid())
		return 0;
	return service_number(getenv("WATCHDOG_USEC")) / 1000;
}
