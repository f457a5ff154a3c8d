/* Links whose other side speaks Noise and does not keep to the rest: lengths, records, memory. */
#include "wire_link_fixture.h"

/* A peer that speaks Noise but makes its own frames. */
struct raw {
	struct noise_handshake handshake;
	struct noise_transport transport;
};

static void raw_start(struct raw *raw, struct link *responder, const void *payload, size_t payload_size, int expected)
{
	uint8_t prologue[39] = "uncia", remote[32], ephemeral[32] = {77}, frame[2048] = {'W'}, in[1024];
	size_t size;
	struct bytes run;
	prologue[5] = 1;
	memcpy(prologue + 6, network.b, 32);
	prologue[38] = 1;
	ck_assert_int_eq(noise_public_key(listener_secret, remote), 0);
	ck_assert_int_eq(noise_handshake_init(&raw->handshake,
	                                      &(struct noise_handshake_config){
	                                          NOISE_NK, true, prologue, sizeof(prologue), NULL, remote, ephemeral}),
	                 0);
	ck_assert_int_eq(noise_handshake_write(&raw->handshake, payload, payload_size, frame + 3, &size), 0);
	frame[1] = (uint8_t)(size >> 8);
	frame[2] = (uint8_t)size;
	ck_assert_int_eq(link_feed(responder, frame, 3 + size), expected);
	if (expected)
		return;
	link_output(responder, &run);
	ck_assert_int_eq(noise_handshake_read(&raw->handshake, run.data + 2, run.size - 2, in, &size), 0);
	link_output_taken(responder, run.size);
	ck_assert_int_eq(noise_handshake_split(&raw->handshake, &raw->transport), 0);
}

static int raw_feed(struct raw *raw, struct link *link, const void *plain, size_t plain_size)
{
	static uint8_t frame[2 + NOISE_RECORD_MAX];
	size_t size;
	ck_assert_int_eq(noise_send(&raw->transport, plain, plain_size, frame + 2, &size), 0);
	frame[0] = (uint8_t)(size >> 8);
	frame[1] = (uint8_t)size;
	return link_feed(link, frame, 2 + size);
}

START_TEST(announced_two_gigabytes_are_refused_at_the_length)
{
	static const char *const lengths[] = {"\x80\0\0\0", "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\x00\x01\x90\x01"};
	for (size_t k = 0; k < 4; k++) {
		struct raw raw;
		struct link *r = make(NOISE_NK, false, (struct link_options){0});
		raw_start(&raw, r, NULL, 0, 0);
		size_t before = heap();
		ck_assert_int_eq(raw_feed(&raw, r, lengths[k], 3), 0);
		ck_assert_int_eq(raw_feed(&raw, r, lengths[k] + 3, 1), UNCIA_E_LIMIT);
		ck_assert_uint_lt(heap() - before, 1024);
		link_free(r);
	}
}
END_TEST

START_TEST(memory_grows_only_with_what_came)
{
	static uint8_t chunk[1 << 11];
	struct raw raw;
	struct link *r = make(NOISE_NK, false, (struct link_options){.message_size_max = MESSAGE_SIZE_VALIDATOR_MAX});
	raw_start(&raw, r, NULL, 0, 0);
	size_t before = heap(), fed = 0;
	ck_assert_int_eq(raw_feed(&raw, r, "\x00\x80\x00\x00", 4), 0);
	ck_assert_uint_lt(heap() - before, 1024);
	/* A record that is announced and does not come costs nothing either. */
	for (; fed < MESSAGE_SIZE_VALIDATOR_MAX; fed += sizeof(chunk)) {
		ck_assert_int_eq(raw_feed(&raw, r, chunk, sizeof(chunk)), 0);
		ck_assert_uint_le(heap() - before, 2 * fed + 8 * sizeof(chunk));
	}
	struct bytes message;
	ck_assert(link_next(r, &message));
	ck_assert_uint_eq(message.size, MESSAGE_SIZE_VALIDATOR_MAX);
	expect_nothing(r);
	ck_assert_uint_lt(heap(), before + 8192); /* and is given back */
	ck_assert_int_eq(link_feed(r, "\x10\x00", 2), 0);
	ck_assert_uint_lt(heap(), before + 8192);
	link_free(r);
}
END_TEST

