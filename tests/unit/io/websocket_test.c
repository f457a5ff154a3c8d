/* The WebSocket by itself: requests and frames in every cut, what is refused and how it is answered, what is written.
 */
#include "websocket.h"
#include <string.h>
#include "uncia/error.h"
#include "unit.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define BEGIN                                                                                                          \
	"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, "                                  \
	"Upgrade\r\nSec-WebSocket-Version: "                                                                           \
	"13\r\n"
#define REQUEST BEGIN KEY "\r\n"
/* The example of RFC 6455 1.3. */
#define ACCEPTED                                                                                                       \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "      \
	"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static struct websocket *web;
static struct {
	uint8_t stream[1u << 16], output[1u << 16];
	size_t stream_size, output_size;
} heard;

static void begin(void)
{
	ck_assert_int_eq(websocket_new(&web), 0);
	memset(&heard, 0, sizeof(heard));
}

static void end(void)
{
	websocket_free(web);
	web = NULL;
}

/* What it has to say by itself. */
static void take_output(void)
{
	struct bytes parts[2];

	for (;;) {
		websocket_output(web, (struct bytes){0}, parts);
		ck_assert_uint_eq(parts[1].size, 0);
		if (!parts[0].size)
			return;
		ck_assert_uint_le(parts[0].size, sizeof(heard.output) - heard.output_size);
		memcpy(heard.output + heard.output_size, parts[0].data, parts[0].size);
		heard.output_size += parts[0].size;
		ck_assert_uint_eq(websocket_output_taken(web, parts[0].size), 0);
	}
}

/* In a block of its own size, so that a byte too far shows. */
static int receive(const void *data, size_t size)
{
	uint8_t *block = malloc(size ? size : 1);
	size_t left = size;

	memcpy(block, data, size);
	int error = websocket_receive(web, block, &left);
	ck_assert_uint_le(left, size);
	ck_assert_uint_le(left, sizeof(heard.stream) - heard.stream_size);
	memcpy(heard.stream + heard.stream_size, block, left);
	heard.stream_size += left;
	free(block);
	take_output();
	return error;
}

static void open_it(void)
{
	begin();
	ck_assert_int_eq(receive(REQUEST, strlen(REQUEST)), 0);
	ck_assert_uint_eq(heard.output_size, strlen(ACCEPTED));
	heard.output_size = 0;
}

/* A frame of a client's: masked, unless `plain`. Returns its size. */
static size_t frame_make(uint8_t *frame, uint8_t first, const void *data, size_t size, bool plain)
{
	const uint8_t mask[4] = {1, 2, 3, 4};
	size_t at = 0;

	frame[at++] = first;
	frame[at++] = (uint8_t)((plain ? 0 : 0x80) | (size < 126 ? size : 126));
	if (size >= 126) {
		frame[at++] = (uint8_t)(size >> 8);
		frame[at++] = (uint8_t)size;
	}
	if (!plain)
		for (unsigned i = 0; i < 4; i++)
			frame[at++] = mask[i];
	for (size_t i = 0; i < size; i++)
		frame[at++] = (uint8_t)(((const uint8_t *)data)[i] ^ (plain ? 0 : mask[i % 4]));
	return at;
}

static int receive_frame(uint8_t first, const char *text)
{
	uint8_t frame[70000];

	return receive(frame, frame_make(frame, first, text, strlen(text), false));
}

static void heard_is(const char *stream, const void *output, size_t output_size)
{
	ck_assert_uint_eq(heard.stream_size, strlen(stream));
	ck_assert_mem_eq(heard.stream, stream, strlen(stream));
	ck_assert_uint_eq(heard.output_size, output_size);
	ck_assert_mem_eq(heard.output, output, output_size);
}

START_TEST(request_and_frames_mean_the_same_in_every_cut)
{
	uint8_t all[1024];
	size_t size = strlen(REQUEST);

	memcpy(all, REQUEST, size);
	size += frame_make(all + size, 0x02, "one ", 4, false);
	size += frame_make(all + size, 0x89, "?", 1, false);
	size += frame_make(all + size, 0x00, "", 0, false);
	size += frame_make(all + size, 0x80, "two ", 4, false);
	size += frame_make(all + size, 0x82, "three", 5, false);
	for (size_t a = 0; a <= size; a++)
		for (size_t b = a; b <= size; b += 1 + (b > a) * 7) {
			begin();
			ck_assert_int_eq(receive(all, a), 0);
			ck_assert_int_eq(receive(all + a, b - a), 0);
			ck_assert_int_eq(receive(all + b, size - b), 0);
			heard_is("one two three", ACCEPTED "\x8a\x01?", strlen(ACCEPTED) + 3);
			end();
		}
	begin();
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(receive(all + i, 1), 0);
	heard_is("one two three", ACCEPTED "\x8a\x01?", strlen(ACCEPTED) + 3);
	end();
}
END_TEST

