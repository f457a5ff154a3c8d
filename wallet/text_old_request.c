/* Requests as earlier versions wrote them: a URI that says whom, how much and what for, without a checksum. They are
 * read still, and written no more. */
#include <string.h>
#include "address.h"
#include "amount.h"
#include "clean.h"
#include "missing.h"
#include "text_option.h"
#include "utf8.h"

#define TEXT_SIZE   2048
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
	if (text_begins(text, AMOUNT_NAME))
		return parse_amount(text + amount, size - amount, request);
	if (text_begins(text, MEMO_NAME))
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
	return (size_t)(end - text) > size && text_begins(end - size, name);
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
	return last && text_begins(last + 1, AMOUNT_NAME) && !strchr(last, '.');
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

int request_read_old(const char *text, struct uncia_request *request)
{
	struct uncia_request parsed = {.size = sizeof(parsed), .currency = 1};
	char clean[2 * TEXT_SIZE]; /* with line feeds in it */
	int rc = text_clean(text, &clean_request, clean, sizeof(clean));
	if (rc)
		return rc == UNCIA_E_CHANGED && frame_text_kind(text) == UNCIA_TEXT_NONE ? UNCIA_E_ENCODING : rc;
	if (frame_text_kind(text) != UNCIA_TEXT_REQUEST)
		return UNCIA_E_ENCODING;
	bool point = drop_last_marks(clean);
	rc = drop_blanks(clean);
	if (!rc && strlen(clean) >= TEXT_SIZE)
		rc = UNCIA_E_LIMIT;
	/* Behind a point, decimals may have been cut off. */
	if (!rc && point && ends_in_whole_amount(clean))
		rc = UNCIA_E_CHANGED;
	const char *body = clean + strlen(FRAME_SCHEME);
	if (!rc && strlen(clean) < strlen(FRAME_SCHEME))
		rc = UNCIA_E_ADDRESS;
	if (!rc && frame_kind(body, strlen(body)) != UNCIA_TEXT_NONE)
		rc = UNCIA_E_ENCODING;
	if (!rc && !text_begins(body, "unc1") && frame_is_of_a_newer_kind(body, strlen(body)))
		rc = UNCIA_E_NEWER;
	if (!rc)
		rc = request_read_body(clean + strlen(FRAME_SCHEME), &parsed);
	if (!rc)
		*request = parsed;
	return rc;
}
