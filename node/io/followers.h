/* Those who follow the final chain over the control socket: a page of it for each question, read from the journal when
 * there is one, within a share of what the loop reads. A follower costs the validator one page at a time: the next
 * question of a client is looked at when the answer to the last one has been given.
 *
 * Threads: the loop's, all of it. */
#ifndef FOLLOWERS_H
#define FOLLOWERS_H
#include <uv.h>
#include "control.h"
#include "read_budget.h"
#include "storage_view.h"
#include "store.h"

#define FOLLOW_WAIT_MS_MAX 10000u
#define FOLLOW_OWED        (1u << 20) /* of bytes read for all followers together, above which they wait */
#define FOLLOW_PER_MS      (8u << 10)

struct followers {
	uv_loop_t *loop;
	uv_timer_t timer; /* runs while somebody waits */
	struct store *store;
	struct storage_view view;
	struct read_budget budget;
	size_t count;
	struct follower {
		struct control_client *client;
		uint64_t from_height, until_ms;
	} waiting[CONTROL_CLIENTS_MAX];
};

/* Nobody follows yet. The store and the loop outlive it. */
void followers_begin(struct followers *followers, uv_loop_t *loop, struct store *store);
/* Answers the client's question: now, or when there is more, or when its time is over. */
void followers_ask(struct followers *followers, struct control_client *client,
                   const Uncia__Pb__ControlFollow *question);
/* The client is gone: its question is forgotten. */
void followers_gone(struct followers *followers, const struct control_client *client);
/* Closes the timer; nobody is answered any more. */
void followers_stop(struct followers *followers);

#endif
