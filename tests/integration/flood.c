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
 *	unfinished the whole handshake, and then the largest message but for its last byte
 *	huge       the same of a message of 1 MiB
 *	wrong      the whole handshake, and then payments with wrong signatures, as many as are taken (see SAID_MAX)
 *	tiny       the whole handshake, and then questions of a few bytes, likewise
 *	expired    the same, and then questions about payments that have expired, each answered with a signature,
 *likewise the wrong ones of the account whose public key FLOOD_PAYER is; and with a validator's keys, from the home
 *that FLOOD_HOME names: flap       the whole handshake of a validator, a ping, and the end murmur     the same, and
 *then messages of a few bytes, likewise stale      the same, and then gossip of payments that have expired, likewise or
 *the whole handshake of a validator, and then what flood_liar.h lists, likewise, one link with each validator: KIND is
 *one of its names, or several with commas between, which each validator's links go through, the first one's from the
 * first on, the second one's from the second, and so on.
 * At the end prints {"opened":…,"closed":…,"established":…,"held":…,"sent":…}, the last one of whole messages.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "big_endian.h"
#include "flood_liar.h"
#include "payment.h"
#include "protocol_limits.h"
#include "wire_link_client.h"

#define SOCKETS_MAX    4096u
#define TARGETS_MAX    16u
#define BYTE_MS        200u
#define PING_MS        2000u
#define RECORD_SIZE    (2u + 4 + 16) /* of a ping by itself */
#define RECORDS_SIZE   (64u << 10)
#define RECORDS_AS_ONE 64u         /* message, of what may be said */
#define QUEUED         (32u << 10) /* what a link of those who flood is kept filled with, */
#define SAID_MAX       8000u       /* for all of them together, in a second; FLOOD_RATE: another number; */
                                   /* FLOOD_WINDOW: not more than so many of each link without an answer */
#define BYTES_MAX (64u << 20)      /* likewise, of a liar */

#define EXPIRED_S 100u /* so long ago */

enum kind {
	SILENT,
	GARBAGE,
	HALF,
	SLOW,
	IDLE,
	DRIP,
	UNFINISHED,
	HUGE,
	WRONG,
	TINY,
	EXPIRED,
	FLAP,
	MURMUR,
	STALE,
	LIAR
};
static const char *const kind_names[LIAR] = {"silent", "garbage", "half", "slow",    "idle", "drip",   "unfinished",
                                             "huge",   "wrong",   "tiny", "expired", "flap", "murmur", "stale"};

struct target {
	struct sockaddr_in address;
	const uint8_t *key;
};

static struct genesis genesis;
static enum kind kind;
static enum lie lies[LIES]; /* of LIAR */
static uint32_t lie_count;
static struct sockaddr_in source = {.sin_family = AF_INET};
static struct target targets[TARGETS_MAX];
static uint32_t target_count;
static struct stranger {
	struct client client;
	bool said, established;
	uint32_t unanswered; /* messages */
	uint32_t links;      /* of a liar's, that were established before */
	enum lie lie;
	uint8_t *records; /* of LIE_RECORDS: what the socket has not taken */
	size_t records_at, records_size;
	uint64_t next_ms; /* of the next byte or ping */
} strangers[SOCKETS_MAX];
static uint32_t unanswered_max = UINT32_MAX;
static uint64_t opened, closed, established, sent, said, said_bytes;

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

/* The link of a validator, whose key this is. */
static void validator_link(const uint8_t key[32], struct client *client)
{
	uint8_t ephemeral[32];

	randombytes_buf(ephemeral, sizeof(ephemeral));
	const struct link_options options = {.pattern = NOISE_IK,
	                                     .initiator = true,
	                                     .network_id = &genesis.network_id,
	                                     .static_secret = liar_network_key(),
	                                     .remote_static = key,
	                                     .ephemeral_secret = ephemeral,
	                                     .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	                                     .write_queue_max = 64u << 20};
	if (link_new(&options, &client->link))
		fail("a link cannot be made");
}

