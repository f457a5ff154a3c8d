/* See outbox_world.h. */
#include "outbox_world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "events.h"
#include "fields.h"
#include "fixture.h"
#include "following.h"
#include "catch_up.h"
#include "history.h"
#include "hooks.h"
#include "notices.h"
#include "orders.h"
#include "outbox.h"
#include "receipt.h"
#include "session.h"
#include "standin.h"
#include "sync.h"
#include "wallet.h"

#define WORDS      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
#define KEY        "the one key"
#define VALIDATORS 4u /* F is 1 */
#define LIAR       0u
#define START_MS   1000000u
#define BALANCE    UINT64_C(100000000)
#define LIFETIME_S 60u
#define WAITS_MAX  2u

static struct {
	struct fixture fixture;
	struct uncia_network network;
	struct world home; /* as it was just made */
	struct fixture_key payee;
	char payee_text[UNCIA_ADDRESS_TEXT_SIZE];
} prepared;

/* The world that the wrapped calls belong to: one wallet runs at a time. */
static struct world *current;

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

static void wrong(struct world *w, enum verdict verdict)
{
	if (w->verdict == HOLDS)
		w->verdict = verdict;
}

/* ---- what is known of payments ---- */

static struct known_payment *known(struct world *w, const struct payment_id *id)
{
	for (uint32_t i = 0; i < w->payment_count; i++)
		if (memcmp(&w->payments[i].id, id, sizeof(*id)) == 0)
			return &w->payments[i];
	return NULL;
}

static struct known_payment *learn(struct world *w, const struct payment *payment)
{
	struct known_payment *p = known(w, &payment->id);

	if (p)
		return p;
	if (w->payment_count == PAYMENTS_MAX)
		abort();
	p = &w->payments[w->payment_count++];
	*p = (struct known_payment){.id = payment->id, .keyed = payment->total == 1000000};
	memcpy(p->nonce, payment->nonce, NONCE_SIZE);
	return p;
}

static uint64_t ledger_s(const struct world *w)
{
	return (FIXTURE_TIME_MS + w->now_ms) / 1000;
}

static bool kept_durably(const struct world *w, const struct payment *payment)
{
	char name[UNCIA_BLOB_NAME_SIZE];

	outbox_blob_name(payment->nonce, name);
	for (uint32_t i = 0; i < w->blob_count; i++) {
		const struct blob *blob = &w->blobs[i];
		bool may_hold = strcmp(blob->name, name) == 0 || strncmp(blob->name, "payments-ended-", 15) == 0;
		if (may_hold && blob->kept.there &&
		    memmem(blob->kept.data, blob->kept.size, payment->bytes, payment->size))
			return true;
	}
	return false;
}

/* UNKNOWN: there is no such payment, or nothing of it but its id. */
static enum uncia_payment_state shown_state(const struct world *w, const struct payment_id *id)
{
	struct uncia_payment shown = {.size = sizeof(shown)};
	struct uncia_payment_id key;

	memcpy(key.b, id->b, sizeof(key.b));
	int result = uncia_wallet_payment(w->wallet, &key, &shown);
	if (result != 0 && result != UNCIA_E_NOT_FOUND && result != UNCIA_E_DAMAGED)
		abort();
	return result == 0 ? shown.state : UNCIA_PAYMENT_UNKNOWN;
}

/* The payment in memory that a step is about, or NULL. */
static struct tracked *of_kind(const struct world *w, bool keyed)
{
	for (struct tracked *t = w->wallet->tracked; t; t = t->hh.next)
		if (t->record.own && (t->record.payment->total == 1000000) == keyed)
			return t;
	return NULL;
}

/* ---- the calls that are cut off, and those that mistakes are planted by ---- */

void __wrap_session_send(struct uncia_wallet *wallet, uint32_t node, enum request_purpose purpose, uint64_t number,
                         Uncia__Pb__WalletRequest *request);
int __real_outbox_add(struct uncia_wallet *wallet, struct payment *payment, const struct notes *notes,
                      struct tracked **added);
int __wrap_outbox_add(struct uncia_wallet *wallet, struct payment *payment, const struct notes *notes,
                      struct tracked **added);
