/* A loop with a listener, and a client made of a socket and a link, for the tests of links. Nothing sleeps: the loop
 * runs until a condition holds. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "listener.h"
#include "log.h"
#include "protocol_limits.h"
#include "sign.h"
#include "uncia/error.h"
#include "unit.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static uv_prepare_t prepare;
static uv_check_t check;
static struct tcp_set set;
static uint32_t client_source = INADDR_LOOPBACK; /* where clients dial from: 127.0.0.0/8 */
static const struct hash network = {{1, 2, 3}};

#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;                                               \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(uv_hrtime() / 1000000 < deadline, "never came: %s", #condition);                 \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
		}                                                                                                      \
	} while (0)

static inline void on_fixture_prepare(uv_prepare_t *handle)
{
	tcp_set_begin(handle->data);
	tcp_set_flush(handle->data);
}

static inline void on_fixture_check(uv_check_t *handle)
{
	tcp_set_flush(handle->data);
}

static inline void net_up(unsigned handshake_timeout_ms)
{
	ck_assert_int_eq(sign_self_test(), 0);
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(tcp_set_init(&set, &loop, handshake_timeout_ms), 0);
	uv_prepare_init(&loop, &prepare);
	uv_check_init(&loop, &check);
	prepare.data = check.data = &set;
	uv_prepare_start(&prepare, on_fixture_prepare);
	uv_check_start(&check, on_fixture_check);
}

