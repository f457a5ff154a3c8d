/* A load generator: pre-signed payments over real wallet links to running validators, and the time until each receipt.
 *   load accounts N                      addresses of the accounts it pays from, one a line
 *   load run GENESIS PAYMENTS WINDOW ACCOUNTS FIRST PORT…
 * keeps WINDOW payments under way until PAYMENTS are final and prints one JSON object. FIRST tells runs against the
 * same network apart. Every receipt is verified with a window of one, every hundredth otherwise (the generator shares
 * its processors with the validators). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "message.pb-c.h"
#include "receipt.h"
#include "wire_link.h"

#define LINKS_MAX  64
#define LIFETIME_S 900u
#define SILENCE_MS 60000

struct target {
	int fd;
	struct link *link;
};

struct load {
	struct genesis genesis;
	struct target targets[LINKS_MAX];
	uint32_t target_count;
	uint32_t payments, window, accounts, first;
	struct payment **signed_payments;
	double *sent_at, *latency;
	uint32_t sent, done;
};

static void fail(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void read_genesis(struct load *load, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(GENESIS_SIZE_MAX);

	if (!file || !bytes)
		fail("the genesis cannot be read");
	size_t size = fread(bytes, 1, GENESIS_SIZE_MAX, file);
	fclose(file);
	if (genesis_decode(&load->genesis, bytes, size))
		fail("the genesis cannot be decoded");
	free(bytes);
}

static void sign_all(struct load *load)
{
	struct fixture_key *keys = calloc(load->accounts, sizeof(*keys));
	uint32_t expires_at = (uint32_t)time(NULL) + LIFETIME_S;

	if (!keys)
		fail("out of memory");
	for (uint32_t i = 0; i < load->accounts; i++)
		fixture_account(i, &keys[i]);
	for (uint32_t i = 0; i < load->payments; i++) {
		const struct fixture_key *from = &keys[(load->first + i) % load->accounts];
		const struct fixture_key *to = &keys[(load->first + i + load->accounts / 2) % load->accounts];
		struct output output = {.to = to->address, .amount = load->genesis.smallest_amount};
		struct payment draft = {
		    .expires_at = expires_at, .currency = CURRENCY_FIRST, .output_count = 1, .outputs = &output};
		uint64_t number = (uint64_t)load->first << 32 | i;
		memcpy(draft.nonce, &number, sizeof(number));
		if (payment_make(&load->genesis.network_id, &draft, from->public_key, from->secret_key,
		                 &load->signed_payments[i]))
			fail("a payment cannot be made");
	}
	free(keys);
}

static void target_open(struct load *load, uint32_t index, int port)
{
	struct target *target = &load->targets[index];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	uint8_t ephemeral[32];
	int one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	target->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (target->fd < 0 || connect(target->fd, (struct sockaddr *)&address, sizeof(address)))
		fail("a validator cannot be reached");
	setsockopt(target->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(target->fd, F_SETFL, O_NONBLOCK);
	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = &load->genesis.network_id,
	    .remote_static = load->genesis.committee.validators[index % load->genesis.committee.size].network_key,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	    .write_queue_max = 64u << 20};
	if (link_new(&options, &target->link))
		fail("a link cannot be made");
}

static void submit(struct load *load, uint32_t i)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit message = UNCIA__PB__SUBMIT__INIT;
	uint8_t bytes[PAYMENT_SIZE_MAX];

	message.payment.data = (uint8_t *)(uintptr_t)load->signed_payments[i]->bytes;
	message.payment.len = load->signed_payments[i]->size;
	request.request_id = i + 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &message;
	size_t size = uncia__pb__wallet_request__pack(&request, bytes);
	load->sent_at[i] = now_ms();
	if (link_send(load->targets[i % load->target_count].link, bytes, size))
		fail("a link's queue is full");
}

static void answer(struct load *load, const struct bytes *message)
{
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);
	struct receipt receipt;

	if (!reply || !reply->request_id || reply->request_id > load->payments)
		fail("an answer that cannot be read");
	uint32_t i = (uint32_t)reply->request_id - 1;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		fprintf(stderr, "load: refused: %.*s\n", (int)reply->refusal->reason.len, reply->refusal->reason.data);
		exit(1);
	}
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_EXPIRY)
		fail("a payment expired");
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT && load->latency[i] == 0) {
		if (load->window == 1 || i % 100 == 0) {
			if (receipt_verify(&load->genesis.committee, &load->genesis.network_id, reply->receipt.data,
			                   reply->receipt.len, &receipt))
				fail("a receipt does not verify");
			payment_free(receipt.payment);
		}
		load->latency[i] = now_ms() - load->sent_at[i];
		load->done++;
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

static void target_write(struct target *target)
{
	for (;;) {
		struct bytes run;
		link_output(target->link, &run);
		if (!run.size)
			return;
		ssize_t size = write(target->fd, run.data, run.size);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size < 0)
			fail("a validator went away");
		link_output_taken(target->link, (size_t)size);
	}
}

static void target_read(struct load *load, struct target *target)
{
	static uint8_t buffer[256 << 10];
	struct bytes message;
	ssize_t size = read(target->fd, buffer, sizeof(buffer));

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0 || link_feed(target->link, buffer, (size_t)size))
		fail("a validator closed the link");
	while (link_next(target->link, &message))
		answer(load, &message);
}

static void run(struct load *load)
{
	struct pollfd fds[LINKS_MAX];

	while (load->done < load->payments) {
		while (load->sent < load->payments && load->sent - load->done < load->window)
			submit(load, load->sent++);
		for (uint32_t i = 0; i < load->target_count; i++) {
			target_write(&load->targets[i]);
			fds[i] = (struct pollfd){.fd = load->targets[i].fd, .events = POLLIN};
			if (link_queued(load->targets[i].link))
				fds[i].events |= POLLOUT;
		}
		int ready = poll(fds, load->target_count, SILENCE_MS);
		if (ready < 0 && errno != EINTR)
			fail("poll");
		if (ready == 0)
			fail("no answer for a minute");
		for (uint32_t i = 0; i < load->target_count; i++)
			if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
				target_read(load, &load->targets[i]);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Microseconds a signature check takes here and now, over the load's own payments. */
