/* The log of a wallet's home, by whoever has written the file: bytes are taken for a piece only if they are, to the
 * last one, what would be written for the acts that are found in them; no changed byte of a piece passes; and a piece
 * behind one that is not whole is noticed. */
#include "fuzz.h"
#include "host_log.h"

#define ACTS_MAX 16u

static const uint8_t id[HOST_LOG_ID] = {'l', 'o', 'g'};

/* The acts of a whole piece make the same acts again. */
static void make_acts_again(struct bytes acts)
{
	struct host_act act;
	uint8_t *made = malloc(acts.size), *end = made;
	assert(made && acts.size);
	for (struct bytes left = acts; host_act_next(&left, &act);) {
		assert(host_name_is_safe((const char *)act.name.data, act.name.size));
		assert((size_t)(end - made) + host_act_size(&act) <= acts.size);
		end = host_act_put(end, &act);
	}
	assert((size_t)(end - made) == acts.size && memcmp(made, acts.data, acts.size) == 0);
	free(made);
}

/* Bytes of the input as acts: the checksum fits. */
static void read_input(struct bytes input)
{
	struct host_log_place place = {0, 0};
	struct bytes acts;
	size_t size = host_piece_size(input.size);
	uint8_t *piece = calloc(1, size);
	assert(piece);
	if (input.size)
		memcpy(piece + HOST_LOG_HEADER, input.data, input.size);
	host_piece_make(id, 1, input.size, piece);
	if (host_log_next(piece, size, id, &place, &acts)) {
		assert(place.at == size && place.sequence == 1 && acts.size == input.size);
		make_acts_again(acts);
	} else {
		assert(place.at == 0 && !host_log_goes_on(piece, size, id, &place));
	}
	free(piece);
}

/* Two pieces of acts that the input describes are whole; with any one byte of the first changed, that is noticed. */
static void write_and_change(struct bytes input)
{
	struct host_act written[ACTS_MAX];
	struct host_log_place place = {0, 0};
	struct bytes acts;
	size_t count = 0, acts_size = 0, at = (size_t)fuzz_number(&input, 2);
	uint8_t flip = fuzz_byte(&input) | 1;
	while (input.size && count < ACTS_MAX) {
		struct host_act *act = &written[count];
		act->removes = fuzz_byte(&input) & 1;
		act->name = fuzz_take(&input, 1 + fuzz_byte(&input) % 32);
		act->data = act->removes ? (struct bytes){NULL, 0} : fuzz_take(&input, fuzz_byte(&input));
		if (!host_name_is_safe((const char *)act->name.data, act->name.size))
			break;
		acts_size += host_act_size(act);
		count++;
	}
	if (count == 0)
		return;
	size_t size = host_piece_size(acts_size);
	uint8_t *log = malloc(2 * size), *to = log + HOST_LOG_HEADER;
	assert(log);
	for (size_t i = 0; i < count; i++)
		to = host_act_put(to, &written[i]);
	memcpy(log + size, log, HOST_LOG_HEADER + acts_size);
	host_piece_make(id, 1, acts_size, log);
	host_piece_make(id, 2, acts_size, log + size);
	assert(host_log_next(log, 2 * size, id, &place, &acts) && host_log_next(log, 2 * size, id, &place, &acts));
	make_acts_again(acts);
	assert(!host_log_next(log, 2 * size, id, &place, &acts) && !host_log_goes_on(log, 2 * size, id, &place));
	log[at % size] ^= flip;
	place = (struct host_log_place){0, 0};
	assert(!host_log_next(log, 2 * size, id, &place, &acts) && host_log_goes_on(log, 2 * size, id, &place));
	free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};

	if (fuzz_byte(&input) & 1)
		read_input(input);
	else
		write_and_change(input);
	return 0;
}
