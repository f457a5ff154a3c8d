/* One payer, as a program that embeds libuncia sees it: through the public header and the shared library alone. It pays
 * one payment at a time and measures from the call to the verified receipt, the wallet's own stores included; or it
 * keeps an open wallet and does nothing.
 *
 *	payer init HOME                           makes a wallet; prints its address
 *	payer pay HOME NETWORK ADDRESS SECONDS    pays some as warm-up, says so, and waits for a line before it measures
 *	payer many HOME NETWORK ADDRESS COUNT     pays so many times, one after the other
 *	payer idle HOME NETWORK SECONDS           what an open wallet costs that has nothing to do
 *	payer baseline                            what a process costs that has loaded the library only
 *
 * Keys without a passphrase: a derivation at the start is not what is measured here. */
#include <jansson.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uncia/uncia.h>
#include "clock.h"
#include "histogram.h"

#define PATIENCE_US   120e6
#define WARM_UP       20
#define VERIFICATIONS 20
#define CHECKS        50
#define ROUNDS        25
#define SETTLE_US     1e6
#define LINKED_US     5e6 /* links stay open for a while after the last work */

static struct histogram latency;

_Noreturn static void fail(const char *what, int error)
{
	fprintf(stderr, "payer: %s: %s\n", what, uncia_error_text(error));
	exit(1);
}

