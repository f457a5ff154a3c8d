/* The state: entries, and what finds them, as of one final block. Writes flushes into it, and reads it for the view. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "big_endian.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

#define POSITION_SIZE 12
#define META_SIZE     (8 + HASH_SIZE + 8 + 8)
#define GROUP_PAYLOAD (GROUP_SIZE + GROUP_ENTRIES * POSITION_SIZE)
#define PREVIOUS_MAX  (1 + PAYMENT_OUTPUTS_MAX)

static const struct record_key meta_key = {TABLE_META, META_STATE, sizeof(META_STATE) - 1};

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

/* Puts ascending records into one table. Those beyond its end are appended, which fills their pages. Functions that
 * write return LMDB's code. */
struct sorted_writer {
	const struct environment *e;
	MDB_txn *txn;
	MDB_cursor *cursor;
	unsigned table;
	size_t last_size; /* of the table's last key; 0: the table is empty */
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
	const struct record_key record = {w->table, key, key_size};
	const MDB_val k = {key_size, (void *)(uintptr_t)key}, last = {w->last_size, w->last};
	bool beyond = !w->last_size || mdb_cmp(w->txn, w->e->tables[w->table], &k, &last) > 0;
	assert(w->last_size <= sizeof(w->last) && key_size <= sizeof(w->last));
	int rc = records_put(w->e, w->txn, w->cursor, &record, (struct bytes){payload, size}, beyond ? MDB_APPEND : 0);
	if (!rc && beyond) {
		memcpy(w->last, key, key_size);
		w->last_size = key_size;
	}
	return rc;
}

/* A record that is not there is no failure: an account may come and go between two flushes. */
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
		assert(!i || flush->groups[i - 1].index < g->index);
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
		assert(!i || memcmp(flush->payments[i - 1].id.b, p->id.b, sizeof(p->id.b)) < 0);
		position_put(payload, &p->at);
		for (size_t k = 0; k < p->previous_count; k++)
			position_put(payload + (1 + k) * POSITION_SIZE, &p->previous[k]);
		rc = writer_put(w, p->id.b, sizeof(p->id.b), payload, (1 + p->previous_count) * POSITION_SIZE);
	}
	return rc;
}

/* A deletion may move the table's end, and `last` is then too large, never too small: a key beyond the end may be put
 * where it could be appended, which is slower and no error. */
static int write_addresses(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[8];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->address_count; i++) {
		const struct flush_address *a = &flush->addresses[i];
		assert(!i || memcmp(&flush->addresses[i - 1].id, &a->id, ENTRY_ID_SIZE) < 0);
		be64_put(payload, a->index);
		if (a->index == ENTRY_NONE)
			rc = writer_delete(w, &a->id, ENTRY_ID_SIZE);
		else
			rc = writer_put(w, &a->id, ENTRY_ID_SIZE, payload, sizeof(payload));
	}
	return rc;
}

static int write_orphans(struct sorted_writer *w, const struct flush *flush)
{
	uint8_t payload[POSITION_SIZE];
	int rc = 0;
	for (size_t i = 0; !rc && i < flush->orphan_count; i++) {
		const struct flush_orphan *o = &flush->orphans[i];
		assert(!i || memcmp(&flush->orphans[i - 1].id, &o->id, ENTRY_ID_SIZE) < 0);
		position_put(payload, &o->head);
		if (!o->head.height)
			rc = writer_delete(w, &o->id, ENTRY_ID_SIZE);
		else
			rc = writer_put(w, &o->id, ENTRY_ID_SIZE, payload, sizeof(payload));
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
	assert(e->form == &state_form);
	int rc = records_put(e, txn, NULL, &meta_key, (struct bytes){meta, sizeof(meta)}, 0);
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

/* As records_get. A payload that passes its checksum and is not of this size (0: of any) is damaged as well. */
static int get_sized(const struct environment *e, MDB_txn *txn, const struct record_key *key, size_t size,
                     struct bytes *payload, char why[WHY_SIZE])
{
	assert(e->form == &state_form);
	int error = records_get(e, txn, key, payload, why);
	if (!error && size && payload->size != size)
		error = records_damaged(e, key, why);
	return error;
}

static int meta_get(const struct environment *e, MDB_txn *txn, struct state_meta *meta, char why[WHY_SIZE])
{
	struct bytes p;
	int error = get_sized(e, txn, &meta_key, META_SIZE, &p, why);
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
	const struct record_key key = {STATE_GROUP, &group_index, sizeof(group_index)};
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, &key, GROUP_PAYLOAD, &p, s->damage);
	if (error)
		return error;
	memcpy(record->entries, p.data, GROUP_SIZE);
	for (size_t k = 0; k < GROUP_ENTRIES; k++)
		record->heads[k] = position_get(p.data + GROUP_SIZE + k * POSITION_SIZE);
	return 0;
}

int state_view_address(void *context, const struct entry_id *id, uint64_t *index)
{
	struct store *s = context;
	const struct record_key key = {STATE_ADDRESS, id, ENTRY_ID_SIZE};
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, &key, sizeof(*index), &p, s->damage);
	if (!error)
		*index = be64_get(p.data);
	return error;
}

int state_view_payment(void *context, const struct payment_id *id, struct payment_record *record)
{
	struct store *s = context;
	const struct record_key key = {STATE_PAYMENT, id->b, sizeof(id->b)};
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, &key, 0, &p, s->damage);
	if (error)
		return error;
	if (!p.size || p.size % POSITION_SIZE || p.size / POSITION_SIZE > 1 + PREVIOUS_MAX)
		return records_damaged(&s->state, &key, s->damage);
	record->at = position_get(p.data);
	record->previous_count = (uint32_t)(p.size / POSITION_SIZE - 1);
	for (size_t k = 0; k < record->previous_count; k++)
		record->previous[k] = position_get(p.data + (1 + k) * POSITION_SIZE);
	return 0;
}

int state_view_orphan(void *context, const struct entry_id *id, struct position *head)
{
	struct store *s = context;
	const struct record_key key = {STATE_ORPHAN, id, ENTRY_ID_SIZE};
	struct bytes p;
	int error = get_sized(&s->state, s->state.view, &key, POSITION_SIZE, &p, s->damage);
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
	flush_prepare(flush);
	int error = environment_begin(e, &txn, why);
	if (error)
		return error;
	error = meta_get(e, txn, &stored, why);
	if (!error && flush->meta.height <= stored.height) {
		environment_abandon(e, txn);
		snprintf(why, WHY_SIZE, "state: at height %llu already, asked for %llu",
		         (unsigned long long)stored.height, (unsigned long long)flush->meta.height);
		return UNCIA_E_ARGUMENT;
	}
	if (error)
		return environment_fail(e, txn, error);
	return environment_commit(e, txn, state_write(e, txn, flush), why);
}
