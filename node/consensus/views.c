/* What is held of each view above the highest final one: everybody's votes, one seat a validator, and the certificates
 * made from them or received (docs/spec/consensus.md §6). */
#include <assert.h>
#include <stdlib.h>
#include "state.h"
#include "try.h"
#include "uncia/error.h"

struct view *view_find(const struct consensus *c, uint64_t number)
{
	struct view *view;

	HASH_FIND(hh, c->views, &number, sizeof(number), view);
	return view;
}

struct view *view_get(struct consensus *c, uint64_t number)
{
	struct view *view = view_find(c, number);

	if (view)
		return view;
	view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	view->number = view->order.view = view->heard.view = number;
	view->deadline_ms = CONSENSUS_NEVER;
	HASH_ADD(hh, c->views, number, sizeof(view->number), view);
	if (!view->hh.tbl) {
		free(view);
		return NULL;
	}
	c->visited += order_insert(&c->views_order, &view->order);
	return view;
}

/* The list of those with votes that a view is in. */
static struct order *view_heard_in(struct consensus *c, const struct view *view)
{
	return view->number > c->view ? &c->ahead : &c->heard;
}

/* What others voted; own votes and certificates stay. */
static void view_drop_votes(struct consensus *c, struct view *view)
{
	if (!view->seats)
		return;
	for (uint32_t i = 0; i < c->committee->size; i++)
		free(view->seats[i].extras);
	order_remove(view_heard_in(c, view), &view->heard);
	free(view->seats);
	view->seats = NULL;
}

static void view_free(struct consensus *c, struct view *view)
{
	view_drop_votes(c, view);
	while (view->certificates) {
		struct held_certificate *held = view->certificates;
		view->certificates = held->next;
		free(held->certificate);
		free(held);
	}
	free(view->own_votes);
	order_remove(&c->views_order, &view->order);
	HASH_DEL(c->views, view); /* NOLINT(clang-analyzer-*): not how uthash lists go */
	free(view);
}

void views_forget_through(struct consensus *c, uint64_t through)
{
	while (c->views_order.oldest && c->views_order.oldest->view <= through)
		view_free(c, view_at(c->views_order.oldest));
}

/* Votes are kept near the CURRENT view: counted from the last final one, the window would shut for ever behind so
 * many failed views. */
bool view_in_window(const struct consensus *c, uint64_t number)
{
	return number > c->final_view && number <= c->view + VIEW_WINDOW &&
	       (c->view <= VIEW_WINDOW || number >= c->view - VIEW_WINDOW);
}

static bool view_vote_same(const struct vote *a, const struct vote *b)
{
	return a->kind == b->kind && a->view == b->view && hash_equal(&a->block_id, &b->block_id);
}

static bool view_vote_is_first(const struct vote *vote)
{
	return vote->kind == VOTE_NOTAR1 || vote->kind == VOTE_SKIP1;
}

/* A second, different vote where the rules allow one: told as evidence, one pair a view and voter. */
static int seat_evidence(struct consensus *c, struct seat *seat, const struct vote *first, const struct vote *second)
{
	if (seat->evidence_told)
		return 0;
	struct consensus_output *o = output_add(c, OUT_EVIDENCE);
	if (!o)
		return UNCIA_E_MEMORY;
	seat->evidence_told = true;
	o->view = first->view;
	o->evidence[0] = *first;
	o->evidence[1] = *second;
	return 0;
}

/* At most floor(W/K)+1 extra votes of one validator are kept; one of them is SKIP2's place. */
static int seat_extra(struct consensus *c, struct seat *seat, const struct vote *vote, bool *added)
{
	uint64_t blocks_max = c->committee->weight / c->committee->key_threshold;
	uint64_t blocks = 0;

	assert(blocks_max && (vote->kind == VOTE_NOTAR2 || vote->kind == VOTE_SKIP2));
	for (uint32_t i = 0; i < seat->extra_count; i++) {
		if (view_vote_same(&seat->extras[i], vote))
			return 0;
		blocks += seat->extras[i].kind == VOTE_NOTAR2;
	}
	if (vote->kind == VOTE_NOTAR2 && blocks >= blocks_max)
		return 0;
	struct vote *extras = realloc(seat->extras, (seat->extra_count + 1) * sizeof(*extras));
	if (!extras)
		return UNCIA_E_MEMORY;
	seat->extras = extras;
	extras[seat->extra_count++] = *vote;
	*added = true;
	return 0;
}

