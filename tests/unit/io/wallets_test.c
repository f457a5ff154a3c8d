/* Wallets' links over real sockets: limits, time-outs, slow readers, numbers. */
#include "wallets_fixture.h"

START_TEST(wallet_gets_its_answer)
{
	up(4, 5000);
	struct client *c = wallet_client();
	client_send(c, "hello", 5);
	RUN_UNTIL(c->messages == 1);
	ck_assert_uint_eq(seen.messages, 1);
	ck_assert_uint_eq(seen.size, 5);
	ck_assert_uint_eq(c->last_size, 5);
	ck_assert_mem_eq(c->last, "hello", 5);
	ck_assert_uint_eq(wallets_counters(wallets)->established, 1);
	client_close(c);
	RUN_UNTIL(seen.closed == 1);
	ck_assert_uint_eq(seen.closed_number, seen.number);
	ck_assert_uint_eq(wallets_count(wallets), 0);
	down();
}
END_TEST

START_TEST(wallet_numbers_never_come_back)
{
	uint64_t before = 0;

	up(1, 5000);
	for (int i = 0; i < 5; i++) {
		struct client *c = wallet_client();
		client_send(c, "x", 1);
		RUN_UNTIL(c->messages == 1);
		ck_assert_uint_gt(seen.number, before);
		before = seen.number;
		client_close(c);
		RUN_UNTIL(wallets_count(wallets) == 0);
		wallets_send(wallets, before, (struct bytes){(const uint8_t *)"y", 1});
		wallets_drop(wallets, before);
	}
	ck_assert_uint_eq(seen.closed, 5);
	ck_assert_uint_eq(wallets_counters(wallets)->answers_lost, 5);
	down();
}
END_TEST

START_TEST(wallet_answers_of_one_turn_share_a_record)
{
	up(1, 5000);
	struct client *c = wallet_client();
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1);
	size_t before = c->received;
	seen.echo = 100;
	client_send(c, "0123456789", 10);
	RUN_UNTIL(c->messages == 101);
	ck_assert_uint_eq(c->received - before, 100 * (4 + 10) + 2 + NOISE_MAC_SIZE);
	client_close(c);
	down();
}
END_TEST

START_TEST(wallet_with_wrong_handshake_is_closed_at_once)
{
	up(4, 60000);
	char garbage[2 + 48 + 2] = {'W', 0, 48, 1, 1, 1};
	struct client *c = wallets_client_new(NULL);
	client_say(c, garbage, 3 + 48);
	RUN_UNTIL(c->ended);
	ck_assert_uint_eq(wallets_count(wallets), 0);
	ck_assert_uint_eq(seen.closed, 0);
	client_close(c);
	down();
}
END_TEST

/* An established wallet outlives what comes after it and times out. */
START_TEST(wallet_that_does_not_finish_its_handshake_times_out)
{
	up(4, 100);
	struct client *good = wallet_client();
	client_send(good, "x", 1);
	RUN_UNTIL(good->messages == 1);
	struct client *silent = raw_client(""), *half = raw_client("W");
	RUN_UNTIL(wallets_count(wallets) == 2);
	RUN_UNTIL(silent->ended && half->ended);
	ck_assert_uint_eq(wallets_count(wallets), 1);
	ck_assert_uint_eq(
	    CLIENTS_BY_WEB ? listener_counters(listener)->web_failed : listener_counters(listener)->timed_out, 1);
	client_send(good, "y", 1);
	RUN_UNTIL(good->messages == 2);
	ck_assert_uint_eq(seen.closed, 0);
	client_close(good);
	client_close(silent);
	client_close(half);
	down();
}
END_TEST

/* One of a source 127.0.0.n that has its answer, or was refused. */
static struct client *wallet_client_of(uint32_t source, bool taken)
{
	client_source = INADDR_LOOPBACK - 1 + source;
	struct client *c = wallet_client();
	client_source = INADDR_LOOPBACK;
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1 || c->ended);
	ck_assert_int_eq(c->ended, !taken);
	/* So that no two have been silent for the same time. */
	for (uint64_t now = uv_now(&loop); uv_now(&loop) == now;)
		uv_run(&loop, UV_RUN_NOWAIT);
	return c;
}

