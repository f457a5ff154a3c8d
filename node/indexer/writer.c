/* One page, one transaction: rows that are only added by COPY, accounts and holds by reading those that the page
 * touches, carrying out its payments on them, and writing back what has changed. */
#include "writer.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "entries.h"
#include "try.h"
#include "uncia/error.h"

struct batch {
	struct database *database;
	const struct checked_page *page;
	struct entries entries;
	uint64_t payments;
	struct rows blocks, payment_rows, outputs, touches, accounts, holds;
};

static int batch_wrong(struct batch *b, const char *what)
{
	snprintf(b->database->why, sizeof(b->database->why), "%s", what);
	return UNCIA_E_DAMAGED;
}

static int batch_memory(struct batch *b)
{
	batch_wrong(b, "out of memory");
	return UNCIA_E_MEMORY;
}

/* ---- accounts and holds that are touched ---- */

static int batch_want(struct batch *b)
{
	for (size_t i = 0; i < b->page->count; i++) {
		const struct block *block = b->page->blocks[i].block;
		for (uint32_t k = 0; k < block->count; k++)
			if (entries_want(&b->entries, block->payments[k]))
				return batch_memory(b);
		b->payments += block->count;
	}
	return 0;
}

/* The ids of all entries of a kind, as one parameter. */
static void batch_ids(struct batch *b, uint8_t kind, struct rows *ids)
{
	struct indexed_entry *entry, *next;
	uint32_t count = 0;

	rows_array_begin(ids);
	HASH_ITER (hh, b->entries.table, entry, next) {
		if (entry->id.kind != kind)
			continue;
		rows_bytes(ids, entry->id.address.b, ADDRESS_SIZE);
		count++;
	}
	rows_array_end(ids, count);
}

/* The part of a row that accounts and holds have alike, in the columns from 0 on: id, lives, balance, payments,
 * touches, last_height, last_index. NULL: it is none. */
static struct indexed_entry *take_entry(struct batch *b, uint8_t kind, const PGresult *result, int row)
{
	struct bytes id = result_bytes(result, row, 0), balance = result_bytes(result, row, 2);
	struct entry_id wanted = {.kind = kind};

	if (id.size != ADDRESS_SIZE)
		return NULL;
	memcpy(wanted.address.b, id.data, ADDRESS_SIZE);
	struct indexed_entry *entry = entries_find(&b->entries, &wanted);
	if (!entry || !numeric_read(balance.data, balance.size, &entry->balance))
		return NULL;
	entry->stored = true;
	entry->lives = result_true(result, row, 1);
	entry->payments = result_number(result, row, 3);
	entry->touches = result_number(result, row, 4);
	entry->last.height = result_number(result, row, 5);
	entry->last.index = (uint32_t)result_number(result, row, 6);
	return entry;
}

static bool take_account(struct batch *b, const PGresult *result, int row)
{
	struct indexed_entry *entry = take_entry(b, ENTRY_ACCOUNT, result, row);
	struct bytes key = result_bytes(result, row, 7);

	if (!entry || (key.size && key.size != PUBLIC_KEY_SIZE))
		return false;
	entry->has_key = key.size;
	if (key.size)
		memcpy(entry->key, key.data, PUBLIC_KEY_SIZE);
	entry->created = result_number(result, row, 8);
	return true;
}

static bool take_hold(struct batch *b, const PGresult *result, int row)
{
	struct indexed_entry *entry = take_entry(b, ENTRY_HOLD, result, row);
	struct bytes amount = result_bytes(result, row, 7), home = result_bytes(result, row, 8),
	             lock = result_bytes(result, row, 9), seal = result_bytes(result, row, 10);

	if (!entry || home.size != ADDRESS_SIZE || lock.size != HASH_SIZE || seal.size != HASH_SIZE ||
	    !numeric_read(amount.data, amount.size, &entry->opening.amount))
		return false;
	memcpy(entry->opening.home.b, home.data, ADDRESS_SIZE);
	memcpy(entry->opening.lock.b, lock.data, HASH_SIZE);
	memcpy(entry->opening.seal.b, seal.data, HASH_SIZE);
	entry->opening.end = (uint32_t)result_number(result, row, 11);
	entry->opened.height = result_number(result, row, 12);
	entry->opened.index = (uint32_t)result_number(result, row, 13);
	entry->created = entry->opened.height;
	entry->taken = result_true(result, row, 14);
	return true;
}

