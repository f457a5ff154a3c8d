/* What wallets ask: accounts with proofs, receipts of old payments, histories, the validator's status. */
#include "parts.h"

/* What was voted for is settled once a child is final, too: after the timers of some views, where leaders are down. */
#define ACCOUNT_WAIT_MS     3000u
#define READ_WAIT_MS        5000u
#define SHARE_CHECK_MS      10u
#define HISTORY_BLOCK_BYTES (1u << 20) /* of blocks read for one page, those up to a certificate with them */
/* of receipts on one page, which with one more is still a message that a wallet takes and its queue holds */
#define HISTORY_PAGE_BYTES (512u << 10)

_Static_assert(HISTORY_PAGE_BYTES + RECEIPT_SIZE_MAX < MESSAGE_SIZE_WALLET_MAX, "a page fits a wallet's link");
_Static_assert(HISTORY_PAGE_BYTES + RECEIPT_SIZE_MAX < WRITE_QUEUE_WALLET_MAX, "a page fits a wallet's queue");

static struct query *query_take(struct replica *r, struct query **at)
{
	struct query *query = *at;

	*at = query->next;
	if (!query->next)
		r->queries_last = at;
	r->query_count--;
	query->link->query_count--;
	if (query->kind != QUERY_ACCOUNT && --query->link->read_count == 0)
		r->read_wallets--;
	return query;
}

static int query_refuse(struct replica *r, const struct query *query)
{
	return refuse_wallet(r, query->wallet, query->request_id, UNCIA_E_FULL,
	                     "too many questions are waiting: ask again later");
}

/* One wallet cannot take all the places, nor can some that ask much: where all are taken, the newest question makes
 * room of whoever has most. Returns 1 where there is room, 0 where not. */
static int query_room(struct replica *r, const struct wallet_link *link)
{
	struct query **newest = NULL;
	uint32_t most = link->query_count + 2;

	if (link->query_count >= QUERIES_PER_WALLET_MAX)
		return 0;
	if (r->query_count < QUERIES_MAX)
		return 1;
	for (struct query **at = &r->queries; *at; at = &(*at)->next)
		if ((*at)->link->query_count >= most) {
			most = (*at)->link->query_count;
			newest = at;
		}
	if (!newest)
		return 0;
	struct query *query = query_take(r, newest);
	int error = query_refuse(r, query);
	free(query);
	return error ? error : 1;
}

/* Keeps a question until it can be answered, at the end of this step at the earliest. */
static int query_keep(struct replica *r, const struct query *asked)
{
	struct wallet_link *link = wallet_get(r, asked->wallet);
	if (!link)
		return UNCIA_E_MEMORY;
	int room = query_room(r, link);
	TRY(room);
	if (!room)
		return query_refuse(r, asked);
	struct query *query = malloc(sizeof(*query));
	if (!query)
		return UNCIA_E_MEMORY;
	*query = *asked;
	query->link = link;
	link->query_count++;
	if (query->kind != QUERY_ACCOUNT && link->read_count++ == 0)
		r->read_wallets++;
	query->sequence = r->final_sequence;
	query->deadline_ms = r->now_ms + (query->kind == QUERY_ACCOUNT ? ACCOUNT_WAIT_MS : READ_WAIT_MS);
	query->next = NULL;
	*r->queries_last = query;
	r->queries_last = &query->next;
	r->query_count++;
	return 0;
}

/* That link is gone. */
void queries_forget(struct replica *r, uint64_t wallet)
{
	for (struct query **at = &r->queries; *at;) {
		if ((*at)->wallet == wallet)
			free(query_take(r, at));
		else
			at = &(*at)->next;
	}
}

void queries_free(struct replica *r)
{
	while (r->queries)
		free(query_take(r, &r->queries));
}

uint64_t queries_wake(const struct replica *r)
{
	uint64_t at = TIME_NEVER;

	for (const struct query *query = r->queries; query; query = query->next) {
		if (query->deadline_ms < at)
			at = query->deadline_ms;
		if (query->kind != QUERY_ACCOUNT && r->now_ms + SHARE_CHECK_MS < at)
			at = r->now_ms + SHARE_CHECK_MS;
	}
	return at;
}

