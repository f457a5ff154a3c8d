/* A network that fails on command: TCP routes that pass bytes on, each way with a delay, a rate, flipped bits, cuts, or
 * not at all. Reads commands from standard input, a line each, and answers each with a line; ends with its input. Knows
 * nothing of what passes through.
 *
 *	route NAME LISTEN TARGET     a route from port LISTEN (0: any that is free) to port TARGET of 127.0.0.1: "ok
 *PORT" set NAME > SETTING=VALUE…    of what goes from the dialler to the target; <: of what comes back refuse NAME 0|1
 *new connections are reset, or let through again reset NAME                   all connections of the route are reset,
 *both ends: "ok COUNT" stats NAME                   JSON attempts NAME                when connections were made, in ms
 *since the start, the newest 1,024: "ok MS…"
 *
 * The settings, 0 for all until set:
 *	delay, jitter   ms; up to so much more, in order all the same
 *	rate            bytes a second
 *	chunk           bytes delivered at once, at most
 *	window          bytes held, at most; then it reads no more, and the sender feels it (0: WINDOW_DEFAULT)
 *	stop            1: reads nothing; what comes waits where it is
 *	hole            1: reads all, and delivers nothing of it, ever, nor that the sender has closed
 *	flip            a bit is flipped about every so many bytes
 *	cut             connections are reset after so many bytes, counted from now or from their start */
#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uv.h>

#define WINDOW_DEFAULT (64u << 20)
#define READ_SIZE      (64u << 10)
#define ATTEMPTS_MAX   1024u
#define WAIT_EVENT     UINT64_MAX /* until something happens */
#define NAME_SIZE      32

enum setting { DELAY, JITTER, RATE, CHUNK, WINDOW, STOP, HOLE, FLIP, CUT, SETTINGS };
static const char *const setting_names[SETTINGS] = {"delay", "jitter", "rate", "chunk", "window",
                                                    "stop",  "hole",   "flip", "cut"};

/* Bytes of one read, to be delivered from a moment on. */
struct piece {
	struct piece *prev, *next;
	uint64_t due_ms;
	size_t size, delivered;
	char bytes[];
};

struct connection;

struct way {
	struct connection *connection;
	uv_tcp_t *from, *to;
	const uint64_t *settings; /* the route's, of this way */
	uint64_t *passed;
	struct piece *pieces;
	size_t held;
	uint64_t last_due_ms;
	uint64_t until_flip, until_cut; /* bytes; 0: never, or not drawn yet */
	double allowance;               /* bytes that the rate lets through, as of: */
	uint64_t allowance_ms;
	uv_timer_t timer;
	uv_write_t write;
	size_t writing_size;
	bool writing, reading, ended; /* ended: the sender has closed */
};

struct route;

struct connection {
	struct route *route;
	uv_tcp_t dialler, target;
	uv_connect_t connect;
	struct way ways[2];
	unsigned handles; /* not closed yet */
	bool connected, closing;
	struct connection *prev, *next;
};

struct route {
	char name[NAME_SIZE];
	uv_tcp_t listener;
	struct sockaddr_in target;
	uint64_t settings[2][SETTINGS];
	uint64_t passed[2], flips, cuts, unreachable, refused, attempt_count;
	uint64_t attempts_ms[ATTEMPTS_MAX];
	bool refuse;
	struct connection *connections;
	struct route *next;
};

static uv_loop_t *loop;
static struct route *routes;
static uint64_t start_ms;
static char read_buffer[READ_SIZE];

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory) {
		fprintf(stderr, "fault_proxy: out of memory\n");
		exit(1);
	}
	return memory;
}

static uint64_t random_up_to(uint64_t most)
{
	static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return most ? 1 + state % most : 0;
}

/* ---- the end of a connection ------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct piece *piece, *next;

	if (--c->handles)
		return;
	for (int i = 0; i < 2; i++) {
		DL_FOREACH_SAFE (c->ways[i].pieces, piece, next) {
			free(piece);
		}
	}
	free(c);
}

static void end_stream(uv_tcp_t *tcp, bool reset)
{
	/* A reset is not possible while a write is under way. */
	if (!reset || uv_tcp_close_reset(tcp, on_closed) < 0)
		uv_close((uv_handle_t *)tcp, on_closed);
}

static void end_connection(struct connection *c, bool reset)
{
	if (c->closing)
		return;
	c->closing = true;
	DL_DELETE(c->route->connections, c);
	end_stream(&c->dialler, reset);
	end_stream(&c->target, reset);
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&c->ways[i].timer, on_closed);
}

/* ---- one way ------------------------------------------------------------------------------------- */

static void deliver(struct way *way);
static void follow(struct way *way);

