/* What a validator and its sign agent say to each other: one request and one answer of fixed size at a time, each a
 * packet of a Unix socket (docs/spec/network.md §8.9). Pure. Threads: any. */
#ifndef SIGNER_WIRE_H
#define SIGNER_WIRE_H
#include "statement.h"

#define SIGNER_VERSION      1u
#define SIGNER_REQUEST_SIZE (1u + 1 + 8 + HASH_SIZE + 8 + STATEMENT_SIZE_MAX)
#define SIGNER_ANSWER_SIZE  (1u + 1 + 8 + STATEMENT_SIZE_MAX + SIGNATURE_SIZE)

enum signer_question {
	SIGNER_HELLO = 1,  /* whose key is it, and which views are past? */
	SIGNER_VOTE = 2,   /* sign the statement of a vote */
	SIGNER_EXPIRY = 3, /* sign the word on an expiry */
	SIGNER_NEXT = 4,   /* which vote of the record comes behind this one, by view, kind and block? */
};

enum signer_verdict {
	SIGNER_DONE = 1, /* the signature is there; of the next vote the statement, too; of a hello what it says */
	SIGNER_NONE = 2, /* there is no next one */
	SIGNER_CONTRADICTS = 3, /* another vote is on record that this one must not stand beside: the statement */
	SIGNER_PAST = 4,        /* the view is past: of its votes nothing is known any more */
	SIGNER_FOREIGN = 5,     /* of another network or epoch */
	SIGNER_MALFORMED = 6,   /* no question of this version */
	SIGNER_FAILED = 7,      /* the agent's disk fails or is full; it ends */
};

struct signer_request {
	enum signer_question question;
	uint64_t number; /* the answer has the same */
	struct hash network_id;
	uint64_t past_view;                    /* of a vote: see struct statement */
	uint8_t statement[STATEMENT_SIZE_MAX]; /* zeros behind the statement's end; of a hello: zeros */
};

struct signer_answer {
	enum signer_verdict verdict;
	uint64_t number;
	uint8_t statement[STATEMENT_SIZE_MAX]; /* of a hello: the consensus key, and the past view u64 */
	uint8_t signature[SIGNATURE_SIZE];
};

/* To bytes. */
void signer_request_put(const struct signer_request *request, uint8_t bytes[SIGNER_REQUEST_SIZE]);
void signer_answer_put(const struct signer_answer *answer, uint8_t bytes[SIGNER_ANSWER_SIZE]);
/* From a packet of `size` bytes. false: it is none of this version, and nothing is set. */
bool signer_request_get(const uint8_t *bytes, size_t size, struct signer_request *request);
bool signer_answer_get(const uint8_t *bytes, size_t size, struct signer_answer *answer);

#endif
