/* What a validator with its own key, and nobody else's, can put on the wire: votes, blocks, and messages with whatever
 * bytes it likes in them. Knows nothing of when; see byzantine.h. */
#ifndef FORGE_H
#define FORGE_H
#include "fixture.h"
#include "message.pb-c.h"

struct forged { /* an encoded message: free(bytes) */
	uint8_t *bytes;
	size_t size;
};

struct forged forge_message(const Uncia__Pb__PeerMessage *message);
struct forged forge_vote(const struct vote *vote);
struct forged forge_certificate(const uint8_t *bytes, size_t size);
/* The proposer's own NOTAR1 is made here; `like` (or NULL) lends its certificates. */
struct forged forge_propose(const struct fixture *f, const struct header *header, const uint8_t *short_ids,
                            const Uncia__Pb__Propose *like);
struct forged forge_block_reply(const uint8_t *block, size_t size, const uint8_t *certificate, size_t certificate_size);
/* The names of payments in a block (network §8); free(). */
uint8_t *forge_short_ids(const struct hash *block_id, struct payment *const *payments, uint32_t count);

enum flaw {                  /* of a certificate */
	    FLAW_TWICE,      /* a signer in both bitmaps */
	    FLAW_UNKNOWN,    /* a bit beyond the committee */
	    FLAW_FORGED,     /* the signers that are missing are made up */
	    FLAW_FEW,        /* as many true signers as there are, below the quorum */
	    FLAW_OTHER_KIND, /* first votes in the place of FINAL */
	    FLAW_SHORT,      /* bytes cut off */
	    FLAW_KIND,       /* of no kind */
	    FLAWS
};
/* A certificate that is none, from `self`'s own signatures and those that others have really given, first votes of that
 * view for that block (or skip), by voter; NULL where one has not. free(). */
uint8_t *forge_flawed(const struct fixture *f, enum flaw flaw, enum certificate_kind kind, uint64_t view,
                      const struct hash *block_id, uint32_t self, const struct vote *const *given, size_t *size);

#endif
