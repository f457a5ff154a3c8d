/* The beginning and the end of a step, and of all steps. See step.h. */
#include "step.h"
#include <assert.h>
#include <stdlib.h>
#include "outbox.h"
#include "uncia/error.h"

int step_init(struct step *s, const struct genesis *genesis, uint32_t self, uint32_t observers,
              const struct storage_view *storage)
{
	assert(self < genesis->committee.size || self == NOT_A_MEMBER);
	*s = (struct step){
	    .committee = &genesis->committee, .network_id = genesis->network_id, .self = self, .storage = *storage};
	s->outbox_last = &s->outbox;
	s->checked_last = &s->checked;
	s->peers = calloc(PEERS_MAX, sizeof(*s->peers));
	if (!s->peers)
		return UNCIA_E_MEMORY;
	s->peer_count = s->committee->size + observers;
	assert(s->peer_count <= PEERS_MAX);
	for (uint32_t i = 0; i < s->committee->size; i++)
		s->peers[i].validator = s->peer_of[i] = i;
	for (uint32_t i = s->committee->size; i < s->peer_count; i++)
		s->peers[i].validator = NOT_A_MEMBER;
	s->own_peer = self < s->committee->size ? step_peer_of(s, self) : PEER_NONE;
	return 0;
}

void step_deinit(struct step *s)
{
	assert(!s->jobs && !s->checked);
	step_outbox_free(s);
	chunk_cache_deinit(&s->chunk_cache);
	free(s->peers);
	s->peers = NULL;
}

void step_begin(struct step *s, struct actions *out, uint64_t now_ms, uint64_t wall_ms, size_t message_size)
{
	assert(!s->checked && s->durable <= s->sequence);
	actions_clear(out);
	s->out = out;
	s->now_ms = now_ms;
	s->wall_ms = wall_ms;
	s->message_size = message_size;
	s->wrote = false;
	s->released = 0;
}
