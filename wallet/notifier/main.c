/* uncia-notifier: options, and the loop. */
#include <errno.h>
#include <popt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "notifier.h"

#define SECRET_MIN 16u
#define SECRET_MAX 4096u
#define WAIT_MS    200
#define STORE_MS   5000u

static char *network_path, *accounts_path, *url, *authorities_path, *secret_path, *state_path;

static const struct poptOption notifier_options[] = {
    {"network", 0, POPT_ARG_STRING, &network_path, 0, "The network file", "FILE"},
    {"accounts", 0, POPT_ARG_STRING, &accounts_path, 0, "Whom to watch: an address a line", "FILE"},
    {"webhook", 0, POPT_ARG_STRING, &url, 0, "What is called", "URL"},
    {"ca", 0, POPT_ARG_STRING, &authorities_path, 0,
     "Who vouches for an https webhook, instead of the system's authorities", "FILE"},
    {"secret", 0, POPT_ARG_STRING, &secret_path, 0, "What the calls are signed with; 16 bytes or more", "FILE"},
    {"state", 0, POPT_ARG_STRING, &state_path, 0, "Where it keeps what was delivered", "FILE"},
    POPT_AUTOHELP POPT_TABLEEND};

static volatile sig_atomic_t notifier_ends;

static void on_notifier_signal(int number)
{
	(void)number;
	notifier_ends = 1;
}

static int read_secret(uint8_t secret[SECRET_MAX], size_t *size)
{
	FILE *file = fopen(secret_path, "re");
	struct stat info;

	if (!file || fstat(fileno(file), &info)) {
		int code = notifier_say(1, "%s: %s", secret_path, strerror(errno));
		if (file)
			fclose(file);
		return code;
	}
	*size = fread(secret, 1, SECRET_MAX, file);
	bool failed = ferror(file);
	fclose(file);
	if (failed)
		return notifier_say(1, "%s: %s", secret_path, strerror(errno));
	if (info.st_mode & 077)
		return notifier_say(1, "%s can be read by others; keep it to yourself: chmod 600 %s", secret_path,
		                    secret_path);
	while (*size && (secret[*size - 1] == '\n' || secret[*size - 1] == '\r'))
		--*size;
	if (*size < SECRET_MIN)
		return notifier_say(2, "%s: fewer than %u bytes", secret_path, SECRET_MIN);
	return 0;
}

/* What is in it is libcurl's to judge, which does with the first call only; a wrong file is told of before. */
static int check_authorities(void)
{
	FILE *file = fopen(authorities_path, "re");
	char line[256];
	bool found = false;

	if (!file)
		return notifier_say(1, "%s: %s", authorities_path, strerror(errno));
	while (!found && fgets(line, sizeof(line), file))
		found = strncmp(line, "-----BEGIN CERTIFICATE-----", 27) == 0;
	bool failed = ferror(file);
	fclose(file);
	if (failed)
		return notifier_say(1, "%s: %s", authorities_path, strerror(errno));
	return found ? 0 : notifier_say(2, "%s: no certificate in PEM form is in it", authorities_path);
}

static int notifier_open(struct notifier *n)
{
	char why[UNCIA_WHY_SIZE] = "";
	uint8_t secret[SECRET_MAX];
	size_t size = 0;

	if (!network_path || !accounts_path || !url || !secret_path || !state_path)
		return notifier_say(2,
		                    "--network, --accounts, --webhook, --secret and --state are needed (see --help)");
	int error = uncia_network_load(network_path, &n->network, why);
	if (error == UNCIA_E_NOT_FOUND || error == UNCIA_E_IO) /* why has the file's name */
		return notifier_say(1, "the network file: %s", why);
	if (error)
		return notifier_say(2, "%s: %s", network_path, why);
	if (!uncia_network_validators(n->network))
		return notifier_say(2, "%s: there is no validator in it to listen to", network_path);
	if (!(n->state_path = strdup(state_path)))
		return notifier_say(1, "out of memory");
	int code = accounts_list(n, accounts_path);
	if (!code)
		code = accounts_load(n);
	if (!code)
		code = read_secret(secret, &size);
	if (!code && authorities_path)
		code = check_authorities();
	if (!code)
		code = webhook_new(n, url, authorities_path, secret, size);
	sodium_memzero(secret, sizeof(secret));
	return code ? code : relay_new(n);
}

/* Until it is told to end. What was delivered is stored every few seconds, and at the end. */
static int notifier_run(struct notifier *n)
{
	uint64_t stored_ms = notifier_now_ms();
	bool listens = false;

	while (!notifier_ends) {
		relay_turn(n);
		webhook_turn(n, relay_descriptor(n), WAIT_MS);
		if (!listens && relay_up(n) && n->known == n->count) { /* what comes in from now on is told of */
			notifier_say(0, "listening for %zu account%s", n->count, n->count == 1 ? "" : "s");
			listens = true;
		}
		if (n->changed && notifier_now_ms() >= stored_ms + STORE_MS) {
			stored_ms = notifier_now_ms();
			accounts_store(n); /* says so where it cannot; tried again */
		}
	}
	return n->changed ? accounts_store(n) : 0;
}

int main(int argc, const char **argv)
{
	struct sigaction action = {.sa_handler = on_notifier_signal};
	struct notifier n = {0};
	struct rlimit limit;
	poptContext popt = poptGetContext("uncia-notifier", argc, argv, notifier_options, 0);

	int option = poptGetNextOpt(popt);
	if (option < -1 || poptPeekArg(popt))
		return notifier_say(2, "%s (see --help)",
		                    option < -1 ? poptStrerror(option) : "what is this argument?");
	if (sodium_init() < 0)
		return notifier_say(1, "libsodium cannot be used");
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	int code = notifier_open(&n);
	if (!code)
		code = notifier_run(&n);
	relay_free(&n);
	webhook_free(&n);
	accounts_free(&n);
	uncia_network_free(n.network);
	poptFreeContext(popt);
	return code;
}
