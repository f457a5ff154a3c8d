/* The small consensus module (docs/spec/consensus.md §6): verified votes and certificates go in, own votes and
 * decisions come out. It knows no payment, no ledger, no disk, no clock and no message: of a block it is told its id,
 * its parent's id, its view and how far it has been checked (consensus_block), of the time what it is
 * (consensus_begin), and what is to be done for it lies in a list of outputs (consensus_next) that the caller carries
 * out, in order.
 *
 * What the caller promises:
 *  - votes and certificates that it hands in are verified, and of this epoch; own votes are handed in once the disk has
 *    them, and not before;
 *  - an own vote among the outputs is journaled in this step, a NOTAR1 together with the bodies of its block and that
 *    block's ancestors, and sent only when that is durable; one that is not among the outputs any more (consensus_final
 *    drops those of past views) is neither journaled nor sent;
 *  - outputs are carried out before a block that they may name is forgotten, and before own votes are walked over to be
 *    sent again;
 *  - after a restart all that the journal holds above the final view is told between consensus_start and
 *    consensus_recovered, and nothing else is done before that.
 * What it is promised:
 *  - an own vote comes out only with the evidence that its rule asks for (safety.c): on votes, certificates and facts
 *    of blocks as they were handed in, which are the caller's word, and whatever the rest of this module believes;
 *    where it is asked for another one, it says CONSENSUS_E_UNSAFE and is of no further use;
 *  - memory is bounded by the views above the final one of which something was heard (VIEW_WINDOW for votes;
 *    certificates take a quorum), whatever others send.
 *
 * How it is driven, step by step: consensus_begin (before consensus_start, too); what comes in, each followed by
 * carrying out the outputs; then, until consensus_pending is false: consensus_advance, and the outputs; where something
 * is pending now, from the start; else consensus_leads and consensus_propose, consensus_expire, and the outputs.
 * OUT_JUDGE and OUT_WANT_BODY may come again, and may name a block that is not held any more: then nothing is to be
 * done. Votes outside of the window, doubles, and a second vote that convicts its voter are taken with 0.
 *
 * Functions that return int return 0, UNCIA_E_MEMORY or CONSENSUS_E_UNSAFE, where nothing else is said; after any other
 * value than 0 from one that may cast votes, after UNCIA_E_MEMORY from any, the module can only be freed. Not for
 * several threads at once. */
#ifndef CONSENSUS_H
#define CONSENSUS_H
#include "statement.h"
#include "vote.h"

/* A vote was asked for that its evidence does not allow: a mistake of the program. As final as UNCIA_E_MEMORY. */
#define CONSENSUS_E_UNSAFE (-901)

#define CONSENSUS_NEVER UINT64_MAX

struct consensus;

struct consensus_config {
	const struct committee *committee; /* outlives it */
	struct hash network_id;
	uint32_t self; /* index in the committee; at least its size: no member */
	/* Signs the statement of a vote with this validator's consensus key. Deterministic. Returns 0 or an error code:
	 * the vote is then not cast, and the module of no further use. */
	int (*sign)(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE]);
	void *sign_context;
	uint32_t delta_ms, heartbeat_ms; /* §6.5: the bound of one-way delay; blocks at least so often */
	uint64_t nonce;                  /* random: of the question at the start (§6 rule 10) */
};

/* Whether it votes. */
enum voting_state {
	VOTING_NO = 0, /* asking peers whether they hold a newer vote of ours */
	VOTING_YES = 1,
	VOTING_OBSERVER = 2,      /* not a member of the committee */
	VOTING_STALE_JOURNAL = 3, /* a peer holds a newer vote of ours: never in this epoch under this key */
	VOTING_NO_SPACE = 4,      /* no votes while the disk is full */
	VOTING_ENDED = 5,         /* no votes any more: consensus_end */
};

/* How far a block has been checked. It moves from left to right, BODY and EARLY either way, INVALID from each but
 * VALID; what was forgotten begins anew. */
enum block_check {
	BLOCK_HEADER,  /* its header is held */
	BLOCK_BODY,    /* its body, every signature in it verified */
	BLOCK_EARLY,   /* its time lies too far ahead: to be judged again later */
	BLOCK_VALID,   /* executed on its parent, and that is valid */
	BLOCK_INVALID, /* breaks a rule of the ledger, whatever its parent */
};
struct block_facts {
	struct hash id, parent_id;
	uint64_t view;
	enum block_check check;
};

