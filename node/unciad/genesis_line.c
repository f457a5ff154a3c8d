/* unciad genesis line: an operator's statement of his validator, for whoever collects the genesis. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "endpoint.h"
#include "files.h"
#include "founding_files.h"
#include "keys.h"
#include "uncia/error.h"

enum { OPTION_NAME = 1, OPTION_AT, OPTION_WEIGHT };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"name", '\0', POPT_ARG_STRING, NULL, OPTION_NAME, "The network's name, as all have agreed on it", "NAME"},
    {"at", '\0', POPT_ARG_STRING, NULL, OPTION_AT, "Where others reach this validator", "HOST:PORT"},
    {"weight", '\0', POPT_ARG_STRING, NULL, OPTION_WEIGHT, "The validator's weight (1)", "WEIGHT"},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

struct line_request {
	const char *home, *name;
	struct endpoint at;
	uint64_t weight;
	bool json;
};

static int line_take_option(struct line_request *r, int option, const char *value)
{
	switch (option) {
	case OPTION_HOME:
		r->home = value;
		return 0;
	case OPTION_NAME:
		r->name = value;
		if (network_name_ok(value, strlen(value)))
			return 0;
		return command_error(
		    EXIT_USAGE,
		    "--name %s: not 1 to 32 letters, digits, dots, hyphens, underscores and spaces, no "
		    "space at an end",
		    value);
	case OPTION_AT:
		return endpoint_take("at", value, &r->at);
	case OPTION_WEIGHT:
		if (number_parse(value, 1, (UINT64_C(1) << 62) - 1, &r->weight))
			return 0;
		return command_error(EXIT_USAGE, "--weight %s: not a positive number that can be", value);
	default:
		r->json = true;
		return 0;
	}
}

static int line_sign(const struct line_request *r, struct operator_line *line)
{
	struct node_keys keys;
	int code = keys_load(r->home, &keys);
	if (code)
		return code;
	snprintf(line->name, sizeof(line->name), "%s", r->name);
	snprintf(line->host, sizeof(line->host), "%s", r->at.host);
	line->port = r->at.port;
	line->validator.weight = r->weight;
	memcpy(line->validator.consensus_key, keys.consensus_public, PUBLIC_KEY_SIZE);
	memcpy(line->validator.network_key, keys.network_public, 32);
	int error = operator_line_sign(line, keys.consensus_secret, keys.network_secret);
	if (error)
		code = command_error(EXIT_FAILED, "cannot sign the line: %s", uncia_error_text(error));
	keys_wipe(&keys);
	return code;
}

/* The home remembers what its operator has stated, so that genesis sign can hold a genesis against it. */
static int line_keep(const char *home, const char *text)
{
	char path[PATH_MAX];
	struct text_file file;
	int code = path_join(home, LINE_FILE, path);
	if (!code)
		code = text_begin(&file);
	if (code)
		return code;
	fprintf(file.stream, "%s\n", text);
	return text_end(&file, path, true);
}

static int line_print(const struct line_request *r, const char *text)
{
	char address[ENDPOINT_TEXT_SIZE];
	endpoint_format(&r->at, address);
	if (r->json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:s,s:s,s:I}", "v", 1, "home", r->home, "line", text,
		                                    "name", r->name, "address", address, "weight",
		                                    (json_int_t)r->weight));
	puts(text);
	return command_flush();
}

static int line_run(struct arguments *arguments)
{
	struct line_request r = {.weight = 1};
	struct operator_line line = {.port = 0};
	char text[LINE_TEXT_SIZE];
	const char *value;
	int option, code = 0;
	while (!code && (option = arguments_next(arguments, &value)) != 0)
		code = option < 0 ? EXIT_USAGE : line_take_option(&r, option, value);
	if (!code && (!r.home || !r.name || !r.at.port))
		code = command_usage_error(arguments, "%s is missing",
		                           !r.home   ? "--home"
		                           : !r.name ? "--name"
		                                     : "--at");
	if (!code)
		code = line_sign(&r, &line);
	if (code)
		return code;
	operator_line_write(&line, text);
	code = line_keep(r.home, text);
	return code ? code : line_print(&r, text);
}

const struct command command_genesis_line = {
    .name = "genesis line",
    .summary = "state a validator, signed, for a genesis that several people make",
    .description =
        "Prints one text that states the validator of HOME: its keys, its weight, where it listens, and the name of\n"
        "the network that it is for, signed by both keys. Send it to whoever collects the genesis, in a chat or a\n"
        "mail: wrapping, quoting and blanks do not harm it, and any other change is found. HOME/line keeps it, and\n"
        "unciad genesis sign holds the genesis against it. Made again it takes the place of the one before: send the\n"
        "new one to everybody who has the old one.",
    .options = options,
    .run = line_run,
};
