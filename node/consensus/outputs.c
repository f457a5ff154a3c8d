/* The list of what the caller is to do. See consensus.h. */
#include <assert.h>
#include <stdlib.h>
#include "state.h"

struct consensus_output *output_add(struct consensus *c, enum consensus_output_kind kind)
{
	struct queued_output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->output.kind = kind;
	*c->outputs_last = o;
	c->outputs_last = &o->next;
	return &o->output;
}

void outputs_settle(struct consensus *c, uint64_t through)
{
	struct queued_output **at = &c->outputs;

	while (*at) {
		struct queued_output *o = *at;
		bool about_views = o->output.kind != OUT_VOTING && o->output.kind != OUT_EVIDENCE;
		if (about_views && o->output.view <= through) {
			*at = o->next;
			free(o);
		} else {
			at = &o->next;
		}
	}
	c->outputs_last = at;
}

bool consensus_next(struct consensus *c, struct consensus_output *output)
{
	struct queued_output *o = c->outputs;

	if (!o)
		return false;
	*output = o->output;
	assert(output->kind != OUT_CERTIFICATE || output->certificate->view > c->final_view);
	c->outputs = o->next;
	if (!c->outputs)
		c->outputs_last = &c->outputs;
	free(o);
	return true;
}
