/* The limit on handshakes: the total, the shares, recovery. And what an address is. */
#include "admission.h"
#include <arpa/inet.h>
#include <string.h>
#include "unit.h"

static const uint8_t seed[16] = {3};

static struct net_address address_of(const char *host)
{
	struct sockaddr_storage socket_address;
	struct net_address address;

	ck_assert_int_eq(net_address_parse(host, 1, &socket_address), 0);
	net_address_of((struct sockaddr *)&socket_address, &address);
	return address;
}

static unsigned admitted(struct admission *a, const char *host, unsigned tries, uint64_t now_ms)
{
	struct net_address address = address_of(host);
	unsigned count = 0;

	for (unsigned i = 0; i < tries; i++)
		count += admission_try(a, &address, now_ms);
	return count;
}

/* 50 a window; the shares are 3/4 of it, 3/4 of that, and 3/4 of that. */
START_TEST(admission_gives_a_lone_source_a_part)
{
	struct admission a;
	unsigned total = 0;

	admission_init(&a, 1000, seed);
	for (uint64_t now = 5000; now < 6000; now += 10)
		total += admitted(&a, "192.0.2.1", 100, now);
	ck_assert_uint_eq(total, 20 * 20);
}
END_TEST

START_TEST(admission_lets_a_newcomer_in_however_hard_others_ask)
{
	struct admission a;

	admission_init(&a, 1200, seed); /* 60 a window */
	ck_assert_uint_eq(admitted(&a, "192.0.2.1", 1000, 1000), 24);
	/* Another one of its /24, of its /16, and of none. */
	ck_assert_uint_eq(admitted(&a, "192.0.2.2", 5, 1000), 5);
	ck_assert_uint_eq(admitted(&a, "192.0.3.2", 5, 1000), 5);
	ck_assert_uint_eq(admitted(&a, "198.51.100.1", 5, 1000), 5);
	/* Who was there is remembered for a window. */
	ck_assert_uint_eq(admitted(&a, "192.0.2.1", 1000, 1050), 4);
	ck_assert_uint_eq(admitted(&a, "198.51.100.1", 1000, 1050), 13);
	/* After a window without any the memory of them is gone. */
	ck_assert_uint_eq(admitted(&a, "192.0.2.2", 1000, 1200), 24);
}
END_TEST

/* A new /64 for each handshake, all of one /48; or a new /48, all of one /32. */
START_TEST(admission_lets_a_newcomer_in_however_many_addresses_others_have)
{
	static const char *const forms[] = {"2001:db8:1:%x::1", "2001:db8:%x::1"};
	static const char *const newcomers[2][2] = {{"2001:db8:2::1", "2001:db9::1"}, {"2001:db9::1", "192.0.2.1"}};

	for (unsigned form = 0; form < 2; form++) {
		struct admission a;
		unsigned total = 0;
		char host[64];
		admission_init(&a, 1000, seed);
		for (uint64_t now = 3000; now < 4000; now += 50) {
			for (unsigned i = 0; i < 3000; i++) {
				snprintf(host, sizeof(host), forms[form], 16 + i);
				total += admitted(&a, host, 1, now);
			}
			ck_assert_uint_ge(admitted(&a, newcomers[form][0], 1, now), 1);
			ck_assert_uint_ge(admitted(&a, newcomers[form][1], 1, now), 1);
		}
		ck_assert_uint_ge(total, 150);
		ck_assert_uint_le(total, 800);
	}
}
END_TEST

START_TEST(admission_of_many_sources_stays_within_the_total)
{
	struct admission a;
	unsigned total = 0;
	char host[32];

	admission_init(&a, 1000, seed);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(host, sizeof(host), "198.%u.%u.1", i / 250, i % 250);
		total += admitted(&a, host, 3, 2000);
	}
	for (unsigned i = 0; i < 60000; i += 60) {
		snprintf(host, sizeof(host), "%x::1", 0x1000 + i);
		total += admitted(&a, host, 3, 2000);
	}
	ck_assert_uint_eq(total, 50);
}
END_TEST

START_TEST(admission_one_customer_of_ipv6_is_one_source)
{
	struct admission a;

	admission_init(&a, 1000, seed);
	admitted(&a, "2001:db8::1", 10, 0);
	/* A customer's other addresses have no more; the next customer has some. */
	ck_assert_uint_gt(admitted(&a, "2001:db8::1", 100, 50), 8);
	ck_assert_uint_eq(admitted(&a, "2001:db8::2", 10, 50), 0);
	ck_assert_uint_gt(admitted(&a, "2001:db8:0:1::1", 10, 50), 0);
}
END_TEST