enum consensus_output_kind {
	OUT_JUDGE,       /* id: to be executed; its check is told by consensus_block */
	OUT_VOTE,        /* vote (own), broadcast: to be journaled; sent when durable, where broadcast is set */
	OUT_CERTIFICATE, /* certificate, forward: to be journaled; sent to all, where forward is set */
	OUT_EVIDENCE,    /* evidence: two votes that one validator must not both have cast */
	OUT_WANT_BODY,   /* view, id: its body is needed; expected: it may come by itself, a moment later */
	OUT_DECIDED,     /* view, id: final, with all its ancestors; consensus_final once their bodies are held */
	OUT_VOTING,      /* voting: it has changed */
};
struct consensus_output {
	enum consensus_output_kind kind;
	uint64_t view;
	struct hash id;
	struct vote vote, evidence[2];
	const struct certificate *certificate; /* valid until the next call */
	enum voting_state voting;
	bool broadcast, forward, expected;
};

/* The view in which this validator is to propose. */
struct lead {
	uint64_t view, entered_ms;
	uint64_t heartbeat_ms; /* when even an empty block is due */
	uint64_t timeout_ms;   /* when the timer runs out at a validator that entered the view at the same time */
};

/* ---- life ---- */

/* The newest final block is given: its view, 0 for the genesis, and its id. Returns 0 or UNCIA_E_MEMORY. Owns:
 * consensus_free. */
int consensus_new(const struct consensus_config *config, uint64_t final_view, const struct hash *final_id,
                  struct consensus **consensus);
void consensus_free(struct consensus *c); /* accepts NULL */
/* Enters the view above the final one. Then what was stored is told: blocks and certificates above the final view as
 * ever, then own votes by view and within it by kind. Returns 0 or UNCIA_E_MEMORY. */
int consensus_start(struct consensus *c);
/* An own vote from the journal: one of a view above the final one is noted as cast, and counts again. Returns 0;
 * UNCIA_E_MEMORY; UNCIA_E_DAMAGED: it is not ours, of another epoch, or contradicts one told before. */
int consensus_recover_vote(struct consensus *c, const struct vote *vote);
/* The newest vote known of a validator; of itself: one that the journal has lost, as was found out before. At any time
 * before consensus_recovered. */
void consensus_recover_newest(struct consensus *c, const struct vote *vote);
/* All that was stored has been told: goes on in the highest view that a certificate or an own vote leads to, and begins
 * to ask whether it may vote. */
int consensus_recovered(struct consensus *c);

/* ---- in ---- */

/* The time of the step under way: monotonic, never less than before. */
void consensus_begin(struct consensus *c, uint64_t now_ms);
/* A verified vote: anybody's, own ones once they are durable. */
int consensus_vote(struct consensus *c, const struct vote *vote);
/* A verified certificate. Takes it, whatever it returns. */
int consensus_certificate(struct consensus *c, struct certificate *certificate);
/* What is known of a block: its view and its parent are always the same. What is told of past views is left. */
int consensus_block(struct consensus *c, const struct block_facts *facts);
/* A block is not held any more: what was known of it is forgotten, and an OUT_JUDGE for it is dropped. */
void consensus_forget(struct consensus *c, const struct hash *id);
/* The link to a validator is up or down. */
void consensus_peer(struct consensus *c, uint32_t peer, bool up);
/* The disk is full, or not any more. */
void consensus_space(struct consensus *c, bool low);
/* From now on no vote is cast. Once. */
void consensus_end(struct consensus *c);
/* The block that OUT_DECIDED named is final, bodies held: `view` is past, and views up to it are forgotten, with the
 * outputs that are about them. Returns the certificate that says so; NULL, and nothing has changed, where no finality
 * certificate of that block is held in that view, or it is past already: the header of a decided block names another
 * view than its certificate only where more than F validators are faulty. Owns: free(). */
struct certificate *consensus_final(struct consensus *c, uint64_t view, const struct hash *id);
/* The same for an ancestor of the block that OUT_DECIDED named (certified_view, certified_id): bodies are held up to
 * it. That certificate stays held, as do all above `view`. Returns false, and nothing has changed, where it is not held
 * or the view is past already. That the block is an ancestor is the caller's word. */
bool consensus_final_below(struct consensus *c, uint64_t view, const struct hash *id, uint64_t certified_view,
                           const struct hash *certified_id);
/* A peer has answered what the newest vote of ours is that it knows; NULL: none. Returns 0; 1: that vote's signature
 * has to be checked, and then consensus_lost told; UNCIA_E_PROTOCOL: it is no vote of ours; UNCIA_E_MEMORY. */
