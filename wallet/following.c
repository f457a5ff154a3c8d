/* Follows payments, own ones and others that were asked for, to their end: sends them to validators again and again,
 * and takes the answers. Storing them is outbox.c's. */
#include "following.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "outbox.h"
#include "receipt.h"
#include "session.h"
#include "wallet.h"

#define QUERIES_MAX     64u
#define RESEND_FIRST_MS 2000u
#define RESEND_MAX_MS   30000u
/* A payment of which nothing is heard for this long after its making is asked for rarely, and keeps no link open:
 * validators forget expiries after a day or more, so that it may never get an end that is certain. */
#define RESEND_SLOW_AFTER_MS (2u * 3600u * 1000u)
#define RESEND_SLOW_MS       (600u * 1000u)
/* After the expiry: validators sign expiries for a day at least (wallet 7.7). Where that is over, "unknown" is all that
 * will ever be told of what did not become final. */
#define FORGOTTEN_AFTER_S (48u * 3600u)

/* ---- requests out ---------------------------------------------------------------------------- */

void following_announce(struct uncia_wallet *w, const struct tracked *t, int error)
{
	events_add_payment(w, &t->id, error, (struct bytes){t->record.tag, t->record.tag_size});
}

/* Whether another part of the wallet waits for its end. */
static bool is_taken_up(const struct tracked *t)
{
	return t->following.takers != 0 && !t->following.forgotten && !tracked_has_end(t);
}

/* Whether its end is waited for: it is sent or asked for again and again, and answers are taken. */
static bool is_followed(const struct tracked *t)
{
	assert((!t->following.querying && !t->following.followed) || !tracked_has_end(t));
	return t->following.querying || t->following.followed || is_taken_up(t) ||
	       (t->record.own && t->record.state == UNCIA_PAYMENT_PENDING);
}

/* Whether the host hears what becomes of it: it is its own, or it has asked for it. */
static bool is_of_the_host(const struct tracked *t)
{
	return t->record.own || t->following.followed || t->following.asked;
}

bool following_has_work(const struct uncia_wallet *w)
{
	uint64_t soon = wallet_now(w) + RESEND_MAX_MS;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		if (is_followed(t) && (t->following.querying || t->resending.next_ms <= soon))
			return true;
	return false;
}

/* Sends the payment (own) or a query for it (others'), where the link is up. The same bytes may go to anybody any
 * number of times: wallet 7.2. Returns false where too many wait for this link already: then it goes another time. */
static bool following_send_to(struct uncia_wallet *w, const struct tracked *t, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	Uncia__Pb__PaymentQuery query = UNCIA__PB__PAYMENT_QUERY__INIT;
	if (!session_has_room(w, node))
		return false;
	const struct payment *sent = t->record.own ? t->record.payment : t->record.carried;
	if (sent) {
		assert(!t->record.own || t->record.durable); /* wallet 7.2 */
		if (t->record.own && t->record.stored_after > w->storing.done)
			return true; /* its host has not said so yet: it goes when it does */
		submit.payment = field_of(sent->bytes, sent->size);
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
		request.submit = &submit;
	} else {
		query.payment_id = field_of(t->id.b, sizeof(t->id.b));
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT;
		request.payment = &query;
	}
	session_send(w, node, REQUEST_PAYMENT, t->number, &request);
	return true;
}

/* Whether t may be sent: an own payment must be durable first (wallet 7.2), and is made so here. */
static bool may_leave(struct uncia_wallet *w, struct tracked *t)
{
	int rc = t->record.own ? outbox_confirm(w, t, NULL, 0) : 0;
	if (rc)
		following_announce(w, t, rc);
	return !rc;
}

/* It did not fit: it comes before those that did, which wait for longer. */
static void send_soon(const struct uncia_wallet *w, struct tracked *t)
{
	t->resending.backoff_ms = 0;
	if (t->resending.next_ms > wallet_now(w) + RESEND_FIRST_MS)
		t->resending.next_ms = wallet_now(w) + RESEND_FIRST_MS;
}

