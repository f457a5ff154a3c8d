/* Shared by the files of the links to the other validators: peers.c, which moves everything, peer_names.c below it, and
 * peers_report.c, which reads it. See peers.h. Threads: the loop's. */
#ifndef PEERS_PRIVATE_H
#define PEERS_PRIVATE_H
#include "peers.h"

struct peer;

struct peer_link {
	struct peers *peers;
	struct peer *peer; /* NULL: a candidate, not known yet whose */
	struct tcp *tcp;
	struct peer_link *prev, *next; /* among the candidates */
};

/* The state of a validator's configured host. Moves, by name_move alone: IDLE → RESOLVING → IDLE; a new configuration
 * moves between the others. */
enum name_state {
	NAME_NONE,      /* none is configured: it can only dial us */
	NAME_NUMERIC,   /* an address */
	NAME_IDLE,      /* a name, looked up at times */
	NAME_RESOLVING, /* a name that is being looked up: libuv has `request` */
};

struct peer {
	struct peers *peers;
	uint32_t index;
	uint8_t network_key[32];
	enum peer_state state;
	struct peer_link *link; /* NULL: PEER_DOWN */
	enum name_state name_state;
	struct peer_address name;
	struct sockaddr_storage address; /* the one in use; AF_UNSPEC: none is known */
	unsigned resolutions;            /* how often its name gave addresses */
	bool renamed;                    /* NAME_RESOLVING: it is the name of before that is looked up */
	uint64_t resolved_ms;            /* when it was last looked up */
	bool told;                       /* why it could not be reached, at told_ms */
	uint64_t told_ms;
	uv_getaddrinfo_t request;
	uv_timer_t retry;
	unsigned backoff_ms;
	uint8_t version;   /* of the wire, that was dialled last */
	bool falls_back;   /* the next dialling is of the version before: this one was not understood, as it seems */
	bool knows_newest; /* a link of the newest version was up, and ended at newest_ms */
	uint64_t newest_ms;
	bool was_up;
	uint64_t up_ms, heard_ms;  /* when the link came up; when it was last heard, as of the last tick */
	uint64_t since_ms;         /* when the link last came up or went down; at first, the start */
	uint64_t shunned_until_ms; /* no link before then */
	unsigned silent_ms;
	uint64_t window; /* of the newest connection from its address, and how many came in it */
	unsigned calls;
	char error[PEER_ERROR_SIZE]; /* why the last link ended, or none could be made, at error_ms; empty: no such
	                                thing yet */
	uint64_t error_ms;
};

struct peers {
	struct peers_options options;
	struct peers_events events;
	struct peers_counters counters;
	uv_timer_t tick;
	unsigned tick_ms;
	bool stopping;
	/* A name was looked up: its address is known (why: NULL), or it is not, and why. */
	void (*resolved)(struct peer *peer, const char *why);
	struct peer_link *candidates; /* inbound links whose validator is not known yet, oldest first */
	unsigned candidate_count;
	uint32_t size;
	struct peer all[];
};

/* network §8.2: of two validators the one with the lower index in the committee dials the other, and an observer dials
 * them all. */
static inline bool we_dial(const struct peer *peer)
{
	const struct peers *p = peer->peers;

	if (peer->index >= p->options.genesis->committee.size)
		return false;
	return p->options.self == NOT_A_MEMBER || p->options.self < peer->index;
}
/* Whether it is the other side that makes the link. */
static inline bool dials_us(const struct peer *peer)
{
	return peer->index != peer->peers->options.self && !we_dial(peer);
}

/* ---- peer_names.c ---- */
/* From now on the validator is looked for there. A name that is being looked up meanwhile is looked up anew. */
void peer_name_set(struct peer *peer, const struct peer_address *name);
/* Looks the name up; `resolved` tells. Of NAME_IDLE only. */
void peer_resolve(struct peer *peer);

#endif
