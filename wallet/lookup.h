/* Looking up where a validator is: its addresses, by a name in the network file or a numeric address. Nothing here
 * waits. The driver watches the descriptors that a look-up tells it of, and calls it when one is ready or time is up;
 * how it watches them is its own business. */
#ifndef LOOKUP_H
#define LOOKUP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct lookup;

enum lookup_state {
	LOOKUP_RUNNING,
	LOOKUP_FOUND, /* there is an address at least */
	LOOKUP_FAILED
};

/* Told what to watch of a look-up, from within the calls of this file: `fd` for reading, for writing or both; neither:
 * no longer, it is about to be closed. */
struct lookup_watcher {
	void (*watch)(void *context, uint32_t subject, int fd, bool reads, bool writes);
	void *context;
	uint32_t subject; /* as `watch` is given it: the number of the validator */
};

/* Begins a look-up. A numeric address is found at once and asks nobody; a name is looked for in /etc/hosts and then
 * asked of the name servers in /etc/resolv.conf, both read afresh.
 * Returns 0, UNCIA_E_MEMORY, or UNCIA_E_UNREACHABLE where none can be begun. Owns: lookup_free. */
int lookup_new(const char *host, uint16_t port, const struct lookup_watcher *watcher, struct lookup **lookup);
/* Ends it, whatever it waits for; NULL is fine. */
void lookup_free(struct lookup *lookup);
enum lookup_state lookup_state(const struct lookup *lookup);
/* Goes on: a descriptor is ready, or -1: time has passed. */
void lookup_process(struct lookup *lookup, int fd, bool readable, bool writable);
/* In how many milliseconds lookup_process is due without a descriptor being ready; -1: not before one is. */
int lookup_timeout_ms(const struct lookup *lookup);
/* The number-th address, in the order in which they are to be tried; false past the last. */
bool lookup_address(const struct lookup *lookup, uint32_t number, struct sockaddr_storage *address, socklen_t *size);

#endif
