/* Requests to be paid, as texts for chats. Nothing in here pays. */
#include <assert.h>
#include <string.h>
#include "address.h"
#include "big_endian.h"
#include "sign.h"
#include "text_option.h"
#include "utf8.h"
#include "wallet.h"

enum { REFERENCE = 1, AMOUNT = 2, CURRENCY = 3, END = 4, LOCK = 5, MEMO = 6, SIGNATURE = 7 };
#define FIXED_SIZE (FRAME_NETWORK + ADDRESS_SIZE)
#define LOCK_SIZE  32u

_Static_assert(UNCIA_REQUEST_KEY_SIZE == 2 * HASH_SIZE + 1, "the key is the digits of a hash");

/* ---- reading --------------------------------------------------------------------------------- */

static int take_option(const struct text_option *o, struct uncia_request *request, struct destination *to)
{
	static const uint8_t sizes[] = {
	    [REFERENCE] = REFERENCE_SIZE, [AMOUNT] = 8, [CURRENCY] = 1, [END] = 4, [LOCK] = LOCK_SIZE + PUBLIC_KEY_SIZE,
	    [SIGNATURE] = SIGNATURE_SIZE};
	if (o->type < sizeof(sizes) && sizes[o->type] != 0 && o->length != sizes[o->type])
		return UNCIA_E_ENCODING;
	switch (o->type) {
	case REFERENCE:
		to->has_reference = true;
		memcpy(to->reference, o->value, REFERENCE_SIZE);
		return 0;
	case AMOUNT:
		request->has_amount = true;
		request->amount = be64_get(o->value);
		return request->amount != 0 ? 0 : UNCIA_E_ENCODING;
	case CURRENCY: /* the first one is left out */
		request->currency = *o->value;
		return request->currency > 1 ? 0 : UNCIA_E_ENCODING;
	case END:
		request->ends_at = be32_get(o->value);
		return request->ends_at != 0 ? 0 : UNCIA_E_ENCODING;
	case LOCK:
		request->has_lock = true;
		memcpy(request->lock, o->value, LOCK_SIZE);
		memcpy(request->lock_key, o->value + LOCK_SIZE, PUBLIC_KEY_SIZE);
		return 0;
	case MEMO:
		return text_option_text(o, request->memo, UNCIA_CHAT_MEMO_SIZE);
	case SIGNATURE:
		return 0;
	default:
		return text_option_unknown(o);
	}
}

int request_read_payload(const uint8_t *payload, size_t size, struct uncia_request *request, size_t *signed_size)
{
	struct uncia_request parsed = {.size = sizeof(parsed), .currency = 1, .checked = true};
	struct destination to = {.has_reference = false};
	struct text_option option;
	struct hash key;
	int rc;
	if (size < FIXED_SIZE)
		return UNCIA_E_ENCODING;
	struct text_options options = {payload + FIXED_SIZE, payload + size, -1};
	memcpy(to.address.b, payload + FRAME_NETWORK, ADDRESS_SIZE);
	*signed_size = 0;
	while ((rc = text_option_next(&options, &option)) == 1) {
		/* Nothing stands behind the signature, so that nobody adds to what is signed. */
		if ((rc = *signed_size != 0 ? UNCIA_E_ENCODING : take_option(&option, &parsed, &to)))
			return rc;
		if (option.type == SIGNATURE)
			*signed_size = (size_t)(option.value - 2 - payload);
	}
	if (rc || parsed.has_lock != (*signed_size != 0) || (parsed.has_lock && parsed.memo[0] != '\0'))
		return UNCIA_E_ENCODING;
	destination_format(&to, parsed.address);
	hash1(HASH_REQUEST, payload, size, &key);
	sodium_bin2hex(parsed.key, sizeof(parsed.key), key.b, HASH_SIZE);
	*request = parsed;
	return 0;
}

/* Whether the key of the address has signed it all: a lock of somebody else's under this address would show the one and
 * pay the other. */
static bool request_is_signed(const uint8_t *network_id, const uint8_t *payload, size_t signed_size,
                              const struct uncia_request *request)
{
	struct destination to;
	struct address of_key;
	struct hash digest;
	address_of_key(request->lock_key, &of_key);
	hash2(HASH_ASK, network_id, HASH_SIZE, payload, signed_size, &digest);
	return !destination_parse(request->address, &to) && address_equal(&of_key, &to.address) &&
	       sign_verify(request->lock_key, &digest, payload + signed_size + 2);
}

