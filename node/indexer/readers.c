/* A pool of as many connections as there are threads that answer. */
#include "readers.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "clocks.h"
#include "uncia/error.h"

#define READERS_RETRY_MS 1000u

struct readers {
	const char *connection;
	const struct genesis *genesis;
	pthread_mutex_t lock;
	struct database databases[READERS_COUNT];
	bool out[READERS_COUNT];
	uint64_t failed_ms; /* when connecting failed last; 0: not since it last worked */
	int error;
	char why[DATABASE_WHY_SIZE];
};

struct readers *readers_new(const char *connection, const struct genesis *genesis)
{
	struct readers *readers = calloc(1, sizeof(*readers));

	if (!readers)
		return NULL;
	readers->connection = connection;
	readers->genesis = genesis;
	pthread_mutex_init(&readers->lock, NULL);
	return readers;
}

void readers_free(struct readers *readers)
{
	for (uint32_t i = 0; readers && i < READERS_COUNT; i++)
		database_close(&readers->databases[i]);
	if (readers)
		pthread_mutex_destroy(&readers->lock);
	free(readers);
}

static int reader_connect(struct readers *readers, struct database *database)
{
	struct tables tables;

	int error = database_open(database, readers->connection, true);
	if (!error)
		error = tables_recognise(database, readers->genesis, &tables);
	pthread_mutex_lock(&readers->lock);
	readers->failed_ms = error ? clocks_monotonic_ms() : 0;
	readers->error = error;
	memcpy(readers->why, database->why, sizeof(readers->why));
	pthread_mutex_unlock(&readers->lock);
	if (error)
		database_close(database);
	return error;
}

struct database *readers_take(struct readers *readers, int *error, char why[DATABASE_WHY_SIZE])
{
	struct database *database = NULL;

	pthread_mutex_lock(&readers->lock);
	for (uint32_t i = 0; i < READERS_COUNT && !database; i++) {
		if (readers->out[i])
			continue;
		readers->out[i] = true;
		database = &readers->databases[i];
	}
	bool soon = readers->failed_ms && clocks_monotonic_ms() < readers->failed_ms + READERS_RETRY_MS;
	*error = database ? readers->error : UNCIA_E_FULL;
	strcpy(why, database ? readers->why : "all connections to the database are in use");
	pthread_mutex_unlock(&readers->lock);
	if (!database)
		return NULL;
	if (database->connection)
		*error = 0;
	else if (!soon)
		*error = reader_connect(readers, database);
	if (!*error)
		return database;
	if (!soon)
		memcpy(why, database->why, DATABASE_WHY_SIZE);
	readers_give(readers, database);
	return NULL;
}

void readers_give(struct readers *readers, struct database *database)
{
	if (database->connection && PQstatus(database->connection) != CONNECTION_OK)
		database_close(database);
	pthread_mutex_lock(&readers->lock);
	readers->out[database - readers->databases] = false;
	pthread_mutex_unlock(&readers->lock);
}
