/* The vectors of the specification, made from it alone, against what node and wallet share. */
#include "address.h"
#include "amount.h"
#include "big_endian.h"
#include "committee.h"
#include "entry.h"
#include "noise.h"
#include "receipt.h"
#include "reconfigure.h"
#include "spec_vectors.h"
#include "uncia/error.h"
#include "vote.h"
#include "wire_link.h"

/* ---- encoding -------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	enum hash_tag tag;
} tags[] = {
    {"uncia.genesis", HASH_GENESIS},
    {"uncia.address", HASH_ADDRESS},
    {"uncia.payment", HASH_PAYMENT},
    {"uncia.paysign", HASH_PAYMENT_SIGN},
    {"uncia.paywhole", HASH_PAYMENT_WHOLE},
    {"uncia.block", HASH_BLOCK},
    {"uncia.vote", HASH_VOTE},
    {"uncia.expiry", HASH_EXPIRY},
    {"uncia.payleaf", HASH_PAYMENTS_LEAF},
    {"uncia.paynode", HASH_PAYMENTS_NODE},
    {"uncia.stgroup", HASH_STATE_GROUP},
    {"uncia.stnode", HASH_STATE_NODE},
    {"uncia.stroot", HASH_STATE_ROOT},
    {"uncia.committee", HASH_COMMITTEE},
    {"uncia.nonce", HASH_NONCE},
    {"uncia.key", HASH_KEY},
    {"uncia.record", HASH_RECORD},
    {"uncia.memo", HASH_MEMO},
    {"uncia.shortid", HASH_SHORT_ID},
    {"uncia.lock", HASH_LOCK},
    {"uncia.seal", HASH_SEAL},
    {"uncia.hold", HASH_HOLD},
    {"uncia.claimseed", HASH_CLAIM_SEED},
    {"uncia.claimkey", HASH_CLAIM_KEY},
    {"uncia.contact", HASH_CONTACT},
    {"uncia.ask", HASH_ASK},
    {"uncia.request", HASH_REQUEST},
    {"uncia.code", HASH_CODE},
    {"uncia.reconfig", HASH_RECONFIG},
    {"uncia.reconwhole", HASH_RECONFIGURE},
    {"uncia.join", HASH_JOIN},
    {"uncia.line", HASH_LINE},
    {"uncia.linenonce", HASH_LINE_NONCE},
    {"uncia.agree", HASH_AGREE},
};

START_TEST(every_hash_has_a_vector_and_gives_it)
{
	vectors_open("encoding");
	const json_t *hashes = vector_at(NULL, "hashes"), *vector;
	size_t i;
	bool seen[HASH_TAGS] = {false};
	ck_assert_uint_eq(json_array_size(hashes), HASH_TAGS);
	json_array_foreach(hashes, i, vector)
	{
		struct bytes input = vector_bytes(vector, "input");
		struct hash digest;
		for (size_t t = 0; t < sizeof(tags) / sizeof(tags[0]); t++) {
			if (strcmp(tags[t].text, vector_text(vector, "personalisation")) != 0)
				continue;
			hash1(tags[t].tag, input.data, input.size, &digest);
			vector_expect(vector, "digest", digest.b, HASH_SIZE);
			seen[tags[t].tag] = true;
		}
	}
	for (size_t tag = 0; tag < HASH_TAGS; tag++)
		ck_assert_msg(seen[tag], "tag %zu has no vector", tag);
	json_array_foreach(vector_at(NULL, "siphash"), i, vector)
	{
		struct bytes key = vector_bytes(vector, "key"), data = vector_bytes(vector, "data");
		ck_assert_uint_eq(siphash(key.data, data.data, data.size), vector_number(vector, "integer"));
	}
	vectors_close();
}
END_TEST

START_TEST(keys_signatures_and_addresses_are_those_of_the_vectors)
{
	vectors_open("encoding");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "keys"), i, vector)
	{
		uint8_t public_key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE], signature[SIGNATURE_SIZE];
		struct destination destination = {.has_reference = false}, read;
		struct hash digest;
		char text[ADDRESS_TEXT_SIZE];
		ck_assert_int_eq(sign_keypair(vector_bytes(vector, "seed").data, public_key, secret), 0);
		vector_expect(vector, "public_key", public_key, PUBLIC_KEY_SIZE);
		address_of_key(public_key, &destination.address);
		vector_expect(vector, "address", destination.address.b, ADDRESS_SIZE);
		destination_format(&destination, text);
		ck_assert_str_eq(text, vector_text(vector, "text"));
		destination.has_reference = true;
		vector_copy(vector, "reference", destination.reference, REFERENCE_SIZE);
		destination_format(&destination, text);
		ck_assert_str_eq(text, vector_text(vector, "text_with_reference"));
		ck_assert_int_eq(destination_parse(text, &read), 0);
		ck_assert_mem_eq(read.reference, destination.reference, REFERENCE_SIZE);
		vector_copy(vector, "digest", digest.b, HASH_SIZE);
		sign_digest(secret, &digest, signature);
		vector_expect(vector, "signature", signature, SIGNATURE_SIZE);
	}
	ck_assert_uint_gt(i, 2);
	vectors_close();
}
END_TEST

START_TEST(amounts_and_canonical_bytes_are_those_of_the_vectors)
{
	vectors_open("encoding");
	const json_t *vector;
	size_t i;
	amount_t amount;
	struct header header;
	char text[AMOUNT_TEXT_SIZE];
	json_array_foreach(vector_at(NULL, "amounts"), i, vector)
	{
		ck_assert_int_eq(amount_parse(vector_text(vector, "text"), &amount), 0);
		ck_assert_uint_eq(amount, vector_number(vector, "micro_units"));
		amount_format(amount, text);
		ck_assert_str_eq(text, vector_text(vector, "written"));
	}
	json_array_foreach(vector_at(NULL, "no_amounts"), i, vector)
	    ck_assert_int_eq(amount_parse(json_string_value(vector), &amount), UNCIA_E_AMOUNT);
	json_array_foreach(vector_at(NULL, "headers"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "bytes");
		ck_assert_msg((header_decode(bytes.data, bytes.size, &header) == 0) == vector_is(vector, "canonical"),
		              "%s", vector_text(vector, "why"));
	}
	vectors_close();
}
END_TEST

/* What stands between an input and its digest: the vectors' bytes, hashed with the network id before them, or without.
 */
