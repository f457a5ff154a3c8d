/* The table of payments in memory, by id, by number, and by the name of their blob. */
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include "tracked.h"
#include "wallet.h"

struct tracked *tracked_find(const struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t;
	HASH_FIND(hh, w->tracked, id->b, sizeof(id->b), t);
	return t;
}

struct tracked *tracked_by_number(const struct uncia_wallet *w, uint64_t number)
{
	for (struct tracked *t = w->tracked; t != NULL; t = t->hh.next)
		if (t->number == number)
			return t;
	return NULL;
}

static void free_one(struct tracked *t)
{
	for (size_t i = 0; i < t->record.expiry_count; i++)
		free(t->record.expiries[i].bytes);
	free(t->record.expiries);
	free(t->record.receipt);
	payment_free(t->record.payment);
	free(t);
}

struct tracked *tracked_add(struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->id = *id;
	t->number = ++w->last_number;
	HASH_ADD(hh, w->tracked, id.b, sizeof(t->id.b), t);
	if (t->hh.tbl == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void tracked_remove(struct uncia_wallet *w, struct tracked *t)
{
	HASH_DEL(w->tracked, t);
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
	strcpy(t->record.blob, blob);
	HASH_ADD_KEYPTR(by_blob, w->outbox, t->record.blob, strlen(t->record.blob), t);
	t->record.own = t->by_blob.tbl != NULL;
	return t->record.own ? 0 : UNCIA_E_MEMORY;
}

void tracked_follow(struct uncia_wallet *w, struct tracked *t)
{
	t->following.reason = UNCIA_PENDING_UNSENT;
	t->following.started_ms = wallet_now(w);
}

void tracked_free_all(struct uncia_wallet *w)
{
	struct tracked *t, *next;
	HASH_ITER (hh, w->tracked, t, next) {
		tracked_remove(w, t);
	}
}