/* A source that has sent wrong signatures: for a minute, it and nobody else. */
START_TEST(admission_lets_few_of_a_charged_source_in)
{
	struct admission a;
	struct net_address charged = address_of("192.0.2.1"), customer = address_of("2001:db8:1:2::1");

	admission_init(&a, 1000, seed);
	admission_charge(&a, &charged, 5000);
	admission_charge(&a, &customer, 5000);
	for (uint64_t now = 5000; now < 5000 + ADMISSION_CHARGED_MS; now += 50) {
		ck_assert_uint_eq(admitted(&a, "192.0.2.1", 100, now), 2);
		ck_assert_uint_eq(admitted(&a, "2001:db8:1:2:ffff::9", 100, now), 2);
		ck_assert_uint_ge(admitted(&a, "192.0.2.2", 100, now), 3);
		ck_assert_uint_ge(admitted(&a, "2001:db8:1:3::1", 100, now), 3);
	}
	ck_assert_uint_gt(admitted(&a, "192.0.2.1", 100, 5000 + ADMISSION_CHARGED_MS), 2);
}
END_TEST

START_TEST(net_address_prefixes_are_nested_and_of_their_widths)
{
	static const struct {
		const char *a, *b;
		unsigned shared; /* prefixes, from the widest on */
	} cases[] = {{"192.0.2.1", "192.0.2.1", 3},
	             {"192.0.2.1", "192.0.2.2", 2},
	             {"192.0.2.1", "192.0.3.1", 1},
	             {"192.0.2.1", "192.1.2.1", 0},
	             {"192.0.2.1", "::ffff:192.0.2.1", 3},
	             {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 3},
	             {"2001:db8:1:2::1", "2001:db8:1:3::1", 2},
	             {"2001:db8:1:2::1", "2001:db8:2:2::1", 1},
	             {"2001:db8:1:2::1", "2001:db9:1:2::1", 0},
	             {"::ffff:0.0.0.0", "::1", 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_address a = address_of(cases[i].a), b = address_of(cases[i].b), masked_a, masked_b;
		for (unsigned prefix = 0; prefix < NET_PREFIXES; prefix++) {
			ck_assert_msg(net_address_shares(&a, &b, prefix) == (prefix < cases[i].shared), "%s %s %u",
			              cases[i].a, cases[i].b, prefix);
			net_address_mask(&a, prefix, &masked_a);
			net_address_mask(&b, prefix, &masked_b);
			ck_assert(net_address_equal(&masked_a, &masked_b) == (prefix < cases[i].shared));
			ck_assert(net_address_shares(&a, &masked_a, prefix));
		}
	}
}
END_TEST

START_TEST(net_address_is_the_same_on_both_kinds_of_socket)
{
	struct net_address four = address_of("192.0.2.7"), mapped = address_of("::ffff:192.0.2.7");
	char text[NET_ADDRESS_TEXT_SIZE];

	ck_assert(net_address_equal(&four, &mapped));
	net_address_format(&four, text);
	ck_assert_str_eq(text, "192.0.2.7");
	four = address_of("2001:db8::9");
	net_address_format(&four, text);
	ck_assert_str_eq(text, "2001:db8::9");
}
END_TEST

START_TEST(net_address_knows_loopback)
{
	static const struct {
		const char *host;
		bool loopback;
	} cases[] = {{"127.0.0.1", true},  {"127.9.9.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
	             {"128.0.0.1", false}, {"::2", false},      {"::", false}, {"0.0.0.0", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_address address = address_of(cases[i].host);
		ck_assert_msg(net_address_loopback(&address) == cases[i].loopback, "%s", cases[i].host);
	}
}
END_TEST

START_TEST(net_address_refuses_names)
{
	struct sockaddr_storage socket_address;

	ck_assert_int_lt(net_address_parse("localhost", 1, &socket_address), 0);
	ck_assert_int_lt(net_address_parse("", 1, &socket_address), 0);
}
END_TEST

UNIT_MAIN("admission", admission_gives_a_lone_source_a_part, admission_lets_a_newcomer_in_however_hard_others_ask,
          admission_lets_a_newcomer_in_however_many_addresses_others_have,
          admission_of_many_sources_stays_within_the_total, admission_one_customer_of_ipv6_is_one_source,
          admission_lets_few_of_a_charged_source_in, net_address_prefixes_are_nested_and_of_their_widths,
          net_address_is_the_same_on_both_kinds_of_socket, net_address_knows_loopback, net_address_refuses_names)
