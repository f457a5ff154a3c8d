/* Validators as a wallet sees them; see fake_network.h. */
#include "fake_network.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fake_proof.h"
#include "fields.h"
#include "history.h"
#include "keyfile.h"
#include "receipt.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "heap.h"
#include "unit.h"
#include "wallet.h"

/* A call of the wallet from here: in these, not in the network's own, allocations may be made to fail. */
#define CALL(result, call) (heap_hold(0), (result) = (call), heap_hold(1), (result))

static void account_of_words(struct address *address)
{
	struct memory_host host;
	struct keyfile file;
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	memory_host_init(&host);
	ck_assert_int_eq(keyfile_create(&host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(keyfile_load(&host.host, &file), 0);
	address_of_key(file.public_key, address);
	memory_host_deinit(&host);
}

char *fake_network_text(const struct fake_network *n)
{
	uint16_t ports[FAKE_NODES_MAX];
	for (uint32_t i = 0; i < n->count; i++)
		ports[i] = n->nodes[i].port;
	return fixture_network_file(&n->f, ports);
}

/* The network of the fixture, but that its genesis gives the wallet 100 units. */
static void fund(struct fake_network *n, uint32_t count)
{
	struct genesis *g = &n->f.genesis, fresh;
	struct genesis_account holders[3];
	ck_assert_uint_eq(g->account_count, 2);
	holders[0] = g->accounts[0];
	holders[1] = g->accounts[1];
	holders[2] = (struct genesis_account){.address = n->account, .balance = 100 * AMOUNT_MICROS};
	ck_assert_int_eq(
	    genesis_make(&fresh, &(struct genesis_parameters){g->name, g->timestamp_ms, g->currency_code,
	                                                      g->smallest_amount, g->committee.validators, count,
	                                                      g->committee.faulty, g->committee.slow, holders, 3}),
	    0);
	genesis_deinit(g);
	*g = fresh;
}

void fake_network_init(struct fake_network *n, struct memory_host *host, uint32_t count)
{
	char why[UNCIA_WHY_SIZE];
	memset(n, 0, sizeof(*n));
	fixture_init(&n->f, count, 2, 1000);
	account_of_words(&n->account);
	fund(n, count);
	n->count = count;
	n->host = host;
	for (uint32_t i = 0; i < count; i++) {
		n->nodes[i].listener = n->nodes[i].socket = -1;
		n->nodes[i].port = (uint16_t)(7001 + i);
	}
	n->exists = true;
	n->balance = 100 * AMOUNT_MICROS;
	struct hash root = fixture_hash(1);
	fixture_header(&n->f, NULL, 1, NULL, 0, &root, &n->tip);
	char *text = fake_network_text(n);
	ck_assert_msg(uncia_network_parse(text, &n->network, why) == 0, "%s", why);
	free(text);
}

void fake_network_deinit(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		link_free(n->nodes[i].link);
		if (n->nodes[i].socket >= 0)
			close(n->nodes[i].socket);
		if (n->nodes[i].listener >= 0)
			close(n->nodes[i].listener);
	}
	for (size_t i = 0; i < n->final_count; i++) {
		payment_free(n->finals[i].payment);
		free(n->finals[i].receipt);
	}
	uncia_network_free(n->network);
	fixture_deinit(&n->f);
}

/* ---- the ledger ------------------------------------------------------------------------------ */

const struct fake_final *fake_network_find(const struct fake_network *n, const struct payment_id *id)
{
	for (size_t i = 0; i < n->final_count; i++)
		if (memcmp(n->finals[i].payment->id.b, id->b, sizeof(id->b)) == 0)
			return &n->finals[i];
	return NULL;
}

const struct fake_final *fake_network_final(struct fake_network *n, struct payment *payment)
{
	struct hash root = fixture_hash(2);
	struct payment *list[1];
	ck_assert_int_eq(payment_decode(&n->f.genesis.network_id, payment->bytes, payment->size, &list[0]), 0);
	struct header parent = fake_proof_parent(n);
	struct block *block = fixture_block(&n->f, &parent, n->tip.view + 1, list, 1, &root);
	struct certificate *certificate =
	    fixture_certificate(&n->f, CERT_FF, block->header.view, &block->header.id, n->count);
	ck_assert_uint_lt(n->final_count, sizeof(n->finals) / sizeof(n->finals[0]));
	struct fake_final *final = &n->finals[n->final_count++];
	ck_assert_int_eq(receipt_make(block, 0,
	                              &(struct receipt_proof){NULL, 0, {certificate->bytes, certificate->size}},
	                              &final->receipt, &final->size),
	                 0);
	ck_assert_int_eq(payment_decode(&n->f.genesis.network_id, payment->bytes, payment->size, &final->payment), 0);
	final->height = block->header.height;
	n->tip = block->header;
	fake_hold_pay(n, payment);
	n->payments++;
	if (memcmp(payment->sender.b, n->account.b, ADDRESS_SIZE) == 0)
		n->balance -= payment->total;
	else
		n->balance += payment->total;
	free(certificate);
	block_free(block);
	return final;
}

/* ---- replies --------------------------------------------------------------------------------- */

/* Flips bits, cuts, lengthens, or moves a piece: never what it was. */
static void mutate(uint64_t number, uint8_t **data, size_t *size)
{
	uint8_t seed[randombytes_SEEDBYTES] = {0};
	uint32_t random[8];
	memcpy(seed, &number, sizeof(number));
	randombytes_buf_deterministic(random, sizeof(random), seed);
	size_t at = random[1] % *size;
	if (random[0] % 8 < 5) {
		(*data)[at] ^= (uint8_t)(1u << random[2] % 8);
		if (random[0] % 8 < 2 && random[3] % *size != at)
			(*data)[random[3] % *size] ^= (uint8_t)(random[4] | 1);
	} else if (random[0] % 8 == 5) {
		*size = at;
	} else {
		*data = realloc(*data, *size + 1 + random[2] % 64);
		ck_assert_ptr_nonnull(*data);
		for (uint32_t i = 0; i < 1 + random[2] % 64; i++)
			(*data)[*size + i] = (*data)[(at + i) % *size];
		*size += 1 + random[2] % 64;
	}
}

static void reply(struct fake_node *node, uint64_t request_id, Uncia__Pb__NodeReply *message)
{
	uint8_t *data;
	size_t size;
	message->request_id = request_id;
	ck_assert_int_eq(canonical_encode(&message->base, &data, &size), 0);
	if (node->mutations != 0)
		mutate(node->mutations++, &data, &size);
	ck_assert_int_eq(link_send(node->link, data, size), 0);
	free(data);
}

static void reply_account(struct fake_network *n, struct fake_node *node, uint64_t request_id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;
	struct certificate *certificate = NULL;
	struct header header;
	uint8_t group[GROUP_SIZE];
	if (!n->exists || node->behaviour == NO_ACCOUNT) {
		none.address = field_of(n->account.b, ADDRESS_SIZE);
		none.height = n->tip.height + (node->behaviour == NO_ACCOUNT ? 1000 : 0);
		message.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
		message.no_account = &none;
	} else {
		fake_proof_make(n, node->behaviour == OLD_STATE, &proof, group, &header, &certificate);
		if (node->behaviour == FALSE_BALANCE)
			group[ENTRY_SIZE + 71] ^= 1;
		message.kind_case = UNCIA__PB__NODE_REPLY__KIND_ACCOUNT;
		message.account = &proof;
	}
	message.clock_ms = node->clock_ms;
	reply(node, request_id, &message);
	free(certificate);
}

static void reply_hold(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                       const ProtobufCBinaryData *id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;
	struct certificate *certificate = NULL;
	struct header header;
	struct entry_id own;
	uint8_t group[GROUP_SIZE];
	bool there = n->has_hold && entry_id_of(&n->hold, &own) && memcmp(own.address.b, id->data, id->len) == 0;
	if (!there || node->behaviour == NO_ACCOUNT) {
		none.address = *id;
		none.hold = true;
		none.height = node->no_hold_height ? node->no_hold_height : n->tip.height;
		message.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
		message.no_account = &none;
	} else {
		fake_proof_make(n, false, &proof, group, &header, &certificate);
		proof.index = 2;
		if (node->behaviour == FALSE_BALANCE)
			group[2 * ENTRY_SIZE + 71] ^= 1;
		message.kind_case = UNCIA__PB__NODE_REPLY__KIND_ACCOUNT;
		message.account = &proof;
	}
	reply(node, request_id, &message);
	free(certificate);
}

static void reply_receipt(struct fake_node *node, uint64_t request_id, const struct fake_final *final)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	message.receipt = field_of(final->receipt, final->size);
	if (node->behaviour == BROKEN_RECEIPT)
		final->receipt[final->size - 1] ^= 1;
	reply(node, request_id, &message);
	if (node->behaviour == BROKEN_RECEIPT)
		final->receipt[final->size - 1] ^= 1;
}

