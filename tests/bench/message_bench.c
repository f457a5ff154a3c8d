/* What each kind of message costs the loop, at worst: processor time of the core's step, for the message as a liar
 * would make it, by itself and for each KiB. Signature checks are the verifier's threads' and not counted. Not a test.
 */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "figure.h"
#include "fixture.h"
#include "ledger.h"
#include "memory_store.h"
#include "message.pb-c.h"
#include "replica.h"

enum { ACCOUNTS = 1000, LIAR = 1, REPEAT = 20 };

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "message_bench: %s:%d: %s\n", __FILE__, __LINE__, #condition);                 \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static struct fixture f;
static struct memory_store *store;
static struct replica *replica;
static struct actions actions;
static uint64_t now_ms = 1000;
static uint32_t nonce;
static unsigned dropped;

static int sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	(void)context;
	return sign_digest(f.validators[0].consensus.secret_key, &statement->digest, signature);
}

/* Returns the step's processor time, in microseconds. Checks come back at once, as wrong; what is to be signed, as
 * signed. */
static double step(struct event event)
{
	struct verify_job *jobs[8192];
	size_t count = 0;

	event.now_ms = now_ms;
	event.wall_ms = FIXTURE_TIME_MS + now_ms;
	double begin = thread_us();
	MUST(replica_step(replica, &event, &actions) == 0);
	double took = thread_us() - begin;
	for (size_t i = 0; i < actions.count; i++) {
		dropped += actions.items[i].kind == ACTION_DROP_PEER || actions.items[i].kind == ACTION_DROP_WALLET;
		if (actions.items[i].kind == ACTION_VERIFY && count < 8192)
			jobs[count++] = actions.items[i].job;
	}
	for (size_t i = 0; i < count; i++) {
		jobs[i]->next = NULL;
		for (size_t k = 0; k < jobs[i]->count; k++)
			jobs[i]->items[k].valid = jobs[i]->sign;
		step((struct event){.kind = EVENT_VERIFIED, .job = jobs[i]});
	}
	return took;
}

static void up(void)
{
	const struct replica_config config = {.genesis = &f.genesis, .sign = sign};
	struct replica_config c = config;
	struct flush *genesis;

	MUST((store = memory_store_new()) && genesis_flush(&f.genesis, &genesis) == 0 &&
	     memory_store_apply(store, genesis) == 0);
	flush_free(genesis);
	memory_store_view(store, &c.view);
	MUST(replica_new(&c, &replica) == 0);
	step((struct event){.kind = EVENT_START});
	for (uint32_t i = 1; i < 4; i++)
		step((struct event){.kind = EVENT_PEER_UP, .peer = i});
}

/* ---- messages ---- */

typedef void make_fn(Uncia__Pb__PeerMessage *m);
typedef void ask_fn(Uncia__Pb__WalletRequest *m);

/* Memory of the message under way. */
static uint8_t scratch[8 << 20];
static Uncia__Pb__Blob blobs[65536], *list[65536];

/* A small payment, whatever its signature says. */
static struct payment *template(uint32_t expires_at, bool far)
{
	struct fixture_key from;
	struct output output = {.amount = 1000000};

	fixture_account(far ? ACCOUNTS + 1 : 1, &from);
	fixture_account(2, &from);
	output.to = from.address;
	fixture_account(far ? ACCOUNTS + 1 : 1, &from);
	return fixture_payment_outputs(&f, &from, &output, 1, expires_at, 7);
}

/* As many as fit into `size`, each with another nonce, of this payment. */
static void gossip_of(Uncia__Pb__PeerMessage *m, struct payment *payment, size_t size, bool distinct)
{
	static Uncia__Pb__Gossip gossip;
	uint8_t *at = memmem(payment->bytes, payment->size, payment->nonce, NONCE_SIZE);
	size_t nonce_at = (size_t)(at - payment->bytes), used = 0, count = 0;

	for (; used + payment->size + 8 < size && count < 65536; used += payment->size + 8) {
		uint8_t *copy = scratch + count * payment->size;
		memcpy(copy, payment->bytes, payment->size);
		if (distinct) {
			nonce++;
			memcpy(copy + nonce_at, &nonce, sizeof(nonce));
		}
		uncia__pb__blob__init(&blobs[count]);
		blobs[count].data = (ProtobufCBinaryData){payment->size, copy};
		list[count] = &blobs[count];
		count++;
	}
	uncia__pb__gossip__init(&gossip);
	gossip.n_payments = count;
	gossip.payments = list;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	m->gossip = &gossip;
	payment_free(payment);
}

