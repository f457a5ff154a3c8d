/* Asks a running node for its status over its wallet port, and blocks meanwhile; for status and devnet only. Threads:
 * the command's. */
#ifndef NODE_CLIENT_H
#define NODE_CLIENT_H
#include "endpoint.h"
#include "hash.h"
#include "replica.h"

/* The answer, in the units of struct replica_status. */
struct node_answer {
	uint64_t final_height, view, accounts;
	uint32_t peers, mempool;
	uint64_t evidence; /* pairs of votes that some validator must not both have cast */
	uint64_t clock_behind_ms, clock_ahead_ms;
	enum voting_state voting;
	struct hash final_id, state_root;
};

/* timeout_ms: for all of it. On failure *answer may be filled in part.
 * Returns 0; UNCIA_E_UNREACHABLE (nobody listens there); UNCIA_E_CLOSED (no answer in time, or the link ended);
 * UNCIA_E_SIGNATURE, UNCIA_E_PROTOCOL, UNCIA_E_ENCODING (not a node of that network with that key);
 * UNCIA_E_ADDRESS (no such host); UNCIA_E_MEMORY; UNCIA_E_IO. A listening address of all interfaces is asked on
 * loopback. */
int node_ask_status(const struct endpoint *endpoint, const uint8_t network_key[32], const struct hash *network_id,
                    int timeout_ms, struct node_answer *answer);

#endif