static int seat_vote(struct consensus *c, struct seat *seat, const struct vote *vote, bool *added)
{
	if (vote->kind == VOTE_FINAL) {
		if (seat->has_final)
			return view_vote_same(&seat->final, vote) ? 0 : seat_evidence(c, seat, &seat->final, vote);
		seat->final = *vote;
		seat->has_final = *added = true;
		return 0;
	}
	if (!view_vote_is_first(vote))
		return seat_extra(c, seat, vote, added);
	if (seat->has_first)
		return view_vote_same(&seat->first, vote) ? 0 : seat_evidence(c, seat, &seat->first, vote);
	seat->first = *vote;
	seat->has_first = *added = true;
	return 0;
}

/* The seat's vote for this certificate, or NULL: every signer counts once, the first vote before an extra. */
static const struct vote *seat_supports(const struct seat *seat, enum certificate_kind kind, const struct hash *id)
{
	enum vote_kind first = kind == CERT_S ? VOTE_SKIP1 : VOTE_NOTAR1;

	if (kind == CERT_SF)
		return seat->has_final && hash_equal(&seat->final.block_id, id) ? &seat->final : NULL;
	if (seat->has_first && seat->first.kind == first && hash_equal(&seat->first.block_id, id))
		return &seat->first;
	if (kind == CERT_FF)
		return NULL;
	for (uint32_t i = 0; i < seat->extra_count; i++)
		if (seat->extras[i].kind == (kind == CERT_S ? VOTE_SKIP2 : VOTE_NOTAR2) &&
		    hash_equal(&seat->extras[i].block_id, id))
			return &seat->extras[i];
	return NULL;
}

static int view_try_certificate(struct consensus *c, uint64_t number, enum certificate_kind kind, const struct hash *id)
{
	struct view *view = view_find(c, number);
	const struct vote *votes[COMMITTEE_SIZE_MAX];
	uint64_t weight = 0;
	size_t count = 0;

	if (!view || !view->seats || consensus_held(c, number, kind, id))
		return 0;
	for (uint32_t i = 0; i < c->committee->size; i++) {
		const struct vote *vote = seat_supports(&view->seats[i], kind, id);
		if (!vote)
			continue;
		votes[count++] = vote;
		weight += c->committee->validators[i].weight;
	}
	if (weight < certificate_quorum(c->committee, kind))
		return 0;
	struct certificate *certificate;
	const struct certificate_subject subject = {.kind = kind, .view = number, .block_id = id};
	TRY(certificate_make(c->committee, &subject, votes, count, &certificate));
	return view_certificate(c, certificate);
}

int view_vote(struct consensus *c, const struct vote *vote)
{
	assert(vote->voter < c->committee->size && vote->epoch == c->committee->epoch);
	if (!view_in_window(c, vote->view))
		return 0;
	struct view *view = view_get(c, vote->view);
	if (!view)
		return UNCIA_E_MEMORY;
	if (!view->seats) {
		view->seats = calloc(c->committee->size, sizeof(*view->seats));
		if (!view->seats)
			return UNCIA_E_MEMORY;
		c->visited += order_insert(view_heard_in(c, view), &view->heard);
	}
	bool added = false;
	TRY(seat_vote(c, &view->seats[vote->voter], vote, &added));
	if (!added)
		return 0;
	c->pending = true;
	/* FF before N: what is final needs no further vote. */
	if (vote->kind == VOTE_FINAL)
		return view_try_certificate(c, vote->view, CERT_SF, &vote->block_id);
	if (vote->kind == VOTE_NOTAR1)
		TRY(view_try_certificate(c, vote->view, CERT_FF, &vote->block_id));
	if (vote_kind_names_block(vote->kind))
		return view_try_certificate(c, vote->view, CERT_N, &vote->block_id);
	return view_try_certificate(c, vote->view, CERT_S, &vote->block_id);
}