/* All that a stranger can make a validator hold: a message but for its last byte, and a record but for its last. */
START_TEST(what_a_wallet_leaves_unfinished_takes_little_more_than_a_payment)
{
	static uint8_t chunk[2 + RECORD_SIZE_REQUEST_MAX] = {RECORD_SIZE_REQUEST_MAX >> 8,
	                                                     RECORD_SIZE_REQUEST_MAX & 0xff};
	const size_t limit = MESSAGE_SIZE_REQUEST_MAX, plain = RECORD_SIZE_REQUEST_MAX - NOISE_MAC_SIZE;
	struct raw raw;
	struct link *r = make(NOISE_NK, false, (struct link_options){.message_size_max = limit});
	struct bytes message;

	raw_start(&raw, r, NULL, 0, 0);
	size_t before = heap();
	ck_assert_int_eq(raw_feed(&raw, r, "\x00\x00\x41\x00", 4), 0);
	ck_assert_uint_eq(limit, 0x4100);
	for (size_t fed = 0, n; fed < limit - 1; fed += n) {
		n = limit - 1 - fed < plain ? limit - 1 - fed : plain;
		ck_assert_int_eq(raw_feed(&raw, r, chunk + 2, n), 0);
	}
	for (size_t at = 0; at + 1 < sizeof(chunk); at++)
		ck_assert_int_eq(link_feed(r, chunk + at, 1), 0);
	ck_assert(link_unfinished(r) && !link_next(r, &message));
	ck_assert_uint_ge(heap() - before, limit);
	ck_assert_uint_le(heap() - before, limit + 2 * RECORD_SIZE_REQUEST_MAX + 256);
	link_free(r);
}
END_TEST

START_TEST(records_of_wallets_are_small_and_larger_ones_are_refused_at_their_length)
{
	struct link *i, *r;
	uint8_t *data;

	pair(NOISE_NK, &i, &r);
	ck_assert_int_eq(send_sized(i, 1, 10000), 0);
	size_t size = take(i, &data);
	ck_assert_uint_eq(size, 10004 + 3 * (2 + NOISE_MAC_SIZE));
	for (size_t at = 0; at < size; at += 2 + (size_t)(data[at] << 8 | data[at + 1]))
		ck_assert_uint_le(data[at] << 8 | data[at + 1], RECORD_SIZE_REQUEST_MAX);
	ck_assert_int_eq(link_feed(r, data, size), 0);
	expect_sized(r, 1, 10000);
	free(data);
	/* Those to a wallet may be as large as any. */
	ck_assert_int_eq(send_sized(r, 2, 60000), 0);
	ck_assert_uint_eq(take(r, &data), 60004 + 2 + NOISE_MAC_SIZE);
	free(data);
	ck_assert_int_eq(link_feed(r, "\x10", 1), 0);
	ck_assert_int_eq(link_feed(r, "\x01", 1), UNCIA_E_LIMIT);
	link_free(i);
	link_free(r);
}
END_TEST

START_TEST(tiny_records_and_empty_ones_are_reassembled)
{
	struct raw raw;
	struct link *r = make(NOISE_NK, false, (struct link_options){0});
	const uint8_t stream[] = {0, 0, 0, 0, 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'c', 0, 0, 0, 0};
	struct bytes message;
	raw_start(&raw, r, NULL, 0, 0);
	ck_assert_int_eq(raw_feed(&raw, r, NULL, 0), 0);
	ck_assert(link_established(r));
	for (size_t k = 0; k < sizeof(stream); k++) {
		ck_assert_int_eq(raw_feed(&raw, r, stream + k, 1), 0);
		ck_assert_int_eq(raw_feed(&raw, r, NULL, 0), 0);
		bool came = link_next(r, &message);
		ck_assert_int_eq(came, k == 9 || k == 14);
		if (k == 9)
			ck_assert_mem_eq(message.data, "ab", 2);
		if (k == 14)
			ck_assert_mem_eq(message.data, "c", 1);
	}
	link_free(r);
}
END_TEST

START_TEST(handshake_with_a_payload_is_refused)
{
	struct raw raw;
	struct link *r = make(NOISE_NK, false, (struct link_options){0});
	raw_start(&raw, r, "hello", 5, UNCIA_E_PROTOCOL);
	link_free(r);
}
END_TEST

START_TEST(records_too_short_to_be_sealed_are_refused)
{
	for (uint8_t size = 0; size < NOISE_MAC_SIZE; size++) {
		struct link *i, *r;
		uint8_t frame[2 + NOISE_MAC_SIZE] = {0, size};
		pair(NOISE_NK, &i, &r);
		ck_assert_int_eq(link_feed(r, frame, 2u + size), UNCIA_E_PROTOCOL);
		link_free(i);
		link_free(r);
	}
}
END_TEST

UNIT_MAIN("wire_link_hostile", announced_two_gigabytes_are_refused_at_the_length, memory_grows_only_with_what_came,
          what_a_wallet_leaves_unfinished_takes_little_more_than_a_payment,
          records_of_wallets_are_small_and_larger_ones_are_refused_at_their_length,
          tiny_records_and_empty_ones_are_reassembled, handshake_with_a_payload_is_refused,
          records_too_short_to_be_sealed_are_refused)
