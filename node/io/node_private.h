/* The loop of a validator, for the files that make it up: node.c, which moves everything, and node_asked.c, which
 * answers whoever looks at it. Threads: the loop's, but where it is said otherwise. */
#ifndef NODE_PRIVATE_H
#define NODE_PRIVATE_H
#include <time.h>
#include "listener.h"
#include "node.h"
#include "operators.h"
#include "storage_thread.h"
#include "verifier.h"
#include "wallets.h"

/* An event that arose while actions were being carried out. It waits until they have been, since the core is never
 * entered from inside a step. */
struct deferred {
	enum event_kind kind;
	uint32_t peer;
	uint64_t wallet;
};

/* The state of the node. Moves, by node_move alone: STARTING → WAITING → STEPPING → WAITING; STARTING, WAITING →
 * STOPPING. */
enum node_state {
	NODE_STARTING,
	NODE_WAITING,  /* for events */
	NODE_STEPPING, /* in a step of the core, or carrying out its actions */
	NODE_STOPPING, /* events are no longer delivered */
};

struct node {
	enum node_state state;
	const struct node_options *options;
	uv_loop_t loop;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_timer_t timer, beat;
	uv_signal_t interrupt, terminate, hangup;
	uv_async_t asked; /* for figures */
	uint64_t timer_at_ms;
	uint32_t wallet_links_max;

	struct replica *replica;
	struct actions actions;
	/* There is room for every link to go down once; none comes up while actions are carried out. */
	struct deferred *deferred;
	size_t deferred_count, deferred_capacity;

	struct tcp_set set;
	struct listener *listener;
	struct peers *peers;
	struct wallets *wallets;
	struct verifier *verifier;
	struct storage *storage;
	struct operators *operators; /* NULL: no home was named */
	struct node_figures figures; /* the last ones */
};

/* Monotonic, in ms. */
static inline uint64_t node_now_ms(void)
{
	return uv_hrtime() / 1000000;
}
/* Since 1970, UTC. */
static inline uint64_t node_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
/* The free space below which it stops voting, in bytes. */
static inline uint64_t node_space_reserve(const struct node_options *options)
{
	return options->space_reserve ? options->space_reserve : SPACE_RESERVE_DEFAULT;
}

/* ---- node_asked.c ---- */

/* Figures are wanted: they are taken, and handed over. */
void node_on_asked(uv_async_t *async);
/* SIGHUP: what may change while it runs is read anew. */
void node_on_hangup(uv_signal_t *handle, int number);
/* The time has come to say how it is doing. */
void node_on_beat(uv_timer_t *timer);

#endif
