/* The wallets' links of a node, with its listener and with clients, for their tests. What a wallet says is answered
 * with itself, seen.echo times. */
#ifndef WALLETS_FIXTURE_H
#define WALLETS_FIXTURE_H
#include "net_fixture.h"
#include "wallets.h"

static const uint8_t node_secret[32] = {42};
static uint8_t node_public[32];
static struct listener *listener;
static uint32_t handshakes_per_second = 1000000; /* so many that no client here is refused, unless a test says so */
static struct wallets *wallets;
static struct {
	unsigned messages, closed, echo;
	uint64_t number, closed_number, waits[2], watches[8];
	bool all_wait;
	size_t size;
} seen;

static inline void on_message(void *context, uint64_t wallet, struct bytes message)
{
	ck_assert_ptr_eq(context, &seen);
	seen.messages++;
	seen.number = wallet;
	seen.size = message.size;
	for (unsigned i = 0; i < seen.echo; i++)
		wallets_send(wallets, wallet, message);
}

static inline void on_closed(void *context, uint64_t wallet)
{
	ck_assert_ptr_eq(context, &seen);
	seen.closed++;
	seen.closed_number = wallet;
}

static inline bool on_waits(void *context, uint64_t wallet)
{
	ck_assert_ptr_eq(context, &seen);
	return seen.all_wait || (wallet && (wallet == seen.waits[0] || wallet == seen.waits[1]));
}

static inline bool on_watches(void *context, uint64_t wallet)
{
	ck_assert_ptr_eq(context, &seen);
	for (size_t i = 0; i < sizeof(seen.watches) / sizeof(seen.watches[0]); i++)
		if (wallet && wallet == seen.watches[i])
			return true;
	return false;
}

static inline bool exempt(void *context, const struct net_address *address)
{
	(void)context;
	(void)address;
	return false;
}

static inline void on_validator(void *context, struct tcp *tcp)
{
	(void)context;
	tcp_close(tcp);
}

static inline void on_wallet(void *context, struct tcp *tcp)
{
	(void)context;
	wallets_accept(wallets, tcp);
}

static inline void up_with(uint32_t links_max, unsigned handshake_timeout_ms, unsigned message_ms, unsigned idle_ms,
                           size_t queue_max)
{
	const struct wallets_options options = {.set = &set,
	                                        .network_id = &network,
	                                        .network_secret = node_secret,
	                                        .links_max = links_max,
	                                        .message_ms = message_ms,
	                                        .idle_ms = idle_ms,
	                                        .queue_max = queue_max};
	const struct wallets_events events = {on_message, on_closed, on_waits, on_watches, &seen};
	const struct listener_events listener_events = {exempt, on_validator, on_wallet, NULL};
	const struct listener_options on_any_port = {
	    .set = &set, .host = "127.0.0.1", .web_host = "127.0.0.1", .handshakes_per_second = handshakes_per_second};
	char why[256] = "";

	memset(&seen, 0, sizeof(seen));
	seen.echo = 1;
	net_up(handshake_timeout_ms);
	ck_assert_int_eq(noise_public_key(node_secret, node_public), 0);
	ck_assert_int_eq(wallets_new(&options, &events, &wallets), 0);
	ck_assert_msg(!listener_new(&on_any_port, &listener_events, &listener, why), "%s", why);
}

static inline void up(uint32_t links_max, unsigned handshake_timeout_ms)
{
	up_with(links_max, handshake_timeout_ms, 0, 0, 0);
}

static inline void down(void)
{
	listener_stop(listener);
	wallets_stop(wallets);
	net_down();
	listener_free(listener);
	wallets_free(wallets);
}

/* Whether clients speak WebSocket. */
#ifndef CLIENTS_BY_WEB
#define CLIENTS_BY_WEB false
#endif

static inline struct client *wallets_client_new(const struct link_options *options)
{
	return client_new_by(CLIENTS_BY_WEB ? listener_web_port(listener) : listener_port(listener), options,
	                     CLIENTS_BY_WEB);
}

static inline struct client *wallet_client(void)
{
	const struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = &network,
	    .remote_static = node_public,
	    .ephemeral_secret = fresh_key(),
	    .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	    .write_queue_max = 16u << 20,
	};
	return wallets_client_new(&options);
}

/* bytes: of the stream. */
static inline struct client *raw_client(const char *bytes)
{
	struct client *c = wallets_client_new(NULL);

	if (*bytes)
		client_say(c, bytes, strlen(bytes));
	return c;
}

#endif
