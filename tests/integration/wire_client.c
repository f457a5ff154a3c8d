/* What the tests with running validators do below the uncia command: payments of the fixtures' accounts, good and bad,
 * as messages over wallet links. Believes a receipt or a balance only once it verifies. Validators are INDEX:PORT.
 *   wire_client accounts COUNT                                 the addresses of the first accounts, one a line
 *   wire_client pump GENESIS FIRST WINDOW ACCOUNTS VALIDATOR…   pays until all links are lost; the id of each receipt
 *   wire_client heavy …                                         as pump, each payment of 255 outputs: 10 KB
 *   wire_client torsion …                                       as pump, each signature with a point of small order in
 * R, which those of two payments together have not wire_client query GENESIS VALIDATOR                        ids on
 * standard input: those without a receipt wire_client balances GENESIS ACCOUNTS VALIDATOR             the sum over the
 * accounts, each proved wire_client repeat GENESIS COUNT VALIDATOR…                one payment, COUNT times over each
 * link wire_client refusals GENESIS VALIDATOR                      what is answered to payments that cannot be
 *   wire_client strange GENESIS VALIDATOR                       what becomes of links that break the protocol
 *   wire_client slow GENESIS VALIDATOR                          a request whose every byte is a packet of its own
 * Prints JSON, one object or id a line. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "receipt.h"
#include "torsion.h"
#include "wire_link_client.h"

#define LIFETIME_S  900u
#define CLIENTS_MAX 16

#define HEAVY_OUTPUTS PAYMENT_OUTPUTS_MAX

static struct genesis genesis;
static uint32_t outputs_of_each = 1;
static bool with_torsion;

static void format_id(const struct payment_id *id, char text[65])
{
	sodium_bin2hex(text, 65, id->b, sizeof(id->b));
}

static struct payment *make_payment(uint32_t from, uint32_t to, amount_t amount, uint64_t nonce, uint32_t expires_at)
{
	struct fixture_key sender, recipient;
	fixture_account(from, &sender);
	fixture_account(to, &recipient);
	struct output outputs[HEAVY_OUTPUTS];
	for (uint32_t i = 0; i < outputs_of_each; i++)
		outputs[i] = (struct output){.to = recipient.address, .amount = amount};
	struct payment *payment, draft = {.expires_at = expires_at,
	                                  .currency = CURRENCY_FIRST,
	                                  .output_count = outputs_of_each,
	                                  .outputs = outputs};
	memcpy(draft.nonce, &nonce, sizeof(nonce));
	if (payment_make(&genesis.network_id, &draft, sender.public_key, sender.secret_key, &payment))
		fail("a payment cannot be made");
	return payment;
}

/* The same payment, signed with a point of small order; the next one with what takes it away. */
static struct payment *sign_anew(struct payment *payment, uint32_t from, uint64_t number)
{
	unsigned n = 1 + (unsigned)(number / 2 % 7);
	uint8_t bytes[1024], *signature;
	struct fixture_key sender;
	struct payment *other;

	fixture_account(from, &sender);
	if (payment->size > sizeof(bytes))
		fail("a payment is large");
	memcpy(bytes, payment->bytes, payment->size);
	signature = memmem(bytes, payment->size, payment->signature, SIGNATURE_SIZE);
	if (!signature || sign_with_torsion(sender.secret_key, &payment->digest, number % 2 ? 8 - n : n, signature) ||
	    payment_decode(&genesis.network_id, bytes, payment->size, &other))
		fail("a payment cannot be signed");
	payment_free(payment);
	return other;
}

static uint32_t soon(void)
{
	return (uint32_t)time(NULL) + LIFETIME_S;
}

static void submit(struct client *client, uint64_t request_id, const void *bytes, size_t size)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit message = UNCIA__PB__SUBMIT__INIT;

	message.payment = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)bytes};
	request.request_id = request_id;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &message;
	client_send(client, &request);
}

/* Verifies it. Out: where the payment stands. */
static void take_receipt(const Uncia__Pb__NodeReply *reply, struct payment_id *id, uint64_t *height, uint32_t *index)
{
	struct receipt receipt;

	if (receipt_verify(&genesis.committee, &genesis.network_id, reply->receipt.data, reply->receipt.len, &receipt))
		fail("a receipt does not verify");
	*id = receipt.payment->id;
	*height = receipt.header.height;
	*index = receipt.index;
	payment_free(receipt.payment);
}

