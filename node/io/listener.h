/* The listening socket: accepts, limits who may begin a handshake, and hands each connection over by its first byte
 * to the validators' links or to the wallets'. Knows nothing of what follows. */
#ifndef LISTENER_H
#define LISTENER_H
#include "net_address.h"
#include "tcp.h"

#define LISTENER_WAITING_MAX 128u /* connections that have sent nothing yet; a new one pushes out the oldest */
#define ACCEPT_PAUSE_MS      100u /* after running out of file descriptors */

struct listener_events {
	/* Whether connections from there are let in past the limit on handshakes. Loopback always is. */
	bool (*exempt)(void *context, const struct net_address *address);
	/* Must tcp_attach or tcp_close. */
	void (*validator)(void *context, struct tcp *tcp);
	void (*wallet)(void *context, struct tcp *tcp);
	void *context;
};

struct listener_counters {
	uint64_t accepted, refused_rate, pushed_out, timed_out, bad_first_byte, pauses;
};

struct listener;

/* Binds and listens; host is a numeric address or a name. why: a sentence on failure.
 * Returns 0; UNCIA_E_BUSY (the port is in use); UNCIA_E_CONFIG (no such host); UNCIA_E_IO; UNCIA_E_MEMORY.
 * Owns: listener_stop, run the loop, listener_free. */
int listener_new(struct tcp_set *set, const char *host, uint16_t port, uint32_t handshakes_per_second,
                 const struct listener_events *events, struct listener **listener, char why[256]);
int listener_port(const struct listener *listener);
const struct listener_counters *listener_counters(const struct listener *listener);
/* Stops accepting and closes what has sent nothing yet. */
void listener_stop(struct listener *listener);
void listener_free(struct listener *listener);

#endif
