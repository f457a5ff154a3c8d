/* The beginning and the end of a step, and of all steps. See step.h. */
#include "step.h"
#include <assert.h>
#include <stdlib.h>
#include "outbox.h"
#include "uncia/error.h"

int step_init(struct step *s, const struct genesis *genesis, uint32_t self, const struct storage_view *storage)
{
	assert(self < genesis->committee.size || self == NOT_A_MEMBER);
	*s = (struct step){
	    .committee = &genesis->committee, .network_id = genesis->network_id, .self = self, .storage = *storage};
	s->outbox_last = &s->outbox;
	s->checked_last = &s->checked;
	s->peers = calloc(s->committee->size, sizeof(*s->peers));
	return s->peers ? 0 : UNCIA_E_MEMORY;
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
