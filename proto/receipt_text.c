/* Receipts as text: the form of today, and the one that earlier versions wrote. */
#include <stdlib.h>
#include <string.h>
#include "base64url.h"
#include "clean.h"
#include "frame.h"
#include "receipt.h"
#include "uncia/error.h"

int receipt_format(const struct hash *network_id, const void *bytes, size_t size, char **text)
{
	if (size > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	uint8_t *payload = malloc(FRAME_NETWORK + size);
	char *fresh = malloc(frame_text_size(UNCIA_TEXT_RECEIPT, FRAME_NETWORK + size));
	if (payload && fresh) {
		memcpy(payload, network_id->b, FRAME_NETWORK);
		memcpy(payload + FRAME_NETWORK, bytes, size);
		frame_write(UNCIA_TEXT_RECEIPT, payload, FRAME_NETWORK + size, fresh);
		*text = fresh;
	} else {
		free(fresh);
		fresh = NULL;
	}
	free(payload);
	return fresh ? 0 : UNCIA_E_MEMORY;
}

/* The form that earlier versions wrote, cleaned: base64url behind "uncia-receipt-1:". Returns as receipt_parse. */
static int read_old(const char *text, uint8_t **bytes, size_t *size)
{
	const size_t prefix = strlen(RECEIPT_OLD_PREFIX);
	if (strncmp(text, RECEIPT_OLD_PREFIX, prefix) != 0)
		return UNCIA_E_CHANGED;
	text += prefix;
	size_t length = strlen(text), decoded_size;
	if (length >= sodium_base64_ENCODED_LEN(RECEIPT_SIZE_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
		return UNCIA_E_LIMIT;
	uint8_t *fresh = malloc(length / 4 * 3 + 3);
	if (!fresh)
		return UNCIA_E_MEMORY;
	if (length == 0 || base64url_decode(text, length, fresh, &decoded_size)) {
		free(fresh);
		return UNCIA_E_CHANGED;
	}
	*bytes = fresh;
	*size = decoded_size;
	return 0;
}

/* The form of today. clean: room for the text. Returns as receipt_parse. */
static int read_framed(const struct hash *network_id, const char *text, char *clean, size_t room, uint8_t **bytes,
                       size_t *size)
{
	const char *run;
	size_t payload_size;
	int rc = frame_open(UNCIA_TEXT_RECEIPT, text, clean, room, &run, &payload_size);
	if (rc)
		return rc;
	if (payload_size <= FRAME_NETWORK)
		return UNCIA_E_ENCODING;
	if (payload_size - FRAME_NETWORK > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	uint8_t *payload = malloc(payload_size);
	if (!payload)
		return UNCIA_E_MEMORY;
	frame_payload(UNCIA_TEXT_RECEIPT, run, payload, payload_size);
	if (memcmp(payload, network_id->b, FRAME_NETWORK) != 0) {
		free(payload);
		return UNCIA_E_NETWORK;
	}
	*size = payload_size - FRAME_NETWORK;
	memmove(payload, payload + FRAME_NETWORK, *size);
	*bytes = payload;
	return 0;
}

int receipt_parse(const struct hash *network_id, const char *text, uint8_t **bytes, size_t *size)
{
	static const char old[] = "uncia-receipt-";
	size_t room = strnlen(text, CLEAN_TEXT_MAX) + 2;
	char *clean = malloc(room);
	if (!clean)
		return UNCIA_E_MEMORY;
	int rc = text_clean(text, &clean_receipt, clean, room);
	if (!rc && text_begins(clean, old))
		rc = read_old(clean, bytes, size);
	else if (!rc || rc == UNCIA_E_CHANGED)
		rc = read_framed(network_id, text, clean, room, bytes, size);
	free(clean);
	return rc;
}
