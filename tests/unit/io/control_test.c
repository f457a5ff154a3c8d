/* The control socket, over a real one: who may connect, what is taken for a request, and what bounds a client. */
#include "control.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "log.h"
#include "uncia/error.h"
#include "unit.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static struct control *control;
static char home[128];
static struct control_client *asking; /* by the handler; its request waits for an answer */
static unsigned asked, gone;
static bool answers_at_once;

#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;                                               \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(uv_hrtime() / 1000000 < deadline, "never came: %s", #condition);                 \
			uv_run(&loop, UV_RUN_NOWAIT);                                                                  \
		}                                                                                                      \
	} while (0)

static void answer(struct control_client *client, uint32_t self, bool more)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlPeers peers = UNCIA__PB__CONTROL_PEERS__INIT;

	peers.self = self;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_PEERS;
	reply.peers = &peers;
	control_answer(client, &reply, more);
}

static void on_asked(void *context, struct control_client *client, const Uncia__Pb__ControlRequest *request)
{
	ck_assert_ptr_eq(context, &loop);
	ck_assert_int_eq(request->kind_case, UNCIA__PB__CONTROL_REQUEST__KIND_PEERS);
	asked++;
	asking = client;
	if (answers_at_once)
		answer(client, asked, false);
}

static void on_gone(void *context, struct control_client *client)
{
	ck_assert_ptr_eq(context, &loop);
	gone++;
	if (asking == client)
		asking = NULL;
}

static const struct control_handler handlers[] = {{UNCIA__PB__CONTROL_REQUEST__KIND_PEERS, on_asked}};

static int control_up(char why[256])
{
	const struct control_options options = {&loop, home, handlers, 1, on_gone, &loop};

	return control_new(&options, &control, why);
}

