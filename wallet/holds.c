/* See holds.h; and what is paid from a hold or sent home. The rule of when enough have answered is that of a sync
 * (docs/spec/wallet.md 7.6). */
#include "holds.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "claims.h"
#include "events.h"
#include "fields.h"
#include "following.h"
#include "receipts.h"
#include "session.h"
#include "wallet.h"

#define ASK_HOLD_AGAIN_MS 1000u
#define LATE_HOLD_MS      3300u /* an honest validator answers within 3 s (network 8.4) */
#define SHOW_SECRET_S     600u  /* a secret is shown where at least so much time is left for its take */
#define TAKE_LEFT_S       5u    /* a take with less time than this is not begun */

int holds_init(struct uncia_wallet *w)
{
	struct hold_look *h = calloc(1, sizeof(*h));
	if (!h)
		return UNCIA_E_MEMORY;
	w->hold = h;
	if (w->network && !(h->answers = calloc(w->network->endpoint_count, sizeof(*h->answers))))
		return UNCIA_E_MEMORY;
	return 0;
}

void holds_deinit(struct uncia_wallet *w)
{
	if (!w->hold)
		return;
	free(w->hold->answers);
	free(w->hold);
	w->hold = NULL;
}

bool holds_cancel(struct uncia_wallet *w)
{
	bool was = w->hold->active;
	w->hold->active = false;
	return was;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void hold_ask(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	query.address = field_of(w->hold->id.address.b, ADDRESS_SIZE);
	query.hold = true;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	w->hold->answers[node].sent_ms = wallet_now(w);
	session_send(w, node, REQUEST_HOLD, w->hold->generation, &request);
}

int uncia_wallet_hold(struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number)
{
	int rc = wallet_usable(w);
	if (!rc && (!receipt || number >= receipt->payment->hold_count))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	struct hold_look *h = w->hold;
	h->active = true;
	h->known = h->has_best = false;
	h->generation++;
	h->id = (struct entry_id){ENTRY_HOLD, receipt->payment->holds[number].id};
	h->started_ms = wallet_now(w);
	h->first_answer_ms = 0;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		h->answers[i] = (struct hold_answer){.kind = ANSWER_NONE};
		if (session_ready(w, i))
			hold_ask(w, i);
	}
	session_wake(w);
	return 0;
}

int uncia_wallet_hold_state(const struct uncia_wallet *w, struct uncia_hold_state *state)
{
	int rc = wallet_readable(w);
	if (!rc && (!state || state->size != sizeof(*state)))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->hold->known)
		rc = UNCIA_E_NOT_FOUND;
	if (rc)
		return rc;
	const struct hold_look *h = w->hold;
	*state = (struct uncia_hold_state){.size = sizeof(*state), .exists = h->exists, .height = h->height};
	hold_format(&h->id.address, state->id);
	if (h->exists) {
		state->balance = h->state.entry.balance;
		state->payments = h->state.entry.payments;
		state->end = h->state.entry.end;
	}
	return 0;
}

void holds_link_up(struct uncia_wallet *w, uint32_t node)
{
	if (w->hold->active && w->hold->answers[node].kind == ANSWER_NONE)
		hold_ask(w, node);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The greatest height as of which validators weighing F+1 say that there is no such hold. */
static bool hold_absent(const struct uncia_wallet *w, uint64_t *height)
{
	bool found = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		uint64_t weight = 0, at = w->hold->answers[i].height;
		if (w->hold->answers[i].kind != ANSWER_ABSENT)
			continue;
		for (uint32_t j = 0; j < w->network->endpoint_count; j++)
			if (w->hold->answers[j].kind == ANSWER_ABSENT && w->hold->answers[j].height >= at)
				weight += session_weight(w, j);
		if (weight > w->network->genesis.committee.faulty && (!found || at > *height)) {
			*height = at;
			found = true;
		}
	}
	return found;
}

static void hold_finish(struct uncia_wallet *w, int error)
{
	assert(w->hold->active);
	w->hold->active = false;
	events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_HOLD, .error = error});
}

static void hold_conclude(struct uncia_wallet *w)
{
	struct hold_look *h = w->hold;
	uint64_t absent = 0;
	bool none = hold_absent(w, &absent) && (!h->has_best || absent > h->best.height);
	assert(none || h->has_best);
	h->known = true;
	h->exists = !none;
	h->height = none ? absent : h->best.height;
	if (!none)
		h->state = h->best;
	hold_finish(w, 0);
}

