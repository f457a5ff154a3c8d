/* What lying validators tell wallets; see byzantine.h. All of it must fail to verify, or be believed only at the weight
 * that no F can reach, or be true. */
#include <stdlib.h>
#include <string.h>
#include "byzantine.h"
#include "canonical.h"
#include "receipt.h"

static void flip(struct byzantine *b, ProtobufCBinaryData *data)
{
	if (data->len)
		data->data[byzantine_random(b, data->len)] ^= (uint8_t)(1u << byzantine_random(b, 8));
}

static void give(struct byzantine *b, const struct liar *liar, uint64_t wallet, const Uncia__Pb__NodeReply *reply)
{
	uint8_t *bytes;
	size_t size;

	if (canonical_encode(&reply->base, &bytes, &size))
		abort();
	byzantine_trace(b, liar, "to wallet %llu (%d)", (unsigned long long)wallet, (int)reply->kind_case);
	network_reply(b->network, liar->self, wallet, bytes, size);
	free(bytes);
}

/* Another balance in the group that the proof shows. */
static void lie_account(struct byzantine *b, Uncia__Pb__AccountProof *proof)
{
	switch (byzantine_random(b, 4)) {
	case 0:
		flip(b, &proof->group);
		break;
	case 1:
		flip(b, &proof->header);
		break;
	case 2:
		flip(b, &proof->certificate);
		break;
	default:
		proof->index ^= 1;
	}
}

/* "It never happened", signed: a lie that needs weight F+1. */
static void lie_expiry(struct byzantine *b, const struct liar *liar, uint64_t wallet, uint64_t request_id,
                       const struct payment_id *id)
{
	const struct fixture *f = network_fixture(b->network);
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry = UNCIA__PB__EXPIRY__INIT;
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;

	expiry.height = 1 + byzantine_random(b, 1000);
	expiry.timestamp_ms = ((uint64_t)payment_id_expires_at(id) + byzantine_random(b, 100)) * 1000;
	expiry.validator = liar->self;
	expiry_digest(&f->genesis.network_id, id, expiry.height, expiry.timestamp_ms, &digest);
	if (sign_digest(f->validators[liar->self].consensus.secret_key, &digest, signature))
		abort();
	expiry.payment_id = (ProtobufCBinaryData){.len = sizeof(*id), .data = (uint8_t *)(uintptr_t)id->b};
	expiry.signature = (ProtobufCBinaryData){.len = SIGNATURE_SIZE, .data = signature};
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
	reply.expiry = &expiry;
	give(b, liar, wallet, &reply);
}

static void lie_no_account(struct byzantine *b, const struct liar *liar, uint64_t wallet, uint64_t request_id)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;
	struct fixture_key key;

	fixture_account((uint32_t)byzantine_random(b, WALLET_ACCOUNTS), &key);
	none.address = (ProtobufCBinaryData){.len = sizeof(key.address.b), .data = key.address.b};
	none.height = b->checks->model.height_count - 1;
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
	reply.no_account = &none;
	give(b, liar, wallet, &reply);
}

static void lie_receipt(struct byzantine *b, const struct liar *liar, uint64_t wallet, Uncia__Pb__NodeReply *r)
{
	const struct genesis *g = &network_fixture(b->network)->genesis;
	struct receipt receipt;

	if (byzantine_random(b, 2)) {
		flip(b, &r->receipt);
		give(b, liar, wallet, r);
	} else if (receipt_verify(&g->committee, &g->network_id, r->receipt.data, r->receipt.len, &receipt) == 0) {
		lie_expiry(b, liar, wallet, r->request_id, &receipt.payment->id);
		payment_free(receipt.payment);
	}
}

bool byzantine_tell(struct byzantine *b, struct liar *liar, uint64_t wallet, const struct bytes *message)
{
	if (byzantine_random(b, 3) == 0)
		return true;
	Uncia__Pb__NodeReply *r = uncia__pb__node_reply__unpack(NULL, message->size, message->data);
	struct payment_id id;
	bool truth = false;
	switch (r->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_RECEIPT:
		lie_receipt(b, liar, wallet, r);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_ACCOUNT:
		if (byzantine_random(b, 3) == 0) {
			lie_no_account(b, liar, wallet, r->request_id);
			break;
		}
		lie_account(b, r->account);
		give(b, liar, wallet, r);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_PENDING:
		memcpy(&id, r->pending->payment_id.data, sizeof(id));
		lie_expiry(b, liar, wallet, r->request_id, &id);
		break;
	default:
		truth = true;
	}
	uncia__pb__node_reply__free_unpacked(r, NULL);
	return truth;
}
