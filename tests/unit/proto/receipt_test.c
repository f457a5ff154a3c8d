/* Receipts and account proofs: what is made verifies, and nothing else does. */
#include "receipt.h"
#include "canonical.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "old_texts.h"
#include "torsion.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f;
#define NETWORK     (&f.genesis.network_id)
#define COMMITTEE   (&f.genesis.committee)
#define EXPIRY      (FIXTURE_TIME_S + 60)
#define DESCENDANTS 3
#define PROOF(descendants, count, certificate)                                                                         \
	(&(struct receipt_proof){(descendants), (count), {(certificate)->bytes, (certificate)->size}})

/* A block with payments at height 1, a chain of headers upon it, and certificates for the block and the last of them.
 */
struct chain {
	struct block *block;
	struct header headers[DESCENDANTS];
	const struct header *descendants[DESCENDANTS];
	struct certificate *direct, *through;
};

static void chain_init(struct chain *chain, uint32_t count)
{
	struct payment *payments[64];
	for (uint32_t i = 0; i < count; i++)
		payments[i] = fixture_payment(&f, 0, 1, 5000 + i, EXPIRY, i);
	struct hash root = fixture_hash(1);
	chain->block = fixture_block(&f, NULL, 3, payments, count, &root);
	const struct header *parent = &chain->block->header;
	for (uint32_t i = 0; i < DESCENDANTS; i++) {
		fixture_header(&f, parent, 5 + 2 * i, NULL, 0, &root, &chain->headers[i]);
		chain->descendants[i] = parent = &chain->headers[i];
	}
	chain->direct = fixture_certificate(&f, CERT_FF, 3, &chain->block->header.id, 4);
	chain->through = fixture_certificate(&f, CERT_SF, parent->view, &parent->id, 3);
}

static void chain_deinit(struct chain *chain)
{
	block_free(chain->block);
	free(chain->direct);
	free(chain->through);
}

static void make(const struct chain *chain, uint32_t index, uint32_t descendants, uint8_t **bytes, size_t *size)
{
	const struct certificate *certificate = descendants ? chain->through : chain->direct;
	ck_assert_int_eq(
	    receipt_make(chain->block, index, PROOF(chain->descendants, descendants, certificate), bytes, size), 0);
}

static int verify(const void *bytes, size_t size)
{
	struct receipt receipt;
	int rc = receipt_verify(COMMITTEE, NETWORK, bytes, size, &receipt);
	if (rc == 0)
		payment_free(receipt.payment);
	return rc;
}

START_TEST(receipt_of_every_payment_verifies)
{
	for (uint32_t count = 1; count < 20; count++) {
		struct chain chain;
		chain_init(&chain, count);
		for (uint32_t i = 0; i < count; i++) {
			uint8_t *bytes;
			size_t size;
			struct receipt receipt;
			make(&chain, i, i % 2 ? DESCENDANTS : 0, &bytes, &size);
			ck_assert_int_eq(receipt_verify(COMMITTEE, NETWORK, bytes, size, &receipt), 0);
			ck_assert_mem_eq(receipt.payment->id.b, chain.block->payments[i]->id.b, 32);
			ck_assert_mem_eq(receipt.header.id.b, chain.block->header.id.b, HASH_SIZE);
			ck_assert_uint_eq(receipt.index, i);
			payment_free(receipt.payment);
			free(bytes);
		}
		chain_deinit(&chain);
	}
}
END_TEST

static void refuse_flips(uint32_t count, uint32_t index, uint32_t descendants)
{
	struct chain chain;
	uint8_t *bytes;
	size_t size;
	chain_init(&chain, count);
	make(&chain, index, descendants, &bytes, &size);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int rc = verify(bytes, size);
		ck_assert_msg(rc == UNCIA_E_ENCODING || rc == UNCIA_E_PROOF || rc == UNCIA_E_SIGNATURE ||
		                  rc == UNCIA_E_LIMIT,
		              "bit %zu of %zu: %d", bit, size * 8, rc);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(verify(bytes, size), 0);
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_ne(verify(bytes, cut), 0);
	free(bytes);
	chain_deinit(&chain);
}

