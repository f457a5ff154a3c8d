/* Looks up what the account has paid and this home does not know.
 *
 * A key is one payment because the payment is in the outbox. A home that came back older than it was (a backup, a
 * snapshot, a copied key file, the words) lacks some, and nothing in it tells. The ledger does: an account's proved
 * entry counts the payments that touched it. So, before a payment is made under a key that the outbox does not have,
 * all that the entry counts must be accounted for: by the mark (up to a height all was known) and by payments of the
 * outbox that became final above it. Where that falls short, the receipts are read, newest first, and own ones taken
 * into the outbox:
 * - COUNT: of the same life of the account as the mark's, receipts above the mark are as many as the entry says, or
 *   some were left out. One validator is enough, since every receipt is verified.
 * - LIFE: without a mark of this life, count and balance prove all since the account was created (walk.h).
 * - WORDS: of what no entry counts (former lives; an account that is not there, or whose counter is full) each of
 *   validators weighing F+1, which know the state that is caught up with, gives all that it has: one of them is honest.
 * The mark counts the final payments that the outbox had: one of another time than the payments beside it is none. */
#include "catch_up.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "events.h"
#include "fields.h"
#include "following.h"
#include "outbox.h"
#include "session.h"
#include "sync.h"
#include "wallet.h"

#define WAITING_MAX 64u   /* payments of one account that a validator tells of */
#define ATTEMPT_MS  3000u /* without an answer for so long, another validator is asked */
#define SLOW_MS     1000u /* a page that takes as long is slow */
#define LONG_MS     10000u
#define NOBODY      UINT32_MAX

int catch_up_init(struct uncia_wallet *w)
{
	size_t count = w->network ? w->network->endpoint_count : 0;
	struct catch_up *c = calloc(1, sizeof(*c));
	if (!c)
		return UNCIA_E_MEMORY;
	w->catch_up = c;
	c->node = NOBODY;
	c->tried = calloc(6 * count + 1, sizeof(*c->tried));
	c->heights = calloc(count + 1, sizeof(*c->heights));
	if (!c->tried || !c->heights)
		return UNCIA_E_MEMORY;
	c->failed = c->tried + count;
	c->counts = c->failed + count;
	c->told = c->counts + count;
	c->answered = c->told + count;
	c->waited = c->answered + count;
	return 0;
}

static void forget(const struct uncia_wallet *w, bool *flags)
{
	memset(flags, 0, w->network->endpoint_count * sizeof(*flags));
}

static void forget_waiting(struct catch_up *c)
{
	for (size_t i = 0; i < c->waiting_count; i++)
		payment_free(c->waiting[i]);
	free(c->waiting);
	c->waiting = NULL;
	c->waiting_count = 0;
}

void catch_up_deinit(struct uncia_wallet *w)
{
	if (!w->catch_up)
		return;
	forget_waiting(w->catch_up);
	free(w->catch_up->tried);
	free(w->catch_up->heights);
	free(w->catch_up);
	w->catch_up = NULL;
}

bool catch_up_active(const struct uncia_wallet *w)
{
	return w->catch_up->stage != STAGE_NONE;
}

/* ---- what is known --------------------------------------------------------------------------- */

/* Whether the home knew all up to the mark, and still does: parts of it may have come back from different times. */
static bool mark_holds(const struct uncia_wallet *w, const struct mark *mark)
{
	return mark->there && outbox_finals(w, 0, mark->height) == mark->finals;
}

static bool same_life(const struct mark *mark, const struct entry *entry)
{
	return mark->exists && mark->created == entry->created && mark->payments <= entry->payments;
}

/* Whether the mark and the outbox account for all payments of the account up to this state. */
static bool accounted_for(const struct uncia_wallet *w, bool exists, const struct entry *entry, uint64_t height)
{
	const struct mark *mark = &w->catch_up->mark;
	if (!mark_holds(w, mark))
		return false;
	if (height <= mark->height)
		return true;
	return exists && same_life(mark, entry) && entry->payments != ENTRY_PAYMENTS_FULL &&
	       entry->payments - mark->payments == outbox_finals(w, mark->height, height);
}

bool catch_up_behind(const struct uncia_wallet *w)
{
	const struct sync *s = w->sync;
	const struct catch_up *c = w->catch_up;
	if (!c->looked || !s->known)
		return true;
	/* A full counter is caught up with as far as enough validators know, which may be below what one has proved. */
	bool reached = s->height <= c->reached && mark_holds(w, &c->mark);
	return !reached && !accounted_for(w, s->exists, &s->state.entry, s->height);
}

/* ---- the end --------------------------------------------------------------------------------- */

