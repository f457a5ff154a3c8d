/* The links and the clock of the load generator. Closed loop: so many payments are under way at any time, each answer
 * lets the next one out. Open loop: they go out at fixed times whatever comes back, and a payment's latency counts from
 * the time at which it should have gone, so that waiting in line, here or there, is part of it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "load.h"
#include "message.pb-c.h"
#include "receipt.h"
#include "wire_link.h"

#define SILENCE_US (60 * 1e6)
#define EVENTS     64
#define HANDSHAKES 32u

struct wallet_link {
	int fd;
	struct link *link;
	bool dirty, blocked; /* something was queued; the socket takes no more */
};

struct run {
	const struct load *load;
	struct load_result *result;
	struct wallet_link links[LOAD_LINKS_MAX];
	uint32_t dirty[LOAD_LINKS_MAX], dirty_count;
	int epoll;
	double *sent_at; /* or should have been, in the open loop; < 0: answered */
	uint32_t sent;
	double begun_at, answered_at;
	/* Of the answers after the warm-up and before the last was sent, in seconds since the beginning: */
	double line_count, line_t, line_n, line_tt, line_tn;
};

static void link_open(struct run *run, uint32_t number)
{
	const struct load *load = run->load;
	struct wallet_link *link = &run->links[number];
	uint32_t validator = number % load->port_count;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->ports[validator])};
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	uint8_t ephemeral[32];
	int one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&address, sizeof(address)))
		load_fail("a validator cannot be reached");
	setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(link->fd, F_SETFL, O_NONBLOCK);
	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options options = {.pattern = NOISE_NK,
	                               .initiator = true,
	                               .network_id = &load->genesis.network_id,
	                               .remote_static = load->genesis.committee.validators[validator].network_key,
	                               .ephemeral_secret = ephemeral,
	                               .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	                               .write_queue_max = 64u << 20};
	if (link_new(&options, &link->link) || epoll_ctl(run->epoll, EPOLL_CTL_ADD, link->fd, &event))
		load_fail("a link cannot be made");
}

static void watch(struct run *run, uint32_t number, bool writing)
{
	struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.u32 = number};

	if (run->links[number].blocked == writing)
		return;
	run->links[number].blocked = writing;
	if (epoll_ctl(run->epoll, EPOLL_CTL_MOD, run->links[number].fd, &event))
		load_fail("epoll");
}

static void link_write(struct run *run, uint32_t number)
{
	struct wallet_link *link = &run->links[number];
	struct bytes output;

	for (;;) {
		link_output(link->link, &output);
		if (!output.size)
			break;
		ssize_t size = write(link->fd, output.data, output.size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			break;
		if (size < 0)
			load_fail("a validator went away");
		link_output_taken(link->link, (size_t)size);
	}
	watch(run, number, output.size > 0);
}

static void write_dirty(struct run *run)
{
	for (uint32_t i = 0; i < run->dirty_count; i++) {
		run->links[run->dirty[i]].dirty = false;
		if (!run->links[run->dirty[i]].blocked)
			link_write(run, run->dirty[i]);
	}
	run->dirty_count = 0;
}

static void queue(struct run *run, uint32_t number, const struct load_message *message)
{
	struct wallet_link *link = &run->links[number];

	if (link_send(link->link, message->bytes, message->size))
		load_fail("a link's queue is full");
	if (!link->dirty)
		run->dirty[run->dirty_count++] = number;
	link->dirty = true;
}

/* Links of neighbouring numbers lead to different validators. */
static void submit(struct run *run, double at)
{
	const struct load_message *message = &run->load->messages[run->sent];

	for (uint32_t copy = 0; copy < run->load->copies; copy++)
		queue(run, (message->payer + copy) % run->load->links, message);
	run->sent_at[run->sent++] = at;
}

static void check_receipt(const struct load *load, const Uncia__Pb__NodeReply *reply)
{
	struct receipt receipt;

	if (receipt_verify(&load->genesis.committee, &load->genesis.network_id, reply->receipt.data, reply->receipt.len,
	                   &receipt))
		load_fail("a receipt does not verify");
	payment_free(receipt.payment);
}

static void add_to_line(struct run *run, double t, double n)
{
	run->line_count++;
	run->line_t += t;
	run->line_n += n;
	run->line_tt += t * t;
	run->line_tn += t * n;
}

static void finished(struct run *run, uint32_t i)
{
	uint32_t done = ++run->result->done, warm_up = run->load->warm_up;
	double now = now_us();

	if (i >= warm_up)
		histogram_add(&run->result->latency, now - run->sent_at[i]);
	run->sent_at[i] = -1;
	run->answered_at = now;
	if (done > warm_up && run->sent < run->load->count)
		add_to_line(run, (now - run->begun_at) / 1e6, done);
}

static void answer(struct run *run, const struct bytes *message)
{
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);

	if (!reply || !reply->request_id || reply->request_id > run->sent)
		load_fail("an answer that cannot be read");
	uint32_t i = (uint32_t)reply->request_id - 1;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_EXPIRY)
		load_fail("a payment expired");
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL && run->sent_at[i] >= 0) {
		if (run->load->window) { /* the open loop goes on: past what can be carried, refusing is right */
			fprintf(stderr, "load: refused: %.*s\n", (int)reply->refusal->reason.len,
			        reply->refusal->reason.data);
			exit(1);
		}
		run->result->refused++;
		run->sent_at[i] = -1;
	}
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT && run->sent_at[i] >= 0) {
		if (i % run->load->verify_every == 0)
			check_receipt(run->load, reply);
		finished(run, i);
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

static void link_read(struct run *run, uint32_t number)
{
	static uint8_t buffer[256 << 10];
	struct wallet_link *link = &run->links[number];
	struct bytes message;
	ssize_t size = read(link->fd, buffer, sizeof(buffer));

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0 || link_feed(link->link, buffer, (size_t)size))
		load_fail("a validator closed the link");
	while (link_next(link->link, &message))
		answer(run, &message);
	if (link_queued(link->link) && !link->blocked)
		link_write(run, number);
}