int consensus_answered(struct consensus *c, uint32_t peer, const struct vote *newest);
/* That vote is ours, whatever has happened since it was answered. Returns 1 where the journal has lost it, 0 where not,
 * or UNCIA_E_MEMORY. Where it has, no vote is cast any more, even if others' answers had let it vote meanwhile. */
int consensus_lost(struct consensus *c, const struct vote *vote);

/* ---- rules ---- */

/* Goes over rules 4, 6 and 7, and starts the timer of the current view. `work`: there is something to make final. Also
 * returns an error of `sign`. */
int consensus_advance(struct consensus *c, bool work);
/* Rule 5: a timer that has run out. Also returns an error of `sign`. */
int consensus_expire(struct consensus *c);
/* Something has changed since consensus_advance was called: more may follow. */
bool consensus_pending(const struct consensus *c);
/* The next output, oldest first; false: there is none. */
bool consensus_next(struct consensus *c, struct consensus_output *output);
/* Rule 3: whether this validator is to propose now. */
bool consensus_leads(const struct consensus *c, struct lead *lead);
/* It proposes this block, which must be known as valid, in the current view, which it leads: *own is its first vote,
 * which is also among the outputs, not to be broadcast. Returns 0; CONSENSUS_E_UNSAFE; UNCIA_E_MEMORY; an error of
 * `sign`. */
int consensus_propose(struct consensus *c, uint64_t view, const struct hash *block_id, struct vote *own);
/* When rules depend on the time alone: consensus_advance and consensus_expire are to be called then. */
uint64_t consensus_wake(const struct consensus *c);

/* ---- what is held, for those who ask, answer and repair; changes nothing ---- */

uint64_t consensus_view(const struct consensus *c); /* the current one */
/* That of the highest final block. */
uint64_t consensus_final_view(const struct consensus *c);
size_t consensus_views(const struct consensus *c); /* of which something is held */
/* Views and blocks looked at in passing, ever: a call looks at no more of them where more are held, but for views whose
 * votes are kept, which VIEW_WINDOW bounds. */
uint64_t consensus_visited(const struct consensus *c);
/* Whether it votes, and why not. */
enum voting_state consensus_voting(const struct consensus *c);
/* The same as a yes or no. */
bool consensus_may_vote(const struct consensus *c);
/* Votes of this view are kept. */
bool consensus_in_window(const struct consensus *c, uint64_t view);
/* This vote, once verified, would be kept or be evidence: it lies in the window, and neither it nor all that is kept
 * of its voter's in that view is held. Another one need not be verified. */
bool consensus_vote_wanted(const struct consensus *c, const struct vote *vote);
/* This very vote, signature included, has been handed in before. */
bool consensus_vote_known(const struct consensus *c, const struct vote *vote);
/* The first vote held of a validator in a view, or NULL. */
const struct vote *consensus_first_vote(const struct consensus *c, uint64_t view, uint32_t voter);
/* A certificate of that view and kind, of that block (NULL: of any), or NULL. */
const struct certificate *consensus_held(const struct consensus *c, uint64_t view, enum certificate_kind kind,
                                         const struct hash *block_id);
bool consensus_has_certificate(const struct consensus *c, uint64_t view); /* of any kind */
/* The certificate that makes the block a parent (N, FF or SF), or NULL. */
const struct certificate *consensus_notarised(const struct consensus *c, uint64_t view, const struct hash *block_id);
/* The blocks of a view that have such a certificate, one after the other: from `after` (NULL: the first) the next, or
 * NULL. */
const struct certificate *consensus_next_notarised(const struct consensus *c, uint64_t view,
                                                   const struct certificate *after);
/* The newest vote known of a validator, by itself or in a certificate, or NULL; and the next one that is not journaled
 * yet, once (NULL: none). */
const struct vote *consensus_newest(const struct consensus *c, uint32_t validator);
const struct vote *consensus_newest_unjournaled(struct consensus *c);
uint64_t consensus_nonce(const struct consensus *c);
bool consensus_has_answered(const struct consensus *c, uint32_t peer);
/* The weight of those that have, this validator included: it votes from Qs on. */
uint64_t consensus_answered_weight(const struct consensus *c);
/* All certificates and own votes above the final view, the newest views first. Own votes may not be durable yet. Valid
 * until the next call that may change something. */
struct consensus_walk {
	const struct view *view;
	const struct held_certificate *certificate;
	uint32_t vote;
};
void consensus_walk_begin(const struct consensus *c, struct consensus_walk *walk);
/* Returns false at the end; else one of both is set, the other is NULL. *new_view: the first of its view. */
bool consensus_walk_next(const struct consensus *c, struct consensus_walk *walk, const struct certificate **certificate,
                         const struct vote **own);

#endif
