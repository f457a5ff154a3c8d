/* Texts that travel in chats: contacts, requests, notices, claims, receipts and expiries, how they are found in a
 * message, and the digits that two people compare. All have one form, "uncia:", a prefix that says the kind, and
 * letters and digits under a checksum; whatever a chat does to one, it arrives whole or is refused. Included by
 * uncia.h, whose rules hold here, too.
 *
 * Each names its network by the first four bytes of the network's id. That guards against mistakes; what is signed is
 * signed for the whole id. Functions that read take the whole id (uncia_network_id, uncia_wallet_network_id). */
#ifndef UNCIA_CHAT_H
#define UNCIA_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>
#include <uncia/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_network;
struct uncia_payment;
struct uncia_receipt;
struct uncia_wallet;

/* Sizes of text buffers in bytes, NUL included. */
#define UNCIA_CHAT_TEXT_SIZE   321 /* a contact, request, notice or claim: at most 320 characters */
#define UNCIA_CHAT_MEMO_SIZE   97
#define UNCIA_HANDLE_SIZE      61
#define UNCIA_REQUEST_KEY_SIZE 65
#define UNCIA_CODE_SIZE        21

/* What the functions that read a text answer where it does not say anything: UNCIA_E_ENCODING where it does not begin
 * as one of its kind, or whoever made it made it wrong; UNCIA_E_CHANGED where it was changed or cut on its way;
 * UNCIA_E_NEWER where a newer program made it; UNCIA_E_NETWORK where it is for another network; UNCIA_E_LIMIT where it
 * is too long. */

/* ---- finding them ----------------------------------------------------------------------------------------------- */

#define UNCIA_SCAN_SIZE_MAX  (64u << 10)
#define UNCIA_SCAN_TEXTS_MAX 8u

/* A text that stands in a message. */
struct uncia_scanned {
	enum uncia_text_kind kind; /* NONE: it was changed so that nothing tells which */
	int error;                 /* 0: whole. UNCIA_E_CHANGED, _NEWER, _ENCODING, _NETWORK: see above */
	size_t begin, end;         /* it is the bytes of the message from begin on, up to end */
	char *text;                /* whole: the text alone, as the functions that read it take it; else NULL */
};

/* What stands in a message. */
struct uncia_scan {
	size_t size;
	uint32_t count;
	bool more; /* there are more than were looked at */
	struct uncia_scanned texts[UNCIA_SCAN_TEXTS_MAX];
};

/* Finds the texts of a message, in their order, each once: addresses, all kinds of chat.h, and both forms that earlier
 * versions wrote. What stands around them does not matter, unless it is a letter or digit of ASCII. Formatting codes of
 * IRC and of terminals, and characters that nobody sees, are passed over; lines are never joined. Of a whole text,
 * signatures and proofs are not verified yet: that is for the functions that read it. Any bytes may be in the message.
 * Returns: 0; UNCIA_E_LIMIT where it is longer than UNCIA_SCAN_SIZE_MAX; UNCIA_E_MEMORY; UNCIA_E_LIBRARY;
 *	UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes: texts of others get UNCIA_E_NETWORK; NULL: they do not. scan->size is set.
 * Owns: the caller frees with uncia_scan_free.
 * Threads: any.
 * Spec: texts.md 12.3. */
UNCIA_API UNCIA_MUST_CHECK int uncia_text_scan(const char *message, const uint8_t *network_id, struct uncia_scan *scan);

/* Frees what uncia_text_scan gave; NULL, and a second time, are fine.
 * Threads: one at a time per scan. */
UNCIA_API void uncia_scan_free(struct uncia_scan *scan);

/* ---- requests --------------------------------------------------------------------------------------------------- */

/* Somebody's wish to be paid. It says nothing about who wrote it: show payee and amount, as they are here, before
 * paying; the memo quoted, on one line, and never as a link. */
struct uncia_request {
	size_t size;
	char address[UNCIA_ADDRESS_TEXT_SIZE]; /* with the reference by which the payee tells payments apart */
	bool has_amount;
	uint64_t amount;            /* micro-units, > 0 */
	uint8_t currency;           /* its number; 1 is the first of the network. To be written: 0 is 1, too */
	uint32_t ends_at;           /* seconds since 1970; from then on it is not to be paid. 0: no end */
	char memo[UNCIA_MEMO_SIZE]; /* empty: none; UTF-8 without control characters, at most 96 bytes, or 512 where it
	                             * is not `checked` */
	bool has_lock;              /* it asks for a hold under this lock instead of a payment; no memo then */
	uint8_t lock[32];
	/* Read only: */
	bool checked;                     /* false: in the form of earlier versions, which has no checksum: amount and
	                                   * memo may have been cut */
	uint8_t lock_key[32];             /* has_lock: the key of the address, which has signed all of it */
	char key[UNCIA_REQUEST_KEY_SIZE]; /* checked: the idempotency key of its payment, for uncia_wallet_pay: taken
	                                   * twice it is paid once. Else empty */
};

