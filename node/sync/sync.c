/* What all files of the room rest on: its state, and the budget of each validator's questions. See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include "sync_room.h"
#include "uncia/error.h"

int sync_init(struct sync *s)
{
	assert(s->step && s->chain && s->heartbeat_ms);
	s->ask_at = TIME_NEVER;
	s->peers = calloc(PEERS_MAX, sizeof(*s->peers));
	return s->peers ? 0 : UNCIA_E_MEMORY;
}

void sync_deinit(struct sync *s)
{
	for (uint32_t i = 0; s->peers && i < PEERS_MAX; i++)
		sync_run_free(&s->peers[i].run);
	free(s->peers);
	s->peers = NULL;
}

void sync_start(struct sync *s, const struct consensus *consensus)
{
	s->consensus = consensus;
	s->last_final_ms = s->newest_ask_at = s->step->now_ms;
	s->standstill_at = s->step->now_ms + STANDSTILL_MS;
}

void sync_final(struct sync *s)
{
	s->last_final_ms = s->step->now_ms;
}

/* The weight of those linked who have told of that height, or a higher one. */
static uint64_t weight_at(const struct sync *s, uint64_t height)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < s->step->peer_count; i++)
		if (s->step->peers[i].up && s->peers[i].final_height >= height)
			weight += step_weight(s->step, i);
	return weight;
}

uint64_t sync_highest(const struct sync *s)
{
	uint64_t highest = 0;

	for (uint32_t i = 0; i < s->step->peer_count; i++)
		if (s->step->peers[i].up && s->peers[i].final_height > highest &&
		    weight_at(s, s->peers[i].final_height) > s->step->committee->faulty)
			highest = s->peers[i].final_height;
	return highest;
}

bool sync_far(const struct sync *s)
{
	return s->chain->decided_height > s->chain->tip->header.height + s->near_blocks;
}

bool sync_budget_left(struct sync *s, uint32_t peer, enum sync_share share)
{
	struct read_budget *budget = &s->peers[peer].budgets[share];
	bool left = read_budget_left(budget, s->step->now_ms, READ_PEER_OWED, READ_PEER_PER_MS);

	if (left)
		budget->owed += READ_QUESTION;
	else
		s->step->dropped_messages++;
	return left;
}
