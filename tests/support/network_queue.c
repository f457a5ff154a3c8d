/* What will happen to the nodes, in order of time; see network_parts.h. */
#include "network_parts.h"

bool item_before(const struct item *a, const struct item *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void network_push_again(struct network *n, struct item item)
{
	if (n->count == n->capacity) {
		n->capacity = n->capacity ? n->capacity * 2 : 256;
		n->items = must(realloc(n->items, n->capacity * sizeof(*n->items)));
	}
	size_t i = n->count++;
	while (i && item_before(&item, &n->items[(i - 1) / 2])) {
		n->items[i] = n->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	n->items[i] = item;
}

void network_push(struct network *n, struct item item)
{
	item.order = n->order++;
	network_push_again(n, item);
}

struct item network_pop(struct network *n)
{
	struct item top = n->items[0], last = n->items[--n->count];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < n->count; i = child) {
		if (child + 1 < n->count && item_before(&n->items[child + 1], &n->items[child]))
			child++;
		if (!item_before(&n->items[child], &last))
			break;
		n->items[i] = n->items[child];
	}
	n->items[i] = last;
	return top;
}

void item_free(struct item *item)
{
	free(item->bytes);
	commit_free(item->commit);
	flush_free(item->flush);
}
