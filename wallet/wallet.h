/* The wallet that all its parts stand on: its host, network, keys and time. What a part keeps for itself is in that
 * part's own header; here is only where to find it. Nothing of this is public.
 *
 * A file calls those below it, and none beside or above it:
 *
 *	open        cancel      unlocking   opening and closing; what was asked for given up; the key opened elsewhere
 *	driver                              sockets, and the descriptor
 *	drive                               bytes in and out, and the timeout
 *	orders      notices                 payments that are made once the account is known; notices checked
 *	holds                               what a hold has; takes, give-backs
 *	paying      kept                    payments made; receipts read back
 *	people                              what contacts and requests from somebody in a chat are worth
 *	text_expiry                         the proof that a payment expired, as text
 *	catch_up    watching                what the account paid and this home does not know; what others pay to it
 *	shown       watching_read           payments as the host sees them
 *	homing                              holds that have ended sent home
 *	following   balance     history     payments followed to their end; what can be spent; pages of payments
 *	give_back   hold_book   look        what sends a hold home; those that were opened; what one has
 *	sync        outbox      walk        the account asked for; payments stored; whether a history is complete
 *	session     record      receipts    links; payments as they are stored; receipts verified
 *	tracked                             payments in memory
 *	archive_write, archive              payments that have their end, as they are stored
 *	contacts    pins        mark        watching_place, watching_told, notice_record
 *	storing                             blobs written, by hosts that are slow to say so, too
 *	events      hooks
 *	text_request, text_contact, claims  texts for chats that a wallet signs, and those of its holds
 *	wallet
 *	text_scan                           texts found in a message
 *	text_notice, text_old_request, text_option
 *	handles     names                   who somebody is in a chat; what people can tell apart
 *	keyfile, words, network, structures, blob, host_directory, lookup, poller, text, system
 */
#ifndef WALLET_H
#define WALLET_H
#include "amount.h"
#include "keyfile.h"
#include "network.h"
#include "pins.h"
#include "storing.h"

#define SETTLE_MS 300u /* once enough have answered, the others get this long */

struct archive;
struct catch_up;
struct driver;
struct history;
struct homing;
struct look;
struct notices;
struct orders;
struct queued_event;
struct session;
struct sync;
struct payment;
struct tracked;
struct watching;

struct uncia_wallet {
	struct uncia_host host;              /* of hooks.c: what the parts call */
	struct uncia_host given;             /* by the caller */
	bool in_hook;                        /* one of its hooks is running */
	const struct uncia_network *network; /* or NULL */
	struct storing storing;              /* storing.c */
	long owner;                          /* no other process may use it */
	bool has_network_id;
	struct hash network_id; /* of the network, or what the home is bound to */
	struct keyfile keyfile;
	struct secret *secret; /* NULL: locked */
	struct address address;
	uint32_t request_timeout_ms;
	struct {
		bool known; /* by a header that was verified: the newest one's time, and when that was */
		uint64_t timestamp_ms, learned_ms;
	} clock;
	struct queued_event *events; /* events.c */
	bool events_lost;
	struct tracked *tracked, *outbox; /* tracked.c: all by id; own ones by their blob's name */
	struct tracked *by_number;        /* tracked.c: all, by number */
	uint64_t last_number;
	uint64_t ends_stored;      /* or tried: each may cost the host some syncs */
	size_t archived_tracked;   /* of `tracked`, those that the archive has */
	struct archive *archive;   /* archive.c */
	struct session *session;   /* session.c; NULL without a network */
	struct sync *sync;         /* sync.c */
	struct history *history;   /* history.c */
	struct look *hold;         /* holds.c */
	struct homing *homing;     /* homing.c */
	struct catch_up *catch_up; /* catch_up.c */
	struct watching *watching; /* watching.c; NULL: it does not watch */
	uint64_t watching_epoch;   /* how often it has begun to */
	struct orders *orders;     /* orders.c */
	struct notices *notices;   /* notices.c */
	struct name_list contacts;
	struct pin_list pins;  /* pins.c: as the host has read them last */
	struct driver *driver; /* driver.c; NULL: driven by bytes */
	const struct driver_calls *driver_calls;
};

/* What the parts say to a driver that has sockets of its own, and ask of it, without knowing it: it stands above them,
 * and systems that it does not fit are built without it. */
struct driver_calls {
	void (*stirred)(struct uncia_wallet *w);
	void (*told)(struct uncia_wallet *w);
	void (*network_changed)(struct uncia_wallet *w);
	uint64_t (*next_ms)(const struct uncia_wallet *w); /* UINT64_MAX: never */
	void (*free)(struct driver *driver);
};

/* There is something to do that the driver cannot see by its descriptors: bytes to be written, a link to be made or
 * given up, a time that has changed. */
void wallet_stir(struct uncia_wallet *w);
/* The first event waits for the host, or it has taken the last. */
void wallet_tell(struct uncia_wallet *w);

/* 0; UNCIA_E_ARGUMENT for NULL; UNCIA_E_NESTED in one of its hooks; UNCIA_E_BUSY in another process than the one that
 * opened it. */
int wallet_usable(const struct uncia_wallet *w);
/* The same of what only looks, which any process may. */
int wallet_readable(const struct uncia_wallet *w);
uint64_t wallet_now(const struct uncia_wallet *w);
/* A header was verified. */
void wallet_learn_time(struct uncia_wallet *w, uint64_t timestamp_ms);
/* The newest verified header's time, plus what has passed here since: the ledger's time, unless it stands still. */
uint64_t wallet_ledger_ms(const struct uncia_wallet *w);

/* What a payment takes out of the account. */
amount_t wallet_leaving(const struct uncia_wallet *w, const struct payment *payment);
/* What the account gets by it, under whatever reference, whoever pays. */
amount_t wallet_received(const struct uncia_wallet *w, const struct payment *payment);

#endif
