/* A connection to PostgreSQL, and what its failures mean to who uses it. Threads: one at a time for each connection. */
#ifndef DATABASE_H
#define DATABASE_H
#include <libpq-fe.h>
#include "rows.h"

#define DATABASE_WHY_SIZE 400

struct database {
	PGconn *connection;          /* NULL: none */
	char why[DATABASE_WHY_SIZE]; /* of the last failure: PostgreSQL's first sentence */
};

/* What the functions below return besides 0:
 *   UNCIA_E_UNREACHABLE  nobody there, or the connection is lost, or the server ends or starts: again later, anew
 *   UNCIA_E_FULL         the server's disk, memory or connections are used up: again later
 *   UNCIA_E_BUSY         another session is in the way, or the server is read-only (a standby): again later
 *   UNCIA_E_DAMAGED      rows are not as they must be: a key is there twice, say
 *   UNCIA_E_PERMISSION   the role may not do this
 *   UNCIA_E_CONFIG       the connection string, or the database it names, or a table is not what it must be
 *   UNCIA_E_MEMORY, UNCIA_E_IO
 * database->why says what the server said. */

/* Connects by a string of libpq's ("host=… dbname=…", or a URI; what it leaves out comes from the PG… variables). The
 * session gives up a server that is silent for half a minute. reader: transactions are read-only, and statements end
 * after three seconds. Owns: database_close, also where it fails. */
int database_open(struct database *database, const char *connection, bool reader);
/* Ends the connection, if there is one. */
void database_close(struct database *database);
/* Statements without parameters or results of interest, one after the other. */
int database_run(struct database *database, const char *sql);
/* A parameter of a query, in binary. */
struct parameter {
	const void *data; /* NULL: null */
	size_t size;
};
/* One statement with parameters and a result, both in binary. On 0, *result is the caller's (PQclear). */
int database_query(struct database *database, const char *sql, const struct parameter *parameters, int count,
                   PGresult **result);
/* Copies rows in: sql is COPY … FROM STDIN WITH (FORMAT binary), rows begun and not yet ended. Nothing is asked where
 * there is no row. */
int database_copy(struct database *database, const char *sql, struct rows *rows);

/* A field of a result in binary: a number of 2, 4 or 8 bytes (0 of another size), a boolean, bytes. */
uint64_t result_number(const PGresult *result, int row, int column);
bool result_true(const PGresult *result, int row, int column);
struct bytes result_bytes(const PGresult *result, int row, int column);

#endif