START_TEST(wallet_past_the_limit_is_refused_where_everybody_waits)
{
	up(2, 5000);
	struct client *c[3];
	for (uint32_t i = 0; i < 2; i++)
		c[i] = wallet_client_of(i + 1, true);
	seen.all_wait = true;
	c[2] = wallet_client_of(3, false);
	ck_assert_uint_eq(wallets_counters(wallets)->refused_full, 1);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 0);
	for (int i = 0; i < 2; i++) {
		client_send(c[i], "x", 1);
		RUN_UNTIL(c[i]->messages == 2);
	}
	for (int i = 0; i < 3; i++)
		client_close(c[i]);
	down();
}
END_TEST

START_TEST(wallet_past_the_limit_pushes_out_one_that_waits_but_is_silent_for_a_minute)
{
	up_with(2, 5000, 0, 2000, 0);
	struct client *c[4];
	c[0] = wallet_client_of(1, true);
	c[1] = wallet_client_of(2, true);
	seen.all_wait = true;
	c[2] = wallet_client_of(3, false);
	for (uint64_t begin = uv_now(&loop); uv_now(&loop) < begin + 2000;)
		uv_run(&loop, UV_RUN_NOWAIT);
	c[3] = wallet_client_of(4, true);
	RUN_UNTIL(c[0]->ended);
	ck_assert(!c[1]->ended);
	for (int i = 0; i < 4; i++)
		client_close(c[i]);
	down();
}
END_TEST

START_TEST(wallet_past_the_limit_pushes_out_the_one_silent_longest)
{
	up(2, 5000);
	struct client *c[3];
	for (uint32_t i = 0; i < 2; i++)
		c[i] = wallet_client_of(i + 1, true);
	client_send(c[0], "x", 1);
	RUN_UNTIL(c[0]->messages == 2);
	c[2] = wallet_client_of(3, true);
	RUN_UNTIL(c[1]->ended);
	ck_assert(!c[0]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 1);
	ck_assert_uint_eq(seen.closed, 1);
	for (int i = 0; i < 3; i++)
		client_close(c[i]);
	down();
}
END_TEST

START_TEST(wallet_that_waits_for_its_payment_outlives_newcomers)
{
	up(4, 5000);
	struct client *waiting = wallet_client_of(1, true), *c[40];
	seen.waits[0] = seen.number;
	for (uint32_t i = 0; i < 40; i++)
		c[i] = wallet_client_of(2 + i, true);
	ck_assert(!waiting->ended);
	client_send(waiting, "x", 1);
	RUN_UNTIL(waiting->messages == 2);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 37);
	ck_assert_uint_eq(wallets_counters(wallets)->refused_full, 0);
	for (uint32_t i = 0; i < 40; i++)
		client_close(c[i]);
	client_close(waiting);
	down();
}
END_TEST

START_TEST(wallets_of_one_address_do_not_keep_those_of_others_out)
{
	up(4, 5000);
	struct client *c[8];
	for (int i = 0; i < 4; i++)
		c[i] = wallet_client_of(2, true);
	c[4] = wallet_client_of(2, true); /* at the cost of its own */
	RUN_UNTIL(c[0]->ended);
	c[5] = wallet_client_of(1, true);
	c[6] = wallet_client_of(1, true);
	RUN_UNTIL(c[1]->ended && c[2]->ended);
	/* Two and two: at the cost of its own again. */
	c[7] = wallet_client_of(2, true);
	RUN_UNTIL(c[3]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 4);
	ck_assert_uint_eq(wallets_counters(wallets)->refused_full, 0);
	ck_assert(!c[4]->ended && !c[5]->ended && !c[6]->ended && !c[7]->ended);
	for (int i = 0; i < 8; i++)
		client_close(c[i]);
	down();
}
END_TEST

