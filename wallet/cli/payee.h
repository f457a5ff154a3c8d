/* Whom to pay and how much: what stands on the command line, read strictly. */
#ifndef PAYEE_H
#define PAYEE_H
#include "session.h"

/* An amount above zero. Returns an exit code; what is wrong has been said. */
int amount_read(const struct call *call, const char *text, uint64_t *micro);

/* Refuses an amount below the network's smallest. Returns an exit code. */
int smallest_check(const struct call *call, const struct uncia_network *network, uint64_t amount);

/* The code of a currency by its number, as texts and receipts have it. NULL where the network has none of that number,
 * or there is no network file that would say. */
const char *currency_code(const struct uncia_network *network, int number);

/* 16 hexadecimal digits. Returns an exit code. */
int reference_read(const struct call *call, const char *text, uint8_t reference[8]);

/* Puts the reference of --reference into the address. Returns an exit code. Out: text; *address, the same. */
int address_with_reference(const struct call *call, char text[UNCIA_ADDRESS_TEXT_SIZE], struct uncia_address *address);

#define OPTION_REFERENCE_HELP                                                                                          \
	{                                                                                                              \
		"reference", '\0', POPT_ARG_STRING, NULL, OPTION_REFERENCE,                                            \
		    "Put a sub-account or order number of 16 hexadecimal digits into the address", "HEX"               \
	}

/* Refuses a memo that no payment could have. Returns an exit code. */
int memo_check(const struct call *call, const char *memo);
/* Refuses one that no text of a chat could carry. Returns an exit code. */
int chat_memo_check(const struct call *call, const char *memo);

/* Checks an address and writes it as the library does. Returns an exit code. */
int address_read(const struct call *call, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE]);

/* The address that "@name" stands for in this wallet's contacts. Returns an exit code. */
int contact_read(const struct session *session, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE]);

/* What is to be paid, and to whom. */
struct payee {
	const char *address;
	uint64_t amount;
	const char *memo; /* empty: none */
};

#define PAYEE_KNOWN_SIZE (UNCIA_PEER_SIZE + 96)

struct payee_known {
	char text[PAYEE_KNOWN_SIZE]; /* a few words: the name that the account is pinned to, or whether it was paid
	                              * before */
	bool repeats;                /* the same was paid in the last day, or is on its way, among the newest payments
	                              * of this home: */
	struct uncia_payment repeated;
};

/* What this wallet knows of the account behind an address, and of a payment like this one. Its own address is known as
 * that where the wallet is unlocked. Records of earlier payments are read up to a bound. */
void payee_known(const struct session *session, const struct payee *payee, struct payee_known *known);

/* Why a text of this kind could not be read: a phrase. Valid until the next call. */
const char *text_error_words(enum uncia_text_kind kind, const char *text, int error);

/* Reads a request of either form. network_id: 32 bytes; NULL: for whichever network. Returns an exit code. */
int request_read(const struct call *call, const uint8_t *network_id, const char *text, struct uncia_request *request);

#endif
