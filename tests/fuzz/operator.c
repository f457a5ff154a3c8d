/* What an operator gives unciad besides its configuration: key files, a genesis file, and on the command line
 * validators, accounts and endpoints. What is wrong is said in one line, which is formatted as ever but goes nowhere.
 * Accepted means: written again, it is the same. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "address.h"
#include "command.h"
#include "complaints.h"
#include "endpoint.h"
#include "fuzz.h"
#include "genesis_draft.h"
#include "home.h"

/* Every function here "returns an exit code, and has said what failed". */
static bool taken(int code)
{
	assert(code == EXIT_DONE ? !complaints : complaints == 1);
	return code == EXIT_DONE;
}

static char directory[64];

static void remove_directory(void)
{
	static const char *const files[] = {"consensus.key", "network.key", "genesis", ""};
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		remove(path);
	}
}

static const char *write_file(const char *name, struct bytes bytes)
{
	static char path[128];

	if (!directory[0]) {
		snprintf(directory, sizeof(directory), "%s/fuzz_operator.XXXXXX",
		         access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		assert(mkdtemp(directory));
		atexit(remove_directory);
	}
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "wb");
	assert(file && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0);
	assert(chmod(path, 0600) == 0);
	return path;
}

static void keys(struct bytes input)
{
	static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
	struct node_keys keys;
	uint8_t again[32];
	char text[65];
	struct bytes seed = {(const uint8_t *)good, sizeof(good) - 1};

	write_file("consensus.key", seed);
	write_file("network.key", input);
	if (!taken(keys_load(directory, &keys)))
		return;
	assert(input.size == 64 || (input.size == 65 && input.data[64] == '\n'));
	for (size_t i = 0; i < 64; i++)
		assert(strchr("0123456789abcdefABCDEF", input.data[i]));
	hex_format(keys.network_secret, 32, text);
	assert(hex_parse_32(text, 64, again) && memcmp(again, keys.network_secret, 32) == 0);
	keys_wipe(&keys);
}

static void genesis(struct bytes input)
{
	struct genesis genesis;

	if (!taken(genesis_load(write_file("genesis", input), &genesis)))
		return;
	assert(genesis.size == input.size && memcmp(genesis.bytes, input.data, input.size) == 0);
	genesis_deinit(&genesis);
}

static void endpoint(const char *text)
{
	struct endpoint endpoint, again, list[FUZZ_VALIDATORS] = {{{0}, 0}};
	char out[ENDPOINT_TEXT_SIZE];

	(void)endpoint_take_indexed("at", text, list, FUZZ_VALIDATORS);
	if (!endpoint_parse(text, &endpoint))
		return;
	endpoint_format(&endpoint, out);
	assert(endpoint_parse(out, &again) && again.port == endpoint.port && strcmp(again.host, endpoint.host) == 0);
}

/* The texts are lines: validators begin with 'v', accounts with 'a'. */
static void draft(char *text)
{
	static struct genesis_draft draft;
	struct genesis genesis;
	uint64_t faulty, slow;

	draft = (struct genesis_draft){
	    .name = "fuzz", .currency_code = "UNC", .timestamp_ms = FIXTURE_TIME_MS, .smallest_amount = 1};
	char *rest, *line = strtok_r(text, "\n", &rest);
	for (; line && !complaints; line = strtok_r(NULL, "\n", &rest))
		taken(*line == 'v' ? draft_add_validator_text(&draft, line + 1)
		                   : draft_add_account_text(&draft, "account", line + 1));
	if (!complaints && taken(draft_check(&draft, &faulty, &slow)) && taken(draft_make(&draft, &genesis))) {
		assert(genesis.account_count == draft.account_count && genesis.committee.size == draft.validator_count);
		genesis_deinit(&genesis);
	}
	draft_deinit(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t choice = fuzz_byte(&input);

	complaints = 0;
	if (choice % 4 == 0)
		keys(input);
	if (choice % 4 == 1)
		genesis(input);
	if (choice % 4 < 2)
		return 0;
	char *text = fuzz_text(input.data, input.size);
	if (choice % 4 == 2)
		endpoint(text);
	else
		draft(text);
	free(text);
	return 0;
}
