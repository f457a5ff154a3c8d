/* libpq, blocking: connections, statements, COPY, and SQLSTATE as error codes. */
#include "database.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

#define COPY_PIECE      (1u << 20)
#define PARAMETERS_MAX  8
#define CONNECT_SECONDS "5"

/* The server ends the session of an indexer that is gone within half a minute, and with it the lock of the writer. */
#define WRITER_SETTINGS                                                                                                \
	"set search_path = uncia, pg_temp; set lock_timeout = 10000; set idle_in_transaction_session_timeout = "       \
	"60000; "                                                                                                      \
	"set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4"

/* The first line of what libpq or the server says, without its "ERROR:". */
static int database_failed(struct database *database, int error, const char *message)
{
	static const char *const prefixes[] = {"ERROR:  ", "FATAL:  ", "PANIC:  "};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(message, prefixes[i], strlen(prefixes[i])))
			message += strlen(prefixes[i]);
	snprintf(database->why, sizeof(database->why), "%.*s", (int)strcspn(message, "\n"), message);
	return error;
}

/* The class of an SQLSTATE, its first two characters. */
static bool state_in(const char *state, const char *classes)
{
	for (const char *c = classes; *c; c += 3)
		if (!strncmp(state, c, 2))
			return true;
	return false;
}

static int error_of_state(const char *state)
{
	if (state_in(state, "53"))
		return UNCIA_E_FULL;
	if (state_in(state, "08 57"))
		return UNCIA_E_UNREACHABLE;
	if (state_in(state, "40 55") || !strcmp(state, "25006"))
		return UNCIA_E_BUSY;
	if (state_in(state, "22 23 XX"))
		return UNCIA_E_DAMAGED;
	if (state_in(state, "28") || !strcmp(state, "42501"))
		return UNCIA_E_PERMISSION;
	if (state_in(state, "58"))
		return UNCIA_E_IO;
	return UNCIA_E_CONFIG;
}

static int database_result_failed(struct database *database, const PGresult *result)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

	if (PQstatus(database->connection) != CONNECTION_OK || !state)
		return database_failed(database, result ? UNCIA_E_UNREACHABLE : UNCIA_E_MEMORY,
		                       PQerrorMessage(database->connection));
	return database_failed(database, error_of_state(state), PQresultErrorMessage(result));
}

static void drop_notice(void *unused, const PGresult *result)
{
	(void)unused;
	(void)result;
}

/* libpq keeps no SQLSTATE of a connection that was refused: what can be told apart is told by the text. */
static int connect_failed(struct database *database)
{
	static const char *const final[] = {"invalid connection option", "missing \"=\"", "invalid URI",
	                                    "invalid sslmode"};
	static const char *const refused[] = {"authentication failed", "no password supplied", "no pg_hba.conf entry",
	                                      "\" does not exist"};
	const char *message = PQerrorMessage(database->connection);
	int error = UNCIA_E_UNREACHABLE;

	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (strstr(message, final[i]))
			error = UNCIA_E_CONFIG;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strstr(message, refused[i]))
			error = UNCIA_E_PERMISSION;
	if (strstr(message, "too many clients") || strstr(message, "remaining connection slots"))
		error = UNCIA_E_FULL;
	return database_failed(database, error, message);
}

int database_open(struct database *database, const char *connection, bool reader)
{
	const char *keywords[] = {"connect_timeout",
	                          "fallback_application_name",
	                          "keepalives_idle",
	                          "keepalives_interval",
	                          "keepalives_count",
	                          "tcp_user_timeout",
	                          "client_encoding",
	                          "dbname",
	                          NULL};
	const char *values[] = {CONNECT_SECONDS, "uncia-indexer", "10", "5", "4", "30000", "UTF8", connection, NULL};

	database_close(database);
	database->connection = PQconnectdbParams(keywords, values, 1);
	if (!database->connection)
		return database_failed(database, UNCIA_E_MEMORY, "out of memory");
	PQsetNoticeReceiver(database->connection, drop_notice, NULL);
	if (PQstatus(database->connection) != CONNECTION_OK)
		return connect_failed(database);
	return database_run(database, reader ? "set default_transaction_read_only = on; set statement_timeout = 3000; "
	                                       "set search_path = uncia"
	                                     : WRITER_SETTINGS);
}

void database_close(struct database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
}

int database_run(struct database *database, const char *sql)
{
	PGresult *result = PQexec(database->connection, sql);
	ExecStatusType status = PQresultStatus(result);
	int error =
	    status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : database_result_failed(database, result);

	PQclear(result);
	return error;
}

int database_query(struct database *database, const char *sql, const struct parameter *parameters, int count,
                   PGresult **result)
{
	static const int binary[PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
	const char *values[PARAMETERS_MAX];
	int sizes[PARAMETERS_MAX];

	assert(count <= PARAMETERS_MAX);
	for (int i = 0; i < count; i++) {
		values[i] = parameters[i].data;
		sizes[i] = (int)parameters[i].size;
	}
	*result = PQexecParams(database->connection, sql, count, NULL, values, sizes, binary, 1);
	if (PQresultStatus(*result) == PGRES_TUPLES_OK)
		return 0;
	int error = database_result_failed(database, *result);
	PQclear(*result);
	*result = NULL;
	return error;
}

/* The result that ends a COPY, and whatever is behind it. */
static int copy_end(struct database *database)
{
	int error = 0;
	PGresult *result;

	while ((result = PQgetResult(database->connection))) {
		ExecStatusType status = PQresultStatus(result);
		if (status != PGRES_COMMAND_OK && !error)
			error = database_result_failed(database, result);
		PQclear(result);
		if (status == PGRES_COPY_IN) /* the end could not be sent: the same would come for ever */
			return database_failed(database, UNCIA_E_UNREACHABLE, PQerrorMessage(database->connection));
	}
	return error;
}

int database_copy(struct database *database, const char *sql, struct rows *rows)
{
	if (!rows->count)
		return 0;
	rows_end(rows);
	if (rows->failed)
		return database_failed(database, UNCIA_E_MEMORY,
		                       "out of memory, or a number that a column does not hold");
	PGresult *result = PQexec(database->connection, sql);
	bool begun = PQresultStatus(result) == PGRES_COPY_IN;
	int error = begun ? 0 : database_result_failed(database, result);
	PQclear(result);
	if (error)
		return error;
	bool sent = true;
	for (size_t at = 0; at < rows->size && sent; at += COPY_PIECE) {
		size_t size = rows->size - at < COPY_PIECE ? rows->size - at : COPY_PIECE;
		sent = PQputCopyData(database->connection, (const char *)rows->data + at, (int)size) == 1;
	}
	sent = sent && PQputCopyEnd(database->connection, NULL) == 1;
	error = copy_end(database);
	if (!error && !sent)
		error = database_failed(database, UNCIA_E_UNREACHABLE, PQerrorMessage(database->connection));
	return error;
}

uint64_t result_number(const PGresult *result, int row, int column)
{
	const uint8_t *value = (const uint8_t *)PQgetvalue(result, row, column);

	switch (PQgetlength(result, row, column)) {
	case 2:
		return (uint64_t)(value[0] << 8 | value[1]);
	case 4:
		return be32_get(value);
	case 8:
		return be64_get(value);
	default:
		return 0;
	}
}

bool result_true(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 1 && *PQgetvalue(result, row, column) == 1;
}

struct bytes result_bytes(const PGresult *result, int row, int column)
{
	return (struct bytes){(const uint8_t *)PQgetvalue(result, row, column),
	                      (size_t)PQgetlength(result, row, column)};
}
