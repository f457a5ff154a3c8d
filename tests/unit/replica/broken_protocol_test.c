/* What ends a link and what does not (docs/spec/network.md 8.5): one message each, of a wallet and of a validator. */
#include <string.h>
#include "canonical.h"
#include "fields.h"
#include "message.pb-c.h"
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT   INT64_C(1000000)
#define WALLET 7u
#define LIAR   3u

static struct network *n;
static unsigned wallets_ended, peers_ended;
static uint8_t zeros[MESSAGE_SIZE_WALLET_MAX];
static struct {
	unsigned count;
	uint32_t code;
	char reason[201];
} refused;

static bool told(void *context, uint32_t node, uint64_t wallet, const struct bytes *message)
{
	(void)context;
	ck_assert_uint_eq(node, 0);
	ck_assert_uint_eq(wallet, WALLET);
	if (!message) {
		wallets_ended++;
		return true;
	}
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);
	ck_assert_ptr_nonnull(reply);
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		refused.count++;
		refused.code = reply->refusal->code;
		ck_assert_uint_lt(reply->refusal->reason.len, sizeof(refused.reason));
		memcpy(refused.reason, reply->refusal->reason.data, reply->refusal->reason.len);
		refused.reason[reply->refusal->reason.len] = '\0';
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	return true;
}

static void gone(void *context, uint32_t node)
{
	(void)context;
	(void)node;
}

static void dropped(void *context, uint32_t node, uint32_t peer)
{
	(void)context;
	peers_ended += node == 0 && peer == LIAR;
}

static const struct network_guests guests = {.told = told, .gone = gone};

static void set_up(void)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 2,
	                                          .balance = 100 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 1,
	                                          .dropped = dropped});
	network_set_guests(n, &guests);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	wallets_ended = peers_ended = refused.count = 0;
}

static ProtobufCBinaryData zero_bytes(size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = zeros};
}

/* ---- of wallets ---- */

/* Whether the request ends the link of the wallet that makes it. */
static bool wallet_ends(Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;
	unsigned before = wallets_ended;
	refused.count = 0;
	ck_assert_int_eq(canonical_encode(&request->base, &bytes, &size), 0);
	network_wallet_message(n, 0, WALLET, &(struct bytes){bytes, size});
	free(bytes);
	network_run(n, 200, NULL, NULL);
	return wallets_ended != before;
}

static Uncia__Pb__WalletRequest request_of(int kind, void *inner)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	request.request_id = 1;
	request.kind_case = (Uncia__Pb__WalletRequest__KindCase)kind;
	request.submit = inner; /* a union of pointers */
	return request;
}

START_TEST(requests_of_another_form_end_the_link_and_what_they_ask_for_does_not)
{
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	Uncia__Pb__PaymentQuery payment = UNCIA__PB__PAYMENT_QUERY__INIT;
	Uncia__Pb__AccountQuery account = UNCIA__PB__ACCOUNT_QUERY__INIT;
	Uncia__Pb__HistoryQuery history = UNCIA__PB__HISTORY_QUERY__INIT;
	Uncia__Pb__NodeStatusQuery status = UNCIA__PB__NODE_STATUS_QUERY__INIT;
	set_up();
	Uncia__Pb__WalletRequest request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_STATUS, &status);
	ck_assert(!wallet_ends(&request));
	status.detail = 9;
	ck_assert(!wallet_ends(&request)); /* as 0 */
	request.request_id = 0;
	ck_assert(wallet_ends(&request));
	request = request_of(UNCIA__PB__WALLET_REQUEST__KIND__NOT_SET, NULL);
	ck_assert(wallet_ends(&request));
	request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT, &payment);
	for (size_t size = 31; size <= 33; size++) {
		payment.payment_id = zero_bytes(size);
		ck_assert(wallet_ends(&request) == (size != 32));
	}
	request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT, &account);
	for (size_t size = 19; size <= 21; size++) {
		account.address = zero_bytes(size);
		ck_assert(wallet_ends(&request) == (size != 20));
	}
	request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_HISTORY, &history);
	history.address = zero_bytes(20);
	static const uint32_t limits[] = {0, 1, 64, 65, UINT32_MAX};
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		history.limit = limits[i];
		ck_assert(wallet_ends(&request) == (limits[i] < 1 || limits[i] > 64));
	}
	history.limit = 64;
	history.before_height = 5; /* a place that is none of the account's */
	ck_assert(!wallet_ends(&request));
	ck_assert_uint_eq(refused.count, 1);
	history.address = zero_bytes(21);
	ck_assert(wallet_ends(&request));
	request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT, &submit);
	for (size_t size = 0; size < 40; size += 13) {
		submit.payment = zero_bytes(size);
		ck_assert(!wallet_ends(&request));
		ck_assert_uint_eq(refused.count, 1);
		ck_assert_uint_eq(refused.code, -UNCIA_E_ENCODING);
	}
	network_free(n);
}
END_TEST

