/* A whole validator where memory ends (faults: the n-th allocation fails, for every n, alone and with all after it),
 * from its start over a store with a chain in it to the receipt of a payment: the step says so and nothing of it is
 * carried out, nothing leaks, and the store brings it back: the payment becomes final once. */
#include "fixture.h"
#include "heap.h"
#include "memory_store.h"
#include "message.pb-c.h"
#include "ledger.h"
#include "replica.h"
#include "uncia/error.h"
#include "unit.h"

#define WALLET 7

static struct fixture network;

struct world {
	struct memory_store *store;
	struct replica *replica;
	struct actions actions;
	uint64_t now, timer_at, receipts;
	struct verify_job *job; /* one at a time is enough here */
	struct flush *flush;
	bool halted;
};

static int sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	(void)context;
	return sign_digest(network.validators[0].consensus.secret_key, &statement->digest, signature);
}

static void heard(struct world *w, const struct bytes *bytes)
{
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, bytes->size, bytes->data);

	ck_assert_ptr_nonnull(reply);
	w->receipts += reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

/* The one commit of the turn. Returns the sequence that is durable with it. */
static uint64_t commit(struct world *w)
{
	uint64_t sequence = 0;

	for (size_t i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.items[i];
		if (a->kind == ACTION_JOURNAL_PUT)
			ck_assert_int_eq(memory_store_put(w->store, a->table, a->key.data, a->key.size, a->message.data,
			                                  a->message.size),
			                 0);
		else if (a->kind == ACTION_JOURNAL_FORGET)
			memory_store_forget(w->store, a->view);
		else
			continue;
		sequence = a->sequence;
	}
	return sequence;
}

static void step(struct world *w, struct event event)
{
	if (w->halted)
		return;
	event.now_ms = w->now;
	event.wall_ms = FIXTURE_TIME_MS + w->now;
	heap_hold(0);
	int error = replica_step(w->replica, &event, &w->actions);
	heap_hold(1);
	if (error) {
		ck_assert_int_eq(error, UNCIA_E_MEMORY);
		ck_assert(heap_failed());
		/* "Returns a negative code with ACTION_HALT as the last action", of which there may be no memory left.
		 */
		ck_assert_uint_le(w->actions.count, 1);
		ck_assert(!w->actions.count || w->actions.items[0].kind == ACTION_HALT);
		w->halted = true;
		return;
	}
	uint64_t sequence = commit(w);
	for (size_t i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.items[i];
		if (a->kind == ACTION_ANSWER)
			heard(w, &a->message);
		else if (a->kind == ACTION_TIMER)
			w->timer_at = a->at_ms;
		else if (a->kind == ACTION_VERIFY)
			w->job = a->job;
		else if (a->kind == ACTION_FLUSH)
			w->flush = a->flush;
	}
	if (sequence)
		step(w, (struct event){.kind = EVENT_DURABLE, .sequence = sequence});
}

static void verify(struct world *w)
{
	struct verify_job *job = w->job;

	w->job = NULL;
	for (size_t i = 0; i < job->count; i++)
		job->items[i].valid =
		    job->sign || sign_verify(job->items[i].public_key, &job->items[i].digest, job->items[i].signature);
	step(w, (struct event){.kind = EVENT_VERIFIED, .job = job});
}

static void store_flush(struct world *w)
{
	struct flush *flush = w->flush;

	w->flush = NULL;
	ck_assert_int_eq(memory_store_apply(w->store, flush), 0);
	step(w, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

/* Lets it run for so long, or until it halts. */
static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end = w->now + ms; !w->halted;) {
		if (w->job) {
			verify(w);
		} else if (w->flush) {
			store_flush(w);
		} else if (w->timer_at > end) {
			w->now = end;
			return;
		} else {
			w->now = w->timer_at > w->now ? w->timer_at : w->now + 1;
			step(w, (struct event){.kind = EVENT_TIMER});
		}
	}
}

static void submit(struct world *w, const struct payment *payment)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit part = UNCIA__PB__SUBMIT__INIT;
	uint8_t *bytes;
	size_t size;

	part.payment = (ProtobufCBinaryData){payment->size, (uint8_t *)(uintptr_t)payment->bytes};
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &part;
	ck_assert_int_eq(canonical_encode(&request.base, &bytes, &size), 0);
	step(w, (struct event){.kind = EVENT_WALLET_MESSAGE, .wallet = WALLET, .message = {bytes, size}});
	free(bytes);
}

