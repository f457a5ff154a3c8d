/* A WebSocket against a stranger: bytes in splits of any size, from the request on or behind one that is good. How they
 * were split must make no difference to the stream, and what is written is bounded, whatever comes. */
#include "websocket.h"
#include "fuzz.h"

static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

struct heard {
	int error;
	size_t size;
	uint8_t *stream;
};

/* Writes what there is, `step` bytes at a time, with a run of its own: all of it is given once. */
static void write_out(struct websocket *w, struct bytes *run, size_t step)
{
	struct bytes parts[2];

	for (;;) {
		websocket_output(w, *run, parts);
		size_t whole = parts[0].size + parts[1].size, take = step && step < whole ? step : whole;
		assert(parts[0].size <= 512 && parts[1].size <= run->size);
		assert(!parts[1].size || parts[1].data == run->data);
		if (!take)
			return;
		size_t of_run = websocket_output_taken(w, take);
		assert(of_run <= run->size);
		run->data += of_run;
		run->size -= of_run;
	}
}

static struct heard hear_web(bool asked, struct bytes input, struct bytes splits, struct bytes run)
{
	struct websocket *w;
	struct heard heard = {.stream = malloc(input.size + 1)};
	size_t size = sizeof(request) - 1, step = fuzz_byte(&splits);
	uint8_t *copy = malloc(input.size + sizeof(request));

	assert(heard.stream && copy && !websocket_new(&w));
	memcpy(copy, request, size);
	if (asked)
		assert(!websocket_receive(w, copy, &size) && !size);
	while (input.size && !heard.error) {
		struct bytes piece = fuzz_take(&input, splits.size ? fuzz_byte(&splits) + 1u : input.size);
		size = piece.size;
		memcpy(copy, piece.data, size);
		heard.error = websocket_receive(w, copy, &size);
		assert(size <= piece.size);
		memcpy(heard.stream + heard.size, copy, size);
		heard.size += size;
		write_out(w, &run, step);
	}
	free(copy);
	websocket_free(w);
	return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	bool asked = fuzz_byte(&input) & 1;
	struct bytes run = fuzz_take(&input, fuzz_byte(&input)), splits = fuzz_take(&input, fuzz_byte(&input));
	struct heard in_pieces = hear_web(asked, input, splits, run),
	             at_once = hear_web(asked, input, (struct bytes){0}, run);

	assert(in_pieces.error == at_once.error && in_pieces.size == at_once.size);
	assert(!memcmp(in_pieces.stream, at_once.stream, at_once.size));
	free(in_pieces.stream);
	free(at_once.stream);
	return 0;
}
