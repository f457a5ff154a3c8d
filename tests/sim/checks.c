/* See checks.h. */
#include "checks.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "receipt.h"
#include "uncia/error.h"

#define EXTRAS_MAX  16
#define ASKED_PER_S 20

/* What one node may hold (docs/spec/network.md, "Limits"); below, what no run has a reason to exceed. */
#define VIEWS_MAX                 (2 * VIEW_WINDOW)
#define PEER_URGENT_MIN           1024
#define PROPOSAL_CERTIFICATES_MAX 257 /* in the one message that exceeds a bound */
#define PEER_PAYMENTS_MAX         16128
#define PEER_JOB_BYTES_MAX        (40u << 20)
#define QUERIES_MAX               4096
#define WAITING_MAX               32768u
#define WATCHES_MAX               1024
#define DEFERRED_MAX              4096
#define DEFERRED_BYTES_MAX        (16u << 20)
#define COMMITS_MAX               2048
#define STEP_BYTES_MOST           (32u << 20) /* of bodies, in one step */
#define VISITED_MAX               400u
#define LOOKED_MAX                16384u /* VIEW_WINDOW, for each of the votes that one step takes together */

struct ballot {
	uint64_t view;
	bool has_first, has_final, skip2;
	enum vote_kind first;
	struct hash first_block, final_block;
	uint32_t extra_count;
	struct hash extras[EXTRAS_MAX];
};

struct ballots {
	size_t count, capacity;
	struct ballot *items;
};

void checks_fail(const struct checks *c, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "at %" PRIu64 " ms: ", c->network ? network_now(c->network) : 0);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	fprintf(stderr, "\n");
	abort();
}

void checks_log(struct checks *c, const void *bytes, size_t size)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES] = {1};
	uint8_t digest[crypto_shorthash_BYTES];
	uint64_t value;

	crypto_shorthash(digest, bytes, size, key);
	memcpy(&value, digest, sizeof(value));
	c->log = (c->log ^ value) * UINT64_C(0x9e3779b97f4a7c15) + (c->network ? network_now(c->network) : 0);
}

/* ---- votes ---- */

static struct ballot *ballot_get(struct ballots *b, uint64_t view)
{
	for (size_t i = b->count; i-- > 0;)
		if (b->items[i].view == view)
			return &b->items[i];
	if (b->count == b->capacity) {
		b->capacity = b->capacity ? 2 * b->capacity : 64;
		b->items = realloc(b->items, b->capacity * sizeof(*b->items));
		if (!b->items)
			abort();
	}
	struct ballot *ballot = &b->items[b->count++];
	*ballot = (struct ballot){.view = view};
	return ballot;
}

static bool ballot_has(const struct ballot *b, enum vote_kind kind, const struct hash *block)
{
	switch (kind) {
	case VOTE_NOTAR1:
	case VOTE_SKIP1:
		return b->has_first && b->first == kind && memcmp(&b->first_block, block, sizeof(*block)) == 0;
	case VOTE_SKIP2:
		return b->skip2;
	case VOTE_FINAL:
		return b->has_final && memcmp(&b->final_block, block, sizeof(*block)) == 0;
	case VOTE_NOTAR2:
		for (uint32_t i = 0; i < b->extra_count; i++)
			if (memcmp(&b->extras[i], block, sizeof(*block)) == 0)
				return true;
	}
	return false;
}

