/* A validator that was away catches up by pages, over any gap, with little memory and short steps (docs/spec/network.md
 * §8.3, "Pages"). */
#include "consensus.pb-c.h"
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

#define UNIT     INT64_C(1000000)
#define AWAY     3u
#define ACCOUNTS 24u

/* What goes round: FINAL votes of some views are withheld, and what is given to the one that was away is counted. */
struct watched {
	uint32_t away; /* who was away: this validator, and all of a higher number */
	bool withhold;
	bool no_pages;         /* nor proposals reach who was away, */
	uint64_t no_body_from; /* nor bodies of this height or above; 0: all do */
	uint64_t parts;        /* of headers alone */
	uint64_t pages, empty, headers, bodies, most_headers, dropped;
};

static bool is_final_vote(const Uncia__Pb__PeerMessage *m)
{
	struct vote vote;

	return m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE &&
	       vote_decode(m->vote.data, m->vote.len, &vote) == 0 && vote.kind == VOTE_FINAL;
}

static uint64_t height_of_reply(const Uncia__Pb__BlockReply *reply)
{
	struct header header;

	ck_assert_int_eq(block_header(reply->block.data, reply->block.len, &header), 0);
	return header.height;
}

/* Whether it is kept from who was away. */
static bool kept(const struct watched *w, const Uncia__Pb__PeerMessage *m)
{
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY)
		return w->no_body_from && height_of_reply(m->block_reply) >= w->no_body_from;
	return w->no_pages && (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY ||
	                       m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE);
}

static bool watch(void *context, uint32_t from, uint32_t to, const struct bytes *message)
{
	struct watched *w = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	bool through = !(w->withhold && is_final_vote(m)) && !(to >= w->away && kept(w, m));

	if (to >= w->away && m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY) {
		w->pages++;
		w->empty += from < w->away && !m->sync_reply->n_blocks && !m->sync_reply->n_headers;
		w->parts += !m->sync_reply->n_blocks && m->sync_reply->n_headers;
		w->headers += m->sync_reply->n_headers;
		if (m->sync_reply->n_headers > w->most_headers)
			w->most_headers = m->sync_reply->n_headers;
	}
	w->bodies += through && to >= w->away && m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	uncia__pb__peer_message__free_unpacked(m, NULL);
	return through;
}

static void count_dropped(void *context, uint32_t node, uint32_t peer)
{
	(void)node;
	(void)peer;
	((struct watched *)context)->dropped++;
}

static struct network_options options(struct watched *w)
{
	w->away = AWAY;
	return (struct network_options){.validators = 4,
	                                .accounts = ACCOUNTS,
	                                .balance = 100000 * UNIT,
	                                .seed = 1,
	                                .delay_min_ms = 1,
	                                .delay_max_ms = 3,
	                                .commit_ms = 1,
	                                .pass = watch,
	                                .dropped = count_dropped,
	                                .tap_context = w};
}

/* A payment of nearly 16 KiB. */
static void pay_large(struct network *n, uint32_t node, uint32_t account, uint64_t nonce)
{
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key from, to;

	fixture_account(account, &from);
	fixture_account((account + 1) % ACCOUNTS, &to);
	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		outputs[k] = (struct output){.to = to.address, .has_reference = true, .amount = 1000};
	struct payment *payment = fixture_payment_outputs(network_fixture(n), &from, outputs, PAYMENT_OUTPUTS_MAX,
	                                                  network_now_s(n) + 3000, nonce);
	network_submit(n, node, 1 + account, payment);
	payment_free(payment);
}

struct until {
	uint32_t node;
	uint64_t height;
};

static bool reached(struct network *n, void *context)
{
	const struct until *until = context;
	struct replica_status status;

	network_status(n, until->node, &status);
	return status.final_height >= until->height;
}

