/* See proofs.h. */
#include "proofs.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "checks.h"
#include "consensus.pb-c.h"
#include "standin.h"

#define FIRSTS_MAX 32u

struct fact { /* a record of one node: a certificate, a block's body, or evidence */
	UT_hash_handle hh;
	struct fact_key {
		uint32_t node, table, kind; /* kind: of a certificate; voter of evidence */
		uint32_t unused;
		uint64_t view;
		struct hash id;
	} key;
};

struct known_block { /* by id; whoever has it */
	UT_hash_handle hh;
	struct header header;
};

struct tally { /* first votes of one view that were ever cast, by anybody */
	UT_hash_handle hh;
	uint64_t view;
	uint32_t skips; /* voters */
	size_t count;
	struct {
		struct hash id;
		uint32_t voters;
	} blocks[FIRSTS_MAX];
};

struct due { /* a durable vote that is to be looked at */
	uint32_t node;
	struct vote vote;
};

struct seen { /* certificates that hold */
	UT_hash_handle hh;
	struct hash whole;
};

struct proofs {
	struct fact *facts;
	struct known_block *blocks;
	struct tally *tallies;
	struct seen *seen;
	struct due *due;
	size_t due_count, due_capacity;
};

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

struct proofs *proofs_new(void)
{
	return must(calloc(1, sizeof(struct proofs)));
}

#define FREE_ALL(type, table)                                                                                          \
	do {                                                                                                           \
		type *one, *next;                                                                                      \
		HASH_ITER (hh, table, one, next) {                                                                     \
			HASH_DEL(table, one);                                                                          \
			free(one);                                                                                     \
		}                                                                                                      \
	} while (0)

void proofs_free(struct proofs *p)
{
	FREE_ALL(struct fact, p->facts);
	FREE_ALL(struct known_block, p->blocks);
	FREE_ALL(struct tally, p->tallies);
	FREE_ALL(struct seen, p->seen);
	free(p->due);
	free(p);
}

static const struct committee *committee_of(const struct checks *c)
{
	return &network_fixture(c->network)->genesis.committee;
}

/* ---- facts ---- */

static struct fact_key fact_key(uint32_t node, enum journal_table table, uint32_t kind, uint64_t view,
                                const struct hash *id)
{
	struct fact_key key;

	memset(&key, 0, sizeof(key));
	key.node = node;
	key.table = table;
	key.kind = kind;
	key.view = view;
	if (id)
		key.id = *id;
	return key;
}

static bool holds(const struct proofs *p, struct fact_key key)
{
	struct fact *fact;

	HASH_FIND(hh, p->facts, &key, sizeof(key), fact);
	return fact != NULL;
}

static void note(struct proofs *p, struct fact_key key)
{
	if (holds(p, key))
		return;
	struct fact *fact = must(calloc(1, sizeof(*fact)));
	fact->key = key;
	HASH_ADD(hh, p->facts, key, sizeof(key), fact);
}

static const struct header *block_of(const struct proofs *p, const struct hash *id)
{
	struct known_block *block;

	HASH_FIND(hh, p->blocks, id, sizeof(*id), block);
	return block ? &block->header : NULL;
}

/* ---- certificates and evidence ---- */

/* Looked at anew, not through certificate_decode alone: who signed, each once, real signatures, a quorum's weight. */
static const char *certificate_wrong(const struct checks *c, const struct certificate *certificate)
{
	const struct committee *committee = committee_of(c);
	bool final = certificate->kind == CERT_FF || certificate->kind == CERT_SF;
	bool counted[COMMITTEE_SIZE_MAX] = {false};
	uint64_t weight = 0;

	for (uint32_t i = 0; i < certificate->first_count + certificate->extra_count; i++) {
		uint32_t voter = certificate->signers[i].voter;
		bool extra = i >= certificate->first_count;
		enum vote_kind kind = certificate->kind == CERT_SF  ? VOTE_FINAL
		                      : certificate->kind == CERT_S ? (extra ? VOTE_SKIP2 : VOTE_SKIP1)
		                                                    : (extra ? VOTE_NOTAR2 : VOTE_NOTAR1);
		struct hash digest;
		if (voter >= committee->size || counted[voter] || (extra && final))
			return "a signer that is unknown, or counted twice";
		vote_digest(&network_fixture(c->network)->genesis.network_id, committee->epoch, kind, certificate->view,
		            &certificate->block_id, &digest);
		if (!sign_verify(committee->validators[voter].consensus_key, &digest,
		                 certificate->signers[i].signature))
			return "a signature that does not hold";
		counted[voter] = true;
		weight += committee->validators[voter].weight;
	}
	uint64_t quorum = (committee->weight + committee->faulty) / 2 + 1;
	if (certificate->kind == CERT_FF)
		quorum = committee->weight - committee->slow;
	return weight < quorum ? "less weight than a quorum" : NULL;
}

