/* A TCP stream with a wire link on it: bytes from the socket into the link, whole messages out to a handler, the link's
 * output to the socket once in a turn of the loop. Knows neither validators nor wallets: peers.c and wallets.c do.
 *
 * Threads: the loop's, all of it. No handler is called from inside tcp_send or tcp_close, nor after tcp_close; the
 * memory of a stream is freed by its handle's close callback. */
#ifndef TCP_H
#define TCP_H
#include <uv.h>
#include "net_address.h"
#include "protocol_limits.h"
#include "wire_link.h"

/* The budget of a turn of the loop, in bytes, and each message and each record count as some more: of each stream, and
 * of all strangers (everybody but validators) together. It bounds what a vote waits for, however many wallets talk at
 * once, and however small what is said is: what a message costs beside its bytes is one to two microseconds
 * (tests/bench/message_bench.c), and what a record does a third of one.
 */
#define TCP_STRANGER_TURN_MAX  (16u << 10)
#define TCP_STRANGERS_TURN_MAX (256u << 10)
#define TCP_PEER_TURN_MAX      (512u << 10)
#define TCP_MESSAGE_COST       512u
#define TCP_RECORD_COST        128u

/* While so many bytes wait for a stranger he is not read: he asks for no more before he takes what he is given. */
#define TCP_STRANGER_QUEUE_MAX WRITE_QUEUE_WALLET_MAX

#define TCP_CLOSED "closed" /* why a stream ended which the other end has closed in order */

#define TCP_SILENCE_S 60 /* of an inbound stream, before TCP asks whether the other side is still there */

struct tcp;

/* The handlers of a stream, which outlive it. */
struct tcp_events {
	bool stranger; /* the budget of all strangers holds for it */
	/* Inbound, while there is no link: the first byte of the stream. Must tcp_attach or tcp_close. */
	void (*first)(void *owner, struct tcp *tcp, uint8_t byte);
	/* The handshake is complete, and the other side has sent an authentic record. */
	void (*established)(void *owner);
	/* A whole message; the bytes are valid during the call. */
	void (*message)(void *owner, struct bytes message);
	/* The stream ended by itself (why: a word or two for the log) and has been closed. The last one. */
	void (*down)(void *owner, const char *why);
};

/* Shared by all streams of a process. */
struct tcp_set {
	uv_loop_t *loop;
	unsigned handshake_timeout_ms;
	struct tcp *dirty;  /* to be flushed at the end of the turn */
	struct tcp *paused; /* they go on in the next turn */
	uv_idle_t idle;     /* active while there are any as a turn begins, so that the loop does not wait */
	uint64_t turn;
	size_t read_budget;     /* that strangers may still have in this turn */
	struct tcp *young;      /* not established yet, oldest first */
	uv_timer_t young_timer; /* fires at the deadline of the oldest of them */
	size_t open;            /* streams whose close callback has not been called */
	char buffer[64u << 10]; /* libuv reads into it, and it is fed to a link before the next read */
};

/* Returns 0 or UNCIA_E_IO. Owns: tcp_set_stop, run the loop. */
int tcp_set_init(struct tcp_set *set, uv_loop_t *loop, unsigned handshake_timeout_ms);
/* Closes the timer. Every stream must have been closed; their close callbacks come as the loop runs. */
void tcp_set_stop(struct tcp_set *set);
/* The beginning of a turn, before the loop polls, and before the end of the last one: gives everybody a new budget, and
 * what has come already goes on. May call `message` and `down`. */
void tcp_set_begin(struct tcp_set *set);
/* The end of a turn: writes what was sent since the last one, with one system call a stream. May call `down`. */
void tcp_set_flush(struct tcp_set *set);

/* Takes over an accepted socket (closed on failure as well). It has handshake_timeout_ms to be established. The stream
 * is the caller's until tcp_close or `down`. Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. */
int tcp_open(struct tcp_set *set, int fd, const struct tcp_events *events, void *owner, struct tcp **tcp);
/* From now on the bytes of an inbound stream come and go in the frames of a WebSocket, which the other side has to open
 * first; until then `first` is not called. Before anything was received. Returns 0 or UNCIA_E_MEMORY. */
int tcp_set_websocket(struct tcp *tcp);
/* Dials, with a link of these options (an initiator's); the rest as for tcp_open.
 * Returns 0, UNCIA_E_MEMORY, UNCIA_E_IO or an error of link_new. */
int tcp_connect(struct tcp_set *set, const struct sockaddr *address, const struct link_options *options,
                const struct tcp_events *events, void *owner, struct tcp **tcp);
/* Gives an inbound stream its link (a responder's) and from now on other handlers. Inside `first` only. Returns as
 * link_new; the stream is then as it was. */
int tcp_attach(struct tcp *tcp, const struct link_options *options, const struct tcp_events *events, void *owner);
/* Queues a message (size 0: a ping) on a stream that has a link. Returns as link_send; UNCIA_E_CLOSED after tcp_close.
 * On UNCIA_E_FULL the caller drops the stream. */
int tcp_send(struct tcp *tcp, const void *message, size_t size);
/* Accepts NULL; may be called at any time, from any handler, more than once until the loop runs on. */
void tcp_close(struct tcp *tcp);

/* The other end's address; zero where the socket does not know it any more. */
void tcp_address(const struct tcp *tcp, struct net_address *address);
/* The other end's static key (link_remote_static); NULL where it is not known. */
const uint8_t *tcp_remote_static(const struct tcp *tcp);
/* Bytes in the write queue: sent, and not taken by the socket. */
size_t tcp_queued(const struct tcp *tcp);
/* How long ago the message began that has come in part only, or was last read on; 0: there is none, or it is not read
 * now. */
unsigned tcp_unfinished_ms(const struct tcp *tcp);
/* The loop's time at the last byte received, and at the last tcp_send; at first, when the stream was made. */
uint64_t tcp_heard_ms(const struct tcp *tcp);
uint64_t tcp_sent_ms(const struct tcp *tcp);

#endif
