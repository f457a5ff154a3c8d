/* What the votes of honest validators must rest on, beyond themselves: the certificates and bodies that go to the
 * journal with them, and, for extra votes, the votes that anybody has cast. Every certificate is verified wherever it
 * appears, and every piece of evidence. Fed by checks.c; the first that does not hold ends the process. */
#ifndef PROOFS_H
#define PROOFS_H
#include "storage_view.h"
#include "vote.h"

struct checks;
struct proofs;

struct proofs *proofs_new(void);
void proofs_free(struct proofs *p);
/* A vote that somebody has cast, honest or not. */
void proofs_vote(struct proofs *p, const struct checks *c, const struct vote *vote);
/* A certificate that somebody honest says or stores. */
void proofs_certificate(struct proofs *p, const struct checks *c, uint32_t node, const uint8_t *bytes, size_t size);
/* An honest node asks for this vote to be stored. */
void proofs_cast(struct proofs *p, const struct checks *c, uint32_t node, const struct vote *vote);
/* A record of a node is durable. */
void proofs_durable(struct proofs *p, const struct checks *c, uint32_t node, enum journal_table table,
                    const struct bytes *value);
/* Whether the durable votes of honest nodes have their grounds beside them; call between events. */
void proofs_check(struct proofs *p, const struct checks *c);
/* Whether a node holds evidence against that validator in that view. */
bool proofs_evidence(const struct proofs *p, uint32_t node, uint64_t view, uint32_t voter);
/* The same in any view; counts the pairs. */
uint32_t proofs_evidence_count(const struct proofs *p, uint32_t node, uint32_t voter);

#endif