static void expect_hash(enum hash_tag tag, const struct hash *network_id, const json_t *vector, const char *input,
                        const char *digest)
{
	struct bytes bytes = vector_bytes(vector, input);
	struct hash hash;
	hash2(tag, network_id, network_id ? HASH_SIZE : 0, bytes.data, bytes.size, &hash);
	vector_expect(vector, digest, hash.b, HASH_SIZE);
}

/* ---- genesis, state -------------------------------------------------------------------------- */

static void check_network(const json_t *vector)
{
	static struct validator validators[COMMITTEE_SIZE_MAX];
	static struct genesis_account accounts[1000];
	const json_t *fields = vector_at(vector, "fields"), *item;
	struct genesis g;
	struct hash id;
	size_t n_validators, n_accounts;
	json_array_foreach(vector_at(fields, "validators"), n_validators, item)
	{
		vector_copy(item, "consensus_key", validators[n_validators].consensus_key, 32);
		vector_copy(item, "network_key", validators[n_validators].network_key, 32);
		validators[n_validators].weight = vector_number(item, "weight");
	}
	json_array_foreach(vector_at(fields, "accounts"), n_accounts, item)
	{
		vector_copy(item, "address", accounts[n_accounts].address.b, ADDRESS_SIZE);
		accounts[n_accounts].balance = vector_number(item, "balance");
	}
	const struct genesis_parameters parameters = {.name = vector_text(fields, "name"),
	                                              .timestamp_ms = vector_number(fields, "timestamp_ms"),
	                                              .currency_code = vector_text(fields, "currency_code"),
	                                              .smallest_amount = vector_number(fields, "smallest_amount"),
	                                              .validators = validators,
	                                              .validator_count = (uint32_t)n_validators,
	                                              .faulty = vector_number(fields, "faulty"),
	                                              .slow = vector_number(fields, "slow"),
	                                              .accounts = accounts,
	                                              .account_count = (uint32_t)n_accounts};
	ck_assert_int_eq(genesis_make(&g, &parameters), 0);
	vector_expect(vector, "bytes", g.bytes, g.size);
	vector_expect(vector, "network_id", g.network_id.b, HASH_SIZE);
	genesis_block_id(&g, &id);
	vector_expect(vector, "genesis_block_id", id.b, HASH_SIZE);
	vector_expect(vector, "committee_hash", g.committee.hash.b, HASH_SIZE);
	expect_hash(HASH_COMMITTEE, NULL, vector, "committee_bytes", "committee_hash");
	ck_assert_uint_eq(g.committee.quorum_slow, vector_number(vector, "quorum_slow"));
	ck_assert_uint_eq(g.committee.quorum_fast, vector_number(vector, "quorum_fast"));
	ck_assert_uint_eq(g.committee.key_threshold, vector_number(vector, "evidence"));
	genesis_deinit(&g);
}