static void hold_decide(struct uncia_wallet *w)
{
	const struct hold_look *h = w->hold;
	const struct committee *c = &w->network->genesis.committee;
	uint64_t weight = 0, height = 0, now = wallet_now(w), waited = now - h->first_answer_ms;
	bool believable = h->has_best || hold_absent(w, &height), more = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (h->answers[i].kind != ANSWER_NONE)
			weight += session_weight(w, i);
		else
			more = more || session_in_progress(w, i);
	}
	uint64_t enough = waited < SETTLE_MS      ? c->weight - c->faulty - 1
	                  : waited < LATE_HOLD_MS ? c->weight - c->quorum_slow
	                                          : c->faulty;
	bool over = now >= h->started_ms + w->request_timeout_ms;
	if (believable && (weight > enough || !more || over))
		hold_conclude(w);
	else if (over || session_all_lied(w))
		hold_finish(w, session_no_answer(w));
}

void holds_link_down(struct uncia_wallet *w, uint32_t node)
{
	w->hold->answers[node].sent_ms = 0;
	if (w->hold->active)
		hold_decide(w);
}

static int hold_take_proof(struct uncia_wallet *w, const Uncia__Pb__AccountProof *proof, uint64_t *height)
{
	struct account_state state;
	uint8_t *data;
	size_t size;
	int rc = canonical_encode(&proof->base, &data, &size);
	if (rc)
		return rc;
	rc = entry_proof_verify(&w->network->genesis.committee, &w->network_id, &w->hold->id, data, size, &state);
	free(data);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	if (!w->hold->has_best || state.height > w->hold->best.height)
		w->hold->best = state;
	w->hold->has_best = true;
	wallet_learn_time(w, state.timestamp_ms);
	*height = state.height;
	return 0;
}

int holds_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply)
{
	struct hold_answer *a = &w->hold->answers[node];
	uint64_t height = 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL || !w->hold->active || a->kind != ANSWER_NONE ||
	    generation != w->hold->generation)
		return 0; /* refused: asked again; or a second or late answer */
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT) {
		int rc = hold_take_proof(w, reply->account, &height);
		if (rc)
			return rc;
		a->kind = ANSWER_PROVED;
	} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT) {
		uint8_t id[ADDRESS_SIZE];
		if (!reply->no_account->hold || !field_copy(&reply->no_account->address, id, ADDRESS_SIZE) ||
		    memcmp(id, w->hold->id.address.b, ADDRESS_SIZE) != 0)
			return UNCIA_E_PROTOCOL;
		height = reply->no_account->height;
		a->kind = ANSWER_ABSENT;
	} else {
		return UNCIA_E_PROTOCOL;
	}
	a->height = height;
	if (w->hold->first_answer_ms == 0)
		w->hold->first_answer_ms = wallet_now(w);
	hold_decide(w);
	return 0;
}

void holds_tick(struct uncia_wallet *w)
{
	if (!w->hold->active)
		return;
	uint64_t now = wallet_now(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct hold_answer *a = &w->hold->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && now >= a->sent_ms + ASK_HOLD_AGAIN_MS)
			hold_ask(w, i);
	}
	hold_decide(w);
}

uint64_t holds_next_ms(const struct uncia_wallet *w)
{
	const struct hold_look *h = w->hold;
	if (!h->active)
		return UINT64_MAX;
	uint64_t now = wallet_now(w), next = h->started_ms + w->request_timeout_ms;
	for (int late = 0; h->first_answer_ms != 0 && late < 2; late++) {
		uint64_t at = h->first_answer_ms + (late ? LATE_HOLD_MS : SETTLE_MS);
		if (at > now && at < next)
			next = at;
	}
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct hold_answer *a = &h->answers[i];
		if (session_ready(w, i) && a->kind == ANSWER_NONE && a->sent_ms + ASK_HOLD_AGAIN_MS < next)
			next = a->sent_ms + ASK_HOLD_AGAIN_MS;
	}
	return next;
}

/* ---- paying from it -------------------------------------------------------------------------- */

int uncia_receipt_find_hold(const struct uncia_network *network, const struct uncia_receipt *receipt,
                            const struct uncia_hold_key *key, uint32_t *number)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct hash lock;
	if (!network || !receipt || !key || key->size != sizeof(*key) || !number)
		return UNCIA_E_ARGUMENT;
	int rc = claim_keypair(&network->genesis.network_id, key->seed, public_key, secret_key);
	sodium_memzero(secret_key, sizeof(secret_key));
	if (rc)
		return rc;
	hold_lock(public_key, key->secret, &lock);
	for (uint32_t i = 0; i < receipt->payment->hold_count; i++) {
		if (!hash_equal(&receipt->payment->holds[i].lock, &lock))
			continue;
		*number = i;
		return 0;
	}
	return UNCIA_E_NOT_FOUND;
}

/* The expiry of a take that is signed now: no later than the end, and early enough that it can still happen. */
static int take_expiry_of(const struct uncia_wallet *w, const struct hold_opening *hold, bool shows_secret,
                          uint32_t *expires_at)
{
	uint64_t time_ms = 0;
	int rc = wallet_sync_time(w, &time_ms);
	if (rc)
		return rc;
	uint64_t now_s = time_ms / 1000, until = now_s + PAYMENT_LIFETIME_DEFAULT_S;
	if (now_s + (shows_secret ? SHOW_SECRET_S : TAKE_LEFT_S) > hold->end)
		return UNCIA_E_END;
	*expires_at = until < hold->end ? (uint32_t)until : hold->end;
	return 0;
}