/* Reads a request, also one of the form that earlier versions wrote, "uncia:unc1…?amount=0.50&memo=rent": that is read
 * strictly, too, but where it was cut, and what is left is a request, that is what is read (`checked` is false).
 * Returns: 0; see above; UNCIA_E_SIGNATURE where a lock is not signed by the address's key; UNCIA_E_ADDRESS and
 *	UNCIA_E_AMOUNT of the form of earlier versions; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes; NULL: for whichever network, without locks (UNCIA_E_NETWORK). request->size is set.
 * Threads: any.
 * Spec: texts.md 12.5, 11.3. */
UNCIA_API UNCIA_MUST_CHECK int uncia_request_parse(const uint8_t *network_id, const char *text,
                                                   struct uncia_request *request);

/* Writes a request of anybody's, without a lock. Whoever pays it twice pays once, so that each wish to be paid needs a
 * reference of its own in the address: uncia_wallet_request sees to that.
 * Returns: 0; UNCIA_E_ADDRESS; UNCIA_E_AMOUNT where it is 0; UNCIA_E_ENCODING where the memo is not UTF-8 or holds
 *	control characters; UNCIA_E_LIMIT where it is longer than 96 bytes; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT, also
 *	for a lock.
 * In: network_id, 32 bytes.
 * Threads: any.
 * Spec: texts.md 12.5. */
UNCIA_API UNCIA_MUST_CHECK int uncia_request_format(const uint8_t *network_id, const struct uncia_request *request,
                                                    char text[UNCIA_CHAT_TEXT_SIZE]);

/* Writes a request to be paid at this wallet, with a fresh reference where the address has none, and signed where it
 * carries a lock.
 * Returns: as uncia_request_format; UNCIA_E_ADDRESS also for another account's; UNCIA_E_NETWORK where the home is bound
 *	to none yet; UNCIA_E_LOCKED while the wallet is locked; UNCIA_E_RANDOM; UNCIA_E_BUSY.
 * In: request->address may be empty: the wallet's own.
 * Out: text; request, as uncia_request_parse would read it.
 * Threads: as uncia_wallet_open.
 * Spec: texts.md 12.5. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_request(struct uncia_wallet *wallet, struct uncia_request *request,
                                                    char text[UNCIA_CHAT_TEXT_SIZE]);

/* ---- contacts --------------------------------------------------------------------------------------------------- */

/* Who somebody is in a chat, and at which account he is paid, signed by the account's key. */
struct uncia_contact {
	size_t size;
	char address[UNCIA_ADDRESS_TEXT_SIZE]; /* without a reference */
	uint8_t key[32];
	char handle[UNCIA_HANDLE_SIZE]; /* "xmpp:bob@example.org", "irc:libera/bob"; empty: none. Pin in silence only
	                                 * where this is the sender of the message */
};

/* Reads a contact text and verifies its signature. What it proves: the account's owner has written it, for this handle.
 * Returns: 0; see above; UNCIA_E_SIGNATURE; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes. contact->size is set.
 * Threads: any.
 * Spec: texts.md 12.4. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_parse(const uint8_t *network_id, const char *text,
                                                   struct uncia_contact *contact);

/* Writes the contact text of this wallet.
 * Returns: 0; UNCIA_E_ENCODING where the handle has not the form PROTOCOL:NAME, of at most 60 bytes, without blanks and
 *	characters that nobody sees; UNCIA_E_NETWORK where the home is bound to none yet; UNCIA_E_LOCKED while the
 *	wallet is locked; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * In: handle, or NULL for none.
 * Threads: as uncia_wallet_open.
 * Spec: texts.md 12.4. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_contact(const struct uncia_wallet *wallet, const char *handle,
                                                    char text[UNCIA_CHAT_TEXT_SIZE]);

/* The twenty digits that the owners of two accounts see alike on both sides, whichever is given first. Compared by
 * voice they show that nobody has put an account of his own in between.
 * Returns: 0; UNCIA_E_ADDRESS; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT, also for one account with itself.
 * In: network_id, 32 bytes; addresses, whose references do not matter.
 * Threads: any.
 * Spec: texts.md 12.10. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_code(const uint8_t *network_id, const char *address, const char *other,
                                                  char code[UNCIA_CODE_SIZE]);

/* ---- notices and claims ----------------------------------------------------------------------------------------- */

/* "I have paid": the name of a payment, and the text that its memo hash is of. It proves nothing; the receipt does. */
struct uncia_notice {
	size_t size;
	struct uncia_payment_id id;
	char memo[UNCIA_CHAT_MEMO_SIZE]; /* empty: none; UTF-8 without control characters */
};

