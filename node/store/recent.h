/* What of the journal is in its log and not yet in what the view shows of LMDB: an index over the log's pieces, by
 * table and key. With it a reader sees the union of both; a newer record hides the one of LMDB with the same key.
 *
 * Threads: the reading one. */
#ifndef RECENT_H
#define RECENT_H
#include <bsd/sys/tree.h>
#include "storage_view.h"

struct wal;
struct wal_piece;

/* A record of a piece; `key` and `value` point into it. */
struct recent_record {
	RB_ENTRY(recent_record) link;
	unsigned table;
	bool indexed; /* no newer record of the key, and not forgotten */
	struct bytes key, value;
};
RB_HEAD(recent_tree, recent_record);

struct recent {
	struct recent_tree tables[JOURNAL_TABLES];
	const struct wal_piece *newest; /* that is indexed; NULL: none */
	bool forgets;                   /* VOTE records of LMDB of views <= forgotten are hidden */
	uint64_t forgotten;
};

/* After LMDB's view was renewed: indexes what was appended since, and lets go of the pieces up to `copied`, which that
 * view holds. What was handed out of those is no longer valid. */
void recent_renew(struct recent *recent, struct wal *wal, uint64_t copied);
/* The record of this key, or NULL. */
const struct recent_record *recent_get(const struct recent *recent, unsigned table, struct bytes key);
/* The first record with a key >= this one (empty: of all), or NULL. */
const struct recent_record *recent_seek(const struct recent *recent, unsigned table, struct bytes key);
/* The last record of the table, or NULL. */
const struct recent_record *recent_last(const struct recent *recent, unsigned table);
/* Keys in the order of LMDB's tables: as bytes, a shorter one before a longer one that it begins. */
int recent_compare(struct bytes a, struct bytes b);

#endif