/* consensus §6 rules 4 to 7. Returns NULL, or what is broken. A vote seen before is the same vote sent again. */
static const char *ballot_add(struct ballot *b, enum vote_kind kind, const struct hash *block)
{
	if (ballot_has(b, kind, block))
		return NULL;
	if (b->has_final)
		return kind == VOTE_FINAL ? "a second FINAL in a view" : "a vote after FINAL";
	switch (kind) {
	case VOTE_NOTAR1:
	case VOTE_SKIP1:
		if (b->has_first)
			return "a second first vote in a view";
		b->has_first = true;
		b->first = kind;
		b->first_block = *block;
		return NULL;
	case VOTE_FINAL:
		if (b->skip2 || b->extra_count)
			return "FINAL after an extra vote";
		if (!ballot_has(b, VOTE_NOTAR1, block))
			return "FINAL for a block without its own first vote";
		b->has_final = true;
		b->final_block = *block;
		return NULL;
	case VOTE_SKIP2:
		if (!b->has_first || b->first == VOTE_SKIP1)
			return "SKIP2 without a first vote for a block";
		b->skip2 = true;
		return NULL;
	case VOTE_NOTAR2:
		if (!b->has_first || ballot_has(b, VOTE_NOTAR1, block))
			return "NOTAR2 without a first vote, or for the block of the first vote";
		if (b->extra_count == EXTRAS_MAX)
			return "more extra votes than there can be blocks";
		b->extras[b->extra_count++] = *block;
		return NULL;
	}
	return "a vote of no kind";
}

static uint32_t validator_of(const struct checks *c, uint32_t node)
{
	return node < c->validators ? node : node - c->validators;
}

static void vote_sent(struct checks *c, uint32_t node, enum vote_kind kind, uint64_t view, const struct hash *block)
{
	uint32_t validator = validator_of(c, node);

	if (c->byzantine[validator])
		return;
	if (!ballot_has(ballot_get(&c->durable[node], view), kind, block))
		checks_fail(c, "node %u: a vote (kind %d, view %" PRIu64 ") is sent before it is durable", node,
		            (int)kind, view);
	const char *wrong = ballot_add(ballot_get(&c->wire[validator], view), kind, block);
	if (wrong)
		checks_fail(c, "node %u: %s (kind %d, view %" PRIu64 ")", node, wrong, (int)kind, view);
}

void checks_vote(struct checks *c, const struct vote *vote)
{
	proofs_vote(c->proofs, c, vote);
}

void checks_bad_block(struct checks *c, const struct hash *id)
{
	c->bad = realloc(c->bad, (c->bad_count + 1) * sizeof(*c->bad));
	if (!c->bad)
		abort();
	c->bad[c->bad_count++] = *id;
}

enum vote_kind checks_first_vote(struct checks *c, uint32_t node, uint64_t view)
{
	const struct ballot *ballot = ballot_get(&c->durable[node], view);

	return ballot->has_first ? ballot->first : 0;
}

static void check_certificates(struct checks *c, uint32_t node, const Uncia__Pb__PeerMessage *m)
{
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE)
		proofs_certificate(c->proofs, c, node, m->certificate.data, m->certificate.len);
	if (m->kind_case != UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		return;
	if (m->propose->parent_certificate.len)
		proofs_certificate(c->proofs, c, node, m->propose->parent_certificate.data,
		                   m->propose->parent_certificate.len);
	for (size_t i = 0; i < m->propose->n_skips; i++)
		proofs_certificate(c->proofs, c, node, m->propose->skips[i]->data.data, m->propose->skips[i]->data.len);
}

/* A body that is missing is asked for at a pace (a quarter of a second), even where nobody has it: a few more for who
 * starts anew. */
static void check_pace(struct checks *c, uint32_t node, const ProtobufCBinaryData *id)
{
	struct asked *asked = c->asked[node];
	uint64_t now = network_now(c->network);
	uint32_t i = 0;

	while (i < ASKED_MEMORY && memcmp(&asked[i].id, id->data, sizeof(asked[i].id)) != 0)
		i++;
	if (i == ASKED_MEMORY) {
		i = c->asked_next[node]++ % ASKED_MEMORY;
		memcpy(&asked[i].id, id->data, sizeof(asked[i].id));
		asked[i].count = 0;
	}
	if (!asked[i].count || now >= asked[i].since + 1000) {
		asked[i].since = now;
		asked[i].count = 0;
	}
	if (++asked[i].count > ASKED_PER_S)
		checks_fail(c, "node %u: asks for one block %u times in a second", node, asked[i].count);
}