static double verify_us(const struct load *load)
{
	uint32_t count = load->payments < 2000 ? load->payments : 2000;
	double start = now_ms();

	for (uint32_t i = 0; i < count; i++) {
		const struct payment *p = load->signed_payments[i];
		if (!sign_verify(p->public_key, &p->digest, p->signature))
			fail("a signature does not verify");
	}
	return (now_ms() - start) * 1e3 / count;
}

static int command_run(int argc, char **argv)
{
	static struct load load;

	if (argc < 8 || argc - 7 > LINKS_MAX)
		fail("usage: load run GENESIS PAYMENTS WINDOW ACCOUNTS FIRST PORT…");
	read_genesis(&load, argv[2]);
	load.payments = (uint32_t)strtoul(argv[3], NULL, 10);
	load.window = (uint32_t)strtoul(argv[4], NULL, 10);
	load.accounts = (uint32_t)strtoul(argv[5], NULL, 10);
	load.first = (uint32_t)strtoul(argv[6], NULL, 10);
	load.target_count = (uint32_t)argc - 7;
	load.signed_payments = calloc(load.payments, sizeof(struct payment *));
	load.sent_at = calloc(load.payments, sizeof(double));
	load.latency = calloc(load.payments, sizeof(double));
	if (!load.payments || !load.window || !load.accounts || !load.signed_payments || !load.sent_at || !load.latency)
		fail("bad numbers, or out of memory");
	sign_all(&load);
	double check_us = verify_us(&load);
	for (uint32_t i = 0; i < load.target_count; i++)
		target_open(&load, i, atoi(argv[7 + i]));
	double start = now_ms();
	run(&load);
	double seconds = (now_ms() - start) / 1e3;
	qsort(load.latency, load.payments, sizeof(double), compare);
	printf("{\"payments\":%u,\"seconds\":%.3f,\"tps\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
	       "\"verify_us\":%.2f}\n",
	       load.payments, seconds, load.payments / seconds, load.latency[load.payments / 2],
	       load.latency[(uint64_t)load.payments * 99 / 100], load.latency[load.payments - 1], check_us);
	return 0;
}

static int command_accounts(int argc, char **argv)
{
	uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	for (uint32_t i = 0; i < count; i++) {
		struct fixture_key key;
		struct destination destination = {0};
		char text[ADDRESS_TEXT_SIZE];
		fixture_account(i, &key);
		destination.address = key.address;
		destination_format(&destination, text);
		puts(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (sign_self_test())
		fail("this libsodium judges signatures otherwise");
	if (argc >= 2 && strcmp(argv[1], "accounts") == 0)
		return command_accounts(argc, argv);
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return command_run(argc, argv);
	fail("usage: load accounts N | load run GENESIS PAYMENTS WINDOW ACCOUNTS FIRST PORT…");
}
