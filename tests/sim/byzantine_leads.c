/* What a lying leader proposes instead of the block that its own honest core made: two faces, a block that breaks a
 * rule, or the block to some only; and the bodies of what it made up, to who asks. See byzantine.h. */
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "byzantine.h"

#define MONTH_MS UINT64_C(2592000000)

struct body { /* a block that is being made up */
	struct header header;
	struct payment *payments[256]; /* held */
	uint32_t count;
};

static const struct fixture *fixture(const struct byzantine *b)
{
	return network_fixture(b->network);
}

/* ---- payments ---- */

/* The payments of the honest core's own block, by their short ids. */
static bool resolve(struct byzantine *b, const struct header *header, const Uncia__Pb__Propose *own, struct body *body)
{
	uint64_t held = b->payment_count < 8 * LIAR_MEMORY ? b->payment_count : 8 * LIAR_MEMORY;
	struct hash key;

	body->header = *header;
	body->count = 0;
	if (header->payment_count > 200)
		return false;
	hash1(HASH_SHORT_ID, header->id.b, HASH_SIZE, &key);
	for (uint32_t i = 0; i < header->payment_count; i++) {
		uint64_t k = 0, wanted = be64_get(own->short_ids.data + 8 * (size_t)i);
		while (k < held && siphash(key.b, &b->payments[k]->whole, HASH_SIZE) != wanted)
			k++;
		if (k == held) {
			while (body->count)
				payment_free(body->payments[--body->count]);
			return false;
		}
		body->payments[body->count++] = payment_ref(b->payments[k]);
	}
	return true;
}

static void add_payment(struct body *body, struct payment *payment)
{
	body->payments[body->count++] = payment;
}

static struct payment *heard_payment(struct byzantine *b)
{
	uint64_t held = b->payment_count < 8 * LIAR_MEMORY ? b->payment_count : 8 * LIAR_MEMORY;

	return held ? payment_ref(b->payments[byzantine_random(b, held)]) : NULL;
}

/* A payment of the final chain, as it went round. */
static struct payment *final_payment(struct byzantine *b)
{
	uint64_t held = b->payment_count < 8 * LIAR_MEMORY ? b->payment_count : 8 * LIAR_MEMORY;

	for (uint64_t i = 0; i < held; i++)
		if (model_find(&b->checks->model, &b->payments[i]->id))
			return payment_ref(b->payments[i]);
	return NULL;
}

static struct payment *made_payment(struct byzantine *b, enum bad bad)
{
	const struct fixture *f = fixture(b);
	uint32_t now_s = network_now_s(b->network), from = (uint32_t)byzantine_random(b, MODEL_ACCOUNTS / 2);
	struct fixture_key payer, other;
	struct payment *payment;

	fixture_account(from, &payer);
	fixture_account(from + 1, &other);
	struct output output = {.to = other.address, .amount = bad == BAD_FUNDS ? f->genesis.supply + 1 : 1000};
	struct payment draft = {.sender = payer.address,
	                        .expires_at = bad == BAD_EXPIRED ? now_s - 100000 : now_s + 60,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = 1,
	                        .outputs = &output};
	be64_put(draft.nonce, byzantine_random(b, UINT64_C(1) << 31));
	draft.nonce[15] = 77; /* no wallet's */
	const struct fixture_key *key = bad == BAD_PAYER ? &other : &payer;
	if (payment_make(&f->genesis.network_id, &draft, key->public_key, key->secret_key, &payment))
		abort();
	if (bad != BAD_SIGNATURE)
		return payment;
	struct payment *forged;
	uint8_t bytes[PAYMENT_SIZE_MAX];
	uint32_t size = payment->size;
	memcpy(bytes, payment->bytes, size);
	bytes[size - 1 - byzantine_random(b, SIGNATURE_SIZE)] ^= 1;
	payment_free(payment);
	if (payment_decode(&f->genesis.network_id, bytes, size, &forged))
		abort();
	return forged;
}

/* ---- blocks ---- */