START_TEST(receipts_and_proofs_past_the_limit_are_refused_unread)
{
	static uint8_t bytes[RECEIPT_SIZE_MAX + 1];
	struct receipt receipt;
	struct account_state state;
	struct address address = {{0}};
	char *text;
	ck_assert_int_eq(receipt_verify(COMMITTEE, NETWORK, bytes, sizeof(bytes), &receipt), UNCIA_E_LIMIT);
	ck_assert_int_eq(receipt_verify(COMMITTEE, NETWORK, bytes, sizeof(bytes) - 1, &receipt), UNCIA_E_ENCODING);
	ck_assert_int_eq(account_proof_verify(COMMITTEE, NETWORK, &address, bytes, sizeof(bytes), &state),
	                 UNCIA_E_LIMIT);
	ck_assert_int_eq(account_proof_verify(COMMITTEE, NETWORK, &address, bytes, sizeof(bytes) - 1, &state),
	                 UNCIA_E_ENCODING);
	ck_assert_int_eq(receipt_format(NETWORK, bytes, sizeof(bytes), &text), UNCIA_E_LIMIT);
}
END_TEST

/* By hashes alone, whatever was changed is told from a receipt that lacks signatures: but in the certificate, where
 * only these and what they cover are. */
START_TEST(receipts_that_were_changed_are_told_from_those_that_nobody_signed)
{
	struct chain chain;
	uint8_t *bytes;
	size_t size, unsigned_bits = 0;
	chain_init(&chain, 5);
	make(&chain, 2, DESCENDANTS, &bytes, &size);
	Uncia__Pb__Receipt *pb = uncia__pb__receipt__unpack(NULL, size, bytes);
	size_t certificate = size - pb->certificate.len;
	uncia__pb__receipt__free_unpacked(pb, NULL);
	ck_assert_int_eq(receipt_examine(COMMITTEE, NETWORK, bytes, size), 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int kind = receipt_examine(COMMITTEE, NETWORK, bytes, size);
		ck_assert_msg(kind == UNCIA_E_CHANGED || (kind == 0 && bit / 8 >= certificate), "bit %zu: %d", bit,
		              kind);
		unsigned_bits += kind == 0;
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_gt(unsigned_bits, 64 * 8);
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_eq(receipt_examine(COMMITTEE, NETWORK, bytes, cut), UNCIA_E_CHANGED);
	struct committee next;
	struct hash other = fixture_hash(7);
	ck_assert_int_eq(
	    committee_init(&next, 1, COMMITTEE->validators, COMMITTEE->size, COMMITTEE->faulty, COMMITTEE->slow), 0);
	ck_assert_int_eq(receipt_examine(&next, NETWORK, bytes, size), UNCIA_E_NETWORK);
	ck_assert_int_eq(receipt_examine(COMMITTEE, &other, bytes, size), UNCIA_E_CHANGED);
	ck_assert_int_eq(receipt_examine(COMMITTEE, NETWORK, bytes, RECEIPT_SIZE_MAX + 1), UNCIA_E_LIMIT);
	free(bytes);
	chain_deinit(&chain);
}
END_TEST

START_TEST(receipt_refuses_every_flipped_bit_and_every_cut)
{
	refuse_flips(5, 2, 0);
}
END_TEST

START_TEST(receipt_through_descendants_refuses_every_flipped_bit_and_every_cut)
{
	refuse_flips(2, 1, DESCENDANTS);
}
END_TEST

START_TEST(receipt_is_refused_by_another_network_or_committee)
{
	struct chain chain;
	uint8_t *bytes;
	size_t size;
	struct receipt receipt;
	struct hash other = fixture_hash(7);
	struct committee next;
	chain_init(&chain, 1);
	make(&chain, 0, 0, &bytes, &size);
	ck_assert_int_eq(receipt_verify(COMMITTEE, &other, bytes, size, &receipt), UNCIA_E_PROOF);
	ck_assert_int_eq(
	    committee_init(&next, 1, COMMITTEE->validators, COMMITTEE->size, COMMITTEE->faulty, COMMITTEE->slow), 0);
	ck_assert_int_eq(receipt_verify(&next, NETWORK, bytes, size, &receipt), UNCIA_E_PROOF);
	/* the same keys with other weights are another committee */
	struct validator heavier[4];
	memcpy(heavier, COMMITTEE->validators, sizeof(heavier));
	heavier[0].weight = 2;
	ck_assert_int_eq(committee_init(&next, 0, heavier, 4, 0, 0), 0);
	ck_assert_int_eq(receipt_verify(&next, NETWORK, bytes, size, &receipt), UNCIA_E_PROOF);
	free(bytes);
	chain_deinit(&chain);
}
END_TEST

/* Verifies the receipt of the first payment whose certificate is of that kind, view and block. */
static int final_by(const struct chain *chain, enum certificate_kind kind, uint64_t view, const struct hash *id,
                    size_t descendants)
{
	struct certificate *certificate = fixture_certificate(&f, kind, view, id, 4);
	uint8_t *bytes;
	size_t size;
	ck_assert_int_eq(
	    receipt_make(chain->block, 0, PROOF(chain->descendants, descendants, certificate), &bytes, &size), 0);
	int rc = verify(bytes, size);
	free(bytes);
	free(certificate);
	return rc;
}

START_TEST(finality_needs_a_final_certificate_of_the_last_block)
{
	struct chain chain;
	chain_init(&chain, 1);
	const struct hash *own = &chain.block->header.id, *child = &chain.headers[0].id;
	ck_assert_int_eq(final_by(&chain, CERT_FF, 3, own, 0), 0);
	ck_assert_int_eq(final_by(&chain, CERT_SF, 3, own, 0), 0);
	ck_assert_int_eq(final_by(&chain, CERT_SF, 5, child, 1), 0);
	/* notarised is not final */
	ck_assert_int_eq(final_by(&chain, CERT_N, 3, own, 0), UNCIA_E_PROOF);
	ck_assert_int_eq(final_by(&chain, CERT_S, 3, NULL, 0), UNCIA_E_PROOF);
	/* another view, another block, a certificate for an earlier or a later one */
	ck_assert_int_eq(final_by(&chain, CERT_FF, 4, own, 0), UNCIA_E_PROOF);
	ck_assert_int_eq(final_by(&chain, CERT_FF, 5, child, 0), UNCIA_E_PROOF);
	ck_assert_int_eq(final_by(&chain, CERT_FF, 3, own, 1), UNCIA_E_PROOF);
	ck_assert_int_eq(final_by(&chain, CERT_FF, 5, child, 2), UNCIA_E_PROOF);
	chain_deinit(&chain);
}
END_TEST

/* Changes one header of the chain, certifies it, and asks whether the block under it is final. */
static int final_with(void (*change)(struct header *header))
{
	struct chain chain;
	chain_init(&chain, 1);
	change(&chain.headers[0]);
	ck_assert_int_eq(header_encode(&chain.headers[0]), 0);
	int rc = final_by(&chain, CERT_FF, chain.headers[0].view, &chain.headers[0].id, 1);
	chain_deinit(&chain);
	return rc;
}
static void nothing(struct header *h)
{
	(void)h;
}
static void skip_height(struct header *h)
{
	h->height++;
}
static void same_height(struct header *h)
{
	h->height--;
}
static void other_parent(struct header *h)
{
	h->parent_id.b[5] ^= 1;
}
static void same_view(struct header *h)
{
	h->view = 3;
}
static void other_epoch(struct header *h)
{
	h->epoch = 1;
}
static void other_committee(struct header *h)
{
	h->committee_hash.b[31] ^= 1;
}

START_TEST(finality_needs_an_unbroken_chain_of_one_committee)
{
	ck_assert_int_eq(final_with(nothing), 0);
	ck_assert_int_eq(final_with(skip_height), UNCIA_E_PROOF);
	ck_assert_int_eq(final_with(same_height), UNCIA_E_PROOF);
	ck_assert_int_eq(final_with(other_parent), UNCIA_E_PROOF);
	ck_assert_int_eq(final_with(same_view), UNCIA_E_PROOF);
	ck_assert_int_eq(final_with(other_epoch), UNCIA_E_PROOF);
	ck_assert_int_eq(final_with(other_committee), UNCIA_E_PROOF);
}
END_TEST

/* Puts that many times the same descendant into a receipt and verifies it. */
static int with_descendants(const uint8_t *bytes, size_t size, const struct header *descendant, size_t count)
{
	Uncia__Pb__Receipt *pb = uncia__pb__receipt__unpack(NULL, size, bytes);
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *blobs[RECEIPT_DESCENDANTS_MAX + 1];
	uint8_t *changed;
	ck_assert(pb && pb->n_descendants == 0 && count <= RECEIPT_DESCENDANTS_MAX + 1);
	blob.data = field_of(descendant->bytes, descendant->size);
	for (size_t i = 0; i < count; i++)
		blobs[i] = &blob;
	pb->n_descendants = count;
	pb->descendants = blobs;
	ck_assert_int_eq(canonical_encode(&pb->base, &changed, &size), 0);
	int rc = verify(changed, size);
	pb->n_descendants = 0;
	pb->descendants = NULL;
	uncia__pb__receipt__free_unpacked(pb, NULL);
	free(changed);
	return rc;
}

START_TEST(more_descendants_than_the_limit_are_refused)
{
	const struct header *headers[RECEIPT_DESCENDANTS_MAX + 1];
	struct chain chain;
	uint8_t *bytes, *none = NULL;
	size_t size;
	chain_init(&chain, 1);
	for (size_t i = 0; i <= RECEIPT_DESCENDANTS_MAX; i++)
		headers[i] = &chain.headers[0];
	ck_assert_int_eq(
	    receipt_make(chain.block, 0, PROOF(headers, RECEIPT_DESCENDANTS_MAX + 1, chain.direct), &none, &size),
	    UNCIA_E_LIMIT);
	ck_assert_ptr_null(none);
	make(&chain, 0, 0, &bytes, &size);
	ck_assert_int_eq(with_descendants(bytes, size, headers[0], 0), 0);
	ck_assert_int_eq(with_descendants(bytes, size, headers[0], RECEIPT_DESCENDANTS_MAX), UNCIA_E_PROOF);
	ck_assert_int_eq(with_descendants(bytes, size, headers[0], RECEIPT_DESCENDANTS_MAX + 1), UNCIA_E_LIMIT);
	free(bytes);
	chain_deinit(&chain);
}
END_TEST

/* What verify says of a receipt of this payment alone, which it takes over, certified by the whole committee. */
static int verify_certified(struct payment *payment)
{
	struct hash root = fixture_hash(1);
	uint8_t *receipt;
	size_t size;
	struct block *block = fixture_block(&f, NULL, 1, &payment, 1, &root);
	struct certificate *certificate = fixture_certificate(&f, CERT_FF, 1, &block->header.id, 4);
	ck_assert_int_eq(receipt_make(block, 0, PROOF(NULL, 0, certificate), &receipt, &size), 0);
	int rc = verify(receipt, size);
	free(receipt);
	free(certificate);
	block_free(block);
	return rc;
}

START_TEST(receipt_needs_the_payers_own_signature)
{
	/* A committee that certifies a payment which its payer did not sign is caught by the receipt all the same. */
	struct payment *payment = fixture_payment(&f, 0, 1, 5000, EXPIRY, 1), *forged;
	uint8_t bytes[512];
	memcpy(bytes, payment->bytes, payment->size);
	bytes[payment->size - SIGNATURE_SIZE] ^= 1; /* the signature comes last */
	ck_assert_int_eq(payment_decode(NETWORK, bytes, payment->size, &forged), 0);
	ck_assert_int_eq(verify_certified(forged), UNCIA_E_SIGNATURE);
	payment_free(payment);
}
END_TEST

/* A take whose signature holds in the equation, though its key may have a part of order 8: for an eighth of all that
 * such a key signs libsodium does not see it. */
static struct payment *make_take(bool torsion)
{
	const uint8_t seed[SEED_SIZE] = {7};
	struct output output = {.to = {{1}}, .amount = 5000};
	struct hold_reference hold = {.home = {{2}}, .opening = {{3}}};
	struct payment draft = {.kind = PAYMENT_TAKE,
	                        .expires_at = EXPIRY,
	                        .currency = CURRENCY_FIRST,
	                        .outputs = &output,
	                        .output_count = 1,
	                        .hold = &hold};
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	ck_assert_int_eq(sign_keypair(seed, public_key, secret_key), 0);
	if (torsion)
		ck_assert_int_eq(key_add_torsion(public_key, secret_key), 0);
	for (; draft.nonce[0] < 255; draft.nonce[0]++) {
		struct payment *take;
		ck_assert_int_eq(payment_make(NETWORK, &draft, public_key, secret_key, &take), 0);
		if (sign_verify_bound(public_key, &take->digest, take->signature))
			return take;
		payment_free(take);
	}
	ck_abort_msg("no such signature");
}

/* wallet 7.4: no entry holds the key of a take, so that its order is looked at in every receipt. */
START_TEST(receipt_of_a_take_needs_a_key_that_is_fit_to_sign)
{
	for (unsigned torsion = 0; torsion < 2; torsion++)
		ck_assert_int_eq(verify_certified(make_take(torsion != 0)), torsion ? UNCIA_E_SIGNATURE : 0);
}
END_TEST

START_TEST(receipt_make_refuses_an_index_outside_the_block)
{
	struct chain chain;
	uint8_t *bytes = NULL;
	size_t size;
	chain_init(&chain, 2);
	ck_assert_int_eq(receipt_make(chain.block, 2, PROOF(NULL, 0, chain.direct), &bytes, &size), UNCIA_E_ARGUMENT);
	ck_assert_ptr_null(bytes);
	chain_deinit(&chain);
}
END_TEST

START_TEST(text_forms_give_the_same_bytes_back)
{
	uint8_t bytes[100], *back;
	size_t size;
	char *text;
	for (size_t n = 1; n <= sizeof(bytes); n++) {
		bytes[n - 1] = (uint8_t)(n * 151);
		for (int old = 0; old < 2; old++) {
			if (old)
				text = old_receipt_text(bytes, n);
			else
				ck_assert_int_eq(receipt_format(NETWORK, bytes, n, &text), 0);
			ck_assert_int_eq(strncmp(text, old ? RECEIPT_OLD_PREFIX : "uncia:uncproof1p", 16), 0);
			ck_assert_ptr_null(strpbrk(text, "=+/ \n"));
			ck_assert_int_eq(receipt_parse(NETWORK, text, &back, &size), 0);
			ck_assert_uint_eq(size, n);
			ck_assert_mem_eq(back, bytes, n);
			free(back);
			free(text);
		}
	}
}
END_TEST

/* Every cut, and every character that is another one or in capitals by itself. */
START_TEST(a_text_that_was_changed_is_refused_wherever_it_was)
{
	uint8_t bytes[700], *back;
	size_t size;
	char *text;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 251);
	ck_assert_int_eq(receipt_format(NETWORK, bytes, sizeof(bytes), &text), 0);
	const size_t length = strlen(text), front = strlen("uncia:uncproof1");
	for (size_t i = front; i < length; i++) {
		char was = text[i];
		text[i] = was == 'q' ? 'p' : 'q';
		ck_assert_int_eq(receipt_parse(NETWORK, text, &back, &size), UNCIA_E_CHANGED);
		text[i] = '\0';
		ck_assert_int_eq(receipt_parse(NETWORK, text, &back, &size), UNCIA_E_CHANGED);
		text[i] = (char)(was >= 'a' ? was - 'a' + 'A' : was);
		ck_assert(was < 'a' || receipt_parse(NETWORK, text, &back, &size) == UNCIA_E_CHANGED);
		text[i] = was;
	}
	for (size_t i = 0; i < length; i++)
		text[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
	ck_assert_int_eq(receipt_parse(NETWORK, text, &back, &size), 0);
	free(back);
	struct hash other = fixture_hash(77);
	ck_assert_int_eq(receipt_parse(&other, text, &back, &size), UNCIA_E_NETWORK);
	free(text);
}
END_TEST

START_TEST(text_form_is_told_from_what_was_changed_and_what_is_none)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
	    {"uncia-receipt-1:AQID", 0},
	    {"uncia-receipt-1:AQID \r\n\t", 0},
	    {"\xef\xbb\xbf uncia-receipt-1:AQID\v", 0},
	    {"> uncia-receipt-1:A\r\n> QI\xe2\x80\x8b"
	     "D.",
	     0},
	    {"uncia-receipt-1:-_8", 0},
	    {"uncia-receipt-1:\xe2\x80\x91_8", 0},
	    {"", UNCIA_E_ENCODING},
	    {"AQID", UNCIA_E_ENCODING},
	    {"receipt: uncia-receipt-1:AQID", UNCIA_E_ENCODING},
	    {"uncia-receipt-1:", UNCIA_E_CHANGED},
	    {"uncia-receipt-2:AQID", UNCIA_E_CHANGED},
	    {"Uncia-receipt-1:AQID", UNCIA_E_CHANGED},
	    {"UNCIA-RECEIPT-1:AQID", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQID=", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:A", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQIDA", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQIDAB", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:+/8", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQJ", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQ.ID", UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQ\xff"
	     "ID",
	     UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQ\x80"
	     "D",
	     UNCIA_E_CHANGED},
	    {"uncia-receipt-1:AQ\xe2\x80\x94"
	     "D",
	     UNCIA_E_CHANGED},
	};
	uint8_t *bytes;
	size_t size;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = receipt_parse(NETWORK, cases[i].text, &bytes, &size);
		ck_assert_msg(rc == cases[i].error, "%d: %s", rc, cases[i].text);
		if (!rc)
			free(bytes);
	}
}
END_TEST

