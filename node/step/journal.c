/* See journal.h. */
#include "journal.h"
#include <string.h>
#include "big_endian.h"
#include "try.h"
#include "uncia/error.h"

void journal_key(uint8_t key[JOURNAL_KEY_MAX], uint64_t view, int kind, const struct hash *block_id, size_t *size)
{
	size_t at = 8;

	be64_put(key, view);
	if (kind)
		key[at++] = (uint8_t)kind;
	memcpy(key + at, block_id->b, HASH_SIZE);
	*size = at + HASH_SIZE;
}

static int journal_get(const struct step *s, enum journal_table table, const void *key, size_t size,
                       struct bytes *value)
{
	return s->storage.journal_get(s->storage.context, table, key, size, value);
}

int journal_final(const struct step *s, uint64_t height, uint64_t *view, struct hash *id)
{
	uint8_t key[8];
	struct bytes value;

	be64_put(key, height);
	TRY(journal_get(s, JOURNAL_FINAL, key, sizeof(key), &value));
	if (value.size != 8 + HASH_SIZE)
		return UNCIA_E_DAMAGED;
	*view = be64_get(value.data);
	memcpy(id->b, value.data + 8, HASH_SIZE);
	return 0;
}

int journal_finality(const struct step *s, uint64_t view, const struct hash *id, struct bytes *certificate)
{
	const int kinds[] = {CERT_FF, CERT_SF};
	uint8_t key[JOURNAL_KEY_MAX];
	size_t size;

	for (size_t i = 0; i < 2; i++) {
		journal_key(key, view, kinds[i], id, &size);
		int rc = journal_get(s, JOURNAL_CERT, key, size, certificate);
		if (rc != UNCIA_E_NOT_FOUND)
			return rc;
	}
	return UNCIA_E_NOT_FOUND;
}

int journal_block_bytes(struct step *s, uint64_t view, const struct hash *id, struct bytes *stored)
{
	uint8_t key[JOURNAL_KEY_MAX];
	size_t size;

	journal_key(key, view, 0, id, &size);
	return journal_get(s, JOURNAL_BLOCK, key, size, stored);
}

int journal_block(struct step *s, uint64_t view, const struct hash *id, struct block **block)
{
	struct bytes stored;
	struct block *decoded;

	TRY(journal_block_bytes(s, view, id, &stored));
	s->journal_read += stored.size;
	int rc = block_decode(&s->network_id, stored.data, stored.size, &decoded);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	if (!hash_equal(&decoded->header.id, id)) {
		block_free(decoded);
		return UNCIA_E_DAMAGED;
	}
	*block = decoded;
	return 0;
}

void journal_proposed_key(uint8_t key[JOURNAL_KEY_MAX], uint32_t validator, size_t *size)
{
	be32_put(key, validator);
	key[4] = 1;
	*size = 5;
}

int journal_proposed(const struct step *s, uint32_t validator, uint64_t *height, uint64_t *view)
{
	uint8_t key[JOURNAL_KEY_MAX];
	struct bytes value;
	size_t size;

	journal_proposed_key(key, validator, &size);
	TRY(journal_get(s, JOURNAL_PEER, key, size, &value));
	if (value.size != 16)
		return UNCIA_E_DAMAGED;
	*height = be64_get(value.data);
	*view = be64_get(value.data + 8);
	return 0;
}

/* Final views ascend with the heights. */
int journal_final_of_view(const struct step *s, uint64_t view, struct hash *id)
{
	struct bytes key, value;
	uint64_t low = 1, found;

	int last = s->storage.journal_last(s->storage.context, JOURNAL_FINAL, &key, &value);
	if (last)
		return last == UNCIA_E_NOT_FOUND ? UNCIA_E_LIMIT : last;
	if (key.size != 8 || value.size != 8 + HASH_SIZE)
		return UNCIA_E_DAMAGED;
	if (be64_get(value.data) < view)
		return UNCIA_E_LIMIT;
	for (uint64_t high = be64_get(key.data); low <= high;) {
		uint64_t middle = low + (high - low) / 2;
		int error = journal_final(s, middle, &found, id);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
		if (found == view)
			return 0;
		if (found < view)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return UNCIA_E_NOT_FOUND;
}

int journal_newest_vote(const struct step *s, uint32_t validator, struct bytes *vote)
{
	uint8_t key[4];

	be32_put(key, validator);
	return journal_get(s, JOURNAL_PEER, key, sizeof(key), vote);
}

void journal_cursor_begin(struct journal_cursor *cursor, enum journal_table table, uint64_t from_view)
{
	*cursor = (struct journal_cursor){.table = table, .size = 8};
	be64_put(cursor->next, from_view);
}

int journal_cursor_next(const struct step *s, struct journal_cursor *cursor, struct bytes *key, struct bytes *value)
{
	TRY(s->storage.journal_seek(s->storage.context, cursor->table, cursor->next, cursor->size, key, value));
	if (key->size > JOURNAL_KEY_MAX)
		return UNCIA_E_DAMAGED;
	memcpy(cursor->next, key->data, key->size);
	cursor->size = key->size;
	cursor->next[cursor->size++] = 0; /* the smallest key above this one */
	return 0;
}
