/* Contact texts: who somebody is in a chat and where he is paid, and the digits that two people compare. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "address.h"
#include "handles.h"
#include "sign.h"
#include "text_option.h"
#include "wallet.h"

enum { CHANGED_ADDRESS = 1, HANDLE = 2 };
#define FIXED_SIZE  (FRAME_NETWORK + PUBLIC_KEY_SIZE + SIGNATURE_SIZE)
#define CODE_BASE   UINT64_C(10000000000) /* squared, it is above every code */
#define CODE_DIGITS 20

_Static_assert(UNCIA_CODE_SIZE == CODE_DIGITS + 1, "twenty digits");

int contact_read_payload(const uint8_t *payload, size_t size, struct uncia_contact *contact, const uint8_t **signature)
{
	struct uncia_contact parsed = {.size = sizeof(parsed)};
	struct destination to = {.has_reference = false};
	struct text_option option;
	int rc;
	if (size < FIXED_SIZE)
		return UNCIA_E_ENCODING;
	struct text_options options = {payload + FIXED_SIZE, payload + size, -1};
	while ((rc = text_option_next(&options, &option)) == 1) {
		/* That it was changed is for the ledger to show, and today's knows of no such thing. */
		if (option.type == CHANGED_ADDRESS)
			rc = option.length == ADDRESS_SIZE ? UNCIA_E_NEWER : UNCIA_E_ENCODING;
		else if (option.type == HANDLE)
			rc = text_option_text(&option, parsed.handle, sizeof(parsed.handle)) ||
			             !handle_is_one(parsed.handle)
			         ? UNCIA_E_ENCODING
			         : 0;
		else
			rc = text_option_unknown(&option);
		if (rc)
			return rc;
	}
	if (rc)
		return rc;
	memcpy(parsed.key, payload + FRAME_NETWORK, PUBLIC_KEY_SIZE);
	address_of_key(parsed.key, &to.address);
	destination_format(&to, parsed.address);
	*signature = payload + FRAME_NETWORK + PUBLIC_KEY_SIZE;
	*contact = parsed;
	return 0;
}

static void contact_digest(const uint8_t *network_id, const struct address *address, const char *handle,
                           struct hash *digest)
{
	struct hasher hasher;
	hasher_init(&hasher, HASH_CONTACT);
	hasher_add(&hasher, network_id, HASH_SIZE);
	hasher_add(&hasher, address->b, ADDRESS_SIZE);
	hasher_add(&hasher, handle, strlen(handle));
	hasher_end(&hasher, digest);
}

int uncia_contact_parse(const uint8_t *network_id, const char *text, struct uncia_contact *contact)
{
	struct uncia_contact parsed;
	uint8_t payload[FRAME_PAYLOAD_MAX];
	const uint8_t *signature;
	struct address address;
	struct hash digest;
	size_t size;
	if (!network_id || !text || !contact || contact->size != sizeof(*contact))
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	int rc = frame_read(UNCIA_TEXT_CONTACT, text, network_id, payload, &size);
	if (!rc)
		rc = contact_read_payload(payload, size, &parsed, &signature);
	if (rc)
		return rc;
	address_of_key(parsed.key, &address);
	contact_digest(network_id, &address, parsed.handle, &digest);
	if (!sign_verify(parsed.key, &digest, signature))
		return UNCIA_E_SIGNATURE;
	*contact = parsed;
	return 0;
}

int uncia_wallet_contact(const struct uncia_wallet *w, const char *handle, char text[UNCIA_CHAT_TEXT_SIZE])
{
	uint8_t payload[FRAME_PAYLOAD_MAX], network_id[HASH_SIZE], signature[SIGNATURE_SIZE];
	struct hash digest;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!text)
		return UNCIA_E_ARGUMENT;
	if ((rc = uncia_wallet_network_id(w, network_id)))
		return rc;
	if (handle && (strnlen(handle, UNCIA_HANDLE_SIZE) >= UNCIA_HANDLE_SIZE || !handle_is_one(handle)))
		return UNCIA_E_ENCODING;
	if (!w->secret)
		return UNCIA_E_LOCKED;
	contact_digest(network_id, &w->address, handle ? handle : "", &digest);
	if ((rc = sign_digest(w->secret->key, &digest, signature)))
		return rc;
	uint8_t *at = mempcpy(payload, network_id, FRAME_NETWORK);
	at = mempcpy(at, w->secret->public_key, PUBLIC_KEY_SIZE);
	at = mempcpy(at, signature, SIGNATURE_SIZE);
	if (handle)
		at = text_option_put(at, HANDLE, handle, strlen(handle));
	assert(frame_text_size(UNCIA_TEXT_CONTACT, (size_t)(at - payload)) <= UNCIA_CHAT_TEXT_SIZE);
	frame_write(UNCIA_TEXT_CONTACT, payload, (size_t)(at - payload), text);
	return 0;
}

int uncia_contact_code(const uint8_t *network_id, const char *address, const char *other, char code[UNCIA_CODE_SIZE])
{
	struct destination a, b;
	struct hash hash;
	uint64_t high = 0, low = 0; /* of the remainder, in base CODE_BASE */
	if (!network_id || !address || !other || !code)
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	if (destination_read(address, &a) || destination_read(other, &b))
		return UNCIA_E_ADDRESS;
	int order = memcmp(a.address.b, b.address.b, ADDRESS_SIZE);
	if (order == 0)
		return UNCIA_E_ARGUMENT;
	struct hasher hasher;
	hasher_init(&hasher, HASH_CODE);
	hasher_add(&hasher, network_id, HASH_SIZE);
	hasher_add(&hasher, order < 0 ? a.address.b : b.address.b, ADDRESS_SIZE);
	hasher_add(&hasher, order < 0 ? b.address.b : a.address.b, ADDRESS_SIZE);
	hasher_end(&hasher, &hash);
	/* The first 16 bytes as one number, modulo 10^20, byte by byte. */
	for (int i = 0; i < 16; i++) {
		low = low * 256 + hash.b[i];
		high = (high * 256 + low / CODE_BASE) % CODE_BASE;
		low %= CODE_BASE;
	}
	snprintf(code, UNCIA_CODE_SIZE, "%010" PRIu64 "%010" PRIu64, high, low);
	return 0;
}
