/* What is held of each view above the highest final one: everybody's votes, one seat a validator, and the certificates
 * made from them or received (consensus §6). */
#include "parts.h"

struct view *view_find(struct replica *r, uint64_t number)
{
	struct view *view;

	HASH_FIND(hh, r->views, &number, sizeof(number), view);
	return view;
}

struct view *view_get(struct replica *r, uint64_t number)
{
	struct view *view = view_find(r, number);

	if (view)
		return view;
	view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	view->number = number;
	view->deadline_ms = TIME_NEVER;
	HASH_ADD(hh, r->views, number, sizeof(view->number), view);
	if (!view->hh.tbl) {
		free(view);
		return NULL;
	}
	return view;
}

/* What others voted; own votes and certificates stay. */
void view_drop_votes(struct replica *r, struct view *view)
{
	if (view->seats)
		for (uint32_t i = 0; i < r->committee->size; i++)
			free(view->seats[i].extras);
	free(view->seats);
	view->seats = NULL;
}

void view_free(struct replica *r, struct view *view)
{
	view_drop_votes(r, view);
	while (view->certificates) {
		struct held_certificate *held = view->certificates;
		view->certificates = held->next;
		free(held->certificate);
		free(held);
	}
	free(view->own_extras);
	free(view->own_votes);
	HASH_DEL(r->views, view);
	free(view);
}

void views_settle(struct replica *r, uint64_t through)
{
	struct view *view, *next;

	HASH_ITER (hh, r->views, view, next)
		if (view->number <= through)
			view_free(r, view);
}

/* Votes are kept near the CURRENT view: counted from the last final one, the window would shut for ever behind so
 * many failed views. */
bool view_in_window(const struct replica *r, uint64_t number)
{
	return number > r->chain.tip->header.view && number <= r->view + VIEW_WINDOW &&
	       (r->view <= VIEW_WINDOW || number >= r->view - VIEW_WINDOW);
}

struct certificate *view_certificate(struct replica *r, uint64_t number, enum certificate_kind kind,
                                     const struct hash *block_id)
{
	struct view *view = view_find(r, number);

	for (struct held_certificate *held = view ? view->certificates : NULL; held; held = held->next)
		if (held->certificate->kind == kind &&
		    (!block_id || hash_equal(&held->certificate->block_id, block_id)))
			return held->certificate;
	return NULL;
}

bool view_notarised(struct replica *r, uint64_t number, const struct hash *block_id)
{
	return view_certificate(r, number, CERT_N, block_id) || view_certificate(r, number, CERT_FF, block_id) ||
	       view_certificate(r, number, CERT_SF, block_id);
}

static bool vote_same(const struct vote *a, const struct vote *b)
{
	return a->kind == b->kind && a->view == b->view && hash_equal(&a->block_id, &b->block_id);
}

static bool vote_is_first(const struct vote *vote)
{
	return vote->kind == VOTE_NOTAR1 || vote->kind == VOTE_SKIP1;
}

/* Whether this very vote, signature included, has been verified before. */
bool vote_known(struct replica *r, const struct vote *vote)
{
	struct view *view = view_find(r, vote->view);

	if (!view || !view->seats || vote->voter >= r->committee->size)
		return false;
	const struct seat *seat = &view->seats[vote->voter];
	const struct vote *held = NULL;
	if (vote->kind == VOTE_FINAL)
		held = seat->has_final ? &seat->final : NULL;
	else if (vote_is_first(vote))
		held = seat->has_first ? &seat->first : NULL;
	for (uint32_t i = 0; !held && i < seat->extra_count; i++)
		if (vote_same(&seat->extras[i], vote))
			held = &seat->extras[i];
	return held && vote_same(held, vote) && memcmp(held->signature, vote->signature, SIGNATURE_SIZE) == 0;
}

static int evidence_journal(struct replica *r, const struct vote *first, const struct vote *second)
{
	uint8_t key[12], value[1 + 2 * 256];
	size_t size, more;

	be64_put(key, first->view);
	be32_put(key + 8, first->voter);
	TRY(vote_encode(first, value + 1, &size));
	TRY(vote_encode(second, value + 1 + size, &more));
	value[0] = (uint8_t)size;
	return step_put(&r->step, JOURNAL_EVIDENCE, &(struct bytes){key, sizeof(key)},
	                &(struct bytes){value, 1 + size + more});
}

/* A second, different vote where the rules allow one: both are kept as evidence, one pair a view and voter. */
static int seat_evidence(struct replica *r, struct seat *seat, const struct vote *first, const struct vote *second)
{
	if (seat->evidence_kept)
		return 0;
	seat->evidence_kept = true;
	if (r->evidence++ < EVIDENCE_MAX)
		TRY(evidence_journal(r, first, second));
	return step_note(&r->step, NOTE_WARNING,
	                 "event=evidence voter=%u view=%llu first=%d second=%d block=%02x%02x%02x%02x", second->voter,
	                 (unsigned long long)second->view, (int)first->kind, (int)second->kind, second->block_id.b[0],
	                 second->block_id.b[1], second->block_id.b[2], second->block_id.b[3]);
}

