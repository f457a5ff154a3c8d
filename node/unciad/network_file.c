/* Writes the network file; reading it is the wallet's part. */
#include "network_file.h"
#include <assert.h>
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
