/* Links: every split of the bytes, every bound, and bytes that are not the other side's. */
#include "wire_link_fixture.h"

/* ---- handshakes ----------------------------------------------------------------------------- */

START_TEST(handshake_completes_in_any_split)
{
	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		for (size_t piece = 1; piece < 140; piece++) {
			struct link *i = make(pattern, true, (struct link_options){0});
			struct link *r = make(pattern, false, (struct link_options){0});
			connect_links(i, r, piece);
			link_free(i);
			link_free(r);
		}
	}
	link_free(NULL);
}
END_TEST

START_TEST(first_byte_tells_the_pattern)
{
	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		enum noise_pattern peeked;
		struct bytes run;
		struct link *i = make(pattern, true, (struct link_options){0});
		struct link *r = make(pattern == NOISE_IK ? NOISE_NK : NOISE_IK, false, (struct link_options){0});
		link_output(i, &run);
		ck_assert_uint_eq(run.data[0], pattern == NOISE_IK ? 'V' : 'W');
		ck_assert_int_eq(link_peek(run.data[0], &peeked), 0);
		ck_assert_int_eq(peeked, pattern);
		ck_assert_int_eq(link_feed(r, run.data, 1), UNCIA_E_PROTOCOL);
		link_free(i);
		link_free(r);
	}
	enum noise_pattern untouched = NOISE_NK;
	for (int byte = 0; byte < 256; byte++)
		if (byte != 'V' && byte != 'W')
			ck_assert_int_eq(link_peek((uint8_t)byte, &untouched), UNCIA_E_PROTOCOL);
	ck_assert_int_eq(untouched, NOISE_NK);
}
END_TEST

START_TEST(remote_key_is_known_in_time)
{
	uint8_t expected[32];
	struct link *i = make(NOISE_IK, true, (struct link_options){0});
	struct link *r = make(NOISE_IK, false, (struct link_options){0});
	ck_assert_int_eq(noise_public_key(listener_secret, expected), 0);
	ck_assert_mem_eq(link_remote_static(i), expected, 32);
	ck_assert_ptr_null(link_remote_static(r));
	connect_links(i, r, SIZE_MAX);
	ck_assert_int_eq(noise_public_key(dialler_secret, expected), 0);
	ck_assert_mem_eq(link_remote_static(r), expected, 32);
	link_free(i);
	link_free(r);
	pair(NOISE_NK, &i, &r);
	ck_assert_ptr_null(link_remote_static(r));
	link_free(i);
	link_free(r);
}
END_TEST

static bool same_key(void *context, const uint8_t key[32])
{
	return memcmp(context, key, 32) == 0;
}

START_TEST(strangers_get_no_answer)
{
	uint8_t key[32];
	struct bytes run;
	struct link *i = make(NOISE_IK, true, (struct link_options){0});
	ck_assert_int_eq(noise_public_key(stranger_secret, key), 0);
	struct link *r = make(NOISE_IK, false, (struct link_options){.allowed = same_key, .context = key});
	ck_assert_int_eq(move(i, r, SIZE_MAX), UNCIA_E_SIGNATURE);
	link_output(r, &run);
	ck_assert_uint_eq(run.size, 0);
	link_free(i);
	link_free(r);

	i = make(NOISE_IK, true, (struct link_options){0});
	ck_assert_int_eq(noise_public_key(dialler_secret, key), 0);
	r = make(NOISE_IK, false, (struct link_options){.allowed = same_key, .context = key});
	connect_links(i, r, SIZE_MAX);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(other_network_or_key_is_refused)
{
	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		struct link *i = make(pattern, true, (struct link_options){.network_id = &other_network});
		struct link *r = make(pattern, false, (struct link_options){0});
		ck_assert_int_eq(move(i, r, SIZE_MAX), UNCIA_E_SIGNATURE);
		link_free(i);
		link_free(r);
		i = make(pattern, true, (struct link_options){.remote_static = stranger_secret});
		r = make(pattern, false, (struct link_options){0});
		ck_assert_int_eq(move(i, r, SIZE_MAX), UNCIA_E_SIGNATURE);
		link_free(i);
		link_free(r);
	}
}
END_TEST

