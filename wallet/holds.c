/* Holds for the host: their locks, what one has, what is paid from one or sent home. */
#include <uncia/uncia.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "following.h"
#include "give_back.h"
#include "hold.h"
#include "homing.h"
#include "look.h"
#include "outbox.h"
#include "paying.h"
#include "receipts.h"
#include "sync.h"
#include "wallet.h"

#define SHOW_SECRET_S 600u /* a secret is shown where at least so much time is left for its take */
#define TAKE_LEFT_S   5u   /* a take with less time than this is not begun */

/* ---- locks ------------------------------------------------------------------------------------ */

int uncia_wallet_key(const struct uncia_wallet *w, uint8_t key[32])
{
	int rc = wallet_readable(w);
	if (!rc && !key)
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->secret)
		rc = UNCIA_E_LOCKED;
	if (!rc)
		memcpy(key, w->secret->public_key, PUBLIC_KEY_SIZE);
	return rc;
}

int uncia_hold_lock(const uint8_t key[32], const uint8_t *secret_hash, uint8_t lock[32])
{
	struct hash made;
	if (!key || !lock)
		return UNCIA_E_ARGUMENT;
	int rc = sign_self_test();
	if (!rc && !sign_key_valid(key))
		rc = UNCIA_E_SIGNATURE;
	if (rc)
		return rc;
	hold_lock_hashed(key, secret_hash, &made);
	memcpy(lock, made.b, sizeof(made.b));
	return 0;
}

static bool key_is_given(const struct uncia_hold_key *key)
{
	return key->size == sizeof(*key);
}

/* The key pair of a hold's key; of the account's own, the public one only. The caller wipes *secret_key. */
static int hold_keys(const struct hash *network_id, const struct uncia_hold_key *key,
                     uint8_t public_key[PUBLIC_KEY_SIZE], uint8_t secret_key[SECRET_KEY_SIZE])
{
	if (!key->own)
		return claim_keypair(network_id, key->seed, public_key, secret_key);
	memcpy(public_key, key->account, PUBLIC_KEY_SIZE);
	return 0;
}

int uncia_receipt_find_hold(const struct uncia_network *network, const struct uncia_receipt *receipt,
                            const struct uncia_hold_key *key, uint32_t *number)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct hash lock;
	if (!network || !receipt || !key || !key_is_given(key) || !number)
		return UNCIA_E_ARGUMENT;
	int rc = hold_keys(&network->genesis.network_id, key, public_key, secret_key);
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

/* ---- what one has ------------------------------------------------------------------------------ */

int uncia_wallet_hold(struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number)
{
	int rc = wallet_usable(w);
	if (!rc && (!receipt || number >= receipt->payment->hold_count))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	const struct hold_opening *hold = &receipt->payment->holds[number];
	homing_note_look(w); /* what the last one found out, before it is forgotten */
	look_begin(w, w->hold, &hold->id, receipt->height, hold->amount);
	wallet_stir(w);
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
	const struct look *look = w->hold;
	*state = (struct uncia_hold_state){.size = sizeof(*state),
	                                   .exists = look->exists,
	                                   .height = look->height,
	                                   .left_count = (uint32_t)look->left_count,
	                                   .complete = look->complete,
	                                   .time_ms = w->clock.known ? wallet_ledger_ms(w) : 0};
	hold_format(&look->id.address, state->id);
	if (look->exists) {
		state->balance = look->state.entry.balance;
		state->payments = look->state.entry.payments;
	}
	return 0;
}

const struct uncia_receipt *uncia_wallet_hold_receipt(const struct uncia_wallet *w, uint32_t number)
{
	return wallet_readable(w) || number >= w->hold->left_count ? NULL : w->hold->left[number];
}

/* What is known of this hold, or NULL. */
static const struct look *known_of(const struct uncia_wallet *w, const struct hold_opening *hold)
{
	return w->hold->known && address_equal(&w->hold->id.address, &hold->id) ? w->hold : NULL;
}

/* ---- paying from it ----------------------------------------------------------------------------- */

