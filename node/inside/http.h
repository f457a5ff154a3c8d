/* A server of HTTP for whoever looks at figures: GET and HEAD of a path, one answer, and the connection ends. Requests
 * are read by http-parser. A connection has its time, its bytes and its place, whatever it does: past
 * HTTP_CONNECTIONS_MAX the oldest gives way. What is asked for, and what is answered, is its owner's (inside.c).
 *
 * Threads: one, its loop's. */
#ifndef HTTP_H
#define HTTP_H
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define HTTP_CONNECTIONS_MAX 32u
#define HTTP_TIME_MS         5000u  /* of a connection, for everything */
#define HTTP_DISCARDED_MAX   65536u /* bytes that follow it, which are not looked at */

/* A body that several answers share; it is freed with the last of them. */
struct http_body {
	unsigned references;
	size_t size;
	char bytes[];
};
/* A copy, with one reference; NULL: out of memory. */
struct http_body *http_body_new(const char *bytes, size_t size);
struct http_body *http_body_ref(struct http_body *body);
void http_body_release(struct http_body *body); /* accepts NULL */

struct http_server;
struct http_connection;

struct http_options {
	uv_loop_t *loop;
	int fd; /* a listening socket; the server's from now on, also on failure */
	/* Connections wait for their answers: called once a request has come whole. */
	void (*asked)(void *context);
	void *context;
	unsigned time_ms; /* 0: HTTP_TIME_MS */
};

/* Since the start: connections; of them those that were answered with 200, and those whose request was none; that gave
 * way to newer ones; and that took too long. */
struct http_counters {
	uint64_t accepted, answered, refused, pushed_out, timed_out;
};

/* Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: http_stop, run the loop, http_free. */
int http_new(const struct http_options *options, struct http_server **server);
/* The connection that waits longest for its answer, or NULL. */
struct http_connection *http_waiting(struct http_server *server);
/* What it asks for, without what stands behind a question mark. */
const char *http_path(const struct http_connection *connection);
/* How long it has waited. */
uint64_t http_waits_ms(const struct http_connection *connection);
/* Answers it, with a reference to the body, which is its own from now on. type: of the body. It does not wait any more.
 */
void http_answer(struct http_connection *connection, unsigned status, const char *type, struct http_body *body);
/* Valid as long as the server. */
const struct http_counters *http_counters(const struct http_server *server);
/* Closes everything. Once. */
void http_stop(struct http_server *server);
/* After http_stop and a run of the loop. Accepts NULL. */
void http_free(struct http_server *server);

#endif
