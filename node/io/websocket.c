/* The opening request is read by http-parser, frames are read and written by wslay. What both leave to their caller is
 * decided here: what a request must say, which frames a client may send, and what is answered. */
#include "websocket.h"
#include <assert.h>
#include <http_parser.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wslay/wslay.h>
#include "sign.h"
#include "uncia/error.h"

#define ACCEPT_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */
#define KEY_SIZE          16
#define KEY_CHARACTERS    24  /* of its base64 */
#define ACCEPT_CHARACTERS 28  /* of the base64 of a SHA-1 */
#define CONTROL_MAX       125 /* RFC 6455 5.5: bytes that a control frame carries */
#define HEAD_MAX          512 /* an HTTP answer, with two control frames and the head of a third one behind it */

/* Moves, by websocket_move alone: REQUEST → OPEN → ENDED, REQUEST → ENDED. */
enum websocket_state {
	WEBSOCKET_REQUEST, /* the HTTP request is not complete */
	WEBSOCKET_OPEN,
	WEBSOCKET_ENDED, /* the last answer is in the output, and nothing of the stream follows it */
};

/* Headers of the request that decide. Each comes once at most. */
enum header { HEADER_HOST, HEADER_UPGRADE, HEADER_KEY, HEADER_VERSION, HEADERS, HEADER_OTHER = HEADERS };

static const char *const header_names[HEADERS] = {
    [HEADER_HOST] = "Host",
    [HEADER_UPGRADE] = "Upgrade",
    [HEADER_KEY] = "Sec-WebSocket-Key",
    [HEADER_VERSION] = "Sec-WebSocket-Version",
};

/* A name or a value, which may come in pieces. Of one that is longer than any that decides, the beginning is here. */
struct piece {
	char text[32];
	size_t size;
};

/* The request as far as it was read. */
struct request_read {
	http_parser parser;
	size_t size;
	bool in_value, twice, complete;
	struct piece name, values[HEADERS + 1];
	enum header header; /* whose value is being read */
	bool seen[HEADERS + 1];
};

struct websocket {
	enum websocket_state state;
	struct request_read *request;       /* NULL: it was answered */
	struct wslay_frame_context *frames; /* NULL: not open yet */
	const uint8_t *at, *end;            /* during websocket_receive: what is left of the bytes received */
	/* The frame that is being read, and whether its message began with one before it. */
	bool in_frame, in_message;
	uint64_t frame_left;
	uint8_t control[CONTROL_MAX];
	size_t control_size;
	/* RFC 6455 5.5.3: of several pings that were not answered yet, the newest. */
	bool pong;
	uint8_t pong_data[CONTROL_MAX];
	size_t pong_size;
	/* The output: own bytes, and then what is left of the run in whose frame they end. */
	uint8_t head[HEAD_MAX];
	size_t head_size, head_taken, run_left;
	bool framing_run; /* within wslay_frame_send for such a frame */
};

