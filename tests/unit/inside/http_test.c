/* The server of figures: one answer a connection, and what clients that never read, talk nonsense, are slow or many
 * get. */
#include "http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net_listen.h"
#include "unit.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static struct http_server *server;
static int port;
static unsigned asked;
static bool answering; /* at once; else the test does it */
static struct http_body *large;
static char received[65536];

#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;                                               \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(uv_hrtime() / 1000000 < deadline, "never came: %s", #condition);                 \
			uv_run(&loop, UV_RUN_NOWAIT);                                                                  \
		}                                                                                                      \
	} while (0)

static void answer(struct http_connection *c)
{
	if (strcmp(http_path(c), "/large") == 0)
		http_answer(c, 200, "text/plain", http_body_ref(large));
	else
		http_answer(c, 200, "text/plain", http_body_new(http_path(c), strlen(http_path(c))));
}

static void on_asked(void *context)
{
	struct http_connection *c;

	ck_assert_ptr_eq(context, &loop);
	asked++;
	while (answering && (c = http_waiting(server)))
		answer(c);
}

static void start(unsigned time_ms)
{
	char why[256], *bytes = calloc(1, 8 << 20);
	int fd;

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(net_listen("127.0.0.1", 0, &fd, &port, why), 0);
	ck_assert_int_eq(http_new(&(struct http_options){&loop, fd, on_asked, &loop, time_ms}, &server), 0);
	large = http_body_new(bytes, 8 << 20);
	free(bytes);
	asked = 0;
	answering = true;
}

static void setup(void)
{
	start(0);
}

