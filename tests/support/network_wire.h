/* The links of a network whose nodes speak bytes; for network_wire.c and network_tcp.c alone.
 *   network_wire.c  what node/io/peers.c does: who dials, backoff, one link to each, pings and silence
 *   network_tcp.c   what node/io/tcp.c and the systems below it do: connections, and the bytes on them */
#ifndef NETWORK_WIRE_H
#define NETWORK_WIRE_H
#include "network_parts.h"
#include "wire.h"
#include "wire_link.h"

struct connection;

struct end {
	struct connection *connection;
	struct end *other;
	uint32_t node;
	bool open, established, dirty;
	struct link *link; /* NULL: nothing has come yet that would need it */
	struct wire in;    /* on its way to this end, or there and not read */
	uint64_t over_at;  /* when it will notice that the other is gone; 0: it cannot know */
	uint64_t deadline_at, heard_ms, sent_ms;
	uint64_t cut_until, cut_ms;     /* what it is sent is sent again then, after so long */
	uint64_t wake_at, wake;         /* the one item that is to come for it */
	struct said *said, **said_last; /* to it, and not heard yet */
	size_t lone_max;                /* the longest message that was queued alone */
};

struct connection {
	struct connection *next;
	uint64_t number;
	bool connected;
	uint64_t at;        /* not connected: when it is tried */
	struct end ends[2]; /* who dialled, and who was dialled */
};

struct peer { /* what a node knows of another one */
	struct end *live, *dialling;
	unsigned backoff_ms, silent_ms;
	uint64_t up_ms, heard_ms;
	uint64_t shunned_until;
};

struct tell { /* a node must be told of the end of a link, or its beginning */
	uint32_t node, life, peer;
	bool up;
};

struct wires {
	uint64_t random, numbers;
	struct connection *connections[NETWORK_NODES_MAX][NETWORK_NODES_MAX]; /* by who dialled whom */
	struct peer peers[NETWORK_NODES_MAX][NETWORK_NODES_MAX];
	struct tell *tell;
	size_t tell_count;
	bool dirty;
};

static inline uint64_t wires_draw(struct network *n, uint64_t below)
{
	return wire_draw(&n->wires->random, below);
}

void __attribute__((format(printf, 3, 4)))
wires_trace(const struct network *n, const struct end *end, const char *format, ...);
void __attribute__((format(printf, 3, 4), noreturn))
wires_fail(const struct network *n, const struct end *end, const char *format, ...);

/* network_tcp.c */
struct end *end_dial(struct network *n, uint32_t from, uint32_t to);
/* Closes this end without a word to its owner. quietly: nobody tells the other one. */
void end_close(struct network *n, struct end *end, bool quietly);
int end_send(struct network *n, struct end *end, const struct bytes *message);
void ends_due(struct network *n, const struct item *item);
void ends_flush(struct network *n); /* what was sent in this turn goes out */
void ends_free(struct network *n);

/* network_wire.c */
bool wires_allowed(void *end, const uint8_t key[32]);
void wires_established(struct network *n, struct end *end);
void wires_ended(struct network *n, struct end *end, const char *why); /* it is closed */
bool wires_live(const struct network *n, const struct end *end);
void wires_tell(struct network *n);

#endif
