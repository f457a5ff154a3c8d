/* What the files of the consensus module share. For nobody else. Calls go one way:
 *   consensus.c → rules.c → safety.c → views.c → outputs.c, facts.c → order.c; consensus.c → lost_votes.c → views.c */
#ifndef STATE_H
#define STATE_H
#include <stddef.h>
#include "consensus.h"
#include "voting_rules.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct seat { /* what is held of one validator's votes in one view */
	bool has_first, has_final;
	struct vote first, final;
	struct vote *extras;
	uint32_t extra_count;
	bool evidence_told;
};

struct held_certificate {
	struct certificate *certificate;
	struct held_certificate *next;
};

struct order_node {
	uint64_t view;
	struct order_node *newer, *older;
};

struct order { /* by view; of one view in any order */
	struct order_node *newest, *oldest;
	struct order_node *last; /* inserted */
};

struct view {
	UT_hash_handle hh; /* by number */
	uint64_t number;
	struct order_node order; /* among all views */
	struct order_node heard; /* among those that have seats */
	uint64_t skips_from;     /* S is held of each view from there to this one; 0: not looked at, or not held */
	/* own votes, as the journal has or will have them */
	enum first_vote own_first;
	struct hash own_block;
	bool own_skip2, own_final;
	uint32_t own_extra_count; /* NOTAR2 among own_votes */
	struct vote *own_votes;   /* all of them, to be sent again */
	uint32_t own_vote_count;
	struct seat *seats; /* committee size; NULL until a vote arrives */
	struct held_certificate *certificates;
	/* timing of a view that was entered */
	bool by_skip;
	uint64_t entered_ms;
	uint64_t deadline_ms; /* CONSENSUS_NEVER: the timer has not started */
};

struct facts {
	UT_hash_handle hh; /* by facts.id */
	struct block_facts facts;
	struct order_node order; /* among all */
	struct order_node early; /* among those whose check is BLOCK_EARLY */
};

struct queued_output {
	struct queued_output *next;
	struct consensus_output output;
};

struct newest { /* the newest vote known of one validator */
	bool known, unjournaled;
	bool answered; /* our question at the start */
	struct vote vote;
};

struct consensus {
	struct consensus_config config;
	const struct committee *committee;
	uint64_t now_ms;

	uint64_t final_view; /* views up to it are past */
	struct hash final_id;
	struct view *views;
	struct order views_order;
	/* Views of which votes are held, within VIEW_WINDOW of the current one: up to it, and above it. */
	struct order heard, ahead;
	uint64_t view;  /* current */
	uint32_t skips; /* views entered by S since the last finality: doubles T */
	uint64_t last_notarised_ms;
	struct facts *facts;
	struct order facts_order, early;
	uint64_t visited;                              /* views and facts looked at in passing, and kept, ever */
	struct queued_output *outputs, **outputs_last; /* oldest first */
	bool pending;
	bool *peers_up; /* by validator */

	enum voting_state voting; /* never VOTING_NO_SPACE or VOTING_ENDED: that is low_space, ended */
	bool low_space, ended;
	uint64_t started_at_view; /* the final view at the start */
	struct vote newest_own;   /* in the journal at the start; view 0: none */
	struct newest *newest;    /* by validator */
};

/* Whether this replica is in the committee. */
static inline bool consensus_member(const struct consensus *c)
{
	return c->config.self < c->committee->size;
}

/* The view, or the facts, that a node is part of; NULL for NULL. */
static inline struct view *view_at(struct order_node *order)
{
	return order ? (void *)((char *)order - offsetof(struct view, order)) : NULL;
}
static inline struct view *view_heard_at(struct order_node *heard)
{
	return heard ? (void *)((char *)heard - offsetof(struct view, heard)) : NULL;
}
static inline struct facts *facts_at(struct order_node *order)
{
	return order ? (void *)((char *)order - offsetof(struct facts, order)) : NULL;
}
static inline struct facts *facts_early_at(struct order_node *early)
{
	return early ? (void *)((char *)early - offsetof(struct facts, early)) : NULL;
}

/* ---- order.c ---- */

/* A node whose `view` is set. Returns how many it has passed. */
size_t order_insert(struct order *o, struct order_node *node);
void order_remove(struct order *o, struct order_node *node);

/* ---- outputs.c ---- */

/* A new output at the end, zero but for its kind. NULL: out of memory. */
struct consensus_output *output_add(struct consensus *c, enum consensus_output_kind kind);
/* Drops those about views up to `through`, and those that refer to certificates of such views. */
void outputs_forget_through(struct consensus *c, uint64_t through);
/* Drops those that ask for a block to be executed which is not held any more. */
void outputs_forget(struct consensus *c, const struct hash *id);
/* Whether an own vote waits to be carried out. */
bool outputs_have_vote(const struct consensus *c);

