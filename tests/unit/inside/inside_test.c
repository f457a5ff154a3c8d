/* The thread that shows figures, and its one question to the node's loop. That loop is this test: linked with a
 * node_ask_figures of its own. */
#include "inside.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "uncia/error.h"
#include "unit.h"

static struct inside *inside;
static struct node *const node = (struct node *)&inside; /* nobody looks into it */
static struct node_figures figures;
static atomic_uint questions;
static atomic_bool silent;
static char received[1 << 20];

void __wrap_node_ask_figures(struct node *asked);
void __wrap_node_ask_figures(struct node *asked)
{
	ck_assert_ptr_eq(asked, node);
	questions++;
	if (!silent)
		inside_figures(inside, &figures);
}

static void setup(void)
{
	char why[256];

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	questions = 0;
	silent = false;
	figures = (struct node_figures){
	    .now_ms = 5000,
	    .wall_ms = 1700000000000,
	    .self = 1,
	    .validators = 4,
	    .status = {.voting = VOTING_YES, .final_height = 77, .last_final_ms = 4900},
	    .peers = {[2] = {.up = true, .queued = 9, .since_ms = 1000}},
	    .storage = {.free_bytes = 123456},
	    .counters = {.votes = {[VOTE_SKIP2] = 3}},
	};
	figures.counters.refused[-UNCIA_E_FULL] = 5;
	figures.counters.refused[0] = 2;
	figures.counters.refused[-UNCIA_E_IO] = 7;
	histogram_add(&figures.counters.finality, 250000);
	figures.status.clock_offset_ms = -750;
	ck_assert_int_eq(inside_new("127.0.0.1", 0, &inside, why), 0);
	ck_assert_int_gt(inside_port(inside), 0);
}

static void teardown(void)
{
	inside_running(inside, NULL);
	inside_free(inside);
}

static int begin(const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)inside_port(inside))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[100];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
	ck_assert_int_eq(write(fd, request, (size_t)size), size);
	return fd;
}

static void end(int fd)
{
	size_t all = 0;
	ssize_t size;

	while ((size = read(fd, received + all, sizeof(received) - 1 - all)) > 0)
		all += (size_t)size;
	ck_assert_int_eq(size, 0);
	received[all] = '\0';
	close(fd);
}

/* The status of the answer, which is in `received`. */
static int get(const char *path)
{
	int status = 0;

	end(begin(path));
	ck_assert_int_eq(sscanf(received, "HTTP/1.1 %d ", &status), 1);
	return status;
}

static bool says(const char *line)
{
	return strstr(received, line);
}

START_TEST(before_the_node_runs_and_after_it_this_is_said)
{
	ck_assert_int_eq(get("/healthz"), 503);
	ck_assert(says("\r\n\r\nit is starting, or ending\n"));
	ck_assert_int_eq(get("/metrics"), 503);
	ck_assert_int_eq(get("/"), 200);
	ck_assert_int_eq(get("/else"), 404);
	inside_running(inside, node);
	ck_assert_int_eq(get("/healthz"), 200);
	ck_assert(says("\r\n\r\nok\n"));
}
END_TEST