/* Waiting for something is no way to keep more than half of the places. */
START_TEST(wallets_of_one_address_that_all_wait_keep_half_of_the_places_at_most)
{
	up(8, 5000);
	struct client *c[14];
	for (int i = 0; i < 8; i++)
		c[i] = wallet_client_of(2, true);
	seen.all_wait = true;
	for (uint32_t i = 8; i < 14; i++)
		c[i] = wallet_client_of(i, true);
	RUN_UNTIL(c[0]->ended && c[1]->ended && c[2]->ended && c[3]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 6);
	for (int i = 0; i < 14; i++)
		client_close(c[i]);
	down();
}
END_TEST

/* What it says next makes it one that watches. */
static void begin_to_watch(struct client *c, size_t number)
{
	unsigned before = c->messages;

	seen.watches[number] = seen.number;
	client_send(c, "watch", 5);
	RUN_UNTIL(c->messages == before + 1);
}

/* Who watches is silent for as long as nobody pays him. */
START_TEST(wallets_that_watch_outlive_newcomers_up_to_half_of_the_places)
{
	up(8, 5000);
	struct client *watching[4], *c[40];
	for (uint32_t i = 0; i < 4; i++) {
		watching[i] = wallet_client_of(1 + i, true);
		begin_to_watch(watching[i], i);
	}
	for (uint32_t i = 0; i < 40; i++)
		c[i] = wallet_client_of(10 + i, true);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert(!watching[i]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 36);
	ck_assert_uint_eq(wallets_counters(wallets)->refused_full, 0);
	for (uint32_t i = 0; i < 40; i++)
		client_close(c[i]);
	for (uint32_t i = 0; i < 4; i++)
		client_close(watching[i]);
	down();
}
END_TEST

/* Of more than that the prefix with most gives way, also to one who is of it. */
START_TEST(of_wallets_that_watch_the_prefix_with_most_gives_way)
{
	up(8, 5000);
	struct client *c[10];
	for (uint32_t i = 0; i < 8; i++) {
		c[i] = wallet_client_of(i < 3 ? 1 + i : 20, true);
		begin_to_watch(c[i], i);
	}
	c[8] = wallet_client_of(30, true); /* 5 of one address, 3 of others: the oldest of the five */
	RUN_UNTIL(c[3]->ended);
	begin_to_watch(c[8], 3);
	c[9] = wallet_client_of(20, true);
	RUN_UNTIL(c[4]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 2);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert(!c[i]->ended);
	ck_assert(!c[8]->ended && !c[9]->ended);
	for (uint32_t i = 0; i < 10; i++)
		client_close(c[i]);
	down();
}
END_TEST

/* Only a message that has begun has a time to end. */
START_TEST(wallet_that_does_not_finish_a_message_is_dropped)
{
	static const uint8_t size[4] = {0, 0, 1, 0};

	up_with(4, 5000, 100, 0, 0);
	struct client *silent = wallet_client(), *slow = wallet_client();
	client_send(silent, "x", 1);
	client_send(slow, "x", 1);
	RUN_UNTIL(silent->messages == 1 && slow->messages == 1);
	uint64_t begin = uv_now(&loop);
	RUN_UNTIL(uv_now(&loop) >= begin + 200);
	ck_assert(!silent->ended && !slow->ended);
	begin = uv_now(&loop);
	client_say(slow, size, 1); /* of a record: its length, in part */
	RUN_UNTIL(slow->ended);
	ck_assert_uint_ge(uv_now(&loop), begin + 100);
	ck_assert_uint_eq(wallets_counters(wallets)->dropped_unfinished, 1);
	client_send(silent, "x", 1);
	RUN_UNTIL(silent->messages == 2);
	client_close(silent);
	client_close(slow);
	down();
}
END_TEST