int __real_outbox_confirm(struct uncia_wallet *wallet, struct tracked *t, const uint8_t *receipt, size_t receipt_size);
int __wrap_outbox_confirm(struct uncia_wallet *wallet, struct tracked *t, const uint8_t *receipt, size_t receipt_size);
int __real_outbox_store_end(struct uncia_wallet *wallet, struct tracked *t, enum uncia_payment_state state,
                            const uint8_t *receipt, size_t receipt_size);
int __wrap_outbox_store_end(struct uncia_wallet *wallet, struct tracked *t, enum uncia_payment_state state,
                            const uint8_t *receipt, size_t receipt_size);
int __real_archive_append(struct uncia_wallet *wallet, const struct ending *endings, size_t count);
int __wrap_archive_append(struct uncia_wallet *wallet, const struct ending *endings, size_t count);
int __real_outbox_find(struct uncia_wallet *wallet, const uint8_t nonce[NONCE_SIZE], struct tracked **found);
int __wrap_outbox_find(struct uncia_wallet *wallet, const uint8_t nonce[NONCE_SIZE], struct tracked **found);
void *__wrap_sodium_malloc(size_t size);
void __wrap_sodium_free(void *pointer);
void __real_hash2(enum hash_tag tag, const void *a, size_t a_size, const void *b, size_t b_size, struct hash *out);
void __wrap_hash2(enum hash_tag tag, const void *a, size_t a_size, const void *b, size_t b_size, struct hash *out);

static void sent(struct world *w, const struct payment *payment)
{
	struct known_payment *p = learn(w, payment);

	if (!kept_durably(w, payment))
		wrong(w, LOSS);
	for (uint32_t i = 0; i < w->payment_count; i++)
		if (&w->payments[i] != p && w->payments[i].sent && p->keyed && w->payments[i].keyed)
			wrong(w, TWICE);
	p->sent = true;
}

/* wallet 7.2: what is given here leaves. */
void __wrap_session_send(struct uncia_wallet *wallet, uint32_t node, enum request_purpose purpose, uint64_t number,
                         Uncia__Pb__WalletRequest *request)
{
	struct payment *payment;

	(void)node;
	(void)purpose;
	(void)number;
	if (request->kind_case != UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT || current->dead)
		return;
	if (payment_decode(&wallet->network_id, request->submit->payment.data, request->submit->payment.len, &payment))
		abort();
	sent(current, payment);
	payment_free(payment);
}

int __wrap_outbox_add(struct uncia_wallet *wallet, struct payment *payment, const struct notes *notes,
                      struct tracked **added)
{
	if (current->mistake == MISTAKE_SEND_FIRST)
		sent(current, payment);
	return __real_outbox_add(wallet, payment, notes, added);
}

int __wrap_outbox_confirm(struct uncia_wallet *wallet, struct tracked *t, const uint8_t *receipt, size_t receipt_size)
{
	if (current->mistake != MISTAKE_FOUND_IS_KEPT)
		return __real_outbox_confirm(wallet, t, receipt, receipt_size);
	t->record.durable = true;
	return 0;
}

int __wrap_outbox_store_end(struct uncia_wallet *wallet, struct tracked *t, enum uncia_payment_state state,
                            const uint8_t *receipt, size_t receipt_size)
{
	if (current->mistake == MISTAKE_END_NOT_STORED)
		return 0;
	return __real_outbox_store_end(wallet, t, state, receipt, receipt_size);
}

int __wrap_archive_append(struct uncia_wallet *wallet, const struct ending *endings, size_t count)
{
	char name[UNCIA_BLOB_NAME_SIZE];

	for (size_t i = 0; i < count && current->mistake == MISTAKE_CLEARS_FIRST; i++) {
		outbox_blob_name(endings[i].entry.nonce, name);
		current->host.remove(current, name);
	}
	if (current->mistake == MISTAKE_FOUND_SEGMENT_IS_KEPT)
		for (struct segment *s = wallet->archive->segments; s; s = s->hh.next)
			s->durable = true;
	return __real_archive_append(wallet, endings, count);
}

int __wrap_outbox_find(struct uncia_wallet *wallet, const uint8_t nonce[NONCE_SIZE], struct tracked **found)
{
	int result = __real_outbox_find(wallet, nonce, found);

	if (result != 0 || current->mistake != MISTAKE_EXPIRY_FREES_KEY ||
	    (*found)->record.state != UNCIA_PAYMENT_EXPIRED)
		return result;
	current->host.remove(current, (*found)->record.blob);
	tracked_remove(wallet, *found);
	return UNCIA_E_NOT_FOUND;
}

