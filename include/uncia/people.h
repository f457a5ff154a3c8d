/* Who somebody in a chat is to this wallet, and what he says about money: pins, and verdicts on the contacts, requests
 * and notices that people send. Included by uncia.h, whose rules hold here, too.
 *
 * A pin binds a person of a chat to an account: (the user's own name there, the other one's name) to the 20 bytes of an
 * account. Names are handles, "xmpp:bob@example.org", "irc:libera/bob": uncia_handle_xmpp and uncia_handle_irc make
 * them of what a chat library has, so that all programs on one home find the same pins. Functions that judge a text
 * take the message's sender as struct uncia_peer, and decide nothing by the words of a message. */
#ifndef UNCIA_PEOPLE_H
#define UNCIA_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/chat.h>
#include <uncia/error.h>
#include <uncia/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_wallet;

/* The longest handle that can be pinned, in bytes, NUL included. A contact text carries one of UNCIA_HANDLE_SIZE at
 * most: whoever has a longer one is pinned by the user's decision. */
#define UNCIA_PEER_SIZE 256

/* ---- handles ---------------------------------------------------------------------------------------------------- */

/* The handle of an XMPP address: "xmpp:" and the bare JID, its parts in the form that servers compare (RFC 7622: lower
 * case, ordinary width, normalisation form C), without resource and without a final dot of the domain.
 * Returns: 0; UNCIA_E_ENCODING where it is no JID, or holds characters that nobody sees; UNCIA_E_LIMIT where the handle
 *	would not fit; UNCIA_E_ARGUMENT.
 * In: jid: bare or with a resource, "bob@example.org/phone". That of an occupant of a room, room@conference/nick, gives
 *	the room's: set `room` of struct uncia_peer there.
 * Threads: any.
 * Spec: texts.md 12.4. */
UNCIA_API UNCIA_MUST_CHECK int uncia_handle_xmpp(const char *jid, char handle[UNCIA_PEER_SIZE]);

/* The handle of an IRC nick: "irc:", the network in lower case, "/", and the nick folded as the server compares nicks.
 * Returns: 0; UNCIA_E_ENCODING where network or nick is none (empty, blanks, "!" or "@" in the nick, "/" in the
 *	network; a channel; not UTF-8; characters that nobody sees); UNCIA_E_LIMIT where the handle would not fit;
 *	UNCIA_E_NOT_FOUND for a casemapping that is not known here; UNCIA_E_ARGUMENT.
 * In: network: the value of NETWORK in the server's numeric 005; casemapping: that of CASEMAPPING there: "ascii",
 *	"rfc1459", "strict-rfc1459" (or "rfc1459-strict"), "rfc7613"; NULL where the server has not said: "rfc1459".
 * Threads: any.
 * Spec: texts.md 12.4. */
UNCIA_API UNCIA_MUST_CHECK int uncia_handle_irc(const char *network, const char *casemapping, const char *nick,
                                                char handle[UNCIA_PEER_SIZE]);

/* ---- pins ------------------------------------------------------------------------------------------------------- */

/* Who has written a message, as the chat says it. */
struct uncia_peer {
	size_t size;
	const char *own; /* a handle: whose chat account this is, as it stands in the account's settings. Not the nick
	                  * of the moment: where this changes, other pins are looked at */
	const char *handle; /* a handle, of the same protocol: who has written */
	const char *login;  /* IRC: the services account that he is logged in to, as the server says (account-tag);
	                     * NULL where it does not: the nick may be anybody's tomorrow, and a pin is shown as weak */
	bool room; /* it was written in a room or channel, or privately by an occupant of a room: such names are
	            * never pinned, and no pin is looked at */
	const char *account; /* NULL; or an address: the host knows by a book of its own whose messages these are. Then
	                      * no pin is looked at, and own and handle may be NULL */
};

/* A pin. */
struct uncia_pin {
	size_t size;
	char own[UNCIA_PEER_SIZE], handle[UNCIA_PEER_SIZE];
	char login[UNCIA_PEER_SIZE];           /* that he was logged in to; empty: none was known */
	char address[UNCIA_ADDRESS_TEXT_SIZE]; /* of the account, without a reference */
	bool compared;                         /* the user has compared uncia_contact_code, or what stands for it */
	bool weak;                             /* of IRC, without a login: show it as such */
	uint64_t made_ms;                      /* wall clock, in milliseconds since 1970; 0 where it was not known */
};