/* At most floor(W/K)+1 extra votes of one validator are kept; one of them is SKIP2's place. */
static int seat_extra(struct replica *r, struct seat *seat, const struct vote *vote, bool *added)
{
	uint64_t blocks_max = r->committee->weight / r->committee->key_threshold;
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < seat->extra_count; i++) {
		if (vote_same(&seat->extras[i], vote))
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

static int seat_vote(struct replica *r, struct seat *seat, const struct vote *vote, bool *added)
{
	if (vote->kind == VOTE_FINAL) {
		if (seat->has_final)
			return vote_same(&seat->final, vote) ? 0 : seat_evidence(r, seat, &seat->final, vote);
		seat->final = *vote;
		seat->has_final = *added = true;
		return 0;
	}
	if (!vote_is_first(vote))
		return seat_extra(r, seat, vote, added);
	if (seat->has_first)
		return vote_same(&seat->first, vote) ? 0 : seat_evidence(r, seat, &seat->first, vote);
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

static uint64_t certificate_quorum(const struct committee *c, enum certificate_kind kind)
{
	return kind == CERT_FF ? c->quorum_fast : c->quorum_slow;
}

static int certificate_try(struct replica *r, uint64_t number, enum certificate_kind kind, const struct hash *id)
{
	struct view *view = view_find(r, number);
	const struct vote *votes[COMMITTEE_SIZE_MAX];
	uint64_t weight = 0;
	size_t count = 0;

	if (!view || !view->seats || view_certificate(r, number, kind, id))
		return 0;
	for (uint32_t i = 0; i < r->committee->size; i++) {
		const struct vote *vote = seat_supports(&view->seats[i], kind, id);
		if (!vote)
			continue;
		votes[count++] = vote;
		weight += r->committee->validators[i].weight;
	}
	if (weight < certificate_quorum(r->committee, kind))
		return 0;
	struct certificate *certificate;
	TRY(certificate_make(r->committee, kind, number, id, votes, count, &certificate));
	return certificate_accept(r, certificate);
}

int vote_accept(struct replica *r, const struct vote *vote)
{
	if (vote->voter != r->config.self)
		TRY(newest_vote_seen(r, vote));
	if (!view_in_window(r, vote->view))
		return 0;
	struct view *view = view_get(r, vote->view);
	if (!view)
		return UNCIA_E_MEMORY;
	if (!view->seats) {
		view->seats = calloc(r->committee->size, sizeof(*view->seats));
		if (!view->seats)
			return UNCIA_E_MEMORY;
	}
	bool added = false;
	TRY(seat_vote(r, &view->seats[vote->voter], vote, &added));
	if (!added)
		return 0;
	r->recheck = true;
	/* FF before N: what is final needs no further vote. Each may settle the view, so it is looked up anew. */
	if (vote->kind == VOTE_FINAL)
		return certificate_try(r, vote->view, CERT_SF, &vote->block_id);
	if (vote->kind == VOTE_NOTAR1)
		TRY(certificate_try(r, vote->view, CERT_FF, &vote->block_id));
	if (vote_kind_names_block(vote->kind))
		return certificate_try(r, vote->view, CERT_N, &vote->block_id);
	return certificate_try(r, vote->view, CERT_S, &vote->block_id);
}

/* Own and received certificates alike: kept, journaled and acted on (rules 1 and 8). */
int certificate_accept(struct replica *r, struct certificate *certificate)
{
	uint64_t number = certificate->view;

	if (number <= r->chain.tip->header.view ||
	    view_certificate(r, number, certificate->kind, &certificate->block_id)) {
		free(certificate);
		return 0;
	}
	struct view *view = view_get(r, number);
	struct held_certificate *held = view ? malloc(sizeof(*held)) : NULL;
	if (!held) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	held->certificate = certificate;
	held->next = view->certificates;
	view->certificates = held;

	uint8_t key[JOURNAL_KEY_MAX];
	size_t key_size;
	journal_key(key, number, certificate->kind, &certificate->block_id, &key_size);
	TRY(step_put(&r->step, JOURNAL_CERT, &(struct bytes){key, key_size},
	             &(struct bytes){certificate->bytes, certificate->size}));
	r->recheck = true;
	if (certificate->kind != CERT_S)
		r->last_notarised_ms = r->step.now_ms;
	/* consensus §6 rule 1: "Enter v+1 on any N(v,·), S(v), FF(v,·) or SF(v,·). Forward that certificate once to
	 * all." */
	if (number + 1 > r->view) {
		TRY(message_send_certificate(&r->step, PEER_ALL, certificate));
		TRY(consensus_enter(r, number + 1, certificate->kind == CERT_S));
	}
	/* What is notarised may become a parent: its body is asked for unless it comes by itself. */
	if (certificate->kind != CERT_S)
		TRY(chain_want_named(&r->chain, &(struct header){.view = number, .id = certificate->block_id},
		                     r->step.now_ms, r->step.now_ms + BLOCK_FETCH_DELAY_MS));
	if (!certificate_is_final(certificate->kind))
		return 0;
	struct hash id = certificate->block_id; /* deciding forgets the view, and with it the certificate */
	return finality_decide(r, number, &id);
}
