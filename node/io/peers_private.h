/* Shared by the files of the links to the other validators: peers.c, which moves everything, and peers_report.c, which
 * reads it. See peers.h. Threads: the loop's. */
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

/* The state of a validator's configured host. Moves, by name_move alone: IDLE → RESOLVING → IDLE; the other two stay.
 */
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
	struct peer_link *candidates; /* inbound links whose validator is not known yet, oldest first */
	unsigned candidate_count;
	uint32_t size;
	struct peer all[];
};

#endif
