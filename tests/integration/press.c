/* Brings validators more payments than they can order, over links that wait for no answer, and holds them to it that
 * each is answered: by a receipt that verifies, or that it waits, or by a refusal for want of room.
 *   press GENESIS COUNT ACCOUNTS OUTPUTS LINKS INDEX:PORT…
 * So many payments of the fixtures' accounts in turn, of so many outputs each, over so many links to each validator.
 * Once every payment has an answer it prints how many wait and how many are refused. With a line on standard input it
 * submits the refused ones again, the same bytes and no more of them at once than AGAIN_MAX, until each payment has its
 * receipt. Any other answer, and a link that ends, is a failure. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "receipt.h"
#include "uncia/error.h"
#include "wire_link_client.h"

#define LINKS_MAX    32u
#define ACCOUNTS_MAX 4096u
#define LIFETIME_S   1800u
#define QUEUE_FULL   ((size_t)256 << 10) /* bytes that a link lets wait for its socket */
#define AGAIN_MAX    8u                  /* refused payments that are submitted again, of one link */

/* UNSENT → ASKED → WAITING | REFUSED; WAITING → REFUSED; REFUSED → ASKED; each but UNSENT → FINAL. */
enum answer { UNSENT, ASKED, WAITING, REFUSED, FINAL };

static struct press {
	struct genesis genesis;
	struct fixture_key *accounts;
	uint32_t count, account_count, outputs, link_count;
	struct payment **payments;
	enum answer *answers;
	bool *repeated;         /* it is under way for another time, and counted in `again` */
	uint32_t of[FINAL + 1]; /* how many have this answer */
	struct client clients[LINKS_MAX];
	uint32_t next[LINKS_MAX];  /* of a link: the payment that it submits next, */
	uint32_t again[LINKS_MAX]; /* and those under way that had been refused */
	uint32_t refusals;
	bool again_allowed;
} press;

static struct payment *press_payment(uint32_t number)
{
	const struct fixture_key *from = &press.accounts[number % press.account_count];
	const struct fixture_key *to = &press.accounts[(number + 1) % press.account_count];
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct payment *payment, draft = {.sender = from->address,
	                                  .expires_at = (uint32_t)time(NULL) + LIFETIME_S,
	                                  .currency = CURRENCY_FIRST,
	                                  .output_count = press.outputs,
	                                  .outputs = outputs};

	for (uint32_t i = 0; i < press.outputs; i++)
		outputs[i] = (struct output){.to = to->address, .amount = press.genesis.smallest_amount};
	memcpy(draft.nonce, &number, sizeof(number));
	if (payment_make(&press.genesis.network_id, &draft, from->public_key, from->secret_key, &payment))
		fail("a payment cannot be made");
	return payment;
}

static void press_move(uint32_t number, enum answer to)
{
	press.of[press.answers[number]]--;
	press.answers[number] = to;
	press.of[to]++;
}

static void press_submit(uint32_t link, uint32_t number)
{
	const struct payment *payment = press.payments[number];
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit message = UNCIA__PB__SUBMIT__INIT;

	message.payment = (ProtobufCBinaryData){.len = payment->size, .data = (uint8_t *)(uintptr_t)payment->bytes};
	request.request_id = number + 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &message;
	client_send(&press.clients[link], &request);
	press_move(number, ASKED);
}

/* Whatever has not been sent, as far as the socket takes it; what was refused, where that is allowed. A payment is
 * always submitted over the same link. */
static void press_fill(uint32_t link)
{
	struct client *client = &press.clients[link];

	for (; press.next[link] < press.count && link_queued(client->link) < QUEUE_FULL;
	     press.next[link] += press.link_count)
		press_submit(link, press.next[link]);
	for (uint32_t i = link; press.again_allowed && i < press.count && press.again[link] < AGAIN_MAX;
	     i += press.link_count)
		if (press.answers[i] == REFUSED) {
			press_submit(link, i);
			press.repeated[i] = true;
			press.again[link]++;
		}
	client_write(client, false);
}

static void press_receipt(uint32_t number, const ProtobufCBinaryData *bytes)
{
	const struct genesis *genesis = &press.genesis;
	struct receipt receipt;

	if (receipt_verify(&genesis->committee, &genesis->network_id, bytes->data, bytes->len, &receipt) ||
	    memcmp(&receipt.payment->id, &press.payments[number]->id, sizeof(receipt.payment->id)) != 0)
		fail("a receipt does not verify");
	payment_free(receipt.payment);
	press_move(number, FINAL);
}

