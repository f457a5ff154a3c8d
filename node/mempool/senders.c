/* Senders, each with the list of its verified payments, oldest first. They are in a table, in a list for each number of
 * payments (whom to evict from), and, with something ready, in the turn list (whose turn it is in a walk). */
#include <assert.h>
#include <string.h>
#include <utlist.h>
#include "mempool_internal.h"

struct sender *sender_find(const struct mempool *pool, const struct address *address, uint32_t hash)
{
	struct sender *sender = pool->senders[hash & pool->mask];

	while (sender && (sender->hash != hash || memcmp(&sender->address, address, sizeof(*address)) != 0))
		sender = sender->hash_next;
	return sender;
}

struct sender *sender_new(struct mempool *pool, const struct address *address, uint32_t hash)
{
	struct sender *sender = slab_alloc(&pool->sender_slab);

	if (!sender)
		return NULL;
	*sender = (struct sender){.address = *address, .hash = hash};
	LL_PREPEND2(pool->senders[hash & pool->mask], sender, hash_next);
	return sender;
}

void sender_drop(struct mempool *pool, struct sender *sender)
{
	assert(sender->count == 0 && sender->ready == 0 && !sender->following);
	LL_DELETE2(pool->senders[sender->hash & pool->mask], sender, hash_next);
	slab_free(&pool->sender_slab, sender);
}

/* Moves the sender to the end of the list of its new count. */
void sender_set_count(struct mempool *pool, struct sender *sender, uint32_t count)
{
	assert(count <= pool->per_sender_max);
	if (sender->count)
		DL_DELETE2(pool->levels[sender->count], sender, level_prev, level_next);
	sender->count = count;
	if (count)
		DL_APPEND2(pool->levels[count], sender, level_prev, level_next);
	if (count > pool->most)
		pool->most = count;
	while (pool->most && !pool->levels[pool->most])
		pool->most--;
}

void sender_add_ready(struct mempool *pool, struct sender *sender)
{
	pool->ready++;
	if (sender->ready++ == 0)
		DL_APPEND2(pool->turns, sender, turn_prev, turn_next);
}

/* The first slot that is ready, from `slot` on. */
static struct slot *next_ready(struct slot *slot)
{
	while (slot && slot->pooled.state != POOLED_READY)
		slot = slot->next;
	return slot;
}

void sender_remove_ready(struct mempool *pool, struct slot *slot)
{
	struct sender *sender = slot->sender;

	assert(pool->ready > 0 && sender->ready > 0 && sender->ready <= sender->count);
	pool->ready--;
	if (--sender->ready == 0)
		DL_DELETE2(pool->turns, sender, turn_prev, turn_next);
	if (sender->following != slot)
		return;
	sender->following = next_ready(slot->next);
	if (!sender->following)
		DL_DELETE2(pool->queue, sender, queue_prev, queue_next);
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* First the oldest payment of each sender, in the order of the turn list; a sender whose turn was taken goes to its
 * end, so that the next walk begins with those that this one did not reach. Then, round by round, the senders in
 * `queue`, which have more. */
void mempool_walk_begin(struct mempool *pool, struct mempool_walk *walk)
{
	struct sender *sender, *next;

	DL_FOREACH_SAFE2 (pool->queue, sender, next, queue_next)
		sender->following = NULL;
	pool->queue = NULL;
	pool->round++;
	*walk = (struct mempool_walk){.round = pool->round};
}

struct pooled *mempool_walk_next(struct mempool *pool, struct mempool_walk *walk)
{
	struct sender *sender = pool->turns;
	struct slot *slot;

	if (walk->round != pool->round)
		return NULL;
	if (sender && sender->round != pool->round) {
		sender->round = pool->round;
		DL_DELETE2(pool->turns, sender, turn_prev, turn_next);
		DL_APPEND2(pool->turns, sender, turn_prev, turn_next);
		slot = next_ready(sender->slots);
	} else {
		sender = pool->queue;
		if (!sender)
			return NULL;
		DL_DELETE2(pool->queue, sender, queue_prev, queue_next);
		slot = sender->following;
	}
	assert(slot && slot->sender == sender && slot->pooled.state == POOLED_READY);
	sender->following = next_ready(slot->next);
	if (sender->following)
		DL_APPEND2(pool->queue, sender, queue_prev, queue_next);
	return &slot->pooled;
}
