/* Reading the journal's records as what they are (docs/spec/storage.md §4), and the keys they lie under. */
#ifndef JOURNAL_H
#define JOURNAL_H
#include "block.h"
#include "step.h"

/* The key of a vote or a certificate: view u64 ‖ kind u8 ‖ block id, 41 bytes; without a kind (0), of a block: view ‖
 * block id, 40. */
void journal_key(uint8_t key[JOURNAL_KEY_MAX], uint64_t view, int kind, const struct hash *block_id, size_t *size);

/* Each returns 0, UNCIA_E_NOT_FOUND, UNCIA_E_MEMORY, UNCIA_E_DAMAGED, or another error of storage. */

/* The final block at a height. */
int journal_final(const struct step *s, uint64_t height, uint64_t *view, struct hash *id);
/* The final block of a view, by some twenty reads. UNCIA_E_NOT_FOUND: the final chain passes that view by;
 * UNCIA_E_LIMIT: it has not come so far, or not on the disk yet. */
int journal_final_of_view(const struct step *s, uint64_t view, struct hash *id);
/* Height and view of the newest final block that a validator proposed. */
int journal_proposed(const struct step *s, uint32_t validator, uint64_t *height, uint64_t *view);
void journal_proposed_key(uint8_t key[JOURNAL_KEY_MAX], uint32_t validator, size_t *size);
/* A finality certificate of exactly this block: its bytes, valid as storage says. */
int journal_finality(const struct step *s, uint64_t view, const struct hash *id, struct bytes *certificate);
/* The stored bytes of a block, valid as storage says. */
int journal_block_bytes(struct step *s, uint64_t view, const struct hash *id, struct bytes *stored);
/* The block, decoded, its id checked. Owns: block_free. Counts as read. */
int journal_block(struct step *s, uint64_t view, const struct hash *id, struct block **block);
/* The newest vote kept of a validator: its bytes. */
int journal_newest_vote(const struct step *s, uint32_t validator, struct bytes *vote);

/* The records of a table from the key `from` on, in the order of keys. Begin with size = from's; each call moves on. */
struct journal_cursor {
	enum journal_table table;
	uint8_t next[JOURNAL_KEY_MAX + 1];
	size_t size;
};
void journal_cursor_begin(struct journal_cursor *cursor, enum journal_table table, uint64_t from_view);
/* Returns 0; UNCIA_E_NOT_FOUND behind the last; UNCIA_E_DAMAGED; another error of storage. */
int journal_cursor_next(const struct step *s, struct journal_cursor *cursor, struct bytes *key, struct bytes *value);

#endif