static void on_send(void *context, uint32_t node, const struct bytes *message)
{
	struct checks *c = context;
	uint32_t validator = validator_of(c, node);
	struct vote vote;
	struct header header;

	checks_log(c, message->data, message->size);
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	if (!m)
		checks_fail(c, "node %u: sends what does not decode", node);
	bool is_vote = m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	bool is_proposal = m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	if (is_vote && vote_decode(m->vote.data, m->vote.len, &vote))
		checks_fail(c, "node %u: sends a vote that does not decode", node);
	if (is_proposal && header_decode(m->propose->header.data, m->propose->header.len, &header))
		checks_fail(c, "node %u: sends a proposal that does not decode", node);
	if (is_vote && vote.voter == validator)
		vote_sent(c, node, vote.kind, vote.view, &vote.block_id);
	if (is_proposal && header.proposer == validator)
		vote_sent(c, node, VOTE_NOTAR1, header.view, &header.id);
	check_certificates(c, node, m);
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST)
		check_pace(c, node, &m->block_request->block_id);
	if (c->listener)
		c->listener(c->listener_context, node, message, m, is_vote ? &vote : NULL,
		            is_proposal ? &header : NULL);
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* An honest node is about to store this vote. */
static void vote_cast(struct checks *c, uint32_t node, const struct vote *vote, uint64_t final_view)
{
	if (vote->view <= final_view)
		checks_fail(c, "node %u: a vote (kind %d) in view %" PRIu64 ", settled by view %" PRIu64, node,
		            (int)vote->kind, vote->view, final_view);
	if (c->byzantine[validator_of(c, node)])
		return;
	for (size_t i = 0; i < c->bad_count && vote_kind_names_block(vote->kind); i++)
		if (memcmp(&c->bad[i], &vote->block_id, sizeof(vote->block_id)) == 0)
			checks_fail(c, "node %u: votes (kind %d, view %" PRIu64 ") for a block that breaks a rule",
			            node, (int)vote->kind, vote->view);
	proofs_cast(c->proofs, c, node, vote);
}

static void on_journal(void *context, uint32_t node, enum journal_table table, const struct bytes *value, bool durable,
                       uint64_t final_view)
{
	struct checks *c = context;
	struct vote vote;

	if (durable)
		proofs_durable(c->proofs, c, node, table, value);
	if (table != JOURNAL_VOTE)
		return;
	if (vote_decode(value->data, value->size, &vote))
		checks_fail(c, "node %u: stores a vote that does not decode", node);
	if (!durable) {
		if (network_space_low(c->network, node))
			checks_fail(c, "node %u: a vote (kind %d, view %" PRIu64 ") while its disk is full", node,
			            (int)vote.kind, vote.view);
		if (node == c->ending) {
			struct replica_status status;
			network_status(c->network, node, &status);
			if (status.voting == VOTING_ENDED)
				checks_fail(c, "node %u: a vote (view %" PRIu64 ") though it knows of a second chain",
				            node, vote.view);
		}
		vote_cast(c, node, &vote, final_view);
		return;
	}
	if (c->byzantine[validator_of(c, node)])
		return;
	const char *wrong = ballot_add(ballot_get(&c->durable[node], vote.view), vote.kind, &vote.block_id);
	if (wrong)
		checks_fail(c, "node %u stores: %s (kind %d, view %" PRIu64 ")", node, wrong, (int)vote.kind,
		            vote.view);
}

/* Whatever liars do, no honest validator can be made to say what another drops it for. */
static void on_dropped(void *context, uint32_t node, uint32_t peer)
{
	struct checks *c = context;

	if (!c->byzantine[validator_of(c, node)] && !c->byzantine[peer] && node != c->lied_to)
		checks_fail(c, "node %u drops validator %u, which is honest", node, peer);
}

