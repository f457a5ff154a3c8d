/* See wallets.h. */
#include "wallets_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "message.pb-c.h"
#include "receipt.h"
#include "uncia/error.h"

#define UNIT WALLET_UNIT

uint64_t wallets_draw(struct wallets *w, uint64_t below)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (w->random >> 33) % below;
}

void wallets_keys(struct wallets *w)
{
	for (uint32_t i = 0; i < WALLET_ACCOUNTS; i++)
		fixture_account(i, &w->keys[i]);
}

void wallets_begin(struct wallets *w, struct checks *checks, uint64_t seed)
{
	w->checks = checks;
	w->network = checks->network;
	w->random = seed ^ UINT64_C(0x77616c6c657473);
}

void wallets_deinit(struct wallets *w)
{
	for (size_t i = 0; i < w->count; i++)
		payment_free(w->payments[i].payment);
}

/* ---- paying ---- */

static struct wallet_payment *of_id(struct wallets *w, const uint8_t *id)
{
	for (size_t i = 0; i < w->count; i++)
		if (memcmp(&w->payments[i].payment->id, id, sizeof(struct payment_id)) == 0)
			return &w->payments[i];
	return NULL;
}

struct wallet_payment *wallets_make(struct wallets *w, struct payment *draft, const struct fixture_key *key)
{
	struct payment *payment;

	if (w->count == WALLET_PAYMENTS_MAX)
		return NULL;
	draft->currency = CURRENCY_FIRST;
	if (key)
		be64_put(draft->nonce, ++w->nonce);
	if (payment_make(&network_fixture(w->network)->genesis.network_id, draft, key ? key->public_key : NULL,
	                 key ? key->secret_key : NULL, &payment))
		return NULL;
	struct wallet_payment *p = of_id(w, payment->id.b);
	if (p) {
		payment_free(payment);
		return p;
	}
	p = &w->payments[w->count++];
	*p = (struct wallet_payment){.payment = payment};
	model_watch(&w->checks->model, payment);
	return p;
}

/* As wallets_make, of a transfer without holds. */
static struct wallet_payment *pay(struct wallets *w, uint32_t from, const struct output *outputs, uint32_t count,
                                  uint32_t expires_at)
{
	struct payment draft = {
	    .sender = w->keys[from].address, .expires_at = expires_at, .output_count = count, .outputs = outputs};

	return wallets_make(w, &draft, &w->keys[from]);
}

void wallets_submit(struct wallets *w, uint32_t node, const struct payment *payment)
{
	if (network_up(w->network, node))
		network_submit(w->network, node, ++w->link, payment);
}

uint32_t wallets_any_node(struct wallets *w)
{
	return (uint32_t)wallets_draw(w, w->checks->nodes);
}

static amount_t balance(const struct wallets *w, uint32_t account)
{
	return w->checks->model.heights[w->checks->model.height_count - 1].accounts[account].balance;
}

static struct output output_to(struct wallets *w, amount_t amount)
{
	return (struct output){.to = w->keys[wallets_draw(w, MODEL_ACCOUNTS)].address, .amount = amount};
}

static void pay_one(struct wallets *w, uint32_t from, amount_t amount, uint32_t lifetime_s)
{
	struct output output = output_to(w, amount);
	struct wallet_payment *p = pay(w, from, &output, 1, network_now_s(w->network) + lifetime_s);

	if (!p)
		return;
	wallets_submit(w, wallets_any_node(w), p->payment);
	if (wallets_draw(w, 3) == 0) /* the same bytes to another at once */
		wallets_submit(w, wallets_any_node(w), p->payment);
}

static void pay_many(struct wallets *w, uint32_t from)
{
	struct output outputs[5];
	uint32_t count = 2 + (uint32_t)wallets_draw(w, 4);

	for (uint32_t i = 0; i < count; i++)
		outputs[i] = output_to(w, 1000 + wallets_draw(w, UNIT));
	struct wallet_payment *p = pay(w, from, outputs, count, network_now_s(w->network) + 60);
	if (p)
		wallets_submit(w, wallets_any_node(w), p->payment);
}

/* Two payments of nearly all there is, to two validators at once. */
static void pay_conflicting(struct wallets *w, uint32_t from)
{
	for (int i = 0; i < 2; i++)
		pay_one(w, from, balance(w, from) / 4 * 3 + 1000, 10);
}

/* The outputs' sum is beyond 64 bits; the library refuses that before it comes to the ledger. */
static void pay_beyond(struct wallets *w, uint32_t from)
{
	struct output outputs[2] = {output_to(w, UINT64_MAX - UNIT), output_to(w, UNIT + 5000)};
	struct wallet_payment *p = pay(w, from, outputs, 2, network_now_s(w->network) + 60);

	if (p)
		wallets_submit(w, wallets_any_node(w), p->payment);
}

