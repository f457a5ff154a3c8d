/* Amounts, addresses, ids, memos, recovery words and names as text: the part of libuncia that needs no wallet. The
 * texts that travel in chats are in chat.h. Included by uncia.h, which says what holds for every function. */
#ifndef UNCIA_TEXT_H
#define UNCIA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of text buffers in bytes, NUL included. */
#define UNCIA_ADDRESS_TEXT_SIZE 64
#define UNCIA_AMOUNT_TEXT_SIZE  32
#define UNCIA_ID_TEXT_SIZE      65
#define UNCIA_MEMO_SIZE         513
#define UNCIA_CONTACT_NAME_SIZE 65
#define UNCIA_WHY_SIZE          256

/* Reads an amount, "12", "0.5", "12.500000": digits, and at most one point with one to six digits behind it. Zero is
 * one, too.
 * Returns: 0; UNCIA_E_AMOUNT for anything else, too large included; UNCIA_E_ARGUMENT.
 * Out: *micro, in micro-units.
 * Threads: any.
 * Spec: encoding.md 1.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_amount_parse(const char *text, uint64_t *micro);

/* Writes an amount of micro-units with six decimals, "0.500000". Does nothing where text is NULL.
 * Threads: any.
 * Spec: encoding.md 1.1. */
UNCIA_API void uncia_amount_format(uint64_t micro, char text[UNCIA_AMOUNT_TEXT_SIZE]);

/* Texts come through people and their programs: wrapped, quoted with "> ", in angle brackets or quotation marks, with
 * blanks, line ends, byte order marks and zero-width characters in them, a full stop behind. Whatever reads an address,
 * an id, a request or a receipt here takes that off first (docs/spec/texts.md); none of it can change what the text
 * means. What is refused then was changed on its way, or is something else. */

/* What a text that somebody pasted begins as, after cleaning. Nothing is said about the rest of it. */
enum uncia_text_kind {
	UNCIA_TEXT_NONE,    /* nothing of ours */
	UNCIA_TEXT_ADDRESS, /* "unc1…": uncia_address_parse */
	UNCIA_TEXT_REQUEST, /* "uncia:uncask1…", and as earlier versions wrote it: uncia_request_parse */
	UNCIA_TEXT_RECEIPT, /* "uncia:uncproof1…", and as earlier versions wrote it: uncia_receipt_verify */
	UNCIA_TEXT_CONTACT, /* "uncia:uncwho1…": uncia_contact_parse */
	UNCIA_TEXT_NOTICE,  /* "uncia:uncpaid1…": uncia_notice_parse */
	UNCIA_TEXT_CLAIM,   /* "uncia:uncgift1…": uncia_claim_parse */
	UNCIA_TEXT_EXPIRY,  /* "uncia:uncnever1…": uncia_expiry_verify */
	UNCIA_TEXT_QUOTE    /* "uncia:uncquote1…": of a newer program; this version has no reader for it */
};

/* Which of them a text is; UNCIA_TEXT_NONE for NULL.
 * Threads: any.
 * Spec: texts.md 11.1. */
UNCIA_API enum uncia_text_kind uncia_text_kind(const char *text);

/* An address taken apart: the account, and the reference that an exchange or shop put into it. */
struct uncia_address {
	uint8_t account[20];
	bool has_reference;
	uint8_t reference[8]; /* zeros where it has none */
};

/* Reads an address, "unc1…", all lower or all upper case, with or without "uncia:" in front.
 * Returns: 0; UNCIA_E_ADDRESS where it is mistyped, changed on its way, or not of this kind; UNCIA_E_ARGUMENT.
 * Threads: any.
 * Spec: encoding.md 1.4, texts.md 11.2. */
UNCIA_API UNCIA_MUST_CHECK int uncia_address_parse(const char *text, struct uncia_address *address);

/* Writes an address in lower case, with its reference where it has one. Does nothing where either is NULL.
 * Threads: any.
 * Spec: encoding.md 1.4. */
UNCIA_API void uncia_address_format(const struct uncia_address *address, char text[UNCIA_ADDRESS_TEXT_SIZE]);

/* A payment's name in the ledger. Its first four bytes are the time at which it expires. */
struct uncia_payment_id {
	uint8_t b[32];
};

/* Reads 64 hexadecimal digits, of either case.
 * Returns: 0; UNCIA_E_ARGUMENT for anything else.
 * Threads: any.
 * Spec: encoding.md 1.5, texts.md 11.2. */
UNCIA_API UNCIA_MUST_CHECK int uncia_payment_id_parse(const char *text, struct uncia_payment_id *id);

/* Writes 64 lower-case hexadecimal digits. Does nothing where either is NULL.
 * Threads: any.
 * Spec: encoding.md 1.5. */
UNCIA_API void uncia_payment_id_format(const struct uncia_payment_id *id, char text[UNCIA_ID_TEXT_SIZE]);

/* Whether a payment may have this text as its memo: UTF-8 without control characters, at most 512 bytes. A text for a
 * chat carries at most 96 (UNCIA_CHAT_MEMO_SIZE).
 * Returns: 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT; UNCIA_E_ARGUMENT.
 * Threads: any.
 * Spec: texts.md 11.4. */
UNCIA_API UNCIA_MUST_CHECK int uncia_memo_check(const char *text);

/* The hash of a memo's text. The text stays between the people; the ledger carries at most this.
 * Returns: 0; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * Threads: any.
 * Spec: wallet.md 7.3. */
UNCIA_API UNCIA_MUST_CHECK int uncia_memo_hash(const char *text, uint8_t hash[32]);

/* Whether these are recovery words: 12 or 24, each in the list, checksum right. Neither case nor what stands between
 * them matters: blanks, line ends, numbers, punctuation. Of each word the first four letters are enough. Returns: 0;
 * UNCIA_E_WORDS; UNCIA_E_ARGUMENT. Threads: any. Spec: wallet.md 7.1, texts.md 11.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_words_check(const char *words);

/* What is wrong with recovery words, to be told without showing any of them.
 * Returns: as uncia_words_check.
 * Out: *count: how many there are; *unknown: the number, from 1, of the first that is not in the list, 0 where all are.
 *	Where 12 or 24 are, and it says UNCIA_E_WORDS all the same, the checksum is wrong: one is mistaken for another,
 *	or two changed places.
 * Threads: any.
 * Spec: texts.md 11.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_words_examine(const char *words, unsigned *count, unsigned *unknown);

/* Whether this is one word of the list, for a field that is typed into. Read as uncia_words_check reads each.
 * Returns: 0; UNCIA_E_WORDS; UNCIA_E_ARGUMENT.
 * Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_word_check(const char *word);

/* Names are compared as people see them (texts.md 11.8): in normalisation form KC, 1 to 64 bytes of it, without
 * characters that nobody sees and without blanks at the ends, and none that reads as an address. Functions that take a
 * name prepare it themselves. Contacts that were stored before there were these rules are found by their very bytes. */

/* Prepares a name as it is stored and should be shown, or says why it can be none.
 * Returns: 0; UNCIA_E_ARGUMENT, with a sentence in why.
 * Threads: any.
 * Spec: texts.md 11.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_name(const char *given, char name[UNCIA_CONTACT_NAME_SIZE],
                                                  char why[UNCIA_WHY_SIZE]);

/* Frees text that a function of this library gave to its caller; NULL is fine.
 * Threads: any. */
UNCIA_API void uncia_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
