/* The table of payments in memory: by id, by the number in request ids, and by their blob's name. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include "archive.h"
#include "tracked.h"
#include "wallet.h"

#define ARCHIVED_MAX 64u /* archived ones that stay in memory; up to twice as many until they are trimmed */

struct tracked *tracked_find(const struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t;
	HASH_FIND(hh, w->tracked, id->b, sizeof(id->b), t);
	return t;
}

struct tracked *tracked_by_number(const struct uncia_wallet *w, uint64_t number)
{
	struct tracked *t;
	HASH_FIND(by_number, w->by_number, &number, sizeof(number), t);
	return t;
}

static void free_one(struct tracked *t)
{
	for (size_t i = 0; i < t->record.expiry_count; i++)
		free(t->record.expiries[i].bytes);
	free(t->record.expiries);
	free(t->record.receipt);
	free(t->record.memo);
	free(t->record.tag);
	payment_free(t->record.payment);
	payment_free(t->record.carried);
	free(t);
}

struct tracked *tracked_add(struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->id = *id;
	t->number = ++w->last_number;
	assert(!tracked_find(w, id));
	HASH_ADD(hh, w->tracked, id.b, sizeof(t->id.b), t);
	if (!t->hh.tbl) {
		free(t);
		return NULL;
	}
	HASH_ADD(by_number, w->by_number, number, sizeof(t->number), t);
	if (!t->by_number.tbl) {
		HASH_DEL(w->tracked, t);
		free(t);
		return NULL;
	}
	return t;
}

void tracked_remove(struct uncia_wallet *w, struct tracked *t)
{
	assert(tracked_find(w, &t->id) == t);
	assert(!t->record.own || w->outbox);
	HASH_DEL(w->tracked, t);                 /* NOLINT(clang-analyzer-core.NullDereference): it is in the table */
	HASH_DELETE(by_number, w->by_number, t); /* NOLINT(clang-analyzer-core.NullDereference): likewise */
	w->archived_tracked -= t->record.archived;
	if (t->record.own)
		HASH_DELETE(by_blob, w->outbox, t);
	free_one(t);
}

struct tracked *tracked_by_blob(const struct uncia_wallet *w, const char *blob)
{
	struct tracked *t;
	HASH_FIND(by_blob, w->outbox, blob, strlen(blob), t);
	return t;
}

int tracked_make_own(struct uncia_wallet *w, struct tracked *t, const char *blob)
{
	if (t->record.own)
		return 0;
	assert(strlen(blob) < sizeof(t->record.blob) && !tracked_by_blob(w, blob));
	strcpy(t->record.blob, blob);
	HASH_ADD_KEYPTR(by_blob, w->outbox, t->record.blob, strlen(t->record.blob), t);
	t->record.own = t->by_blob.tbl;
	return t->record.own ? 0 : UNCIA_E_MEMORY;
}

void tracked_disown(struct uncia_wallet *w, struct tracked *t, const struct record *was)
{
	assert(!was->own);
	if (t->record.own)
		HASH_DELETE(by_blob, w->outbox, t);
	free(t->record.memo);
	free(t->record.tag);
	t->record = *was;
}

/* Allowed moves, from the line's state to the column's. A payment starts as UNKNOWN; an end never changes. */
static const bool tracked_moves[][UNCIA_PAYMENT_EXPIRED + 1] = {
    /*                      UNKNOWN PENDING FINAL EXPIRED */
    [UNCIA_PAYMENT_UNKNOWN] = {true, true, true, true},
    [UNCIA_PAYMENT_PENDING] = {true, true, true, true},
    [UNCIA_PAYMENT_FINAL] = {false, false, false, false},
    [UNCIA_PAYMENT_EXPIRED] = {false, false, false, false},
};

bool tracked_has_end(const struct tracked *t)
{
	return t->record.state == UNCIA_PAYMENT_FINAL || t->record.state == UNCIA_PAYMENT_EXPIRED;
}

enum uncia_payment_state tracked_shown(const struct uncia_wallet *w, const struct tracked *t)
{
	return t->record.end_after > w->storing.done ? UNCIA_PAYMENT_PENDING : t->record.state;
}

void tracked_move(struct tracked *t, enum uncia_payment_state to)
{
	assert(tracked_moves[t->record.state][to]);
	/* A query may end with "unknown" about others' payments only. */
	assert(!t->record.own || to != UNCIA_PAYMENT_UNKNOWN);
	assert(t->record.payment || (!t->record.own && to != UNCIA_PAYMENT_FINAL));
	t->record.state = to;
	if (tracked_has_end(t))
		t->following.followed = t->following.asked = t->following.querying = false;
}

void tracked_follow(struct uncia_wallet *w, struct tracked *t)
{
	t->following.reason = UNCIA_PENDING_UNSENT;
	t->following.started_ms = wallet_now(w);
	wallet_stir(w);
}

void tracked_archived(struct uncia_wallet *w, struct tracked *t)
{
	assert(t->record.own);
	w->archived_tracked += !t->record.archived;
	t->record.archived = true;
}

void tracked_trim(struct uncia_wallet *w)
{
	struct tracked *t, *next;
	if (w->archived_tracked < 2 * ARCHIVED_MAX || !stored_all(w))
		return;
	HASH_ITER (hh, w->tracked, t, next) { /* the oldest first */
		if (w->archived_tracked <= ARCHIVED_MAX)
			return;
		struct ended *ended =
		    t->record.archived && tracked_has_end(t) ? archive_find(w, t->record.payment->nonce) : NULL;
		if (!ended)
			continue;
		ended->elapsed_ms = t->following.elapsed_ms;
		tracked_remove(w, t);
	}
}

void tracked_free_all(struct uncia_wallet *w)
{
	struct tracked *t, *next;
	HASH_ITER (hh, w->tracked, t, next) {
		tracked_remove(w, t);
	}
}
