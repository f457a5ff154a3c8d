/* The disks of a network's nodes: what is on its way to them, and what a crash leaves of it; see network_parts.h. */
#include "network_parts.h"
#include "big_endian.h"

#define FLUSH_MS 5
#define SPACE_MS 10 /* until the node has measured it */

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

void network_set_commit(struct network *n, uint32_t ms)
{
	n->options.commit_ms = ms;
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
		if (item->table == JOURNAL_FINAL && be64_get(value.data) > n->nodes[node].final_view_durable)
			n->nodes[node].final_view_durable = be64_get(value.data);
		if (n->options.journal)
			n->options.journal(n->options.tap_context, node, item->table, &value, true,
			                   n->nodes[node].final_view);
	}
}

/* storage §2: a commit that fails is the last one. Whether it is on the disk all the same nobody can tell. */
static bool disk_fails(struct network *n, uint32_t node, bool *kept)
{
	*kept = network_random(n) % 2;
	return n->nodes[node].disk_fails;
}

void network_commit_done(struct network *n, uint32_t node, const struct commit *commit)
{
	struct node *self = &n->nodes[node];
	bool kept = self->crash != CRASH_BEFORE_COMMIT, ends = self->crash != CRASH_NOT;

	if (self->disk_fails)
		ends = disk_fails(n, node, &kept);
	if (kept)
		network_write(n, node, commit);
	if (ends)
		network_crash(n, node);
	else
		network_step(n, node, (struct event){.kind = EVENT_DURABLE, .sequence = commit->sequence});
}

void network_flush_begin(struct network *n, uint32_t node, struct flush *flush)
{
	uint64_t took = n->options.flush_max_ms ? 1 + network_random(n) % n->options.flush_max_ms : FLUSH_MS;

	network_push(
	    n, (struct item){
	           .at = n->now + took, .kind = ITEM_FLUSH, .node = node, .life = n->nodes[node].life, .flush = flush});
}

static void network_apply(struct network *n, uint32_t node, struct flush *flush)
{
	if (memory_store_apply(n->nodes[node].store, flush) == 0)
		return;
	fprintf(stderr, "seed %llu: node %u: a flush that cannot be carried out\n", (unsigned long long)n->options.seed,
	        node);
	abort();
}

void network_flush_done(struct network *n, struct item *item)
{
	struct flush *flush = item->flush;

	if (n->nodes[item->node].flushes_held) {
		struct item later = *item;
		later.at = n->now + FLUSH_MS;
		item->flush = NULL;
		network_push(n, later);
		return;
	}
	bool kept = true, ends = n->nodes[item->node].disk_fails && disk_fails(n, item->node, &kept);

	if (kept)
		network_apply(n, item->node, flush);
	if (ends) {
		network_crash(n, item->node);
		return;
	}
	item->flush = NULL;
	network_step(n, item->node, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

/* The two environments are synced each on its own: of the journal any prefix of the commits, of the state the flush or
 * not, which tells only of what the journal has held for long. */
void network_crash_keeping(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];
	bool journal = true, state = network_random(n) % 2;

	while (journal || state) {
		struct item *first = NULL;
		for (size_t i = 0; i < n->count; i++) {
			struct item *item = &n->items[i];
			if (item->node == node && item->life == self->life &&
			    ((journal && item->commit) || (state && item->flush)) &&
			    (!first || item_before(item, first)))
				first = item;
		}
		if (!first)
			break;
		if (first->flush) {
			network_apply(n, node, first->flush);
			state = false;
		} else {
			journal = network_random(n) % 2;
			if (!journal)
				continue;
			network_write(n, node, first->commit);
		}
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

void network_fail_disk(struct network *n, uint32_t node)
{
	n->nodes[node].disk_fails = true;
}

void network_hold_flushes(struct network *n, uint32_t node, bool hold)
{
	n->nodes[node].flushes_held = hold;
}

void network_fail_reads(struct network *n, uint32_t node, uint64_t nth, int error)
{
	memory_store_fail(n->nodes[node].store, nth, error);
}

void network_damage(struct network *n, uint32_t node, uint64_t which)
{
	memory_store_damage(n->nodes[node].store, which);
}

void network_mend_node(struct network *n, uint32_t node)
{
	memory_store_mend(n->nodes[node].store);
	memory_store_fail(n->nodes[node].store, 0, 0);
	n->nodes[node].disk_fails = false;
	n->nodes[node].fail_allocation = 0;
}

size_t network_commits(const struct network *n, uint32_t node)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += n->items[i].commit && n->items[i].node == node && n->items[i].life == n->nodes[node].life;
	return count;
}

void network_set_space(struct network *n, uint32_t node, bool low)
{
	struct node *self = &n->nodes[node];

	self->space_low = low;
	if (self->replica)
		network_push(
		    n, (struct item){
		           .at = n->now + SPACE_MS, .kind = ITEM_SPACE, .node = node, .life = self->life, .up = low});
}

bool network_space_low(const struct network *n, uint32_t node)
{
	return n->nodes[node].replica && n->nodes[node].space_low_told;
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
	memory_store_hold(store, true);
}