/* Header, names and body of what `body` lists; *short_ids is the caller's. */
static void finish(struct byzantine *b, struct body *body, enum bad bad, uint8_t **short_ids)
{
	struct header *h = &body->header;

	h->payment_count = body->count;
	if (bad != BAD_ROOT)
		fixture_payments_root(body->payments, body->count, &h->payments_root);
	if (header_encode(h))
		abort();
	byzantine_keep_header(b, h);
	*short_ids = forge_short_ids(&h->id, body->payments, body->count);
	uint64_t at = b->body_count++ % LIAR_MEMORY;
	free(b->bodies[at].bytes);
	b->body_ids[at] = h->id;
	if (block_encode(h, body->payments, body->count, &b->bodies[at].bytes, &b->bodies[at].size))
		abort();
	while (body->count)
		payment_free(body->payments[--body->count]);
}

static void propose(struct byzantine *b, struct liar *liar, uint32_t nodes, const struct header *header,
                    const uint8_t *short_ids, const Uncia__Pb__Propose *own)
{
	struct vote vote;

	fixture_vote(fixture(b), VOTE_NOTAR1, header->view, &header->id, liar->self, &vote);
	checks_vote(b->checks, &vote);
	byzantine_spread(b, liar, nodes, forge_propose(fixture(b), header, short_ids, own));
}

/* Two blocks in one view, each to a part; and both votes to all, where it is not to go unseen. */
static void two_faces(struct byzantine *b, struct liar *liar, const struct header *header,
                      const Uncia__Pb__Propose *own)
{
	uint32_t part = (uint32_t)byzantine_random(b, 1u << b->checks->nodes);
	struct body body;
	uint8_t *short_ids;

	if (!resolve(b, header, own, &body))
		return;
	body.header.timestamp_ms++;
	finish(b, &body, BADS, &short_ids);
	byzantine_trace(b, liar, "two blocks in view %llu, nodes %x get the other", (unsigned long long)header->view,
	                part);
	b->withheld_from |= part;
	propose(b, liar, part, &body.header, short_ids, own);
	free(short_ids);
	if (byzantine_random(b, 2)) {
		byzantine_vote(b, liar, UINT32_MAX, VOTE_NOTAR1, header->view, &header->id);
		byzantine_vote(b, liar, UINT32_MAX, VOTE_NOTAR1, header->view, &body.header.id);
	}
	b->two_faced++;
}

static bool break_header(struct byzantine *b, struct header *h, enum bad bad)
{
	const struct header *parent = byzantine_find(b, &h->parent_id);

	switch (bad) {
	case BAD_STATE_ROOT:
		h->parent_state_root.b[byzantine_random(b, HASH_SIZE)] ^= 1;
		return true;
	case BAD_TIME_PAST:
		h->timestamp_ms = parent ? parent->timestamp_ms : 1;
		return true;
	case BAD_TIME_FUTURE:
		h->timestamp_ms += MONTH_MS;
		return true;
	case BAD_PARENT:
		h->parent_id = fixture_hash(byzantine_random(b, 1000));
		return true;
	case BAD_HEIGHT:
		h->height += byzantine_random(b, 2) ? 1 : UINT64_C(1) << 40;
		return true;
	case BAD_ROOT:
		h->payments_root.b[0] ^= 1;
		return true;
	case BAD_SKIPPED:
		if (!parent || parent->height < 1)
			return false;
		h->parent_id = parent->parent_id;
		h->parent_state_root = parent->parent_state_root;
		h->height = parent->height;
		return true;
	default:
		return true;
	}
}

static bool break_payments(struct byzantine *b, struct body *body, enum bad bad)
{
	struct payment *payment = NULL;

	switch (bad) {
	case BAD_PAID_TWICE:
		payment =
		    body->count ? payment_ref(body->payments[byzantine_random(b, body->count)]) : heard_payment(b);
		if (payment && !body->count)
			add_payment(body, payment_ref(payment));
		break;
	case BAD_PAID_BEFORE:
		payment = final_payment(b);
		break;
	case BAD_EXPIRED:
	case BAD_FUNDS:
	case BAD_SIGNATURE:
	case BAD_PAYER:
		payment = made_payment(b, bad);
		break;
	default:
		return true;
	}
	if (payment)
		add_payment(body, payment);
	return payment != NULL;
}

