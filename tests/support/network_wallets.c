/* What wallets say to the nodes of a network, and what expiries they were told; see network.h. */
#include <stdlib.h>
#include <string.h>
#include "message.pb-c.h"
#include "network.h"
#include "vote.h"

static void wallet_send(struct network *n, uint32_t node, uint64_t wallet, Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;

	request->request_id = 1;
	if (canonical_encode(&request->base, &bytes, &size))
		abort();
	struct bytes message = {bytes, size};
	network_wallet_message(n, node, wallet, &message);
	free(bytes);
}

void network_submit(struct network *n, uint32_t node, uint64_t wallet, const struct payment *payment)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;

	submit.payment.data = (uint8_t *)(uintptr_t)payment->bytes;
	submit.payment.len = payment->size;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &submit;
	wallet_send(n, node, wallet, &request);
}

void network_query_payment(struct network *n, uint32_t node, uint64_t wallet, const struct payment_id *id)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__PaymentQuery query = UNCIA__PB__PAYMENT_QUERY__INIT;

	query.payment_id.data = (uint8_t *)(uintptr_t)id->b;
	query.payment_id.len = sizeof(id->b);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT;
	request.payment = &query;
	wallet_send(n, node, wallet, &request);
}

void network_query_account(struct network *n, uint32_t node, uint64_t wallet, const struct address *address)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;

	query.address.data = (uint8_t *)(uintptr_t)address->b;
	query.address.len = ADDRESS_SIZE;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	wallet_send(n, node, wallet, &request);
}

uint64_t network_expiry_weight(const struct network *n, const struct payment_id *id)
{
	const struct genesis *g = &network_fixture(n)->genesis;
	bool counted[NETWORK_NODES_MAX] = {false};
	uint64_t weight = 0;
	size_t count;
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		if (!reply)
			abort();
		const Uncia__Pb__Expiry *expiry =
		    reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_EXPIRY ? reply->expiry : NULL;
		struct hash digest;
		if (expiry && expiry->payment_id.len == sizeof(id->b) &&
		    memcmp(expiry->payment_id.data, id->b, sizeof(id->b)) == 0 &&
		    expiry->validator < g->committee.size && !counted[expiry->validator]) {
			expiry_digest(&g->network_id, id, expiry->height, expiry->timestamp_ms, &digest);
			if (expiry->signature.len == SIGNATURE_SIZE &&
			    sign_verify(g->committee.validators[expiry->validator].consensus_key, &digest,
			                expiry->signature.data)) {
				counted[expiry->validator] = true;
				weight += g->committee.validators[expiry->validator].weight;
			}
		}
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	return weight;
}