/* Begins to count who knows of no end. */
static void begin_query(const struct uncia_wallet *w, struct tracked *t)
{
	t->following.querying = true;
	t->following.deadline_ms = wallet_now(w) + w->request_timeout_ms;
	t->following.answered_weight = 0;
	t->following.seen_pending = false;
	memset(t->following.answered, 0, sizeof(t->following.answered));
}

/* Sends to every link, and sets the next time: after 2 s, 4 s, … 30 s, or from 2 s on again where afresh. */
void following_send(struct uncia_wallet *w, struct tracked *t, bool afresh)
{
	uint64_t now = wallet_now(w);
	uint64_t longest = now - t->following.started_ms < RESEND_SLOW_AFTER_MS ? RESEND_MAX_MS : RESEND_SLOW_MS;
	t->resending.backoff_ms =
	    afresh || t->resending.backoff_ms == 0 ? RESEND_FIRST_MS : t->resending.backoff_ms * 2;
	if (t->resending.backoff_ms > longest)
		t->resending.backoff_ms = longest;
	t->resending.next_ms = now + t->resending.backoff_ms;
	if ((t->following.followed || is_taken_up(t)) && !t->following.querying)
		begin_query(w, t);
	bool leaves = may_leave(w, t), fits = true;
	for (uint32_t i = 0; leaves && i < w->network->endpoint_count; i++)
		fits = following_send_to(w, t, i) && fits;
	if (!fits)
		send_soon(w, t);
	session_wake(w);
}

void following_link_up(struct uncia_wallet *w, uint32_t node)
{
	for (struct tracked *t = w->tracked; t; t = t->hh.next)
		if (is_followed(t) && may_leave(w, t) && !following_send_to(w, t, node))
			send_soon(w, t);
}

/* ---- replies in ------------------------------------------------------------------------------ */

static bool following_id_matches(const struct tracked *t, const ProtobufCBinaryData *id)
{
	return id->len == sizeof(t->id.b) && memcmp(id->data, t->id.b, sizeof(t->id.b)) == 0;
}

static void round_end(struct tracked *t, int error, bool forgotten)
{
	t->following.round++;
	t->following.round_error = error;
	t->following.forgotten = forgotten;
}

static void following_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state)
{
	assert(is_followed(t));
	bool tell = is_of_the_host(t);
	tracked_move(t, state);
	t->following.followed = t->following.asked = t->following.querying = false;
	t->following.elapsed_ms = wallet_now(w) - t->following.started_ms;
	if (state == UNCIA_PAYMENT_UNKNOWN)
		round_end(t, 0, true);
	if (tell)
		following_announce(w, t, 0);
}

int following_take_final(struct uncia_wallet *w, struct tracked *t, const struct uncia_receipt *receipt)
{
	assert(t->record.own && memcmp(receipt->payment->id.b, t->id.b, sizeof(t->id.b)) == 0);
	t->record.height = receipt->height;
	t->record.timestamp_ms = receipt->timestamp_ms;
	t->record.index = receipt->index;
	int rc = outbox_store_end(w, t, UNCIA_PAYMENT_FINAL, receipt->bytes, receipt->size);
	if (!rc && !tracked_has_end(t)) /* else another process has stored its end, and that was told */
		following_end(w, t, UNCIA_PAYMENT_FINAL);
	else if (rc)
		following_announce(w, t, rc); /* stays pending; the next receipt tries again */
	return rc;
}