/* Everything else in the loop must have been closed, or be closing. */
static inline void net_down(void)
{
	tcp_set_stop(&set);
	uv_close((uv_handle_t *)&prepare, NULL);
	uv_close((uv_handle_t *)&check, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(set.open, 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

struct client {
	int fd;
	uv_poll_t poll;
	struct link *link; /* NULL: raw bytes */
	bool web;          /* the link's bytes are in frames of a WebSocket */
	uint8_t
	    text[8192]; /* of a WebSocket: what was received and is not taken apart yet; raw bytes: the first of them */
	size_t text_size;
	uint64_t frame_left;
	bool opened;
	bool ended;      /* the other side closed it */
	size_t received; /* raw bytes */
	unsigned messages;
	uint8_t last[64];
	size_t last_size;
	uint8_t sent[4096]; /* the first raw bytes sent */
	size_t sent_size;
};

static inline void client_write(struct client *c, const void *data, size_t size)
{
	if (c->sent_size + size <= sizeof(c->sent)) {
		memcpy(c->sent + c->sent_size, data, size);
		c->sent_size += size;
	}
	for (size_t done = 0; done < size;) {
		ssize_t n = write(c->fd, (const char *)data + done, size - done);
		if (n > 0)
			done += (size_t)n;
		else if (errno == EPIPE || errno == ECONNRESET)
			break;
		else
			uv_run(&loop, UV_RUN_NOWAIT); /* full: the other side is in this loop */
	}
}

/* A frame as a client sends it (RFC 6455 5.2): masked. */
static inline void client_write_frame(struct client *c, uint8_t first, const void *data, size_t size)
{
	static uint8_t frame[(1u << 20) + 14];
	const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	size_t at = 0;

	ck_assert_uint_le(size, 1u << 20);
	frame[at++] = first;
	frame[at++] = (uint8_t)(0x80 | (size < 126 ? size : size < 65536 ? 126 : 127));
	for (unsigned i = size < 126 ? 0 : size < 65536 ? 2 : 8; i-- > 0;)
		frame[at++] = (uint8_t)(size >> 8 * i);
	memcpy(frame + at, mask, sizeof(mask));
	at += sizeof(mask);
	for (size_t i = 0; i < size; i++)
		frame[at++] = ((const uint8_t *)data)[i] ^ mask[i % 4];
	client_write(c, frame, at);
}

/* Bytes of the stream, in a frame where the client speaks WebSocket. */
static inline void client_say(struct client *c, const void *data, size_t size)
{
	if (c->web)
		client_write_frame(c, 0x82, data, size);
	else
		client_write(c, data, size);
}

static inline void client_flush(struct client *c)
{
	struct bytes run;

	for (link_output(c->link, &run); run.size; link_output(c->link, &run)) {
		client_say(c, run.data, run.size);
		link_output_taken(c->link, run.size);
	}
}

static inline void client_hears(struct client *c, const void *data, size_t size)
{
	struct bytes message;

	c->received += size;
	if (!c->link) {
		size_t room = sizeof(c->text) - c->text_size;
		memcpy(c->text + c->text_size, data, size < room ? size : room);
		c->text_size += size < room ? size : room;
		return;
	}
	ck_assert_int_eq(link_feed(c->link, data, size), 0);
	while (link_next(c->link, &message)) {
		c->messages++;
		c->last_size = message.size < sizeof(c->last) ? message.size : sizeof(c->last);
		memcpy(c->last, message.data, c->last_size);
	}
}

/* Takes the answer to the request and the frames apart, as far as they have come. What a server sends has no mask. */
static inline void client_hears_frames(struct client *c, const uint8_t *data, size_t size)
{
	while (size > 0 || c->text_size > 0) {
		if (c->frame_left > 0) {
			size_t part = size < c->frame_left ? size : (size_t)c->frame_left;
			if (!part)
				return;
			client_hears(c, data, part);
			data += part;
			size -= part;
			c->frame_left -= part;
			continue;
		}
		if (!size)
			return;
		c->text[c->text_size++] = *data++;
		size--;
		ck_assert_uint_lt(c->text_size, sizeof(c->text));
		if (!c->opened) {
			c->opened = c->text_size > 4 && !memcmp(c->text + c->text_size - 4, "\r\n\r\n", 4);
			if (c->opened) {
				ck_assert(!memcmp(c->text, "HTTP/1.1 101 ", 13));
				c->text_size = 0;
			}
			continue;
		}
		size_t head = c->text_size < 2 ? 2 : c->text[1] == 126 ? 4 : c->text[1] == 127 ? 10 : 2;
		if (c->text_size < head)
			continue;
		ck_assert_uint_eq(c->text[0], 0x82);
		c->frame_left = head == 2 ? c->text[1] : 0;
		for (size_t i = 2; i < head; i++)
			c->frame_left = c->frame_left << 8 | c->text[i];
		c->text_size = 0;
	}
}

static inline void on_client_readable(uv_poll_t *poll, int status, int events)
{
	struct client *c = poll->data;
	char buffer[65536];

	(void)status;
	(void)events;
	ssize_t size = read(c->fd, buffer, sizeof(buffer));
	if (size < 0 && errno == EAGAIN)
		return;
	if (size <= 0) {
		c->ended = true;
		uv_poll_stop(poll);
		return;
	}
	if (c->web)
		client_hears_frames(c, (const uint8_t *)buffer, (size_t)size);
	else
		client_hears(c, buffer, (size_t)size);
	if (c->link)
		client_flush(c);
}

#define UPGRADE_REQUEST                                                                                                \
	"GET /wallet HTTP/1.1\r\nHost: 127.0.0.1:7500\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                \
	"Origin: https://chat.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" \
	"\r\n"

/* options: NULL for a client of raw bytes. web: it speaks WebSocket, and has asked for it. */
static inline struct client *client_new_by(int port, const struct link_options *options, bool web)
{
	struct client *c = calloc(1, sizeof(*c));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	/* Small, so that a client that does not read soon fills the node's side. */
	ck_assert_int_eq(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &(int){32 << 10}, sizeof(int)), 0);
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(client_source)};
	ck_assert_int_eq(bind(c->fd, (struct sockaddr *)&source, sizeof(source)), 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(uv_poll_init(&loop, &c->poll, c->fd), 0);
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
	c->web = web;
	if (web)
		client_write(c, UPGRADE_REQUEST, strlen(UPGRADE_REQUEST));
	if (options) {
		ck_assert_int_eq(link_new(options, &c->link), 0);
		client_flush(c);
	}
	return c;
}

static inline struct client *client_new(int port, const struct link_options *options)
{
	return client_new_by(port, options, false);
}

static inline void client_send(struct client *c, const void *message, size_t size)
{
	ck_assert_int_eq(link_send(c->link, message, size), 0);
	client_flush(c);
}

static inline void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	close(c->fd);
	link_free(c->link);
	free(c);
}

static inline void client_close(struct client *c)
{
	uv_close((uv_handle_t *)&c->poll, on_client_closed);
}

/* What no stranger can choose in a test either: a fresh ephemeral key. Valid until the next call. */
static inline const uint8_t *fresh_key(void)
{
	static uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	return key;
}

#endif
