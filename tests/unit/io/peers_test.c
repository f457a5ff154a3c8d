/* Validators' links over real sockets: who dials, what replaces what, who is dropped. */
#include "peers_fixture.h"

/* b listens, a dials it; until both are linked. */
static void linked_up(struct node *a, struct node *b, unsigned ping_ms, unsigned dead_ms)
{
	int ports[VALIDATORS] = {0};

	up(5000);
	node_up(b, 1, nowhere, ping_ms, dead_ms);
	ports[1] = node_listen(b, 0);
	node_up(a, 0, ports, ping_ms, dead_ms);
	RUN_UNTIL(a->up[1] && b->up[0]);
}

/* A validator made by hand: the one with this secret dials that node. */
static struct client *validator_client(const struct node *to, const uint8_t secret[32])
{
	const struct link_options options = {
	    .pattern = NOISE_IK,
	    .initiator = true,
	    .network_id = &network,
	    .static_secret = secret,
	    .remote_static = genesis.committee.validators[to->self].network_key,
	    .ephemeral_secret = fresh_key(),
	    .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	    .write_queue_max = WRITE_QUEUE_VALIDATOR_MAX,
	};
	return client_new(listener_port(to->listener), &options);
}

static const struct bytes hello = {(const uint8_t *)"hello", 5};

START_TEST(peers_link_and_carry_messages_both_ways)
{
	struct node a, b;

	linked_up(&a, &b, 0, 0);
	peers_send(a.peers, 1, hello);
	peers_send(b.peers, 0, hello);
	RUN_UNTIL(a.messages[1] && b.messages[0]);
	ck_assert_uint_eq(a.size, 5);
	ck_assert(peers_linked(a.peers, 1) && peers_linked(b.peers, 0) && !peers_linked(a.peers, 2));
	peers_send(a.peers, 2, hello);
	ck_assert_uint_eq(peers_counters(a.peers)->messages_lost, 1);
	down(&a, &b);
	ck_assert_uint_eq(a.down[1] + b.down[0], 0);
}
END_TEST

START_TEST(peers_link_again_after_a_drop)
{
	struct node a, b;

	linked_up(&a, &b, 0, 0);
	peers_drop(b.peers, 0);
	ck_assert_uint_eq(b.down[0], 1);
	RUN_UNTIL(a.up[1] == 2 && b.up[0] == 2);
	peers_drop(a.peers, 1);
	RUN_UNTIL(a.up[1] == 3 && b.up[0] == 3);
	down(&a, &b);
}
END_TEST

START_TEST(peers_dial_until_the_other_listens)
{
	struct node a, b;
	int ports[VALIDATORS] = {0};

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	ports[1] = node_listen(&b, 0);
	listener_stop(b.listener);
	uv_run(&loop, UV_RUN_NOWAIT);
	listener_free(b.listener);
	b.listener = NULL;
	node_up(&a, 0, ports, 0, 0);
	uint64_t begin = uv_hrtime();
	RUN_UNTIL(peers_counters(a.peers)->dial_failures == 4);
	/* Half of 50, 100 and 200 ms at the least. */
	ck_assert_uint_ge((uv_hrtime() - begin) / 1000000, 25 + 50 + 100 - 3);
	node_listen(&b, ports[1]);
	RUN_UNTIL(a.up[1] && b.up[0]);
	down(&a, &b);
}
END_TEST

START_TEST(peers_resolve_names)
{
	struct node b;
	struct peers *a;
	struct node seen = {0};
	struct peer_address addresses[VALIDATORS] = {0};
	const struct peers_options options = {
	    .set = &set, .genesis = &genesis, .network_secret = secrets[0], .addresses = addresses};
	const struct peers_events events = {on_up, on_down, on_message, &seen};

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	snprintf(addresses[1].host, sizeof(addresses[1].host), "localhost");
	addresses[1].port = (uint16_t)node_listen(&b, 0);
	snprintf(addresses[2].host, sizeof(addresses[2].host), "host.invalid");
	ck_assert_int_eq(peers_new(&options, &events, &a), 0);
	RUN_UNTIL(seen.up[1]);
	peers_stop(a);
	node_stop(&b);
	net_down();
	peers_free(a);
	node_free(&b);
}
END_TEST