/* A payment whose signature somebody has changed, to some; the true one to others, before or after. */
static void pay_forged(struct wallets *w, uint32_t from)
{
	struct output output = output_to(w, 1000 + wallets_draw(w, UNIT));
	struct wallet_payment *p = pay(w, from, &output, 1, network_now_s(w->network) + 60);

	if (!p)
		return;
	uint8_t *bytes = malloc(p->payment->size);
	if (!bytes)
		abort();
	memcpy(bytes, p->payment->bytes, p->payment->size);
	bytes[p->payment->size - 1 - wallets_draw(w, 64)] ^=
	    (uint8_t)(1 + wallets_draw(w, 255)); /* the signature comes last */
	struct payment forged = {.bytes = bytes, .size = p->payment->size};
	bool first = wallets_draw(w, 2);
	if (first)
		wallets_submit(w, wallets_any_node(w), p->payment);
	for (uint32_t node = 0; node < w->checks->nodes; node++)
		if (wallets_draw(w, 2))
			wallets_submit(w, node, &forged);
	if (!first && wallets_draw(w, 2))
		wallets_submit(w, wallets_any_node(w), p->payment);
	free(bytes);
}

static void pay_again(struct wallets *w)
{
	if (w->count)
		wallets_submit(w, wallets_any_node(w), w->payments[wallets_draw(w, w->count)].payment);
}

/* The newest few again, while they are on their way. */
static void pay_again_soon(struct wallets *w)
{
	for (size_t i = w->count > 3 ? w->count - 3 : 0; i < w->count; i++)
		for (uint32_t node = 0; node < w->checks->nodes; node++)
			if (wallets_draw(w, 2))
				wallets_submit(w, node, w->payments[i].payment);
}

static void ask(struct wallets *w)
{
	uint32_t node = wallets_any_node(w);

	if (!network_up(w->network, node))
		return;
	if (w->count && wallets_draw(w, 2))
		network_query_payment(w->network, node, ++w->link, &w->payments[wallets_draw(w, w->count)].payment->id);
	else
		network_query_account(w->network, node, ++w->link, &w->keys[wallets_draw(w, MODEL_ACCOUNTS)].address);
}

static void act_on_holds(struct wallets *w, uint32_t from)
{
	switch (wallets_draw(w, 4)) {
	case 0:
		wallets_open_hold(w, from);
		break;
	case 1:
		wallets_give_back(w);
		break;
	default:
		wallets_take(w);
	}
}

void wallets_act(struct wallets *w)
{
	uint32_t from = (uint32_t)wallets_draw(w, WALLET_ACCOUNTS);

	if (w->count >= WALLET_PAYMENTS_MAX - WALLET_PAYMENTS_KEPT) {
		ask(w);
		return;
	}
	if (wallets_draw(w, 4) == 0) {
		act_on_holds(w, from);
		return;
	}
	switch (wallets_draw(w, 16)) {
	case 0:
		pay_many(w, from);
		break;
	case 1:
		pay_conflicting(w, from);
		break;
	case 2:
		pay_forged(w, from);
		break;
	case 3:
		pay_beyond(w, from);
		break;
	case 4:
	case 5:
		pay_again(w);
		break;
	case 6:
		pay_again_soon(w);
		break;
	case 7:
	case 8:
		ask(w);
		break;
	case 9: /* all there is: the account goes */
		pay_one(w, from, balance(w, from) ? balance(w, from) : 1000, 60);
		break;
	case 10: /* leaves dust, or is dust */
		pay_one(w, from,
		        wallets_draw(w, 2) ? balance(w, from) - 1 - wallets_draw(w, 1000) : 1 + wallets_draw(w, 1000),
		        60);
		break;
	case 11: /* about to expire, expired, or too far ahead */
		pay_one(w, from, 1000 + wallets_draw(w, UNIT),
		        (uint32_t)(wallets_draw(w, 4) ? wallets_draw(w, 4) : 3598 + wallets_draw(w, 6)));
		break;
	default:
		pay_one(w, from, 1000 + wallets_draw(w, 10 * UNIT), 10 + (uint32_t)wallets_draw(w, 60));
	}
}

static uint32_t richest_of(const struct wallets *w)
{
	uint32_t richest = 0;

	for (uint32_t i = 1; i < WALLET_ACCOUNTS; i++)
		if (balance(w, i) > balance(w, richest))
			richest = i;
	return richest;
}