void __wrap_hash2(enum hash_tag tag, const void *a, size_t a_size, const void *b, size_t b_size, struct hash *out)
{
	__real_hash2(tag, a, a_size, b, b_size, out);
	if (tag == HASH_NONCE && current->mistake == MISTAKE_OTHER_NONCE)
		out->b[0] ^= (uint8_t)(current->now_ms / 1000);
}

/* Guarded pages cost most of the time of so many wallets. */
void *__wrap_sodium_malloc(size_t size)
{
	return malloc(size);
}

void __wrap_sodium_free(void *pointer)
{
	free(pointer);
}

/* ---- opening ---- */

static void open_wallet(struct world *w)
{
	if (uncia_wallet_open(&w->host, &prepared.network, NULL, &w->wallet))
		abort();
	if (w->segment_records)
		w->wallet->archive->segment_records = w->segment_records;
	/* A sync is the simulator's business: this wallet has one behind it. */
	struct sync *s = w->wallet->sync;
	s->known = s->exists = true;
	s->height = 1;
	s->state = (struct account_state){.height = 1, .timestamp_ms = FIXTURE_TIME_MS + START_MS};
	s->times.asked_ms = UINT64_C(1) << 40; /* asked for afresh before each payment, so to speak */
	s->state.entry.balance = BALANCE;
	wallet_learn_time(w->wallet, FIXTURE_TIME_MS + w->now_ms);
	for (struct tracked *t = w->wallet->tracked; t; t = t->hh.next)
		learn(w, t->record.payment)->stored_end = t->record.state != UNCIA_PAYMENT_PENDING;
	for (size_t i = 0; i < w->wallet->archive->count; i++)
		((struct known_payment *)must(known(w, &w->wallet->archive->all[i]->id)))->stored_end = true;
}

void world_restart(struct world *w, bool power_cut)
{
	uncia_wallet_close(w->wallet);
	if (power_cut)
		world_lose_unkept(w);
	w->dead = false;
	w->fail_at = 0;
	open_wallet(w);
	w->calls = 0; /* it writes nothing that it needs: the home is bound already */
	/* What was vouched for, or has left, is there; and so is every end that was told. */
	for (uint32_t i = 0; i < w->payment_count; i++) {
		const struct known_payment *p = &w->payments[i];
		enum uncia_payment_state state = shown_state(w, &p->id);
		if (state == UNCIA_PAYMENT_UNKNOWN && (p->vouched || p->sent))
			wrong(w, LOSS);
		if (state != UNCIA_PAYMENT_UNKNOWN && p->told != UNCIA_PAYMENT_UNKNOWN && p->told != state)
			wrong(w, OTHER_END);
	}
}

void world_init(struct world *w, enum mistake mistake, uint32_t segment_records)
{
	*w = (struct world){.now_ms = START_MS, .mistake = mistake, .segment_records = segment_records};
	w->host = prepared.home.host;
	w->host.context = w;
	world_copy_blobs(w, &prepared.home);
	current = w;
	prepared.network.genesis.committee.faulty = mistake == MISTAKE_ONE_WORD ? 0 : 1;
	open_wallet(w);
}

static void copy_payment(struct uncia_wallet *wallet, const struct tracked *from)
{
	struct tracked *t = must(malloc(sizeof(*t)));

	*t = *from;
	t->record.payment = payment_ref(from->record.payment);
	t->record.expiries = must(malloc((from->record.expiry_count + 1) * sizeof(*t->record.expiries)));
	for (size_t i = 0; i < from->record.expiry_count; i++) {
		t->record.expiries[i] = from->record.expiries[i];
		t->record.expiries[i].bytes = must(malloc(from->record.expiries[i].size));
		memcpy(t->record.expiries[i].bytes, from->record.expiries[i].bytes, from->record.expiries[i].size);
	}
	HASH_ADD(hh, wallet->tracked, id.b, sizeof(t->id.b), t);
	HASH_ADD(by_number, wallet->by_number, number, sizeof(t->number), t);
	HASH_ADD_KEYPTR(by_blob, wallet->outbox, t->record.blob, strlen(t->record.blob), t);
}

