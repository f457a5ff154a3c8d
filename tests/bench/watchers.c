/* Thousands of wallets that wait to be paid, over links of their own to one validator, in one process below libuncia:
 * each watches an account. Payments to them go out at fixed times; measured is how long after that a watcher is told,
 * and how long after it the payer has the receipt. --help names the options; the result is one JSON object on a line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "big_endian.h"
#include "clock.h"
#include "fixture.h"
#include "histogram.h"
#include "message.pb-c.h"
#include "receipt.h"
#include "wire_link.h"

#define EVENTS      256
#define HANDSHAKES  64u
#define SILENCE_US  60e6
#define LIFETIME_S  600u
#define VERIFY_EACH 50u

static int accounts = 1000, payers = 100, watchers = 1000, payments = 1000;
static double rate = 100;
static char *genesis_path;
static const struct poptOption options[] = {
    {"genesis", 0, POPT_ARG_STRING, &genesis_path, 0, "The network's genesis file", "FILE"},
    {"accounts", 0, POPT_ARG_INT, &accounts, 0, "How many accounts there are", "N"},
    {"payers", 0, POPT_ARG_INT, &payers, 0, "How many of them pay, spread evenly over all", "N"},
    {"watchers", 0, POPT_ARG_INT, &watchers, 0, "How many watch, one a link", "N"},
    {"payments", 0, POPT_ARG_INT, &payments, 0, "How many, each to another watcher", "N"},
    {"rate", 0, POPT_ARG_DOUBLE, &rate, 0, "Payments a second", "N"},
    POPT_AUTOHELP POPT_TABLEEND,
};

struct watcher { /* the last one is the payer's link */
	int fd;
	struct link *link;
	struct address address;
	bool blocked, told; /* told: its first watch was answered */
	double sent_at;     /* a payment to it went out, or should have; 0: none is on its way */
};

static struct genesis genesis;
static uint16_t port;
static struct watcher *all;
static int epoll;
static uint32_t ready, pushed, final;
static uint64_t push_bytes;
static double *payment_sent, heard_at;
static struct histogram push_latency, receipt_latency;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "watchers: %s\n", what);
	exit(1);
}

static void write_out(uint32_t number)
{
	struct watcher *w = &all[number];
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	struct bytes output;
	bool blocked = false;

	for (link_output(w->link, &output); output.size; link_output(w->link, &output)) {
		ssize_t size = write(w->fd, output.data, output.size);
		if (size < 0 && errno == EAGAIN) {
			blocked = true;
			break;
		}
		if (size < 0)
			die("the validator went away");
		link_output_taken(w->link, (size_t)size);
	}
	if (blocked != w->blocked) {
		event.events |= blocked ? EPOLLOUT : 0;
		if (epoll_ctl(epoll, EPOLL_CTL_MOD, w->fd, &event))
			die("epoll");
		w->blocked = blocked;
	}
}

static void ask(uint32_t number, Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;

	if (canonical_encode(&request->base, &bytes, &size) || link_send(all[number].link, bytes, size))
		die("a request cannot be sent");
	free(bytes);
	write_out(number);
}

/* Of what touches its account above this height. */
static void watch_above(uint32_t number, uint64_t height)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Watch watch = UNCIA__PB__WATCH__INIT;

	watch.address = (ProtobufCBinaryData){ADDRESS_SIZE, all[number].address.b};
	watch.height = height;
	watch.index = height ? UINT32_MAX : 0;
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WATCH;
	request.watch = &watch;
	ask(number, &request);
}

/* Non-payers: addresses that nobody has a key for (load_payments.c). */
static struct address watched_address(uint32_t number)
{
	uint32_t stride = (uint32_t)(accounts / payers);
	uint32_t account = stride > 1 ? number / (stride - 1) * stride + 1 + number % (stride - 1) : number;
	struct hash hash = fixture_hash(account);
	struct address address;

	memcpy(address.b, hash.b, ADDRESS_SIZE);
	return address;
}

