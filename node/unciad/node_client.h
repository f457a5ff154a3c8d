/* Asks a running node for its status, for what it has seen of a validator's key, or for the proof of a balance, over
 * its wallet port, and blocks meanwhile. Threads: any, each with an answer of its own. */
#ifndef NODE_CLIENT_H
#define NODE_CLIENT_H
#include "endpoint.h"
#include "entry_id.h"
#include "hash.h"
#include "replica.h"

/* Whom to ask; all of it is the caller's. A listening address of all interfaces is asked on loopback. */
struct node_place {
	const struct endpoint *endpoint;
	const uint8_t *network_key; /* 32 bytes */
	const struct hash *network_id;
};

/* The answer, in the units of struct replica_status. */
struct node_answer {
	uint64_t final_height, view, accounts;
	uint32_t peers, mempool;
	uint64_t evidence; /* pairs of votes that some validator must not both have cast */
	uint64_t clock_behind_ms, clock_ahead_ms;
	enum voting_state voting;
	struct hash final_id, state_root;
	uint64_t final_age_ms, weight_linked, weight_needed;
	enum waits_for waits_for;
	uint64_t waits_weight, highest_height;
	uint8_t linked[(COMMITTEE_SIZE_MAX + 7) / 8];
	char signatures[16]; /* how they are checked: letters; empty: not told */
};

/* What a node has seen of a key. Nothing of it is verified. */
struct voted_answer {
	uint8_t consensus_key[PUBLIC_KEY_SIZE]; /* in */
	int failure; /* where UNCIA_E_UNREACHABLE is returned: the system's reason, as errno has it; 0: none is known */
	bool has_vote;
	struct vote vote;                        /* the newest */
	uint64_t proposed_height, proposed_view; /* of the newest final block that it proposed; 0: none */
};

/* What a node answers to a question for an account or a hold. Nothing of it is verified. */
struct entry_proof_answer {
	struct entry_id id; /* in */
	bool none;          /* it says that there is no such entry */
	uint8_t *proof;     /* out: canonical AccountProof, to be freed; NULL where there is none */
	size_t proof_size;
};

/* timeout_ms: for all of it. On failure *answer may be filled in part.
 * Each returns 0; UNCIA_E_UNREACHABLE (nobody listens there); UNCIA_E_CLOSED (no answer in time, or the link ended);
 * UNCIA_E_SIGNATURE, UNCIA_E_PROTOCOL, UNCIA_E_ENCODING (not a node of that network with that key, or one that does not
 * answer what was asked); UNCIA_E_ADDRESS (no such host); UNCIA_E_MEMORY; UNCIA_E_IO. */
int node_ask_status(const struct node_place *place, int timeout_ms, struct node_answer *answer);
int node_ask_voted(const struct node_place *place, int timeout_ms, struct voted_answer *answer);
/* UNCIA_E_BUSY also: the node refuses for now. */
int node_ask_entry(const struct node_place *place, int timeout_ms, struct entry_proof_answer *answer);

#endif
