/* See control_socket.h. */
#include "control_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "uncia/error.h"

#define CONTROL_NAME "control"

/* Where the socket is. directory: to be closed once the address has been used, or -1. Returns 0 or -1, with errno. */
static int socket_address(const char *home, struct sockaddr_un *address, int *directory)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*directory = -1;
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/" CONTROL_NAME, home);
	if (n > 0 && (size_t)n < sizeof(address->sun_path))
		return 0;
	*directory = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*directory < 0)
		return -1;
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" CONTROL_NAME, *directory);
	return 0;
}

static void close_both(int fd, int directory)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	if (directory >= 0)
		close(directory);
	errno = saved;
}

/* Nobody listens on what lies there: its process has ended, since we have the home's lock. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : UNCIA_E_IO;
	if (!S_ISSOCK(st.st_mode))
		return UNCIA_E_EXISTS;
	return unlink(address->sun_path) < 0 ? UNCIA_E_IO : 0;
}

int control_socket_make(const char *home, int *fd, char why[256])
{
	struct sockaddr_un address;
	int directory, made = -1;

	int error = socket_address(home, &address, &directory) < 0 ? UNCIA_E_IO : remove_stale(&address);
	if (!error)
		made = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The name takes its mode from the socket: there is no moment at which others may connect. */
	if (!error &&
	    (made < 0 || fchmod(made, 0600) < 0 || bind(made, (const struct sockaddr *)&address, sizeof(address)) < 0))
		error = UNCIA_E_IO;
	if (error) {
		snprintf(why, 256, "%.180s/" CONTROL_NAME ": %s", home,
		         error == UNCIA_E_EXISTS ? "something is there that is no socket" : strerror(errno));
		close_both(made, directory);
		return error;
	}
	close_both(-1, directory);
	*fd = made;
	return 0;
}

void control_socket_remove(const char *home)
{
	struct sockaddr_un address;
	int directory;

	if (socket_address(home, &address, &directory) < 0)
		return;
	remove_stale(&address);
	close_both(-1, directory);
}

int control_socket_connect(const char *home, int *fd)
{
	struct sockaddr_un address;
	int directory;

	if (socket_address(home, &address, &directory) < 0)
		return errno == ENOENT ? UNCIA_E_UNREACHABLE : UNCIA_E_IO;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && connect(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		close_both(-1, directory);
		return 0;
	}
	close_both(*fd, directory);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return UNCIA_E_UNREACHABLE;
	return errno == EACCES || errno == EPERM ? UNCIA_E_PERMISSION : UNCIA_E_IO;
}
