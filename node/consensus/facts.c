/* What is known of blocks: told by the caller, one record a block. See consensus.h. */
#include <assert.h>
#include <stdlib.h>
#include "state.h"
#include "uncia/error.h"

static struct facts *facts_get(const struct consensus *c, const struct hash *id)
{
	struct facts *f;

	HASH_FIND(hh, c->facts, id, sizeof(*id), f);
	return f;
}

const struct block_facts *facts_find(const struct consensus *c, const struct hash *id)
{
	const struct facts *f = facts_get(c, id);

	return f ? &f->facts : NULL;
}

/* From left to right; a body may turn out to be early and back, and nothing comes back from VALID or INVALID. That a
 * valid block is early is no contradiction: a wall clock was set back. */
static bool facts_move_allowed(enum block_check from, enum block_check to)
{
	switch (from) {
	case BLOCK_HEADER:
		return true;
	case BLOCK_BODY:
	case BLOCK_EARLY:
		return to != BLOCK_HEADER;
	case BLOCK_VALID:
		return to == BLOCK_EARLY;
	case BLOCK_INVALID:
		return false;
	}
	return false;
}

int facts_set(struct consensus *c, const struct block_facts *facts)
{
	struct facts *f = facts_get(c, &facts->id);

	if (!f) {
		f = malloc(sizeof(*f));
		if (!f)
			return UNCIA_E_MEMORY;
		*f = (struct facts){.facts = *facts, .order.view = facts->view, .early.view = facts->view};
		HASH_ADD(hh, c->facts, facts.id, sizeof(f->facts.id), f);
		if (!f->hh.tbl) {
			free(f);
			return UNCIA_E_MEMORY;
		}
		c->visited += order_insert(&c->facts_order, &f->order);
		if (f->facts.check == BLOCK_EARLY)
			order_insert(&c->early, &f->early);
		return 1;
	}
	/* A header is named by its hash. */
	assert(f->facts.view == facts->view && hash_equal(&f->facts.parent_id, &facts->parent_id));
	if (f->facts.check == facts->check)
		return 0;
	assert(facts_move_allowed(f->facts.check, facts->check));
	if (f->facts.check == BLOCK_VALID)
		return 0;
	if (f->facts.check == BLOCK_EARLY)
		order_remove(&c->early, &f->early);
	f->facts.check = facts->check;
	if (f->facts.check == BLOCK_EARLY)
		order_insert(&c->early, &f->early);
	return 1;
}

bool facts_body_held(const struct consensus *c, const struct hash *id)
{
	const struct block_facts *facts = facts_find(c, id);

	return facts && facts->check != BLOCK_HEADER && facts->check != BLOCK_INVALID;
}

bool facts_backwards(const struct consensus *c, const struct block_facts *facts)
{
	const struct block_facts *parent = facts_find(c, &facts->parent_id);

	return parent && parent->view >= facts->view;
}

static void facts_free(struct consensus *c, struct facts *f)
{
	order_remove(&c->facts_order, &f->order);
	if (f->facts.check == BLOCK_EARLY)
		order_remove(&c->early, &f->early);
	HASH_DEL(c->facts, f); /* NOLINT(clang-analyzer-*): not how uthash lists go */
	free(f);
}

void facts_drop(struct consensus *c, const struct hash *id)
{
	struct facts *f = facts_get(c, id);

	if (f)
		facts_free(c, f);
}

void facts_forget_through(struct consensus *c, uint64_t through)
{
	while (c->facts_order.oldest && c->facts_order.oldest->view <= through)
		facts_free(c, facts_at(c->facts_order.oldest));
}