static void reply_expiry(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                         const struct payment_id *id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry = UNCIA__PB__EXPIRY__INIT;
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;
	uint32_t self = (uint32_t)(node - n->nodes);
	expiry.payment_id = field_of(id->b, sizeof(id->b));
	expiry.height = 99;
	expiry.timestamp_ms = (uint64_t)payment_id_expires_at(id) * 1000 - (node->behaviour == EARLY_EXPIRY);
	expiry.validator = node->behaviour == FORGED_EXPIRY ? (self + 1) % n->count : self;
	expiry_digest(&n->f.genesis.network_id, id, expiry.height, expiry.timestamp_ms, &digest);
	ck_assert_int_eq(sign_digest(n->f.validators[self].consensus.secret_key, &digest, signature), 0);
	expiry.signature = field_of(signature, sizeof(signature));
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
	message.expiry = &expiry;
	reply(node, request_id, &message);
}

static void reply_pending(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                          const struct payment_id *id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Pending pending = UNCIA__PB__PENDING__INIT;
	pending.payment_id = field_of(id->b, sizeof(id->b));
	pending.reason = n->reason;
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_PENDING;
	message.pending = &pending;
	reply(node, request_id, &message);
}

static void reply_unknown(struct fake_node *node, uint64_t request_id, const struct payment_id *id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__UnknownPayment unknown = UNCIA__PB__UNKNOWN_PAYMENT__INIT;
	unknown.payment_id = field_of(id->b, sizeof(id->b));
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_UNKNOWN;
	message.unknown = &unknown;
	reply(node, request_id, &message);
}