START_TEST(a_payment_that_is_too_large_is_refused_as_that)
{
	static const size_t sizes[] = {PAYMENT_SIZE_MAX, PAYMENT_SIZE_MAX + 1, MESSAGE_SIZE_REQUEST_MAX - 20};
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	set_up();
	Uncia__Pb__WalletRequest request = request_of(UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT, &submit);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		submit.payment = zero_bytes(sizes[i]);
		ck_assert(!wallet_ends(&request));
		ck_assert_uint_eq(refused.count, 1);
		bool large = sizes[i] > PAYMENT_SIZE_MAX;
		ck_assert_uint_eq(refused.code, large ? -UNCIA_E_LIMIT : -UNCIA_E_ENCODING);
		ck_assert(!!strstr(refused.reason, "larger than a payment may be: 16 KiB") == large);
	}
	submit.payment = zero_bytes(MESSAGE_SIZE_REQUEST_MAX);
	ck_assert(wallet_ends(&request));
	network_free(n);
}
END_TEST

/* ---- of validators ---- */

/* Whether the message ends the link of the validator that sends it. */
static bool peer_ends(int kind, void *inner)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t *bytes;
	size_t size;
	unsigned before = peers_ended;
	message.kind_case = (Uncia__Pb__PeerMessage__KindCase)kind;
	if (kind == UNCIA__PB__PEER_MESSAGE__KIND_VOTE || kind == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE)
		message.vote = *(ProtobufCBinaryData *)inner;
	else
		message.propose = inner; /* a union of pointers */
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, LIAR, 0, bytes, size);
	free(bytes);
	network_run(n, 300, NULL, NULL);
	if (peers_ended == before)
		return false;
	network_run(n, 2 * PEER_SHUN_MS, NULL, NULL); /* until it is heard again */
	ck_assert(network_linked(n, 0, LIAR));
	return true;
}

static bool vote_ends(Uncia__Pb__Vote *vote)
{
	uint8_t bytes[512];
	ProtobufCBinaryData data = {.len = uncia__pb__vote__pack(vote, bytes), .data = bytes};
	return peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_VOTE, &data);
}

static bool proposal_ends(const struct header *header, size_t signature_size, size_t short_ids_size)
{
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	propose.header = field_of(header->bytes, header->size);
	propose.signature = zero_bytes(signature_size);
	propose.short_ids = zero_bytes(short_ids_size);
	return peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE, &propose);
}

START_TEST(a_proposal_whose_short_ids_do_not_fit_ends_the_link)
{
	set_up();
	const struct fixture *f = network_fixture(n);
	struct hash root = fixture_hash(1);
	struct header header, other;
	struct payment *payments[2];
	for (uint32_t i = 0; i < 2; i++)
		payments[i] = fixture_payment(f, 0, 1, UNIT, FIXTURE_TIME_S + 60, i);
	fixture_header(f, NULL, 400 + LIAR, payments, 2, &root, &header);
	fixture_header(f, NULL, 401 + LIAR, payments, 2, &root, &other);
	/* It is not this validator's turn: left alone, before its signature is looked at, if the form is right. */
	ck_assert(!proposal_ends(&other, 64, 16));
	static const size_t sizes[] = {0, 8, 15, 17, 24};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ck_assert(proposal_ends(&header, 64, sizes[i]));
		ck_assert(proposal_ends(&other, 64, sizes[i]));
	}
	ck_assert(proposal_ends(&header, 63, 16));
	for (uint32_t i = 0; i < 2; i++)
		payment_free(payments[i]);
	network_free(n);
}
END_TEST