/* ---- receipts of what the journal holds ---- */

struct finality { /* of one block of the final chain: what a receipt needs beside its own block */
	struct header headers[RECEIPT_DESCENDANTS_MAX];
	const struct header *list[RECEIPT_DESCENDANTS_MAX];
	size_t count;
	uint8_t *certificate;
	size_t certificate_size;
};

static int header_of_stored(const struct bytes *stored, struct header *header)
{
	struct arena arena;
	ProtobufCMessage *message;

	arena_init(&arena, canonical_arena_limit(stored->size));
	int error = canonical_decode(&uncia__pb__block__descriptor, stored->data, stored->size, &arena, &message);
	if (!error) {
		const Uncia__Pb__Block *pb = (const Uncia__Pb__Block *)message;
		error = header_decode(pb->header.data, pb->header.len, header);
	}
	arena_deinit(&arena);
	return !error || error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
}

static int stored_header(struct replica *r, uint64_t height, struct header *header)
{
	uint8_t key[JOURNAL_KEY_MAX];
	struct bytes stored;
	struct hash id;
	uint64_t view;
	size_t key_size;

	TRY(journal_final(r, height, &view, &id));
	journal_key(key, view, 0, &id, &key_size);
	TRY(r->config.view.journal_get(r->config.view.context, JOURNAL_BLOCK, key, key_size, &stored));
	r->journal_read += stored.size;
	TRY(header_of_stored(&stored, header));
	return header->height == height && hash_equal(&header->id, &id) ? 0 : UNCIA_E_DAMAGED;
}

/* The nearest finality certificate at or above a final height. */
static int finality_of(struct replica *r, uint64_t height, struct finality *finality)
{
	struct bytes certificate;
	struct hash id;
	uint64_t view;

	finality->count = 0;
	for (;; height++) {
		TRY(journal_final(r, height, &view, &id));
		int error = journal_finality(r, view, &id, &certificate);
		if (!error)
			break;
		if (error != UNCIA_E_NOT_FOUND)
			return error;
		if (finality->count == RECEIPT_DESCENDANTS_MAX)
			return UNCIA_E_LIMIT;
		TRY(stored_header(r, height + 1, &finality->headers[finality->count]));
		finality->list[finality->count] = &finality->headers[finality->count];
		finality->count++;
	}
	finality->certificate = malloc(certificate.size);
	if (!finality->certificate)
		return UNCIA_E_MEMORY;
	memcpy(finality->certificate, certificate.data, certificate.size);
	finality->certificate_size = certificate.size;
	return 0;
}

static int stored_block(struct replica *r, uint64_t height, struct block **block)
{
	struct hash id;
	uint64_t view;

	struct block *stored;

	TRY(journal_final(r, height, &view, &id));
	TRY(journal_block(r, view, &id, &stored));
	if (stored->header.height != height) {
		block_free(stored);
		return UNCIA_E_DAMAGED;
	}
	*block = stored;
	return 0;
}

/* Returns NOT_FOUND where the journal does not durably hold it yet. */
static int receipt_of(struct replica *r, const struct position *at, uint8_t **bytes, size_t *size, struct block **kept)
{
	struct finality *finality = calloc(1, sizeof(*finality));
	struct block *block = NULL;

	if (!finality)
		return UNCIA_E_MEMORY;
	int error = stored_block(r, at->height, &block);
	if (!error && at->index >= block->count)
		error = UNCIA_E_DAMAGED;
	if (!error)
		error = finality_of(r, at->height, finality);
	if (!error)
		error = receipt_make(block, at->index, finality->list, finality->count, finality->certificate,
		                     finality->certificate_size, bytes, size);
	free(finality->certificate);
	free(finality);
	if (error || !kept)
		block_free(block);
	else
		*kept = block;
	return error;
}

static int answer_receipt(struct replica *r, const struct query *query)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	uint8_t *bytes = NULL;
	size_t size = 0;

	int error = receipt_of(r, &query->at, &bytes, &size, NULL);
	if (error == UNCIA_E_LIMIT || error == UNCIA_E_NOT_FOUND)
		return refuse_wallet(r, query->wallet, query->request_id, error, "no receipt of that size can be made");
	TRY(error);
	reply.request_id = query->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	error = reply_wallet(r, 0, query->wallet, &reply);
	free(bytes);
	return error;
}