static void on_submit(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                      const Uncia__Pb__Submit *submit)
{
	struct payment *payment;
	ck_assert_int_eq(payment_decode(&n->f.genesis.network_id, submit->payment.data, submit->payment.len, &payment),
	                 0);
	ck_assert(payment_signature_valid(payment));
	ck_assert(n->elsewhere || payment->kind == PAYMENT_GIVE_BACK || memory_host_has(n->host, payment));
	if (!n->elsewhere && node->submits != 0 && node->submitted_size == submit->payment.len &&
	    node->submit_request == request_id)
		ck_assert_mem_eq(node->submitted, submit->payment.data, submit->payment.len);
	node->submits++;
	memcpy(node->submitted, submit->payment.data, submit->payment.len);
	node->submitted_size = submit->payment.len;
	node->submit_request = request_id;
	const struct fake_final *final = node->behaviour == BEHIND ? NULL : fake_network_find(n, &payment->id);
	if (final == NULL && n->finalise)
		final = fake_network_final(n, payment);
	if (node->behaviour == OTHER_RECEIPT) {
		ck_assert_uint_ne(n->final_count, 0);
		reply_receipt(node, request_id, &n->finals[0]);
	} else if (n->expire || node->behaviour == EARLY_EXPIRY || node->behaviour == FORGED_EXPIRY ||
	           node->behaviour == LONE_EXPIRY) {
		reply_expiry(n, node, request_id, &payment->id);
	} else if (final != NULL) {
		reply_receipt(node, request_id, final);
	} else {
		reply_pending(n, node, request_id, &payment->id);
	}
	payment_free(payment);
}