START_TEST(a_genesis_is_the_one_of_its_vector)
{
	vectors_open("genesis");
	const json_t *vector;
	struct genesis g;
	size_t i;
	json_array_foreach(vector_at(NULL, "networks"), i, vector) check_network(vector);
	ck_assert_uint_eq(i, 2);
	json_array_foreach(vector_at(NULL, "variants_of_the_first"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "bytes");
		int error = genesis_decode(&g, bytes.data, bytes.size);
		ck_assert_msg((error == 0) == vector_is(vector, "taken"), "%s: %d", vector_text(vector, "why"), error);
		if (!error)
			genesis_deinit(&g);
	}
	vectors_close();
}
END_TEST

START_TEST(entries_and_their_proofs_are_those_of_the_vectors)
{
	vectors_open("state");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "entries"), i, vector)
	{
		uint8_t bytes[ENTRY_SIZE], again[ENTRY_SIZE];
		struct entry entry;
		vector_copy(vector, "bytes", bytes, ENTRY_SIZE);
		int error = entry_decode(bytes, &entry);
		ck_assert_msg((error == 0) == vector_is(vector, "well_formed"), "%s", vector_text(vector, "what"));
		if (error)
			continue;
		entry_encode(&entry, again);
		ck_assert_mem_eq(bytes, again, ENTRY_SIZE);
	}
	json_array_foreach(vector_at(NULL, "proofs"), i, vector)
	{
		struct hash root;
		uint8_t group[GROUP_SIZE];
		vector_copy(vector, "state_root", root.b, HASH_SIZE);
		vector_copy(vector, "group", group, GROUP_SIZE);
		struct state_proof proof = {vector_number(vector, "index"), vector_number(vector, "entry_count"),
		                            vector_number(vector, "free_head"), group, vector_bytes(vector, "path")};
		ck_assert(state_proof_verify(&root, &proof));
		group[71] ^= 1;
		ck_assert(!state_proof_verify(&root, &proof));
	}
	ck_assert_uint_gt(i, 10);
	vectors_close();
}
END_TEST

/* ---- payments, blocks ------------------------------------------------------------------------ */

