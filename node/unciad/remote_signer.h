/* The validator's side of its sign agent, as start has it: brings journal and record together before the validator
 * votes, and then asks for every signature. Functions that return an exit code have said on standard error what failed.
 */
#ifndef REMOTE_SIGNER_H
#define REMOTE_SIGNER_H
#include "home.h"
#include "statement.h"

struct remote_signer;

/* Links to the agent at that path. Votes that the journal of the store, which is open for writing, has and the agent's
 * record has not, it learns again; those that it has signed and the journal has not, since a crash came between, are
 * journaled. Then both agree. Owns: remote_signer_end. Returns EXIT_FAILED where nobody answers; EXIT_MISMATCH where
 * the agent is another key's, or journal and record contradict each other. Threads: the command's. */
int remote_signer_begin(const struct home *home, const char *path, struct store *store, struct remote_signer **signer);
/* Accepts NULL. Threads: the command's. */
void remote_signer_end(struct remote_signer *signer);
/* The function of struct node_options; context: the signer. It logs why a vote, or the first expiry of several, was not
 * signed. Returns 0; UNCIA_E_IO (no signature in time); UNCIA_E_DAMAGED (the agent's record does not allow this vote).
 * Threads: any. */
int remote_signer_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE]);

#endif
