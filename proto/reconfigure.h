/* The change of a committee: what its members approve, and the receipt that proves the next one (docs/spec/consensus.md
 * §6.9). Threads: any. */
#ifndef RECONFIGURE_H
#define RECONFIGURE_H
#include "ini_text.h"
#include "receipt.h"

#define MEMBER_ADDRESS_SIZE (HOST_SIZE_MAX + 8) /* of HOST:PORT, NUL included */

/* Where a validator of the next epoch is reached. */
struct member_place {
	char address[MEMBER_ADDRESS_SIZE];
	char websocket[WEBSOCKET_URL_SIZE_MAX]; /* empty: none */
};

/* A decoded SignedReconfigure. One block of memory: free() frees it all. */
struct reconfigure {
	struct committee next;
	struct member_place places[COMMITTEE_SIZE_MAX]; /* by its numbers, as the two that follow */
	bool joins[COMMITTEE_SIZE_MAX];                 /* its consensus key was not in the committee that ends */
	uint8_t joinings[COMMITTEE_SIZE_MAX][SIGNATURE_SIZE];
	uint64_t epoch;      /* the one that ends */
	uint32_t expires_at; /* seconds since 1970, UTC */
	bool force;
	struct hash digest; /* what those sign who approve it */
	struct hash whole;  /* what the header of its block names; zero without approvals */
	uint32_t approver_count;
	struct {
		uint32_t validator; /* number in the committee that ends, ascending */
		uint8_t signature[SIGNATURE_SIZE];
	} approvals[COMMITTEE_SIZE_MAX];
	size_t body_size, size;
	uint8_t *body;  /* canonical Reconfigure */
	uint8_t *bytes; /* canonical SignedReconfigure, in which the body lies; NULL without approvals */
};

/* What somebody proposes. */
struct reconfigure_draft {
	uint32_t expires_at;
	bool force;
	uint64_t faulty, slow; /* F and P */
	uint32_t size;
	struct {
		struct validator validator;
		const char *address;    /* HOST:PORT */
		const char *websocket;  /* a URL; NULL or empty: none */
		const uint8_t *joining; /* SIGNATURE_SIZE bytes, of a key that `current` does not have; else NULL */
	} members[COMMITTEE_SIZE_MAX];
};

/* What a new consensus key signs: hash(HASH_JOIN, network id ‖ epoch u64 ‖ consensus key ‖ network key ‖ weight u64).
 * `epoch`: the one that it joins. */
void reconfigure_join_digest(const struct hash *network_id, uint64_t epoch, const struct validator *validator,
                             struct hash *digest);
/* The body of the change that ends the epoch of `current`. Returns as reconfigure_read. Owns: *r is the caller's,
 * free(). */
int reconfigure_make(const struct hash *network_id, const struct committee *current,
                     const struct reconfigure_draft *draft, struct reconfigure **r);
/* Reads the canonical bytes of a Reconfigure, without approvals. No signature is verified. Returns 0; UNCIA_E_ENCODING;
 * UNCIA_E_LIMIT (over RECONFIGURE_SIZE_MAX); UNCIA_E_PROOF (of another epoch; a signature to join that is missing, or
 * is there for a key that `current` has); UNCIA_E_CONFIG (no committee: committee_init; no address; too much weight
 * goes or comes at once, and it is not forced); UNCIA_E_MEMORY. Owns: *r is the caller's, free(). */
int reconfigure_read(const struct hash *network_id, const struct committee *current, const void *bytes, size_t size,
                     struct reconfigure **r);
/* The same of a SignedReconfigure: also that the approvals are of members, and weigh enough (UNCIA_E_PROOF). */
int reconfigure_decode(const struct hash *network_id, const struct committee *current, const void *bytes, size_t size,
                       struct reconfigure **r);
/* The weight of approvals that it takes: Qs of `current`, Qf where it is forced. */
uint64_t reconfigure_quorum(const struct committee *current, const struct reconfigure *r);
/* Packs a body under approvals, in ascending order of their validators. Returns 0 or UNCIA_E_MEMORY. Owns: *bytes is
 * the caller's (free()). */
int reconfigure_sign(const struct committee *current, const struct reconfigure *r, uint8_t **bytes, size_t *size);
/* Signature number i of it, of those that join and then of those that approve; false past the last. What it points to
 * is part of `current` or *r. */
struct reconfigure_signature {
	const uint8_t *key, *signature;
	struct hash digest;
};
bool reconfigure_signed(const struct hash *network_id, const struct committee *current, const struct reconfigure *r,
                        uint32_t i, struct reconfigure_signature *signature);
/* Verifies all of them. Returns 0 or UNCIA_E_SIGNATURE. */
int reconfigure_verify(const struct hash *network_id, const struct committee *current, const struct reconfigure *r);

/* What a verified epoch receipt says. */
struct epoch_receipt {
	struct reconfigure *reconfigure; /* owned: free() */
	struct header header;            /* of the block that holds it, the last of its epoch */
};
/* Verifies everything: by the committee that ends it proves the next one. Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT;
 * UNCIA_E_PROOF; UNCIA_E_CONFIG; UNCIA_E_SIGNATURE; UNCIA_E_MEMORY. *receipt is left alone on errors. */
int epoch_receipt_verify(const struct committee *current, const struct hash *network_id, const void *bytes, size_t size,
                         struct epoch_receipt *receipt);
/* Builds its canonical bytes; the proof is taken as it is. Returns 0; UNCIA_E_LIMIT; UNCIA_E_MEMORY. Owns: *bytes is
 * the caller's (free()). */
int epoch_receipt_make(const struct header *header, const struct bytes *reconfigure, const struct receipt_proof *proof,
                       uint8_t **bytes, size_t *size);

#endif
