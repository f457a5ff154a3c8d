/* A request of HTTP from a stranger, in splits of any size: how it was split must make no difference, and what is taken
 * of it is bounded, whatever comes. */
#include "http_request.h"
#include "fuzz.h"

static enum http_verdict request_heard(struct http_request *request, struct bytes input, struct bytes splits)
{
	enum http_verdict verdict = HTTP_MORE;

	http_request_begin(request);
	while (input.size && verdict == HTTP_MORE) {
		struct bytes piece = fuzz_take(&input, splits.size ? fuzz_byte(&splits) + 1u : input.size);
		char *copy = malloc(piece.size); /* a block of its own: nothing is read past it */
		assert(copy);
		memcpy(copy, piece.data, piece.size);
		verdict = http_request_feed(request, copy, piece.size);
		free(copy);
		assert(request->received <= HTTP_REQUEST_MAX);
		assert((verdict == HTTP_MORE) <= (request->received < HTTP_REQUEST_MAX));
	}
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size}, splits = fuzz_take(&input, fuzz_byte(&input));
	struct http_request in_pieces, at_once;
	enum http_verdict verdict = request_heard(&in_pieces, input, splits);

	assert(verdict == request_heard(&at_once, input, (struct bytes){0}));
	if (verdict != HTTP_WHOLE)
		return 0;
	assert(in_pieces.head_only == at_once.head_only);
	assert(memchr(at_once.path, '\0', sizeof(at_once.path)) && !strcmp(in_pieces.path, at_once.path));
	assert(!strchr(at_once.path, '?'));
	return 0;
}
