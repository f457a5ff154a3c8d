/* The audit, over homes whose chain is made here: one that is well, and one for each thing that can be wrong.
 */
#include "audit_fixture.h"

START_TEST(audit_passes_a_chain_whose_state_lags_behind)
{
	struct hash root;
	up();
	add(1, 3);
	add(2, 0);
	certify(CERT_FF);
	flush_state();
	put_certificate(fixture_certificate(&network, CERT_S, 3, NULL, 3), false);
	add(4, 8);
	add(5, 2);
	certify(CERT_SF);
	ck_assert_int_eq(audit(), 0);
	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	ck_assert_mem_eq(report.state_root.b, root.b, HASH_SIZE);
	ck_assert_mem_eq(report.block_id.b, tip.id.b, HASH_SIZE);
	ck_assert_uint_eq(report.height, 4);
	ck_assert_uint_eq(report.blocks, 4);
	ck_assert_uint_eq(report.payments, 13);
	ck_assert_uint_eq(report.certificates, 3);
	ck_assert_uint_eq(report.signatures, 13 + 4 + 3 + 3);
	ck_assert_uint_eq(report.supply, ACCOUNTS * BALANCE);
	down();
}
END_TEST

START_TEST(audit_passes_a_state_that_deleted_accounts_and_made_them_again)
{
	up();
	struct payment *away[] = {fixture_payment(&network, 0, 20, BALANCE, EXPIRES_AT, 1)};
	add_spoilt(1, away, 1, true, NULL);
	flush_state();
	struct payment *back[] = {fixture_payment(&network, 20, 0, BALANCE, EXPIRES_AT, 2),
	                          fixture_payment(&network, 0, 21, BALANCE, EXPIRES_AT, 3)};
	add_spoilt(2, back, 2, true, NULL);
	flush_state();
	certify(CERT_FF);
	ck_assert_int_eq(audit(), 0);
	ck_assert_uint_eq(report.payments, 3);
	down();
}
END_TEST

static void spoil_epoch(struct header *h)
{
	h->epoch++;
}
static void spoil_height(struct header *h)
{
	h->height++;
}
static void spoil_parent(struct header *h)
{
	h->parent_id.b[0] ^= 1;
}
static void spoil_timestamp(struct header *h)
{
	h->timestamp_ms--;
}
static void spoil_committee(struct header *h)
{
	h->committee_hash.b[0] ^= 1;
}
static void spoil_proposer(struct header *h)
{
	h->proposer = (h->proposer + 1) % 4;
}
static void spoil_root(struct header *h)
{
	h->parent_state_root.b[0] ^= 1;
}
static void spoil_closing(struct header *h)
{
	h->closing = true;
}
static void spoil_payments_root(struct header *h)
{
	h->payments_root.b[0] ^= 1;
}

