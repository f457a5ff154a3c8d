/* See wallet_lies.h. */
#include "wallet_lies.h"
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "payment.h"
#include "vote.h"

static uint64_t draw(struct wallet_lies *l, uint64_t below)
{
	l->random = l->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (l->random >> 33) % below;
}

static uint8_t *copy_of(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static void add(struct lies *lies, uint8_t *bytes, size_t size)
{
	if (lies->count == LIES_MAX) {
		free(bytes);
		return;
	}
	lies->messages[lies->count].bytes = bytes;
	lies->messages[lies->count].size = size;
	lies->count++;
}

static void say(struct lies *lies, uint64_t request_id, Uncia__Pb__NodeReply *reply)
{
	uint8_t *bytes;
	size_t size;

	reply->request_id = request_id;
	if (canonical_encode(&reply->base, &bytes, &size))
		abort();
	add(lies, bytes, size);
}

/* ---- raw material ---- */

static void remember(struct remembered *all, size_t *count, const void *bytes, size_t size)
{
	struct remembered *slot = &all[(*count)++ % REMEMBER_MAX];

	free(slot->bytes);
	*slot = (struct remembered){.bytes = copy_of(bytes, size), .size = size};
}

static const struct remembered *recall(struct wallet_lies *l, const struct remembered *all, size_t count)
{
	return count ? &all[draw(l, count < REMEMBER_MAX ? count : REMEMBER_MAX)] : NULL;
}

void wallet_lies_learn(struct wallet_lies *l, const struct bytes *message)
{
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);

	if (!reply)
		abort();
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT)
		remember(l->receipts, &l->receipt_count, reply->receipt.data, reply->receipt.len);
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT)
		remember(l->proofs, &l->proof_count, message->data, message->size);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

/* ---- about a payment ---- */

static void say_expiry(struct wallet_lies *l, uint32_t validator, uint64_t request_id, const struct payment_id *id,
                       bool well_formed, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry = UNCIA__PB__EXPIRY__INIT;
	uint8_t signature[SIGNATURE_SIZE];
	uint64_t expires_ms = (uint64_t)payment_id_expires_at(id) * 1000;
	struct hash digest;

	expiry.payment_id = field_of(id->b, sizeof(id->b));
	expiry.height = 1 + draw(l, 1000);
	expiry.timestamp_ms = well_formed || draw(l, 4) ? expires_ms + draw(l, 5000) : expires_ms - 1 - draw(l, 5000);
	expiry.validator = validator;
	expiry_digest(&l->fixture->genesis.network_id, id, expiry.height, expiry.timestamp_ms, &digest);
	if (sign_digest(l->fixture->validators[validator].consensus.secret_key, &digest, signature))
		abort();
	if (!well_formed && draw(l, 3) == 0) /* in the name of somebody else, who need not even be there */
		expiry.validator = (uint32_t)draw(l, l->fixture->genesis.committee.size + UINT64_C(1));
	expiry.signature = field_of(signature, sizeof(signature));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
	reply.expiry = &expiry;
	say(lies, request_id, &reply);
}

/* Somebody else's, or broken. */
static void say_receipt(struct wallet_lies *l, uint64_t request_id, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	const struct remembered *one = recall(l, l->receipts, l->receipt_count);

	if (!one)
		return;
	uint8_t *bytes = copy_of(one->bytes, one->size);
	if (draw(l, 2))
		bytes[draw(l, one->size)] ^= (uint8_t)(1 + draw(l, 255));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, draw(l, 8) ? one->size : draw(l, one->size));
	say(lies, request_id, &reply);
	free(bytes);
}

/* This very payment under another's certificate, header and path. */
static void say_transplanted(struct wallet_lies *l, uint64_t request_id, const ProtobufCBinaryData *payment,
                             struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	const struct remembered *one = recall(l, l->receipts, l->receipt_count);
	Uncia__Pb__Receipt *receipt = one ? uncia__pb__receipt__unpack(NULL, one->size, one->bytes) : NULL;
	uint8_t *bytes;
	size_t size;

	if (!receipt)
		return;
	ProtobufCBinaryData before = receipt->payment;
	receipt->payment = *payment;
	if (canonical_encode(&receipt->base, &bytes, &size))
		abort();
	receipt->payment = before;
	uncia__pb__receipt__free_unpacked(receipt, NULL);
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	say(lies, request_id, &reply);
	free(bytes);
}