void world_copy(struct world *w, const struct world *from)
{
	*w = *from;
	w->host.context = w;
	w->blob_count = 0;
	world_copy_blobs(w, from);
	/* All payments of this wallet are its own; events are taken after every step; it has no links. */
	struct uncia_wallet *wallet = must(malloc(sizeof(*wallet)));
	*wallet = *from->wallet;
	hooks_init(wallet, &w->host);
	network_hold(wallet->network);
	wallet->tracked = wallet->outbox = wallet->by_number = NULL;
	wallet->archived_tracked = from->wallet->archived_tracked;
	wallet->secret = must(secret_new());
	*wallet->secret = *from->wallet->secret;
	wallet->session = must(calloc(1, sizeof(*wallet->session)));
	wallet->session->links = must(calloc(VALIDATORS, sizeof(*wallet->session->links)));
	wallet->session->order = must(calloc(VALIDATORS, sizeof(*wallet->session->order)));
	wallet->session->busy_until_ms = from->wallet->session->busy_until_ms;
	if (archive_init(wallet) || wallet_sync_init(wallet) || history_init(wallet) || catch_up_init(wallet) ||
	    orders_init(wallet) || notices_init(wallet) || world_copy_holds(wallet, from->wallet->homing))
		abort();
	*wallet->notices = *from->wallet->notices; /* no notice is checked, so that it owns nothing */
	world_copy_archive(wallet, from->wallet->archive);
	struct sync_answer *answers = wallet->sync->answers;
	*wallet->sync = *from->wallet->sync; /* it asks nothing any more */
	wallet->sync->answers = answers;
	for (const struct tracked *t = from->wallet->tracked; t; t = t->hh.next)
		copy_payment(wallet, t);
	w->wallet = wallet;
	current = w;
}

void world_deinit(struct world *w)
{
	uncia_wallet_close(w->wallet);
	world_free_blobs(w);
}

/* ---- steps ---- */

/* This home is never older than itself: looking up is the simulator's business, too. */
static void know_all(struct uncia_wallet *wallet)
{
	struct mark mark = {.there = true, .height = 1, .finals = outbox_finals(wallet, 0, 1)};

	wallet->catch_up->looked = true;
	wallet->catch_up->mark = mark;
}

static void pay(struct world *w, const char *key, uint64_t amount)
{
	struct uncia_output output = {.address = prepared.payee_text, .amount = amount};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = key, .expires_s = LIFETIME_S};
	struct uncia_payment_id id;
	struct payment_id own;

	know_all(w->wallet);
	int result = uncia_wallet_pay(w->wallet, &request, &id);
	if (result != 0 || w->dead)
		return;
	memcpy(own.b, id.b, sizeof(own.b));
	const struct tracked *t = tracked_find(w->wallet, &own);
	if (!t || !kept_durably(w, t->record.payment))
		wrong(w, LOSS);
	if (!t)
		return;
	struct known_payment *p = learn(w, t->record.payment);
	for (uint32_t i = 0; i < w->payment_count; i++)
		if (&w->payments[i] != p && key && w->payments[i].keyed && w->payments[i].vouched)
			wrong(w, TWICE);
	p->vouched = true;
}

static void answer(struct world *w, uint32_t node, const struct tracked *t, Uncia__Pb__NodeReply *reply)
{
	following_reply(w->wallet, node, t->number, reply);
}

/* The payment becomes final, where it is not yet. */
static void receipt(struct world *w, const struct tracked *t)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	struct hash root = fixture_hash(1);
	struct payment *list[1];
	uint8_t *bytes;
	size_t size;

	if (payment_decode(&w->wallet->network_id, t->record.payment->bytes, t->record.payment->size, &list[0]))
		abort();
	struct block *block = fixture_block(&prepared.fixture, NULL, 1, list, 1, &root);
	struct certificate *certificate =
	    fixture_certificate(&prepared.fixture, CERT_FF, block->header.view, &block->header.id, VALIDATORS);
	if (receipt_make(block, 0, &(struct receipt_proof){NULL, 0, {certificate->bytes, certificate->size}}, &bytes,
	                 &size))
		abort();
	known(w, &t->id)->is_final = true;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	answer(w, 1, t, &reply);
	free(bytes);
	free(certificate);
	block_free(block);
}

