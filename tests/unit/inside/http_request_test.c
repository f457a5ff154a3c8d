/* Requests of HTTP: however they are cut, what is asked for, and what is none. */
#include "http_request.h"
#include <stdio.h>
#include <string.h>
#include "unit.h"

static struct http_request request;

static enum http_verdict feed(const char *text, size_t piece)
{
	enum http_verdict verdict = HTTP_MORE;
	size_t size = strlen(text);

	http_request_begin(&request);
	for (size_t at = 0; at < size && verdict == HTTP_MORE; at += piece)
		verdict = http_request_feed(&request, text + at, size - at < piece ? size - at : piece);
	return verdict;
}

START_TEST(a_request_says_the_same_in_every_cut)
{
	static const struct {
		const char *text;
		enum http_verdict verdict;
		const char *path;
	} cases[] = {
	    {"GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n", HTTP_WHOLE, "/metrics"},
	    {"HEAD /healthz HTTP/1.0\r\n\r\n", HTTP_WHOLE, "/healthz"},
	    {"GET /metrics?name[]=up HTTP/1.1\r\n\r\n", HTTP_WHOLE, "/metrics"},
	    {"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", HTTP_WHOLE, "/"},
	    {"GET /metrics?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n", HTTP_WHOLE,
	     "/metrics"},
	    {"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n", HTTP_WHOLE,
	     ""},
	    {"POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_METHOD_WRONG, "/metrics"},
	    {"DELETE / HTTP/1.1\r\n\r\n", HTTP_METHOD_WRONG, "/"},
	    {"nonsense\r\n\r\n", HTTP_NONSENSE, NULL},
	    {"GET /metrics HTTP/9.9.9\r\n\r\n", HTTP_NONSENSE, NULL},
	    {"GET /metrics HTTP/1.1\r\nHost: h\r\n", HTTP_MORE, NULL},
	    {"\x16\x03\x01", HTTP_NONSENSE, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
			ck_assert_msg(feed(cases[i].text, piece) == cases[i].verdict, "%s by %zu", cases[i].text,
			              piece);
			if (cases[i].path)
				ck_assert_str_eq(request.path, cases[i].path);
		}
	}
	ck_assert_int_eq(feed("HEAD / HTTP/1.1\r\n\r\n", 100), HTTP_WHOLE);
	ck_assert(request.head_only);
	ck_assert_int_eq(feed("GET / HTTP/1.1\r\n\r\n", 100), HTTP_WHOLE);
	ck_assert(!request.head_only);
}
END_TEST

START_TEST(a_head_that_does_not_end_is_given_up)
{
	static const char line[] = "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
	static const char first[] = "GET / HTTP/1.1\r\n";
	enum http_verdict verdict;
	size_t size = strlen(first);

	http_request_begin(&request);
	verdict = http_request_feed(&request, first, strlen(first));
	while (verdict == HTTP_MORE) {
		ck_assert_uint_le(size, HTTP_REQUEST_MAX);
		verdict = http_request_feed(&request, line, strlen(line));
		size += strlen(line);
	}
	ck_assert_int_eq(verdict, HTTP_TOO_LONG);
}
END_TEST

UNIT_MAIN("http_request", a_request_says_the_same_in_every_cut, a_head_that_does_not_end_is_given_up)
