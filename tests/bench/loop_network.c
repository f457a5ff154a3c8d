/* See loop_network.h. */
#include "loop_network.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "entry.h"
#include "fixture.h"
#include "ledger.h"
#include "loop_sections.h"
#include "loop_store.h"
#include "message.pb-c.h"
#include "replica.h"

#define MEASURED 0u  /* the validator whose steps are timed */
#define LINKS    16u /* of wallets to each validator */
#define TOGETHER 32u /* signatures whose verdicts come back at once, as of a chunk of the verifier's */
#define FLUSH_MS 5u

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "loop_network:%d: %s\n", __LINE__, #condition);                                \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

const char *const step_names[STEPS] = {
    [STEP_SUBMIT] = "a wallet's payment",
    [STEP_GOSSIP] = "payments of a validator",
    [STEP_CHECKED] = "verdicts on payments",
    [STEP_PROPOSAL] = "a proposal",
    [STEP_VOTE] = "a vote",
    [STEP_CERTIFICATE] = "a certificate",
    [STEP_CHECKED_URGENT] = "verdicts on votes, proposals",
    [STEP_DURABLE] = "a commit is durable",
    [STEP_FLUSHED] = "a flush is stored",
    [STEP_TIMER] = "the timer",
    [STEP_OTHER] = "anything else",
};
/* The first byte of a PeerMessage names its kind: the field's number and wire type. */
enum { FIELD_PROPOSE = 1 << 3 | 2, FIELD_VOTE = 2 << 3 | 2, FIELD_CERTIFICATE = 3 << 3 | 2, FIELD_GOSSIP = 4 << 3 | 2 };

/* ---- a committee in one thread ------------------------------------------------------------------- */

struct letter { /* a message on its way */
	struct letter *next;
	uint64_t at;
	uint32_t from;   /* a validator */
	uint64_t wallet; /* or, unless 0, this one */
	size_t size;
	uint8_t bytes[];
};

struct jobs {
	struct verify_job *first, **last;
	size_t items;
};

struct node {
	struct replica *replica;
	struct actions actions;
	struct loop_store *store;
	struct letter *letters, **letters_last;
	struct jobs urgent, patient;
	struct record *records, **records_last, *committing;
	uint64_t sequence, committing_sequence, commit_at; /* 0: none is under way */
	struct flush *flush;
	uint64_t flush_at, timer_at;
};

struct account {
	struct address address;
	uint8_t key[PUBLIC_KEY_SIZE];
};

static struct bench {
	struct loop_shape shape;
	struct fixture fixture;
	struct account *accounts;
	struct node nodes[LOOP_VALIDATORS_MAX];
	uint64_t now_ms, random;
	bool measuring, proposed;
	uint64_t fed;
	struct loop_totals totals;
} b;

