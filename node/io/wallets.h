/* Inbound links of wallets: a bounded number, each with a number that is never given twice. An established link may
 * stay silent for as long as there is room for others. A wallet that does not read is not read either (tcp.h), and
 * dropped when its write queue is full; one that does not finish a message, when WALLET_MESSAGE_MS have passed.
 *
 * Threads: the loop's, all of it. */
#ifndef WALLETS_H
#define WALLETS_H
#include "tcp.h"

/* Handshakes under way at once; past it a new one pushes out an old one. They may all be finished in one turn of the
 * loop, and a vote waits behind them. */
#define WALLETS_YOUNG_MAX 128u

#define WALLET_MESSAGE_MS 10000u /* docs/faults.md row 52: for a message, from its first byte to its last */
#define WALLET_IDLE_MS    60000u /* of silence, after which a link makes room for a new one where no slot is free */

/* Bytes in the write queue of one: the ends of all payments that it may wait for come in one turn of the loop where one
 * block has them, 1,024 receipts of 32 KiB. */
#define WALLET_QUEUE_MAX (32u << 20)

/* Bytes in the write queues of all wallets together. Past it a wallet in whose queue are more than WALLETS_QUEUE_MAX
 * divided by the number of slots is dropped. */
#define WALLETS_QUEUE_MAX (256u << 20)

struct wallets_options {
	struct tcp_set *set;
	const struct hash *network_id; /* outlives the wallets */
	const uint8_t *network_secret; /* 32 bytes; outlives the wallets */
	uint32_t links_max;            /* 0: WALLET_LINKS_DEFAULT */
	unsigned message_ms, idle_ms;  /* 0: WALLET_MESSAGE_MS, WALLET_IDLE_MS */
	size_t queue_max;              /* 0: WALLETS_QUEUE_MAX */
};

/* `closed` follows for each number that was in a `message`, unless wallets_stop came first; it may be called from
 * inside wallets_send, wallets_drop and wallets_accept. The bytes of a message are valid during the call. */
struct wallets_events {
	void (*message)(void *context, uint64_t wallet, struct bytes message);
	void (*closed)(void *context, uint64_t wallet);
	/* Whether it waits for an answer. Called from inside wallets_accept. */
	bool (*waits)(void *context, uint64_t wallet);
	/* Whether it watches accounts. Called behind `message`. */
	bool (*watches)(void *context, uint64_t wallet);
	void *context;
};

/* Since the start; logged at the end of the process. */
struct wallets_counters {
	uint64_t established, refused_full, pushed_out, dropped_slow, dropped_other, dropped_unfinished, answers_lost;
};

struct wallets;

/* Returns 0 or UNCIA_E_MEMORY. Owns: wallets_stop, run the loop, wallets_free. */
int wallets_new(const struct wallets_options *options, const struct wallets_events *events, struct wallets **wallets);
/* Where more than half of all links watch, one of those that do makes room, of the prefix that has most of them, the
 * one silent longest; else none of them does, and what is said below of all is of the others.
 *
 * Takes over an inbound stream whose first byte asks for a wallet's link. Past the limit on handshakes the prefix
 * (net_address.h) that has most of them under way loses its oldest. Past the limit on links one makes room: of the
 * prefix that has most, if it has two more than the new one's, else of the new one's own, else of all: there the oldest
 * that is not established, else the one that has been silent longest and waits for nothing. Where all of a prefix with
 * more than half of all links wait, the one silent longest; else one of anybody's that waits for nothing; else again of
 * that prefix; else whoever has been silent for WALLET_IDLE_MS. Where there is none, the new one is closed. */
void wallets_accept(struct wallets *wallets, struct tcp *tcp);
/* Queues an answer. To a number that is gone it is counted, and lost; a wallet whose queue is full is dropped. */
void wallets_send(struct wallets *wallets, uint64_t wallet, struct bytes message);
/* Closes the link, and calls `closed` for it; nothing where it is gone. */
void wallets_drop(struct wallets *wallets, uint64_t wallet);
/* The number of the address that a link comes from, of 32 bits: the same for all of an IPv4 address, or of a /64 of
 * IPv6, as long as these wallets; nobody outside can choose one. 0 where the link is gone. */
uint32_t wallets_origin(const struct wallets *wallets, uint64_t wallet);
/* Where a link comes from; valid until the next call. NULL where it is gone. */
const struct net_address *wallets_address(const struct wallets *wallets, uint64_t wallet);
/* Links that exist, established or not. */
uint32_t wallets_count(const struct wallets *wallets);
/* Valid as long as the wallets. */
const struct wallets_counters *wallets_counters(const struct wallets *wallets);
/* Closes all links, without events. Once. */
void wallets_stop(struct wallets *wallets);
/* After wallets_stop and a run of the loop. Accepts NULL. */
void wallets_free(struct wallets *wallets);

#endif