static void on_query(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                     const Uncia__Pb__PaymentQuery *query)
{
	struct payment_id id;
	ck_assert(field_copy(&query->payment_id, id.b, sizeof(id.b)));
	node->queries++;
	const struct fake_final *final = node->behaviour == BEHIND ? NULL : fake_network_find(n, &id);
	if (final != NULL)
		reply_receipt(node, request_id, final);
	else if (n->expire || node->behaviour == LONE_EXPIRY)
		reply_expiry(n, node, request_id, &id);
	else if (n->pool)
		reply_pending(n, node, request_id, &id);
	else
		reply_unknown(node, request_id, &id);
}

static bool concerns(const struct fake_network *n, const Uncia__Pb__HistoryQuery *query, const struct payment *payment)
{
	struct entry_id id = account_id(&n->account);
	if (query->hold) {
		id.kind = ENTRY_HOLD;
		ck_assert(field_copy(&query->address, id.address.b, ADDRESS_SIZE));
	}
	return payment_touches(payment, &id, NULL);
}

static void on_history(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                       const Uncia__Pb__HistoryQuery *query)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__HistoryReply history = UNCIA__PB__HISTORY_REPLY__INIT;
	Uncia__Pb__Blob blobs[HISTORY_PAGE_MAX], *list[HISTORY_PAGE_MAX];
	size_t count = 0;
	node->pages++;
	for (size_t i = n->final_count; i-- != 0;) {
		const struct fake_final *final = &n->finals[i];
		bool lie = node->behaviour == OTHER_RECEIPT;
		if (query->before_height != 0 && final->height >= query->before_height)
			continue;
		bool sent = address_equal(&final->payment->sender, &n->account);
		if (concerns(n, query, final->payment) == lie || (n->leave_out && i == 1))
			continue;
		if (node->behaviour == HIDES_LAST && i + 1 == n->final_count)
			continue;
		if (node->behaviour == HIDES_ALL || (sent && node->behaviour == HIDES_SENT))
			continue;
		if (count == query->limit || (n->page_max && count == n->page_max)) {
			history.next_height = final->height;
			break;
		}
		blobs[count] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[count].data = field_of(final->receipt, final->size);
		list[count] = &blobs[count];
		count++;
	}
	history.n_receipts = count;
	history.receipts = count == 0 ? NULL : list;
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_HISTORY;
	message.history = &history;
	reply(node, request_id, &message);
}

/* What a watch is told of: up to four, the newest first where the behaviour is honest. */
static size_t watched_finals(struct fake_network *n, const struct fake_node *node, const struct fake_final *list[8])
{
	size_t count = 0;
	for (size_t i = n->final_count; i-- != 0 && count < 4;) {
		const struct fake_final *final = &n->finals[i];
		if (payment_touches_account(final->payment, &n->account) == (node->behaviour == TELLS_OTHERS) ||
		    (node->behaviour == HIDES_LAST && i + 1 == n->final_count))
			continue;
		if (final->height <= node->watch_height)
			break;
		list[count++] = final;
		if (node->behaviour == REPEATS)
			list[count++] = final;
	}
	for (size_t i = 0; node->behaviour == REORDERS && i < count / 2; i++) {
		const struct fake_final *other = list[i];
		list[i] = list[count - 1 - i];
		list[count - 1 - i] = other;
	}
	return node->behaviour == TELLS_NOTHING ? 0 : count;
}

static bool has_watched_news(const struct fake_network *n, const struct fake_node *node)
{
	for (size_t i = 0; i < n->final_count; i++)
		if (n->finals[i].height > node->watch_height &&
		    payment_touches_account(n->finals[i].payment, &n->account))
			return true;
	return node->behaviour == TELLS_NOTHING || node->behaviour == TELLS_OTHERS;
}

