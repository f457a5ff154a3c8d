/* One commit of the journal as it is appended to the log: a header, the heads of all writes, their values, zeros up to
 * the end of the page (docs/spec/storage.md §4). The header's checksum covers the heads, each head has the checksum of
 * its value's record (record.h), so that every byte of a value is hashed once on its way into log and table.
 *
 * Pure. Threads: any. */
#ifndef PIECE_H
#define PIECE_H
#include <stdbool.h>
#include "store.h"

#define PIECE_HEADER 56   /* checksum u64, log id 16, sequence u64, previous u64, count u32, heads u32, values u64 */
#define PIECE_HEAD   14   /* of a write: table u8, key size u8, value size u32, checksum u64; its key follows */
#define PIECE_PAGE   4096 /* pieces begin and end at multiples of it: no page ever holds parts of two */
#define WAL_ID_SIZE  16

struct piece_header {
	uint8_t log_id[WAL_ID_SIZE];
	uint64_t sequence; /* 1 and up, without a gap */
	uint64_t previous; /* the checksum of the piece before; of the first: 0 */
	uint64_t checksum;
	uint32_t count, heads; /* writes; bytes of their heads and keys */
	uint64_t values;       /* bytes of all values */
};

/* One write of a piece, pointing into it. */
struct piece_write {
	unsigned table; /* 0: VOTE records of views <= view are forgotten */
	uint64_t view;
	struct bytes key, value;
	uint64_t checksum; /* of the record that the value becomes */
};

/* A walk over the writes of a piece; the piece is as large as its header says. */
struct piece_walk {
	const uint8_t *head, *value;
	size_t heads_left, values_left;
};

/* Bytes of the whole piece. */
static inline uint64_t piece_size(const struct piece_header *header)
{
	uint64_t size = PIECE_HEADER + header->heads + header->values;
	return (size + PIECE_PAGE - 1) / PIECE_PAGE * PIECE_PAGE;
}
/* Fills in count, heads and values for these writes. */
void piece_measure(const struct journal_write *writes, size_t count, struct piece_header *header);
/* Writes the measured piece, piece_size bytes, and sets its checksum. */
void piece_encode(struct piece_header *header, const struct journal_write *writes, uint8_t *bytes);
/* The checksum of a piece whose heads have this size. */
uint64_t piece_checksum(const uint8_t *bytes, size_t heads);
/* What a header says, PIECE_HEADER bytes, unchecked. Returns whether it names this log. */
bool piece_header_read(const uint8_t *bytes, const uint8_t log_id[WAL_ID_SIZE], struct piece_header *header);
/* Whether these bytes, piece_size of the header that they begin with, are a whole piece: every byte of it is covered.
 */
bool piece_is_whole(const struct piece_header *header, const uint8_t *bytes);
/* Begins a walk. */
void piece_walk_begin(const struct piece_header *header, const uint8_t *bytes, struct piece_walk *walk);
/* The next write. Returns false at the end, and where what follows is none (in a whole piece: never). */
bool piece_walk_next(struct piece_walk *walk, struct piece_write *write);

#endif
