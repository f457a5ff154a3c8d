/* What the verbs of uncia share: the table that they are listed in, one call of one of them, exit codes, messages and
 * JSON. --help, shell completions and manual pages are all made from the table. */
#ifndef COMMAND_H
#define COMMAND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <popt.h>
#include <uncia/uncia.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PENDING = 3, /* the outcome is not known yet: wait, or run it again with the same key */
	EXIT_NOT_FOUND = 4,
	EXIT_REFUSED = 5, /* nothing was sent */
	EXIT_UNREACHABLE = 6,
	EXIT_MISMATCH = 7, /* what was to be verified does not hold */
	EXIT_EXPIRED = 8,  /* it never happened and never will */
};

enum option {
	OPTION_WALLET = 1,
	OPTION_NETWORK,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_WORDS,
	OPTION_WORDS_FILE,
	OPTION_NO_PASSPHRASE,
	OPTION_REFERENCE,
	OPTION_MEMO,
	OPTION_KEY,
	OPTION_EXPIRES,
	OPTION_TIMEOUT,
	OPTION_NO_WAIT,
	OPTION_YES,
	OPTION_LIMIT,
	OPTION_OUTPUT,
	OPTION_READ,
	OPTION_REPLACE,
	OPTION_PAYMENTS,
	OPTION_CLIENT,
	OPTION_FROM_NOW,
	OPTION_HANDLE,
	OPTION_OWN,
	OPTION_LOGIN,
	OPTION_FROM,
	OPTION_COMPARED,
	OPTION_QR,
	OPTION_QR_FILE,
	OPTION_END,
	OPTION_TO,
	OPTION_RECEIPT,
	OPTION_SECRET,
	OPTION_HOME,
	OPTION_AMOUNT,
	OPTION_AGREED,
	OPTION_NUMBER,
	OPTION_VERSION,
	OPTION_COUNT
};

struct call;

struct verb {
	const char *name;     /* one word, or a group and a word: "receipt verify" */
	const char *operands; /* as --help shows them; choices as "bash|zsh|fish" */
	unsigned operands_min, operands_max;
	const char *summary;              /* one line */
	const char *description;          /* sentences for --help and the manual page */
	const struct poptOption *options; /* its own; ends with OPTIONS_GLOBAL */
	bool takes_secrets;               /* messages show no argument of it: it may be words in the wrong place */
	int (*run)(const struct call *call);
};

/* All verbs, in the order of the help; NULL ends it. */
extern const struct verb *const verbs[];
extern const struct poptOption global_options[];

#define OPTIONS_GLOBAL                                                                                                 \
	{NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)global_options, 0, "Options of every command:", NULL},            \
	    POPT_TABLEEND

/* One run of a verb. */
struct call {
	const struct verb *verb;
	bool json;
	const char *value[OPTION_COUNT]; /* NULL: not given; "": given, and takes no value */
	const char *const *operands;     /* NULL ends them */
	unsigned operand_count;
};

/* ---- arguments.c ----------------------------------------------------------------------------- */

struct arguments {
	poptContext popt[3]; /* before the verb, between its two words, behind it */
	unsigned popt_count;
	char *values[OPTION_COUNT]; /* owned */
	const char **verb_argv;     /* owned: title, and what stands behind the verb */
	char title[64];
	struct call call;
};

/* Finds the verb and reads its options, which may stand before and after it. call.verb stays NULL where only help was
 * asked for, which has been printed. Returns an exit code; what is wrong has been said. */
int cli_arguments_init(struct arguments *arguments, int argc, const char **argv);
void cli_arguments_deinit(struct arguments *arguments);

/* An option whose value is a number of digits within [min, max]. */
struct number_option {
	enum option option;
	const char *name;           /* as in messages: "--limit" */
	uint64_t min, max, missing; /* missing: where it is not given */
};
/* Returns an exit code. */
int option_number(const struct call *call, const struct number_option *option, uint64_t *number);

/* ---- output.c -------------------------------------------------------------------------------- */

/* Whether it is UTF-8 without control characters, of at most 512 bytes. */
bool text_is_plain(const char *text);

/* Whether it is 64 hexadecimal digits: 32 bytes. */
bool hex_read(const char *text, uint8_t bytes[32]);
void hex_write(const uint8_t bytes[32], char text[65]);

/* Writes "uncia: …" to standard error, other text than that in ASCII only. Returns `code`. */
int cli_complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As cli_complain(EXIT_USAGE, …), pointing to the verb's --help. */
int cli_complain_usage(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says what an error of libuncia means. Returns the exit code that belongs to it. */
int cli_complain_error(int error, const char *what);
int exit_code_of(int error);
/* Whose storage errors of input and output are about from now on, and its directory; NULL: nobody's. */
void errors_are_of(const struct uncia_host *host, const char *home);
/* As uncia_error_text; where the home's storage failed, the file, the system's words, and what can be done where others
 * can read a file or its log is damaged. Valid until the next call. */
const char *error_words(int error);

/* Writes the object (NULL: memory ran out while it was made) and a line feed to standard output, and frees it.
 * Returns an exit code. */
int cli_json_print(json_t *object);
/* As cli_json_print, of a result that is only a part: adds what cli_end would print, the last message and the exit
 * code. Returns the exit code. */
int cli_json_print_failed(json_t *object, int code);
/* A whole number, also one above what jansson has integers for; for objects that cli_json_print writes. NULL: no
 * memory. */
json_t *json_whole(uint64_t number);
/* Whether all that was printed has reached standard output. Returns an exit code. */
int cli_output_flush(void);

/* Before anything else: looks whether --json is among the arguments, which need not be right. */
void cli_begin(int argc, const char **argv);
/* At the end: with --json, where no object was printed, one that says what failed and the exit code. */
void cli_end(int code);

enum colour { COLOUR_GOOD, COLOUR_WAITING, COLOUR_BAD };
/* Writes to standard output, in colour where that is a terminal and NO_COLOR is not set. */
void print_coloured(enum colour colour, const char *text);

#define TIME_TEXT_SIZE 32
/* "2025-01-31 12:00:00 UTC" */
void time_format(uint64_t timestamp_ms, char text[TIME_TEXT_SIZE]);

#endif