int uncia_request_parse(const uint8_t *network_id, const char *text, struct uncia_request *request)
{
	struct uncia_request parsed;
	uint8_t payload[FRAME_PAYLOAD_MAX];
	size_t size, signed_size;
	if (!text || !request || request->size != sizeof(*request))
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	int rc = frame_read(UNCIA_TEXT_REQUEST, text, network_id, payload, &size);
	if ((rc == UNCIA_E_ENCODING || rc == UNCIA_E_LIMIT) && frame_text_kind(text) == UNCIA_TEXT_REQUEST) {
		/* Of the older form, unless it was made wrongly: then it is none of that either. */
		int old = request_read_old(text, request);
		return old == UNCIA_E_ENCODING ? rc : old;
	}
	if (!rc)
		rc = request_read_payload(payload, size, &parsed, &signed_size);
	if (!rc && parsed.has_lock && !network_id)
		rc = UNCIA_E_NETWORK;
	if (!rc && parsed.has_lock && !request_is_signed(network_id, payload, signed_size, &parsed))
		rc = UNCIA_E_SIGNATURE;
	if (!rc)
		*request = parsed;
	return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int request_writable(const struct uncia_request *request)
{
	if (!memchr(request->address, 0, sizeof(request->address)) || !memchr(request->memo, 0, sizeof(request->memo)))
		return UNCIA_E_ARGUMENT;
	if (request->has_amount && request->amount == 0)
		return UNCIA_E_AMOUNT;
	if (strlen(request->memo) >= UNCIA_CHAT_MEMO_SIZE)
		return UNCIA_E_LIMIT;
	if (request->has_lock && request->memo[0] != '\0')
		return UNCIA_E_ARGUMENT;
	return utf8_is_plain(request->memo) ? 0 : UNCIA_E_ENCODING;
}

/* The payload, without a signature. Returns where that goes. */
static uint8_t *request_put(uint8_t payload[FRAME_PAYLOAD_MAX], const uint8_t *network_id, const struct destination *to,
                            const struct uncia_request *request)
{
	uint8_t number[8], lock[LOCK_SIZE + PUBLIC_KEY_SIZE];
	uint8_t *at = mempcpy(payload, network_id, FRAME_NETWORK);
	at = mempcpy(at, to->address.b, ADDRESS_SIZE);
	if (to->has_reference)
		at = text_option_put(at, REFERENCE, to->reference, REFERENCE_SIZE);
	if (request->has_amount) {
		be64_put(number, request->amount);
		at = text_option_put(at, AMOUNT, number, 8);
	}
	if (request->currency > 1)
		at = text_option_put(at, CURRENCY, &request->currency, 1);
	if (request->ends_at != 0) {
		be32_put(number, request->ends_at);
		at = text_option_put(at, END, number, 4);
	}
	if (request->has_lock) {
		memcpy(mempcpy(lock, request->lock, LOCK_SIZE), request->lock_key, PUBLIC_KEY_SIZE);
		at = text_option_put(at, LOCK, lock, sizeof(lock));
	}
	if (request->memo[0] != '\0')
		at = text_option_put(at, MEMO, request->memo, strlen(request->memo));
	return at;
}

/* Writes a payload that is whole. Out: *read, what it says. */
static void request_finish(const uint8_t *payload, const uint8_t *end, struct uncia_request *read,
                           char text[UNCIA_CHAT_TEXT_SIZE])
{
	size_t size = (size_t)(end - payload), signed_size;
	int rc = request_read_payload(payload, size, read, &signed_size);
	assert(rc == 0 && frame_text_size(UNCIA_TEXT_REQUEST, size) <= UNCIA_CHAT_TEXT_SIZE);
	(void)rc;
	frame_write(UNCIA_TEXT_REQUEST, payload, size, text);
}

int uncia_request_format(const uint8_t *network_id, const struct uncia_request *request,
                         char text[UNCIA_CHAT_TEXT_SIZE])
{
	uint8_t payload[FRAME_PAYLOAD_MAX];
	struct uncia_request read;
	struct destination to;
	if (!network_id || !request || !text || request->size != sizeof(*request) || request->has_lock)
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	int rc = request_writable(request);
	if (!rc)
		rc = destination_read(request->address, &to);
	if (!rc)
		request_finish(payload, request_put(payload, network_id, &to, request), &read, text);
	return rc;
}

/* Where it is to be paid: at this wallet, under a reference. */
static int request_destination(const struct uncia_wallet *w, const char *address, struct destination *to)
{
	int rc = 0;
	*to = (struct destination){.address = w->address};
	if (address[0] != '\0' && (rc = destination_read(address, to)))
		return rc;
	if (!address_equal(&to->address, &w->address))
		return UNCIA_E_ADDRESS;
	if (!to->has_reference)
		rc = host_random(&w->host, to->reference, REFERENCE_SIZE);
	to->has_reference = true;
	return rc;
}

int uncia_wallet_request(struct uncia_wallet *w, struct uncia_request *request, char text[UNCIA_CHAT_TEXT_SIZE])
{
	uint8_t payload[FRAME_PAYLOAD_MAX], network_id[HASH_SIZE], signature[SIGNATURE_SIZE];
	struct destination to;
	struct hash digest;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!request || !text || request->size != sizeof(*request))
		return UNCIA_E_ARGUMENT;
	if ((rc = uncia_wallet_network_id(w, network_id)) || (rc = request_writable(request)))
		return rc;
	if (!w->secret)
		return UNCIA_E_LOCKED;
	if ((rc = request_destination(w, request->address, &to)))
		return rc;
	struct uncia_request wanted = *request;
	memcpy(wanted.lock_key, w->secret->public_key, PUBLIC_KEY_SIZE);
	uint8_t *end = request_put(payload, network_id, &to, &wanted);
	if (request->has_lock) {
		hash2(HASH_ASK, network_id, HASH_SIZE, payload, (size_t)(end - payload), &digest);
		if ((rc = sign_digest(w->secret->key, &digest, signature)))
			return rc;
		end = text_option_put(end, SIGNATURE, signature, SIGNATURE_SIZE);
	}
	request_finish(payload, end, request, text);
	return 0;
}
