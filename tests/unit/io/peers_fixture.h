/* Validators' links in one loop: nodes that listen and dial on loopback. For the tests of peers; each includes it once.
 */
#ifndef PEERS_FIXTURE_H
#define PEERS_FIXTURE_H
#include "peers.h"
#include "net_fixture.h"

#define VALIDATORS 3

/* One validator of the three in this loop: its links and its listener. */
struct node {
	uint32_t self;
	struct peers *peers;
	struct listener *listener;
	unsigned up[VALIDATORS], down[VALIDATORS], messages[VALIDATORS];
	size_t size; /* of the last message */
};

static uint8_t secrets[VALIDATORS][32];
static struct genesis genesis;

static void on_up(void *context, uint32_t peer)
{
	struct node *n = context;

	ck_assert_uint_eq(n->up[peer], n->down[peer]);
	n->up[peer]++;
}

static void on_down(void *context, uint32_t peer)
{
	struct node *n = context;

	n->down[peer]++;
	ck_assert_uint_eq(n->up[peer], n->down[peer]);
}

static void on_message(void *context, uint32_t peer, struct bytes message)
{
	struct node *n = context;

	ck_assert_uint_eq(n->up[peer], n->down[peer] + 1);
	n->messages[peer]++;
	n->size = message.size;
}

static bool exempt(void *context, const struct net_address *address)
{
	return peers_admit(((struct node *)context)->peers, address);
}

static void on_validator(void *context, struct tcp *tcp)
{
	peers_accept(((struct node *)context)->peers, tcp);
}

static void on_wallet(void *context, struct tcp *tcp)
{
	(void)context;
	tcp_close(tcp);
}

static void up(unsigned handshake_timeout_ms)
{
	net_up(handshake_timeout_ms);
	memset(&genesis, 0, sizeof(genesis));
	genesis.network_id = network;
	genesis.committee.size = VALIDATORS;
	for (uint32_t i = 0; i < VALIDATORS; i++) {
		memset(secrets[i], (int)i + 1, 32);
		ck_assert_int_eq(noise_public_key(secrets[i], genesis.committee.validators[i].network_key), 0);
	}
}

static int node_listen(struct node *n, int port)
{
	const struct listener_events events = {exempt, on_validator, on_wallet, n};
	const struct listener_options options = {
	    .set = &set, .host = "127.0.0.1", .port = (uint16_t)port, .handshakes_per_second = 1000};
	char why[256] = "";

	ck_assert_msg(!listener_new(&options, &events, &n->listener, why), "%s", why);
	return listener_port(n->listener);
}

static const int nowhere[VALIDATORS] = {0};
static uint8_t newest = 1; /* version of the wire, of the next node, as is this: */
static unsigned version_kept_ms;

/* ports: where the others listen; 0: not known. */
static void node_up(struct node *n, uint32_t self, const int ports[VALIDATORS], unsigned ping_ms, unsigned dead_ms)
{
	struct peer_address addresses[VALIDATORS] = {0};
	const struct peers_options options = {.set = &set,
	                                      .genesis = &genesis,
	                                      .self = self,
	                                      .network_secret = secrets[self],
	                                      .addresses = addresses,
	                                      .ping_interval_ms = ping_ms,
	                                      .dead_ms = dead_ms,
	                                      .version_kept_ms = version_kept_ms,
	                                      .newest = newest,
	                                      .oldest = newest > 1 ? newest - 1 : 1};
	const struct peers_events events = {on_up, on_down, on_message, n};

	memset(n, 0, sizeof(*n));
	n->self = self;
	for (uint32_t i = 0; i < VALIDATORS; i++)
		if (ports[i]) {
			snprintf(addresses[i].host, sizeof(addresses[i].host), "127.0.0.1");
			addresses[i].port = (uint16_t)ports[i];
		}
	ck_assert_int_eq(peers_new(&options, &events, &n->peers), 0);
}

static void node_stop(struct node *n)
{
	if (n->listener)
		listener_stop(n->listener);
	peers_stop(n->peers);
}

static void node_free(struct node *n)
{
	listener_free(n->listener);
	peers_free(n->peers);
}

/* other: NULL where there is one node only. */
static void down(struct node *node, struct node *other)
{
	node_stop(node);
	if (other)
		node_stop(other);
	net_down();
	node_free(node);
	if (other)
		node_free(other);
}

#endif
