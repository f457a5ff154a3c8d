/* The state: entries, and what finds them, as of one final block; flushes into it, and reads for the view. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "store_private.h"
#include "uncia/error.h"

#define POSITION_SIZE 12
#define META_SIZE     (8 + HASH_SIZE + 8 + 8)
#define GROUP_PAYLOAD (GROUP_SIZE + GROUP_ENTRIES * POSITION_SIZE)
#define PREVIOUS_MAX  (1 + PAYMENT_OUTPUTS_MAX)

static void position_put(uint8_t *at, const struct position *position)
{
	be64_put(at, position->height);
	be32_put(at + 8, position->index);
}

static struct position position_get(const uint8_t *at)
{
	return (struct position){be64_get(at), be32_get(at + 8)};
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Puts ascending records into one table. Those beyond its end are appended, which fills their pages. */
struct sorted_writer {
	const struct environment *e;
	MDB_txn *txn;
	MDB_cursor *cursor;
	unsigned table;
	size_t last_size; /* 0: the table is empty */
	_Alignas(uint64_t) uint8_t last[JOURNAL_KEY_MAX];
};

static int writer_open(struct sorted_writer *w, const struct environment *e, MDB_txn *txn, unsigned table)
{
	MDB_val key, value;
	*w = (struct sorted_writer){.e = e, .txn = txn, .table = table};
	int rc = mdb_cursor_open(txn, e->tables[table], &w->cursor);
	if (rc)
		return rc;
	rc = mdb_cursor_get(w->cursor, &key, &value, MDB_LAST);
	if (!rc && key.mv_size > sizeof(w->last))
		rc = MDB_CORRUPTED;
	if (!rc) {
		memcpy(w->last, key.mv_data, key.mv_size);
		w->last_size = key.mv_size;
	}
	if (rc == MDB_NOTFOUND)
		rc = 0;
	if (rc)
		mdb_cursor_close(w->cursor);
	return rc;
}

static int writer_put(struct sorted_writer *w, const void *key, size_t key_size, const void *payload, size_t size)
{
	MDB_val k = {key_size, (void *)(uintptr_t)key}, last = {w->last_size, w->last};
	bool beyond = !w->last_size || mdb_cmp(w->txn, w->e->tables[w->table], &k, &last) > 0;
	int rc = record_put(w->e, w->txn, w->cursor, w->table, key, key_size, payload, size, beyond ? MDB_APPEND : 0);
	if (!rc && beyond) {
		memcpy(w->last, key, key_size);
		w->last_size = key_size;
	}
	return rc;
}

/* Absent already is as good: an account may come and go between two flushes. */
static int writer_delete(struct sorted_writer *w, const void *key, size_t key_size)
{
	MDB_val k = {key_size, (void *)(uintptr_t)key}, value;
	int rc = mdb_cursor_get(w->cursor, &k, &value, MDB_SET);
	if (!rc)
		rc = mdb_cursor_del(w->cursor, 0);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int write_groups(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[GROUP_PAYLOAD];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->group_count; i++) {
		const struct flush_group *g = &flush->groups[i];
		memcpy(payload, g->record->entries, GROUP_SIZE);
		for (size_t k = 0; k < GROUP_ENTRIES; k++)
			position_put(payload + GROUP_SIZE + k * POSITION_SIZE, &g->record->heads[k]);
		rc = writer_put(w, &g->index, sizeof(g->index), payload, sizeof(payload));
	}
	return rc;
}

static int write_payments(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[(1 + PREVIOUS_MAX) * POSITION_SIZE];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->payment_count; i++) {
		const struct flush_payment *p = &flush->payments[i];
		assert(p->previous_count <= PREVIOUS_MAX);
		position_put(payload, &p->at);
		for (size_t k = 0; k < p->previous_count; k++)
			position_put(payload + (1 + k) * POSITION_SIZE, &p->previous[k]);
		rc = writer_put(w, p->id.b, sizeof(p->id.b), payload, (1 + p->previous_count) * POSITION_SIZE);
	}
	return rc;
}

/* A deletion moves the table's end, so that what follows is no longer surely beyond `last`; it is then merely put
 * and not appended, since `last` only ever is too large. */
static int write_addresses(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[8];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->address_count; i++) {
		const struct flush_address *a = &flush->addresses[i];
		be64_put(payload, a->index);
		if (a->index == ENTRY_NONE)
			rc = writer_delete(w, a->address.b, ADDRESS_SIZE);
		else
			rc = writer_put(w, a->address.b, ADDRESS_SIZE, payload, sizeof(payload));
	}
	return rc;
}

static int write_orphans(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[POSITION_SIZE];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->orphan_count; i++) {
		const struct flush_orphan *o = &flush->orphans[i];
		position_put(payload, &o->head);
		if (!o->head.height)
			rc = writer_delete(w, o->address.b, ADDRESS_SIZE);
		else
			rc = writer_put(w, o->address.b, ADDRESS_SIZE, payload, sizeof(payload));
	}
	return rc;
}

static int write_table(const struct environment *e, MDB_txn *txn, const struct flush *flush, unsigned table,
                       int (*write)(struct sorted_writer *w, const struct flush *flush))
{
	struct sorted_writer writer;
	int rc = writer_open(&writer, e, txn, table);
	if (rc)
		return rc;
	rc = write(&writer, flush);
	mdb_cursor_close(writer.cursor);
	return rc;
}