int query_receipt(struct replica *r, uint64_t wallet, uint64_t request_id, const struct position *at)
{
	return query_keep(
	    r, &(struct query){.kind = QUERY_RECEIPT, .wallet = wallet, .request_id = request_id, .at = *at});
}

/* ---- accounts ---- */

static int answer_no_account(struct replica *r, const struct query *query)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;

	none.address = field_of(query->address.b, ADDRESS_SIZE);
	none.height = ledger_settled_height(r->ledger);
	reply.request_id = query->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
	reply.no_account = &none;
	return reply_wallet(r, r->final_sequence, query->wallet, &reply);
}

/* The account in the settled state, under the root that the final tip carries. */
static int answer_account(struct replica *r, const struct query *query)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	struct ledger_proof found;

	if (!r->final_certificate)
		return refuse_wallet(r, query->wallet, query->request_id, UNCIA_E_FULL, "no block is final yet");
	int error = ledger_prove(r->ledger, &query->address, &found);
	if (error == UNCIA_E_NOT_FOUND)
		return answer_no_account(r, query);
	TRY(error);
	proof.index = found.index;
	proof.entry_count = found.entry_count;
	proof.free_head = found.free_head;
	proof.group = field_of(found.group, sizeof(found.group));
	proof.path = field_of(found.path, found.path_size);
	proof.header = field_of(r->tip->header.bytes, r->tip->header.size);
	proof.certificate = field_of(r->final_certificate->bytes, r->final_certificate->size);
	reply.request_id = query->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_ACCOUNT;
	reply.account = &proof;
	return reply_wallet(r, r->final_sequence, query->wallet, &reply);
}

/* Answered once every payment that this validator has voted for is settled: so a payment that anybody saw final before
 * the question was asked shows in answers of weight W − F. */
static int account_query(struct replica *r, uint64_t wallet, uint64_t request_id,
                         const Uncia__Pb__AccountQuery *message)
{
	if (message->address.len != ADDRESS_SIZE)
		return UNCIA_E_ENCODING;
	struct query query = {
	    .kind = QUERY_ACCOUNT, .wallet = wallet, .request_id = request_id, .height = r->payments_height};
	memcpy(query.address.b, message->address.data, ADDRESS_SIZE);
	return query_keep(r, &query);
}

/* ---- history ---- */

/* The payment that touched the address before the one at `at`. */
static int history_previous(struct replica *r, const struct block *block, const struct address *address,
                            struct position *at)
{
	const struct payment *payment = block->payments[at->index];
	struct payment_record *record = malloc(sizeof(*record));
	struct position previous = {0};

	if (!record)
		return UNCIA_E_MEMORY;
	int error = ledger_find_payment(r->ledger, r->tip->executed, &payment->id, record);
	if (!error && memcmp(payment->sender.b, address->b, ADDRESS_SIZE) == 0)
		previous = record->previous[0];
	else
		for (uint32_t i = 0; !error && i < payment->output_count; i++)
			if (memcmp(payment->outputs[i].to.b, address->b, ADDRESS_SIZE) == 0) {
				previous = record->previous[1 + i];
				break;
			}
	free(record);
	if (!error)
		*at = previous;
	return error;
}

static bool payment_touches(const struct payment *payment, const struct address *address)
{
	if (memcmp(payment->sender.b, address->b, ADDRESS_SIZE) == 0)
		return true;
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (memcmp(payment->outputs[i].to.b, address->b, ADDRESS_SIZE) == 0)
			return true;
	return false;
}

/* Steps to the payment before the one at `before`, which must be one of the account's. */
static int history_go_on(struct replica *r, const struct address *address, struct position *before)
{
	struct block *block;

	TRY(stored_block(r, before->height, &block));
	int error = UNCIA_E_ARGUMENT;
	if (before->index < block->count && payment_touches(block->payments[before->index], address))
		error = history_previous(r, block, address, before);
	block_free(block);
	return error;
}