/* network 8.1: releases of two versions of the wire, whichever dials. */
START_TEST(responder_understands_one_version_back)
{
	static const struct {
		uint8_t dialled, newest, oldest, spoken; /* spoken 0: not understood */
	} cases[] = {
	    {2, 2, 1, 2}, {1, 2, 1, 1}, {1, 1, 1, 1}, {2, 1, 1, 0},
	    {3, 2, 1, 0}, {1, 3, 2, 0}, {2, 3, 2, 2}, {1, 2, 2, 0},
	};

	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			struct link *i = make(pattern, true, (struct link_options){.newest = cases[c].dialled});
			struct link *r =
			    make(pattern, false,
			         (struct link_options){.newest = cases[c].newest, .oldest = cases[c].oldest});
			int rc = move(i, r, 7);
			if (!cases[c].spoken) {
				ck_assert_int_eq(rc, UNCIA_E_SIGNATURE);
				ck_assert_uint_eq(link_queued(r), 0); /* nothing is answered */
			} else {
				ck_assert_int_eq(rc, 0);
				ck_assert_int_eq(move(r, i, 7), 0);
				ck_assert_int_eq(move(i, r, 7), 0);
				ck_assert(link_established(i) && link_established(r));
				ck_assert_uint_eq(link_version(r), cases[c].spoken);
				ck_assert_uint_eq(link_version(i), cases[c].spoken);
			}
			link_free(i);
			link_free(r);
		}
	}
}
END_TEST

/* The version is part of the handshake's hash: nobody between the two can have them speak two. */
START_TEST(version_is_not_changed_on_the_way)
{
	struct link *old = make(NOISE_IK, true, (struct link_options){.newest = 1});
	struct link *new = make(NOISE_IK, true, (struct link_options){.newest = 2});
	struct link *r = make(NOISE_IK, false, (struct link_options){.newest = 2, .oldest = 1});

	ck_assert_int_eq(move(old, r, 1000), 0);
	ck_assert_uint_eq(link_version(r), 1);
	ck_assert_int_eq(move(r, new, 1000), UNCIA_E_SIGNATURE); /* the answer to the other one's message */
	link_free(old);
	link_free(new);
	link_free(r);
}
END_TEST

START_TEST(missing_keys_are_refused)
{
	uint8_t key[32] = {1};
	struct link *link = NULL;
	struct link_options o = {.pattern = NOISE_IK,
	                         .initiator = true,
	                         .network_id = &network,
	                         .remote_static = key,
	                         .ephemeral_secret = key};
	ck_assert_int_eq(link_new(&o, &link), UNCIA_E_ARGUMENT);
	ck_assert_ptr_null(link);
}
END_TEST

START_TEST(handshake_messages_over_a_kilobyte_are_refused_at_their_length)
{
	struct link *r = make(NOISE_NK, false, (struct link_options){0});
	size_t before = heap();
	ck_assert_int_eq(link_feed(r, "W\x04", 2), 0);
	ck_assert_int_eq(link_feed(r, "\x01", 1), UNCIA_E_LIMIT);
	ck_assert_uint_lt(heap() - before, 256);
	link_free(r);

	uint8_t whole[1 + 2 + 1025] = {'W', 4, 1};
	r = make(NOISE_NK, false, (struct link_options){0});
	ck_assert_int_eq(link_feed(r, whole, sizeof(whole)), UNCIA_E_LIMIT);
	link_free(r);
}
END_TEST

START_TEST(truncated_handshake_is_only_waited_for)
{
	struct bytes run, nothing;
	struct link *i = make(NOISE_IK, true, (struct link_options){0});
	link_output(i, &run);
	for (size_t cut = 0; cut < run.size; cut++) {
		struct link *r = make(NOISE_IK, false, (struct link_options){0});
		ck_assert_int_eq(link_feed(r, run.data, cut), 0);
		ck_assert(!link_established(r));
		link_output(r, &nothing);
		ck_assert_uint_eq(nothing.size, 0);
		ck_assert_ptr_null(link_remote_static(r));
		link_free(r);
	}
	link_free(i);
}
END_TEST

/* network, "Links": a recorded handshake, played again with all that followed, establishes nothing and is told nothing.
 */
