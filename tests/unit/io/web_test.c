/* WebSockets at the listener: who is let in, who is not, and what a crowd of them takes. */
#include "listener.h"
#include "wallets_fixture.h"

static struct client *web_client(const char *bytes)
{
	struct client *c = client_new(listener_web_port(listener), NULL);

	if (*bytes)
		client_write(c, bytes, strlen(bytes));
	return c;
}

static bool begins(const struct client *c, const char *text)
{
	return c->text_size >= strlen(text) && !memcmp(c->text, text, strlen(text));
}

START_TEST(whoever_asks_for_no_websocket_is_told_in_http_and_closed)
{
	up(4, 60000);
	struct client *page = web_client("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), *wallet = web_client("W");
	RUN_UNTIL(page->ended && begins(page, "HTTP/1.1 426 "));
	struct client *garbage = web_client("garbage\r\n\r\n");
	RUN_UNTIL(garbage->ended && begins(garbage, "HTTP/1.1 400 "));
	/* What is said to the port of the others, in part: a method may begin so. */
	client_write(wallet, "\x01\x02", 2);
	RUN_UNTIL(wallet->ended);
	ck_assert_uint_eq(listener_counters(listener)->web_accepted, 3);
	ck_assert_uint_eq(listener_counters(listener)->web_failed, 3);
	ck_assert_uint_eq(wallets_count(wallets), 0);
	client_close(page);
	client_close(garbage);
	client_close(wallet);
	down();
}
END_TEST

START_TEST(a_validators_link_is_none_for_a_websocket)
{
	up(4, 60000);
	struct client *c = client_new_by(listener_web_port(listener), NULL, true);
	client_say(c, "V", 1);
	RUN_UNTIL(c->ended);
	ck_assert_uint_eq(listener_counters(listener)->bad_first_byte, 1);
	client_close(c);
	down();
}
END_TEST

/* Each byte in its time, none of them the last: neither the request nor the handshake has more than its 5 s (here 0.3).
 */
START_TEST(who_is_slow_has_the_time_of_a_handshake_for_all_of_it)
{
	static const char *const sent[] = {"", "GET / HT", UPGRADE_REQUEST, NULL};

	for (unsigned i = 0; i < 4; i++) {
		up(4, 300);
		struct client *c =
		    sent[i] ? web_client(sent[i]) : client_new_by(listener_web_port(listener), NULL, true);
		uint64_t begin = uv_now(&loop), said = begin;
		if (!sent[i])
			client_say(c, "W", 1);
		while (!c->ended) {
			uv_run(&loop, UV_RUN_ONCE);
			ck_assert_uint_lt(uv_now(&loop), begin + DEADLINE_MS);
			if (!c->ended && i == 1 && uv_now(&loop) > said + 20) {
				said = uv_now(&loop);
				client_write(c, "x", 1);
			}
		}
		ck_assert_uint_ge(uv_now(&loop), begin + 290);
		ck_assert_uint_eq(wallets_count(wallets), 0);
		client_close(c);
		down();
	}
}
END_TEST

/* Each socket has places of its own for those who have said nothing yet. */
START_TEST(a_flood_of_requests_pushes_out_its_own)
{
	static struct client *c[2 * LISTENER_WAITING_MAX];

	up(4, 60000);
	struct client *plain = raw_client("");
	RUN_UNTIL(listener_counters(listener)->accepted == 1);
	for (unsigned i = 0; i < 2 * LISTENER_WAITING_MAX; i++) {
		c[i] = web_client(i % 2 ? UPGRADE_REQUEST : "GET / HTTP/1.1\r\nHost: ");
		RUN_UNTIL(listener_counters(listener)->accepted == i + 2);
	}
	RUN_UNTIL(c[LISTENER_WAITING_MAX - 1]->ended);
	ck_assert_uint_eq(listener_counters(listener)->pushed_out, LISTENER_WAITING_MAX);
	ck_assert_uint_eq(listener_counters(listener)->web_failed, LISTENER_WAITING_MAX);
	ck_assert(!plain->ended && !c[LISTENER_WAITING_MAX]->ended);
	struct client *wallet = wallet_client();
	client_send(wallet, "x", 1);
	RUN_UNTIL(wallet->messages == 1);
	for (unsigned i = 0; i < 2 * LISTENER_WAITING_MAX; i++)
		client_close(c[i]);
	/* Each that was let in has become a wallet, or has failed, however it ended. */
	RUN_UNTIL(listener_counters(listener)->web_failed == 2 * LISTENER_WAITING_MAX);
	ck_assert_uint_eq(listener_counters(listener)->web_accepted,
	                  2 * LISTENER_WAITING_MAX + (CLIENTS_BY_WEB ? 1 : 0));
	client_close(plain);
	client_close(wallet);
	down();
}
END_TEST

/* A proxy is on this machine, and its clients are anybody. */
START_TEST(the_limit_on_handshakes_holds_for_websockets_from_loopback)
{
	static struct client *c[64];
	const struct listener_counters *counters;

	handshakes_per_second = 20; /* one in each window */
	up(4, 60000);
	counters = listener_counters(listener);
	for (unsigned i = 0; i < 32; i++)
		c[i] = web_client("");
	RUN_UNTIL(counters->accepted + counters->refused_rate == 32);
	ck_assert_uint_ge(counters->accepted, 1);
	ck_assert_uint_ge(counters->refused_rate, 16);
	uint64_t refused = counters->refused_rate, accepted = counters->accepted;
	for (unsigned i = 32; i < 64; i++)
		c[i] = raw_client("");
	RUN_UNTIL(counters->accepted == accepted + 32);
	ck_assert_uint_eq(counters->refused_rate, refused);
	for (unsigned i = 0; i < 64; i++)
		client_close(c[i]);
	down();
	handshakes_per_second = 1000000;
}
END_TEST

/* One limit for both sockets: what it bounds is the work that follows. Here it is the place of a wallet that is asked
 * for. */
START_TEST(wallets_of_both_kinds_have_the_same_places)
{
	up(2, 60000);
	struct client *plain = wallet_client();
	client_send(plain, "x", 1);
	RUN_UNTIL(plain->messages == 1);
	struct client *c[3];
	for (unsigned i = 0; i < 3; i++) {
		c[i] = client_new_by(listener_web_port(listener), NULL, true);
		client_say(c[i], "W", 1);
		RUN_UNTIL(wallets_counters(wallets)->pushed_out + wallets_counters(wallets)->refused_full +
		              wallets_count(wallets) ==
		          i + 2);
	}
	ck_assert_uint_eq(wallets_count(wallets), 2);
	for (unsigned i = 0; i < 3; i++)
		client_close(c[i]);
	client_close(plain);
	down();
}
END_TEST

START_TEST(a_frame_that_breaks_the_rules_ends_the_link_and_its_wallet_is_gone)
{
	const struct link_options options = {.pattern = NOISE_NK,
	                                     .initiator = true,
	                                     .network_id = &network,
	                                     .remote_static = node_public,
	                                     .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                                     .write_queue_max = 1u << 20};

	up(4, 60000);
	for (unsigned i = 0; i < 3; i++) {
		struct link_options own = options;
		own.ephemeral_secret = fresh_key();
		struct client *c = client_new_by(listener_web_port(listener), &own, true);
		client_send(c, "x", 1);
		RUN_UNTIL(c->messages == 1);
		/* What stands before the end is heard, though it comes with it. */
		ck_assert_int_eq(link_send(c->link, "last", 4), 0);
		client_flush(c);
		if (i == 0)
			client_write_frame(c, 0x81, "text", 4);
		else if (i == 1)
			client_write_frame(c, 0x88, "", 0);
		else
			client_write(c, "\x82\x01x", 3);
		uv_poll_stop(&c->poll); /* what the server says of it is looked at below */
		RUN_UNTIL(seen.closed == i + 1);
		ck_assert_uint_eq(seen.messages, 2 * (i + 1));
		ck_assert_uint_eq(wallets_count(wallets), 0);
		client_close(c);
		RUN_UNTIL(set.open == 0);
	}
	down();
}
END_TEST

START_TEST(pings_are_answered_between_frames)
{
	up(4, 60000);
	struct client *c = client_new_by(listener_web_port(listener), NULL, false);
	client_write(c, UPGRADE_REQUEST, strlen(UPGRADE_REQUEST));
	client_write_frame(c, 0x89, "one", 3);
	RUN_UNTIL(c->text_size > 5 && !memcmp(c->text + c->text_size - 5, "\x8a\x03one", 5));
	client_write_frame(c, 0x89, "", 0);
	RUN_UNTIL(!memcmp(c->text + c->text_size - 2, "\x8a\x00", 2));
	client_close(c);
	down();
}
END_TEST

START_TEST(without_a_place_for_websockets_nothing_listens_there)
{
	const struct listener_events events = {exempt, on_validator, on_wallet, NULL};
	struct listener_options options = {.set = &set, .host = "127.0.0.1", .handshakes_per_second = 1000};
	struct listener *other;
	char why[256] = "", expected[64];

	up(4, 5000);
	ck_assert_int_eq(listener_new(&options, &events, &other, why), 0);
	ck_assert_int_eq(listener_web_port(other), 0);
	listener_stop(other);
	/* A port in use is named, and the other one is free again. */
	options.web_host = "127.0.0.1";
	options.web_port = (uint16_t)listener_web_port(listener);
	struct listener *second;
	snprintf(expected, sizeof(expected), "port %d on 127.0.0.1 is in use", listener_web_port(listener));
	ck_assert_int_eq(listener_new(&options, &events, &second, why), UNCIA_E_BUSY);
	ck_assert_ptr_nonnull(strstr(why, expected));
	down();
	listener_free(other);
}
END_TEST

UNIT_MAIN("web", whoever_asks_for_no_websocket_is_told_in_http_and_closed, a_validators_link_is_none_for_a_websocket,
          who_is_slow_has_the_time_of_a_handshake_for_all_of_it, a_flood_of_requests_pushes_out_its_own,
          the_limit_on_handshakes_holds_for_websockets_from_loopback, wallets_of_both_kinds_have_the_same_places,
          a_frame_that_breaks_the_rules_ends_the_link_and_its_wallet_is_gone, pings_are_answered_between_frames,
          without_a_place_for_websockets_nothing_listens_there)
