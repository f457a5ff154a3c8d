/* What the parts of a phone share; for tests/sim/phone*.c and wallet_lies.c alone. Who does what:
 *   phones.c        what their owners do           phone_host.c    storage, randomness, clocks
 *   phone_links.c   bytes between phone and node   phone_checks.c  what they may be told
 *   phone_watching.c what they are told of payments that come in
 *   phone_claims.c  claims that they give out and take
 *   wallet_lies.c         validators that lie to wallets */
#ifndef PHONE_PARTS_H
#define PHONE_PARTS_H
#include "wallet_lies.h"
#include "phone_host.h"
#include "phones.h"
#include "wire.h"
#include "wire_link.h"

#define PAYS_MAX         48
#define FORMER_MAX       4
#define HISTORY_MAX      256
#define WATCH_DOUBTS_MAX 16
#define CLAIMS_MAX       6
#define HOME_LOST        UINT32_MAX

enum told { TOLD_NOTHING, TOLD_PENDING, TOLD_FINAL, TOLD_EXPIRED };

/* What an owner asked for: under a key, one payment however often. */
struct pay {
	char key[24]; /* empty: none */
	char to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	uint32_t expires_s, home;
	bool known;    /* its id is */
	bool unsure;   /* a call for it ended without saying whether there is one */
	bool sure;     /* it was told, or sent: it may never be lost */
	bool doubtful; /* an older copy of the home was put back, which may lack it */
	bool lost;     /* final, paid in a home that was lost, and not found again in this one yet */
	bool found;    /* it was found again since the wallet was opened; perhaps not durably */
	struct uncia_payment_id id;
	bool stored_end; /* when the wallet was opened; perhaps not durably */
	enum told told;  /* on the word of an event: for good, whatever happens to the process */
	uint64_t height;
	uint32_t index;
	/* of the same key in homes that were lost: not final when it was made anew */
	struct uncia_payment_id former[FORMER_MAX];
	size_t former_count;
};

struct conn { /* of a phone to a validator */
	enum { CONN_NONE, CONN_DIALLING, CONN_OPEN } state;
	uint32_t node;    /* the validator's, or its twin's */
	uint64_t number;  /* the link's at the node; 0: none */
	uint64_t at;      /* dialling: until */
	bool reached;     /* dialling: somebody will be there */
	struct link *far; /* the node's end; NULL: gone */
	struct wire up, down;
	uint64_t over_at; /* far is gone: when the phone notices, after what is in `down` */
};

struct shown { /* by one open wallet: may never go back */
	bool known;
	uint64_t height;
};

struct reading { /* the history, page by page */
	bool active;
	struct uncia_payment_id ids[HISTORY_MAX]; /* on its pages */
	size_t count;
};

struct watch_place { /* in an account's history */
	uint64_t height;
	uint32_t index;
};

struct watch_told {
	struct uncia_payment_id id;
	struct watch_place at;
};

struct phone_watch { /* phone_watching.c */
	bool wanted; /* this phone watches */
	bool begun;  /* this process does */
	bool sure;   /* this home was told that it misses nothing from height `since` on */
	uint64_t since;
	bool has_accepted; /* up to here, and the host was told that it is stored */
	struct watch_place accepted;
	/* Later acknowledgements that failed: one of them may be stored. */
	struct watch_place perhaps[WATCH_DOUBTS_MAX];
	size_t doubts;           /* WATCH_DOUBTS_MAX: there were more than are kept */
	struct watch_told *told; /* by this process, in order; of them `checked` were held against the model */
	size_t told_count, checked;
	size_t waiting; /* from here on they wait to be acknowledged */
};

struct phone_claim { /* that somebody has given out: anybody takes it. receipt NULL: none */
	struct uncia_receipt *receipt;
	struct uncia_hold_key key;
	struct address hold;
	uint64_t amount, number;
	bool in_parts; /* nobody takes the whole of it at once */
	uint32_t takes;
};

