/* Payments as bytes: decoding with every check that needs neither ledger nor clock. Whether a payment
 * fits a ledger, and whether its signature holds, is decided elsewhere. */
#include "payment.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "hash_many.h"
#include "uncia/error.h"

#define OUTPUTS_OFFSET sizeof(struct payment)
static_assert(sizeof(struct payment) % _Alignof(struct output) == 0, "outputs follow the payment in its block");
static_assert(sizeof(struct output) % _Alignof(struct hold_opening) == 0, "holds follow the outputs");
static_assert(sizeof(struct hold_opening) % _Alignof(struct hold_reference) == 0, "a hold follows the holds");

#define HASHED_TOGETHER 32u
#define HASHED_BODY_MAX 480u /* bytes of a body, of payments that are hashed together */

/* ---- decoding ----
 * By hand, where all other messages are decoded by protobuf-c and encoded again to compare: no message is decoded
 * nearly as often. Every tag is one byte and every length but those of messages is fixed, so that little is left to get
 * wrong; encoding §2 holds because nothing else is taken: the fields in the order of their numbers, each once, none
 * that is empty or zero, all lengths and numbers in their shortest form, to the last byte. The fuzz target `payment`
 * holds it against protobuf-c. */

#define TAG_VARINT(number)  ((number) << 3)
#define TAG_BYTES(number)   ((number) << 3 | 2)
#define TAG_FIXED32(number) ((number) << 3 | 5)

struct reader {
	const uint8_t *at, *end;
};

static bool reader_done(const struct reader *r)
{
	return r->at == r->end;
}

static bool take_tag(struct reader *r, uint8_t tag)
{
	if (reader_done(r) || *r->at != tag)
		return false;
	r->at++;
	return true;
}

static bool take_varint(struct reader *r, uint64_t *value)
{
	uint64_t sum = 0;

	for (unsigned shift = 0; shift < 64 && !reader_done(r); shift += 7) {
		uint8_t byte = *r->at++;
		if (shift == 63 && byte > 1)
			return false; /* past 64 bits */
		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*value = sum;
		return byte != 0 || shift == 0; /* else a shorter form says the same */
	}
	return false;
}

/* A field of exactly `size` bytes, which is below 128. */
static bool take_bytes(struct reader *r, uint8_t tag, void *to, size_t size)
{
	if ((size_t)(r->end - r->at) < 2 + size || r->at[0] != tag || r->at[1] != size)
		return false;
	memcpy(to, r->at + 2, size);
	r->at += 2 + size;
	return true;
}

/* The same of a field that may be left out. */
static bool take_optional(struct reader *r, uint8_t tag, void *to, size_t size, bool *has)
{
	*has = !reader_done(r) && *r->at == tag;
	return !*has || take_bytes(r, tag, to, size);
}

static bool take_message(struct reader *r, uint8_t tag, struct reader *message)
{
	uint64_t size;

	if (!take_tag(r, tag) || !take_varint(r, &size) || size > (size_t)(r->end - r->at))
		return false;
	*message = (struct reader){r->at, r->at + size};
	r->at += size;
	return true;
}

/* A fixed32 that is not zero. */
static bool take_fixed32(struct reader *r, uint8_t tag, uint32_t *number)
{
	if ((size_t)(r->end - r->at) < 1 + sizeof(*number) || !take_tag(r, tag))
		return false;
	/* Fields of protobuf are the one thing here that begins with the low byte. */
	*number = (uint32_t)r->at[3] << 24 | (uint32_t)r->at[2] << 16 | (uint32_t)r->at[1] << 8 | r->at[0];
	r->at += sizeof(*number);
	return *number != 0;
}

static bool take_expires_at(struct reader *r, uint32_t *expires_at)
{
	return take_fixed32(r, TAG_FIXED32(2), expires_at);
}

/* Where the lists of a payment are: what they begin with has been counted. */
struct lists {
	struct reader outputs, holds;
};