static void gossip_expired(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S - 10, false), 512 << 10, true);
}

static void gossip_expired_8_mib(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S - 10, false), (8 << 20) - 4096, true);
}

static void gossip_too_far(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S + 100000, false), 512 << 10, true);
}

static void gossip_of_strangers(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S + 100, true), 512 << 10, true);
}

static void gossip_wrong(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S + 100, false), 512 << 10, true);
}

static void gossip_repeated(Uncia__Pb__PeerMessage *m)
{
	gossip_of(m, template(FIXTURE_TIME_S + 100, false), 512 << 10, false);
}

static void propose(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__Propose propose;
	struct header header;

	fixture_header(&f, NULL, 1, NULL, 0, &(struct hash){{0}}, &header);
	uncia__pb__propose__init(&propose);
	propose.header = (ProtobufCBinaryData){header.size, (uint8_t *)(uintptr_t)header.bytes};
	propose.signature = (ProtobufCBinaryData){SIGNATURE_SIZE, scratch};
	propose.short_ids = (ProtobufCBinaryData){8 * (size_t)BLOCK_PAYMENTS_MAX, scratch};
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	m->propose = &propose;
}

static void vote(Uncia__Pb__PeerMessage *m)
{
	static uint8_t bytes[256];
	struct vote v = {.epoch = f.genesis.committee.epoch, .kind = VOTE_NOTAR1, .view = 2, .voter = 2};
	size_t size;

	nonce++;
	memcpy(v.block_id.b, &nonce, sizeof(nonce));
	MUST(vote_encode(&v, bytes, &size) == 0);
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	m->vote = (ProtobufCBinaryData){size, bytes};
}

static void certificate(Uncia__Pb__PeerMessage *m)
{
	static struct certificate *c;

	nonce++;
	free(c);
	c = fixture_certificate(&f, CERT_N, 3, &(struct hash){{(uint8_t)nonce, (uint8_t)(nonce >> 8)}}, 3);
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	m->certificate = (ProtobufCBinaryData){c->size, (uint8_t *)(uintptr_t)c->bytes};
}

static void block_request(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__BlockRequest request;
	static struct hash id;

	nonce++;
	memcpy(id.b, &nonce, sizeof(nonce));
	uncia__pb__block_request__init(&request);
	request.block_id = (ProtobufCBinaryData){HASH_SIZE, id.b};
	request.view = 5;
	request.height = 3;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
	m->block_request = &request;
}

static void block_reply(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__BlockReply reply;
	static struct block *block;
	struct payment *payments[BLOCK_PAYMENTS_MAX / 20];

	if (!block) {
		for (uint32_t i = 0; i < BLOCK_PAYMENTS_MAX / 20; i++)
			payments[i] = fixture_payment(&f, i % 100, i % 100 + 1, 1000, FIXTURE_TIME_S + 100, i);
		block = fixture_block(&f, NULL, 1, payments, BLOCK_PAYMENTS_MAX / 20, &(struct hash){{0}});
	}
	static uint8_t *bytes;
	static size_t size;
	if (!bytes)
		MUST(block_encode(&block->header, block->payments, block->count, &bytes, &size) == 0);
	uncia__pb__block_reply__init(&reply);
	reply.block = (ProtobufCBinaryData){size, bytes};
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	m->block_reply = &reply;
}

static void certificates_request(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__CertificatesRequest request = UNCIA__PB__CERTIFICATES_REQUEST__INIT;

	request.from_view = 1;
	request.to_view = UINT64_MAX;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
	m->certificates_request = &request;
}

static void sync_request(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;

	request.from_height = 1;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	m->sync_request = &request;
}

