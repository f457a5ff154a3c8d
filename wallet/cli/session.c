/* Opens a wallet for a verb, and drives it by its one descriptor. */
#include "session.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "secret.h"

#define HISTORY_LOOKED  64  /* payments: a page of the library's */
#define DESCRIPTORS_MAX 128 /* of one wallet that are waited on: it has one, or a few for each of a few validators */

int cli_home_path(const struct call *call, char **home)
{
	const char *given = call->value[OPTION_WALLET], *user = getenv("HOME");
	char *path = NULL;
	if (!given)
		given = getenv("UNCIA_WALLET");
	if (given && !*given)
		return cli_complain_usage(call, "--wallet is empty");
	if (!given && (!user || !*user))
		return cli_complain_usage(call, "--wallet is missing, and so is $HOME");
	if (asprintf(&path, "%s%s", given ? given : user, given ? "" : "/.uncia") < 0)
		return cli_complain(EXIT_FAILED, "out of memory");
	*home = path;
	return 0;
}

/* Says why the directory itself could not be opened. Returns the exit code. */
static int complain_directory(const char *home)
{
	struct stat info;
	if (stat(home, &info))
		return cli_complain(EXIT_FAILED, "%s: %s", home, strerror(errno));
	if (info.st_mode & 077)
		return cli_complain(EXIT_FAILED, "%s can be read by others; keep it to yourself: chmod 700 %s", home,
		                    home);
	return cli_complain(EXIT_FAILED, "%s cannot be opened by you; its owner can let himself in: chmod 700 %s", home,
	                    home);
}

int cli_home_open(const char *home, struct uncia_host *host)
{
	*host = (struct uncia_host){.size = sizeof(*host)};
	int error = uncia_host_directory(home, host);
	if (error == UNCIA_E_PERMISSION)
		return complain_directory(home);
	if (error == UNCIA_E_IO)
		return cli_complain(EXIT_FAILED, "%s: %s", home, strerror(errno));
	if (error)
		return cli_complain(EXIT_FAILED, "%s: %s", home, error_words(error));
	errors_are_of(host, home);
	return 0;
}

void cli_home_close(struct uncia_host *host)
{
	errors_are_of(NULL, NULL);
	uncia_host_directory_free(host);
}

int cli_home_complain(int error, const char *home, const char *network_path)
{
	switch (error) {
	case UNCIA_E_NOT_FOUND:
		return cli_complain(EXIT_FAILED, "there is no wallet in %s; make one with uncia init, or uncia restore",
		                    home);
	case UNCIA_E_PASSPHRASE:
		return cli_complain(EXIT_FAILED, "the passphrase does not open the wallet in %s", home);
	case UNCIA_E_DAMAGED:
		return cli_complain(EXIT_FAILED,
		                    "the wallet in %s is damaged; move %s/key away and have it back from its "
		                    "recovery words with uncia restore",
		                    home, home);
	case UNCIA_E_NETWORK:
		return cli_complain(EXIT_USAGE, "the wallet in %s belongs to another network than %s", home,
		                    network_path);
	case UNCIA_E_PERMISSION:
	case UNCIA_E_IO:
		return cli_complain(EXIT_FAILED, "%s", error_words(error));
	default:
		return cli_complain(EXIT_FAILED, "%s: %s", home, error_words(error));
	}
}

static const char *given_network(const struct call *call)
{
	const char *path = call->value[OPTION_NETWORK];
	return path ? path : getenv("UNCIA_NETWORK");
}

bool network_given(const struct call *call)
{
	const char *path = given_network(call);
	return path && *path;
}

int network_open(const struct call *call, const char **path, struct uncia_network **network)
{
	char why[UNCIA_WHY_SIZE] = "";
	*path = given_network(call);
	if (!network_given(call))
		return cli_complain_usage(call, NETWORK_MISSING);
	int error = uncia_network_load(*path, network, why);
	if (error == UNCIA_E_MEMORY || error == UNCIA_E_LIBRARY)
		return cli_complain(EXIT_FAILED, "%s", error_words(error));
	if (error == UNCIA_E_CONFIG || error == UNCIA_E_VERSION || error == UNCIA_E_LIMIT)
		return cli_complain(EXIT_USAGE, "%s: %s", *path, why);
	int code = error == UNCIA_E_IO ? EXIT_FAILED : EXIT_USAGE;
	return error ? cli_complain(code, "the network file: %s", *why ? why : uncia_error_text(error)) : 0;
}

