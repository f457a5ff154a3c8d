/* The public functions on amounts, addresses, ids and memos, over proto/. */
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <uncia/uncia.h>
#include "address.h"
#include "amount.h"
#include "clean.h"
#include "frame.h"
#include "hash.h"
#include "utf8.h"

#define ID_ROOM 128 /* above an id and some marks around it */

_Static_assert(UNCIA_ADDRESS_TEXT_SIZE == ADDRESS_TEXT_SIZE, "the public size is proto's");
_Static_assert(UNCIA_AMOUNT_TEXT_SIZE == AMOUNT_TEXT_SIZE, "the public size is proto's");
_Static_assert(ADDRESS_SIZE == 20 && REFERENCE_SIZE == 8, "struct uncia_address has these sizes");

const char *uncia_version(void)
{
	return UNCIA_VERSION;
}

int uncia_version_number(void)
{
	return UNCIA_VERSION_NUMBER;
}

int uncia_amount_parse(const char *text, uint64_t *micro)
{
	if (!text || !micro)
		return UNCIA_E_ARGUMENT;
	return amount_parse(text, micro);
}

void uncia_amount_format(uint64_t micro, char text[UNCIA_AMOUNT_TEXT_SIZE])
{
	if (text)
		amount_format(micro, text);
}

int uncia_address_parse(const char *text, struct uncia_address *address)
{
	struct destination destination;
	if (!text || !address)
		return UNCIA_E_ARGUMENT;
	int rc = destination_read(text, &destination);
	if (rc)
		return rc;
	memset(address, 0, sizeof(*address));
	memcpy(address->account, destination.address.b, ADDRESS_SIZE);
	address->has_reference = destination.has_reference;
	if (destination.has_reference)
		memcpy(address->reference, destination.reference, REFERENCE_SIZE);
	return 0;
}

void uncia_address_format(const struct uncia_address *address, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	if (!address || !text)
		return;
	struct destination destination = {.has_reference = address->has_reference};
	memcpy(destination.address.b, address->account, ADDRESS_SIZE);
	memcpy(destination.reference, address->reference, REFERENCE_SIZE);
	destination_format(&destination, text);
}

int uncia_payment_id_parse(const char *text, struct uncia_payment_id *id)
{
	struct uncia_payment_id parsed;
	char clean[ID_ROOM];
	size_t size;
	if (!text || !id || text_clean(text, &clean_plain, clean, sizeof(clean)) ||
	    strlen(clean) != 2 * sizeof(parsed.b))
		return UNCIA_E_ARGUMENT;
	if (sodium_hex2bin(parsed.b, sizeof(parsed.b), clean, 2 * sizeof(parsed.b), NULL, &size, NULL) ||
	    size != sizeof(parsed.b))
		return UNCIA_E_ARGUMENT;
	*id = parsed;
	return 0;
}

void uncia_payment_id_format(const struct uncia_payment_id *id, char text[UNCIA_ID_TEXT_SIZE])
{
	if (id && text)
		sodium_bin2hex(text, UNCIA_ID_TEXT_SIZE, id->b, sizeof(id->b));
}

enum uncia_text_kind uncia_text_kind(const char *text)
{
	return text ? frame_text_kind(text) : UNCIA_TEXT_NONE;
}

int uncia_memo_check(const char *text)
{
	if (!text)
		return UNCIA_E_ARGUMENT;
	if (strnlen(text, UNCIA_MEMO_SIZE) == UNCIA_MEMO_SIZE)
		return UNCIA_E_LIMIT;
	return utf8_is_plain(text) ? 0 : UNCIA_E_ENCODING;
}

int uncia_memo_hash(const char *text, uint8_t hash[32])
{
	struct hash digest;
	if (!text || !hash)
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	hash1(HASH_MEMO, text, strlen(text), &digest);
	memcpy(hash, digest.b, HASH_SIZE);
	return 0;
}

const char *uncia_pending_text(enum uncia_pending_reason reason)
{
	switch (reason) {
	case UNCIA_PENDING_WAITING:
		return "in line for a block";
	case UNCIA_PENDING_FUNDS:
		return "the balance is too small now";
	case UNCIA_PENDING_KEY:
		return "not the key of this account now";
	case UNCIA_PENDING_TOO_EARLY:
		return "expires more than an hour ahead of the last block";
	case UNCIA_PENDING_AMOUNT:
		return "it would leave less than the smallest amount behind";
	case UNCIA_PENDING_END:
		return "the end of a hold that it opens is too near or too far";
	case UNCIA_PENDING_UNSENT:
		return "no validator has answered yet";
	case UNCIA_PENDING_REFUSED:
		return "a validator would not take it";
	}
	return "for a reason this version does not know";
}

void uncia_text_free(char *text)
{
	free(text);
}