void catch_up_cancel(struct uncia_wallet *w)
{
	assert(catch_up_active(w));
	w->catch_up->stage = STAGE_NONE;
	w->catch_up->node = NOBODY;
	w->catch_up->error = UNCIA_E_UNREACHABLE;
	forget_waiting(w->catch_up);
}

static void catch_up_end(struct uncia_wallet *w, int error)
{
	catch_up_cancel(w);
	w->catch_up->error = error;
	events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_CAUGHT_UP, .error = error});
}

/* All payments up to the state are in the outbox. The mark is stored where it took reading to find that out. */
static void catch_up_done(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	const struct mark mark = {.there = true,
	                          .height = c->height,
	                          .exists = c->exists,
	                          .created = c->exists ? c->state.entry.created : 0,
	                          .payments = c->exists ? c->state.entry.payments : 0,
	                          .finals = outbox_finals(w, 0, c->height)};
	int rc = c->read && stored_all(w) ? stored_note(w, MARK_BLOB, mark_store(&w->host, &mark)) : 0;
	if (!rc) {
		c->mark = mark;
		c->looked = true;
		c->reached = c->proved;
	}
	/* After reading for long the account is asked for again: a payment is made on what is known of it now. */
	if (!rc && wallet_now(w) >= c->started_ms + LONG_MS) {
		c->node = NOBODY;
		c->stage = STAGE_BEGIN;
	} else {
		catch_up_end(w, rc);
	}
}

/* ---- requests out ---------------------------------------------------------------------------- */

static bool catch_up_may_ask(const struct uncia_wallet *w, uint32_t node)
{
	const struct catch_up *c = w->catch_up;
	if (!session_ready(w, node) || c->tried[node] || c->failed[node])
		return false;
	return c->stage != STAGE_WORDS || (c->counts[node] && !c->told[node]);
}

static void catch_up_ask_node(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	struct catch_up *c = w->catch_up;
	assert(c->stage >= STAGE_COUNT);
	if (c->stage == STAGE_WORDS && node != c->node) { /* each gives all that it has */
		c->before_height = c->from_height;
		c->before_index = c->from_index;
	}
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	query.before_height = c->before_height;
	query.before_index = c->before_index;
	query.limit = HISTORY_PAGE_MAX;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	request.history = &query;
	c->node = node;
	c->tried[node] = true;
	c->attempt_ms = wallet_now(w);
	session_send(w, node, REQUEST_CATCH_UP, ++c->generation, &request);
}

/* Asks for the page that comes next: again who gave the last one, else the first that may be asked. */
static void catch_up_ask(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	if (c->node != NOBODY && catch_up_may_ask(w, c->node)) {
		catch_up_ask_node(w, c->node);
		return;
	}
	for (uint32_t k = 0; k < w->network->endpoint_count; k++) {
		uint32_t node = session_in_order(w, k);
		if (catch_up_may_ask(w, node)) {
			catch_up_ask_node(w, node);
			return;
		}
	}
	c->node = NOBODY; /* catch_up_tick begins anew */
	c->attempt_ms = wallet_now(w);
}

/* Begins a stage at this place of the account's history, or anew. */
static void stage_begin(struct uncia_wallet *w, enum catch_up_stage stage, uint64_t height, uint32_t index)
{
	struct catch_up *c = w->catch_up;
	c->stage = stage;
	c->from_height = c->before_height = height;
	c->from_index = c->before_index = index;
	c->counted = 0;
	walk_begin(&c->walk, c->state.entry.balance);
	forget(w, c->tried);
	catch_up_ask(w);
}

/* ---- what is to be looked up ----------------------------------------------------------------- */

/* Whether those that are marked weigh F+1, or are all that the network file names. */
static bool enough(const struct uncia_wallet *w, const bool *flags)
{
	uint64_t weight = 0;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		weight += flags[i] ? session_weight(w, i) : 0;
	return session_enough(w, weight);
}

/* Whose word counts: who answered this sync, as of `height` at least. Returns whether they are enough. */
static bool choose_words(struct uncia_wallet *w, uint64_t height)
{
	struct catch_up *c = w->catch_up;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		c->counts[i] = c->answered[i] && c->heights[i] >= height;
	return enough(w, c->counts);
}

/* Of an account whose counter is full the newest state is caught up with that enough validators know. */
static bool choose_words_saturated(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	uint64_t best = 0;
	bool found = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (!c->answered[i] || (found && c->heights[i] <= best) || !choose_words(w, c->heights[i]))
			continue;
		best = c->heights[i];
		found = true;
	}
	if (found && best < c->height)
		c->height = best;
	return found && choose_words(w, best);
}

