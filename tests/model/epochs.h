/* The model of committee change: validators over several epochs (docs/spec/consensus.md §6 within one, the rules of the
 * change between two), wallets that follow them, and what may befall both. epochs.c runs it, seed by seed. Threads:
 * one. A function takes the world as it is, and says what it found by world_breaks; none fails otherwise. */
#ifndef EPOCHS_H
#define EPOCHS_H
#include <stdbool.h>
#include <stdint.h>
#include "committee.h"
#include "voting_rules.h"

enum {
	KEYS = 28, /* one validator each, members of some epoch or not */
	EPOCHS = 5,
	VIEWS = 64,
	BLOCKS = 240, /* 0 is the genesis */
	PLANS = 16,   /* 0 is the committee of the genesis */
	WALLETS = 3,
	BLOCKS_A_VIEW = 3,
	SKIP = BLOCKS_A_VIEW,
	CHOICES,
	NO_PARENT = 255,
	DAYS_APPROVED = 7, /* a reconfigure's approvals live so long at most */
};

/* The votes of one validator in one view of one epoch: a set of these. `choice`: a block of the view, or SKIP. */
#define FIRST_BIT(choice) (1u << (choice))
#define EXTRA_BIT(choice) (1u << (CHOICES + (choice)))
#define FINAL_BIT(block)  (1u << (2 * CHOICES + (block)))
#define FIRSTS            0x00fu
#define EXTRAS            0x0f0u
#define FINALS            0x700u

/* Certificates of one view: a set of these. S is HELD_N(SKIP). */
#define HELD_N(choice) (1u << (choice))
#define HELD_FF(block) (1u << (CHOICES + (block)))
#define HELD_SF(block) (1u << (2 * CHOICES + (block)))
#define HELD_FINALITY  0x770u

/* Rules that are left out, one a run; epochs_mistakes.c has the sentence of each. */
enum mistake {
	MISTAKE_NONE,
	NO_ADDRESSES,
	NO_JOIN_SIGNATURE,
	NEVER_EXPIRES,
	APPROVED_FAR_AHEAD,
	RETIRED_RETURN,
	LEAVING_UNBOUNDED,
	NEW_UNBOUNDED,
	GAINED_UNBOUNDED,
	FORCE_BY_SLOW_QUORUM,
	TWO_ON_A_PATH,
	CLOSING_OPTIONAL,
	PARENT_IS_CLOSING,
	NOTARISED_IS_ENOUGH,
	F_OF_JUSTIFIER,
	OLD_MOVES_F,
	EPOCH_UNSIGNED,
	KEYS_BY_VIEW,
	NEWEST_BY_VIEW,
	SETTLED_BY_VIEW,
	PRUNED_BY_VIEW,
	GATE_ONCE,
	GATE_OF_OTHERS,
	LOST_BARS_ONE,
	LOST_BARS_LATER,
	NEWEST_PER_NUMBER,
	BODIES_LATER,
	DROPS_J,
	LEAVES_EARLY,
	RULE8_OLD,
	RULE8_CLOSING,
	OTHER_EPOCH_ENDS_LINK,
	DIALS_BY_INDEX,
	LOWER_KEY_ONLY,
	RETIRED_EARLY,
	CLOSING_RECEIPT,
	TWO_RECEIPTS,
	GOES_BACK,
	OLD_RECEIPT,
	OLD_RECEIPT_ONE,
	EXPIRY_MIXED,
	EXPIRY_STALE,
	SECOND_STOPS_ALL,
	MISTAKES
};

enum verdict { HOLDS, FORK, TWICE, REVIVED, STUCK, ENDED, LOST_BODY, WALLET };

/* A committee, and the operation `reconfigure` that brings it. */
struct plan {
	uint8_t epoch, from; /* from: the plan that it follows */
	uint8_t size;
	uint8_t order[KEYS];  /* the keys by their numbers */
	uint8_t weight[KEYS]; /* by key; 0: no member */
	uint32_t members, retired;
	uint32_t unsigned_keys; /* newcomers who have not signed that they join */
	uint64_t approved;      /* weight of the approvals */
	uint16_t expires_at;
	uint16_t made; /* when the operators agreed */
	bool force;
	bool refused;             /* made to be refused: no operator who keeps to the rules rests on it */
	bool given_up;            /* the newcomers have gone */
	struct committee quorums; /* weights and quorums; keys are not filled in */
};