void wallets_give(struct wallets *w, uint32_t account, amount_t amount)
{
	struct output output = {.to = w->keys[account].address, .amount = amount};
	struct wallet_payment *p = pay(w, richest_of(w), &output, 1, network_now_s(w->network) + 60);

	if (p)
		wallets_submit(w, wallets_any_node(w), p->payment);
}

const struct wallet_payment *wallets_pay_surely(struct wallets *w, uint32_t node)
{
	uint32_t richest = richest_of(w);
	struct output output = output_to(w, 1000);
	struct wallet_payment *p = pay(w, richest, &output, 1, network_now_s(w->network) + 300);
	if (!p)
		checks_fail(w->checks, "there is no room for one more payment");
	wallets_submit(w, node, p->payment);
	return p;
}

/* ---- hearing ---- */

/* What a liar says need not verify; where it does, it must be true like anybody's. */
static bool is_liar(const struct wallets *w, uint32_t node)
{
	return node < w->checks->validators && w->checks->liar[node];
}

static void hear_receipt(struct wallets *w, uint32_t node, const struct bytes *bytes)
{
	const struct genesis *g = &network_fixture(w->network)->genesis;
	struct receipt receipt;

	if (receipt_verify(&g->committee, &g->network_id, bytes->data, bytes->size, &receipt)) {
		if (is_liar(w, node))
			return;
		checks_fail(w->checks, "node %u: a receipt that does not verify", node);
	}
	struct wallet_payment *p = of_id(w, receipt.payment->id.b);
	if (!p)
		checks_fail(w->checks, "node %u: a receipt of what nobody paid", node);
	if (p->told_final && (p->height != receipt.header.height || p->index != receipt.index ||
	                      memcmp(&p->block, &receipt.header.id, sizeof(p->block)) != 0))
		checks_fail(w->checks, "node %u: two receipts of a payment differ", node);
	p->told_final = true;
	p->height = receipt.header.height;
	p->index = receipt.index;
	p->block = receipt.header.id;
	payment_free(receipt.payment);
}

static void hear_expiry(struct wallets *w, uint32_t node, const Uncia__Pb__Expiry *expiry)
{
	const struct genesis *g = &network_fixture(w->network)->genesis;
	struct wallet_payment *p =
	    expiry->payment_id.len == sizeof(struct payment_id) ? of_id(w, expiry->payment_id.data) : NULL;
	struct hash digest;

	if (is_liar(w, node) && !p)
		return;
	if (!p || expiry->validator >= w->checks->validators || expiry->signature.len != SIGNATURE_SIZE)
		checks_fail(w->checks, "node %u: an expiry of what nobody asked", node);
	expiry_digest(&g->network_id, &p->payment->id, expiry->height, expiry->timestamp_ms, &digest);
	if (!sign_verify(g->committee.validators[expiry->validator].consensus_key, &digest, expiry->signature.data))
		checks_fail(w->checks, "node %u: an expiry with a bad signature", node);
	if (expiry->timestamp_ms / 1000 < p->payment->expires_at)
		checks_fail(w->checks, "node %u: an expiry before its time", node);
	p->told_by |= UINT64_C(1) << expiry->validator;
}

static void hear_account(struct wallets *w, uint32_t node, const Uncia__Pb__AccountProof *proof)
{
	const struct genesis *g = &network_fixture(w->network)->genesis;
	struct account_state state;
	uint8_t *bytes;
	size_t size, account;

	if (canonical_encode(&proof->base, &bytes, &size))
		abort();
	for (account = 0; account < MODEL_ACCOUNTS; account++)
		if (account_proof_verify(&g->committee, &g->network_id, &w->keys[account].address, bytes, size,
		                         &state) == 0)
			break;
	free(bytes);
	if (account == MODEL_ACCOUNTS && is_liar(w, node))
		return;
	if (account == MODEL_ACCOUNTS)
		checks_fail(w->checks, "node %u: the proof of an account does not verify", node);
	/* A proof rests on blocks that are final, but perhaps not durable anywhere yet: then there is nothing to
	 * compare. */
	if (state.height < w->checks->model.height_count &&
	    w->checks->model.heights[state.height].accounts[account].balance != state.entry.balance)
		checks_fail(w->checks, "node %u: a false balance of account %zu at height %llu", node, account,
		            (unsigned long long)state.height);
}