static void say_no_end(struct wallet_lies *l, uint64_t request_id, const struct payment_id *id, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__UnknownPayment unknown = UNCIA__PB__UNKNOWN_PAYMENT__INIT;
	Uncia__Pb__Pending pending = UNCIA__PB__PENDING__INIT;

	if (draw(l, 2)) {
		unknown.payment_id = field_of(id->b, sizeof(id->b));
		reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_UNKNOWN;
		reply.unknown = &unknown;
	} else {
		pending.payment_id = field_of(id->b, sizeof(id->b));
		pending.reason = (uint32_t)draw(l, draw(l, 2) ? 5 : UINT32_MAX);
		reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_PENDING;
		reply.pending = &pending;
	}
	say(lies, request_id, &reply);
}

/* ---- about anything ---- */

static void say_refusal(struct wallet_lies *l, uint64_t request_id, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;

	refusal.code = (uint32_t)(draw(l, 2) ? 101 + draw(l, 15) : draw(l, UINT32_MAX));
	refusal.reason = field_of("no", 2);
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	say(lies, request_id, &reply);
}

static void say_garbage(struct wallet_lies *l, struct lies *lies)
{
	size_t size = 1 + draw(l, 100);
	uint8_t *bytes = copy_of(NULL, 0);

	bytes = realloc(bytes, size);
	if (!bytes)
		abort();
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)draw(l, 256);
	add(lies, bytes, size);
}

/* ---- about an account ---- */

/* A proof of before, or one with another balance in it. */
static void say_proof(struct wallet_lies *l, uint64_t request_id, struct lies *lies)
{
	const struct remembered *one = recall(l, l->proofs, l->proof_count);
	Uncia__Pb__NodeReply *reply = one ? uncia__pb__node_reply__unpack(NULL, one->size, one->bytes) : NULL;

	if (!reply)
		return;
	Uncia__Pb__AccountProof *proof = reply->account;
	if (draw(l, 2) && proof->group.len)
		proof->group.data[draw(l, proof->group.len)] ^= (uint8_t)(1 + draw(l, 255));
	else if (draw(l, 4) == 0)
		proof->index++;
	const uint64_t clocks[] = {reply->clock_ms, reply->clock_ms + UINT64_C(86400000) * 30, 1, 0};
	reply->clock_ms = clocks[request_id % 4];
	say(lies, request_id, reply);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

static void say_no_account(struct wallet_lies *l, uint64_t request_id, const Uncia__Pb__AccountQuery *query,
                           struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;

	none.address = query->address;
	none.hold = query->hold;
	none.height = draw(l, 2) ? draw(l, 200) : UINT64_MAX - draw(l, 2);
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
	reply.no_account = &none;
	say(lies, request_id, &reply);
}

/* ---- about a history ---- */

static void say_history(struct wallet_lies *l, const Uncia__Pb__WalletRequest *request, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__HistoryReply page = UNCIA__PB__HISTORY_REPLY__INIT;
	Uncia__Pb__Blob blobs[3], *list[3];

	page.receipts = list;
	for (uint64_t wanted = draw(l, 4); page.n_receipts < wanted && l->receipt_count;) {
		const struct remembered *one = recall(l, l->receipts, l->receipt_count);
		blobs[page.n_receipts] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[page.n_receipts].data = field_of(one->bytes, one->size);
		list[page.n_receipts] = &blobs[page.n_receipts];
		page.n_receipts++;
	}
	if (draw(l, 2)) {
		page.next_height = draw(l, 2) ? request->history->before_height : 1 + draw(l, 100);
		page.next_index = page.next_height ? (uint32_t)draw(l, 3) : 0;
	}
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_HISTORY;
	reply.history = &page;
	say(lies, request->request_id, &reply);
}

/* What anybody was paid, under an old proof or a changed one, or none. */
static void say_watched(struct wallet_lies *l, const Uncia__Pb__WalletRequest *request, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Watched watched = UNCIA__PB__WATCHED__INIT;
	Uncia__Pb__Blob blobs[3], *list[3];
	const struct remembered *proof = recall(l, l->proofs, l->proof_count);
	Uncia__Pb__NodeReply *proved = proof ? uncia__pb__node_reply__unpack(NULL, proof->size, proof->bytes) : NULL;

	watched.address = request->watch->address;
	watched.height = draw(l, 2) ? draw(l, 200) : UINT64_MAX - draw(l, 2);
	if (proved && draw(l, 3)) {
		watched.account = proved->account;
		if (draw(l, 3) == 0 && watched.account->group.len)
			watched.account->group.data[draw(l, watched.account->group.len)] ^= (uint8_t)(1 + draw(l, 255));
	}
	watched.receipts = list;
	for (uint64_t wanted = draw(l, 4); watched.n_receipts < wanted && l->receipt_count;) {
		const struct remembered *one = recall(l, l->receipts, l->receipt_count);
		blobs[watched.n_receipts] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[watched.n_receipts].data = field_of(one->bytes, one->size);
		list[watched.n_receipts] = &blobs[watched.n_receipts];
		watched.n_receipts++;
	}
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_WATCHED;
	reply.watched = &watched;
	say(lies, request->request_id, &reply);
	uncia__pb__node_reply__free_unpacked(proved, NULL);
}

/* Payments that were final long ago, anybody's, as if they were waiting for a block. */
static void say_waiting(struct wallet_lies *l, const Uncia__Pb__WalletRequest *request, struct lies *lies)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__WaitingReply waiting = UNCIA__PB__WAITING_REPLY__INIT;
	Uncia__Pb__Receipt *receipts[3];
	Uncia__Pb__Blob blobs[3], *list[3];

	waiting.address = request->waiting->address;
	waiting.payments = list;
	for (uint64_t wanted = draw(l, 4); waiting.n_payments < wanted && l->receipt_count; waiting.n_payments++) {
		const struct remembered *one = recall(l, l->receipts, l->receipt_count);
		size_t i = waiting.n_payments;
		receipts[i] = uncia__pb__receipt__unpack(NULL, one->size, one->bytes);
		if (!receipts[i])
			abort();
		blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[i].data = receipts[i]->payment;
		list[i] = &blobs[i];
	}
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_WAITING;
	reply.waiting = &waiting;
	say(lies, request->request_id, &reply);
	for (size_t i = 0; i < waiting.n_payments; i++)
		uncia__pb__receipt__free_unpacked(receipts[i], NULL);
}

