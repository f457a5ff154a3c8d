/* One consensus module with a committee of weights 1 and signatures that are made up: what tests of the module start
 * from. It knows the module by its public header alone. */
#ifndef RIG_H
#define RIG_H
#include "consensus.h"

#define RIG_HEARTBEAT_MS 1000u
#define RIG_DELTA_MS     100u /* so that T is 250 ms */

struct rig {
	struct committee committee;
	struct consensus *c;
	uint32_t self;
	uint64_t now_ms;
	unsigned signs; /* how often it was asked to sign */
	int sign_error; /* what it answers then */
};

/* n validators of weight 1, with the default F and P. */
void rig_committee(struct committee *committee, uint32_t n);
/* A module that has started above this final block and has been told nothing yet. rig_free. */
void rig_start(struct rig *r, uint32_t n, uint32_t self, uint64_t final_view, const struct hash *final_id);
/* The same above the genesis, allowed to vote, with its outputs taken away. */
void rig_voting(struct rig *r, uint32_t n, uint32_t self);
void rig_free(struct rig *r);

/* The id of a block, another one for each number; 0: the genesis. */
struct hash rig_id(unsigned block);
struct vote rig_vote(enum vote_kind kind, uint64_t view, unsigned block, uint32_t voter);
/* A certificate by the first signers up to the quorum of its kind. Owned by who takes it. */
struct certificate *rig_certificate(const struct rig *r, enum certificate_kind kind, uint64_t view, unsigned block);

/* These must succeed. */
void rig_hear(struct rig *r, enum vote_kind kind, uint64_t view, unsigned block, uint32_t voter);
void rig_certify(struct rig *r, enum certificate_kind kind, uint64_t view, unsigned block);
void rig_know(struct rig *r, unsigned block, uint64_t view, unsigned parent, enum block_check check);
void rig_time(struct rig *r, uint64_t ms); /* so much later */
void rig_advance(struct rig *r);
/* Takes outputs until one of that kind has come, which is `output`; it must come. */
void rig_expect(struct rig *r, enum consensus_output_kind kind, struct consensus_output *output);
/* An own vote must be the next output of its kind; it is journaled at once, and counts. */
void rig_expect_vote(struct rig *r, enum vote_kind kind, uint64_t view, unsigned block);
/* Takes all outputs. Returns how many there were of a kind. */
unsigned rig_count(struct rig *r, enum consensus_output_kind kind);

#endif
