/* The index over what is in the journal's log alone. See recent.h. */
#include "recent.h"
#include <assert.h>
#include <string.h>
#include "big_endian.h"
#include "wal.h"

int recent_compare(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int record_order(const struct recent_record *a, const struct recent_record *b)
{
	return recent_compare(a->key, b->key);
}

/* NOLINTBEGIN: the macro's own code. (RB_GENERATE_STATIC marks its functions by a name that glibc's headers use.) */
RB_GENERATE_INTERNAL(recent_tree, recent_record, link, record_order, __attribute__((unused)) static)
/* NOLINTEND */

static void record_remove(struct recent *recent, struct recent_record *record)
{
	assert(record->indexed);
	RB_REMOVE(recent_tree, &recent->tables[record->table], record);
	record->indexed = false;
}

/* storage §4: the VOTE records of views <= view; keys begin with the view. */
static void votes_remove(struct recent *recent, uint64_t view)
{
	struct recent_tree *votes = &recent->tables[JOURNAL_VOTE];
	struct recent_record *first;
	while ((first = RB_MIN(recent_tree, votes)) != NULL && first->key.size >= sizeof(view) &&
	       be64_get(first->key.data) <= view)
		record_remove(recent, first);
}

static void forget_up_to(struct recent *recent, uint64_t view)
{
	if (!recent->forgets || view > recent->forgotten)
		recent->forgotten = view;
	recent->forgets = true;
}

static void piece_index(struct recent *recent, const struct wal_piece *piece)
{
	struct piece_walk walk;
	struct piece_write write;
	struct recent_record *record = piece->records;
	for (piece_walk_begin(&piece->header, piece->bytes, &walk); piece_walk_next(&walk, &write); record++) {
		*record = (struct recent_record){.table = write.table, .key = write.key, .value = write.value};
		if (!write.table) {
			votes_remove(recent, write.view);
			forget_up_to(recent, write.view);
			continue;
		}
		struct recent_record *older = RB_FIND(recent_tree, &recent->tables[write.table], record);
		if (older)
			record_remove(recent, older);
		RB_INSERT(recent_tree, &recent->tables[write.table], record);
		record->indexed = true;
	}
	assert(record == piece->records + piece->header.count);
}

/* Returns whether the piece forgets votes. */
static bool piece_unindex(struct recent *recent, const struct wal_piece *piece)
{
	bool forgets = false;
	for (uint32_t i = 0; i < piece->header.count; i++) {
		forgets = forgets || !piece->records[i].table;
		if (piece->records[i].indexed)
			record_remove(recent, &piece->records[i]);
	}
	return forgets;
}

/* What the pieces that are left forget. */
static void forget_anew(struct recent *recent, struct wal *wal)
{
	struct wal_piece *piece = NULL;
	recent->forgets = false;
	recent->forgotten = 0;
	while (recent->newest && piece != recent->newest) {
		piece = wal_piece_after(wal, piece);
		for (uint32_t i = 0; i < piece->header.count; i++) {
			if (!piece->records[i].table)
				forget_up_to(recent, be64_get(piece->records[i].key.data));
		}
	}
}

void recent_renew(struct recent *recent, struct wal *wal, uint64_t copied)
{
	struct wal_piece *piece;
	bool forgot = false;
	while ((piece = wal_piece_after(wal, NULL)) && piece->header.sequence <= copied) {
		if (recent->newest)
			forgot = piece_unindex(recent, piece) || forgot;
		if (recent->newest == piece)
			recent->newest = NULL;
		wal_drop_first(wal);
	}
	if (forgot)
		forget_anew(recent, wal);
	while ((piece = wal_piece_after(wal, recent->newest))) {
		piece_index(recent, piece);
		recent->newest = piece;
	}
}

const struct recent_record *recent_get(const struct recent *recent, unsigned table, struct bytes key)
{
	struct recent_record wanted = {.key = key};
	assert(table > 0 && table < JOURNAL_TABLES);
	return RB_FIND(recent_tree, (struct recent_tree *)(uintptr_t)&recent->tables[table], &wanted);
}

const struct recent_record *recent_seek(const struct recent *recent, unsigned table, struct bytes key)
{
	struct recent_record wanted = {.key = key};
	assert(table > 0 && table < JOURNAL_TABLES);
	return RB_NFIND(recent_tree, (struct recent_tree *)(uintptr_t)&recent->tables[table], &wanted);
}

const struct recent_record *recent_last(const struct recent *recent, unsigned table)
{
	assert(table > 0 && table < JOURNAL_TABLES);
	return RB_MAX(recent_tree, (struct recent_tree *)(uintptr_t)&recent->tables[table]);
}
