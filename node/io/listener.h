/* The listening sockets: accept, limit who may begin a handshake, and hand each connection over by its first byte, to
 * the validators' links or to the wallets'. Know nothing of what follows. There may be one for WebSockets, which are
 * for wallets alone.
 *
 * Threads: every function is for the loop's, and every event is called on it. */
#ifndef LISTENER_H
#define LISTENER_H
#include "net_address.h"
#include "tcp.h"

#define LISTENER_WAITING_MAX                                                                                           \
	128u                 /* connections at a socket that have sent nothing of their stream yet; past it a new one  \
	                        pushes out the oldest */
#define ACCEPT_PAUSE_MS 100u /* after running out of file descriptors */

struct listener_options {
	struct tcp_set *set;  /* outlives the listener */
	const char *host;     /* a numeric address or a name; only read by listener_new, as the port */
	uint16_t port;        /* 0: any that is free */
	const char *web_host; /* where WebSockets are served, as host and port; NULL: nowhere */
	uint16_t web_port;
	uint32_t handshakes_per_second; /* see admission.h */
};

struct listener_events {
	/* Whether connections from there are let in past the limit on handshakes. Loopback always is; WebSockets never
	 * are, since a proxy's clients all come from where it is. */
	bool (*exempt)(void *context, const struct net_address *address);
	/* A stream whose first byte asks for a validator's link, or for a wallet's. Must tcp_attach or tcp_close. */
	void (*validator)(void *context, struct tcp *tcp);
	void (*wallet)(void *context, struct tcp *tcp);
	void *context;
};

/* Since the start; logged at the end of the process. accepted: with web_accepted, of WebSockets; web_failed: those that
 * ended before the first byte of a stream came, however. */
struct listener_counters {
	uint64_t accepted, refused_rate, pushed_out, timed_out, bad_first_byte, pauses, web_accepted, web_failed;
};

struct listener;

/* Binds and listens. why: a sentence on failure, but for UNCIA_E_MEMORY.
 * Returns 0; UNCIA_E_BUSY (the port is in use); UNCIA_E_CONFIG (no such host); UNCIA_E_IO; UNCIA_E_MEMORY.
 * Owns: listener_stop, run the loop, listener_free. */
int listener_new(const struct listener_options *options, const struct listener_events *events,
                 struct listener **listener, char why[256]);
/* The port that it is bound to. */
int listener_port(const struct listener *listener);
/* The port for WebSockets; 0: there is none. */
int listener_web_port(const struct listener *listener);
/* Valid as long as the listener. */
const struct listener_counters *listener_counters(const struct listener *listener);
/* Charges who has sent wrong signatures from there (admission.h). Not loopback: who comes from there comes through a
 * proxy, and may be anybody. Accepts NULL. */
void listener_charge(struct listener *listener, const struct net_address *address);
/* Stops accepting, and closes the connections that have sent nothing yet. No event is called any more. Once. */
void listener_stop(struct listener *listener);
/* After listener_stop and a run of the loop. Accepts NULL. */
void listener_free(struct listener *listener);

#endif
