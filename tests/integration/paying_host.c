/* An application that makes one payment with several outputs and a memo, which the command line does not, for tests.
 * Knows the public header alone.
 *
 *	paying_host HOME NETWORK MEMO ADDRESS AMOUNT [ADDRESS AMOUNT ...]
 *
 * pays, an empty MEMO being none, and prints the id of the payment once it is final. */
#include <poll.h>
#include <stdio.h>
#include <uncia/uncia.h>

#define OUTPUTS_MAX 16

static struct uncia_wallet *wallet;

/* Goes on until an event of this kind, whose error it returns. */
static int await(enum uncia_event_kind kind)
{
	struct uncia_event event = {.size = sizeof(event)};
	int error = 0;

	while (!error) {
		while (uncia_wallet_event(wallet, &event) > 0)
			if (event.kind == kind)
				return event.error;
		struct pollfd ready = {.fd = uncia_wallet_fd(wallet), .events = POLLIN};
		poll(&ready, 1, -1);
		error = uncia_wallet_process(wallet);
	}
	return error;
}

static int pay(int argc, char **argv)
{
	struct uncia_output outputs[OUTPUTS_MAX];
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = outputs, .memo = *argv[3] ? argv[3] : NULL};
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	char text[UNCIA_ID_TEXT_SIZE];
	int error = 0;

	for (int i = 4; !error && i + 1 < argc && request.output_count < OUTPUTS_MAX; i += 2) {
		outputs[request.output_count].address = argv[i];
		error = uncia_amount_parse(argv[i + 1], &outputs[request.output_count++].amount);
	}
	if (!error)
		error = uncia_wallet_sync(wallet);
	if (!error)
		error = await(UNCIA_EVENT_BALANCE);
	if (!error)
		error = uncia_wallet_pay(wallet, &request, &id);
	while (!error && payment.state != UNCIA_PAYMENT_FINAL) {
		error = await(UNCIA_EVENT_PAYMENT);
		if (!error)
			error = uncia_wallet_payment(wallet, &id, &payment);
		if (!error && payment.state == UNCIA_PAYMENT_EXPIRED)
			error = UNCIA_E_EXPIRED;
	}
	if (error)
		return error;
	uncia_payment_id_format(&id, text);
	printf("%s\n", text);
	return 0;
}

int main(int argc, char **argv)
{
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_network *network = NULL;
	char why[UNCIA_WHY_SIZE] = "";

	if (argc < 6)
		return 2;
	int error = uncia_host_directory(argv[1], &host);
	if (!error)
		error = uncia_network_load(argv[2], &network, why);
	if (!error)
		error = uncia_wallet_open(&host, network, NULL, &wallet);
	if (!error)
		error = pay(argc, argv);
	if (error)
		fprintf(stderr, "%s %s\n", uncia_error_text(error), why);
	uncia_wallet_close(wallet);
	uncia_network_free(network);
	uncia_host_directory_free(&host);
	return error != 0;
}
