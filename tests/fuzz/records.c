/* Two ends of a link with a stranger between them, who carries, cuts up, changes, repeats and leaves out bytes. What
 * arrives is a beginning of what was sent, whatever he does; and all of it where he did nothing wrong. */
#include "fuzz.h"

#define WIRE_MAX 200000u

struct end {
	struct link *link;
	uint8_t wire[WIRE_MAX]; /* on its way from here to the other */
	size_t wire_size;
	uint64_t sent, received; /* bytes of messages; byte number n is the low byte of 167 n */
	bool dead;
};

static void end_write(struct end *end)
{
	struct bytes run;

	link_output(end->link, &run);
	size_t size = run.size < WIRE_MAX - end->wire_size ? run.size : WIRE_MAX - end->wire_size;
	if (size)
		memcpy(end->wire + end->wire_size, run.data, size);
	end->wire_size += size;
	link_output_taken(end->link, size);
}

/* A message's length is in no byte of it, so messages run together: what counts is their bytes. */
static void end_send(struct end *end, size_t size)
{
	uint8_t *message = malloc(size ? size : 1);

	assert(message);
	for (size_t i = 0; i < size; i++)
		message[i] = (uint8_t)((end->sent + i) * 167);
	if (link_send(end->link, message, size) == 0)
		end->sent += size;
	free(message);
}

/* The first `size` bytes of the other's wire come here. */
static void end_receive(struct end *end, struct end *other, size_t size, bool keep)
{
	struct bytes message;

	size = size < other->wire_size ? size : other->wire_size;
	if (!size)
		return;
	int error = link_feed(end->link, other->wire, size);
	while (!error && link_next(end->link, &message))
		for (size_t i = 0; i < message.size; i++)
			assert(message.data[i] == (uint8_t)(end->received++ * 167));
	assert(end->received <= other->sent);
	end->dead = end->dead || error;
	if (keep)
		return;
	other->wire_size -= size;
	memmove(other->wire, other->wire + size, other->wire_size);
}

static void settle(struct end *ends)
{
	for (int i = 0; i < 64; i++) {
		for (int k = 0; k < 2; k++) {
			end_write(&ends[k]);
			end_receive(&ends[!k], &ends[k], WIRE_MAX, false);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t options = fuzz_byte(&input);
	bool honest = true;
	struct end *ends = calloc(2, sizeof(*ends));

	assert(ends);
	uint8_t pattern = options & 1 ? FUZZ_LINK_NK : 0;
	ends[0].link = fuzz_link(pattern | FUZZ_LINK_INITIATOR, 1 << 20, 100000);
	ends[1].link = fuzz_link(pattern, 1 << 20, 100000);
	if (options & 2)
		settle(ends);
	while (input.size) {
		uint8_t op = fuzz_byte(&input);
		struct end *end = &ends[op & 1], *other = &ends[!(op & 1)];
		size_t at;
		switch (op >> 1 & 7) {
		case 0:
			end_send(end, fuzz_byte(&input));
			break;
		case 1:
			end_send(end, fuzz_number(&input, 2) * 2);
			break;
		case 2:
			end_write(end);
			break;
		case 3:
			end_receive(end, other, fuzz_number(&input, 2), false);
			break;
		case 4: /* changes a byte */
			at = fuzz_number(&input, 2);
			if (at < end->wire_size) {
				end->wire[at] ^= (uint8_t)(fuzz_byte(&input) | 1);
				honest = false;
			}
			break;
		case 5: /* again */
			end_receive(end, other, fuzz_number(&input, 2), true);
			honest = false;
			break;
		case 6: /* loses the front */
			at = fuzz_byte(&input);
			at = at < end->wire_size ? at : end->wire_size;
			end->wire_size -= at;
			memmove(end->wire, end->wire + at, end->wire_size);
			honest = honest && !at;
			break;
		case 7:
			settle(ends);
			break;
		}
	}
	if (honest) {
		settle(ends);
		for (int k = 0; k < 2; k++)
			assert(!ends[k].dead && ends[k].received == ends[!k].sent && link_established(ends[k].link));
	}
	link_free(ends[0].link);
	link_free(ends[1].link);
	free(ends);
	return 0;
}
