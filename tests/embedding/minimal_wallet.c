/* The smallest program with a wallet in it: makes one where there is none, says its address and balance, and pays.
 * docs/embedding.md shows it; libuncia's public header is all that it needs.
 *
 *	minimal_wallet HOME NETWORK                       address and balance
 *	minimal_wallet HOME NETWORK ADDRESS AMOUNT KEY    pays; the same KEY is the same payment, ever after */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <uncia/uncia.h>

#define PASSPHRASE "correct horse battery staple" /* yours comes from the user, or from the system's key ring */

static int fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, uncia_error_text(error));
	return 1;
}

/* The first start: fresh words, shown once. Whoever has them has the money. */
static int make_wallet(const struct uncia_host *host)
{
	struct uncia_key_options key = {.size = sizeof(key), .passphrase = PASSPHRASE, .fresh = true};
	char words[UNCIA_WORDS_TEXT_SIZE];
	int error = uncia_words_make(NULL, 12, words);

	if (!error)
		error = uncia_wallet_create(host, words, &key);
	if (!error)
		printf("write these down: %s\n", words);
	explicit_bzero(words, sizeof(words));
	return error;
}

/* Gives the wallet its turns until it has an event. A host with a loop of its own watches the descriptor there. */
static int next_event(struct uncia_wallet *wallet, struct uncia_event *event)
{
	event->size = sizeof(*event);
	while (!uncia_wallet_event(wallet, event)) {
		struct pollfd ready = {.fd = uncia_wallet_fd(wallet), .events = POLLIN};
		if (ready.fd < 0)
			return ready.fd;
		poll(&ready, 1, -1);
		int error = uncia_wallet_process(wallet);
		if (error)
			return error;
	}
	return 0;
}

/* The balance is proven under a block that is final; what the wallet knows of time comes with it. */
static int show_balance(struct uncia_wallet *wallet)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	struct uncia_event event;
	char address[UNCIA_ADDRESS_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	int error = uncia_wallet_sync(wallet);

	do {
		if (!error)
			error = next_event(wallet, &event);
	} while (!error && event.kind != UNCIA_EVENT_BALANCE);
	if (!error)
		error = event.error;
	if (!error)
		error = uncia_wallet_balance(wallet, &balance);
	if (error)
		return error;
	error = uncia_wallet_address(wallet, address);
	if (error)
		return error;
	uncia_amount_format(balance.spendable, amount);
	printf("%s has %s\n", address, amount);
	return 0;
}

/* From uncia_wallet_pay on there are two ends: final, or expired and certain never to happen. Until then it is
 * pending, and is shown as that: never as failed. */
static int pay(struct uncia_wallet *wallet, const char *address, const char *amount, const char *key)
{
	struct uncia_output output = {.address = address};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = key};
	struct uncia_payment payment = {.size = sizeof(payment), .state = UNCIA_PAYMENT_PENDING};
	struct uncia_payment_id id;
	struct uncia_event event;
	char *receipt;
	int error = uncia_amount_parse(amount, &output.amount);

	if (!error)
		error = uncia_wallet_pay(wallet, &request, &id);
	if (error == UNCIA_E_BEHIND) { /* this home may be older than itself: see what it has paid before */
		error = uncia_wallet_catch_up(wallet);
		do {
			if (!error)
				error = next_event(wallet, &event);
		} while (!error && event.kind != UNCIA_EVENT_CAUGHT_UP);
		if (!error)
			error = event.error ? event.error : uncia_wallet_pay(wallet, &request, &id);
	}
	while (!error && payment.state == UNCIA_PAYMENT_PENDING) {
		error = next_event(wallet, &event);
		if (!error && event.kind == UNCIA_EVENT_PAYMENT && !memcmp(&event.id, &id, sizeof(id)))
			error = event.error ? event.error : uncia_wallet_payment(wallet, &id, &payment);
	}
	if (!error && payment.state != UNCIA_PAYMENT_FINAL)
		error = UNCIA_E_EXPIRED;
	if (!error)
		error = uncia_wallet_receipt(wallet, &id, &receipt);
	if (error)
		return error;
	printf("%s\n", receipt);
	uncia_text_free(receipt);
	return 0;
}

int main(int argc, char **argv)
{
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_wallet_options options = {.size = sizeof(options), .passphrase = PASSPHRASE};
	struct uncia_network *network = NULL;
	struct uncia_wallet *wallet = NULL;
	char why[UNCIA_WHY_SIZE] = "";

	if (argc != 3 && argc != 6) {
		fprintf(stderr, "usage: %s HOME NETWORK [ADDRESS AMOUNT KEY]\n", argv[0]);
		return 2;
	}
	int error = uncia_host_directory(argv[1], &host);
	if (error)
		return fail(argv[1], error);
	const char *doing = argv[2];
	error = uncia_network_load(argv[2], &network, why);
	if (*why)
		doing = why;
	if (!error) {
		doing = "wallet";
		error = uncia_wallet_open(&host, network, &options, &wallet);
	}
	if (error == UNCIA_E_NOT_FOUND && network) {
		error = make_wallet(&host);
		if (!error)
			error = uncia_wallet_open(&host, network, &options, &wallet);
	}
	if (!error) {
		doing = "balance";
		error = show_balance(wallet);
	}
	if (!error && argc == 6) {
		doing = "payment";
		error = pay(wallet, argv[3], argv[4], argv[5]);
	}
	uncia_wallet_close(wallet);
	uncia_network_free(network);
	uncia_host_directory_free(&host);
	return error ? fail(doing, error) : 0;
}