static int load_entries(struct batch *b, uint8_t kind, const char *sql,
                        bool (*take)(struct batch *b, const PGresult *result, int row))
{
	struct rows ids = {0};
	PGresult *result = NULL;

	batch_ids(b, kind, &ids);
	if (ids.failed) {
		rows_free(&ids);
		return batch_memory(b);
	}
	struct parameter parameter = {ids.data, ids.size};
	int error = database_query(b->database, sql, &parameter, 1, &result);
	for (int row = 0; !error && row < PQntuples(result); row++)
		if (!take(b, result, row))
			error = batch_wrong(b, kind == ENTRY_HOLD ? "a row of table holds is no hold"
			                                          : "a row of table accounts is no account");
	PQclear(result);
	rows_free(&ids);
	return error;
}

static int batch_load(struct batch *b)
{
	TRY(batch_want(b));
	TRY(load_entries(
	    b, ENTRY_ACCOUNT,
	    "select address, lives, balance, payments, touches, last_height, last_index, public_key, created"
	    " from accounts where address = any ($1::bytea[])",
	    take_account));
	return load_entries(
	    b, ENTRY_HOLD,
	    "select id, lives, balance, payments, touches, last_height, last_index, amount, home, lock, seal, ends,"
	    " opened_height, opened_index, taken from holds where id = any ($1::bytea[])",
	    take_hold);
}

static void account_row(struct rows *rows, const struct indexed_entry *entry)
{
	rows_row(rows, 9);
	rows_bytes(rows, entry->id.address.b, ADDRESS_SIZE);
	rows_boolean(rows, entry->lives);
	rows_amount(rows, entry->balance);
	if (entry->has_key)
		rows_bytes(rows, entry->key, PUBLIC_KEY_SIZE);
	else
		rows_null(rows);
	rows_bigint(rows, entry->created);
	rows_bigint(rows, entry->payments);
	rows_bigint(rows, entry->touches);
	rows_bigint(rows, entry->last.height);
	rows_integer(rows, entry->last.index);
}

static void hold_row(struct rows *rows, const struct indexed_entry *entry)
{
	rows_row(rows, 15);
	rows_bytes(rows, entry->id.address.b, ADDRESS_SIZE);
	rows_boolean(rows, entry->lives);
	rows_amount(rows, entry->balance);
	rows_amount(rows, entry->opening.amount);
	rows_bytes(rows, entry->opening.home.b, ADDRESS_SIZE);
	rows_bytes(rows, entry->opening.lock.b, HASH_SIZE);
	rows_bytes(rows, entry->opening.seal.b, HASH_SIZE);
	rows_bigint(rows, entry->opening.end);
	rows_bigint(rows, entry->opened.height);
	rows_integer(rows, entry->opened.index);
	rows_bigint(rows, entry->payments);
	rows_bigint(rows, entry->touches);
	rows_bigint(rows, entry->last.height);
	rows_integer(rows, entry->last.index);
	rows_boolean(rows, entry->taken);
}

