/* From argv to a call: which verb, its options, its operands. Options of every verb may stand before the verb too. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"

const struct poptOption global_options[] = {
    {"wallet", '\0', POPT_ARG_STRING, NULL, OPTION_WALLET, "The wallet's directory; $UNCIA_WALLET, or ~/.uncia",
     "HOME"},
    {"network", '\0', POPT_ARG_STRING, NULL, OPTION_NETWORK, "The network file; $UNCIA_NETWORK", "FILE"},
    {"json", '\0', POPT_ARG_NONE, NULL, OPTION_JSON, "Print one JSON object", NULL},
    {"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "Show this help", NULL},
    POPT_TABLEEND};

/* In front of the verb; --version stands for one. */
static const struct poptOption leading_options[] = {
    {"version", '\0', POPT_ARG_NONE, NULL, OPTION_VERSION, "Show the version", NULL}, OPTIONS_GLOBAL};

static void print_verbs(FILE *file)
{
	fputs("usage: uncia [--wallet HOME] [--network FILE] COMMAND …, or: uncia --version\n\n"
	      "A wallet for an Uncia network.\n\n",
	      file);
	for (size_t i = 0; verbs[i]; i++)
		fprintf(file, "  %-15s  %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nuncia COMMAND --help says more.\n", file);
}

static int print_verb_help(const struct arguments *a)
{
	const struct verb *verb = a->call.verb;
	printf("uncia %s: %s\n\n%s\n\n", verb->name, verb->summary, verb->description);
	poptPrintHelp(a->popt[a->popt_count - 1], stdout, 0);
	return cli_output_flush();
}

static const struct poptOption *arguments_find_option(const struct poptOption *options, int option)
{
	for (; options->longName; options++)
		if (options->val == option)
			return options;
	for (options = global_options; options->val != option; options++)
		assert(options->longName); /* popt found it in one of the two tables */
	return options;
}

/* Shows no value: it may be a secret, given to an option that does not exist. Returns an exit code. */
static int complain_option(const struct arguments *a, const char *bad, int error)
{
	int size = (int)strcspn(bad, "= ");
	if (a->call.verb && a->call.verb->takes_secrets && strncmp(bad, "--", 2) != 0)
		return cli_complain_usage(&a->call, "%s", poptStrerror(error));
	if (isdigit((unsigned char)bad[1]))
		return cli_complain_usage(&a->call, "%.*s: a number cannot be negative here", size, bad);
	return cli_complain_usage(&a->call, "%.*s: %s", size, bad, poptStrerror(error));
}

/* Reads options up to the first operand (or all, behind the verb). Returns an exit code. */
static int read_options(struct arguments *a, poptContext popt, const struct poptOption *options)
{
	int option;
	while ((option = poptGetNextOpt(popt)) > 0) {
		if (a->call.value[option]) {
			free(poptGetOptArg(popt));
			return cli_complain_usage(&a->call, "--%s is given twice",
			                          arguments_find_option(options, option)->longName);
		}
		a->values[option] = poptGetOptArg(popt);
		/* popt returns NULL both for no value and for one that there was no memory for. */
		if (!a->values[option] && arguments_find_option(options, option)->argInfo == POPT_ARG_STRING)
			return cli_complain(EXIT_FAILED, "out of memory");
		a->call.value[option] = a->values[option] ? a->values[option] : "";
	}
	return option < -1 ? complain_option(a, poptBadOption(popt, POPT_BADOPTION_NOALIAS), option) : 0;
}

/* Words of the command line, as argc and argv: the first is not read. */
struct words {
	int count;
	const char **at;
};

/* Reads options in front of the next word, and leaves that and those behind it. Returns an exit code. */
static int read_ahead(struct arguments *a, struct words *words, const struct poptOption *options, unsigned flags)
{
	assert(a->popt_count < sizeof(a->popt) / sizeof(*a->popt));
	poptContext popt = poptGetContext("uncia", words->count, words->at, options, flags);
	if (!popt)
		return cli_complain(EXIT_FAILED, "out of memory");
	a->popt[a->popt_count++] = popt;
	int code = read_options(a, popt, options);
	words->at = poptGetArgs(popt);
	words->count = 0;
	while (words->at && words->at[words->count])
		words->count++;
	return code;
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

static bool is_group(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; verbs[i]; i++)
		if (length && !strncmp(verbs[i]->name, name, length) && verbs[i]->name[length] == ' ')
			return true;
	return false;
}

static void print_group(FILE *file, const char *name)
{
	fprintf(file, "usage: uncia %s COMMAND …\n\n", name);
	for (size_t i = 0; verbs[i]; i++)
		if (!strncmp(verbs[i]->name, name, strlen(name)))
			fprintf(file, "  %-15s  %s\n", verbs[i]->name, verbs[i]->summary);
}