void proofs_certificate(struct proofs *p, const struct checks *c, uint32_t node, const uint8_t *bytes, size_t size)
{
	struct certificate *certificate;
	struct hash whole;
	struct seen *seen;

	crypto_generichash(whole.b, sizeof(whole), bytes, size, NULL, 0);
	HASH_FIND(hh, p->seen, &whole, sizeof(whole), seen);
	if (seen || !standin_signatures) /* the real ones are dear; receipts verify theirs in any case */
		return;
	if (certificate_decode(committee_of(c), bytes, size, &certificate))
		checks_fail(c, "node %u: a certificate that does not decode", node);
	const char *wrong = certificate_wrong(c, certificate);
	if (wrong)
		checks_fail(c, "node %u: a certificate (kind %d, view %" PRIu64 ") with %s", node,
		            (int)certificate->kind, certificate->view, wrong);
	free(certificate);
	seen = must(calloc(1, sizeof(*seen)));
	seen->whole = whole;
	HASH_ADD(hh, p->seen, whole, sizeof(whole), seen);
}

static bool signed_by_voter(const struct checks *c, const struct vote *vote)
{
	struct hash digest;

	if (vote->voter >= c->validators)
		return false;
	vote_digest(&network_fixture(c->network)->genesis.network_id, vote->epoch, vote->kind, vote->view,
	            &vote->block_id, &digest);
	return sign_verify(committee_of(c)->validators[vote->voter].consensus_key, &digest, vote->signature);
}

/* A pair that no honest validator casts: two first votes, or two FINALs, of one voter in one view. */
static void evidence(struct proofs *p, const struct checks *c, uint32_t node, const struct bytes *value)
{
	struct vote first, second;
	size_t size = value->size ? value->data[0] : 0;

	if (!size && node == c->ending)
		return;
	if (!size)
		checks_fail(c, "node %u: takes something for proof of a second chain", node);
	if (1 + size > value->size || vote_decode(value->data + 1, size, &first) ||
	    vote_decode(value->data + 1 + size, value->size - 1 - size, &second))
		checks_fail(c, "node %u: evidence that does not decode", node);
	bool finals = first.kind == VOTE_FINAL && second.kind == VOTE_FINAL;
	bool firsts = (first.kind == VOTE_NOTAR1 || first.kind == VOTE_SKIP1) &&
	              (second.kind == VOTE_NOTAR1 || second.kind == VOTE_SKIP1);
	bool same = first.kind == second.kind && memcmp(&first.block_id, &second.block_id, HASH_SIZE) == 0;
	if (first.voter != second.voter || first.view != second.view || (!finals && !firsts) || same ||
	    !signed_by_voter(c, &first) || !signed_by_voter(c, &second))
		checks_fail(c, "node %u: evidence that proves nothing", node);
	if (!c->byzantine[first.voter])
		checks_fail(c, "node %u: evidence against validator %u, which is honest", node, first.voter);
	note(p, fact_key(node, JOURNAL_EVIDENCE, first.voter, first.view, NULL));
}

bool proofs_evidence(const struct proofs *p, uint32_t node, uint64_t view, uint32_t voter)
{
	return holds(p, fact_key(node, JOURNAL_EVIDENCE, voter, view, NULL));
}

