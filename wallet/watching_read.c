/* Reads the account's history between what is known and a proved state, newest first, since validators give it so. All
 * of it has to be there before the oldest can be told; so what is read is kept in stretches of READ_MAX payments: of
 * those above the last one only the place is kept where they begin, and how many they are, and they are read again when
 * their turn comes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "session.h"
#include "wallet.h"
#include "watching.h"

#define READ_MAX 256u /* payments that are kept at once */
#define NOBODY   UINT32_MAX

static void read_drop(struct watching *x)
{
	for (size_t i = 0; i < x->read_count; i++)
		uncia_receipt_free(x->read[i]);
	x->read_count = 0;
}

void watching_read_stop(struct watching *x)
{
	read_drop(x);
	free(x->read);
	free(x->stretches);
	x->read = NULL;
	x->stretches = NULL;
	x->stretch_count = x->stretch_capacity = 0;
	x->node = NOBODY;
}

static struct watching_stretch *stretch_last(struct watching *x)
{
	assert(x->stretch_count > 0);
	return &x->stretches[x->stretch_count - 1];
}

static int stretch_push(struct watching *x, const struct watching_stretch *stretch)
{
	if (x->stretch_count == x->stretch_capacity) {
		size_t capacity = x->stretch_capacity ? 2 * x->stretch_capacity : 4;
		struct watching_stretch *grown = realloc(x->stretches, capacity * sizeof(*grown));
		if (!grown)
			return UNCIA_E_MEMORY;
		x->stretches = grown;
		x->stretch_capacity = capacity;
	}
	x->stretches[x->stretch_count++] = *stretch;
	return 0;
}

static void forget_tried(struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		w->watching->links[i].tried = false;
}

void watching_read_again(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	const struct watching_stretch *from = stretch_last(x);
	read_drop(x);
	x->seen = 0;
	x->before_height = from->index == WATCHING_WHOLE ? 0 : from->height;
	x->before_index = from->index == WATCHING_WHOLE ? 0 : from->index;
	x->node = NOBODY;
	x->generation++;
}