static void press_take(uint32_t link, const Uncia__Pb__NodeReply *reply)
{
	uint32_t number = (uint32_t)reply->request_id - 1;

	if (reply->request_id == 0 || number >= press.next[link] || number % press.link_count != link)
		fail("a reply to no request");
	if (press.answers[number] == FINAL || press.answers[number] == REFUSED)
		fail("a reply behind a receipt or a refusal");
	switch (reply->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_PENDING:
		press_move(number, WAITING);
		return;
	case UNCIA__PB__NODE_REPLY__KIND_REFUSAL:
		if ((int)reply->refusal->code != -UNCIA_E_FULL || !reply->refusal->reason.len)
			fail("a good payment was refused for another reason than room");
		press.refusals++;
		press_move(number, REFUSED);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_RECEIPT:
		press_receipt(number, &reply->receipt);
		break;
	default:
		fail("a good payment has an answer of another kind");
	}
	press.again[link] -= press.repeated[number];
	press.repeated[number] = false;
}

/* One round: what can be written and read. `more`: polled as well, or -1. Returns whether there is something of it. */
static bool press_round(int more)
{
	struct pollfd fds[LINKS_MAX + 1];
	Uncia__Pb__NodeReply *reply;

	for (uint32_t i = 0; i < press.link_count; i++) {
		press_fill(i);
		short events = link_queued(press.clients[i].link) ? POLLIN | POLLOUT : POLLIN;
		fds[i] = (struct pollfd){.fd = press.clients[i].fd, .events = events};
	}
	fds[press.link_count] = (struct pollfd){.fd = more, .events = POLLIN};
	if (poll(fds, press.link_count + 1, CLIENT_SILENCE_MS) == 0)
		fail("no reply");
	for (uint32_t i = 0; i < press.link_count; i++) {
		if (!fds[i].revents)
			continue;
		if (!client_read(&press.clients[i]))
			fail("a validator closed a link");
		while ((reply = client_held_reply(&press.clients[i]))) {
			press_take(i, reply);
			uncia__pb__node_reply__free_unpacked(reply, NULL);
		}
	}
	return more >= 0 && fds[press.link_count].revents;
}

static void press_say(void)
{
	printf("{\"waiting\":%u,\"refused\":%u,\"final\":%u,\"refusals\":%u}\n", press.of[WAITING], press.of[REFUSED],
	       press.of[FINAL], press.refusals);
	fflush(stdout);
}

static void press_make(char **argv)
{
	read_genesis(argv[1], &press.genesis);
	press.count = (uint32_t)strtoul(argv[2], NULL, 10);
	press.account_count = (uint32_t)strtoul(argv[3], NULL, 10);
	press.outputs = (uint32_t)strtoul(argv[4], NULL, 10);
	if (!press.count || !press.account_count || press.account_count > ACCOUNTS_MAX || !press.outputs ||
	    press.outputs > PAYMENT_OUTPUTS_MAX)
		fail("numbers");
	press.accounts = calloc(press.account_count, sizeof(*press.accounts));
	press.payments = calloc(press.count, sizeof(struct payment *));
	press.answers = calloc(press.count, sizeof(*press.answers));
	press.repeated = calloc(press.count, sizeof(*press.repeated));
	if (!press.accounts || !press.payments || !press.answers || !press.repeated)
		fail("memory");
	for (uint32_t i = 0; i < press.account_count; i++)
		fixture_account(i, &press.accounts[i]);
	for (uint32_t i = 0; i < press.count; i++)
		press.payments[i] = press_payment(i);
	press.of[UNSENT] = press.count;
}

static void press_free(void)
{
	for (uint32_t i = 0; i < press.link_count; i++)
		client_close(&press.clients[i]);
	for (uint32_t i = 0; i < press.count; i++)
		payment_free(press.payments[i]);
	free(press.payments);
	free(press.answers);
	free(press.repeated);
	free(press.accounts);
	genesis_deinit(&press.genesis);
}

int main(int argc, char **argv)
{
	char line[16];

	if (argc < 7)
		fail("usage: see the head of press.c");
	press_make(argv);
	uint32_t links = (uint32_t)strtoul(argv[5], NULL, 10), validators = (uint32_t)argc - 6;
	if (!links || links > LINKS_MAX / validators)
		fail("numbers");
	press.link_count = links * validators;
	for (uint32_t i = 0; i < press.link_count; i++) {
		client_open(&press.genesis, argv[6 + i % validators], &press.clients[i]);
		press.next[i] = i;
	}
	while (press.of[UNSENT] || press.of[ASKED])
		press_round(-1);
	press_say();
	while (!press_round(STDIN_FILENO))
		;
	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		fail("nobody says to go on");
	press.again_allowed = true;
	while (press.of[FINAL] < press.count)
		press_round(-1);
	press_say();
	press_free();
	return 0;
}
