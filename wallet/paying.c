/* Makes payments: checks, signs and stores them, and hands them to following.c. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "catch_up.h"
#include "claims.h"
#include "following.h"
#include "homing.h"
#include "outbox.h"
#include "paying.h"
#include "sync.h"
#include "utf8.h"
#include "wallet.h"

#define KEY_SIZE_MAX     256u
#define OPEN_SECONDS_MIN 600u

struct draft {
	struct payment payment; /* outputs, nonce, memo hash, currency, expiry */
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct hold_opening holds[PAYMENT_OUTPUTS_MAX]; /* locks of claims, and ends, once the time is known */
	struct notes notes;
};

static int draft_outputs(const struct uncia_wallet *w, const struct uncia_payment_request *request, struct draft *draft)
{
	for (uint32_t i = 0; i < request->output_count; i++) {
		const struct uncia_output *given = &request->outputs[i];
		struct output *output = &draft->outputs[i];
		struct destination to;
		if (!given->address)
			return UNCIA_E_ARGUMENT;
		int rc = destination_read(given->address, &to);
		if (rc)
			return rc;
		*output = (struct output){.to = to.address, .has_reference = to.has_reference, .amount = given->amount};
		if (to.has_reference)
			memcpy(output->reference, to.reference, REFERENCE_SIZE);
		if (given->amount == 0 || given->amount < w->network->genesis.smallest_amount ||
		    !amount_add(draft->payment.total, given->amount, &draft->payment.total))
			return UNCIA_E_AMOUNT;
	}
	draft->payment.outputs = draft->outputs;
	draft->payment.output_count = request->output_count;
	return 0;
}

static bool hold_seconds_ok(const struct uncia_payment_request *request, uint32_t seconds)
{
	uint32_t lifetime = request->expires_s != 0 ? request->expires_s : PAYMENT_LIFETIME_DEFAULT_S;
	return seconds >= OPEN_SECONDS_MIN && seconds <= HOLD_SECONDS_MAX - PAYMENT_LIFETIME_MAX_S &&
	       seconds >= lifetime + 2 * HOLD_SECONDS_MIN;
}

/* All that needs no time. */
static int draft_hold(const struct uncia_wallet *w, const struct uncia_payment_request *request,
                      const struct uncia_hold_request *given, struct draft *draft, struct hold_opening *hold)
{
	struct destination home = {.address = w->address};
	if ((given->home && !given->lock && !given->key) || (given->lock && given->key))
		return UNCIA_E_ARGUMENT;
	if (given->key && !sign_key_valid(given->key))
		return UNCIA_E_SIGNATURE;
	int rc = given->home ? destination_read(given->home, &home) : 0;
	if (!rc && home.has_reference)
		rc = UNCIA_E_ADDRESS;
	if (rc)
		return rc;
	if (!hold_seconds_ok(request, given->seconds))
		return UNCIA_E_END;
	if (given->amount < w->network->genesis.smallest_amount ||
	    !amount_add(draft->payment.total, given->amount, &draft->payment.total))
		return UNCIA_E_AMOUNT;
	*hold = (struct hold_opening){
	    .home = home.address, .has_home = !address_equal(&home.address, &w->address), .amount = given->amount};
	if (given->lock)
		memcpy(hold->lock.b, given->lock, HASH_SIZE);
	if (given->key)
		hold_lock_hashed(given->key, NULL, &hold->lock);
	return 0;
}

/* A wallet has a bounded number of holds open; and a lock that somebody gave is for one hold: whoever saw the secret of
 * the first would take the second. Under a key alone there may be many. */
static int check_holds(struct uncia_wallet *w, const struct uncia_payment_request *request, const struct draft *draft)
{
	int rc = 0;
	const struct hold_book *book = request->hold_count ? homing_book(w, &rc) : NULL;
	if (!book)
		return rc;
	if (hold_book_open(w, book) + request->hold_count > HOLDS_OPEN_MAX)
		return UNCIA_E_FULL;
	for (uint32_t i = 0; i < request->hold_count; i++) {
		if (!request->holds[i].lock)
			continue;
		if (hold_book_knows(w, book, &draft->holds[i].lock))
			return UNCIA_E_LOCK_USED;
		for (uint32_t j = 0; j < i; j++)
			if (request->holds[j].lock && hash_equal(&draft->holds[i].lock, &draft->holds[j].lock))
				return UNCIA_E_LOCK_USED;
	}
	return 0;
}

