/* Compares the state of two homes record by record: for the audit, which makes the second one itself. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

/* A walk over one table of one of the homes. */
struct compare_side {
	struct record_cursor cursor;
	MDB_val key;
	struct bytes payload;
	int error; /* of the last step; UNCIA_E_NOT_FOUND: at the end */
};

static void compare_step(struct compare_side *s, char why[WHY_SIZE])
{
	assert(s->error != UNCIA_E_NOT_FOUND);
	s->error = records_seek(&s->cursor, MDB_NEXT, &s->key, &s->payload, why);
}

static bool compare_records(const struct compare_side *a, const struct compare_side *b)
{
	return a->key.mv_size == b->key.mv_size && !memcmp(a->key.mv_data, b->key.mv_data, a->key.mv_size) &&
	       a->payload.size == b->payload.size && !memcmp(a->payload.data, b->payload.data, a->payload.size);
}

static int compare_sides(struct compare_side *a, struct compare_side *b, const char *table, char why[WHY_SIZE])
{
	uint64_t number = 0;
	for (;; number++) {
		compare_step(a, why);
		compare_step(b, why);
		bool a_ended = a->error == UNCIA_E_NOT_FOUND, b_ended = b->error == UNCIA_E_NOT_FOUND;
		if (a->error && !a_ended)
			return a->error;
		if (b->error && !b_ended)
			return b->error;
		if (a_ended && b_ended)
			return 0;
		if (a_ended != b_ended || !compare_records(a, b)) {
			snprintf(why, WHY_SIZE, "table %s, record number %llu", table, (unsigned long long)number);
			return UNCIA_E_PROOF;
		}
	}
}

static int compare_table(const struct environment *ours, const struct environment *other, unsigned table,
                         char why[WHY_SIZE])
{
	struct compare_side a = {.error = 0}, b = {.error = 0};
	int error = records_open(ours, ours->view, table, &a.cursor, why);
	if (error)
		return error;
	error = records_open(other, other->view, table, &b.cursor, why);
	if (!error) {
		error = compare_sides(&a, &b, ours->form->tables[table].name, why);
		records_close(&b.cursor);
	}
	records_close(&a.cursor);
	return error;
}

int store_compare_state(struct store *store, struct store *other, char why[256])
{
	int error = 0;
	assert(store != other && store->state.form == other->state.form);
	for (unsigned table = 0; table < store->state.form->table_count && !error; table++)
		error = compare_table(&store->state, &other->state, table, why);
	return error;
}