int view_enter(struct consensus *c, uint64_t number, bool by_skip)
{
	struct view *view = view_get(c, number);

	assert(number > c->view && number > c->final_view);
	if (!view)
		return UNCIA_E_MEMORY;
	while (c->ahead.oldest && c->ahead.oldest->view <= number) {
		struct order_node *reached = c->ahead.oldest;
		order_remove(&c->ahead, reached);
		c->visited += order_insert(&c->heard, reached);
	}
	c->view = number;
	c->skips += by_skip;
	view->by_skip = by_skip;
	view->entered_ms = c->now_ms;
	c->pending = true;
	/* In a long stall, what falls out of the window is given back; own votes and certificates are kept. A
	 * certificate may lead over many views at once. */
	while (c->heard.oldest && c->heard.oldest->view < number && !view_in_window(c, c->heard.oldest->view))
		view_drop_votes(c, view_heard_at(c->heard.oldest));
	return 0;
}

static int view_put_out(struct consensus *c, const struct certificate *certificate, bool forward)
{
	struct consensus_output *o = output_add(c, OUT_CERTIFICATE);

	if (!o)
		return UNCIA_E_MEMORY;
	o->view = certificate->view;
	o->certificate = certificate;
	o->forward = forward;
	if (certificate->kind == CERT_S)
		return 0;
	/* What is notarised may become a parent: its body is asked for unless it comes by itself. */
	o = output_add(c, OUT_WANT_BODY);
	if (!o)
		return UNCIA_E_MEMORY;
	o->view = certificate->view;
	o->id = certificate->block_id;
	o->expected = true;
	if (!certificate_is_final(certificate->kind))
		return 0;
	/* Rule 8: "Decide h and all its ancestors on FF or SF, whatever the current view." */
	o = output_add(c, OUT_DECIDED);
	if (!o)
		return UNCIA_E_MEMORY;
	o->view = certificate->view;
	o->id = certificate->block_id;
	return 0;
}

/* Own and received certificates alike: kept, put out and acted on (rules 1 and 8). */
int view_certificate(struct consensus *c, struct certificate *certificate)
{
	uint64_t number = certificate->view;

	assert(certificate->epoch == c->committee->epoch);
	assert(certificate->weight >= certificate_quorum(c->committee, certificate->kind));
	if (number <= c->final_view || consensus_held(c, number, certificate->kind, &certificate->block_id)) {
		free(certificate);
		return 0;
	}
	struct view *view = view_get(c, number);
	struct held_certificate *held = view ? malloc(sizeof(*held)) : NULL;
	if (!held) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	held->certificate = certificate;
	held->next = view->certificates;
	view->certificates = held;
	c->pending = true;
	if (certificate->kind != CERT_S)
		c->last_notarised_ms = c->now_ms;
	/* Rule 1: "Enter v+1 on any N(v,·), S(v), FF(v,·) or SF(v,·). Forward that certificate once to all." */
	bool enters = number + 1 > c->view;
	TRY(view_put_out(c, certificate, enters));
	return enters ? view_enter(c, number + 1, certificate->kind == CERT_S) : 0;
}

struct certificate *view_take_final(struct consensus *c, uint64_t number, const struct hash *id)
{
	struct view *view = view_find(c, number);
	struct held_certificate **at = view ? &view->certificates : NULL;

	for (; at && *at; at = &(*at)->next) {
		struct held_certificate *held = *at;
		if (!certificate_is_final(held->certificate->kind) || !hash_equal(&held->certificate->block_id, id))
			continue;
		struct certificate *certificate = held->certificate;
		*at = held->next;
		free(held);
		return certificate;
	}
	return NULL;
}

/* ---- own votes ---- */

bool view_own_agrees(const struct view *view, const struct vote *vote)
{
	const struct own_votes own = {.first = view->own_first,
	                              .any_extra = view->own_extra_count > 0 || view->own_skip2,
	                              .final = view->own_final};

	return rule_follows(&own, vote->kind,
	                    own.first == FIRST_BLOCK && hash_equal(&view->own_block, &vote->block_id));
}

