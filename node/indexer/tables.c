/* The schema, its version, and its partitions. */
#include "tables.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "big_endian.h"
#include "try.h"
#include "uncia/error.h"

/* What one writer at a time holds: "uncia" in ASCII. */
#define WRITER_LOCK "select pg_try_advisory_lock(504403158533)"

/* Amounts are u64, which bigint does not hold. Heights, views and times fit it: a row that would not is refused. Rows
 * of blocks and payments are only ever added, and go by height into partitions, which may be detached and kept
 * elsewhere. */
static const char *const SCHEMA =
    "create table network (one boolean primary key default true check (one), format integer not null, id bytea not "
    "null,"
    " name text not null, genesis_id bytea not null, timestamp_ms bigint not null, partition_heights bigint not null);"
    "create table cursor (one boolean primary key default true check (one), height bigint not null, block_id bytea not "
    "null,"
    " view bigint not null, timestamp_ms bigint not null, payments bigint not null,"
    " written timestamptz not null default now());"
    "create table committees (epoch bigint primary key, from_height bigint not null, hash bytea not null,"
    " weight numeric not null, faulty numeric not null, slow numeric not null);"
    "create table validators (epoch bigint not null, number integer not null, consensus_key bytea not null,"
    " network_key bytea not null, weight numeric not null, primary key (epoch, number));"
    "create table currencies (number integer primary key, code text not null, supply numeric not null,"
    " smallest numeric not null);"
    "create table accounts (address bytea primary key, lives boolean not null, balance numeric not null, public_key "
    "bytea,"
    " created bigint not null, payments bigint not null, touches bigint not null, last_height bigint not null,"
    " last_index integer not null) with (fillfactor = 85);"
    "create table holds (id bytea primary key, lives boolean not null, balance numeric not null, amount numeric not "
    "null,"
    " home bytea not null, lock bytea not null, seal bytea not null, ends bigint not null, opened_height bigint not "
    "null,"
    " opened_index integer not null, payments bigint not null, touches bigint not null, last_height bigint not null,"
    " last_index integer not null, taken boolean not null) with (fillfactor = 85);"
    "create index holds_home on holds (home);"
    "create table blocks (height bigint not null, id bytea not null, view bigint not null, timestamp_ms bigint not "
    "null,"
    " proposer integer not null, payments integer not null, header bytea not null, certificate bytea,"
    " primary key (height)) partition by range (height);"
    "create index blocks_id on blocks (id);"
    "create index blocks_with_payments on blocks (height) where payments > 0;"
    "create table payments (height bigint not null, index integer not null, id bytea not null, kind smallint not null,"
    " sender bytea not null, expires bigint not null, currency integer not null, total numeric not null, memo_hash "
    "bytea,"
    " outputs integer not null, holds integer not null, signed bytea not null, primary key (height, index))"
    " partition by range (height);"
    "create index payments_id on payments (id);"
    "create table outputs (height bigint not null, index integer not null, number integer not null, account bytea not "
    "null,"
    " reference bytea, amount numeric not null, primary key (height, index, number)) partition by range (height);"
    "create table touches (kind smallint not null, entry bytea not null, height bigint not null, index integer not "
    "null,"
    " primary key (kind, entry, height, index)) partition by range (height);";

static const char *const DIVIDED[] = {"blocks", "payments", "outputs", "touches"};

static int tables_wrong(struct database *database, int error, const char *what)
{
	snprintf(database->why, sizeof(database->why), "%s", what);
	return error;
}

/* Whether there is something that a query in SQL says true of. */
static int tables_ask(struct database *database, const char *sql, bool *answer)
{
	PGresult *result;

	TRY(database_query(database, sql, NULL, 0, &result));
	*answer = result_true(result, 0, 0);
	PQclear(result);
	return 0;
}

/* ---- the genesis in the tables ---- */

static int copy_genesis_accounts(struct database *database, const struct genesis *genesis)
{
	struct rows rows = {0};

	rows_begin(&rows);
	for (uint32_t i = 0; i < genesis->account_count; i++) {
		const struct genesis_account *account = &genesis->accounts[i];
		rows_row(&rows, 9);
		rows_bytes(&rows, account->address.b, ADDRESS_SIZE);
		rows_boolean(&rows, true);
		rows_amount(&rows, account->balance);
		rows_null(&rows); /* no key is known yet */
		for (int zero = 0; zero < 4; zero++)
			rows_bigint(&rows, 0); /* created, payments, touches, last height */
		rows_integer(&rows, 0);
	}
	int error = database_copy(database, "copy accounts from stdin with (format binary)", &rows);
	rows_free(&rows);
	return error;
}

