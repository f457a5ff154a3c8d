/* Payloads of texts for chats: a network, fields of fixed size, and options {type u8, length u8, value} in ascending
 * order, each at most once; and what each kind makes of its own (docs/spec/texts.md 12). */
#ifndef TEXT_OPTION_H
#define TEXT_OPTION_H
#include <stdbool.h>
#include <uncia/uncia.h>
#include "frame.h"

#define OPTION_IGNORED 128u /* from here on a type that is not known is passed over */

struct text_option {
	uint8_t type, length;
	const uint8_t *value;
};

/* Options that are still to be read. */
struct text_options {
	const uint8_t *at, *end;
	int last; /* the type before; -1: none */
};

/* The next option. Returns 1; 0 where there is none left; UNCIA_E_ENCODING. */
int text_option_next(struct text_options *options, struct text_option *option);
/* What a type that this reader does not know means. Returns 0 where it is to be ignored; UNCIA_E_NEWER. */
int text_option_unknown(const struct text_option *option);
/* An option that is text for people: UTF-8 without control characters, 1 to size - 1 bytes. Returns 0;
 * UNCIA_E_ENCODING. Out: text, NUL-terminated. */
int text_option_text(const struct text_option *option, char *text, size_t size);
/* Writes an option; returns where the next one goes. */
uint8_t *text_option_put(uint8_t *to, uint8_t type, const void *value, size_t size);

/* What the payload of each kind says, its form alone: neither network nor signatures are looked at. Return 0;
 * UNCIA_E_ENCODING; UNCIA_E_NEWER. */

/* *signed_size: what stands before the signature; 0 where it has none. */
int request_read_payload(const uint8_t *payload, size_t size, struct uncia_request *request, size_t *signed_size);
/* Also UNCIA_E_NEWER where it says that its key was changed. *signature: 64 bytes of the payload. */
int contact_read_payload(const uint8_t *payload, size_t size, struct uncia_contact *contact, const uint8_t **signature);
int notice_read_payload(const uint8_t *payload, size_t size, struct uncia_notice *notice);
int claim_read_payload(const uint8_t *payload, size_t size, struct uncia_claim *claim);

/* A request as earlier versions wrote it, "uncia:unc1…?amount=…". Returns 0; UNCIA_E_ENCODING; UNCIA_E_CHANGED;
 * UNCIA_E_ADDRESS; UNCIA_E_AMOUNT; UNCIA_E_LIMIT; UNCIA_E_NEWER (of a kind that is not known here). */
int request_read_old(const char *text, struct uncia_request *request);

#endif