static uint64_t random_next(void)
{
	uint64_t x = b.random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void letter_send(uint32_t to, uint32_t from, uint64_t wallet, const void *bytes, size_t size)
{
	struct node *node = &b.nodes[to];
	struct letter *letter = malloc(sizeof(*letter) + size);

	MUST(letter);
	*letter = (struct letter){.at = b.now_ms + 1, .from = from, .wallet = wallet, .size = size};
	memcpy(letter->bytes, bytes, size);
	*node->letters_last = letter;
	node->letters_last = &letter->next;
}

/* ---- what a step asks for ------------------------------------------------------------------------ */

static void jobs_add(struct jobs *jobs, struct verify_job *job)
{
	job->next = NULL;
	for (size_t i = 0; i < job->count; i++)
		job->items[i].valid = !job->sign;
	*jobs->last = job;
	jobs->last = &job->next;
	jobs->items += job->count;
}

static struct verify_job *jobs_take(struct jobs *jobs)
{
	struct verify_job *first = jobs->first;

	*jobs = (struct jobs){.last = &jobs->first};
	return first;
}

static void journal(struct node *node, const struct action *action)
{
	bool put = action->kind == ACTION_JOURNAL_PUT;
	size_t size = put ? action->key.size + action->message.size : 0;
	struct record *record = malloc(sizeof(*record) + size);

	MUST(record);
	*record = (struct record){.table = put ? action->table : 0, .view = action->view};
	if (put) {
		record->key_size = action->key.size;
		record->value_size = action->message.size;
		memcpy(record->bytes, action->key.data, action->key.size);
		memcpy(record->bytes + action->key.size, action->message.data, action->message.size);
	}
	*node->records_last = record;
	node->records_last = &record->next;
	node->sequence = action->sequence;
	if (b.measuring && node == &b.nodes[MEASURED])
		b.totals.journal_bytes += size;
}

static void send_out(uint32_t from, const struct action *action)
{
	const struct bytes *m = &action->message;

	if (m->data[0] == FIELD_PROPOSE)
		b.proposed = true;
	for (uint32_t to = 0; to < b.shape.validators; to++) {
		if (to == from || (action->peer != PEER_ALL && action->peer != to))
			continue;
		letter_send(to, from, 0, m->data, m->size);
		if (b.measuring && from == MEASURED)
			b.totals.sent_bytes += m->size;
	}
}

static void carry_out(uint32_t at, const struct action *action)
{
	struct node *node = &b.nodes[at];

	switch (action->kind) {
	case ACTION_JOURNAL_PUT:
	case ACTION_JOURNAL_FORGET:
		journal(node, action);
		break;
	case ACTION_SEND:
		send_out(at, action);
		break;
	case ACTION_VERIFY:
		jobs_add(action->job->urgent ? &node->urgent : &node->patient, action->job);
		break;
	case ACTION_ANSWER:
		if (b.measuring && at == MEASURED) {
			b.totals.answers++;
			b.totals.answer_bytes += action->message.size;
		}
		break;
	case ACTION_TIMER:
		node->timer_at = action->at_ms;
		break;
	case ACTION_FLUSH:
		node->flush = action->flush;
		node->flush_at = b.now_ms + FLUSH_MS;
		break;
	case ACTION_FINAL:
		if (at != MEASURED)
			break;
		b.totals.payments += action->count;
		b.totals.blocks += action->count > 0;
		break;
	case ACTION_NOTE:
		break;
	default: /* nobody drops a link here, or ends */
		fprintf(stderr, "loop_bench: an action of kind %d: %.*s\n", (int)action->kind,
		        (int)action->message.size, (const char *)action->message.data);
		exit(1);
	}
}

static void step(uint32_t at, enum step_kind kind, struct event event)
{
	struct node *node = &b.nodes[at];
	bool timed = b.measuring && at == MEASURED;

	event.now_ms = b.now_ms;
	event.wall_ms = FIXTURE_TIME_MS + b.now_ms;
	if (timed)
		sections_step();
	int error = replica_step(node->replica, &event, &node->actions);
	if (timed) {
		b.totals.us[kind] += sections_step_end();
		b.totals.steps[kind]++;
	}
	MUST(error == 0);
	for (size_t i = 0; i < node->actions.count; i++)
		carry_out(at, &node->actions.items[i]);
}

/* ---- turns ----------------------------------------------------------------------------------------- */

static void hand_back(uint32_t at, size_t at_least)
{
	struct node *node = &b.nodes[at];

	while (node->urgent.first || node->patient.items >= at_least) {
		if (node->urgent.first)
			step(at, STEP_CHECKED_URGENT,
			     (struct event){.kind = EVENT_VERIFIED, .job = jobs_take(&node->urgent)});
		else if (node->patient.first)
			step(at, STEP_CHECKED,
			     (struct event){.kind = EVENT_VERIFIED, .job = jobs_take(&node->patient)});
		else
			return;
	}
}

static enum step_kind kind_of(const struct letter *letter)
{
	if (letter->wallet)
		return STEP_SUBMIT;
	switch (letter->bytes[0]) {
	case FIELD_PROPOSE:
		return STEP_PROPOSAL;
	case FIELD_VOTE:
		return STEP_VOTE;
	case FIELD_CERTIFICATE:
		return STEP_CERTIFICATE;
	case FIELD_GOSSIP:
		return STEP_GOSSIP;
	default:
		return STEP_OTHER;
	}
}

static void read_letters(uint32_t at)
{
	struct node *node = &b.nodes[at];

	while (node->letters && node->letters->at <= b.now_ms) {
		struct letter *letter = node->letters;
		node->letters = letter->next;
		if (!node->letters)
			node->letters_last = &node->letters;
		if (b.measuring && at == MEASURED)
			b.totals.received_bytes += letter->size;
		step(at, kind_of(letter),
		     (struct event){.kind = letter->wallet ? EVENT_WALLET_MESSAGE : EVENT_PEER_MESSAGE,
		                    .peer = letter->from,
		                    .wallet = letter->wallet,
		                    .message = {letter->bytes, letter->size}});
		free(letter);
		hand_back(at, TOGETHER);
	}
	hand_back(at, 1);
}

static void commit_done(uint32_t at)
{
	struct node *node = &b.nodes[at];

	loop_store_commit(node->store, node->committing);
	node->committing = NULL;
	node->commit_at = 0;
	step(at, STEP_DURABLE, (struct event){.kind = EVENT_DURABLE, .sequence = node->committing_sequence});
}

static void flush_done(uint32_t at)
{
	struct node *node = &b.nodes[at];
	struct flush *flush = node->flush;

	node->flush = NULL;
	loop_store_flush(node->store, flush);
	step(at, STEP_FLUSHED, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

static void turn(uint32_t at)
{
	struct node *node = &b.nodes[at];

	read_letters(at);
	if (node->commit_at && node->commit_at <= b.now_ms)
		commit_done(at);
	if (node->flush && node->flush_at <= b.now_ms)
		flush_done(at);
	if (node->timer_at && node->timer_at <= b.now_ms) {
		node->timer_at = 0;
		step(at, STEP_TIMER, (struct event){.kind = EVENT_TIMER});
	}
	hand_back(at, 1);
	if (node->records && !node->commit_at) {
		node->committing = node->records;
		node->committing_sequence = node->sequence;
		node->commit_at = b.now_ms + 1;
		node->records = NULL;
		node->records_last = &node->records;
	}
}

/* ---- payments ---------------------------------------------------------------------------------------- */

/* From one account to others, all random among all. Nobody checks what signed it. */
static void submit_next(void)
{
	static Uncia__Pb__Submit submit;
	const struct account *from = &b.accounts[random_next() % b.shape.accounts];
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key key = {.address = from->address};
	uint8_t bytes[MESSAGE_SIZE_REQUEST_MAX];

	for (uint32_t i = 0; i < b.shape.outputs; i++)
		outputs[i] = (struct output){.to = b.accounts[random_next() % b.shape.accounts].address,
		                             .amount = FIXTURE_SMALLEST_AMOUNT};
	memcpy(key.public_key, from->key, PUBLIC_KEY_SIZE);
	memcpy(key.secret_key, from->key, PUBLIC_KEY_SIZE);
	memcpy(key.secret_key + SECRET_KEY_SIZE - PUBLIC_KEY_SIZE, from->key, PUBLIC_KEY_SIZE);
	uint32_t expires_at = FIXTURE_TIME_S + (uint32_t)(b.now_ms / 1000) + 600;
	struct payment *payment =
	    fixture_payment_outputs(&b.fixture, &key, outputs, b.shape.outputs, expires_at, b.fed);
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	uncia__pb__submit__init(&submit);
	submit.payment = (ProtobufCBinaryData){payment->size, (uint8_t *)(uintptr_t)payment->bytes};
	request.request_id = b.fed + 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &submit;
	size_t size = uncia__pb__wallet_request__get_packed_size(&request);
	MUST(size <= sizeof(bytes));
	uncia__pb__wallet_request__pack(&request, bytes);
	uint32_t validator = b.fed % b.shape.validators;
	uint64_t wallet = 1 + b.fed / b.shape.validators % LINKS;
	letter_send(validator, 0, wallet, bytes, size);
	payment_free(payment);
	b.fed++;
}

/* As many as a block is to have come while the one before is voted on. */
static void feed(void)
{
	uint64_t waiting = b.fed - b.totals.payments;

	if (!b.proposed && waiting)
		return;
	b.proposed = false;
	for (uint32_t i = 0; waiting < 4 * (uint64_t)b.shape.block && i < b.shape.block; i++)
		submit_next();
}

/* ---- the network -------------------------------------------------------------------------------------- */

static int compare_accounts(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct address));
}

/* Addresses of keys that nobody has. */
static void make_accounts(void)
{
	struct genesis *genesis = &b.fixture.genesis;

	b.accounts = calloc(b.shape.accounts, sizeof(*b.accounts));
	genesis->accounts = calloc(b.shape.accounts, sizeof(*genesis->accounts));
	MUST(b.accounts && genesis->accounts);
	for (uint32_t i = 0; i < b.shape.accounts; i++) {
		struct hash key = fixture_hash(i);
		memcpy(b.accounts[i].key, key.b, PUBLIC_KEY_SIZE);
		address_of_key(b.accounts[i].key, &b.accounts[i].address);
	}
	qsort(b.accounts, b.shape.accounts, sizeof(*b.accounts), compare_accounts);
	genesis->account_count = b.shape.accounts;
	for (uint32_t i = 0; i < b.shape.accounts; i++)
		genesis->accounts[i] = (struct genesis_account){b.accounts[i].address, 1000000000};
	genesis->supply = UINT64_C(1000000000) * b.shape.accounts;
}

/* Each has paid before: its key is bound. */
static void bind_keys(struct flush *genesis)
{
	for (uint32_t i = 0; i < b.shape.accounts; i++) {
		uint64_t index = 1 + (uint64_t)i; /* behind the currency */
		uint8_t *bytes = genesis->records[index / GROUP_ENTRIES].entries + index % GROUP_ENTRIES * ENTRY_SIZE;
		struct entry entry;
		MUST(entry_decode(bytes, &entry) == 0 && address_equal(&entry.address, &b.accounts[i].address));
		entry.flags |= ENTRY_KEY_KNOWN;
		memcpy(entry.public_key, b.accounts[i].key, PUBLIC_KEY_SIZE);
		entry_encode(&entry, bytes);
	}
}

static int sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	const struct fixture_validator *validator = context;

	section_enter(SECTION_SIGN);
	int error = sign_digest(validator->consensus.secret_key, &statement->digest, signature);
	section_leave();
	return error;
}

