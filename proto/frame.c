/* The one form of texts in chats: see frame.h. */
#include "frame.h"
#include <assert.h>
#include <string.h>
#include <sodium.h>
#include "bech32m.h"
#include "clean.h"
#include "missing.h"
#include "uncia/error.h"

#define VERSION    1
#define HEAD_ROOM  64
#define PREFIX_MAX 16

static const char *const prefixes[] = {
    [UNCIA_TEXT_REQUEST] = "uncask", [UNCIA_TEXT_RECEIPT] = "uncproof", [UNCIA_TEXT_CONTACT] = "uncwho",
    [UNCIA_TEXT_NOTICE] = "uncpaid", [UNCIA_TEXT_CLAIM] = "uncgift",    [UNCIA_TEXT_EXPIRY] = "uncnever",
    [UNCIA_TEXT_QUOTE] = "uncquote"};
#define KINDS (sizeof(prefixes) / sizeof(prefixes[0]))

static const char *prefix_of(enum uncia_text_kind kind)
{
	assert((unsigned)kind < KINDS && prefixes[kind]);
	return prefixes[kind];
}

enum uncia_text_kind frame_kind(const char *run, size_t length)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		size_t size = prefixes[kind] ? strlen(prefixes[kind]) : 0;
		if (size != 0 && length > size && run[size] == '1' && text_begins(run, prefixes[kind]))
			return (enum uncia_text_kind)kind;
	}
	return UNCIA_TEXT_NONE;
}

enum uncia_text_kind frame_text_kind(const char *text)
{
	static const char receipt[] = "uncia-receipt-", address[] = "unc1";
	static const struct clean_form beginning = {.own_marks = "-_:"};
	char clean[HEAD_ROOM] = "";
	/* The beginning alone matters: where the room ends, it is there. What was put so far is not ended by a NUL
	 * then. */
	int rc = text_clean(text, &beginning, clean, sizeof(clean));
	clean[HEAD_ROOM - 1] = '\0';
	if (rc && rc != UNCIA_E_LIMIT && rc != UNCIA_E_CHANGED)
		return UNCIA_TEXT_NONE;
	if (text_begins(clean, receipt)) {
		const char *digits = clean + sizeof(receipt) - 1;
		size_t count = strspn(digits, "0123456789");
		return count != 0 && digits[count] == ':' ? UNCIA_TEXT_RECEIPT : UNCIA_TEXT_NONE;
	}
	bool has_scheme = text_begins(clean, FRAME_SCHEME);
	const char *run = clean + (has_scheme ? strlen(FRAME_SCHEME) : 0);
	enum uncia_text_kind kind = frame_kind(run, strlen(run));
	if (kind != UNCIA_TEXT_NONE)
		return kind;
	if (has_scheme) /* with an address behind it, as requests were written */
		return UNCIA_TEXT_REQUEST;
	return text_begins(clean, address) ? UNCIA_TEXT_ADDRESS : UNCIA_TEXT_NONE;
}

/* Whether all its letters are of the case of the first one. */
static bool is_of_one_case(const char *run, size_t length)
{
	bool upper = run[0] >= 'A' && run[0] <= 'Z';
	for (size_t i = 0; i < length; i++)
		if (upper ? run[i] >= 'a' && run[i] <= 'z' : run[i] >= 'A' && run[i] <= 'Z')
			return false;
	return true;
}

int frame_check(enum uncia_text_kind kind, const char *run, size_t length, size_t *size)
{
	return frame_check_prefix(prefix_of(kind), run, length, size);
}

int frame_check_prefix(const char *prefix, const char *run, size_t length, size_t *size)
{
	const size_t front = strlen(prefix) + 1;
	uint32_t state = bech32m_begin(prefix, front - 1);
	int version = -1, padding = 0;

	assert(length >= front);
	if (!is_of_one_case(run, length) || length - front < BECH32M_CHECKSUM)
		return UNCIA_E_CHANGED;
	const size_t groups = length - front - BECH32M_CHECKSUM;
	for (size_t i = 0; i < length - front; i++) {
		int group = bech32m_group(run[front + i]);
		if (group < 0)
			return UNCIA_E_CHANGED;
		state = bech32m_add(state, (uint8_t)group);
		if (i == 0)
			version = group;
		if (i < groups)
			padding = group;
	}
	if (!bech32m_holds(state))
		return UNCIA_E_CHANGED;
	if (groups == 0)
		return UNCIA_E_ENCODING;
	if (version != VERSION)
		return UNCIA_E_NEWER;
	/* encoding, "Addresses": what remains after whole bytes is fewer than 5 bits, all zero. */
	const unsigned rest = (groups - 1) * 5 % 8;
	if (rest > 4 || (groups > 1 && (padding & ((1 << rest) - 1)) != 0))
		return UNCIA_E_ENCODING;
	*size = (groups - 1) * 5 / 8;
	return 0;
}

