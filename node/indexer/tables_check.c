/* Entry by entry, in chunks: what the ledger has, and what the row says. */
#include "tables_check.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "entry.h"
#include "feed.h"
#include "indexer_say.h"
#include "store.h"
#include "tables.h"
#include "try.h"
#include "uncia/error.h"

#define CHECK_GROUPS 512u /* of eight entries, in one query */

struct table_check {
	const struct check_options *options;
	struct database database;
	struct feed *feed;
	const struct storage_view *view;
	struct state_meta meta;
	struct chain_place cursor;
	struct entry entries[CHECK_GROUPS * GROUP_ENTRIES];
	uint32_t count;
	uint64_t compared, newer; /* entries that were compared; that were touched since */
	char what[400];           /* what differs; empty: nothing yet */
};

static int check_differs(struct table_check *c, const struct entry *entry, const char *what)
{
	struct destination destination = {.address = entry->address};
	char address[ADDRESS_TEXT_SIZE];

	destination_format(&destination, address);
	snprintf(c->what, sizeof(c->what), "the %s %s %s", entry->kind == ENTRY_HOLD ? "hold with the home" : "account",
	         address, what);
	return UNCIA_E_PROOF;
}

/* Columns: id, lives, balance, payments, last_height, created, public_key. */
static int check_row(struct table_check *c, const struct entry *entry, const PGresult *result, int row)
{
	struct bytes balance = result_bytes(result, row, 2), key = result_bytes(result, row, 6);
	static const uint8_t none[PUBLIC_KEY_SIZE];
	amount_t amount;

	if (result_number(result, row, 4) > c->meta.height) {
		c->newer++;
		return 0;
	}
	c->compared++;
	if (!result_true(result, row, 1))
		return check_differs(c, entry, "is there, and the tables say that it is not");
	if (!numeric_read(balance.data, balance.size, &amount) || amount != entry->balance)
		return check_differs(c, entry, "has another balance than the tables say");
	if (result_number(result, row, 3) != entry->payments)
		return check_differs(c, entry, "was touched by another number of payments than the tables say");
	if (entry->kind == ENTRY_HOLD)
		return 0;
	if (result_number(result, row, 5) != entry->created)
		return check_differs(c, entry, "was created at another height than the tables say");
	bool known = entry->flags & ENTRY_KEY_KNOWN;
	if (key.size != (known ? PUBLIC_KEY_SIZE : 0) ||
	    memcmp(known ? key.data : none, entry->public_key, PUBLIC_KEY_SIZE))
		return check_differs(c, entry, "is bound to another key than the tables say");
	return 0;
}

/* The entries of one kind in the chunk, against their rows. */
static int check_kind(struct table_check *c, uint8_t kind, const char *sql)
{
	struct rows ids = {0};
	uint32_t wanted = 0;
	PGresult *result;

	rows_array_begin(&ids);
	for (uint32_t i = 0; i < c->count; i++) {
		struct entry_id id;
		if (c->entries[i].kind != kind || !entry_id_of(&c->entries[i], &id))
			continue;
		rows_bytes(&ids, id.address.b, ADDRESS_SIZE);
		wanted++;
	}
	rows_array_end(&ids, wanted);
	const struct parameter parameter = {ids.data, ids.size};
	int error = ids.failed ? UNCIA_E_MEMORY : database_query(&c->database, sql, &parameter, 1, &result);
	rows_free(&ids);
	TRY(error);
	/* Rows come in the order of the array, one for each id: an id without a row has nulls. */
	uint32_t row = 0;
	for (uint32_t i = 0; i < c->count && !error; i++) {
		if (c->entries[i].kind != kind)
			continue;
		if (row >= (uint32_t)PQntuples(result) || PQgetisnull(result, (int)row, 1))
			error = check_differs(c, &c->entries[i], "is there, and not in the tables");
		else
			error = check_row(c, &c->entries[i], result, (int)row);
		row++;
	}
	PQclear(result);
	return error;
}

static int check_chunk(struct table_check *c)
{
	TRY(check_kind(
	    c, ENTRY_ACCOUNT,
	    "select w.id, lives, balance, payments, last_height, created, public_key from"
	    " unnest($1::bytea[]) with ordinality w (id, n) left join accounts on address = w.id order by w.n"));
	TRY(check_kind(c, ENTRY_HOLD,
	               "select w.id, lives, balance, payments, last_height, opened_height, null::bytea from"
	               " unnest($1::bytea[]) with ordinality w (id, n) left join holds h on h.id = w.id order by w.n"));
	c->count = 0;
	return 0;
}

