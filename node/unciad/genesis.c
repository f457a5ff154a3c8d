/* unciad genesis: the file that a network begins with. */
#include <stdio.h>
#include <string.h>
#include "clocks.h"
#include "command.h"
#include "files.h"
#include "founding_files.h"
#include "genesis_check.h"
#include "genesis_draft.h"
#include "keys.h"
#include "network_file.h"

enum {
	OPTION_NAME = 1,
	OPTION_CURRENCY,
	OPTION_SMALLEST,
	OPTION_FAULTY,
	OPTION_SLOW,
	OPTION_VALIDATOR,
	OPTION_ACCOUNT,
	OPTION_TIMESTAMP,
	OPTION_OUTPUT,
	OPTION_NETWORK,
	OPTION_AT,
	OPTION_WEBSOCKET,
	OPTION_ALLOW,
	OPTION_LINE,
	OPTION_CHECK,
	OPTION_SIGNATURES,
};

static const struct poptOption options[] = {
    {"name", '\0', POPT_ARG_STRING, NULL, OPTION_NAME,
     "The network's name, 1 to 32 characters of A-Z a-z 0-9 . _ - and space", "NAME"},
    {"currency", '\0', POPT_ARG_STRING, NULL, OPTION_CURRENCY, "The currency's code, 3 to 8 letters (UNC)", "CODE"},
    {"smallest", '\0', POPT_ARG_STRING, NULL, OPTION_SMALLEST, "The smallest amount of a payment (0.01)", "AMOUNT"},
    {"faulty", '\0', POPT_ARG_STRING, NULL, OPTION_FAULTY, "Weight that may be faulty in any way", "F"},
    {"slow", '\0', POPT_ARG_STRING, NULL, OPTION_SLOW, "Weight that may be missing for one-round finality", "P"},
    {"validator", '\0', POPT_ARG_STRING, NULL, OPTION_VALIDATOR, "A validator, in order; once for each",
     "KEY:NETWORKKEY[:WEIGHT]"},
    {"line", '\0', POPT_ARG_STRING, NULL, OPTION_LINE,
     "A file of operators' lines (genesis line): validators, in order; once for each file", "FILE"},
    {"account", '\0', POPT_ARG_STRING, NULL, OPTION_ACCOUNT, "An account and what it holds; once for each",
     "ADDRESS=AMOUNT"},
    {"timestamp", '\0', POPT_ARG_STRING, NULL, OPTION_TIMESTAMP, "When it begins, in ms since 1970 (now)", "MS"},
    {"output", '\0', POPT_ARG_STRING, NULL, OPTION_OUTPUT, "The genesis file to write", "FILE"},
    {"network", '\0', POPT_ARG_STRING, NULL, OPTION_NETWORK, "Also write the network file for wallets", "FILE"},
    {"at", '\0', POPT_ARG_STRING, NULL, OPTION_AT, "Where a validator listens, for --network; once for each",
     "INDEX=HOST:PORT"},
    {"websocket", '\0', POPT_ARG_STRING, NULL, OPTION_WEBSOCKET,
     "Where browsers reach a validator, ws:// or wss://, for --network; once for each", "INDEX=URL"},
    {"allow", '\0', POPT_ARG_STRING, NULL, OPTION_ALLOW,
     "Take what is refused as a likely mistake: time, weights or smallest; once for each", "WHAT"},
    {"check", '\0', POPT_ARG_STRING, NULL, OPTION_CHECK,
     "Make nothing: show this genesis, and hold it against --line, --signatures and --network", "FILE"},
    {"signatures", '\0', POPT_ARG_STRING, NULL, OPTION_SIGNATURES,
     "A file of operators' signatures (genesis sign), for --check; once for each file", "FILE"},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

struct request {
	struct genesis_draft draft;
	struct operator_lines lines;
	size_t lines_at[COMMITTEE_SIZE_MAX]; /* of each validator that has a line, its number among them, from 1 */
	struct agreements agreements;
	const char *check, *making; /* making: an option that --check has no use for */
	bool has_lines, has_agreements;
	const char *output, *network;
	struct endpoint endpoints[COMMITTEE_SIZE_MAX];
	websocket_url websockets[COMMITTEE_SIZE_MAX];
	unsigned allowed; /* of enum genesis_doubt */
	bool json;
};

static int genesis_take_number(const char *name, const char *value, uint64_t min, uint64_t *number)
{
	if (!number_parse(value, min, (UINT64_C(1) << 62) - 1, number))
		return command_error(EXIT_USAGE, "--%s %s: not a number that can be", name, value);
	return 0;
}

static int take_websocket_url(struct request *r, const char *value)
{
	const char *url = strchr(value, '=');
	char digits[8];
	uint64_t index;
	if (!url || (size_t)(url - value) >= sizeof(digits) || !websocket_url_good(url + 1))
		return command_error(EXIT_USAGE, "--websocket %s: not INDEX=URL, with ws:// or wss://", value);
	snprintf(digits, sizeof(digits), "%.*s", (int)(url - value), value);
	if ((digits[0] == '0' && digits[1]) || !number_parse(digits, 0, COMMITTEE_SIZE_MAX - 1, &index))
		return command_error(EXIT_USAGE, "--websocket %s: not INDEX=URL, with ws:// or wss://", value);
	if (r->websockets[index][0])
		return command_error(EXIT_USAGE, "--websocket %s: the URL of validator %u is given twice", value,
		                     (unsigned)index);
	strcpy(r->websockets[index], url + 1);
	return 0;
}

/* The validators of a file of lines, behind those that are there. */
static int take_lines(struct request *r, const char *path)
{
	size_t before = r->lines.count;
	int code = operator_lines_read(&r->lines, path);
	r->has_lines = true;
	for (size_t i = before; !code && i < r->lines.count; i++) {
		if (r->draft.validator_count < COMMITTEE_SIZE_MAX)
			r->lines_at[r->draft.validator_count] = i + 1;
		code = draft_add_validator(&r->draft, &r->lines.items[i].validator);
	}
	return code;
}

/* Each line must be of this network; and its validator is where it says. */
static int use_lines(struct request *r)
{
	for (uint32_t i = 0; i < r->draft.validator_count; i++) {
		const struct operator_line *line = r->lines_at[i] ? &r->lines.items[r->lines_at[i] - 1] : NULL;
		if (!line)
			continue;
		if (strcmp(line->name, r->draft.name))
			return command_error(EXIT_USAGE,
			                     "validator %u (%s): its line is for the network '%s', not '%s': ask its "
			                     "operator for another (unciad genesis line --name '%s')",
			                     i, line->host, line->name, r->draft.name, r->draft.name);
		if (r->endpoints[i].port)
			return command_error(EXIT_USAGE,
			                     "--at %u=…: its operator's line says where validator %u is: leave the "
			                     "option out, or ask him for a new line",
			                     i, i);
		if (r->network)
			operator_line_endpoint(line, &r->endpoints[i]);
	}
	return 0;
}

static int genesis_take_option(struct request *r, int option, const char *value)
{
	switch (option) {
	case OPTION_LINE:
		return take_lines(r, value);
	case OPTION_CHECK:
		r->check = value;
		return 0;
	case OPTION_SIGNATURES:
		r->has_agreements = true;
		return agreements_read(&r->agreements, value);
	case OPTION_NAME:
		r->draft.name = value;
		return 0;
	case OPTION_CURRENCY:
		r->draft.currency_code = value;
		return 0;
	case OPTION_SMALLEST:
		return draft_take_smallest(&r->draft, value);
	case OPTION_FAULTY:
		r->draft.has_faulty = true;
		return genesis_take_number("faulty", value, 0, &r->draft.faulty);
	case OPTION_SLOW:
		r->draft.has_slow = true;
		return genesis_take_number("slow", value, 0, &r->draft.slow);
	case OPTION_VALIDATOR:
		return draft_add_validator_text(&r->draft, value);
	case OPTION_ACCOUNT:
		return draft_add_account_text(&r->draft, "account", value);
	case OPTION_TIMESTAMP:
		return genesis_take_number("timestamp", value, 1, &r->draft.timestamp_ms);
	case OPTION_OUTPUT:
		r->output = value;
		return 0;
	case OPTION_NETWORK:
		r->network = value;
		return 0;
	case OPTION_AT:
		return endpoint_take_indexed("at", value, r->endpoints, COMMITTEE_SIZE_MAX);
	case OPTION_WEBSOCKET:
		return take_websocket_url(r, value);
	case OPTION_ALLOW:
		r->allowed |= doubt_of_name(value);
		return doubt_of_name(value)
		           ? 0
		           : command_error(EXIT_USAGE, "--allow %s: not time, weights or smallest", value);
	default:
		r->json = true;
		return 0;
	}
}

static int check_endpoints(const struct request *r)
{
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++) {
		if (r->endpoints[i].port && !r->network)
			return command_error(EXIT_USAGE, "--at is for --network, which is missing");
		if (r->endpoints[i].port && i >= r->draft.validator_count)
			return command_error(EXIT_USAGE, "--at %u=…: there is no validator %u", i, i);
		if (r->websockets[i][0] && !r->network)
			return command_error(EXIT_USAGE, "--websocket is for --network, which is missing");
		if (r->websockets[i][0] && i >= r->draft.validator_count)
			return command_error(EXIT_USAGE, "--websocket %u=…: there is no validator %u", i, i);
		if (r->network && i < r->draft.validator_count && !r->endpoints[i].port)
			return command_error(EXIT_USAGE,
			                     "--network needs to know where validator %u is: --at %u=HOST:PORT", i, i);
	}
	return 0;
}

