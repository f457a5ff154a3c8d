/* A hold that was found, by whichever verb: the proof of its opening, what it has, where the rest has gone; and taking
 * from it. */
#ifndef FOUND_H
#define FOUND_H
#include "session.h"

enum fate {
	FATE_UNKNOWN,   /* it was not asked for, or where it has gone is not proved */
	FATE_OPEN,      /* something is left, until its end */
	FATE_ENDED,     /* something is left, and goes home */
	FATE_TAKEN,     /* nothing is left: somebody has taken the last of it */
	FATE_CANCELLED, /* likewise, and it was paid home before the end */
	FATE_RETURNED   /* it went home after its end */
};

struct found {
	struct uncia_hold_key key;
	uint8_t secret[32];
	struct uncia_receipt *receipt; /* of its opening; owned */
	uint32_t number;
	struct uncia_hold hold;
	struct uncia_hold_state state;
	enum fate fate;
	struct uncia_payment last; /* TAKEN, CANCELLED, RETURNED: what ended it */
};

#define FOUND_TIMEOUT_S   30
#define FOUND_TIMEOUT_MAX 86400
extern const struct number_option found_timeout;

/* An empty one. */
void found_init(struct found *found);
/* Frees, and wipes keys. */
void found_free(struct found *found);
/* Gets the proof of the payment that opened it. what: "claim" or "hold", for messages. Returns an exit code. */
int found_opening(struct session *session, struct found *found, const struct uncia_payment_id *id, const char *what,
                  uint64_t deadline_us);
/* What was opened there, by the receipt and the number. Returns 0 or an enum uncia_error. */
int found_opened(struct found *found);
/* Asks what it has now. Returns 0 or an enum uncia_error. */
int found_look(struct session *session, struct found *found, uint64_t deadline_us);
/* Members for --json: hold, opening, number, amount, opened, currency, home, end, state ("open", "ended", "taken",
 * "cancelled", "returned" or "unknown"), to, height. NULL: no memory. */
json_t *found_json(const struct session *session, const struct found *found);
/* One sentence for people, without a line feed, to `to`. what: as of found_opening. */
void found_print(const struct session *session, const struct found *found, const char *what, FILE *to);

/* What is to be taken. */
struct taking {
	const char *what;    /* "claim" or "hold" */
	const char *address; /* where it goes */
	uint64_t amount;
	uint64_t agreed; /* as in struct uncia_take */
	const char *key; /* or NULL */
};
/* Takes, waits for the end, and says how it ended. An own take from it that is under way is followed instead. Returns
 * an exit code. */
int found_take(const struct call *call, struct session *session, struct found *found, const struct taking *taking,
               uint64_t deadline_us);
/* Where it goes: --to, or this wallet's own address. Returns an exit code. */
int taking_address(const struct call *call, struct session *session, char address[UNCIA_ADDRESS_TEXT_SIZE]);

#endif
