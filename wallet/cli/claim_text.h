/* Claims as text, and the holds that they are of. */
#ifndef CLAIM_TEXT_H
#define CLAIM_TEXT_H
#include "found.h"

/* Reads a claim: an operand, standard input for "-", or, for NULL, what is asked for. It is quoted in no message.
 * Returns an exit code. */
int claim_read(const struct call *call, const struct uncia_network *network, const char *given,
               struct uncia_claim *claim);
/* Which of the holds of found->receipt it is of. Returns an exit code. */
int claim_match(const struct session *session, const struct uncia_claim *claim, struct found *found);
/* The proof that it was opened, and what it has now. Returns an exit code. */
int claim_find(struct session *session, const struct uncia_claim *claim, struct found *found, uint64_t deadline_us);

#endif
