/* The audit: walks the final chain from the genesis, checks each block and certificate, executes every payment
 * again with the ledger's own rules, and compares the state that comes out with the one that is stored. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit_private.h"
#include "big_endian.h"
#include "command.h"
#include "uncia/error.h"

#define FLUSH_TOUCHES 200000u /* of accounts by settled payments: held in memory before they are stored */

/* ---- blocks ---------------------------------------------------------------------------------- */

static int audit_header(struct audit *a, uint64_t height, uint64_t view, const struct hash *id, const struct header *h)
{
	const struct committee *c = &a->home->genesis.committee;
	struct hash root;
	const char *wrong = NULL;
	assert(height == a->parent.height + 1);
	int error = ledger_settled_root(a->scratch.ledger, &root);
	if (error)
		return audit_judge(a, height, "the state root", error);
	if (memcmp(h->id.b, id->b, HASH_SIZE))
		wrong = "is not the block that the journal says is final";
	else if (h->epoch != c->epoch)
		wrong = "is of another epoch";
	else if (header_closes(h)) /* as in node/chain/chain.c: no block of this version does */
		wrong = "ends the epoch, or closes it";
	else if (h->height != height)
		wrong = "states another height";
	else if (h->view != view || view <= a->parent.view)
		wrong = "states a view out of order";
	else if (memcmp(h->parent_id.b, a->parent.id.b, HASH_SIZE))
		wrong = "does not link to the block before it";
	else if (h->timestamp_ms <= a->parent.timestamp_ms)
		wrong = "is not later than the block before it";
	else if (memcmp(h->committee_hash.b, c->hash.b, HASH_SIZE))
		wrong = "names another committee";
	else if (h->proposer != committee_leader(c, view))
		wrong = "was not proposed by the leader of its view";
	else if (memcmp(h->parent_state_root.b, root.b, HASH_SIZE))
		wrong = "states another state root than its parent's payments lead to";
	return wrong ? audit_mismatch(a, height, "the block %s", wrong) : 0;
}

#define SEEN_KEYS (1u << 19) /* places */

/* Keys that were handed over to be looked at, whether they may be bound, which costs two signatures: one look at each
 * is enough, since a wrong one ends the audit. A newer key takes the place of an older one of the same place. */
struct seen_keys {
	uint8_t seed[16];
	uint8_t keys[SEEN_KEYS][PUBLIC_KEY_SIZE]; /* zeros: none */
};

/* Whether it was there; it is from now on. Zeros, which somebody may give for a key, never were. */
static bool seen_before(struct seen_keys *seen, const uint8_t key[PUBLIC_KEY_SIZE])
{
	if (sodium_is_zero(key, PUBLIC_KEY_SIZE))
		return false;
	uint8_t *place = seen->keys[siphash(seen->seed, key, PUBLIC_KEY_SIZE) % SEEN_KEYS];
	if (memcmp(place, key, PUBLIC_KEY_SIZE) == 0)
		return true;
	memcpy(place, key, PUBLIC_KEY_SIZE);
	return false;
}

/* Each key must be one that may be bound. */
static void audit_signatures(struct audit *a, const struct block *block)
{
	struct verify_item item = {.check_key = true};
	for (uint32_t i = 0; i < block->count; i++) {
		const struct payment *p = block->payments[i];
		const struct audit_origin origin = {.height = block->header.height, .index = i};
		if (!payment_is_signed(p))
			continue;
		item.digest = p->digest;
		item.check_key = !seen_before(a->seen, p->public_key);
		memcpy(item.public_key, p->public_key, PUBLIC_KEY_SIZE);
		memcpy(item.signature, p->signature, SIGNATURE_SIZE);
		audit_pool_add(a->pool, &item, &origin);
	}
}

static int audit_execute(struct audit *a, const struct block *block)
{
	const struct header *h = &block->header;
	struct executed *executed;
	int error = ledger_begin(a->scratch.ledger, NULL, h->height, h->timestamp_ms, &executed);
	if (error)
		return audit_judge(a, h->height, "executing the block", error);
	int code = 0;
	for (uint32_t i = 0; i < block->count && !code; i++) {
		const struct payment *p = block->payments[i];
		char what[40];
		snprintf(what, sizeof(what), "payment %u of the block", i);
		error = ledger_add(a->scratch.ledger, executed, p);
		if (error)
			code = audit_judge(a, h->height, what, error);
	}
	ledger_end(executed, &h->id);
	if (!code && (error = ledger_settle(a->scratch.ledger, executed, NULL, NULL)) != 0)
		code = audit_judge(a, h->height, "the supply after the block", error);
	executed_release(a->scratch.ledger, executed);
	return code;
}

