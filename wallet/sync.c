/* Asks several validators for the account. A balance is believed with its proof only, "no such account" from weight F+1
 * only (docs/spec/wallet.md 7.6). */
#include "sync.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "session.h"
#include "tracked.h"
#include "outbox.h"
#include "wallet.h"

#define ASK_AGAIN_MS 1000u
#define LATE_MS      3300u /* an honest validator answers within 3 s (network 8.4) */

#define CLOCK_MAX_MS       ((uint64_t)UINT32_MAX * 1000) /* as expires_at is a u32 of seconds */
#define SIGNING_AGE_MAX_MS 30000u                        /* nothing is signed on what was asked for longer ago */
/* The newest header is so much older than a validator's clock: no block has become final for a while. Where it is more
 * than a payment's longest life, that clock is wrong (or the outage such that nobody pays in it). */
#define STANDSTILL_MS 10000u

int wallet_sync_init(struct uncia_wallet *w)
{
	struct sync *s = calloc(1, sizeof(*s));
	if (!s)
		return UNCIA_E_MEMORY;
	w->sync = s;
	if (w->network && !(s->answers = calloc(w->network->endpoint_count, sizeof(*s->answers))))
		return UNCIA_E_MEMORY;
	return 0;
}

void wallet_sync_deinit(struct uncia_wallet *w)
{
	if (!w->sync)
		return;
	free(w->sync->answers);
	free(w->sync);
	w->sync = NULL;
}

static const struct committee *wallet_sync_committee(const struct uncia_wallet *w)
{
	return &w->network->genesis.committee;
}

static void wallet_sync_ask_validator(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	w->sync->answers[node].sent_ms = wallet_now(w);
	if (w->sync->answers[node].asked_ms == 0)
		w->sync->answers[node].asked_ms = w->sync->answers[node].sent_ms;
	session_send(w, node, REQUEST_ACCOUNT, w->sync->generation, &request);
}

int uncia_wallet_sync(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!w->network)
		return UNCIA_E_NETWORK;
	if (w->sync->active)
		return 0;
	w->sync->active = true;
	w->sync->generation++;
	w->sync->has_best = false;
	w->sync->started_ms = wallet_now(w);
	w->sync->first_answer_ms = 0;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		w->sync->answers[i] = (struct sync_answer){.kind = ANSWER_NONE};
		if (session_ready(w, i))
			wallet_sync_ask_validator(w, i);
	}
	session_wake(w);
	return 0;
}

int wallet_sync_thorough(struct uncia_wallet *w)
{
	int rc = uncia_wallet_sync(w);
	w->sync->thorough = w->sync->thorough || !rc;
	return rc;
}

void wallet_sync_cancel(struct uncia_wallet *w)
{
	assert(w->sync->active);
	w->sync->active = w->sync->thorough = false;
	w->sync->error = UNCIA_E_UNREACHABLE;
}

void wallet_sync_link_up(struct uncia_wallet *w, uint32_t node)
{
	if (w->sync->active && w->sync->answers[node].kind == ANSWER_NONE)
		wallet_sync_ask_validator(w, node);
}

/* The greatest height as of which validators weighing F+1, so an honest one among them, say that there is no account.
 */
static bool absent_height(const struct uncia_wallet *w, uint64_t *height)
{
	bool found = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		uint64_t weight = 0;
		if (w->sync->answers[i].kind != ANSWER_ABSENT)
			continue;
		for (uint32_t j = 0; j < w->network->endpoint_count; j++)
			if (w->sync->answers[j].kind == ANSWER_ABSENT &&
			    w->sync->answers[j].height >= w->sync->answers[i].height)
				weight += session_weight(w, j);
		if (weight > wallet_sync_committee(w)->faulty && (!found || w->sync->answers[i].height > *height)) {
			*height = w->sync->answers[i].height;
			found = true;
		}
	}
	return found;
}

static void wallet_sync_finish(struct uncia_wallet *w, int error)
{
	assert(w->sync->active);
	w->sync->active = w->sync->thorough = false;
	w->sync->error = error;
	events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_BALANCE, .error = error});
}

/* What a validator's clock shows now, by what it told; 0: nothing. */
static uint64_t answer_clock_ms(const struct uncia_wallet *w, uint32_t node)
{
	const struct sync_answer *a = &w->sync->answers[node];
	uint64_t now = wallet_now(w);
	return a->clock_ms == 0 ? 0 : a->clock_ms + (now > a->heard_ms ? now - a->heard_ms : 0);
}

