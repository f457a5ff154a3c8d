/* Pieces of the journal's log, made and taken apart. See piece.h. */
#include "piece.h"
#include <assert.h>
#include "hash.h"
#include "record.h"

#define JOURNAL_LETTER 'j'

static const uint8_t piece_key[16] = "uncia.log.v1";

uint64_t piece_checksum(const uint8_t *bytes, size_t heads)
{
	return siphash(piece_key, bytes + 8, PIECE_HEADER - 8 + heads);
}

void piece_measure(const struct journal_write *writes, size_t count, struct piece_header *header)
{
	uint64_t heads = 0, values = 0;
	for (size_t i = 0; i < count; i++) {
		assert(writes[i].table < JOURNAL_TABLES && writes[i].value_size <= UINT32_MAX);
		heads += PIECE_HEAD + (writes[i].table ? writes[i].key_size : sizeof(writes[i].view));
		values += writes[i].value_size;
	}
	assert(count <= UINT32_MAX && heads <= UINT32_MAX);
	header->count = (uint32_t)count;
	header->heads = (uint32_t)heads;
	header->values = values;
}

/* Returns the size of the head. */
static size_t head_encode(const struct journal_write *w, uint8_t *head)
{
	uint8_t view[8];
	const uint8_t *key = w->key;
	size_t key_size = w->key_size;
	uint64_t checksum = 0;
	if (w->table) {
		const struct place place = {JOURNAL_LETTER, (uint8_t)w->table, w->key, w->key_size};
		assert(w->key && (w->value || !w->value_size));
		assert(key_size > 0 && key_size <= JOURNAL_KEY_MAX);
		checksum = record_checksum(&place, w->value, w->value_size);
	} else {
		assert(!w->key && !w->value && !w->value_size);
		be64_put(view, w->view);
		key = view;
		key_size = sizeof(view);
	}
	head[0] = (uint8_t)w->table;
	head[1] = (uint8_t)key_size;
	be32_put(head + 2, (uint32_t)w->value_size);
	be64_put(head + 6, checksum);
	memcpy(head + PIECE_HEAD, key, key_size);
	return PIECE_HEAD + key_size;
}

void piece_encode(struct piece_header *header, const struct journal_write *writes, uint8_t *bytes)
{
	uint8_t *head = bytes + PIECE_HEADER, *value = head + header->heads;
	for (uint32_t i = 0; i < header->count; i++) {
		head += head_encode(&writes[i], head);
		if (writes[i].value_size)
			memcpy(value, writes[i].value, writes[i].value_size);
		value += writes[i].value_size;
	}
	assert(head == bytes + PIECE_HEADER + header->heads && value == head + header->values);
	memset(value, 0, (size_t)(piece_size(header) - (uint64_t)(value - bytes)));
	memcpy(bytes + 8, header->log_id, WAL_ID_SIZE);
	be64_put(bytes + 24, header->sequence);
	be64_put(bytes + 32, header->previous);
	be32_put(bytes + 40, header->count);
	be32_put(bytes + 44, header->heads);
	be64_put(bytes + 48, header->values);
	header->checksum = piece_checksum(bytes, header->heads);
	be64_put(bytes, header->checksum);
}

bool piece_header_read(const uint8_t *bytes, const uint8_t log_id[WAL_ID_SIZE], struct piece_header *header)
{
	memcpy(header->log_id, bytes + 8, WAL_ID_SIZE);
	header->checksum = be64_get(bytes);
	header->sequence = be64_get(bytes + 24);
	header->previous = be64_get(bytes + 32);
	header->count = be32_get(bytes + 40);
	header->heads = be32_get(bytes + 44);
	header->values = be64_get(bytes + 48);
	return !memcmp(header->log_id, log_id, WAL_ID_SIZE);
}

void piece_walk_begin(const struct piece_header *header, const uint8_t *bytes, struct piece_walk *walk)
{
	const uint8_t *head = bytes + PIECE_HEADER;
	*walk = (struct piece_walk){head, head + header->heads, header->heads, (size_t)header->values};
}

bool piece_walk_next(struct piece_walk *walk, struct piece_write *write)
{
	const uint8_t *head = walk->head;
	if (walk->heads_left < PIECE_HEAD)
		return false;
	*write = (struct piece_write){
	    .table = head[0],
	    .key = {head + PIECE_HEAD, head[1]},
	    .value = {walk->value, be32_get(head + 2)},
	    .checksum = be64_get(head + 6),
	};
	size_t size = PIECE_HEAD + write->key.size;
	if (walk->heads_left < size || walk->values_left < write->value.size)
		return false;
	if (write->table >= JOURNAL_TABLES || !write->key.size || write->key.size > JOURNAL_KEY_MAX)
		return false;
	if (!write->table) {
		if (write->key.size != sizeof(write->view) || write->value.size || write->checksum)
			return false;
		write->view = be64_get(write->key.data);
	}
	walk->head += size;
	walk->heads_left -= size;
	walk->value += write->value.size;
	walk->values_left -= write->value.size;
	return true;
}

bool piece_is_whole(const struct piece_header *header, const uint8_t *bytes)
{
	struct piece_walk walk;
	struct piece_write write;
	uint32_t count = 0;
	if (header->checksum != piece_checksum(bytes, header->heads))
		return false;
	for (piece_walk_begin(header, bytes, &walk); piece_walk_next(&walk, &write); count++) {
		const struct place place = {JOURNAL_LETTER, (uint8_t)write.table, write.key.data, write.key.size};
		if (write.table && record_checksum(&place, write.value.data, write.value.size) != write.checksum)
			return false;
	}
	if (count != header->count || walk.heads_left || walk.values_left)
		return false;
	for (const uint8_t *at = walk.value; at < bytes + piece_size(header); at++) {
		if (*at)
			return false;
	}
	return true;
}
