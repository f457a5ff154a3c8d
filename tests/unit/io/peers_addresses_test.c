/* Validators' links over real sockets: where the others are, and which version of the wire they speak. */
#include <dlfcn.h>
#include <netdb.h>
#include "peers_fixture.h"

/* A name with two addresses, at the first of which nobody answers: libuv asks this instead of the system. */
static struct addrinfo two_addresses[2];
static struct sockaddr_in two_sockets[2];

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **found)
{
	int (*system_one)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&system_one = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(node, "two.addresses") != 0)
		return system_one(node, service, hints, found);
	*found = two_addresses;
	return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *found)
{
	void (*system_one)(struct addrinfo *);

	*(void **)&system_one = dlsym(RTLD_NEXT, "freeaddrinfo");
	if (found != two_addresses)
		system_one(found);
}

START_TEST(peers_try_every_address_of_a_name)
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
	snprintf(addresses[1].host, sizeof(addresses[1].host), "two.addresses");
	addresses[1].port = (uint16_t)node_listen(&b, 0);
	for (int i = 0; i < 2; i++) {
		two_sockets[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(addresses[1].port)};
		two_sockets[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK + (i == 0));
		two_addresses[i] = (struct addrinfo){.ai_family = AF_INET,
		                                     .ai_socktype = SOCK_STREAM,
		                                     .ai_addrlen = sizeof(two_sockets[i]),
		                                     .ai_addr = (struct sockaddr *)&two_sockets[i],
		                                     .ai_next = i == 0 ? &two_addresses[1] : NULL};
	}
	ck_assert_int_eq(peers_new(&options, &events, &a), 0);
	RUN_UNTIL(seen.up[1]);
	ck_assert_uint_ge(peers_counters(a)->dial_failures, 1);
	peers_stop(a);
	node_stop(&b);
	net_down();
	peers_free(a);
	node_free(&b);
}
END_TEST

START_TEST(peers_know_the_addresses_of_validators)
{
	struct node a;
	const int ports[VALIDATORS] = {0, 1, 0};
	struct sockaddr_storage known, unknown;
	struct net_address address;

	up(5000);
	node_up(&a, 0, ports, 0, 0);
	ck_assert_int_eq(net_address_parse("127.0.0.1", 9, &known), 0);
	net_address_of((struct sockaddr *)&known, &address);
	/* It is let in that often, and then again in the next window. */
	unsigned admitted = 0;
	for (int i = 0; i < 100; i++)
		admitted += peers_admit(a.peers, &address);
	ck_assert_uint_eq(admitted, PEER_CALLS_IN_WINDOW);
	for (uint64_t window = uv_now(&loop) / PEER_WINDOW_MS; uv_now(&loop) / PEER_WINDOW_MS == window;)
		uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert(peers_admit(a.peers, &address));
	ck_assert_int_eq(net_address_parse("127.0.0.2", 9, &unknown), 0);
	net_address_of((struct sockaddr *)&unknown, &address);
	ck_assert(!peers_admit(a.peers, &address));
	down(&a, NULL);
}
END_TEST

/* network 8.1: an old validator closes where it is spoken to in a newer version, and is dialled in its own then. */
START_TEST(validators_of_two_releases_are_linked_whichever_dials)
{
	for (uint8_t dialler = 1; dialler <= 2; dialler++) {
		struct node a, b;
		int ports[VALIDATORS] = {0};

		up(5000);
		newest = dialler == 1 ? 2 : 1;
		node_up(&b, 1, nowhere, 0, 0);
		ports[1] = node_listen(&b, 0);
		newest = dialler;
		node_up(&a, 0, ports, 0, 0);
		RUN_UNTIL(a.up[1] && b.up[0]);
		ck_assert_uint_eq(peers_counters(a.peers)->dial_failures, dialler == 2);
		down(&a, &b);
	}
	newest = 1;
}
END_TEST