static int audit_block(struct audit *a, uint64_t height, uint64_t view, const struct hash *id)
{
	uint8_t key[8 + HASH_SIZE];
	struct bytes value;
	struct block *block;
	be64_put(key, view);
	memcpy(key + 8, id->b, HASH_SIZE);
	int error = a->view.journal_get(a->view.context, JOURNAL_BLOCK, key, sizeof(key), &value);
	if (!error)
		error = block_decode(&a->home->genesis.network_id, value.data, value.size, &block);
	if (error)
		return audit_judge(a, height, "the block", error);
	int code = audit_header(a, height, view, id, &block->header);
	if (!code) {
		audit_signatures(a, block);
		code = audit_execute(a, block);
	}
	a->parent.height = height;
	a->parent.view = view;
	a->parent.timestamp_ms = block->header.timestamp_ms;
	a->parent.id = *id;
	a->report->blocks++;
	a->report->payments += block->count;
	a->report->signatures += block->count;
	block_free(block);
	return code;
}

/* Blocks above the final chain, which a validator takes up at its start, too. Their payments are executed when they
 * become final, and not here. */
static int audit_blocks_above(struct audit *a)
{
	struct table_walk next = {.size = 8};
	be64_put(next.key, a->parent.view + 1);
	for (;;) {
		struct bytes key, value;
		struct block *block;
		int error = a->view.journal_seek(a->view.context, JOURNAL_BLOCK, next.key, next.size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		if (error)
			return audit_judge(a, a->tip_height, "reading the blocks above the final chain", error);
		if (key.size != BLOCK_KEY)
			return audit_mismatch(a, a->tip_height, "a block is stored under a key of the size %zu",
			                      key.size);
		audit_key_after(&key, &next);
		error = block_decode(&a->home->genesis.network_id, value.data, value.size, &block);
		if (error)
			return audit_judge(a, a->tip_height, "a block above the final chain", error);
		bool kept =
		    be64_get(key.data) == block->header.view && !memcmp(key.data + 8, block->header.id.b, HASH_SIZE);
		uint64_t view = block->header.view;
		block_free(block);
		if (!kept)
			return audit_mismatch(a, a->tip_height,
			                      "the block of view %" PRIu64 " is not what it is stored as", view);
	}
}

/* ---- the state ------------------------------------------------------------------------------- */

/* The stored state lags behind the tip, and is compared when the execution has come to its height. */
static int audit_state(struct audit *a, uint64_t height)
{
	char why[256] = "";
	assert(height == a->stored.height && height == a->parent.height);
	int code = scratch_flush(&a->scratch);
	if (code)
		return code;
	int error = store_compare_state(a->store, a->scratch.store, why);
	if (error == UNCIA_E_PROOF)
		return audit_mismatch(a, height, "the stored state is not what the payments lead to: %s", why);
	return error ? audit_judge(a, height, "comparing the state", error) : 0;
}

/* At the tip, both the recorded supply and the sum over all accounts must be the amount that the genesis created. */
static int audit_supply(struct audit *a)
{
	struct storage_view view;
	struct state_meta meta;
	struct group_record group;
	struct entry entry;
	amount_t sum = 0, recorded = 0;
	assert(a->parent.height == a->tip_height);
	int code = scratch_flush(&a->scratch);
	if (code)
		return code;
	store_view(a->scratch.store, &view);
	int error = view.meta(view.context, &meta);
	for (uint64_t i = 0; !error && i < meta.entry_count; i++) {
		if (i % GROUP_ENTRIES == 0)
			error = view.group(view.context, i / GROUP_ENTRIES, &group);
		if (!error)
			error = entry_decode(group.entries + i % GROUP_ENTRIES * ENTRY_SIZE, &entry);
		if (!error && entry.kind == ENTRY_CURRENCY)
			recorded = entry.balance;
		if (!error && (entry.kind == ENTRY_ACCOUNT || entry.kind == ENTRY_HOLD) &&
		    !amount_add(sum, entry.balance, &sum))
			error = UNCIA_E_AMOUNT;
	}
	if (error)
		return audit_judge(a, a->tip_height, "the supply", error);
	if (sum != a->home->genesis.supply || recorded != sum)
		return audit_mismatch(a, a->tip_height,
		                      "the accounts hold %" PRIu64 ", recorded are %" PRIu64 ", created %" PRIu64
		                      " micro-units",
		                      sum, recorded, a->home->genesis.supply);
	a->report->supply = sum;
	return 0;
}

/* ---- the chain ------------------------------------------------------------------------------- */

static int audit_height(struct audit *a, uint64_t height)
{
	uint64_t view = 0;
	struct hash id;
	int code = audit_read_final(a, height, &view, &id);
	if (!code)
		code = audit_block(a, height, view, &id);
	if (!code)
		code = audit_certificates(a, height, view, &id, false);
	if (!code && height == a->stored.height)
		code = audit_state(a, height);
	if (!code && ledger_unflushed(a->scratch.ledger) >= FLUSH_TOUCHES)
		code = scratch_flush(&a->scratch);
	return code;
}

static int audit_read_ends(struct audit *a)
{
	struct bytes key, value;
	int error = a->view.meta(a->view.context, &a->stored);
	if (error)
		return audit_judge(a, 0, "the state", error);
	error = a->view.journal_last(a->view.context, JOURNAL_FINAL, &key, &value);
	if (error && error != UNCIA_E_NOT_FOUND)
		return audit_judge(a, 0, "the end of the final chain", error);
	if (!error && key.size != 8)
		return audit_mismatch(a, 0, "a final block is recorded under a key of the size %zu", key.size);
	a->tip_height = error ? 0 : be64_get(key.data);
	/* storage §9: the state is never ahead of what the journal holds as final. */
	if (a->stored.height > a->tip_height)
		return audit_mismatch(a, a->tip_height, "the state is at height %" PRIu64 ", ahead of the journal",
		                      a->stored.height);
	return 0;
}

/* Who was stopped while it caught up has blocks that a certificate of a later one makes final: the headers between are
 * not kept (storage §4). Anybody else's newest block has its own. */
static int audit_covered(struct audit *a)
{
	if (a->covered_height != a->tip_height && !a->covered_above)
		return audit_mismatch(a, a->covered_height + 1,
		                      "no finality certificate covers the blocks from here to %" PRIu64, a->tip_height);
	a->report->uncovered = a->tip_height - a->covered_height;
	return 0;
}

/* Whether to go on: somebody wants the end, or a signature was found wrong, which the verdict tells of. */
static int audit_goes_on(struct audit *a, uint64_t height)
{
	const struct audit_options *o = a->options;
	if (audit_pool_failed(a->pool))
		return EXIT_MISMATCH;
	return o->progress ? o->progress(o->context, height, a->tip_height) : 0;
}

static int audit_chain(struct audit *a)
{
	a->parent.timestamp_ms = a->home->genesis.timestamp_ms;
	genesis_block_id(&a->home->genesis, &a->parent.id);
	int code = a->stored.height == 0 ? audit_state(a, 0) : 0;
	for (uint64_t height = 1; height <= a->tip_height && !code; height++) {
		code = audit_goes_on(a, height);
		if (!code)
			code = audit_height(a, height);
	}
	if (!code)
		code = audit_certificates(a, a->tip_height, a->parent.view, &a->parent.id, true);
	if (!code)
		code = audit_covered(a);
	if (!code)
		code = audit_blocks_above(a);
	if (!code)
		code = audit_votes(a);
	if (!code)
		code = audit_peers(a);
	if (!code)
		code = audit_second_chain(a);
	return code ? code : audit_supply(a);
}

/* All signatures that were handed over come before whatever has ended the walk: of those that are wrong the first one
 * is what is found, as if each had been checked in its turn. */
static int audit_verdict(struct audit *a, int code)
{
	struct audit_origin wrong;
	char what[40];
	if (code == EXIT_FAILED || audit_pool_finish(a->pool, &wrong))
		return code;
	if (wrong.of_certificate)
		return audit_judge(a, wrong.height, "the signatures of a certificate", UNCIA_E_PROOF);
	snprintf(what, sizeof(what), "payment %u of the block", wrong.index);
	return audit_judge(a, wrong.height, what, UNCIA_E_SIGNATURE);
}

static int fill_report(struct audit *a)
{
	a->report->height = a->tip_height;
	a->report->block_id = a->parent.id;
	int error = ledger_settled_root(a->scratch.ledger, &a->report->state_root);
	return error ? audit_judge(a, a->tip_height, "the state root", error) : 0;
}

/* Before the chain, every record: a long time where there are many. */
struct records_watch {
	const struct audit_options *options;
	int code;
};

static bool on_records(void *context)
{
	struct records_watch *w = context;
	w->code = w->options->progress ? w->options->progress(w->options->context, 0, 0) : 0;
	return !w->code;
}

static int audit_records(struct audit *a)
{
	struct records_watch watch = {.options = a->options};
	char why[256] = "";
	store_watch(a->store, on_records, &watch);
	int error = store_check_records(a->store, &a->report->records, why);
	store_watch(a->store, NULL, NULL);
	if (!error || error == UNCIA_E_CLOSED)
		return watch.code;
	return error == UNCIA_E_DAMAGED ? audit_mismatch(a, 0, "%s", why) : command_error(EXIT_FAILED, "%s", why);
}

int audit_run(const struct home *home, struct store *store, const struct audit_options *options,
              struct audit_report *report)
{
	struct audit a = {.home = home, .store = store, .report = report, .options = options};
	memset(report, 0, sizeof(*report));
	store_view(store, &a.view);
	int code = audit_records(&a), error = 0;
	if (!code)
		code = audit_read_ends(&a);
	if (code)
		return code;
	a.seen = calloc(1, sizeof(*a.seen));
	error = a.seen ? audit_pool_new(options->threads, &a.pool) : UNCIA_E_MEMORY;
	if (!error)
		randombytes_buf(a.seen->seed, sizeof(a.seen->seed));
	code = error ? command_error(EXIT_FAILED, "%s", uncia_error_text(error))
	             : scratch_open(&a.scratch, home, options->directory);
	if (!code)
		code = audit_verdict(&a, audit_chain(&a));
	if (!code)
		code = fill_report(&a);
	audit_pool_free(a.pool);
	free(a.seen);
	scratch_close(&a.scratch);
	return code;
}