static void begin_life(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	assert(c->exists);
	if (c->state.entry.payments == 0 && c->state.entry.created == 0)
		catch_up_done(w); /* of the genesis, and nothing has touched it */
	else
		stage_begin(w, STAGE_LIFE, 0, 0);
}

/* The account was proved: decides what has to be read. */
static void catch_up_plan(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	const struct sync *s = w->sync;
	c->exists = s->exists;
	c->state = s->state;
	c->height = c->proved = s->height;
	c->saturated = c->exists && c->state.entry.payments == ENTRY_PAYMENTS_FULL;
	c->read = false;
	forget(w, c->failed);
	forget(w, c->told);
	if (accounted_for(w, c->exists, &c->state.entry, c->height)) {
		c->looked = true;
		catch_up_end(w, 0);
		return;
	}
	bool marked = mark_holds(w, &c->mark);
	c->floor = marked ? c->mark.height : 0;
	if (c->saturated || !c->exists) {
		if (c->saturated ? choose_words_saturated(w) : choose_words(w, c->height))
			stage_begin(w, STAGE_WORDS, 0, 0);
		else
			catch_up_end(w, UNCIA_E_UNREACHABLE);
	} else if (marked && same_life(&c->mark, &c->state.entry)) {
		stage_begin(w, STAGE_COUNT, 0, 0);
	} else {
		begin_life(w);
	}
}

/* ---- what is not final yet ------------------------------------------------------------------- */

static void ask_waiting(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__WaitingQuery query = UNCIA__PB__WAITING_QUERY__INIT;
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WAITING;
	request.waiting = &query;
	session_send(w, node, REQUEST_CATCH_UP, w->catch_up->generation, &request);
}

/* What waits for a block is asked for before the account is, over every link: what a validator does not tell any more,
 * because it has become final, is then in the state that it proves. */
static int begin_sync(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	assert(!w->sync->active);
	c->generation++;
	forget_waiting(c);
	forget(w, c->waited);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (session_ready(w, i))
			ask_waiting(w, i);
	int rc = wallet_sync_thorough(w);
	if (!rc)
		c->stage = STAGE_SYNC;
	return rc;
}

static bool waiting_is_own(const struct uncia_wallet *w, const struct payment *payment)
{
	return payment_is_from(payment, &w->address) &&
	       memcmp(payment->public_key, w->keyfile.public_key, PUBLIC_KEY_SIZE) == 0 &&
	       sign_verify_bound(payment->public_key, &payment->digest, payment->signature);
}

/* Keeps the account's own payments that a validator holds: their signatures are the account's, whoever tells. */
static int take_waiting(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__WaitingReply *reply)
{
	struct catch_up *c = w->catch_up;
	if (c->waited[node])
		return 0;
	if (reply->n_payments > WAITING_MAX)
		return UNCIA_E_PROTOCOL;
	struct payment **list = realloc(c->waiting, (c->waiting_count + reply->n_payments + 1) * sizeof(*list));
	if (!list)
		return UNCIA_E_MEMORY;
	c->waiting = list;
	for (size_t i = 0; i < reply->n_payments; i++) {
		const ProtobufCBinaryData *bytes = &reply->payments[i]->data;
		struct payment *payment;
		int rc = payment_decode(&w->network_id, bytes->data, bytes->len, &payment);
		if (rc)
			return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
		if (!waiting_is_own(w, payment)) {
			payment_free(payment);
			return UNCIA_E_PROOF;
		}
		list[c->waiting_count++] = payment;
	}
	c->waited[node] = true;
	return 0;
}

/* Takes those into the outbox that it does not have, as pending. What is past its expiry is final by now, and found in
 * the history, or never will be. */
static int store_waiting(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	int rc = 0;
	for (size_t i = 0; i < c->waiting_count && !rc; i++) {
		struct tracked *t;
		if ((uint64_t)c->waiting[i]->expires_at * 1000 <= w->clock.timestamp_ms)
			continue;
		rc = outbox_find(w, c->waiting[i]->nonce, &t);
		if (rc == UNCIA_E_NOT_FOUND) {
			rc = outbox_add(w, payment_ref(c->waiting[i]), NULL, &t);
			if (rc)
				payment_free(c->waiting[i]);
			else
				following_send(w, t, true);
		}
		if (rc == UNCIA_E_DAMAGED || rc == UNCIA_E_EXISTS)
			rc = 0; /* it stops its key by itself; another process was faster */
	}
	return rc;
}