static void teardown(void)
{
	http_stop(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	http_free(server);
	http_body_release(large);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void restart(unsigned time_ms)
{
	teardown();
	start(time_ms);
}

static int dial(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* All that comes until the other side ends; what does not fit is left out. Returns its size, or -1: reset. */
static ssize_t hear(int fd)
{
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	char more[65536];
	ssize_t all = 0, size;

	received[0] = '\0';
	while ((size = read(fd, more, sizeof(more))) != 0) {
		if (size < 0 && errno != EAGAIN)
			return -1;
		ck_assert_msg(uv_hrtime() / 1000000 < deadline, "no answer");
		uv_run(&loop, UV_RUN_NOWAIT);
		if (size > 0 && (size_t)(all + size) < sizeof(received)) {
			memcpy(received + all, more, (size_t)size);
			received[all + size] = '\0';
		}
		all += size > 0 ? size : 0;
	}
	return all;
}

static void exchange(const char *request)
{
	int fd = dial();

	say(fd, request);
	ck_assert_int_ge(hear(fd), 0);
	close(fd);
}

START_TEST(a_request_is_answered_once_and_the_connection_ends)
{
	exchange("GET /metrics?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_str_eq(received, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n"
	                           "Cache-Control: no-store\r\nConnection: close\r\n\r\n/metrics");
	exchange("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(received, "Content-Length: 8\r\n"));
	ck_assert_str_eq(strstr(received, "\r\n\r\n"), "\r\n\r\n");
	/* A second one behind it is not looked at. */
	exchange("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
	ck_assert_str_eq(strstr(received, "\r\n\r\n"), "\r\n\r\n/a");
	ck_assert_uint_eq(http_counters(server)->answered, 3);
}
END_TEST

START_TEST(whoever_has_ended_his_side_is_answered)
{
	int fd = dial();

	answering = false;
	say(fd, "GET /a HTTP/1.1\r\n\r\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	RUN_UNTIL(http_waiting(server));
	for (unsigned i = 0; i < 10; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_ptr_nonnull(http_waiting(server));
	answer(http_waiting(server));
	ck_assert_int_gt(hear(fd), 0);
	ck_assert_str_eq(strstr(received, "\r\n\r\n"), "\r\n\r\n/a");
	close(fd);
}
END_TEST

START_TEST(what_is_no_request_is_told_so_and_closed)
{
	static const char *const cases[][2] = {
	    {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
	    {"\x16\x03\x01\x02\x01 hello", "HTTP/1.1 400 "},
	    {"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 "},
	};
	char *longest = malloc(100000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		exchange(cases[i][0]);
		ck_assert_int_eq(strncmp(received, cases[i][1], strlen(cases[i][1])), 0);
	}
	memset(longest, 'a', 99999);
	memcpy(longest, "GET / HTTP/1.1\r\nX: ", 19);
	longest[12000] = '\0';
	exchange(longest);
	ck_assert_int_eq(strncmp(received, "HTTP/1.1 431 ", 13), 0);
	free(longest);
	ck_assert_uint_eq(http_counters(server)->refused, 4);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* What follows a request is not read for ever. */
START_TEST(who_goes_on_and_on_behind_his_request_is_cut_off)
{
	int fd = dial();
	char more[4096] = {0};
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	size_t sent = 0;

	answering = false;
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	for (;;) {
		ssize_t size = write(fd, more, sizeof(more));
		if (size < 0 && errno != EAGAIN)
			break;
		sent += size > 0 ? (size_t)size : 0;
		ck_assert_uint_lt(sent, 64u << 20);
		ck_assert(uv_hrtime() / 1000000 < deadline);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_ptr_null(http_waiting(server));
	ck_assert_uint_eq(http_counters(server)->timed_out, 0);
	close(fd);
}
END_TEST

START_TEST(who_is_slow_or_never_reads_has_his_time_and_no_more)
{
	restart(300);
	int slow = dial(), silent = dial(), deaf = dial(), unanswered = dial();
	uint64_t began = uv_hrtime() / 1000000;

	say(deaf, "GET /large HTTP/1.1\r\n\r\n");
	RUN_UNTIL(http_counters(server)->answered == 1);
	answering = false;
	say(unanswered, "GET / HTTP/1.1\r\n\r\n");
	for (const char *c = "GET / HT"; *c; c++) {
		ck_assert_int_eq(write(slow, c, 1), 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	RUN_UNTIL(http_counters(server)->timed_out == 4);
	ck_assert_uint_ge(uv_hrtime() / 1000000 - began, 200);
	ck_assert_int_eq(hear(slow), 0);
	ck_assert_int_eq(hear(silent), 0);
	ck_assert_int_le(hear(deaf), 8 << 20);
	/* The large body went with its connection: only the test has it. */
	for (unsigned i = 0; i < 10; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(large->references, 1);
	close(slow), close(silent), close(deaf), close(unanswered);
}
END_TEST

/* A thousand at once: as many as have places are held, and whoever asks is answered. */
START_TEST(a_crowd_is_bounded_and_a_newcomer_is_served)
{
	enum { CROWD = 400 };
	static int crowd[CROWD];
	unsigned made = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < CROWD; i++) {
			crowd[i] = dial();
			if (i % 2)
				say(crowd[i], "GET /large HTTP/1.1\r\n\r\n");
			made++;
			uv_run(&loop, UV_RUN_NOWAIT);
		}
		RUN_UNTIL(http_counters(server)->accepted == made);
		exchange("GET /me HTTP/1.1\r\n\r\n");
		made++;
		ck_assert_str_eq(strstr(received, "\r\n\r\n"), "\r\n\r\n/me");
		ck_assert_uint_le(large->references, 1 + HTTP_CONNECTIONS_MAX);
		for (unsigned i = 0; i < CROWD; i++)
			close(crowd[i]);
	}
	ck_assert_uint_ge(http_counters(server)->pushed_out, 3 * (CROWD - 2 * HTTP_CONNECTIONS_MAX));
}
END_TEST

UNIT_MAIN_BETWEEN("http", setup, teardown, a_request_is_answered_once_and_the_connection_ends,
                  whoever_has_ended_his_side_is_answered, what_is_no_request_is_told_so_and_closed,
                  who_goes_on_and_on_behind_his_request_is_cut_off, who_is_slow_or_never_reads_has_his_time_and_no_more,
                  a_crowd_is_bounded_and_a_newcomer_is_served)
