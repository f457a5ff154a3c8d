/* Whose place is given to a newcomer, with addresses as data. */
#include "places.h"
#include <stdlib.h>
#include <string.h>
#include "unit.h"

static struct places *p;
static uint32_t next_slot;

static struct net_address address_of(const char *host)
{
	struct sockaddr_storage socket_address;
	struct net_address address;

	ck_assert_msg(net_address_parse(host, 1, &socket_address) == 0, "%s", host);
	net_address_of((struct sockaddr *)&socket_address, &address);
	return address;
}

/* A place for each, by a form with one number in it, if any. */
static void take(const char *form, unsigned from, unsigned count)
{
	char host[64];

	for (unsigned i = 0; i < count; i++) {
		snprintf(host, sizeof(host), form, from + i);
		struct net_address address = address_of(host);
		places_add(p, &address, next_slot++);
	}
}

static struct crowd crowd_for(const char *host, uint32_t margin)
{
	struct net_address address = address_of(host);

	return places_crowd(p, &address, margin);
}

/* The crowd is these: all of one prefix with `host`, and nobody else. */
static void expect(struct crowd crowd, enum crowd_kind kind, const char *host, enum net_prefix prefix, uint32_t count)
{
	struct net_address address = address_of(host);
	uint32_t all = 0;

	ck_assert_int_eq(crowd.kind, kind);
	ck_assert_uint_eq(crowd.count, count);
	for (uint32_t i = 0; i < p->count; i++)
		all += net_address_shares(&p->sorted[i].address, &address, prefix);
	ck_assert_uint_eq(all, count);
	for (uint32_t i = crowd.first; i < crowd.first + crowd.count; i++)
		ck_assert(net_address_shares(&p->sorted[i].address, &address, prefix));
}

static void up(void)
{
	p = places_new(1024);
	next_slot = 0;
}

START_TEST(places_stay_in_order_whatever_comes_and_goes)
{
	up();
	uint64_t random = 7;
	struct net_address held[1024];
	uint32_t slots[1024], count = 0;
	for (unsigned step = 0; step < 20000; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		if (count < 1024 && (random >> 40) % 3) {
			memset(&held[count], 0, sizeof(held[count]));
			held[count].b[5] = (uint8_t)(random >> 33) & 3;
			held[count].b[15] = (uint8_t)(random >> 50) & 7;
			slots[count] = step;
			places_add(p, &held[count], slots[count]);
			count++;
		} else if (count) {
			uint32_t gone = (uint32_t)(random >> 33) % count;
			places_remove(p, &held[gone], slots[gone]);
			held[gone] = held[--count];
			slots[gone] = slots[count];
		}
		ck_assert_uint_eq(p->count, count);
	}
	for (uint32_t i = 1; i < p->count; i++)
		ck_assert_int_le(memcmp(&p->sorted[i - 1].address, &p->sorted[i].address, 16), 0);
	for (uint32_t i = 0; i < count; i++)
		places_remove(p, &held[i], slots[i]);
	ck_assert_uint_eq(p->count, 0);
	free(p);
}
END_TEST

START_TEST(places_of_one_site_are_one_crowd_under_any_number_of_addresses)
{
	up();
	take("2001:db8:5:%x::1", 0, 900); /* a /64 each, of one /48 */
	take("2001:db8:%x::1", 0x100, 20);
	take("198.51.100.%u", 0, 50);
	expect(crowd_for("2001:db8:777::1", 2), CROWD_OTHERS, "2001:db8:5::", NET_PREFIX_NETWORK, 900);
	expect(crowd_for("203.0.113.1", 2), CROWD_OTHERS, "2001:db8:5::", NET_PREFIX_NETWORK, 900);
	ck_assert_uint_eq(crowd_for("203.0.113.1", 2).total, 920);
	/* Its own newcomers take its own places. */
	expect(crowd_for("2001:db8:5:ffff::1", 2), CROWD_OWN, "2001:db8:5::", NET_PREFIX_NETWORK, 900);
	free(p);
}
END_TEST