struct phone {
	struct phones *all;
	uint32_t number, person;
	uint32_t home; /* counts the homes that it had */
	struct phone_host host;
	struct uncia_wallet *wallet; /* NULL: not running */
	bool made;                   /* the home has its key */
	bool calm;                   /* faults are over */
	struct conn conns[NETWORK_NODES_MAX];
	uint64_t asleep_until, wake_at;
	uint32_t idle_turns; /* in a row in which the wallet asked to be called at once, and nothing happened */
	struct pay pays[PAYS_MAX];
	size_t pay_count;
	struct pay *ordered; /* an order of which no end was told yet */
	bool ordered_unsure; /* as it was when that was given */
	struct shown shown;
	struct reading reading;
	struct pay *waiting; /* for the end of a look-up, to be paid then */
	struct phone_copy copy;
	bool mixed; /* its storage has parts of different ages */
	struct phone_watch watch;
	/* phone_claims.c */
	bool opens; /* a claim by this payment */
	struct uncia_payment_id opening;
	bool looks; /* what this hold has */
	struct address looked;
};

struct phones {
	struct wallets *wallets;
	struct checks *checks;
	struct network *network;
	struct network_guests guests;
	struct uncia_network *file;
	struct phones_options options;
	uint64_t random, link, keys;
	uint64_t watch_random, late_random; /* likewise */
	uint64_t claim_random;
	struct phone_claim claims[CLAIMS_MAX];
	uint64_t claims_given;
	uint64_t backup_random; /* of its own: what was drawn before there were backups stays as it was */
	struct wallet_lies lies;
	int64_t clocks[NETWORK_NODES_MAX]; /* of honest validators, as they were last seen */
	uint64_t unsteady_until;           /* one of them was set just now */
	bool over; /* nothing that they are told is looked at any more; validators are about to be shown a second chain
	            */
	struct phone phones[PHONES_MAX];
};

/* phones.c */
uint64_t phones_draw(struct phones *p, uint64_t below);
bool phones_chance(struct phones *p, uint32_t in_a_hundred);
void phone_trace(const struct phone *phone, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The process ends here and now; libuncia's last calls had no effect where its host was dead. */
void phone_end(struct phone *phone, bool power_cut);
/* After anything was done with the wallet: events, wishes, bytes, and when it is next due. */
void phone_turn(struct phone *phone);
void phone_history_heard(struct phone *phone, int error);
void phone_caught_up(struct phone *phone, int error);

/* phone_watching.c */
/* Now and then somebody pays one of those who watch. */
void phone_watch_pay(struct phones *p);
void phone_watch_hear(struct phone *phone);
void phone_watch_event(struct phone *phone, int error);
void phone_watch_ended(struct phone *phone);
void phone_watch_stop(struct phone *phone);
void phone_watch_forget(struct phone *phone);
void phone_watch_look(struct phone *phone);
/* Whether something that came in is still to be told. */
bool phone_watch_behind(const struct phone *phone);
void phone_watch_check(struct phone *phone);

/* phone_claims.c */
/* Now and then one gives out a claim, takes one, or looks at it. */
void phone_claims_act(struct phones *p);
void phone_hold_heard(struct phone *phone, int error);
/* Whether it opens holds, or pays from one. */
bool phone_pays_by_holds(const struct uncia_payment *info);
void phone_claims_free(struct phones *p);

/* phone_links.c */
void phone_links_deliver(struct phone *phone);
void phone_links_follow(struct phone *phone); /* what the wallet wishes, and what it has to say */
void phone_links_end(struct phone *phone);
uint64_t phone_links_next(const struct phone *phone);
bool phones_told(void *context, uint32_t node, uint64_t number, const struct bytes *message);
void phones_node_gone(void *context, uint32_t node);

/* phone_checks.c */
void phone_hear(struct phone *phone); /* takes the events */
void phone_opened(struct phone *phone);
/* An order has ended. */
void phone_ordered(struct phone *phone, const struct uncia_event *event);
void phone_paid(struct phone *phone, struct pay *pay, int result, const struct uncia_payment_id *id);
/* The owner was given this payment, which no earlier call can have made. */
void phone_signed(const struct phone *phone, const struct pay *pay, const struct uncia_payment_id *id);
/* Before anybody pays: notes where validators' clocks are set. */
void phones_watch_clocks(struct phones *p);
/* A Submit came to a node. */
void phone_submitted(struct phone *phone, const void *bytes, size_t size);
const struct model_payment *phone_final(const struct phone *phone, const struct uncia_payment_id *id);
uint32_t phone_id_expires_at(const struct uncia_payment_id *id);
void __attribute__((format(printf, 2, 3), noreturn)) phone_fail(const struct phone *phone, const char *format, ...);

#endif