/* ---- lying ---- */

static void lie_about_payment(struct wallet_lies *l, uint32_t validator, uint64_t request_id,
                              const struct payment_id *id, const ProtobufCBinaryData *payment, struct lies *lies)
{
	switch (draw(l, 10)) {
	case 0:
	case 1:
		say_expiry(l, validator, request_id, id, draw(l, 2), lies);
		break;
	case 2:
	case 3: /* more often than it has weight */
		for (int i = 0; i < 3; i++)
			say_expiry(l, validator, request_id, id, true, lies);
		break;
	case 4:
	case 5:
		say_receipt(l, request_id, lies);
		break;
	case 6:
		if (payment)
			say_transplanted(l, request_id, payment, lies);
		break;
	default:
		say_no_end(l, request_id, id, lies);
	}
}

static void lie(struct wallet_lies *l, uint32_t validator, const Uncia__Pb__WalletRequest *request, struct lies *lies)
{
	struct payment_id id;
	struct payment *payment;

	switch (request->kind_case) {
	case UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT:
		if (payment_decode(&l->fixture->genesis.network_id, request->submit->payment.data,
		                   request->submit->payment.len, &payment))
			return;
		id = payment->id;
		payment_free(payment);
		lie_about_payment(l, validator, request->request_id, &id, &request->submit->payment, lies);
		break;
	case UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT:
		if (field_copy(&request->payment->payment_id, id.b, sizeof(id.b)))
			lie_about_payment(l, validator, request->request_id, &id, NULL, lies);
		break;
	case UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT:
		if (draw(l, 2))
			say_no_account(l, request->request_id, request->account, lies);
		else
			say_proof(l, request->request_id, lies);
		break;
	case UNCIA__PB__WALLET_REQUEST__KIND_HISTORY:
		say_history(l, request, lies);
		break;
	case UNCIA__PB__WALLET_REQUEST__KIND_WATCH:
		say_watched(l, request, lies);
		break;
	case UNCIA__PB__WALLET_REQUEST__KIND_WAITING:
		say_waiting(l, request, lies);
		break;
	default:
		break;
	}
}

