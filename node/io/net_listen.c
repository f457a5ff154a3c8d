/* Binds and listens. See net_listen.h. */
#include "net_listen.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "uncia/error.h"

#define BACKLOG 1024

/* Returns a listening descriptor, or -1 and errno. */
static int listen_on(const struct addrinfo *info, int *port)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	int yes = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memset(&bound, 0, sizeof(bound));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &size) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	*port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
	                                          : ((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

int net_listen(const char *host, uint16_t port, int *fd, int *bound_port, char why[256])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	int error = getaddrinfo(host, service, &hints, &found);
	if (error) {
		snprintf(why, 256, "cannot listen on %.100s: %.100s", host, gai_strerror(error));
		return UNCIA_E_CONFIG;
	}
	*fd = listen_on(found, bound_port);
	error = errno;
	freeaddrinfo(found);
	if (*fd >= 0)
		return 0;
	if (error == EADDRINUSE) {
		snprintf(why, 256, "port %u on %.100s is in use by another process", port, host);
		return UNCIA_E_BUSY;
	}
	snprintf(why, 256, "cannot listen on port %u of %.100s: %.100s", port, host, strerror(error));
	return UNCIA_E_IO;
}
