/* Reads a network file: the genesis in its lines of base64url, and where validators listen. */
#include "known.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base64url.h"
#include "ini_text.h"
#include "keys.h"
#include "indexer_say.h"
#include "uncia/error.h"

#define NETWORK_FILE_MAX ((size_t)GENESIS_SIZE_MAX / 2 * 3)

struct network_lines {
	const char *path;
	struct known_network *known;
	char *encoded; /* the genesis lines, joined */
	size_t size;
	char name[INI_LINE_MAX + 1];
	uint8_t keys[COMMITTEE_SIZE_MAX][32];
	bool has_key[COMMITTEE_SIZE_MAX];
};

static int read_network_text(const char *path, struct known_network *known)
{
	FILE *file = fopen(path, "re");
	int code = INDEXER_DONE;

	if (!file)
		return indexer_say(INDEXER_FAILED, "the network file %s: %s", path, strerror(errno));
	for (size_t capacity = 0; !code && !feof(file);) {
		if (known->text_size + 1 >= capacity) {
			capacity = capacity ? 2 * capacity : 65536;
			char *text = realloc(known->text, capacity);
			if (!text) {
				code = indexer_say(INDEXER_FAILED, "out of memory");
				break;
			}
			known->text = text;
		}
		known->text_size += fread(known->text + known->text_size, 1, capacity - known->text_size - 1, file);
		if (ferror(file))
			code = indexer_say(INDEXER_FAILED, "the network file %s: %s", path, strerror(errno));
		else if (known->text_size > NETWORK_FILE_MAX)
			code = indexer_say(INDEXER_USAGE, "%s: too large to be a network file", path);
	}
	fclose(file);
	if (!code)
		known->text[known->text_size] = '\0';
	return code;
}

/* The number in "validator.N". */
static bool network_section(const char *section, uint32_t *index)
{
	char *end;

	if (strncmp(section, "validator.", 10) || section[10] < '0' || section[10] > '9')
		return false;
	unsigned long number = strtoul(section + 10, &end, 10);
	*index = (uint32_t)number;
	return !*end && number < COMMITTEE_SIZE_MAX;
}

/* One key = value of the file. NULL: taken; else what is wrong with it. */
static const char *take_network_line(struct network_lines *n, const struct ini_reader *r)
{
	uint32_t index;

	assert(n->encoded && r->value);
	if (!strcmp(r->section, "network") && !strcmp(r->name, "name")) {
		strcpy(n->name, r->value);
		return NULL;
	}
	if (!strcmp(r->section, "network") && !strcmp(r->name, "genesis")) {
		size_t size = strlen(r->value);
		memcpy(n->encoded + n->size, r->value, size); /* no longer than the text that it is in */
		n->size += size;
		return NULL;
	}
	if (!network_section(r->section, &index))
		return "what is this line?";
	if (!strcmp(r->name, "address"))
		return endpoint_parse(r->value, &n->known->endpoints[index]) ? NULL : "not HOST:PORT";
	if (strcmp(r->name, "network_key"))
		return "what is this line?";
	n->has_key[index] = hex_parse_32(r->value, strlen(r->value), n->keys[index]);
	return n->has_key[index] ? NULL : "not 64 hexadecimal digits";
}

static int take_network_lines(struct network_lines *n)
{
	struct ini_reader r;
	enum ini_line line;

	ini_begin(&r, n->known->text, n->known->text_size);
	while ((line = ini_next(&r)) != INI_END) {
		const char *wrong = line == INI_WRONG ? r.wrong : line == INI_VALUE ? take_network_line(n, &r) : NULL;
		if (wrong)
			return indexer_say(INDEXER_USAGE, "%s, line %u: %s", n->path, r.line, wrong);
	}
	return n->size ? INDEXER_DONE : indexer_say(INDEXER_USAGE, "%s: no genesis is in it", n->path);
}

static int take_network_genesis(struct network_lines *n)
{
	struct genesis *genesis = &n->known->genesis;
	uint8_t *bytes = malloc(n->size / 4 * 3 + 3);
	size_t size = 0;

	int error = bytes ? base64url_decode(n->encoded, n->size, bytes, &size) : UNCIA_E_MEMORY;
	if (!error)
		error = genesis_decode(genesis, bytes, size);
	free(bytes);
	if (error)
		return indexer_say(error == UNCIA_E_MEMORY ? INDEXER_FAILED : INDEXER_MISMATCH, "%s: the genesis: %s",
		                   n->path, uncia_error_text(error));
	if (strcmp(n->name, genesis->name))
		return indexer_say(INDEXER_MISMATCH, "%s: its name is %s, and its genesis' %s", n->path, n->name,
		                   genesis->name);
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++) {
		if (n->has_key[i] && (i >= genesis->committee.size ||
		                      memcmp(genesis->committee.validators[i].network_key, n->keys[i], 32)))
			return indexer_say(INDEXER_MISMATCH, "%s: the network key of validator %u is not the genesis'",
			                   n->path, i);
		if (!n->has_key[i])
			n->known->endpoints[i].host[0] = '\0';
	}
	return INDEXER_DONE;
}

int known_network_load(const char *path, struct known_network *known)
{
	struct network_lines *lines = calloc(1, sizeof(*lines));

	memset(known, 0, sizeof(*known));
	if (!lines)
		return indexer_say(INDEXER_FAILED, "out of memory");
	lines->path = path;
	lines->known = known;
	int code = read_network_text(path, known);
	if (!code && !(lines->encoded = malloc(known->text_size + 1)))
		code = indexer_say(INDEXER_FAILED, "out of memory");
	if (!code)
		code = take_network_lines(lines);
	if (!code)
		code = take_network_genesis(lines);
	free(lines->encoded);
	free(lines);
	if (code)
		known_network_free(known);
	return code;
}

void known_network_free(struct known_network *known)
{
	genesis_deinit(&known->genesis);
	free(known->text);
	memset(known, 0, sizeof(*known));
}
