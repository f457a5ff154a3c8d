/* What all files of the room rest on: its state, and the budget of each validator's questions. See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include "sync_room.h"
#include "uncia/error.h"

int sync_init(struct sync *s)
{
	assert(s->step && s->chain && s->heartbeat_ms);
	s->ask_at = TIME_NEVER;
	s->peers = calloc(s->step->committee->size, sizeof(*s->peers));
	return s->peers ? 0 : UNCIA_E_MEMORY;
}

void sync_deinit(struct sync *s)
{
	for (uint32_t i = 0; s->peers && i < s->step->committee->size; i++)
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

/* One liar may tell of any height: what validators of more weight than F tell, an honest one does. */
uint64_t sync_highest(const struct sync *s)
{
	const struct committee *c = s->step->committee;
	uint64_t highest = 0;

	for (uint32_t i = 0; i < c->size; i++) {
		uint64_t weight = 0, height = s->peers[i].final_height;
		for (uint32_t j = 0; j < c->size; j++)
			if (s->step->peers[j].up && s->peers[j].final_height >= height)
				weight += c->validators[j].weight;
		if (height > highest && weight > c->faulty)
			highest = height;
	}
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