/* The pin of whoever has written.
 * Returns: 0; UNCIA_E_NOT_FOUND where he is not pinned, or must not be (`room`); UNCIA_E_ALIKE where his handle is, but
 *	with a login that he does not have now: he may be somebody else who has taken the nick; UNCIA_E_DAMAGED;
 *	UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT, also for handles that are none.
 * In: peer->size and pin->size are set; peer->account does not matter.
 * Out: *pin; with UNCIA_E_ALIKE, too: what is pinned, to be shown with the question whether he is the same.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_pin_find(struct uncia_wallet *wallet, const struct uncia_peer *peer,
                                              struct uncia_pin *pin);

/* Flags of uncia_pin_set. DECIDED: the user was asked what uncia_contact_check says is to be asked, and wants it.
 * COMPARED: the user has compared uncia_contact_code by voice, or the chat has verified the peer's key (OTR's verified
 * fingerprint, for one). */
#define UNCIA_PIN_DECIDED  1u
#define UNCIA_PIN_COMPARED 2u

/* Pins whoever has written to an account. Without UNCIA_PIN_DECIDED only where uncia_contact_check says
 * UNCIA_CONTACT_NEW or UNCIA_CONTACT_PINNED of this very text: it may be called for every contact text that comes in.
 * With it, what was pinned before gives way. A pin that is there keeps `compared` as long as it is of one account, and
 * its login unless a flag is given.
 * Returns: 0; nothing was pinned: UNCIA_E_SIGNATURE where it is signed for no handle or another one, or is an address
 *	and not decided; UNCIA_E_EXISTS where the handle is pinned to another account or with another login, or the
 *	account under another handle; UNCIA_E_ALIKE where the handle looks like a pinned one; never: UNCIA_E_ENCODING
 *	where the handle holds characters that nobody sees; UNCIA_E_ADDRESS for an address that is none, or this
 *	wallet's own account; as uncia_contact_parse of a text; UNCIA_E_NETWORK where the home is bound to none yet;
 *	UNCIA_E_IO; UNCIA_E_DAMAGED (decided: it is replaced); UNCIA_E_MEMORY; UNCIA_E_BUSY, also where another
 *	process is at the home at this moment: call again in some milliseconds; UNCIA_E_ARGUMENT, also for a `room` and
 *	an `account`.
 * In: who: the text of a contact, or an address, whose reference does not matter. Where storage is durable only later
 *	(UNCIA_LATER) a power cut before that takes the pin back.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_pin_set(struct uncia_wallet *wallet, const struct uncia_peer *peer,
                                             const char *who, unsigned flags);

/* Forgets a pin, whatever its login, also one that cannot be read.
 * Returns: 0; UNCIA_E_NOT_FOUND; UNCIA_E_IO; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_pin_drop(struct uncia_wallet *wallet, const struct uncia_peer *peer);

/* Reads all pins from storage, for uncia_pin_at. Those that are damaged are passed over, with an UNCIA_EVENT_ERROR.
 * Returns: 0; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Out: *count.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_pin_count(struct uncia_wallet *wallet, size_t *count);

/* One of them as read by the last uncia_pin_count, sorted by handle, then by own handle.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last; UNCIA_E_ARGUMENT.
 * In: pin->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_pin_at(const struct uncia_wallet *wallet, size_t number, struct uncia_pin *pin);

/* ---- verdicts on contacts --------------------------------------------------------------------------------------- */

