/* See watches.h. */
#include "watches.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "fields.h"
#include "messages.h"
#include "questions.h"
#include "receipt.h"
#include "try.h"
#include "uncia/error.h"

/* ---- the table ---- */

/* Ids are chosen by strangers, so they are hashed under a seed. */
static struct watched *watched_find(const struct serve *s, const struct entry_id *id, unsigned *hash)
{
	struct watched *found;

	*hash = (unsigned)siphash(s->hash_seed, id, sizeof(*id));
	HASH_FIND_BYHASHVALUE(hh, s->watched, id, sizeof(*id), *hash, found);
	return found;
}

static void watched_remove(struct serve *s, struct watched *watched)
{
	HASH_DEL(s->watched, watched);
	free(watched);
}

/* Into the table, where it waits for its account to be touched. Returns 0 or UNCIA_E_MEMORY. */
static int watch_wait(struct serve *s, struct watch *watch)
{
	unsigned hash;
	struct watched *watched = watched_find(s, &watch->id, &hash);

	if (!watched) {
		watched = malloc(sizeof(*watched));
		if (!watched)
			return UNCIA_E_MEMORY;
		*watched = (struct watched){.id = watch->id};
		HASH_ADD_BYHASHVALUE(hh, s->watched, id, sizeof(watched->id), hash, watched);
		if (!watched->hh.tbl) {
			free(watched);
			return UNCIA_E_MEMORY;
		}
	}
	watch->watched = watched;
	DL_APPEND(watched->watches, watch);
	return 0;
}

/* Out of the table, or of those that are due. */
static void watch_displace(struct serve *s, struct watch *watch)
{
	struct watched *watched = watch->watched;

	if (!watched) {
		DL_DELETE(s->watches_due, watch);
		return;
	}
	DL_DELETE(watched->watches, watch);
	watch->watched = NULL;
	if (!watched->watches)
		watched_remove(s, watched);
}

static void watch_end(struct serve *s, struct watch *watch)
{
	struct wallet_link *link = watch->link;

	watch_displace(s, watch);
	assert(link->watch_count && s->watch_count);
	DL_DELETE2(link->watches, watch, prev_of_link, next_of_link);
	link->watch_count--;
	s->watch_count--;
	free(watch);
}

void watches_forget(struct serve *s, uint64_t wallet)
{
	struct wallet_link *link;

	HASH_FIND(hh, s->wallets, &wallet, sizeof(wallet), link);
	while (link && link->watches)
		watch_end(s, link->watches); /* NOLINT(clang-analyzer-*): it takes the watch out of the list */
}

/* ---- touched ---- */

static bool watched_touch(struct serve *s, const struct entry_id *id, uint64_t height)
{
	unsigned hash;
	struct watched *watched = watched_find(s, id, &hash);
	struct watch *watch;

	if (!watched)
		return false;
	DL_FOREACH (watched->watches, watch) {
		watch->watched = NULL;
		watch->due_height = height;
	}
	DL_CONCAT(s->watches_due, watched->watches);
	watched->watches = NULL;
	watched_remove(s, watched);
	return true;
}

bool watches_touch(struct serve *s, const struct chain_block *block)
{
	struct entry_id id;
	bool any = false;

	for (uint32_t i = 0; i < block->header.payment_count && s->watched; i++)
		for (uint32_t k = 0; s->watched && payment_named(block->payments[i], k, &id); k++)
			any |= watched_touch(s, &id, block->header.height);
	return any;
}

/* ---- answers ---- */

static bool position_after(const struct position *a, const struct position *b)
{
	return a->height > b->height || (a->height == b->height && a->index > b->index);
}

/* The newest payment of the settled state that touched the account; height 0: there is none. */
static int settled_head(struct serve *s, const struct entry_id *id, struct position *head)
{
	*head = (struct position){0};
	int error = ledger_history_head(s->ledger, NULL, id, head);
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

/* Receipts above the watch's place of payments in the settled block, newest first, as long as it is in memory with what
 * makes them: what is older takes reading, and is asked for as history. */
static int watch_receipts(struct serve *s, const struct watch *watch, struct position *at, uint32_t most,
                          Uncia__Pb__Watched *reply)
{
	const struct chain_block *block = s->chain->settled, *child = s->chain->tip;
	const struct block body = {.header = block->header,
	                           .count = block->header.payment_count,
	                           .payments = block->payments,
	                           .tree = block->tree};
	const struct header *descendants[] = {&child->header};
	const struct receipt_proof proof = {
	    descendants, 1, {s->chain->final_certificate->bytes, s->chain->final_certificate->size}};
	struct payment_record *record = malloc(sizeof(*record));
	int error = record ? 0 : UNCIA_E_MEMORY;

	while (!error && reply->n_receipts < most && block->tree && child->parent == block &&
	       at->height == block->header.height && position_after(at, &watch->after)) {
		ProtobufCBinaryData *receipt = &reply->receipts[reply->n_receipts]->data;
		const struct payment *payment = block->payments[at->index];
		uint32_t first;
		assert(at->index < body.count);
		error = receipt_make(&body, at->index, &proof, &receipt->data, &receipt->len);
		if (error)
			break;
		reply->n_receipts++;
		error = ledger_find_payment(s->ledger, NULL, &payment->id, record);
		if (!error && payment_touches(payment, &watch->id, &first))
			*at = record->previous[first];
	}
	free(record);
	return error == UNCIA_E_LIMIT ? 0 : error; /* that receipt is too large: history says so */
}

/* Tells the state as it is now, under the place that the watch has. */
static int watch_tell(struct serve *s, struct watch *watch, struct position head)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Watched told = UNCIA__PB__WATCHED__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	Uncia__Pb__Blob blobs[WATCH_RECEIPTS_MAX], *list[WATCH_RECEIPTS_MAX];
	struct ledger_proof *found = malloc(sizeof(*found));

	if (!found)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < WATCH_RECEIPTS_MAX; i++) {
		uncia__pb__blob__init(&blobs[i]);
		list[i] = &blobs[i];
	}
	told.address = field_of(watch->id.address.b, ADDRESS_SIZE);
	told.hold = watch->id.kind == ENTRY_HOLD;
	told.height = ledger_settled_height(s->ledger);
	told.receipts = list;
	/* Who asks for more than his share of reading gets the proof alone. */
	bool share = read_budget_left(&watch->link->budget, s->step->now_ms, READ_WALLET_OWED, READ_WALLET_PER_MS);
	int error = account_prove(s, &watch->id, found, &proof);
	if (!error)
		told.account = &proof;
	if (!error || error == UNCIA_E_NOT_FOUND)
		error = watch_receipts(s, watch, &head, share ? WATCH_RECEIPTS_MAX : 0, &told);
	reply.request_id = watch->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_WATCHED;
	reply.watched = &told;
	if (!error)
		error = message_reply(s->step, s->chain->final_sequence, watch->link->number, &reply);
	watch->link->budget.owed += READ_QUESTION;
	for (size_t i = 0; i < told.n_receipts; i++) {
		watch->link->budget.owed += blobs[i].data.len;
		free(blobs[i].data.data);
	}
	free(found);
	return error;
}

