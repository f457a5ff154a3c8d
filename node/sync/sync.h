/* What is missing here or elsewhere: asked for, answered, said again (docs/spec/consensus.md §6 rules 9 and 10,
 * network.md §8). It reads what the consensus module holds and changes nothing there:
 * verified votes and certificates are returned to replica/dispatch.c. */
#ifndef SYNC_H
#define SYNC_H
#include "chain.h"
#include "consensus.h"
#include "message.pb-c.h"
#include "read_budget.h"
#include "step.h"
#include "verification.h"

#define SYNC_FETCH_DELAY_MS 4u   /* a body that is named may be on its way by itself */
#define SYNC_FETCH_RETRY_MS 250u /* before somebody else is asked */

struct sync_peer {
	struct read_budget budget; /* of what is read for its questions */
	uint64_t final_height;     /* as it last told */
	uint64_t told_at_ms;       /* when it was last told that it is behind */
};

struct sync {
	struct step *step;
	struct chain *chain;
	const struct consensus *consensus; /* from sync_start on */
	uint32_t heartbeat_ms;

	struct sync_peer *peers; /* by validator */
	bool asked;              /* a page of the final chain is asked for, or with the verifier */
	uint32_t asked_peer;
	uint64_t ask_at;      /* when to ask (again); TIME_NEVER: not, or the page is with the verifier */
	uint32_t repair_peer; /* the last one asked for certificates */
	uint64_t last_final_ms, standstill_at;
	uint64_t newest_ask_at; /* when to ask for the newest votes of ours that others know */
};

/* For a struct whose members to heartbeat_ms are set, but consensus. Returns 0 or UNCIA_E_MEMORY. Owns: sync_deinit. */
int sync_init(struct sync *s);
void sync_deinit(struct sync *s);
/* All that was stored is there again. */
void sync_start(struct sync *s, const struct consensus *consensus);

/* A link is up: who it leads to is told where this validator stands, and all that may have been lost. */
int sync_peer_up(struct sync *s, uint32_t peer);
void sync_peer_down(struct sync *s, uint32_t peer);
/* A block has become final. */
void sync_final(struct sync *s);
/* Several blocks are missing below a decided one: the final chain is to be asked for by height. */
void sync_behind(struct sync *s);
/* Asks, repeats and repairs, as far as it is time. */
int sync_timer(struct sync *s);
uint64_t sync_wake(const struct sync *s);

/* Messages of validators. Each returns 0; a code of bad input, for which the link is to be closed; or an error of this
 * machine. */
int sync_status_receive(struct sync *s, uint32_t peer, const Uncia__Pb__PeerStatus *message);
int sync_request_answer(struct sync *s, uint32_t peer, const Uncia__Pb__SyncRequest *message);
int sync_reply_receive(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message);
int sync_certificates_answer(struct sync *s, uint32_t peer, const Uncia__Pb__CertificatesRequest *message);
int sync_newest_vote_answer(struct sync *s, uint32_t peer, const Uncia__Pb__NewestVoteRequest *message);
int sync_body_answer(struct sync *s, uint32_t peer, const Uncia__Pb__BlockRequest *message);
int sync_body_receive(struct sync *s, uint32_t peer, const Uncia__Pb__BlockReply *message);
/* The verdicts of a page or a body are in. A page's blocks are then in the chain; its finality certificate, the job's
 * first, is for the caller to hand on, and the next page to be asked for by sync_page_taken. */
int sync_page_verified(struct sync *s, struct job *job, bool valid);
int sync_page_taken(struct sync *s);
int sync_body_verified(struct sync *s, struct job *job, bool valid);
/* The verifier gave them up unchecked, since their sender's link is closed: somebody else is asked. */
void sync_page_given_up(struct sync *s);
void sync_body_given_up(struct sync *s, const struct job *job);
/* Asks for every body that is due. */
int sync_fetch_bodies(struct sync *s);

/* Takes the certificate into the job, with the checks of those signatures that have not been seen good as votes
 * already. Returns 0 or UNCIA_E_MEMORY. */
int sync_job_certificate(const struct sync *s, struct job *job, struct certificate *certificate);
/* Has one certificate checked, by itself. Takes it. */
int sync_verify_certificate(const struct sync *s, uint32_t peer, struct certificate *certificate);

#endif
