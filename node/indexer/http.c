/* libmicrohttpd: four threads that each serve many connections, and one that tells viewers of new blocks. */
#include "http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "events.h"
#include "files_served.h"
#include "forms.h"
#include "readers.h"
#include "routes.h"
#include "indexer_say.h"
#include "uncia/error.h"

#define HTTP_THREADS    (READERS_COUNT - 1)
#define CONNECTIONS_MAX 512u
#define IDLE_SECONDS    15u         /* of a connection that neither sends nor takes */
#define CONNECTION_SIZE (32u << 10) /* of memory for what it asks */
#define HEAVY_MAX       2           /* questions at a time that read much */
#define TURN_US         200000u
#define NETWORK_PATH    "/network.conf"

/* Nothing but what this server gives runs in the page, or is asked from it; nobody frames it. */
#define PAGE_POLICY                                                                                                    \
	"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; "             \
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct http {
	struct http_options options;
	struct MHD_Daemon *daemon;
	struct readers *readers;
	struct validator_link *link;
	struct served_files *files;
	struct events *events;
	pthread_t turns;
	bool turning;
	atomic_int heavy;
	atomic_bool ends;
};

static enum MHD_Result http_respond(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                    const char *type)
{
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Content-Security-Policy", PAGE_POLICY);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (status == API_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
	if (status == API_METHOD)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Takes the body. */
static enum MHD_Result http_json(struct MHD_Connection *connection, int status, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (!text)
		return MHD_NO; /* out of memory: the connection ends */
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return http_respond(connection, (unsigned)status, response, "application/json");
}

static enum MHD_Result http_error(struct MHD_Connection *connection, int status, const char *code, const char *reason)
{
	json_t *body = NULL;

	api_error(&body, status, code, "%s", reason);
	return http_json(connection, status, body);
}

static enum MHD_Result http_bytes(struct MHD_Connection *connection, const struct bytes *content, const char *type)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(content->size, (void *)(uintptr_t)content->data, MHD_RESPMEM_PERSISTENT);

	return http_respond(connection, API_OK, response, type);
}

/* ---- the API ---- */

static const char *http_value(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

	return value && strlen(value) <= API_TEXT_MAX ? value : value ? "" : NULL;
}

/* Answers with what a route says; the database is the thread's own meanwhile. */
static enum MHD_Result server_answer(struct http *http, struct MHD_Connection *connection, const struct route *route,
                                     struct api_request *request)
{
	char why[DATABASE_WHY_SIZE];
	json_t *body = NULL;
	int error = 0, status;

	if (route->tables) {
		request->database = readers_take(http->readers, &error, why);
		if (!request->database) {
			struct database none = {0};
			memcpy(none.why, why, sizeof(none.why));
			status = api_database_error(&body, &none, error);
			return http_json(connection, status, body);
		}
	}
	status = route->answer(request, &body);
	if (route->tables)
		readers_give(http->readers, request->database);
	return http_json(connection, status, body);
}

static enum MHD_Result http_api(struct http *http, struct MHD_Connection *connection, const char *path)
{
	char subject[API_TEXT_MAX + 1];
	const struct route *route = route_find(path, subject);

	if (!route)
		return http_error(connection, API_NOT_FOUND, "not_found",
		                  "there is no such thing; docs/explorer.md says what there is");
	struct api_request request = {
	    .known = http->options.known,
	    .standing = http->options.standing,
	    .link = http->link,
	    .subject = route->subject ? subject : NULL,
	    .before = http_value(connection, "before"),
	    .after = http_value(connection, "after"),
	    .limit = http_value(connection, "limit"),
	    .q = http_value(connection, "q"),
	    .with = http_value(connection, "with"),
	};
	if (route->heavy && atomic_fetch_add(&http->heavy, 1) >= HEAVY_MAX) {
		atomic_fetch_sub(&http->heavy, 1);
		return http_error(connection, API_UNAVAILABLE, "busy", "many ask for proofs: ask again in a second");
	}
	enum MHD_Result result = server_answer(http, connection, route, &request);
	if (route->heavy)
		atomic_fetch_sub(&http->heavy, 1);
	return result;
}

static enum MHD_Result http_events(struct http *http, struct MHD_Connection *connection)
{
	int result = event_stream_answer(http->events, connection);

	if (result < 0)
		return http_error(connection, API_UNAVAILABLE, "busy",
		                  "there are as many viewers as this server takes");
	return result ? MHD_YES : MHD_NO;
}

/* ---- requests ---- */

static enum MHD_Result http_get(struct http *http, struct MHD_Connection *connection, const char *path)
{
	const struct served_file *file = served_file_find(http->files, path);

