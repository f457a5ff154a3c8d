/* See old_texts.h. */
#include "old_texts.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clean.h"
#include "hash.h"
#include "receipt.h"

char *old_receipt_text(const void *bytes, size_t size)
{
	const size_t prefix = strlen(RECEIPT_OLD_PREFIX);
	size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = malloc(prefix + room);
	assert(text);
	strcpy(text, RECEIPT_OLD_PREFIX);
	sodium_bin2base64(text + prefix, room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text;
}

void old_request_text(const char *address, amount_t amount, const char *memo, char text[OLD_REQUEST_SIZE])
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *at = stpcpy(stpcpy(text, "uncia:"), address), decimal[AMOUNT_TEXT_SIZE];
	if (amount != 0) {
		amount_format(amount, decimal);
		at = stpcpy(stpcpy(at, "?amount="), decimal);
	}
	if (memo[0] != '\0')
		at = stpcpy(at, amount != 0 ? "&memo=" : "?memo=");
	for (const char *c = memo; *c != '\0'; c++)
		if (strchr(unreserved, *c) && (c[1] != '\0' || !clean_is_mark((uint8_t)*c)))
			*at++ = *c;
		else
			at += sprintf(at, "%%%02X", (uint8_t)*c);
	*at = '\0';
}
