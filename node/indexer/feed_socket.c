/* The feed of a running validator: one question after the other over the control socket of its home
 * (docs/spec/network.md §8.7), each answered with a page, or after a while with an empty one. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "big_endian.h"
#include "clocks.h"
#include "control.pb-c.h"
#include "control_socket.h"
#include "feed.h"
#include "uncia/error.h"

#define ANSWER_MS 15000u /* within which an answer comes, beyond what it waits for blocks */

struct socket_feed {
	struct feed feed;
	const char *home;
	int fd; /* -1: not connected */
	uint64_t request_id;
};

static int socket_feed_failed(struct socket_feed *s, int error, const char *why)
{
	snprintf(s->feed.why, sizeof(s->feed.why), "%s", why);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return error;
}

static int socket_feed_connect(struct socket_feed *s)
{
	int error = s->fd >= 0 ? 0 : control_socket_connect(s->home, &s->fd);

	if (!error)
		return 0;
	s->fd = -1;
	if (error == UNCIA_E_UNREACHABLE)
		return socket_feed_failed(s, error,
		                          "no validator listens in its home: it does not run, or starts just now");
	snprintf(s->feed.why, sizeof(s->feed.why), "the control socket in %.200s: %s", s->home, strerror(errno));
	return error;
}

static int socket_feed_send(struct socket_feed *s, uint64_t from_height, uint32_t wait_ms)
{
	Uncia__Pb__ControlRequest request = UNCIA__PB__CONTROL_REQUEST__INIT;
	Uncia__Pb__ControlFollow follow = UNCIA__PB__CONTROL_FOLLOW__INIT;
	uint8_t frame[CONTROL_FRAME + 64];

	follow.from_height = from_height;
	follow.wait_ms = wait_ms;
	request.request_id = ++s->request_id;
	request.kind_case = UNCIA__PB__CONTROL_REQUEST__KIND_FOLLOW;
	request.follow = &follow;
	size_t size = protobuf_c_message_get_packed_size(&request.base);
	if (size > sizeof(frame) - CONTROL_FRAME)
		return socket_feed_failed(s, UNCIA_E_LIMIT, uncia_error_text(UNCIA_E_LIMIT));
	be32_put(frame, (uint32_t)size);
	protobuf_c_message_pack(&request.base, frame + CONTROL_FRAME);
	size += CONTROL_FRAME;
	if (send(s->fd, frame, size, MSG_NOSIGNAL) != (ssize_t)size)
		return socket_feed_failed(s, UNCIA_E_CLOSED, "the validator has closed the connection");
	return 0;
}

static int socket_feed_read(struct socket_feed *s, uint8_t *bytes, size_t size, uint64_t deadline_ms)
{
	while (size) {
		struct pollfd item = {.fd = s->fd, .events = POLLIN};
		uint64_t now = clocks_monotonic_ms();
		int ready = now < deadline_ms ? poll(&item, 1, (int)(deadline_ms - now)) : 0;
		if (!ready)
			return socket_feed_failed(s, UNCIA_E_CLOSED, "the validator does not answer");
		ssize_t n = ready > 0 ? recv(s->fd, bytes, size, 0) : -1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return socket_feed_failed(s, UNCIA_E_CLOSED, "the validator has closed the connection");
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int socket_feed_receive(struct socket_feed *s, uint64_t deadline_ms, struct chain_page *page)
{
	uint8_t frame[CONTROL_FRAME];
	char why[FEED_WHY_SIZE];

	int error = socket_feed_read(s, frame, sizeof(frame), deadline_ms);
	if (error)
		return error;
	size_t size = be32_get(frame);
	if (!size || size > CONTROL_REPLY_MAX)
		return socket_feed_failed(s, UNCIA_E_PROTOCOL, "the validator's answer has no size that one may have");
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return socket_feed_failed(s, UNCIA_E_MEMORY, uncia_error_text(UNCIA_E_MEMORY));
	error = socket_feed_read(s, bytes, size, deadline_ms);
	if (!error) {
		error = feed_take_answer(&(struct bytes){bytes, size}, s->request_id, page, why);
		if (error)
			socket_feed_failed(s, error, why);
	}
	free(bytes);
	return error;
}

static int socket_feed_next(struct feed *feed, uint64_t from_height, int timeout_ms, struct chain_page *page)
{
	struct socket_feed *s = (struct socket_feed *)feed;

	int error = socket_feed_connect(s);
	if (!error)
		error = socket_feed_send(s, from_height, (uint32_t)timeout_ms);
	return error ? error : socket_feed_receive(s, clocks_monotonic_ms() + (uint64_t)timeout_ms + ANSWER_MS, page);
}

static void socket_feed_close(struct feed *feed)
{
	struct socket_feed *s = (struct socket_feed *)feed;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

int feed_open_socket(const char *home, struct feed **feed, char why[FEED_WHY_SIZE])
{
	struct socket_feed *s = calloc(1, sizeof(*s));

	if (!s) {
		snprintf(why, FEED_WHY_SIZE, "out of memory");
		return UNCIA_E_MEMORY;
	}
	s->home = home;
	s->fd = -1;
	s->feed = (struct feed){.next = socket_feed_next, .close = socket_feed_close};
	*feed = &s->feed;
	return 0;
}
