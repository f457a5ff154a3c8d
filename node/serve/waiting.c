/* The payments of an account that wait here for a block: what a home that came back older than it was cannot find in
 * the account's history (docs/spec/wallet.md 7.2). See serve.h. */
#include "serve.h"
#include "fields.h"
#include "mempool.h"
#include "messages.h"
#include "uncia/error.h"
#include "waiters.h"

#define WAITING_MAX   64u
#define WAITING_BYTES (256u << 10)

int serve_waiting(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__WaitingQuery *message)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__WaitingReply waiting = UNCIA__PB__WAITING_REPLY__INIT;
	Uncia__Pb__Blob blobs[WAITING_MAX], *list[WAITING_MAX];
	const struct payment *payments[WAITING_MAX];
	struct address address;
	size_t written = 0;

	if (!field_copy(&message->address, address.b, ADDRESS_SIZE))
		return UNCIA_E_ENCODING;
	struct wallet_link *link = wallet_link_get(s, wallet);
	if (!link)
		return UNCIA_E_MEMORY;
	/* A few bytes ask for hundreds of KiB: they count as what is read for the link. */
	if (!read_budget_left(&link->budget, s->step->now_ms, READ_WALLET_OWED, READ_WALLET_PER_MS))
		return message_refuse(s->step, wallet, request_id, UNCIA_E_FULL,
		                      "too much was asked for on this link: ask again later");
	size_t count = mempool_of_sender(s->mempool, &address, payments, WAITING_MAX);
	waiting.address = message->address;
	waiting.payments = list;
	for (size_t i = 0; i < count && written + payments[i]->size <= WAITING_BYTES; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = field_of(payments[i]->bytes, payments[i]->size);
		list[waiting.n_payments++] = &blobs[i];
		written += payments[i]->size;
	}
	link->budget.owed += READ_QUESTION + written;
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_WAITING;
	reply.waiting = &waiting;
	return message_reply(s->step, 0, wallet, &reply);
}