/* The honest core's block with wrong names, of payments that all hold: it must be fetched whole, however often that is
 * said. */
static bool wrong_names(struct byzantine *b, struct liar *liar, const struct header *header,
                        const Uncia__Pb__Propose *own)
{
	size_t size = 8 * (size_t)header->payment_count;
	uint8_t *names = malloc(size + 1);

	if (!names)
		abort();
	byzantine_trace(b, liar, "wrong names for its block in view %llu", (unsigned long long)header->view);
	for (size_t i = 0; i < size; i += 8)
		memcpy(names + i, own->short_ids.data, 8);
	for (int times = 0; times < 3; times++)
		byzantine_spread(b, liar, UINT32_MAX, forge_propose(fixture(b), header, names, own));
	free(names);
	return header->payment_count > 1;
}

bool byzantine_propose_bad(struct byzantine *b, struct liar *liar, enum bad bad, const struct header *header,
                           const Uncia__Pb__Propose *own)
{
	struct body body;
	uint8_t *short_ids;

	if (bad == BAD_NAMES)
		return wrong_names(b, liar, header, own);
	if (!resolve(b, header, own, &body))
		return false;
	if (!break_header(b, &body.header, bad) || !break_payments(b, &body, bad)) {
		while (body.count)
			payment_free(body.payments[--body.count]);
		return false;
	}
	finish(b, &body, bad, &short_ids);
	if (bad <= BAD_LAST)
		checks_bad_block(b->checks, &body.header.id);
	b->bad[b->bad_count++ % LIAR_MEMORY] =
	    (struct said){.self = liar->self, .view = header->view, .bad = bad, .id = body.header.id};
	byzantine_trace(b, liar, "a bad block (%d) in view %llu", (int)bad, (unsigned long long)header->view);
	propose(b, liar, UINT32_MAX, &body.header, short_ids, own);
	free(short_ids);
	return true;
}

void byzantine_lead(struct byzantine *b, struct liar *liar, const struct header *header, const Uncia__Pb__Propose *own)
{
	uint64_t which = byzantine_random(b, 3);

	/* What it can do as a leader by turns, the kinds of bad blocks each in its own. */
	if (liar->scripts & FAULT_BAD_BLOCKS && which == 0) {
		if (byzantine_propose_bad(b, liar, (enum bad)(liar->bad_turn++ % BADS), header, own))
			b->withheld_from = UINT32_MAX;
	} else if (liar->scripts & FAULT_EQUIVOCATE && which == 1) {
		two_faces(b, liar, header, own);
	} else if (liar->scripts & FAULT_SOME_ONLY && which == 2) {
		b->withheld_from |= (uint32_t)byzantine_random(b, 1u << b->checks->nodes);
		byzantine_trace(b, liar, "its block in view %llu not to nodes %x", (unsigned long long)header->view,
		                b->withheld_from);
		b->hidden[b->hidden_count++ % LIAR_MEMORY] = header->id;
	}
}

/* The body of what it made up; now and then another one in its place, or with another's payments under its header. */
void byzantine_serve(struct byzantine *b, struct liar *liar, uint32_t node, const struct hash *id)
{
	uint64_t held = b->body_count < LIAR_MEMORY ? b->body_count : LIAR_MEMORY, at = 0;

	while (at < held && memcmp(&b->body_ids[at], id, sizeof(*id)) != 0)
		at++;
	if (at == held || (liar->scripts & FAULT_WITHHOLD && byzantine_random(b, 2)))
		return;
	if (liar->scripts & FAULT_FALSE_ANSWERS && byzantine_random(b, 4) == 0)
		at = byzantine_random(b, held);
	byzantine_send(b, liar, node, forge_block_reply(b->bodies[at].bytes, b->bodies[at].size, NULL, 0));
}
