/* unciad keygen: a new home with the two keys of a validator. */
#include <stdio.h>
#include "command.h"
#include "files.h"
#include "keys.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

static int print_keys(const char *home, const struct node_keys *keys, bool json)
{
	char consensus[KEY_TEXT_SIZE], network[KEY_TEXT_SIZE];
	hex_format(keys->consensus_public, 32, consensus);
	hex_format(keys->network_public, 32, network);
	if (json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:s}", "v", 1, "home", home, "consensus_key",
		                                    consensus, "network_key", network));
	printf("consensus key  %s\nnetwork key    %s\n\n"
	       "Give both to whoever makes the genesis:\n  --validator %s:%s\n",
	       consensus, network, consensus, network);
	return command_flush();
}

static int keygen_run(struct arguments *arguments)
{
	const char *home;
	bool json;
	int code = arguments_home(arguments, &home, &json);
	struct node_keys keys;
	if (!code)
		code = directory_make(home);
	if (!code)
		code = keys_make(home, &keys);
	if (code)
		return code;
	code = print_keys(home, &keys, json);
	keys_wipe(&keys);
	return code;
}

const struct command command_keygen = {
    .name = "keygen",
    .summary = "make a home and the two keys of a validator",
    .description =
        "Makes the directory HOME where there is none, which only its owner may enter, and in it consensus.key,\n"
        "which signs votes, and network.key, which proves to the other validators who is calling. Prints both\n"
        "public keys. Never writes over a key.",
    .options = options,
    .run = keygen_run,
};
