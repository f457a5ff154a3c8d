/* A validator's home whose records are not what a validator wrote, each with a checksum that holds: what decayed before
 * it was written, what an older program or a person left there. The input is a list of changes to the records of a home
 * that four validators filled. The home is then audited, as by `unciad check`, and a validator is started from it, let
 * vote, and asked for what it stores.
 *
 * Asserted: the audit finds fault or finds none, and never fails itself; the validator starts or says "damaged", and
 * ends, where at all, with that word; from a home in which the audit finds no fault it starts. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "audit.h"
#include "command.h"
#include "fuzz.h"
#include "message.pb-c.h"
#include "network.h"
#include "records.h"
#include "store_home.h"
#include "store_private.h"
#include "uncia/error.h"

#define SELF      1u
#define VALUE_MAX (1u << 16)
#define CHANGES   64u

/* ---- the home that each input starts from ---------------------------------------------------- */

static char directory[64];
static struct home home;
static struct store *store;
static struct payment *paid[6];

static bool all_final(struct network *n, void *context)
{
	(void)context;
	for (size_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++)
		if (!network_has_receipt(n, &paid[i]->id))
			return false;
	return true;
}

static void remove_home(void)
{
	store_close(store);
	store_home_remove(directory);
}

static void put(struct environment *e, unsigned table, const void *key, size_t key_size, const void *value, size_t size)
{
	const struct record_key record = {table, key, key_size};

	assert(records_put(e, e->view, NULL, &record, (struct bytes){value, size}, 0) == 0);
}

static void copy_journal(const struct storage_view *from)
{
	for (unsigned table = JOURNAL_VOTE; table < JOURNAL_TABLES; table++) {
		uint8_t next[JOURNAL_KEY_MAX + 1] = {0};
		size_t size = 0;
		struct bytes key, value;
		while (from->journal_seek(from->context, table, next, size, &key, &value) == 0) {
			put(&store->journal, table, key.data, key.size, value.data, value.size);
			memcpy(next, key.data, key.size);
			size = key.size;
			next[size++] = 0; /* the smallest key above this one */
		}
	}
}

/* From now on each environment is read through a transaction that writes, and that no one commits. */
static void begin(void)
{
	char why[WHY_SIZE];

	assert(environment_begin(&store->journal, &store->journal.view, why) == 0);
	assert(environment_begin(&store->state, &store->state.view, why) == 0);
}

static void end(bool commit)
{
	struct environment *both[] = {&store->journal, &store->state};
	char why[WHY_SIZE];

	for (size_t i = 0; i < 2; i++) {
		if (commit)
			assert(environment_commit(both[i], both[i]->view, 0, why) == 0);
		else
			environment_abandon(both[i], both[i]->view);
		both[i]->view = NULL;
	}
}

/* ---- a validator over it --------------------------------------------------------------------- */

struct world {
	struct replica *replica;
	struct actions actions;
	uint64_t now, nonce;
	int error; /* that it halted with */
};

static int stand_in(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	(void)context;
	memcpy(signature, statement->digest.b, HASH_SIZE);
	memset(signature + HASH_SIZE, 0, SIGNATURE_SIZE - HASH_SIZE);
	return 0;
}

static void step(struct world *w, struct event event);

static void hear(struct world *w, const struct bytes *bytes)
{
	Uncia__Pb__PeerMessage *message = uncia__pb__peer_message__unpack(NULL, bytes->size, bytes->data);

	assert(message);
	if (message->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST)
		w->nonce = message->newest_vote_request->nonce;
	uncia__pb__peer_message__free_unpacked(message, NULL);
}

