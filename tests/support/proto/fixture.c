/* Keys, networks, payments, votes, certificates and blocks for tests; see fixture.h. */
#include "fixture.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"

/* Fixtures are also made outside of tests, where Check has nowhere to report to. */
#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "fixture: %s:%d: %s\n", __FILE__, __LINE__, #condition);                       \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static void seed_of(char use, uint64_t number, uint8_t seed[SEED_SIZE])
{
	memset(seed, 0, SEED_SIZE);
	seed[0] = (uint8_t)use;
	be64_put(seed + 8, number); /* in the middle: X25519 clamps both ends */
}

static void key_of(char use, uint32_t number, struct fixture_key *key)
{
	uint8_t seed[SEED_SIZE];
	seed_of(use, number, seed);
	MUST(sign_keypair(seed, key->public_key, key->secret_key) == 0);
	address_of_key(key->public_key, &key->address);
}

void fixture_account(uint32_t number, struct fixture_key *key)
{
	key_of('a', number, key);
}

void fixture_validator(uint32_t number, struct fixture_validator *validator)
{
	key_of('v', number, &validator->consensus);
	seed_of('n', number, validator->network_secret);
	MUST(crypto_scalarmult_base(validator->network_public, validator->network_secret) == 0);
}

struct hash fixture_hash(uint64_t number)
{
	uint8_t seed[SEED_SIZE];
	struct hash hash;
	seed_of('h', number, seed);
	hash1(HASH_MEMO, seed, sizeof(seed), &hash);
	return hash;
}

void fixture_init_weighted(struct fixture *f, uint32_t validators, const uint64_t *weights, uint64_t faulty,
                           uint64_t slow, uint32_t accounts, amount_t balance)
{
	MUST(sign_self_test() == 0);
	MUST(validators <= COMMITTEE_SIZE_MAX);
	memset(f, 0, sizeof(*f));
	struct validator members[COMMITTEE_SIZE_MAX];
	for (uint32_t i = 0; i < validators; i++) {
		fixture_validator(i, &f->validators[i]);
		memcpy(members[i].consensus_key, f->validators[i].consensus.public_key, 32);
		memcpy(members[i].network_key, f->validators[i].network_public, 32);
		members[i].weight = weights[i];
	}
	struct genesis_account *holders = calloc((size_t)accounts + 1, sizeof(*holders));
	MUST(holders);
	for (uint32_t i = 0; i < accounts; i++) {
		struct fixture_key key;
		fixture_account(i, &key);
		holders[i] = (struct genesis_account){.address = key.address, .balance = balance};
	}
	MUST(genesis_make(&f->genesis,
	                  &(struct genesis_parameters){"fixture", FIXTURE_TIME_MS, "UNC", FIXTURE_SMALLEST_AMOUNT,
	                                               members, validators, faulty, slow, holders, accounts}) == 0);
	free(holders);
}

void fixture_init(struct fixture *f, uint32_t validators, uint32_t accounts, amount_t balance)
{
	uint64_t weights[COMMITTEE_SIZE_MAX], faulty, slow;
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++)
		weights[i] = 1;
	committee_default_faults(validators, &faulty, &slow);
	fixture_init_weighted(f, validators, weights, faulty, slow, accounts, balance);
}

void fixture_deinit(struct fixture *f)
{
	genesis_deinit(&f->genesis);
}