/* What those who have answered say of the time, as of now. */
static struct sync_times answered_times(const struct uncia_wallet *w)
{
	struct sync_times t = {.at_ms = wallet_now(w)};
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct sync_answer *a = &w->sync->answers[i];
		uint64_t weight = 0, clock_ms = answer_clock_ms(w, i);
		if (a->kind != ANSWER_NONE && a->asked_ms > t.asked_ms)
			t.asked_ms = a->asked_ms;
		if (clock_ms == 0)
			continue;
		t.told_weight += session_weight(w, i);
		/* It may have been told as soon as it was asked for, and have been on its way since. */
		uint64_t latest_ms = clock_ms + (a->heard_ms > a->asked_ms ? a->heard_ms - a->asked_ms : 0);
		if (latest_ms > t.latest_clock_ms)
			t.latest_clock_ms = latest_ms;
		for (uint32_t j = 0; j < w->network->endpoint_count; j++)
			if (answer_clock_ms(w, j) >= clock_ms)
				weight += session_weight(w, j);
		if (weight > wallet_sync_committee(w)->faulty && clock_ms > t.told_clock_ms)
			t.told_clock_ms = clock_ms;
	}
	return t;
}

/* Takes the newest that was proved, or the absence, and never goes back in height. */
static void wallet_sync_conclude(struct uncia_wallet *w, bool sure)
{
	struct sync *s = w->sync;
	uint64_t absent = 0;
	bool none = absent_height(w, &absent) && (!s->has_best || absent > s->best.height);
	uint64_t height = none ? absent : s->best.height;
	assert(none || s->has_best);
	if (!s->known || height >= s->height) {
		s->exists = !none;
		s->height = height;
		if (!none)
			s->state = s->best;
	}
	s->known = true;
	s->sure = s->sure || sure;
	s->times = answered_times(w);
	wallet_sync_finish(w, 0);
}

int wallet_sync_time(const struct uncia_wallet *w, uint64_t *time_ms)
{
	const struct sync_times *t = &w->sync->times;
	uint64_t now = wallet_now(w), passed = now > t->at_ms ? now - t->at_ms : 0;
	if (!w->sync->known || !w->clock.known || now > t->asked_ms + SIGNING_AGE_MAX_MS)
		return UNCIA_E_UNREACHABLE;
	uint64_t ledger = wallet_ledger_ms(w), told = t->told_clock_ms == 0 ? 0 : t->told_clock_ms + passed;
	uint64_t time = ledger > told ? ledger : told;
	uint64_t latest = t->latest_clock_ms + passed, beyond = latest > time ? latest - time : 0;
	/* From weight 2F+1 on the time is no less than what some honest one has told. Of fewer the latest may be right.
	 */
	if (t->told_weight <= 2 * wallet_sync_committee(w)->faulty && beyond > STANDSTILL_MS &&
	    beyond <= PAYMENT_LIFETIME_MAX_S * 1000)
		return UNCIA_E_UNREACHABLE;
	*time_ms = time;
	return 0;
}

static bool all_answered(const struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (w->sync->answers[i].kind == ANSWER_NONE && session_in_progress(w, i))
			return false;
	return true;
}

/* The sync ends when more than this weight has answered, by the time since the first answer (wallet 7.6): at once W-F;
 * after 300 ms W-Qs, which hold one that voted for whatever is final; after 3.3 s F+1. */
static uint64_t not_enough(const struct committee *c, uint64_t waited_ms)
{
	if (waited_ms < SETTLE_MS)
		return c->weight - c->faulty - 1;
	return waited_ms < LATE_MS ? c->weight - c->quorum_slow : c->faulty;
}

/* Ends the sync when enough have answered, nobody is left to answer, or its time is up: then with the newest state that
 * was proved, be it by one validator alone. */
static void wallet_sync_decide(struct uncia_wallet *w)
{
	const struct sync *s = w->sync;
	const struct committee *c = wallet_sync_committee(w);
	uint64_t weight = 0, height = 0, now = wallet_now(w);
	assert(s->active);
	bool believable = s->has_best || absent_height(w, &height);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (w->sync->answers[i].kind != ANSWER_NONE)
			weight += session_weight(w, i);
	assert(weight <= c->weight);
	uint64_t waited_ms = s->thorough ? 0 : now - s->first_answer_ms;
	bool over = now >= s->started_ms + w->request_timeout_ms, last = over || all_answered(w);
	if (believable && (last || weight > not_enough(c, waited_ms)))
		wallet_sync_conclude(w, weight >= c->weight - c->faulty || (last && session_enough(w, weight)));
	else if (over || session_all_lied(w))
		wallet_sync_finish(w, session_no_answer(w));
}