/* Carries out at once what the last step asked for. What it asks for in turn is carried out with the next. */
static void carry_out(struct world *w)
{
	struct verify_job *job = NULL;
	struct flush *flush = NULL;
	uint64_t sequence = 0;

	for (size_t i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.items[i];
		if (a->kind == ACTION_JOURNAL_PUT)
			put(&store->journal, a->table, a->key.data, a->key.size, a->message.data, a->message.size);
		if (a->kind == ACTION_JOURNAL_PUT || a->kind == ACTION_JOURNAL_FORGET)
			sequence = a->sequence;
		if (a->kind == ACTION_SEND)
			hear(w, &a->message);
		if (a->kind == ACTION_VERIFY && !job)
			job = a->job; /* others are never answered */
		if (a->kind == ACTION_FLUSH)
			flush = a->flush;
	}
	if (flush)
		assert(state_write(&store->state, store->state.view, flush) == 0);
	for (size_t i = 0; job && i < job->count; i++)
		job->items[i].valid = job->sign || fuzz_signature_holds(job->items[i].signature);
	if (sequence)
		step(w, (struct event){.kind = EVENT_DURABLE, .sequence = sequence});
	if (flush) {
		if (w->error)
			flush_free(flush);
		else
			step(w, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
	}
	if (job)
		step(w, (struct event){.kind = EVENT_VERIFIED, .job = job});
}

static void step(struct world *w, struct event event)
{
	if (w->error)
		return;
	event.now_ms = w->now;
	event.wall_ms = FIXTURE_TIME_MS + 10000 + w->now;
	w->error = replica_step(w->replica, &event, &w->actions);
	if (w->error && w->error != UNCIA_E_DAMAGED && w->error != REPLICA_E_FAULTY)
		fprintf(stderr, "a step ends with %d, event %d\n", w->error, (int)event.kind);
	assert(w->error == 0 || w->error == UNCIA_E_DAMAGED || w->error == REPLICA_E_FAULTY);
	if (!w->error)
		carry_out(w);
}

static void pass(struct world *w, uint64_t ms)
{
	w->now += ms;
	step(w, (struct event){.kind = EVENT_TIMER});
}

static void say_peer(struct world *w, uint32_t peer, Uncia__Pb__PeerMessage__KindCase kind, void *part)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t *bytes;
	size_t size;

	message.kind_case = kind;
	message.status = part;
	assert(canonical_encode(&message.base, &bytes, &size) == 0);
	step(w, (struct event){.kind = EVENT_PEER_MESSAGE, .peer = peer, .message = {bytes, size}});
	free(bytes);
}

static void ask_wallet(struct world *w, Uncia__Pb__WalletRequest__KindCase kind, void *part)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	uint8_t *bytes;
	size_t size;

	request.request_id = 1;
	request.kind_case = kind;
	request.submit = part;
	assert(canonical_encode(&request.base, &bytes, &size) == 0);
	step(w, (struct event){.kind = EVENT_WALLET_MESSAGE, .wallet = 1, .message = {bytes, size}});
	free(bytes);
}

static void ask_everything(struct world *w)
{
	Uncia__Pb__SyncRequest sync = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__CertificatesRequest certificates = UNCIA__PB__CERTIFICATES_REQUEST__INIT;
	Uncia__Pb__NewestVoteReply reply = UNCIA__PB__NEWEST_VOTE_REPLY__INIT;
	Uncia__Pb__NewestVoteRequest newest = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	for (uint32_t peer = 0; peer < FUZZ_VALIDATORS; peer++)
		if (peer != SELF)
			step(w, (struct event){.kind = EVENT_PEER_UP, .peer = peer});
	pass(w, 1000);
	reply.nonce = w->nonce;
	for (uint32_t peer = 2; peer < FUZZ_VALIDATORS; peer++)
		say_peer(w, peer, UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY, &reply);
	sync.from_height = 1;
	certificates.to_view = UINT64_MAX;
	say_peer(w, 0, UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST, &sync);
	sync.headers = true;
	say_peer(w, 2, UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST, &sync);
	say_peer(w, 0, UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST, &certificates);
	say_peer(w, 0, UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST, &newest);
	for (uint32_t account = 0; account < FUZZ_ACCOUNTS; account++) {
		Uncia__Pb__AccountQuery balance = UNCIA__PB__ACCOUNT_QUERY__INIT;
		Uncia__Pb__HistoryQuery history = UNCIA__PB__HISTORY_QUERY__INIT;
		struct fixture_key key;
		fixture_account(account, &key);
		balance.address = (ProtobufCBinaryData){ADDRESS_SIZE, key.address.b};
		history.address = balance.address;
		history.limit = 64;
		ask_wallet(w, UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT, &balance);
		ask_wallet(w, UNCIA__PB__WALLET_REQUEST__KIND_HISTORY, &history);
		Uncia__Pb__Watch watch = UNCIA__PB__WATCH__INIT;
		watch.address = balance.address;
		ask_wallet(w, UNCIA__PB__WALLET_REQUEST__KIND_WATCH, &watch);
	}
	for (size_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++) {
		Uncia__Pb__PaymentQuery receipt = UNCIA__PB__PAYMENT_QUERY__INIT;
		Uncia__Pb__Submit again = UNCIA__PB__SUBMIT__INIT;
		receipt.payment_id = (ProtobufCBinaryData){sizeof(paid[i]->id.b), paid[i]->id.b};
		again.payment = (ProtobufCBinaryData){paid[i]->size, (uint8_t *)(uintptr_t)paid[i]->bytes};
		ask_wallet(w, UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT, &receipt);
		ask_wallet(w, UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT, &again);
	}
	for (unsigned i = 0; i < 8; i++)
		pass(w, 700);
}

