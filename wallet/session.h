/* Links to the validators that the network file names: requests out, messages in. */
#ifndef SESSION_H
#define SESSION_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "wire_link.h"

enum session_state {
	SESSION_CLOSED,    /* no connection */
	SESSION_HANDSHAKE, /* connected, the handshake under way */
	SESSION_UP,        /* requests can be sent */
	SESSION_DROPPED    /* given up by this side: the host is to close the connection */
};
#define SESSION_STATES 4

struct session_link {
	enum session_state state;
	struct link *link; /* NULL where CLOSED */
	bool was_up;       /* it has been UP since it was opened: the host was told */
	bool lied;         /* CLOSED: what came over it, once it was UP, did not verify, and nothing has since */
	int drop_error;    /* DROPPED: why */
	bool moved;        /* DROPPED: because the device is on another network now; that is no failure */
	uint32_t failures; /* in a row */
	uint64_t retry_ms; /* no connection before this time */
	uint64_t opened_ms, heard_ms;
	uint64_t asked_ms; /* since when an answer is missing; 0: none is */
};

struct session {                    /* session.c alone reads and writes it */
	struct session_link *links; /* as the network's endpoints */
	uint32_t *order;            /* a random order of them */
	uint64_t busy_until_ms;
};

/* No link yet, in a random order of the endpoints. Returns 0 or UNCIA_E_MEMORY. Owns: session_deinit. */
int session_init(struct uncia_wallet *w);
/* Ends all links. */
void session_deinit(struct uncia_wallet *w);
/* Work came up: links are wanted for LINGER_MS at least. */
void session_wake(struct uncia_wallet *w);
/* 0; UNCIA_E_ARGUMENT where there is no such validator; as wallet_usable. */
int session_usable(const struct uncia_wallet *w, uint32_t node);
uint64_t session_weight(const struct uncia_wallet *w, uint32_t node);
/* Whether validators of this weight have an honest one among them: F+1, or all that the network file names. */
bool session_enough(const struct uncia_wallet *w, uint64_t weight);
/* The k-th of the random order. */
uint32_t session_in_order(const struct uncia_wallet *w, uint32_t k);
/* What links are needed for: nothing; to be told, which takes those that weigh F+1; work, which takes several. */
enum session_need { SESSION_IDLE, SESSION_LISTENS, SESSION_WORKS };
/* Whether a connection to this one is to be there. */
bool session_wanted(const struct uncia_wallet *w, uint32_t node, enum session_need need);
/* Whether a request could be sent to it now. */
bool session_ready(const struct uncia_wallet *w, uint32_t node);
/* Whether a connection that counts may still come up or answer. */
bool session_in_progress(const struct uncia_wallet *w, uint32_t node);
/* Whether a payment may be queued for it: a few other requests always fit behind all of them. True where the link is
 * not up. */
bool session_has_room(const struct uncia_wallet *w, uint32_t node);
/* Whether bytes wait to be written. */
bool session_has_output(const struct uncia_wallet *w, uint32_t node);

#define REQUEST_NUMBER_BITS 56 /* of a request's id; its purpose is in those above */
enum request_purpose {
	REQUEST_ACCOUNT = 1,
	REQUEST_PAYMENT = 2,
	REQUEST_HISTORY = 3,
	REQUEST_CATCH_UP = 4,
	REQUEST_WATCH = 5,
	/* Of a watch, which owes no answer for however long; the one before is for what it asks beside. */
	REQUEST_WATCH_SILENT = 6,
	REQUEST_HOLD = 7,
	REQUEST_HOMING = 8
};
/* Sends to one that is ready, else does nothing; failures drop the link. */
void session_send(struct uncia_wallet *w, uint32_t node, enum request_purpose purpose, uint64_t number,
                  Uncia__Pb__WalletRequest *request);
/* Takes bytes. is_up: from now on it is ready. Returns 0; UNCIA_E_ARGUMENT where no connection is open; why the link
 * was dropped, by this call or before. */
int session_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, bool *is_up);
/* The next message that is whole; valid until the next call. */
bool session_next(struct uncia_wallet *w, uint32_t node, struct bytes *message);
/* Whether one may be there. */
bool session_has_next(const struct uncia_wallet *w, uint32_t node);
/* A message was accepted: its failures are forgotten. */
void session_answered(struct uncia_wallet *w, uint32_t node);
/* Gives the link up: the host is asked to close it. error: why, not 0. */
void session_drop(struct uncia_wallet *w, uint32_t node, int error);
/* The connection ended or could not be made. error: why, 0 where it was not wanted any more. */
void session_closed(struct uncia_wallet *w, uint32_t node, int error);
/* The device is on another network now: links over the old one are dropped, and validators that could not be reached
 * are tried at once. Those that lied are left alone as long as before. */
void session_network_changed(struct uncia_wallet *w);
/* How a question ends that nobody has answered so that it can be believed: UNCIA_E_PROOF where a validator is left
 * alone for having answered what does not verify, else UNCIA_E_UNREACHABLE. */
int session_no_answer(const struct uncia_wallet *w);
/* Whether all of them are left alone for that: no answer can come. */
bool session_all_lied(const struct uncia_wallet *w);
/* Drops links over which a handshake or an answer is overdue. */
void session_tick(struct uncia_wallet *w);
/* When time next asks for something here; UINT64_MAX: never. */
uint64_t session_next_ms(const struct uncia_wallet *w, enum session_need need);

#endif