static Uncia__Pb__NodeReply *must_reply(struct client *client)
{
	Uncia__Pb__NodeReply *reply = client_reply(client);

	if (!reply)
		fail("a validator closed the link");
	return reply;
}

static void reply_free(Uncia__Pb__NodeReply *reply)
{
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

/* ---- pump ------------------------------------------------------------------------------------ */

struct pump {
	struct client clients[CLIENTS_MAX];
	uint32_t count, window, accounts, under_way[CLIENTS_MAX];
	uint64_t number; /* of the next payment, in the nonce */
};

static void pump_fill(struct pump *p, uint32_t i)
{
	while (p->clients[i].fd >= 0 && p->under_way[i] < p->window) {
		uint32_t from = (uint32_t)(p->number % p->accounts), to = (from + 1) % p->accounts;
		struct payment *payment = make_payment(from, to, genesis.smallest_amount, p->number, soon());
		if (with_torsion)
			payment = sign_anew(payment, from, p->number);
		submit(&p->clients[i], p->number + 1, payment->bytes, payment->size);
		payment_free(payment);
		p->number++;
		p->under_way[i]++;
	}
	client_write(&p->clients[i], false);
}

static void pump_take(struct pump *p, uint32_t i)
{
	Uncia__Pb__NodeReply *reply;
	struct payment_id id;
	char text[65];
	uint64_t height;
	uint32_t index;

	client_read(&p->clients[i]);
	while ((reply = client_held_reply(&p->clients[i]))) {
		if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT) {
			take_receipt(reply, &id, &height, &index);
			format_id(&id, text);
			puts(text);
			fflush(stdout);
			p->under_way[i]--;
		} else if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_PENDING) {
			fail("a good payment was refused");
		}
		reply_free(reply);
	}
}

static int pump(int argc, char **argv)
{
	static struct pump p;
	struct pollfd fds[CLIENTS_MAX];
	bool alive = true;

	p.number = strtoull(argv[3], NULL, 10) << 32;
	p.window = (uint32_t)strtoul(argv[4], NULL, 10);
	p.accounts = (uint32_t)strtoul(argv[5], NULL, 10);
	p.count = (uint32_t)argc - 6;
	if (!p.window || !p.accounts || p.count > CLIENTS_MAX)
		fail("numbers");
	for (uint32_t i = 0; i < p.count; i++)
		client_open(&genesis, argv[6 + i], &p.clients[i]);
	while (alive) {
		alive = false;
		for (uint32_t i = 0; i < p.count; i++) {
			pump_fill(&p, i);
			short events = link_queued(p.clients[i].link) ? POLLIN | POLLOUT : POLLIN;
			fds[i] = (struct pollfd){.fd = p.clients[i].fd, .events = events};
			alive = alive || p.clients[i].fd >= 0;
		}
		if (alive && poll(fds, p.count, CLIENT_SILENCE_MS) == 0)
			fail("no reply");
		for (uint32_t i = 0; i < p.count; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				pump_take(&p, i);
	}
	for (uint32_t i = 0; i < p.count; i++)
		client_close(&p.clients[i]);
	return 0;
}

static int heavy(int argc, char **argv)
{
	outputs_of_each = HEAVY_OUTPUTS;
	return pump(argc, argv);
}

static int torsion(int argc, char **argv)
{
	with_torsion = true;
	return pump(argc, argv);
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool has_receipt(struct client *client, uint64_t request_id, const struct payment_id *id)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__PaymentQuery query = UNCIA__PB__PAYMENT_QUERY__INIT;
	struct payment_id found;
	uint64_t height;
	uint32_t index;

	query.payment_id = (ProtobufCBinaryData){.len = sizeof(id->b), .data = (uint8_t *)(uintptr_t)id->b};
	request.request_id = request_id;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT;
	request.payment = &query;
	client_send(client, &request);
	Uncia__Pb__NodeReply *reply = must_reply(client);
	bool final = reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	if (final)
		take_receipt(reply, &found, &height, &index);
	reply_free(reply);
	return final && !memcmp(&found, id, sizeof(found));
}

static int query(int argc, char **argv)
{
	struct client client;
	struct payment_id id;
	char line[80];
	uint64_t count = 0;

	(void)argc;
	client_open(&genesis, argv[3], &client);
	while (fgets(line, sizeof(line), stdin)) {
		if (sodium_hex2bin(id.b, sizeof(id.b), line, 64, NULL, NULL, NULL))
			fail("not an id");
		if (!has_receipt(&client, ++count, &id))
			printf("%.64s\n", line);
	}
	client_close(&client);
	return 0;
}

static int balances(int argc, char **argv)
{
	uint32_t accounts = (uint32_t)strtoul(argv[3], NULL, 10);
	struct client client;
	amount_t sum = 0;

	(void)argc;
	client_open(&genesis, argv[4], &client);
	for (uint32_t i = 0; i < accounts; i++) {
		Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
		Uncia__Pb__AccountQuery account = UNCIA__PB__ACCOUNT_QUERY__INIT;
		struct fixture_key key;
		struct account_state state;
		uint8_t *bytes;
		size_t size;
		fixture_account(i, &key);
		account.address = (ProtobufCBinaryData){.len = ADDRESS_SIZE, .data = key.address.b};
		request.request_id = i + 1;
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
		request.account = &account;
		client_send(&client, &request);
		Uncia__Pb__NodeReply *reply = must_reply(&client);
		if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_ACCOUNT ||
		    canonical_encode(&reply->account->base, &bytes, &size) ||
		    account_proof_verify(&genesis.committee, &genesis.network_id, &key.address, bytes, size, &state) ||
		    !amount_add(sum, state.entry.balance, &sum))
			fail("a balance is not proved");
		free(bytes);
		reply_free(reply);
	}
	printf("{\"sum\":%" PRIu64 "}\n", sum);
	client_close(&client);
	return 0;
}