static int check_entries(struct table_check *c)
{
	uint64_t groups = (c->meta.entry_count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;

	for (uint64_t group = 0; group < groups; group++) {
		struct group_record record;
		TRY(c->view->group(c->view->context, group, &record));
		for (uint32_t i = 0; i < GROUP_ENTRIES; i++) {
			struct entry entry;
			TRY(entry_decode(record.entries + (size_t)i * ENTRY_SIZE, &entry));
			if (entry.kind == ENTRY_ACCOUNT || entry.kind == ENTRY_HOLD)
				c->entries[c->count++] = entry;
		}
		if ((group + 1) % CHECK_GROUPS == 0)
			TRY(check_chunk(c));
	}
	return check_chunk(c);
}

/* Rows that live and were not touched since are entries of the state: as many as were compared. And what all rows have
 * together is the supply. */
static int check_totals(struct table_check *c)
{
	uint8_t height[8];
	be64_put(height, c->meta.height);
	const struct parameter parameter = {height, sizeof(height)};
	PGresult *result;

	TRY(database_query(
	    &c->database,
	    "select (select count(*) from accounts where lives and last_height <= $1) + (select count(*) from"
	    " holds where lives and last_height <= $1), (select coalesce(sum(balance), 0) from accounts) +"
	    " (select coalesce(sum(balance), 0) from holds) = (select supply from currencies where number = 1)",
	    &parameter, 1, &result));
	uint64_t rows = result_number(result, 0, 0);
	bool whole = result_true(result, 0, 1);
	PQclear(result);
	if (rows != c->compared)
		snprintf(c->what, sizeof(c->what),
		         "the tables have %" PRIu64 " rows for %" PRIu64 " accounts and holds", rows, c->compared);
	else if (!whole)
		snprintf(c->what, sizeof(c->what), "the balances in the tables do not add up to the supply");
	return *c->what ? UNCIA_E_PROOF : 0;
}

static int check_all(struct table_check *c)
{
	struct tables tables;

	TRY(database_open(&c->database, c->options->database, false));
	TRY(database_run(&c->database, "begin isolation level repeatable read read only"));
	TRY(tables_recognise(&c->database, &c->options->known->genesis, &tables));
	TRY(tables_cursor(&c->database, false, &c->cursor, NULL));
	TRY(c->view->meta(c->view->context, &c->meta));
	if (c->cursor.height < c->meta.height) {
		snprintf(c->what, sizeof(c->what),
		         "the tables end at height %" PRIu64 ", below the home's state: index first", c->cursor.height);
		return UNCIA_E_BEHIND;
	}
	TRY(check_entries(c));
	return check_totals(c);
}

static int check_print(const struct table_check *c, bool same)
{
	if (c->options->json)
		printf("{\"v\":1,\"same\":%s,\"height\":%" PRIu64 ",\"cursor\":%" PRIu64 ",\"compared\":%" PRIu64
		       ",\"newer\":%" PRIu64 "}\n",
		       same ? "true" : "false", c->meta.height, c->cursor.height, c->compared, c->newer);
	else if (same)
		printf("the tables are the ledger's at height %" PRIu64 ": %" PRIu64
		       " accounts and holds compared, %" PRIu64
		       " were touched since; their balances add up to the supply\n",
		       c->meta.height, c->compared, c->newer);
	return fflush(stdout) ? INDEXER_FAILED : INDEXER_DONE;
}

int check_tables(const struct check_options *options)
{
	struct table_check *c = calloc(1, sizeof(*c));
	char why[FEED_WHY_SIZE];

	if (!c)
		return indexer_say(INDEXER_FAILED, "out of memory");
	c->options = options;
	int error = feed_open_home(options->home, &options->known->genesis, &c->feed, why);
	if (error) {
		free(c);
		return indexer_say(error == UNCIA_E_BUSY ? INDEXER_FAILED : indexer_code(error), "%s: %s",
		                   options->home, why);
	}
	c->view = feed_home_view(c->feed);
	error = check_all(c);
	int code = INDEXER_DONE;
	if (error && *c->what)
		code = indexer_say(error == UNCIA_E_PROOF ? INDEXER_MISMATCH : INDEXER_FAILED, "%s", c->what);
	else if (error)
		code = indexer_say(indexer_code(error), "%s",
		                   *c->database.why ? c->database.why : uncia_error_text(error));
	if (!error || error == UNCIA_E_PROOF) {
		int printed = check_print(c, !error);
		code = code ? code : printed;
	}
	database_close(&c->database);
	c->feed->close(c->feed);
	free(c);
	return code;
}