START_TEST(payments_are_those_of_the_vectors)
{
	vectors_open("payments");
	const json_t *vector, *item;
	struct hash network_id;
	size_t i, k;
	vector_copy(NULL, "network_id", network_id.b, HASH_SIZE);
	json_array_foreach(vector_at(NULL, "payments"), i, vector)
	{
		struct output outputs[PAYMENT_OUTPUTS_MAX];
		struct payment draft = {.currency = CURRENCY_FIRST, .outputs = outputs}, *payment;
		uint8_t public_key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE];
		ck_assert_int_eq(sign_keypair(vector_bytes(vector, "sender_seed").data, public_key, secret), 0);
		vector_copy(vector, "sender", draft.sender.b, ADDRESS_SIZE);
		vector_copy(vector, "nonce", draft.nonce, NONCE_SIZE);
		draft.expires_at = (uint32_t)vector_number(vector, "expires_at");
		json_array_foreach(vector_at(vector, "outputs"), k, item)
		{
			outputs[k] = (struct output){.amount = vector_number(item, "amount")};
			vector_copy(item, "to", outputs[k].to.b, ADDRESS_SIZE);
			outputs[k].has_reference = vector_bytes(item, "reference").size != 0;
			if (outputs[k].has_reference)
				vector_copy(item, "reference", outputs[k].reference, REFERENCE_SIZE);
		}
		draft.output_count = (uint32_t)k;
		const char *memo = json_string_value(vector_at(vector, "memo"));
		draft.has_memo_hash = !!memo;
		if (memo) {
			struct hash hash;
			hash1(HASH_MEMO, memo, strlen(memo), &hash);
			vector_expect(vector, "memo_hash", hash.b, HASH_SIZE);
			memcpy(draft.memo_hash, hash.b, HASH_SIZE);
		}
		ck_assert_int_eq(payment_make(&network_id, &draft, public_key, secret, &payment), 0);
		vector_expect(vector, "bytes", payment->bytes, payment->size);
		vector_expect(vector, "id", payment->id.b, HASH_SIZE);
		vector_expect(vector, "digest", payment->digest.b, HASH_SIZE);
		vector_expect(vector, "whole_hash", payment->whole.b, HASH_SIZE);
		expect_hash(HASH_PAYMENT_SIGN, &network_id, vector, "body", "digest");
		payment_free(payment);
	}
	ck_assert_uint_gt(i, 2);
	vectors_close();
}
END_TEST

static void check_tree(const json_t *vector)
{
	const json_t *leaves = vector_at(vector, "leaves"), *item, *step;
	size_t n = json_array_size(leaves), i, k, path_size;
	struct hash tree[64], path[MERKLE_DEPTH_MAX];
	ck_assert_uint_le(merkle_tree_size(n), 64);
	json_array_foreach(leaves, i, item) memcpy(tree[i].b, vector_hex(item).data, HASH_SIZE);
	merkle_tree(tree, n);
	vector_expect(vector, "root", merkle_root(tree, n)->b, HASH_SIZE);
	json_array_foreach(vector_at(vector, "paths"), i, item)
	{
		merkle_path(tree, n, i, path, &path_size);
		ck_assert_uint_eq(path_size, json_array_size(item));
		json_array_foreach(item, k, step) ck_assert_mem_eq(path[k].b, vector_hex(step).data, HASH_SIZE);
		ck_assert(merkle_verify(&tree[i], i, n, path, path_size, merkle_root(tree, n)));
	}
}

START_TEST(headers_blocks_and_trees_are_those_of_the_vectors)
{
	vectors_open("blocks");
	const json_t *vector;
	struct hash network_id;
	struct block *block;
	size_t i;
	vector_copy(NULL, "network_id", network_id.b, HASH_SIZE);
	json_array_foreach(vector_at(NULL, "trees"), i, vector) check_tree(vector);
	json_array_foreach(vector_at(NULL, "headers"), i, vector)
	{
		struct header header = {.epoch = vector_number(vector, "epoch"),
		                        .view = vector_number(vector, "view"),
		                        .height = vector_number(vector, "height"),
		                        .timestamp_ms = vector_number(vector, "timestamp_ms"),
		                        .payment_count = (uint32_t)vector_number(vector, "payment_count"),
		                        .proposer = (uint32_t)vector_number(vector, "proposer")};
		vector_copy(vector, "parent_id", header.parent_id.b, HASH_SIZE);
		vector_copy(vector, "payments_root", header.payments_root.b, HASH_SIZE);
		vector_copy(vector, "parent_state_root", header.parent_state_root.b, HASH_SIZE);
		vector_copy(vector, "committee_hash", header.committee_hash.b, HASH_SIZE);
		ck_assert_int_eq(header_encode(&header), 0);
		vector_expect(vector, "bytes", header.bytes, header.size);
		vector_expect(vector, "id", header.id.b, HASH_SIZE);
	}
	struct bytes bytes = vector_bytes(vector_at(NULL, "block"), "bytes");
	ck_assert_int_eq(block_decode(&network_id, bytes.data, bytes.size, &block), 0);
	ck_assert_uint_eq(block->count, json_array_size(vector_at(vector_at(NULL, "block"), "whole_hashes")));
	block_free(block);
	vectors_close();
}
END_TEST