/* ---- the same payment again ------------------------------------------------------------------ */

struct place {
	uint64_t height;
	uint32_t index;
	uint64_t receipts;
	bool differs;
};

/* Takes `wanted` receipts of the payment; what is pending is passed over. */
static void take_receipts(struct client *client, const struct payment_id *id, uint64_t wanted, struct place *place)
{
	while (wanted) {
		Uncia__Pb__NodeReply *reply = must_reply(client);
		if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT) {
			struct payment_id found;
			uint64_t height;
			uint32_t index;
			take_receipt(reply, &found, &height, &index);
			if (!place->receipts++) {
				place->height = height;
				place->index = index;
			}
			place->differs = place->differs || height != place->height || index != place->index ||
			                 memcmp(&found, id, sizeof(found)) != 0;
			wanted--;
		} else if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_PENDING) {
			fail("a good payment was refused");
		}
		reply_free(reply);
	}
}

static int repeat(int argc, char **argv)
{
	struct client clients[CLIENTS_MAX];
	int count = argc - 4 < CLIENTS_MAX ? argc - 4 : CLIENTS_MAX;
	uint64_t times = strtoull(argv[3], NULL, 10), request_id = 0;
	struct payment *payment = make_payment(0, 1, AMOUNT_MICROS, 7, soon());
	struct place place = {.differs = false};
	char id[65];

	for (int i = 0; i < count; i++)
		client_open(&genesis, argv[4 + i], &clients[i]);
	for (uint64_t n = 0; n < times / 2; n++)
		for (int i = 0; i < count; i++)
			submit(&clients[i], ++request_id, payment->bytes, payment->size);
	for (int i = 0; i < count; i++)
		client_write(&clients[i], false);
	/* A link waits for a payment once, under its newest request. */
	for (int i = 0; i < count; i++)
		take_receipts(&clients[i], &payment->id, 1, &place);
	for (uint64_t n = 0; n < times - times / 2; n++)
		for (int i = 0; i < count; i++)
			submit(&clients[i], ++request_id, payment->bytes, payment->size);
	for (int i = 0; i < count; i++)
		client_write(&clients[i], false);
	for (int i = 0; i < count; i++)
		take_receipts(&clients[i], &payment->id, times - times / 2, &place);
	for (int i = 0; i < count; i++)
		client_close(&clients[i]);
	format_id(&payment->id, id);
	printf("{\"id\":\"%s\",\"receipts\":%" PRIu64 ",\"places\":%d,\"height\":%" PRIu64 "}\n", id, place.receipts,
	       place.differs ? 2 : 1, place.height);
	payment_free(payment);
	return 0;
}

/* ---- payments that cannot be ----------------------------------------------------------------- */