START_TEST(text_form_refuses_what_no_receipt_is_as_large_as)
{
	size_t prefix = strlen(RECEIPT_OLD_PREFIX), length = 2 * RECEIPT_SIZE_MAX, size;
	uint8_t *bytes = calloc(1, RECEIPT_SIZE_MAX + 1);
	char *text = malloc(prefix + length + 1), *made;
	ck_assert(bytes && text);
	memcpy(text, RECEIPT_OLD_PREFIX, prefix);
	memset(text + prefix, 'A', length);
	text[prefix + length] = '\0';
	uint8_t *parsed;
	ck_assert_int_eq(receipt_parse(NETWORK, text, &parsed, &size), UNCIA_E_LIMIT);
	ck_assert_int_eq(receipt_format(NETWORK, bytes, RECEIPT_SIZE_MAX + 1, &made), UNCIA_E_LIMIT);
	ck_assert_int_eq(receipt_format(NETWORK, bytes, RECEIPT_SIZE_MAX, &made), 0);
	ck_assert_int_eq(receipt_parse(NETWORK, made, &parsed, &size), 0);
	ck_assert_uint_eq(size, RECEIPT_SIZE_MAX);
	free(parsed);
	free(made);
	free(text);
	free(bytes);
}
END_TEST

/* A state of one level: groups of accounts 0..n-1, and a proof of one account under a final header. */
struct proof {
	uint8_t groups[4][GROUP_SIZE];
	struct hash root;
	uint8_t *bytes;
	size_t size;
	struct address address;
	uint64_t index;
};
#define PROOF_ENTRIES 21

