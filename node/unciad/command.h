/* Shared by the commands of unciad: the table that lists them, their options, exit codes, messages and JSON. Help is
 * printed from the same tables that man pages and completions are made from.
 *
 * Threads: a command runs on one; nothing here is called from another, unless it says so. */
#ifndef COMMAND_H
#define COMMAND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <popt.h>

/* The exit codes of docs/operating.md that unciad uses. Starting again can help after 1 alone. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 5,       /* nothing was changed */
	EXIT_UNREACHABLE = 6,   /* nor here */
	EXIT_MISMATCH = 7,      /* END_DAMAGED: what is stored is not as it must be */
	EXIT_JOURNAL_LOST = 9,  /* a home without its journal of votes */
	EXIT_SECOND_CHAIN = 10, /* END_FAULTY: validators of more weight than F are faulty */
};

struct arguments;

/* One command; each is a constant of its own file. */
struct command {
	const char *name;                        /* a word, or two with a space between */
	const char *summary;                     /* one line */
	const char *description;                 /* sentences for --help and the man page */
	const struct poptOption *options;        /* every option's val is above 0 and unique in the command */
	int (*run)(struct arguments *arguments); /* returns an exit code */
	const char *operands;                    /* as --help shows them; NULL: it takes none */
};

extern const struct command command_keygen, command_genesis, command_genesis_line, command_genesis_sign, command_init,
    command_start, command_sign_agent, command_sign_agent_init, command_status, command_peers, command_check,
    command_backup, command_compact, command_migrate, command_devnet, command_completion, command_version;

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

/* Returns the next option's val; *value: its value, which lives as long as the arguments, or NULL where it takes none.
 * Returns 0 at the end; -1 at what is no option of this command, which has been said on standard error.
 * Ends the process where the help is asked for, which it prints, and where memory ends, which it says. */
int arguments_next(struct arguments *arguments, const char **value);
/* Behind the options of a command that takes operands: the next one, which lives as long as the arguments; NULL: there
 * is none left. */
const char *arguments_operand(struct arguments *arguments);
/* The whole table of commands, NULL at its end. */
const struct command *const *arguments_commands(const struct arguments *arguments);

/* Takes all options of a command that has --home and perhaps --json. *home lives as long as the arguments. Returns an
 * exit code: EXIT_USAGE, having said so, where --home is missing. */
int arguments_home(struct arguments *arguments, const char **home, bool *json);

/* Before anything else: looks whether --json is among the arguments, which need not be right. */
void command_begin(int argc, const char **argv);
/* At the end: with --json, where no object was printed, one that says what failed and the exit code. */
void command_end(int code);

/* Writes "unciad: …" to standard error. Returns `code`. */
int command_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes "unciad: warning: …" to standard error: the command goes on, and its object of --json is the result. */
void command_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The last reason for a failure that was said; empty: none was. Valid until the next one. */
const char *command_failure(void);
/* From now on command_error writes nothing, and is only kept for command_failure: where nobody may wait for whoever
 * reads standard error, while a validator runs. Or it writes again. */
void command_quiet(bool quiet);
/* As command_error, pointing to the command's --help. Returns EXIT_USAGE. */
int command_usage_error(const struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From now on a memory fault, in any thread, ends the process with this code and a sentence. The store is read as
 * mapped memory: a memory fault is how a failing disk shows, and damage to LMDB's own pages. */
void end_on_fault(enum exit_code code);

/* Reads a number of digits only, within [min, max]. false: it is none, and *number is left as it was. */
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/* Writes the object (NULL: it could not be made) and a line feed to standard output, and frees it.
 * Returns an exit code. */
int command_print_json(json_t *object);
/* Whether all that was printed has reached standard output. Returns an exit code. */
int command_flush(void);

#endif
