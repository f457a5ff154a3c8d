/* The list of what the caller is to do. See consensus.h. */
#include <assert.h>
#include <stdlib.h>
#include "state.h"

struct consensus_output *output_add(struct consensus *c, enum consensus_output_kind kind)
{
	struct queued_output *o = calloc(1, sizeof(*o));

	assert(c->outputs_last && !*c->outputs_last);
	if (!o)
		return NULL;
	o->output.kind = kind;
	*c->outputs_last = o;
	c->outputs_last = &o->next;
	return &o->output;
}

/* Takes out *at, and leaves the one after it there. */
static void outputs_remove(struct consensus *c, struct queued_output **at)
{
	struct queued_output *o = *at;

	*at = o->next;
	if (!*at)
		c->outputs_last = at;
	free(o);
}

void outputs_forget_through(struct consensus *c, uint64_t through)
{
	struct queued_output **at = &c->outputs;

	while (*at) {
		const struct consensus_output *o = &(*at)->output;
		if (o->kind != OUT_VOTING && o->kind != OUT_EVIDENCE && o->view <= through)
			outputs_remove(c, at);
		else
			at = &(*at)->next;
	}
}

void outputs_forget(struct consensus *c, const struct hash *id)
{
	struct queued_output **at = &c->outputs;

	while (*at) {
		const struct consensus_output *o = &(*at)->output;
		assert(o->kind != OUT_VOTE || o->vote.kind != VOTE_NOTAR1 || !hash_equal(&o->vote.block_id, id));
		if (o->kind == OUT_JUDGE && hash_equal(&o->id, id))
			outputs_remove(c, at);
		else
			at = &(*at)->next;
	}
}

bool outputs_have_vote(const struct consensus *c)
{
	for (const struct queued_output *o = c->outputs; o; o = o->next)
		if (o->output.kind == OUT_VOTE)
			return true;
	return false;
}

bool consensus_next(struct consensus *c, struct consensus_output *output)
{
	struct queued_output *o = c->outputs;

	if (!o)
		return false;
	*output = o->output;
	assert(output->kind != OUT_CERTIFICATE || output->certificate->view > c->final_view);
	outputs_remove(c, &c->outputs);
	return true;
}