static uint64_t height_of(struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

/* All steps of a node so far were short. */
static void short_steps(struct network *n, uint32_t node, size_t step_bytes)
{
	struct replica_load load;

	network_load(n, node, &load);
	ck_assert_msg(load.taken <= step_bytes, "a step took %zu bytes", load.taken);
}

/* Blocks of some 4 MiB are notarised one after the other, and FINAL votes for them get lost: more than a message holds
 * lies between two finality certificates, at everybody. */
static void make_large_hole(struct network *n, struct watched *w)
{
	uint64_t before = height_of(n, 0), nonce = 0;

	w->withhold = true;
	for (int round = 0; round < 3; round++) {
		for (uint32_t account = 0; account < ACCOUNTS; account++)
			for (int i = 0; i < 12; i++)
				pay_large(n, 0, account, nonce++);
		network_run(n, 2500, NULL, NULL);
	}
	ck_assert_uint_le(height_of(n, 0), before + 1); /* what was under way */
	w->withhold = false;
	ck_assert(network_run(n, 20000, reached, &(struct until){0, before + 4}));
}

START_TEST(blocks_without_a_certificate_of_more_than_a_message_are_crossed)
{
	struct watched w = {0};
	struct network_options o = options(&w);
	struct network *n = network_new(&o);

	for (uint32_t i = 0; i < AWAY; i++)
		network_start(n, i);
	ck_assert(network_run(n, 5000, reached, &(struct until){0, 2}));
	make_large_hole(n, &w);
	network_run(n, 3000, NULL, NULL);
	uint64_t ahead = height_of(n, 0);
	network_start(n, AWAY);
	ck_assert(network_run(n, 30000, reached, &(struct until){AWAY, ahead}));
	ck_assert_uint_gt(w.most_headers, 1); /* the hole was one */
	ck_assert_uint_eq(w.empty, 0);
	ck_assert_uint_eq(w.dropped, 0);
	for (uint32_t i = 0; i < 4; i++)
		short_steps(n, i, 16u << 20);
	/* It goes on with the others. */
	ck_assert(network_run(n, 10000, reached, &(struct until){AWAY, ahead + 2}));
	network_free(n);
}
END_TEST

/* Many more blocks than are ever held: they come forward, by pages, at a steady pace; few by id; and what is held of
 * them at a time, and taken in a step, stays little. A crash on the way loses nothing that was final. */
START_TEST(long_gap_is_crossed_by_pages_in_short_steps_across_crashes)
{
	struct watched w = {0};
	struct network_options o = options(&w);
	o.page_bytes = 4000;
	o.step_bytes = 3000;
	o.near_blocks = 4;
	struct network *n = network_new(&o);
	struct replica_load load;
	uint64_t nonce = 0;

	for (uint32_t i = 0; i < AWAY; i++)
		network_start(n, i);
	for (int i = 0; i < 250; i++) {
		struct payment *payment = fixture_payment(network_fixture(n), (uint32_t)i % ACCOUNTS, 1, UNIT,
		                                          network_now_s(n) + 500, nonce++);
		network_submit(n, 0, 1, payment);
		payment_free(payment);
		w.withhold = i % 10 < 7; /* runs of blocks without certificates */
		network_run(n, 60, NULL, NULL);
	}
	w.withhold = false;
	network_run(n, 2000, NULL, NULL);
	uint64_t ahead = height_of(n, 0), last = 0;
	ck_assert_uint_gt(ahead, 150);
	network_start(n, AWAY);
	for (int crashes = 0; height_of(n, AWAY) < ahead; crashes++) {
		ck_assert(network_run(n, 5000, reached, &(struct until){AWAY, last + 20 < ahead ? last + 20 : ahead}));
		last = height_of(n, AWAY);
		network_load(n, AWAY, &load);
		ck_assert_uint_le(load.blocks, 64);
		short_steps(n, AWAY, 3000);
		if (crashes % 3 != 2 || last >= ahead)
			continue;
		network_crash_keeping(n, AWAY);
		network_start(n, AWAY);
		ck_assert(network_up(n, AWAY));
		ck_assert_uint_ge(height_of(n, AWAY) + 40, last);
	}
	ck_assert_uint_gt(w.headers, 0);
	ck_assert_uint_eq(w.empty, 0);
	ck_assert_uint_eq(w.dropped, 0);
	ck_assert_uint_lt(w.bodies, ahead / 4);
	network_free(n);
}
END_TEST

/* It hears the certificates of all that it has missed, and the header of the highest does not come, nor do pages: of
 * what they name it fetches no more than what it needs next, and holds no more. */
START_TEST(what_certificates_name_is_not_fetched_before_it_is_known_how_far_it_reaches)
{
	struct watched w = {0};
	struct network_options o = options(&w);
	struct network *n = network_new(&o);
	struct replica_load load;
	uint64_t nonce = 0;

	for (uint32_t i = 0; i < AWAY; i++)
		network_start(n, i);
	for (int i = 0; i < 120; i++) {
		pay_large(n, 0, (uint32_t)i % ACCOUNTS, nonce++);
		network_run(n, 60, NULL, NULL);
	}
	uint64_t ahead = height_of(n, 0);
	ck_assert_uint_gt(ahead, 100);
	w.no_pages = true;
	w.no_body_from = ahead - 10;
	network_start(n, AWAY);
	network_run(n, 15000, NULL, NULL);
	network_load(n, AWAY, &load);
	ck_assert_uint_ge(load.views, ahead / 3); /* many certificates are there */
	ck_assert_uint_le(load.body_bytes, 10u * 17000);
	ck_assert_uint_le(w.bodies, 20);
	w.no_pages = false;
	ck_assert(network_run(n, 10000, reached, &(struct until){AWAY, ahead - 10}));
	w.no_body_from = 0;
	ck_assert(network_run(n, 10000, reached, &(struct until){AWAY, ahead}));
	ck_assert_uint_eq(w.dropped, 0);
	network_free(n);
}
END_TEST

/* Blocks are notarised one after the other, and their FINAL votes get lost, for longer than the headers of one answer
 * reach. */
static uint64_t stretch_without_certificates(struct network *n, struct watched *w, uint64_t pace_ms)
{
	uint64_t before = height_of(n, 0), nonce = 0;

	w->withhold = true;
	for (int i = 0; i < 120; i++) {
		struct payment *payment = fixture_payment(network_fixture(n), (uint32_t)i % ACCOUNTS, 1, UNIT,
		                                          network_now_s(n) + 500, nonce++);
		network_submit(n, 0, 1, payment);
		payment_free(payment);
		network_run(n, pace_ms, NULL, NULL);
	}
	ck_assert_uint_le(height_of(n, 0), before + 1);
	w->withhold = false;
	ck_assert(network_run(n, 5000, reached, &(struct until){0, before + 20}));
	network_run(n, 1000, NULL, NULL);
	return height_of(n, 0);
}

START_TEST(more_headers_than_an_answer_holds_come_in_parts)
{
	struct watched w = {0};
	struct network_options o = options(&w);
	o.page_bytes = 1500;
	o.page_headers = 3;
	struct network *n = network_new(&o);

	for (uint32_t i = 0; i < AWAY; i++)
		network_start(n, i);
	ck_assert(network_run(n, 5000, reached, &(struct until){0, 2}));
	uint64_t ahead = stretch_without_certificates(n, &w, 60);
	network_start(n, AWAY);
	ck_assert(network_run(n, 20000, reached, &(struct until){AWAY, ahead / 2}));
	ck_assert_uint_ge(w.parts, 6);
	network_crash_keeping(n, AWAY); /* what was proven is gone: it asks again */
	network_start(n, AWAY);
	ck_assert(network_run(n, 20000, reached, &(struct until){AWAY, ahead}));
	ck_assert_uint_ge(w.parts, 9);
	ck_assert_uint_le(w.parts, 40);
	ck_assert_uint_le(w.most_headers, 3);
	ck_assert_uint_eq(w.dropped, 0);
	/* It goes on with the others. */
	ck_assert(network_run(n, 10000, reached, &(struct until){AWAY, ahead + 2}));
	network_free(n);
}
END_TEST

/* Two that were away ask one validator, each for another place in a hole that it takes several steps to read over, and
 * at the same time: each has the headers behind its page read on by itself. */
START_TEST(two_that_were_away_cross_a_hole_at_different_places)
{
	enum { FIRST = 5, SECOND = 6 };
	struct watched w = {0};
	struct network_options o = options(&w);
	o.validators = 7;
	o.page_bytes = 1; /* a block in a page, a header read in a step */
	o.near_blocks = 1;
	w.away = FIRST;
	struct network *n = network_new(&o);
	struct replica_load load;

	for (uint32_t i = 0; i < FIRST; i++)
		network_start(n, i);
	ck_assert(network_run(n, 10000, reached, &(struct until){0, 2}));
	uint64_t before = height_of(n, 0), ahead = stretch_without_certificates(n, &w, 1000);
	for (uint32_t i = 1; i < FIRST; i++)
		network_crash_keeping(n, i);
	network_start(n, FIRST);
	ck_assert(network_run(n, 30000, reached, &(struct until){FIRST, before + 6}));
	ck_assert_uint_lt(height_of(n, FIRST), ahead - 10);
	network_crash_keeping(n, FIRST);
	network_cut(n, FIRST, SECOND, true);
	network_cut(n, SECOND, FIRST, true);
	network_start(n, FIRST);
	network_start(n, SECOND);
	ck_assert(network_run(n, 30000, reached, &(struct until){FIRST, ahead}));
	ck_assert(network_run(n, 30000, reached, &(struct until){SECOND, ahead}));
	ck_assert_uint_gt(w.most_headers, 15);
	ck_assert_uint_eq(w.empty, 0);
	ck_assert_uint_eq(w.dropped, 0);
	for (uint32_t i = FIRST; i <= SECOND; i++) {
		network_load(n, i, &load);
		ck_assert_uint_le(load.body_bytes, 8000);
	}
	/* And on with them: of the five that made the chain two stay down. */
	network_cut(n, FIRST, SECOND, false);
	network_cut(n, SECOND, FIRST, false);
	for (uint32_t i = 1; i < 3; i++)
		network_start(n, i);
	ck_assert(network_run(n, 60000, reached, &(struct until){FIRST, ahead + 2}));
	network_free(n);
}
END_TEST

UNIT_MAIN("gaps", blocks_without_a_certificate_of_more_than_a_message_are_crossed,
          long_gap_is_crossed_by_pages_in_short_steps_across_crashes,
          what_certificates_name_is_not_fetched_before_it_is_known_how_far_it_reaches,
          more_headers_than_an_answer_holds_come_in_parts, two_that_were_away_cross_a_hole_at_different_places)