uint32_t proofs_evidence_count(const struct proofs *p, uint32_t node, uint32_t voter)
{
	uint32_t count = 0;
	struct fact *fact, *next;

	HASH_ITER (hh, p->facts, fact, next)
		count += fact->key.table == JOURNAL_EVIDENCE && fact->key.node == node && fact->key.kind == voter;
	return count;
}

/* ---- votes that were cast ---- */

void proofs_vote(struct proofs *p, const struct checks *c, const struct vote *vote)
{
	struct tally *tally;

	(void)c;
	if (vote->kind != VOTE_NOTAR1 && vote->kind != VOTE_SKIP1)
		return;
	HASH_FIND(hh, p->tallies, &vote->view, sizeof(vote->view), tally);
	if (!tally) {
		tally = must(calloc(1, sizeof(*tally)));
		tally->view = vote->view;
		HASH_ADD(hh, p->tallies, view, sizeof(tally->view), tally);
	}
	if (vote->kind == VOTE_SKIP1) {
		tally->skips |= 1u << vote->voter;
		return;
	}
	size_t i = 0;
	while (i < tally->count && memcmp(&tally->blocks[i].id, &vote->block_id, HASH_SIZE) != 0)
		i++;
	if (i == FIRSTS_MAX) /* liars have said so much here that nothing can be excluded */
		return;
	if (i == tally->count) {
		tally->blocks[i].id = vote->block_id;
		tally->count++;
	}
	tally->blocks[i].voters |= 1u << vote->voter;
}

static uint64_t weight_of(const struct checks *c, uint32_t voters)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < c->validators; i++)
		if (voters >> i & 1)
			weight += committee_of(c)->validators[i].weight;
	return weight;
}

/* consensus §6 rule 6, from the votes that were ever cast: more than any node can have received. */
static const char *extra_wrong(const struct proofs *p, const struct checks *c, const struct vote *vote)
{
	uint64_t key_threshold = committee_of(c)->faulty + committee_of(c)->slow + 1;
	uint32_t all = 0;
	struct tally *tally;

	HASH_FIND(hh, p->tallies, &vote->view, sizeof(vote->view), tally);
	if (!tally)
		return "an extra vote in a view without votes";
	if (tally->count == FIRSTS_MAX)
		return NULL;
	if (vote->kind == VOTE_NOTAR2) {
		for (size_t i = 0; i < tally->count; i++)
			if (memcmp(&tally->blocks[i].id, &vote->block_id, HASH_SIZE) == 0 &&
			    weight_of(c, tally->blocks[i].voters) >= key_threshold)
				return NULL;
		return "NOTAR2 for a block without first votes of weight K";
	}
	/* t − top ≥ K, and top is at least its own vote, which was for a block. */
	all = tally->skips;
	for (size_t i = 0; i < tally->count; i++)
		all |= tally->blocks[i].voters;
	return weight_of(c, all & ~(1u << vote->voter)) < key_threshold ? "SKIP2 without other first votes of weight K"
	                                                                : NULL;
}

void proofs_cast(struct proofs *p, const struct checks *c, uint32_t node, const struct vote *vote)
{
	const char *wrong = NULL;

	if (vote->kind == VOTE_NOTAR2 || vote->kind == VOTE_SKIP2)
		wrong = extra_wrong(p, c, vote);
	if (wrong)
		checks_fail(c, "node %u: %s (view %" PRIu64 ")", node, wrong, vote->view);
}

/* ---- what is durable with a vote ---- */

static bool notarised(const struct proofs *p, uint32_t node, uint64_t view, const struct hash *id)
{
	return holds(p, fact_key(node, JOURNAL_CERT, CERT_N, view, id)) ||
	       holds(p, fact_key(node, JOURNAL_CERT, CERT_FF, view, id)) ||
	       holds(p, fact_key(node, JOURNAL_CERT, CERT_SF, view, id));
}

static bool is_final(const struct checks *c, const struct header *h)
{
	return h->height < c->model.height_count && memcmp(&c->model.heights[h->height].id, &h->id, sizeof(h->id)) == 0;
}