/* Ends t as FINAL where the receipt verifies, is of this very payment, and, for an own one, is stored. */
static int take_receipt(struct uncia_wallet *w, struct tracked *t, const ProtobufCBinaryData *bytes)
{
	struct uncia_receipt *receipt;
	int rc = receipt_open(w->network, bytes->data, bytes->len, &receipt);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	if (memcmp(receipt->payment->id.b, t->id.b, sizeof(t->id.b)) != 0) {
		uncia_receipt_free(receipt);
		return UNCIA_E_PROOF;
	}
	wallet_learn_time(w, receipt->timestamp_ms);
	if (t->record.own) {
		following_take_final(w, t, receipt);
	} else {
		assert(!t->record.payment && !t->record.receipt);
		t->record.height = receipt->height;
		t->record.timestamp_ms = receipt->timestamp_ms;
		t->record.index = receipt->index;
		t->record.payment = receipt->payment;
		t->record.receipt = receipt->bytes;
		t->record.receipt_size = receipt->size;
		receipt->payment = NULL;
		receipt->bytes = NULL;
		following_end(w, t, UNCIA_PAYMENT_FINAL);
	}
	uncia_receipt_free(receipt);
	return 0;
}

static int keep_word(struct tracked *t, const Uncia__Pb__Expiry *expiry)
{
	struct expiry_word *words = realloc(t->record.expiries, (t->record.expiry_count + 1) * sizeof(*words));
	if (!words)
		return UNCIA_E_MEMORY;
	t->record.expiries = words;
	words[t->record.expiry_count].validator = expiry->validator;
	int rc =
	    canonical_encode(&expiry->base, &words[t->record.expiry_count].bytes, &words[t->record.expiry_count].size);
	if (!rc)
		t->record.expiry_count++;
	return rc;
}

/* Adds one validator's signed statement that t expired; weight F+1 of them are believed (wallet 7.7). */
static int take_expiry(struct uncia_wallet *w, struct tracked *t, const Uncia__Pb__Expiry *expiry)
{
	const struct committee *c = &w->network->genesis.committee;
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;
	if (!following_id_matches(t, &expiry->payment_id) || expiry->validator >= c->size ||
	    expiry->timestamp_ms / 1000 < payment_id_expires_at(&t->id) ||
	    !field_copy(&expiry->signature, signature, sizeof(signature)))
		return UNCIA_E_PROOF;
	for (size_t i = 0; i < t->record.expiry_count; i++)
		if (t->record.expiries[i].validator == expiry->validator)
			return 0;
	expiry_digest(&w->network_id, &t->id, expiry->height, expiry->timestamp_ms, &digest);
	if (!sign_verify_bound(c->validators[expiry->validator].consensus_key, &digest, signature))
		return UNCIA_E_PROOF;
	int rc = keep_word(t, expiry);
	if (rc)
		return rc;
	t->record.expiry_weight += c->validators[expiry->validator].weight;
	return 0;
}

static void try_expire(struct uncia_wallet *w, struct tracked *t)
{
	if (t->record.expiry_weight <= w->network->genesis.committee.faulty)
		return;
	/* An id whose expiry is not after the genesis is of no payment: F+1 "expired" then mean "unknown". */
	bool possible = (uint64_t)payment_id_expires_at(&t->id) * 1000 > w->network->genesis.timestamp_ms;
	int rc = t->record.own ? outbox_store_end(w, t, UNCIA_PAYMENT_EXPIRED, NULL, 0) : 0;
	if (!rc && !tracked_has_end(t))
		following_end(w, t, t->record.own || possible ? UNCIA_PAYMENT_EXPIRED : UNCIA_PAYMENT_UNKNOWN);
	else if (rc)
		following_announce(w, t, rc);
}

/* Whether nobody will ever tell anything of it: validators have forgotten by now what expired with it. */
static bool is_forgotten(const struct uncia_wallet *w, const struct tracked *t)
{
	uint64_t now_ms = w->clock.known ? wallet_ledger_ms(w) : w->host.wall_ms(w->host.context);
	return now_ms / 1000 >= (uint64_t)payment_id_expires_at(&t->id) + FORGOTTEN_AFTER_S;
}

