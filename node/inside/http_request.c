/* The head of a request: of all that it may say, the method and the path. See http_request.h. */
#include "http_request.h"
#include <assert.h>
#include <string.h>

static int on_http_url(http_parser *parser, const char *text, size_t size)
{
	struct http_request *r = parser->data;

	for (size_t i = 0; i < size; i++, r->path_size++)
		if (r->path_size < sizeof(r->path))
			r->path[r->path_size] = text[i];
	return 0;
}

/* Returns to http-parser 1: whatever body there may be is none of it. */
static int on_http_head(http_parser *parser)
{
	struct http_request *r = parser->data;

	r->complete = true;
	http_parser_pause(parser, 1);
	return 1;
}

static const http_parser_settings http_settings = {.on_url = on_http_url, .on_headers_complete = on_http_head};

void http_request_begin(struct http_request *r)
{
	*r = (struct http_request){.received = 0};
	http_parser_init(&r->parser, HTTP_REQUEST);
}

/* A path that does not fit without its question is empty. */
static void path_end(struct http_request *r)
{
	size_t held = r->path_size < sizeof(r->path) ? r->path_size : sizeof(r->path);
	const char *question = memchr(r->path, '?', held);

	if (question)
		held = (size_t)(question - r->path);
	r->path[held < sizeof(r->path) ? held : 0] = '\0';
}

enum http_verdict http_request_feed(struct http_request *r, const char *bytes, size_t size)
{
	size_t room = HTTP_REQUEST_MAX - r->received;

	assert(!r->complete && room > 0);
	if (size > room)
		size = room;
	r->received += size;
	r->parser.data = r;
	http_parser_execute(&r->parser, &http_settings, bytes, size);
	if (!r->complete && HTTP_PARSER_ERRNO(&r->parser) != HPE_OK)
		return HTTP_NONSENSE;
	if (!r->complete)
		return size == room ? HTTP_TOO_LONG : HTTP_MORE;
	path_end(r);
	r->head_only = r->parser.method == HTTP_HEAD;
	return r->parser.method == HTTP_GET || r->head_only ? HTTP_WHOLE : HTTP_METHOD_WRONG;
}
