/* Incoming payments: told in the order of the ledger, none left out, each until it is acknowledged
 * (docs/spec/wallet.md 7.10). */
#ifndef WATCHING_H
#define WATCHING_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "receipt.h"
#include "receipts.h"

#define WATCHING_WHOLE      UINT32_MAX /* as an index: all of a height */
#define WATCHING_TOLD_MAX   256u       /* of those that wait for the host; then no more is read */
#define WATCHING_ATTEMPT_MS 3000u      /* without an answer for so long, another validator is asked */

/* A place in the account's history: all up to and including it is known. */
struct watching_place {
	uint64_t height;
	uint32_t index;
	bool counted; /* the next two are what the account's entry said there: of the life that it was in */
	uint64_t created;
	uint32_t payments;
};

/* A stretch of the history that is to be read, newest first, down to what is known: `need` payments, or some were left
 * out. It begins at the end of a proved state, or below a payment of the account's, the place of which is excluded. */
struct watching_stretch {
	uint64_t height;
	uint32_t index; /* WATCHING_WHOLE: a proved state's */
	uint64_t need;
};

enum watching_stage {
	WATCHING_TIP,   /* there is no place yet: a sync shows the state to begin at */
	WATCHING_IDLE,  /* all that is proved is known */
	WATCHING_WORDS, /* how many there are is asked of validators weighing F+1: no entry counts them */
	WATCHING_READ,  /* receipts are read */
	WATCHING_ENDED  /* two things that were proved contradict each other */
};

struct watching_link { /* of one validator */
	bool proved;   /* over this link: the account, or that there is none, as of `height` */
	uint64_t height;
	bool absent; /* what it told last: that there is no account */
	bool waits;  /* a watch is out */
	bool asked;  /* for the account, over this link: at asked_ms last */
	uint64_t asked_ms;
	uint64_t check_ms, watch_ms; /* not before these times for the account, and for a watch */
	bool tried;                  /* for this page */
	bool spoke;                  /* WATCHING_WORDS: it has given all that it has: `count` */
	uint64_t count;
};

struct watching_told { /* an incoming payment that is not acknowledged */
	struct uncia_receipt *receipt;
	struct watching_place at;
};

struct watching_proof { /* of the account, the newest */
	bool known, exists;
	uint64_t height;
	struct entry entry;
};

struct watching {
	char client[UNCIA_CLIENT_SIZE];
	enum watching_stage stage;
	bool announced;                 /* UNCIA_EVENT_WATCH since the start */
	bool stale;                     /* somebody who knows of no account has told of a payment that touched it */
	struct watching_place accepted; /* as it is stored */
	struct watching_place known;    /* all up to here is told, or was none of others' */
	struct watching_told *told;     /* oldest first */
	size_t told_count, told_capacity;
	struct watching_proof newest;
	struct watching_link *links; /* as the network's endpoints */
	uint64_t sync_ms;            /* WATCHING_TIP: when to sync; 0: that is under way */
	uint64_t place_after; /* WATCHING_TIP: the place is stored, and waited for until it is durable (storing.h) */
	uint64_t store_ms;    /* a place that nobody acknowledges is not stored before this time */
	/* Reading: what has to be, and up to which proof. The last one is read first. */
	struct watching_proof goal;
	bool counted; /* the entry of the goal counts it */
	struct watching_stretch *stretches;
	size_t stretch_count, stretch_capacity;
	uint64_t words;              /* the most that a validator has given of an uncounted stretch */
	struct uncia_receipt **read; /* of the last stretch, newest first */
	size_t read_count;
	uint64_t seen;          /* of this stretch */
	uint64_t before_height; /* where the next page begins */
	uint32_t before_index;
	uint32_t node;              /* who is asked; UINT32_MAX: nobody */
	uint64_t epoch, generation; /* of the start of this; of the newest page */
	uint64_t attempt_ms;
};

/* ---- watching.c ---- */
void watching_deinit(struct uncia_wallet *w);
void watching_link_up(struct uncia_wallet *w, uint32_t node);
void watching_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int watching_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply);
void watching_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t watching_next_ms(const struct uncia_wallet *w);
/* Whether more links are wanted than to listen. */
bool watching_has_work(const struct uncia_wallet *w);
/* ---- watching_read.c ---- */
/* Begins to read up to the newest proof. Returns 0 or UNCIA_E_MEMORY. */
int watching_read_begin(struct uncia_wallet *w);
/* Asks for the next page, where nobody is asked, or somebody takes too long. */
void watching_read_go(struct uncia_wallet *w);
/* Begins the last stretch anew; nobody is asked for it yet. */
void watching_read_again(struct uncia_wallet *w);
/* Takes the receipts that came with a proof, where they are the first of what is to be read. Negative: the link is to
 * be dropped. */
int watching_read_seed(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__Watched *watched);
/* As watching_reply. */
int watching_read_reply(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__NodeReply *reply);
/* Forgets what is being read. */
void watching_read_stop(struct watching *x);

/* ---- watching_told.c ---- */
/* The number of a request: of this start. */
uint64_t watching_number(const struct watching *x, uint64_t number);
/* The end of a proved state. */
struct watching_place watching_place_of(const struct watching_proof *proof);
/* Where the k-th of those that were read stands, the oldest first. */
struct watching_place watching_place_read(const struct watching *x, size_t k);
/* Room for so many more to be told. Whether there is memory. */
bool watching_told_reserve(struct watching *x, size_t more);
/* One more, for which there is room. Takes the receipt. */
void watching_tell(struct uncia_wallet *w, struct uncia_receipt *receipt, const struct watching_place *at);

/* ---- watching_place.c: the blob watch-CLIENT ---- */
/* Whether this may be a client's name. */
bool watching_client(const char *client);
/* Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host returned. */
int watching_place_load(const struct uncia_host *host, const char *client, struct watching_place *place);
/* As stored_replace; UNCIA_E_MEMORY. */
int watching_place_store(struct uncia_wallet *w, const char *client, const struct watching_place *place);
/* Returns 0, also where there is none; what the host returned. */
int watching_place_remove(const struct uncia_host *host, const char *client);

#endif
