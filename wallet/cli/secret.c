/* Reads passphrases and recovery words. */
#include "secret.h"
#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads all of a descriptor as text. Unbuffered, so that no copy of it stays behind. Returns an exit code. */
static int secret_read_text(int fd, const char *name, char *text, size_t capacity)
{
	size_t size = 0;
	ssize_t got;
	while ((got = read(fd, text + size, capacity - size)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cli_complain(EXIT_USAGE, "%s: %s", name, strerror(errno));
		size += (size_t)got;
		if (size == capacity)
			return cli_complain(EXIT_USAGE, "%s: too long", name);
	}
	text[size] = '\0';
	return strlen(text) == size ? 0 : cli_complain(EXIT_USAGE, "%s: not text in UTF-8", name);
}

/* name: what is said instead of the path, which may be the secret itself, given in the wrong place. */
static int secret_read_file(const char *path, const char *name, char *text, size_t capacity)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_complain(EXIT_USAGE, "the file of %s: %s", name, strerror(errno));
	int code = secret_read_text(fd, name, text, capacity);
	close(fd);
	return code;
}

static int secret_ask(const char *prompt, char *text, size_t capacity, int flags)
{
	if (!isatty(STDIN_FILENO) || !readpassphrase(prompt, text, capacity, flags | RPP_REQUIRE_TTY))
		return EXIT_USAGE;
	return strlen(text) + 1 < capacity ? 0 : EXIT_USAGE;
}

static int ask_passphrase(bool is_new, char passphrase[PASSPHRASE_SIZE])
{
	char again[PASSPHRASE_SIZE];
	if (secret_ask("Passphrase: ", passphrase, PASSPHRASE_SIZE, RPP_ECHO_OFF))
		return cli_complain(EXIT_USAGE, "no passphrase: there is no terminal to ask on; "
		                                "name a file that holds it in $UNCIA_PASSPHRASE_FILE");
	if (!is_new)
		return 0;
	int code = secret_ask("Passphrase again: ", again, sizeof(again), RPP_ECHO_OFF);
	if (code || strcmp(passphrase, again))
		code = cli_complain(EXIT_USAGE, "the two passphrases are not the same");
	explicit_bzero(again, sizeof(again));
	return code;
}

int passphrase_get(bool is_new, char passphrase[PASSPHRASE_SIZE])
{
	const char *path = getenv("UNCIA_PASSPHRASE_FILE");
	int code;
	if (path && *path) {
		code = secret_read_file(path, "$UNCIA_PASSPHRASE_FILE", passphrase, PASSPHRASE_SIZE);
		if (!code)
			passphrase[strcspn(passphrase, "\r\n")] = '\0';
	} else {
		code = ask_passphrase(is_new, passphrase);
	}
	/* A file that holds a byte order mark alone. */
	if (!code && (!*passphrase || !strcmp(passphrase, "\xef\xbb\xbf")))
		code = cli_complain(EXIT_USAGE, "the passphrase is empty");
	if (code)
		explicit_bzero(passphrase, PASSPHRASE_SIZE);
	return code;
}

/* Explains why words are refused, and shows none of them: an error ends up in logs, and on screens that others see.
 * Returns an exit code. */
static int words_explain(unsigned count, unsigned unknown)
{
	if (unknown)
		return cli_complain(EXIT_USAGE, "word %u of %u is not in the list of recovery words", unknown, count);
	if (count != 12 && count != 24)
		return cli_complain(EXIT_USAGE, "recovery words are 12 or 24; these are %u", count);
	return cli_complain(EXIT_USAGE, "these are recovery words, but their checksum is wrong: "
	                                "one is mistaken for another, or two changed places");
}

int words_get(const char *path, char words[WORDS_INPUT_SIZE])
{
	unsigned count, unknown;
	int code;
	if (path)
		code = secret_read_file(path, "--words-file", words, WORDS_INPUT_SIZE);
	else if (isatty(STDIN_FILENO))
		code = secret_ask("Recovery words: ", words, WORDS_INPUT_SIZE, RPP_ECHO_ON);
	else
		code = secret_read_text(STDIN_FILENO, "standard input", words, WORDS_INPUT_SIZE);
	if (!code && uncia_words_examine(words, &count, &unknown))
		code = words_explain(count, unknown);
	if (code)
		explicit_bzero(words, WORDS_INPUT_SIZE);
	return code;
}

int secret_line_get(const char *prompt, const char *name, char *text, size_t capacity)
{
	int code = prompt && isatty(STDIN_FILENO) ? secret_ask(prompt, text, capacity, RPP_ECHO_OFF)
	                                          : secret_read_text(STDIN_FILENO, name, text, capacity);
	if (code)
		explicit_bzero(text, capacity);
	return code;
}

int secret_bytes_get(const char *path, const char *name, uint8_t bytes[32])
{
	char text[128];
	int code = !strcmp(path, "-") ? secret_read_text(STDIN_FILENO, name, text, sizeof(text))
	                              : secret_read_file(path, name, text, sizeof(text));
	if (!code)
		text[strcspn(text, "\r\n")] = '\0';
	if (!code && !hex_read(text, bytes))
		code = cli_complain(EXIT_USAGE, "%s: not 64 hexadecimal digits", name);
	explicit_bzero(text, sizeof(text));
	return code;
}