void wallet_sync_link_down(struct uncia_wallet *w, uint32_t node)
{
	w->sync->answers[node].sent_ms = w->sync->answers[node].asked_ms = 0;
	if (w->sync->active)
		wallet_sync_decide(w);
}

/* Whether a proved account knows of fewer payments than there are receipts here of its own, in blocks after the one
 * that created it and up to the proved one. Both are proved: more than F validators are faulty, and there are two
 * chains. (Of the creating block nothing is concluded: what came before the creation in it is not counted there.) */
static bool contradicts_receipts(const struct uncia_wallet *w, const struct account_state *state)
{
	return outbox_finals(w, state->entry.created, state->height) > state->entry.payments;
}

static int wallet_sync_take_proof(struct uncia_wallet *w, const Uncia__Pb__AccountProof *proof, uint64_t *height)
{
	struct account_state state;
	uint8_t *data;
	size_t size;
	int rc = canonical_encode(&proof->base, &data, &size);
	if (rc)
		return rc;
	rc = account_proof_verify(wallet_sync_committee(w), &w->network_id, &w->address, data, size, &state);
	free(data);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	if (contradicts_receipts(w, &state))
		return UNCIA_E_SECOND_CHAIN;
	if (!w->sync->has_best || state.height > w->sync->best.height)
		w->sync->best = state;
	w->sync->has_best = true;
	wallet_learn_time(w, state.timestamp_ms);
	*height = state.height;
	return 0;
}

int wallet_sync_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply)
{
	struct sync_answer *a = &w->sync->answers[node];
	uint64_t height = 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL || !w->sync->active || a->kind != ANSWER_NONE)
		return 0; /* refused: asked again after ASK_AGAIN_MS; or a second answer */
	if (generation != w->sync->generation)
		return 0; /* an answer to an earlier sync, which may be seconds old */
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT) {
		int rc = wallet_sync_take_proof(w, reply->account, &height);
		if (rc == UNCIA_E_SECOND_CHAIN) { /* whoever gave it: it is proved */
			wallet_sync_finish(w, rc);
			return 0;
		}
		if (rc)
			return rc;
		a->kind = ANSWER_PROVED;
	} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT) {
		uint8_t address[ADDRESS_SIZE];
		if (!field_copy(&reply->no_account->address, address, ADDRESS_SIZE) ||
		    memcmp(address, w->address.b, ADDRESS_SIZE) != 0)
			return UNCIA_E_PROTOCOL;
		height = reply->no_account->height;
		a->kind = ANSWER_ABSENT;
	} else {
		return UNCIA_E_PROTOCOL;
	}
	a->height = height;
	a->clock_ms = reply->clock_ms <= CLOCK_MAX_MS ? reply->clock_ms : 0;
	a->heard_ms = wallet_now(w);
	if (w->sync->first_answer_ms == 0)
		w->sync->first_answer_ms = wallet_now(w);
	wallet_sync_decide(w);
	return 0;
}

void wallet_sync_tick(struct uncia_wallet *w)
{
	if (!w->sync->active)
		return;
	uint64_t now = wallet_now(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct sync_answer *a = &w->sync->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && now >= a->sent_ms + ASK_AGAIN_MS)
			wallet_sync_ask_validator(w, i);
	}
	wallet_sync_decide(w);
}

uint64_t wallet_sync_next_ms(const struct uncia_wallet *w)
{
	if (!w->sync->active)
		return UINT64_MAX;
	uint64_t now = wallet_now(w), next = w->sync->started_ms + w->request_timeout_ms;
	for (int late = 0; w->sync->first_answer_ms != 0 && late < 2; late++) {
		uint64_t at = w->sync->first_answer_ms + (late ? LATE_MS : SETTLE_MS);
		if (at > now && at < next)
			next = at;
	}
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct sync_answer *a = &w->sync->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && a->sent_ms + ASK_AGAIN_MS < next)
			next = a->sent_ms + ASK_AGAIN_MS;
	}
	return next;
}