/* The last stretch has been read: what came in is told. Returns 0 or UNCIA_E_MEMORY, with nothing done. */
static int read_end(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	struct watching_place known = watching_place_of(&x->goal);
	if (!watching_told_reserve(x, x->read_count))
		return UNCIA_E_MEMORY;
	if (x->stretch_count > 1)
		known = watching_place_read(x, x->read_count - 1);
	for (size_t k = 0; k < x->read_count; k++) {
		struct uncia_receipt *receipt = x->read[x->read_count - 1 - k];
		const struct watching_place at = watching_place_read(x, k);
		if (address_equal(&receipt->payment->sender, &w->address))
			uncia_receipt_free(receipt);
		else
			watching_tell(w, receipt, &at);
	}
	x->read_count = 0;
	x->known = known;
	x->node = NOBODY;
	x->stale = false;
	if (x->stretch_count > 1) {
		x->stretch_count--;
		forget_tried(w);
		watching_read_again(w);
		return 0;
	}
	watching_read_stop(x);
	x->stage = WATCHING_IDLE;
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Whose history holds all of the goal: who has proved that state, or a later one. */
static bool read_may_ask(const struct uncia_wallet *w, uint32_t node)
{
	const struct watching *x = w->watching;
	const struct watching_link *l = &x->links[node];
	if (!session_ready(w, node) || !l->proved || l->height < x->goal.height || l->tried)
		return false;
	return x->stage != WATCHING_WORDS || !l->spoke;
}

static void read_ask(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	struct watching *x = w->watching;
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	query.before_height = x->before_height;
	query.before_index = x->before_index;
	query.limit = HISTORY_PAGE_MAX;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	request.history = &query;
	x->node = node;
	x->attempt_ms = wallet_now(w);
	session_send(w, node, REQUEST_WATCH, watching_number(x, ++x->generation), &request);
}

/* Whoever takes too long is asked last. What somebody else gave of the stretch is not gone on with: it is known then
 * who left something out. */
static void read_give_up(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	x->links[x->node].tried = true;
	watching_read_again(w);
}

void watching_read_go(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	uint64_t now = wallet_now(w);
	/* The oldest are told, and acknowledged, before those above them are read again. */
	if (x->stretch_count == 0 || (x->told_count >= WATCHING_TOLD_MAX && x->seen == 0))
		return;
	if (x->node != NOBODY && now >= x->attempt_ms + WATCHING_ATTEMPT_MS)
		read_give_up(w);
	for (uint32_t k = 0; k < w->network->endpoint_count && x->node == NOBODY; k++) {
		uint32_t node = session_in_order(w, k);
		if (read_may_ask(w, node))
			read_ask(w, node);
	}
	/* All were asked, in vain, or nobody can be: anew, a little later. */
	if (x->node == NOBODY && now >= x->attempt_ms + WATCHING_ATTEMPT_MS) {
		x->attempt_ms = now;
		forget_tried(w);
	}
}

/* Whether the entry counts what came since the place that is known: both are of one life of the account. */
static bool read_is_counted(const struct watching_place *known, const struct watching_proof *goal)
{
	return known->counted && goal->exists && goal->entry.created == known->created &&
	       goal->entry.payments >= known->payments && goal->entry.payments != ENTRY_PAYMENTS_FULL;
}

int watching_read_begin(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	assert(x->stage == WATCHING_IDLE && x->stretch_count == 0);
	x->goal = x->newest;
	x->counted = read_is_counted(&x->known, &x->goal);
	const struct watching_stretch all = {.height = x->goal.height,
	                                     .index = WATCHING_WHOLE,
	                                     .need =
	                                         x->counted ? x->goal.entry.payments - x->known.payments : UINT64_MAX};
	if (all.need == 0)
		return read_end(w);
	if (!x->read && !(x->read = calloc(READ_MAX, sizeof(*x->read))))
		return UNCIA_E_MEMORY;
	if (stretch_push(x, &all))
		return UNCIA_E_MEMORY;
	x->stage = x->counted ? WATCHING_READ : WATCHING_WORDS;
	x->words = 0;
	x->attempt_ms = wallet_now(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		x->links[i].spoke = false;
	forget_tried(w);
	watching_read_again(w);
	return 0;
}

/* ---- what comes ------------------------------------------------------------------------------ */

static bool place_above(uint64_t height, uint32_t index, uint64_t other_height, uint32_t other_index)
{
	return height > other_height || (height == other_height && index > other_index);
}

/* What was kept makes a stretch of its own, to be read again later; what is older, the one that is read now. */
static int read_split(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	const struct watching_stretch below = {
	    .height = x->before_height, .index = x->before_index, .need = stretch_last(x)->need - x->read_count};
	int rc = stretch_push(x, &below);
	if (rc)
		return rc;
	x->stretches[x->stretch_count - 2].need = x->read_count;
	read_drop(x);
	x->seen = 0;
	return 0;
}

/* One more receipt, in its order, above what is known. Owned from here on. */
static int read_keep(struct uncia_wallet *w, struct uncia_receipt *receipt)
{
	struct watching *x = w->watching;
	x->seen++;
	if (x->stage == WATCHING_WORDS) {
		uncia_receipt_free(receipt);
		return 0;
	}
	assert(x->read_count < READ_MAX);
	x->read[x->read_count++] = receipt;
	return x->read_count == READ_MAX && x->seen < stretch_last(x)->need ? read_split(w) : 0;
}

static bool read_complete(struct watching *x)
{
	return x->stage == WATCHING_READ && x->seen == stretch_last(x)->need;
}

/* Receipts in their order. *end: there are no more above what is known. Negative: the link is to be dropped. */
static int read_take(struct uncia_wallet *w, Uncia__Pb__Blob *const *receipts, size_t count, bool *end)
{
	struct watching *x = w->watching;
	*end = false;
	assert(x->node != NOBODY && x->stretch_count > 0);
	for (size_t i = 0; i < count && !*end && !read_complete(x); i++) {
		struct uncia_receipt *receipt;
		int rc = receipt_open(w->network, receipts[i]->data.data, receipts[i]->data.len, &receipt);
		if (rc)
			return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
		bool older = x->before_height == 0 ||
		             place_above(x->before_height, x->before_index, receipt->height, receipt->index);
		if (!older || !payment_touches_account(receipt->payment, &w->address)) {
			uncia_receipt_free(receipt);
			return UNCIA_E_PROOF;
		}
		wallet_learn_time(w, receipt->timestamp_ms);
		x->before_height = receipt->height;
		x->before_index = receipt->index;
		*end = !place_above(receipt->height, receipt->index, x->known.height, x->known.index);
		if (*end || receipt->height > x->goal.height) { /* or newer than what was proved */
			uncia_receipt_free(receipt);
			continue;
		}
		if ((rc = read_keep(w, receipt)))
			return rc;
	}
	return 0;
}

/* One validator has given all that it has. Those who gave fewer than another have left some out: receipts can be left
 * out, not made up. Where those who gave the most weigh F+1, one of them is honest, and it is all. */
static int words_end(struct uncia_wallet *w, uint32_t node)
{
	struct watching *x = w->watching;
	uint64_t weight = 0, seen = x->seen;
	x->links[node].spoke = true;
	x->links[node].count = seen;
	if (seen < x->words) {
		watching_read_again(w);
		return UNCIA_E_PROOF;
	}
	x->words = seen;
	forget_tried(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (!x->links[i].spoke)
			continue;
		if (x->links[i].count == seen) {
			weight += session_weight(w, i);
			continue;
		}
		x->links[i].spoke = false;
		session_drop(w, i, UNCIA_E_PROOF);
	}
	if (weight <= w->network->genesis.committee.faulty) {
		watching_read_again(w);
		return 0;
	}
	stretch_last(x)->need = seen;
	x->stage = WATCHING_READ;
	watching_read_again(w);
	return seen == 0 ? read_end(w) : 0;
}

/* After a page, or what came with a proof. */
static int read_taken(struct uncia_wallet *w, uint32_t node, bool end)
{
	if (read_complete(w->watching))
		return read_end(w);
	if (!end) {
		read_ask(w, node);
		return 0;
	}
	/* It has proved a state that more payments have made. */
	return w->watching->stage == WATCHING_READ ? UNCIA_E_PROOF : words_end(w, node);
}

int watching_read_seed(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__Watched *watched)
{
	struct watching *x = w->watching;
	bool end;
	if (x->stage != WATCHING_READ || x->node != NOBODY || x->seen != 0 || x->told_count >= WATCHING_TOLD_MAX ||
	    x->goal.height != x->links[node].height || watched->n_receipts == 0)
		return 0;
	x->node = node;
	x->attempt_ms = wallet_now(w);
	int rc = read_take(w, watched->receipts, watched->n_receipts, &end);
	return rc ? rc : read_taken(w, node, end);
}

int watching_read_reply(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	struct watching *x = w->watching;
	bool end;
	if (node != x->node || x->stretch_count == 0)
		return 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		read_give_up(w);
		return 0;
	}
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_HISTORY || reply->history->n_receipts > HISTORY_PAGE_MAX)
		return UNCIA_E_PROTOCOL;
	int rc = read_take(w, reply->history->receipts, reply->history->n_receipts, &end);
	if (rc)
		return rc;
	return read_taken(w, node, end || reply->history->n_receipts == 0 || reply->history->next_height == 0);
}