static void answer_watch(struct fake_network *n, struct fake_node *node)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Watched watched = UNCIA__PB__WATCHED__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	Uncia__Pb__Blob blobs[8], *list[8];
	const struct fake_final *finals[8];
	struct certificate *certificate = NULL;
	struct header header;
	uint8_t group[GROUP_SIZE];
	if (node->watch_request == 0 || node->behaviour == MUTE || !has_watched_news(n, node))
		return;
	watched.address = field_of(n->account.b, ADDRESS_SIZE);
	watched.height = n->tip.height;
	watched.receipts = list;
	watched.n_receipts = watched_finals(n, node, finals);
	for (size_t i = 0; i < watched.n_receipts; i++) {
		blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[i].data = field_of(finals[i]->receipt, finals[i]->size);
		list[i] = &blobs[i];
	}
	if (n->exists) {
		fake_proof_make(n, node->behaviour == OLD_STATE, &proof, group, &header, &certificate);
		watched.account = &proof;
	}
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_WATCHED;
	message.watched = &watched;
	uint64_t request_id = node->watch_request;
	node->watch_request = 0;
	reply(node, request_id, &message);
	free(certificate);
}

/* What was submitted here and has no end. */
static void on_waiting(struct fake_network *n, struct fake_node *node, uint64_t request_id,
                       const Uncia__Pb__WaitingQuery *query)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__WaitingReply waiting = UNCIA__PB__WAITING_REPLY__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list[1] = {&blob};
	ck_assert_uint_eq(query->address.len, ADDRESS_SIZE);
	waiting.address = query->address;
	if (n->holds && node->submitted_size != 0) {
		blob.data = field_of(node->submitted, node->submitted_size);
		waiting.payments = list;
		waiting.n_payments = 1;
	}
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_WAITING;
	message.waiting = &waiting;
	reply(node, request_id, &message);
}

static void reply_refusal(struct fake_node *node, uint64_t request_id)
{
	Uncia__Pb__NodeReply message = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;
	refusal.code = -UNCIA_E_FULL;
	refusal.reason = field_of("no room", 7);
	message.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	message.refusal = &refusal;
	reply(node, request_id, &message);
}

static void on_request(struct fake_network *n, struct fake_node *node, const struct bytes *message)
{
	ProtobufCMessage *decoded;
	struct arena arena;
	arena_init(&arena, canonical_arena_limit(message->size));
	ck_assert_int_eq(
	    canonical_decode(&uncia__pb__wallet_request__descriptor, message->data, message->size, &arena, &decoded),
	    0);
	const Uncia__Pb__WalletRequest *request = (const Uncia__Pb__WalletRequest *)decoded;
	ck_assert_uint_ne(request->request_id, 0);
	if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT)
		node->account_request = request->request_id;
	if (node->behaviour == SILENT) {
		node->submits += request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	} else if (node->behaviour == GARBAGE) {
		ck_assert_int_eq(link_send(node->link, "garbage", 7), 0);
	} else if (node->behaviour == REFUSES) {
		reply_refusal(node, request->request_id);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT && request->account->hold) {
		reply_hold(n, node, request->request_id, &request->account->address);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT) {
		reply_account(n, node, request->request_id);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT) {
		on_submit(n, node, request->request_id, request->submit);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT) {
		on_query(n, node, request->request_id, request->payment);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_WAITING) {
		on_waiting(n, node, request->request_id, request->waiting);
	} else if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_WATCH) {
		ck_assert_uint_eq(request->watch->address.len, ADDRESS_SIZE);
		node->watches++;
		node->watch_request = request->request_id;
		node->watch_height = request->watch->height;
	} else if (node->behaviour == SLOW_PAGES) {
		node->late_at_ms = n->host->now_ms + 2500;
		node->late_request = request->request_id;
		node->late_before = request->history->before_height;
	} else {
		ck_assert_int_eq(request->kind_case, UNCIA__PB__WALLET_REQUEST__KIND_HISTORY);
		on_history(n, node, request->request_id, request->history);
	}
	arena_deinit(&arena);
}