static void node_up(uint32_t at, const char *directory)
{
	struct node *node = &b.nodes[at];
	struct replica_config config = {
	    .genesis = &b.fixture.genesis, .self = at, .sign = sign, .sign_context = &b.fixture.validators[at]};
	struct flush *genesis;

	/* Of zeros, all groups would have one hash. */
	for (uint32_t i = 0; i < sizeof(config.hash_seed); i++)
		config.hash_seed[i] = fixture_hash(at).b[i];
	*node = (struct node){.letters_last = &node->letters, .records_last = &node->records};
	node->urgent.last = &node->urgent.first;
	node->patient.last = &node->patient.first;
	MUST(actions_init(&node->actions) == 0);
	MUST(genesis_flush(&b.fixture.genesis, &genesis) == 0);
	bind_keys(genesis);
	node->store =
	    loop_store_new(directory, &b.fixture.genesis, b.fixture.validators[at].consensus.public_key, genesis);
	loop_store_view(node->store, &config.view);
	MUST(replica_new(&config, &node->replica) == 0);
}

void loop_up(const struct loop_shape *shape, const char *directory)
{
	memset(&b, 0, sizeof(b));
	b.shape = *shape;
	b.now_ms = 1000;
	b.random = 1;
	fixture_init(&b.fixture, shape->validators, 0, 0);
	make_accounts();
	for (uint32_t i = 0; i < shape->validators; i++)
		node_up(i, i == MEASURED ? directory : NULL);
	for (uint32_t i = 0; i < shape->validators; i++)
		step(i, STEP_OTHER, (struct event){.kind = EVENT_START});
	for (uint32_t i = 0; i < shape->validators; i++)
		for (uint32_t k = 0; k < shape->validators; k++)
			if (k != i)
				step(i, STEP_OTHER, (struct event){.kind = EVENT_PEER_UP, .peer = k});
}

static void free_letters(struct letter *letter)
{
	for (struct letter *next; letter; letter = next) {
		next = letter->next;
		free(letter);
	}
}

void loop_down(void)
{
	for (uint32_t i = 0; i < b.shape.validators; i++) {
		struct node *node = &b.nodes[i];
		replica_free(node->replica);
		flush_free(node->flush);
		actions_deinit(&node->actions);
		loop_store_free(node->store);
		free_letters(node->letters);
		records_free(node->records);
		records_free(node->committing);
	}
	fixture_deinit(&b.fixture);
	free(b.accounts);
}

void loop_run(uint64_t payments)
{
	uint64_t deadline = b.now_ms + 600000;

	while (b.totals.payments < payments) {
		MUST(b.now_ms < deadline);
		feed();
		b.now_ms++;
		for (uint32_t i = 0; i < b.shape.validators; i++)
			turn(i);
	}
}

void loop_time(bool timed)
{
	b.measuring = timed;
}

const struct loop_totals *loop_totals(void)
{
	return &b.totals;
}