START_TEST(figures_are_shown_with_labels_of_validators_numbers)
{
	inside_running(inside, node);
	ck_assert_int_eq(get("/metrics"), 200);
	ck_assert(says("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	ck_assert(says("\nuncia_final_height 77\n"));
	ck_assert(says("\nuncia_peer_up{validator=\"0\"} 0\nuncia_peer_up{validator=\"2\"} "
	               "1\nuncia_peer_up{validator=\"3\"} 0\n"));
	ck_assert(says("\nuncia_peer_queue_bytes{validator=\"2\"} 9\n"));
	ck_assert(says("\nuncia_peer_since_seconds{validator=\"2\"} 4\n"));
	ck_assert(says("\nuncia_validator_info{validator=\"1\"} 1\n"));
	ck_assert(says("\nuncia_voting_state{state=\"yes\"} 1\n"));
	ck_assert(says("\nuncia_space_free_bytes 123456\n"));
	ck_assert(says("\nuncia_final_idle_seconds 0.1\n"));
	ck_assert(says("\nprocess_open_fds "));
	/* A refusal by a reason that has no name of its own is one all the same. */
	ck_assert(says("\nuncia_refusals_total{reason=\"full\"} 5\n") && says("{reason=\"funds\"} 0\n"));
	ck_assert(says("\nuncia_refusals_total{reason=\"other\"} 9\n"));
	ck_assert(says("\nuncia_votes_cast_total{kind=\"skip2\"} 3\n"));
	ck_assert(says("\nuncia_finality_seconds_sum 0.25\nuncia_finality_seconds_count 1\n"));
	ck_assert(says("\nuncia_clock_offset_seconds -0.75\n"));
	ck_assert_ptr_eq(received + strlen(received) - 1, strrchr(received, '\n'));
}
END_TEST

/* However many ask, the node's loop is asked once a second. */
START_TEST(many_questions_here_are_one_there)
{
	uint64_t began = uv_hrtime();

	inside_running(inside, node);
	for (unsigned i = 0; i < 200; i++)
		ck_assert_int_eq(get(i % 2 ? "/metrics" : "/healthz"), 200);
	uint64_t seconds = (uv_hrtime() - began) / 1000000000;
	ck_assert_uint_ge(questions, 1);
	ck_assert_uint_le(questions, 1 + seconds * 1000 / INSIDE_FRESH_MS);
}
END_TEST

START_TEST(a_loop_that_does_not_answer_is_told_of)
{
	uint64_t began = uv_hrtime() / 1000000;

	silent = true;
	inside_running(inside, node);
	int one = begin("/metrics"), other = begin("/healthz");
	end(one);
	ck_assert(says("HTTP/1.1 503 ") && says("the validator's loop does not answer\n"));
	end(other);
	ck_assert(says("HTTP/1.1 503 ") && says("the validator's loop does not answer\n"));
	ck_assert_uint_ge(uv_hrtime() / 1000000 - began, INSIDE_WAIT_MS);
	ck_assert_uint_eq(questions, 1); /* it is not asked again before it has answered */
	silent = false;
	inside_figures(inside, &figures);
	while (get("/healthz") != 200)
		;
}
END_TEST

START_TEST(a_validator_that_is_not_well_is_503_in_one_line)
{
	figures.status.voting = VOTING_NO_SPACE;
	inside_running(inside, node);
	ck_assert_int_eq(get("/healthz"), 503);
	ck_assert_str_eq(strstr(received, "\r\n\r\n"), "\r\n\r\nnot voting: its disk is full\n");
	ck_assert_int_eq(get("/metrics"), 200);
	ck_assert(says("\nuncia_voting 0\n") && says("\nuncia_voting_state{state=\"no_space\"} 1\n"));
}
END_TEST

/* Whoever waits, was answered, or is not read yet sees his connection end; nothing is left of any. */
START_TEST(it_ends_whoever_is_there)
{
	char byte;
	int connections[3];

	silent = true;
	inside_running(inside, node);
	connections[0] = begin("/metrics");
	connections[1] = begin("/ HTTP/1.1\r\nX:");
	while (!questions)
		;
	connections[2] = begin("/healthz");
	teardown();
	for (unsigned i = 0; i < 3; i++) {
		while (read(connections[i], &byte, 1) > 0)
			;
		close(connections[i]);
	}
	setup();
}
END_TEST

START_TEST(an_observer_is_well_without_a_vote_and_has_no_number)
{
	figures.self = NOT_A_MEMBER;
	figures.status.voting = VOTING_OBSERVER;
	inside_running(inside, node);
	ck_assert_int_eq(get("/healthz"), 200);
	ck_assert_int_eq(get("/metrics"), 200);
	ck_assert(says("\nuncia_voting_state{state=\"observer\"} 1\n") && !says("uncia_validator_info{"));
	ck_assert(says("\nuncia_peer_up{validator=\"1\"} 0\n"));
}
END_TEST

START_TEST(a_port_in_use_is_refused_with_a_sentence)
{
	struct inside *second;
	char why[256];

	ck_assert_int_eq(inside_new("127.0.0.1", (uint16_t)inside_port(inside), &second, why), UNCIA_E_BUSY);
	ck_assert_ptr_nonnull(strstr(why, "in use by another process"));
}
END_TEST

UNIT_MAIN_BETWEEN("inside", setup, teardown, before_the_node_runs_and_after_it_this_is_said,
                  figures_are_shown_with_labels_of_validators_numbers, many_questions_here_are_one_there,
                  a_loop_that_does_not_answer_is_told_of, a_validator_that_is_not_well_is_503_in_one_line,
                  an_observer_is_well_without_a_vote_and_has_no_number, it_ends_whoever_is_there,
                  a_port_in_use_is_refused_with_a_sentence)
