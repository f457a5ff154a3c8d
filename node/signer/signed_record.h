/* What a key has signed, and what it therefore signs no more: the record of a sign agent, a journal of votes alone
 * (docs/spec/storage.md §10). It holds the secret key, and gives a signature for a vote only once the vote is durable.
 * The rule is consensus 6.5's (voting_rules.h, rule_follows). Threads: one at a time. */
#ifndef SIGNED_RECORD_H
#define SIGNED_RECORD_H
#include "signer_wire.h"

struct signed_record;

/* Whose record it is. */
struct signed_record_owner {
	const struct hash *network_id;
	const struct committee *committee; /* outlives the record */
	uint32_t self;                     /* index in the committee */
};

/* Makes the record of a key new, empty, in DIRECTORY/data. Returns as store_create. */
int signed_record_create(const char *directory, const struct signed_record_owner *owner);
/* Opens it, and takes the directory's lock: one process has a record. secret_key: SECRET_KEY_SIZE bytes, copied; NULL:
 * nothing is to be signed, votes are only noted (signed_record_note). why: a sentence on failure. Owns:
 * signed_record_close. Returns as store_open. */
int signed_record_open(const char *directory, const struct signed_record_owner *owner, const uint8_t *secret_key,
                       struct signed_record **record, char why[256]);
/* Closes it and wipes the key. Accepts NULL. */
void signed_record_close(struct signed_record *record);

/* Answers a request: signs what may be signed, after it is durable. Returns 0, whatever the verdict; UNCIA_E_IO,
 * UNCIA_E_FULL, UNCIA_E_DAMAGED, UNCIA_E_MEMORY where the record fails, with why: the verdict is then SIGNER_FAILED,
 * and the record may only be closed. */
int signed_record_answer(struct signed_record *record, const struct signer_request *request,
                         struct signer_answer *answer, char why[256]);
/* Notes a vote that the key has signed elsewhere, with its signature, which is not checked. verdict: SIGNER_DONE, also
 * where it is there already; SIGNER_PAST; SIGNER_FOREIGN; SIGNER_CONTRADICTS. Returns as signed_record_answer. */
int signed_record_note(struct signed_record *record, const struct vote *vote, enum signer_verdict *verdict,
                       char why[256]);
/* Makes it durable that views up to this one are past: their votes are forgotten, and nothing is signed in them any
 * more. An earlier one than the record's changes nothing. Returns as the journal. */
int signed_record_past(struct signed_record *record, uint64_t past_view, char why[256]);
/* Copies what waits in the record's log into its database, where it is due; it is worth doing while nobody waits.
 * Returns as signed_record_answer. */
int signed_record_tidy(struct signed_record *record, char why[256]);

#endif
