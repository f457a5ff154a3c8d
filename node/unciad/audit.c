/* The offline audit: walks the final chain from the genesis, checks each block and certificate, executes every payment
 * again with the ledger's own rules, and compares the state that comes out with the one that is stored. */
#include "audit.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "command.h"
#include "scratch.h"
#include "second_chain.h"
#include "uncia/error.h"
#include "verify.h"
#include "vote.h"

#define FLUSH_TOUCHES 200000u             /* of accounts by settled payments: held in memory before they are stored */
#define DECODED_KEYS  65536u              /* that are kept: 13 MiB */
#define VOTE_KEY      (8 + 1 + HASH_SIZE) /* view, kind, block id: of votes and of certificates */
#define BLOCK_KEY     (8 + HASH_SIZE)     /* view, block id */

/* Where a walk over a table of the journal goes on: at the first key that is not below this one. */
struct table_walk {
	uint8_t key[JOURNAL_KEY_MAX + 1];
	size_t size;
};

struct audit {
	const struct home *home;
	struct store *store;
	struct storage_view view;
	struct scratch scratch;
	struct verify_thread *checks;
	struct audit_report *report;
	struct state_meta stored;
	uint64_t tip_height;
	struct {
		uint64_t height, view, timestamp_ms;
		struct hash id;
	} parent;
	uint64_t covered_height;    /* the newest block that a finality certificate names */
	bool covered_above;         /* one names a block that is not here yet */
	uint64_t contradicted_view; /* the newest view with a certificate against the final block of that view */
	struct table_walk next_certificate;
};

__attribute__((format(printf, 3, 4))) static int audit_mismatch(struct audit *a, uint64_t height, const char *format,
                                                                ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(a->report->failure, sizeof(a->report->failure), format, list);
	va_end(list);
	a->report->failed_height = height;
	return EXIT_MISMATCH;
}

/* Tells this machine's trouble, which ends the audit, from all else, which is a finding about the home. */
static int audit_judge(struct audit *a, uint64_t height, const char *what, int error)
{
	assert(error);
	if (error == UNCIA_E_MEMORY || error == UNCIA_E_IO)
		return command_error(EXIT_FAILED, "%s: %s", what, uncia_error_text(error));
	const char *damage = error == UNCIA_E_DAMAGED ? store_damage(a->store) : "";
	return audit_mismatch(a, height, "%s: %s", what, *damage ? damage : uncia_error_text(error));
}

/* ---- certificates ---------------------------------------------------------------------------- */

/* The smallest key above this one. */
static void key_after(const struct bytes *key, struct table_walk *next)
{
	assert(key->size < sizeof(next->key));
	memcpy(next->key, key->data, key->size);
	next->size = key->size;
	next->key[next->size++] = 0;
}

/* Holds a certificate of a view up to that of this final block against the chain. In the order of keys those of
 * finality come last in a view. */
static int audit_finality(struct audit *a, const struct certificate *c, uint64_t height, uint64_t view,
                          const struct hash *id)
{
	bool same = c->view == view && !memcmp(c->block_id.b, id->b, HASH_SIZE);
	if (!certificate_is_final(c->kind)) {
		if (c->view == view && !same)
			a->contradicted_view = view;
		return 0;
	}
	if (!same)
		return audit_mismatch(
		    a, height, "a finality certificate of view %" PRIu64 " names a block off the final chain", c->view);
	/* consensus §6: beside FF or SF of a block no S and no N of another can form in its view. */
	if (a->contradicted_view == view)
		return audit_mismatch(a, height,
		                      "view %" PRIu64 " has certificates both for and against its final block", view);
	a->covered_height = height;
	return 0;
}

/* Verifies every stored certificate of views up to that of this final block; `last`: of all views that are left. A
 * final certificate up to the tip must name the chain's block of its view; beyond it, a block that is not here yet. */