/* Counts the messages of one tag that come next. */
static bool count_messages(struct reader *r, uint8_t tag, uint32_t *count)
{
	struct reader message;

	for (*count = 0; !reader_done(r) && *r->at == tag; ++*count)
		if (*count == PAYMENT_OUTPUTS_MAX || !take_message(r, tag, &message))
			return false;
	return true;
}

static bool read_currency(struct reader *r, uint8_t tag, struct payment *payment)
{
	uint64_t currency;

	payment->currency = CURRENCY_FIRST;
	return take_tag(r, tag) && take_varint(r, &currency) && currency == CURRENCY_FIRST;
}

/* ledger §3.1: 1..255 outputs and holds together. */
static bool read_transfer(struct reader r, struct payment *payment, struct lists *lists)
{
	if (!read_currency(&r, TAG_VARINT(1), payment))
		return false;
	lists->outputs = r;
	if (!count_messages(&r, TAG_BYTES(2), &payment->output_count))
		return false;
	lists->holds = r;
	if (!count_messages(&r, TAG_BYTES(3), &payment->hold_count) || !reader_done(&r))
		return false;
	uint32_t count = payment->output_count + payment->hold_count;
	return count > 0 && count <= PAYMENT_OUTPUTS_MAX;
}

static bool read_taking(struct reader r, struct payment *payment, struct hold_reference *hold, struct lists *lists)
{
	payment->kind = PAYMENT_TAKE;
	if (!take_bytes(&r, TAG_BYTES(1), hold->opening.b, sizeof(hold->opening.b)) ||
	    !take_bytes(&r, TAG_BYTES(2), hold->home.b, ADDRESS_SIZE) ||
	    !take_optional(&r, TAG_BYTES(3), hold->secret, SECRET_SIZE, &hold->has_secret))
		return false;
	if (!read_currency(&r, TAG_VARINT(4), payment))
		return false;
	lists->outputs = r;
	return count_messages(&r, TAG_BYTES(5), &payment->output_count) && payment->output_count > 0 && reader_done(&r);
}

/* Its amount is left in `total`. */
static bool read_giving_back(struct reader r, struct payment *payment, struct hold_reference *hold)
{
	payment->kind = PAYMENT_GIVE_BACK;
	payment->output_count = 1;
	if (!take_bytes(&r, TAG_BYTES(1), hold->home.b, ADDRESS_SIZE) ||
	    !take_bytes(&r, TAG_BYTES(2), hold->seal.b, HASH_SIZE) || !read_currency(&r, TAG_VARINT(3), payment))
		return false;
	if (reader_done(&r)) /* an amount of zero, which is left out */
		return true;
	return take_tag(&r, TAG_VARINT(4)) && take_varint(&r, &payment->total) && payment->total && reader_done(&r);
}

static bool read_operation(struct reader *r, struct payment *payment, struct hold_reference *hold, struct lists *lists)
{
	struct reader operation;

	if (reader_done(r))
		return false;
	switch (*r->at) {
	case TAG_BYTES(4):
		return take_message(r, TAG_BYTES(4), &operation) && read_transfer(operation, payment, lists);
	case TAG_BYTES(6):
		return take_message(r, TAG_BYTES(6), &operation) && read_taking(operation, payment, hold, lists);
	case TAG_BYTES(7):
		return take_message(r, TAG_BYTES(7), &operation) && read_giving_back(operation, payment, hold);
	default:
		return false;
	}
}

/* ledger §3.7: nothing in a give-back is free. */
static bool give_back_is_bare(const struct payment *payment)
{
	static const uint8_t zero[NONCE_SIZE];

	return !payment->has_memo_hash && memcmp(payment->nonce, zero, NONCE_SIZE) == 0 &&
	       payment->expires_at % GIVE_BACK_EXPIRES_S == 0;
}