static int draft_holds(const struct uncia_wallet *w, const struct uncia_payment_request *request, struct draft *draft)
{
	int rc = 0;
	for (uint32_t i = 0; !rc && i < request->hold_count; i++)
		rc = draft_hold(w, request, &request->holds[i], draft, &draft->holds[i]);
	draft->payment.holds = draft->holds;
	draft->payment.hold_count = request->hold_count;
	return rc;
}

/* The rest, once nonce and expiry are there. */
static int draft_ends(const struct uncia_wallet *w, const struct uncia_payment_request *request, uint64_t now_s,
                      struct draft *draft)
{
	int rc = 0;
	for (uint32_t i = 0; !rc && i < request->hold_count; i++) {
		uint64_t end = now_s + request->holds[i].seconds;
		if (end > HOLD_END_MAX)
			return UNCIA_E_END;
		draft->holds[i].end = (uint32_t)end;
		if (!request->holds[i].lock && !request->holds[i].key)
			rc = claim_lock(w, &draft->payment, i, &draft->holds[i].lock);
	}
	return rc;
}

/* The ledger carries the hash; a memo as text stays in this home. */
static int draft_memo(const struct uncia_payment_request *request, struct draft *draft)
{
	uint8_t *hash = draft->payment.memo_hash;
	draft->payment.has_memo_hash = request->memo || request->memo_hash;
	draft->notes.memo = request->memo;
	if (request->memo_hash)
		memcpy(hash, request->memo_hash, MEMO_HASH_SIZE);
	if (!request->memo)
		return 0;
	if (request->memo[0] == '\0' || strnlen(request->memo, UNCIA_MEMO_SIZE) == UNCIA_MEMO_SIZE)
		return UNCIA_E_LIMIT;
	if (!utf8_is_plain(request->memo))
		return UNCIA_E_ENCODING;
	int rc = uncia_memo_hash(request->memo, hash);
	return !rc && request->memo_hash && memcmp(hash, request->memo_hash, MEMO_HASH_SIZE) != 0 ? UNCIA_E_ARGUMENT
	                                                                                          : rc;
}

static void nonce_of_key(const struct uncia_wallet *w, const char *key, uint8_t nonce[NONCE_SIZE])
{
	struct hash hash;
	hash2(HASH_NONCE, w->keyfile.public_key, PUBLIC_KEY_SIZE, key, strlen(key), &hash);
	memcpy(nonce, hash.b, NONCE_SIZE);
}

static int draft_nonce(const struct uncia_wallet *w, const char *key, struct draft *draft)
{
	if (!key)
		return host_random(&w->host, draft->payment.nonce, NONCE_SIZE);
	nonce_of_key(w, key, draft->payment.nonce);
	return 0;
}

static bool same_output(const struct output *a, const struct output *b)
{
	return memcmp(a->to.b, b->to.b, ADDRESS_SIZE) == 0 && a->amount == b->amount &&
	       a->has_reference == b->has_reference &&
	       (!a->has_reference || memcmp(a->reference, b->reference, REFERENCE_SIZE) == 0);
}

/* Whether a stored payment has that hold. A claim's lock is not known before it is signed: `wanted` has none, and it is
 * made again from what is stored. Returns 0; UNCIA_E_KEY_REUSED; UNCIA_E_LOCKED of a claim; UNCIA_E_LIBRARY. */
static int same_hold(const struct uncia_wallet *w, const struct payment *stored, uint32_t number,
                     const struct hold_opening *wanted)
{
	const struct hold_opening *hold = &stored->holds[number];
	struct hash lock = wanted->lock;
	if (hold->amount != wanted->amount || !address_equal(&hold->home, &wanted->home))
		return UNCIA_E_KEY_REUSED;
	if (sodium_is_zero(lock.b, sizeof(lock.b))) {
		int rc = w->secret ? claim_lock(w, stored, number, &lock) : UNCIA_E_LOCKED;
		if (rc)
			return rc;
	}
	return hash_equal(&hold->lock, &lock) ? 0 : UNCIA_E_KEY_REUSED;
}

static bool same_transfer(const struct payment *a, const struct payment *b)
{
	if (a->kind != b->kind || (a->kind == PAYMENT_TAKE && !address_equal(&a->sender, &b->sender)))
		return false;
	if (a->output_count != b->output_count || a->hold_count != b->hold_count || a->currency != b->currency ||
	    a->has_memo_hash != b->has_memo_hash ||
	    (a->has_memo_hash && memcmp(a->memo_hash, b->memo_hash, MEMO_HASH_SIZE) != 0))
		return false;
	for (uint32_t i = 0; i < a->output_count; i++)
		if (!same_output(&a->outputs[i], &b->outputs[i]))
			return false;
	return true;
}