static int watch_answer(struct serve *s, struct watch *watch)
{
	struct position head;

	TRY(settled_head(s, &watch->id, &head));
	if (position_after(&head, &watch->after)) {
		TRY(watch_tell(s, watch, head));
		watch_end(s, watch);
		return 0;
	}
	/* Its wallet knows of that already. */
	DL_DELETE(s->watches_due, watch);
	int error = watch_wait(s, watch);
	if (error)
		DL_PREPEND(s->watches_due, watch);
	return error;
}

bool watches_due(const struct serve *s)
{
	return s->watches_due && s->chain->final_certificate &&
	       s->watches_due->due_height <= ledger_settled_height(s->ledger);
}

int watches_answer(struct serve *s)
{
	for (uint32_t i = 0; i < WATCH_ANSWERS_PER_STEP && watches_due(s); i++)
		TRY(watch_answer(s, s->watches_due));
	return 0;
}

/* ---- asked ---- */

static int watch_refuse(struct serve *s, const struct wallet_link *link, uint64_t request_id)
{
	return message_refuse(s->step, link->number, request_id, UNCIA_E_FULL,
	                      "too many accounts are watched: ask again later");
}

/* Where all are taken, the newest watch of the wallet with most is refused, if it has two more. Returns 1 where there
 * is room, 0 where not. */
static int watch_room(struct serve *s, const struct wallet_link *link)
{
	struct wallet_link *other, *next, *most = NULL;

	if (link->watch_count >= WATCHES_PER_WALLET_MAX)
		return 0;
	if (s->watch_count < WATCHES_MAX)
		return 1;
	HASH_ITER (hh, s->wallets, other, next)
		if (other->watch_count >= link->watch_count + 2 && (!most || other->watch_count > most->watch_count))
			most = other;
	if (!most)
		return 0;
	struct watch *newest = most->watches->prev_of_link;
	TRY(watch_refuse(s, most, newest->request_id));
	watch_end(s, newest);
	return 1;
}

/* The newest watch of an account is the one that counts. */
static void watch_replace(struct serve *s, struct wallet_link *link, const struct entry_id *id)
{
	struct watch *watch, *next;

	DL_FOREACH_SAFE2 (link->watches, watch, next, next_of_link)
		if (entry_id_equal(&watch->id, id))
			watch_end(s, watch);
}

int serve_watch(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__Watch *message)
{
	struct entry_id id = {.kind = message->hold ? ENTRY_HOLD : ENTRY_ACCOUNT};
	struct position head;

	if (!field_copy(&message->address, id.address.b, ADDRESS_SIZE))
		return UNCIA_E_ENCODING;
	struct wallet_link *link = wallet_link_get(s, wallet);
	if (!link)
		return UNCIA_E_MEMORY;
	watch_replace(s, link, &id);
	int room = watch_room(s, link);
	TRY(room);
	if (!room)
		return watch_refuse(s, link, request_id);
	TRY(settled_head(s, &id, &head));
	struct watch *watch = malloc(sizeof(*watch));
	if (!watch)
		return UNCIA_E_MEMORY;
	*watch = (struct watch){.link = link,
	                        .id = id,
	                        .request_id = request_id,
	                        .after = {.height = message->height, .index = message->index}};
	if (position_after(&head, &watch->after)) {
		DL_PREPEND(s->watches_due, watch);
	} else if (watch_wait(s, watch) != 0) {
		free(watch);
		return UNCIA_E_MEMORY;
	}
	link->watcher = true;
	link->watch_count++;
	s->watch_count++;
	/* NOLINTNEXTLINE(clang-analyzer-*): what was replaced or gave way is out of the list */
	DL_APPEND2(link->watches, watch, prev_of_link, next_of_link);
	assert(s->watch_count <= WATCHES_MAX && link->watch_count <= WATCHES_PER_WALLET_MAX);
	return 0;
}
