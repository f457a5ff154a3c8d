/* Finds the texts of a message. The message is copied once without formatting codes; each of its characters is looked
 * at a bounded number of times, whatever it says. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "address.h"
#include "base64url.h"
#include "clean.h"
#include "text_option.h"
#include "utf8.h"

#define ADDRESS_FRONT "unc1"
#define CHECKSUM_SIZE 6u /* and a symbol: the least that stands behind a prefix */

/* ---- formatting codes ------------------------------------------------------------------------ */

/* The message without them. */
struct plain {
	char *text;
	uint32_t *at; /* by byte of it: where that stands in the message; one more for the end */
	size_t size;
};

static size_t span_of(const char *text, const char *characters, size_t most)
{
	size_t size = 0;
	while (size < most && text[size] != '\0' && strchr(characters, text[size]))
		size++;
	return size;
}

/* mIRC's colours: up to two digits, a comma and up to two; or six hexadecimal digits, a comma and six. */
static size_t colour_size(const char *text)
{
	static const char decimal[] = "0123456789", hexadecimal[] = "0123456789abcdefABCDEF";
	const char *digits = text[0] == '\x03' ? decimal : hexadecimal;
	const size_t most = text[0] == '\x03' ? 2 : 6, least = text[0] == '\x03' ? 1 : 6;
	size_t size = span_of(text + 1, digits, most);
	if (size < least)
		return 1;
	size_t second = text[1 + size] == ',' ? span_of(text + 2 + size, digits, most) : 0;
	return 1 + size + (second < least ? 0 : 1 + second);
}

/* ECMA-48: ESC, "[", parameters, intermediate bytes, a final one. */
static size_t escape_size(const char *text)
{
	size_t size = 2;
	if (text[1] != '[')
		return 1;
	while (text[size] >= 0x30 && text[size] <= 0x3f)
		size++;
	while (text[size] >= 0x20 && text[size] <= 0x2f)
		size++;
	return text[size] >= 0x40 && text[size] <= 0x7e ? size + 1 : 1;
}

/* The size of what is passed over where `text` begins with a formatting code or a character that nobody sees; else 0.
 */
static size_t unseen_size(const char *text)
{
	const char *behind = text;
	uint32_t c;
	switch (*text) {
	case '\x02': /* bold */
	case '\x0f': /* plain */
	case '\x11': /* of one width */
	case '\x16': /* reversed */
	case '\x1d': /* slanted */
	case '\x1e': /* struck through */
	case '\x1f': /* underlined */
		return 1;
	case '\x03':
	case '\x04':
		return colour_size(text);
	case '\x1b':
		return escape_size(text);
	}
	return (*text & 0x80) != 0 && utf8_next(&behind, &c) && utf8_is_unseen(c) ? (size_t)(behind - text) : 0;
}

static int plain_init(struct plain *plain, const char *message, size_t size)
{
	plain->text = malloc(size + 1);
	plain->at = malloc((size + 1) * sizeof(*plain->at));
	plain->size = 0;
	if (!plain->text || !plain->at)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < size;) {
		size_t unseen = unseen_size(message + i);
		if (unseen == 0) {
			plain->at[plain->size] = (uint32_t)i;
			plain->text[plain->size++] = message[i++];
		}
		i += unseen;
	}
	plain->at[plain->size] = (uint32_t)size;
	plain->text[plain->size] = '\0';
	return 0;
}

static void plain_deinit(struct plain *plain)
{
	if (plain->text)
		sodium_memzero(plain->text, plain->size); /* a claim is a secret */
	free(plain->text);
	free(plain->at);
}

/* ---- what stands at a place ------------------------------------------------------------------ */

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t run_size(const char *text)
{
	size_t size = 0;
	while (is_alphanumeric(text[size])) /* NOLINT(clang-analyzer-*): it ends with a NUL, which plain_init writes */
		size++;
	return size;
}

/* Something at a place that may be a text. */
struct candidate {
	enum uncia_text_kind kind;
	int error;
	const char *run; /* behind the scheme */
	size_t size;     /* of the run */
	bool old;        /* of earlier versions: the text is what stands there, scheme and all */
};