static void show(const char *name, struct client *client, const void *bytes, size_t size)
{
	static uint64_t request_id;

	submit(client, ++request_id, bytes, size);
	Uncia__Pb__NodeReply *reply = must_reply(client);
	/* That it was taken, and waits for its block. */
	while (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_PENDING && reply->pending->reason == 0) {
		reply_free(reply);
		reply = must_reply(client);
	}
	if (reply->request_id != request_id)
		fail("the reply to another request");
	printf("{\"case\":\"%s\",", name);
	switch (reply->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_REFUSAL:
		printf("\"reply\":\"refusal\",\"code\":%u}\n", reply->refusal->code);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_PENDING:
		printf("\"reply\":\"pending\",\"code\":%u}\n", reply->pending->reason);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_EXPIRY:
		puts("\"reply\":\"expiry\",\"code\":0}");
		break;
	default:
		printf("\"reply\":\"%s\",\"code\":0}\n",
		       reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT ? "receipt" : "other");
	}
	reply_free(reply);
}

static void show_payment(const char *name, struct client *client, struct payment *payment)
{
	show(name, client, payment->bytes, payment->size);
	payment_free(payment);
}

/* The bytes of one with the bit flipped that lies `from_end` bytes before the end: the signature is the last field. */
static void show_flipped(const char *name, struct client *client, size_t from_end)
{
	struct payment *payment = make_payment(0, 1, 5, 21, soon());
	uint8_t bytes[PAYMENT_SIZE_MAX];

	memcpy(bytes, payment->bytes, payment->size);
	bytes[payment->size - from_end] ^= 1;
	show(name, client, bytes, payment->size);
	payment_free(payment);
}

/* Another encoding of the same message: an unknown field behind it, and the outer length in one byte too many. */
static void show_not_canonical(struct client *client)
{
	struct payment *payment = make_payment(0, 1, 5, 22, soon());
	uint8_t bytes[PAYMENT_SIZE_MAX];
	size_t size = payment->size;

	memcpy(bytes, payment->bytes, size);
	memcpy(bytes + size, "\x20\x01", 2);
	show("unknown field", client, bytes, size + 2);
	/* Tag and length of the body, whose size takes two bytes or one. */
	size_t prefix = bytes[1] & 0x80 ? 3 : 2;
	bytes[prefix - 1] |= 0x80;
	bytes[prefix] = 0;
	memcpy(bytes + prefix + 1, payment->bytes + prefix, size - prefix);
	show("long length", client, bytes, size + 1);
	show("cut", client, payment->bytes, size - 1);
	show("empty", client, bytes, 0);
	memset(bytes, 0xff, sizeof(bytes));
	show("garbage", client, bytes, 200);
	payment_free(payment);
}

static void show_wrong_keys(struct client *client)
{
	struct fixture_key payer, thief;
	struct payment *payment;
	fixture_account(0, &payer);
	fixture_account(1, &thief);
	struct output output = {.to = thief.address, .amount = 5};
	struct payment draft = {.sender = payer.address,
	                        .expires_at = soon(),
	                        .currency = CURRENCY_FIRST,
	                        .output_count = 1,
	                        .outputs = &output};

	if (payment_make(&genesis.network_id, &draft, thief.public_key, thief.secret_key, &payment))
		fail("a payment cannot be made");
	show_payment("another's key", client, payment);
	draft.nonce[0] = 1;
	if (payment_make(&genesis.network_id, &draft, payer.public_key, thief.secret_key, &payment))
		fail("a payment cannot be made");
	show_payment("signed by another", client, payment);
}

static void reopen(const char *where, struct client *client)
{
	client_close(client);
	client_open(&genesis, where, client);
}

static int refusals(int argc, char **argv)
{
	static uint8_t large[PAYMENT_SIZE_MAX + 1];
	struct hash own = genesis.network_id;
	struct client client;
	uint32_t now = (uint32_t)time(NULL);

	(void)argc;
	client_open(&genesis, argv[3], &client);
	show_payment("expired", &client, make_payment(0, 1, 5, 1, now - 60));
	show_payment("too far", &client, make_payment(0, 1, 5, 2, now + PAYMENT_LIFETIME_MAX_S + 60));
	show_payment("funds", &client, make_payment(0, 1, UINT64_MAX / 2, 3, now + LIFETIME_S));
	genesis.network_id = fixture_hash(1);
	struct payment *foreign = make_payment(0, 1, 5, 4, now + LIFETIME_S);
	genesis.network_id = own;
	show_payment("another network", &client, foreign);
	show_flipped("signature flipped", &client, 1);
	reopen(argv[3], &client); /* the third wrong signature would end the link */
	show_flipped("point flipped", &client, 60);
	show_flipped("key flipped", &client, 64 + 2 + 10);
	show_flipped("body flipped", &client, 64 + 2 + 32 + 2 + 3);
	show_not_canonical(&client);
	reopen(argv[3], &client);
	show_wrong_keys(&client);
	show("too large", &client, large, sizeof(large));
	show_payment("good", &client, make_payment(0, 1, 5, 5, now + LIFETIME_S));
	client_close(&client);
	return 0;
}