static int report_genesis(const struct request *r, const struct genesis *genesis)
{
	char id[KEY_TEXT_SIZE], supply[AMOUNT_TEXT_SIZE], smallest[AMOUNT_TEXT_SIZE], begins[TIME_TEXT_SIZE];
	hex_format(genesis->network_id.b, HASH_SIZE, id);
	amount_format(genesis->supply, supply);
	amount_format(genesis->smallest_amount, smallest);
	clocks_format(genesis->timestamp_ms, begins);
	const struct committee *c = &genesis->committee;
	if (r->json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:s,s:i,s:I,s:I,s:s,s:s,s:I}", "v", 1, "network_id",
		                                    id, "name", genesis->name, "file", r->output, "validators",
		                                    (int)c->size, "faulty", (json_int_t)c->faulty, "slow",
		                                    (json_int_t)c->slow, "supply", supply, "smallest", smallest,
		                                    "timestamp_ms", (json_int_t)genesis->timestamp_ms));
	printf("network id  %s\nbegins      %s\nvalidators  %u (weights sum to %llu; %llu faulty, %llu slow)\n"
	       "supply      %s %s, in %u account%s; smallest amount %s\n",
	       id, begins, c->size, (unsigned long long)c->weight, (unsigned long long)c->faulty,
	       (unsigned long long)c->slow, supply, genesis->currency_code, genesis->account_count,
	       genesis->account_count == 1 ? "" : "s", smallest);
	if (c->size > 1 && !c->faulty)
		printf("none of the validators may lie, and where one fails the network may stand still\n");
	printf("nothing of this can be changed once the network has begun\n");
	return command_flush();
}