/* Reads a notice.
 * Returns: 0; see above; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes; NULL: for whichever network. notice->size is set.
 * Threads: any.
 * Spec: texts.md 12.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_notice_parse(const uint8_t *network_id, const char *text,
                                                  struct uncia_notice *notice);

/* Writes a notice.
 * Returns: 0; UNCIA_E_ENCODING where the memo is not UTF-8 or holds control characters; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes.
 * Threads: any.
 * Spec: texts.md 12.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_notice_format(const uint8_t *network_id, const struct uncia_notice *notice,
                                                   char text[UNCIA_CHAT_TEXT_SIZE]);

/* Money for whoever reads this: where it is held, and the secret that opens it. The caller wipes it. */
struct uncia_claim {
	size_t size;
	uint8_t home[20];                /* the account that it goes back to */
	struct uncia_payment_id opening; /* the payment that put it there */
	uint8_t seed[16];                /* secret */
};

/* Reads a claim. What it is worth is the ledger's to say.
 * Returns: 0; see above; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes; NULL: for whichever network. claim->size is set.
 * Threads: any.
 * Spec: texts.md 12.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_claim_parse(const uint8_t *network_id, const char *text,
                                                 struct uncia_claim *claim);

/* Writes a claim. Whoever reads the text, in logs, backups and previews too, has the money.
 * Returns: 0; UNCIA_E_ARGUMENT.
 * In: network_id, 32 bytes. Out: text; the caller wipes it.
 * Threads: any.
 * Spec: texts.md 12.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_claim_format(const uint8_t *network_id, const struct uncia_claim *claim,
                                                  char text[UNCIA_CHAT_TEXT_SIZE]);

/* The claim text of one of its holds, where it is a claim that this wallet has made, numbered from 0. It is cash for
 * whoever reads it. Not before the payment is final: so it takes a receipt.
 * Returns: 0; UNCIA_E_NOT_FOUND where it is none of this wallet's; UNCIA_E_LOCKED where the wallet is locked;
 *	UNCIA_E_NETWORK; UNCIA_E_NESTED; UNCIA_E_ARGUMENT past the last.
 * Out: text; the caller wipes it.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.12. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_claim(const struct uncia_wallet *wallet,
                                                  const struct uncia_receipt *receipt, uint32_t number,
                                                  char text[UNCIA_CHAT_TEXT_SIZE]);

/* ---- expiries --------------------------------------------------------------------------------------------------- */

/* The proof that a payment expired: it never happened and never will. It was verified. */
struct uncia_expiry;

/* Verifies the text of an expiry, offline: the payment in it, signed by its sender, and the words of validators of whom
 * one at least is honest.
 * Returns: 0; see above; UNCIA_E_PROOF where too few have signed, or others; UNCIA_E_SIGNATURE where the payment is not
 *	signed by its sender's key; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * Owns: the caller frees with uncia_expiry_free. It does not need the network any more.
 * Threads: any.
 * Spec: texts.md 12.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_expiry_verify(const struct uncia_network *network, const char *text,
                                                   struct uncia_expiry **expiry);

/* Frees what uncia_expiry_verify gave; NULL is fine.
 * Threads: one at a time per expiry. */
UNCIA_API void uncia_expiry_free(struct uncia_expiry *expiry);

/* What an expiry proves, as a payment in the state EXPIRED.
 * Returns: 0; UNCIA_E_ARGUMENT.
 * In: payment->size is set.
 * Threads: as uncia_expiry_free. */
UNCIA_API UNCIA_MUST_CHECK int uncia_expiry_payment(const struct uncia_expiry *expiry, struct uncia_payment *payment);

/* One of its outputs, numbered from 0.
 * Returns: 0; UNCIA_E_ARGUMENT past the last.
 * Out: address, with its reference; *amount, in micro-units.
 * Threads: as uncia_expiry_free. */
UNCIA_API UNCIA_MUST_CHECK int uncia_expiry_output(const struct uncia_expiry *expiry, uint32_t number,
                                                   char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount);

/* The expiry of an own payment as text, of the words that were kept with its end.
 * Returns: 0; UNCIA_E_NOT_FOUND where it is not in the outbox, or has not expired; UNCIA_E_DAMAGED; UNCIA_E_IO;
 *	UNCIA_E_MEMORY; UNCIA_E_NETWORK where the wallet was opened without one; UNCIA_E_ARGUMENT.
 * Owns: the caller frees *text with uncia_text_free.
 * Threads: as uncia_wallet_open.
 * Spec: texts.md 12.9. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_expiry(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                                   char **text);

#ifdef __cplusplus
}
#endif
#endif