/* What a contact text from this sender is worth. */
enum uncia_contact_verdict {
	UNCIA_CONTACT_NEW = 1,       /* signed by the account's owner for this very handle, and nothing here contradicts
	                              * it: may be pinned without a question */
	UNCIA_CONTACT_PINNED = 2,    /* this handle is pinned to this account: nothing to do, nothing to show */
	UNCIA_CONTACT_UNSIGNED = 3,  /* nothing contradicts it, but it is signed for no handle, or for another: ask */
	UNCIA_CONTACT_CHANGED = 4,   /* the handle is pinned to another account, `pinned`, for this chat account of the
	                              * user's or for another one of his: ask, and show both */
	UNCIA_CONTACT_LOGIN = 5,     /* the handle is pinned with a login that this sender does not have: ask */
	UNCIA_CONTACT_ELSEWHERE = 6, /* the account is pinned under another handle, `other`: ask, and show both */
	UNCIA_CONTACT_ALIKE = 7,     /* the handle looks like a pinned one, `alike`: ask, and show both */
	UNCIA_CONTACT_ROOM = 8,      /* written in a room: it is not pinned; say that it has to come in private */
	UNCIA_CONTACT_OWN = 9,       /* it is of this wallet's own account, repeated by somebody: refuse */
	UNCIA_CONTACT_UNSEEN = 10    /* the sender's handle is none, or holds characters that nobody sees: refuse */
};

/* The verdict, and what to show with it. Where several hold, the first of UNSEEN, OWN, ROOM, PINNED, CHANGED, LOGIN,
 * ALIKE, ELSEWHERE, UNSIGNED, NEW is given; `other` and `alike` are filled in from CHANGED on. */
struct uncia_contact_check {
	size_t size;
	enum uncia_contact_verdict verdict;
	bool weak;                            /* a pin of this sender is, or would be, weak */
	char pinned[UNCIA_ADDRESS_TEXT_SIZE]; /* the account that the handle is pinned to; empty: none */
	char other[UNCIA_PEER_SIZE];          /* another handle that is pinned to the account; empty: none */
	char alike[UNCIA_PEER_SIZE];          /* a pinned handle that people take for this one; empty: none */
	char alike_address[UNCIA_ADDRESS_TEXT_SIZE];
};

/* Reads a contact text that somebody has sent, verifies its signature, and says what to do with it. It changes nothing:
 * uncia_pin_set does.
 * Returns: 0; UNCIA_E_CHANGED, _NETWORK, _SIGNATURE and so on as uncia_contact_parse: the text is worth nothing;
 *	UNCIA_E_NETWORK also where the home is bound to none yet; UNCIA_E_IO; UNCIA_E_DAMAGED where the pin of this
 *	handle cannot be read: uncia_pin_drop, or uncia_pin_set by the user's decision; UNCIA_E_MEMORY; UNCIA_E_BUSY;
 *	UNCIA_E_ARGUMENT, also for an own handle that is none, and for peer->account.
 * In: peer->size, contact->size and check->size are set.
 * Out: *contact, *check.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_check(struct uncia_wallet *wallet, const struct uncia_peer *peer,
                                                   const char *text, struct uncia_contact *contact,
                                                   struct uncia_contact_check *check);

/* ---- verdicts on requests --------------------------------------------------------------------------------------- */

/* Whom a request from this sender pays. */
enum uncia_request_verdict {
	UNCIA_REQUEST_PINNED = 1,   /* the account that is pinned for him */
	UNCIA_REQUEST_OTHER = 2,    /* another one than is pinned for him: say that first, before the amount */
	UNCIA_REQUEST_UNPINNED = 3, /* he is not pinned: say that first */
	UNCIA_REQUEST_OWN = 4       /* this wallet: somebody repeats its request; do not pay */
};

/* The verdict, and what to show with it. */
struct uncia_request_check {
	size_t size;
	enum uncia_request_verdict verdict;
	bool weak;  /* the sender's pin is weak */
	bool ended; /* the request's end has passed: do not pay. By the time that validators have told, which the
	             * first sync after the opening asks for; before that by the host's wall clock, which may be
	             * wrong */
	bool taken; /* under its key this home has a payment, `id`: paying it gives that again */
	struct uncia_payment_id id;
	char pinned[UNCIA_ADDRESS_TEXT_SIZE]; /* the account that is pinned for the sender; empty: none */
	char payee[UNCIA_PEER_SIZE]; /* a handle that is pinned to the account that the request pays; empty: none */
};

