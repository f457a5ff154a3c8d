/* The disks of a network's nodes: what is on its way to them, and what a crash leaves of it; see network_parts.h. */
#include "network_parts.h"

#define FLUSH_MS 5

void commit_free(struct commit *commit)
{
	while (commit && commit->first) {
		struct journal_item *item = commit->first;
		commit->first = item->next;
		free(item);
	}
	free(commit);
}

void network_journal(struct network *n, uint32_t node, struct commit **commit, const struct action *action)
{
	if (n->options.journal && action->kind == ACTION_JOURNAL_PUT)
		n->options.journal(n->options.tap_context, node, action->table, &action->message, false,
		                   n->nodes[node].final_view);
	if (!*commit) {
		*commit = must(calloc(1, sizeof(**commit)));
		(*commit)->last = &(*commit)->first;
	}
	struct journal_item *item = must(calloc(1, sizeof(*item) + action->key.size + action->message.size));
	item->view = action->view;
	if (action->kind == ACTION_JOURNAL_PUT) {
		item->table = action->table;
		item->key_size = action->key.size;
		item->value_size = action->message.size;
		memcpy(item->bytes, action->key.data, action->key.size);
		memcpy(item->bytes + action->key.size, action->message.data, action->message.size);
	}
	(*commit)->sequence = action->sequence;
	*(*commit)->last = item;
	(*commit)->last = &item->next;
}

void network_commit_begin(struct network *n, uint32_t node, struct commit *commit)
{
	network_push(n, (struct item){.at = n->now + n->options.commit_ms,
	                              .kind = ITEM_COMMIT,
	                              .node = node,
	                              .life = n->nodes[node].life,
	                              .commit = commit});
}

static void network_write(struct network *n, uint32_t node, const struct commit *commit)
{
	struct memory_store *store = n->nodes[node].store;

	for (const struct journal_item *item = commit->first; item; item = item->next) {
		if (!item->table) {
			memory_store_forget(store, item->view);
			continue;
		}
		if (memory_store_put(store, item->table, item->bytes, item->key_size, item->bytes + item->key_size,
		                     item->value_size))
			abort();
		struct bytes value = {item->bytes + item->key_size, item->value_size};
		if (n->options.journal)
			n->options.journal(n->options.tap_context, node, item->table, &value, true,
			                   n->nodes[node].final_view);
	}
}

void network_commit_done(struct network *n, uint32_t node, const struct commit *commit)
{
	struct node *self = &n->nodes[node];

	if (self->crash != CRASH_BEFORE_COMMIT)
		network_write(n, node, commit);
	if (self->crash == CRASH_NOT)
		network_step(n, node, (struct event){.kind = EVENT_DURABLE, .sequence = commit->sequence});
	else
		network_crash(n, node);
}

void network_flush_begin(struct network *n, uint32_t node, struct flush *flush)
{
	network_push(n, (struct item){.at = n->now + FLUSH_MS,
	                              .kind = ITEM_FLUSH,
	                              .node = node,
	                              .life = n->nodes[node].life,
	                              .flush = flush});
}

void network_flush_done(struct network *n, struct item *item)
{
	struct flush *flush = item->flush;

	if (memory_store_apply(n->nodes[item->node].store, flush)) {
		fprintf(stderr, "seed %llu: node %u: a flush that cannot be carried out\n",
		        (unsigned long long)n->options.seed, item->node);
		abort();
	}
	item->flush = NULL;
	network_step(n, item->node, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

void network_crash_keeping(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];
	bool kept = true;

	while (kept) {
		struct item *first = NULL;
		for (size_t i = 0; i < n->count; i++) {
			struct item *item = &n->items[i];
			if (item->node == node && item->life == self->life && (item->commit || item->flush) &&
			    (!first || item_before(item, first)))
				first = item;
		}
		kept = first && network_random(n) % 2;
		if (!kept)
			break;
		if (first->commit)
			network_write(n, node, first->commit);
		else if (memory_store_apply(self->store, first->flush))
			abort();
		commit_free(first->commit);
		flush_free(first->flush);
		first->commit = NULL;
		first->flush = NULL;
	}
	network_crash(n, node);
}

void network_crash_at_commit(struct network *n, uint32_t node, bool kept)
{
	assert(n->nodes[node].replica);
	n->nodes[node].crash = kept ? CRASH_AFTER_COMMIT : CRASH_BEFORE_COMMIT;
}

void network_view(const struct network *n, uint32_t node, struct storage_view *view)
{
	memory_store_view(n->nodes[node].store, view);
}

struct memory_store *network_backup(struct network *n, uint32_t node)
{
	return must(memory_store_copy(n->nodes[node].store));
}

void network_replace_store(struct network *n, uint32_t node, struct memory_store *store)
{
	assert(!n->nodes[node].replica);
	memory_store_free(n->nodes[node].store);
	n->nodes[node].store = store;
}