/* Starts over the store at a time after all that lies there. Returns whether it did. */
static bool start(struct world *w, struct memory_store *store, uint64_t now)
{
	struct replica_config config = {.genesis = &network.genesis, .self = 0, .sign = sign, .mempool_max = 16};

	*w = (struct world){.store = store, .now = now, .timer_at = UINT64_MAX};
	memory_store_view(store, &config.view);
	heap_hold(0);
	int error = actions_init(&w->actions);
	if (!error)
		error = replica_new(&config, &w->replica);
	heap_hold(1);
	if (error) {
		ck_assert_int_eq(error, UNCIA_E_MEMORY);
		ck_assert(heap_failed());
		return false;
	}
	step(w, (struct event){.kind = EVENT_START});
	return !w->halted;
}

static void end(struct world *w)
{
	replica_free(w->replica);
	flush_free(w->flush);
	actions_deinit(&w->actions);
}

static unsigned times_final(struct memory_store *store, const struct payment *payment)
{
	struct storage_view view;
	struct bytes value;
	unsigned times = 0;

	memory_store_view(store, &view);
	for (uint64_t height = 1;; height++) {
		uint8_t key[8], block_key[8 + HASH_SIZE];
		struct block *block;
		for (int i = 0; i < 8; i++)
			key[i] = (uint8_t)(height >> (56 - 8 * i));
		if (view.journal_get(view.context, JOURNAL_FINAL, key, sizeof(key), &value))
			return times;
		ck_assert_uint_eq(value.size, sizeof(block_key));
		memcpy(block_key, value.data, sizeof(block_key));
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, block_key, sizeof(block_key), &value),
		                 0);
		ck_assert_int_eq(block_decode(&network.genesis.network_id, value.data, value.size, &block), 0);
		for (uint32_t i = 0; i < block->count; i++)
			times += memcmp(&block->payments[i]->id, &payment->id, sizeof(payment->id)) == 0;
		block_free(block);
	}
}

static struct payment *before, *paid;

/* Returns whether an allocation failed. */
static bool pay_without(const struct memory_store *filled, uint64_t nth, bool once)
{
	struct memory_store *store = memory_store_copy(filled);
	struct world w;

	if (once)
		heap_fail_once(nth);
	else
		heap_fail_from(nth);
	bool started = start(&w, store, 10000);
	if (started) {
		submit(&w, paid);
		pass(&w, 2000);
	}
	bool failed = heap_failed();
	heap_fail_from(0);
	/* It halts, or goes on as if nothing had been. */
	ck_assert_msg(!started || w.halted || w.receipts == 1, "allocation %llu", (unsigned long long)nth);
	ck_assert(!w.receipts || times_final(store, paid) == 1);
	end(&w);
	/* With memory again. */
	ck_assert(start(&w, store, 20000));
	submit(&w, paid);
	submit(&w, before);
	pass(&w, 2000);
	ck_assert_uint_eq(w.receipts, 2);
	ck_assert_uint_eq(times_final(store, paid), 1);
	ck_assert_uint_eq(times_final(store, before), 1);
	end(&w);
	memory_store_free(store);
	return failed;
}

START_TEST(validator_without_memory_halts_and_its_store_brings_it_back)
{
	struct memory_store *store = memory_store_new();
	struct flush *genesis;
	struct world w;

	heap_hold(1);
	fixture_init(&network, 1, 4, 1000000);
	before = fixture_payment(&network, 0, 1, 5000, FIXTURE_TIME_S + 600, 1);
	paid = fixture_payment(&network, 1, 2, 5000, FIXTURE_TIME_S + 600, 2);
	ck_assert_int_eq(genesis_flush(&network.genesis, &genesis), 0);
	ck_assert_int_eq(memory_store_apply(store, genesis), 0);
	flush_free(genesis);
	ck_assert(start(&w, store, 1000));
	submit(&w, before);
	pass(&w, 2500);
	ck_assert_uint_eq(w.receipts, 1);
	end(&w);
	uint64_t n = 1;
	for (bool failed = true; failed; n++)
		for (int once = 0; once < 2; once++)
			failed = pay_without(store, n, once);
	ck_assert_uint_ge(n, 100);
	payment_free(before);
	payment_free(paid);
	memory_store_free(store);
	fixture_deinit(&network);
	heap_hold(0);
}
END_TEST

UNIT_MAIN("replica_memory", validator_without_memory_halts_and_its_store_brings_it_back)