bool frame_is_of_a_newer_kind(const char *run, size_t length)
{
	char prefix[PREFIX_MAX];
	size_t size = 0;
	while (size < length && size < PREFIX_MAX && run[size] != '1') {
		prefix[size] = (char)(run[size] >= 'A' && run[size] <= 'Z' ? run[size] - 'A' + 'a' : run[size]);
		size++;
	}
	if (size == 0 || size == PREFIX_MAX || length - size <= 1 + BECH32M_CHECKSUM || !is_of_one_case(run, length))
		return false;
	uint32_t state = bech32m_begin(prefix, size);
	for (size_t i = size + 1; i < length; i++) {
		int group = bech32m_group(run[i]);
		if (group < 0)
			return false;
		state = bech32m_add(state, (uint8_t)group);
	}
	return bech32m_holds(state);
}

void frame_payload(enum uncia_text_kind kind, const char *run, uint8_t *payload, size_t size)
{
	frame_payload_prefix(prefix_of(kind), run, payload, size);
}

void frame_payload_prefix(const char *prefix, const char *run, uint8_t *payload, size_t size)
{
	const char *at = run + strlen(prefix) + 2; /* behind "1" and the version */
	uint32_t pending = 0;
	unsigned bits = 0;

	for (size_t done = 0; done < size; at++) {
		int group = bech32m_group(*at);
		assert(group >= 0); /* frame_check */
		pending = (pending << 5 | (uint32_t)group) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			payload[done++] = (uint8_t)(pending >> bits);
		}
	}
}

int frame_open(enum uncia_text_kind kind, const char *text, char *clean, size_t room, const char **run, size_t *size)
{
	int rc = text_clean(text, &clean_plain, clean, room);
	if (rc)
		return frame_text_kind(text) == kind ? rc : UNCIA_E_ENCODING;
	bool has_scheme = text_begins(clean, FRAME_SCHEME);
	*run = clean + (has_scheme ? strlen(FRAME_SCHEME) : 0);
	if (frame_kind(*run, strlen(*run)) != kind)
		return UNCIA_E_ENCODING;
	return frame_check(kind, *run, strlen(*run), size);
}

int frame_read(enum uncia_text_kind kind, const char *text, const uint8_t *network_id,
               uint8_t payload[FRAME_PAYLOAD_MAX], size_t *size)
{
	char clean[FRAME_CLEAN_MAX];
	const char *run;
	int rc = frame_open(kind, text, clean, sizeof(clean), &run, size);
	if (!rc && *size > FRAME_PAYLOAD_MAX)
		rc = UNCIA_E_LIMIT;
	if (!rc && *size < FRAME_NETWORK)
		rc = UNCIA_E_ENCODING;
	if (!rc)
		frame_payload(kind, run, payload, *size);
	sodium_memzero(clean, sizeof(clean)); /* a claim is a secret */
	if (rc)
		return rc;
	return network_id && memcmp(payload, network_id, FRAME_NETWORK) != 0 ? UNCIA_E_NETWORK : 0;
}

static size_t text_size_of(const char *prefix, size_t payload_size)
{
	return strlen(FRAME_SCHEME) + strlen(prefix) + 2 + (payload_size * 8 + 4) / 5 + BECH32M_CHECKSUM + 1;
}

size_t frame_text_size(enum uncia_text_kind kind, size_t payload_size)
{
	return text_size_of(prefix_of(kind), payload_size);
}

/* A text that grows, and its checksum's state. */
struct frame_writer {
	char *at;
	uint32_t state;
};

static void put_group(struct frame_writer *w, uint8_t group)
{
	w->state = bech32m_add(w->state, group);
	*w->at++ = bech32m_character(group);
}

void frame_write(enum uncia_text_kind kind, const uint8_t *payload, size_t size, char *text)
{
	frame_write_prefix(prefix_of(kind), payload, size, text);
}

void frame_write_prefix(const char *prefix, const uint8_t *payload, size_t size, char *text)
{
	struct frame_writer w = {.at = stpcpy(stpcpy(text, FRAME_SCHEME), prefix),
	                         .state = bech32m_begin(prefix, strlen(prefix))};
	uint32_t pending = 0;
	unsigned bits = 0;

	*w.at++ = '1';
	put_group(&w, VERSION);
	for (size_t i = 0; i < size; i++) {
		pending = (pending << 8 | payload[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			put_group(&w, pending >> (bits - 5) & 31);
	}
	if (bits > 0)
		put_group(&w, (uint8_t)(pending << (5 - bits) & 31));
	bech32m_end(w.state, w.at);
	w.at[BECH32M_CHECKSUM] = '\0';
	assert((size_t)(w.at - text) + BECH32M_CHECKSUM + 1 == text_size_of(prefix, size));
}