/* ledger §3.7: the sender of a take or a give-back is the hold that it names. */
static bool hold_is_sender(const struct payment *payment, struct hold_reference *hold)
{
	struct address id;
	struct hash lock;

	if (payment->kind == PAYMENT_TAKE) {
		hold_lock(payment->public_key, hold->has_secret ? hold->secret : NULL, &lock);
		hold_seal(&hold->opening, &lock, &hold->seal);
	}
	hold_id(&hold->home, &hold->seal, &id);
	return address_equal(&id, &payment->sender);
}

/* All but the lists into `payment` and `hold`. *body: what is hashed and signed; *lists: where they are, counted. */
static bool read_envelope(struct reader r, struct payment *payment, struct hold_reference *hold, struct reader *body,
                          struct lists *lists)
{
	if (!take_message(&r, TAG_BYTES(1), body))
		return false;
	struct reader b = *body;
	if (!take_bytes(&b, TAG_BYTES(1), payment->sender.b, ADDRESS_SIZE) ||
	    !take_expires_at(&b, &payment->expires_at) || !take_bytes(&b, TAG_BYTES(3), payment->nonce, NONCE_SIZE))
		return false;
	/* The memo's hash has number 5: it stands between a transfer and the other operations. */
	bool transfer = !reader_done(&b) && *b.at == TAG_BYTES(4);
	if (transfer && !read_operation(&b, payment, hold, lists))
		return false;
	if (!take_optional(&b, TAG_BYTES(5), payment->memo_hash, MEMO_HASH_SIZE, &payment->has_memo_hash))
		return false;
	if ((!transfer && !read_operation(&b, payment, hold, lists)) || !reader_done(&b))
		return false;
	if (payment_is_signed(payment)) {
		if (!take_bytes(&r, TAG_BYTES(2), payment->public_key, PUBLIC_KEY_SIZE) ||
		    !take_bytes(&r, TAG_BYTES(3), payment->signature, SIGNATURE_SIZE))
			return false;
	} else if (!give_back_is_bare(payment)) {
		return false;
	}
	return reader_done(&r) && (payment->kind == PAYMENT_TRANSFER || hold_is_sender(payment, hold));
}

static bool read_output(struct reader r, struct output *output)
{
	if (!take_bytes(&r, TAG_BYTES(1), output->to.b, ADDRESS_SIZE) ||
	    !take_optional(&r, TAG_BYTES(2), output->reference, REFERENCE_SIZE, &output->has_reference))
		return false;
	if (reader_done(&r)) /* an amount of zero, which is left out */
		return true;
	return take_tag(&r, TAG_VARINT(3)) && take_varint(&r, &output->amount) && output->amount && reader_done(&r);
}

/* UNCIA_E_AMOUNT where nothing else is wrong. */
static int read_outputs(struct reader r, struct payment *payment, struct output *outputs)
{
	const uint8_t tag = payment->kind == PAYMENT_TAKE ? TAG_BYTES(5) : TAG_BYTES(2);
	struct reader message;
	int rc = 0;

	for (uint32_t i = 0; i < payment->output_count; i++) {
		if (!take_message(&r, tag, &message) || !read_output(message, &outputs[i]))
			return UNCIA_E_ENCODING;
		if (outputs[i].amount == 0 || !amount_add(payment->total, outputs[i].amount, &payment->total))
			rc = UNCIA_E_AMOUNT;
	}
	return rc;
}

/* The home that is the sender's is left out, and the sender written out is refused: one encoding. */
static bool read_hold(struct reader r, const struct payment *payment, struct hold_opening *hold)
{
	if (!take_bytes(&r, TAG_BYTES(1), hold->lock.b, HASH_SIZE) ||
	    !take_optional(&r, TAG_BYTES(2), hold->home.b, ADDRESS_SIZE, &hold->has_home))
		return false;
	if (!hold->has_home)
		hold->home = payment->sender;
	else if (address_equal(&hold->home, &payment->sender))
		return false;
	/* A give-back expires after the end, by an hour at most: that must be a u32, too. */
	if (!take_fixed32(&r, TAG_FIXED32(3), &hold->end) || hold->end > HOLD_END_MAX)
		return false;
	if (reader_done(&r)) /* an amount of zero, which is left out */
		return true;
	return take_tag(&r, TAG_VARINT(4)) && take_varint(&r, &hold->amount) && hold->amount && reader_done(&r);
}