static void word(struct world *w, const struct tracked *t, uint32_t validator)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry = UNCIA__PB__EXPIRY__INIT;
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;

	expiry.payment_id = field_of(t->id.b, sizeof(t->id.b));
	expiry.height = 9;
	expiry.timestamp_ms = (uint64_t)payment_id_expires_at(&t->id) * 1000;
	expiry.validator = validator;
	expiry_digest(&w->wallet->network_id, &t->id, expiry.height, expiry.timestamp_ms, &digest);
	if (sign_digest(prepared.fixture.validators[validator].consensus.secret_key, &digest, signature))
		abort();
	expiry.signature = field_of(signature, sizeof(signature));
	if (validator != LIAR)
		known(w, &t->id)->is_expired = true;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
	reply.expiry = &expiry;
	answer(w, validator, t, &reply);
}

static void refusal(struct world *w, struct tracked *t)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refused = UNCIA__PB__REFUSAL__INIT;

	refused.code = 104;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refused;
	answer(w, 1, t, &reply);
	if (w->mistake == MISTAKE_REFUSAL_ENDS && t->record.state == UNCIA_PAYMENT_PENDING &&
	    outbox_store_end(w->wallet, t, UNCIA_PAYMENT_EXPIRED, NULL, 0) == 0) {
		tracked_move(t, UNCIA_PAYMENT_EXPIRED);
		events_add_payment(w->wallet, &t->id, 0, (struct bytes){NULL, 0});
	}
}

static void pending(struct world *w, const struct tracked *t)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Pending waits = UNCIA__PB__PENDING__INIT;

	waits.payment_id = field_of(t->id.b, sizeof(t->id.b));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_PENDING;
	reply.pending = &waits;
	answer(w, 1, t, &reply);
}

static void pass(struct world *w, uint64_t ms)
{
	w->waits++;
	w->now_ms += ms;
	if (uncia_wallet_tick(w->wallet))
		abort();
	struct tracked *t = of_kind(w, true);
	if (w->mistake == MISTAKE_FORGETS && t && ledger_s(w) > t->record.payment->expires_at) {
		w->host.remove(w, t->record.blob);
		tracked_remove(w->wallet, t);
	}
}

bool world_may(const struct world *w, enum action action)
{
	const struct tracked *t = of_kind(w, action != ACT_RECEIPT_UNKEYED);
	const struct known_payment *p = NULL;

	for (uint32_t i = 0; t && i < w->payment_count; i++)
		if (memcmp(&w->payments[i].id, &t->id, sizeof(t->id)) == 0)
			p = &w->payments[i];
	switch (action) {
	case ACT_RECEIPT:
	case ACT_RECEIPT_UNKEYED: /* what never left cannot be in a block; nor what is past its time */
		return p && p->sent && !p->is_expired && (p->is_final || ledger_s(w) < t->record.payment->expires_at);
	case ACT_WORDS_TRUE:
		return p && p->sent && !p->is_final && ledger_s(w) >= t->record.payment->expires_at;
	case ACT_WORD_FALSE:
	case ACT_REFUSAL:
	case ACT_PENDING:
		return p && p->sent;
	case ACT_PAY_UNKEYED: /* one is enough */
		for (uint32_t i = 0; i < w->payment_count; i++)
			if (!w->payments[i].keyed && shown_state(w, &w->payments[i].id) != UNCIA_PAYMENT_UNKNOWN)
				return false;
		return !of_kind(w, false);
	case ACT_WAIT:
	case ACT_EXPIRE:
		return w->waits < WAITS_MAX;
	default:
		return true;
	}
}