char *fixture_network_file(const struct fixture *f, const uint16_t *ports)
{
	const size_t step = 75;
	char *text, line[128];
	size_t text_size;
	FILE *file = open_memstream(&text, &text_size);

	MUST(file);
	fprintf(file, "# made by a test\n[network]\nname = %s\n", f->genesis.name);
	for (size_t at = 0; at < f->genesis.size; at += step) {
		size_t size = f->genesis.size - at < step ? f->genesis.size - at : step;
		sodium_bin2base64(line, sizeof(line), f->genesis.bytes + at, size,
		                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		fprintf(file, "genesis = %s\n", line);
	}
	for (uint32_t i = 0; i < f->genesis.committee.size; i++) {
		sodium_bin2hex(line, sizeof(line), f->validators[i].network_public, 32);
		fprintf(file, "[validator.%u]\naddress = 127.0.0.1:%u\nnetwork_key = %s\n", i,
		        ports ? ports[i] : 7001 + i, line);
	}
	MUST(fclose(file) == 0);
	return text;
}

struct payment *fixture_payment_outputs(const struct fixture *f, const struct fixture_key *from,
                                        const struct output *outputs, uint32_t output_count, uint32_t expires_at,
                                        uint64_t nonce)
{
	struct payment draft = {
	    .sender = from->address,
	    .expires_at = expires_at,
	    .currency = CURRENCY_FIRST,
	    .output_count = output_count,
	    .outputs = outputs,
	};
	be64_put(draft.nonce + NONCE_SIZE - 8, nonce);
	struct payment *payment = NULL;
	MUST(payment_make(&f->genesis.network_id, &draft, from->public_key, from->secret_key, &payment) == 0);
	return payment;
}

struct payment *fixture_payment(const struct fixture *f, uint32_t from, uint32_t to, amount_t amount,
                                uint32_t expires_at, uint64_t nonce)
{
	struct fixture_key sender, recipient;
	fixture_account(from, &sender);
	fixture_account(to, &recipient);
	struct output output = {.to = recipient.address, .amount = amount};
	return fixture_payment_outputs(f, &sender, &output, 1, expires_at, nonce);
}

void fixture_vote(const struct fixture *f, enum vote_kind kind, uint64_t view, const struct hash *block_id,
                  uint32_t voter, struct vote *vote)
{
	*vote = (struct vote){.epoch = f->genesis.committee.epoch, .kind = kind, .view = view, .voter = voter};
	if (vote_kind_names_block(kind))
		vote->block_id = *block_id;
	struct hash digest;
	vote_digest(&f->genesis.network_id, vote->epoch, kind, view, &vote->block_id, &digest);
	MUST(sign_digest(f->validators[voter].consensus.secret_key, &digest, vote->signature) == 0);
}

struct certificate *fixture_certificate_mixed(const struct fixture *f, enum certificate_kind kind, uint64_t view,
                                              const struct hash *block_id, uint64_t firsts, uint64_t extras)
{
	struct vote votes[128];
	const struct vote *pointers[128];
	size_t count = 0;
	for (uint32_t i = 0; i < 64 && i < f->genesis.committee.size; i++)
		for (int extra = 0; extra < 2; extra++)
			if ((extra ? extras : firsts) >> i & 1) {
				enum vote_kind vote_kind = certificate_vote_kind(kind, extra);
				fixture_vote(f, vote_kind, view, block_id, i, &votes[count]);
				pointers[count] = &votes[count];
				count++;
			}
	struct certificate *certificate = NULL;
	MUST(certificate_make(&f->genesis.committee, &(struct certificate_subject){kind, view, block_id}, pointers,
	                      count, &certificate) == 0);
	return certificate;
}

struct certificate *fixture_certificate(const struct fixture *f, enum certificate_kind kind, uint64_t view,
                                        const struct hash *block_id, uint32_t signers)
{
	MUST(signers <= 63);
	return fixture_certificate_mixed(f, kind, view, block_id, (UINT64_C(1) << signers) - 1, 0);
}

void fixture_payments_root(struct payment *const *payments, uint32_t count, struct hash *root)
{
	struct hash *tree = block_tree(payments, count);
	MUST(tree);
	*root = *merkle_root(tree, count);
	free(tree);
}

void fixture_header(const struct fixture *f, const struct header *parent, uint64_t view,
                    struct payment *const *payments, uint32_t count, const struct hash *state_root,
                    struct header *header)
{
	const struct committee *c = &f->genesis.committee;
	*header = (struct header){
	    .epoch = c->epoch,
	    .view = view,
	    .height = parent ? parent->height + 1 : 1,
	    .timestamp_ms = (parent ? parent->timestamp_ms : f->genesis.timestamp_ms) + 1,
	    .payment_count = count,
	    .parent_state_root = *state_root,
	    .committee_hash = c->hash,
	    .proposer = committee_leader(c, view),
	};
	if (parent)
		header->parent_id = parent->id;
	else
		genesis_block_id(&f->genesis, &header->parent_id);
	fixture_payments_root(payments, count, &header->payments_root);
	MUST(header_encode(header) == 0);
}

struct block *fixture_block(const struct fixture *f, const struct header *parent, uint64_t view,
                            struct payment *const *payments, uint32_t count, const struct hash *state_root)
{
	struct block *block = calloc(1, sizeof(*block));
	MUST(block);
	fixture_header(f, parent, view, payments, count, state_root, &block->header);
	block->payments = calloc((size_t)count + 1, sizeof(struct payment *));
	MUST(block->payments);
	if (count)
		memcpy(block->payments, payments, count * sizeof(struct payment *));
	block->count = count;
	block->tree = block_tree(payments, count);
	MUST(block->tree);
	return block;
}

uint32_t fixture_give_back_expires_at(uint64_t now_s)
{
	return (uint32_t)((now_s / GIVE_BACK_EXPIRES_S + 1) * GIVE_BACK_EXPIRES_S);
}

int fixture_give_back(const struct hash *network_id, const struct hold_reference *hold, amount_t amount,
                      uint32_t expires_at, struct payment **payment)
{
	const struct payment draft = {.kind = PAYMENT_GIVE_BACK,
	                              .expires_at = expires_at,
	                              .currency = CURRENCY_FIRST,
	                              .total = amount,
	                              .hold = hold};

	return payment_make(network_id, &draft, NULL, NULL, payment);
}