static int compare_holds(const void *a, const void *b)
{
	const struct hold_opening *x = *(const struct hold_opening *const *)a;
	const struct hold_opening *y = *(const struct hold_opening *const *)b;
	int order = memcmp(&x->lock, &y->lock, sizeof(x->lock));

	return order ? order : memcmp(&x->home, &y->home, sizeof(x->home));
}

/* ledger §3.7: a payment opens one home and lock once, or its holds would be one. */
static bool holds_differ(const struct hold_opening *holds, uint32_t count)
{
	const struct hold_opening *sorted[PAYMENT_OUTPUTS_MAX];

	assert(count <= PAYMENT_OUTPUTS_MAX);
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &holds[i];
	qsort(sorted, count, sizeof(struct hold_opening *), compare_holds);
	for (uint32_t i = 1; i < count; i++)
		if (compare_holds(&sorted[i - 1], &sorted[i]) == 0)
			return false;
	return true;
}

/* As read_outputs. */
static int read_holds(struct reader r, struct payment *payment, struct hold_opening *holds)
{
	struct reader message;
	int rc = 0;

	for (uint32_t i = 0; i < payment->hold_count; i++) {
		if (!take_message(&r, TAG_BYTES(3), &message) || !read_hold(message, payment, &holds[i]))
			return UNCIA_E_ENCODING;
		if (holds[i].amount == 0 || !amount_add(payment->total, holds[i].amount, &payment->total))
			rc = UNCIA_E_AMOUNT;
	}
	return holds_differ(holds, payment->hold_count) ? rc : UNCIA_E_ENCODING;
}

bool payment_peek(const void *bytes, size_t size, struct address *sender, uint32_t *expires_at)
{
	struct reader r = {bytes, (const uint8_t *)bytes + size}, body;

	return take_message(&r, TAG_BYTES(1), &body) && take_bytes(&body, TAG_BYTES(1), sender->b, ADDRESS_SIZE) &&
	       take_expires_at(&body, expires_at);
}

int payment_decode(const struct hash *network_id, const void *bytes, size_t size, struct payment **payment)
{
	return payment_decode_at(NULL, network_id, bytes, size, payment);
}

/* The block of memory of a payment: the struct, its outputs, its holds, the hold that it empties, its bytes. */
struct layout {
	size_t holds, hold, bytes, size; /* where each begins, after the outputs; and where all ends */
};

static struct layout layout_of(const struct payment *payment, size_t size)
{
	struct layout at = {.holds = OUTPUTS_OFFSET + payment->output_count * sizeof(struct output)};

	at.hold = at.holds + payment->hold_count * sizeof(struct hold_opening);
	at.bytes = at.hold + (payment->kind == PAYMENT_TRANSFER ? 0 : sizeof(struct hold_reference));
	at.size = at.bytes + size;
	return at;
}

/* The lists, where there is room for them. Returns as payment_decode. */
static int read_lists(struct payment *payment, const struct lists *lists, struct output *outputs,
                      struct hold_opening *holds)
{
	if (payment->kind == PAYMENT_GIVE_BACK) {
		outputs[0] = (struct output){.to = payment->hold->home, .amount = payment->total};
		return payment->total ? 0 : UNCIA_E_AMOUNT;
	}
	int output_error = read_outputs(lists->outputs, payment, outputs);
	if (output_error == UNCIA_E_ENCODING)
		return output_error;
	int hold_error = payment->hold_count ? read_holds(lists->holds, payment, holds) : 0;
	return hold_error ? hold_error : output_error;
}

