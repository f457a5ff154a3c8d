/* See look.h. The rule of when enough have answered is that of a sync (docs/spec/wallet.md 7.6). */
#include "look.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "wallet.h"

#define ASK_HOLD_AGAIN_MS 1000u
#define LATE_HOLD_MS      3300u /* an honest validator answers within 3 s (network 8.4) */
#define LIFE_ATTEMPT_MS   3000u
#define NOBODY            UINT32_MAX

struct look *look_new(const struct uncia_wallet *w, enum request_purpose purpose)
{
	struct look *look = calloc(1, sizeof(*look));
	if (!look)
		return NULL;
	look->purpose = purpose;
	look->answers = calloc(w->network ? w->network->endpoint_count + 1 : 1, sizeof(*look->answers));
	if (look->answers)
		return look;
	free(look);
	return NULL;
}

static void look_forget(struct look *look)
{
	for (size_t i = 0; i < look->left_count; i++)
		uncia_receipt_free(look->left[i]);
	free(look->left);
	look->left = NULL;
	look->left_count = 0;
	look->complete = look->known = look->has_best = false;
}

void look_free(struct look *look)
{
	if (!look)
		return;
	look_forget(look);
	free(look->answers);
	free(look);
}

bool look_active(const struct look *look)
{
	return look->stage != LOOK_NONE;
}

bool look_cancel(struct look *look)
{
	bool was = look_active(look);
	look->stage = LOOK_NONE;
	look->error = UNCIA_E_UNREACHABLE;
	return was;
}

static void look_end(struct uncia_wallet *w, struct look *look, int error)
{
	assert(look_active(look));
	look->stage = LOOK_NONE;
	look->error = error;
	look->known = !error;
	if (look->purpose == REQUEST_HOLD)
		events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_HOLD, .error = error});
}

/* ---- what it has ------------------------------------------------------------------------------ */

static void look_ask_state(struct uncia_wallet *w, struct look *look, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	query.address = field_of(look->id.address.b, ADDRESS_SIZE);
	query.hold = true;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	look->answers[node].sent_ms = wallet_now(w);
	session_send(w, node, look->purpose, look->generation, &request);
}

void look_begin(struct uncia_wallet *w, struct look *look, const struct address *id, uint64_t since, amount_t opened)
{
	assert(w->network);
	look_forget(look);
	look->stage = LOOK_STATE;
	look->generation++;
	look->id = (struct entry_id){ENTRY_HOLD, *id};
	look->since = since;
	look->opened = opened;
	look->started_ms = wallet_now(w);
	look->first_answer_ms = 0;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		look->answers[i] = (struct look_answer){.kind = ANSWER_NONE};
		if (session_ready(w, i))
			look_ask_state(w, look, i);
	}
	session_wake(w);
}

/* The greatest height that is not above those of validators weighing F+1 which say that there is no such hold. One of
 * them is honest: the hold is gone as of his height, and for ever, since no id lives twice. */
static bool look_absent(const struct uncia_wallet *w, const struct look *look, uint64_t *height)
{
	bool found = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		uint64_t weight = 0, at = look->answers[i].height;
		if (look->answers[i].kind != ANSWER_ABSENT)
			continue;
		for (uint32_t j = 0; j < w->network->endpoint_count; j++)
			if (look->answers[j].kind == ANSWER_ABSENT && look->answers[j].height >= at)
				weight += session_weight(w, j);
		if (weight > w->network->genesis.committee.faulty && (!found || at > *height)) {
			*height = at;
			found = true;
		}
	}
	return found;
}

static void look_ask_life(struct uncia_wallet *w, struct look *look);

static void look_conclude(struct uncia_wallet *w, struct look *look)
{
	uint64_t absent = 0;
	bool none = look_absent(w, look, &absent); /* and what was proved of it is of before */
	assert(none || look->has_best);
	look->exists = !none;
	look->height = none ? absent : look->best.height;
	if (!none)
		look->state = look->best;
	if (look->opened == 0 || (!none && look->state.entry.balance >= look->opened)) {
		look->complete = !none;
		look_end(w, look, 0);
		return;
	}
	look->stage = LOOK_LIFE;
	look->node = NOBODY;
	look_ask_life(w, look);
}