START_TEST(audit_refuses_every_wrong_field_of_a_header)
{
	static const struct {
		void (*spoil)(struct header *header);
		const char *text;
	} cases[] = {
	    {spoil_epoch, "another epoch"},          {spoil_height, "the record of the final block"},
	    {spoil_parent, "does not link"},         {spoil_timestamp, "not later"},
	    {spoil_committee, "another committee"},  {spoil_proposer, "not proposed by the leader"},
	    {spoil_root, "another state root than"}, {spoil_payments_root, "the block: "},
	    {spoil_closing, "ends the epoch"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		up();
		add(1, 2);
		add_spoilt(2, NULL, 0, false, cases[i].spoil);
		certify(CERT_FF);
		expect_mismatch(2, cases[i].text);
		down();
	}
}
END_TEST

START_TEST(audit_refuses_a_height_other_than_the_recorded_one)
{
	uint8_t key[8], value[8 + HASH_SIZE];
	up();
	add(1, 0);
	be64_put(key, 2);
	be64_put(value, tip.view);
	memcpy(value + 8, tip.id.b, HASH_SIZE);
	put(JOURNAL_FINAL, key, sizeof(key), value, sizeof(value));
	certify(CERT_FF);
	expect_mismatch(2, "states another height");
	down();
}
END_TEST

START_TEST(audit_refuses_a_view_that_does_not_rise)
{
	up();
	add(3, 0);
	add(2, 0);
	expect_mismatch(2, "a view out of order");
	down();
}
END_TEST

/* A block of payments of which one is not signed by whoever pays. */
static void refuses_forged(uint32_t count, uint32_t at)
{
	struct payment *payments[70], *forged;
	uint8_t bytes[1024];
	char expected[64];

	up();
	for (uint32_t i = 0; i < count; i++)
		payments[i] = fixture_payment(&network, 0, 1, 1000, EXPIRES_AT, i);
	ck_assert_uint_le(payments[at]->size, sizeof(bytes));
	memcpy(bytes, payments[at]->bytes, payments[at]->size);
	bytes[payments[at]->size - SIGNATURE_SIZE] ^= 1;
	ck_assert_int_eq(payment_decode(&network.genesis.network_id, bytes, payments[at]->size, &forged), 0);
	payment_free(payments[at]);
	payments[at] = forged;
	add_spoilt(1, payments, count, false, NULL);
	certify(CERT_FF);
	snprintf(expected, sizeof(expected), "payment %u of the block: a signature", at);
	expect_mismatch(1, expected);
	down();
}

/* Signatures are checked some at a time: the one that does not hold is named, wherever it is. */
START_TEST(audit_refuses_a_payment_with_a_forged_signature)
{
	refuses_forged(1, 0);
	refuses_forged(70, 0);
	refuses_forged(70, 31);
	refuses_forged(70, 32);
	refuses_forged(70, 69);
}
END_TEST

START_TEST(audit_refuses_a_payment_that_cannot_be_executed)
{
	up();
	struct payment *payments[] = {fixture_payment(&network, 0, 1, 1000, EXPIRES_AT, 1),
	                              fixture_payment(&network, 0, 1, BALANCE, EXPIRES_AT, 2)};
	add_spoilt(1, payments, 2, false, NULL);
	certify(CERT_FF);
	expect_mismatch(1, "payment 1 of the block: more than the balance");
	down();
}
END_TEST

START_TEST(audit_refuses_a_tip_that_no_certificate_covers)
{
	up();
	add(1, 1);
	certify(CERT_FF);
	add(2, 1);
	add(3, 0);
	certify(CERT_N);
	expect_mismatch(2, "no finality certificate covers the blocks from here to 3");
	down();
}
END_TEST

/* As who was stopped while it caught up leaves it: a page ends at any block, and the headers up to the certificate are
 * not kept. The start goes on from there. */
START_TEST(audit_and_start_take_a_tip_that_a_later_certificate_made_final)
{
	struct replica_config config = {.genesis = &network.genesis, .self = 0};
	struct event begin = {.kind = EVENT_START, .now_ms = 1, .wall_ms = FIXTURE_TIME_MS};
	struct hash other = fixture_hash(1);
	struct replica_status status;
	struct actions actions;
	struct replica *replica;
	up();
	add(1, 1);
	certify(CERT_FF);
	add(2, 1);
	add(3, 0);
	for (int later = 0; later < 2; later++) {
		if (later)
			put_certificate(fixture_certificate(&network, CERT_SF, 9, &other, 3), false);
		else
			put_certificate(fixture_certificate(&network, CERT_N, 9, &other, 3), false);
		ck_assert_int_eq(audit(), later ? 0 : EXIT_MISMATCH);
		store_view(store, &config.view);
		ck_assert_int_eq(actions_init(&actions), 0);
		ck_assert_int_eq(replica_new(&config, &replica), 0);
		ck_assert_int_eq(replica_step(replica, &begin, &actions), later ? 0 : UNCIA_E_DAMAGED);
		if (later) {
			replica_status(replica, &status);
			ck_assert_uint_eq(status.final_height, 3);
			ck_assert_uint_eq(report.uncovered, 2);
		}
		replica_free(replica);
		actions_deinit(&actions);
	}
	down();
}
END_TEST

START_TEST(audit_refuses_a_forged_certificate)
{
	up();
	add(1, 1);
	put_certificate(fixture_certificate(&network, CERT_FF, tip.view, &tip.id, 4), true);
	expect_mismatch(1, "the signatures of a certificate");
	down();
}
END_TEST

START_TEST(audit_refuses_finality_off_the_chain)
{
	struct hash other = fixture_hash(1);
	up();
	add(1, 1);
	put_certificate(fixture_certificate(&network, CERT_FF, 2, &other, 4), false);
	add(3, 0);
	certify(CERT_FF);
	expect_mismatch(2, "names a block off the final chain");
	down();
}
END_TEST

START_TEST(audit_allows_finality_beyond_the_tip)
{
	struct hash other = fixture_hash(1);
	up();
	add(1, 1);
	certify(CERT_FF);
	put_certificate(fixture_certificate(&network, CERT_FF, 2, &other, 4), false);
	ck_assert_int_eq(audit(), 0);
	down();
}
END_TEST

START_TEST(audit_refuses_certificates_against_a_final_block)
{
	struct hash other = fixture_hash(1);
	for (int kind = CERT_N; kind <= CERT_S; kind++) {
		up();
		add(1, 1);
		put_certificate(fixture_certificate(&network, kind, 1, kind == CERT_N ? &other : NULL, 3), false);
		add(2, 0);
		certify(CERT_SF);
		ck_assert_int_eq(audit(), 0); /* legal: height 1 is final through its child only */
		put_certificate(fixture_certificate(&network, kind, 2, kind == CERT_N ? &other : NULL, 3), false);
		expect_mismatch(2, "both for and against its final block");
		down();
	}
}
END_TEST

START_TEST(audit_refuses_a_missing_block_and_a_gap)
{
	up();
	add(1, 0);
	struct header missing = tip;
	missing.height = 2;
	missing.view = 2;
	put_final(&missing);
	expect_mismatch(2, "the block: not found");
	missing.height = 4;
	put_final(&missing);
	expect_mismatch(2, "the block: not found");
	down();
	up();
	add(1, 0);
	tip.height = 3;
	put_final(&tip);
	expect_mismatch(2, "the record of the final block: not found");
	down();
}
END_TEST

START_TEST(audit_refuses_a_state_that_the_payments_do_not_lead_to)
{
	struct flush *flush;
	up();
	add(1, 2);
	certify(CERT_FF);
	ck_assert_int_eq(ledger_take_flush(ledger, &flush), 0);
	flush_prepare(flush);
	flush->payments[0].at.index = 7; /* not under the state root: found by comparison alone */
	ck_assert_int_eq(state_apply(store, flush, why), 0);
	ledger_flushed(ledger, flush);
	expect_mismatch(1, "the stored state is not what the payments lead to: table payment");
	down();
}
END_TEST

START_TEST(audit_refuses_a_state_ahead_of_the_journal)
{
	struct block *block;
	struct hash root;
	up();
	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	block = fixture_block(&network, NULL, 1, NULL, 0, &root);
	execute(block);
	block_free(block);
	flush_state();
	expect_mismatch(0, "ahead of the journal");
	down();
}
END_TEST

static void put_vote(enum vote_kind kind, uint64_t view, const struct hash *id, uint32_t voter)
{
	uint8_t key[8 + 1 + HASH_SIZE] = {0}, bytes[256];
	size_t size;
	struct vote vote;
	fixture_vote(&network, kind, view, id, voter, &vote);
	be64_put(key, view);
	key[8] = (uint8_t)kind;
	if (id)
		memcpy(key + 9, id->b, HASH_SIZE);
	ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
	put(JOURNAL_VOTE, key, sizeof(key), bytes, size);
}

START_TEST(audit_passes_own_votes_that_agree)
{
	struct hash a = fixture_hash(1), b = fixture_hash(2);
	up();
	put_vote(VOTE_NOTAR1, 1, &a, 0);
	put_vote(VOTE_FINAL, 1, &a, 0);
	put_vote(VOTE_SKIP1, 2, NULL, 0);
	put_vote(VOTE_NOTAR2, 2, &a, 0);
	put_vote(VOTE_NOTAR2, 2, &b, 0);
	put_vote(VOTE_NOTAR1, 3, &b, 0);
	put_vote(VOTE_SKIP2, 3, NULL, 0);
	ck_assert_int_eq(audit(), 0);
	ck_assert_uint_eq(report.signatures, 7);
	down();
}
END_TEST

START_TEST(audit_refuses_own_votes_that_contradict_each_other)
{
	static const struct {
		struct {
			enum vote_kind kind;
			uint8_t block;
		} votes[3];
		const char *text;
	} cases[] = {
	    {{{VOTE_NOTAR1, 1}, {VOTE_NOTAR1, 2}}, "view 5 has two first votes"},
	    {{{VOTE_NOTAR1, 1}, {VOTE_SKIP1, 0}}, "view 5 has two first votes"},
	    {{{VOTE_FINAL, 1}}, "without a first vote"},
	    {{{VOTE_SKIP2, 0}}, "without a first vote"},
	    {{{VOTE_NOTAR1, 1}, {VOTE_FINAL, 2}}, "a final vote against"},
	    {{{VOTE_SKIP1, 0}, {VOTE_FINAL, 1}}, "a final vote against"},
	    {{{VOTE_NOTAR1, 1}, {VOTE_SKIP2, 0}, {VOTE_FINAL, 1}}, "a final vote against"},
	    {{{VOTE_NOTAR1, 1}, {VOTE_FINAL, 1}, {VOTE_FINAL, 2}}, "a final vote against"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		up();
		put_vote(VOTE_NOTAR1, 4, &(struct hash){{9}}, 0);
		for (size_t k = 0; k < 3 && cases[i].votes[k].kind; k++) {
			struct hash id = fixture_hash(cases[i].votes[k].block);
			put_vote(cases[i].votes[k].kind, 5, cases[i].votes[k].block ? &id : NULL, 0);
		}
		expect_mismatch(0, cases[i].text);
		down();
	}
}
END_TEST

START_TEST(audit_refuses_own_votes_of_another_key)
{
	up();
	put_vote(VOTE_SKIP1, 1, NULL, 1);
	expect_mismatch(0, "not signed by this key");
	down();
}
END_TEST

static void put_newest(uint32_t of, uint32_t voter, bool flip)
{
	struct vote vote;
	uint8_t key[4], bytes[256];
	size_t size;
	fixture_vote(&network, VOTE_SKIP1, 3, NULL, voter, &vote);
	vote.signature[0] ^= flip;
	ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
	be32_put(key, of);
	put(JOURNAL_PEER, key, sizeof(key), bytes, size);
}

START_TEST(audit_refuses_newest_votes_that_are_not_their_voters)
{
	up();
	put_newest(2, 2, false);
	ck_assert_int_eq(audit(), 0);
	ck_assert_uint_eq(report.signatures, 1);
	put_newest(3, 2, false);
	expect_mismatch(0, "validator 3's newest vote");
	put_newest(3, 3, true);
	expect_mismatch(0, "validator 3's newest vote");
	down();
}
END_TEST

static void put_proposed(uint32_t validator, uint64_t height, uint64_t view)
{
	uint8_t key[5] = {[4] = 1}, value[16];
	be32_put(key, validator);
	be64_put(value, height);
	be64_put(value + 8, view);
	put(JOURNAL_PEER, key, sizeof(key), value, sizeof(value));
}

START_TEST(audit_refuses_newest_blocks_that_are_not_their_proposers)
{
	up();
	add(1, 1);
	certify(CERT_FF);
	put_proposed(1, 1, 1);
	ck_assert_int_eq(audit(), 0);
	put_proposed(2, 1, 1);
	expect_mismatch(1, "validator 2's newest block");
	put_proposed(2, 2, 2);
	expect_mismatch(1, "validator 2's newest block");
	put_proposed(2, 0, 0);
	expect_mismatch(1, "validator 2's newest block");
	down();
}
END_TEST

static void put_proof(enum certificate_kind kind, uint64_t under, bool flip)
{
	struct hash block = fixture_hash(5);
	struct certificate *c = fixture_certificate(&network, kind, 1, &block, 4);
	uint8_t key[12], value[4096] = {0};
	ck_assert_uint_lt(c->size, sizeof(value));
	memcpy(value + 1, c->bytes, c->size);
	value[c->size] ^= flip;
	be64_put(key, under);
	be32_put(key + 8, JOURNAL_SECOND_CHAIN);
	put(JOURNAL_EVIDENCE, key, sizeof(key), value, 1 + (size_t)c->size);
	ck_assert_int_eq(store_view_renew(store), 0);
	free(c);
}

START_TEST(audit_names_proof_of_a_second_chain_and_refuses_what_proves_nothing)
{
	up();
	add(1, 1);
	certify(CERT_FF);
	put_proof(CERT_SF, 1, false);
	expect_mismatch(1, "there is a second chain under this network's id");
	put_proof(CERT_SF, 1, true);
	expect_mismatch(1, "the evidence");
	put_proof(CERT_N, 1, false);
	expect_mismatch(1, "the evidence");
	put_proof(CERT_SF, 1, false);
	put_proof(CERT_SF, 2, false);
	expect_mismatch(1, "the evidence");
	down();
}
END_TEST

START_TEST(a_home_with_proof_of_a_second_chain_is_started_where_the_chain_goes_beyond_it_and_people_say_so)
{
	up();
	add(1, 1);
	certify(CERT_FF);
	ck_assert_int_eq(second_chain_refuse(&home, store, false), 0);
	put_proof(CERT_SF, 1, false);
	ck_assert_int_eq(second_chain_refuse(&home, store, false), EXIT_SECOND_CHAIN);
	ck_assert_int_eq(second_chain_refuse(&home, store, true), 0);
	down();
	up(); /* the final chain ends below it */
	put_proof(CERT_SF, 1, false);
	ck_assert_int_eq(second_chain_refuse(&home, store, true), EXIT_SECOND_CHAIN);
	put_proof(CERT_SF, 1, true);
	ck_assert_int_eq(second_chain_refuse(&home, store, true), EXIT_MISMATCH);
	down();
}
END_TEST

/* A block above the tip is taken up at the start, and asked for by its id later. */
START_TEST(audit_and_start_refuse_a_block_under_the_key_of_another)
{
	struct replica_config config = {.genesis = &network.genesis, .self = 0};
	struct event begin = {.kind = EVENT_START, .now_ms = 1, .wall_ms = FIXTURE_TIME_MS};
	struct actions actions;
	struct replica *replica;
	struct hash root;
	uint8_t key[8 + HASH_SIZE], *bytes;
	size_t size;
	up();
	add(1, 1);
	certify(CERT_FF);
	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	struct block *block = fixture_block(&network, &tip, 2, NULL, 0, &root);
	put_block(block);
	ck_assert_int_eq(audit(), 0);
	be64_put(key, 2);
	memset(key + 8, 7, HASH_SIZE);
	ck_assert_int_eq(block_encode(&block->header, NULL, 0, &bytes, &size), 0);
	put(JOURNAL_BLOCK, key, sizeof(key), bytes, size);
	free(bytes);
	block_free(block);
	expect_mismatch(1, "not what it is stored as");
	store_view(store, &config.view);
	ck_assert_int_eq(actions_init(&actions), 0);
	ck_assert_int_eq(replica_new(&config, &replica), 0);
	ck_assert_int_eq(replica_step(replica, &begin, &actions), UNCIA_E_DAMAGED);
	replica_free(replica);
	actions_deinit(&actions);
	down();
}
END_TEST

UNIT_MAIN("audit", audit_refuses_newest_blocks_that_are_not_their_proposers,
          audit_names_proof_of_a_second_chain_and_refuses_what_proves_nothing,
          a_home_with_proof_of_a_second_chain_is_started_where_the_chain_goes_beyond_it_and_people_say_so,
          audit_refuses_newest_votes_that_are_not_their_voters, audit_and_start_refuse_a_block_under_the_key_of_another,
          audit_passes_own_votes_that_agree, audit_refuses_own_votes_that_contradict_each_other,
          audit_refuses_own_votes_of_another_key, audit_passes_a_chain_whose_state_lags_behind,
          audit_passes_a_state_that_deleted_accounts_and_made_them_again, audit_refuses_every_wrong_field_of_a_header,
          audit_refuses_a_height_other_than_the_recorded_one, audit_refuses_a_view_that_does_not_rise,
          audit_refuses_a_payment_with_a_forged_signature, audit_refuses_a_payment_that_cannot_be_executed,
          audit_refuses_a_tip_that_no_certificate_covers,
          audit_and_start_take_a_tip_that_a_later_certificate_made_final, audit_refuses_a_forged_certificate,
          audit_refuses_finality_off_the_chain, audit_allows_finality_beyond_the_tip,
          audit_refuses_certificates_against_a_final_block, audit_refuses_a_missing_block_and_a_gap,
          audit_refuses_a_state_that_the_payments_do_not_lead_to, audit_refuses_a_state_ahead_of_the_journal)
