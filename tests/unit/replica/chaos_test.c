/* Agreement and liveness under what the random faults of replica_test leave out: links that are cut in one direction,
 * clocks that step, the same key run twice, and a validator that says whatever it likes. Every seed ends with all
 * healed: then a payment must become final, and the honest must agree (the network checks agreement all the while). */
#include "hash.h"
#include "ledger.h"
#include "message.pb-c.h"
#include "network.h"
#include "sign.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT   INT64_C(1000000)
#define MEMORY 64u

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 33;
}

/* ---- a validator that says whatever it likes: it hears all that is said, and has one key ---- */

struct liar {
	struct network *network;
	uint32_t self, honest;
	uint64_t random;
	struct header headers[MEMORY];
	uint64_t header_count;
	struct {
		uint8_t *bytes;
		size_t size;
	} heard[MEMORY];
	uint64_t heard_count;
};

static uint64_t liar_random(struct liar *liar, uint64_t below)
{
	return next_random(&liar->random) % below;
}

static void liar_hears(void *context, uint32_t node, const struct bytes *message)
{
	struct liar *liar = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	size_t at = liar->heard_count++ % MEMORY;

	(void)node;
	free(liar->heard[at].bytes);
	liar->heard[at].bytes = malloc(message->size + 1);
	ck_assert_ptr_nonnull(liar->heard[at].bytes);
	memcpy(liar->heard[at].bytes, message->data, message->size);
	liar->heard[at].size = message->size;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		ck_assert_int_eq(header_decode(m->propose->header.data, m->propose->header.len,
		                               &liar->headers[liar->header_count++ % MEMORY]),
		                 0);
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

static const struct header *liar_header(struct liar *liar, uint64_t newest)
{
	uint64_t held = liar->header_count < MEMORY ? liar->header_count : MEMORY;

	if (newest > held)
		newest = held;
	return held ? &liar->headers[(liar->header_count - 1 - liar_random(liar, newest)) % MEMORY] : NULL;
}

/* To one, or to all. */
static void liar_says(struct liar *liar, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;
	uint32_t one = (uint32_t)liar_random(liar, 2 * (uint64_t)liar->honest);

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	for (uint32_t to = 0; to < liar->honest; to++)
		if (one >= liar->honest || one == to)
			network_inject(liar->network, liar->self, to, bytes, size);
	free(bytes);
}

static void liar_votes(struct liar *liar)
{
	const struct fixture *f = network_fixture(liar->network);
	const struct header *header = liar_header(liar, 4);
	enum vote_kind kind = (enum vote_kind)(1 + liar_random(liar, 5));
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t bytes[256];
	struct vote vote;
	size_t size;

	if (!header)
		return;
	uint64_t view = header->view;
	struct hash id = header->id;
	if (liar_random(liar, 8) == 0)
		view += liar_random(liar, 3) ? liar_random(liar, 3) : liar_random(liar, 2000);
	if (liar_random(liar, 16) == 0)
		id = fixture_hash(liar_random(liar, 4));
	fixture_vote(f, kind, view, vote_kind_names_block(kind) ? &id : NULL, liar->self, &vote);
	ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	message.vote = (ProtobufCBinaryData){.len = size, .data = bytes};
	liar_says(liar, &message);
}

static void liar_proposes(struct liar *liar)
{
	const struct fixture *f = network_fixture(liar->network);
	const struct header *parent = liar_header(liar, 3);
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	uint8_t short_ids[8] = {1};
	struct header header;
	struct vote vote;

	if (!parent)
		return;
	uint64_t view = parent->view + 1;
	while (committee_leader(&f->genesis.committee, view) != liar->self)
		view++;
	if (liar_random(liar, 8) == 0)
		view += f->genesis.committee.size * liar_random(liar, 300);
	fixture_header(f, parent, view, NULL, 0, &parent->parent_state_root, &header);
	header.timestamp_ms += liar_random(liar, 3);
	if (liar_random(liar, 4) == 0) {
		switch (liar_random(liar, 6)) {
		case 0:
			header.timestamp_ms = liar_random(liar, 2) ? UINT64_MAX : 0;
			break;
		case 1:
			header.height = liar_random(liar, 2) ? UINT64_MAX : liar_random(liar, 5);
			break;
		case 2:
			header.payment_count = 1;
			break;
		case 3:
			header.parent_id = fixture_hash(liar_random(liar, 4));
			break;
		case 4:
			header.parent_state_root = fixture_hash(9);
			break;
		default:
			header.payments_root = fixture_hash(7);
		}
	}
	ck_assert_int_eq(header_encode(&header), 0);
	fixture_vote(f, VOTE_NOTAR1, view, &header.id, liar->self, &vote);
	propose.header = (ProtobufCBinaryData){.len = header.size, .data = header.bytes};
	propose.signature = (ProtobufCBinaryData){.len = SIGNATURE_SIZE, .data = vote.signature};
	propose.short_ids = (ProtobufCBinaryData){.len = 8 * header.payment_count, .data = short_ids};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &propose;
	liar->headers[liar->header_count++ % MEMORY] = header;
	liar_says(liar, &message);
}

static void liar_repeats(struct liar *liar)
{
	uint64_t held = liar->heard_count < MEMORY ? liar->heard_count : MEMORY;

	if (!held)
		return;
	size_t at = liar_random(liar, held);
	network_inject(liar->network, liar->self, (uint32_t)liar_random(liar, liar->honest), liar->heard[at].bytes,
	               liar->heard[at].size);
}

static void liar_asks(struct liar *liar)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncRequest sync = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__CertificatesRequest certificates = UNCIA__PB__CERTIFICATES_REQUEST__INIT;
	Uncia__Pb__NewestVoteRequest newest = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	switch (liar_random(liar, 5)) {
	case 0:
		status.final_height = liar_random(liar, 2) ? UINT64_MAX : liar_random(liar, 100);
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
		message.status = &status;
		break;
	case 1:
		sync.from_height = 1 + liar_random(liar, 50);
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
		message.sync_request = &sync;
		break;
	case 2:
		reply.tip_height = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
		message.sync_reply = &reply;
		break;
	case 3:
		certificates.to_view = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
		message.certificates_request = &certificates;
		break;
	default:
		newest.nonce = 7;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
		message.newest_vote_request = &newest;
	}
	liar_says(liar, &message);
}