static int payload_check(enum uncia_text_kind kind, const uint8_t *payload, size_t size)
{
	struct uncia_request request;
	struct uncia_contact contact;
	struct uncia_notice notice;
	struct uncia_claim claim;
	const uint8_t *signature;
	size_t signed_size;
	int rc = 0;
	switch (kind) {
	case UNCIA_TEXT_REQUEST:
		return request_read_payload(payload, size, &request, &signed_size);
	case UNCIA_TEXT_CONTACT:
		return contact_read_payload(payload, size, &contact, &signature);
	case UNCIA_TEXT_NOTICE:
		return notice_read_payload(payload, size, &notice);
	case UNCIA_TEXT_CLAIM:
		rc = claim_read_payload(payload, size, &claim);
		sodium_memzero(&claim, sizeof(claim));
		return rc;
	case UNCIA_TEXT_QUOTE:
		return UNCIA_E_NEWER;
	default: /* long ones are read by whoever verifies them */
		return rc;
	}
}

/* Checks a text in the form of today. Returns what its `error` is to be. */
static int framed_check(const struct candidate *c, const uint8_t *network_id)
{
	uint8_t payload[FRAME_PAYLOAD_MAX], network[FRAME_NETWORK];
	size_t size;
	int rc = frame_check(c->kind, c->run, c->size, &size);
	if (rc)
		return rc;
	if (size < FRAME_NETWORK)
		return UNCIA_E_ENCODING;
	frame_payload(c->kind, c->run, network, sizeof(network));
	if (network_id && memcmp(network, network_id, FRAME_NETWORK) != 0)
		return UNCIA_E_NETWORK;
	if (c->kind == UNCIA_TEXT_RECEIPT || c->kind == UNCIA_TEXT_EXPIRY)
		return 0;
	if (size > FRAME_PAYLOAD_MAX)
		return UNCIA_E_ENCODING;
	frame_payload(c->kind, c->run, payload, size);
	rc = payload_check(c->kind, payload, size);
	sodium_memzero(payload, sizeof(payload));
	return rc;
}