/* consensus §6 rules 2 and 4: the body, the parent's certificate (unless it is final), and S of every view between. */
static const char *notar1_wrong(const struct proofs *p, const struct checks *c, const struct due *due)
{
	const struct header *h = block_of(p, &due->vote.block_id), *parent;
	uint64_t parent_view = 0;

	if (!h || !holds(p, fact_key(due->node, JOURNAL_BLOCK, 0, h->view, &h->id)))
		return "a first vote for a block whose body is not durable with it";
	if (h->view != due->vote.view)
		return "a first vote for a block of another view";
	if (h->height > 1) {
		parent = block_of(p, &h->parent_id);
		if (!parent || !holds(p, fact_key(due->node, JOURNAL_BLOCK, 0, parent->view, &parent->id)))
			return "a first vote for a block whose parent's body is not durable with it";
		if (!is_final(c, parent) && !notarised(p, due->node, parent->view, &parent->id))
			return "a first vote for a block whose parent is not notarised";
		parent_view = parent->view;
	}
	for (uint64_t view = parent_view + 1; view < h->view; view++)
		if (!holds(p, fact_key(due->node, JOURNAL_CERT, CERT_S, view, NULL)))
			return "a first vote for a block that passes over a view which was not skipped";
	return NULL;
}

static const char *due_wrong(const struct proofs *p, const struct checks *c, const struct due *due)
{
	const struct vote *vote = &due->vote;

	if (vote->kind == VOTE_NOTAR1)
		return notar1_wrong(p, c, due);
	if (vote->kind == VOTE_FINAL &&
	    !holds(p, fact_key(due->node, JOURNAL_CERT, CERT_N, vote->view, &vote->block_id)))
		return "FINAL without the certificate N";
	return NULL;
}

void proofs_durable(struct proofs *p, const struct checks *c, uint32_t node, enum journal_table table,
                    const struct bytes *value)
{
	struct certificate *certificate;
	struct header header;
	struct due due = {.node = node};

	switch (table) {
	case JOURNAL_CERT:
		proofs_certificate(p, c, node, value->data, value->size);
		if (certificate_decode(committee_of(c), value->data, value->size, &certificate))
			checks_fail(c, "node %u: stores a certificate that does not decode", node);
		note(p, fact_key(node, JOURNAL_CERT, certificate->kind, certificate->view, &certificate->block_id));
		free(certificate);
		break;
	case JOURNAL_BLOCK: {
		Uncia__Pb__Block *block = uncia__pb__block__unpack(NULL, value->size, value->data);
		if (!block || header_decode(block->header.data, block->header.len, &header))
			checks_fail(c, "node %u: stores a block that does not decode", node);
		uncia__pb__block__free_unpacked(block, NULL);
		note(p, fact_key(node, JOURNAL_BLOCK, 0, header.view, &header.id));
		if (!block_of(p, &header.id)) {
			struct known_block *known = must(calloc(1, sizeof(*known)));
			known->header = header;
			HASH_ADD(hh, p->blocks, header.id, sizeof(header.id), known);
		}
		break;
	}
	case JOURNAL_EVIDENCE:
		evidence(p, c, node, value);
		break;
	case JOURNAL_VOTE:
		if (vote_decode(value->data, value->size, &due.vote))
			checks_fail(c, "node %u: stores a vote that does not decode", node);
		proofs_vote(p, c, &due.vote);
		if (c->byzantine[due.vote.voter])
			break;
		if (p->due_count == p->due_capacity) {
			p->due_capacity = p->due_capacity ? 2 * p->due_capacity : 64;
			p->due = must(realloc(p->due, p->due_capacity * sizeof(*p->due)));
		}
		p->due[p->due_count++] = due;
		break;
	default:
		break;
	}
}

void proofs_check(struct proofs *p, const struct checks *c)
{
	for (size_t i = 0; i < p->due_count; i++) {
		const char *wrong = due_wrong(p, c, &p->due[i]);
		if (wrong)
			checks_fail(c, "node %u: %s (view %" PRIu64 ")", p->due[i].node, wrong, p->due[i].vote.view);
	}
	p->due_count = 0;
}