int view_note_own(struct view *view, const struct vote *vote)
{
	struct vote *votes = realloc(view->own_votes, (view->own_vote_count + 1) * sizeof(*votes));

	assert(vote->view == view->number && !view->own_final);
	if (!votes)
		return UNCIA_E_MEMORY;
	view->own_votes = votes;
	votes[view->own_vote_count++] = *vote;
	switch (vote->kind) {
	case VOTE_NOTAR1:
		view->own_first = FIRST_BLOCK;
		view->own_block = vote->block_id;
		break;
	case VOTE_SKIP1:
		view->own_first = FIRST_SKIP;
		break;
	case VOTE_NOTAR2:
		view->own_extra_count++;
		break;
	case VOTE_SKIP2:
		view->own_skip2 = true;
		break;
	case VOTE_FINAL:
		view->own_final = true;
		break;
	}
	return 0;
}

bool view_own_vote(const struct view *view, enum vote_kind kind, const struct hash *block_id)
{
	for (uint32_t i = 0; i < view->own_vote_count; i++)
		if (view->own_votes[i].kind == kind && hash_equal(&view->own_votes[i].block_id, block_id))
			return true;
	return false;
}

/* ---- what is held ---- */

const struct hash *view_leader_block(const struct consensus *c, const struct view *view)
{
	const struct vote *first = consensus_first_vote(c, view->number, committee_leader(c->committee, view->number));

	return first && first->kind == VOTE_NOTAR1 ? &first->block_id : NULL;
}

size_t view_tally(const struct consensus *c, const struct view *view, struct first_tally *tally,
                  struct block_tally blocks[COMMITTEE_SIZE_MAX])
{
	size_t count = 0, i;

	*tally = (struct first_tally){0};
	for (uint32_t voter = 0; voter < c->committee->size; voter++) {
		const struct seat *seat = &view->seats[voter];
		uint64_t weight = c->committee->validators[voter].weight;
		if (!seat->has_first)
			continue;
		tally->total += weight;
		if (seat->first.kind != VOTE_NOTAR1)
			continue;
		for (i = 0; i < count && !hash_equal(&blocks[i].id, &seat->first.block_id); i++)
			;
		if (i == count)
			blocks[count++] = (struct block_tally){.id = seat->first.block_id};
		blocks[i].notar1 += weight;
		if (blocks[i].notar1 > tally->top)
			tally->top = blocks[i].notar1;
	}
	assert(tally->top <= tally->total && tally->total <= c->committee->weight);
	return count;
}

/* Whether S is held of every view from `first` through `last`. What was found stays: S is forgotten with past views
 * only, the lowest first. */
static bool view_all_skipped(struct consensus *c, uint64_t first, uint64_t last)
{
	uint64_t from = last + 1;

	for (uint64_t x = last; x >= first; x = from - 1) {
		const struct view *view = view_find(c, x);
		if (!view || (!view->skips_from && !consensus_held(c, x, CERT_S, NULL)))
			break;
		from = view->skips_from ? view->skips_from : x;
		c->visited++;
	}
	if (from <= last)
		view_find(c, last)->skips_from = from;
	return from <= first;
}

/* Rule 2: "(u,g) of v: it is the final block of f, or u > f and N, FF or SF of (u,g) is held; and S(x) is held for
 * every u < x < v". */
bool view_parent_valid(struct consensus *c, uint64_t view, const struct hash *parent_id)
{
	uint64_t parent_view = c->final_view;

	assert(view > c->final_view);
	if (!hash_equal(parent_id, &c->final_id)) {
		const struct block_facts *parent = facts_find(c, parent_id);
		if (!parent || parent->view <= c->final_view || parent->view >= view ||
		    !consensus_notarised(c, parent->view, parent_id))
			return false;
		parent_view = parent->view;
	}
	return view_all_skipped(c, parent_view + 1, view - 1);
}