static void look_decide(struct uncia_wallet *w, struct look *look)
{
	const struct committee *c = &w->network->genesis.committee;
	uint64_t weight = 0, height = 0, now = wallet_now(w), waited = now - look->first_answer_ms;
	bool believable = look->has_best || look_absent(w, look, &height), more = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (look->answers[i].kind != ANSWER_NONE)
			weight += session_weight(w, i);
		else
			more = more || session_in_progress(w, i);
	}
	uint64_t enough = waited < SETTLE_MS      ? c->weight - c->faulty - 1
	                  : waited < LATE_HOLD_MS ? c->weight - c->quorum_slow
	                                          : c->faulty;
	bool over = now >= look->started_ms + w->request_timeout_ms;
	if (believable && (weight > enough || !more || over))
		look_conclude(w, look);
	else if (over || session_all_lied(w))
		look_end(w, look, session_no_answer(w));
}

static int look_take_proof(struct uncia_wallet *w, struct look *look, const Uncia__Pb__AccountProof *proof,
                           uint64_t *height)
{
	struct account_state state;
	uint8_t *data;
	size_t size;
	int rc = canonical_encode(&proof->base, &data, &size);
	if (rc)
		return rc;
	rc = entry_proof_verify(&w->network->genesis.committee, &w->network_id, &look->id, data, size, &state);
	free(data);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	wallet_learn_time(w, state.timestamp_ms);
	*height = state.height;
	if (state.height < look->since)
		return 0;
	if (!look->has_best || state.height > look->best.height)
		look->best = state;
	look->has_best = true;
	return 0;
}

static int look_state_reply(struct uncia_wallet *w, struct look *look, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	struct look_answer *a = &look->answers[node];
	uint64_t height = 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL || a->kind != ANSWER_NONE)
		return 0; /* refused: asked again; or a second answer */
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT) {
		int rc = look_take_proof(w, look, reply->account, &height);
		if (rc)
			return rc;
	} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT) {
		uint8_t id[ADDRESS_SIZE];
		if (!reply->no_account->hold || !field_copy(&reply->no_account->address, id, ADDRESS_SIZE) ||
		    memcmp(id, look->id.address.b, ADDRESS_SIZE) != 0)
			return UNCIA_E_PROTOCOL;
		height = reply->no_account->height;
	} else {
		return UNCIA_E_PROTOCOL;
	}
	if (height < look->since)
		return 0; /* it is behind: asked again */
	a->kind = reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT ? ANSWER_PROVED : ANSWER_ABSENT;
	a->height = height;
	if (look->first_answer_ms == 0)
		look->first_answer_ms = wallet_now(w);
	look_decide(w, look);
	return 0;
}

/* ---- where it has gone ------------------------------------------------------------------------ */

static void look_ask_life(struct uncia_wallet *w, struct look *look)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	bool more = false;
	look->attempt_ms = wallet_now(w);
	look->node = NOBODY;
	query.address = field_of(look->id.address.b, ADDRESS_SIZE);
	query.hold = true;
	query.limit = HISTORY_PAGE_MAX;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	request.history = &query;
	for (uint32_t k = 0; k < w->network->endpoint_count; k++) {
		uint32_t node = session_in_order(w, k);
		if (look->answers[node].tried)
			continue;
		if (session_ready(w, node)) {
			look->node = node;
			look->answers[node].tried = true;
			session_send(w, node, look->purpose, ++look->generation, &request);
			return;
		}
		more = more || session_in_progress(w, node);
	}
	if (!more) /* what it has is proved; where the rest went, nobody who is there tells */
		look_end(w, look, 0);
}

/* What a payment took out of the hold: its opening, which names it as well, took nothing. */
static amount_t look_taken(const struct look *look, const struct payment *payment)
{
	bool from = payment->kind != PAYMENT_TRANSFER && address_equal(&payment->sender, &look->id.address);
	return from ? payment->total : 0;
}

/* Verifies the receipts of a page. Returns 0, or what is wrong with it. Out: *left, to be freed with *count. */
static int look_open_page(const struct uncia_wallet *w, const struct look *look, const Uncia__Pb__HistoryReply *page,
                          struct uncia_receipt **left, size_t *count)
{
	const struct uncia_receipt *newer = NULL;
	int rc = 0;
	for (size_t i = 0; !rc && i < page->n_receipts; i++) {
		const ProtobufCBinaryData *bytes = &page->receipts[i]->data;
		struct uncia_receipt *receipt;
		rc = receipt_open(w->network, bytes->data, bytes->len, &receipt);
		if (rc)
			return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
		left[(*count)++] = receipt;
		bool older = !newer || receipt->height < newer->height ||
		             (receipt->height == newer->height && receipt->index < newer->index);
		if (!older || !payment_touches(receipt->payment, &look->id, NULL))
			rc = UNCIA_E_PROOF;
		newer = receipt;
	}
	return rc;
}