/* Receipts from `at` on, newest first; *last is the place of the last one, and `at` the place before it. */
static int history_page(struct replica *r, const struct address *address, struct position *at, struct position *last,
                        uint32_t limit, Uncia__Pb__HistoryReply *page)
{
	uint64_t before = r->journal_read;
	size_t written = 0;

	while (at->height && page->n_receipts < limit && r->journal_read - before < HISTORY_BLOCK_BYTES &&
	       written < HISTORY_PAGE_BYTES) {
		struct block *block = NULL;
		uint8_t *bytes = NULL;
		size_t size = 0;
		int error = receipt_of(r, at, &bytes, &size, &block);
		if (error == UNCIA_E_NOT_FOUND && page->n_receipts)
			return 0; /* not durable yet: to be asked for with the next page */
		TRY(error);
		assert(block);
		page->receipts[page->n_receipts++]->data = (ProtobufCBinaryData){.len = size, .data = bytes};
		written += size;
		*last = *at;
		error = history_previous(r, block, address, at);
		block_free(block);
		TRY(error);
	}
	return 0;
}

static int answer_history(struct replica *r, const struct query *query)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__HistoryReply page = UNCIA__PB__HISTORY_REPLY__INIT;
	Uncia__Pb__Blob blobs[HISTORY_PAGE_MAX], *list[HISTORY_PAGE_MAX];
	struct position at = query->at, last = query->at;

	for (size_t i = 0; i < HISTORY_PAGE_MAX; i++) {
		uncia__pb__blob__init(&blobs[i]);
		list[i] = &blobs[i];
	}
	page.receipts = list;
	int error = at.height ? history_go_on(r, &query->address, &at)
	                      : ledger_history_head(r->ledger, r->tip->executed, &query->address, &at);
	if (error == UNCIA_E_NOT_FOUND && !query->at.height)
		error = 0, at.height = 0; /* no payment ever touched it */
	else if (!error)
		error = history_page(r, &query->address, &at, &last, query->limit, &page);
	if (at.height) {
		page.next_height = last.height;
		page.next_index = last.index;
	}
	reply.request_id = query->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_HISTORY;
	reply.history = &page;
	if (!error)
		error = reply_wallet(r, 0, query->wallet, &reply);
	for (size_t i = 0; i < page.n_receipts; i++)
		free(blobs[i].data.data);
	if (error == UNCIA_E_ARGUMENT || error == UNCIA_E_NOT_FOUND || error == UNCIA_E_LIMIT)
		return refuse_wallet(r, query->wallet, query->request_id, error,
		                     "no receipt can be made at that place of the account");
	return error;
}

static int history_query(struct replica *r, uint64_t wallet, uint64_t request_id,
                         const Uncia__Pb__HistoryQuery *message)
{
	struct query query = {.kind = QUERY_HISTORY,
	                      .wallet = wallet,
	                      .request_id = request_id,
	                      .at = {.height = message->before_height, .index = message->before_index},
	                      .limit = message->limit};

	if (message->address.len != ADDRESS_SIZE || !message->limit || message->limit > HISTORY_PAGE_MAX)
		return UNCIA_E_ENCODING;
	memcpy(query.address.b, message->address.data, ADDRESS_SIZE);
	return query_keep(r, &query);
}

/* ---- answering what waits ---- */

/* Whether the journal may be read for this wallet now: for each its share, and one for all together. Where many wait,
 * the shares of all together are no more than that one, so that who has asked for little finds some of it left. */
static bool wallet_share_left(struct replica *r, struct wallet_link *link)
{
	uint64_t per_ms = SHARE_ALL_PER_MS / r->read_wallets + 1;

	if (per_ms > SHARE_WALLET_PER_MS)
		per_ms = SHARE_WALLET_PER_MS;
	return share_left(&link->share, r->now_ms, SHARE_WALLET_OWED / r->read_wallets, per_ms) &&
	       share_left(&r->wallets_share, r->now_ms, SHARE_ALL_OWED, SHARE_ALL_PER_MS);
}