static int audit_certificates(struct audit *a, uint64_t height, uint64_t view, const struct hash *id, bool last)
{
	const struct genesis *genesis = &a->home->genesis;
	for (;;) {
		struct bytes key, value;
		struct certificate *c;
		int error = a->view.journal_seek(a->view.context, JOURNAL_CERT, a->next_certificate.key,
		                                 a->next_certificate.size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		if (error)
			return audit_judge(a, height, "reading the certificates", error);
		if (key.size != VOTE_KEY)
			return audit_mismatch(a, height, "a certificate is stored under a key of the size %zu",
			                      key.size);
		if (!last && be64_get(key.data) > view)
			return 0;
		key_after(&key, &a->next_certificate);
		error = certificate_decode(&genesis->committee, value.data, value.size, &c);
		if (error)
			return audit_judge(a, height, "a certificate", error);
		int code = 0;
		if (be64_get(key.data) != c->view || key.data[8] != c->kind ||
		    memcmp(key.data + 9, c->block_id.b, HASH_SIZE))
			code = audit_mismatch(
			    a, height, "the certificate of view %" PRIu64 " is not what it is stored as", c->view);
		else if ((error = certificate_verify(&genesis->committee, &genesis->network_id, c)) != 0)
			code = audit_judge(a, height, "the signatures of a certificate", error);
		else if (c->view <= view)
			code = audit_finality(a, c, height, view, id);
		else if (certificate_is_final(c->kind))
			a->covered_above = true;
		a->report->certificates++;
		a->report->signatures += c->first_count + c->extra_count;
		free(c);
		if (code)
			return code;
	}
}

/* ---- own votes ------------------------------------------------------------------------------- */

/* The own votes of one view so far. They come in the order of their keys: first votes, extra votes, FINAL. */
struct own_votes {
	uint64_t view;
	bool has_first, has_extra, has_final;
	struct vote first;
};

/* consensus §6 rules 4, 6 and 7: one first vote in a view; extra votes after it and for something else; FINAL once, for
 * the block of the first vote, and only where there is no extra vote. Returns what is broken, or NULL. */
static const char *audit_add_vote(struct own_votes *own, const struct vote *v)
{
	const char *broken = NULL;
	if (!own->has_first || own->view != v->view)
		*own = (struct own_votes){.view = v->view};
	if (v->kind == VOTE_NOTAR1 || v->kind == VOTE_SKIP1) {
		broken = own->has_first ? "two first votes" : NULL;
		own->has_first = true;
		own->first = *v;
	} else if (!own->has_first) {
		broken = "a vote without a first vote";
	} else if (v->kind != VOTE_FINAL) {
		bool same_kind = (v->kind == VOTE_NOTAR2) == (own->first.kind == VOTE_NOTAR1);
		if (same_kind && memcmp(own->first.block_id.b, v->block_id.b, HASH_SIZE) == 0)
			broken = "an extra vote for what its first vote was for";
		own->has_extra = true;
	} else {
		if (own->has_final || own->has_extra || own->first.kind != VOTE_NOTAR1 ||
		    memcmp(own->first.block_id.b, v->block_id.b, HASH_SIZE))
			broken = "a final vote against another vote";
		own->has_final = true;
	}
	return broken;
}

static int audit_vote(struct audit *a, struct own_votes *own, const struct bytes *key, const struct bytes *value)
{
	const struct home *home = a->home;
	struct vote v;
	struct hash digest;
	int error = vote_decode(value->data, value->size, &v);
	if (error)
		return audit_judge(a, a->tip_height, "an own vote", error);
	if (be64_get(key->data) != v.view || key->data[8] != v.kind || memcmp(key->data + 9, v.block_id.b, HASH_SIZE))
		return audit_mismatch(a, a->tip_height, "the own vote of view %" PRIu64 " is not what it is stored as",
		                      v.view);
	vote_digest(&home->genesis.network_id, v.epoch, v.kind, v.view, &v.block_id, &digest);
	if (v.voter != home->self || v.epoch != home->genesis.committee.epoch ||
	    !sign_verify_bound(home->keys.consensus_public, &digest, v.signature))
		return audit_mismatch(a, a->tip_height, "the own vote of view %" PRIu64 " is not signed by this key",
		                      v.view);
	a->report->signatures++;
	const char *broken = audit_add_vote(own, &v);
	return broken ? audit_mismatch(a, a->tip_height, "view %" PRIu64 " has %s of this validator", v.view, broken)
	              : 0;
}

static int audit_votes(struct audit *a)
{
	struct own_votes own = {0};
	struct table_walk next = {.size = 0};
	for (;;) {
		struct bytes key, value;
		int error = a->view.journal_seek(a->view.context, JOURNAL_VOTE, next.key, next.size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		if (error)
			return audit_judge(a, a->tip_height, "reading the own votes", error);
		if (key.size != VOTE_KEY)
			return audit_mismatch(a, a->tip_height, "an own vote is stored under a key of the size %zu",
			                      key.size);
		key_after(&key, &next);
		int code = audit_vote(a, &own, &key, &value);
		if (code)
			return code;
	}
}

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

/* In batches: a chain has far more signatures than anything else that takes time. Each key must be one that may be
 * bound. */
static int audit_signatures(struct audit *a, const struct block *block)
{
	struct verify_item items[VERIFY_CHUNK], *all[VERIFY_CHUNK];
	char what[40];
	for (uint32_t begin = 0, count; begin < block->count; begin += count) {
		for (count = 0; count < VERIFY_CHUNK && begin + count < block->count; count++) {
			const struct payment *p = block->payments[begin + count];
			items[count] = (struct verify_item){
			    .digest = p->digest, .check_key = true, .unsigned_ = !payment_is_signed(p)};
			memcpy(items[count].public_key, p->public_key, PUBLIC_KEY_SIZE);
			memcpy(items[count].signature, p->signature, SIGNATURE_SIZE);
			all[count] = &items[count];
		}
		verify_signatures(a->checks, all, count);
		for (uint32_t i = 0; i < count; i++) {
			if (items[i].valid)
				continue;
			snprintf(what, sizeof(what), "payment %u of the block", begin + i);
			return audit_judge(a, block->header.height, what, UNCIA_E_SIGNATURE);
		}
	}
	return 0;
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
	if (!code)
		code = audit_signatures(a, block);
	if (!code)
		code = audit_execute(a, block);
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
		key_after(&key, &next);
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

/* ---- newest votes: the others', and a lost one --------------------------------------------------------------- */

static int audit_read_final(struct audit *a, uint64_t height, uint64_t *view, struct hash *id)
{
	uint8_t key[8];
	struct bytes value;
	be64_put(key, height);
	int error = a->view.journal_get(a->view.context, JOURNAL_FINAL, key, sizeof(key), &value);
	if (error)
		return audit_judge(a, height, "the record of the final block", error);
	if (value.size != 8 + HASH_SIZE)
		return audit_mismatch(a, height, "the record of the final block has the size %zu", value.size);
	*view = be64_get(value.data);
	memcpy(id->b, value.data + 8, HASH_SIZE);
	return 0;
}

/* The newest final block that a validator proposed. */
static int audit_proposed(struct audit *a, uint32_t validator)
{
	uint8_t key[5] = {[4] = 1};
	struct bytes value;
	struct hash id;
	uint64_t view = 0;
	be32_put(key, validator);
	int error = a->view.journal_get(a->view.context, JOURNAL_PEER, key, sizeof(key), &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error)
		return audit_judge(a, a->tip_height, "the newest block of a validator", error);
	uint64_t height = value.size == 16 ? be64_get(value.data) : 0;
	int code = height && height <= a->tip_height ? audit_read_final(a, height, &view, &id) : 0;
	if (!code && (!view || view != be64_get(value.data + 8) ||
	              committee_leader(&a->home->genesis.committee, view) != validator))
		code = audit_mismatch(a, a->tip_height, "what is kept as validator %u's newest block is not its own",
		                      validator);
	return code;
}

static int audit_peers(struct audit *a)
{
	const struct genesis *genesis = &a->home->genesis;
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		uint8_t key[4];
		struct bytes value;
		struct vote v;
		struct hash digest;
		be32_put(key, i);
		int error = a->view.journal_get(a->view.context, JOURNAL_PEER, key, sizeof(key), &value);
		int code = audit_proposed(a, i);
		if (code)
			return code;
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		if (!error)
			error = vote_decode(value.data, value.size, &v);
		if (error)
			return audit_judge(a, a->tip_height, "the newest vote of another validator", error);
		vote_digest(&genesis->network_id, v.epoch, v.kind, v.view, &v.block_id, &digest);
		if (v.voter != i ||
		    !sign_verify_bound(genesis->committee.validators[i].consensus_key, &digest, v.signature))
			return audit_mismatch(a, a->tip_height,
			                      "what is kept as validator %u's newest vote is not its own", i);
		a->report->signatures++;
		if (i == a->home->self)
			a->report->lost_view = v.view;
	}
	return 0;
}

/* ---- a second chain ---------------------------------------------------------------------------- */

static int audit_second_chain(struct audit *a)
{
	uint64_t view;
	int error = second_chain_proof(a->home, &a->view, &view);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error)
		return audit_judge(a, a->tip_height, "the evidence", error);
	return audit_mismatch(
	    a, a->tip_height,
	    "there is a second chain under this network's id: the journal holds a finality certificate "
	    "of view %" PRIu64 " that names a block of it",
	    view);
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

static int audit_chain(struct audit *a, const volatile sig_atomic_t *stop)
{
	a->parent.timestamp_ms = a->home->genesis.timestamp_ms;
	genesis_block_id(&a->home->genesis, &a->parent.id);
	int code = a->stored.height == 0 ? audit_state(a, 0) : 0;
	for (uint64_t height = 1; height <= a->tip_height && !code; height++)
		code = *stop ? command_error(EXIT_FAILED, "interrupted at height %" PRIu64, height)
		             : audit_height(a, height);
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

static int fill_report(struct audit *a)
{
	a->report->height = a->tip_height;
	a->report->block_id = a->parent.id;
	int error = ledger_settled_root(a->scratch.ledger, &a->report->state_root);
	return error ? audit_judge(a, a->tip_height, "the state root", error) : 0;
}

int audit_run(const struct home *home, struct store *store, const char *directory, const volatile sig_atomic_t *stop,
              struct audit_report *report)
{
	struct audit a = {.home = home, .store = store, .report = report};
	char why[256] = "";
	memset(report, 0, sizeof(*report));
	store_view(store, &a.view);
	int error = store_check_records(store, &report->records, why);
	if (error)
		return error == UNCIA_E_DAMAGED ? audit_mismatch(&a, 0, "%s", why)
		                                : command_error(EXIT_FAILED, "%s", why);
	int code = audit_read_ends(&a);
	if (code)
		return code;
	struct verify_keys *keys = verify_keys_new(DECODED_KEYS);
	a.checks = keys ? verify_thread_new(keys) : NULL;
	if (a.checks)
		code = scratch_open(&a.scratch, home, directory);
	else
		code = command_error(EXIT_FAILED, "%s", uncia_error_text(UNCIA_E_MEMORY));
	if (!code)
		code = audit_chain(&a, stop);
	if (!code)
		code = fill_report(&a);
	scratch_close(&a.scratch);
	verify_thread_free(a.checks);
	verify_keys_free(keys);
	return code;
}