static void on_timer(uv_timer_t *timer)
{
	struct connection *c = timer->data;

	deliver(timer == &c->ways[0].timer ? &c->ways[0] : &c->ways[1]);
}

static void took(struct way *way, size_t size)
{
	struct piece *piece = way->pieces;
	struct connection *c = way->connection;

	piece->delivered += size;
	way->held -= size;
	way->allowance -= (double)size;
	*way->passed += size;
	if (piece->delivered == piece->size) {
		DL_DELETE(way->pieces, piece);
		free(piece);
	}
	if (!way->until_cut)
		return;
	way->until_cut -= size;
	if (!way->until_cut) {
		c->route->cuts++;
		end_connection(c, true);
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct way *way = request->data;

	way->writing = false;
	if (way->connection->closing)
		return;
	if (status < 0) {
		end_connection(way->connection, true);
		return;
	}
	took(way, way->writing_size);
	deliver(way);
}

/* How much of the first piece may go now. Where nothing may, *wait_ms is how long until it is to be asked again. */
static size_t may_go(struct way *way, uint64_t *wait_ms)
{
	const uint64_t *s = way->settings;
	const struct piece *piece = way->pieces;
	uint64_t now = uv_now(loop);

	*wait_ms = WAIT_EVENT;
	if (!piece || !way->connection->connected || way->writing)
		return 0;
	if (piece->due_ms > now) {
		*wait_ms = piece->due_ms - now;
		return 0;
	}
	size_t size = piece->size - piece->delivered;
	if (s[CHUNK] && size > s[CHUNK])
		size = s[CHUNK];
	if (way->until_cut && size > way->until_cut)
		size = way->until_cut;
	if (!s[RATE])
		return size;
	way->allowance += (double)(now - way->allowance_ms) * (double)s[RATE] / 1000;
	way->allowance_ms = now;
	if (way->allowance > (double)s[RATE] / 10 + 1)
		way->allowance = (double)s[RATE] / 10 + 1;
	*wait_ms = 1 + 1000 / s[RATE];
	if (way->allowance < 1)
		return 0;
	return way->allowance < (double)size ? (size_t)way->allowance : size;
}

/* Past what the socket takes at once libuv waits; the bytes stay in their piece until then. */
static void write_later(struct way *way, uv_buf_t buffer)
{
	way->write.data = way;
	way->writing = true;
	way->writing_size = buffer.len;
	if (uv_write(&way->write, (uv_stream_t *)way->to, &buffer, 1, on_written) < 0)
		end_connection(way->connection, true);
}

static void deliver(struct way *way)
{
	struct connection *c = way->connection;
	uint64_t wait_ms = WAIT_EVENT;
	size_t size;

	while (!c->closing && (size = may_go(way, &wait_ms)) != 0) {
		uv_buf_t buffer = uv_buf_init(way->pieces->bytes + way->pieces->delivered, (unsigned)size);
		int taken = uv_try_write((uv_stream_t *)way->to, &buffer, 1);
		if (taken >= 0)
			took(way, (size_t)taken);
		else if (taken == UV_EAGAIN)
			write_later(way, buffer);
		else
			end_connection(c, true);
		if (way->settings[CHUNK]) {
			wait_ms = 0; /* in the next turn, so that the receiver may read what it has */
			break;
		}
	}
	if (c->closing)
		return;
	if (wait_ms != WAIT_EVENT)
		uv_timer_start(&way->timer, on_timer, wait_ms, 0);
	follow(way);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(read_buffer, sizeof(read_buffer));
}

/* One bit, about every so many bytes. */
static void flip_bits(struct way *way, char *bytes, size_t size)
{
	uint64_t every = way->settings[FLIP], at = 0;

	if (!every) {
		way->until_flip = 0;
		return;
	}
	if (!way->until_flip)
		way->until_flip = random_up_to(2 * every);
	while (size - at >= way->until_flip) {
		at += way->until_flip;
		bytes[at - 1] ^= (char)(1 << (random_up_to(8) - 1));
		way->connection->route->flips++;
		way->until_flip = random_up_to(2 * every);
	}
	way->until_flip -= size - at;
}

static void keep(struct way *way, const char *bytes, size_t size)
{
	struct piece *piece = allocate(sizeof(*piece) + size);

	memcpy(piece->bytes, bytes, size);
	piece->size = size;
	piece->due_ms = uv_now(loop) + way->settings[DELAY];
	if (way->settings[JITTER])
		piece->due_ms += random_up_to(way->settings[JITTER] + 1) - 1;
	/* A stream is in order. */
	if (piece->due_ms < way->last_due_ms)
		piece->due_ms = way->last_due_ms;
	way->last_due_ms = piece->due_ms;
	flip_bits(way, piece->bytes, size);
	way->held += size;
	DL_APPEND(way->pieces, piece);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct connection *c = stream->data;
	struct way *way = stream == (uv_stream_t *)&c->dialler ? &c->ways[0] : &c->ways[1];

	if (c->closing || size == 0)
		return;
	if (size < 0) {
		way->ended = true;
		uv_read_stop(stream);
		follow(way);
		return;
	}
	if (way->settings[HOLE])
		return;
	keep(way, buffer->base, (size_t)size);
	deliver(way);
}

/* Reads or not, and ends, as the settings say now. */
static void follow(struct way *way)
{
	struct connection *c = way->connection;
	const uint64_t *s = way->settings;
	bool read = !way->ended && !s[STOP] && way->held < (s[WINDOW] ? s[WINDOW] : WINDOW_DEFAULT);

	if (c->closing || !c->connected)
		return;
	if (way->ended && !way->pieces && (!s[HOLE] || (c->ways[0].ended && c->ways[1].ended))) {
		end_connection(c, false);
		return;
	}
	if (read != way->reading) {
		way->reading = read;
		if (!read)
			uv_read_stop((uv_stream_t *)way->from);
		else if (uv_read_start((uv_stream_t *)way->from, give_buffer, on_read) < 0)
			end_connection(c, true);
	}
}

/* ---- connections --------------------------------------------------------------------------------- */

static void on_connected(uv_connect_t *request, int status)
{
	struct connection *c = request->data;

	if (c->closing)
		return;
	if (status < 0) {
		c->route->unreachable++;
		end_connection(c, true);
		return;
	}
	c->connected = true;
	uv_tcp_nodelay(&c->dialler, 1);
	uv_tcp_nodelay(&c->target, 1);
	for (int i = 0; i < 2 && !c->closing; i++)
		follow(&c->ways[i]);
}

static void way_init(struct connection *c, int i)
{
	struct way *way = &c->ways[i];

	way->connection = c;
	way->from = i ? &c->target : &c->dialler;
	way->to = i ? &c->dialler : &c->target;
	way->settings = c->route->settings[i];
	way->passed = &c->route->passed[i];
	way->until_cut = way->settings[CUT];
	way->allowance_ms = uv_now(loop);
	uv_timer_init(loop, &way->timer);
	way->timer.data = c;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct route *route = listener->data;

	if (status < 0)
		return;
	struct connection *c = allocate(sizeof(*c));
	c->route = route;
	c->handles = 4;
	uv_tcp_init(loop, &c->dialler);
	uv_tcp_init(loop, &c->target);
	c->dialler.data = c->target.data = c->connect.data = c;
	way_init(c, 0);
	way_init(c, 1);
	DL_APPEND(route->connections, c);
	route->attempts_ms[route->attempt_count++ % ATTEMPTS_MAX] = uv_now(loop) - start_ms;
	if (uv_accept(listener, (uv_stream_t *)&c->dialler) < 0) {
		end_connection(c, false);
	} else if (route->refuse) {
		route->refused++;
		end_connection(c, true);
	} else if (uv_tcp_connect(&c->connect, &c->target, (const struct sockaddr *)&route->target, on_connected) < 0) {
		end_connection(c, true);
	}
}

/* ---- commands ------------------------------------------------------------------------------------ */

static struct route *route_find(const char *name)
{
	struct route *route = routes;

	while (route && strcmp(route->name, name) != 0)
		route = route->next;
	return route;
}

static void answer(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void command_route(const char *name, char *rest)
{
	unsigned listen_port, target_port;
	struct sockaddr_in address, bound;
	int size = sizeof(bound);

	if (sscanf(rest, "%u %u", &listen_port, &target_port) != 2 || listen_port > 65535 || target_port > 65535 ||
	    route_find(name)) {
		answer("error: route NAME LISTEN TARGET");
		return;
	}
	struct route *route = allocate(sizeof(*route));
	snprintf(route->name, sizeof(route->name), "%s", name);
	uv_ip4_addr("127.0.0.1", (int)target_port, &route->target);
	uv_ip4_addr("127.0.0.1", (int)listen_port, &address);
	uv_tcp_init(loop, &route->listener);
	route->listener.data = route;
	route->next = routes;
	routes = route;
	int error = uv_tcp_bind(&route->listener, (const struct sockaddr *)&address, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&route->listener, 1024, on_connection);
	if (!error)
		error = uv_tcp_getsockname(&route->listener, (struct sockaddr *)&bound, &size);
	if (error) {
		printf("error: port %u: %s\n", listen_port, uv_strerror(error));
	} else {
		printf("ok %u\n", ntohs(bound.sin_port));
	}
	fflush(stdout);
}

static bool setting_read(const char *text, uint64_t settings[SETTINGS])
{
	for (int i = 0; i < SETTINGS; i++) {
		size_t length = strlen(setting_names[i]);
		if (strncmp(text, setting_names[i], length) == 0 && text[length] == '=')
			return sscanf(text + length + 1, "%" SCNu64, &settings[i]) == 1;
	}
	return false;
}

/* What is on its way keeps the delay it was given. */
static void apply(struct route *route, int i)
{
	struct connection *c, *next;

	DL_FOREACH_SAFE (route->connections, c, next) {
		c->ways[i].until_cut = route->settings[i][CUT];
		if (c->connected)
			deliver(&c->ways[i]);
	}
}

static void command_set(struct route *route, char *rest)
{
	char *place = NULL, *word = strtok_r(rest, " ", &place);
	int i = word && *word == '<';

	if (!word || (strcmp(word, "<") != 0 && strcmp(word, ">") != 0)) {
		answer("error: set NAME >|< SETTING=VALUE…");
		return;
	}
	while ((word = strtok_r(NULL, " ", &place)) != NULL) {
		if (!setting_read(word, route->settings[i])) {
			answer("error: no such setting");
			return;
		}
	}
	apply(route, i);
	answer("ok");
}

static void command_reset(struct route *route)
{
	struct connection *c, *next;
	unsigned count = 0;

	DL_FOREACH_SAFE (route->connections, c, next) {
		end_connection(c, true);
		count++;
	}
	printf("ok %u\n", count);
	fflush(stdout);
}

static void command_stats(const struct route *route)
{
	const struct connection *c;
	uint64_t open = 0, held[2] = {0, 0};

	DL_FOREACH (route->connections, c) {
		open++;
		held[0] += c->ways[0].held;
		held[1] += c->ways[1].held;
	}
	printf("{\"attempts\":%" PRIu64 ",\"open\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"unreachable\":%" PRIu64
	       ",\"flips\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"passed\":[%" PRIu64 ",%" PRIu64 "],\"held\":[%" PRIu64
	       ",%" PRIu64 "]}\n",
	       route->attempt_count, open, route->refused, route->unreachable, route->flips, route->cuts,
	       route->passed[0], route->passed[1], held[0], held[1]);
	fflush(stdout);
}

static void command_attempts(const struct route *route)
{
	uint64_t i = route->attempt_count > ATTEMPTS_MAX ? route->attempt_count - ATTEMPTS_MAX : 0;

	printf("ok");
	for (; i < route->attempt_count; i++)
		printf(" %" PRIu64, route->attempts_ms[i % ATTEMPTS_MAX]);
	answer("");
}

static void command(char *line)
{
	char *rest = NULL, *what = strtok_r(line, " ", &rest), *name = strtok_r(NULL, " ", &rest);

	if (!what || !name || strlen(name) >= NAME_SIZE) {
		answer("error: COMMAND NAME …");
		return;
	}
	if (strcmp(what, "route") == 0) {
		command_route(name, rest);
		return;
	}
	struct route *route = route_find(name);
	if (!route) {
		answer("error: no such route");
	} else if (strcmp(what, "set") == 0) {
		command_set(route, rest);
	} else if (strcmp(what, "refuse") == 0) {
		route->refuse = *rest == '1';
		answer("ok");
	} else if (strcmp(what, "reset") == 0) {
		command_reset(route);
	} else if (strcmp(what, "stats") == 0) {
		command_stats(route);
	} else if (strcmp(what, "attempts") == 0) {
		command_attempts(route);
	} else {
		answer("error: no such command");
	}
}

static void on_command_bytes(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	static char line[4096];
	static size_t length;

	(void)stream;
	if (size < 0)
		exit(0); /* whoever gave the commands is gone */
	for (ssize_t i = 0; i < size; i++) {
		if (length == sizeof(line) - 1) {
			fprintf(stderr, "fault_proxy: a command is too long\n");
			exit(2);
		}
		line[length++] = buffer->base[i];
		if (buffer->base[i] != '\n')
			continue;
		line[length - 1] = '\0';
		length = 0;
		command(line);
	}
}

int main(void)
{
	uv_pipe_t input;

	signal(SIGPIPE, SIG_IGN);
	loop = uv_default_loop();
	start_ms = uv_now(loop);
	int error = uv_pipe_init(loop, &input, 0);
	if (!error)
		error = uv_pipe_open(&input, 0);
	if (!error)
		error = uv_read_start((uv_stream_t *)&input, give_buffer, on_command_bytes);
	if (error) {
		fprintf(stderr, "fault_proxy: standard input: %s\n", uv_strerror(error));
		return 1;
	}
	return uv_run(loop, UV_RUN_DEFAULT);
}
