/* Messages, JSON and coloured text for all verbs. */
#include "command.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAILURE_SIZE 1024 /* of a message that says what to do as well */

bool text_is_plain(const char *text)
{
	return !uncia_memo_check(text);
}

/* Of this run: whether --json is given, and whether its one object has been printed; the last reason for a failure, for
 * the object that says so. */
static struct {
	bool wanted, printed;
	char failure[FAILURE_SIZE];
} json_run;

/* Prints a message. It may quote what strangers wrote (a request, a name, a network file): where it holds control
 * characters, or those that change the direction of text, all but ASCII becomes '?'. */
static void print_message(int code, const char *format, va_list list)
{
	char *text = NULL;
	if (vasprintf(&text, format, list) < 0) {
		fputs("out of memory", stderr);
		return;
	}
	if (!text_is_plain(text))
		for (char *c = text; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
	fputs(text, stderr);
	if (code != 0)
		snprintf(json_run.failure, sizeof(json_run.failure), "%s", text);
	free(text);
}

int cli_complain(int code, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fputs("uncia: ", stderr);
	print_message(code, format, list);
	fputc('\n', stderr);
	va_end(list);
	return code;
}

int cli_complain_usage(const struct call *call, const char *format, ...)
{
	va_list list;
	const char *name = call->verb ? call->verb->name : "";
	va_start(list, format);
	fprintf(stderr, "uncia%s%s: ", *name ? " " : "", name);
	print_message(EXIT_USAGE, format, list);
	fprintf(stderr, " (see uncia%s%s --help)\n", *name ? " " : "", name);
	va_end(list);
	return EXIT_USAGE;
}

bool hex_read(const char *text, uint8_t bytes[32])
{
	static const char digits[] = "0123456789abcdef";
	bool right = strlen(text) == 64;
	for (size_t i = 0; right && i < 64; i++) {
		const char *digit = strchr(digits, text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
		right = digit != NULL;
		if (right)
			bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] << 4 | (digit - digits) : digit - digits);
	}
	return right;
}