static void websocket_move(struct websocket *w, enum websocket_state to)
{
	assert(to > w->state && to <= WEBSOCKET_ENDED);
	w->state = to;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void head_add(struct websocket *w, const void *data, size_t size)
{
	assert(size <= sizeof(w->head) - w->head_size);
	memcpy(w->head + w->head_size, data, size);
	w->head_size += size;
}

/* What wslay writes: the head of a frame, then what the frame carries. That of a run stays where it is, and is written
 * from there. */
static ssize_t on_frame_send(const uint8_t *data, size_t size, int flags, void *context)
{
	struct websocket *w = context;

	if (w->framing_run && !(flags & WSLAY_MSG_MORE))
		w->run_left = size;
	else
		head_add(w, data, size);
	return (ssize_t)size;
}

static void frame_add(struct websocket *w, uint8_t opcode, const uint8_t *data, size_t size)
{
	struct wslay_frame_iocb frame = {
	    .fin = 1, .opcode = opcode, .payload_length = size, .data = data, .data_length = size};
	ssize_t sent = wslay_frame_send(w->frames, &frame);

	assert(sent >= 0 && (size_t)sent == size);
}

/* The end of an open one. Within a frame nothing else can be said: the other side sees the connection end. */
static void close_add(struct websocket *w, unsigned code)
{
	const uint8_t reason[2] = {(uint8_t)(code >> 8), (uint8_t)code};

	if (!w->run_left)
		frame_add(w, WSLAY_CONNECTION_CLOSE, reason, sizeof(reason));
}

void websocket_output(struct websocket *w, struct bytes run, struct bytes parts[2])
{
	bool between = w->head_taken == w->head_size && !w->run_left;

	if (between)
		w->head_size = w->head_taken = 0;
	if (between && w->state == WEBSOCKET_OPEN && w->pong) {
		w->pong = false;
		frame_add(w, WSLAY_PONG, w->pong_data, w->pong_size);
	}
	if (between && w->state == WEBSOCKET_OPEN && run.size > 0) {
		w->framing_run = true;
		frame_add(w, WSLAY_BINARY_FRAME, run.data, run.size);
		w->framing_run = false;
	}
	assert(w->run_left <= run.size || w->state == WEBSOCKET_ENDED);
	parts[0] = (struct bytes){w->head + w->head_taken, w->head_size - w->head_taken};
	parts[1] = (struct bytes){run.data, w->run_left < run.size ? w->run_left : run.size};
}

size_t websocket_output_taken(struct websocket *w, size_t size)
{
	size_t own = w->head_size - w->head_taken;

	if (size < own)
		own = size;
	assert(size - own <= w->run_left);
	w->head_taken += own;
	w->run_left -= size - own;
	return size - own;
}

/* ---- the request ----------------------------------------------------------------------------- */

static void piece_add(struct piece *piece, const char *text, size_t size)
{
	size_t room = sizeof(piece->text) - piece->size;

	if (size > room)
		size = room;
	memcpy(piece->text + piece->size, text, size);
	piece->size += size;
}

static bool piece_is(const struct piece *piece, const char *text)
{
	return piece->size == strlen(text) && strncasecmp(piece->text, text, piece->size) == 0;
}

static int on_request_name(http_parser *parser, const char *text, size_t size)
{
	struct request_read *r = parser->data;

	if (r->in_value)
		r->name.size = 0;
	r->in_value = false;
	piece_add(&r->name, text, size);
	return 0;
}

static enum header header_of(const struct piece *name)
{
	enum header header = 0;

	while (header < HEADERS && !piece_is(name, header_names[header]))
		header++;
	return header;
}

static int on_request_value(http_parser *parser, const char *text, size_t size)
{
	struct request_read *r = parser->data;

	if (!r->in_value) {
		r->header = header_of(&r->name);
		r->twice |= r->header != HEADER_OTHER && r->seen[r->header];
		r->seen[r->header] = true;
	}
	r->in_value = true;
	piece_add(&r->values[r->header], text, size);
	return 0;
}

/* Blanks behind a value are none of it (RFC 9110 5.5); the parser leaves them. */
static void values_trim(struct request_read *r)
{
	for (unsigned i = 0; i < HEADERS; i++) {
		struct piece *value = &r->values[i];
		while (value->size > 0 && (value->text[value->size - 1] == ' ' || value->text[value->size - 1] == '\t'))
			value->size--;
	}
}

/* RFC 6455 4.2.1. The parser has looked for the word "upgrade" in Connection. Origin is nobody's proof of anything:
 * wallets are anonymous wherever they call from. */
static bool request_good(const struct request_read *r)
{
	const http_parser *p = &r->parser;
	const struct piece *key = &r->values[HEADER_KEY];
	uint8_t nonce[KEY_SIZE];
	size_t size = 0;
	bool body = p->flags & F_CHUNKED || (p->content_length > 0 && p->content_length != UINT64_MAX);

	return p->method == HTTP_GET && p->http_major == 1 && p->http_minor >= 1 && p->upgrade && !body && !r->twice &&
	       r->seen[HEADER_HOST] && piece_is(&r->values[HEADER_UPGRADE], "websocket") &&
	       piece_is(&r->values[HEADER_VERSION], "13") && key->size == KEY_CHARACTERS &&
	       !sodium_base642bin(nonce, sizeof(nonce), key->text, key->size, NULL, &size, NULL,
	                          sodium_base64_VARIANT_ORIGINAL) &&
	       size == sizeof(nonce);
}

/* Returns to http-parser 2: what follows is not HTTP; or -1: it is refused. */
static int on_request_headers(http_parser *parser)
{
	values_trim(parser->data);
	return request_good(parser->data) ? 2 : -1;
}

static int on_request_complete(http_parser *parser)
{
	struct request_read *r = parser->data;

	r->complete = true;
	return 0;
}

static const http_parser_settings request_settings = {
    .on_header_field = on_request_name,
    .on_header_value = on_request_value,
    .on_headers_complete = on_request_headers,
    .on_message_complete = on_request_complete,
};

static void text_add(struct websocket *w, const char *text)
{
	head_add(w, text, strlen(text));
}

static int request_refuse(struct websocket *w, const char *status, int error)
{
	static const char text[] = "Wallets of the Uncia network connect here, by WebSocket (RFC 6455).\n";
	char length[32];

	snprintf(length, sizeof(length), "%zu", strlen(text));
	text_add(w, "HTTP/1.1 ");
	text_add(w, status);
	text_add(w, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n"
	            "Content-Type: text/plain\r\nContent-Length: ");
	text_add(w, length);
	text_add(w, "\r\n\r\n");
	text_add(w, text);
	websocket_move(w, WEBSOCKET_ENDED);
	return error;
}

static ssize_t on_frame_receive(uint8_t *buffer, size_t room, int flags, void *context)
{
	struct websocket *w = context;
	size_t size = (size_t)(w->end - w->at);

	(void)flags;
	if (size > room)
		size = room;
	if (!size)
		return -1;
	memcpy(buffer, w->at, size);
	w->at += size;
	return (ssize_t)size;
}

static int request_accept(struct websocket *w)
{
	static const struct wslay_frame_callbacks callbacks = {on_frame_send, on_frame_receive, NULL};
	uint8_t digest[SHA1_DIGEST_LENGTH];
	char text[ACCEPT_CHARACTERS + 1];
	SHA1_CTX sha1;

	if (wslay_frame_context_init(&w->frames, &callbacks, w)) {
		w->frames = NULL;
		return UNCIA_E_MEMORY;
	}
	SHA1Init(&sha1);
	SHA1Update(&sha1, (const uint8_t *)w->request->values[HEADER_KEY].text, KEY_CHARACTERS);
	SHA1Update(&sha1, (const uint8_t *)ACCEPT_GUID, strlen(ACCEPT_GUID));
	SHA1Final(digest, &sha1);
	sodium_bin2base64(text, sizeof(text), digest, sizeof(digest), sodium_base64_VARIANT_ORIGINAL);
	text_add(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	            "Sec-WebSocket-Accept: ");
	text_add(w, text);
	text_add(w, "\r\n\r\n");
	websocket_move(w, WEBSOCKET_OPEN);
	free(w->request);
	w->request = NULL;
	return 0;
}

/* Reads the request, and answers it where it is complete or wrong. */
static int request_take(struct websocket *w)
{
	struct request_read *r = w->request;
	size_t room = WEBSOCKET_REQUEST_MAX - r->size, size = (size_t)(w->end - w->at);

	if (!size)
		return 0;
	if (size > room)
		size = room;
	size_t read = http_parser_execute(&r->parser, &request_settings, (const char *)w->at, size);
	w->at += read;
	r->size += read;
	if (r->complete)
		return request_accept(w);
	if (HTTP_PARSER_ERRNO(&r->parser) == HPE_CB_headers_complete)
		return request_refuse(w, "426 Upgrade Required", UNCIA_E_PROTOCOL);
	if (HTTP_PARSER_ERRNO(&r->parser) != HPE_OK)
		return request_refuse(w, "400 Bad Request", UNCIA_E_PROTOCOL);
	if (r->size == WEBSOCKET_REQUEST_MAX)
		return request_refuse(w, "431 Request Header Fields Too Large", UNCIA_E_LIMIT);
	return 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int frames_end(struct websocket *w, unsigned code, int error)
{
	close_add(w, code);
	websocket_move(w, WEBSOCKET_ENDED);
	return error;
}

/* RFC 6455 5: what a client may send here. Returns 0, or the code to close with. wslay has looked at lengths, and at
 * control frames in several pieces. */
static unsigned frame_wrong(const struct websocket *w, const struct wslay_frame_iocb *frame)
{
	if (!frame->mask || frame->rsv)
		return WSLAY_CODE_PROTOCOL_ERROR;
	switch (frame->opcode) {
	case WSLAY_BINARY_FRAME:
		return w->in_message ? WSLAY_CODE_PROTOCOL_ERROR : 0;
	case WSLAY_CONTINUATION_FRAME:
		return w->in_message ? 0 : WSLAY_CODE_PROTOCOL_ERROR;
	case WSLAY_TEXT_FRAME:
		return WSLAY_CODE_UNSUPPORTED_DATA;
	case WSLAY_PING:
	case WSLAY_PONG:
	case WSLAY_CONNECTION_CLOSE:
		return 0;
	default:
		return WSLAY_CODE_PROTOCOL_ERROR;
	}
}

static int control_take(struct websocket *w, uint8_t opcode)
{
	if (opcode == WSLAY_PING) {
		w->pong = true;
		w->pong_size = w->control_size;
		memcpy(w->pong_data, w->control, w->control_size);
	}
	if (opcode == WSLAY_CONNECTION_CLOSE)
		return frames_end(w, w->control_size == 1 ? WSLAY_CODE_PROTOCOL_ERROR : WSLAY_CODE_NORMAL_CLOSURE,
		                  UNCIA_E_CLOSED);
	return 0;
}

/* A frame, or the part of it that has come. *stream: where the next bytes of the stream belong. */
static int frame_take(struct websocket *w, const struct wslay_frame_iocb *frame, uint8_t **stream)
{
	bool control = wslay_is_ctrl_frame(frame->opcode);

	if (!w->in_frame) {
		unsigned wrong = frame_wrong(w, frame);
		if (wrong)
			return frames_end(w, wrong, UNCIA_E_PROTOCOL);
		w->in_frame = true;
		w->frame_left = frame->payload_length;
		w->control_size = 0;
	}
	assert(frame->data_length <= w->frame_left);
	if (control) {
		assert(frame->data_length <= sizeof(w->control) - w->control_size);
		memcpy(w->control + w->control_size, frame->data, frame->data_length);
		w->control_size += frame->data_length;
	} else {
		/* Behind where it is read from: each byte of the stream came as one, behind the head of its frame. */
		assert(*stream + frame->data_length <= w->at);
		memcpy(*stream, frame->data, frame->data_length);
		*stream += frame->data_length;
	}
	w->frame_left -= frame->data_length;
	if (w->frame_left > 0)
		return 0;
	w->in_frame = false;
	if (control)
		return control_take(w, frame->opcode);
	w->in_message = !frame->fin;
	return 0;
}

static int frames_take(struct websocket *w, uint8_t **stream)
{
	for (;;) {
		struct wslay_frame_iocb frame = {0};
		ssize_t size = wslay_frame_recv(w->frames, &frame);
		if (size == WSLAY_ERR_WANT_READ)
			return 0;
		int error = size < 0 ? frames_end(w, WSLAY_CODE_PROTOCOL_ERROR, UNCIA_E_PROTOCOL)
		                     : frame_take(w, &frame, stream);
		if (error)
			return error;
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

int websocket_receive(struct websocket *w, uint8_t *data, size_t *size)
{
	uint8_t *stream = data;
	int error = 0;

	assert(w->state != WEBSOCKET_ENDED);
	w->at = data;
	w->end = data + *size;
	if (w->state == WEBSOCKET_REQUEST)
		error = request_take(w);
	if (!error && w->state == WEBSOCKET_OPEN)
		error = frames_take(w, &stream);
	*size = (size_t)(stream - data);
	w->at = w->end = NULL;
	return error;
}

int websocket_new(struct websocket **websocket)
{
	struct websocket *w = calloc(1, sizeof(*w));
	struct request_read *r = calloc(1, sizeof(*r));

	if (!w || !r) {
		free(w);
		free(r);
		return UNCIA_E_MEMORY;
	}
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
	w->request = r;
	*websocket = w;
	return 0;
}

void websocket_free(struct websocket *w)
{
	if (!w)
		return;
	free(w->request);
	wslay_frame_context_free(w->frames);
	free(w);
}