static int batch_store_entries(struct batch *b)
{
	struct indexed_entry *entry, *next;

	rows_begin(&b->accounts);
	rows_begin(&b->holds);
	HASH_ITER (hh, b->entries.table, entry, next) {
		if (entry->changed && entry->id.kind == ENTRY_ACCOUNT)
			account_row(&b->accounts, entry);
		else if (entry->changed)
			hold_row(&b->holds, entry);
	}
	TRY(database_copy(b->database, "copy new_accounts from stdin with (format binary)", &b->accounts));
	if (b->accounts.count)
		TRY(database_run(
		    b->database,
		    "insert into accounts select * from new_accounts on conflict (address) do update set"
		    " lives = excluded.lives, balance = excluded.balance, public_key = excluded.public_key,"
		    " created = excluded.created, payments = excluded.payments, touches = excluded.touches,"
		    " last_height = excluded.last_height, last_index = excluded.last_index"));
	TRY(database_copy(b->database, "copy new_holds from stdin with (format binary)", &b->holds));
	if (b->holds.count)
		TRY(database_run(b->database,
		                 "insert into holds select * from new_holds on conflict (id) do update set"
		                 " lives = excluded.lives, balance = excluded.balance, payments = excluded.payments,"
		                 " touches = excluded.touches, last_height = excluded.last_height,"
		                 " last_index = excluded.last_index, taken = excluded.taken"));
	return 0;
}

/* ---- blocks and payments ---- */

static void block_row(struct rows *rows, const struct checked_block *checked)
{
	const struct header *h = &checked->block->header;

	rows_row(rows, 8);
	rows_bigint(rows, h->height);
	rows_bytes(rows, h->id.b, HASH_SIZE);
	rows_bigint(rows, h->view);
	rows_bigint(rows, h->timestamp_ms);
	rows_integer(rows, h->proposer);
	rows_integer(rows, h->payment_count);
	rows_bytes(rows, h->bytes, h->size);
	if (checked->certificate.size)
		rows_bytes(rows, checked->certificate.data, checked->certificate.size);
	else
		rows_null(rows);
}

static void payment_row(struct rows *rows, const struct payment *p, const struct position *at)
{
	rows_row(rows, 12);
	rows_bigint(rows, at->height);
	rows_integer(rows, at->index);
	rows_bytes(rows, p->id.b, sizeof(p->id.b));
	rows_smallint(rows, (uint16_t)p->kind);
	rows_bytes(rows, p->sender.b, ADDRESS_SIZE);
	rows_bigint(rows, p->expires_at);
	rows_integer(rows, p->currency);
	rows_amount(rows, p->total);
	if (p->has_memo_hash)
		rows_bytes(rows, p->memo_hash, MEMO_HASH_SIZE);
	else
		rows_null(rows);
	rows_integer(rows, p->output_count);
	rows_integer(rows, p->hold_count);
	rows_bytes(rows, p->bytes, p->size);
}

static void output_rows(struct rows *rows, const struct payment *p, const struct position *at)
{
	for (uint32_t i = 0; i < p->output_count; i++) {
		const struct output *output = &p->outputs[i];
		rows_row(rows, 6);
		rows_bigint(rows, at->height);
		rows_integer(rows, at->index);
		rows_integer(rows, i);
		rows_bytes(rows, output->to.b, ADDRESS_SIZE);
		if (output->has_reference)
			rows_bytes(rows, output->reference, REFERENCE_SIZE);
		else
			rows_null(rows);
		rows_amount(rows, output->amount);
	}
}

/* A row for each entry that the payment names, once for each. */
static void touch_rows(struct batch *b, const struct payment *p, const struct position *at)
{
	struct entry_id id;

	for (uint32_t i = 0; payment_named(p, i, &id); i++) {
		uint32_t first;
		if (payment_touches(p, &id, &first) && first != i)
			continue;
		rows_row(&b->touches, 4);
		rows_smallint(&b->touches, id.kind);
		rows_bytes(&b->touches, id.address.b, ADDRESS_SIZE);
		rows_bigint(&b->touches, at->height);
		rows_integer(&b->touches, at->index);
	}
}

/* Carries out the payments in their order, and makes the rows of all. */
static int batch_rows(struct batch *b)
{
	rows_begin(&b->blocks);
	rows_begin(&b->payment_rows);
	rows_begin(&b->outputs);
	rows_begin(&b->touches);
	for (size_t i = 0; i < b->page->count; i++) {
		const struct block *block = b->page->blocks[i].block;
		block_row(&b->blocks, &b->page->blocks[i]);
		for (uint32_t k = 0; k < block->count; k++) {
			struct position at = {block->header.height, k};
			char why[256];
			if (entries_apply(&b->entries, block->payments[k], at, why))
				return batch_wrong(b, why);
			payment_row(&b->payment_rows, block->payments[k], &at);
			output_rows(&b->outputs, block->payments[k], &at);
			touch_rows(b, block->payments[k], &at);
		}
	}
	return 0;
}