int network_open_to_ask(const struct call *call, const char **path, struct uncia_network **network)
{
	int code = network_open(call, path, network);
	if (code || uncia_network_validators(*network))
		return code;
	return cli_complain(EXIT_USAGE,
	                    "%s: there is no validator in it: that is enough to verify receipts; a wallet needs the "
	                    "network file with its [validator.N] sections",
	                    *path);
}

uint32_t question_timeout_ms(uint64_t timeout_s)
{
	uint64_t most = timeout_s * 1000 / 4 * 3;
	return most == 0 ? 1 : most < QUERY_TIMEOUT_MS ? (uint32_t)most : QUERY_TIMEOUT_MS;
}

int session_open(const struct call *call, bool with_network, uint32_t request_timeout_ms, struct session *s)
{
	struct stat info;
	char *home = NULL;
	memset(s, 0, sizeof(*s));
	int code = cli_home_path(call, &home);
	if (code || !home)
		return code;
	s->home = home;
	/* uncia_host_directory would make it. */
	if (stat(home, &info) && errno == ENOENT)
		return cli_home_complain(UNCIA_E_NOT_FOUND, home, NULL);
	if (with_network && (code = network_open_to_ask(call, &s->network_path, &s->network)))
		return code;
	if ((code = cli_home_open(home, &s->host)))
		return code;
	struct uncia_wallet_options options = {.size = sizeof(options), .request_timeout_ms = request_timeout_ms};
	int error = uncia_wallet_open(&s->host, s->network, &options, &s->wallet);
	return error ? cli_home_complain(error, home, s->network_path) : 0;
}

int network_id_read(const struct call *call, const struct session *s, uint8_t id[32])
{
	int error = uncia_wallet_network_id(s->wallet, id);
	if (error == UNCIA_E_NETWORK)
		return cli_complain_usage(call, NETWORK_MISSING "; the wallet in %s has not been used with one yet",
		                          s->home);
	return error ? cli_complain_error(error, s->home) : 0;
}

/* Whoever can write a sealed home can put a key of his own there that is not sealed, and be paid by those who are given
 * its address. Returns an exit code. */
static int complain_unsealed(const char *home)
{
	const char *file = getenv("UNCIA_PASSPHRASE_FILE");
	if (file && *file)
		return cli_complain(
		    EXIT_FAILED,
		    "the key in %s is not sealed, so that it is not one that a passphrase was given for: "
		    "somebody may have put another one there. Where it was made with --no-passphrase, "
		    "unset $UNCIA_PASSPHRASE_FILE",
		    home);
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		cli_complain(0, "the key in %s is not sealed by a passphrase", home);
	return 0;
}

int session_unlock(struct session *s)
{
	char passphrase[PASSPHRASE_SIZE];
	assert(s->wallet);
	if (uncia_wallet_unlocked(s->wallet))
		return complain_unsealed(s->home);
	int code = passphrase_get(false, passphrase);
	if (code)
		return code;
	int error = uncia_wallet_unlock(s->wallet, passphrase);
	explicit_bzero(passphrase, sizeof(passphrase));
	return error ? cli_home_complain(error, s->home, s->network_path) : 0;
}

uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Waits until the wallet has something to do, or the deadline, and does it. */
static int wait_once(struct session *s, uint64_t deadline_us)
{
	struct uncia_descriptor list[DESCRIPTORS_MAX];
	struct pollfd waiting[DESCRIPTORS_MAX];
	size_t count = 0;
	int error = uncia_wallet_descriptors(s->wallet, list, DESCRIPTORS_MAX, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count && i < DESCRIPTORS_MAX; i++)
		waiting[i] = (struct pollfd){
		    .fd = list[i].fd, .events = (short)((list[i].reads ? POLLIN : 0) | (list[i].writes ? POLLOUT : 0))};
	uint64_t now = now_us(), left_ms = deadline_us > now ? (deadline_us - now + 999) / 1000 : 0;
	int timeout_ms = uncia_wallet_timeout_ms(s->wallet);
	if (timeout_ms < 0 || (uint64_t)timeout_ms > left_ms)
		timeout_ms = left_ms > INT_MAX ? INT_MAX : (int)left_ms;
	if (poll(waiting, count < DESCRIPTORS_MAX ? count : DESCRIPTORS_MAX, timeout_ms) < 0 && errno != EINTR)
		return UNCIA_E_IO;
	return uncia_wallet_process(s->wallet);
}