/* Whatever is under way then: a name that is looked up, a dial, a handshake, a write that the socket has not taken. */
START_TEST(peers_call_nothing_after_they_are_stopped)
{
	static uint8_t megabyte[1u << 20];

	for (unsigned turns = 0; turns < 40; turns++) {
		struct node a = {0}, b;
		struct peer_address addresses[VALIDATORS] = {0};
		const struct peers_options options = {
		    .set = &set, .genesis = &genesis, .network_secret = secrets[0], .addresses = addresses};
		const struct peers_events events = {on_up, on_down, on_message, &a};
		bool sent = false;

		up(5000);
		node_up(&b, 1, nowhere, 0, 0);
		int port = node_listen(&b, 0);
		addresses[1] = (struct peer_address){"127.0.0.1", (uint16_t)port};
		addresses[2] = (struct peer_address){"localhost", (uint16_t)port};
		ck_assert_int_eq(peers_new(&options, &events, &a.peers), 0);
		for (unsigned i = 0; i < turns; i++) {
			uv_run(&loop, UV_RUN_NOWAIT);
			for (; a.up[1] && !sent; sent = true)
				for (unsigned k = 0; k < 6; k++)
					peers_send(a.peers, 1, (struct bytes){megabyte, sizeof(megabyte)});
		}
		node_stop(&a);
		node_stop(&b);
		const struct node a_then = a, b_then = b;
		net_down();
		ck_assert_mem_eq(&a, &a_then, sizeof(a));
		ck_assert_mem_eq(&b, &b_then, sizeof(b));
		node_free(&a);
		node_free(&b);
	}
}
END_TEST

START_TEST(peers_refuse_strangers_and_those_whom_they_dial)
{
	static const uint8_t stranger[32] = {99};
	struct node b;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *unknown = validator_client(&b, stranger), *higher = validator_client(&b, secrets[2]),
	              *itself = validator_client(&b, secrets[1]);
	RUN_UNTIL(unknown->ended && higher->ended && itself->ended);
	ck_assert_uint_eq(b.up[0] + b.up[1] + b.up[2], 0);
	client_close(unknown);
	client_close(higher);
	client_close(itself);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_take_a_new_link_for_an_old_one_but_not_a_replayed_handshake)
{
	struct node b;

	up(200);
	node_up(&b, 1, nowhere, 0, 0);
	int port = node_listen(&b, 0);
	struct client *first = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	/* Later than it would be refused for that alone. */
	for (uint64_t begin = uv_now(&loop); uv_now(&loop) < begin + PEER_LINK_MIN_MS;)
		uv_run(&loop, UV_RUN_NOWAIT);
	/* All that the first one has said, said again: the handshake, and the record behind it. */
	struct client *replay = client_new(port, NULL);
	client_write(replay, first->sent, first->sent_size);
	RUN_UNTIL(replay->ended);
	/* And the handshake alone, which nobody can tell from a true one, but which never authenticates. */
	struct client *silent = client_new(port, NULL);
	client_write(silent, first->sent, 3 + ((size_t)first->sent[1] << 8 | first->sent[2]));
	RUN_UNTIL(silent->ended);
	ck_assert_uint_gt(silent->received, 0);
	ck_assert_uint_eq(b.up[0], 1);
	ck_assert_uint_eq(b.down[0], 0);
	client_send(first, "x", 1);
	RUN_UNTIL(b.messages[0] == 1);
	struct client *second = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 2 && first->ended);
	ck_assert_uint_eq(b.down[0], 1);
	ck_assert_uint_eq(peers_counters(b.peers)->replaced, 1);
	client_send(second, "y", 1);
	RUN_UNTIL(b.messages[0] == 2);
	client_close(first);
	client_close(second);
	client_close(replay);
	client_close(silent);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_let_one_that_makes_its_link_anew_in_some_times_a_second)
{
	struct node b;
	unsigned tried = 0;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	uint64_t begin = uv_now(&loop);
	while (uv_now(&loop) < begin + 20 * PEER_LINK_MIN_MS || tried < 50) {
		unsigned before = b.up[0];
		struct client *c = validator_client(&b, secrets[0]);
		RUN_UNTIL(b.up[0] > before || c->ended);
		client_close(c);
		tried++;
	}
	uint64_t took = uv_now(&loop) - begin;
	ck_assert_uint_ge(b.up[0], 2);
	ck_assert_uint_le(b.up[0], 1 + took / PEER_LINK_MIN_MS);
	ck_assert_uint_eq(peers_counters(b.peers)->too_soon, tried - b.up[0]);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_drop_the_silent_and_keep_those_that_ping)
{
	struct node a, c;
	int ports[VALIDATORS] = {0};

	up(5000);
	node_up(&c, 2, nowhere, 20, 400);
	ports[2] = node_listen(&c, 0);
	node_up(&a, 0, ports, 20, 400);
	RUN_UNTIL(a.up[2] && c.up[0]);
	struct client *silent = validator_client(&c, secrets[1]);
	RUN_UNTIL(c.up[1]);
	RUN_UNTIL(c.down[1] && silent->ended);
	ck_assert_uint_gt(silent->received, 2 * (2 + 4 + NOISE_MAC_SIZE)); /* it was pinged */
	ck_assert_uint_eq(a.down[2] + c.down[0], 0);
	client_close(silent);
	down(&a, &c);
}
END_TEST