static void stranger_open(struct stranger *s)
{
	/* A liar has one link with each. */
	const struct target *target = &targets[(kind == LIAR ? (uint64_t)(s - strangers) : opened) % target_count];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&source, sizeof(source)) ||
	    (connect(fd, (const struct sockaddr *)&target->address, sizeof(target->address)) && errno != EINPROGRESS))
		fail("no connection can be made");
	*s = (struct stranger){.client.fd = fd, .links = s->links + s->established};
	if (kind == LIAR)
		s->lie = lies[((uint32_t)(s - strangers) + s->links) % lie_count];
	if (kind >= FLAP)
		validator_link(target->key, &s->client);
	else
		client_link(&genesis, target->key, &s->client);
	opened++;
}

static void stranger_close(struct stranger *s)
{
	free(s->records);
	s->records = NULL;
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

/* All of a message but its last byte. */
static void say_unfinished(struct stranger *s, size_t size)
{
	static uint8_t large[1 << 20];
	struct bytes run;

	if (!s->said && link_send(s->client.link, large, size))
		fail("a message cannot be sent");
	link_output(s->client.link, &run);
	if (run.size < 2)
		return;
	ssize_t taken = send(s->client.fd, run.data, run.size - 1, MSG_NOSIGNAL);
	if (taken > 0)
		link_output_taken(s->client.link, (size_t)taken);
	else if (errno != EAGAIN)
		stranger_close(s);
}

/* Whose account the wrong payments are of: one that is there, since others are refused unchecked. */
static void payer_read(uint8_t public_key[PUBLIC_KEY_SIZE])
{
	const char *text = getenv("FLOOD_PAYER");
	size_t size;

	if (!text || sodium_hex2bin(public_key, PUBLIC_KEY_SIZE, text, strlen(text), NULL, &size, NULL) ||
	    size != PUBLIC_KEY_SIZE)
		fail("FLOOD_PAYER is no public key");
}

/* A payment that somebody else has signed, and not with this nonce. */
static void make_wrong(Uncia__Pb__Submit *submit)
{
	static struct payment *payment;
	static uint8_t *nonce;
	static uint64_t number;
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	int32_t expires_in = kind == STALE ? -1000 : 1000;

	if (!payment) {
		struct output output = {.amount = 1000000};
		struct payment draft = {.currency = CURRENCY_FIRST, .outputs = &output, .output_count = 1};
		randombytes_buf(&output.to, sizeof(output.to));
		randombytes_buf(draft.nonce, sizeof(draft.nonce));
		draft.expires_at = (uint32_t)(time(NULL) + expires_in);
		if (crypto_sign_keypair(public_key, secret_key))
			fail("a key cannot be made");
		if (kind == WRONG)
			payer_read(public_key);
		if (payment_make(&genesis.network_id, &draft, public_key, secret_key, &payment))
			fail("a payment cannot be made");
		nonce = memmem(payment->bytes, payment->size, payment->nonce, NONCE_SIZE);
	}
	number++;
	memcpy(nonce, &number, sizeof(number));
	submit->payment = (ProtobufCBinaryData){payment->size, (uint8_t *)(uintptr_t)payment->bytes};
}

/* Whether so many more may be said now: a machine on which everything runs must not be the limit. A large message that
 * has begun counts in what comes after it. */
static bool may_say(uint64_t count)
{
	static uint64_t begin;
	const char *rate = getenv("FLOOD_RATE");
	uint64_t most = rate ? strtoull(rate, NULL, 10) : SAID_MAX;

	if (!begin)
		begin = now_ms();
	uint64_t ms = now_ms() - begin;
	if ((said + count) * 1000 > ms * most || said_bytes * 1000 > ms * BYTES_MAX)
		return false;
	said += count;
	return true;
}

static void say_much(struct stranger *s)
{
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	Uncia__Pb__NodeStatusQuery query = UNCIA__PB__NODE_STATUS_QUERY__INIT;
	Uncia__Pb__PaymentQuery payment = UNCIA__PB__PAYMENT_QUERY__INIT;
	Uncia__Pb__NodeReply *reply;
	static uint64_t request_id;
	struct payment_id id;

	while ((reply = client_held_reply(&s->client))) {
		uncia__pb__node_reply__free_unpacked(reply, NULL);
		s->unanswered -= s->unanswered > 0;
	}
	while (link_queued(s->client.link) < QUEUED && s->unanswered < unanswered_max && may_say(1)) {
		Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
		request.request_id = kind == TINY ? 1 : ++request_id;
		if (kind == WRONG)
			make_wrong(&submit);
		if (kind == WRONG) {
			request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
			request.submit = &submit;
		} else if (kind == EXPIRED) {
			randombytes_buf(id.b, sizeof(id.b));
			be32_put(id.b, (uint32_t)time(NULL) - EXPIRED_S);
			payment.payment_id = (ProtobufCBinaryData){sizeof(id.b), id.b};
			request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT;
			request.payment = &payment;
		} else {
			request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_STATUS;
			request.status = &query;
		}
		client_send(&s->client, &request);
		s->unanswered++;
		sent++;
	}
	client_write(&s->client, false);
}

/* Half a MiB of payments that have expired. */
static struct bytes stale_gossip(void)
{
	static Uncia__Pb__Blob blobs[2000], *list[2000];
	static struct bytes message;
	Uncia__Pb__PeerMessage peer = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;

	if (message.data)
		return message;
	for (size_t i = 0; i < 2000; i++) {
		make_wrong(&submit);
		uint8_t *copy = malloc(submit.payment.len);
		memcpy(copy, submit.payment.data, submit.payment.len);
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = (ProtobufCBinaryData){submit.payment.len, copy};
		list[i] = &blobs[i];
	}
	gossip.n_payments = 2000;
	gossip.payments = list;
	peer.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	peer.gossip = &gossip;
	if (canonical_encode(&peer.base, (uint8_t **)(uintptr_t)&message.data, &message.size))
		fail("gossip cannot be made");
	return message;
}

/* Pings, each sealed by itself, until the socket takes no more. */
static void say_records(struct stranger *s)
{
	struct bytes run;

	if (!s->records && !(s->records = malloc(RECORDS_SIZE)))
		fail("no memory");
	if (s->records_at == s->records_size) {
		s->records_at = s->records_size = 0;
		while (s->records_size + RECORD_SIZE <= RECORDS_SIZE && (sent % RECORDS_AS_ONE || may_say(1))) {
			if (link_send(s->client.link, NULL, 0))
				fail("a ping cannot be sent");
			link_output(s->client.link, &run);
			memcpy(s->records + s->records_size, run.data, run.size);
			s->records_size += run.size;
			link_output_taken(s->client.link, run.size);
			sent++;
		}
	}
	ssize_t taken = send(s->client.fd, s->records + s->records_at, s->records_size - s->records_at, MSG_NOSIGNAL);
	if (taken > 0)
		s->records_at += (size_t)taken;
	else if (taken < 0 && errno != EAGAIN)
		stranger_close(s);
}

static void say_lies(struct stranger *s)
{
	struct bytes message;

	if (s->lie == LIE_RECORDS) {
		if (s->client.fd >= 0)
			say_records(s);
		return;
	}
	while (link_queued(s->client.link) < QUEUED && may_say(1) &&
	       liar_say(s->lie, (uint32_t)(s - strangers), &message)) {
		if (link_send(s->client.link, message.data, message.size))
			fail("a message cannot be sent");
		said_bytes += message.size;
		sent++;
	}
}

static void say_as_validator(struct stranger *s)
{
	static const uint8_t status[2] = {12 << 3 | 2, 0};
	struct bytes message = kind == STALE ? stale_gossip() : (struct bytes){status, sizeof(status)}, heard;

	while (link_next(s->client.link, &heard))
		if (kind == LIAR)
			liar_hear(heard);
	if (kind == LIAR)
		say_lies(s);
	while (kind < LIAR && kind != FLAP && link_queued(s->client.link) < QUEUED &&
	       may_say(kind == STALE ? 2000 : 1)) {
		if (link_send(s->client.link, message.data, message.size))
			fail("a message cannot be sent");
		sent++;
	}
	if (s->client.fd >= 0)
		client_write(&s->client, false);
	if (kind == FLAP && s->client.fd >= 0)
		stranger_close(s);
}

/* Those who have done their handshake and do not wait for the time. Returns whether it is one. */
static bool say_established(struct stranger *s)
{
	if (!s->established)
		return false;
	if (kind == UNFINISHED || kind == HUGE)
		say_unfinished(s, kind == HUGE ? 1 << 20 : MESSAGE_SIZE_REQUEST_MAX);
	else if (kind == WRONG || kind == TINY || kind == EXPIRED)
		say_much(s);
	else if (kind >= FLAP)
		say_as_validator(s);
	else
		return false;
	s->said = true;
	if (s->client.fd < 0 && s->client.link)
		stranger_close(s);
	return true;
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
		s->said = kind == DRIP || kind == IDLE;
	}
	if (say_established(s) || now < s->next_ms)
		return;
	s->next_ms = now + (s->established && kind == IDLE ? PING_MS : BYTE_MS);
	if (kind == GARBAGE && !s->said)
		say_garbage(s);
	else if (kind == SLOW || (kind == DRIP && s->established))
		say_byte(s);
	else if (kind >= HALF) {
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
		if (kind >= IDLE) {
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
	static uint32_t first;

	fds[sockets] = (struct pollfd){.fd = 0, .events = POLLIN};
	for (uint32_t i = 0; i < sockets; i++) {
		struct stranger *s = &strangers[i];
		short out = s->client.fd >= 0 && !s->said ? POLLOUT : 0;
		fds[i] = (struct pollfd){.fd = s->client.fd, .events = (short)(POLLIN | out)};
	}
	poll(fds, sockets + 1, kind == LIAR ? 1 : 20);
	uint64_t now = now_ms();
	first = (first + 1) % sockets; /* what may be said is not all said by the same one */
	for (uint32_t k = 0; k < sockets; k++) {
		uint32_t i = (first + k) % sockets;
		struct stranger *s = &strangers[i];
		if (s->client.fd >= 0 && fds[i].revents & ~POLLOUT)
			hear(s, fds[i].revents);
		if (s->client.fd >= 0 && kind != SILENT && (s->said || fds[i].revents & POLLOUT))
			say(s, now);
	}
}

static void begin_as_validator(void)
{
	uint8_t payer[PUBLIC_KEY_SIZE];
	const char *home = getenv("FLOOD_HOME");

	if (!home)
		fail("FLOOD_HOME is no home");
	if (getenv("FLOOD_PAYER"))
		payer_read(payer);
	liar_begin(&genesis, home, getenv("FLOOD_PAYER") ? payer : NULL);
}

static bool read_kind(char *text)
{
	const char *window = getenv("FLOOD_WINDOW");

	if (window)
		unanswered_max = (uint32_t)strtoul(window, NULL, 10);
	while (kind < LIAR && strcmp(text, kind_names[kind]) != 0)
		kind++;
	if (kind < LIAR)
		return true;
	for (char *name = strtok(text, ","); name; name = strtok(NULL, ",")) {
		enum lie lie = lie_named(name);
		if (lie == LIES || lie_count == LIES)
			return false;
		lies[lie_count++] = lie;
	}
	return lie_count > 0;
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
	printf("{\"opened\":%" PRIu64 ",\"closed\":%" PRIu64 ",\"established\":%" PRIu64 ",\"held\":%" PRIu64
	       ",\"sent\":%" PRIu64 "}\n",
	       opened, closed, established, held, sent);
}

int main(int argc, char **argv)
{
	if (sign_self_test() || argc < 7 || inet_pton(AF_INET, argv[5], &source.sin_addr) != 1)
		fail("usage: see the head of flood.c");
	struct rlimit descriptors = {SOCKETS_MAX + 64, SOCKETS_MAX + 64};
	setrlimit(RLIMIT_NOFILE, &descriptors); /* or as many as there may be */
	read_genesis(argv[1], &genesis);
	uint32_t sockets = (uint32_t)strtoul(argv[3], NULL, 10);
	if (!read_kind(argv[2]) || sockets > (kind == LIAR ? COMMITTEE_SIZE_MAX : SOCKETS_MAX))
		fail("usage: see the head of flood.c");
	if (kind >= FLAP)
		begin_as_validator();
	for (int i = 6; i < argc; i++)
		target_read(argv[i]);
	run(sockets, strtoull(argv[4], NULL, 10));
	genesis_deinit(&genesis);
	return 0;
}