/* Says which validator's words did not verify, and was left for that. */
static void name_liar(const struct session *s, const struct uncia_event *event)
{
	const char *host;
	uint16_t port;
	if (event->up || (event->error != UNCIA_E_PROOF && event->error != UNCIA_E_ENCODING &&
	                  event->error != UNCIA_E_PROTOCOL && event->error != UNCIA_E_LIMIT))
		return;
	if (!uncia_network_validator(s->network, event->validator, &host, &port))
		cli_complain(0, "what %s:%u said does not verify: %s", host, port, error_words(event->error));
}

/* Notes whose name could not be looked up, or was after all. */
static void note_link(struct session *s, const struct uncia_event *event)
{
	if (event->validator < UNRESOLVED_MAX)
		s->unresolved[event->validator] = !event->up && event->error == UNCIA_E_UNREACHABLE;
}

/* Where nobody could be reached: says which names lead nowhere, each once. */
static void name_unresolved(struct session *s)
{
	const char *host;
	uint16_t port;
	for (uint32_t i = 0; i < UNRESOLVED_MAX; i++) {
		if (!s->unresolved[i] || s->told_unresolved[i] || uncia_network_validator(s->network, i, &host, &port))
			continue;
		cli_complain(0,
		             "%s, in %s, could not be looked up: look at the name, and at this machine's name servers",
		             host, s->network_path);
		s->told_unresolved[i] = true;
	}
}

int session_event(struct session *s, uint64_t deadline_us, struct uncia_event *event)
{
	assert(s->wallet && s->network);
	size_t count;
	int error = uncia_wallet_descriptors(s->wallet, NULL, 0, &count);
	if (error == UNCIA_E_IO)
		return cli_complain(UNCIA_E_IO, "sockets cannot be watched: %s", strerror(errno));
	while (!error) {
		*event = (struct uncia_event){.size = sizeof(*event)};
		if (uncia_wallet_event(s->wallet, event) > 0) {
			if (event->kind == UNCIA_EVENT_LINK) {
				name_liar(s, event);
				note_link(s, event);
			}
			if (event->kind != UNCIA_EVENT_ERROR)
				return 1;
			cli_complain(0, "%s", *event->text ? event->text : error_words(event->error));
			/* The event that is waited for may be among the lost ones. */
			if (event->error == UNCIA_E_MEMORY)
				return 1;
		} else if (now_us() >= deadline_us) {
			return 0;
		} else {
			error = wait_once(s, deadline_us);
		}
	}
	return error;
}

int session_await(struct session *s, enum uncia_event_kind kind, const struct uncia_payment_id *id,
                  uint64_t deadline_us)
{
	struct uncia_event event = {.size = sizeof(event)};
	int got = 0, error;
	bool ended = false;
	while (!ended && (got = session_event(s, deadline_us, &event)) > 0)
		ended = event.kind == UNCIA_EVENT_ERROR ||
		        (event.kind == kind && (!id || !memcmp(id->b, event.id.b, sizeof(id->b))));
	error = ended ? event.error : got == 0 ? UNCIA_E_UNREACHABLE : got;
	if (error == UNCIA_E_UNREACHABLE)
		name_unresolved(s);
	return error;
}

int session_pay(struct session *s, const struct uncia_payment_request *request, uint64_t deadline_us,
                struct uncia_payment_id *id)
{
	int error;
	while ((error = uncia_wallet_pay(s->wallet, request, id)) == UNCIA_E_BUSY && now_us() < deadline_us)
		poll(NULL, 0, BUSY_PAUSE_MS);
	return error;
}

int session_sync(struct session *s)
{
	int error = uncia_wallet_sync(s->wallet);
	return error ? error : session_await(s, UNCIA_EVENT_BALANCE, NULL, NO_DEADLINE);
}

static bool has_ended(const struct uncia_payment *payment, bool handed_over)
{
	if (payment->state != UNCIA_PAYMENT_PENDING)
		return true;
	return handed_over && payment->reason != UNCIA_PENDING_UNSENT && payment->reason != UNCIA_PENDING_REFUSED;
}

int session_await_payment(struct session *s, const struct uncia_payment_id *id, bool handed_over, uint64_t deadline_us,
                          struct uncia_payment *payment)
{
	struct uncia_event event = {.size = sizeof(event)};
	int got = 1;
	for (;;) {
		*payment = (struct uncia_payment){.size = sizeof(*payment)};
		int error = uncia_wallet_payment(s->wallet, id, payment);
		if (error || has_ended(payment, handed_over) || got == 0)
			return error;
		got = session_event(s, deadline_us, &event);
		if (got < 0)
			return got;
		if (got > 0 && event.kind == UNCIA_EVENT_PAYMENT && event.error &&
		    !memcmp(event.id.b, id->b, sizeof(id->b)))
			cli_complain(0, "%s", error_words(event.error));
	}
}