/* The sync has ended. Payments that other processes stored count as well. */
static void catch_up_synced(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	int rc = w->sync->error;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		c->answered[i] = w->sync->answers[i].kind != ANSWER_NONE && c->waited[i];
		c->heights[i] = w->sync->answers[i].height;
	}
	if (!rc && !enough(w, c->answered))
		rc = UNCIA_E_UNREACHABLE; /* one that lies could hide the newest payments */
	if (!rc)
		rc = mark_load(&w->host, &c->mark);
	if (!rc)
		rc = outbox_load(w, false);
	if (!rc)
		rc = store_waiting(w);
	c->started_ms = c->progress_ms = wallet_now(w);
	if (rc)
		catch_up_end(w, rc);
	else
		catch_up_plan(w);
}

int uncia_wallet_catch_up(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!w->network)
		return UNCIA_E_NETWORK;
	if (!w->secret)
		return UNCIA_E_LOCKED;
	if (!catch_up_active(w) && !w->sync->active)
		return begin_sync(w);
	if (!catch_up_active(w))
		w->catch_up->stage = STAGE_BEGIN;
	return 0;
}

/* ---- pages in -------------------------------------------------------------------------------- */

/* Takes an own payment that is final into the outbox. Another payment of the same nonce that is there stays: both were
 * signed, by two homes. */
static int take_own(struct uncia_wallet *w, const struct uncia_receipt *receipt)
{
	struct tracked *t;
	if (archive_find(w, receipt->payment->nonce)) /* it has its end */
		return 0;
	int rc = outbox_find(w, receipt->payment->nonce, &t);
	if (rc == UNCIA_E_NOT_FOUND)
		return outbox_recall(w, receipt);
	if (rc)
		return rc == UNCIA_E_DAMAGED ? 0 : rc; /* a damaged one stops its key by itself */
	if (memcmp(t->id.b, receipt->payment->id.b, sizeof(t->id.b)) != 0 || tracked_has_end(t))
		return 0;
	return following_take_final(w, t, receipt);
}

/* One more receipt, in its order. Returns whether it is beyond what this stage looks for. */
static bool stage_take(struct uncia_wallet *w, const struct uncia_receipt *receipt)
{
	struct catch_up *c = w->catch_up;
	bool newer = receipt->height > c->height;
	switch (c->stage) {
	case STAGE_COUNT:
		if (receipt->height <= c->floor)
			return true;
		c->counted += !newer;
		return false;
	case STAGE_LIFE:
		if (!newer && c->walk.seen == c->state.entry.payments)
			return true;
		if (!newer)
			walk_back(w, &c->walk, &c->state.entry, receipt);
		return false;
	default:
		return receipt->height <= c->floor;
	}
}

/* Verifies and takes the receipts of a page. A negative result is the link's; *stored: of this machine's. */
static int take_receipts(struct uncia_wallet *w, const Uncia__Pb__HistoryReply *page, bool *beyond, int *stored)
{
	struct catch_up *c = w->catch_up;
	for (size_t i = 0; i < page->n_receipts && !*beyond && !*stored; i++) {
		const ProtobufCBinaryData *bytes = &page->receipts[i]->data;
		struct uncia_receipt *receipt;
		int rc = receipt_open(w->network, bytes->data, bytes->len, &receipt);
		if (rc)
			return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
		bool older = c->before_height == 0 || receipt->height < c->before_height ||
		             (receipt->height == c->before_height && receipt->index < c->before_index);
		if (!older || !payment_touches_account(receipt->payment, &w->address)) {
			uncia_receipt_free(receipt);
			return UNCIA_E_PROOF;
		}
		wallet_learn_time(w, receipt->timestamp_ms);
		*beyond = stage_take(w, receipt);
		if (!*beyond) {
			c->before_height = receipt->height;
			c->before_index = receipt->index;
			if (payment_is_from(receipt->payment, &w->address))
				*stored = take_own(w, receipt);
		}
		uncia_receipt_free(receipt);
	}
	outbox_fold(w, 1);
	return 0;
}

/* Whether what was read is all that the entry counts. */
static bool stage_complete(const struct uncia_wallet *w)
{
	const struct catch_up *c = w->catch_up;
	if (c->stage == STAGE_COUNT)
		return c->counted == c->state.entry.payments - c->mark.payments;
	return c->stage == STAGE_LIFE && walk_complete(w, &c->walk, &c->state.entry);
}

/* What was read is too little: who gave a part of it is not asked again, unless nobody else is left. */
static void stage_fail(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		c->failed[i] = c->failed[i] || c->told[i];
	forget(w, c->told);
	c->node = NOBODY;
	stage_begin(w, c->stage, c->from_height, c->from_index);
}