struct model_block {
	uint8_t parent, epoch, view, choice, height, leader;
	uint8_t plan;   /* the committee that votes on it */
	uint8_t brings; /* the plan of its reconfigure; 0: none */
	bool closing;
	uint16_t time;
};

/* A vote as one peer remembers the newest one of another. */
struct stamp {
	uint8_t epoch, view, kind, key; /* kind: as vote.h numbers them; 0: no vote */
	uint16_t bit;
};

/* What lies on a validator's disk, or would with the next commit. */
struct journal {
	uint16_t own[EPOCHS][VIEWS], held[EPOCHS][VIEWS];
	bool body[BLOCKS];
	struct stamp newest[KEYS];   /* of each key; as a mistake has it: of each number */
	struct stamp told[KEYS];     /* of each key, whatever mistake there is */
	uint8_t epoch;               /* the newest one that has begun for it */
	uint8_t tip;                 /* its newest final block */
	uint8_t plan[EPOCHS];        /* the committee of each epoch that has begun */
	uint8_t final_view[EPOCHS];  /* f */
	uint8_t final_block[EPOCHS]; /* the block of f: where an epoch begins, the one before it */
	uint8_t
	    ended_by[EPOCHS];    /* the block whose certificate is J: B, or a closing block; 0: dropped, or not ended */
	uint8_t barred;          /* votes of epochs below this one are not cast any more */
	bool barred_one[EPOCHS]; /* the same as a mistake has it */
};

struct node {
	struct journal now, disk, backup;
	bool has_backup, running, restarted;
	bool gone;                     /* a leaver whose key is erased */
	uint16_t gone_at;              /* when */
	uint8_t loses;                 /* votes of epochs below this one are not in the journal that was put back */
	bool voting[EPOCHS];           /* the start gate is passed */
	uint32_t answered[EPOCHS];     /* by whom, since the start */
	uint8_t started_epoch;         /* what the journal said at the start */
	uint8_t started_final[EPOCHS]; /* f then */
	uint8_t view[EPOCHS];          /* the current one */
	uint64_t dirty[EPOCHS];        /* views whose votes or certificates have changed: a bit each */
	uint16_t heard[EPOCHS][VIEWS][KEYS];
};

struct wallet {
	uint8_t newest;          /* the newest proved epoch */
	uint8_t plan[EPOCHS];    /* the committees that it believes; FORGED_PLAN: an attacker's */
	uint8_t receipt[EPOCHS]; /* the block that ended each epoch; FORGED_BLOCK */
	bool in_step[EPOCHS];    /* the end of this epoch was learned while the epoch was fresh */
	bool stopped;
	uint8_t pinned;        /* epochs below are the checkpoint's affair */
	uint16_t fresh;        /* block time of the newest certificate of the newest proved committee */
	bool verified[BLOCKS]; /* receipts that it verified while their epoch was newest */
};
enum { FORGED_PLAN = 254, FORGED_BLOCK = 255, FRESH_DAYS = 2 };

struct world {
	uint64_t random;
	enum mistake mistake;
	bool trace;
	enum verdict verdict;
	char what[200];
	struct model_block blocks[BLOCKS];
	uint32_t block_count;
	uint8_t block_at[EPOCHS][VIEWS][BLOCKS_A_VIEW];
	struct plan plans[PLANS];
	uint32_t plan_count, key_count;
	uint32_t bad;       /* liars from the start */
	uint32_t turned;    /* leavers whose keys are used by liars */
	uint32_t dead;      /* honest, and never back; newcomers nobody is behind */
	uint32_t slow;      /* those that hear little at the moment */
	uint32_t addressed; /* keys whose addresses the network file has */
	uint8_t dial_order[KEYS];
	struct node nodes[KEYS];
	uint16_t cast[EPOCHS][VIEWS][KEYS]; /* all that honest keys ever signed */
	uint8_t top[EPOCHS];                /* the highest view that anybody is in */
	uint8_t final_at[VIEWS * 2];        /* what honest validators have made final, by height */
	uint8_t final_count;
	uint16_t time;                /* in days */
	uint16_t epoch_began[EPOCHS]; /* when somebody honest was first there */
	struct wallet wallets[WALLETS];
	uint32_t captured, stopped; /* wallets that slept too long, as no rule can help */
	/* how this seed goes */
	uint8_t changes_wanted;
	uint8_t percent_reconfigure, percent_crash, percent_slow, permille_timeout, percent_bad;
	uint8_t percent_late;   /* what makes a reconfigure final is late so often */
	uint8_t percent_bodies; /* a body comes with the rest so often */
	bool heavy, forcing, restoring, sleepers;
	bool settling;
	uint32_t steps;
};