struct take_draft {
	struct payment payment;
	struct hold_reference reference;
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct output outputs[PAYMENT_OUTPUTS_MAX];
};

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

static int take_outputs(const struct uncia_wallet *w, const struct uncia_take *take, struct take_draft *draft)
{
	for (uint32_t i = 0; i < take->output_count; i++) {
		const struct uncia_output *given = &take->outputs[i];
		struct destination to;
		int rc = given->address ? destination_read(given->address, &to) : UNCIA_E_ARGUMENT;
		if (rc)
			return rc;
		if (given->amount < w->network->genesis.smallest_amount ||
		    !amount_add(draft->payment.total, given->amount, &draft->payment.total))
			return UNCIA_E_AMOUNT;
		draft->outputs[i] =
		    (struct output){.to = to.address, .has_reference = to.has_reference, .amount = given->amount};
		memcpy(draft->outputs[i].reference, to.reference, to.has_reference ? REFERENCE_SIZE : 0);
	}
	draft->payment.outputs = draft->outputs;
	draft->payment.output_count = take->output_count;
	return 0;
}

/* Key and lock, and from them the sender. */
static int take_keys(const struct uncia_wallet *w, const struct uncia_take *take, struct take_draft *draft)
{
	const struct hold_opening *hold = &take->receipt->payment->holds[take->number];
	struct hash lock;
	int rc = hold_keys(&w->network_id, &take->key, draft->public_key, draft->secret_key);
	if (rc)
		return rc;
	hold_lock(draft->public_key, take->key.secret, &lock);
	if (!hash_equal(&lock, &hold->lock))
		return UNCIA_E_SIGNATURE;
	if (take->key.own && !w->secret)
		return UNCIA_E_LOCKED;
	if (take->key.own && memcmp(w->secret->public_key, draft->public_key, PUBLIC_KEY_SIZE) != 0)
		return UNCIA_E_SIGNATURE;
	if (take->key.own)
		memcpy(draft->secret_key, w->secret->key, SECRET_KEY_SIZE);
	draft->reference = (struct hold_reference){
	    .home = hold->home, .opening = take->receipt->payment->id, .has_secret = take->key.secret != NULL};
	if (take->key.secret)
		memcpy(draft->reference.secret, take->key.secret, SECRET_SIZE);
	draft->payment.kind = PAYMENT_TAKE;
	draft->payment.sender = hold->id;
	draft->payment.currency = CURRENCY_FIRST;
	draft->payment.hold = &draft->reference;
	return 0;
}

/* What can be said before it is sent. A secret is never shown for less than was agreed, nor on hearsay. */
static int take_check(const struct uncia_wallet *w, const struct uncia_take *take, amount_t total)
{
	const struct look *look = known_of(w, &take->receipt->payment->holds[take->number]);
	if (!look)
		return take->key.secret ? UNCIA_E_UNREACHABLE : 0;
	amount_t has = look->exists ? look->state.entry.balance : 0;
	if (total > has || (take->key.secret && has < take->agreed))
		return UNCIA_E_FUNDS;
	return has != total && has - total < w->network->genesis.smallest_amount ? UNCIA_E_DUST : 0;
}

/* Of this hold, whoever's key it is. */
static void take_nonce(const struct hold_opening *hold, const char *key, uint8_t nonce[NONCE_SIZE])
{
	struct hash hash;
	hash2(HASH_NONCE, hold->id.b, ADDRESS_SIZE, key, strlen(key), &hash);
	memcpy(nonce, hash.b, NONCE_SIZE);
}

/* Signs and stores it, under the home's lock, so that no other process makes it meanwhile. Returns UNCIA_E_EXISTS where
 * its key has one by now. */