START_TEST(peers_keep_their_links_when_they_were_stopped_themselves)
{
	struct node a, b;

	linked_up(&a, &b, 20, 200);
	uv_sleep(500); /* the fault itself: the process stands still for longer than a link may be silent */
	uv_run(&loop, UV_RUN_ONCE);
	peers_send(a.peers, 1, hello);
	peers_send(b.peers, 0, hello);
	RUN_UNTIL(a.messages[1] && b.messages[0]);
	ck_assert_uint_eq(a.down[1] + b.down[0], 0);
	down(&a, &b);
}
END_TEST

START_TEST(peers_drop_one_that_does_not_read)
{
	static uint8_t megabyte[1u << 20];
	struct node b;
	unsigned given = 0;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *c = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	uv_poll_stop(&c->poll);
	while (!b.down[0]) {
		peers_send(b.peers, 0, (struct bytes){megabyte, sizeof(megabyte)});
		ck_assert_uint_lt(++given, 64);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_ge(given, 8);
	ck_assert_uint_eq(peers_counters(b.peers)->dropped_slow, 1);
	client_close(c);
	down(&b, NULL);
}
END_TEST

/* However many payments wait for it, there is room for votes. */
START_TEST(peers_leave_out_what_is_spare_before_they_drop_one_that_does_not_read)
{
	static uint8_t half[1u << 19];
	struct node b;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *c = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	uv_poll_stop(&c->poll);
	for (unsigned given = 0; given < 128; given++) {
		peers_send_spare(b.peers, 0, (struct bytes){half, sizeof(half)});
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_gt(peers_counters(b.peers)->messages_lost, 64);
	unsigned long sent = 128 - (unsigned long)peers_counters(b.peers)->messages_lost;
	ck_assert_uint_ge(sent, 7);
	for (unsigned given = 0; given < 7; given++)
		peers_send(b.peers, 0, (struct bytes){half, sizeof(half)});
	ck_assert_uint_eq(b.down[0], 0);
	uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
	RUN_UNTIL(c->messages == sent + 7);
	peers_send_spare(b.peers, 0, hello);
	RUN_UNTIL(c->messages == sent + 8);
	ck_assert_uint_eq(b.down[0], 0);
	client_close(c);
	down(&b, NULL);
}
END_TEST

/* Answers leave three quarters of the queue to what must be said; a large one goes out where nothing waits. */
START_TEST(peers_leave_out_an_answer_before_it_fills_a_link)
{
	static uint8_t half[1u << 19], large[5u << 20];
	struct node b;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *c = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	peers_send_answer(b.peers, 0, (struct bytes){large, sizeof(large)});
	RUN_UNTIL(c->messages == 1);
	uv_poll_stop(&c->poll);
	for (unsigned given = 0; given < 128; given++) {
		peers_send_answer(b.peers, 0, (struct bytes){half, sizeof(half)});
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	unsigned long sent = 128 - (unsigned long)peers_counters(b.peers)->messages_lost;
	ck_assert_uint_ge(sent, 4);
	ck_assert_uint_lt(sent, 64);
	peers_send_answer(b.peers, 0, (struct bytes){large, sizeof(large)}); /* left out as well */
	ck_assert_uint_eq(peers_counters(b.peers)->messages_lost, 129 - sent);
	for (unsigned given = 0; given < 10; given++)
		peers_send(b.peers, 0, (struct bytes){half, sizeof(half)});
	ck_assert_uint_eq(b.down[0], 0);
	uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
	RUN_UNTIL(c->messages == 1 + sent + 10);
	peers_send_answer(b.peers, 0, hello);
	RUN_UNTIL(c->messages == 1 + sent + 11);
	ck_assert_uint_eq(b.down[0], 0);
	client_close(c);
	down(&b, NULL);
}
END_TEST

/* More than the sockets hold, less than the bound: what the socket does not take is written later, once. */
START_TEST(peers_that_read_late_get_everything)
{
	enum { MESSAGES = 7 };
	static uint8_t megabyte[1u << 20];
	struct node b;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *c = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	uv_poll_stop(&c->poll);
	for (unsigned i = 0; i < MESSAGES; i++) {
		memset(megabyte, (int)i, sizeof(megabyte));
		peers_send(b.peers, 0, (struct bytes){megabyte, sizeof(megabyte)});
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	uv_poll_start(&c->poll, UV_READABLE, on_client_readable);
	RUN_UNTIL(c->messages == MESSAGES);
	ck_assert_uint_eq(c->last[0], MESSAGES - 1);
	peers_send(b.peers, 0, hello);
	RUN_UNTIL(c->messages == MESSAGES + 1);
	ck_assert_uint_eq(c->last_size, hello.size);
	ck_assert_uint_eq(b.down[0], 0);
	client_close(c);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_that_say_much_in_little_pieces_are_heard_a_part_each_turn)
{
	enum { MESSAGES = 20000 };
	struct node b;
	unsigned turns = 0;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	node_listen(&b, 0);
	struct client *c = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	for (int i = 0; i < MESSAGES; i++)
		ck_assert_int_eq(link_send(c->link, "x", 1), 0);
	client_flush(c);
	while (b.messages[0] < MESSAGES) {
		unsigned before = b.messages[0];
		ck_assert_uint_lt(turns++, 1000000);
		uv_run(&loop, UV_RUN_NOWAIT);
		ck_assert_uint_le(b.messages[0] - before, TCP_PEER_TURN_MAX / TCP_MESSAGE_COST);
	}
	client_close(c);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_push_out_the_oldest_candidate)
{
	static struct client *c[PEER_CANDIDATES_MAX + 1];
	struct node b;

	up(60000);
	node_up(&b, 1, nowhere, 0, 0);
	int port = node_listen(&b, 0);
	for (unsigned i = 0; i <= PEER_CANDIDATES_MAX; i++) {
		c[i] = client_new(port, NULL);
		client_write(c[i], "V", 1);
		RUN_UNTIL(listener_counters(b.listener)->accepted == i + 1);
	}
	RUN_UNTIL(c[0]->ended);
	ck_assert_uint_eq(peers_counters(b.peers)->candidates_pushed_out, 1);
	struct client *good = validator_client(&b, secrets[0]);
	RUN_UNTIL(b.up[0] == 1);
	client_close(good);
	for (unsigned i = 0; i <= PEER_CANDIDATES_MAX; i++)
		client_close(c[i]);
	down(&b, NULL);
}
END_TEST

START_TEST(peers_keep_a_candidate_that_is_a_validator_when_strangers_push)
{
	static struct client *c[PEER_CANDIDATES_MAX + 1];
	struct node b;

	up(60000);
	node_up(&b, 1, nowhere, 0, 0);
	int port = node_listen(&b, 0);
	/* Its first message arrives; the record that would establish the link is still under way. */
	struct client *far = validator_client(&b, secrets[0]);
	uv_poll_stop(&far->poll);
	for (unsigned i = 0; i <= PEER_CANDIDATES_MAX; i++) {
		c[i] = client_new(port, NULL);
		client_write(c[i], "V", 1);
		RUN_UNTIL(listener_counters(b.listener)->accepted == i + 2);
	}
	RUN_UNTIL(c[0]->ended);
	RUN_UNTIL(peers_counters(b.peers)->candidates_pushed_out == 2);
	ck_assert_uint_eq(b.up[0], 0);
	uv_poll_start(&far->poll, UV_READABLE, on_client_readable);
	RUN_UNTIL(b.up[0] == 1);
	client_close(far);
	for (unsigned i = 0; i <= PEER_CANDIDATES_MAX; i++)
		client_close(c[i]);
	down(&b, NULL);
}
END_TEST

UNIT_MAIN("peers", peers_link_and_carry_messages_both_ways, peers_link_again_after_a_drop,
          peers_dial_until_the_other_listens, peers_resolve_names, peers_call_nothing_after_they_are_stopped,
          peers_refuse_strangers_and_those_whom_they_dial,
          peers_take_a_new_link_for_an_old_one_but_not_a_replayed_handshake,
          peers_let_one_that_makes_its_link_anew_in_some_times_a_second, peers_drop_the_silent_and_keep_those_that_ping,
          peers_keep_their_links_when_they_were_stopped_themselves, peers_drop_one_that_does_not_read,
          peers_leave_out_what_is_spare_before_they_drop_one_that_does_not_read,
          peers_leave_out_an_answer_before_it_fills_a_link,
          peers_that_say_much_in_little_pieces_are_heard_a_part_each_turn, peers_that_read_late_get_everything,
          peers_push_out_the_oldest_candidate, peers_keep_a_candidate_that_is_a_validator_when_strangers_push)
