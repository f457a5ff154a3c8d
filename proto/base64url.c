/* Decoding by libsodium, and a check for characters that it should refuse. See base64url.h. */
#include "base64url.h"
#include <sodium.h>
#include <string.h>
#include "uncia/error.h"

int base64url_decode(const char *text, size_t length, uint8_t *bytes, size_t *size)
{
	const char *end;

	/* libsodium reads characters as signed, and decodes those from 0x80 on as letters. */
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return UNCIA_E_ENCODING;
	if (sodium_base642bin(bytes, length / 4 * 3 + 3, text, length, NULL, size, &end,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    end != text + length)
		return UNCIA_E_ENCODING;
	return 0;
}