int payment_parse(struct slab *home, const void *bytes, size_t size, struct payment **payment)
{
	struct payment read = {.references = 1, .size = (uint32_t)size};
	struct hold_reference hold = {.has_secret = false};
	struct reader body;
	struct lists lists = {.outputs = {NULL, NULL}};

	if (size > PAYMENT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	if (size == 0 ||
	    !read_envelope((struct reader){bytes, (const uint8_t *)bytes + size}, &read, &hold, &body, &lists))
		return UNCIA_E_ENCODING;
	const struct layout at = layout_of(&read, size);
	read.home = home && at.size <= home->size ? home : NULL;
	uint8_t *memory = read.home ? slab_alloc(home) : malloc(at.size);
	if (!memory)
		return UNCIA_E_MEMORY;
	struct payment *p = (struct payment *)memory;
	struct output *outputs = (struct output *)(memory + OUTPUTS_OFFSET);
	struct hold_opening *holds = (struct hold_opening *)(memory + at.holds);
	*p = read;
	memset(outputs, 0, at.bytes - OUTPUTS_OFFSET);
	p->outputs = outputs;
	p->holds = p->hold_count ? holds : NULL;
	if (p->kind != PAYMENT_TRANSFER)
		p->hold = memcpy(memory + at.hold, &hold, sizeof(hold));
	int rc = read_lists(p, &lists, outputs, holds);
	if (rc) {
		payment_free(p);
		return rc; /* NOLINT(clang-analyzer-*): that was the one reference */
	}
	p->bytes = memcpy(memory + at.bytes, bytes, size);
	*payment = p;
	return 0;
}

/* Takes part of what is hashed: the id, and what follows from it. */
static void payment_named_by(struct payment *payment, const struct hash *hash)
{
	struct hold_opening *holds = (struct hold_opening *)(uintptr_t)payment->holds;

	be32_put(payment->id.b, payment->expires_at);
	memcpy(payment->id.b + 4, hash->b, sizeof(payment->id.b) - 4);
	for (uint32_t i = 0; i < payment->hold_count; i++) {
		hold_seal(&payment->id, &holds[i].lock, &holds[i].seal);
		hold_id(&holds[i].home, &holds[i].seal, &holds[i].id);
	}
}

/* Its body: what is hashed and signed. */
static struct reader payment_body(const struct payment *payment)
{
	struct reader r = {payment->bytes, payment->bytes + payment->size}, body = {NULL, NULL};
	bool there = take_message(&r, TAG_BYTES(1), &body);

	assert(there);
	(void)there;
	return body;
}

/* encoding §1: id = expires_at ‖ 28 bytes of the body's hash; the payer signs the same input under another tag; the
 * verdict on the signature is remembered under the hash of all the bytes. */
static void payment_hash(struct payment *payment, const struct hash *network_id)
{
	struct reader body = payment_body(payment);
	size_t size = (size_t)(body.end - body.at);
	struct hash hash;

	hash2(HASH_PAYMENT, network_id->b, HASH_SIZE, body.at, size, &hash);
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, body.at, size, &payment->digest);
	hash1(HASH_PAYMENT_WHOLE, payment->bytes, payment->size, &payment->whole);
	payment_named_by(payment, &hash);
}