static void proof_init_kind(struct proof *proof, uint64_t index, uint64_t height, enum entry_kind kind)
{
	memset(proof, 0, sizeof(*proof));
	struct hash children[TREE_ARITY] = {{{0}}}, top;
	for (uint32_t i = 0; i < PROOF_ENTRIES; i++) {
		struct fixture_key key;
		fixture_account(i, &key);
		struct entry entry = {.kind = ENTRY_ACCOUNT, .currency = 1, .balance = 1000 + i};
		entry.address = key.address;
		if (i == index && kind == ENTRY_CURRENCY) {
			entry.kind = ENTRY_CURRENCY;
			memset(key.address.b + 3, 0, ADDRESS_SIZE - 3);
			entry.address = key.address;
		}
		entry_encode(&entry, proof->groups[i / 8] + i % 8 * ENTRY_SIZE);
		if (i == index)
			proof->address = key.address;
	}
	for (int g = 0; g < 3; g++)
		state_group_digest(proof->groups[g], &children[g]);
	state_node_digest(children, &top);
	state_root_digest(PROOF_ENTRIES, ENTRY_NONE, &top, &proof->root);
	proof->index = index;

	uint8_t path[3 * HASH_SIZE];
	for (size_t i = 0, at = 0; i < TREE_ARITY; i++)
		if (i != index / 8)
			memcpy(path + HASH_SIZE * at++, children[i].b, HASH_SIZE);
	struct header header;
	fixture_header(&f, NULL, 1, NULL, 0, &proof->root, &header);
	header.height = height;
	ck_assert_int_eq(header_encode(&header), 0);
	struct certificate *certificate = fixture_certificate(&f, CERT_SF, 1, &header.id, 3);
	Uncia__Pb__AccountProof pb = UNCIA__PB__ACCOUNT_PROOF__INIT;
	pb.index = index;
	pb.group = field_of(proof->groups[index / 8], GROUP_SIZE);
	pb.path = field_of(path, sizeof(path));
	pb.entry_count = PROOF_ENTRIES;
	pb.free_head = ENTRY_NONE;
	pb.header = field_of(header.bytes, header.size);
	pb.certificate = field_of(certificate->bytes, certificate->size);
	ck_assert_int_eq(canonical_encode(&pb.base, &proof->bytes, &proof->size), 0);
	free(certificate);
}