/* ---- votes, proofs --------------------------------------------------------------------------- */

static void genesis_of(const json_t *file, struct genesis *g)
{
	struct bytes bytes = vector_bytes(file, "genesis");
	ck_assert_int_eq(genesis_decode(g, bytes.data, bytes.size), 0);
}

static void check_certificate(const struct genesis *g, const json_t *vector)
{
	struct bytes bytes = vector_bytes(vector, "bytes");
	struct certificate *certificate;
	const json_t *voter;
	size_t i;
	ck_assert_int_eq(certificate_decode(&g->committee, bytes.data, bytes.size, &certificate), 0);
	ck_assert_int_eq(certificate_verify(&g->committee, &g->network_id, certificate), 0);
	ck_assert_uint_eq(certificate->kind, vector_number(vector, "kind"));
	ck_assert_uint_eq(certificate->view, vector_number(vector, "view"));
	ck_assert_uint_eq(certificate->first_count, json_array_size(vector_at(vector, "first_signers")));
	ck_assert_uint_eq(certificate->extra_count, json_array_size(vector_at(vector, "extra_signers")));
	json_array_foreach(vector_at(vector, "first_signers"), i, voter)
	    ck_assert_uint_eq(certificate->signers[i].voter, (uint32_t)json_integer_value(voter));
	json_array_foreach(vector_at(vector, "extra_signers"), i, voter) ck_assert_uint_eq(
	    certificate->signers[certificate->first_count + i].voter, (uint32_t)json_integer_value(voter));
	free(certificate);
}

START_TEST(votes_certificates_and_expiries_are_those_of_the_vectors)
{
	vectors_open("votes");
	const json_t *vector;
	struct genesis g;
	struct hash digest;
	size_t i;
	genesis_of(NULL, &g);
	json_array_foreach(vector_at(NULL, "votes"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "bytes");
		struct vote vote;
		ck_assert_int_eq(vote_decode(bytes.data, bytes.size, &vote), 0);
		ck_assert_uint_eq(vote.kind, vector_number(vector, "kind"));
		vote_digest(&g.network_id, 0, vote.kind, vote.view, &vote.block_id, &digest);
		vector_expect(vector, "digest", digest.b, HASH_SIZE);
		expect_hash(HASH_VOTE, &g.network_id, vector, "statement", "digest");
		ck_assert(sign_verify(g.committee.validators[vote.voter].consensus_key, &digest, vote.signature));
	}
	ck_assert_uint_eq(i, 5);
	json_array_foreach(vector_at(NULL, "certificates"), i, vector) check_certificate(&g, vector);
	ck_assert_uint_eq(i, 6);
	struct payment_id id;
	vector = vector_at(NULL, "expiry");
	vector_copy(vector, "payment_id", id.b, sizeof(id.b));
	expiry_digest(&g.network_id, &id, vector_number(vector, "height"), vector_number(vector, "timestamp_ms"),
	              &digest);
	vector_expect(vector, "digest", digest.b, HASH_SIZE);
	expect_hash(HASH_EXPIRY, &g.network_id, vector, "statement", "digest");
	struct bytes word = vector_bytes(vector, "bytes"); /* its signature is the last field */
	ck_assert(sign_verify(g.committee.validators[vector_number(vector, "validator")].consensus_key, &digest,
	                      word.data + word.size - SIGNATURE_SIZE));
	genesis_deinit(&g);
	vectors_close();
}
END_TEST

