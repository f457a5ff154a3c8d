/* The thread that answers, and the handing over of figures from the node's loop. See inside.h. */
#include "inside.h"
#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "exposition.h"
#include "health.h"
#include "http.h"
#include "log.h"
#include "metrics.h"
#include "net_listen.h"
#include "process.h"
#include "thread_priority.h"
#include "uncia/error.h"
#include "uv_memory.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

/* Whose `handed` is. Moves NONE → ASKED (this thread: it is the node's loop's) → GIVEN (the node's loop) → NONE.
 * Without a mutex: the node's loop must not wait for a thread of lower priority. */
enum handing { HANDING_NONE, HANDING_ASKED, HANDING_GIVEN };

struct inside {
	int port;
	uv_thread_t thread;
	uv_loop_t loop;
	uv_async_t woken;
	atomic_bool ending;
	atomic_int handing;
	struct node_figures handed;
	/* Under the mutex, which the node's loop takes at its start and end only. */
	uv_mutex_t mutex;
	struct node *node; /* NULL: not running yet, or not any more */
	/* The thread's own. */
	struct http_server *server;
	struct process_figures process;
	bool fresh;                         /* there is what follows, taken at taken_ms */
	uint64_t taken_ms;                  /* by its loop's clock */
	struct http_body *metrics, *health; /* metrics: NULL where memory was short */
	bool healthy;
};

/* ---- the node's loop ------------------------------------------------------------------------------- */

void inside_running(void *context, struct node *node)
{
	struct inside *in = context;

	uv_mutex_lock(&in->mutex);
	in->node = node;
	uv_mutex_unlock(&in->mutex);
}

void inside_figures(void *context, const struct node_figures *figures)
{
	struct inside *in = context;

	if (in->handing != HANDING_ASKED)
		return;
	in->handed = *figures;
	in->handing = HANDING_GIVEN;
	uv_async_send(&in->woken);
}

/* ---- texts ----------------------------------------------------------------------------------------- */

static void texts_drop(struct inside *in)
{
	http_body_release(in->metrics);
	http_body_release(in->health);
	in->metrics = in->health = NULL;
	in->fresh = false;
}

/* Both texts, of what was handed over. */
static void texts_make(struct inside *in)
{
	const struct metrics_sources sources = {&in->handed, &in->process, http_counters(in->server)};
	struct exposition e = {0};
	char line[HEALTH_TEXT_SIZE + 1] = "ok";

	texts_drop(in);
	process_measure(&in->process);
	metrics_write(&sources, &e);
	if (!e.error)
		in->metrics = http_body_new(e.text, e.size);
	exposition_deinit(&e);
	in->healthy = health_good(&in->handed, line);
	strcat(line, "\n"); /* there is room for it */
	in->health = http_body_new(line, strlen(line));
	in->fresh = true;
	in->taken_ms = uv_now(&in->loop);
}

/* ---- answers --------------------------------------------------------------------------------------- */

static void answer_text(struct http_connection *c, unsigned status, const char *text)
{
	struct http_body *body = http_body_new(text, strlen(text));

	if (body) /* else its time ends it */
		http_answer(c, status, TEXT_TYPE, body);
}

enum route { ROUTE_METRICS, ROUTE_HEALTH, ROUTE_INDEX, ROUTE_NOWHERE };

static enum route route_of(const struct http_connection *c)
{
	static const char *const paths[] = {
	    [ROUTE_METRICS] = "/metrics", [ROUTE_HEALTH] = "/healthz", [ROUTE_INDEX] = "/"};
	enum route route = 0;

	while (route < ROUTE_NOWHERE && strcmp(http_path(c), paths[route]) != 0)
		route++;
	return route;
}

static void answer_fresh(struct inside *in, struct http_connection *c, enum route route)
{
	struct http_body *body = route == ROUTE_METRICS ? in->metrics : in->health;

	if (!body)
		answer_text(c, 503, "out of memory\n");
	else if (route == ROUTE_METRICS)
		http_answer(c, 200, EXPOSITION_TYPE, http_body_ref(body));
	else
		http_answer(c, in->healthy ? 200 : 503, TEXT_TYPE, http_body_ref(body));
}

