/* The control socket of a home, HOME/control, a Unix stream socket: how it is made and found, and the frame of what
 * goes over it (docs/spec/network.md 8.7). For the process that runs in the home, and for the commands that ask it.
 *
 * Threads: any. */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H
#include <stddef.h>

#define CONTROL_FRAME       4u           /* bytes before each message: its size, u32 big-endian */
#define CONTROL_REQUEST_MAX (128u << 10) /* bytes of a request */
#define CONTROL_REPLY_MAX   (8u << 20)   /* bytes of a reply */

/* Makes the socket, bound and not yet listened on, that only the owner of the home may connect to (mode 0600 from the
 * first moment on). One that an earlier process left is replaced: the caller has the home's lock. A home whose path is
 * too long for the address of a socket is reached through /proc/self/fd. Owns: *fd, non-blocking.
 * Returns 0; UNCIA_E_EXISTS (something else is there); UNCIA_E_IO; why: a sentence. */
int control_socket_make(const char *home, int *fd, char why[256]);
/* Removes it. One that is not there is no failure. */
void control_socket_remove(const char *home);
/* Connects to it. Owns: *fd, blocking. Returns 0; UNCIA_E_UNREACHABLE (it is not there, or nobody listens);
 * UNCIA_E_PERMISSION (it is another user's); UNCIA_E_IO, with errno. */
int control_socket_connect(const char *home, int *fd);

#endif
