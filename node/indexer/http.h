/* The explorer: the page, the API under /api/v1 (docs/explorer.md) and the events, over HTTP. It has threads of its own
 * between http_start and server_stop. Threads: both are called by one. */
#ifndef HTTP_H
#define HTTP_H
#include "known.h"
#include "standing.h"

#define HTTP_PER_ADDRESS_DEFAULT 64u

struct http_options {
	const struct known_network *known;
	const char *database; /* a connection string: of a standby, perhaps */
	struct standing *standing;
	bool indexes;         /* this process indexes; else the cursor is read from the database, now and then */
	const char *listen;   /* HOST:PORT; port 0: one that the system gives */
	const char *libuncia; /* the folder of libuncia for browsers, or NULL */
	uint32_t per_address; /* connections of one address; 0: as many as there are */
};

struct http;

/* Listens, and says where on standard error. Returns an exit code, having said what is wrong. Owns: server_stop. */
int http_start(const struct http_options *options, struct http **http);
/* Ends all connections and threads. NULL does nothing. */
void server_stop(struct http *http);

#endif
