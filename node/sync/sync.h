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

#define SYNC_FETCH_DELAY_MS 4u     /* a body that is named may be on its way by itself */
#define SYNC_FETCH_RETRY_MS 250u   /* before somebody else is asked */
#define SYNC_BODIES_OWED    64u    /* answers that one validator may still give to questions for bodies */
#define SYNC_BLOCKS_MAX     4096u  /* of a page, that are taken */
#define SYNC_HEADERS_MAX    12288u /* that follow the blocks of a page: with the largest block they fit a message */
#define SYNC_ANCHORS_MAX    256u   /* parts of so many headers, between two finality certificates */

/* What is read for the questions of one validator: each kind has a share of its own, so that none waits for another. */
enum sync_share { SHARE_PAGES, SHARE_BODIES, SHARE_CERTIFICATES, SHARES };

/* Headers of the final chain from one height on, up to a block with a finality certificate of its own: what follows the
 * blocks of a page. Kept from one page to the next, and read in as many steps as it takes. */
struct sync_run {
	uint64_t first; /* height of the first header; 0: nothing is kept */
	struct sync_header {
		uint32_t size;
		uint8_t bytes[HEADER_SIZE_MAX];
	} * headers;
	size_t count, capacity;
	uint8_t *certificate; /* of the last one; NULL: it goes on */
	size_t certificate_size;
};

/* A block of the final chain, by its header. Where more headers lie before the next finality certificate than one
 * answer holds, they are asked for in parts, and of each part the last one is kept: what the certificate proves, once
 * it has come, is all of them. Pages may then end there. */
struct sync_anchor {
	uint64_t height, view;
	struct hash id;
};

struct sync_anchors {
	struct sync_anchor at[SYNC_ANCHORS_MAX]; /* ascending, above the final tip; in order of their parts */
	uint32_t count;
	bool asking;       /* parts are asked for, of this validator alone; */
	uint32_t peer;     /* they prove nothing yet */
	uint32_t asked;    /* so often for the next one */
	uint64_t began_ms; /* when the first one was asked for */
	bool proven;       /* by this certificate, which the consensus module has */
	uint64_t by_view;
	struct hash by_id;
};

struct sync_peer {
	struct read_budget budgets[SHARES]; /* of what is read for its questions */
	struct sync_run run;   /* its own: two that catch up at different heights must not undo each other's */
	uint64_t page_from;    /* the page that it waits for begins there; 0: it waits for none */
	uint64_t page_until;   /* and may end here without a certificate; 0: nowhere */
	bool page_headers;     /* it waits for headers alone */
	bool page_wait;        /* and for as long as the first of its blocks is not there */
	uint64_t final_height; /* as it last told */
	uint64_t told_at_ms;   /* when it was last told that it is behind */
	bool asked;            /* for a page that has not come */
	uint32_t late;         /* how often it did not give one, since it last did */
	uint32_t bodies_asked; /* of it, that have not come; at most SYNC_BODIES_OWED */
};

struct sync {
	struct step *step;
	struct chain *chain;
	const struct consensus *consensus; /* from sync_start on */
	uint32_t heartbeat_ms;
	bool follows;          /* no member: pages are asked for all the time, and come as blocks become final */
	uint32_t page_bytes;   /* of blocks in one page, where that is more than one */
	uint32_t page_headers; /* that follow them, at most */
	uint32_t near_blocks;  /* so far above the final tip bodies are fetched by id */

	struct sync_peer *peers; /* by number */
	uint32_t answered_peer;  /* the last one that was given a page */
	bool asked;              /* a page of the final chain is asked for */
	uint32_t asked_peer;
	uint64_t asked_ms;
	uint64_t ask_at; /* when to ask (again); TIME_NEVER: not */
	bool verifying;  /* a page is with the verifier */
	bool held;       /* no page is asked for while too much waits to be flushed: its caller's word */
	struct sync_anchors anchors;
	uint64_t by_view; /* the certificate that makes the page with the verifier final */
	struct hash by_id;
	uint64_t page_height;   /* the last block of the newest page taken */
	uint64_t page_sequence; /* the commit that has it */
	uint64_t page_durable;  /* the commit of the page before it: the next one is asked for when that is durable */
	uint32_t repair_peer;   /* the last one asked for certificates */
	uint64_t last_final_ms, standstill_at;
	uint64_t newest_ask_at; /* when to ask for the newest votes of ours that others know */
};

