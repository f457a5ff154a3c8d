/* The step under way: its clocks, the list of actions it hands out, and what outlives it of writing, sending and
 * verifying. Every room that does something does it through here; who may is said by the folder that calls. */
#ifndef STEP_H
#define STEP_H
#include "actions.h"
#include "arena.h"

#define TIME_NEVER UINT64_MAX

/* What is refused is counted by its code, enum uncia_error without its sign; codes past these count as 0. */
#define STEP_REFUSALS 512u

struct outbox_item;
struct job;

/* Somebody who may be linked: a validator of the committee, an observer, or who has been one or may become one. It
 * keeps its number, below the count, for as long as it is known; numbers of validators are another thing, and change
 * with the committee.
 */
struct step_peer {
	uint32_t validator; /* its number in the committee, or NOT_A_MEMBER */
	bool up;
	uint64_t shunned_until_ms; /* since it sent what no validator sends */
	struct job *jobs;          /* under way, of what it sent; the newest first */
	size_t job_bytes;          /* the messages that they came in */
	/* Signatures of them that are being checked: by whether consensus waits for them, and of payments passed on.
	 * What was asked for (bodies, pages) counts as neither. */
	size_t urgent_signatures, payment_signatures;
};

struct step {
	const struct committee *committee;
	struct hash network_id;
	uint32_t self; /* own number in the committee, or NOT_A_MEMBER */
	struct storage_view storage;

	/* set by step_begin, for one step */
	struct actions *out;
	uint64_t now_ms, wall_ms; /* monotonic; since 1970 */
	size_t message_size;      /* of the event's message; 0: it has none */
	bool wrote;               /* a journal record is among the actions */
	size_t released;          /* bytes that had waited for the disk and leave in this step */

	/* The number of the newest commit that has records, and of the newest one known to be on the disk. */
	uint64_t sequence, durable;
	struct outbox_item *outbox, **outbox_last; /* oldest first */
	size_t answers_waiting;                    /* bytes of it that are answers to wallets */

	struct job *jobs;                    /* signature checks under way */
	struct job *checked, **checked_last; /* those whose verdicts are in, to be taken in this step; oldest first */
	uint64_t next_job;

	struct step_peer *peers; /* by number: peer_count of them */
	uint32_t peer_count, peers_up;
	uint32_t own_peer;                    /* that stands for this validator itself, and is never up; or PEER_NONE */
	uint32_t peer_of[COMMITTEE_SIZE_MAX]; /* by number of the validator: step_peer_of */
	uint64_t journal_read;     /* bytes of blocks read from the journal, ever: what reading for others costs */
	uint64_t dropped_messages; /* not taken, or not answered, since a bound was reached */
	uint64_t refused[STEP_REFUSALS]; /* answers to wallets that refuse, ever, by code */
	struct chunk_cache chunk_cache;  /* of messages, while they are read */
};

/* The number of a validator of the committee as a peer. */
static inline uint32_t step_peer_of(const struct step *s, uint32_t validator)
{
	return s->peer_of[validator];
}
/* The number in the committee of a peer, or NOT_A_MEMBER. */
static inline uint32_t step_validator(const struct step *s, uint32_t peer)
{
	return s->peers[peer].validator;
}
/* What a peer weighs in the committee; 0: it is no member. */
static inline uint64_t step_weight(const struct step *s, uint32_t peer)
{
	uint32_t validator = step_validator(s, peer);

	return validator < s->committee->size ? s->committee->validators[validator].weight : 0;
}

/* Begins with the validators of the genesis as peers, and behind them so many observers. `genesis` and what `storage`
 * points to outlive it. Returns 0 or UNCIA_E_MEMORY. Owns: step_deinit. */
int step_init(struct step *s, const struct genesis *genesis, uint32_t self, uint32_t observers,
              const struct storage_view *storage);
void step_deinit(struct step *s);
/* Empties `out`, which the functions below fill until the next call. */
void step_begin(struct step *s, struct actions *out, uint64_t now_ms, uint64_t wall_ms, size_t message_size);

/* A new action at the end of the list, zero but for its kind; valid until the next one is added. NULL: out of memory.
 */
struct action *step_action(struct step *s, enum action_kind kind);
/* Copies bytes into the step's memory. Returns 0 or UNCIA_E_MEMORY. */
int step_copy(struct step *s, const void *data, size_t size, struct bytes *copy);
/* A record for the journal, copied. Returns 0 or UNCIA_E_MEMORY. */
int step_put(struct step *s, enum journal_table table, const struct bytes *key, const struct bytes *value);
/* A line for the log: logfmt, at most 255 bytes. Returns 0 or UNCIA_E_MEMORY. */
int step_note(struct step *s, enum note_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Closes a link. That to a validator is closed for PEER_SHUN_MS, and what waits to be checked of what it sent is given
 * up; once, however much of that is found wrong. error: why that of a wallet is (ACTION_DROP_WALLET), or 0. Returns 0
 * or UNCIA_E_MEMORY. */
int step_drop_peer(struct step *s, uint32_t peer);
int step_drop_wallet(struct step *s, uint64_t wallet, int error);
/* Whether that validator was dropped less than PEER_SHUN_MS ago: what still comes from it is not looked at. */
bool step_shuns(const struct step *s, uint32_t peer);
/* Bytes to a validator or to all, to a wallet: at once, whatever is on the disk. To oneself nothing is sent. */
int step_send(struct step *s, uint32_t peer, const void *message, size_t size);
int step_answer(struct step *s, uint64_t wallet, const void *message, size_t size);
/* The number of the commit that this step's journal records belong to. */
uint64_t step_sequence(struct step *s);

#endif
