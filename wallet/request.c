/* Requests for payment as text: a URI that says whom, how much and what for. Nothing in here pays. */
#include <assert.h>
#include <string.h>
#include <uncia/uncia.h>
#include "address.h"
#include "amount.h"
#include "clean.h"
#include "missing.h"
#include "utf8.h"

#define SCHEME      "uncia:"
#define AMOUNT_NAME "amount="
#define MEMO_NAME   "memo="

#define AMOUNT_DECIMALS 6

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
				return UNCIA_E_CHANGED;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (!unreserved(c)) {
			return UNCIA_E_CHANGED;
		}
		if (used + 1 == out_size)
			return UNCIA_E_LIMIT;
		out[used++] = c;
	}
	out[used] = '\0';
	return 0;
}

static int parse_amount(const char *text, size_t size, struct uncia_request *request)
{
	char value[AMOUNT_TEXT_SIZE];
	if (request->has_amount || size == 0)
		return UNCIA_E_CHANGED;
	if (size >= sizeof(value))
		return UNCIA_E_AMOUNT;
	memcpy(value, text, size);
	value[size] = '\0';
	request->has_amount = true;
	int rc = amount_parse(value, &request->amount);
	return !rc && request->amount == 0 ? UNCIA_E_AMOUNT : rc;
}

static int parse_memo(const char *text, size_t size, struct uncia_request *request)
{
	if (request->memo[0] != '\0' || size == 0)
		return UNCIA_E_CHANGED;
	int rc = unescape(text, size, request->memo, sizeof(request->memo));
	return !rc && !utf8_is_plain(request->memo) ? UNCIA_E_CHANGED : rc;
}

static int parse_parameter(const char *text, size_t size, struct uncia_request *request)
{
	const size_t amount = strlen(AMOUNT_NAME), memo = strlen(MEMO_NAME);
	if (strncasecmp(text, AMOUNT_NAME, amount) == 0)
		return parse_amount(text + amount, size - amount, request);
	if (strncasecmp(text, MEMO_NAME, memo) == 0)
		return parse_memo(text + memo, size - memo, request);
	return UNCIA_E_CHANGED;
}

/* The value of a parameter that is being read. */
struct value {
	enum { OTHER, AMOUNT, MEMO } of;
	const char *begin;
	bool gap, joined; /* blanks behind its last character; between two of them */
};

static bool is_named(const char *text, const char *end, const char *name)
{
	size_t size = strlen(name);
	return (size_t)(end - text) > size && strncasecmp(end - size, name, size) == 0;
}

/* Whether a value that blanks stood in may be read without them. Decimals show where an amount ends: "5" and a number
 * in the next line would be another amount. */
static bool value_holds(const struct value *value, const char *end)
{
	return value->of != AMOUNT || !value->joined ||
	       (end - value->begin > AMOUNT_DECIMALS + 1 && end[-AMOUNT_DECIMALS - 1] == '.');
}

/* Takes the blanks out that cleaning has left. A space in a memo is refused: whether there was a space, or none and a
 * line was broken there, cannot be told. */
static int drop_blanks(char *text)
{
	char *out = text;
	struct value value = {OTHER, text, false, false};
	for (const char *c = text; *c != '\0'; c++) {
		bool blank = *c == ' ' || *c == '\n', ends = *c == '?' || *c == '&';
		if ((*c == ' ' && value.of == MEMO) || (ends && !value_holds(&value, out)))
			return UNCIA_E_CHANGED;
		if (ends)
			value.of = OTHER;
		value.joined |= value.gap && !blank && out != value.begin;
		value.gap = blank;
		if (blank)
			continue;
		*out++ = *c;
		if (value.of == OTHER && is_named(text, out, AMOUNT_NAME))
			value = (struct value){AMOUNT, out, false, false};
		else if (value.of == OTHER && is_named(text, out, MEMO_NAME))
			value = (struct value){MEMO, out, false, false};
	}
	*out = '\0';
	return value_holds(&value, out) ? 0 : UNCIA_E_CHANGED;
}

/* Takes off the marks and spaces behind the text, none of which a request ends in. Returns whether there was a point
 * among them. */
static bool drop_last_marks(char *text)
{
	size_t size = strlen(text);
	bool point = false;
	for (; size != 0 && (text[size - 1] == ' ' || text[size - 1] == '\n' || clean_is_mark((uint8_t)text[size - 1]));
	     size--)
		point |= text[size - 1] == '.';
	text[size] = '\0';
	return point;
}

/* Whether the last parameter is an amount without decimals. */
static bool ends_in_whole_amount(const char *text)
{
	const char *question = strrchr(text, '?'), *last = strrchr(question ? question : text, '&');
	last = last ? last : question;
	return last && strncasecmp(last + 1, AMOUNT_NAME, strlen(AMOUNT_NAME)) == 0 && !strchr(last, '.');
}

/* Whether it was turned into capitals on its way, so that nobody knows which letters of the memo were. */
static bool memo_lost_its_case(const char *text, const char *memo)
{
	return strncmp(text, "UNC1", 4) == 0 && strpbrk(memo, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
	       !strpbrk(memo, "abcdefghijklmnopqrstuvwxyz");
}

/* Reads what stands behind the scheme. */
static int request_read_body(char *text, struct uncia_request *parsed)
{
	struct destination destination;
	size_t size = strcspn(text, "?");
	if (size >= sizeof(parsed->address))
		return UNCIA_E_ADDRESS;
	memcpy(parsed->address, text, size);
	int rc = destination_parse(parsed->address, &destination);
	if (rc)
		return rc;
	destination_format(&destination, parsed->address);
	const char *at = text + size;
	/* "?a&b": each separator must be followed by a parameter. */
	for (char separator = '?'; !rc && *at == separator; separator = '&') {
		size = strcspn(++at, "&");
		rc = parse_parameter(at, size, parsed);
		at += size;
	}
	return !rc && memo_lost_its_case(text, parsed->memo) ? UNCIA_E_CHANGED : rc;
}

int uncia_request_parse(const char *text, struct uncia_request *request)
{
	struct uncia_request parsed = {.size = sizeof(parsed)};
	char clean[2 * UNCIA_REQUEST_TEXT_SIZE]; /* with line feeds in it */
	if (!text || !request || request->size != sizeof(*request))
		return UNCIA_E_ARGUMENT;
	int rc = text_clean(text, &clean_request, clean, sizeof(clean));
	if (rc)
		return rc == UNCIA_E_CHANGED && uncia_text_kind(text) == UNCIA_TEXT_NONE ? UNCIA_E_ENCODING : rc;
	if (uncia_text_kind(text) != UNCIA_TEXT_REQUEST)
		return UNCIA_E_ENCODING;
	bool point = drop_last_marks(clean);
	rc = drop_blanks(clean);
	if (!rc && strlen(clean) >= UNCIA_REQUEST_TEXT_SIZE)
		rc = UNCIA_E_LIMIT;
	/* Behind a point, decimals may have been cut off. */
	if (!rc && point && ends_in_whole_amount(clean))
		rc = UNCIA_E_CHANGED;
	if (!rc)
		rc = strlen(clean) < strlen(SCHEME) ? UNCIA_E_ADDRESS
		                                    : request_read_body(clean + strlen(SCHEME), &parsed);
	if (rc)
		return rc;
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
	int rc = destination_read(request->address, &destination);
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
			/* A mark at the end of the text would be taken for one that came to stand there on the way. */
			if (unreserved(*c) && (c[1] != '\0' || !clean_is_mark((uint8_t)*c))) {
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
