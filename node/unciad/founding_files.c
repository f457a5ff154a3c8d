/* Takes the texts of a file apart, and reads each. */
#include "founding_files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clean.h"
#include "command.h"
#include "files.h"
#include "frame.h"
#include "keys.h"
#include "uncia/error.h"

#define TEXTS_MAX (2u * COMMITTEE_SIZE_MAX) /* of one file: more is no file of these */

/* What is to be done with one text, cleaned: an exit code. */
struct text_taker {
	int (*take)(void *context, const char *path, const char *text);
	void *context;
};

static int refuse_characters(const char *path)
{
	return command_error(
	    EXIT_USAGE, "%s: it has characters that no such text has: put the text alone into a file, as it was sent",
	    path);
}

/* Where the next text begins, behind the beginning of this one: at its scheme, since no text has a colon in it. */
static char *next_text(char *text)
{
	for (char *at = text + 1; *at; at++)
		if (text_begins(at, FRAME_SCHEME))
			return at;
	return NULL;
}

/* clean: the whole file; text: as much room. Each is cleaned once more, of the marks that stood between two. */
static int take_texts(const char *path, char *clean, char *text, size_t room, const struct text_taker *taker)
{
	size_t count = 0;
	int code = 0;
	for (char *at = clean, *next; !code && at && *at; at = next) {
		if (++count > TEXTS_MAX)
			return command_error(EXIT_USAGE, "%s: more than %u texts", path, TEXTS_MAX);
		next = next_text(at);
		char first = next ? *next : '\0';
		if (next)
			*next = '\0';
		if (text_clean(at, &clean_plain, text, room))
			return refuse_characters(path);
		code = taker->take(taker->context, path, text);
		if (next)
			*next = first;
	}
	if (!code && !count)
		return command_error(EXIT_USAGE, "%s: there is no text in it", path);
	return code;
}

/* Reads a file, cleans it as a whole, and hands over its texts one by one. */
static int read_texts(const char *path, const struct text_taker *taker)
{
	uint8_t *bytes;
	size_t size;
	int code = file_read(path, CLEAN_TEXT_MAX, false, &bytes, &size);
	if (code)
		return code == EXIT_MISMATCH ? EXIT_USAGE : code; /* a file that is given is no stored one */
	char *clean = malloc(size + 1), *text = malloc(size + 1);
	if (!clean || !text)
		code = command_error(EXIT_FAILED, "out of memory");
	else if (memchr(bytes, 0, size) || text_clean((const char *)bytes, &clean_plain, clean, size + 1))
		code = refuse_characters(path);
	else
		code = take_texts(path, clean, text, size + 1, taker);
	free(clean);
	free(text);
	free(bytes);
	return code;
}

/* Why a text could not be read, and what to do. what: "an operator's line". */
static int refuse_founding_text(const char *path, int error, const char *what)
{
	if (error == UNCIA_E_CHANGED)
		return command_error(EXIT_USAGE,
		                     "%s: it was changed or cut on its way: have it sent again, or put the text alone "
		                     "into a file",
		                     path);
	if (error == UNCIA_E_NEWER)
		return command_error(EXIT_USAGE, "%s: it was made by a newer unciad: use the same release", path);
	return command_error(EXIT_USAGE, "%s: not %s: put the text alone into a file, as it was sent", path, what);
}

static void key_beginning(const uint8_t key[PUBLIC_KEY_SIZE], char text[17])
{
	hex_format(key, 8, text);
}

/* ---- lines --------------------------------------------------------------------------------- */

const struct operator_line *operator_lines_find(const struct operator_lines *lines,
                                                const uint8_t consensus_key[PUBLIC_KEY_SIZE])
{
	for (size_t i = 0; i < lines->count; i++)
		if (!memcmp(lines->items[i].validator.consensus_key, consensus_key, PUBLIC_KEY_SIZE))
			return &lines->items[i];
	return NULL;
}

static int refuse_proofs(const char *path, const struct operator_line *line, int error)
{
	char key[17];
	key_beginning(line->validator.consensus_key, key);
	return command_error(EXIT_MISMATCH,
	                     "%s: the line of key %s… is not as its operator made it: the signature of its %s key does "
	                     "not hold. Have him make it again with  unciad genesis line",
	                     path, key, error == UNCIA_E_SIGNATURE ? "consensus" : "network");
}

static int refuse_second_line(const char *path, const struct operator_line *one, const struct operator_line *other)
{
	char key[17];
	key_beginning(one->validator.consensus_key, key);
	if (operator_line_equal(one, other))
		return command_error(EXIT_USAGE, "%s: the line of key %s… is given twice: leave one of them out", path,
		                     key);
	return command_error(
	    EXIT_USAGE,
	    "%s: key %s… has another line already, which says something else: ask its operator which of "
	    "the two is right, and leave the other one out",
	    path, key);
}

/* An address that configurations and network files may have, too. */
static bool has_address(const struct operator_line *line)
{
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT_SIZE];
	operator_line_endpoint(line, &endpoint);
	endpoint_format(&endpoint, text);
	return endpoint_parse(text, &endpoint);
}

static int take_line(void *context, const char *path, const char *text)
{
	struct operator_lines *lines = context;
	struct operator_line line;
	if (founding_text_kind(text) == FOUNDING_AGREEMENT)
		return command_error(EXIT_USAGE, "%s: a signature of a genesis, and no operator's line", path);
	int error = operator_line_read(text, &line);
	if (!error && !has_address(&line))
		error = UNCIA_E_ENCODING;
	if (error)
		return refuse_founding_text(path, error, "an operator's line, as  unciad genesis line  prints it");
	error = operator_line_check(&line);
	if (error)
		return refuse_proofs(path, &line, error);
	const struct operator_line *present = operator_lines_find(lines, line.validator.consensus_key);
	if (present)
		return refuse_second_line(path, present, &line);
	struct operator_line *items = reallocarray(lines->items, lines->count + 1, sizeof(*items));
	if (!items)
		return command_error(EXIT_FAILED, "out of memory");
	lines->items = items;
	items[lines->count++] = line;
	return 0;
}

int operator_lines_read(struct operator_lines *lines, const char *path)
{
	return read_texts(path, &(struct text_taker){take_line, lines});
}

void operator_line_endpoint(const struct operator_line *line, struct endpoint *endpoint)
{
	snprintf(endpoint->host, sizeof(endpoint->host), "%s", line->host);
	endpoint->port = line->port;
}

void operator_lines_free(struct operator_lines *lines)
{
	free(lines->items);
	*lines = (struct operator_lines){NULL, 0};
}

/* ---- agreements ---------------------------------------------------------------------------- */

static int take_agreement(void *context, const char *path, const char *text)
{
	struct agreements *agreements = context;
	struct agreement agreement;
	if (founding_text_kind(text) == FOUNDING_LINE)
		return command_error(EXIT_USAGE, "%s: an operator's line, and no signature of a genesis", path);
	int error = agreement_read(text, &agreement);
	if (error)
		return refuse_founding_text(path, error,
		                            "a signature of a genesis, as  unciad genesis sign  prints it");
	struct agreement *items = reallocarray(agreements->items, agreements->count + 1, sizeof(*items));
	if (!items)
		return command_error(EXIT_FAILED, "out of memory");
	agreements->items = items;
	items[agreements->count++] = agreement;
	return 0;
}

int agreements_read(struct agreements *agreements, const char *path)
{
	return read_texts(path, &(struct text_taker){take_agreement, agreements});
}

void agreements_free(struct agreements *agreements)
{
	free(agreements->items);
	*agreements = (struct agreements){NULL, 0};
}
