/* What the commands of unciad share: the table they are listed in, their options, exit codes, messages and JSON.
 * Help is printed from the same tables that man pages and completions are made from. */
#ifndef COMMAND_H
#define COMMAND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <popt.h>

/* The exit codes of docs/operating.md that unciad uses. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 6,
	EXIT_MISMATCH = 7,
};

struct arguments;

struct command {
	const char *name;
	const char *summary;              /* one line */
	const char *description;          /* sentences for --help and the man page */
	const struct poptOption *options; /* every option's val is above 0 and unique in the command */
	int (*run)(struct arguments *arguments);
};

extern const struct command command_keygen, command_genesis, command_init, command_start, command_status, command_check,
    command_devnet, command_version;

/* The options that several commands have, and their vals. */
#define OPTION_HELP    'h'
#define OPTION_HOME    'H'
#define OPTION_JSON    'j'
#define OPTIONS_COMMON {"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "Show this help", NULL}, POPT_TABLEEND
#define OPTIONS_HOME                                                                                                   \
	{                                                                                                              \
		"home", '\0', POPT_ARG_STRING, NULL, OPTION_HOME, "The validator's directory", "HOME"                  \
	}
#define OPTIONS_JSON                                                                                                   \
	{                                                                                                              \
		"json", '\0', POPT_ARG_NONE, NULL, OPTION_JSON, "Print one JSON object", NULL                          \
	}

/* The next option: its val, and its value where it has one (which lives as long as the arguments do).
 * Returns 0 at the end; -1 where it is no option of this command, which has been said on standard error.
 * Prints the help and exits where it is asked for; says so and exits where memory ends. */
int arguments_next(struct arguments *arguments, const char **value);

/* All options of a command that takes --home and perhaps --json. Returns an exit code. */
int arguments_home(struct arguments *arguments, const char **home, bool *json);

/* Writes "unciad: …" to standard error. Returns `code`. */
int complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As complain(EXIT_USAGE, …), pointing to the command's --help. */
int complain_usage(const struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From now on a memory fault ends the process with this code and a sentence: the store is read as mapped memory, so
 * that is how a failing disk shows, and damage to LMDB's own pages. */
void end_on_fault(enum exit_code code);

/* Digits only, within [min, max]. */
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/* Writes the object (NULL: it could not be made) and a line feed to standard output, and frees it.
 * Returns an exit code. */
int json_print(json_t *object);
/* Whether all that was printed has reached standard output. Returns an exit code. */
int output_flush(void);

#endif
