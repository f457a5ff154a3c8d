/* Pieces of a journal's log, by whoever has written the file: bytes are taken for a piece only if they are, to the last
 * one, what would be written for the writes that are found in them; and no changed byte of a piece passes. */
#include "fuzz.h"
#include "piece.h"
#include "record.h"

#define WRITES_MAX 32u

static const uint8_t log_id[WAL_ID_SIZE] = {'l', 'o', 'g'};

static uint64_t checksum_of(const struct piece_write *w)
{
	const struct place place = {'j', (uint8_t)w->table, w->key.data, w->key.size};

	return record_checksum(&place, w->value.data, w->value.size);
}

/* The writes of a whole piece make the same piece again. */
static void make_again(const struct piece_header *header, const uint8_t *bytes)
{
	struct journal_write *writes = calloc(header->count + 1, sizeof(*writes));
	struct piece_header again = {.sequence = header->sequence, .previous = header->previous};
	struct piece_walk walk;
	struct piece_write w;
	size_t count = 0;

	assert(writes);
	for (piece_walk_begin(header, bytes, &walk); piece_walk_next(&walk, &w); count++) {
		assert(count < header->count && w.table < JOURNAL_TABLES && w.key.size <= JOURNAL_KEY_MAX);
		if (w.table)
			writes[count] =
			    (struct journal_write){w.table, w.key.data, w.value.data, w.key.size, w.value.size, 0};
		else
			writes[count] = (struct journal_write){.view = w.view};
	}
	assert(count == header->count);
	memcpy(again.log_id, header->log_id, WAL_ID_SIZE);
	piece_measure(writes, count, &again);
	assert(piece_size(&again) == piece_size(header));
	uint8_t *made = malloc((size_t)piece_size(&again));
	assert(made);
	piece_encode(&again, writes, made);
	assert(again.checksum == header->checksum);
	assert(memcmp(made, bytes, (size_t)piece_size(header)) == 0);
	free(made);
	free(writes);
}

/* Bytes of the input behind a header; its checksum and those of its values are made to fit, so that what lies behind
 * them is reached. */
static void read_input(struct bytes input)
{
	struct piece_header header;
	struct piece_walk walk;
	struct piece_write w;
	uint64_t wanted = fuzz_number(&input, 2);
	uint32_t count = (uint32_t)fuzz_number(&input, 1);
	uint32_t heads = (uint32_t)(wanted > input.size ? input.size : wanted);
	size_t size = PIECE_HEADER + input.size + PIECE_PAGE;
	uint8_t *bytes = calloc(1, size);

	assert(bytes);
	memcpy(bytes + 8, log_id, sizeof(log_id));
	bytes[31] = 5; /* its sequence number */
	be32_put(bytes + 40, count);
	be32_put(bytes + 44, heads);
	be64_put(bytes + 48, input.size - heads);
	if (input.size)
		memcpy(bytes + PIECE_HEADER, input.data, input.size);
	assert(piece_header_read(bytes, log_id, &header) && piece_size(&header) <= size);
	for (piece_walk_begin(&header, bytes, &walk); piece_walk_next(&walk, &w);) {
		if (w.table)
			be64_put(bytes + (w.key.data - bytes) - 8, checksum_of(&w));
	}
	be64_put(bytes, piece_checksum(bytes, heads));
	assert(piece_header_read(bytes, log_id, &header));
	if (piece_is_whole(&header, bytes))
		make_again(&header, bytes);
	free(bytes);
}

/* A piece of writes that the input describes is whole, and is not with any one byte changed. */
static void write_and_change(struct bytes input)
{
	struct journal_write writes[WRITES_MAX];
	struct piece_header header = {.sequence = 1 + fuzz_number(&input, 1)};
	struct piece_header found;
	size_t count = 0, at = (size_t)fuzz_number(&input, 2);
	uint8_t flip = fuzz_byte(&input) | 1;

	while (input.size && count < WRITES_MAX) {
		uint8_t kind = fuzz_byte(&input);
		if (kind % JOURNAL_TABLES == 0) {
			writes[count++] = (struct journal_write){.view = fuzz_number(&input, 8)};
			continue;
		}
		struct bytes key = fuzz_take(&input, 1 + fuzz_byte(&input) % JOURNAL_KEY_MAX);
		if (!key.size)
			break;
		struct bytes value = fuzz_take(&input, fuzz_byte(&input));
		writes[count++] =
		    (struct journal_write){kind % JOURNAL_TABLES, key.data, value.data, key.size, value.size, 0};
	}
	memcpy(header.log_id, log_id, sizeof(log_id));
	piece_measure(writes, count, &header);
	size_t size = (size_t)piece_size(&header);
	uint8_t *bytes = malloc(size);
	assert(bytes);
	piece_encode(&header, writes, bytes);
	assert(piece_header_read(bytes, log_id, &found) && piece_is_whole(&found, bytes));
	make_again(&found, bytes);
	bytes[at % size] ^= flip;
	assert(!piece_header_read(bytes, log_id, &found) || piece_size(&found) != size || found.heads > size ||
	       found.values > size || !piece_is_whole(&found, bytes));
	free(bytes);
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