/* Nothing more is to be had at this stage from the validator that was asked. */
static void stage_end(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	if (c->stage == STAGE_WORDS) {
		c->told[c->node] = true;
		if (enough(w, c->told))
			catch_up_done(w);
		else
			stage_begin(w, STAGE_WORDS, c->from_height, c->from_index);
	} else if (!stage_complete(w)) {
		stage_fail(w);
	} else if (c->stage == STAGE_COUNT || c->state.entry.created == 0) {
		catch_up_done(w);
	} else { /* it may have had former lives */
		uint64_t height = c->before_height;
		uint32_t index = c->before_index;
		forget(w, c->told);
		if (choose_words(w, c->state.entry.created))
			stage_begin(w, STAGE_WORDS, height, index);
		else
			catch_up_end(w, UNCIA_E_UNREACHABLE);
	}
}

/* Asks for the next page: another one, if there is, where a page took long. (Of WORDS, each has to give all.) */
static void catch_up_ask_next(struct uncia_wallet *w, uint32_t node)
{
	struct catch_up *c = w->catch_up;
	forget(w, c->tried);
	c->tried[node] = c->stage != STAGE_WORDS && wallet_now(w) >= c->attempt_ms + SLOW_MS;
	catch_up_ask(w);
	if (c->node == NOBODY && c->tried[node]) {
		c->tried[node] = false;
		catch_up_ask(w);
	}
}

int catch_up_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply)
{
	struct catch_up *c = w->catch_up;
	bool beyond = false;
	int stored = 0;
	if (generation != c->generation)
		return 0; /* an answer to an earlier question */
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_WAITING && c->stage == STAGE_SYNC)
		return take_waiting(w, node, reply->waiting);
	if (c->stage < STAGE_COUNT || node != c->node)
		return 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		catch_up_ask(w);
		return 0;
	}
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_HISTORY || reply->history->n_receipts > HISTORY_PAGE_MAX)
		return UNCIA_E_PROTOCOL;
	int rc = take_receipts(w, reply->history, &beyond, &stored);
	if (rc)
		return rc;
	c->read = true;
	c->progress_ms = wallet_now(w);
	if (c->stage != STAGE_WORDS)
		c->told[node] = true;
	if (stored)
		catch_up_end(w, stored);
	else if (beyond || reply->history->n_receipts == 0 || reply->history->next_height == 0 || stage_complete(w))
		stage_end(w);
	else
		catch_up_ask_next(w, node);
	return 0;
}

/* ---- links and time -------------------------------------------------------------------------- */

void catch_up_link_up(struct uncia_wallet *w, uint32_t node)
{
	if (w->catch_up->stage == STAGE_SYNC)
		ask_waiting(w, node);
	if (w->catch_up->stage >= STAGE_COUNT && w->catch_up->node == NOBODY)
		catch_up_ask(w);
}

void catch_up_link_down(struct uncia_wallet *w, uint32_t node)
{
	if (w->catch_up->stage >= STAGE_COUNT && w->catch_up->node == node)
		catch_up_ask(w);
}

void catch_up_tick(struct uncia_wallet *w)
{
	struct catch_up *c = w->catch_up;
	uint64_t now = wallet_now(w);
	if (c->stage == STAGE_NONE)
		return;
	if (c->stage == STAGE_BEGIN || c->stage == STAGE_SYNC) {
		int rc = !w->sync->active && c->stage == STAGE_BEGIN ? begin_sync(w) : 0;
		if (rc)
			catch_up_end(w, rc);
		else if (!w->sync->active)
			catch_up_synced(w);
	} else if (now >= c->progress_ms + w->request_timeout_ms || session_all_lied(w)) {
		catch_up_end(w, session_no_answer(w));
	} else if (c->node == NOBODY && memchr(c->failed, true, w->network->endpoint_count) &&
	           now >= c->started_ms + w->request_timeout_ms) {
		catch_up_end(w, UNCIA_E_UNREACHABLE); /* nobody tells all of it */
	} else if (now >= c->attempt_ms + ATTEMPT_MS) {
		if (c->node == NOBODY) { /* all were asked, in vain */
			forget(w, c->tried);
			forget(w, c->failed);
		}
		catch_up_ask(w);
	}
}

uint64_t catch_up_next_ms(const struct uncia_wallet *w)
{
	const struct catch_up *c = w->catch_up;
	if (c->stage == STAGE_NONE)
		return UINT64_MAX;
	if (c->stage == STAGE_BEGIN || c->stage == STAGE_SYNC)
		return w->sync->active ? UINT64_MAX : wallet_now(w);
	uint64_t end = c->progress_ms + w->request_timeout_ms, next = c->attempt_ms + ATTEMPT_MS;
	return next < end ? next : end;
}