void hex_write(const uint8_t bytes[32], char text[65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

int exit_code_of(int error)
{
	switch (error) {
	case 0:
		return EXIT_DONE;
	case UNCIA_E_ARGUMENT:
	case UNCIA_E_ADDRESS:
	case UNCIA_E_AMOUNT:
	case UNCIA_E_WORDS:
	case UNCIA_E_NETWORK:
	case UNCIA_E_CONFIG:
	case UNCIA_E_VERSION:
		return EXIT_USAGE;
	case UNCIA_E_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case UNCIA_E_FUNDS:
	case UNCIA_E_DUST:
	case UNCIA_E_KEY_REUSED:
	case UNCIA_E_LOCK_USED:
		return EXIT_REFUSED;
	case UNCIA_E_PROOF:
	case UNCIA_E_SIGNATURE:
	case UNCIA_E_CHANGED:
	case UNCIA_E_NEWER:
		return EXIT_MISMATCH;
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_BEHIND:
		return EXIT_UNREACHABLE;
	case UNCIA_E_SECOND_CHAIN:
		return EXIT_MISMATCH;
	case UNCIA_E_EXPIRED:
		return EXIT_EXPIRED;
	default:
		return EXIT_FAILED;
	}
}

static struct {
	const struct uncia_host *host;
	const char *path;
} home_in_use;

void errors_are_of(const struct uncia_host *host, const char *home)
{
	home_in_use.host = host;
	home_in_use.path = home;
}

/* What the library says of a log that decayed: its name, and how its words begin. */
#define DAMAGED_LOG "/.log: is damaged"

const char *error_words(int error)
{
	static char words[FAILURE_SIZE];
	char why[UNCIA_WHY_SIZE] = "";
	if (error == UNCIA_E_IO || error == UNCIA_E_PERMISSION)
		uncia_host_directory_why(home_in_use.host, why);
	if (!*why)
		return uncia_error_text(error);
	if (error == UNCIA_E_PERMISSION) /* names with a dot are files of the home, too */
		snprintf(words, sizeof(words),
		         "%s; what is in a wallet's home is for its owner alone: chmod -R u=rwX,go= %s", why,
		         home_in_use.path);
	else if (strstr(why, DAMAGED_LOG))
		snprintf(words, sizeof(words),
		         "%s. It holds what a power cut or a crash of the machine may have kept from the files beside "
		         "it. Where there was none since the wallet was used last, or this is a copy that was made "
		         "while it was in use, the files have all of it: move %s/.log away. Else have the wallet back "
		         "from its recovery words, in a new home: uncia --wallet NEW restore",
		         why, home_in_use.path);
	else
		snprintf(words, sizeof(words), "%s", why);
	return words;
}

int cli_complain_error(int error, const char *what)
{
	return cli_complain(exit_code_of(error), "%s: %s", what, error_words(error));
}

int cli_output_flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		return cli_complain(EXIT_FAILED, "standard output: %s", strerror(errno));
	return EXIT_DONE;
}

/* How jansson writes the character that json_whole puts in front of a number's digits. No text of ours holds it. */
#define NUMBER_MARK_CHARACTER '\x01'
#define NUMBER_MARK           "\"\\u0001"

json_t *json_whole(uint64_t number)
{
	char digits[24];
	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	snprintf(digits, sizeof(digits), "%c%" PRIu64, NUMBER_MARK_CHARACTER, number);
	return json_string(digits);
}

/* Takes the quotation marks and the mark off the numbers that jansson has as strings, in place. */
static void unquote_numbers(char *text)
{
	char *out = text;
	for (const char *in = text; *in;) {
		if (strncmp(in, NUMBER_MARK, strlen(NUMBER_MARK))) {
			*out++ = *in++;
			continue;
		}
		for (in += strlen(NUMBER_MARK); *in && *in != '"'; in++)
			*out++ = *in;
		in += *in == '"';
	}
	*out = '\0';
}

int cli_json_print(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	json_decref(object);
	if (!text)
		return cli_complain(EXIT_FAILED, "out of memory");
	unquote_numbers(text);
	json_run.printed = true;
	int written = puts(text);
	free(text);
	if (written == EOF)
		return cli_complain(EXIT_FAILED, "standard output: %s", strerror(errno));
	return cli_output_flush();
}

void cli_begin(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		json_run.wanted = json_run.wanted || !strcmp(argv[i], "--json");
}

/* The last message. */
static json_t *failure_json(void)
{
	json_t *error = json_string(json_run.failure);
	for (char *c = json_run.failure; *c && !error; c++)
		if (*c < ' ' || *c > '~') /* a path may be any bytes */
			*c = '?';
	return error ? error : json_string(json_run.failure);
}

int cli_json_print_failed(json_t *object, int code)
{
	json_t *failed = json_pack("{s:o,s:i}", "error", failure_json(), "exit", code);
	if (!object || !failed || json_object_update(object, failed)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(failed);
	cli_json_print(object); /* says so where it cannot */
	return code;
}

void cli_end(int code)
{
	if (!json_run.wanted || json_run.printed || code == EXIT_DONE)
		return;
	cli_json_print(json_pack("{s:i,s:o,s:i}", "v", 1, "error", failure_json(), "exit", code));
}

void print_coloured(enum colour colour, const char *text)
{
	static const char *const codes[] = {
	    [COLOUR_GOOD] = "\033[32m", [COLOUR_WAITING] = "\033[33m", [COLOUR_BAD] = "\033[31m"};
	const char *no_color = getenv("NO_COLOR");
	if ((no_color && *no_color) || !isatty(STDOUT_FILENO))
		fputs(text, stdout);
	else
		printf("%s%s\033[0m", codes[colour], text);
}

void time_format(uint64_t timestamp_ms, char text[TIME_TEXT_SIZE])
{
	struct tm parts;
	time_t seconds = (time_t)(timestamp_ms / 1000);
	if (!gmtime_r(&seconds, &parts) || !strftime(text, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S UTC", &parts))
		snprintf(text, TIME_TEXT_SIZE, "%" PRIu64 " ms", timestamp_ms);
}