/* Whether a stored payment is what this call asks for; the expiry may differ, and the ends of holds. Returns as
 * same_hold. */
static int check_same(const struct uncia_wallet *w, const struct payment *stored, const struct payment *wanted)
{
	int rc = same_transfer(stored, wanted) ? 0 : UNCIA_E_KEY_REUSED;
	for (uint32_t i = 0; !rc && i < wanted->hold_count; i++)
		rc = same_hold(w, stored, i, &wanted->holds[i]);
	return rc;
}

int paying_resume(struct uncia_wallet *w, const struct payment *wanted, struct uncia_payment_id *id)
{
	struct tracked *t;
	int rc = outbox_find(w, wanted->nonce, &t);
	if (!rc)
		rc = check_same(w, t->record.payment, wanted);
	if (rc)
		return rc;
	if (t->record.state == UNCIA_PAYMENT_PENDING) {
		rc = outbox_confirm(w, t, NULL, 0);
		if (rc)
			return rc;
		following_send(w, t, true);
	}
	memcpy(id->b, t->id.b, sizeof(id->b));
	following_announce(w, t, 0);
	return 0;
}

static int check_funds(const struct uncia_wallet *w, const struct payment *payment)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	int rc = uncia_wallet_balance(w, &balance);
	if (rc)
		return rc;
	if (payment->total > balance.spendable) {
		host_log(&w->host, UNCIA_LOG_INFO, "event=refused reason=funds spendable=%llu waiting=%llu",
		         (unsigned long long)balance.spendable, (unsigned long long)balance.waiting);
		return UNCIA_E_FUNDS;
	}
	/* ledger 3.3, rule 7: a sender keeps nothing, or at least the smallest amount. */
	amount_t leaving = wallet_leaving(w, payment), rest = balance.spendable - leaving;
	assert(leaving <= payment->total);
	return rest != 0 && rest < w->network->genesis.smallest_amount ? UNCIA_E_DUST : 0;
}

int paying_store(struct uncia_wallet *w, struct payment *payment, const struct notes *notes, bool keyed,
                 struct tracked **added)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	int rc = outbox_add(w, payment, notes, added);
	if (!rc)
		return 0;
	/* The blob may be there all the same. With a key it stays: another process may have sent it, and the same key
	 * finds it. Without one it is taken back: its id was given to nobody. */
	if (!keyed && rc != UNCIA_E_EXISTS && rc != UNCIA_E_MEMORY) {
		outbox_blob_name(payment->nonce, blob);
		w->host.remove(w->host.context, blob);
	}
	payment_free(payment);
	return rc;
}

static int sign_and_store(struct uncia_wallet *w, struct draft *draft, bool keyed, struct tracked **added)
{
	struct payment *payment;
	int rc = payment_make(&w->network_id, &draft->payment, w->secret->public_key, w->secret->key, &payment);
	if (rc)
		return rc;
	assert(payment->total == draft->payment.total && payment->expires_at == draft->payment.expires_at);
	return paying_store(w, payment, &draft->notes, keyed, added);
}

void paying_begin(struct uncia_wallet *w, struct tracked *t, struct uncia_payment_id *id)
{
	memcpy(id->b, t->id.b, sizeof(id->b));
	following_send(w, t, true);
	following_announce(w, t, 0);
}

bool paying_needs_past(const struct uncia_payment_request *request)
{
	bool needs = request->key;
	for (uint32_t i = 0; !needs && i < request->hold_count; i++)
		needs = request->holds[i].lock;
	return needs;
}

/* Under the home's lock, so that no other process stores a payment meanwhile: loads what others have stored, which
 * counts against the balance, checks, signs and stores. Returns UNCIA_E_EXISTS where the key has a payment by now. */
static int paying_make_locked(struct uncia_wallet *w, const struct uncia_payment_request *request, struct draft *draft,
                              struct tracked **made)
{
	assert(w->secret && w->sync->known);
	uint32_t lifetime = request->expires_s != 0 ? request->expires_s : PAYMENT_LIFETIME_DEFAULT_S;
	uint64_t time_ms = 0;
	int rc = outbox_load(w, false);
	/* Another process may have used this key since: its payment is the answer, also where the balance is gone. */
	if (!rc && request->key) {
		rc = outbox_find(w, draft->payment.nonce, made);
		if (rc != UNCIA_E_NOT_FOUND)
			return rc ? rc : UNCIA_E_EXISTS;
		rc = 0;
	}
	/* The key may stand for a payment that this home has forgotten, or a forgotten hold be under the lock. */
	if (!rc && paying_needs_past(request) && catch_up_behind(w))
		rc = UNCIA_E_BEHIND;
	if (!rc)
		rc = check_holds(w, request, draft);
	if (!rc)
		rc = check_funds(w, &draft->payment);
	if (!rc)
		rc = wallet_sync_time(w, &time_ms);
	if (rc)
		return rc;
	uint64_t expires_at = time_ms / 1000 + lifetime;
	if (expires_at > UINT32_MAX)
		return UNCIA_E_TOO_FAR;
	draft->payment.expires_at = (uint32_t)expires_at;
	rc = draft_ends(w, request, time_ms / 1000, draft);
	if (rc)
		return rc;
	return sign_and_store(w, draft, request->key, made);
}