static int take_outputs(const struct uncia_wallet *w, const struct uncia_take *take, struct output *outputs)
{
	for (uint32_t i = 0; i < take->output_count; i++) {
		const struct uncia_output *given = &take->outputs[i];
		struct destination to;
		int rc = given->address ? destination_read(given->address, &to) : UNCIA_E_ARGUMENT;
		if (rc)
			return rc;
		if (given->amount < w->network->genesis.smallest_amount)
			return UNCIA_E_AMOUNT;
		outputs[i] =
		    (struct output){.to = to.address, .has_reference = to.has_reference, .amount = given->amount};
		memcpy(outputs[i].reference, to.reference, to.has_reference ? REFERENCE_SIZE : 0);
	}
	return 0;
}

static int take_make(struct uncia_wallet *w, const struct uncia_take *take, const struct output *outputs,
                     struct payment **payment)
{
	const struct hold_opening *hold = &take->receipt->payment->holds[take->number];
	struct hold_reference reference = {.home = hold->home, .has_secret = take->key.secret != NULL};
	struct payment draft = {.kind = PAYMENT_TAKE,
	                        .currency = CURRENCY_FIRST,
	                        .outputs = outputs,
	                        .output_count = take->output_count,
	                        .hold = &reference};
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct hash lock;
	int rc = take_expiry_of(w, hold, reference.has_secret, &draft.expires_at);
	if (!rc)
		rc = host_random(&w->host, draft.nonce, NONCE_SIZE);
	if (!rc)
		rc = claim_keypair(&w->network_id, take->key.seed, public_key, secret_key);
	if (rc)
		return rc;
	reference.opening = take->receipt->payment->id;
	if (take->key.secret)
		memcpy(reference.secret, take->key.secret, SECRET_SIZE);
	hold_lock(public_key, take->key.secret, &lock);
	if (hash_equal(&lock, &hold->lock))
		rc = payment_make(&w->network_id, &draft, public_key, secret_key, payment);
	else
		rc = UNCIA_E_SIGNATURE;
	sodium_memzero(secret_key, sizeof(secret_key));
	sodium_memzero(&reference, sizeof(reference));
	return rc;
}

static int hold_carry(struct uncia_wallet *w, struct payment *payment, struct uncia_payment_id *id)
{
	memcpy(id->b, payment->id.b, sizeof(id->b));
	int rc = following_carry(w, payment);
	if (rc)
		payment_free(payment);
	return rc;
}

int uncia_wallet_take(struct uncia_wallet *w, const struct uncia_take *take, struct uncia_payment_id *id)
{
	int rc = wallet_usable(w);
	if (!rc && (!take || !id || take->size != sizeof(*take) || take->key.size != sizeof(take->key) ||
	            !take->receipt || take->number >= take->receipt->payment->hold_count || !take->outputs ||
	            take->output_count == 0 || take->output_count > PAYMENT_OUTPUTS_MAX))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	struct output *outputs = calloc(take->output_count, sizeof(*outputs));
	struct payment *payment;
	if (!outputs)
		return UNCIA_E_MEMORY;
	rc = take_outputs(w, take, outputs);
	if (!rc)
		rc = take_make(w, take, outputs, &payment);
	if (!rc)
		rc = hold_carry(w, payment, id);
	free(outputs);
	return rc;
}

int uncia_wallet_give_back(struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number,
                           struct uncia_payment_id *id)
{
	uint64_t time_ms = 0;
	int rc = wallet_usable(w);
	if (!rc && (!receipt || !id || number >= receipt->payment->hold_count))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (!rc)
		rc = wallet_sync_time(w, &time_ms);
	if (rc)
		return rc;
	const struct hold_opening *hold = &receipt->payment->holds[number];
	const struct hold_look *look = w->hold;
	if (!look->known || !address_equal(&look->id.address, &hold->id))
		return UNCIA_E_UNREACHABLE;
	if (!look->exists)
		return UNCIA_E_NOT_FOUND;
	if (time_ms / 1000 < hold->end)
		return UNCIA_E_END;
	const struct hold_reference reference = {.home = hold->home, .seal = hold->seal};
	const struct payment draft = {.kind = PAYMENT_GIVE_BACK,
	                              .expires_at =
	                                  (uint32_t)((time_ms / 1000 / GIVE_BACK_EXPIRES_S + 1) * GIVE_BACK_EXPIRES_S),
	                              .currency = CURRENCY_FIRST,
	                              .total = look->state.entry.balance,
	                              .hold = &reference};
	struct payment *payment;
	rc = payment_make(&w->network_id, &draft, NULL, NULL, &payment);
	return rc ? rc : hold_carry(w, payment, id);
}
