/* Options, messages and JSON for every command of unciad. Their work is in their own files. */
#include "command.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "arguments.h"

int arguments_begin(struct arguments *a, const struct command *command, int argc, const char **argv)
{
	assert(argc > 0 && command->options && command->run);
	memset(a, 0, sizeof(*a));
	a->command = command;
	snprintf(a->title, sizeof(a->title), "unciad %s", command->name);
	argv[0] = a->title; /* what popt shows as the usage line */
	a->popt = poptGetContext("unciad", argc, argv, command->options, 0);
	if (!a->popt)
		return command_error(EXIT_FAILED, "out of memory");
	snprintf(a->synopsis, sizeof(a->synopsis), "%s%sOPTION...", command->operands ? command->operands : "",
	         command->operands ? " " : "");
	poptSetOtherOptionHelp(a->popt, a->synopsis);
	return 0;
}

void arguments_end(struct arguments *a)
{
	for (size_t i = 0; i < a->value_count; i++)
		free(a->values[i]);
	free(a->values);
	poptFreeContext(a->popt);
}

/* popt returns NULL both for an option that takes no argument and where memory ends: the option's table tells which. */
static bool takes_argument(const struct arguments *a, int val)
{
	for (const struct poptOption *option = a->command->options; option->longName || option->shortName; option++)
		if (option->val == val)
			return (option->argInfo & POPT_ARG_MASK) == POPT_ARG_STRING;
	return false;
}

static void keep_value(struct arguments *a, int val, const char **value)
{
	char *text = poptGetOptArg(a->popt);
	*value = text;
	if (!text && !takes_argument(a, val))
		return;
	char **values = text ? reallocarray(a->values, a->value_count + 1, sizeof(*values)) : NULL;
	if (!values)
		exit(command_error(EXIT_FAILED, "out of memory"));
	a->values = values;
	values[a->value_count++] = text;
}

int arguments_next(struct arguments *a, const char **value)
{
	*value = NULL;
	int val = poptGetNextOpt(a->popt);
	if (val == OPTION_HELP) {
		printf("unciad %s: %s\n\n%s\n\n", a->command->name, a->command->summary, a->command->description);
		poptPrintHelp(a->popt, stdout, 0);
		exit(command_flush());
	}
	if (val > 0) {
		keep_value(a, val, value);
		return val;
	}
	if (val < -1) {
		command_usage_error(a, "%s: %s", poptBadOption(a->popt, POPT_BADOPTION_NOALIAS), poptStrerror(val));
		return -1;
	}
	const char *rest = a->command->operands ? NULL : poptGetArg(a->popt);
	if (rest) {
		command_usage_error(a, "%s: unexpected argument", rest);
		return -1;
	}
	return 0;
}

const char *arguments_operand(struct arguments *a)
{
	assert(a->command->operands);
	return poptGetArg(a->popt);
}

const struct command *const *arguments_commands(const struct arguments *a)
{
	assert(a->commands);
	return a->commands;
}

int arguments_home(struct arguments *a, const char **home, bool *json)
{
	const char *value;
	int option;
	*home = NULL;
	*json = false;
	while ((option = arguments_next(a, &value)) > 0) {
		if (option == OPTION_HOME)
			*home = value;
		else
			*json = true;
	}
	if (option < 0)
		return EXIT_USAGE;
	return *home ? 0 : command_usage_error(a, "--home is missing");
}

/* Of this run: whether --json is given, and whether its one object has been printed; the last reason for a failure, for
 * the object that says so. */
static struct {
	bool wanted, printed;
	char failure[512];
} json_run;
static bool quiet_run;

void command_begin(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		json_run.wanted = json_run.wanted || !strcmp(argv[i], "--json");
}

void command_end(int code)
{
	if (!json_run.wanted || json_run.printed || code == EXIT_DONE)
		return;
	json_t *error = json_string(json_run.failure);
	for (char *c = json_run.failure; *c && !error; c++)
		if (*c < ' ' || *c > '~') /* a path may be any bytes */
			*c = '?';
	command_print_json(
	    json_pack("{s:i,s:o,s:i}", "v", 1, "error", error ? error : json_string(json_run.failure), "exit", code));
}

static void keep_failure(const char *format, va_list list)
{
	vsnprintf(json_run.failure, sizeof(json_run.failure), format, list);
}

int command_error(int code, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	keep_failure(format, list);
	va_end(list);
	assert(code >= EXIT_DONE && code <= EXIT_SECOND_CHAIN);
	if (quiet_run)
		return code;
	va_start(list, format);
	fputs("unciad: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	return code;
}

const char *command_failure(void)
{
	return json_run.failure;
}

void command_quiet(bool quiet)
{
	quiet_run = quiet;
}

void command_warning(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fputs("unciad: warning: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

int command_usage_error(const struct arguments *a, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fprintf(stderr, "unciad %s: ", a->command->name);
	vfprintf(stderr, format, list);
	fprintf(stderr, " (see unciad %s --help)\n", a->command->name);
	va_end(list);
	va_start(list, format);
	keep_failure(format, list);
	va_end(list);
	return EXIT_USAGE;
}

static volatile sig_atomic_t fault_code;

#define FAULT_OBJECT(code)                                                                                             \
	"{\"v\":1,\"error\":\"the store cannot be read: its disk fails or its files are damaged\",\"exit\":" code "}"  \
	"\n"

/* A signal handler: it calls nothing but what is safe in one. */
static void on_fault(int number)
{
	static const char sentence[] = "unciad: the store cannot be read: its disk fails or its files are damaged\n";
	(void)number;
	ssize_t written = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);
	const char *object = fault_code == EXIT_FAILED ? FAULT_OBJECT("1") : FAULT_OBJECT("7");
	if (json_run.wanted && !json_run.printed)
		written = write(STDOUT_FILENO, object, strlen(object));
	(void)written;
	_exit(fault_code);
}

void end_on_fault(enum exit_code code)
{
	static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE}; /* LMDB divides by what a header says */
	struct sigaction present, ours = {.sa_handler = on_fault};
	assert(code == EXIT_FAILED || code == EXIT_MISMATCH);
	fault_code = code;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		/* A sanitizer's handler, which says more, stays. */
		if (!sigaction(faults[i], NULL, &present) && present.sa_handler == SIG_DFL)
			sigaction(faults[i], &ours, NULL);
	}
}

bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	assert(min <= max);
	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, NULL, 10);
	if (errno || value < min || value > max)
		return false;
	*number = value;
	return true;
}

int command_flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		return command_error(EXIT_FAILED, "standard output: %s", strerror(errno));
	return EXIT_DONE;
}

int command_print_json(json_t *object)
{
	/* A path may be any bytes, and JSON is UTF-8; jansson does not say which of the two it was. */
	if (!object)
		return command_error(EXIT_FAILED, "cannot make the JSON object: a name is not UTF-8, or out of memory");
	json_run.printed = true;
	int written = json_dumpf(object, stdout, JSON_COMPACT);
	json_decref(object);
	if (written || putchar('\n') == EOF)
		return command_error(EXIT_FAILED, "standard output: %s", strerror(errno));
	return command_flush();
}
