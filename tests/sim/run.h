/* A run of one seed while it lasts; what its parts share. scenario.c: what the seed draws, and the healing; faults.c:
 * what goes wrong until then; machine_faults.c: of that, what is one machine's own. */
#ifndef RUN_H
#define RUN_H
#include "byzantine.h"
#include "scenario.h"
#include "phones.h"
#include "wallets.h"

struct run {
	const struct scenario *s;
	uint64_t random;
	struct network_options options;
	uint64_t weights[NETWORK_NODES_MAX];
	struct network *network;
	struct checks checks;
	struct wallets wallets;
	struct byzantine byzantine;
	struct phones_options phones_options;
	struct phones *phones;
	uint64_t horizon_ms;
	uint64_t crash_rate, fault_rate, pay_rate; /* in a hundred ticks */
	int64_t clock[NETWORK_NODES_MAX];
	int64_t drift_ppm[NETWORK_NODES_MAX];
	uint32_t far_clock; /* the node whose clock may be a day off; UINT32_MAX: none */
	uint64_t budget;    /* weight that may still be faulty for good */
	struct memory_store *backup;
	uint32_t backup_of;
	bool backup_used;
	bool afresh[NETWORK_NODES_MAX]; /* about to crash, or paused: healing starts it anew */
	uint64_t machine_random;        /* of machine_faults.c: other draws stay as they were before it */
	int64_t all_behind_ms;          /* what every wall clock has been set back by */
	int32_t monotonic_ppm[NETWORK_NODES_MAX];
	uint64_t outage_from, outage_until;
	bool apart[NETWORK_NODES_MAX]; /* after healing: not of the quorum that must do */
	uint64_t height;               /* that is waited for */
};

static inline bool may(const struct run *r, enum fault fault)
{
	return r->s->faults & fault;
}

uint64_t draw(struct run *r, uint64_t below);
void trace(const struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* faults.c */
void run_start(struct run *r, uint32_t node);
void run_mend(struct run *r); /* the links */
void run_draw_outage(struct run *r);
void run_follow_outage(struct run *r); /* a while has passed */
void run_set_clocks(struct run *r);
void run_disturb(struct run *r); /* a while has passed: perhaps something goes wrong */

/* second_chain.c: the node is shown proof of one, and must end */
void run_second_chain(struct run *r, uint32_t node);

/* machine_faults.c */
uint64_t draw_machine(struct run *r, uint64_t below);
void machines_draw(struct run *r); /* what the seed says of them, before the start */
void machines_begin(struct run *r);
void machines_disturb(struct run *r);
void machines_mend(struct run *r);
/* Whoever is left must do without this node: it is down or cut off, or has no room on its disk. */
void machines_leave_out(struct run *r, uint32_t node);

#endif