START_TEST(receipts_and_account_proofs_of_the_vectors_hold)
{
	vectors_open("proofs");
	const json_t *vector;
	struct genesis g;
	size_t i;
	genesis_of(NULL, &g);
	json_array_foreach(vector_at(NULL, "receipts"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "bytes");
		struct receipt receipt;
		char *text, id[65];
		ck_assert_int_eq(receipt_verify(&g.committee, &g.network_id, bytes.data, bytes.size, &receipt), 0);
		sodium_bin2hex(id, sizeof(id), receipt.payment->id.b, HASH_SIZE);
		ck_assert_str_eq(id, vector_text(vector_at(vector, "says"), "id"));
		ck_assert_uint_eq(receipt.header.height, vector_number(vector_at(vector, "says"), "height"));
		payment_free(receipt.payment);
		ck_assert_int_eq(receipt_format(&g.network_id, bytes.data, bytes.size, &text), 0);
		ck_assert_str_eq(text, vector_text(vector, "text"));
		free(text);
		const char *texts[] = {vector_text(vector, "text"), vector_text(vector, "older_text")};
		for (size_t form = 0; form < 2; form++) {
			uint8_t *back;
			size_t size;
			ck_assert_int_eq(receipt_parse(&g.network_id, texts[form], &back, &size), 0);
			vector_expect(vector, "bytes", back, size);
			free(back);
		}
	}
	ck_assert_uint_gt(i, 2);
	json_array_foreach(vector_at(NULL, "account_proofs"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "bytes");
		struct account_state state;
		struct address address;
		vector_copy(vector, "address", address.b, ADDRESS_SIZE);
		ck_assert_int_eq(
		    account_proof_verify(&g.committee, &g.network_id, &address, bytes.data, bytes.size, &state), 0);
		ck_assert_uint_eq(state.entry.balance, vector_number(vector_at(vector, "says"), "balance"));
	}
	ck_assert_uint_gt(i, 2);
	genesis_deinit(&g);
	vectors_close();
}
END_TEST

/* ---- links ----------------------------------------------------------------------------------- */

static const uint8_t *secret_or_null(const json_t *vector, const char *name)
{
	struct bytes bytes = vector_bytes(vector, name);
	return bytes.size ? bytes.data : NULL;
}

/* What the initiator sends first over TCP. */
static void check_opening(const json_t *vector, enum noise_pattern pattern, const struct hash *network_id,
                          const uint8_t responder[32])
{
	struct link *link;
	struct bytes run;
	const struct link_options options = {.pattern = pattern,
	                                     .initiator = true,
	                                     .network_id = network_id,
	                                     .static_secret = secret_or_null(vector, "initiator_static_secret"),
	                                     .remote_static = responder,
	                                     .ephemeral_secret =
	                                         vector_bytes(vector, "initiator_ephemeral_secret").data,
	                                     .message_size_max = 1000,
	                                     .write_queue_max = 1000};
	ck_assert_int_eq(link_new(&options, &link), 0);
	link_output(link, &run);
	vector_expect(vector, "opening_bytes", run.data, run.size);
	link_free(link);
}

static void check_records(const json_t *vector, struct noise_transport sides[2])
{
	const json_t *records = vector_at(vector, "records"), *record;
	size_t next = 0;
	for (unsigned from = 0; from < 2; from++) {
		for (uint64_t number = 0; number < 1002; number++) {
			uint8_t plain[4] = {0}, sealed[64], opened[64];
			size_t size, opened_size;
			ck_assert_int_eq(noise_send(&sides[from], plain, sizeof(plain), sealed, &size), 0);
			ck_assert_int_eq(noise_receive(&sides[1 - from], sealed, size, opened, &opened_size), 0);
			record = json_array_get(records, next);
			if (!record || vector_number(record, "number") != number)
				continue;
			ck_assert_str_eq(vector_text(record, "from"), from ? "responder" : "initiator");
			vector_expect(record, "record", sealed, size);
			next++;
		}
	}
	ck_assert_uint_eq(next, json_array_size(records));
}

