/* The links to the other validators, for the files that make them up: peers.c, and peer_names.c below it.
 *
 * Threads: the loop's, all of it. */
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

/* The state of the link to a validator. Moves, by peer_move alone: DOWN → DIALLING → UP where we dial; DOWN → UP where
 * it does; and each → DOWN. */
enum peer_state { PEER_DOWN, PEER_DIALLING, PEER_UP };

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
	bool was_up;
	uint64_t up_ms, heard_ms;  /* when the link came up; when it was last heard, as of the last tick */
	uint64_t since_ms;         /* when the link last came up or went down; at first, the start */
	uint64_t shunned_until_ms; /* no link before then */
	unsigned silent_ms;
	uint64_t window; /* of the newest connection from its address, and how many came in it */
	unsigned calls;
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

/* ---- peer_names.c ---- */
/* From now on the validator is looked for there. A name that is being looked up meanwhile is looked up anew. */
void peer_name_set(struct peer *peer, const struct peer_address *name);
/* Looks the name up; `resolved` tells. Of NAME_IDLE only. */
void peer_resolve(struct peer *peer);
/* Before any name is looked up: so many of the pool's threads that no name waits for others'. */
void make_room_for_names(uint32_t validators);

#endif
