/* Shared by the files of the log, and known to nobody else: names, seal, pieces in memory. See wal.h. */
#ifndef WAL_FILES_H
#define WAL_FILES_H
#include "wal.h"

#define WAL_NAME_0    "log.0"
#define WAL_NAME_1    "log.1"
#define WAL_NAME_SEAL "log.seal"
#define WAL_SEAL_SIZE 24 /* sequence u64, checksum of that piece u64, checksum of these u64 */

/* Where a piece lies. */
struct wal_place {
	unsigned file;
	size_t at;
};

/* Opens one of the files. Returns 0 or the system's code. */
int wal_file_open(const char *directory, const char *name, int flags, int *fd);
/* Makes a seal over the newest piece. */
void wal_seal_make(uint64_t sequence, uint64_t checksum, uint8_t seal[WAL_SEAL_SIZE]);
/* A piece with room for its bytes and records, which are unset; NULL where memory ends. */
struct wal_piece *wal_piece_new(const struct piece_header *header);
/* Of a piece that is in no log. */
void wal_piece_free(struct wal_piece *piece);
/* Puts a piece behind all others in memory, whose it is now. */
void wal_add(struct wal *wal, struct wal_piece *piece);
/* Makes the newest piece durable: writes it once more as it is (NULL: LMDB has it, it was durable), syncs, and seals.
 * Returns the system's code. */
int wal_renew_newest(struct wal *wal, const struct wal_piece *newest, const struct wal_place *place);

#endif
