/* From argv to a call: which verb, its options, its operands. Options of every verb may stand before the verb too. */
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

static void print_verbs(FILE *file)
{
	fputs("usage: uncia [--wallet HOME] [--network FILE] COMMAND …\n\nA wallet for an Uncia network.\n\n", file);
	for (size_t i = 0; verbs[i]; i++)
		fprintf(file, "  %-15s  %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nuncia COMMAND --help says more.\n", file);
}

static int print_verb_help(const struct arguments *a)
{
	const struct verb *verb = a->call.verb;
	printf("uncia %s: %s\n\n%s\n\n", verb->name, verb->summary, verb->description);
	poptPrintHelp(a->popt[a->popt_count - 1], stdout, 0);
	return output_flush();
}

static const struct poptOption *find_option(const struct poptOption *options, int option)
{
	for (; options->longName; options++)
		if (options->val == option)
			return options;
	return find_option(global_options, option);
}

/* Reads options up to the first operand (or all, behind the verb). Returns an exit code. */
static int read_options(struct arguments *a, poptContext popt, const struct poptOption *options)
{
	int option;
	while ((option = poptGetNextOpt(popt)) > 0) {
		if (a->call.value[option]) {
			free(poptGetOptArg(popt));
			return complain_usage(&a->call, "--%s is given twice", find_option(options, option)->longName);
		}
		a->values[option] = poptGetOptArg(popt);
		/* popt does not tell a value that there was no memory for from none. */
		if (!a->values[option] && find_option(options, option)->argInfo == POPT_ARG_STRING)
			return complain(EXIT_FAILED, "out of memory");
		a->call.value[option] = a->values[option] ? a->values[option] : "";
	}
	if (option < -1) {
		const char *bad = poptBadOption(popt, POPT_BADOPTION_NOALIAS);
		if (isdigit((unsigned char)bad[1]))
			return complain_usage(&a->call, "%s: a number cannot be negative here", bad);
		return complain_usage(&a->call, "%s: %s", bad, poptStrerror(option));
	}
	return 0;
}

/* Reads options in front of the next word. Returns an exit code. */
static int read_ahead(struct arguments *a, int argc, const char **argv, const struct poptOption *options,
                      unsigned flags, const char ***rest, int *rest_count)
{
	poptContext popt = poptGetContext("uncia", argc, argv, options, flags);
	if (!popt)
		return complain(EXIT_FAILED, "out of memory");
	a->popt[a->popt_count++] = popt;
	int code = read_options(a, popt, options);
	*rest = poptGetArgs(popt);
	for (*rest_count = 0; *rest && (*rest)[*rest_count];)
		++*rest_count;
	return code;
}

static const struct verb *find_verb(const char *name)
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

/* The words in front of the verb's operands. *argv is left at the last of them. Returns an exit code. */
static int read_verb(struct arguments *a, int *argc, const char ***argv, char name[64])
{
	int code = read_ahead(a, *argc, *argv, global_options, POPT_CONTEXT_POSIXMEHARDER, argv, argc);
	const char *first = *argc ? (*argv)[0] : "", *second = "";
	snprintf(name, 64, "%s", first);
	if (!code && is_group(name)) {
		code = read_ahead(a, *argc, *argv, global_options, POPT_CONTEXT_POSIXMEHARDER, argv, argc);
		second = *argc ? (*argv)[0] : "";
		snprintf(name, 64, "%s%s%s", first, *second ? " " : "", second);
	}
	if (code)
		return code;
	a->call.verb = find_verb(name);
	if (a->call.verb)
		return 0;
	bool help = a->call.value[OPTION_HELP] || !strcmp(name, "help");
	if (*name && !help && !is_group(name))
		return complain(EXIT_USAGE, "%s: no such command (see uncia --help)", name);
	if (is_group(name))
		print_group(help ? stdout : stderr, name);
	else
		print_verbs(help ? stdout : stderr);
	return help ? output_flush() : EXIT_USAGE;
}

static int check_operands(const struct call *call)
{
	const struct verb *verb = call->verb;
	if (call->operand_count > verb->operands_max)
		return complain_usage(call, "%s: unexpected argument", call->operands[verb->operands_max]);
	if (call->operand_count < verb->operands_min)
		return complain_usage(call, "expected %s", verb->operands);
	return 0;
}

int arguments_init(struct arguments *a, int argc, const char **argv)
{
	char name[64];
	const char **rest = NULL;
	int count = 0;
	memset(a, 0, sizeof(*a));
	int code = read_verb(a, &argc, &argv, name);
	if (code || !a->call.verb)
		return code;
	snprintf(a->title, sizeof(a->title), "uncia %s", a->call.verb->name);
	a->verb_argv = reallocarray(NULL, (size_t)argc + 1, sizeof(*argv));
	if (!a->verb_argv)
		return complain(EXIT_FAILED, "out of memory");
	a->verb_argv[0] = a->title; /* what popt shows as the usage line */
	for (int i = 1; i < argc; i++)
		a->verb_argv[i] = argv[i];
	a->verb_argv[argc] = NULL;
	code = read_ahead(a, argc, a->verb_argv, a->call.verb->options, 0, &rest, &count);
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
	a->call.json = a->call.value[OPTION_JSON] != NULL;
	a->call.operands = (const char *const *)rest;
	a->call.operand_count = (unsigned)count;
	return check_operands(&a->call);
}

void arguments_deinit(struct arguments *a)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		free(a->values[i]);
	while (a->popt_count)
		poptFreeContext(a->popt[--a->popt_count]);
	free(a->verb_argv);
}

int option_number(const struct call *call, enum option option, const char *name, uint64_t min, uint64_t max,
                  uint64_t missing, uint64_t *number)
{
	const char *text = call->value[option];
	if (!text) {
		*number = missing;
		return 0;
	}
	errno = 0;
	unsigned long long value = strtoull(text, NULL, 10);
	if (!*text || text[strspn(text, "0123456789")] || errno || value < min || value > max)
		return complain_usage(call, "%s %s: not a number from %" PRIu64 " to %" PRIu64, name, text, min, max);
	*number = value;
	return 0;
}