static int copy_genesis_committee(struct database *database, const struct committee *committee)
{
	struct rows validators = {0}, committees = {0};

	rows_begin(&committees);
	rows_row(&committees, 6);
	rows_bigint(&committees, committee->epoch);
	rows_bigint(&committees, 0);
	rows_bytes(&committees, committee->hash.b, HASH_SIZE);
	rows_amount(&committees, committee->weight);
	rows_amount(&committees, committee->faulty);
	rows_amount(&committees, committee->slow);
	int error = database_copy(database, "copy committees from stdin with (format binary)", &committees);
	rows_free(&committees);
	if (error)
		return error;
	rows_begin(&validators);
	for (uint32_t i = 0; i < committee->size; i++) {
		const struct validator *validator = &committee->validators[i];
		rows_row(&validators, 5);
		rows_bigint(&validators, committee->epoch);
		rows_integer(&validators, i);
		rows_bytes(&validators, validator->consensus_key, sizeof(validator->consensus_key));
		rows_bytes(&validators, validator->network_key, sizeof(validator->network_key));
		rows_amount(&validators, validator->weight);
	}
	error = database_copy(database, "copy validators from stdin with (format binary)", &validators);
	rows_free(&validators);
	return error;
}

/* One row of a table, whose fields `rows` has begun. */
static int copy_row(struct database *database, const char *sql, struct rows *rows)
{
	int error = database_copy(database, sql, rows);

	rows_free(rows);
	return error;
}

static int insert_genesis(struct database *database, const struct genesis *genesis, uint64_t partition_heights)
{
	struct rows network = {0}, cursor = {0}, currency = {0};
	struct chain_place place;

	chain_place_genesis(genesis, &place);
	rows_begin(&network);
	rows_row(&network, 6);
	rows_integer(&network, TABLES_FORMAT);
	rows_bytes(&network, genesis->network_id.b, HASH_SIZE);
	rows_text(&network, genesis->name);
	rows_bytes(&network, place.id.b, HASH_SIZE);
	rows_bigint(&network, genesis->timestamp_ms);
	rows_bigint(&network, partition_heights);
	TRY(copy_row(database,
	             "copy network (format, id, name, genesis_id, timestamp_ms, partition_heights) from stdin"
	             " with (format binary)",
	             &network));
	rows_begin(&cursor);
	rows_row(&cursor, 5);
	rows_bigint(&cursor, 0);
	rows_bytes(&cursor, place.id.b, HASH_SIZE);
	rows_bigint(&cursor, 0);
	rows_bigint(&cursor, genesis->timestamp_ms);
	rows_bigint(&cursor, 0);
	TRY(copy_row(database,
	             "copy cursor (height, block_id, view, timestamp_ms, payments) from stdin with (format binary)",
	             &cursor));
	rows_begin(&currency);
	rows_row(&currency, 4);
	rows_integer(&currency, genesis->currency);
	rows_text(&currency, genesis->currency_code);
	rows_amount(&currency, genesis->supply);
	rows_amount(&currency, genesis->smallest_amount);
	TRY(copy_row(database, "copy currencies from stdin with (format binary)", &currency));
	TRY(copy_genesis_committee(database, &genesis->committee));
	return copy_genesis_accounts(database, genesis);
}

static int tables_make(struct database *database, const struct genesis *genesis, uint64_t partition_heights)
{
	bool schema;

	/* A schema that an administrator has made for a role that may make none is used as it is. */
	TRY(tables_ask(database, "select to_regnamespace('uncia') is not null", &schema));
	TRY(database_run(database, "begin"));
	int error = schema ? 0 : database_run(database, "create schema uncia");
	if (!error)
		error = database_run(database, SCHEMA);
	if (!error)
		error = insert_genesis(database, genesis, partition_heights);
	if (!error)
		return database_run(database, "commit");
	char why[DATABASE_WHY_SIZE];
	memcpy(why, database->why, sizeof(why));
	database_run(database, "rollback");
	memcpy(database->why, why, sizeof(why));
	return error;
}