static void check_push(const struct watcher *w, const Uncia__Pb__Watched *watched)
{
	struct receipt receipt;

	if (watched->n_receipts != 1 ||
	    receipt_verify(&genesis.committee, &genesis.network_id, watched->receipts[0]->data.data,
	                   watched->receipts[0]->data.len, &receipt))
		die("what a watcher was told does not verify");
	if (!payment_touches_account(receipt.payment, &w->address))
		die("a watcher was told of others' payment");
	payment_free(receipt.payment);
}

static void hear_watched(uint32_t number, const struct bytes *message, const Uncia__Pb__Watched *watched)
{
	struct watcher *w = &all[number];

	if (w->sent_at > 0) {
		if (pushed++ % VERIFY_EACH == 0)
			check_push(w, watched);
		histogram_add(&push_latency, now_us() - w->sent_at);
		push_bytes += message->size;
		w->sent_at = 0;
	}
	ready += !w->told;
	w->told = true;
	watch_above(number, watched->height);
}

static void hear(uint32_t number, const struct bytes *message)
{
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);

	if (!reply)
		die("an answer that cannot be read");
	heard_at = now_us();
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_WATCHED) {
		hear_watched(number, message, reply->watched);
	} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT && number == (uint32_t)watchers) {
		double *sent_at = &payment_sent[reply->request_id - 1];
		if (*sent_at > 0)
			histogram_add(&receipt_latency, now_us() - *sent_at), final++;
		*sent_at = 0;
	} else if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		fprintf(stderr, "watchers: refused: %.*s\n", (int)reply->refusal->reason.len,
		        reply->refusal->reason.data);
		exit(1);
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

static void read_in(uint32_t number)
{
	static uint8_t buffer[256 << 10];
	struct bytes message;
	ssize_t size = read(all[number].fd, buffer, sizeof(buffer));

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0 || link_feed(all[number].link, buffer, (size_t)size))
		die("the validator closed a link");
	while (link_next(all[number].link, &message))
		hear(number, &message);
	write_out(number);
}

static void turn(double wait_us)
{
	struct epoll_event events[EVENTS];
	struct timespec timeout = {.tv_sec = (time_t)(wait_us / 1e6)};

	timeout.tv_nsec = (long)((wait_us - (double)timeout.tv_sec * 1e6) * 1e3);
	int count = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
	if (count < 0 && errno != EINTR)
		die("epoll");
	for (int i = 0; i < count; i++) {
		if (events[i].events & EPOLLOUT)
			write_out(events[i].data.u32);
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			read_in(events[i].data.u32);
	}
}

static void open_link(uint32_t number)
{
	struct watcher *w = &all[number];
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	uint8_t ephemeral[32];

	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&address, sizeof(address)))
		die("the validator cannot be reached, or there are too few descriptors: ulimit -n");
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	fcntl(w->fd, F_SETFL, O_NONBLOCK);
	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options link = {.pattern = NOISE_NK,
	                            .initiator = true,
	                            .network_id = &genesis.network_id,
	                            .remote_static = genesis.committee.validators[0].network_key,
	                            .ephemeral_secret = ephemeral,
	                            .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                            .write_queue_max = WRITE_QUEUE_WALLET_MAX};
	if (link_new(&link, &w->link) || epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd, &event))
		die("a link cannot be made");
	if (number < (uint32_t)watchers) {
		w->address = watched_address(number);
		watch_above(number, 0);
	} else {
		write_out(number);
	}
}

/* A few at a time: all at once may be more than a busy machine does before a handshake's time is over. */
static void open_all(void)
{
	double begun = now_us();

	for (uint32_t i = 0; i < (uint32_t)watchers; i++) {
		open_link(i);
		while (i + 1 - ready >= HANDSHAKES || (i + 1 == (uint32_t)watchers && ready <= i)) {
			turn(SILENCE_US);
			if (now_us() - begun > 10 * SILENCE_US)
				die("the validator does not answer");
		}
	}
	open_link((uint32_t)watchers);
	while (!link_established(all[watchers].link))
		turn(SILENCE_US);
}