	if (file)
		return http_bytes(connection, &file->content, file->type);
	if (!strcmp(path, ROUTE_PREFIX "events"))
		return http_events(http, connection);
	if (!strncmp(path, ROUTE_PREFIX, strlen(ROUTE_PREFIX)))
		return http_api(http, connection, path + strlen(ROUTE_PREFIX));
	if (!strcmp(path, NETWORK_PATH)) {
		const struct known_network *known = http->options.known;
		const struct bytes text = {(const uint8_t *)known->text, known->text_size};
		return http_bytes(connection, &text, "text/plain; charset=utf-8");
	}
	return http_error(connection, API_NOT_FOUND, "not_found", "there is no such page");
}

/* Called first when the head of a request is there, which is not yet answered, so that the connection may go on. */
static enum MHD_Result http_request(void *context, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *upload, size_t *upload_size,
                                    void **seen)
{
	static int head_seen;
	struct http *http = context;

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return http_error(connection, API_METHOD, "method",
		                  "nothing can be changed here: GET and HEAD are all there is");
	if (!*seen) {
		*seen = &head_seen;
		return MHD_YES;
	}
	if (*upload_size) { /* of a GET: nobody reads it */
		*upload_size = 0;
		return MHD_YES;
	}
	return http_get(http, connection, path);
}

/* ---- turns ---- */

/* Where somebody else indexes, the cursor is looked at in the database. */
static void http_look(struct http *http)
{
	struct standing *standing = http->options.standing;
	char why[DATABASE_WHY_SIZE];
	struct chain_place place;
	int error;

	struct database *database = readers_take(http->readers, &error, why);
	if (database) {
		error = tables_cursor(database, false, &place, NULL);
		if (error)
			memcpy(why, database->why, sizeof(why));
		readers_give(http->readers, database);
	}
	if (error) {
		standing_set(standing, error == UNCIA_E_NOT_FOUND ? STANDING_STARTING : STANDING_NO_DATABASE, why);
		return;
	}
	standing_move(standing, &place, 0);
	standing_set(standing, STANDING_READING, NULL);
}

static void *http_turns(void *context)
{
	struct http *http = context;

	while (!atomic_load(&http->ends)) {
		struct standing standing;
		if (!http->options.indexes)
			http_look(http);
		standing_copy(http->options.standing, &standing);
		event_stream_turn(http->events, &standing.cursor);
		usleep(TURN_US);
	}
	return NULL;
}

/* ---- start and end ---- */

static int http_address(const char *text, struct sockaddr_storage *address)
{
	char host[HOST_SIZE_MAX], *colon = strrchr(text, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *list;
	size_t size = colon ? (size_t)(colon - text) : 0;

	if (!size || size >= sizeof(host))
		return indexer_say(INDEXER_USAGE, "--listen %s: not HOST:PORT", text);
	memcpy(host, text, size);
	host[size] = '\0';
	bool bracketed = host[0] == '[' && host[size - 1] == ']';
	if (bracketed)
		host[size - 1] = '\0';
	int error = getaddrinfo(bracketed ? host + 1 : host, colon + 1, &hints, &list);
	if (error)
		return indexer_say(INDEXER_USAGE, "--listen %s: %s", text, gai_strerror(error));
	memcpy(address, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return INDEXER_DONE;
}

static int http_listen(struct http *http)
{
	struct sockaddr_storage address = {0};
	const struct http_options *o = &http->options;

	int code = http_address(o->listen, &address);
	if (code)
		return code;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	http->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, http_request, http, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
	    HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    o->per_address, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_SIZE, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
	if (!http->daemon)
		return indexer_say(INDEXER_FAILED, "cannot listen at %s: %s", o->listen,
		                   errno ? strerror(errno) : "libmicrohttpd does not say why");
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
	const char *colon = strrchr(o->listen, ':');
	indexer_say(0, "the explorer is at http://%.*s:%u/", (int)(colon - o->listen), o->listen,
	            info ? info->port : 0);
	return INDEXER_DONE;
}

int http_start(const struct http_options *options, struct http **out)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return indexer_say(INDEXER_FAILED, "out of memory");
	http->options = *options;
	http->readers = readers_new(options->database, &options->known->genesis);
	http->events = event_stream_new();
	http->link = validator_link_new(options->known); /* NULL where the file names no validator: no proofs, then */
	int code = http->readers && http->events ? served_files_read(options->libuncia, &http->files)
	                                         : indexer_say(INDEXER_FAILED, "out of memory");
	if (!code)
		code = http_listen(http);
	if (!code) {
		http->turning = !pthread_create(&http->turns, NULL, http_turns, http);
		if (!http->turning)
			code = indexer_say(INDEXER_FAILED, "no thread can be made");
	}
	if (code)
		server_stop(http);
	else
		*out = http;
	return code;
}

void server_stop(struct http *http)
{
	if (!http)
		return;
	atomic_store(&http->ends, true);
	if (http->turning)
		pthread_join(http->turns, NULL);
	if (http->events)
		event_stream_end(http->events);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	event_stream_free(http->events);
	readers_free(http->readers);
	validator_link_free(http->link);
	served_files_free(http->files);
	free(http);
}