START_TEST(links_are_those_of_the_vectors)
{
	vectors_open("links");
	const json_t *vector;
	struct hash network_id;
	size_t i, size, payload_size;
	uint8_t message[256], payload[256], responder[32];
	vector_copy(NULL, "network_id", network_id.b, HASH_SIZE);
	json_array_foreach(vector_at(NULL, "links"), i, vector)
	{
		enum noise_pattern pattern = *vector_text(vector, "first_byte") == 'V' ? NOISE_IK : NOISE_NK;
		struct noise_handshake sides[2];
		struct noise_transport transports[2];
		struct bytes prologue = vector_bytes(vector, "prologue");
		ck_assert_int_eq(noise_public_key(vector_bytes(vector, "responder_static_secret").data, responder), 0);
		check_opening(vector, pattern, &network_id, responder);
		const struct noise_handshake_config initiator = {
		    pattern,
		    true,
		    prologue.data,
		    prologue.size,
		    secret_or_null(vector, "initiator_static_secret"),
		    responder,
		    vector_bytes(vector, "initiator_ephemeral_secret").data};
		const struct noise_handshake_config answering = {
		    pattern,
		    false,
		    prologue.data,
		    prologue.size,
		    vector_bytes(vector, "responder_static_secret").data,
		    NULL,
		    vector_bytes(vector, "responder_ephemeral_secret").data};
		ck_assert_int_eq(noise_handshake_init(&sides[0], &initiator), 0);
		ck_assert_int_eq(noise_handshake_init(&sides[1], &answering), 0);
		for (unsigned from = 0; from < 2; from++) {
			struct bytes expected = vector_hex(json_array_get(vector_at(vector, "messages"), from));
			ck_assert_int_eq(noise_handshake_write(&sides[from], NULL, 0, message, &size), 0);
			ck_assert_uint_eq(size, expected.size);
			ck_assert_mem_eq(message, expected.data, size);
			ck_assert_int_eq(noise_handshake_read(&sides[1 - from], message, size, payload, &payload_size),
			                 0);
		}
		for (unsigned side = 0; side < 2; side++) {
			ck_assert_int_eq(noise_handshake_split(&sides[side], &transports[side]), 0);
			vector_expect(vector, "handshake_hash", transports[side].handshake_hash, 64);
		}
		check_records(vector, transports);
	}
	ck_assert_uint_eq(i, 2);
	vectors_close();
}
END_TEST

/* A change is read, and packed again from what was read; its signatures hold. */
static void check_change(const struct genesis *genesis, const json_t *vector)
{
	struct bytes bytes = vector_bytes(vector, "bytes"), body = vector_bytes(vector, "body");
	uint8_t public_key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE], *packed;
	const struct validator *joining = NULL;
	struct reconfigure *r;
	struct hash digest;
	size_t size, i;
	const json_t *approver;
	ck_assert_int_eq(reconfigure_decode(&genesis->network_id, &genesis->committee, bytes.data, bytes.size, &r), 0);
	ck_assert_int_eq(reconfigure_verify(&genesis->network_id, &genesis->committee, r), 0);
	ck_assert_uint_eq(r->body_size, body.size);
	ck_assert_mem_eq(r->body, body.data, body.size);
	vector_expect(vector, "digest", r->digest.b, HASH_SIZE);
	vector_expect(vector, "whole_hash", r->whole.b, HASH_SIZE);
	vector_expect(vector, "committee_hash", r->next.hash.b, HASH_SIZE);
	ck_assert_uint_eq(r->expires_at, vector_number(vector, "expires_at"));
	ck_assert_uint_eq(r->next.faulty, vector_number(vector, "faulty"));
	ck_assert_uint_eq(r->next.slow, vector_number(vector, "slow"));
	ck_assert_uint_eq(r->force, vector_number(vector, "force"));
	json_array_foreach(vector_at(vector, "approvers"), i, approver)
	    ck_assert_int_eq(r->approvals[i].validator, json_integer_value(approver));
	ck_assert_uint_eq(i, r->approver_count);
	for (i = 0; i < r->next.size; i++)
		joining = r->joins[i] ? &r->next.validators[i] : joining;
	ck_assert_int_eq(sign_keypair(vector_bytes(vector, "joining_seed").data, public_key, secret), 0);
	ck_assert(joining && !memcmp(joining->consensus_key, public_key, PUBLIC_KEY_SIZE));
	reconfigure_join_digest(&genesis->network_id, 1, joining, &digest);
	vector_expect(vector, "join_digest", digest.b, HASH_SIZE);
	ck_assert_int_eq(reconfigure_sign(&genesis->committee, r, &packed, &size), 0);
	ck_assert_uint_eq(size, bytes.size);
	ck_assert_mem_eq(packed, bytes.data, size);
	free(packed);
	free(r);
}