/* What is read for it is owed from then on. */
static int answer_by_share(struct replica *r, const struct query *query, struct wallet_link *link)
{
	uint64_t before = r->journal_read;
	int error = query->kind == QUERY_RECEIPT ? answer_receipt(r, query) : answer_history(r, query);
	uint64_t used = SHARE_QUESTION + r->journal_read - before;

	link->share.owed += used;
	r->wallets_share.owed += used;
	return error;
}

/* Returns 1 once the question is answered, 0 where it has to wait. */
static int query_try(struct replica *r, const struct query *query)
{
	bool late = r->now_ms >= query->deadline_ms;

	if (query->kind == QUERY_ACCOUNT) {
		if (!late && !(r->final_certificate && ledger_settled_height(r->ledger) >= query->height))
			return 0;
		TRY(answer_account(r, query));
		return 1;
	}
	if (query->sequence <= r->durable && wallet_share_left(r, query->link)) {
		TRY(answer_by_share(r, query, query->link));
		return 1;
	}
	if (!late)
		return 0;
	TRY(refuse_wallet(r, query->wallet, query->request_id, UNCIA_E_FULL,
	                  "the disk is late, or too much is being read from it: ask again later"));
	return 1;
}

/* Goes over the waiting questions, oldest first. */
int queries_answer(struct replica *r)
{
	for (struct query **at = &r->queries; *at;) {
		int answered = query_try(r, *at);
		TRY(answered);
		if (answered)
			free(query_take(r, at));
		else
			at = &(*at)->next;
	}
	return 0;
}

/* ---- status, and the dispatch ---- */

static int status_query(struct replica *r, uint64_t wallet, uint64_t request_id)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NodeStatus status = UNCIA__PB__NODE_STATUS__INIT;
	struct replica_status now;
	struct hash root;

	replica_status(r, &now);
	TRY(ledger_settled_root(r->ledger, &root));
	status.final_height = now.final_height;
	status.final_view = now.final_view;
	status.view = now.view;
	status.timestamp_ms = now.final_timestamp_ms;
	status.peers = now.peers;
	status.mempool = now.mempool;
	status.voting = now.voting;
	status.accounts = now.accounts;
	status.evidence = now.evidence;
	status.clock_behind_ms = now.clock_behind_ms;
	status.clock_ahead_ms = now.clock_ahead_ms;
	status.final_id = field_of(now.final_id.b, HASH_SIZE);
	status.state_root = field_of(root.b, HASH_SIZE);
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_STATUS;
	reply.status = &status;
	return reply_wallet(r, r->final_sequence, wallet, &reply);
}

static int request_handle(struct replica *r, uint64_t wallet, const Uncia__Pb__WalletRequest *request)
{
	struct payment_id id;

	if (!request->request_id)
		return UNCIA_E_ENCODING;
	switch (request->kind_case) {
	case UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT:
		return payment_submit(r, wallet, request->request_id, request->submit->payment.data,
		                      request->submit->payment.len);
	case UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT:
		if (request->payment->payment_id.len != sizeof(id.b))
			return UNCIA_E_ENCODING;
		memcpy(id.b, request->payment->payment_id.data, sizeof(id.b));
		return payment_query(r, wallet, request->request_id, &id);
	case UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT:
		return account_query(r, wallet, request->request_id, request->account);
	case UNCIA__PB__WALLET_REQUEST__KIND_HISTORY:
		return history_query(r, wallet, request->request_id, request->history);
	case UNCIA__PB__WALLET_REQUEST__KIND_STATUS:
		return status_query(r, wallet, request->request_id);
	default:
		return UNCIA_E_ENCODING;
	}
}

int wallet_message(struct replica *r, uint64_t wallet, struct bytes bytes)
{
	struct arena arena;
	ProtobufCMessage *message;

	if (bytes.size > MESSAGE_SIZE_WALLET_MAX)
		return UNCIA_E_LIMIT;
	arena_init_spared(&arena, canonical_arena_limit(bytes.size), &r->spares);
	int error = canonical_decode(&uncia__pb__wallet_request__descriptor, bytes.data, bytes.size, &arena, &message);
	if (!error)
		error = request_handle(r, wallet, (const Uncia__Pb__WalletRequest *)message);
	arena_deinit(&arena);
	return error;
}
