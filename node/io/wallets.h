/* Inbound links of wallets: at most so many, each with a number that never comes back. Established ones may stay
 * silent for as long as there is room for others; one that does not read is dropped when its queue is full, one that
 * does not finish a message when that has had its time. */
#ifndef WALLETS_H
#define WALLETS_H
#include "tcp.h"

/* Handshakes under way at once. They may all be finished in one turn of the loop, and a vote waits behind them; the
 * oldest is pushed out by a new one. */
#define WALLETS_YOUNG_MAX 128u

#define WALLET_MESSAGE_MS 10000u /* faults 52: for a message, from its first byte to its last */
#define WALLET_IDLE_MS    60000u /* silent for so long, it makes room for a new one where all places are taken */

/* Bytes waiting for all wallets together; past it one for which more than its share waits is dropped. */
#define WALLETS_QUEUE_MAX (256u << 20)

struct wallets_options {
	struct tcp_set *set;
	const struct hash *network_id; /* outlives the wallets */
	const uint8_t *network_secret; /* 32 bytes; outlives the wallets */
	uint32_t links_max;            /* 0: WALLET_LINKS_DEFAULT */
	unsigned message_ms, idle_ms;  /* 0: WALLET_MESSAGE_MS, WALLET_IDLE_MS */
	size_t queue_max;              /* 0: WALLETS_QUEUE_MAX */
};

/* `closed` follows for each number that was in a `message`, unless wallets_drop took it; it may be called from inside
 * wallets_send. */
struct wallets_events {
	void (*message)(void *context, uint64_t wallet, struct bytes message);
	void (*closed)(void *context, uint64_t wallet);
	void *context;
};

struct wallets_counters {
	uint64_t established, refused_full, pushed_out, dropped_slow, dropped_other, dropped_unfinished, answers_lost;
};

struct wallets;

/* Returns 0 or UNCIA_E_MEMORY. Owns: wallets_stop, run the loop, wallets_free. */
int wallets_new(const struct wallets_options *options, const struct wallets_events *events, struct wallets **wallets);
/* Takes over an inbound stream that has asked for a wallet's link. Past the limit on handshakes the oldest makes room
 * of the address that has most of them under way. Past the limit on links, of the address that has most links the
 * oldest that is not established; else whoever has been silent longest, if that is long enough; else one of that
 * address, if it has two more than this one's; else this one is closed. */
void wallets_accept(struct wallets *wallets, struct tcp *tcp);
/* To a number that is gone: counted, and lost. */
void wallets_send(struct wallets *wallets, uint64_t wallet, struct bytes message);
/* Closes it; `closed` is called for it. */
void wallets_drop(struct wallets *wallets, uint64_t wallet);
uint32_t wallets_count(const struct wallets *wallets);
const struct wallets_counters *wallets_counters(const struct wallets *wallets);
/* Closes them all, without events. */
void wallets_stop(struct wallets *wallets);
void wallets_free(struct wallets *wallets);

#endif