/* ---- facts.c ---- */

/* NULL where the block's header is not held. */
const struct block_facts *facts_find(const struct consensus *c, const struct hash *id);
/* Returns 1 where something is new, 0 where not, UNCIA_E_MEMORY. */
int facts_set(struct consensus *c, const struct block_facts *facts);
void facts_drop(struct consensus *c, const struct hash *id);
void facts_forget_through(struct consensus *c, uint64_t through);
bool facts_body_held(const struct consensus *c, const struct hash *id);
/* Whether its parent is known to be of no lower view: such a block can never be valid. */
bool facts_backwards(const struct consensus *c, const struct block_facts *facts);

/* ---- views.c: what is held of each view ---- */

/* NULL where nothing is held of it. */
struct view *view_find(const struct consensus *c, uint64_t number);
struct view *view_get(struct consensus *c, uint64_t number); /* NULL: out of memory */
/* Makes it the current one. Returns 0 or UNCIA_E_MEMORY. */
int view_enter(struct consensus *c, uint64_t number, bool by_skip);
void views_forget_through(struct consensus *c, uint64_t through); /* forgets all up to and with that view */
/* Whether votes of it are kept. */
bool view_in_window(const struct consensus *c, uint64_t number);
/* Takes a verified vote, or an own one that is durable. */
int view_vote(struct consensus *c, const struct vote *vote);
/* Takes a verified certificate. */
int view_certificate(struct consensus *c, struct certificate *certificate);
/* Takes a finality certificate of that block out of its view; NULL where none is held. */
struct certificate *view_take_final(struct consensus *c, uint64_t number, const struct hash *id);
/* Whether a validator that keeps to the rules can have cast this vote after those own ones that are noted: one first
 * vote a view, extra votes for something else and only after it, FINAL for the same block and last. */
bool view_own_agrees(const struct view *view, const struct vote *vote);
/* Notes an own vote as cast. Returns 0 or UNCIA_E_MEMORY. */
int view_note_own(struct view *view, const struct vote *vote);
/* Whether an own vote of that kind, for that block, was cast in it. */
bool view_own_vote(const struct view *view, enum vote_kind kind, const struct hash *block_id);
/* The block that the leader's first vote held is for, or NULL. */
const struct hash *view_leader_block(const struct consensus *c, const struct view *view);
/* The first votes held, by block. Returns how many blocks there are. */
struct block_tally {
	struct hash id;
	uint64_t notar1;
};
size_t view_tally(const struct consensus *c, const struct view *view, struct first_tally *tally,
                  struct block_tally blocks[COMMITTEE_SIZE_MAX]);
/* consensus §6 rule 2: whether a block of `view` may stand on that parent. */
bool view_parent_valid(struct consensus *c, uint64_t view, const struct hash *parent_id);

/* ---- safety.c: every own vote is made here, and nowhere else ---- */

/* Casts the vote `wanted`: its epoch, kind, view and block. Checks by itself that the rule of its kind holds, on votes,
 * certificates and facts that are held. The vote is noted as cast and put out; *cast is it, where that is not NULL.
 * Returns 0; CONSENSUS_E_UNSAFE, and nothing is signed; UNCIA_E_MEMORY; an error of `sign`. */
int safety_cast(struct consensus *c, const struct vote *wanted, bool broadcast, struct vote *cast);
/* What was cast in a view, in the form that voting_rules.h asks for. */
struct own_votes safety_own(const struct consensus *c, const struct view *view);

/* ---- rules.c ---- */

int rules_vote(struct consensus *c);                   /* rules 4, 6 and 7, in every open view */
int rules_start_timer(struct consensus *c, bool work); /* §6.5 */
bool rules_wait_for_time(const struct consensus *c);   /* a first vote waits until a block is not early any more */
int rules_expire(struct consensus *c);                 /* rule 5 */
uint64_t rules_timeout(const struct consensus *c, uint64_t number); /* the length of that view's timer */

/* ---- lost_votes.c: a journal that is older than what was once sent (§6 rule 10) ---- */

void lost_votes_seen(struct consensus *c, const struct vote *vote); /* a verified vote of another validator */
void lost_votes_certified(struct consensus *c, const struct certificate *certificate); /* those in a verified one */
int lost_votes_check(struct consensus *c);                                             /* whether it may vote now */
int lost_votes_found(struct consensus *c);                                             /* it may never, in this epoch */

#endif