static void pay(uint32_t i, const struct fixture_key *keys, double at)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	struct watcher *to = &all[i % (uint32_t)watchers];
	struct output output = {.to = to->address, .amount = 1};
	struct payment draft = {.expires_at = (uint32_t)time(NULL) + LIFETIME_S,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = 1,
	                        .outputs = &output};
	const struct fixture_key *key = &keys[i % (uint32_t)payers];
	struct payment *payment;

	randombytes_buf(draft.nonce, sizeof(draft.nonce));
	if (payment_make(&genesis.network_id, &draft, key->public_key, key->secret_key, &payment))
		die("a payment cannot be made");
	submit.payment = (ProtobufCBinaryData){payment->size, (uint8_t *)(uintptr_t)payment->bytes};
	request.request_id = i + UINT64_C(1);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &submit;
	payment_sent[i] = to->sent_at = at;
	ask((uint32_t)watchers, &request);
	payment_free(payment);
}

static json_t *quantiles(const struct histogram *h)
{
	return json_pack("{s:f,s:f,s:f,s:f}", "p50", histogram_us(h, 0.5) / 1e3, "p90", histogram_us(h, 0.9) / 1e3,
	                 "p99", histogram_us(h, 0.99) / 1e3, "max", h->max_us / 1e3);
}

static void read_genesis(void)
{
	FILE *file = genesis_path ? fopen(genesis_path, "rb") : NULL;
	uint8_t *bytes = malloc(GENESIS_SIZE_MAX);

	if (!file || !bytes)
		die("the genesis cannot be read");
	size_t size = fread(bytes, 1, GENESIS_SIZE_MAX, file);
	fclose(file);
	if (genesis_decode(&genesis, bytes, size))
		die("the genesis cannot be decoded");
	free(bytes);
}

static void pay_all(const struct fixture_key *keys)
{
	double begun = heard_at = now_us();
	uint32_t sent = 0;

	while (pushed < (uint32_t)payments || final < (uint32_t)payments) {
		double at = begun + sent * 1e6 / rate, now = now_us();
		if (sent < (uint32_t)payments && at <= now) {
			pay(sent++, keys, at);
			continue;
		}
		turn(sent < (uint32_t)payments ? at - now : 1e6);
		if (now_us() - heard_at > SILENCE_US)
			die("a watcher was not told, or a payer has no receipt, within a minute");
	}
}

static void run(void)
{
	struct fixture_key *keys = calloc((size_t)payers, sizeof(*keys));

	if (watchers < 1 || payers < 1 || accounts < payers || payments < 1 || payments > watchers || rate <= 0)
		die("--watchers, --payers, --accounts, --payments (at most the watchers) or --rate is out of range");
	all = calloc((size_t)watchers + 1, sizeof(*all));
	payment_sent = calloc((size_t)payments, sizeof(*payment_sent));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!all || !payment_sent || !keys || epoll < 0)
		die("out of memory");
	for (uint32_t i = 0; i < (uint32_t)payers; i++)
		fixture_account(i, &keys[i]);
	open_all();
	puts("{\"ready\":true}");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
	pay_all(keys);
	json_t *object = json_pack("{s:i,s:i,s:f,s:f,s:o,s:o}", "watchers", watchers, "payments", payments, "rate",
	                           rate, "push_bytes", (double)push_bytes / pushed, "push_ms", quantiles(&push_latency),
	                           "receipt_ms", quantiles(&receipt_latency));
	if (!object || json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(7)))
		die("out of memory");
	puts("");
	json_decref(object);
	free(keys);
}

int main(int argc, char **argv)
{
	poptContext context = poptGetContext("watchers", argc, (const char **)argv, options, 0);
	struct rlimit limit;
	int code;

	poptSetOtherOptionHelp(context, "PORT");
	while ((code = poptGetNextOpt(context)) > 0)
		;
	const char *given = poptGetArg(context);
	if (code < -1 || !given) {
		fprintf(stderr, "watchers: %s\n", code < -1 ? poptStrerror(code) : "which port? see --help");
		return 2;
	}
	port = (uint16_t)atoi(given);
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (sign_self_test())
		die("this libsodium judges signatures otherwise");
	read_genesis();
	run();
	poptFreeContext(context);
	return 0;
}
