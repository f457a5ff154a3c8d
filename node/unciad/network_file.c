/* Writes the network file, and reads of one whose genesis is known where the validators are. */
#include "network_file.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "files.h"
#include "keys.h"

#define GENESIS_LINE_CHARACTERS 100 /* of base64url in a line: a multiple of 4, so that lines join into one text */

static void write_genesis(FILE *file, const struct genesis *genesis)
{
	char line[GENESIS_LINE_CHARACTERS + 1];
	assert(genesis->size > 0);
	size_t step = GENESIS_LINE_CHARACTERS / 4 * 3;
	for (size_t at = 0; at < genesis->size; at += step) {
		size_t size = genesis->size - at < step ? genesis->size - at : step;
		sodium_bin2base64(line, sizeof(line), genesis->bytes + at, size,
		                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		fprintf(file, "genesis = %s\n", line);
	}
}

int network_file_write(const char *path, const struct genesis *genesis, const struct endpoint *endpoints,
                       const websocket_url *websockets, bool replace)
{
	struct text_file text;
	int code = text_begin(&text);
	if (code)
		return code;
	fprintf(text.stream, "# Uncia network file\n[network]\nname = %s\n", genesis->name);
	write_genesis(text.stream, genesis);
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		char address[ENDPOINT_TEXT_SIZE], key[KEY_TEXT_SIZE];
		endpoint_format(&endpoints[i], address);
		hex_format(genesis->committee.validators[i].network_key, 32, key);
		fprintf(text.stream, "[validator.%u]\naddress = %s\nnetwork_key = %s\n", i, address, key);
		/* A note (wallet 7.5): readers that know nothing of WebSockets pass it over. */
		if (websockets && websockets[i][0])
			fprintf(text.stream, "#: websocket = %s\n", websockets[i]);
	}
	return text_end(&text, path, replace);
}

#define NETWORK_FILE_MAX (4u << 20)

struct network_reader {
	const char *path;
	const struct genesis *genesis;
	struct endpoint *endpoints;
	struct ini_reader ini;
	char *text; /* of the genesis, put together from its lines */
	size_t text_size;
};

static int network_refuse(const struct network_reader *r, const char *why)
{
	return command_error(EXIT_USAGE, "%s:%u: %s", r->path, r->ini.line, why);
}

/* A value of [validator.N]. */
static int network_take_member(struct network_reader *r, const char *digits)
{
	uint8_t key[32];
	uint64_t index;
	if (!number_parse(digits, 0, r->genesis->committee.size - 1, &index))
		return network_refuse(r, "the genesis has no such validator");
	if (!strcmp(r->ini.name, "address"))
		return endpoint_parse(r->ini.value, &r->endpoints[index]) ? 0 : network_refuse(r, "not HOST:PORT");
	if (strcmp(r->ini.name, "network_key"))
		return network_refuse(r, "unknown key");
	if (hex_parse_32(r->ini.value, strlen(r->ini.value), key) &&
	    !memcmp(key, r->genesis->committee.validators[index].network_key, 32))
		return 0;
	return command_error(EXIT_MISMATCH, "%s:%u: validator %u has another network key in the genesis", r->path,
	                     r->ini.line, (unsigned)index);
}

static int network_take_value(struct network_reader *r)
{
	if (!strncmp(r->ini.section, "validator.", strlen("validator.")))
		return network_take_member(r, r->ini.section + strlen("validator."));
	if (strcmp(r->ini.section, "network"))
		return network_refuse(r, "unknown section");
	if (!strcmp(r->ini.name, "genesis")) {
		size_t size = strlen(r->ini.value);
		memcpy(r->text + r->text_size, r->ini.value, size);
		r->text_size += size;
	}
	return 0;
}

static int network_compare(const struct network_reader *r)
{
	uint8_t *bytes = malloc(r->text_size + 1);
	size_t size = 0;
	if (!bytes)
		return command_error(EXIT_FAILED, "out of memory");
	bool same = !sodium_base642bin(bytes, r->text_size + 1, r->text, r->text_size, NULL, &size, NULL,
	                               sodium_base64_VARIANT_URLSAFE_NO_PADDING) &&
	            size == r->genesis->size && !memcmp(bytes, r->genesis->bytes, size);
	free(bytes);
	if (!same)
		return command_error(EXIT_MISMATCH, "%s: it holds another genesis: have both files made together",
		                     r->path);
	for (uint32_t i = 0; i < r->genesis->committee.size; i++)
		if (!r->endpoints[i].port)
			return command_error(EXIT_MISMATCH, "%s: it does not say where validator %u is", r->path, i);
	return 0;
}

int network_file_read(const char *path, const struct genesis *genesis, struct endpoint endpoints[COMMITTEE_SIZE_MAX])
{
	struct network_reader r = {.path = path, .genesis = genesis, .endpoints = endpoints};
	uint8_t *text;
	size_t size;
	enum ini_line line;
	int code = file_read(path, NETWORK_FILE_MAX, false, &text, &size);
	if (code)
		return code == EXIT_MISMATCH ? EXIT_USAGE : code; /* a file that is given is no stored one */
	r.text = malloc(size + 1);
	if (!r.text)
		code = command_error(EXIT_FAILED, "out of memory");
	ini_begin(&r.ini, (const char *)text, size);
	while (!code && (line = ini_next(&r.ini)) != INI_END) {
		if (line == INI_WRONG)
			code = network_refuse(&r, r.ini.wrong);
		else if (line == INI_VALUE)
			code = network_take_value(&r);
	}
	if (!code)
		code = network_compare(&r);
	free(r.text);
	free(text);
	return code;
}
