/* One TCP stream with a link on it: bytes from the socket into the link, whole messages out to a handler, the link's
 * output to the socket once per turn. Knows neither validators nor wallets: peers.c and wallets.c do.
 *
 * No callback ever runs from inside tcp_send or tcp_close, nor after tcp_close; the memory goes with the handle's
 * close callback. */
#ifndef TCP_H
#define TCP_H
#include <uv.h>
#include "net_address.h"
#include "wire_link.h"

/* Of strangers' streams, what is read in one turn of the loop: of each, and of all together. What a vote waits for is
 * thus bounded, however many wallets talk at once. */
#define TCP_STRANGER_TURN_MAX  (16u << 10)
#define TCP_STRANGERS_TURN_MAX (256u << 10)

#define TCP_SILENCE_S 60 /* of an inbound stream, before TCP asks whether the other side is still there */

struct tcp;

struct tcp_events {
	bool stranger; /* the bounds above hold for it */
	/* Inbound, while there is no link: the first byte received. Must tcp_attach or tcp_close. */
	void (*first)(void *owner, struct tcp *tcp, uint8_t byte);
	void (*established)(void *owner);
	void (*message)(void *owner, struct bytes message);
	/* The stream ended by itself (why: a word or two for the log) and has been closed. The last one. */
	void (*down)(void *owner, const char *why);
};

/* What all streams of a process share. */
struct tcp_set {
	uv_loop_t *loop;
	unsigned handshake_timeout_ms;
	struct tcp *dirty;      /* to be flushed at the end of the turn */
	struct tcp *paused;     /* strangers who have had their share of this turn */
	size_t strangers_left;  /* bytes of theirs that may still be read in this turn */
	struct tcp *young;      /* not established yet, oldest first */
	uv_timer_t young_timer; /* when the oldest of them has had its time */
	size_t open;            /* streams that are not closed yet */
	char buffer[64u << 10]; /* libuv reads into it, and it is fed to a link before the next read */
};

/* Returns 0 or UNCIA_E_IO. */
int tcp_set_init(struct tcp_set *set, uv_loop_t *loop, unsigned handshake_timeout_ms);
/* Closes the timer; every stream must have been closed. Then run the loop. */
void tcp_set_stop(struct tcp_set *set);
/* The beginning of a turn, before the loop polls: strangers may be read again. */
void tcp_set_begin(struct tcp_set *set);
/* The end of a turn: what was sent since the last one goes out, with one system call a stream. May call `down`. */
void tcp_set_flush(struct tcp_set *set);

/* Takes over an accepted socket (closed on failure as well). It has handshake_timeout_ms to be established.
 * Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. */
int tcp_open(struct tcp_set *set, int fd, const struct tcp_events *events, void *owner, struct tcp **tcp);
/* Dials, with a link of these options (an initiator's); that has handshake_timeout_ms to be established.
 * Returns 0, UNCIA_E_MEMORY, UNCIA_E_IO or an error of link_new. */
int tcp_connect(struct tcp_set *set, const struct sockaddr *address, const struct link_options *options,
                const struct tcp_events *events, void *owner, struct tcp **tcp);
/* Gives an inbound stream its link and from now on other handlers. Returns as link_new. */
int tcp_attach(struct tcp *tcp, const struct link_options *options, const struct tcp_events *events, void *owner);
/* As link_send; UNCIA_E_CLOSED after tcp_close. On UNCIA_E_FULL the caller drops the stream. */
int tcp_send(struct tcp *tcp, const void *message, size_t size);
/* Accepts NULL; may be called at any time, from any handler, more than once. */
void tcp_close(struct tcp *tcp);

/* Who is at the other end, for fairness (net_address_source); zero where the socket does not know any more. */
void tcp_source(const struct tcp *tcp, struct net_address *source);
const uint8_t *tcp_remote_static(const struct tcp *tcp);
bool tcp_established(const struct tcp *tcp);
size_t tcp_queued(const struct tcp *tcp); /* bytes sent that the socket has not taken */
/* For how long a message has been coming that has not come whole; 0: none is. */
unsigned tcp_unfinished_ms(const struct tcp *tcp);
uint64_t tcp_heard_ms(const struct tcp *tcp); /* loop time of the last byte received */
uint64_t tcp_sent_ms(const struct tcp *tcp);  /* loop time of the last tcp_send */

#endif