void wallet_lies_asked(struct wallet_lies *l, uint32_t validator, const Uncia__Pb__WalletRequest *request,
                       struct lies *lies)
{
	lies->pass_on = l->only_omits || draw(l, 2);
	switch (l->only_omits ? 1 : draw(l, 12)) {
	case 0:
		lies->pass_on = true; /* the truth, for once */
		break;
	case 1:
		break; /* nothing, or the truth */
	case 2:
		say_garbage(l, lies);
		break;
	case 3:
		say_refusal(l, request->request_id, lies);
		break;
	case 4:
		lies->hang_up = true;
		break;
	default:
		lie(l, validator, request, lies);
	}
}

/* Leaves one out, and whatever would follow. */
static void shorten(struct wallet_lies *l, const Uncia__Pb__HistoryReply *from, Uncia__Pb__HistoryReply *page)
{
	size_t gap = draw(l, from->n_receipts);

	*page = *from;
	page->n_receipts = 0;
	for (size_t i = 0; i < from->n_receipts; i++)
		if (i != gap)
			page->receipts[page->n_receipts++] = from->receipts[i];
	if (draw(l, 2))
		page->next_height = page->next_index = 0;
}

/* True but for the receipts: one is left out, or they are turned round, or one comes twice. */
static void say_watched_otherwise(struct wallet_lies *l, const Uncia__Pb__NodeReply *reply, struct lies *lies)
{
	Uncia__Pb__NodeReply other = *reply;
	Uncia__Pb__Watched watched = *reply->watched;
	size_t count = watched.n_receipts, gap = draw(l, count);
	Uncia__Pb__Blob **list = calloc(count + 1, sizeof(*list));

	if (!list)
		abort();
	watched.receipts = list;
	watched.n_receipts = 0;
	uint64_t way = draw(l, 3);
	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__Blob *one = reply->watched->receipts[way == 1 ? count - 1 - i : i];
		if (way != 0 || i != gap)
			list[watched.n_receipts++] = one;
		if (way == 2 && i == gap)
			list[watched.n_receipts++] = one;
	}
	other.watched = &watched;
	lies->pass_on = false;
	say(lies, reply->request_id, &other);
	free(list);
}

void wallet_lies_answered(struct wallet_lies *l, const struct bytes *message, struct lies *lies)
{
	uint8_t *bytes;

	switch (l->only_omits ? 3 + draw(l, 3) : draw(l, 6)) {
	case 0:
		lies->pass_on = false;
		break;
	case 1: /* twice */
		add(lies, copy_of(message->data, message->size), message->size);
		break;
	case 2: { /* changed on the way */
		lies->pass_on = false;
		bytes = copy_of(message->data, message->size);
		bytes[draw(l, message->size)] ^= (uint8_t)(1 + draw(l, 255));
		add(lies, bytes, message->size);
		break;
	}
	case 3:
	case 4: {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);
		Uncia__Pb__HistoryReply page;
		if (reply && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_HISTORY && reply->history->n_receipts) {
			Uncia__Pb__NodeReply shorter = *reply;
			Uncia__Pb__Blob **list = malloc(reply->history->n_receipts * sizeof(*list));
			if (!list)
				abort();
			memcpy(list, reply->history->receipts, reply->history->n_receipts * sizeof(*list));
			Uncia__Pb__HistoryReply full = *reply->history;
			full.receipts = list;
			shorten(l, &full, &page);
			shorter.history = &page;
			lies->pass_on = false;
			say(lies, reply->request_id, &shorter);
			free(list);
		}
		if (reply && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_WATCHED && reply->watched->n_receipts)
			say_watched_otherwise(l, reply, lies);
		uncia__pb__node_reply__free_unpacked(reply, NULL);
		break;
	}
	default:
		break;
	}
}

void wallet_lies_init(struct wallet_lies *l, const struct fixture *fixture, uint64_t random)
{
	*l = (struct wallet_lies){.fixture = fixture, .random = random};
	l->only_omits = draw(l, 2);
}

void wallet_lies_deinit(struct wallet_lies *l)
{
	for (size_t i = 0; i < REMEMBER_MAX; i++) {
		free(l->receipts[i].bytes);
		free(l->proofs[i].bytes);
	}
}