/* A query has ended that found no end. The host is told where it asked, and of a payment that is followed where that is
 * news. */
static void query_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, int error)
{
	enum uncia_payment_state before = t->record.state;
	bool tell = t->following.asked, hosts = is_of_the_host(t);
	t->following.querying = t->following.asked = false;
	if (!t->record.own && !t->record.carried && state != before) {
		tracked_move(t, state);
		tell = true;
	}
	bool forgotten = !error && t->record.state == UNCIA_PAYMENT_UNKNOWN && is_forgotten(w, t);
	if (t->following.followed && forgotten) {
		t->following.followed = false;
		tell = true;
	}
	round_end(t, error, forgotten);
	if (tell && hosts)
		following_announce(w, t, error);
}

/* Ends a query that found no end, by the rule of the balance: validators weighing W-F know of none, or those weighing
 * F+1 and the others had 300 ms. F+1 alone may be two that lag. */
static void try_conclude(struct uncia_wallet *w, struct tracked *t)
{
	const struct committee *c = &w->network->genesis.committee;
	if (!t->following.querying || t->following.answered_weight <= c->faulty)
		return;
	if (t->following.answered_weight < c->weight - c->faulty &&
	    wallet_now(w) < t->following.first_answer_ms + SETTLE_MS)
		return;
	query_end(w, t, t->following.seen_pending ? UNCIA_PAYMENT_PENDING : UNCIA_PAYMENT_UNKNOWN, 0);
}

/* Counts a validator that knows of no end. pending: it holds the payment. */
static void take_no_end(struct uncia_wallet *w, struct tracked *t, uint32_t node, bool pending)
{
	uint32_t validator = w->network->endpoints[node].validator;
	if (!t->following.querying)
		return;
	if (t->following.answered_weight == 0)
		t->following.first_answer_ms = wallet_now(w);
	t->following.seen_pending = t->following.seen_pending || pending;
	if (!t->following.answered[validator]) {
		t->following.answered[validator] = true;
		t->following.answered_weight += session_weight(w, node);
		assert(t->following.answered_weight <= w->network->genesis.committee.weight);
	}
	try_conclude(w, t);
}

static void set_reason(struct uncia_wallet *w, struct tracked *t, enum uncia_pending_reason reason, int refusal)
{
	if (t->following.reason == reason && t->following.refusal == refusal)
		return;
	t->following.reason = reason;
	t->following.refusal = refusal;
	if (t->record.own || t->record.carried)
		following_announce(w, t, 0);
}

static enum uncia_pending_reason reason_of(uint32_t code)
{
	return code <= UNCIA_PENDING_END ? (enum uncia_pending_reason)code : UNCIA_PENDING_WAITING;
}

/* Notes why a validator did not take it. That is no end (ledger 3.4): another may take it. */
static void take_refusal(struct uncia_wallet *w, struct tracked *t, const Uncia__Pb__Refusal *refusal)
{
	if (t->following.reason != UNCIA_PENDING_UNSENT && t->following.reason != UNCIA_PENDING_REFUSED)
		return; /* another validator took it */
	set_reason(w, t, UNCIA_PENDING_REFUSED, refusal->code <= 999 ? -(int)refusal->code : UNCIA_E_PROTOCOL);
}