START_TEST(wallet_that_goes_on_sending_is_not_taken_for_one_that_stalls)
{
	static uint8_t message[10000];
	unsigned sent = 1;

	up_with(4, 5000, 100, 0, 0);
	seen.echo = 0;
	struct client *c = wallet_client();
	client_send(c, message, sizeof(message));
	RUN_UNTIL(seen.messages == 1);
	/* Always part of a message is under way. */
	for (uint64_t begin = uv_now(&loop); uv_now(&loop) < begin + 300; sent++) {
		struct bytes run;
		ck_assert_int_eq(link_send(c->link, message, sizeof(message)), 0);
		link_output(c->link, &run);
		client_say(c, run.data, run.size / 2);
		RUN_UNTIL(seen.messages == sent);
		client_say(c, run.data + run.size / 2, run.size - run.size / 2);
		link_output_taken(c->link, run.size);
		RUN_UNTIL(seen.messages == sent + 1);
	}
	ck_assert(!c->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->dropped_unfinished, 0);
	client_close(c);
	down();
}
END_TEST

START_TEST(wallet_past_the_limit_pushes_out_a_half_open_one)
{
	up(2, 60000);
	struct client *half[2];
	for (unsigned i = 0; i < 2; i++) {
		half[i] = raw_client("W");
		RUN_UNTIL(wallets_count(wallets) == i + 1);
	}
	struct client *good = wallet_client();
	client_send(good, "x", 1);
	RUN_UNTIL(good->messages == 1);
	RUN_UNTIL(half[0]->ended);
	ck_assert(!half[1]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 1);
	client_close(good);
	client_close(half[0]);
	client_close(half[1]);
	down();
}
END_TEST

START_TEST(wallet_handshakes_under_way_are_bounded)
{
	static struct client *c[WALLETS_YOUNG_MAX + 1];

	up(WALLETS_YOUNG_MAX * 2, 60000);
	for (unsigned i = 0; i <= WALLETS_YOUNG_MAX; i++) {
		c[i] = raw_client("W");
		RUN_UNTIL(listener_counters(listener)->accepted == i + 1);
	}
	RUN_UNTIL(c[0]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 1);
	ck_assert_uint_eq(wallets_count(wallets), WALLETS_YOUNG_MAX);
	for (unsigned i = 0; i <= WALLETS_YOUNG_MAX; i++)
		client_close(c[i]);
	down();
}
END_TEST

START_TEST(wallet_handshakes_of_one_address_push_out_their_own)
{
	up(1024, 60000);
	struct client *c[WALLETS_YOUNG_MAX + 50], *other = raw_client("W");
	client_source = INADDR_LOOPBACK + 1;
	RUN_UNTIL(wallets_count(wallets) == 1);
	for (unsigned i = 0; i < WALLETS_YOUNG_MAX + 50; i++) {
		c[i] = raw_client("W");
		RUN_UNTIL(wallets_count(wallets) + wallets_counters(wallets)->pushed_out == i + 2);
	}
	client_source = INADDR_LOOPBACK;
	RUN_UNTIL(c[50]->ended);
	ck_assert_uint_eq(wallets_counters(wallets)->pushed_out, 51);
	ck_assert(!other->ended && !c[51]->ended);
	for (unsigned i = 0; i < WALLETS_YOUNG_MAX + 50; i++)
		client_close(c[i]);
	client_close(other);
	down();
}
END_TEST

START_TEST(wallet_that_does_not_read_is_dropped_at_the_bound)
{
	static uint8_t answer[64u << 10];
	size_t given = 0;

	up(4, 5000);
	struct client *c = wallet_client();
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1);
	uv_poll_stop(&c->poll);
	while (!seen.closed) {
		wallets_send(wallets, seen.number, (struct bytes){answer, sizeof(answer)});
		given += sizeof(answer);
		ck_assert_uint_lt(given, 64u << 20); /* its queue and the buffers of the sockets, no more */
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_gt(given, WRITE_QUEUE_WALLET_MAX);
	ck_assert_uint_eq(wallets_counters(wallets)->dropped_slow, 1);
	ck_assert_uint_eq(wallets_count(wallets), 0);
	client_close(c);
	down();
}
END_TEST

