/* An application with a wallet in it that forks while it pays, for tests. Knows the public header alone.
 *
 *	forking_host HOME NETWORK ADDRESS AMOUNT KEY PASSPHRASE|-
 *
 * pays, and when the payment is on its way forks a child, which tries whatever needs the wallet, prints "child PID" and
 * what each call said, and stays until the line that it waits for from standard input, or its end. The parent goes on
 *to the end of the payment, prints "id ID" and "final HEIGHT", and waits for its child. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uncia/uncia.h>

static struct uncia_host host = {.size = sizeof(host)};
static struct uncia_network *network;
static struct uncia_wallet *wallet;

static int pay(char **argv, struct uncia_payment_id *id)
{
	struct uncia_output output = {.address = argv[3]};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = argv[5]};
	int error = uncia_amount_parse(argv[4], &output.amount);

	return error ? error : uncia_wallet_pay(wallet, &request, id);
}

/* Whatever the sockets have within the wallet's time. */
static int turn(void)
{
	struct pollfd ready = {.fd = uncia_wallet_fd(wallet), .events = POLLIN};

	poll(&ready, 1, uncia_wallet_timeout_ms(wallet));
	return uncia_wallet_process(wallet);
}

/* The balance, and whatever this home may have forgotten, so that a new key can be paid under. */
static int catch_up(void)
{
	struct uncia_event event = {.size = sizeof(event)};
	int error = uncia_wallet_catch_up(wallet);

	while (!error) {
		while (uncia_wallet_event(wallet, &event) > 0)
			if (event.kind == UNCIA_EVENT_CAUGHT_UP)
				return event.error;
		error = turn();
	}
	return error;
}

static int wait_end(const struct uncia_payment_id *id, struct uncia_payment *payment)
{
	struct uncia_event event = {.size = sizeof(event)};
	int error = 0;

	*payment = (struct uncia_payment){.size = sizeof(*payment), .state = UNCIA_PAYMENT_PENDING};
	while (!error && payment->state == UNCIA_PAYMENT_PENDING) {
		error = turn();
		while (uncia_wallet_event(wallet, &event) > 0)
			;
		if (!error)
			error = uncia_wallet_payment(wallet, id, payment);
	}
	return error;
}

static int child(char **argv)
{
	struct uncia_payment_id id;
	char words[UNCIA_WORDS_TEXT_SIZE], line[16];

	argv[5] = "a child's";
	printf("child %d\npay %d\nunlock %d\nwords %d\nprocess %d\nfd %d\nsync %d\ntick %d\nunlocked %d\n",
	       (int)getpid(), pay(argv, &id), uncia_wallet_unlock(wallet, "x"), uncia_wallet_words(wallet, "x", words),
	       uncia_wallet_process(wallet), uncia_wallet_fd(wallet), uncia_wallet_sync(wallet),
	       uncia_wallet_tick(wallet), uncia_wallet_unlocked(wallet));
	fflush(stdout);
	bool told = fgets(line, sizeof(line), stdin) != NULL;
	/* What is closed here stays open in the parent. */
	uncia_wallet_close(wallet);
	uncia_network_free(network);
	uncia_host_directory_free(&host);
	printf("closed %d\n", told);
	return 0;
}

static int finish(const struct uncia_payment_id *id)
{
	struct uncia_payment payment;
	char text[UNCIA_ID_TEXT_SIZE];
	int status;

	uncia_payment_id_format(id, text);
	printf("id %s\n", text);
	fflush(stdout);
	int error = wait_end(id, &payment);
	if (error)
		return error;
	printf("%s %llu\n", payment.state == UNCIA_PAYMENT_FINAL ? "final" : "expired",
	       (unsigned long long)payment.height);
	fflush(stdout);
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int run(char **argv)
{
	struct uncia_wallet_options options = {.size = sizeof(options),
	                                       .passphrase = strcmp(argv[6], "-") ? argv[6] : NULL};
	struct uncia_payment_id id;
	char why[UNCIA_WHY_SIZE] = "";
	int error = uncia_host_directory(argv[1], &host);

	if (!error)
		error = uncia_network_load(argv[2], &network, why);
	if (!error)
		error = uncia_wallet_open(&host, network, &options, &wallet);
	if (!error)
		error = catch_up();
	if (!error)
		error = pay(argv, &id);
	if (!error)
		error = turn();
	if (error)
		return error;
	pid_t pid = fork();
	if (pid < 0)
		return 101;
	if (pid == 0)
		return child(argv);
	return finish(&id);
}

int main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	int error = run(argv);
	if (error)
		fprintf(stderr, "%s: %d\n", argv[0], error);
	return error ? 1 : 0;
}
