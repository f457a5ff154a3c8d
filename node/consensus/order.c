/* Lists by view, so that the oldest are forgotten, and the newest told, without walking over what lies between. See
 * state.h. */
#include <assert.h>
#include "state.h"

/* Where a node of that view belongs, if that is next to `at`: *newer and *older are what it stands between. */
static bool order_beside(struct order_node *at, uint64_t view, struct order_node **newer, struct order_node **older)
{
	*newer = at->view > view ? at : at->newer;
	*older = at->view > view ? at->older : at;
	return (!*newer || (*newer)->view > view) && (!*older || (*older)->view <= view);
}

/* From both ends and from where the last one went, a step of each in turn: what comes belongs to the newest, to the
 * oldest, or next to what came before it. */
size_t order_insert(struct order *o, struct order_node *node)
{
	struct order_node *from[] = {o->newest, o->oldest, o->last}, *newer = NULL, *older = NULL;
	size_t steps = 0;

	for (size_t i = 0; o->newest && !order_beside(from[i], node->view, &newer, &older); i = (i + 1) % 3) {
		from[i] = from[i]->view > node->view ? from[i]->older : from[i]->newer;
		steps++;
	}
	node->newer = newer;
	node->older = older;
	*(newer ? &newer->older : &o->newest) = node;
	*(older ? &older->newer : &o->oldest) = node;
	o->last = node;
	return steps;
}

void order_remove(struct order *o, struct order_node *node)
{
	assert((node->newer ? node->newer->older : o->newest) == node);
	*(node->newer ? &node->newer->older : &o->newest) = node->older;
	*(node->older ? &node->older->newer : &o->oldest) = node->newer;
	if (o->last == node)
		o->last = node->newer ? node->newer : node->older;
}