int following_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply)
{
	struct tracked *t = tracked_by_number(w, number);
	if (!t || !is_followed(t))
		return 0; /* late: it has its end */
	switch (reply->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_PENDING:
		if (!following_id_matches(t, &reply->pending->payment_id))
			return UNCIA_E_PROTOCOL;
		set_reason(w, t, reason_of(reply->pending->reason), 0);
		take_no_end(w, t, node, true);
		return 0;
	case UNCIA__PB__NODE_REPLY__KIND_RECEIPT:
		return take_receipt(w, t, &reply->receipt);
	case UNCIA__PB__NODE_REPLY__KIND_EXPIRY: {
		int rc = take_expiry(w, t, reply->expiry);
		if (!rc)
			try_expire(w, t);
		return rc;
	}
	case UNCIA__PB__NODE_REPLY__KIND_UNKNOWN:
		if (!following_id_matches(t, &reply->unknown->payment_id))
			return UNCIA_E_PROTOCOL;
		take_no_end(w, t, node, false);
		return 0;
	case UNCIA__PB__NODE_REPLY__KIND_REFUSAL:
		take_refusal(w, t, reply->refusal);
		return 0;
	default:
		return UNCIA_E_PROTOCOL;
	}
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Too few have answered in time. "Unknown" from few proves nothing; "pending" from one shows that it exists. */
static void query_timeout(struct uncia_wallet *w, struct tracked *t)
{
	query_end(w, t, t->following.seen_pending ? UNCIA_PAYMENT_PENDING : t->record.state,
	          t->following.seen_pending ? 0 : session_no_answer(w));
}

void following_tick(struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w);
	for (struct tracked *t = w->tracked; t; t = t->hh.next) {
		try_conclude(w, t);
		if (t->following.querying && (now >= t->following.deadline_ms || session_all_lied(w)))
			query_timeout(w, t);
		if (is_followed(t) && now >= t->resending.next_ms)
			following_send(w, t, false);
	}
}

uint64_t following_next_ms(const struct uncia_wallet *w)
{
	uint64_t next = UINT64_MAX;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (is_followed(t) && t->resending.next_ms < next)
			next = t->resending.next_ms;
		if (t->following.querying && t->following.deadline_ms < next)
			next = t->following.deadline_ms;
		if (t->following.querying && t->following.answered_weight > w->network->genesis.committee.faulty &&
		    t->following.first_answer_ms + SETTLE_MS < next)
			next = t->following.first_answer_ms + SETTLE_MS;
	}
	return next;
}

