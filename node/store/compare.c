/* Whether two homes hold the same state, record by record: for the audit, which makes the second one itself. */
#include <stdio.h>
#include "store_private.h"
#include "uncia/error.h"

struct side {
	const struct environment *e;
	MDB_cursor *cursor;
	MDB_val key;
	struct bytes payload;
	int error; /* of the last step; UNCIA_E_NOT_FOUND: at the end */
};

static void step(struct side *s, unsigned table, char why[WHY_SIZE])
{
	s->error = record_seek(s->e, s->cursor, table, MDB_NEXT, &s->key, &s->payload, why);
}

static bool same(const struct side *a, const struct side *b)
{
	return a->key.mv_size == b->key.mv_size && !memcmp(a->key.mv_data, b->key.mv_data, a->key.mv_size) &&
	       a->payload.size == b->payload.size && !memcmp(a->payload.data, b->payload.data, a->payload.size);
}

static int compare_cursors(struct side *a, struct side *b, unsigned table, char why[WHY_SIZE])
{
	uint64_t number = 0;
	for (;; number++) {
		step(a, table, why);
		step(b, table, why);
		bool a_ended = a->error == UNCIA_E_NOT_FOUND, b_ended = b->error == UNCIA_E_NOT_FOUND;
		if (a->error && !a_ended)
			return a->error;
		if (b->error && !b_ended)
			return b->error;
		if (a_ended && b_ended)
			return 0;
		if (a_ended != b_ended || !same(a, b)) {
			snprintf(why, WHY_SIZE, "table %s, record number %llu", a->e->form->tables[table].name,
			         (unsigned long long)number);
			return UNCIA_E_PROOF;
		}
	}
}

static int compare_table(struct side *a, struct side *b, unsigned table, char why[WHY_SIZE])
{
	int rc = mdb_cursor_open(a->e->view, a->e->tables[table], &a->cursor);
	if (rc)
		return environment_error(a->e, rc, "reading", why);
	rc = mdb_cursor_open(b->e->view, b->e->tables[table], &b->cursor);
	if (rc) {
		mdb_cursor_close(a->cursor);
		return environment_error(b->e, rc, "reading", why);
	}
	int error = compare_cursors(a, b, table, why);
	mdb_cursor_close(b->cursor);
	mdb_cursor_close(a->cursor);
	return error;
}

int store_compare_state(struct store *store, struct store *other, char why[256])
{
	struct side a = {.e = &store->state}, b = {.e = &other->state};
	int error = 0;
	for (unsigned table = 0; table < a.e->form->table_count && !error; table++)
		error = compare_table(&a, &b, table, why);
	return error;
}