int state_write(const struct environment *e, MDB_txn *txn, const struct flush *flush)
{
	uint8_t meta[META_SIZE];
	be64_put(meta, flush->meta.height);
	memcpy(meta + 8, flush->meta.block_id.b, HASH_SIZE);
	be64_put(meta + 8 + HASH_SIZE, flush->meta.entry_count);
	be64_put(meta + 16 + HASH_SIZE, flush->meta.free_head);
	int rc = record_put(e, txn, NULL, TABLE_META, META_STATE, strlen(META_STATE), meta, sizeof(meta), 0);
	if (!rc)
		rc = write_table(e, txn, flush, STATE_GROUP, write_groups);
	if (!rc)
		rc = write_table(e, txn, flush, STATE_ADDRESS, write_addresses);
	if (!rc)
		rc = write_table(e, txn, flush, STATE_PAYMENT, write_payments);
	if (!rc)
		rc = write_table(e, txn, flush, STATE_ORPHAN, write_orphans);
	return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* As record_get; a payload of another size than `size` (0: any) passed its checksum and is ours nevertheless not. */
static int get_sized(const struct environment *e, MDB_txn *txn, unsigned table, const void *key, size_t key_size,
                     size_t size, struct bytes *payload, char why[WHY_SIZE])
{
	int error = record_get(e, txn, table, key, key_size, payload, why);
	if (!error && size && payload->size != size)
		error = record_damaged(e, table, key, key_size, why);
	return error;
}

static int meta_get(const struct environment *e, MDB_txn *txn, struct state_meta *meta, char why[WHY_SIZE])
{
	struct bytes p;
	int error = get_sized(e, txn, TABLE_META, META_STATE, strlen(META_STATE), META_SIZE, &p, why);
	if (error)
		return error;
	meta->height = be64_get(p.data);
	memcpy(meta->block_id.b, p.data + 8, HASH_SIZE);
	meta->entry_count = be64_get(p.data + 8 + HASH_SIZE);
	meta->free_head = be64_get(p.data + 16 + HASH_SIZE);
	return 0;
}

int state_view_meta(void *context, struct state_meta *meta)
{
	struct store *s = context;
	return meta_get(&s->state, s->state.view, meta, s->damage);
}

int state_view_group(void *context, uint64_t group_index, struct group_record *record)
{
	struct store *s = context;
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, STATE_GROUP, &group_index, sizeof(group_index), GROUP_PAYLOAD,
	                      &p, s->damage);
	if (error)
		return error;
	memcpy(record->entries, p.data, GROUP_SIZE);
	for (size_t k = 0; k < GROUP_ENTRIES; k++)
		record->heads[k] = position_get(p.data + GROUP_SIZE + k * POSITION_SIZE);
	return 0;
}

int state_view_address(void *context, const struct address *address, uint64_t *index)
{
	struct store *s = context;
	struct bytes p;
	int error =
	    get_sized(&s->state, s->state.view, STATE_ADDRESS, address->b, ADDRESS_SIZE, sizeof(*index), &p, s->damage);
	if (!error)
		*index = be64_get(p.data);
	return error;
}

int state_view_payment(void *context, const struct payment_id *id, struct payment_record *record)
{
	struct store *s = context;
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, STATE_PAYMENT, id->b, sizeof(id->b), 0, &p, s->damage);
	if (error)
		return error;
	if (!p.size || p.size % POSITION_SIZE || p.size / POSITION_SIZE > 1 + PREVIOUS_MAX)
		return record_damaged(&s->state, STATE_PAYMENT, id->b, sizeof(id->b), s->damage);
	record->at = position_get(p.data);
	record->previous_count = (uint32_t)(p.size / POSITION_SIZE - 1);
	for (size_t k = 0; k < record->previous_count; k++)
		record->previous[k] = position_get(p.data + (1 + k) * POSITION_SIZE);
	return 0;
}

int state_view_orphan(void *context, const struct address *address, struct position *head)
{
	struct store *s = context;
	struct bytes p;
	int error =
	    get_sized(&s->state, s->state.view, STATE_ORPHAN, address->b, ADDRESS_SIZE, POSITION_SIZE, &p, s->damage);
	if (!error)
		*head = position_get(p.data);
	return error;
}

/* ---- a flush ------------------------------------------------------------------------------- */

int state_apply(struct store *store, struct flush *flush, char why[256])
{
	struct environment *e = &store->state;
	struct state_meta stored;
	MDB_txn *txn;
	assert(!store->read_only);
	if (e->broken) {
		snprintf(why, WHY_SIZE, "state: an earlier commit failed");
		return UNCIA_E_IO;
	}
	flush_prepare(flush);
	int rc = mdb_txn_begin(e->env, NULL, 0, &txn);
	if (rc)
		return environment_break(e, environment_error(e, rc, "beginning a commit", why));
	int error = meta_get(e, txn, &stored, why);
	if (!error && flush->meta.height <= stored.height) {
		mdb_txn_abort(txn);
		snprintf(why, WHY_SIZE, "state: at height %llu already, asked for %llu",
		         (unsigned long long)stored.height, (unsigned long long)flush->meta.height);
		return UNCIA_E_ARGUMENT;
	}
	if (error) {
		mdb_txn_abort(txn);
		return environment_break(e, error);
	}
	rc = state_write(e, txn, flush);
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = environment_commit(e, txn);
	return rc ? environment_break(e, environment_error(e, rc, "committing", why)) : 0;
}
