/* Texts of the API. */
#include "forms.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

#define REASON_SIZE 600

int api_error(json_t **body, int status, const char *code, const char *format, ...)
{
	char reason[REASON_SIZE];
	va_list list;

	va_start(list, format);
	vsnprintf(reason, sizeof(reason), format, list);
	va_end(list);
	json_t *text = json_string(reason);
	if (!text) /* a text of somebody else's that was cut within a character */
		text = json_string("the reason cannot be shown");
	*body = json_pack("{s:i, s:o, s:s}", "v", 1, "error", text, "code", code);
	return status;
}

int api_database_error(json_t **body, const struct database *database, int error)
{
	const char *why = database ? database->why : "";

	switch (error) {
	case UNCIA_E_NOT_FOUND:
		return api_error(body, API_UNAVAILABLE, "starting", "nothing has been indexed yet");
	case UNCIA_E_FULL:
		return api_error(body, API_UNAVAILABLE, "busy", "too much is asked at once: %s", why);
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_BUSY:
		return api_error(body, API_UNAVAILABLE, "database", "the database does not answer: %s", why);
	default:
		return api_error(body, API_FAILED, "database", "the database: %s", why);
	}
}

json_t *form_amount(amount_t amount)
{
	char text[AMOUNT_TEXT_SIZE];

	amount_format(amount, text);
	return json_string(text);
}

json_t *form_hex(const void *bytes, size_t size)
{
	char text[2 * 64 + 1];

	if (size > 64)
		return NULL;
	sodium_bin2hex(text, sizeof(text), bytes, size);
	return json_string(text);
}

json_t *form_entry(const struct entry_id *id)
{
	char text[ADDRESS_TEXT_SIZE] = HOLD_TEXT_PREFIX;

	if (id->kind == ENTRY_HOLD) {
		sodium_bin2hex(text + strlen(text), sizeof(text) - strlen(text), id->address.b, ADDRESS_SIZE);
	} else {
		struct destination destination = {.address = id->address};
		destination_format(&destination, text);
	}
	return json_string(text);
}

json_t *form_place(const struct position *at)
{
	return json_sprintf("%llu.%lu", (unsigned long long)at->height, (unsigned long)at->index);
}

static bool read_hex(const char *text, size_t digits, uint8_t *bytes)
{
	size_t size;

	return strlen(text) == digits && strspn(text, "0123456789abcdefABCDEF") == digits &&
	       sodium_hex2bin(bytes, digits / 2, text, digits, NULL, &size, NULL) == 0 && size == digits / 2;
}

bool form_read_id(const char *text, uint8_t id[HASH_SIZE])
{
	return read_hex(text, (size_t)2 * HASH_SIZE, id);
}

bool form_read_entry(const char *text, struct entry_id *id)
{
	struct destination destination;

	if (!strncmp(text, HOLD_TEXT_PREFIX, strlen(HOLD_TEXT_PREFIX))) {
		id->kind = ENTRY_HOLD;
		return read_hex(text + strlen(HOLD_TEXT_PREFIX), (size_t)2 * ADDRESS_SIZE, id->address.b);
	}
	if (destination_read(text, &destination))
		return false;
	*id = account_id(&destination.address);
	return true;
}

bool form_read_number(const char *text, uint64_t max, uint64_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 19 || text[digits])
		return false;
	*number = strtoull(text, NULL, 10);
	return *number <= max;
}

bool form_read_place(const char *text, struct position *at)
{
	char height[24] = "";
	const char *point = strchr(text, '.');
	uint64_t number, index;

	if (!point || (size_t)(point - text) >= sizeof(height))
		return false;
	memcpy(height, text, (size_t)(point - text));
	if (!form_read_number(height, INT64_MAX, &number) || !form_read_number(point + 1, INT32_MAX, &index))
		return false;
	*at = (struct position){number, (uint32_t)index};
	return true;
}

bool form_read_limit(const char *limit, uint64_t *number)
{
	*number = API_PAGE_DEFAULT;
	return !limit || (form_read_number(limit, API_PAGE_MAX, number) && *number);
}

struct parameter parameter_bigint(uint8_t bytes[8], uint64_t value)
{
	be64_put(bytes, value);
	return (struct parameter){bytes, 8};
}

struct parameter parameter_integer(uint8_t bytes[4], uint32_t value)
{
	be32_put(bytes, value);
	return (struct parameter){bytes, 4};
}

struct parameter parameter_smallint(uint8_t bytes[2], uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
	return (struct parameter){bytes, 2};
}