/* As seat_vote, seat_extra and seat_evidence do it. */
bool consensus_vote_wanted(const struct consensus *c, const struct vote *vote)
{
	const struct view *view = view_find(c, vote->view);
	uint64_t blocks = 0;

	assert(vote->voter < c->committee->size);
	if (!view_in_window(c, vote->view))
		return false;
	if (!view || !view->seats)
		return true;
	const struct seat *seat = &view->seats[vote->voter];
	if (vote->kind == VOTE_FINAL)
		return !seat->has_final || (!seat->evidence_told && !view_vote_same(&seat->final, vote));
	if (view_vote_is_first(vote))
		return !seat->has_first || (!seat->evidence_told && !view_vote_same(&seat->first, vote));
	for (uint32_t i = 0; i < seat->extra_count; i++) {
		if (view_vote_same(&seat->extras[i], vote))
			return false;
		blocks += seat->extras[i].kind == VOTE_NOTAR2;
	}
	return vote->kind == VOTE_SKIP2 || blocks < c->committee->weight / c->committee->key_threshold;
}

bool consensus_vote_known(const struct consensus *c, const struct vote *vote)
{
	struct view *view = view_find(c, vote->view);

	if (!view || !view->seats || vote->voter >= c->committee->size)
		return false;
	const struct seat *seat = &view->seats[vote->voter];
	const struct vote *held = NULL;
	if (vote->kind == VOTE_FINAL)
		held = seat->has_final ? &seat->final : NULL;
	else if (view_vote_is_first(vote))
		held = seat->has_first ? &seat->first : NULL;
	for (uint32_t i = 0; !held && i < seat->extra_count; i++)
		if (view_vote_same(&seat->extras[i], vote))
			held = &seat->extras[i];
	return held && view_vote_same(held, vote) && memcmp(held->signature, vote->signature, SIGNATURE_SIZE) == 0;
}

const struct vote *consensus_first_vote(const struct consensus *c, uint64_t number, uint32_t voter)
{
	const struct view *view = view_find(c, number);

	assert(voter < c->committee->size);
	return view && view->seats && view->seats[voter].has_first ? &view->seats[voter].first : NULL;
}

const struct certificate *consensus_held(const struct consensus *c, uint64_t number, enum certificate_kind kind,
                                         const struct hash *block_id)
{
	const struct view *view = view_find(c, number);

	for (const struct held_certificate *held = view ? view->certificates : NULL; held; held = held->next)
		if (held->certificate->kind == kind &&
		    (!block_id || hash_equal(&held->certificate->block_id, block_id)))
			return held->certificate;
	return NULL;
}

bool consensus_has_certificate(const struct consensus *c, uint64_t number)
{
	const struct view *view = view_find(c, number);

	return view && view->certificates;
}

const struct certificate *consensus_notarised(const struct consensus *c, uint64_t number, const struct hash *block_id)
{
	const enum certificate_kind kinds[] = {CERT_N, CERT_FF, CERT_SF};
	const struct certificate *certificate = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !certificate; i++)
		certificate = consensus_held(c, number, kinds[i], block_id);
	return certificate;
}

const struct certificate *consensus_next_notarised(const struct consensus *c, uint64_t number,
                                                   const struct certificate *after)
{
	const struct view *view = view_find(c, number);
	const struct held_certificate *held = view ? view->certificates : NULL;

	while (after && held && held->certificate != after)
		held = held->next;
	if (after && held)
		held = held->next;
	while (held && held->certificate->kind == CERT_S)
		held = held->next;
	return held ? held->certificate : NULL;
}

static void view_walk_to(struct consensus_walk *walk, const struct view *view)
{
	*walk = (struct consensus_walk){.view = view, .certificate = view ? view->certificates : NULL};
}

void consensus_walk_begin(const struct consensus *c, struct consensus_walk *walk)
{
	assert(!outputs_have_vote(c)); /* what is said here may be sent: it has been journaled */
	view_walk_to(walk, view_at(c->views_order.newest));
}

bool consensus_walk_next(const struct consensus *c, struct consensus_walk *walk, const struct certificate **certificate,
                         const struct vote **own)
{
	*certificate = NULL;
	*own = NULL;
	for (; walk->view; view_walk_to(walk, view_at(walk->view->order.older))) {
		if (walk->view->number <= c->final_view)
			continue;
		if (walk->certificate) {
			*certificate = walk->certificate->certificate;
			walk->certificate = walk->certificate->next;
			return true;
		}
		if (walk->vote < walk->view->own_vote_count) {
			*own = &walk->view->own_votes[walk->vote++];
			return true;
		}
	}
	return false;
}