START_TEST(replayed_handshake_gains_nothing)
{
	uint8_t *first, *second;
	struct link *i = make(NOISE_IK, true, (struct link_options){0});
	struct link *r = make(NOISE_IK, false, (struct link_options){0});
	ck_assert_int_eq(link_send(i, "pay", 3), 0);
	size_t first_size = take(i, &first);
	ck_assert_int_eq(link_feed(r, first, first_size), 0);
	ck_assert_int_eq(move(r, i, SIZE_MAX), 0);
	size_t second_size = take(i, &second);
	ck_assert_int_eq(link_feed(r, second, second_size), 0);
	ck_assert(link_established(r));
	link_free(i);
	link_free(r);

	r = make(NOISE_IK, false, (struct link_options){0});
	ck_assert_int_eq(link_send(r, "secret", 6), 0);
	ck_assert_int_eq(link_feed(r, first, first_size), 0);
	uint8_t *answer;
	ck_assert_uint_eq(take(r, &answer), 2 + 48); /* the handshake's own answer, not the message */
	ck_assert(!link_established(r));
	ck_assert_int_eq(link_feed(r, second, second_size), UNCIA_E_SIGNATURE);
	ck_assert(!link_established(r));
	expect_nothing(r);
	link_free(r);
	free(answer);
	free(first);
	free(second);
}
END_TEST

START_TEST(messages_sent_early_follow_the_handshake)
{
	struct link *i = make(NOISE_NK, true, (struct link_options){0});
	struct link *r = make(NOISE_NK, false, (struct link_options){0});
	ck_assert_int_eq(send_sized(i, 1, 1000), 0);
	ck_assert_int_eq(send_sized(r, 2, 2000), 0);
	ck_assert_int_eq(move(i, r, 7), 0);
	ck_assert_int_eq(move(r, i, 7), 0);
	ck_assert_int_eq(move(i, r, 7), 0);
	expect_sized(r, 1, 1000);
	expect_nothing(r);
	ck_assert_int_eq(move(r, i, 7), 0);
	expect_sized(i, 2, 2000);
	expect_nothing(i);
	link_free(i);
	link_free(r);
}
END_TEST

/* ---- messages ------------------------------------------------------------------------------- */

