/* unciad genesis sign: an operator's agreement to a genesis that somebody has collected. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "files.h"
#include "founding_files.h"
#include "home.h"
#include "uncia/error.h"

enum { OPTION_GENESIS = 1 };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"genesis", '\0', POPT_ARG_STRING, NULL, OPTION_GENESIS, "The genesis file", "FILE"},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

/* The home's own line, where it has made one. */
static int own_line(const char *home, struct operator_lines *lines)
{
	char path[PATH_MAX];
	int code = path_join(home, LINE_FILE, path);
	return code || !path_exists(path) ? code : operator_lines_read(lines, path);
}

/* Holds the genesis against what the home's operator has stated. */
static int agree_with_line(const struct genesis *genesis, uint32_t self, const struct operator_line *line)
{
	const struct validator *v = &genesis->committee.validators[self];
	if (strcmp(genesis->name, line->name))
		return command_error(EXIT_MISMATCH,
		                     "the genesis is of the network '%s', and this home's line of '%s': not signed. If "
		                     "the name was changed, make a new line and have the genesis made of that",
		                     genesis->name, line->name);
	if (v->weight != line->validator.weight)
		return command_error(EXIT_MISMATCH,
		                     "the genesis gives this validator the weight %llu, and its line says %llu: not "
		                     "signed. Ask whoever made it to make it of the lines",
		                     (unsigned long long)v->weight, (unsigned long long)line->validator.weight);
	return 0;
}

static int find_validator(const struct genesis *genesis, const struct node_keys *keys, uint32_t *self)
{
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		const struct validator *v = &genesis->committee.validators[i];
		if (memcmp(v->consensus_key, keys->consensus_public, PUBLIC_KEY_SIZE))
			continue;
		*self = i;
		return !memcmp(v->network_key, keys->network_public, 32)
		           ? 0
		           : command_error(EXIT_MISMATCH,
		                           "the genesis has another network key beside this home's consensus key, as "
		                           "validator %u: not signed. Ask whoever made it to make it of the lines",
		                           i);
	}
	return command_error(EXIT_MISMATCH,
	                     "this home's validator is not in the genesis: not signed. Send its line (unciad genesis "
	                     "line) to whoever makes it");
}

static int print_agreement(const struct genesis *genesis, uint32_t self, const struct agreement *agreement, bool json)
{
	char text[AGREEMENT_TEXT_SIZE], id[KEY_TEXT_SIZE];
	agreement_write(agreement, text);
	hex_format(genesis->network_id.b, HASH_SIZE, id);
	if (json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:i,s:s}", "v", 1, "network_id", id, "name",
		                                    genesis->name, "validator", (int)self, "signature", text));
	puts(text);
	return command_flush();
}

static int sign_genesis(const char *home, const struct genesis *genesis, bool json)
{
	struct node_keys keys;
	struct operator_lines lines = {NULL, 0};
	struct agreement agreement;
	uint32_t self = 0;
	int code = keys_load(home, &keys);
	if (code)
		return code;
	code = find_validator(genesis, &keys, &self);
	if (!code)
		code = own_line(home, &lines);
	const struct operator_line *line = code ? NULL : operator_lines_find(&lines, keys.consensus_public);
	if (line)
		code = agree_with_line(genesis, self, line);
	else if (!code)
		command_warning(
		    "%s has no line of its own: nobody but you can tell whether the weight and the name are "
		    "the ones that you have agreed on (unciad genesis --check shows them)",
		    home);
	int error =
	    code ? 0 : agreement_sign(&genesis->network_id, keys.consensus_public, keys.consensus_secret, &agreement);
	if (error)
		code = command_error(EXIT_FAILED, "cannot sign: %s", uncia_error_text(error));
	keys_wipe(&keys);
	operator_lines_free(&lines);
	return code ? code : print_agreement(genesis, self, &agreement, json);
}

static int sign_run(struct arguments *arguments)
{
	const char *home = NULL, *path = NULL, *value;
	struct genesis genesis;
	bool json = false;
	int option;
	while ((option = arguments_next(arguments, &value)) > 0) {
		if (option == OPTION_HOME)
			home = value;
		else if (option == OPTION_GENESIS)
			path = value;
		else
			json = true;
	}
	if (option < 0)
		return EXIT_USAGE;
	if (!home || !path)
		return command_usage_error(arguments, "%s is missing", home ? "--genesis" : "--home");
	int code = genesis_load(path, &genesis);
	if (code)
		return EXIT_FAILED; /* a file that is given is no stored one */
	code = sign_genesis(home, &genesis, json);
	genesis_deinit(&genesis);
	return code;
}

const struct command command_genesis_sign = {
    .name = "genesis sign",
    .summary = "agree to a genesis that somebody has collected",
    .description =
        "Signs the network id, which is the genesis' hash, with the consensus key of HOME, and prints the signature "
        "as\n"
        "one text, to be sent to all. Look at the genesis before, with unciad genesis --check and everybody's lines.\n"
        "Not signed (exit code 7) is a genesis that HOME's validator is not in, or not with the keys, the weight and\n"
        "the name of HOME/line.",
    .options = options,
    .run = sign_run,
};
