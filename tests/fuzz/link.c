/* A link against a stranger: bytes in splits of any size, in each of the four roles, with keys that do not change, so
 * that recorded handshakes go through. How the bytes were split must make no difference. */
#include "fuzz.h"

#define MESSAGE_MAX 70000u

struct heard {
	int error;
	bool established;
	size_t messages, bytes;
};

static struct heard hear(uint8_t role, struct bytes stream, struct bytes splits)
{
	struct link *link = fuzz_link(role, MESSAGE_MAX, 4096);
	struct bytes message, run;
	struct heard heard = {0};

	while (stream.size && !heard.error) {
		size_t step = splits.size ? fuzz_byte(&splits) + 1u : stream.size;
		struct bytes piece = fuzz_take(&stream, step);
		heard.error = link_feed(link, piece.data, piece.size);
		while (!heard.error && link_next(link, &message)) {
			assert(message.size > 0 && message.size <= MESSAGE_MAX);
			heard.messages++;
			heard.bytes += message.size;
		}
		link_output(link, &run);
		link_output_taken(link, run.size);
	}
	if (heard.error) /* "after an error the link is dead" */
		assert(link_feed(link, "x", 1) && !link_next(link, &message));
	heard.established = link_established(link);
	link_free(link);
	return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t role = fuzz_byte(&input);
	struct bytes splits = fuzz_take(&input, fuzz_byte(&input));
	struct heard in_pieces = hear(role, input, splits), at_once = hear(role, input, (struct bytes){0});

	assert(in_pieces.error == at_once.error && in_pieces.established == at_once.established);
	assert(in_pieces.error || (in_pieces.messages == at_once.messages && in_pieces.bytes == at_once.bytes));
	return 0;
}