/* All that it may wait for ends in one block: what comes before it could read any of it is no reason to drop it. */
START_TEST(wallet_that_reads_gets_whatever_comes_at_once)
{
	enum { ANSWERS = 128 };
	static uint8_t answer[64u << 10];

	up(4, 5000);
	struct client *c = wallet_client();
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1);
	for (int i = 0; i < ANSWERS && !seen.closed; i++)
		wallets_send(wallets, seen.number, (struct bytes){answer, sizeof(answer)});
	RUN_UNTIL(c->messages == 1 + ANSWERS);
	client_send(c, "y", 1);
	RUN_UNTIL(c->messages == 2 + ANSWERS);
	ck_assert_uint_eq(seen.closed, 0);
	client_close(c);
	down();
}
END_TEST

/* Who asks and does not read is not read either: so what waits for him is bounded without an end of his link, and all
 * of it comes once he reads. */
START_TEST(wallet_that_does_not_read_is_not_read_until_it_does)
{
	enum { REQUESTS = 200, SIZE = 1000, TIMES = 64 };
	static uint8_t request[SIZE];
	unsigned before;

	up(4, 5000);
	struct client *c = wallet_client();
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1);
	uv_poll_stop(&c->poll);
	seen.echo = TIMES;
	for (int i = 0; i < REQUESTS; i++)
		client_send(c, request, SIZE);
	do {
		before = seen.messages;
		for (int turns = 0; turns < 100; turns++)
			uv_run(&loop, UV_RUN_NOWAIT);
	} while (seen.messages > before);
	/* Its queue, and what the sockets take. */
	ck_assert_uint_lt(seen.messages, 1 + REQUESTS);
	ck_assert_uint_eq(seen.closed, 0);
	uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
	RUN_UNTIL(c->messages == 1 + REQUESTS * TIMES);
	ck_assert_uint_eq(seen.closed, 0);
	client_close(c);
	down();
}
END_TEST

/* Within the bound on each, but past the one on all: who has more than his share waiting goes, nobody else. */
START_TEST(wallets_that_do_not_read_are_bounded_together)
{
	static uint8_t answer[64u << 10];
	enum { SILENT = 6 };
	struct client *silent[SILENT];
	uint64_t numbers[SILENT];

	up_with(8, 5000, 0, 0, 2u << 20);
	struct client *reader = wallet_client();
	client_send(reader, "x", 1);
	RUN_UNTIL(reader->messages == 1);
	uint64_t reads = seen.number;
	for (int i = 0; i < SILENT; i++) {
		silent[i] = wallet_client();
		client_send(silent[i], "x", 1);
		RUN_UNTIL(silent[i]->messages == 1);
		numbers[i] = seen.number;
		uv_poll_stop(&silent[i]->poll);
	}
	/* Half of what each might have, and more than all may. Nothing is written before the loop runs. */
	for (size_t given = 0; given < WRITE_QUEUE_WALLET_MAX / 2; given += sizeof(answer))
		for (int i = 0; i < SILENT && !seen.closed; i++)
			wallets_send(wallets, numbers[i], (struct bytes){answer, sizeof(answer)});
	ck_assert_uint_eq(seen.closed, 1);
	ck_assert_uint_eq(wallets_counters(wallets)->dropped_slow, 1);
	ck_assert_uint_eq(wallets_count(wallets), SILENT);
	unsigned before = reader->messages;
	wallets_send(wallets, reads, (struct bytes){answer, sizeof(answer)});
	RUN_UNTIL(reader->messages == before + 1);
	client_close(reader);
	for (int i = 0; i < SILENT; i++)
		client_close(silent[i]);
	down();
}
END_TEST

START_TEST(wallet_that_reads_late_gets_everything)
{
	static uint8_t answer[512u << 10];

	up(4, 5000);
	struct client *c = wallet_client();
	client_send(c, "x", 1);
	RUN_UNTIL(c->messages == 1);
	uv_poll_stop(&c->poll);
	/* More than the sockets take at once, less than the bound, in pieces that do not fit together. */
	for (int i = 0; i < 40 && !seen.closed; i++) {
		answer[0] = (uint8_t)i;
		wallets_send(wallets, seen.number, (struct bytes){answer, sizeof(answer) - (size_t)i * 7});
		uv_run(&loop, UV_RUN_NOWAIT);
		if (i % 4 == 3) {
			uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
			RUN_UNTIL(c->messages == (unsigned)i + 2);
			ck_assert_uint_eq(c->last[0], (uint8_t)i);
			uv_poll_stop(&c->poll);
		}
	}
	ck_assert_uint_eq(seen.closed, 0);
	client_close(c);
	down();
}
END_TEST