/* Reads a request that somebody has sent, and says whom it pays. Show the verdict first, then payee and amount as
 * *request has them; pay it under request->key (uncia_wallet_order), so that taken twice it is paid once. Of the form
 * of earlier versions key is empty and `taken` false: the host gives a key of its own.
 * Returns: 0; as uncia_request_parse; UNCIA_E_NETWORK also where the home is bound to none yet; UNCIA_E_DAMAGED where a
 *	pin or a payment cannot be read; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * In: peer->size, request->size and check->size are set.
 * Out: *request, *check.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.3, 7.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_request_check(struct uncia_wallet *wallet, const struct uncia_peer *peer,
                                                   const char *text, struct uncia_request *request,
                                                   struct uncia_request_check *check);

/* ---- verdicts on notices ---------------------------------------------------------------------------------------- */

/* What has become of a notice, "I have paid". */
enum uncia_notice_verdict {
	UNCIA_NOTICE_CHECKING = 0,      /* nothing is known yet: an event comes */
	UNCIA_NOTICE_PAID = 1,          /* final, to this account, from the account that is pinned for the sender, with
	                                 * this memo, and never told as paid before: `amount`, `sender`, `timestamp_ms` */
	UNCIA_NOTICE_PENDING = 2,       /* validators have it: it may become final or expire */
	UNCIA_NOTICE_UNKNOWN = 3,       /* nobody knows it: it cannot be verified (yet, unless `over`) */
	UNCIA_NOTICE_EXPIRED = 4,       /* it never happened and never will */
	UNCIA_NOTICE_NOT_TO_ME = 5,     /* final, and pays nothing to this account */
	UNCIA_NOTICE_OTHER_ACCOUNT = 6, /* final, to this account, but paid by another account (`sender`) than is pinned
	                                 * for who tells of it (`pinned`): somebody tells of another's payment */
	UNCIA_NOTICE_OTHER_MEMO = 7,    /* final, to this account, from the pinned account, made with another memo */
	UNCIA_NOTICE_AGAIN = 8,         /* was told as paid before, and is told again by the same person, or is older
	                                 * than this home (`older`): show nothing */
	UNCIA_NOTICE_REPEATED = 9,      /* was told as paid before, and is repeated by somebody else: `first` told it */
	UNCIA_NOTICE_UNPINNED = 10, /* the sender is not pinned, and nothing was asked: ask the user, then check again
	                             * with `asked` */
	UNCIA_NOTICE_STRANGER = 11  /* final, to this account, with this memo; the sender is not pinned, so that
	                             * nothing says that `sender` is he. It counts as told for nobody */
};

/* A notice to be checked. All of it is copied. */
struct uncia_notice_query {
	size_t size;
	const struct uncia_peer *peer; /* who has sent it */
	const char *notice;            /* the text of a notice, or a payment's id as 64 hexadecimal digits */
	const char *memo;  /* the memo's text where it came beside the notice (an id has none; a notice carries up to 96
	                    * bytes, a payment's memo may have 512); else NULL */
	bool asked;        /* the user wants to know it of a sender who is not pinned: validators may be asked. For one
	                    * who is pinned they are asked anyway */
	const void *tag;   /* the host's own bytes (which chat, which message), or NULL: they come back in the result */
	uint32_t tag_size; /* 1..UNCIA_TAG_SIZE; 0 where tag is NULL */
};

#define UNCIA_NOTICE_TAG_SIZE 512 /* as UNCIA_TAG_SIZE */