static void sync_reply(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__SyncReply reply;
	Uncia__Pb__PeerMessage one = UNCIA__PB__PEER_MESSAGE__INIT;

	block_reply(&one);
	for (size_t i = 0; i < 30; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = one.block_reply->block;
		list[i] = &blobs[i];
	}
	uncia__pb__sync_reply__init(&reply);
	reply.tip_height = 1000;
	reply.n_blocks = 30;
	reply.blocks = list;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	m->sync_reply = &reply;
}

/* Headers of four bytes, of which a decoder's own limit of memory lets pass as many as a message has room for. */
static void sync_reply_of_pieces(Uncia__Pb__PeerMessage *m)
{
	enum { PIECE = 4 };
	static Uncia__Pb__SyncReply reply;
	static Uncia__Pb__Blob piece, *pieces[MESSAGE_SIZE_VALIDATOR_MAX / (PIECE + 4) - 64];

	uncia__pb__blob__init(&piece);
	piece.data = (ProtobufCBinaryData){PIECE, scratch};
	uncia__pb__sync_reply__init(&reply);
	reply.n_headers = sizeof(pieces) / sizeof(pieces[0]);
	for (size_t i = 0; i < reply.n_headers; i++)
		pieces[i] = &piece;
	reply.headers = pieces;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	m->sync_reply = &reply;
}

static void newest_vote_request(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__NewestVoteRequest request = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	request.nonce = 5;
	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
	m->newest_vote_request = &request;
}

static void status(Uncia__Pb__PeerMessage *m)
{
	static Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;

	m->kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	m->status = &status;
}

static void submit(Uncia__Pb__WalletRequest *m, uint32_t outputs, uint32_t expires_at)
{
	static struct output list_of[PAYMENT_OUTPUTS_MAX];
	static Uncia__Pb__Submit submit;
	static struct payment *payment;
	struct fixture_key from, to;

	nonce++;
	payment_free(payment);
	fixture_account(nonce % ACCOUNTS, &from);
	for (uint32_t i = 0; i < outputs; i++) {
		fixture_account(i, &to);
		list_of[i] = (struct output){.to = to.address, .amount = 1000};
	}
	payment = fixture_payment_outputs(&f, &from, list_of, outputs, expires_at, nonce);
	uncia__pb__submit__init(&submit);
	submit.payment = (ProtobufCBinaryData){payment->size, (uint8_t *)(uintptr_t)payment->bytes};
	m->kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	m->submit = &submit;
}

static void submit_small(Uncia__Pb__WalletRequest *m)
{
	submit(m, 1, FIXTURE_TIME_S + 100);
}

static void submit_large(Uncia__Pb__WalletRequest *m)
{
	submit(m, PAYMENT_OUTPUTS_MAX, FIXTURE_TIME_S + 100);
}

static void submit_expired(Uncia__Pb__WalletRequest *m)
{
	submit(m, 1, FIXTURE_TIME_S - 100);
}

static void ask_payment(Uncia__Pb__WalletRequest *m)
{
	static Uncia__Pb__PaymentQuery query;
	static uint8_t id[32];

	nonce++;
	memcpy(id + 4, &nonce, sizeof(nonce));
	id[0] = 0xff;
	uncia__pb__payment_query__init(&query);
	query.payment_id = (ProtobufCBinaryData){sizeof(id), id};
	m->kind_case = UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT;
	m->payment = &query;
}

static void ask_expired(Uncia__Pb__WalletRequest *m)
{
	ask_payment(m);
	m->payment->payment_id.data[0] = 0;
}

static void ask_account(Uncia__Pb__WalletRequest *m)
{
	static Uncia__Pb__AccountQuery query;
	static struct fixture_key key;

	nonce++;
	fixture_account(nonce % ACCOUNTS, &key);
	uncia__pb__account_query__init(&query);
	query.address = (ProtobufCBinaryData){ADDRESS_SIZE, key.address.b};
	m->kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	m->account = &query;
}