START_TEST(wallet_flood_is_read_a_little_each_turn)
{
	enum { FLOODERS = 20, MESSAGES = 100, SIZE = 1000 };
	static uint8_t message[SIZE];
	struct client *c[FLOODERS];
	unsigned turns = 0;

	up(FLOODERS, 5000);
	seen.echo = 0;
	for (int i = 0; i < FLOODERS; i++) {
		c[i] = wallet_client();
		RUN_UNTIL(wallets_counters(wallets)->established == (unsigned)i + 1);
	}
	/* Straight into the sockets' buffers, which hold that much: no turn passes meanwhile. */
	for (int i = 0; i < FLOODERS; i++) {
		for (int k = 0; k < MESSAGES; k++)
			ck_assert_int_eq(link_send(c[i]->link, message, SIZE), 0);
		client_flush(c[i]);
	}
	while (seen.messages < FLOODERS * MESSAGES) {
		ck_assert_uint_lt(turns++, 10000);
		uv_run(&loop, UV_RUN_ONCE);
	}
	ck_assert_uint_ge(turns, FLOODERS * MESSAGES * SIZE / TCP_STRANGERS_TURN_MAX);
	for (int i = 0; i < FLOODERS; i++)
		client_close(c[i]);
	down();
}
END_TEST

/* What is small costs as well: how many are taken in one turn is bounded, and all are taken, though nothing more comes.
 */
START_TEST(wallet_flood_of_tiny_messages_is_taken_a_little_each_turn)
{
	enum { FLOODERS = 20, MESSAGES = 2000 };
	struct client *c[FLOODERS];
	unsigned before = 0;

	up(FLOODERS, 5000);
	seen.echo = 0;
	for (int i = 0; i < FLOODERS; i++) {
		c[i] = wallet_client();
		RUN_UNTIL(wallets_counters(wallets)->established == (unsigned)i + 1);
	}
	for (int i = 0; i < FLOODERS; i++) {
		for (int k = 0; k < MESSAGES; k++)
			ck_assert_int_eq(link_send(c[i]->link, "x", 1), 0);
		client_flush(c[i]);
	}
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	while (seen.messages < FLOODERS * MESSAGES && uv_hrtime() / 1000000 < deadline) {
		before = seen.messages;
		uv_run(&loop, UV_RUN_NOWAIT);
		/* What was left at the turn's beginning, and what was read in it, are of one budget. */
		ck_assert_uint_le(seen.messages - before, TCP_STRANGERS_TURN_MAX / TCP_MESSAGE_COST);
	}
	ck_assert_uint_eq(seen.messages, FLOODERS * MESSAGES);
	for (int i = 0; i < FLOODERS; i++)
		client_close(c[i]);
	down();
}
END_TEST