START_TEST(votes_of_another_form_committee_or_epoch_end_the_link)
{
	set_up();
	Uncia__Pb__Vote vote = UNCIA__PB__VOTE__INIT;
	vote.kind = 1;
	vote.view = 100000; /* far from the window: left alone */
	vote.block_id = zero_bytes(32);
	vote.signature = zero_bytes(64);
	vote.voter = LIAR;
	ck_assert(!vote_ends(&vote));
	vote.voter = 0; /* its own */
	ck_assert(!vote_ends(&vote));
	vote.voter = 4;
	ck_assert(vote_ends(&vote));
	vote.voter = LIAR;
	vote.epoch = 1;
	ck_assert(vote_ends(&vote));
	vote.epoch = 0;
	vote.block_id = zero_bytes(31);
	ck_assert(vote_ends(&vote));
	vote.kind = 2; /* names no block */
	vote.block_id = zero_bytes(32);
	ck_assert(vote_ends(&vote));
	vote.block_id = zero_bytes(0);
	ck_assert(!vote_ends(&vote));
	for (uint32_t kind = 0; kind <= 6; kind += 6) {
		vote.kind = kind;
		ck_assert(vote_ends(&vote));
	}
	network_free(n);
}
END_TEST

START_TEST(questions_of_another_form_end_the_link_and_answers_to_none_are_left)
{
	Uncia__Pb__BlockRequest block = UNCIA__PB__BLOCK_REQUEST__INIT;
	Uncia__Pb__BlockReply body = UNCIA__PB__BLOCK_REPLY__INIT;
	Uncia__Pb__CertificatesRequest range = UNCIA__PB__CERTIFICATES_REQUEST__INIT;
	Uncia__Pb__SyncRequest sync = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__SyncReply page = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__NewestVoteReply newest = UNCIA__PB__NEWEST_VOTE_REPLY__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list[] = {&blob};
	ProtobufCBinaryData garbage = zero_bytes(30);
	set_up();
	for (size_t size = 31; size <= 33; size++) {
		block.block_id = zero_bytes(size);
		ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST, &block) == (size != 32));
	}
	range.from_view = 9;
	range.to_view = 1;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST, &range));
	range.to_view = UINT64_MAX;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST, &range));
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST, &sync));
	sync.from_height = UINT64_MAX;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST, &sync));
	/* Nobody has asked for these. */
	body.block = garbage;
	blob.data = garbage;
	page.blocks = list;
	page.n_blocks = 1;
	page.certificate = garbage;
	newest.nonce = 1;
	newest.vote = garbage;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY, &body));
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY, &page));
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY, &newest));
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_STATUS, &status));
	gossip.payments = list;
	gossip.n_payments = 1;
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP, &gossip));
	blob.data = zero_bytes(PAYMENT_SIZE_MAX + 1);
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP, &gossip));
	gossip.n_payments = 0;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP, &gossip));
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE, &garbage));
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND__NOT_SET, NULL));
	network_free(n);
}
END_TEST