/* Whether the first two words are a verb, though the first is one as well. */
static bool goes_on(const struct words *words)
{
	char name[64];
	if (words->count < 2)
		return false;
	snprintf(name, sizeof(name), "%s %s", words->at[0], words->at[1]);
	return verb_find(name);
}

/* The words in front of the verb's operands, of which the last is left. Returns an exit code. */
static int read_verb(struct arguments *a, struct words *words, char name[64])
{
	static const char *version[] = {"version"};
	int code = read_ahead(a, words, leading_options, POPT_CONTEXT_POSIXMEHARDER);
	if (!code && a->call.value[OPTION_VERSION])
		*words = (struct words){1, version};
	const char *first = words->count ? words->at[0] : "", *second = "";
	snprintf(name, 64, "%s", first);
	if (!code && (verb_find(name) ? goes_on(words) : is_group(name))) {
		code = read_ahead(a, words, global_options, POPT_CONTEXT_POSIXMEHARDER);
		second = words->count ? words->at[0] : "";
		snprintf(name, 64, "%s%s%s", first, *second ? " " : "", second);
	}
	if (code)
		return code;
	a->call.verb = verb_find(name);
	if (a->call.verb)
		return 0;
	bool help = a->call.value[OPTION_HELP] || !strcmp(name, "help");
	if (*name && !help && !is_group(name) && (strchr(first, ' ') || strchr(second, ' ')))
		return cli_complain(EXIT_USAGE, "no such command (see uncia --help)"); /* it may be words */
	if (*name && !help && !is_group(name))
		return cli_complain(EXIT_USAGE, "%s: no such command (see uncia --help)", name);
	if (is_group(name))
		print_group(help ? stdout : stderr, name);
	else
		print_verbs(help ? stdout : stderr);
	if (!help && a->call.value[OPTION_JSON])
		return cli_complain(EXIT_USAGE, "no command is given (see uncia --help)");
	return help ? cli_output_flush() : EXIT_USAGE;
}

static int check_operands(const struct call *call)
{
	const struct verb *verb = call->verb;
	if (call->operand_count > verb->operands_max && verb->takes_secrets)
		return cli_complain_usage(call, "unexpected argument: secrets are read from files or the terminal");
	if (call->operand_count > verb->operands_max)
		return cli_complain_usage(call, "%s: unexpected argument", call->operands[verb->operands_max]);
	if (call->operand_count < verb->operands_min)
		return cli_complain_usage(call, "expected %s", verb->operands);
	return 0;
}

int cli_arguments_init(struct arguments *a, int argc, const char **argv)
{
	char name[64];
	struct words words = {.count = argc, .at = argv};
	memset(a, 0, sizeof(*a));
	int code = read_verb(a, &words, name);
	if (code || !a->call.verb)
		return code;
	snprintf(a->title, sizeof(a->title), "uncia %s", a->call.verb->name);
	a->verb_argv = reallocarray(NULL, (size_t)words.count + 1, sizeof(*words.at));
	if (!a->verb_argv)
		return cli_complain(EXIT_FAILED, "out of memory");
	a->verb_argv[0] = a->title; /* what popt shows as the usage line */
	for (int i = 1; i < words.count; i++)
		a->verb_argv[i] = words.at[i];
	a->verb_argv[words.count] = NULL;
	words.at = a->verb_argv;
	code = read_ahead(a, &words, a->call.verb->options, 0);
	if (code)
		return code;
	char synopsis[96];
	snprintf(synopsis, sizeof(synopsis), "%s%s[OPTION...]", a->call.verb->operands,
	         *a->call.verb->operands ? " " : "");
	poptSetOtherOptionHelp(a->popt[a->popt_count - 1], synopsis);
	if (a->call.value[OPTION_HELP]) {
		code = print_verb_help(a);
		a->call.verb = NULL;
		return code;
	}
	a->call.json = a->call.value[OPTION_JSON];
	a->call.operands = (const char *const *)words.at;
	a->call.operand_count = (unsigned)words.count;
	return check_operands(&a->call);
}

void cli_arguments_deinit(struct arguments *a)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		free(a->values[i]);
	while (a->popt_count)
		poptFreeContext(a->popt[--a->popt_count]);
	free(a->verb_argv);
}

int option_number(const struct call *call, const struct number_option *option, uint64_t *number)
{
	const char *text = call->value[option->option];
	assert(option->min <= option->max);
	if (!text) {
		*number = option->missing;
		return 0;
	}
	errno = 0;
	unsigned long long value = strtoull(text, NULL, 10);
	if (!*text || text[strspn(text, "0123456789")] || errno || value < option->min || value > option->max)
		return cli_complain_usage(call, "%s%s%s: not a number from %" PRIu64 " to %" PRIu64, option->name,
		                          call->verb->takes_secrets ? "" : " ", call->verb->takes_secrets ? "" : text,
		                          option->min, option->max);
	*number = value;
	return 0;
}