/* Keeps what is the most so far; whether it is all that has left the hold up to what was proved of it. */
static void look_keep(struct look *look, struct uncia_receipt **left, size_t count)
{
	amount_t up_to = 0, gone = look->opened - (look->exists ? look->state.entry.balance : 0);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		amount_t taken = look_taken(look, left[i]->payment);
		if (taken == 0) {
			uncia_receipt_free(left[i]);
			continue;
		}
		bool before = !look->exists || left[i]->height <= look->height;
		if (before && !amount_add(up_to, taken, &up_to))
			up_to = UINT64_MAX;
		left[kept++] = left[i];
	}
	struct uncia_receipt **dropped = left;
	size_t drop = kept;
	if (up_to == gone || kept > look->left_count) {
		dropped = look->left;
		drop = look->left_count;
		look->left = left;
		look->left_count = kept;
		look->complete = up_to == gone;
	}
	for (size_t i = 0; i < drop; i++)
		uncia_receipt_free(dropped[i]);
	free(dropped);
}

static int look_life_reply(struct uncia_wallet *w, struct look *look, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	size_t count = 0;
	if (node != look->node)
		return 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		look_ask_life(w, look);
		return 0;
	}
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_HISTORY || reply->history->n_receipts > HISTORY_PAGE_MAX)
		return UNCIA_E_PROTOCOL;
	struct uncia_receipt **left = calloc(reply->history->n_receipts + 1, sizeof(*left));
	if (!left)
		return UNCIA_E_MEMORY;
	int rc = look_open_page(w, look, reply->history, left, &count);
	if (rc) {
		for (size_t i = 0; i < count; i++)
			uncia_receipt_free(left[i]);
		free(left);
		return rc;
	}
	look_keep(look, left, count);
	if (look->complete)
		look_end(w, look, 0);
	else
		look_ask_life(w, look);
	return 0;
}

/* ---- links and time ---------------------------------------------------------------------------- */

int look_reply(struct uncia_wallet *w, struct look *look, uint32_t node, uint64_t generation,
               const Uncia__Pb__NodeReply *reply)
{
	if (!look_active(look) || generation != look->generation)
		return 0; /* an answer to an earlier question */
	return look->stage == LOOK_STATE ? look_state_reply(w, look, node, reply)
	                                 : look_life_reply(w, look, node, reply);
}

void look_link_up(struct uncia_wallet *w, struct look *look, uint32_t node)
{
	if (look->stage == LOOK_STATE && look->answers[node].kind == ANSWER_NONE)
		look_ask_state(w, look, node);
	else if (look->stage == LOOK_LIFE && look->node == NOBODY)
		look_ask_life(w, look);
}

void look_link_down(struct uncia_wallet *w, struct look *look, uint32_t node)
{
	look->answers[node].sent_ms = 0;
	if (look->stage == LOOK_STATE)
		look_decide(w, look);
	else if (look->stage == LOOK_LIFE && look->node == node)
		look_ask_life(w, look);
}

void look_tick(struct uncia_wallet *w, struct look *look)
{
	uint64_t now = wallet_now(w);
	if (look->stage == LOOK_LIFE) {
		if (now >= look->started_ms + w->request_timeout_ms || session_all_lied(w))
			look_end(w, look, 0);
		else if (now >= look->attempt_ms + LIFE_ATTEMPT_MS)
			look_ask_life(w, look);
	}
	if (look->stage != LOOK_STATE)
		return;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct look_answer *a = &look->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && now >= a->sent_ms + ASK_HOLD_AGAIN_MS)
			look_ask_state(w, look, i);
	}
	look_decide(w, look);
}

uint64_t look_next_ms(const struct uncia_wallet *w, const struct look *look)
{
	if (!look_active(look))
		return UINT64_MAX;
	uint64_t now = wallet_now(w), next = look->started_ms + w->request_timeout_ms;
	if (look->stage == LOOK_LIFE)
		return look->attempt_ms + LIFE_ATTEMPT_MS < next ? look->attempt_ms + LIFE_ATTEMPT_MS : next;
	for (int late = 0; look->first_answer_ms != 0 && late < 2; late++) {
		uint64_t at = look->first_answer_ms + (late ? LATE_HOLD_MS : SETTLE_MS);
		if (at > now && at < next)
			next = at;
	}
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct look_answer *a = &look->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && a->sent_ms + ASK_HOLD_AGAIN_MS < next)
			next = a->sent_ms + ASK_HOLD_AGAIN_MS;
	}
	return next;
}