/* Reads and writes what can be, for at most this long. */
static void turn(struct run *run, double wait_us)
{
	struct timespec timeout = {.tv_sec = (time_t)(wait_us / 1e6)};
	struct epoll_event events[EVENTS];

	timeout.tv_nsec = (long)((wait_us - (double)timeout.tv_sec * 1e6) * 1e3);
	int count = epoll_pwait2(run->epoll, events, EVENTS, &timeout, NULL);
	if (count < 0 && errno != EINTR)
		load_fail("epoll");
	for (int i = 0; i < count; i++) {
		if (events[i].events & EPOLLOUT)
			link_write(run, events[i].data.u32);
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			link_read(run, events[i].data.u32);
	}
}

/* Returns how long there is nothing to send, in µs. */
static double send_due(struct run *run)
{
	const struct load *load = run->load;

	if (load->window) {
		while (run->sent < load->count && run->sent - run->result->done - run->result->refused < load->window)
			submit(run, now_us());
		return SILENCE_US;
	}
	for (double now = now_us(); run->sent < load->count;) {
		double at = run->begun_at + run->sent * 1e6 / load->rate;
		if (at > now)
			return at - now;
		submit(run, at);
	}
	return SILENCE_US;
}

/* A few at a time: all at once may be more than a busy machine does before a handshake's time is over. */
static void handshake_all(struct run *run)
{
	for (uint32_t first = 0; first < run->load->links; first += HANDSHAKES) {
		uint32_t end = first + HANDSHAKES < run->load->links ? first + HANDSHAKES : run->load->links;
		double begun = now_us();
		for (uint32_t i = first; i < end; i++) {
			link_open(run, i);
			link_write(run, i);
		}
		for (uint32_t i = first; i < end; i++)
			while (!link_established(run->links[i].link)) {
				turn(run, SILENCE_US);
				if (now_us() - begun > SILENCE_US)
					load_fail("a validator does not answer the handshake");
			}
	}
}

static void wait_for_start(void)
{
	puts("{\"ready\":true}");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
}

/* Answers come by the block, so that how many fall between two moments depends on where a block happens to end: the
 * slope of the line through all of them hardly does. */
static void conclude(const struct run *run, double cpu_begun)
{
	struct load_result *result = run->result;
	double n = run->line_count, varied = n * run->line_tt - run->line_t * run->line_t;

	result->seconds = (run->answered_at - run->begun_at) / 1e6;
	result->cpu_us = (process_us() - cpu_begun) / (result->done ? result->done : 1);
	result->tps = result->done / result->seconds;
	if (n > 2.0 * run->load->window && varied > 0)
		result->tps = (n * run->line_tn - run->line_t * run->line_n) / varied;
}

void load_run(struct load *load, struct load_result *result)
{
	static struct run run;

	run.load = load;
	run.result = result;
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.sent_at = calloc(load->count, sizeof(double));
	if (run.epoll < 0 || !run.sent_at)
		load_fail("out of memory or descriptors");
	handshake_all(&run);
	if (load->wait)
		wait_for_start();
	double cpu_begun = process_us();
	run.begun_at = run.answered_at = now_us();
	while (result->done + result->refused < load->count) {
		double wait_us = send_due(&run);
		write_dirty(&run);
		turn(&run, wait_us);
		if (now_us() - run.answered_at <= load->patience * 1e6)
			continue;
		if (load->window) {
			fprintf(stderr, "load: no answer for %u s\n", load->patience);
			exit(1);
		}
		break; /* what was given up past what can be carried gets no answer: the result says how many */
	}
	conclude(&run, cpu_begun);
	for (uint32_t i = 0; i < load->links; i++) {
		link_free(run.links[i].link);
		close(run.links[i].fd);
	}
	free(run.sent_at);
}