void fake_network_push_receipt(struct fake_network *n, struct uncia_wallet *w, uint32_t i)
{
	struct fake_node *node = &n->nodes[i];
	struct payment *payment;
	ck_assert_int_eq(payment_decode(&n->f.genesis.network_id, node->submitted, node->submitted_size, &payment), 0);
	const struct fake_final *final = fake_network_find(n, &payment->id);
	reply_receipt(node, node->submit_request, final != NULL ? final : fake_network_final(n, payment));
	payment_free(payment);
	fake_network_pump(n, w);
}

void fake_network_push_account(struct fake_network *n, struct uncia_wallet *w, uint32_t i, uint64_t request_id)
{
	reply_account(n, &n->nodes[i], request_id);
	fake_network_pump(n, w);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void answer_link(struct fake_network *n, uint32_t i)
{
	uint8_t ephemeral[32];
	n->nodes[i].late_at_ms = 0;
	n->nodes[i].watch_request = 0;
	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options options = {.pattern = NOISE_NK,
	                               .network_id = &n->f.genesis.network_id,
	                               .static_secret = n->f.validators[i].network_secret,
	                               .ephemeral_secret = ephemeral,
	                               .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                               .write_queue_max = WRITE_QUEUE_WALLET_MAX};
	ck_assert_int_eq(link_new(&options, &n->nodes[i].link), 0);
}

static void dial(struct fake_network *n, struct uncia_wallet *w, uint32_t i)
{
	if (n->nodes[i].down) {
		ck_assert_int_eq(uncia_wallet_link_closed(w, i, UNCIA_E_UNREACHABLE), 0);
		return;
	}
	answer_link(n, i);
	int result;
	if (CALL(result, uncia_wallet_link_opened(w, i)) != 0) {
		ck_assert(heap_failed() && result == UNCIA_E_MEMORY);
		link_free(n->nodes[i].link);
		n->nodes[i].link = NULL;
	}
}

static void hang_up(struct fake_network *n, struct uncia_wallet *w, uint32_t i, int error)
{
	link_free(n->nodes[i].link);
	n->nodes[i].link = NULL;
	int result;
	ck_assert_int_eq(CALL(result, uncia_wallet_link_closed(w, i, error)), 0);
}

void fake_network_cut(struct fake_network *n, struct uncia_wallet *w, uint32_t i)
{
	if (n->nodes[i].link != NULL)
		hang_up(n, w, i, UNCIA_E_CLOSED);
}

/* A byte at a time where there are few, to show that the split does not matter. Returns whether the link lives. */
static bool to_wallet(struct fake_network *n, struct uncia_wallet *w, uint32_t i, const struct bytes *run)
{
	size_t step = run->size < 400 ? 1 : 177;
	for (size_t at = 0; at < run->size; at += step) {
		size_t size = run->size - at < step ? run->size - at : step;
		int result;
		if (CALL(result, uncia_wallet_link_feed(w, i, run->data + at, size)) != 0) {
			hang_up(n, w, i, result);
			return false;
		}
	}
	link_output_taken(n->nodes[i].link, run->size);
	return true;
}

static void give_late_page(struct fake_network *n, struct fake_node *node)
{
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	if (node->late_at_ms == 0 || n->host->now_ms < node->late_at_ms)
		return;
	node->late_at_ms = 0;
	query.before_height = node->late_before;
	query.limit = 1;
	on_history(n, node, node->late_request, &query);
}

static bool pump_one(struct fake_network *n, struct uncia_wallet *w, uint32_t i)
{
	struct fake_node *node = &n->nodes[i];
	struct bytes message, run;
	const void *data;
	size_t size;
	bool moved = false;
	int called;
	ck_assert_int_eq(CALL(called, uncia_wallet_link_output(w, i, &data, &size)), 0);
	if (size != 0) {
		moved = true;
		ck_assert_int_eq(link_feed(node->link, data, size), 0);
		ck_assert_int_eq(uncia_wallet_link_taken(w, i, size), 0);
		while (link_next(node->link, &message))
			on_request(n, node, &message);
		if (node->behaviour == NOISE_GARBAGE && link_established(node->link)) {
			static const uint8_t garbage[] = {0,  20, 1,  2,  3,  4,  5,  6,  7,  8,  9,
			                                  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
			run = (struct bytes){garbage, sizeof(garbage)};
			int result = uncia_wallet_link_feed(w, i, run.data, run.size);
			ck_assert_int_ne(result, 0);
			hang_up(n, w, i, result);
			return true;
		}
	}
	give_late_page(n, node);
	answer_watch(n, node);
	link_output(node->link, &run);
	if (run.size != 0) {
		moved = true;
		to_wallet(n, w, i, &run);
	}
	return moved;
}

void fake_network_pump(struct fake_network *n, struct uncia_wallet *w)
{
	bool moved = true;
	for (int round = 0; moved; round++) {
		ck_assert_int_lt(round, 1000); /* a wallet that never rests */
		moved = false;
		for (uint32_t i = 0; i < n->count; i++) {
			bool wanted = uncia_wallet_link_wanted(w, i);
			if (n->nodes[i].link == NULL && wanted) {
				dial(n, w, i);
				moved = true;
			} else if (n->nodes[i].link != NULL && !wanted) {
				hang_up(n, w, i, 0);
				moved = true;
			} else if (n->nodes[i].link != NULL) {
				moved = pump_one(n, w, i) || moved;
			}
		}
		if (!moved && w->history->coming.bytes) { /* a page that takes some turns */
			ck_assert_int_eq(uncia_wallet_tick(w), 0);
			moved = true;
		}
	}
}

void fake_network_pass(struct fake_network *n, struct uncia_wallet *w, uint64_t ms)
{
	for (uint64_t end = n->host->now_ms + ms; n->host->now_ms < end;) {
		uint64_t step = end - n->host->now_ms < 100 ? end - n->host->now_ms : 100;
		n->host->now_ms += step;
		int result;
		ck_assert_int_eq(CALL(result, uncia_wallet_tick(w)), 0);
		fake_network_pump(n, w);
	}
}

/* ---- sockets --------------------------------------------------------------------------------- */

void fake_network_listen(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t size = sizeof(address);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
		ck_assert_int_eq(listen(fd, 8), 0);
		ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
		n->nodes[i].listener = fd;
		n->nodes[i].port = ntohs(address.sin_port);
	}
	char *text = fake_network_text(n);
	uncia_network_free(n->network);
	ck_assert_int_eq(uncia_network_parse(text, &n->network, NULL), 0);
	free(text);
}

void fake_network_hang_up(struct fake_network *n, uint32_t i)
{
	if (n->nodes[i].socket < 0)
		return;
	close(n->nodes[i].socket);
	n->nodes[i].socket = -1;
	link_free(n->nodes[i].link);
	n->nodes[i].link = NULL;
}

static void serve_one(struct fake_network *n, uint32_t i)
{
	struct fake_node *node = &n->nodes[i];
	struct bytes message, run;
	uint8_t buffer[1000];
	if (node->socket < 0) {
		node->socket = accept4(node->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (node->socket < 0)
			return;
		answer_link(n, i);
	}
	ssize_t size = recv(node->socket, buffer, sizeof(buffer), 0);
	if (size == 0 || (size < 0 && errno != EAGAIN)) {
		fake_network_hang_up(n, i);
		return;
	}
	if (size > 0)
		ck_assert_int_eq(link_feed(node->link, buffer, (size_t)size), 0);
	while (link_next(node->link, &message))
		on_request(n, node, &message);
	answer_watch(n, node);
	link_output(node->link, &run);
	if (run.size != 0 && (size = send(node->socket, run.data, run.size, MSG_NOSIGNAL)) > 0)
		link_output_taken(node->link, (size_t)size);
}

void fake_network_serve(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (!n->nodes[i].down)
			serve_one(n, i);
}