static int paying_make(struct uncia_wallet *w, const struct uncia_payment_request *request, struct draft *draft,
                       struct uncia_payment_id *id)
{
	struct tracked *t;
	if (!w->secret)
		return UNCIA_E_LOCKED;
	if (!w->sync->known)
		return UNCIA_E_UNREACHABLE;
	int rc = host_lock(&w->host);
	if (!rc) {
		rc = paying_make_locked(w, request, draft, &t);
		host_unlock(&w->host);
	}
	if (rc == UNCIA_E_EXISTS)
		return request->key ? paying_resume(w, &draft->payment, id) : UNCIA_E_RANDOM;
	if (!rc)
		paying_begin(w, t, id);
	return rc;
}

bool paying_is_key(const char *key)
{
	return key[0] != '\0' && strnlen(key, KEY_SIZE_MAX + 1) <= KEY_SIZE_MAX;
}

static int check_request(const struct uncia_payment_request *request)
{
	if (!request || request->size != sizeof(*request) || !request->outputs != (request->output_count == 0) ||
	    !request->holds != (request->hold_count == 0) || request->expires_s > PAYMENT_LIFETIME_MAX_S)
		return UNCIA_E_ARGUMENT;
	if (request->output_count > PAYMENT_OUTPUTS_MAX ||
	    request->hold_count > PAYMENT_OUTPUTS_MAX - request->output_count ||
	    request->output_count + request->hold_count == 0)
		return UNCIA_E_ARGUMENT;
	if ((request->key && !paying_is_key(request->key)) || !request->tag != (request->tag_size == 0))
		return UNCIA_E_ARGUMENT;
	return request->tag_size <= UNCIA_TAG_SIZE ? 0 : UNCIA_E_LIMIT;
}

int uncia_wallet_by_key(struct uncia_wallet *w, const char *key, struct uncia_payment_id *id)
{
	uint8_t nonce[NONCE_SIZE];
	struct tracked *t;
	int rc = wallet_usable(w);
	if (!rc && (!key || !id || !paying_is_key(key)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	nonce_of_key(w, key, nonce);
	rc = outbox_find(w, nonce, &t);
	if (!rc)
		memcpy(id->b, t->id.b, sizeof(id->b));
	return rc;
}

int paying_check(const struct uncia_wallet *w, const struct uncia_payment_request *request)
{
	int rc = wallet_usable(w);
	if (!rc)
		rc = check_request(request);
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	return rc;
}

int paying_pay(struct uncia_wallet *w, const struct uncia_payment_request *request, struct uncia_payment_id *id)
{
	struct draft *draft = calloc(1, sizeof(*draft));
	int rc;
	if (!draft)
		return UNCIA_E_MEMORY;
	draft->payment.currency = CURRENCY_FIRST;
	draft->notes.tag = request->tag;
	draft->notes.tag_size = request->tag_size;
	rc = draft_memo(request, draft);
	if (!rc)
		rc = draft_outputs(w, request, draft);
	if (!rc)
		rc = draft_holds(w, request, draft);
	if (!rc)
		rc = draft_nonce(w, request->key, draft);
	if (!rc) {
		rc = request->key ? paying_resume(w, &draft->payment, id) : UNCIA_E_NOT_FOUND;
		if (rc == UNCIA_E_NOT_FOUND)
			rc = paying_make(w, request, draft, id);
	}
	free(draft);
	return rc;
}

int uncia_wallet_pay(struct uncia_wallet *w, const struct uncia_payment_request *request, struct uncia_payment_id *id)
{
	int rc = paying_check(w, request);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		rc = paying_pay(w, request, id);
	/* What it would be signed on is too old: asked for, it is there when the caller comes again. */
	int asked = rc == UNCIA_E_UNREACHABLE ? uncia_wallet_sync(w) : 0;
	return asked ? asked : rc;
}