static void up(void)
{
	char why[256];

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	snprintf(home, sizeof(home), "/tmp/control_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	asking = NULL;
	asked = gone = 0;
	answers_at_once = true;
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_msg(control_up(why) == 0, "%s", why);
}

static void control_away(void)
{
	if (control)
		control_stop(control);
	uv_run(&loop, UV_RUN_DEFAULT);
	control_free(control);
	control = NULL;
}

static void down(void)
{
	char path[160];

	control_away();
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	snprintf(path, sizeof(path), "%s/control", home);
	ck_assert_int_lt(access(path, F_OK), 0); /* it is removed at the end */
	ck_assert_int_eq(rmdir(home), 0);
}

/* ---- clients ---- */

static int dial(void)
{
	int fd;

	ck_assert_int_eq(control_socket_connect(home, &fd), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void put(int fd, const void *bytes, size_t size)
{
	ck_assert_int_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static size_t request_make(uint64_t id, uint8_t frame[64])
{
	Uncia__Pb__ControlRequest request = UNCIA__PB__CONTROL_REQUEST__INIT;
	Uncia__Pb__ControlPeersQuery query = UNCIA__PB__CONTROL_PEERS_QUERY__INIT;
	uint8_t *bytes;
	size_t size;

	request.request_id = id;
	request.kind_case = UNCIA__PB__CONTROL_REQUEST__KIND_PEERS;
	request.peers = &query;
	ck_assert_int_eq(canonical_encode(&request.base, &bytes, &size), 0);
	be32_put(frame, (uint32_t)size);
	memcpy(frame + 4, bytes, size);
	free(bytes);
	return 4 + size;
}

static void ask(int fd, uint64_t id)
{
	uint8_t frame[64];

	put(fd, frame, request_make(id, frame));
}

/* Whether the other side has closed the connection; what had come before is thrown away. */
static bool closed(int fd)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		;
	return n == 0 || errno == ECONNRESET || errno == EPIPE;
}

/* Reads so many bytes while the loop runs. */
static void take(int fd, uint8_t *bytes, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = -1;
		RUN_UNTIL((n = recv(fd, bytes + have, size - have, 0)) >= 0);
		ck_assert_int_gt(n, 0);
		have += (size_t)n;
	}
}

struct told {
	uint64_t id;
	bool more;
	uint32_t refused, self;
};

static struct told next_reply(int fd)
{
	uint8_t frame[4], message[512];
	struct arena arena;
	ProtobufCMessage *decoded;
	struct told told = {0};

	take(fd, frame, sizeof(frame));
	size_t size = be32_get(frame);
	ck_assert_uint_le(size, sizeof(message));
	take(fd, message, size);
	arena_init(&arena, canonical_arena_limit(size));
	ck_assert_int_eq(canonical_decode(&uncia__pb__control_reply__descriptor, message, size, &arena, &decoded), 0);
	const Uncia__Pb__ControlReply *reply = (const void *)decoded;
	told.id = reply->request_id;
	told.more = reply->more;
	if (reply->kind_case == UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL)
		told.refused = reply->refusal->code;
	else
		told.self = reply->peers->self;
	arena_deinit(&arena);
	return told;
}

/* ---- tests ---- */

START_TEST(control_answers_requests_in_their_order)
{
	uint8_t frames[128];
	int fd = dial();

	size_t size = request_make(7, frames);
	size += request_make(8, frames + size);
	for (size_t i = 0; i < size; i++) { /* in pieces of any size */
		put(fd, frames + i, 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	for (uint64_t id = 7; id <= 8; id++) {
		struct told told = next_reply(fd);
		ck_assert_uint_eq(told.id, id);
		ck_assert_uint_eq(told.self, id - 6);
		ck_assert(!told.more);
	}
	close(fd);
	RUN_UNTIL(gone == 1);
}
END_TEST

START_TEST(control_takes_the_next_request_after_the_last_answer)
{
	int fd = dial();

	answers_at_once = false;
	ask(fd, 1);
	ask(fd, 2);
	RUN_UNTIL(asked == 1);
	for (int i = 0; i < 50; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(asked, 1);
	answer(asking, 5, true);
	ck_assert(next_reply(fd).more);
	ck_assert_uint_eq(asked, 1);
	answer(asking, 6, false);
	ck_assert(!next_reply(fd).more);
	ck_assert_uint_eq(asked, 2);
	answer(asking, 7, false);
	ck_assert_uint_eq(next_reply(fd).id, 2);
	close(fd);
	RUN_UNTIL(gone == 1);
}
END_TEST

START_TEST(control_refuses_what_it_does_not_know_and_goes_on)
{
	/* No member of the oneof; a member that is none; an id of 0; a field that is unknown. */
	static const uint8_t frames[][16] = {
	    {0, 0, 0, 2, 0x08, 0x05},
	    {0, 0, 0, 5, 0x08, 0x05, 0xfa, 0x3f, 0x00},
	    {0, 0, 0, 2, 0x12, 0x00},
	    {0, 0, 0, 3, 0xff, 0xff, 0xff},
	};
	int fd = dial();

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		put(fd, frames[i], 4 + frames[i][3]);
		ck_assert_uint_ne(next_reply(fd).refused, 0);
	}
	ask(fd, 9);
	ck_assert_uint_eq(next_reply(fd).id, 9);
	ck_assert_uint_eq(asked, 1);
	close(fd);
	RUN_UNTIL(gone == 1);
}
END_TEST

START_TEST(control_ends_a_client_whose_frame_is_out_of_bounds)
{
	uint8_t frame[4] = {0};
	int empty = dial(), large = dial();

	put(empty, frame, sizeof(frame));
	be32_put(frame, CONTROL_REQUEST_MAX + 1);
	put(large, frame, sizeof(frame));
	RUN_UNTIL(gone == 2);
	ck_assert(closed(empty) && closed(large));
	ck_assert_uint_eq(asked, 0);
	close(empty);
	close(large);
}
END_TEST

/* What it sends while its request is under way is kept up to one more request, and no further. */
START_TEST(control_ends_a_client_that_sends_without_waiting)
{
	static uint8_t bytes[2 * CONTROL_REQUEST_MAX];
	size_t sent = 0;
	int fd = dial();

	answers_at_once = false;
	ask(fd, 1);
	RUN_UNTIL(asked == 1);
	be32_put(bytes, CONTROL_REQUEST_MAX);
	while (!gone) {
		ssize_t n = sent < sizeof(bytes) ? send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL) : 0;
		sent += n > 0 ? (size_t)n : 0;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	close(fd);
}
END_TEST

START_TEST(control_drops_a_client_that_does_not_read)
{
	static uint8_t text[1u << 20];
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlPeers peers = UNCIA__PB__CONTROL_PEERS__INIT;
	Uncia__Pb__ControlPeer peer = UNCIA__PB__CONTROL_PEER__INIT, *list[] = {&peer};
	unsigned answers = 0;
	int fd = dial();

	answers_at_once = false;
	peer.error = field_of(text, sizeof(text));
	peers.n_peers = 1;
	peers.peers = list;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_PEERS;
	reply.peers = &peers;
	ask(fd, 1);
	RUN_UNTIL(asked == 1);
	while (asking) {
		ck_assert_uint_lt(answers++, 2 * CONTROL_QUEUE_MAX / sizeof(text));
		control_answer(asking, &reply, true);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_eq(gone, 1);
	close(fd);
}
END_TEST

START_TEST(control_lets_the_oldest_silent_client_go_for_a_new_one)
{
	int fds[CONTROL_CLIENTS_MAX + 1];

	answers_at_once = false;
	fds[0] = dial();
	ask(fds[0], 1); /* has a request under way: it stays */
	RUN_UNTIL(asked == 1);
	for (unsigned i = 1; i <= CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial();
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	RUN_UNTIL(gone == 1);
	ck_assert(closed(fds[1]));
	ck_assert(!closed(fds[0]));
	answers_at_once = true;
	ask(fds[CONTROL_CLIENTS_MAX], 2);
	ck_assert_uint_eq(next_reply(fds[CONTROL_CLIENTS_MAX]).id, 2);
	for (unsigned i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	RUN_UNTIL(gone == CONTROL_CLIENTS_MAX + 1);
}
END_TEST

START_TEST(control_refuses_a_client_where_all_others_wait)
{
	int fds[CONTROL_CLIENTS_MAX], late;

	answers_at_once = false;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial();
		ask(fds[i], 1);
		RUN_UNTIL(asked == i + 1);
	}
	late = dial();
	RUN_UNTIL(closed(late));
	ck_assert_uint_eq(asked, CONTROL_CLIENTS_MAX);
	close(late);
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	RUN_UNTIL(gone == CONTROL_CLIENTS_MAX + 1);
}
END_TEST

/* Though the process' mask takes nothing away. */
START_TEST(control_socket_is_the_owners_alone)
{
	char path[160], why[256];
	struct stat st;
	int fd;

	control_away();
	mode_t before = umask(0);
	ck_assert_int_eq(control_socket_make(home, &fd, why), 0);
	umask(before);
	snprintf(path, sizeof(path), "%s/control", home);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	close(fd);
	control_socket_remove(home);
}
END_TEST

START_TEST(control_replaces_what_a_killed_process_left_and_nothing_else)
{
	char path[160], why[256];

	control_away();
	int left, fd;
	ck_assert_int_eq(control_socket_make(home, &left, why), 0);
	close(left);
	ck_assert_int_eq(control_socket_connect(home, &fd), UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(control_up(why), 0);
	fd = dial();
	ask(fd, 3);
	ck_assert_uint_eq(next_reply(fd).id, 3);
	close(fd);
	RUN_UNTIL(gone == 1);
	control_away();
	snprintf(path, sizeof(path), "%s/control", home);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(control_up(why), UNCIA_E_EXISTS);
	ck_assert_ptr_nonnull(strstr(why, "no socket"));
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* The address of a socket has room for 107 bytes. */
START_TEST(control_is_reached_in_a_home_with_a_long_path)
{
	char base[sizeof(home)], path[160], why[256];
	uint8_t byte;

	snprintf(base, sizeof(base), "%s", home);
	control_away();
	memset(home + strlen(base), 'x', sizeof(home) - 1 - strlen(base));
	home[strlen(base)] = '/';
	home[sizeof(home) - 1] = '\0';
	ck_assert_uint_gt(strlen(home), 108);
	ck_assert_int_eq(mkdir(home, 0700), 0);
	ck_assert_msg(control_up(why) == 0, "%s", why);
	int fd = dial();
	ask(fd, 4);
	ck_assert_uint_eq(next_reply(fd).id, 4);
	ck_assert_int_lt(recv(fd, &byte, 1, 0), 0);
	close(fd);
	RUN_UNTIL(gone == 1);
	control_away();
	snprintf(path, sizeof(path), "%s/control", home);
	ck_assert_int_lt(access(path, F_OK), 0);
	ck_assert_int_eq(rmdir(home), 0);
	snprintf(home, sizeof(home), "%s", base);
}
END_TEST

UNIT_MAIN_BETWEEN("control", up, down, control_answers_requests_in_their_order,
                  control_takes_the_next_request_after_the_last_answer,
                  control_refuses_what_it_does_not_know_and_goes_on, control_ends_a_client_whose_frame_is_out_of_bounds,
                  control_ends_a_client_that_sends_without_waiting, control_drops_a_client_that_does_not_read,
                  control_lets_the_oldest_silent_client_go_for_a_new_one,
                  control_refuses_a_client_where_all_others_wait, control_socket_is_the_owners_alone,
                  control_replaces_what_a_killed_process_left_and_nothing_else,
                  control_is_reached_in_a_home_with_a_long_path)