void following_stored(struct uncia_wallet *w, uint64_t before)
{
	for (struct tracked *t = w->tracked; t; t = t->hh.next) {
		const struct record *r = &t->record;
		if (r->stored_after > before && r->stored_after <= w->storing.done && !tracked_has_end(t)) {
			t->resending.next_ms = wallet_now(w);
			t->resending.backoff_ms = 0;
		}
		if (r->end_after > before && r->end_after <= w->storing.done)
			following_announce(w, t, 0);
	}
	wallet_stir(w);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Drops the oldest payment of others that is not being asked for, where QUERIES_MAX are tracked. */
static int following_make_room(struct uncia_wallet *w)
{
	struct tracked *oldest = NULL;
	uint32_t count = 0;
	for (struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (t->record.own || t->following.takers != 0)
			continue; /* who takes payments up bounds them by itself */
		count++;
		if (!oldest && !t->following.querying && !t->following.followed)
			oldest = t;
	}
	if (count < QUERIES_MAX)
		return 0;
	if (!oldest)
		return UNCIA_E_FULL;
	tracked_remove(w, oldest);
	return 0;
}

/* Finds or begins to track what is asked for. Returns 0; UNCIA_E_FULL; UNCIA_E_MEMORY. Out: *asked, NULL where it has
 * its end already, which the host was told then. */
static int following_find(struct uncia_wallet *w, const struct payment_id *id, struct tracked **asked)
{
	struct tracked *t = tracked_find(w, id);
	const struct ended *ended = t ? NULL : archive_find_id(w, id);
	struct record read;
	*asked = NULL;
	if (ended) {
		/* What cannot be read has no tag: the event comes all the same. */
		int rc = outbox_read(w, ended, &read);
		events_add_payment(w, id, 0, rc ? (struct bytes){NULL, 0} : (struct bytes){read.tag, read.tag_size});
		if (!rc)
			outbox_read_free(&read);
		return 0;
	}
	if (!t) {
		int rc = following_make_room(w);
		if (rc)
			return rc;
		if (!(t = tracked_add(w, id)))
			return UNCIA_E_MEMORY;
		t->following.started_ms = wallet_now(w);
	}
	if (tracked_has_end(t))
		following_announce(w, t, 0);
	else
		*asked = t;
	return 0;
}

static int following_check(const struct uncia_wallet *w, const struct uncia_payment_id *id, struct payment_id *key)
{
	int rc = wallet_usable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (!rc)
		memcpy(key->b, id->b, sizeof(key->b));
	return rc;
}

int uncia_wallet_query(struct uncia_wallet *w, const struct uncia_payment_id *id)
{
	struct payment_id key;
	struct tracked *t;
	int rc = following_check(w, id, &key);
	if (!rc)
		rc = following_find(w, &key, &t);
	if (rc || !t)
		return rc;
	t->following.asked = true;
	begin_query(w, t);
	following_send(w, t, true);
	return 0;
}

int uncia_wallet_follow(struct uncia_wallet *w, const struct uncia_payment_id *id)
{
	struct payment_id key;
	struct tracked *t;
	int rc = following_check(w, id, &key);
	if (!rc)
		rc = following_find(w, &key, &t);
	if (rc || !t || t->record.own || t->following.followed)
		return rc;
	t->following.followed = true;
	t->following.started_ms = wallet_now(w);
	following_send(w, t, true);
	return 0;
}

int following_take_up(struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t = tracked_find(w, id);
	if (!t) {
		(void)following_make_room(w); /* of those that are let go one gives way; others stand in nobody's */
		if (!(t = tracked_add(w, id)))
			return UNCIA_E_MEMORY;
		t->following.started_ms = wallet_now(w);
	}
	t->following.takers++;
	if (t->record.own || tracked_has_end(t) || t->following.takers != 1)
		return 0;
	t->following.forgotten = false;
	t->following.round = 0; /* what came of those before is old */
	if (!t->following.followed)
		t->following.started_ms = wallet_now(w);
	following_send(w, t, true);
	return 0;
}

void following_let_go(struct uncia_wallet *w, const struct payment_id *id)
{
	struct tracked *t = tracked_find(w, id);
	if (!t) /* it was the wallet's own, and is in the archive alone by now */
		return;
	assert(t->following.takers != 0);
	t->following.takers--;
	if (t->following.takers == 0 && !t->following.followed && !t->following.asked)
		t->following.querying = false;
}

bool following_round(const struct uncia_wallet *w, const struct payment_id *id, struct following_round *round)
{
	const struct tracked *t = tracked_find(w, id);
	if (!t || t->following.round == 0)
		return false;
	*round = (struct following_round){.number = t->following.round,
	                                  .error = t->following.round_error,
	                                  .state = t->record.state,
	                                  .forgotten = t->following.forgotten};
	return true;
}

int following_carry(struct uncia_wallet *w, struct payment *payment)
{
	struct tracked *t;
	int rc = following_find(w, &payment->id, &t);
	if (rc)
		return rc;
	if (t && !t->record.carried) {
		t->record.carried = payment;
		tracked_move(t, UNCIA_PAYMENT_PENDING);
		tracked_follow(w, t);
	} else {
		payment_free(payment);
	}
	if (t) {
		t->following.followed = true;
		following_send(w, t, true);
	}
	return 0;
}

/* Returns whether there was something to give up. */
static bool cancel_one(struct tracked *t)
{
	bool was = t->following.asked || t->following.followed;
	t->following.asked = t->following.followed = false;
	t->following.querying = t->following.querying && is_taken_up(t);
	return was;
}

bool following_cancel(struct uncia_wallet *w, const struct payment_id *id)
{
	bool any = false;
	if (id) {
		struct tracked *t = tracked_find(w, id);
		return t && cancel_one(t);
	}
	for (struct tracked *t = w->tracked; t; t = t->hh.next)
		any = cancel_one(t) || any;
	return any;
}