/* A line of /proc/self/status, in KiB. */
static long memory_kib(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			kib = strtol(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

static int print(json_t *object)
{
	int failed = !object || json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(7));

	puts("");
	json_decref(object);
	return failed || fflush(stdout) ? 1 : 0;
}

struct session {
	struct uncia_host host;
	struct uncia_network *network;
	struct uncia_wallet *wallet;
};

static void session_open(struct session *s, const char *home, const char *network)
{
	struct uncia_wallet_options options = {.size = sizeof(options)};
	char why[UNCIA_WHY_SIZE] = "";

	s->host.size = sizeof(s->host);
	int error = uncia_host_directory(home, &s->host);
	if (!error)
		error = uncia_network_load(network, &s->network, why);
	if (!error)
		error = uncia_wallet_open(&s->host, s->network, &options, &s->wallet);
	if (error)
		fail(*why ? why : "the wallet does not open", error);
}

static void session_close(struct session *s)
{
	uncia_wallet_close(s->wallet);
	uncia_network_free(s->network);
	uncia_host_directory_free(&s->host);
}

/* Gives the wallet its turns until it has an event or the time has come. Returns whether it has one. */
static bool next_event(struct uncia_wallet *wallet, double until_us, struct uncia_event *event)
{
	event->size = sizeof(*event);
	while (!uncia_wallet_event(wallet, event)) {
		struct pollfd ready = {.fd = uncia_wallet_fd(wallet), .events = POLLIN};
		double left_ms = (until_us - now_us()) / 1e3;
		int timeout_ms = uncia_wallet_timeout_ms(wallet);
		if (left_ms <= 0)
			return false;
		if (timeout_ms < 0 || timeout_ms > left_ms)
			timeout_ms = (int)left_ms + 1;
		poll(&ready, 1, timeout_ms);
		int error = uncia_wallet_process(wallet);
		if (error)
			fail("the wallet", error);
	}
	return true;
}

static void sync(struct uncia_wallet *wallet)
{
	struct uncia_event event = {0};
	int error = uncia_wallet_sync(wallet);

	if (error)
		fail("sync", error);
	while (next_event(wallet, now_us() + PATIENCE_US, &event))
		if (event.kind == UNCIA_EVENT_BALANCE) {
			if (event.error)
				fail("sync", event.error);
			return;
		}
	fail("sync", UNCIA_E_UNREACHABLE);
}

/* Returns how long it took, in µs. */
static double pay(struct uncia_wallet *wallet, const char *address, struct uncia_payment_id *id)
{
	struct uncia_output output = {.address = address, .amount = 1};
	struct uncia_payment_request request = {.size = sizeof(request), .outputs = &output, .output_count = 1};
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_event event;
	double begun = now_us();

	int error = uncia_wallet_pay(wallet, &request, id);
	if (error == UNCIA_E_UNREACHABLE) { /* the balance is more than 30 s old */
		sync(wallet);
		begun = now_us();
		error = uncia_wallet_pay(wallet, &request, id);
	}
	if (error)
		fail("pay", error);
	while (next_event(wallet, begun + PATIENCE_US, &event)) {
		if (event.kind != UNCIA_EVENT_PAYMENT || memcmp(&event.id, id, sizeof(*id)))
			continue;
		error = event.error ? event.error : uncia_wallet_payment(wallet, id, &payment);
		if (error)
			fail("payment", error);
		if (payment.state == UNCIA_PAYMENT_FINAL)
			return now_us() - begun;
		if (payment.state == UNCIA_PAYMENT_EXPIRED)
			fail("payment", UNCIA_E_EXPIRED);
	}
	fail("payment", UNCIA_E_UNREACHABLE);
}

static double verify_us(const struct uncia_network *network, const char *text)
{
	double begun = process_us();

	for (int i = 0; i < VERIFICATIONS; i++) {
		struct uncia_receipt *receipt;
		int error = uncia_receipt_verify(network, text, &receipt);
		if (error)
			fail("receipt", error);
		uncia_receipt_free(receipt);
	}
	return (process_us() - begun) / VERIFICATIONS;
}

/* libsodium's check of one signature. */
static double check_us(void)
{
	uint8_t public_key[32], secret_key[64], message[32] = {0}, signature[64];
	crypto_sign_keypair(public_key, secret_key);
	crypto_sign_detached(signature, NULL, message, sizeof(message), secret_key);
	double begun = process_us();

	for (int i = 0; i < CHECKS; i++)
		if (crypto_sign_verify_detached(signature, message, sizeof(message), public_key))
			fail("check", UNCIA_E_LIBRARY);
	return (process_us() - begun) / CHECKS;
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* A receipt's verification, in checks: measured in turn, since a shared machine is not as fast at one moment as at the
 * next. Median of the rounds. Out: *us, the same in microseconds. */
static double verify_checks(const struct uncia_network *network, const char *text, double *us)
{
	double checks[ROUNDS], taken[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double before = check_us();
		taken[i] = verify_us(network, text);
		checks[i] = taken[i] / ((before + check_us()) / 2);
	}
	qsort(checks, ROUNDS, sizeof(*checks), compare_doubles);
	qsort(taken, ROUNDS, sizeof(*taken), compare_doubles);
	*us = taken[ROUNDS / 2];
	return checks[ROUNDS / 2];
}

static int command_pay(const char *home, const char *network, const char *address, double seconds)
{
	struct session s = {0};
	struct uncia_payment_id id;
	char *receipt;

	session_open(&s, home, network);
	sync(s.wallet);
	for (int i = 0; i < WARM_UP; i++)
		pay(s.wallet, address, &id);
	puts("{\"ready\":true}");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
	double cpu = process_us();
	for (double until = now_us() + seconds * 1e6; now_us() < until;)
		histogram_add(&latency, pay(s.wallet, address, &id));
	cpu = process_us() - cpu;
	int error = uncia_wallet_receipt(s.wallet, &id, &receipt);
	if (error)
		fail("receipt", error);
	double verification, checks = verify_checks(s.network, receipt, &verification);
	session_close(&s);
	json_t *quantiles =
	    json_pack("{s:f,s:f,s:f,s:f,s:f}", "mean", latency.sum_us / (double)latency.count / 1e3, "p50",
	              histogram_us(&latency, 0.5) / 1e3, "p90", histogram_us(&latency, 0.9) / 1e3, "p99",
	              histogram_us(&latency, 0.99) / 1e3, "max", (double)latency.max_us / 1e3);
	json_t *said = json_pack("{s:i,s:f,s:f,s:o,s:f,s:f,s:s}", "payments", (int)latency.count, "seconds", seconds,
	                         "cpu_us_per_payment", cpu / (double)latency.count, "latency_ms", quantiles,
	                         "receipt_verify_us", verification, "receipt_checks", checks, "receipt", receipt);
	uncia_text_free(receipt);
	return print(said);
}

static int command_many(const char *home, const char *network, const char *address, long count)
{
	struct session s = {0};
	struct uncia_payment_id id;

	session_open(&s, home, network);
	sync(s.wallet);
	for (long i = 0; i < count; i++)
		pay(s.wallet, address, &id);
	size_t own = uncia_wallet_outbox_count(s.wallet);
	session_close(&s);
	return print(json_pack("{s:i}", "payments", (int)own));
}

static void wait_until(struct uncia_wallet *wallet, double until_us)
{
	struct uncia_event event;

	while (next_event(wallet, until_us, &event))
		;
}

/* Links close by themselves while this goes on. */
static int command_idle(const char *home, const char *network, double seconds)
{
	struct session s = {0};

	session_open(&s, home, network);
	sync(s.wallet);
	wait_until(s.wallet, now_us() + SETTLE_US);
	double begun = now_us(), cpu = process_us();
	wait_until(s.wallet, begun + LINKED_US);
	long linked = memory_kib("VmRSS:");
	wait_until(s.wallet, begun + seconds * 1e6);
	cpu = process_us() - cpu;
	long rss = memory_kib("VmRSS:"), anonymous = memory_kib("RssAnon:"), locked = memory_kib("VmLck:");
	size_t own = uncia_wallet_outbox_count(s.wallet);
	session_close(&s);
	return print(json_pack("{s:f,s:f,s:i,s:i,s:i,s:i,s:i}", "seconds", seconds, "cpu_percent", cpu / seconds / 1e4,
	                       "linked_rss_kib", (int)linked, "rss_kib", (int)rss, "anonymous_kib", (int)anonymous,
	                       "locked_kib", (int)locked, "payments", (int)own));
}

static int command_baseline(void)
{
	if (sodium_init() < 0 || !*uncia_version())
		fail("libsodium", UNCIA_E_LIBRARY);
	json_t *object = json_object(); /* the printing library is in both, too */
	json_decref(object);
	return print(
	    json_pack("{s:i,s:i}", "rss_kib", (int)memory_kib("VmRSS:"), "anonymous_kib", (int)memory_kib("RssAnon:")));
}

static int command_init(const char *home)
{
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_key_options key = {.size = sizeof(key), .no_passphrase = true};
	struct uncia_wallet *wallet;
	char words[UNCIA_WORDS_TEXT_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_host_directory(home, &host);

	if (!error)
		error = uncia_words_make(NULL, 12, words);
	if (!error)
		error = uncia_wallet_create(&host, words, &key);
	if (!error)
		error = uncia_wallet_open(&host, NULL, NULL, &wallet);
	if (!error)
		error = uncia_wallet_address(wallet, address);
	if (error)
		fail(home, error);
	uncia_wallet_close(wallet);
	uncia_host_directory_free(&host);
	return puts(address) == EOF;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "init") && argc == 3)
		return command_init(argv[2]);
	if (!strcmp(command, "pay") && argc == 6 && atof(argv[5]) > 0)
		return command_pay(argv[2], argv[3], argv[4], atof(argv[5]));
	if (!strcmp(command, "many") && argc == 6 && atol(argv[5]) > 0)
		return command_many(argv[2], argv[3], argv[4], atol(argv[5]));
	if (!strcmp(command, "idle") && argc == 5 && atof(argv[4]) > 0)
		return command_idle(argv[2], argv[3], atof(argv[4]));
	if (!strcmp(command, "baseline") && argc == 2)
		return command_baseline();
	fprintf(stderr,
	        "usage: payer init HOME | pay HOME NETWORK ADDRESS SECONDS | many HOME NETWORK ADDRESS COUNT |\n"
	        "             idle HOME NETWORK SECONDS | baseline\n");
	return 2;
}