/* Writes the genesis and the network file, both or neither: nothing writes a network file for a genesis that is there.
 */
static int write_files(const struct request *r, const struct genesis *genesis)
{
	int code = file_create(r->output, 0644, genesis->bytes, genesis->size);
	if (code || !r->network)
		return code;
	code = network_file_write(r->network, genesis, r->endpoints, r->websockets, false);
	if (code)
		file_remove(r->output);
	return code;
}

static int make_genesis_file(struct request *r)
{
	struct genesis genesis;
	int code = use_lines(r);
	if (!code)
		code = check_endpoints(r);
	if (!code)
		code = draft_make(&r->draft, &genesis);
	if (code)
		return code;
	code = draft_doubt(&r->draft, genesis.committee.faulty, clocks_wall_ms(), r->allowed);
	if (code) {
		genesis_deinit(&genesis);
		return code;
	}
	code = write_files(r, &genesis);
	if (!code)
		code = report_genesis(r, &genesis);
	genesis_deinit(&genesis);
	return code;
}

/* Which options say what a genesis is to be. */
static void note_making(struct request *r, int option)
{
	for (const struct poptOption *o = options; o->longName; o++)
		if (o->val == option && option >= OPTION_NAME && option <= OPTION_ALLOW && option != OPTION_NETWORK)
			r->making = o->longName;
}

/* --check, alone with what it is held against. */
static int check_genesis_file(const struct request *r)
{
	if (r->making)
		return command_error(EXIT_USAGE, "--check makes no genesis, and has no use for --%s", r->making);
	const struct genesis_check check = {.path = r->check,
	                                    .network = r->network,
	                                    .lines = &r->lines,
	                                    .agreements = &r->agreements,
	                                    .has_lines = r->has_lines,
	                                    .has_agreements = r->has_agreements,
	                                    .json = r->json};
	return genesis_check(&check);
}

static int make_or_check(struct request *r, const struct arguments *arguments)
{
	if (r->check)
		return check_genesis_file(r);
	if (r->has_agreements)
		return command_usage_error(arguments, "--signatures is for --check, which is missing");
	if (!r->draft.name)
		return command_usage_error(arguments, "--name is missing");
	if (!r->output)
		return command_usage_error(arguments, "--output is missing");
	return make_genesis_file(r);
}

static int genesis_run(struct arguments *arguments)
{
	struct request r = {.draft = {.currency_code = "UNC", .smallest_amount = SMALLEST_AMOUNT_DEFAULT}};
	r.draft.timestamp_ms = clocks_wall_ms();
	const char *value;
	int option, code = 0;
	while (!code && (option = arguments_next(arguments, &value)) != 0) {
		code = option < 0 ? EXIT_USAGE : genesis_take_option(&r, option, value);
		if (!code)
			note_making(&r, option);
	}
	if (!code)
		code = make_or_check(&r, arguments);
	operator_lines_free(&r.lines);
	agreements_free(&r.agreements);
	draft_deinit(&r.draft);
	return code;
}

const struct command command_genesis = {
    .name = "genesis",
    .summary = "make the file that a network begins with",
    .description =
        "States the validators, what they tolerate, the currency and the accounts that hold its first supply.\n"
        "The file's hash is the network's id: every validator starts from the same bytes. Where --faulty and\n"
        "--slow are not given, the most that the weights allow, --faulty first. What is most often a mistake (a time\n"
        "in seconds, a validator that outweighs --faulty) is refused unless --allow names it.\n"
        "Where several people make it, each states his validator with  unciad genesis line,  one collects the lines\n"
        "(--line, in place of --validator and --at), and all agree with  unciad genesis sign.  --check FILE shows a\n"
        "genesis and says whether every line of --line is in it, with --network also its address, and who of all has\n"
        "signed (--signatures): exit code 0 where all of that is so, 6 where lines or signatures are missing, 7 where\n"
        "one does not agree with the genesis.",
    .options = options,
    .run = genesis_run,
};