START_TEST(changes_of_a_committee_are_those_of_the_vectors)
{
	vectors_open("epochs");
	struct bytes bytes = vector_bytes(NULL, "genesis");
	const json_t *vector;
	struct genesis genesis;
	struct epoch_receipt receipt;
	struct header header;
	struct block *block;
	struct entry entry;
	struct entry_id id;
	size_t i;
	ck_assert_int_eq(genesis_decode(&genesis, bytes.data, bytes.size), 0);
	json_array_foreach(vector_at(NULL, "changes"), i, vector) check_change(&genesis, vector);
	ck_assert_uint_eq(i, 2);
	json_array_foreach(vector_at(NULL, "headers"), i, vector)
	{
		bytes = vector_bytes(vector, "bytes");
		ck_assert_int_eq(header_decode(bytes.data, bytes.size, &header), 0);
		ck_assert(header.reconfigures == (i == 0) && header.closing == (i > 0));
		vector_expect(vector, "reconfigure", header.reconfigure.b, header.reconfigures ? HASH_SIZE : 0);
		ck_assert_int_eq(header_encode(&header), 0);
		ck_assert_mem_eq(header.bytes, bytes.data, bytes.size);
		vector_expect(vector, "id", header.id.b, HASH_SIZE);
	}
	ck_assert_uint_eq(i, 3);
	bytes = vector_bytes(NULL, "block");
	ck_assert_int_eq(block_decode(&genesis.network_id, bytes.data, bytes.size, &block), 0);
	ck_assert_uint_eq(block->reconfigure_size,
	                  vector_bytes(json_array_get(vector_at(NULL, "changes"), 0), "bytes").size);
	json_array_foreach(vector_at(NULL, "receipts"), i, vector)
	{
		bytes = vector_hex(vector);
		ck_assert_int_eq(
		    epoch_receipt_verify(&genesis.committee, &genesis.network_id, bytes.data, bytes.size, &receipt), 0);
		ck_assert_mem_eq(receipt.header.id.b, block->header.id.b, HASH_SIZE);
		free(receipt.reconfigure);
	}
	ck_assert_uint_eq(i, 3);
	block_free(block);
	vector = vector_at(NULL, "retired");
	bytes = vector_bytes(vector, "entry");
	ck_assert_uint_eq(bytes.size, ENTRY_SIZE);
	ck_assert_int_eq(entry_decode(bytes.data, &entry), 0);
	vector_expect(vector, "key", entry.public_key, PUBLIC_KEY_SIZE);
	ck_assert(entry_id_of(&entry, &id) && id.kind == ENTRY_RETIRED);
	vector_expect(vector, "id", id.address.b, ADDRESS_SIZE);
	genesis_deinit(&genesis);
	vectors_close();
}
END_TEST

UNIT_MAIN("proto_vectors", every_hash_has_a_vector_and_gives_it, keys_signatures_and_addresses_are_those_of_the_vectors,
          amounts_and_canonical_bytes_are_those_of_the_vectors, a_genesis_is_the_one_of_its_vector,
          entries_and_their_proofs_are_those_of_the_vectors, payments_are_those_of_the_vectors,
          headers_blocks_and_trees_are_those_of_the_vectors, votes_certificates_and_expiries_are_those_of_the_vectors,
          receipts_and_account_proofs_of_the_vectors_hold, changes_of_a_committee_are_those_of_the_vectors,
          links_are_those_of_the_vectors)