/* Returns what it ended with, or 0. */
static int run_validator(void)
{
	struct replica_config config = {.genesis = &home.genesis, .self = SELF, .sign = stand_in};
	struct world w = {.now = 1000};

	store_view(store, &config.view);
	int error = replica_new(&config, &w.replica);
	assert(error == 0 || error == UNCIA_E_DAMAGED);
	if (error)
		return error;
	assert(actions_init(&w.actions) == 0);
	step(&w, (struct event){.kind = EVENT_START});
	if (!w.error)
		ask_everything(&w);
	replica_free(w.replica);
	actions_deinit(&w.actions);
	return w.error;
}

static void make_home(void)
{
	struct network *n = network_new(&(struct network_options){.validators = FUZZ_VALIDATORS,
	                                                          .accounts = FUZZ_ACCOUNTS,
	                                                          .balance = FUZZ_BALANCE,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});
	struct storage_view journal;
	struct flush *genesis;
	char why[WHY_SIZE];

	for (uint32_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++) {
		paid[i] = fixture_payment(network_fixture(n), i, i + 1, 1000 + i, FIXTURE_TIME_S + 300, i);
		network_submit(n, i % FUZZ_VALIDATORS, 1, paid[i]);
		if (i == 0)
			network_start_all(n);
		network_run(n, 50, NULL, NULL);
	}
	for (uint32_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++)
		network_submit(n, 0, 1, paid[i]);
	assert(network_run(n, 60000, all_final, NULL));
	snprintf(directory, sizeof(directory), "%s/fuzz_stored.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert(mkdtemp(directory));
	home = (struct home){.path = directory, .genesis = fuzz_network()->genesis, .self = SELF};
	memcpy(home.keys.consensus_public, fuzz_network()->validators[SELF].consensus.public_key, PUBLIC_KEY_SIZE);
	assert(genesis_flush(&home.genesis, &genesis) == 0);
	assert(store_create(directory, &home.genesis.network_id, home.keys.consensus_public, genesis) == 0);
	flush_free(genesis);
	const struct store_options options = {.home = directory,
	                                      .network_id = &home.genesis.network_id,
	                                      .consensus_key = home.keys.consensus_public,
	                                      .map_size = 1u << 24};
	assert(store_open_options(&options, &store, why) == 0);
	atexit(remove_home);
	/* Freed here: from now on the views are transactions that write. */
	mdb_txn_abort(store->journal.view);
	mdb_txn_abort(store->state.view);
	begin();
	network_view(n, SELF, &journal);
	copy_journal(&journal);
	assert(run_validator() == 0); /* which brings the state up to date */
	end(true);
	network_free(n);
}

/* ---- the changes ----------------------------------------------------------------------------- */

struct record {
	uint8_t key[JOURNAL_KEY_MAX], value[VALUE_MAX];
	size_t key_size, value_size;
};

/* The record of that number in the table; an empty one where the table is. */
static void find(struct environment *e, unsigned table, unsigned number, struct record *found)
{
	MDB_stat st;
	struct record_cursor cursor;
	MDB_val key;
	struct bytes payload;
	char why[WHY_SIZE];

	found->key_size = found->value_size = 0;
	assert(mdb_stat(e->view, e->tables[table], &st) == 0);
	if (!st.ms_entries)
		return;
	assert(records_open(e, e->view, table, &cursor, why) == 0);
	for (number = number % (unsigned)st.ms_entries + 1; number; number--)
		assert(records_seek(&cursor, MDB_NEXT, &key, &payload, why) == 0);
	assert(key.mv_size <= sizeof(found->key) && payload.size <= sizeof(found->value));
	memcpy(found->key, key.mv_data, key.mv_size);
	memcpy(found->value, payload.data, payload.size);
	found->key_size = key.mv_size;
	found->value_size = payload.size;
	records_close(&cursor);
}

static void take_key(const struct environment *e, unsigned table, struct bytes *input, struct record *record)
{
	uint8_t size = fuzz_byte(input);

	record->key_size = e->form->tables[table].integer_key ? 8 : 1 + size % JOURNAL_KEY_MAX;
	memset(record->key, 0, sizeof(record->key));
	struct bytes key = fuzz_take(input, record->key_size);
	if (key.size)
		memcpy(record->key, key.data, key.size);
}

static void take_value(struct bytes *input, struct record *record, size_t at)
{
	struct bytes value = fuzz_take(input, (size_t)fuzz_number(input, 2) % (VALUE_MAX - at));

	if (value.size)
		memcpy(record->value + at, value.data, value.size);
	record->value_size = at + value.size;
}

static void change(struct bytes *input)
{
	static struct record record, other;
	uint8_t op = fuzz_byte(input), number = fuzz_byte(input);
	struct environment *e = op & 0x80 ? &store->state : &store->journal;
	unsigned table = (op >> 3 & 15) % e->form->table_count;
	uint16_t at;

	find(e, table, number, &record);
	switch (op & 7) {
	case 0: /* it is gone */
		if (record.key_size) {
			MDB_val key = {record.key_size, record.key};
			assert(mdb_del(e->view, e->tables[table], &key, NULL) == 0);
		}
		return;
	case 1: /* another value */
		take_value(input, &record, 0);
		break;
	case 2: /* another byte */
		at = (uint16_t)fuzz_number(input, 2);
		if (record.value_size)
			record.value[at % record.value_size] ^= fuzz_byte(input);
		break;
	case 3: /* another end */
		at = (uint16_t)fuzz_number(input, 2);
		take_value(input, &record, record.value_size ? at % record.value_size : 0);
		break;
	case 4: /* under another key, too */
		take_key(e, table, input, &record);
		break;
	case 5: /* with the value of another */
		find(e, table, fuzz_byte(input), &other);
		memcpy(record.value, other.value, other.value_size);
		record.value_size = other.value_size;
		break;
	case 6: /* all new */
		take_key(e, table, input, &record);
		take_value(input, &record, 0);
		break;
	case 7: /* another byte of the key */
		at = fuzz_byte(input);
		if (record.key_size)
			record.key[at % record.key_size] ^= fuzz_byte(input);
		break;
	}
	if (record.key_size)
		put(e, table, record.key, record.key_size, record.value, record.value_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	struct audit_report report;

	if (!store)
		make_home();
	begin();
	for (unsigned i = 0; input.size && i < CHANGES; i++)
		change(&input);
	int audited = audit_run(&home, store, &(struct audit_options){.directory = directory, .threads = 1}, &report);
	assert(audited == EXIT_DONE || audited == EXIT_MISMATCH);
	int started = run_validator();
	assert(audited == EXIT_MISMATCH || started == 0);
	end(false);
	return 0;
}