/* A decoder takes a hundred bytes and as many nanoseconds for each field, however small it is. */
START_TEST(messages_of_more_fields_than_their_kind_may_have_end_the_link_unread)
{
	static Uncia__Pb__Blob blob, *list[4096 + 12288 + 1];
	Uncia__Pb__SyncReply page = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	uint8_t twice[] = {6 << 3 | 2, 6, 1 << 3 | 2, 0, 2 << 3 | 2, 0, 2 << 3 | 2, 0};
	set_up();
	uncia__pb__blob__init(&blob);
	blob.data = zero_bytes(4);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		list[i] = &blob;
	/* Nobody has asked for a page: it is left unread, whatever is in it, unless no page has so much. */
	page.headers = page.blocks = list;
	page.tip_height = 1;
	page.certificate = zero_bytes(1);
	page.n_blocks = 4096;
	page.n_headers = 12288;
	ck_assert(!peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY, &page));
	page.n_headers++;
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY, &page));
	/* These end the link in any case; but unread they cost nothing. */
	gossip.payments = propose.skips = list;
	gossip.n_payments = 8193;
	propose.n_skips = 261;
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP, &gossip));
	ck_assert(peer_ends(UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE, &propose));
	unsigned before = peers_ended;
	network_inject(n, LIAR, 0, twice, sizeof(twice)); /* a body, one field of which comes twice */
	network_run(n, 300, NULL, NULL);
	ck_assert_uint_eq(peers_ended, before + 1);
	network_free(n);
}
END_TEST

/* The first votes of more than F, for a block that nobody has: its body is asked for. */
static void want_body(const struct hash *id)
{
	struct replica_status status;
	network_status(n, 0, &status);
	network_pause(n, 2, 600000); /* they are asked for it, and silent */
	network_pause(n, LIAR, 600000);
	for (uint64_t view = status.view; view < status.view + 4; view++)
		for (uint32_t voter = 2; voter <= LIAR; voter++) {
			Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
			uint8_t vote_bytes[256], *bytes;
			struct vote vote;
			size_t size;
			fixture_vote(network_fixture(n), VOTE_NOTAR1, view, id, voter, &vote);
			message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
			message.vote.data = vote_bytes;
			ck_assert_int_eq(vote_encode(&vote, vote_bytes, &message.vote.len), 0);
			ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
			network_inject(n, voter, 0, bytes, size);
			free(bytes);
		}
	network_run(n, 3000, NULL, NULL);
}

/* Whether a body of this header, with a payment that is none, ends the link. */
static bool body_ends(const struct header *header)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockReply body = UNCIA__PB__BLOCK_REPLY__INIT;
	Uncia__Pb__Block block = UNCIA__PB__BLOCK__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list[] = {&blob};
	uint8_t *block_bytes, *bytes;
	size_t block_size, size;
	unsigned before = peers_ended;
	block.header = field_of(header->bytes, header->size);
	blob.data = zero_bytes(30);
	block.payments = list;
	block.n_payments = 1;
	ck_assert_int_eq(canonical_encode(&block.base, &block_bytes, &block_size), 0);
	body.block = field_of(block_bytes, block_size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	message.block_reply = &body;
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, LIAR, 0, bytes, size);
	free(bytes);
	free(block_bytes);
	network_run(n, 300, NULL, NULL);
	return peers_ended != before;
}

START_TEST(a_body_is_looked_into_only_where_it_is_the_one_that_is_wanted)
{
	struct header wanted, other;
	struct payment *payment;
	set_up();
	const struct fixture *f = network_fixture(n);
	struct hash root = fixture_hash(1);
	payment = fixture_payment(f, 0, 1, UNIT, FIXTURE_TIME_S + 60, 1);
	fixture_header(f, NULL, 1, &payment, 1, &root, &wanted);
	fixture_header(f, NULL, 2, &payment, 1, &root, &other);
	ck_assert(!body_ends(&wanted)); /* nobody has heard of it */
	want_body(&wanted.id);
	ck_assert(!body_ends(&other));
	ck_assert(body_ends(&wanted));
	payment_free(payment);
	network_free(n);
}
END_TEST

UNIT_MAIN("broken_protocol", requests_of_another_form_end_the_link_and_what_they_ask_for_does_not,
          a_payment_that_is_too_large_is_refused_as_that, a_proposal_whose_short_ids_do_not_fit_ends_the_link,
          votes_of_another_form_committee_or_epoch_end_the_link,
          questions_of_another_form_end_the_link_and_answers_to_none_are_left,
          messages_of_more_fields_than_their_kind_may_have_end_the_link_unread,
          a_body_is_looked_into_only_where_it_is_the_one_that_is_wanted)
