/* Reads network files and configurations, and the addresses in them. What a file means is its reader's part. */
#include "ini_text.h"
#include <assert.h>
#include <string.h>

#define STRING_OF(x)    #x
#define NUMBER_OF(x)    STRING_OF(x)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void ini_begin(struct ini_reader *r, const char *text, size_t size)
{
	assert(text || size == 0);
	memset(r, 0, sizeof(*r));
	r->section = r->section_text;
	r->at = text;
	r->end = text + size;
	if (size >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		r->at += strlen(BYTE_ORDER_MARK);
}

static enum ini_line ini_wrong(struct ini_reader *r, const char *what)
{
	r->wrong = what;
	r->at = r->end;
	return INI_WRONG;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes blanks off both ends of a string, in place. */
static char *trimmed(char *text)
{
	while (is_blank(*text))
		text++;
	size_t size = strlen(text);
	while (size > 0 && is_blank(text[size - 1]))
		size--;
	text[size] = '\0';
	return text;
}

/* Copies the next line without its end and its outer blanks. Returns NULL, or what is wrong with it. */
static const char *ini_take_line(struct ini_reader *r, char **line)
{
	const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at)), *stop = newline ? newline : r->end;
	size_t size = (size_t)(stop - r->at);
	if (newline && size > 0 && stop[-1] == '\r')
		size--;
	r->line++;
	if (size > INI_LINE_MAX)
		return "the line is longer than " NUMBER_OF(INI_LINE_MAX) " bytes";
	memcpy(r->text, r->at, size);
	r->text[size] = '\0';
	r->at = newline ? newline + 1 : r->end;
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)r->text[i] < ' ' && r->text[i] != '\t') || r->text[i] == '\x7f')
			return "there is a control character in it";
	*line = trimmed(r->text);
	return NULL;
}

static enum ini_line ini_section(struct ini_reader *r, char *line)
{
	char *stop = strchr(line, ']');
	if (!stop)
		return ini_wrong(r, "neither a [section] nor key = value");
	if (stop[1] != '\0')
		return ini_wrong(r, "something stands behind the [section]");
	*stop = '\0';
	strcpy(r->section_text, line + 1);
	return INI_SECTION;
}

static enum ini_line ini_value(struct ini_reader *r, char *line)
{
	char *equals = strchr(line, '=');
	if (!equals)
		return ini_wrong(r, "neither a [section] nor key = value");
	*equals = '\0';
	r->name = trimmed(line);
	r->value = trimmed(equals + 1);
	if (*r->name == '\0')
		return ini_wrong(r, "there is no key before '='");
	if (*r->value == '\0')
		return ini_wrong(r, "there is no value behind '='");
	return INI_VALUE;
}

/* What stands behind "#:". Where it is no name and value, it is a comment to everybody. */
static bool ini_note(struct ini_reader *r, char *text)
{
	char *equals = strchr(text, '=');
	if (!equals)
		return false;
	*equals = '\0';
	r->name = trimmed(text);
	r->value = trimmed(equals + 1);
	return *r->name && *r->value;
}

enum ini_line ini_next(struct ini_reader *r)
{
	r->name = r->value = NULL;
	while (r->at < r->end) {
		char *line;
		const char *wrong = ini_take_line(r, &line);
		if (wrong)
			return ini_wrong(r, wrong);
		if (r->notes && line[0] == '#' && line[1] == ':' && ini_note(r, line + 2))
			return INI_NOTE;
		if (*line == '\0' || *line == '#' || *line == ';')
			continue;
		return *line == '[' ? ini_section(r, line) : ini_value(r, line);
	}
	return r->wrong ? INI_WRONG : INI_END;
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 1 to 65535, decimal, without a leading zero. */
static bool port_parse(const char *text, uint16_t *port)
{
	unsigned long value = 0;
	size_t size = strlen(text);
	if (size < 1 || size > 5 || text[0] == '0' || strspn(text, "0123456789") != size)
		return false;
	for (size_t i = 0; i < size; i++)
		value = value * 10 + (unsigned long)(text[i] - '0');
	if (value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

bool host_port_parse(const char *text, char host[HOST_SIZE_MAX], uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *from = text;
	if (!colon)
		return false;
	size_t size = (size_t)(colon - text);
	bool bracketed = size > 2 && text[0] == '[' && colon[-1] == ']';
	if (bracketed) {
		from++;
		size -= 2;
	}
	if (size == 0 || size >= HOST_SIZE_MAX || (bracketed && !memchr(from, ':', size)))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_letter_or_digit(from[i]) && !strchr(bracketed ? ":%.-_" : ".-_", from[i]))
			return false;
	if (!port_parse(colon + 1, port))
		return false;
	memcpy(host, from, size);
	host[size] = '\0';
	return true;
}

bool websocket_url_good(const char *text)
{
	const char *host = strncmp(text, "ws://", 5) == 0 ? text + 5 : strncmp(text, "wss://", 6) == 0 ? text + 6 : "";
	if (strlen(text) >= WEBSOCKET_URL_SIZE_MAX || (!is_letter_or_digit(*host) && *host != '['))
		return false;
	for (const char *c = host; *c; c++)
		if (!is_letter_or_digit(*c) && !strchr("-._~:/?[]@!$&'()*+,;=%", *c))
			return false;
	return true;
}
