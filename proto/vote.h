/* Votes and certificates (docs/spec/consensus.md §6). Threads: any. */
#ifndef VOTE_H
#define VOTE_H
#include "block.h"
#include "canonical.h"
#include "committee.h"

enum vote_kind { VOTE_NOTAR1 = 1, VOTE_SKIP1 = 2, VOTE_NOTAR2 = 3, VOTE_SKIP2 = 4, VOTE_FINAL = 5 };
/* Whether votes of this kind name a block. False for numbers that are no kind. */
static inline bool vote_kind_names_block(uint32_t kind)
{
	return kind == VOTE_NOTAR1 || kind == VOTE_NOTAR2 || kind == VOTE_FINAL;
}

struct vote {
	uint64_t epoch;
	enum vote_kind kind;
	uint64_t view;
	struct hash block_id; /* zero for skips */
	uint32_t voter;
	uint8_t signature[SIGNATURE_SIZE];
};

/* The digest a vote signs: hash(HASH_VOTE, network id ‖ statement); statement = epoch u64, kind u8, view u64
 * (big-endian), block id (32 bytes, zero for skips, for which block_id is not read): 49 bytes. */
void vote_digest(const struct hash *network_id, uint64_t epoch, enum vote_kind kind, uint64_t view,
                 const struct hash *block_id, struct hash *digest);
/* From canonical bytes of message Vote. The signature is not verified. Returns 0; UNCIA_E_ENCODING (form, kind, sizes);
 * UNCIA_E_LIMIT (over VOTE_SIZE_MAX); UNCIA_E_MEMORY. *vote is left alone on errors. */
int vote_decode(const void *bytes, size_t size, struct vote *vote);
/* To canonical bytes; out: *size. Returns 0. */
int vote_encode(const struct vote *vote, uint8_t bytes[256], size_t *size);

enum certificate_kind { CERT_N = 1, CERT_S = 2, CERT_FF = 3, CERT_SF = 4 };
/* Whether such a certificate decides its block and the ancestors of it. */
static inline bool certificate_is_final(enum certificate_kind kind)
{
	return kind == CERT_FF || kind == CERT_SF;
}

/* One block of memory: free() frees it all. Signer entries are ascending: all first, then all extra. */
struct certificate {
	uint64_t epoch;
	enum certificate_kind kind;
	uint64_t view;
	struct hash block_id; /* zero for S */
	uint32_t first_count, extra_count;
	uint64_t weight; /* of the signers together */
	struct {
		uint32_t voter;
		uint8_t signature[SIGNATURE_SIZE];
	} * signers;    /* first_count + extra_count */
	uint8_t *bytes; /* canonical message Certificate */
	uint32_t size;
};

/* The kind of vote a signer of this certificate signed. FF: NOTAR1 only. SF: FINAL, listed as first. */
enum vote_kind certificate_vote_kind(enum certificate_kind kind, bool extra);
/* The weight of signers that a certificate of this kind needs (consensus §6): Qf for FF, Qs for the others. */
uint64_t certificate_quorum(const struct committee *c, enum certificate_kind kind);
/* Reads the bytes, which have one form: first_signers always has ceil(n/8) bytes (all zero where everybody signed the
 * extra vote); extra_signers is empty where nobody did. Bit i of byte i/8 counts from the lowest: 1 << (i % 8). Checks
 * all but the signatures: canonical bytes, epoch, bitmap lengths, every signer in the committee and once, no extras in
 * FF and SF, weight >= the quorum of its kind. Returns 0; UNCIA_E_ENCODING; UNCIA_E_PROOF; UNCIA_E_LIMIT;
 * UNCIA_E_MEMORY. Owns: the caller free()s. */
int certificate_decode(const struct committee *c, const void *bytes, size_t size, struct certificate **certificate);
/* What a certificate is about. */
struct certificate_subject {
	enum certificate_kind kind;
	uint64_t view;
	const struct hash *block_id; /* not read for S */
};

/* Makes a certificate from verified votes: their order does not matter; of several by one voter the first is kept;
 * those of another kind, view or block are passed over. Returns 0; UNCIA_E_PROOF (the weight is below the quorum);
 * UNCIA_E_MEMORY. Owns: the caller free()s. */
int certificate_make(const struct committee *c, const struct certificate_subject *subject,
                     const struct vote *const *votes, size_t count, struct certificate **certificate);
/* Verifies every signature. Returns 0 or UNCIA_E_PROOF (another epoch's too). */
int certificate_verify(const struct committee *c, const struct hash *network_id, const struct certificate *certificate);

/* A validator's signed word on an expiry: digest = hash(HASH_EXPIRY, network id ‖ payment id ‖ height u64 ‖
 * timestamp_ms u64). */
void expiry_digest(const struct hash *network_id, const struct payment_id *id, uint64_t height, uint64_t timestamp_ms,
                   struct hash *digest);

#endif