static void liar_speaks(struct liar *liar)
{
	switch (liar_random(liar, 8)) {
	case 0:
		liar_repeats(liar);
		break;
	case 1:
		liar_asks(liar);
		break;
	case 2:
	case 3:
		liar_proposes(liar);
		break;
	default:
		liar_votes(liar);
	}
}

/* ---- seeds ---- */

static void disturb(struct network *n, uint32_t nodes, uint64_t *random)
{
	uint32_t a = (uint32_t)(next_random(random) % nodes), b = (uint32_t)(next_random(random) % nodes);

	switch (next_random(random) % 8) {
	case 0:
		if (network_up(n, a))
			network_crash(n, a);
		else
			network_start(n, a);
		break;
	case 1:
	case 2:
		network_cut(n, a, b, next_random(random) % 2);
		break;
	case 3: /* clocks that step, back as well as on */
		network_set_clock(n, a, (int64_t)(next_random(random) % 4000) - 2000);
		break;
	}
}

static void heal(struct network *n, uint32_t nodes)
{
	network_set_loss(n, 0);
	for (uint32_t a = 0; a < NETWORK_NODES_MAX; a++)
		for (uint32_t b = 0; b < NETWORK_NODES_MAX; b++)
			network_cut(n, a, b, false);
	for (uint32_t i = 0; i < nodes; i++) {
		network_set_clock(n, i, 0);
		if (!network_up(n, i))
			network_start(n, i);
	}
}

/* `honest`: the nodes that must come to the same tip. */
static void check_healed(struct network *n, uint32_t honest, uint64_t seed, struct liar *liar)
{
	struct payment *last = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 300, 1000);
	struct replica_status status;

	network_submit(n, 0, 5000, last);
	for (int i = 0; i < 6000 && !network_run(n, 20, network_paid, last); i++)
		if (liar)
			liar_speaks(liar);
	if (!network_has_receipt(n, &last->id)) {
		for (uint32_t i = 0; i < honest; i++) {
			network_status(n, i, &status);
			fprintf(stderr, "node %u height %llu view %llu voting %d\n", i,
			        (unsigned long long)status.final_height, (unsigned long long)status.view,
			        status.voting);
		}
		ck_abort_msg("seed %llu: no finality after healing", (unsigned long long)seed);
	}
	uint64_t height = 0;
	for (uint32_t i = 0; i < honest; i++) {
		network_status(n, i, &status);
		if (status.final_height > height)
			height = status.final_height;
	}
	network_run(n, 10000, NULL, NULL);
	for (uint32_t i = 0; i < honest; i++) {
		network_status(n, i, &status);
		ck_assert_msg(status.final_height >= height, "seed %llu: node %u stays at %llu of %llu",
		              (unsigned long long)seed, i, (unsigned long long)status.final_height,
		              (unsigned long long)height);
	}
	payment_free(last);
}