/* Who can cut connections does not choose the version of a validator that is known to speak the newer one. */
START_TEST(version_does_not_fall_back_where_the_newer_one_was_spoken_lately)
{
	struct node a, b, old;
	int ports[VALIDATORS] = {0};

	for (int lately = 1; lately >= 0; lately--) {
		up(5000);
		newest = 2;
		version_kept_ms = lately ? 0 : 1;
		node_up(&b, 1, nowhere, 0, 0);
		ports[1] = node_listen(&b, 0);
		node_up(&a, 0, ports, 0, 0);
		RUN_UNTIL(a.up[1] && b.up[0]);
		node_stop(&b); /* and in its place one of the release before */
		RUN_UNTIL(a.down[1]);
		newest = 1;
		node_up(&old, 1, nowhere, 0, 0);
		RUN_UNTIL(!set.young);
		node_listen(&old, ports[1]);
		uint64_t failures = peers_counters(a.peers)->dial_failures;
		RUN_UNTIL(lately ? peers_counters(a.peers)->dial_failures >= failures + 6 : old.up[0] && a.up[1] == 2);
		ck_assert_uint_eq(old.up[0], !lately);
		down(&a, &old);
		node_free(&b);
	}
	version_kept_ms = 0;
}
END_TEST

/* Where it dials is changed while it dials in vain; while it is linked; and while the name of before is looked up. */
START_TEST(peers_go_to_where_the_others_are_now)
{
	const int dead[VALIDATORS] = {0, 1, 0};
	struct peer_address there = {"127.0.0.1", 0}, name = {"two.addresses", 1}, none = {"", 0};
	struct peer_figures figures;
	struct sockaddr_storage now;
	struct net_address address;
	struct node a, b;

	up(5000);
	node_up(&b, 1, nowhere, 0, 0);
	there.port = (uint16_t)node_listen(&b, 0);
	node_up(&a, 0, dead, 0, 0);
	RUN_UNTIL(peers_counters(a.peers)->dial_failures > 2);
	ck_assert(peers_set_address(a.peers, 1, &there));
	ck_assert(!peers_set_address(a.peers, 1, &there));
	RUN_UNTIL(a.up[1] && b.up[0]);
	uint64_t linked = uv_now(&loop);
	ck_assert(peers_set_address(a.peers, 1, &none));
	ck_assert(peers_set_address(b.peers, 0, &none) == false); /* nor was it known before */
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	peers_figures(a.peers, 1, &figures);
	ck_assert(figures.up && figures.since_ms <= linked && a.down[1] == 0);
	peers_drop(b.peers, 0);
	RUN_UNTIL(a.down[1]);
	peers_figures(a.peers, 1, &figures);
	ck_assert(!figures.up && figures.since_ms >= linked && !figures.queued);
	two_sockets[0] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(1)};
	two_sockets[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	two_addresses[0] = (struct addrinfo){.ai_family = AF_INET,
	                                     .ai_socktype = SOCK_STREAM,
	                                     .ai_addrlen = sizeof(two_sockets[0]),
	                                     .ai_addr = (struct sockaddr *)&two_sockets[0]};
	ck_assert(peers_set_address(a.peers, 1, &name));
	uint64_t failures = peers_counters(a.peers)->dial_failures;
	RUN_UNTIL(peers_counters(a.peers)->dial_failures > failures); /* the name leads nowhere */
	name.port = 2;
	ck_assert(peers_set_address(b.peers, 0, &name));  /* of one that dials us: looked up at once */
	ck_assert(peers_set_address(b.peers, 0, &there)); /* what is found then is of no use any more */
	ck_assert_int_eq(net_address_parse("127.0.0.1", 9, &now), 0);
	net_address_of((struct sockaddr *)&now, &address);
	RUN_UNTIL(peers_admit(b.peers, &address));
	ck_assert(peers_set_address(a.peers, 1, &there));
	RUN_UNTIL(a.up[1] == 2 && b.up[0] == 2);
	down(&a, &b);
}
END_TEST

UNIT_MAIN("peers_addresses", peers_try_every_address_of_a_name, peers_know_the_addresses_of_validators,
          validators_of_two_releases_are_linked_whichever_dials,
          version_does_not_fall_back_where_the_newer_one_was_spoken_lately, peers_go_to_where_the_others_are_now)