/* The same of payments whose bytes and bodies are of one size: nearly all are. */
static void payments_hash_alike(const struct hash *network_id, struct payment *const *payments, size_t count)
{
	uint8_t bodies[HASHED_TOGETHER][HASHED_BODY_MAX + HASH_SIZE];
	const uint8_t *inputs[HASHED_TOGETHER] = {NULL}, *wholes[HASHED_TOGETHER] = {NULL};
	struct hash hashes[HASHED_TOGETHER], *out[HASHED_TOGETHER] = {NULL};
	struct hash *digests[HASHED_TOGETHER] = {NULL}, *whole[HASHED_TOGETHER] = {NULL};
	size_t size = 0;

	assert(count > 0 && count <= HASHED_TOGETHER);
	for (size_t i = 0; i < count; i++) {
		struct reader body = payment_body(payments[i]);
		size = (size_t)(body.end - body.at);
		memcpy(bodies[i], network_id->b, HASH_SIZE);
		memcpy(bodies[i] + HASH_SIZE, body.at, size);
		inputs[i] = bodies[i];
		out[i] = &hashes[i];
		digests[i] = &payments[i]->digest;
		wholes[i] = payments[i]->bytes;
		whole[i] = &payments[i]->whole;
	}
	hash_many(HASH_PAYMENT, inputs, HASH_SIZE + size, count, out);
	hash_many(HASH_PAYMENT_SIGN, inputs, HASH_SIZE + size, count, digests);
	hash_many(HASH_PAYMENT_WHOLE, wholes, payments[0]->size, count, whole);
	for (size_t i = 0; i < count; i++)
		payment_named_by(payments[i], &hashes[i]);
}

static bool hashed_alike(const struct payment *a, const struct payment *b)
{
	struct reader x = payment_body(a), y = payment_body(b);
	size_t size = (size_t)(x.end - x.at);

	return a->size == b->size && size == (size_t)(y.end - y.at) && size <= HASHED_BODY_MAX;
}

void payments_hash(const struct hash *network_id, struct payment *const *payments, size_t count)
{
	for (size_t i = 0, alike; i < count; i += alike) {
		alike = 1;
		while (alike < HASHED_TOGETHER && i + alike < count && hashed_alike(payments[i], payments[i + alike]))
			alike++;
		if (alike > 1)
			payments_hash_alike(network_id, &payments[i], alike);
		else
			payment_hash(payments[i], network_id);
	}
}

int payment_decode_at(struct slab *home, const struct hash *network_id, const void *bytes, size_t size,
                      struct payment **payment)
{
	int rc = payment_parse(home, bytes, size, payment);

	if (rc == 0)
		payment_hash(*payment, network_id);
	return rc;
}

struct payment *payment_ref(struct payment *payment)
{
	assert(payment->references > 0 && payment->references < UINT32_MAX);
	payment->references++;
	return payment;
}

void payment_free(struct payment *payment)
{
	if (!payment)
		return;
	assert(payment->references > 0);
	if (--payment->references)
		return;
	if (payment->home)
		slab_free(payment->home, payment);
	else
		free(payment);
}

bool payment_signature_valid(const struct payment *payment)
{
	return !payment_is_signed(payment) || sign_verify(payment->public_key, &payment->digest, payment->signature);
}

bool payment_named(const struct payment *payment, uint32_t i, struct entry_id *id)
{
	const uint32_t outputs = payment->output_count;
	struct entry_id named;

	if (i == 0)
		named =
		    (struct entry_id){payment->kind == PAYMENT_TRANSFER ? ENTRY_ACCOUNT : ENTRY_HOLD, payment->sender};
	else if (i <= outputs)
		named = account_id(&payment->outputs[i - 1].to);
	else if (i - outputs <= payment->hold_count)
		named = (struct entry_id){ENTRY_HOLD, payment->holds[i - outputs - 1].id};
	else
		return false;
	if (id)
		*id = named;
	return true;
}

bool payment_touches_account(const struct payment *payment, const struct address *address)
{
	const struct entry_id id = account_id(address);

	return payment_touches(payment, &id, NULL);
}

bool payment_touches(const struct payment *payment, const struct entry_id *id, uint32_t *first)
{
	struct entry_id named;

	for (uint32_t i = 0; payment_named(payment, i, &named); i++) {
		if (!entry_id_equal(&named, id))
			continue;
		if (first)
			*first = i;
		return true;
	}
	return false;
}