static void submit_some(struct network *n, uint32_t nodes, uint64_t nonce, uint64_t *random)
{
	struct payment *payment =
	    fixture_payment(network_fixture(n), (uint32_t)(next_random(random) % 8),
	                    (uint32_t)(next_random(random) % 8), UNIT, network_now_s(n) + 60, nonce);
	uint32_t node = (uint32_t)(next_random(random) % nodes);

	if (network_up(n, node))
		network_submit(n, node, nonce + 1, payment);
	payment_free(payment);
}

static struct network_options seed_options(uint64_t seed, uint64_t *random)
{
	const uint32_t sizes[] = {4, 6, 7};
	struct network_options o = {
	    .validators = sizes[seed % 3], .accounts = 8, .balance = 100 * UNIT, .seed = seed, .delay_min_ms = 1};

	o.delay_max_ms = (uint32_t)(1 + next_random(random) % 60);
	o.commit_ms = (uint32_t)(1 + next_random(random) % 10);
	o.loss_percent = (uint32_t)(next_random(random) % 15);
	return o;
}

static void check_twins(uint64_t seed)
{
	uint64_t random = seed;
	struct network_options o = seed_options(seed, &random);

	o.twins = o.validators == 7 ? 2 : 1;
	uint32_t nodes = o.validators + o.twins;
	struct network *n = network_new(&o);
	network_start_all(n);
	for (uint32_t i = 0; i < 40; i++) {
		submit_some(n, nodes, i, &random);
		network_run(n, next_random(&random) % 200, NULL, NULL);
		disturb(n, nodes, &random);
	}
	heal(n, nodes);
	check_healed(n, nodes, seed, NULL);
	network_free(n);
}

static void check_liar(uint64_t seed)
{
	uint64_t random = seed;
	struct network_options o = seed_options(seed, &random);
	struct liar *liar = calloc(1, sizeof(*liar));

	ck_assert_ptr_nonnull(liar);
	o.tap = liar_hears;
	o.tap_context = liar;
	struct network *n = network_new(&o);
	liar->network = n;
	liar->random = seed;
	liar->self = o.validators - 1;
	liar->honest = o.validators - 1;
	for (uint32_t i = 0; i < liar->honest; i++)
		network_start(n, i);
	for (uint32_t i = 0; i < 400; i++) {
		liar_speaks(liar);
		network_run(n, next_random(&random) % 20, NULL, NULL);
		if (i % 10)
			continue;
		submit_some(n, liar->honest, i, &random);
		disturb(n, liar->honest, &random);
	}
	heal(n, liar->honest);
	check_healed(n, liar->honest, seed, liar);
	for (size_t i = 0; i < MEMORY; i++)
		free(liar->heard[i].bytes);
	network_free(n);
	free(liar);
}

static void each_seed(void (*check)(uint64_t seed), uint64_t count)
{
	const char *first = getenv("CHAOS_FIRST"), *seeds = getenv("CHAOS_SEEDS");
	uint64_t from = first ? strtoull(first, NULL, 10) : 1;

	count = seeds ? strtoull(seeds, NULL, 10) : count;
	for (uint64_t seed = from; seed < from + count; seed++)
		check(seed);
}

START_TEST(the_same_key_run_twice_never_breaks_agreement)
{
	each_seed(check_twins, 20);
}
END_TEST

START_TEST(a_validator_that_lies_never_breaks_agreement_nor_stops_the_others)
{
	each_seed(check_liar, 20);
}
END_TEST

UNIT_MAIN("chaos", the_same_key_run_twice_never_breaks_agreement,
          a_validator_that_lies_never_breaks_agreement_nor_stops_the_others)
