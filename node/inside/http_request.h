/* Reads the head of a request of HTTP, by http-parser, as its bytes come. What follows it is not looked at.
 *
 * Pure. Threads: whoever has the request. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H
#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_REQUEST_MAX 8192u /* bytes of a head */
#define HTTP_PATH_SIZE   32    /* of a path with its NUL; a longer one is empty: nobody has it */

/* What is known of a request: more of it is to come; it is whole, and one of GET or HEAD; or it is none that is
 * answered, and why. */
enum http_verdict { HTTP_MORE, HTTP_WHOLE, HTTP_METHOD_WRONG, HTTP_TOO_LONG, HTTP_NONSENSE };

struct http_request {
	http_parser parser;
	size_t received;
	char path[HTTP_PATH_SIZE]; /* once it is whole, without what stands behind a question mark */
	size_t path_size;          /* of all of it, however long */
	bool complete;
	bool head_only; /* once it is whole: HEAD */
};

/* Of which nothing has come yet. */
void http_request_begin(struct http_request *request);
/* Takes bytes, until it has said anything but HTTP_MORE. */
enum http_verdict http_request_feed(struct http_request *request, const char *bytes, size_t size);

#endif