void world_act(struct world *w, enum action action)
{
	switch (action) {
	case ACT_PAY:
		pay(w, KEY, 1000000);
		break;
	case ACT_PAY_OTHERWISE: /* the amount that marks the key's payment, to oneself */
	{
		struct uncia_output output = {.amount = 1000000};
		char own[UNCIA_ADDRESS_TEXT_SIZE];
		struct uncia_payment_id id;
		if (uncia_wallet_address(w->wallet, own))
			abort();
		output.address = own;
		struct uncia_payment_request request = {.size = sizeof(request),
		                                        .outputs = &output,
		                                        .output_count = 1,
		                                        .key = KEY,
		                                        .expires_s = LIFETIME_S};
		bool there =
		    of_kind(w, true) != NULL && of_kind(w, true)->record.payment->outputs[0].amount == 1000000 &&
		    memcmp(&of_kind(w, true)->record.payment->outputs[0].to, &prepared.payee.address, ADDRESS_SIZE) ==
		        0;
		know_all(w->wallet);
		int result = uncia_wallet_pay(w->wallet, &request, &id);
		if (there && result == 0 && !w->dead)
			wrong(w, TWICE);
		break;
	}
	case ACT_PAY_UNKEYED:
		pay(w, NULL, 2000000);
		break;
	case ACT_RECEIPT:
	case ACT_RECEIPT_UNKEYED:
		receipt(w, of_kind(w, action == ACT_RECEIPT));
		break;
	case ACT_WORD_FALSE:
		word(w, of_kind(w, true), LIAR);
		break;
	case ACT_WORDS_TRUE:
		word(w, of_kind(w, true), 1);
		word(w, of_kind(w, true), 2);
		break;
	case ACT_REFUSAL:
		refusal(w, of_kind(w, true));
		break;
	case ACT_PENDING:
		pending(w, of_kind(w, true));
		break;
	case ACT_WAIT:
		pass(w, 3000);
		break;
	case ACT_EXPIRE:
		pass(w, (LIFETIME_S + 5) * 1000);
		break;
	case ACT_LINK:
		following_link_up(w->wallet, 1);
		break;
	case ACT_KILL:
		world_restart(w, false);
		break;
	case ACT_POWER_CUT:
		world_restart(w, true);
		break;
	default:
		abort();
	}
}

const char *world_action_name(enum action action)
{
	static const char *const names[ACTIONS] = {"pays under the key",
	                                           "pays something else under the key",
	                                           "pays without a key",
	                                           "hears the receipt",
	                                           "hears the receipt of what has no key",
	                                           "hears a false expiry",
	                                           "hears that it has expired",
	                                           "hears a refusal",
	                                           "hears that it waits",
	                                           "waits 3 s",
	                                           "waits until all has expired",
	                                           "has a link",
	                                           "is killed and opened again",
	                                           "loses power and is opened again"};

	return names[action];
}

/* ---- looking ---- */

void world_look(struct world *w)
{
	struct uncia_event event = {.size = sizeof(event)};

	while (uncia_wallet_event(w->wallet, &event) > 0) {
		struct payment_id id;
		memcpy(id.b, event.id.b, sizeof(id.b));
		const struct tracked *t = event.kind == UNCIA_EVENT_PAYMENT ? tracked_find(w->wallet, &id) : NULL;
		if (event.kind == UNCIA_EVENT_ERROR)
			wrong(w, LOSS);
		if (!t || t->record.state == UNCIA_PAYMENT_PENDING)
			continue;
		struct known_payment *p = learn(w, t->record.payment);
		if (p->told != UNCIA_PAYMENT_UNKNOWN && p->told != t->record.state)
			wrong(w, OTHER_END);
		if (!p->stored_end)
			p->told = t->record.state;
	}
	for (const struct tracked *t = w->wallet->tracked; t; t = t->hh.next) {
		const struct known_payment *p = learn(w, t->record.payment);
		if ((t->record.state == UNCIA_PAYMENT_FINAL && !p->is_final) ||
		    (t->record.state == UNCIA_PAYMENT_EXPIRED && !p->is_expired))
			wrong(w, FALSE_END);
	}
	for (size_t i = 0; i < w->wallet->archive->count; i++) {
		const struct ended *ended = w->wallet->archive->all[i];
		const struct known_payment *p = must(known(w, &ended->id));
		if (ended->state == UNCIA_PAYMENT_FINAL ? !p->is_final : !p->is_expired)
			wrong(w, FALSE_END);
	}
}

static void add(struct hasher *hasher, const void *data, size_t size)
{
	hasher_add(hasher, data, size);
}

