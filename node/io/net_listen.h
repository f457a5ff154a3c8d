/* Listening sockets. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H
#include <stdint.h>

/* Binds to the port (0: any that is free) of the host, a numeric address or a name, and listens; it does not block.
 * Returns 0, the descriptor, which is the caller's, and the port; or, with a sentence why, UNCIA_E_BUSY (the port is in
 * use); UNCIA_E_CONFIG (no such host); UNCIA_E_IO. */
int net_listen(const char *host, uint16_t port, int *fd, int *bound_port, char why[256]);

#endif