START_TEST(places_of_one_provider_are_one_crowd_under_any_number_of_sites)
{
	up();
	take("2001:db8:%x::1", 0, 900); /* a /48 each, of one /32 */
	take("2a00:%x::1", 0x100, 100);
	expect(crowd_for("2a00:777::1", 2), CROWD_OTHERS, "2001:db8::", NET_PREFIX_WIDE, 900);
	/* In a /32 with a crowd, the others of it are not the crowd. */
	take("2001:db8:f:%x::1", 0, 20);
	expect(crowd_for("2a00:777::1", 2), CROWD_OTHERS, "2001:db8:f::", NET_PREFIX_NETWORK, 21);
	free(p);
}
END_TEST

START_TEST(places_of_ipv4_are_counted_by_neighbourhood_network_and_address)
{
	up();
	take("192.0.2.%u", 0, 200);
	take("192.0.%u.1", 3, 100);
	take("198.51.100.7", 0, 150);
	expect(crowd_for("203.0.113.1", 2), CROWD_OTHERS, "192.0.2.0", NET_PREFIX_NETWORK, 200);
	take("198.51.100.7", 0, 200);
	expect(crowd_for("203.0.113.1", 2), CROWD_OTHERS, "198.51.100.7", NET_PREFIX_SOURCE, 350);
	expect(crowd_for("198.51.100.8", 2), CROWD_OTHERS, "198.51.100.7", NET_PREFIX_SOURCE, 350);
	expect(crowd_for("198.51.100.7", 2), CROWD_OWN, "198.51.100.7", NET_PREFIX_SOURCE, 350);
	free(p);
}
END_TEST

START_TEST(places_that_are_shared_evenly_have_no_crowd)
{
	up();
	take("2a00:%x::1", 0x100, 500);
	take("10.%u.0.1", 0, 256);
	struct crowd crowd = crowd_for("203.0.113.1", 2);
	ck_assert_int_eq(crowd.kind, CROWD_EVERYBODY);
	ck_assert_uint_eq(crowd.first, 0);
	ck_assert_uint_eq(crowd.count, 756);
	/* One more than none is enough where it is asked for. */
	ck_assert_int_eq(crowd_for("203.0.113.1", 1).kind, CROWD_OTHERS);
	/* Who has one gets another only for it, or where somebody has three. */
	expect(crowd_for("10.3.0.9", 2), CROWD_OWN, "10.3.0.1", NET_PREFIX_NETWORK, 1);
	take("10.7.0.1", 0, 2);
	expect(crowd_for("10.3.0.9", 2), CROWD_OTHERS, "10.7.0.1", NET_PREFIX_SOURCE, 3);
	free(p);
}
END_TEST

START_TEST(places_that_are_all_free_have_no_crowd)
{
	up();
	ck_assert_int_eq(crowd_for("203.0.113.1", 1).kind, CROWD_EVERYBODY);
	ck_assert_uint_eq(crowd_for("203.0.113.1", 1).count, 0);
	free(p);
}
END_TEST

/* However an attacker spreads over what he has, the places of others are not the ones he is given. */
START_TEST(places_of_others_are_never_given_to_who_has_most)
{
	static const char *const attackers[] = {"2001:db8:%x::1", "2001:db8:1:%x::1", "203.0.%u.1"};

	for (unsigned form = 0; form < 3; form++) {
		up();
		take("198.%u.100.1", 0, 100);
		take("2a00:%x::1", 1, 100);
		take(attackers[form], 1, 255);
		char host[64];
		for (unsigned i = 0; i < 500; i++) {
			snprintf(host, sizeof(host), attackers[form], i % 256);
			struct net_address newcomer = address_of(host);
			struct crowd crowd = places_crowd(p, &newcomer, 2);
			ck_assert_uint_gt(crowd.count, 0);
			for (uint32_t k = crowd.first; k < crowd.first + crowd.count; k++)
				ck_assert(net_address_shares(&p->sorted[k].address, &newcomer, NET_PREFIX_WIDE));
		}
		free(p);
	}
}
END_TEST

UNIT_MAIN("places", places_stay_in_order_whatever_comes_and_goes,
          places_of_one_site_are_one_crowd_under_any_number_of_addresses,
          places_of_one_provider_are_one_crowd_under_any_number_of_sites,
          places_of_ipv4_are_counted_by_neighbourhood_network_and_address, places_that_are_shared_evenly_have_no_crowd,
          places_that_are_all_free_have_no_crowd, places_of_others_are_never_given_to_who_has_most)
