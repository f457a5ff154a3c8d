/* Validators as a wallet sees them, made from proto/ and real committee keys: real receipts, proofs and statements; and
 * validators that lie. Bytes are carried by hand, nothing waits. */
#ifndef FAKE_NETWORK_H
#define FAKE_NETWORK_H
#include "entry.h"
#include "fixture.h"
#include "memory_host.h"
#include "message.pb-c.h"
#include "wire_link.h"

#define FAKE_NODES_MAX 8
#define FAKE_WORDS     "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

enum behaviour {
	HONEST,
	SILENT,         /* reads, never answers */
	FALSE_BALANCE,  /* another balance under a real proof */
	OTHER_RECEIPT,  /* a real receipt, of another payment */
	BROKEN_RECEIPT, /* this payment's receipt, certificate changed */
	GARBAGE,        /* a message that is none */
	NOISE_GARBAGE,  /* bytes that are no record */
	EARLY_EXPIRY,   /* its own real signature, for a time before the expiry */
	FORGED_EXPIRY,  /* a signature by another key than the validator's that it names */
	LONE_EXPIRY,    /* a well-formed statement, but untrue: nobody else says so */
	NO_ACCOUNT,     /* says that there is none */
	OLD_STATE,      /* an older proof */
	BEHIND,         /* knows of no end, and of no payment but those it is given */
	REFUSES,
	HIDES_SENT,    /* a history without what the account itself paid */
	HIDES_ALL,     /* no history */
	SLOW_PAGES,    /* a history of one receipt a page, each as late as a wallet waits */
	MUTE,          /* answers no watch, but everything else */
	HIDES_LAST,    /* proves the state, and gives neither in watches nor in histories the newest payment */
	REPEATS,       /* tells a watch of the newest payment twice */
	REORDERS,      /* oldest first */
	TELLS_OTHERS,  /* tells a watch of payments that are others' */
	TELLS_NOTHING, /* answers each watch at once, with no receipt */
};

struct fake_node {
	struct link *link; /* NULL: not connected */
	uint16_t port;
	int listener, socket; /* of a network that was told to listen; -1: none */
	uint64_t mutations;   /* not 0: every reply is changed, another way each time */
	bool down;            /* connections to it fail */
	enum behaviour behaviour;
	uint32_t submits, queries, pages;
	uint64_t late_at_ms, late_request, late_before; /* SLOW_PAGES: 0: none is asked for */
	uint64_t clock_ms;                              /* of its wall, told with accounts; 0: it does not tell */
	uint8_t submitted[PAYMENT_SIZE_MAX];            /* the last */
	size_t submitted_size;
	uint64_t watch_request, watch_height; /* of a watch that is not answered; 0: there is none */
	uint32_t watches;
	uint64_t no_hold_height;  /* NO_ACCOUNT: as of which there is no hold; 0: the tip's */
	uint64_t submit_request;  /* the request id of the last */
	uint64_t account_request; /* that of the last question for the account */
};

struct fake_final {
	struct payment *payment;
	uint8_t *receipt;
	size_t size;
	uint64_t height;
};

struct fake_network {
	struct fixture f;
	uint32_t count;
	struct fake_node nodes[FAKE_NODES_MAX];
	struct memory_host *host;
	struct uncia_network *network;
	struct address account; /* the wallet's */
	/* the ledger */
	bool exists;
	amount_t balance;
	uint32_t payments;
	uint64_t created;
	struct header tip;
	struct fake_final finals[700]; /* in order */
	size_t final_count;
	bool has_hold;
	struct entry hold; /* the one that there is; entry 2 */
	bool time_passes;  /* headers have the time of the host's clock; else their parents', and 1 ms */
	/* what validators do with a submission */
	bool finalise, expire; /* else: pending */
	uint32_t reason;
	bool pool;         /* validators say of every payment that has no end that it waits for a block */
	bool holds;        /* validators tell of the last submission that it waits for a block */
	bool leave_out;    /* a history that hides one payment */
	uint32_t page_max; /* 0: as many as are asked for */
	bool elsewhere;    /* wallets are in other processes: what they store is not seen here, and each numbers anew */
};

/* `count` validators; the wallet of FAKE_WORDS holds 100 units. */
void fake_network_init(struct fake_network *n, struct memory_host *host, uint32_t count);
void fake_network_deinit(struct fake_network *n);
/* The network file. Owns: free(). */
char *fake_network_text(const struct fake_network *n);

/* Carries bytes until nothing moves: dials what the wallet wants, closes what it does not. */
void fake_network_pump(struct fake_network *n, struct uncia_wallet *w);
/* Moves the clock, ticks the wallet, pumps. In steps, so that nothing is jumped over. */
void fake_network_pass(struct fake_network *n, struct uncia_wallet *w, uint64_t ms);
/* Cuts a connection as a network does. */
void fake_network_cut(struct fake_network *n, struct uncia_wallet *w, uint32_t node);
/* Makes a payment final in a block of its own and keeps its receipt. */
const struct fake_final *fake_network_final(struct fake_network *n, struct payment *payment);
const struct fake_final *fake_network_find(const struct fake_network *n, const struct payment_id *id);
/* Sends a reply to the last submission at this node. */
void fake_network_push_receipt(struct fake_network *n, struct uncia_wallet *w, uint32_t node);
/* This node answers a question for the account, late. */
void fake_network_push_account(struct fake_network *n, struct uncia_wallet *w, uint32_t node, uint64_t request_id);

/* Real sockets on the loopback instead: n->network is made anew with their ports. Then the wallet's driver is on its
 * own; serve() does once what the validators can do without waiting. */
void fake_network_listen(struct fake_network *n);
void fake_network_serve(struct fake_network *n);
void fake_network_hang_up(struct fake_network *n, uint32_t node);
#endif