/* ---- epochs_mistakes.c ---- */

/* The name of a mistake, and the sentence of the rule that it leaves out. */
const char *mistake_name(enum mistake mistake);
const char *mistake_sentence(enum mistake mistake);
/* How many seeds it may take to be found, and by which check. */
uint32_t mistake_seeds(enum mistake mistake);
enum verdict mistake_verdict(enum mistake mistake);
/* Whether it shows where journals are put back. */
bool mistake_restores(enum mistake mistake);

/* ---- epochs_world.c ---- */

/* A number below `below`, which is above zero. */
uint32_t world_draw(struct world *w, uint32_t below);
/* True with this probability, in percent. */
bool world_chance(struct world *w, uint32_t percent);
/* Prints a line where the run is traced. */
void world_say(const struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What must hold does not: the first that is found counts. */
void world_breaks(struct world *w, enum verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The weight of these keys in a committee. */
uint64_t world_weight(const struct plan *plan, uint32_t keys);
/* Liars, and keys in liars' hands. */
uint32_t world_liars(const struct world *w);
/* Honest validators that are there: not dead, key not erased. */
bool world_lives(const struct world *w, unsigned key);
/* The member that leads a view. */
unsigned world_leader(const struct plan *plan, unsigned view);
/* Makes a block; 0: there are as many of this view, or in all, as the model has room for. */
unsigned world_block(struct world *w, const struct model_block *block);
/* Whether votes that were cast, together with all that liars sign, make this certificate (one bit). */
bool world_possible(const struct world *w, const struct plan *plan, unsigned view, unsigned certificate);
/* Takes note that an honest validator has made this block final, with all below it; breaks where another one is final
 * at a height. */
void world_final(struct world *w, unsigned by, unsigned block);
/* Whether any two blocks that could be final, by votes cast and those of liars who have not retired, are of one chain.
 */
void world_look(struct world *w);
/* Whether a lies below b, or is b. */
bool world_below(const struct world *w, unsigned a, unsigned b);
/* A new world: committee, liars, and how things go, all drawn from the seed. */
void world_init(struct world *w, uint64_t seed, enum mistake mistake, bool trace);

/* ---- epochs_plans.c ---- */

/* The committee of the genesis, and who lies in it. */
void plans_genesis(struct world *w);
/* Operators agree on a committee to follow `from`, or on one that the rules refuse. */
void plans_make(struct world *w, unsigned from);
/* A plan that may follow this one in a block of this time; 0: none. */
unsigned plans_choose(struct world *w, unsigned epoch_plan, unsigned time);
/* Whether the committees in use and to come bear it that this key does not vote any more. */
bool plans_bear(const struct world *w, unsigned key);
/* Newcomers of approvals that have expired go away. */
void plans_superseded(struct world *w);

/* ---- epochs_rules.c: the rules of the change, each with its sentence ---- */

/* What the committee may change by at once. */
bool rule_weights(const struct world *w, const struct plan *from, const struct plan *to);
/* Whether an operator approves a plan that expires then. */
bool rule_approves(const struct world *w, unsigned expires_at);
/* Whether a block of the epoch of this committee, timed so, may carry it. */
bool rule_reconfigure_valid(const struct world *w, const struct plan *plan, unsigned epoch_plan, unsigned time);
/* Whether a block is what it may be on its parent, whoever looks at it. */
bool rule_block_valid(const struct world *w, unsigned block);
/* Whether a block on this parent, of the parent's epoch, has to be a closing one. */
bool rule_closes(const struct world *w, unsigned parent);
/* Which certificates of a block end its epoch, where it is B or a closing block. */
unsigned rule_justifies(const struct world *w, unsigned choice);
/* f of e + 1 where it begins, and the block of f. `b`: B; `justifier`: the block whose certificate J is. */
unsigned rule_first_final_view(const struct world *w, unsigned b, unsigned justifier);
unsigned rule_first_parent(const struct world *w, unsigned b, unsigned justifier);
/* Whether a is a newer vote than b. */
bool rule_newer(const struct world *w, const struct stamp *a, const struct stamp *b);
/* Whether a leaver, whose last epoch this was, may erase its key. */
bool rule_may_leave(const struct world *w, const struct journal *journal, unsigned last_epoch);
/* Whether J of an epoch is served when epoch `now` begins. */
bool rule_serves_j(const struct world *w, unsigned ended, unsigned now);
/* Whether votes that the journal has lost bar this epoch. */
bool rule_barred(const struct world *w, const struct journal *journal, unsigned epoch);

/* ---- epochs_node.c: one validator ---- */

/* The newest epoch of which it is or was a member; EPOCHS: none. */
unsigned node_last_epoch(const struct world *w, unsigned n);
/* The epoch in which it votes; EPOCHS: none. */
unsigned node_votes_in(const struct world *w, unsigned n);
/* Whether it is there, through the start gate of this epoch, and not barred. */
bool node_may_vote(const struct world *w, unsigned n, unsigned epoch);
/* Rule 2, in this epoch, by what it holds. */
bool node_parent_valid(const struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned parent);
/* Goes over its rules until nothing more follows. */
void node_run(struct world *w, unsigned n);
/* It votes: durable first, then for everybody to hear. */
void node_cast(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned bit);
/* Rule 5, in the current view of the epoch in which it votes. */
void node_timeout(struct world *w, unsigned n);
/* Rule 3, in the same view. */
void node_propose(struct world *w, unsigned n);
/* The parent that it would take there; NO_PARENT: none. */
unsigned lead_parent(struct world *w, unsigned n, unsigned epoch);
/* Votes of a key, a set of bits, of whatever epoch: of those of a kind that must come once the first one counts. */
void node_hear(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned key, unsigned votes);
/* A verified certificate, of whatever epoch. */
void node_certificate(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned certificate);
/* What it knows is durable. */
void node_sync(struct world *w, unsigned n);

/* ---- epochs_start.c: the end and the start of a validator ---- */

/* It ends, and loses what was not durable. */
void start_crash(struct world *w, unsigned n);
/* It starts with the journal on its disk, and is not through the gate. */
void start_again(struct world *w, unsigned n);
/* Puts an older journal in place of its own, where peers know enough to notice. */
void start_restored(struct world *w, unsigned n);
/* Asks a peer for the newest vote of its own (the start gate). A liar says that it knows none. */
void start_ask(struct world *w, unsigned n, unsigned peer);

/* ---- epochs_links.c ---- */

/* Whether two validators find each other. */
bool links_up(const struct world *w, unsigned a, unsigned b);
/* Votes of a view as they get through at this moment: those that make a reconfigure final may be late. */
unsigned links_late(struct world *w, unsigned epoch, unsigned view, unsigned votes);
/* All that `from` sends when a link comes up, or nothing becomes final: rules 9 and 10, and what an older epoch gets.
 */
void links_pulse(struct world *w, unsigned from, unsigned to);

/* ---- epochs_chaos.c ---- */

/* One thing happens. */
void chaos_step(struct world *w);
/* It asks whether it may vote; those answer first who know nothing. */
void chaos_ask(struct world *w, unsigned n);
/* Leavers whose keys come into liars' hands. */
void chaos_turn(struct world *w);

/* ---- epochs_story.c ---- */

/* The beginning of some runs. */
void story(struct world *w);

/* ---- epochs_settle.c ---- */

/* A stable period, liars silent: everybody must get on. */
void settle(struct world *w);
/* Some more blocks, later. */
void settle_on(struct world *w);

/* ---- epochs_weights.c ---- */

/* Goes through all pairs of small committees: whether the rule of weights keeps what it promises. */
bool weights_hold(void);

/* ---- epochs_wallets.c ---- */

/* All of them know the genesis, and nothing else. */
void wallets_init(struct world *w);
/* Something is brought to a wallet. */
void wallets_step(struct world *w);

#endif
