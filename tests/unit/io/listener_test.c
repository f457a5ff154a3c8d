/* The listening socket, and connections that have no link yet. */
#include "listener.h"
#include <netinet/tcp.h>
#include <sys/resource.h>
#include "wallets_fixture.h"

START_TEST(connection_with_wrong_first_byte_is_closed_at_once)
{
	up(4, 60000);
	struct client *c = raw_client("GET / HTTP/1.1\r\n\r\n");
	RUN_UNTIL(c->ended);
	ck_assert_uint_eq(listener_counters(listener)->bad_first_byte, 1);
	client_close(c);
	down();
}
END_TEST

START_TEST(connection_that_says_nothing_is_pushed_out_by_newer_ones)
{
	static struct client *c[LISTENER_WAITING_MAX + 1];

	up(2, 60000);
	for (unsigned i = 0; i <= LISTENER_WAITING_MAX; i++) {
		c[i] = raw_client("");
		RUN_UNTIL(listener_counters(listener)->accepted == i + 1);
	}
	RUN_UNTIL(c[0]->ended);
	ck_assert_uint_eq(listener_counters(listener)->pushed_out, 1);
	for (unsigned i = 0; i <= LISTENER_WAITING_MAX; i++) {
		ck_assert(i == 0 || !c[i]->ended);
		client_close(c[i]);
	}
	down();
}
END_TEST

START_TEST(streams_find_out_that_somebody_is_gone)
{
	static const struct tcp_events none = {.stranger = true};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), value = 0;
	socklen_t size = sizeof(value);
	struct tcp *tcp;

	up(1, 5000);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)listener_port(listener))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS);
	ck_assert_int_eq(tcp_open(&set, fd, &none, NULL, &tcp), 0);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
	ck_assert_int_eq(value, 1);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), 0);
	ck_assert_int_eq(value, TCP_SILENCE_S);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size), 0);
	ck_assert_int_eq(value, TCP_SILENCE_S * 1500);
	tcp_close(tcp);
	down();
}
END_TEST

START_TEST(listener_pauses_without_file_descriptors_and_goes_on)
{
	struct rlimit before, none;

	up(4, 5000);
	struct client *old = wallet_client();
	client_send(old, "x", 1);
	RUN_UNTIL(old->messages == 1);
	struct client *c = wallet_client();
	int lowest = dup(0);
	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	RUN_UNTIL(listener_counters(listener)->pauses >= 2);
	client_send(old, "y", 1);
	RUN_UNTIL(old->messages == 2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	client_send(c, "z", 1);
	RUN_UNTIL(c->messages == 1);
	client_close(old);
	client_close(c);
	down();
}
END_TEST

START_TEST(listener_names_the_port_in_use)
{
	const struct listener_events events = {exempt, on_validator, on_wallet, NULL};
	struct listener_options options = {.set = &set, .host = "127.0.0.1", .handshakes_per_second = 1000};
	struct listener *second;
	char why[256] = "", expected[64];

	up(4, 5000);
	options.port = (uint16_t)listener_port(listener);
	snprintf(expected, sizeof(expected), "port %d on 127.0.0.1 is in use", listener_port(listener));
	ck_assert_int_eq(listener_new(&options, &events, &second, why), UNCIA_E_BUSY);
	ck_assert_ptr_nonnull(strstr(why, expected));
	options.host = "no such host";
	ck_assert_int_eq(listener_new(&options, &events, &second, why), UNCIA_E_CONFIG);
	down();
}
END_TEST

UNIT_MAIN("listener", connection_with_wrong_first_byte_is_closed_at_once,
          connection_that_says_nothing_is_pushed_out_by_newer_ones, streams_find_out_that_somebody_is_gone,
          listener_pauses_without_file_descriptors_and_goes_on, listener_names_the_port_in_use)
