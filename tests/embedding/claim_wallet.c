/* Money for somebody who has not joined yet: gives it out as a text, and takes it. docs/embedding.md shows it.
 *
 *	claim_wallet HOME NETWORK give AMOUNT KEY    prints the text; the same KEY is the same claim, ever after
 *	claim_wallet HOME NETWORK take TEXT          takes it to this wallet's own address */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <uncia/uncia.h>

#define DAY_S 86400

static struct uncia_network *network;
static struct uncia_wallet *wallet;

/* Gives the wallet its turns until it has an event of this kind, of this payment. A host with a loop of its own watches
 * the descriptor there. */
static int next_event(enum uncia_event_kind kind, const struct uncia_payment_id *id)
{
	for (;;) {
		struct uncia_event event = {.size = sizeof(event)};
		struct pollfd ready = {.fd = uncia_wallet_fd(wallet), .events = POLLIN};
		if (uncia_wallet_event(wallet, &event) > 0) {
			if (event.kind == kind && (!id || !memcmp(event.id.b, id->b, sizeof(id->b))))
				return event.error;
			continue;
		}
		if (ready.fd < 0)
			return ready.fd;
		poll(&ready, 1, -1);
		int error = uncia_wallet_process(wallet);
		if (error)
			return error;
	}
}

/* The receipt of a payment, once it is final. Nothing is shown as given, or as taken, before. */
static int final_receipt(const struct uncia_payment_id *id, struct uncia_receipt **receipt)
{
	struct uncia_payment payment = {.size = sizeof(payment), .state = UNCIA_PAYMENT_PENDING};
	char *text;
	int error = uncia_wallet_payment(wallet, id, &payment);
	while ((!error || error == UNCIA_E_NOT_FOUND) && payment.state != UNCIA_PAYMENT_FINAL) {
		if (payment.state == UNCIA_PAYMENT_EXPIRED)
			return UNCIA_E_EXPIRED;
		error = next_event(UNCIA_EVENT_PAYMENT, id);
		if (!error)
			error = uncia_wallet_payment(wallet, id, &payment);
	}
	if (!error)
		error = uncia_wallet_receipt(wallet, id, &text);
	if (error)
		return error;
	error = uncia_receipt_verify(network, text, receipt);
	uncia_text_free(text);
	return error;
}

static int give(const char *amount, const char *key)
{
	struct uncia_hold_request hold = {.seconds = DAY_S}; /* no lock, no key: a claim of this wallet's */
	struct uncia_payment_request request = {.size = sizeof(request), .holds = &hold, .hold_count = 1, .key = key};
	struct uncia_receipt *receipt = NULL;
	struct uncia_payment_id id;
	char text[UNCIA_CHAT_TEXT_SIZE];
	int error = uncia_amount_parse(amount, &hold.amount);
	if (!error)
		error = uncia_wallet_catch_up(wallet);
	if (!error)
		error = next_event(UNCIA_EVENT_CAUGHT_UP, NULL);
	if (!error)
		error = uncia_wallet_pay(wallet, &request, &id);
	if (!error)
		error = final_receipt(&id, &receipt);
	if (!error)
		error = uncia_wallet_claim(wallet, receipt, 0, text);
	if (!error)
		printf("%s\n", text);
	uncia_receipt_free(receipt);
	return error;
}

/* What is shown before it is taken is what was proved: never the text's word. */
static int take_of(const struct uncia_receipt *opening, uint32_t number, const struct uncia_hold_key *key)
{
	struct uncia_hold_state state = {.size = sizeof(state)};
	char address[UNCIA_ADDRESS_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	struct uncia_receipt *receipt = NULL;
	struct uncia_payment_id id;
	int error = uncia_wallet_hold(wallet, opening, number);
	if (!error)
		error = next_event(UNCIA_EVENT_HOLD, NULL);
	if (!error)
		error = uncia_wallet_hold_state(wallet, &state);
	if (!error && !state.exists)
		error = UNCIA_E_NOT_FOUND; /* somebody has taken it, or it went home */
	if (!error)
		error = uncia_wallet_sync(wallet); /* a payment is signed on what was proved just now */
	if (!error)
		error = next_event(UNCIA_EVENT_BALANCE, NULL);
	if (!error)
		error = uncia_wallet_address(wallet, address);
	if (error)
		return error;
	uncia_amount_format(state.balance, amount);
	printf("%s wait under it\n", amount);
	struct uncia_output output = {.address = address, .amount = state.balance};
	struct uncia_take take = {.size = sizeof(take),
	                          .receipt = opening,
	                          .number = number,
	                          .key = *key,
	                          .outputs = &output,
	                          .output_count = 1,
	                          .payment_key = "all of it"};
	error = uncia_wallet_take(wallet, &take, &id);
	if (!error)
		error = final_receipt(&id, &receipt);
	if (!error)
		printf("%s are yours\n", amount);
	uncia_receipt_free(receipt);
	return error;
}

static int take(const char *text)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_hold_key key = {.size = sizeof(key)};
	struct uncia_receipt *opening = NULL;
	uint8_t network_id[32];
	uint32_t number;
	uncia_network_id(network, network_id);
	int error = uncia_claim_parse(network_id, text, &claim);
	if (!error)
		error = uncia_wallet_follow(wallet, &claim.opening);
	if (!error)
		error = final_receipt(&claim.opening, &opening);
	memcpy(key.seed, claim.seed, sizeof(key.seed));
	if (!error)
		error = uncia_receipt_find_hold(network, opening, &key, &number);
	if (!error)
		error = take_of(opening, number, &key);
	explicit_bzero(&claim, sizeof(claim));
	explicit_bzero(&key, sizeof(key));
	uncia_receipt_free(opening);
	return error;
}

int main(int argc, char **argv)
{
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_wallet_options options = {.size = sizeof(options)}; /* and the passphrase */
	if (argc < 5 || (!strcmp(argv[3], "give") && argc != 6)) {
		fprintf(stderr, "usage: %s HOME NETWORK give AMOUNT KEY | take TEXT\n", argv[0]);
		return 2;
	}
	int error = uncia_host_directory(argv[1], &host);
	if (!error)
		error = uncia_network_load(argv[2], &network, NULL);
	if (!error)
		error = uncia_wallet_open(&host, network, &options, &wallet);
	if (!error)
		error = strcmp(argv[3], "give") ? take(argv[4]) : give(argv[4], argv[5]);
	if (error)
		fprintf(stderr, "%s: %s\n", argv[3], uncia_error_text(error));
	uncia_wallet_close(wallet);
	uncia_network_free(network);
	uncia_host_directory_free(&host);
	return error != 0;
}