/* For a struct whose members to heartbeat_ms are set, but consensus. Returns 0 or UNCIA_E_MEMORY. Owns: sync_deinit. */
int sync_init(struct sync *s);
void sync_deinit(struct sync *s);
/* All that was stored is there again. */
void sync_start(struct sync *s, const struct consensus *consensus);

/* A link is up: who it leads to is told where this validator stands; and then all that may have been lost. */
int sync_peer_up(struct sync *s, uint32_t peer);
int sync_resend(struct sync *s, uint32_t peer); /* or to PEER_ALL */
void sync_peer_down(struct sync *s, uint32_t peer);
/* A block has become final. */
void sync_final(struct sync *s);
/* Somebody is ahead, or several blocks are missing below a decided one: the final chain is to be asked for by height.
 */
void sync_behind(struct sync *s);
/* Asks, repeats and repairs, as far as it is time. */
int sync_timer(struct sync *s);
uint64_t sync_wake(const struct sync *s);
/* Gives a page to one of those that wait for one: part of sync_timer, and all that is left of it to a validator that is
 * about to end. */
int sync_pages_answer(struct sync *s);
uint64_t sync_pages_wake(const struct sync *s);

/* Messages of validators. Each returns 0; a code of bad input, for which the link is to be closed; or an error of this
 * machine. */
int sync_status_receive(struct sync *s, uint32_t peer, const Uncia__Pb__PeerStatus *message);
int sync_request_answer(struct sync *s, uint32_t peer, const Uncia__Pb__SyncRequest *message);
int sync_reply_receive(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message);
/* Whether it was asked for a page, or a body, that has not come: before that is decoded, since pages and bodies that
 * nobody asked for could keep a validator decoding. A body is then counted as come. */
bool sync_page_owed(const struct sync *s, uint32_t peer);
bool sync_body_owed(struct sync *s, uint32_t peer);
int sync_certificates_answer(struct sync *s, uint32_t peer, const Uncia__Pb__CertificatesRequest *message);
int sync_newest_vote_answer(struct sync *s, uint32_t peer, const Uncia__Pb__NewestVoteRequest *message);
int sync_body_answer(struct sync *s, uint32_t peer, const Uncia__Pb__BlockRequest *message);
int sync_body_receive(struct sync *s, uint32_t peer, const Uncia__Pb__BlockReply *message);
/* The verdicts of a page or a body are in. A page's blocks are then in the chain; its finality certificate, the job's
 * first, is for the caller to hand on, and sync_page_taken to be told, with the height of the page's last block, once
 * what it makes final was. */
int sync_page_verified(struct sync *s, struct job *job, bool valid);
/* The same of a certificate that the headers asked for in parts have led to; it is for the caller to hand on. */
int sync_anchors_verified(struct sync *s, struct job *job, bool valid);
void sync_page_taken(struct sync *s, uint64_t height);
int sync_body_verified(struct sync *s, struct job *job, bool valid);
/* The verifier gave them up unchecked, since their sender's link is closed: somebody else is asked. */
void sync_page_given_up(struct sync *s);
void sync_body_given_up(struct sync *s, const struct job *job);
/* Asks for the bodies that are due. */
int sync_fetch_bodies(struct sync *s);
/* Whether a block is decided that is more than a few above the final tip: what lies between comes by pages of the final
 * chain, and until then no body is fetched by id, and none put together for a proposal. */
bool sync_far(const struct sync *s);

/* Takes the certificate into the job, with the checks of those signatures that have not been seen good as votes
 * already. Returns 0 or UNCIA_E_MEMORY. */
int sync_job_certificate(const struct sync *s, struct job *job, struct certificate *certificate);
/* Has one certificate checked, by itself. Takes it. */
int sync_verify_certificate(const struct sync *s, uint32_t peer, struct certificate *certificate);
/* The same for one that makes a block final beside the final chain. */
int sync_verify_second_chain(const struct sync *s, uint32_t peer, struct certificate *certificate);
/* Whether the final chain may be searched for a view, for what that validator has sent: it counts as so many of its
 * questions for certificates as the search takes reads. */
bool sync_may_search(struct sync *s, uint32_t peer);
/* The highest final height that linked validators of more weight than F have told, so that no liar makes it up; 0: they
 * have told none. */
uint64_t sync_highest(const struct sync *s);

#endif
