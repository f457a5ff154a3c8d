/* Requests for payment as text: a URI that says whom, how much and what for. Nothing in here pays. */
#include <assert.h>
#include <string.h>
#include <uncia/uncia.h>
#include "address.h"
#include "amount.h"
#include "utf8.h"

#define SCHEME "uncia:"

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	                              : -1;
}

/* RFC 3986, "unreserved". */
static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c));
}

static int unescape(const char *text, size_t size, char *out, size_t out_size)
{
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c == '%') {
			int high = size - i > 2 ? hex_value(text[i + 1]) : -1;
			int low = size - i > 2 ? hex_value(text[i + 2]) : -1;
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return UNCIA_E_ENCODING;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (!unreserved(c)) {
			return UNCIA_E_ENCODING;
		}
		if (used + 1 == out_size)
			return UNCIA_E_LIMIT;
		out[used++] = c;
	}
	out[used] = '\0';
	return 0;
}

static int parse_parameter(const char *text, size_t size, struct uncia_request *request)
{
	static const char amount[] = "amount=", memo[] = "memo=";
	if (size > sizeof(amount) - 1 && memcmp(text, amount, sizeof(amount) - 1) == 0) {
		char value[AMOUNT_TEXT_SIZE];
		size -= sizeof(amount) - 1;
		if (request->has_amount)
			return UNCIA_E_ENCODING;
		if (size >= sizeof(value))
			return UNCIA_E_AMOUNT;
		memcpy(value, text + sizeof(amount) - 1, size);
		value[size] = '\0';
		request->has_amount = true;
		int rc = amount_parse(value, &request->amount);
		return !rc && request->amount == 0 ? UNCIA_E_AMOUNT : rc;
	}
	if (size > sizeof(memo) - 1 && memcmp(text, memo, sizeof(memo) - 1) == 0) {
		if (request->memo[0] != '\0')
			return UNCIA_E_ENCODING;
		int rc =
		    unescape(text + sizeof(memo) - 1, size - (sizeof(memo) - 1), request->memo, sizeof(request->memo));
		return !rc && !utf8_is_plain(request->memo) ? UNCIA_E_ENCODING : rc;
	}
	return UNCIA_E_ENCODING;
}

int uncia_request_parse(const char *text, struct uncia_request *request)
{
	struct uncia_request parsed = {.size = sizeof(parsed)};
	struct destination destination;
	if (!text || !request || request->size != sizeof(*request))
		return UNCIA_E_ARGUMENT;
	if (strnlen(text, UNCIA_REQUEST_TEXT_SIZE) == UNCIA_REQUEST_TEXT_SIZE)
		return UNCIA_E_LIMIT;
	if (strncmp(text, SCHEME, sizeof(SCHEME) - 1) != 0)
		return UNCIA_E_ENCODING;
	text += sizeof(SCHEME) - 1;
	size_t size = strcspn(text, "?");
	if (size >= sizeof(parsed.address))
		return UNCIA_E_ADDRESS;
	memcpy(parsed.address, text, size);
	int rc = destination_parse(parsed.address, &destination);
	if (rc)
		return rc;
	destination_format(&destination, parsed.address);
	text += size;
	/* "?a&b": each separator must be followed by a parameter. */
	for (char separator = '?'; *text == separator; separator = '&') {
		size = strcspn(++text, "&");
		if ((rc = parse_parameter(text, size, &parsed)))
			return rc;
		text += size;
	}
	*request = parsed;
	return 0;
}

int uncia_request_format(const struct uncia_request *request, char text[UNCIA_REQUEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	struct destination destination;
	char built[UNCIA_REQUEST_TEXT_SIZE], address[ADDRESS_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE];
	_Static_assert(sizeof(SCHEME) + ADDRESS_TEXT_SIZE + AMOUNT_TEXT_SIZE + 3 * UNCIA_MEMO_SIZE + 16 <=
	                   sizeof(built),
	               "every request fits");
	if (!request || !text || request->size != sizeof(*request) ||
	    !memchr(request->address, 0, sizeof(request->address)) || !memchr(request->memo, 0, sizeof(request->memo)))
		return UNCIA_E_ARGUMENT;
	int rc = destination_parse(request->address, &destination);
	if (rc)
		return rc;
	if (request->has_amount && request->amount == 0)
		return UNCIA_E_AMOUNT;
	if (!utf8_is_plain(request->memo))
		return UNCIA_E_ENCODING;
	destination_format(&destination, address);
	char *at = stpcpy(stpcpy(built, SCHEME), address);
	if (request->has_amount) {
		amount_format(request->amount, amount);
		at = stpcpy(stpcpy(at, "?amount="), amount);
	}
	if (request->memo[0] != '\0') {
		at = stpcpy(at, request->has_amount ? "&memo=" : "?memo=");
		for (const char *c = request->memo; *c != '\0'; c++) {
			if (unreserved(*c)) {
				*at++ = *c;
				continue;
			}
			*at++ = '%';
			*at++ = digits[(uint8_t)*c >> 4];
			*at++ = digits[(uint8_t)*c & 15];
		}
		*at = '\0';
	}
	assert(at < built + sizeof(built));
	strcpy(text, built);
	return 0;
}
