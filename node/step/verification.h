/* Signature checks under way: a job holds what was received until the verdicts on its signatures are in. The edge has
 * the checks done (ACTION_VERIFY, EVENT_VERIFIED); jobs whose verdicts are in are taken in the same step by whoever
 * made them (replica/dispatch.c), in order. */
#ifndef VERIFICATION_H
#define VERIFICATION_H
#include "payment.h"
#include "step.h"

enum job_kind {
	JOB_VOTE,
	JOB_CERTIFICATES,
	JOB_PROPOSAL,
	JOB_PAYMENTS,
	JOB_BLOCK,
	JOB_SYNC,
	JOB_ANCHORS, /* one certificate: of what the headers of the final chain lead to */
	JOB_NEWEST_VOTE,
	JOB_SECOND_CHAIN, /* one certificate: of a block that stands beside the final chain */
	JOB_EXPIRIES
};

struct pooled; /* the mempool's; only JOB_PAYMENTS has any */

struct job {
	struct verify_job verify; /* first: the edge sees only this */
	uint32_t origin;          /* JOB_PAYMENTS of a wallet: of its address */
	enum job_kind kind;
	uint32_t peer;            /* who sent it, or PEER_WALLET */
	size_t message_size;      /* of what it came in */
	struct job *next, **back; /* all of them, to free at the end */
	struct job *next_of_peer, **back_of_peer;
	bool started;             /* its signatures are counted */
	struct job *next_checked; /* in the list of those whose verdicts are in */
	struct vote vote;
	struct certificate **certificates; /* owned; NULL where taken out */
	size_t certificate_count;
	struct header header; /* JOB_PROPOSAL */
	struct bytes short_ids;
	bool vote_due;          /* its vote is among the items */
	struct pooled **pooled; /* JOB_PAYMENTS: one an item; NULL once its verdict is taken. The array is owned */
	struct {                /* JOB_EXPIRIES: what is said under each signature, and the commit that it rests on */
		struct payment_id *ids; /* owned */
		uint64_t height, timestamp_ms, after;
	} expiries;
	struct block **blocks; /* JOB_BLOCK (one), JOB_SYNC; owned */
	size_t block_count;
	uint64_t height; /* JOB_SYNC, JOB_ANCHORS: of the block that its certificate names */
	size_t capacity;
};

/* An empty job with room for `items` checks, which grows as they are added. It counts against the peer from here on.
 * NULL: out of memory. Owns: job_start or job_free. */
struct job *job_new(struct step *s, enum job_kind kind, uint32_t peer, size_t items);
void job_free(struct step *s, struct job *job);
/* Whose queue a wallet's job waits in, before it is started; without this it is that of newcomers. */
void job_standing(struct job *job, enum standing standing, uint32_t origin);
/* One more check. Returns 0 or UNCIA_E_MEMORY. */
int job_item(struct job *job, const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
             const uint8_t signature[SIGNATURE_SIZE], bool check_key);
/* One more check, of a payment's signature; nothing is checked where nobody has to sign it. Returns 0 or
 * UNCIA_E_MEMORY.
 */
int job_payment(struct job *job, const struct payment *payment, bool check_key);
/* One more statement to sign, in a job of expiries. Returns 0 or UNCIA_E_MEMORY. */
int job_sign(struct job *job, const struct statement *statement);
/* Makes and starts a job of one vote, whose voter is in the committee. Returns 0 or UNCIA_E_MEMORY. */
int job_vote(struct step *s, enum job_kind kind, uint32_t peer, const struct vote *vote);
/* One more check: of the vote that signer `i` of the certificate cast. */
int job_signer(struct step *s, struct job *job, const struct certificate *certificate, size_t i);
/* Has the job keep the certificate. Returns 0 or UNCIA_E_MEMORY, and the certificate is freed then. */
int job_keep_certificate(struct job *job, struct certificate *certificate);
/* The vote of signer `i` of a certificate, its signature included. */
struct vote certificate_signer_vote(const struct certificate *certificate, size_t i);

/* Hands the job to the edge; one without checks is among the checked ones at once. Its signatures count against the
 * peer from here on, until it is freed. Returns 0 or UNCIA_E_MEMORY, and the job is still there then, to be freed with
 * all others. */
int job_start(struct step *s, struct job *job);
/* Takes back what the edge has checked: a list, by `next`. */
void jobs_checked(struct step *s, struct verify_job *first);
/* The next job whose verdicts are in, or NULL. Owns: job_free, when it is done with. */
struct job *job_next_checked(struct step *s);
bool job_all_valid(const struct job *job);
/* Whether so much of this peer's is with the verifier that no more of it is taken: votes, certificates and proposals;
 * messages of any kind, in bytes (docs/spec/network.md §10). Payments have their places in the pool. */
bool jobs_urgent_full(const struct step *s, uint32_t peer);
bool jobs_bytes_full(const struct step *s, uint32_t peer);
/* Whether the same is with the verifier already, from this peer: the very vote; a certificate of that view, kind and
 * block, whoever its signers are. */
bool jobs_have_vote(const struct step *s, uint32_t peer, const struct vote *vote);
bool jobs_have_certificate(const struct step *s, uint32_t peer, const struct certificate *certificate);

#endif
