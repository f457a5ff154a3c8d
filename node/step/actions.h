/* What a step of the replica asks its edge to do: records for the journal, messages, signatures to check, a flush, a
 * timer. Nothing calls back: what takes time goes out as an action and comes back as an event (docs/architecture.md,
 * "The core contract"). */
#ifndef ACTIONS_H
#define ACTIONS_H
#include "storage_view.h"
#include "statement.h"

/* Where a message goes, or came from: the number of a peer (step.h), or one of these, each for one thing. */
#define OBSERVERS_MAX 64u
#define PEERS_MAX     (2 * COMMITTEE_SIZE_MAX + OBSERVERS_MAX)
#define PEER_ALL      0xffffff00u /* every other validator of the committee */
#define PEER_NONE     0xffffff01u /* no peer */
#define PEER_WALLET   0xffffff02u /* not a peer: it came over the link of a wallet */
/* Instead of the number of a validator: who is not a member of the committee. */
#define NOT_A_MEMBER 0xffffff03u

/* Signatures to check or to make, asked for by the core, handed over with ACTION_VERIFY, and back with EVENT_VERIFIED
 * once every `valid` is set. Nobody else frees it. Items refer to memory the job owns. */
struct verify_item {
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t signature[SIGNATURE_SIZE]; /* out, where they are made */
	struct hash digest;
	bool check_key; /* nothing is known of it yet: sign_verify, not sign_verify_bound */
	bool unsigned_; /* there is nothing to check: valid */
	bool valid;     /* out; false when it is handed over */
};
struct verify_job {
	uint64_t id;
	size_t count;
	struct verify_item *items;
	struct statement *statements; /* sign: what is to be signed, one for each item; else NULL */
	uint32_t source;              /* whose queue it waits in: a peer's number, or one of those below */
	bool sign;     /* its signatures are to be made, with this validator's consensus key; valid: it was made */
	bool urgent;   /* consensus waits for it */
	bool together; /* one wrong signature makes all of it worthless: the rest need not be checked */
	bool suspect;  /* its source has sent wrong ones: they are taken one by one, one in a turn */
	bool wrong;    /* out: some signature was */
	bool dropped;  /* out: given up, since its source was, or for what was wrong in it; of its items only what is
	                * valid is known */
	/* The edge's, while it has the job (verify_queue.h): */
	struct verify_job *next;
	size_t taken;     /* items that some thread has taken */
	size_t remaining; /* items without a verdict yet */
};

/* By what is known of the address that a payment was submitted from. */
enum standing {
	STANDING_NEW,    /* nothing */
	STANDING_GOOD,   /* its signatures were right */
	STANDING_SUSPECT /* one was wrong, not long ago */
};
#define VERIFY_SUSPECT_QUEUES 8u /* that suspects share, by the numbers of their addresses */

/* Sources of jobs beside the peers: wallets of good standing together, those of which nothing is known, suspects; and
 * what is signed for all of them. */
#define VERIFY_SOURCE_WALLETS          PEERS_MAX
#define VERIFY_SOURCE_SIGNING          (PEERS_MAX + 1)
#define VERIFY_SOURCE_NEWCOMERS        (PEERS_MAX + 2)
#define VERIFY_SOURCE_SUSPECTS(origin) (PEERS_MAX + 3 + (origin) % VERIFY_SUSPECT_QUEUES)
#define VERIFY_SOURCES                 (PEERS_MAX + 3 + VERIFY_SUSPECT_QUEUES)

/* For so long a validator is not linked again that has sent what no validator sends. */
#define PEER_SHUN_MS 5000u

enum note_level { NOTE_ERROR, NOTE_WARNING, NOTE_INFO, NOTE_DEBUG };

enum action_kind {
	ACTION_JOURNAL_PUT,    /* table, key, value, sequence: to the next commit */
	ACTION_JOURNAL_FORGET, /* sequence, view: delete VOTE records of views <= view, in that same commit */
	ACTION_SEND,           /* peer (or PEER_ALL), message, spare, answer */
	ACTION_VERIFY,         /* job: to be checked, or signed */
	ACTION_ANSWER,         /* wallet, message */
	ACTION_DROP_WALLET,    /* wallet, error: broke the protocol; close it. UNCIA_E_SIGNATURE: its address is to be
	                        * charged with the signatures that were wrong */
	ACTION_DROP_PEER, /* peer: sent what no validator sends; close the link, for PEER_SHUN_MS, and drop its checks
	                   */
	ACTION_TIMER,     /* at_ms: EVENT_TIMER no later than then (replaces the earlier wish) */
	ACTION_FLUSH,     /* flush: to the state */
	ACTION_FINAL,     /* height, count, message = block id: for logs and metrics only */
	ACTION_NOTE,      /* level, message = a logfmt fragment such as "event=evidence voter=2" */
	ACTION_HALT,      /* message, error: why. Nothing may be sent after it; the process ends non-zero */
};

struct action {
	enum action_kind kind;
	uint32_t peer;
	uint64_t wallet;
	enum journal_table table;
	struct bytes key, message; /* message is the value of a put */
	uint64_t sequence, view, at_ms, height;
	uint32_t count;
	enum note_level level;
	int error;
	bool spare;  /* not sent where half of what may wait for that peer does already */
	bool answer; /* not sent where a quarter of it does, or where it would not fit: who asked asks again */
	struct verify_job *job;
	struct flush *flush;
};

/* Filled by replica_step; everything in it is valid until the next call. Rule for the edge: carry out a
 * step's journal actions in the turn's one synced commit; sends and answers may go at once, in order, because
 * the core itself holds back whatever must wait for the disk until EVENT_DURABLE. */
struct actions {
	struct action *items;
	size_t count;
	/* private to the step room */
	size_t capacity;
	struct arena *arena;
	struct chunk_cache *chunk_cache; /* from one step to the next */
};
/* Returns 0 or UNCIA_E_MEMORY. Owns: actions_deinit. */
int actions_init(struct actions *actions);
void actions_deinit(struct actions *actions);
/* Empties the list for the next step; its memory is kept. */
void actions_clear(struct actions *actions);

#endif