static void proof_init(struct proof *proof, uint64_t index, uint64_t height)
{
	proof_init_kind(proof, index, height, ENTRY_ACCOUNT);
}

START_TEST(account_proof_refuses_a_currency_that_looks_like_the_address)
{
	struct proof proof;
	struct account_state state;
	proof_init_kind(&proof, 3, 5, ENTRY_CURRENCY);
	ck_assert_int_eq(account_proof_verify(COMMITTEE, NETWORK, &proof.address, proof.bytes, proof.size, &state),
	                 UNCIA_E_PROOF);
	free(proof.bytes);
}
END_TEST

START_TEST(account_proof_tells_the_entry_and_its_height)
{
	for (uint64_t i = 0; i < PROOF_ENTRIES; i++) {
		struct proof proof;
		struct account_state state;
		proof_init(&proof, i, 5);
		ck_assert_int_eq(
		    account_proof_verify(COMMITTEE, NETWORK, &proof.address, proof.bytes, proof.size, &state), 0);
		ck_assert_uint_eq(state.entry.balance, 1000 + i);
		ck_assert_uint_eq(state.index, i);
		ck_assert_uint_eq(state.entry_count, PROOF_ENTRIES);
		ck_assert_uint_eq(state.height, 4);
		ck_assert_uint_eq(state.timestamp_ms, FIXTURE_TIME_MS + 1);
		free(proof.bytes);
	}
}
END_TEST

