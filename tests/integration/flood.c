/* Strangers, many of them, who want nothing from validators but their time, memory and descriptors, for tests:
 *
 *	flood GENESIS KIND SOCKETS PER_SECOND FROM INDEX:HOST:PORT…
 *
 * holds so many connections open from the address FROM, divided among the validators, makes those anew that are closed,
 * at most so many a second, and ends with its standard input. KIND says what each does:
 *	silent     nothing
 *	garbage    names itself a validator or a wallet, and then chance bytes
 *	half       the first message of a wallet's handshake, and no more
 *	slow       the same, a byte every 200 ms
 *	idle       the whole handshake, and a ping now and then
 *	drip       the whole handshake, and then the largest message, a byte every 200 ms
 * At the end prints {"opened":…,"closed":…,"established":…,"held":…}. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "protocol_limits.h"
#include "wire_link_client.h"

#define SOCKETS_MAX 4096u
#define TARGETS_MAX 16u
#define BYTE_MS     200u
#define PING_MS     2000u

enum kind { SILENT, GARBAGE, HALF, SLOW, IDLE, DRIP, KINDS };
static const char *const kind_names[KINDS] = {"silent", "garbage", "half", "slow", "idle", "drip"};

struct target {
	struct sockaddr_in address;
	const uint8_t *key;
};

static struct genesis genesis;
static enum kind kind;
static struct sockaddr_in source = {.sin_family = AF_INET};
static struct target targets[TARGETS_MAX];
static uint32_t target_count;
static struct stranger {
	struct client client;
	bool said, established;
	uint64_t next_ms; /* of the next byte or ping */
} strangers[SOCKETS_MAX];
static uint64_t opened, closed, established;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void target_read(const char *text)
{
	struct target *target = &targets[target_count++];
	char host[64];
	unsigned index, port;

	if (target_count > TARGETS_MAX || sscanf(text, "%u:%63[^:]:%u", &index, host, &port) != 3 ||
	    index >= genesis.committee.size || inet_pton(AF_INET, host, &target->address.sin_addr) != 1)
		fail("not INDEX:HOST:PORT");
	target->address.sin_family = AF_INET;
	target->address.sin_port = htons((uint16_t)port);
	target->key = genesis.committee.validators[index].network_key;
}

static void stranger_open(struct stranger *s)
{
	const struct target *target = &targets[opened % target_count];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&source, sizeof(source)) ||
	    (connect(fd, (const struct sockaddr *)&target->address, sizeof(target->address)) && errno != EINPROGRESS))
		fail("no connection can be made");
	*s = (struct stranger){.client.fd = fd};
	client_link(&genesis, target->key, &s->client);
	opened++;
}

static void stranger_close(struct stranger *s)
{
	client_close(&s->client);
	closed++;
}

/* One byte of what its link has to say. */
static void say_byte(struct stranger *s)
{
	struct bytes run;

	link_output(s->client.link, &run);
	if (run.size && send(s->client.fd, run.data, 1, MSG_NOSIGNAL) == 1)
		link_output_taken(s->client.link, 1);
}

static void say_garbage(struct stranger *s)
{
	uint8_t bytes[512];

	randombytes_buf(bytes, sizeof(bytes));
	bytes[0] = bytes[1] & 1 ? 'V' : 'W';
	if (send(s->client.fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		stranger_close(s);
}

static void say(struct stranger *s, uint64_t now)
{
	static uint8_t large[MESSAGE_SIZE_REQUEST_MAX];

	if (link_established(s->client.link) && !s->established) {
		s->established = true;
		established++;
		client_write(&s->client, false); /* the end of the handshake */
		if (kind == DRIP && link_send(s->client.link, large, sizeof(large)))
			fail("a message cannot be sent");
	}
	if (now < s->next_ms)
		return;
	s->next_ms = now + (s->established && kind == IDLE ? PING_MS : BYTE_MS);
	if (kind == GARBAGE && !s->said)
		say_garbage(s);
	else if (kind == SLOW || (kind == DRIP && s->established))
		say_byte(s);
	else if (kind == HALF || kind == IDLE || kind == DRIP) {
		if (s->established && kind == IDLE && link_send(s->client.link, NULL, 0))
			fail("a ping cannot be sent");
		if (kind != HALF || !s->said)
			client_write(&s->client, false);
	}
	s->said = true;
	if (s->client.fd < 0)
		stranger_close(s);
}

static void hear(struct stranger *s, short events)
{
	uint8_t bytes[4096];

	if (events & POLLIN) {
		/* Only some want to know what a validator answers. */
		if (kind == IDLE || kind == DRIP) {
			if (!client_read(&s->client))
				stranger_close(s);
			else if (!s->established)
				s->next_ms = 0; /* its turn in the handshake */
		} else if (recv(s->client.fd, bytes, sizeof(bytes), 0) == 0) {
			stranger_close(s);
		}
	}
	if (s->client.fd >= 0 && events & (POLLERR | POLLHUP))
		stranger_close(s);
}

static void turn(uint32_t sockets, struct pollfd fds[SOCKETS_MAX + 1])
{
	fds[sockets] = (struct pollfd){.fd = 0, .events = POLLIN};
	for (uint32_t i = 0; i < sockets; i++) {
		struct stranger *s = &strangers[i];
		short out = s->client.fd >= 0 && !s->said ? POLLOUT : 0;
		fds[i] = (struct pollfd){.fd = s->client.fd, .events = (short)(POLLIN | out)};
	}
	poll(fds, sockets + 1, 20);
	uint64_t now = now_ms();
	for (uint32_t i = 0; i < sockets; i++) {
		struct stranger *s = &strangers[i];
		if (s->client.fd >= 0 && fds[i].revents & ~POLLOUT)
			hear(s, fds[i].revents);
		if (s->client.fd >= 0 && kind != SILENT && (s->said || fds[i].revents & POLLOUT))
			say(s, now);
	}
}

static void run(uint32_t sockets, uint64_t per_second)
{
	static struct pollfd fds[SOCKETS_MAX + 1];
	uint64_t start = now_ms(), held = 0;

	for (uint32_t i = 0; i < sockets; i++)
		strangers[i].client.fd = -1;
	do {
		uint64_t allowed = 1 + (now_ms() - start) * per_second / 1000;
		for (uint32_t i = 0; i < sockets && opened < allowed; i++)
			if (strangers[i].client.fd < 0)
				stranger_open(&strangers[i]);
		turn(sockets, fds);
	} while (!fds[sockets].revents);
	for (uint32_t i = 0; i < sockets; i++) {
		if (strangers[i].client.fd < 0)
			continue;
		held++;
		client_close(&strangers[i].client);
	}
	printf("{\"opened\":%" PRIu64 ",\"closed\":%" PRIu64 ",\"established\":%" PRIu64 ",\"held\":%" PRIu64 "}\n",
	       opened, closed, established, held);
}

int main(int argc, char **argv)
{
	if (sign_self_test() || argc < 7 || inet_pton(AF_INET, argv[5], &source.sin_addr) != 1)
		fail("usage: see the head of flood.c");
	read_genesis(argv[1], &genesis);
	while (kind < KINDS && strcmp(argv[2], kind_names[kind]) != 0)
		kind++;
	uint32_t sockets = (uint32_t)strtoul(argv[3], NULL, 10);
	if (kind == KINDS || sockets > SOCKETS_MAX)
		fail("usage: see the head of flood.c");
	for (int i = 6; i < argc; i++)
		target_read(argv[i]);
	run(sockets, strtoull(argv[4], NULL, 10));
	genesis_deinit(&genesis);
	return 0;
}