/* Asks the node's loop, unless it has been asked. Returns whether there is one to ask. */
static bool ask_node(struct inside *in)
{
	bool running;

	uv_mutex_lock(&in->mutex);
	running = in->node;
	if (running && in->handing == HANDING_NONE) {
		in->handing = HANDING_ASKED;
		node_ask_figures(in->node);
	}
	uv_mutex_unlock(&in->mutex);
	return running;
}

/* Answers what can be answered now. Returns whether it was. */
static bool answer_one(struct inside *in, struct http_connection *c)
{
	enum route route = route_of(c);

	if (route == ROUTE_NOWHERE)
		answer_text(c, 404, "There is /metrics, and /healthz.\n");
	else if (route == ROUTE_INDEX)
		answer_text(c, 200, "A validator of Uncia: /metrics for Prometheus, /healthz.\n");
	else if (in->fresh)
		answer_fresh(in, c, route);
	else if (!ask_node(in))
		answer_text(c, 503, "it is starting, or ending\n");
	else if (http_waits_ms(c) >= INSIDE_WAIT_MS)
		answer_text(c, 503, "the validator's loop does not answer\n");
	else
		return false;
	return http_waiting(in->server) != c; /* it waits yet where memory is short */
}

static void on_http_asked(void *context)
{
	struct inside *in = context;
	struct http_connection *c;

	if (in->fresh && uv_now(&in->loop) - in->taken_ms >= INSIDE_FRESH_MS)
		texts_drop(in);
	while ((c = http_waiting(in->server)) && answer_one(in, c))
		;
}

/* ---- the thread ------------------------------------------------------------------------------------ */

static void inside_end(struct inside *in)
{
	http_stop(in->server);
	uv_close((uv_handle_t *)&in->woken, NULL);
}

static void on_woken(uv_async_t *async)
{
	struct inside *in = async->data;

	if (in->ending) {
		inside_end(in);
		return;
	}
	if (in->handing == HANDING_GIVEN) {
		texts_make(in);
		in->handing = HANDING_NONE;
	}
	on_http_asked(in);
}

static void inside_main(void *context)
{
	struct inside *in = context;

	lower_priority();
	uv_run(&in->loop, UV_RUN_DEFAULT);
}

/* Makes what the thread works with. On failure nothing is left but the loop's closed handles. */
static int inside_make(struct inside *in, int fd)
{
	const struct http_options options = {&in->loop, fd, on_http_asked, in, 0};
	int error = http_new(&options, &in->server);

	if (error)
		return error;
	uv_async_init(&in->loop, &in->woken, on_woken);
	in->woken.data = in;
	if (uv_thread_create(&in->thread, inside_main, in) == 0)
		return 0;
	inside_end(in);
	return UNCIA_E_IO;
}

static void inside_unmake(struct inside *in)
{
	uv_run(&in->loop, UV_RUN_DEFAULT);
	http_free(in->server);
	texts_drop(in);
	int closed = uv_loop_close(&in->loop);
	assert(!closed);
	uv_mutex_destroy(&in->mutex);
	free(in);
}

/* The loop and the mutex; -1 where the system has none. */
static int inside_begin(struct inside *in)
{
	if (uv_loop_init(&in->loop) < 0)
		return -1;
	if (uv_mutex_init(&in->mutex) == 0)
		return 0;
	uv_loop_close(&in->loop);
	return -1;
}

int inside_new(const char *host, uint16_t port, struct inside **inside, char why[256])
{
	struct inside *in = calloc(1, sizeof(*in));
	int fd, error;

	if (!in)
		return UNCIA_E_MEMORY;
	uv_memory_guard();
	error = net_listen(host, port, &fd, &in->port, why);
	if (error) {
		free(in);
		return error;
	}
	if (inside_begin(in) < 0) {
		snprintf(why, 256, "no event loop: %s", uncia_error_text(UNCIA_E_IO));
		close(fd);
		free(in);
		return UNCIA_E_IO;
	}
	error = inside_make(in, fd);
	if (error) {
		snprintf(why, 256, "cannot serve metrics: %s", uncia_error_text(error));
		inside_unmake(in);
		return error;
	}
	*inside = in;
	return 0;
}

int inside_port(const struct inside *in)
{
	return in->port;
}

void inside_free(struct inside *in)
{
	if (!in)
		return;
	assert(!in->node);
	in->ending = true;
	uv_async_send(&in->woken);
	int error = uv_thread_join(&in->thread);
	assert(!error);
	inside_unmake(in);
}