/* "No such account" has no proof: it is believed at weight F+1 (ledger §4), and then it must be true. */
static void hear_no_account(struct wallets *w, uint32_t node, const Uncia__Pb__NoAccount *none)
{
	uint32_t validator = node < w->checks->validators ? node : node - w->checks->validators;
	size_t account = 0;

	while (account < MODEL_ACCOUNTS && (none->address.len != ADDRESS_SIZE ||
	                                    memcmp(w->keys[account].address.b, none->address.data, ADDRESS_SIZE) != 0))
		account++;
	if (account == MODEL_ACCOUNTS)
		checks_fail(w->checks, "node %u: no account of an address that nobody asked for", node);
	w->absent[account].by |= UINT64_C(1) << validator;
	w->absent[account].heights[validator] = none->height;
}

/* Once the model has come so far. */
static void check_absent(struct wallets *w)
{
	const struct committee *committee = &network_fixture(w->network)->genesis.committee;
	const struct model *model = &w->checks->model;

	for (size_t a = 0; a < MODEL_ACCOUNTS; a++) {
		uint64_t weight = 0;
		for (uint32_t v = 0; v < committee->size; v++) {
			uint64_t height = w->absent[a].heights[v];
			if (!(w->absent[a].by >> v & 1) || height >= model->height_count ||
			    !model->heights[height].accounts[a].balance)
				continue;
			weight += committee->validators[v].weight;
			if (!w->checks->liar[v])
				checks_fail(w->checks, "validator %u: no account %zu at height %llu, where it is", v, a,
				            (unsigned long long)height);
		}
		if (weight > committee->faulty)
			checks_fail(w->checks, "a wallet believes that account %zu, which is there, is not", a);
		w->absent[a].by = 0;
	}
}

void wallets_hear(struct wallets *w)
{
	size_t count;
	const struct reply *replies = network_replies(w->network, &count);

	check_absent(w);
	for (; w->replies_seen < count; w->replies_seen++) {
		const struct reply *r = &replies[w->replies_seen];
		if (r->wallet >= WALLETS_STRANGERS)
			continue;
		checks_log(w->checks, r->message, r->size);
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, r->size, r->message);
		if (!reply)
			checks_fail(w->checks, "node %u: a reply that does not decode", r->node);
		if (w->checks->trace)
			printf("%8llu node %u answers wallet %llu: kind %d\n",
			       (unsigned long long)network_now(w->network), r->node, (unsigned long long)r->wallet,
			       (int)reply->kind_case);
		if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT) {
			struct bytes bytes = {reply->receipt.data, reply->receipt.len};
			hear_receipt(w, r->node, &bytes);
		} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_EXPIRY) {
			hear_expiry(w, r->node, reply->expiry);
		} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT) {
			hear_account(w, r->node, reply->account);
		} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT) {
			hear_no_account(w, r->node, reply->no_account);
		}
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
}

/* ---- in the end ---- */

void wallets_ask_final(struct wallets *w, uint32_t node, size_t count)
{
	struct replica_status status;

	network_status(w->network, node, &status);

	for (size_t i = 0; i < w->count && count; i++) {
		struct wallet_payment *p = &w->payments[i];
		p->asked = false;
		const struct model_payment *final = model_find(&w->checks->model, &p->payment->id);
		if (!final || final->height > status.final_height)
			continue;
		p->asked = true;
		p->told_final = false; /* what it said before must be said again; wallets_check has compared it */
		network_query_payment(w->network, node, ++w->link, &p->payment->id);
		count--;
	}
}

void wallets_check_answered(struct wallets *w, uint32_t node)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->payments[i].asked && !w->payments[i].told_final)
			checks_fail(w->checks, "node %u: no receipt of a payment that is final", node);
}

void wallets_check(struct wallets *w)
{
	const struct committee *committee = &network_fixture(w->network)->genesis.committee;
	const struct model *model = &w->checks->model;

	check_absent(w);
	for (size_t i = 0; i < w->count; i++) {
		const struct wallet_payment *p = &w->payments[i];
		const struct model_payment *final = model_find(model, &p->payment->id);
		uint64_t weight = 0;
		if (p->told_final && (!final || final->height != p->height || final->index != p->index ||
		                      memcmp(&model->heights[p->height].id, &p->block, sizeof(p->block)) != 0))
			checks_fail(w->checks, "a payment with a receipt is not final where it says");
		for (uint32_t v = 0; v < committee->size; v++)
			if (p->told_by >> v & 1 && final && !w->checks->byzantine[v])
				checks_fail(w->checks, "validator %u signed the expiry of a final payment", v);
			else if (p->told_by >> v & 1)
				weight += committee->validators[v].weight;
		if (final && weight > committee->faulty)
			checks_fail(w->checks, "a wallet believes that a final payment expired");
	}
}