START_TEST(account_proof_refuses_another_address_and_height_zero)
{
	struct proof proof;
	struct account_state state;
	struct fixture_key other;
	fixture_account(4, &other);
	proof_init(&proof, 3, 5);
	ck_assert_int_eq(account_proof_verify(COMMITTEE, NETWORK, &other.address, proof.bytes, proof.size, &state),
	                 UNCIA_E_PROOF);
	free(proof.bytes);
	proof_init(&proof, 3, 0);
	ck_assert_int_eq(account_proof_verify(COMMITTEE, NETWORK, &proof.address, proof.bytes, proof.size, &state),
	                 UNCIA_E_PROOF);
	free(proof.bytes);
}
END_TEST

START_TEST(account_proof_refuses_every_flipped_bit)
{
	struct proof proof;
	struct account_state state;
	proof_init(&proof, 17, 5);
	for (size_t bit = 0; bit < proof.size * 8; bit++) {
		proof.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_msg(
		    account_proof_verify(COMMITTEE, NETWORK, &proof.address, proof.bytes, proof.size, &state) != 0,
		    "bit %zu", bit);
		proof.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(proof.bytes);
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 3, 1000000);
	const TTest *tests[] = {
	    receipt_of_every_payment_verifies,
	    receipts_and_proofs_past_the_limit_are_refused_unread,
	    receipts_that_were_changed_are_told_from_those_that_nobody_signed,
	    receipt_refuses_every_flipped_bit_and_every_cut,
	    receipt_through_descendants_refuses_every_flipped_bit_and_every_cut,
	    receipt_is_refused_by_another_network_or_committee,
	    receipt_needs_the_payers_own_signature,
	    receipt_of_a_take_needs_a_key_that_is_fit_to_sign,
	    receipt_make_refuses_an_index_outside_the_block,
	    finality_needs_a_final_certificate_of_the_last_block,
	    finality_needs_an_unbroken_chain_of_one_committee,
	    more_descendants_than_the_limit_are_refused,
	    text_forms_give_the_same_bytes_back,
	    a_text_that_was_changed_is_refused_wherever_it_was,
	    text_form_is_told_from_what_was_changed_and_what_is_none,
	    text_form_refuses_what_no_receipt_is_as_large_as,
	    account_proof_tells_the_entry_and_its_height,
	    account_proof_refuses_another_address_and_height_zero,
	    account_proof_refuses_a_currency_that_looks_like_the_address,
	    account_proof_refuses_every_flipped_bit,
	};
	int rc = unit_run("receipt", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}
