/* A validator's side of its sign agent: asks for signatures, waits for each no longer than a bound, and links again
 * where the agent was restarted meanwhile. */
#ifndef SIGNER_CLIENT_H
#define SIGNER_CLIENT_H
#include "signer_wire.h"

#define SIGNER_DEADLINE_MS        2000u /* for one vote, all of its tries together: so long the loop may stand still */
#define SIGNER_EXPIRY_DEADLINE_MS 250u  /* for one expiry: verifiers wait for it */
#define SIGNER_REST_MS            1000u /* behind an expiry that got no signature the next ones are not tried */

struct signer_client;

struct signer_client_options {
	const char *path; /* of the agent's socket; outlives the client */
	struct hash network_id;
	uint8_t consensus_key[PUBLIC_KEY_SIZE];
	unsigned deadline_ms; /* of a vote; 0: SIGNER_DEADLINE_MS */
};

/* Links to the agent, and asks whose key it has. why: a sentence on failure. Owns: signer_client_free. Returns 0;
 * UNCIA_E_UNREACHABLE (nobody answers there in time); UNCIA_E_NETWORK (another network's or another key's agent);
 * UNCIA_E_PROTOCOL (no agent of this version); UNCIA_E_ARGUMENT (the path is too long); UNCIA_E_MEMORY. */
int signer_client_new(const struct signer_client_options *options, struct signer_client **client, char why[256]);
/* Accepts NULL. */
void signer_client_free(struct signer_client *client);

/* Up to which view the agent forgot what was signed, and signs nothing any more, when the client was made. */
uint64_t signer_client_past(const struct signer_client *client);
/* Has a statement signed, and checks the signature. Votes go over a link of their own, and wait for no expiry. why: a
 * sentence on failure. Threads: any, at once; votes from one thread at a time. Returns 0; UNCIA_E_DAMAGED (a vote that
 * the agent's record does not allow beside what it has signed: why says what); UNCIA_E_UNREACHABLE (no answer in time);
 * UNCIA_E_PROTOCOL; UNCIA_E_SIGNATURE (the agent's signature does not hold). */
int signer_client_sign(struct signer_client *client, const struct statement *statement,
                       uint8_t signature[SIGNATURE_SIZE], char why[256]);
/* The vote of the agent's record that comes behind this one by view, kind and block; its voter is not set. Before any
 * other thread signs. Returns 0; UNCIA_E_NOT_FOUND (there is none); else as signer_client_sign. */
int signer_client_next(struct signer_client *client, const struct vote *behind, struct vote *vote, char why[256]);

#endif