static void ask_history(Uncia__Pb__WalletRequest *m)
{
	static Uncia__Pb__HistoryQuery query;
	static struct fixture_key key;

	nonce++;
	fixture_account(nonce % ACCOUNTS, &key);
	uncia__pb__history_query__init(&query);
	query.address = (ProtobufCBinaryData){ADDRESS_SIZE, key.address.b};
	query.limit = HISTORY_PAGE_MAX;
	m->kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	m->history = &query;
}

static void ask_status(Uncia__Pb__WalletRequest *m)
{
	static Uncia__Pb__NodeStatusQuery query = UNCIA__PB__NODE_STATUS_QUERY__INIT;

	m->kind_case = UNCIA__PB__WALLET_REQUEST__KIND_STATUS;
	m->status = &query;
}

/* ---- measuring ---- */

static void told(const char *name, double us, size_t size, unsigned count)
{
	figure(us / count, "us a message", "%s, %zu bytes%s", name, size / count, dropped ? ", link dropped" : "");
	figure(us * 1024 / (double)size, "us a KiB", "%s", name);
}

static void peers_message(const char *name, make_fn *make)
{
	double us = 0;
	size_t all = 0;

	dropped = 0;
	for (int i = 0; i < REPEAT; i++) {
		Uncia__Pb__PeerMessage m = UNCIA__PB__PEER_MESSAGE__INIT;
		make(&m);
		size_t size = uncia__pb__peer_message__get_packed_size(&m);
		uint8_t *bytes = malloc(size);
		MUST(bytes);
		uncia__pb__peer_message__pack(&m, bytes);
		now_ms += 1000; /* whatever budget there is, is there */
		us += step((struct event){.kind = EVENT_PEER_MESSAGE, .peer = LIAR, .message = {bytes, size}});
		all += size;
		free(bytes);
	}
	told(name, us, all, REPEAT);
}

static void wallets_message(const char *name, ask_fn *make)
{
	double us = 0;
	size_t all = 0;

	dropped = 0;
	for (int i = 0; i < REPEAT; i++) {
		Uncia__Pb__WalletRequest m = UNCIA__PB__WALLET_REQUEST__INIT;
		uint8_t bytes[MESSAGE_SIZE_REQUEST_MAX];
		m.request_id = 1 + (uint64_t)i;
		make(&m);
		size_t size = uncia__pb__wallet_request__get_packed_size(&m);
		MUST(size <= sizeof(bytes));
		uncia__pb__wallet_request__pack(&m, bytes);
		us += step((struct event){
		    .kind = EVENT_WALLET_MESSAGE, .wallet = 1 + (uint64_t)nonce, .message = {bytes, size}});
		all += size;
	}
	told(name, us, all, REPEAT);
}

int main(void)
{
	fixture_init(&f, 4, ACCOUNTS, 1000000000);
	MUST(actions_init(&actions) == 0);
	up();
	peers_message("propose, 20,000 short ids", propose);
	peers_message("vote", vote);
	peers_message("certificate", certificate);
	peers_message("gossip, expired", gossip_expired);
	peers_message("gossip, expired, of 8 MiB", gossip_expired_8_mib);
	peers_message("gossip, too far ahead", gossip_too_far);
	peers_message("gossip, of accounts that there are not", gossip_of_strangers);
	peers_message("gossip, new", gossip_wrong);
	peers_message("gossip, one again and again", gossip_repeated);
	peers_message("block request", block_request);
	peers_message("block reply, not asked for", block_reply);
	peers_message("certificates request", certificates_request);
	peers_message("sync request", sync_request);
	peers_message("sync reply, not asked for", sync_reply);
	peers_message("sync reply of pieces", sync_reply_of_pieces);
	peers_message("newest vote request", newest_vote_request);
	peers_message("status", status);
	wallets_message("submit, small", submit_small);
	wallets_message("submit, 255 outputs", submit_large);
	wallets_message("submit, expired", submit_expired);
	wallets_message("ask for a payment", ask_payment);
	wallets_message("ask for an expired payment", ask_expired);
	wallets_message("ask for an account", ask_account);
	wallets_message("ask for a history", ask_history);
	wallets_message("ask for the status", ask_status);
	replica_free(replica);
	actions_deinit(&actions);
	memory_store_free(store);
	return 0;
}