/* Whether it is a payment that has brought a hold home, and how much. */
static bool came_home(const struct session *s, const struct uncia_event *event, struct uncia_payment *payment)
{
	*payment = (struct uncia_payment){.size = sizeof(*payment)};
	return event->kind == UNCIA_EVENT_PAYMENT && !uncia_wallet_payment(s->wallet, &event->id, payment) &&
	       payment->state == UNCIA_PAYMENT_FINAL && !payment->own && !strncmp(payment->sender, "hold:", 5);
}

/* Lets holds of this wallet that have ended come home, where a validator can be reached: for a few seconds at most.
 * What has come is said. */
static void session_bring_home(struct session *s)
{
	uint64_t deadline_us = now_us() + HOME_TIMEOUT_US;
	char amount[UNCIA_AMOUNT_TEXT_SIZE];
	struct uncia_payment payment;
	struct uncia_event event;
	int error = 0;
	while (!error && s->network && uncia_wallet_coming_home(s->wallet) && now_us() < deadline_us) {
		event = (struct uncia_event){.size = sizeof(event)};
		if (uncia_wallet_event(s->wallet, &event) <= 0) {
			error = wait_once(s, deadline_us);
		} else if (came_home(s, &event, &payment)) {
			uncia_amount_format(payment.amount, amount);
			cli_complain(0, "%s %s that nobody had taken came home to %s", amount,
			             uncia_network_currency(s->network), payment.to);
		}
	}
}

int session_sync_home(struct session *s)
{
	session_bring_home(s);
	int error = session_sync(s);
	/* A home that was restored from its words knows of no hold: its account's history does. Where that is not
	 * learned now, it is another time; where nothing is missing, it costs what a sync does. */
	if (!error && uncia_wallet_unlocked(s->wallet) && !uncia_wallet_catch_up(s->wallet))
		s->looked = !session_await(s, UNCIA_EVENT_CAUGHT_UP, NULL, now_us() + HOME_TIMEOUT_US);
	if (error || !uncia_wallet_coming_home(s->wallet))
		return error;
	session_bring_home(s);
	return session_sync(s);
}

/* Whether the account's newest payments have opened holds, or there are older ones, or it cannot be told. */
static bool may_have_opened(struct session *s)
{
	struct uncia_history_page page = {.size = sizeof(page)};
	char own[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_wallet_address_unproved(s->wallet, own);
	if (!error)
		error = uncia_wallet_history(s->wallet, 0, 0, HISTORY_LOOKED);
	if (!error)
		error = session_await(s, UNCIA_EVENT_HISTORY, NULL, NO_DEADLINE);
	if (!error)
		error = uncia_wallet_history_page(s->wallet, &page);
	bool opened = error || page.next_height;
	for (uint32_t i = 0; !opened && i < page.count; i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		opened = uncia_receipt_payment(uncia_wallet_history_receipt(s->wallet, i), &payment) ||
		         (payment.hold_count && !strcmp(payment.sender, own));
	}
	return opened;
}

/* Whether this home has a payment that its account itself has made: before the first of those, what the account has
 * paid from other homes is looked up. What it takes from holds of others needs no such look. */
static bool has_paid(const struct session *s)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	for (size_t i = 0; !uncia_wallet_outbox(s->wallet, i, &id); i++)
		if (uncia_wallet_payment(s->wallet, &id, &payment) || strncmp(payment.sender, "hold:", 5))
			return true;
	return false;
}

bool session_knows_holds(const struct call *call, struct session *s)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	if (s->looked)
		return true;
	if (!call->json && !uncia_wallet_balance(s->wallet, &balance) && balance.exists && !has_paid(s) &&
	    may_have_opened(s))
		cli_complain(0,
		             "holds and claims that this account has opened from another home were not looked for, and "
		             "come home to it by themselves only then: uncia hold list looks for them%s",
		             uncia_wallet_unlocked(s->wallet) ? "" : ", with the passphrase");
	return false;
}

void session_close(struct session *s)
{
	if (s->wallet)
		session_bring_home(s);
	uncia_wallet_close(s->wallet);
	uncia_network_free(s->network);
	if (s->host.load)
		cli_home_close(&s->host);
	free((char *)s->home);
}