/* faults row 4: whoever has a receipt can have it again, whatever happens to the node that gave it. */
static void on_answer(void *context, uint32_t node, const struct bytes *message)
{
	struct checks *c = context;
	const struct genesis *g = &network_fixture(c->network)->genesis;
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message->size, message->data);
	struct receipt receipt;

	if (!reply)
		checks_fail(c, "node %u: answers what does not decode", node);
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT) {
		struct storage_view view;
		struct bytes position;
		uint8_t height[8];
		if (receipt_verify(&g->committee, &g->network_id, reply->receipt.data, reply->receipt.len, &receipt))
			checks_fail(c, "node %u: a receipt that does not verify", node);
		be64_put(height, receipt.header.height);
		network_view(c->network, node, &view);
		if (view.journal_get(view.context, JOURNAL_FINAL, height, sizeof(height), &position))
			checks_fail(c, "node %u: a receipt of height %" PRIu64 " that it does not hold durably", node,
			            receipt.header.height);
		payment_free(receipt.payment);
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

static void on_final(void *context, uint32_t node, uint64_t height, const struct hash *id)
{
	struct checks *c = context;

	checks_log(c, id, sizeof(*id));
	if (c->trace)
		printf("%8" PRIu64 " node %u final %" PRIu64 " %02x%02x%02x%02x\n", network_now(c->network), node,
		       height, id->b[0], id->b[1], id->b[2], id->b[3]);
}

/* ---- the final chain and the states ---- */

static void advance_from(struct checks *c, const struct storage_view *view, uint32_t node)
{
	for (;;) {
		uint8_t height[8];
		struct bytes position, bytes;
		struct block *block;
		be64_put(height, c->model.height_count);
		if (view->journal_get(view->context, JOURNAL_FINAL, height, sizeof(height), &position))
			return;
		if (view->journal_get(view->context, JOURNAL_BLOCK, position.data, position.size, &bytes))
			checks_fail(c, "node %u: a final block's body is not durable with it", node);
		if (block_decode(&c->model.network_id, bytes.data, bytes.size, &block))
			checks_fail(c, "node %u: a final block does not decode", node);
		const char *wrong = model_apply(&c->model, block);
		if (wrong)
			checks_fail(c, "block %" PRIu64 ": %s", block->header.height, wrong);
		block_free(block);
	}
}

void checks_advance(struct checks *c)
{
	for (uint32_t node = 0; node < c->nodes; node++) {
		struct storage_view view;
		network_view(c->network, node, &view);
		advance_from(c, &view, node);
	}
}

static void same_at(struct checks *c, struct hash **all, size_t *count, uint64_t height, const struct hash *one,
                    uint32_t node, const char *what)
{
	static const struct hash none;

	if (height >= *count) {
		*all = realloc(*all, (height + 1) * sizeof(**all));
		if (!*all)
			abort();
		memset(*all + *count, 0, (height + 1 - *count) * sizeof(**all));
		*count = height + 1;
	}
	if (memcmp(*all + height, &none, sizeof(none)) == 0)
		(*all)[height] = *one;
	if (memcmp(*all + height, one, sizeof(*one)) != 0)
		checks_fail(c, "node %u: another %s than others at height %" PRIu64, node, what, height);
}

static void check_hold(const struct checks *c, uint32_t node, const struct entry *entry, uint64_t height)
{
	struct entry_id id = {0};
	bool named = entry_id_of(entry, &id);
	const struct model_hold *hold = named ? model_hold(&c->model, &id.address) : NULL;
	struct model_change expected = model_hold_at(hold, height);

	if (!hold || memcmp(&entry->address, &hold->home, sizeof(hold->home)) != 0 || entry->end != hold->end)
		checks_fail(c, "node %u: a hold that should not be there", node);
	if (entry->balance != expected.balance || entry->payments != expected.payments)
		checks_fail(c, "node %u: a hold has %" PRIu64 " after %u payments, not %" PRIu64 " after %u", node,
		            entry->balance, entry->payments, expected.balance, expected.payments);
}

/* Every stored entry against the model, and the whole against what others hold at this height. */
static void check_state(struct checks *c, uint32_t node)
{
	struct storage_view view;
	struct state_meta meta;
	unsigned __int128 sum = 0;
	bool seen[MODEL_ACCOUNTS] = {false};
	size_t holds = 0;
	crypto_generichash_state dump;
	struct hash digest;

	network_view(c->network, node, &view);
	if (view.meta(view.context, &meta) || meta.height >= c->model.height_count)
		checks_fail(c, "node %u: its state is ahead of every journal", node);
	const struct model_height *expected = &c->model.heights[meta.height];
	if (memcmp(&meta.block_id, &expected->id, sizeof(meta.block_id)) != 0)
		checks_fail(c, "node %u: its state is not of the final chain", node);
	crypto_generichash_init(&dump, NULL, 0, sizeof(digest));
	for (uint64_t g = 0; g * GROUP_ENTRIES < meta.entry_count; g++) {
		struct group_record record;
		if (view.group(view.context, g, &record))
			checks_fail(c, "node %u: group %" PRIu64 " is missing", node, g);
		crypto_generichash_update(&dump, record.entries, sizeof(record.entries));
		for (uint64_t i = 0; i < GROUP_ENTRIES && g * GROUP_ENTRIES + i < meta.entry_count; i++) {
			struct entry entry;
			if (entry_decode(record.entries + i * ENTRY_SIZE, &entry))
				checks_fail(c, "node %u: an entry does not decode", node);
			if (entry.kind == ENTRY_HOLD) {
				check_hold(c, node, &entry, meta.height);
				sum += entry.balance;
				holds++;
			}
			if (entry.kind != ENTRY_ACCOUNT)
				continue;
			size_t a = model_account(&c->model, &entry.address);
			if (a == MODEL_ACCOUNTS || seen[a])
				checks_fail(c, "node %u: an account that should not be there", node);
			seen[a] = true;
			sum += entry.balance;
			if (entry.balance != expected->accounts[a].balance ||
			    entry.payments != expected->accounts[a].payments)
				checks_fail(c,
				            "node %u: account %zu holds %" PRIu64
				            " after %u payments at height %" PRIu64 ", not %" PRIu64 " after %u",
				            node, a, entry.balance, entry.payments, meta.height,
				            expected->accounts[a].balance, expected->accounts[a].payments);
		}
	}
	for (size_t a = 0; a < MODEL_ACCOUNTS; a++)
		if (seen[a] != (expected->accounts[a].balance != 0))
			checks_fail(c, "node %u: account %zu is %s", node, a, seen[a] ? "there" : "missing");
	size_t expected_holds = 0;
	for (size_t i = 0; i < c->model.hold_count; i++)
		expected_holds += model_hold_at(&c->model.holds[i], meta.height).balance != 0;
	if (holds != expected_holds)
		checks_fail(c, "node %u: %zu holds, not %zu", node, holds, expected_holds);
	if (sum != c->model.supply)
		checks_fail(c, "node %u: the balances are not the supply", node);
	crypto_generichash_update(&dump, (const uint8_t *)&meta.free_head, sizeof(meta.free_head));
	crypto_generichash_final(&dump, digest.b, sizeof(digest));
	same_at(c, &c->dumps, &c->dump_count, meta.height, &digest, node, "state");
}

static void bounded(const struct checks *c, uint32_t node, const char *what, size_t held, size_t most)
{
	if (held > most)
		checks_fail(c, "node %u: %zu %s, where %zu is the limit", node, held, what, most);
}

/* network, "Limits": what others send and what waits for something is bounded. */
static void check_load(struct checks *c, uint32_t node)
{
	struct replica_load load;

	network_load(c->network, node, &load);
	bounded(c, node, "views", load.views, VIEWS_MAX);
	bounded(c, node, "blocks", load.blocks, VIEWS_MAX);
	bounded(c, node, "sends that wait", load.outbox, DEFERRED_MAX);
	bounded(c, node, "bytes of sends that wait", load.outbox_bytes, DEFERRED_BYTES_MAX);
	size_t urgent_max =
	    192 * (size_t)c->validators > PEER_URGENT_MIN ? 192 * (size_t)c->validators : PEER_URGENT_MIN;
	bounded(c, node, "urgent signatures of one peer", load.urgent_signatures,
	        urgent_max + PROPOSAL_CERTIFICATES_MAX * (size_t)c->validators + 1);
	bounded(c, node, "signatures of payments of one peer", load.payment_signatures, PEER_PAYMENTS_MAX);
	bounded(c, node, "bytes of jobs of one peer", load.job_bytes, PEER_JOB_BYTES_MAX);
	bounded(c, node, "questions", load.questions, QUERIES_MAX);
	bounded(c, node, "payments that one wallet waits for", load.waiters, WATCHES_MAX);
	bounded(c, node, "payments in the pool", load.mempool - load.verifying, c->mempool_max);
	bounded(c, node, "payments being verified", load.verifying, c->mempool_max);
	bounded(c, node, "KiB of payments that wait to be verified", load.waiting, WAITING_MAX);
	bounded(c, node, "bytes of bodies in one step", load.taken, c->step_most);
	bounded(c, node, "blocks looked at in one step", load.visited, VISITED_MAX);
	bounded(c, node, "views looked at in one step", load.looked, LOOKED_MAX);
	bounded(c, node, "commits on their way", network_commits(c->network, node), COMMITS_MAX);
}

void checks_nodes(struct checks *c)
{
	checks_advance(c);
	proofs_check(c->proofs, c);
	for (uint32_t node = 0; node < c->nodes; node++) {
		struct replica_status status;
		check_state(c, node);
		if (!network_up(c->network, node))
			continue;
		check_load(c, node);
		network_status(c->network, node, &status);
		same_at(c, &c->roots, &c->root_count, status.settled_height, &status.state_root, node, "state root");
		/* Votes near the current view, and own votes and certificates from the final one on. */
		if (status.views > status.view - status.final_view + VIEW_WINDOW + 1)
			checks_fail(c, "node %u: holds %" PRIu64 " views between %" PRIu64 " and %" PRIu64, node,
			            status.views, status.final_view, status.view);
		if (status.voting == VOTING_STALE_JOURNAL && !c->byzantine[validator_of(c, node)])
			checks_fail(c, "node %u: peers hold a vote of it that its journal does not", node);
	}
}

void checks_init(struct checks *c, struct network_options *options, uint64_t seed)
{
	*c = (struct checks){.seed = seed,
	                     .validators = options->validators,
	                     .payments_before = options->payments_before,
	                     .ending = UINT32_MAX,
	                     .lied_to = UINT32_MAX};
	c->mempool_max = options->mempool_max ? options->mempool_max : MEMPOOL_SIZE_DEFAULT;
	c->step_most = STEP_BYTES_MOST;
	if (options->step_bytes)
		c->step_most = options->step_bytes;
	c->nodes = options->validators + options->twins;
	c->wire = calloc(NETWORK_NODES_MAX, sizeof(*c->wire));
	c->durable = calloc(NETWORK_NODES_MAX, sizeof(*c->durable));
	c->proofs = proofs_new();
	if (!c->wire || !c->durable)
		abort();
	for (uint32_t i = 0; i < options->twins; i++)
		c->byzantine[i] = true;
	options->tap = on_send;
	options->journal = on_journal;
	options->answered = on_answer;
	options->final = on_final;
	options->dropped = on_dropped;
	options->tap_context = c;
}

void checks_begin(struct checks *c, struct network *network, const struct address addresses[MODEL_ACCOUNTS])
{
	c->network = network;
	model_init(&c->model, &network_fixture(network)->genesis, addresses, c->payments_before);
}

void checks_rolled_back(struct checks *c, uint32_t node)
{
	c->byzantine[validator_of(c, node)] = true;
}

void checks_deinit(struct checks *c)
{
	for (size_t i = 0; i < NETWORK_NODES_MAX; i++) {
		free(c->wire[i].items);
		free(c->durable[i].items);
	}
	free(c->wire);
	free(c->durable);
	proofs_free(c->proofs);
	free(c->bad);
	free(c->roots);
	free(c->dumps);
	model_deinit(&c->model);
}
