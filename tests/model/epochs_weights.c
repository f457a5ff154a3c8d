/* The rule of weights, gone through for all pairs of small committees: up to four old members and two new keys, weights
 * of 0 (no member) to 3, every F and P that consensus 6.1 allows. What it is to promise holds for each pair that it
 * lets through; what the rule without its later half promises, or what it does not promise, must fail for some. */
#include <stdio.h>
#include <string.h>
#include "epochs.h"

enum { OLD = 4, NEW = 2, WEIGHT_MAX = 3 };

struct weights_sums {
	uint64_t pairs, allowed;
	uint64_t forged;  /* leavers and liars are a quorum of the old committee */
	uint64_t stopped; /* who gained is absent, and the others are no quorum of the new one */
	uint64_t by_old;  /* the same, where only new keys are counted */
	uint64_t
	    by_sleepers; /* leavers, liars and sleepers are a quorum that contradicts those without whom B was final */
};

static bool weights_quorums(struct plan *plan, uint64_t faulty, uint64_t slow)
{
	struct committee *c = &plan->quorums;
	c->weight = world_weight(plan, plan->members);
	c->faulty = faulty;
	c->slow = slow;
	c->quorum_slow = (c->weight + faulty) / 2 + 1;
	c->quorum_fast = c->weight - slow;
	return c->weight > 0 && c->weight >= 3 * faulty + 2 * slow + 1;
}

/* The weights that this number stands for, of keys first to last - 1. */
static void weights_of(struct plan *plan, unsigned number, unsigned last)
{
	memset(plan, 0, sizeof(*plan));
	for (unsigned key = 0; key < last; key++, number /= WEIGHT_MAX + 1) {
		plan->weight[key] = (uint8_t)(number % (WEIGHT_MAX + 1));
		plan->members |= plan->weight[key] ? 1u << key : 0;
	}
}

static void weights_pair(const struct plan *from, const struct plan *to, struct weights_sums *sums)
{
	static const struct world rules = {.mistake = MISTAKE_NONE}, half = {.mistake = GAINED_UNBOUNDED};
	const struct committee *before = &from->quorums, *after = &to->quorums;
	uint64_t leaving = 0, gained = 0;
	sums->pairs++;
	for (unsigned key = 0; key < OLD + NEW; key++) {
		unsigned before_change = from->weight[key], then = to->weight[key];
		leaving += before_change > then ? before_change - then : 0;
		gained += then > before_change ? then : 0;
	}
	bool stops = after->weight - gained < after->quorum_slow;
	sums->by_old += stops && rule_weights(&half, from, to);
	if (!rule_weights(&rules, from, to))
		return;
	sums->allowed++;
	sums->stopped += stops;
	sums->forged += before->faulty + leaving >= before->quorum_slow;
	/* The heaviest sleepers without whom B can be final. */
	uint64_t sleepers = before->weight - before->quorum_slow;
	sums->by_sleepers += leaving > 0 && before->faulty + leaving + sleepers >= before->quorum_slow;
}

bool weights_hold(void)
{
	struct weights_sums sums = {0};
	unsigned all_old = 1, all_later = 1;
	struct plan from, to;
	for (unsigned key = 0; key < OLD + NEW; key++) {
		all_old *= key < OLD ? WEIGHT_MAX + 1 : 1;
		all_later *= WEIGHT_MAX + 1;
	}
	for (unsigned old = 0; old < all_old; old++) {
		weights_of(&from, old, OLD);
		uint64_t weight = world_weight(&from, from.members);
		for (uint64_t faulty = 0; weight && faulty <= (weight - 1) / 3; faulty++) {
			weights_quorums(&from, faulty, (weight - 3 * faulty - 1) / 2);
			for (unsigned later = 0; later < all_later; later++) {
				weights_of(&to, later, OLD + NEW);
				uint64_t next = world_weight(&to, to.members);
				if (next && weights_quorums(&to, (next - 1) / 3, (next - 3 * ((next - 1) / 3) - 1) / 2))
					weights_pair(&from, &to, &sums);
			}
		}
	}
	printf("%llu pairs of committees, %llu allowed: leavers and liars forge its end in %llu, gainers who are away "
	       "stop the"
	       " next in %llu\n",
	       (unsigned long long)sums.pairs, (unsigned long long)sums.allowed, (unsigned long long)sums.forged,
	       (unsigned long long)sums.stopped);
	printf(
	    "    must be found: %llu stopped where new keys alone count, %llu where sleepers help leavers and liars\n",
	    (unsigned long long)sums.by_old, (unsigned long long)sums.by_sleepers);
	return sums.forged == 0 && sums.stopped == 0 && sums.by_old > 0 && sums.by_sleepers > 0;
}