void world_digest(const struct world *w, struct digest *digest)
{
	struct hasher hasher;
	struct hash hash;

	hasher_init(&hasher, HASH_MEMO);
	add(&hasher, &w->now_ms, sizeof(w->now_ms));
	add(&hasher, &w->waits, sizeof(w->waits));
	for (uint32_t i = 0; i < w->blob_count; i++) {
		const struct blob *blob = &w->blobs[i];
		add(&hasher, blob->name, sizeof(blob->name));
		add(&hasher, &blob->seen.size, sizeof(blob->seen.size));
		add(&hasher, blob->seen.data, blob->seen.size);
		add(&hasher, &blob->kept.size, sizeof(blob->kept.size));
		add(&hasher, blob->kept.data, blob->kept.size);
	}
	for (const struct tracked *t = w->wallet->tracked; t; t = t->hh.next) {
		uint64_t values[] = {t->record.archived,      t->record.state,
		                     t->following.reason,     (uint64_t)t->following.refusal,
		                     t->record.durable,       t->record.expiry_count,
		                     t->record.expiry_weight, t->resending.next_ms,
		                     t->resending.backoff_ms, t->following.started_ms};
		add(&hasher, &t->id, sizeof(t->id));
		add(&hasher, values, sizeof(values));
		for (size_t i = 0; i < t->record.expiry_count; i++)
			add(&hasher, &t->record.expiries[i].validator, sizeof(t->record.expiries[i].validator));
	}
	for (uint32_t i = 0; i < w->payment_count; i++) {
		const struct known_payment *p = &w->payments[i];
		uint64_t values[] = {p->keyed,      p->sent,           p->vouched,   p->is_final,
		                     p->is_expired, (uint64_t)p->told, p->stored_end};
		add(&hasher, &p->id, sizeof(p->id));
		add(&hasher, values, sizeof(values));
	}
	world_digest_archive(&hasher, w->wallet->archive);
	hasher_end(&hasher, &hash);
	memcpy(digest->b, hash.b, sizeof(digest->b));
}

void world_summary(const struct world *w, struct summary *summary)
{
	*summary = (struct summary){0};
	for (size_t i = 0; i < uncia_wallet_outbox_count(w->wallet); i++) {
		struct uncia_payment_id id;
		if (summary->count == PAYMENTS_MAX || uncia_wallet_outbox(w->wallet, i, &id))
			abort();
		memcpy(summary->payments[summary->count].id.b, id.b, sizeof(id.b));
		summary->payments[summary->count].state = shown_state(w, &summary->payments[summary->count].id);
		summary->count++;
	}
}

/* UNKNOWN where it is not there. */
static enum uncia_payment_state state_in(const struct summary *summary, const struct payment_id *id)
{
	for (uint32_t i = 0; i < summary->count; i++)
		if (memcmp(&summary->payments[i].id, id, sizeof(*id)) == 0)
			return summary->payments[i].state;
	return UNCIA_PAYMENT_UNKNOWN;
}

bool summary_is_one_of(const struct summary *now, const struct summary *before, const struct summary *after)
{
	const struct summary *all[] = {now, before, after};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (uint32_t k = 0; k < all[i]->count; k++) {
			const struct payment_id *id = &all[i]->payments[k].id;
			enum uncia_payment_state state = state_in(now, id);
			if (state != state_in(before, id) && state != state_in(after, id))
				return false;
		}
	return true;
}

/* ---- once ---- */

void world_prepare(void)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct destination to;

	standin_signatures = true;
	fixture_init(&prepared.fixture, VALIDATORS, 1, BALANCE);
	fixture_account(0, &prepared.payee);
	to = (struct destination){.address = prepared.payee.address};
	destination_format(&to, prepared.payee_text);
	prepared.network = (struct uncia_network){.genesis = prepared.fixture.genesis, .endpoint_count = VALIDATORS};
	network_hold(&prepared.network);
	prepared.network.endpoints = must(calloc(VALIDATORS, sizeof(*prepared.network.endpoints)));
	for (uint32_t i = 0; i < VALIDATORS; i++)
		prepared.network.endpoints[i].validator = i;
	struct world *w = &prepared.home;
	*w = (struct world){.now_ms = START_MS};
	world_host(w);
	current = w;
	if (uncia_wallet_create(&w->host, WORDS, &options))
		abort();
	open_wallet(w); /* binds the home to the network */
	uncia_wallet_close(w->wallet);
	w->wallet = NULL;
}

void world_forget(void)
{
	current = &prepared.home;
	world_deinit(&prepared.home);
	free(prepared.network.endpoints);
	fixture_deinit(&prepared.fixture);
}