static int batch_copy(struct batch *b)
{
	TRY(database_copy(b->database, "copy blocks from stdin with (format binary)", &b->blocks));
	TRY(database_copy(b->database, "copy payments from stdin with (format binary)", &b->payment_rows));
	TRY(database_copy(b->database, "copy outputs from stdin with (format binary)", &b->outputs));
	return database_copy(b->database, "copy touches from stdin with (format binary)", &b->touches);
}

static int batch_move_cursor(struct batch *b, const struct chain_place *to)
{
	struct rows fields = {0};
	PGresult *result;

	/* As COPY has them, which is as parameters have them, each behind its size. */
	rows_bigint(&fields, to->height);
	rows_bigint(&fields, to->view);
	rows_bigint(&fields, to->timestamp_ms);
	rows_bigint(&fields, b->payments);
	if (fields.failed) {
		rows_free(&fields);
		return batch_memory(b);
	}
	const struct parameter parameters[] = {{fields.data + 4, 8},
	                                       {fields.data + 16, 8},
	                                       {fields.data + 28, 8},
	                                       {fields.data + 40, 8},
	                                       {to->id.b, HASH_SIZE}};
	int error =
	    database_query(b->database,
	                   "update cursor set height = $1, view = $2, timestamp_ms = $3, payments = payments + $4,"
	                   " block_id = $5, written = now() returning height",
	                   parameters, 5, &result);
	rows_free(&fields);
	if (!error && PQntuples(result) != 1)
		error = batch_wrong(b, "the row of table cursor is missing from it");
	if (!error)
		PQclear(result);
	return error;
}

/* That the cursor is where this process left it: else somebody else has written, and what is known here is old. */
static int batch_check_cursor(struct batch *b, const struct chain_place *place)
{
	struct chain_place found;

	TRY(tables_cursor(b->database, true, &found, NULL));
	if (found.height == place->height && hash_equal(&found.id, &place->id))
		return 0;
	snprintf(b->database->why, sizeof(b->database->why),
	         "the cursor is at height %" PRIu64 ", and this process has come to height %" PRIu64
	         ": somebody else has changed it",
	         found.height, place->height);
	return UNCIA_E_BUSY;
}

static int batch_write(struct batch *b, struct tables *tables, const struct chain_place *from,
                       const struct chain_place *to)
{
	TRY(database_run(b->database, "begin"));
	TRY(batch_check_cursor(b, from));
	TRY(tables_cover(b->database, tables, to->height));
	TRY(batch_load(b));
	TRY(batch_rows(b));
	TRY(batch_copy(b));
	TRY(batch_store_entries(b));
	TRY(batch_move_cursor(b, to));
	return database_run(b->database, "commit");
}

static void batch_free(struct batch *b)
{
	struct rows *const all[] = {&b->blocks, &b->payment_rows, &b->outputs, &b->touches, &b->accounts, &b->holds};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rows_free(all[i]);
	entries_end(&b->entries);
}

int writer_write(struct database *database, struct tables *tables, const struct checked_page *page,
                 struct chain_place *place)
{
	struct batch b = {.database = database, .page = page};
	uint64_t partitions = tables->partitions;
	struct chain_place to;

	assert(page->count);
	chain_place_of(&page->blocks[page->count - 1].block->header, &to);
	entries_begin(&b.entries);
	int error = batch_write(&b, tables, place, &to);
	if (error) {
		char why[DATABASE_WHY_SIZE];
		memcpy(why, database->why, sizeof(why));
		database_run(database, "rollback");
		memcpy(database->why, why, sizeof(why));
		tables->partitions = partitions;
	} else {
		*place = to;
	}
	batch_free(&b);
	return error;
}
