/* Validators that lie: members of the committee, up to F, that hold their own key and nobody else's, hear all that is
 * said, and follow scripts that the seed draws. Each also runs the honest core; its scripts withhold or exchange what
 * that says, and say more. Nothing here knows what honest validators think: it says, and checks.h and proofs.h look. */
#ifndef BYZANTINE_H
#define BYZANTINE_H
#include "checks.h"
#include "forge.h"
#include "scenario.h"

#define LIAR_MEMORY 64u

enum bad { /* what is wrong with a block (ledger §4, §5) */
	   BAD_STATE_ROOT,
	   BAD_TIME_PAST,   /* not above its parent's */
	   BAD_TIME_FUTURE, /* by a month: not a matter of clocks */
	   BAD_PARENT,      /* that nobody knows */
	   BAD_HEIGHT,
	   BAD_PAID_TWICE,      /* one payment in two places */
	   BAD_PAID_BEFORE,     /* a payment of the chain again */
	   BAD_EXPIRED,         /* a payment */
	   BAD_FUNDS,           /* a payment of more than there is */
	   BAD_SIGNATURE,       /* a payment's */
	   BAD_PAYER,           /* a payment signed by another account's key */
	   BAD_ROOT,            /* of the payments: another list than the one it names */
	   BAD_LAST = BAD_ROOT, /* what follows may be right after all */
	   BAD_SKIPPED,         /* grows on its parent's parent */
	   BAD_NAMES,           /* short ids that name nothing; the block is well */
	   BADS
};

enum flood { FLOOD_AGAIN = 1, FLOOD_FORGED = 2, FLOOD_OWN_VOTES = 4, FLOODS_ALL = 7 };

struct liar {
	uint32_t self, scripts;
	uint32_t floods; /* enum flood, bits */
	uint64_t next_flood_ms;
	uint32_t victims;  /* nodes */
	uint32_t withheld; /* kinds of messages: bits by Uncia__Pb__PeerMessage__KindCase */
	uint32_t bad_turn; /* the next kind of bad block */
	uint64_t next_ms;
};

struct byzantine {
	struct checks *checks;
	struct network *network;
	uint64_t random, salt;
	struct liar liars[NETWORK_NODES_MAX];
	uint32_t liar_count;
	uint32_t twins;
	enum { MASKS_NONE, MASKS_TWINS, MASKS_ALL } masks;
	bool healed;
	bool muted;    /* all keep to the rules for a while */
	uint64_t view; /* the highest that a proposal was heard for */
	/* the message that is going out */
	bool viewed;
	uint64_t message_view;
	uint32_t withheld_from; /* nodes */
	/* what was heard, or said: the last few of each */
	struct header headers[LIAR_MEMORY];
	struct vote votes[4 * LIAR_MEMORY];
	struct forged messages[LIAR_MEMORY], bodies[LIAR_MEMORY];
	struct hash body_ids[LIAR_MEMORY];
	struct payment *payments[8 * LIAR_MEMORY];
	uint64_t header_count, vote_count, message_count, body_count, payment_count;
	/* what was said, for who looks whether it had the effect that it must have */
	struct said {
		uint32_t self;
		uint64_t view;
		enum bad bad;
		struct hash id;
	} bad[LIAR_MEMORY];
	struct forged skip;              /* the last certificate of a skipped view that went round */
	uint64_t flooded;                /* messages of floods, each different */
	struct hash hidden[LIAR_MEMORY]; /* proposals shown to some */
	uint64_t bad_count, hidden_count;
	uint64_t two_faced, far; /* proposals of two faces; votes far ahead */
	uint64_t fetched;        /* questions for a block that was hidden */
};

/* Draws who lies and how, from a generator of its own: what is drawn without liars stays what it was. `budget`, the
 * weight that may be faulty, goes down by theirs; nobody below options->twins, and not `spared`. */
void byzantine_draw(struct byzantine *b, const struct scenario *s, const struct network_options *options,
                    uint32_t spared, uint64_t *budget);
/* One liar with these scripts and floods, instead; none where there are none. */
void byzantine_one(struct byzantine *b, uint32_t self, uint32_t scripts, uint32_t floods);
/* The options' hooks, before the network is made of them; then what they speak through. */
void byzantine_hook(struct byzantine *b, struct checks *checks, struct network_options *options);
void byzantine_begin(struct byzantine *b, struct network *network);
void byzantine_deinit(struct byzantine *b);
bool byzantine_is(const struct byzantine *b, uint32_t node);
const char *byzantine_script_name(uint32_t script);
/* Casts two first votes in a view far above the node's, to that node; returns the view. */
uint64_t byzantine_provoke(struct byzantine *b, const struct liar *liar, uint32_t node);

/* ---- between its files ---- */

/* byzantine.c */
uint64_t byzantine_random(struct byzantine *b, uint64_t below);
void byzantine_trace(const struct byzantine *b, const struct liar *liar, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void byzantine_send(struct byzantine *b, const struct liar *liar, uint32_t to, struct forged message); /* frees it */
void byzantine_spread(struct byzantine *b, const struct liar *liar, uint32_t nodes, struct forged message);
void byzantine_vote(struct byzantine *b, const struct liar *liar, uint32_t nodes, enum vote_kind kind, uint64_t view,
                    const struct hash *block_id);
const struct header *byzantine_header(struct byzantine *b, uint64_t newest); /* one of the newest; NULL: none */
const struct header *byzantine_find(const struct byzantine *b, const struct hash *id);
void byzantine_keep_header(struct byzantine *b, const struct header *header);

/* byzantine_leads.c: what a leader proposes instead */
void byzantine_lead(struct byzantine *b, struct liar *liar, const struct header *header, const Uncia__Pb__Propose *own);
bool byzantine_propose_bad(struct byzantine *b, struct liar *liar, enum bad bad, const struct header *header,
                           const Uncia__Pb__Propose *own);
void byzantine_serve(struct byzantine *b, struct liar *liar, uint32_t node, const struct hash *id);

/* byzantine_says.c: what is said unasked, and false answers */
void byzantine_speak(struct byzantine *b, struct liar *liar);
bool byzantine_answer_falsely(struct byzantine *b, struct liar *liar, uint32_t to, const struct bytes *message);
/* byzantine_floods.c */
void byzantine_flood(struct byzantine *b, struct liar *liar);
/* byzantine_words.c: what wallets are told; whether the true answer is given */
bool byzantine_tell(struct byzantine *b, struct liar *liar, uint64_t wallet, const struct bytes *message);

#endif