/* What is known of one. Amount, currency, sender and time are those of the payment's receipt, never of the text. */
struct uncia_notice_result {
	size_t size;
	enum uncia_notice_verdict verdict;
	int error; /* 0; why nothing more is known now: UNCIA_E_UNREACHABLE, UNCIA_E_PROOF (it is tried again, unless
	            * `over`), or UNCIA_E_IO and the like where PAID could not be stored: check it again */
	bool over; /* no more results come of this check */
	struct uncia_payment_id id;
	char own[UNCIA_PEER_SIZE], handle[UNCIA_PEER_SIZE]; /* who has told of it; empty where the host gave none */
	char memo[UNCIA_MEMO_SIZE]; /* that was told, and whose hash the payment carries; empty: none was told */
	bool memo_untold;           /* the payment carries the hash of a memo whose text was not told */
	bool weak;                  /* the sender's pin is weak */
	bool maybe_told;            /* PAID: it was told before, and never acknowledged */
	bool older;                 /* AGAIN: paid before this home was made, or restored */
	char sender[UNCIA_ADDRESS_TEXT_SIZE]; /* final: who paid; "hold:…" where a hold did */
	char pinned[UNCIA_ADDRESS_TEXT_SIZE]; /* the account that is pinned for who has told of it; empty: none */
	char first[UNCIA_PEER_SIZE];          /* REPEATED, AGAIN: whose notice was told as paid; empty: not known */
	uint64_t amount;                      /* final: what this account got: all outputs to it, in micro-units */
	uint8_t currency;                     /* final: its number; 1 is the network's first */
	uint64_t height, timestamp_ms;        /* final: of its block */
	uint32_t index;                       /* final: place in its block */
	uint32_t tag_size;
	uint8_t tag[UNCIA_NOTICE_TAG_SIZE];
};

/* Checks whether a notice is true. What can be said at once is in *result; where that is not `over`, the payment is
 * followed (as by uncia_wallet_follow), and each time that there is news UNCIA_EVENT_NOTICE comes, with its id, and
 * uncia_notice_result gives it: at the latest when the payment is final or has expired. Nothing is said before that but
 * that it is pending or not known.
 *
 * A payment is told as PAID once, by an exclusive record in the home that outlives crashes and is never removed. Until
 * uncia_notice_acknowledge the same person's notice is PAID again, with `maybe_told`, so that one which was told by a
 * process that was killed before it could show it is not lost. What was paid before this home was made, or restored
 * from the words, counts as told.
 *
 * From a sender who is not pinned nothing leaves, unless `asked`: else a notice would tell strangers who is online, and
 * when. Checks are in memory: after a restart the host checks again what its chats show.
 * Returns: 0: see *result; as uncia_notice_parse (UNCIA_E_CHANGED: changed or cut on its way; UNCIA_E_NETWORK: for
 *	another network); UNCIA_E_ENCODING and UNCIA_E_LIMIT of the memo; UNCIA_E_FULL where 64 checks are under way,
 *	or 16 of this sender's; UNCIA_E_LOCKED: a locked wallet does not know for sure which account is its own;
 *	UNCIA_E_NETWORK also where it was opened without one; UNCIA_E_DAMAGED where the sender's pin, or what was told
 *	of this payment, cannot be read; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT, also for two memos
 *	that differ.
 * In: query->size, its peer's size and result->size are set.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.11. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_notice_check(struct uncia_wallet *wallet,
                                                         const struct uncia_notice_query *query,
                                                         struct uncia_notice_result *result);

/* Takes the next result that has come since, of any check. A newer one of the same check takes the place of one that
 * was not taken.
 * Returns: 1 where there was one; 0 where there is none; UNCIA_E_ARGUMENT; UNCIA_E_BUSY; UNCIA_E_NESTED.
 * In: result->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_notice_result(struct uncia_wallet *wallet, struct uncia_notice_result *result);

/* The host has shown a notice that was PAID, or done what it does with one: from now on it is AGAIN.
 * Returns: 0 (also a second time); UNCIA_E_NOT_FOUND where it was not told as paid; UNCIA_E_DAMAGED; UNCIA_E_IO;
 *	UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.11. */
UNCIA_API UNCIA_MUST_CHECK int uncia_notice_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *id);

/* The home has come back from a backup: what it told as paid since is forgotten. So all that was paid up to now counts
 * as told, up to the state that syncs have proved. A home that was made from the words needs no such call.
 * Returns: 0; UNCIA_E_UNREACHABLE where too few validators have answered for that since it was opened: they are asked,
 *	and the call is right again after the next UNCIA_EVENT_BALANCE; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY;
 *	UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.11. */
UNCIA_API UNCIA_MUST_CHECK int uncia_notice_restored(struct uncia_wallet *wallet);

#ifdef __cplusplus
}
#endif
#endif