START_TEST(requests_that_are_none_for_a_websocket_are_answered_in_http)
{
	static const struct {
		const char *request;
		unsigned status;
	} cases[] = {
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426},
	    {"GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
	     "13\r\n" KEY "\r\n",
	     426},
	    {"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
	     "13\r\n" KEY "\r\n",
	     426},
	    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	     "Sec-WebSocket-Version: 13\r\n" KEY "\r\n",
	     426},
	    {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" KEY "\r\n",
	     426},
	    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" KEY
	     "\r\n",
	     426},
	    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n" KEY
	     "\r\n",
	     426},
	    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
	     "8\r\n" KEY "\r\n",
	     426},
	    {BEGIN "\r\n", 426},
	    {BEGIN KEY KEY "\r\n", 426},
	    {BEGIN KEY "Sec-WebSocket-Version: 13\r\n\r\n", 426},
	    {BEGIN KEY "Host: b\r\n\r\n", 426},
	    {BEGIN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n\r\n", 426},
	    {BEGIN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 426},
	    {BEGIN "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n\r\n", 426},
	    {BEGIN "Sec-WebSocket-Key:\r\n\r\n", 426},
	    {BEGIN KEY "Content-Length: 5\r\n\r\nhello", 426},
	    {BEGIN KEY "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 426},
	    {"W and not HTTP\r\n\r\n", 400},
	    {"\x16\x03\x01\x02", 400}, /* a browser that expects TLS */
	    {"GET / HTTP/1.1\r\n: nothing\r\n\r\n", 400},
	    {BEGIN KEY "Content-Length: x\r\n\r\n", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[32];
		size_t size = strlen(cases[i].request);
		snprintf(line, sizeof(line), "HTTP/1.1 %u ", cases[i].status);
		for (size_t cut = 0; cut < size; cut++) {
			begin();
			int error = receive(cases[i].request, cut);
			if (!error)
				error = receive(cases[i].request + cut, size - cut);
			ck_assert_msg(error == UNCIA_E_PROTOCOL, "request %zu cut at %zu: %d", i, cut, error);
			ck_assert_uint_eq(heard.stream_size, 0);
			ck_assert_msg(!memcmp(heard.output, line, strlen(line)), "request %zu: %s", i,
			              (char *)heard.output);
			/* "Content-Length" is what follows. */
			const char *body = strstr((char *)heard.output, "\r\n\r\n") + 4,
			           *length = strstr((char *)heard.output, "Content-Length: ") + 16;
			ck_assert_uint_eq(strtoul(length, NULL, 10), strlen(body));
			end();
		}
	}
}
END_TEST

START_TEST(headers_are_known_however_they_are_written)
{
	static const char *const requests[] = {
	    "GET /any/path?query HTTP/1.1\r\nhOST: a\r\nUPGRADE:WebSocket\r\nconnection: foo, UPGRADE , bar\r\n"
	    "sec-websocket-VERSION:   13  \r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==  \r\n"
	    "Origin: null\r\nCookie: a=b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
	    "Sec-WebSocket-Protocol: chat\r\nContent-Length: 0\r\nX-Sec-WebSocket-Key: x\r\nSec-WebSocket-Key-: "
	    "x\r\n\r\n",
	    /* A name that begins as one that decides, and is longer than is kept. */
	    BEGIN KEY "Sec-WebSocket-Key-and-much-more-than-that: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		begin();
		ck_assert_int_eq(receive(requests[i], strlen(requests[i])), 0);
		/* Neither an extension nor a protocol is agreed to. */
		heard_is("", ACCEPTED, strlen(ACCEPTED));
		end();
	}
}
END_TEST

START_TEST(a_request_that_does_not_end_is_refused)
{
	static const char line[] = "X: 0123456789012345678901234567890123456789\r\n";
	size_t sent = strlen(BEGIN);
	int error;

	begin();
	ck_assert_int_eq(receive(BEGIN, strlen(BEGIN)), 0);
	while (!(error = receive(line, strlen(line))))
		sent += strlen(line);
	ck_assert_int_eq(error, UNCIA_E_LIMIT);
	ck_assert_uint_le(sent, WEBSOCKET_REQUEST_MAX);
	ck_assert_uint_gt(sent + strlen(line), WEBSOCKET_REQUEST_MAX - 1);
	ck_assert_mem_eq(heard.output, "HTTP/1.1 431 ", 13);
	end();
}
END_TEST

/* One frame, or what begins as one; the code that it is closed with, 0: it is taken. */
static void frame_case(const void *bytes, size_t size, unsigned code, int error)
{
	const uint8_t closed[4] = {0x88, 2, (uint8_t)(code >> 8), (uint8_t)code};

	for (size_t cut = 0; cut < size; cut++) {
		open_it();
		int got = receive(bytes, cut);
		if (!got)
			got = receive((const uint8_t *)bytes + cut, size - cut);
		ck_assert_int_eq(got, error);
		ck_assert_uint_eq(heard.stream_size, 0);
		ck_assert_uint_eq(heard.output_size, sizeof(closed));
		ck_assert_mem_eq(heard.output, closed, sizeof(closed));
		end();
	}
}

START_TEST(frames_that_a_client_must_not_send_end_it)
{
	uint8_t frame[256];
	static const uint8_t not_shortest_2[] = {0x82, 0xfe, 0, 125, 0, 0, 0, 0};
	static const uint8_t not_shortest_8[] = {0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
	static const uint8_t above_63_bits[] = {0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t large_ping[] = {0x89, 0xfe, 0, 126, 0, 0, 0, 0};

	frame_case(frame, frame_make(frame, 0x82, "x", 1, true), 1002, UNCIA_E_PROTOCOL); /* no mask */
	frame_case(frame, frame_make(frame, 0x81, "x", 1, false), 1003, UNCIA_E_PROTOCOL);
	frame_case(frame, frame_make(frame, 0x80, "x", 1, false), 1002, UNCIA_E_PROTOCOL); /* goes on from nothing */
	for (uint8_t rsv = 0x10; rsv < 0x80; rsv = (uint8_t)(rsv + 0x10))
		frame_case(frame, frame_make(frame, 0x82 | rsv, "x", 1, false), 1002, UNCIA_E_PROTOCOL);
	for (uint8_t opcode = 3; opcode < 8; opcode++)
		frame_case(frame, frame_make(frame, 0x80 | opcode, "x", 1, false), 1002, UNCIA_E_PROTOCOL);
	for (uint8_t opcode = 11; opcode < 16; opcode++)
		frame_case(frame, frame_make(frame, 0x80 | opcode, "x", 1, false), 1002, UNCIA_E_PROTOCOL);
	for (uint8_t opcode = 8; opcode < 11; opcode++) /* control frames in several parts */
		frame_case(frame, frame_make(frame, opcode, "x", 1, false), 1002, UNCIA_E_PROTOCOL);
	frame_case(not_shortest_2, sizeof(not_shortest_2), 1002, UNCIA_E_PROTOCOL);
	frame_case(not_shortest_8, sizeof(not_shortest_8), 1002, UNCIA_E_PROTOCOL);
	frame_case(above_63_bits, sizeof(above_63_bits), 1002, UNCIA_E_PROTOCOL);
	frame_case(large_ping, sizeof(large_ping), 1002, UNCIA_E_PROTOCOL);
	/* It is closed as asked. */
	frame_case(frame, frame_make(frame, 0x88, "", 0, false), 1000, UNCIA_E_CLOSED);
	frame_case(frame, frame_make(frame, 0x88, "\x03\xe9gone", 6, false), 1000, UNCIA_E_CLOSED);
	frame_case(frame, frame_make(frame, 0x88, "x", 1, false), 1002, UNCIA_E_CLOSED);
}
END_TEST

START_TEST(a_message_that_began_goes_on_and_no_other_begins)
{
	open_it();
	ck_assert_int_eq(receive_frame(0x02, "a"), 0);
	ck_assert_int_eq(receive_frame(0x00, "b"), 0);
	ck_assert_int_eq(receive_frame(0x82, "c"), UNCIA_E_PROTOCOL);
	heard_is("ab", "\x88\x02\x03\xea", 4);
	end();
}
END_TEST

START_TEST(what_stands_before_a_mistake_is_taken)
{
	uint8_t bytes[64];
	size_t size = frame_make(bytes, 0x82, "paid", 4, false);

	size += frame_make(bytes + size, 0x88, "", 0, false);
	open_it();
	ck_assert_int_eq(receive(bytes, size), UNCIA_E_CLOSED);
	heard_is("paid", "\x88\x02\x03\xe8", 4);
	end();
	/* With the request in one piece, too. */
	uint8_t all[512];
	memcpy(all, REQUEST, strlen(REQUEST));
	memcpy(all + strlen(REQUEST), bytes, size);
	begin();
	ck_assert_int_eq(receive(all, strlen(REQUEST) + size), UNCIA_E_CLOSED);
	heard_is("paid", ACCEPTED "\x88\x02\x03\xe8", strlen(ACCEPTED) + 4);
	end();
}
END_TEST

START_TEST(of_pings_the_newest_is_answered_and_pongs_are_not)
{
	uint8_t bytes[512];
	size_t size = frame_make(bytes, 0x89, "one", 3, false);
	char longest[126] = {0};

	size += frame_make(bytes + size, 0x8a, "nobody asked", 12, false);
	size += frame_make(bytes + size, 0x89, "two", 3, false);
	open_it();
	ck_assert_int_eq(receive(bytes, size), 0);
	heard_is("", "\x8a\x03two", 5);
	memset(longest, 'p', 125);
	heard.output_size = 0;
	ck_assert_int_eq(receive_frame(0x89, longest), 0);
	ck_assert_uint_eq(heard.output_size, 127);
	heard.output_size = 0;
	ck_assert_int_eq(receive_frame(0x89, ""), 0);
	heard_is("", "\x8a\x00", 2);
	end();
}
END_TEST

/* "Nothing is buffered": it takes no memory, and hands on what comes. */
START_TEST(a_frame_of_any_length_is_handed_on_as_it_comes)
{
	static const uint8_t gigabyte[] = {0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t longest[] = {0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
	static uint8_t block[60000];

	for (unsigned i = 0; i < 2; i++) {
		open_it();
		ck_assert_int_eq(receive(i ? longest : gigabyte, sizeof(gigabyte)), 0);
		for (unsigned k = 0; k < 1000; k++) {
			heard.stream_size = 0;
			memset(block, (int)k, sizeof(block));
			ck_assert_int_eq(receive(block, sizeof(block)), 0);
			ck_assert_uint_eq(heard.stream_size, sizeof(block));
			ck_assert_mem_eq(heard.stream, block, sizeof(block));
		}
		end();
	}
}
END_TEST

START_TEST(a_run_is_one_frame_however_it_is_taken)
{
	static const size_t sizes[] = {1, 125, 126, 65535, 65536, 1u << 20};
	static uint8_t run[1u << 20], written[(1u << 20) + 64];
	struct bytes parts[2];

	for (size_t i = 0; i < sizeof(run); i++)
		run[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		size_t size = sizes[k], head = size < 126 ? 2 : size < 65536 ? 4 : 10, done = 0, at = 0;
		for (size_t step = 1; step < 4 * size; step = step * 3 + 1) {
			open_it();
			done = at = 0;
			while (done < size) {
				websocket_output(web, (struct bytes){run + done, size - done}, parts);
				size_t whole = parts[0].size + parts[1].size, take = step < whole ? step : whole;
				ck_assert_uint_eq(whole, head + size - at);
				ck_assert(!parts[1].size || parts[1].data == run + done);
				size_t own = take < parts[0].size ? take : parts[0].size;
				memcpy(written + at, parts[0].data, own);
				memcpy(written + at + own, run + done, take - own);
				at += take;
				done += websocket_output_taken(web, take);
				/* Nothing comes between: a ping waits for the end of the frame. */
				if (at == take && at < head + size)
					ck_assert_int_eq(
					    websocket_receive(web, (uint8_t[]){0x89, 0x80, 0, 0, 0, 0}, &(size_t){6}),
					    0);
			}
			ck_assert_uint_eq(at, head + size);
			ck_assert_uint_eq(written[0], 0x82);
			ck_assert_mem_eq(written + head, run, size);
			uint64_t told = size < 126 ? written[1] : 0;
			for (size_t i = 2; i < head; i++)
				told = told << 8 | written[i];
			ck_assert_uint_eq(told, size);
			take_output();
			ck_assert_uint_eq(heard.output_size, step < head + size ? 2 : 0);
			end();
		}
	}
}
END_TEST

/* A close within a frame would be taken for its payload. */
START_TEST(within_a_frame_no_close_is_said)
{
	struct bytes parts[2];
	static const uint8_t run[300] = {1};

	open_it();
	websocket_output(web, (struct bytes){run, sizeof(run)}, parts);
	ck_assert_uint_eq(websocket_output_taken(web, 4 + 100), 100);
	size_t size = 6;
	ck_assert_int_eq(websocket_receive(web, (uint8_t[]){0x88, 0x80, 0, 0, 0, 0}, &size), UNCIA_E_CLOSED);
	websocket_output(web, (struct bytes){0}, parts);
	ck_assert_uint_eq(parts[0].size + parts[1].size, 0);
	end();
}
END_TEST

UNIT_MAIN("websocket", request_and_frames_mean_the_same_in_every_cut,
          requests_that_are_none_for_a_websocket_are_answered_in_http, headers_are_known_however_they_are_written,
          a_request_that_does_not_end_is_refused, frames_that_a_client_must_not_send_end_it,
          a_message_that_began_goes_on_and_no_other_begins, what_stands_before_a_mistake_is_taken,
          of_pings_the_newest_is_answered_and_pongs_are_not, a_frame_of_any_length_is_handed_on_as_it_comes,
          a_run_is_one_frame_however_it_is_taken, within_a_frame_no_close_is_said)