static int take_make_locked(struct uncia_wallet *w, const struct uncia_take *take, struct take_draft *draft,
                            struct tracked **made)
{
	const struct hold_opening *hold = &take->receipt->payment->holds[take->number];
	struct payment *payment;
	int rc = outbox_load(w, false);
	/* Another process may have used this key since. */
	if (!rc && take->payment_key && (rc = outbox_find(w, draft->payment.nonce, made)) != UNCIA_E_NOT_FOUND)
		return rc ? rc : UNCIA_E_EXISTS;
	rc = rc == UNCIA_E_NOT_FOUND ? 0 : rc;
	if (!rc)
		rc = take_check(w, take, draft->payment.total);
	if (!rc)
		rc = take_expiry_of(w, hold, draft->reference.has_secret, &draft->payment.expires_at);
	if (!rc && !take->payment_key)
		rc = host_random(&w->host, draft->payment.nonce, NONCE_SIZE);
	if (!rc)
		rc = payment_make(&w->network_id, &draft->payment, draft->public_key, draft->secret_key, &payment);
	return rc ? rc : paying_store(w, payment, NULL, take->payment_key, made);
}

static int take_make(struct uncia_wallet *w, const struct uncia_take *take, struct take_draft *draft,
                     struct uncia_payment_id *id)
{
	struct tracked *t;
	int rc = host_lock(&w->host);
	if (rc)
		return rc;
	rc = take_make_locked(w, take, draft, &t);
	host_unlock(&w->host);
	if (rc == UNCIA_E_EXISTS)
		return take->payment_key ? paying_resume(w, &draft->payment, id) : UNCIA_E_RANDOM;
	if (!rc)
		paying_begin(w, t, id);
	return rc;
}

static int take_begin(struct uncia_wallet *w, const struct uncia_take *take, struct take_draft *draft,
                      struct uncia_payment_id *id)
{
	int rc = take_outputs(w, take, draft);
	if (!rc)
		rc = take_keys(w, take, draft);
	if (rc)
		return rc;
	if (take->payment_key) {
		take_nonce(&take->receipt->payment->holds[take->number], take->payment_key, draft->payment.nonce);
		rc = paying_resume(w, &draft->payment, id);
		if (rc != UNCIA_E_NOT_FOUND)
			return rc;
	}
	return take_make(w, take, draft, id);
}

static bool take_is_formed(const struct uncia_take *take)
{
	if (!take || take->size != sizeof(*take) || !key_is_given(&take->key) || !take->receipt ||
	    take->number >= take->receipt->payment->hold_count || !take->outputs || take->output_count == 0 ||
	    take->output_count > PAYMENT_OUTPUTS_MAX)
		return false;
	return (!take->payment_key || paying_is_key(take->payment_key)) && (!take->key.secret || take->agreed != 0);
}

int uncia_wallet_take(struct uncia_wallet *w, const struct uncia_take *take, struct uncia_payment_id *id)
{
	int rc = wallet_usable(w);
	if (!rc && (!take_is_formed(take) || !id))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	struct take_draft *draft = calloc(1, sizeof(*draft));
	if (!draft)
		return UNCIA_E_MEMORY;
	rc = take_begin(w, take, draft, id);
	sodium_memzero(draft, sizeof(*draft));
	free(draft);
	return rc;
}

int uncia_wallet_give_back(struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number,
                           struct uncia_payment_id *id)
{
	int rc = wallet_usable(w);
	if (!rc && (!receipt || !id || number >= receipt->payment->hold_count))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	const struct hold_opening *hold = &receipt->payment->holds[number];
	const struct look *look = known_of(w, hold);
	struct payment *payment;
	if (look && !look->exists) /* validators of weight F + 1 have said so: that has no header, and tells no time */
		return UNCIA_E_NOT_FOUND;
	if (!look || !w->clock.known)
		return UNCIA_E_UNREACHABLE;
	if (wallet_ledger_ms(w) / 1000 < hold->end)
		return UNCIA_E_END;
	rc = give_back_make(w, &hold->home, &hold->seal, look->state.entry.balance, &payment);
	if (rc)
		return rc;
	memcpy(id->b, payment->id.b, sizeof(id->b));
	rc = following_carry(w, payment);
	if (rc)
		payment_free(payment);
	return rc;
}
