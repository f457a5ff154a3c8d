/* uncia init and uncia restore: a wallet where there is none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "secret.h"
#include "session.h"
#include "verbs.h"

/* Refuses a home that holds a wallet, before anything is asked for. A home that does not exist is not made yet. */
static int check_empty(const char *home)
{
	struct uncia_host host;
	struct uncia_wallet *there = NULL;
	struct stat info;
	if (stat(home, &info) && errno == ENOENT)
		return 0;
	int code = cli_home_open(home, &host);
	if (code)
		return code;
	int error = uncia_wallet_open(&host, NULL, NULL, &there);
	uncia_wallet_close(there);
	if (!error || error == UNCIA_E_DAMAGED)
		code = cli_complain(EXIT_FAILED, "there is %s wallet in %s already; nothing was changed",
		                    error ? "a damaged" : "a", home);
	else if (error != UNCIA_E_NOT_FOUND)
		code = cli_home_complain(error, home, NULL);
	cli_home_close(&host);
	return code;
}

/* Makes the key file. Returns an exit code. Out: host, which the caller frees whatever is returned. */
static int make_key(const struct call *call, const char *home, const char *words, bool fresh, struct uncia_host *host)
{
	char passphrase[PASSPHRASE_SIZE] = "";
	struct uncia_key_options options = {.size = sizeof(options), .fresh = fresh};
	int code = 0, error = 0;
	if (call->value[OPTION_NO_PASSPHRASE]) {
		options.no_passphrase = true;
	} else {
		code = passphrase_get(true, passphrase);
		options.passphrase = passphrase;
	}
	if (!code)
		code = cli_home_open(home, host);
	if (!code)
		error = uncia_wallet_create(host, words, &options);
	explicit_bzero(passphrase, sizeof(passphrase));
	if (error == UNCIA_E_IO || error == UNCIA_E_PERMISSION)
		return cli_home_complain(error, home, NULL);
	return error ? cli_complain(EXIT_FAILED, "%s: %s", home, uncia_error_text(error)) : code;
}

/* Shows the address, and the words where they are new. Returns an exit code. */
static int make_show(const struct call *call, const char *words, bool are_new)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_words_address(words, address);
	if (error)
		return cli_complain_error(error, "the address");
	if (call->json)
		return cli_json_print(are_new ? json_pack("{s:i,s:s,s:s}", "v", 1, "address", address, "words", words)
		                              : json_pack("{s:i,s:s}", "v", 1, "address", address));
	if (are_new)
		printf("Write these words down, in this order, and keep them where nobody else reads them. They are "
		       "shown\n"
		       "this once. Whoever has them has the money; without them nobody can bring it back.\n\n  %s\n\n",
		       words);
	printf("address %s\n", address);
	return cli_output_flush();
}

static const struct number_option words_option = {OPTION_WORDS, "--words", 12, 24, 12};

static int run_init(const struct call *call)
{
	struct uncia_host host = {.size = sizeof(host)};
	char *home = NULL, words[UNCIA_WORDS_TEXT_SIZE];
	uint64_t count;
	int code = option_number(call, &words_option, &count);
	if (code)
		return code;
	if (count != 12 && count != 24)
		return cli_complain_usage(call, "--words: neither 12 nor 24");
	code = cli_home_path(call, &home);
	if (!code)
		code = check_empty(home);
	if (!code) {
		int error = uncia_words_make(NULL, (unsigned)count, words);
		code = error ? cli_complain_error(error, "recovery words") : make_key(call, home, words, true, &host);
		if (!code && (code = make_show(call, words, true)) != 0)
			cli_complain(
			    0,
			    "the wallet is there, but its words may not have been shown, and never will be: do "
			    "not use it; "
			    "remove %s/key and make another",
			    home);
		explicit_bzero(words, sizeof(words));
	}
	cli_home_close(&host);
	free(home);
	return code;
}

static int run_restore(const struct call *call)
{
	struct uncia_host host = {.size = sizeof(host)};
	char *home = NULL, words[WORDS_INPUT_SIZE];
	int code = words_get(call->value[OPTION_WORDS_FILE], words);
	if (code)
		return code;
	code = cli_home_path(call, &home);
	if (!code)
		code = check_empty(home);
	if (!code)
		code = make_key(call, home, words, false, &host);
	if (!code)
		code = make_show(call, words, false);
	explicit_bzero(words, sizeof(words));
	cli_home_close(&host);
	free(home);
	return code;
}

static const struct poptOption init_options[] = {
    {"words", '\0', POPT_ARG_STRING, NULL, OPTION_WORDS, "How many recovery words: 12 (the default) or 24", "12|24"},
    {"no-passphrase", '\0', POPT_ARG_NONE, NULL, OPTION_NO_PASSPHRASE,
     "Do not seal the key: whoever reads the file has the money; for tests", NULL},
    OPTIONS_GLOBAL};

const struct verb verb_init = {
    .name = "init",
    .operands = "",
    .summary = "make a wallet, and show its recovery words",
    .description = "Makes a new wallet and shows its recovery words, once: write them down. The key is sealed by a\n"
                   "passphrase, from the file that $UNCIA_PASSPHRASE_FILE names or asked for on the terminal.",
    .options = init_options,
    .takes_secrets = true,
    .run = run_init};

static const struct poptOption restore_options[] = {
    {"words-file", '\0', POPT_ARG_STRING, NULL, OPTION_WORDS_FILE, "Read the recovery words from this file", "FILE"},
    {"no-passphrase", '\0', POPT_ARG_NONE, NULL, OPTION_NO_PASSPHRASE,
     "Do not seal the key: whoever reads the file has the money; for tests", NULL},
    OPTIONS_GLOBAL};

const struct verb verb_restore = {
    .name = "restore",
    .operands = "",
    .summary = "have a wallet back from its recovery words",
    .description =
        "Makes the wallet of 12 or 24 recovery words, read from a file, the terminal or standard input.\n"
        "Numbers, commas and line ends between them do not matter; of each the first four letters are enough.",
    .options = restore_options,
    .takes_secrets = true,
    .run = run_restore};
