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
#include <uncia/version.h>
#include "notifier.h"
#include "program.h"
#include "service.h"

#define SECRET_MIN  16u
#define SECRET_MAX  4096u
#define WAIT_MS     200
#define STORE_MS    5000u
#define PATIENCE_MS 30000u /* for links, before a service manager is told that it is ready */

enum { OPTION_MANUAL = 1 };

static char *network_path, *accounts_path, *url, *authorities_path, *secret_path, *state_path;

static const struct poptOption notifier_options[] = {
    {"network", 0, POPT_ARG_STRING, &network_path, 0, "The network file", "FILE"},
    {"accounts", 0, POPT_ARG_STRING, &accounts_path, 0, "Whom to watch: an address a line", "FILE"},
    {"webhook", 0, POPT_ARG_STRING, &url, 0, "What is called", "URL"},
    {"ca", 0, POPT_ARG_STRING, &authorities_path, 0,
     "Who vouches for an https webhook, instead of the system's authorities", "FILE"},
    {"secret", 0, POPT_ARG_STRING, &secret_path, 0, "What the calls are signed with; 16 bytes or more", "FILE"},
    {"state", 0, POPT_ARG_STRING, &state_path, 0, "Where it keeps what was delivered", "FILE"},
    {"manual", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, NULL, OPTION_MANUAL, "Print the page of the manual", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

static const struct poptOption help_option[] = {{"help", '?', POPT_ARG_NONE, NULL, 0, "Show the options", NULL},
                                                POPT_TABLEEND};

static const struct program notifier_program = {
    .name = "uncia-notifier",
    .version = UNCIA_VERSION,
    .section = 8,
    .summary = "wakes apps that sleep when a payment has touched their accounts",
    .synopsis =
        "*uncia-notifier* *--network* _FILE_ *--accounts* _FILE_ *--webhook* _URL_ \\[*--ca* _FILE_] *--secret* "
        "_FILE_ *--state* _FILE_",
    .description =
        "Watches accounts at the validators of a network file, and calls a webhook when a payment has touched one of\n"
        "them. It has no key and no say: the app that is woken looks for itself. Each call is a POST of\n"
        "{\"v\":1,\"account\":_ADDRESS_,\"payments\":_N_,\"created\":_HEIGHT_,\"height\":_HEIGHT_}, signed in the "
        "header\n"
        "Uncia-Signature by HMAC-SHA256 under the secret, and made again until it is answered with 200 to 299. "
        "SIGTERM\n"
        "and SIGINT end it; what was delivered is kept in the state file.",
    .tail =
        "# EXIT STATUS\n\n*0*\n\tit was told to end\n\n*1*\n\ta file could not be read or written\n\n*2*\n\tusage\n\n"
        "*6*\n\ta validator's name could not be looked up\n\n# ENVIRONMENT\n\n"
        "*NOTIFY\\_SOCKET*, *WATCHDOG\\_USEC*, *WATCHDOG\\_PID*\n\twhere systemd has started it: it says there when it "
        "listens, and that it is ending (sd_notify(3))\n\n# FILES\n\n"
        "_/etc/uncia-notifier/_\n\tnetwork.conf, accounts and secret of *uncia-notifier.service*\n\n"
        "_/etc/default/uncia-notifier_\n\tits webhook\n\n# SEE ALSO\n\n*unciad*(8), *uncia*(1)\n",
    .leading = help_option,
    .options = notifier_options,
};

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

/* What a service manager is told, if one has started this: READY=1 when it listens, or has tried for long, since the
 * validators are others'; and that it lives, some times within what the watchdog waits. */
struct watched {
	uint64_t since_ms, told_ms, every_ms; /* every_ms 0: there is no manager */
	bool ready;
};

static void watched_begin(struct watched *w)
{
	uint64_t watchdog_ms = service_watchdog_ms();

	*w = (struct watched){.since_ms = notifier_now_ms()};
	if (service_is_watched())
		w->every_ms = watchdog_ms && watchdog_ms / 3 < 1000 ? watchdog_ms / 3 + 1 : 1000;
}

static void watched_turn(struct watched *w, const struct notifier *n, bool listens)
{
	uint64_t now = notifier_now_ms();
	bool ready = w->ready || listens || now - w->since_ms >= PATIENCE_MS;
	char state[200];

	if (!w->every_ms || (ready == w->ready && now - w->told_ms < w->every_ms))
		return;
	w->told_ms = now;
	snprintf(state, sizeof(state), "%sWATCHDOG=1\nSTATUS=%s; %zu of %zu accounts known, %zu links\n",
	         ready && !w->ready ? "READY=1\n" : "", listens ? "listens" : "begins", n->known, n->count,
	         relay_up(n));
	if (service_notify(state)) /* else it is said again */
		w->ready = ready;
}

/* Until it is told to end. What was delivered is stored every few seconds, and at the end. */
static int notifier_run(struct notifier *n)
{
	uint64_t stored_ms = notifier_now_ms();
	struct watched watched;
	bool listens = false;

	watched_begin(&watched);

	while (!notifier_ends) {
		relay_turn(n);
		webhook_turn(n, relay_descriptor(n), WAIT_MS);
		if (!listens && relay_up(n) && n->known == n->count) { /* what comes in from now on is told of */
			notifier_say(0, "listening for %zu account%s", n->count, n->count == 1 ? "" : "s");
			listens = true;
		}
		watched_turn(&watched, n, listens);
		if (n->changed && notifier_now_ms() >= stored_ms + STORE_MS) {
			stored_ms = notifier_now_ms();
			accounts_store(n); /* says so where it cannot; tried again */
		}
	}
	service_notify("STOPPING=1\n");
	return n->changed ? accounts_store(n) : 0;
}

static int print_manual(void)
{
	manual_print(&notifier_program, "");
	return fflush(stdout) || ferror(stdout) ? notifier_say(1, "standard output: %s", strerror(errno)) : 0;
}

int main(int argc, const char **argv)
{
	struct sigaction action = {.sa_handler = on_notifier_signal};
	struct notifier n = {0};
	struct rlimit limit;
	poptContext popt = poptGetContext("uncia-notifier", argc, argv, notifier_options, 0);

	int option = poptGetNextOpt(popt);
	if (option == OPTION_MANUAL) {
		poptFreeContext(popt);
		return print_manual();
	}
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