/* Pings in records of their own, each of which the cipher begins anew, and a message now and then. */
START_TEST(wallet_flood_of_tiny_records_is_taken_a_little_each_turn)
{
	enum { FLOODERS = 20, MESSAGES = 30, RECORDS = 50, RECORD_SIZE = 2 + 4 + 16 };
	static uint8_t sealed[MESSAGES * RECORDS * (RECORD_SIZE + 1)];
	struct client *c[FLOODERS];
	struct bytes run;

	up(FLOODERS, 5000);
	seen.echo = 0;
	for (int i = 0; i < FLOODERS; i++) {
		c[i] = wallet_client();
		RUN_UNTIL(wallets_counters(wallets)->established == (unsigned)i + 1);
	}
	for (int i = 0; i < FLOODERS; i++) {
		size_t size = 0;
		for (int k = 0; k < MESSAGES * RECORDS; k++) {
			ck_assert_int_eq(link_send(c[i]->link, "x", k % RECORDS == 0), 0);
			link_output(c[i]->link, &run);
			memcpy(sealed + size, run.data, run.size);
			size += run.size;
			link_output_taken(c[i]->link, run.size);
		}
		client_say(c[i], sealed, size);
	}
	/* The last of them may read all that one may have. */
	const unsigned records = (TCP_STRANGERS_TURN_MAX + TCP_STRANGER_TURN_MAX) / (RECORD_SIZE + TCP_RECORD_COST) +
	                         TCP_STRANGER_TURN_MAX / RECORD_SIZE;
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	while (seen.messages < FLOODERS * MESSAGES && uv_hrtime() / 1000000 < deadline) {
		unsigned before = seen.messages;
		uv_run(&loop, UV_RUN_NOWAIT);
		ck_assert_uint_le(seen.messages - before, records / RECORDS + FLOODERS);
	}
	ck_assert_uint_eq(seen.messages, FLOODERS * MESSAGES);
	for (int i = 0; i < FLOODERS; i++)
		client_close(c[i]);
	down();
}
END_TEST

START_TEST(wallet_message_over_the_limit_closes_the_link)
{
	static uint8_t big[MESSAGE_SIZE_REQUEST_MAX + 1];

	up(4, 5000);
	struct client *c = wallet_client();
	seen.echo = 0;
	client_send(c, big, sizeof(big) - 1);
	RUN_UNTIL(seen.messages == 1);
	ck_assert_uint_eq(seen.size, sizeof(big) - 1);
	client_send(c, big, sizeof(big));
	RUN_UNTIL(seen.closed == 1);
	ck_assert_uint_eq(seen.messages, 1);
	client_close(c);
	down();
}
END_TEST

START_TEST(wallet_dropped_by_its_handler_gets_no_further_message)
{
	up(4, 5000);
	struct client *c = wallet_client();
	seen.echo = 0;
	client_send(c, "x", 1);
	RUN_UNTIL(seen.messages == 1);
	wallets_drop(wallets, seen.number);
	ck_assert_uint_eq(seen.closed, 1);
	client_send(c, "y", 1);
	RUN_UNTIL(c->ended);
	ck_assert_uint_eq(seen.messages, 1);
	client_close(c);
	down();
}
END_TEST

UNIT_MAIN("wallets", wallet_gets_its_answer, wallet_numbers_never_come_back, wallet_answers_of_one_turn_share_a_record,
          wallet_with_wrong_handshake_is_closed_at_once, wallet_that_does_not_finish_its_handshake_times_out,
          wallet_past_the_limit_is_refused_where_everybody_waits,
          wallet_past_the_limit_pushes_out_one_that_waits_but_is_silent_for_a_minute,
          wallet_that_waits_for_its_payment_outlives_newcomers,
          wallets_of_one_address_that_all_wait_keep_half_of_the_places_at_most,
          wallets_that_watch_outlive_newcomers_up_to_half_of_the_places,
          of_wallets_that_watch_the_prefix_with_most_gives_way, wallets_of_one_address_do_not_keep_those_of_others_out,
          wallet_past_the_limit_pushes_out_the_one_silent_longest, wallet_that_does_not_finish_a_message_is_dropped,
          wallet_that_goes_on_sending_is_not_taken_for_one_that_stalls,
          wallet_past_the_limit_pushes_out_a_half_open_one, wallet_handshakes_under_way_are_bounded,
          wallet_handshakes_of_one_address_push_out_their_own, wallet_that_does_not_read_is_dropped_at_the_bound,
          wallet_that_reads_gets_whatever_comes_at_once, wallet_that_does_not_read_is_not_read_until_it_does,
          wallets_that_do_not_read_are_bounded_together, wallet_that_reads_late_gets_everything,
          wallet_flood_of_tiny_messages_is_taken_a_little_each_turn,
          wallet_flood_of_tiny_records_is_taken_a_little_each_turn, wallet_flood_is_read_a_little_each_turn,
          wallet_message_over_the_limit_closes_the_link, wallet_dropped_by_its_handler_gets_no_further_message)