/* ---- tables that are there ---- */

#define TABLES_THERE "select to_regclass('uncia.network') is not null"

int tables_recognise(struct database *database, const struct genesis *genesis, struct tables *tables)
{
	PGresult *result;
	bool there;

	TRY(tables_ask(database, TABLES_THERE, &there));
	if (!there)
		return tables_wrong(database, UNCIA_E_NOT_FOUND, "there are no tables in it yet");
	TRY(database_query(database, "select format, id, partition_heights from network", NULL, 0, &result));
	int error = 0;
	if (PQntuples(result) != 1)
		error = tables_wrong(database, UNCIA_E_DAMAGED, "the row of table network is missing from it");
	else if (result_number(result, 0, 0) > TABLES_FORMAT)
		error = tables_wrong(database, UNCIA_E_NEWER,
		                     "its tables were made by a newer program; nothing was touched");
	else if (result_number(result, 0, 0) < TABLES_FORMAT)
		error =
		    tables_wrong(database, UNCIA_E_CONFIG,
		                 "its tables were made by an older program: drop schema uncia, and all is read again");
	else if (result_bytes(result, 0, 1).size != HASH_SIZE ||
	         memcmp(result_bytes(result, 0, 1).data, genesis->network_id.b, HASH_SIZE))
		error =
		    tables_wrong(database, UNCIA_E_NETWORK, "its tables are of another network; nothing was touched");
	tables->partition_heights = result_number(result, 0, 2);
	tables->partitions = 0;
	PQclear(result);
	if (!error && !tables->partition_heights)
		error = tables_wrong(database, UNCIA_E_DAMAGED, "table network states no size of partitions");
	return error;
}

int tables_prepare(struct database *database, const struct genesis *genesis, uint64_t partition_heights,
                   struct tables *tables)
{
	bool there, locked;

	assert(partition_heights);
	TRY(tables_ask(database, WRITER_LOCK, &locked));
	if (!locked)
		return tables_wrong(database, UNCIA_E_BUSY, "another uncia-indexer writes into it");
	TRY(tables_ask(database, TABLES_THERE, &there));
	if (!there)
		TRY(tables_make(database, genesis, partition_heights));
	TRY(tables_recognise(database, genesis, tables));
	return database_run(database,
	                    "create temp table if not exists new_accounts (like uncia.accounts) on commit delete rows;"
	                    "create temp table if not exists new_holds (like uncia.holds) on commit delete rows");
}

int tables_cursor(struct database *database, bool lock, struct chain_place *place, uint64_t *payments)
{
	PGresult *result;

	TRY(database_query(database,
	                   lock ? "select height, view, timestamp_ms, block_id, payments from cursor for update"
	                        : "select height, view, timestamp_ms, block_id, payments from cursor",
	                   NULL, 0, &result));
	bool whole = PQntuples(result) == 1 && result_bytes(result, 0, 3).size == HASH_SIZE;
	if (whole) {
		*place = (struct chain_place){
		    result_number(result, 0, 0), result_number(result, 0, 1), result_number(result, 0, 2), {{0}}};
		memcpy(place->id.b, result_bytes(result, 0, 3).data, HASH_SIZE);
		if (payments)
			*payments = result_number(result, 0, 4);
	}
	PQclear(result);
	return whole ? 0 : tables_wrong(database, UNCIA_E_DAMAGED, "the row of table cursor is missing from it");
}

/* ---- partitions ---- */

int tables_cover(struct database *database, struct tables *tables, uint64_t height)
{
	for (; tables->partitions <= height / tables->partition_heights; tables->partitions++) {
		uint64_t number = tables->partitions, from = number * tables->partition_heights;
		for (size_t i = 0; i < sizeof(DIVIDED) / sizeof(DIVIDED[0]); i++) {
			char sql[256];
			snprintf(sql, sizeof(sql),
			         "create table if not exists uncia.%s_%" PRIu64 " partition of uncia.%s"
			         " for values from (%" PRIu64 ") to (%" PRIu64 ")",
			         DIVIDED[i], number, DIVIDED[i], from, from + tables->partition_heights);
			TRY(database_run(database, sql));
		}
	}
	return 0;
}