/* ---- links that break the protocol ----------------------------------------------------------- */

static void strange_record(const char *name, const char *where, const uint8_t *plain, size_t size, bool sealed)
{
	struct noise_transport transport;
	uint8_t record[1024];
	size_t record_size = size;
	int fd = raw_open(&genesis, where, &transport);

	memcpy(record, plain, size);
	if (sealed && noise_send(&transport, plain, size, record, &record_size))
		fail("a record cannot be sealed");
	raw_write(fd, record, record_size);
	printf("{\"case\":\"%s\",\"closed\":%s}\n", name, raw_closed(fd) ? "true" : "false");
	close(fd);
	noise_transport_wipe(&transport);
}

static void strange_message(const char *name, const char *where, const void *message, size_t size)
{
	struct client client;

	client_open(&genesis, where, &client);
	if (link_send(client.link, message, size))
		fail("a message cannot be sent");
	Uncia__Pb__NodeReply *reply = client_reply(&client);
	printf("{\"case\":\"%s\",\"closed\":%s}\n", name, reply ? "false" : "true");
	if (reply)
		reply_free(reply);
	client_close(&client);
}

static int strange(int argc, char **argv)
{
	static const uint8_t two_gib[] = {0x80, 0, 0, 0, 1, 2, 3}, over[] = {0, 0, 0x41, 1, 1, 2, 3},
	                     status[] = {0x08, 0x00, 0x32, 0x00}, garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	                     unknown[] = {0x08, 0x01, 0x7a, 0x00}, long_form[] = {0x08, 0x81, 0x00, 0x32, 0x00};

	(void)argc;
	strange_record("2 GiB", argv[3], two_gib, sizeof(two_gib), true);
	strange_record("a byte too large", argv[3], over, sizeof(over), true);
	strange_record("not sealed", argv[3], two_gib, sizeof(two_gib), false);
	strange_record("empty record", argv[3], two_gib, 0, false);
	strange_message("garbage", argv[3], garbage, sizeof(garbage));
	strange_message("request 0", argv[3], status, sizeof(status));
	strange_message("unknown request", argv[3], unknown, sizeof(unknown));
	strange_message("not canonical", argv[3], long_form, sizeof(long_form));
	return 0;
}

static int slow(int argc, char **argv)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__NodeStatusQuery status = UNCIA__PB__NODE_STATUS_QUERY__INIT;
	struct client client;

	(void)argc;
	client_open(&genesis, argv[3], &client);
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_STATUS;
	request.status = &status;
	client_send(&client, &request);
	while (!link_established(client.link)) {
		struct pollfd fd = {.fd = client.fd, .events = POLLIN};
		client_write(&client, true);
		if (poll(&fd, 1, CLIENT_SILENCE_MS) != 1 || !client_read(&client))
			fail("no handshake");
	}
	client_write(&client, true);
	Uncia__Pb__NodeReply *reply = must_reply(&client);
	printf("{\"status\":%s}\n", reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_STATUS ? "true" : "false");
	reply_free(reply);
	client_close(&client);
	return 0;
}

static int accounts(uint32_t count)
{
	char text[ADDRESS_TEXT_SIZE];
	struct fixture_key key;

	for (uint32_t i = 0; i < count; i++) {
		fixture_account(i, &key);
		struct destination destination = {.address = key.address};
		destination_format(&destination, text);
		puts(text);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	int arguments; /* at least so many behind GENESIS */
} commands[] = {
    {"pump", pump, 4},         {"heavy", heavy, 4},     {"query", query, 1},
    {"balances", balances, 2}, {"torsion", torsion, 4}, {"repeat", repeat, 2},
    {"refusals", refusals, 1}, {"strange", strange, 1}, {"slow", slow, 1},
};

int main(int argc, char **argv)
{
	if (sign_self_test())
		fail("this libsodium judges signatures otherwise");
	if (argc == 3 && !strcmp(argv[1], "accounts"))
		return accounts((uint32_t)strtoul(argv[2], NULL, 10));
	for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name) && argc >= 3 + commands[i].arguments) {
			read_genesis(argv[2], &genesis);
			int code = commands[i].run(argc, argv);
			genesis_deinit(&genesis);
			return code;
		}
	fail("usage: see the head of wire_client.c");
}