START_TEST(messages_arrive_one_byte_at_a_time)
{
	static const size_t sizes[] = {1,     2,     3,     15,    16,    255,       256,  4096,
	                               65514, 65515, 65516, 65519, 65520, LIMIT - 1, LIMIT};
	struct link *i, *r;
	pair(NOISE_IK, &i, &r);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		ck_assert_int_eq(send_sized(i, k, sizes[k]), 0);
		ck_assert_int_eq(move(i, r, 1), 0);
		expect_sized(r, k, sizes[k]);
		expect_nothing(r);
		ck_assert_int_eq(send_sized(r, k, sizes[k]), 0);
		ck_assert_int_eq(move(r, i, 1), 0);
		expect_sized(i, k, sizes[k]);
		expect_nothing(i);
	}
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(small_messages_share_one_record)
{
	struct link *i, *r;
	uint8_t *data;
	pair(NOISE_IK, &i, &r);
	for (size_t k = 0; k < 1000; k++)
		ck_assert_int_eq(send_sized(i, k, 50), 0);
	ck_assert_uint_eq(link_queued(i), 1000 * 54);
	size_t size = take(i, &data);
	ck_assert_uint_eq(size, 2 + 1000 * 54 + NOISE_MAC_SIZE);
	ck_assert_int_eq(link_feed(r, data, size), 0);
	for (size_t k = 0; k < 1000; k++)
		expect_sized(r, k, 50);
	expect_nothing(r);
	free(data);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(large_message_spans_records_of_full_size)
{
	const size_t size = MESSAGE_SIZE_VALIDATOR_MAX;
	struct link *i = make(NOISE_IK, true, (struct link_options){0});
	struct link *r = make(NOISE_IK, false, (struct link_options){.message_size_max = size});
	uint8_t *data;
	connect_links(i, r, SIZE_MAX);
	ck_assert_int_eq(send_sized(i, 5, size + 1), UNCIA_E_LIMIT);
	ck_assert_int_eq(send_sized(i, 5, size), 0);
	size_t records = (size + 4 + NOISE_PLAINTEXT_MAX - 1) / NOISE_PLAINTEXT_MAX;
	size_t sent = take(i, &data);
	ck_assert_uint_eq(sent, size + 4 + records * 18);
	for (size_t at = 0; at < sent; at += 50000) {
		expect_nothing(r);
		ck_assert_int_eq(link_feed(r, data + at, sent - at < 50000 ? sent - at : 50000), 0);
	}
	expect_sized(r, 5, size);
	expect_nothing(r);
	free(data);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(message_over_the_limit_is_refused_before_it_comes)
{
	struct link *i, *r;
	uint8_t *data;
	pair(NOISE_NK, &i, &r);
	ck_assert_int_eq(send_sized(i, 1, LIMIT + 1), 0);
	size_t size = take(i, &data);
	ck_assert_uint_gt(size, 2 + RECORD_SIZE_REQUEST_MAX);
	ck_assert_int_eq(link_feed(r, data, 1 + RECORD_SIZE_REQUEST_MAX), 0);
	/* Now the first record is whole. */
	ck_assert_int_eq(link_feed(r, data + 1 + RECORD_SIZE_REQUEST_MAX, 1), UNCIA_E_LIMIT);
	expect_nothing(r);
	ck_assert_int_eq(link_feed(r, "x", 1), UNCIA_E_LIMIT);
	ck_assert_int_eq(link_send(r, "x", 1), UNCIA_E_LIMIT);
	ck_assert(!link_established(r));
	free(data);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(pings_are_swallowed)
{
	struct link *i, *r;
	pair(NOISE_IK, &i, &r);
	ck_assert_int_eq(link_send(i, NULL, 0), 0);
	ck_assert_int_eq(link_send(i, NULL, 0), 0);
	ck_assert_int_eq(send_sized(i, 1, 10), 0);
	ck_assert_int_eq(link_send(i, NULL, 0), 0);
	ck_assert_int_eq(send_sized(i, 2, 10), 0);
	ck_assert_int_eq(link_send(i, NULL, 0), 0);
	ck_assert_int_eq(move(i, r, 3), 0);
	expect_sized(r, 1, 10);
	expect_sized(r, 2, 10);
	expect_nothing(r);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(write_queue_is_bounded)
{
	struct link *i = make(NOISE_NK, true, (struct link_options){.write_queue_max = 10000});
	struct link *r = make(NOISE_NK, false, (struct link_options){0});
	uint8_t *data;
	struct bytes run;
	connect_links(i, r, SIZE_MAX);
	for (size_t k = 0; k < 10; k++)
		ck_assert_int_eq(send_sized(i, k, 996), 0);
	ck_assert_uint_eq(link_queued(i), 10000);
	ck_assert_int_eq(link_send(i, NULL, 0), UNCIA_E_FULL);
	/* Encrypted but not taken is still waiting. */
	link_output(i, &run);
	ck_assert_uint_gt(run.size, 10000);
	ck_assert_int_eq(link_send(i, NULL, 0), UNCIA_E_FULL);
	link_output_taken(i, run.size - 100);
	ck_assert_uint_eq(link_queued(i), 100);
	ck_assert_int_eq(link_send(i, NULL, 0), 0);
	free((take(i, &data), data));
	/* Alone, a message may be larger than the queue; nothing then joins it. */
	ck_assert_int_eq(send_sized(i, 1, 50000), 0);
	ck_assert_int_eq(send_sized(i, 2, 1), UNCIA_E_FULL);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(run_stays_as_it_is_until_taken)
{
	struct link *i, *r;
	struct bytes run, again;
	pair(NOISE_NK, &i, &r);
	ck_assert_int_eq(send_sized(i, 0, 100), 0);
	link_output(i, &run);
	ck_assert_uint_eq(run.size, 2 + 104 + 16);
	uint8_t copy[122];
	memcpy(copy, run.data, run.size);
	for (size_t k = 1; k < 100; k++) {
		ck_assert_int_eq(send_sized(i, k, 1000), 0);
		link_output(i, &again);
		ck_assert_ptr_eq(again.data, run.data);
		ck_assert_uint_eq(again.size, run.size);
	}
	ck_assert_mem_eq(run.data, copy, run.size);
	link_output_taken(i, 22);
	link_output(i, &again);
	ck_assert_ptr_eq(again.data, run.data + 22);
	ck_assert_uint_eq(again.size, 100);
	link_output_taken(i, 100);
	ck_assert_int_eq(link_feed(r, copy, sizeof(copy)), 0);
	ck_assert_int_eq(move(i, r, 1000), 0);
	expect_sized(r, 0, 100);
	for (size_t k = 1; k < 100; k++)
		expect_sized(r, k, 1000);
	link_free(i);
	link_free(r);
}
END_TEST

/* Thousands of records each way, past several changes of key, in random pieces and sizes. */
START_TEST(long_random_traffic_arrives_in_order)
{
	struct link *side[2];
	size_t sent[2] = {0}, got[2] = {0}, sizes[2][8];
	pair(NOISE_IK, &side[0], &side[1]);
	for (int round = 0; round < 5000; round++) {
		int from = (int)random_below(2);
		size_t count = 1 + random_below(4);
		for (size_t k = 0; k < count; k++) {
			sizes[from][k] = random_below(50) == 0 ? random_below(LIMIT) + 1 : random_below(300) + 1;
			ck_assert_int_eq(send_sized(side[from], sent[from]++, sizes[from][k]), 0);
			if (random_below(5) == 0)
				ck_assert_int_eq(link_send(side[from], NULL, 0), 0);
		}
		ck_assert_int_eq(move(side[from], side[1 - from], random_below(1000) + 1), 0);
		for (size_t k = 0; k < count; k++)
			expect_sized(side[1 - from], got[from]++, sizes[from][k]);
		expect_nothing(side[1 - from]);
	}
	ck_assert_uint_gt(sent[0], 2 * REKEY_INTERVAL);
	ck_assert_uint_gt(sent[1], 2 * REKEY_INTERVAL);
	link_free(side[0]);
	link_free(side[1]);
}
END_TEST

START_TEST(a_flipped_bit_ends_the_link)
{
	for (size_t at = 2; at < 2 + 14 + 16; at++) {
		struct link *i, *r;
		uint8_t *data;
		struct bytes run;
		pair(NOISE_IK, &i, &r);
		ck_assert_int_eq(send_sized(i, 1, 10), 0);
		size_t size = take(i, &data);
		ck_assert_uint_eq(size, 2 + 14 + 16);
		data[at] ^= 1;
		ck_assert_int_eq(link_feed(r, data, size), UNCIA_E_SIGNATURE);
		data[at] ^= 1;
		ck_assert_int_eq(link_feed(r, data, size), UNCIA_E_SIGNATURE);
		expect_nothing(r);
		ck_assert_int_eq(link_send(r, "x", 1), UNCIA_E_SIGNATURE);
		link_output(r, &run);
		ck_assert_uint_eq(run.size, 0);
		ck_assert(!link_established(r));
		free(data);
		link_free(i);
		link_free(r);
	}
}
END_TEST

START_TEST(garbage_ends_the_link)
{
	static uint8_t garbage[70000];
	for (int round = 0; round < 300; round++) {
		for (size_t k = 0; k < sizeof(garbage); k += 1 + random_below(64))
			garbage[k] = (uint8_t)random_below(256);
		struct link *i = make(round % 2, true, (struct link_options){0});
		struct link *r = make(round % 2, false, (struct link_options){0});
		garbage[0] = round % 2 == NOISE_IK ? 'V' : 'W';
		if (round % 3 == 0)
			garbage[1] = 0;
		ck_assert_int_ne(link_feed(r, garbage, sizeof(garbage)), 0);
		ck_assert_int_ne(link_feed(i, garbage + 1, sizeof(garbage) - 1), 0);
		ck_assert(!link_established(i) && !link_established(r));
		link_free(i);
		link_free(r);
		pair(round % 2, &i, &r);
		ck_assert_int_ne(link_feed(r, garbage, sizeof(garbage)), 0);
		link_free(i);
		link_free(r);
	}
}
END_TEST

UNIT_MAIN("wire_link", handshake_completes_in_any_split, first_byte_tells_the_pattern, remote_key_is_known_in_time,
          strangers_get_no_answer, other_network_or_key_is_refused, missing_keys_are_refused,
          responder_understands_one_version_back, version_is_not_changed_on_the_way,
          handshake_messages_over_a_kilobyte_are_refused_at_their_length, truncated_handshake_is_only_waited_for,
          replayed_handshake_gains_nothing, messages_sent_early_follow_the_handshake,
          messages_arrive_one_byte_at_a_time, small_messages_share_one_record, large_message_spans_records_of_full_size,
          message_over_the_limit_is_refused_before_it_comes, pings_are_swallowed, write_queue_is_bounded,
          run_stays_as_it_is_until_taken, long_random_traffic_arrives_in_order,

          a_flipped_bit_ends_the_link, garbage_ends_the_link)
