/* What the operator of a running validator may ask over its control socket: the table of handlers, and what they
 * answer. A handler reads what the loop's thread may read, and never enters the core.
 *
 * Threads: the loop's, all of it. */
#ifndef OPERATORS_H
#define OPERATORS_H
#include "peers.h"
#include "replica.h"
#include "storage_thread.h"

#define OPERATORS_PAUSE_MS 5000u /* within which a home has to be opened beside the validator */

/* All of it outlives the operators. */
struct operators_options {
	uv_loop_t *loop;
	const char *home;
	const struct genesis *genesis;
	uint32_t self; /* an index in the committee */
	const struct replica *replica;
	const struct peers *peers;
	struct store *store;
	struct storage *storage; /* whose `paused` calls operators_paused */
};

struct operators;

/* Listens in the home. Where that is not possible it is logged, and the validator runs without: what it owes to others
 * does not hang on its operator's socket. Returns 0 or UNCIA_E_MEMORY. Owns: operators_stop, run the loop,
 * operators_free. */
int operators_new(const struct operators_options *options, struct operators **operators);
/* The pause that was asked of the storage has begun. */
void operators_paused(struct operators *operators);
/* Ends whatever was asked for, and removes the socket. Once. */
void operators_stop(struct operators *operators);
/* After operators_stop and a run of the loop. Accepts NULL. */
void operators_free(struct operators *operators);

#endif