/* An address, or a request of earlier versions, which goes on behind it: "?amount=…". */
static void address_candidate(const char *text, struct candidate *c)
{
	static const char query[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~%?&=";
	struct destination destination;
	char address[ADDRESS_TEXT_SIZE] = "", *request;
	bool has_scheme = c->run != text;
	c->kind = UNCIA_TEXT_ADDRESS;
	if (c->size < sizeof(address))
		memcpy(address, c->run, c->size);
	c->error = address[0] == '\0' || destination_parse(address, &destination) ? UNCIA_E_CHANGED : 0;
	if (!has_scheme || c->run[c->size] != '?' || !is_alphanumeric(c->run[c->size + 1]))
		return;
	c->kind = UNCIA_TEXT_REQUEST;
	c->old = true;
	c->size += strspn(c->run + c->size, query);
	struct uncia_request parsed;
	request = strndup(text, (size_t)(c->run - text) + c->size);
	c->error = !request ? UNCIA_E_MEMORY : request_read_old(request, &parsed) ? UNCIA_E_CHANGED : 0;
	free(request);
}

/* "uncia-receipt-1:" and base64url, as earlier versions wrote receipts. */
static bool old_receipt_candidate(const char *text, struct candidate *c)
{
	static const char front[] = "uncia-receipt-", whole[] = "uncia-receipt-1:",
	                  base64[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	if (!text_begins(text, front))
		return false;
	size_t digits = strspn(text + strlen(front), "0123456789");
	const char *begin = text + strlen(front) + digits;
	if (digits == 0 || *begin != ':')
		return false;
	const size_t size = strspn(begin + 1, base64);
	size_t decoded;
	uint8_t *bytes = malloc(size + 3);
	*c = (struct candidate){UNCIA_TEXT_RECEIPT, UNCIA_E_CHANGED, text, (size_t)(begin + 1 - text) + size, true};
	if (!bytes)
		c->error = UNCIA_E_MEMORY;
	else if (size != 0 && strncmp(text, whole, strlen(whole)) == 0 &&
	         base64url_decode(begin + 1, size, bytes, &decoded) == 0)
		c->error = 0;
	free(bytes);
	return true;
}

/* What stands at this place, at which no letter or digit is before. Returns false where it is nothing of ours. */
static bool candidate_at(const char *text, const uint8_t *network_id, struct candidate *c)
{
	const bool has_scheme = text_begins(text, FRAME_SCHEME);
	*c = (struct candidate){.run = text + (has_scheme ? strlen(FRAME_SCHEME) : 0)};
	if (old_receipt_candidate(text, c))
		return true;
	if (!text_begins(c->run, "unc"))
		return false;
	c->size = run_size(c->run);
	c->kind = frame_kind(c->run, c->size);
	const char *separator = memchr(c->run, '1', c->size);
	/* A word that begins like one is no text that was cut, unless the scheme says so. */
	if (!has_scheme && (!separator || c->size - (size_t)(separator - c->run) <= 1 + CHECKSUM_SIZE))
		return false;
	if (c->kind != UNCIA_TEXT_NONE)
		c->error = framed_check(c, network_id);
	else if (text_begins(c->run, ADDRESS_FRONT))
		address_candidate(text, c);
	else if (frame_is_of_a_newer_kind(c->run, c->size))
		c->error = UNCIA_E_NEWER;
	else if (has_scheme)
		c->error = UNCIA_E_CHANGED;
	else
		return false;
	return true;
}

/* ---- the message ----------------------------------------------------------------------------- */

/* The text alone, as it is written. NULL where memory ends. */
static char *candidate_text(const struct candidate *c, const char *begin)
{
	const bool bare = c->old || c->kind == UNCIA_TEXT_ADDRESS;
	const char *from = c->old ? begin : c->run;
	const size_t size = (size_t)(c->run - from) + c->size, scheme = bare ? 0 : strlen(FRAME_SCHEME);
	char *text = malloc(scheme + size + 1);
	if (!text)
		return NULL;
	memcpy(text, FRAME_SCHEME, scheme);
	memcpy(text + scheme, from, size);
	text[scheme + size] = '\0';
	for (char *at = text; !c->old && *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return text;
}

static bool is_there_already(const struct uncia_scan *scan, const char *text)
{
	for (uint32_t i = 0; i < scan->count; i++)
		if (scan->texts[i].text && strcmp(scan->texts[i].text, text) == 0)
			return true;
	return false;
}

/* Returns 0, also where it is there already or there is no room; UNCIA_E_MEMORY. */
static int scan_add(struct uncia_scan *scan, const struct plain *plain, const char *begin, const struct candidate *c)
{
	char *text = c->error == 0 ? candidate_text(c, begin) : NULL;
	if (c->error == UNCIA_E_MEMORY || (c->error == 0 && !text))
		return UNCIA_E_MEMORY;
	if (text && is_there_already(scan, text)) {
		uncia_text_free(text);
		return 0;
	}
	if (scan->count == UNCIA_SCAN_TEXTS_MAX) {
		uncia_text_free(text);
		scan->more = true;
		return 0;
	}
	const size_t from = (size_t)(begin - plain->text), to = (size_t)(c->run - plain->text) + c->size;
	assert(from < to && to <= plain->size);
	scan->texts[scan->count++] = (struct uncia_scanned){
	    .kind = c->kind, .error = c->error, .begin = plain->at[from], .end = plain->at[to - 1] + 1, .text = text};
	return 0;
}

static int scan_plain(const struct plain *plain, const uint8_t *network_id, struct uncia_scan *scan)
{
	struct candidate c;
	int rc = 0;
	for (const char *at = plain->text; !rc && !scan->more && *at != '\0';) {
		if ((*at != 'u' && *at != 'U') || !candidate_at(at, network_id, &c)) {
			/* The rest of the word stands behind a letter. */
			const size_t word = run_size(at);
			at += word != 0 ? word : 1;
			continue;
		}
		rc = scan_add(scan, plain, at, &c);
		at = c.run + c.size;
	}
	return rc;
}

int uncia_text_scan(const char *message, const uint8_t *network_id, struct uncia_scan *scan)
{
	struct plain plain;
	if (!message || !scan || scan->size != sizeof(*scan))
		return UNCIA_E_ARGUMENT;
	const size_t size = strnlen(message, UNCIA_SCAN_SIZE_MAX + 1);
	if (size > UNCIA_SCAN_SIZE_MAX)
		return UNCIA_E_LIMIT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	struct uncia_scan found = {.size = sizeof(found)};
	int rc = plain_init(&plain, message, size);
	if (!rc)
		rc = scan_plain(&plain, network_id, &found);
	plain_deinit(&plain);
	if (rc)
		uncia_scan_free(&found);
	else
		*scan = found;
	return rc;
}

void uncia_scan_free(struct uncia_scan *scan)
{
	if (!scan || scan->size != sizeof(*scan))
		return;
	for (uint32_t i = 0; i < scan->count; i++) {
		if (scan->texts[i].text)
			sodium_memzero(scan->texts[i].text, strlen(scan->texts[i].text));
		uncia_text_free(scan->texts[i].text);
	}
	*scan = (struct uncia_scan){.size = sizeof(*scan)};
}
