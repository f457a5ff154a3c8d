/* The model of committee change (docs/testing.md): validators, liars and wallets at the boundary between epochs, each
 * run drawn from its seed. The votes within an epoch are cast by node/consensus/voting_rules.h; what is added by epochs
 * are the rules of epochs_rules.c, and what validators, links and wallets do about them.
 *
 * A validator is its journal, as it is in memory and as it is on the disk, and what it has heard. Whatever was ever
 * signed may reach anybody at any moment, once, twice or never; a certificate can be made of it by whoever has an
 * interest. Liars weigh at most F in each committee, show each validator other votes, lead with several blocks, and
 * sign in old epochs what they like. Keys of leavers fall into liars' hands some days after they were to be erased, as
 * far as liars weigh at most F of an epoch that somebody honest is still in (RETIRED_EARLY takes that away). Validators
 * end, and lose what was not durable; older journals are put back where the start gate promises to notice; newcomers
 * may be nobody. Then liars fall silent, and everybody must get on.
 *
 * Looked for: FORK, two blocks final at one height, over all epochs; TWICE, votes of an honest key that contradict each
 * other in one view of one epoch; STUCK, somebody honest who makes nothing final in the stable period, or a leaver who
 * does not learn that he may go; ENDED, an honest validator that takes its own chain for the second one; LOST_BODY, a
 * final block that nobody honest holds; WALLET, a wallet that believes what is not so, or stops where it need not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "epochs.h"

static const char *const verdict_names[] = {"holds", "fork",  "signed twice", "votes revived",
                                            "stuck", "ended", "lost body",    "wallet"};
enum { SEEDS = 3000, STEPS_MAX = 3000, VIEWS_CHAOS = 34 };

static struct world world;

struct sums {
	uint64_t steps, blocks, final, captured, stopped, epochs[EPOCHS];
};

/* One run. */
static enum verdict run_seed(uint64_t seed, enum mistake mistake, bool trace, struct sums *sums)
{
	struct world *w = &world;
	unsigned newest = 0, views = 0;
	world_init(w, seed, mistake, trace);
	unsigned steps = 200 + world_draw(w, STEPS_MAX - 200);
	if (w->restoring && world_chance(w, 60))
		story(w);
	while (w->steps < steps && w->verdict == HOLDS && views < VIEWS_CHAOS) {
		chaos_step(w);
		for (unsigned epoch = 0; epoch < EPOCHS; epoch++)
			views = w->top[epoch] > views ? w->top[epoch] : views;
	}
	if (w->verdict == HOLDS)
		world_look(w);
	if (w->verdict == HOLDS)
		settle(w);
	for (unsigned i = 0; i < 60 && w->verdict == HOLDS; i++) {
		if (i % 10 == 0) {
			w->time += FRESH_DAYS + 1;
			chaos_turn(w);
			settle_on(w);
		}
		wallets_step(w);
	}
	for (unsigned n = 0; n < w->key_count; n++)
		newest = w->nodes[n].now.epoch > newest ? w->nodes[n].now.epoch : newest;
	sums->steps += w->steps;
	sums->blocks += w->block_count - 1;
	sums->final += w->final_count;
	sums->captured += w->captured;
	sums->stopped += w->stopped;
	sums->epochs[newest]++;
	return w->verdict;
}

static bool run_clean(uint64_t first, uint64_t seeds)
{
	struct sums sums = {0};
	for (uint64_t seed = first; seed < first + seeds; seed++)
		if (run_seed(seed, MISTAKE_NONE, false, &sums) != HOLDS) {
			printf("seed %llu: %s: %s\n", (unsigned long long)seed, verdict_names[world.verdict],
			       world.what);
			return false;
		}
	printf("%llu seeds hold: %llu steps, %llu blocks, %llu of them final; newest epoch", (unsigned long long)seeds,
	       (unsigned long long)sums.steps, (unsigned long long)sums.blocks, (unsigned long long)sums.final);
	for (unsigned epoch = 0; epoch < EPOCHS; epoch++)
		printf("%s %u in %llu", epoch ? "," : "", epoch, (unsigned long long)sums.epochs[epoch]);
	printf("\n    wallets that slept through several changes: %llu believed a forged one, %llu stopped\n",
	       (unsigned long long)sums.captured, (unsigned long long)sums.stopped);
	return true;
}

static bool run_mistake(enum mistake mistake, uint64_t first, uint64_t seeds)
{
	struct sums sums = {0};
	for (uint64_t seed = first; seed < first + seeds; seed++)
		if (run_seed(seed, mistake, false, &sums) == mistake_verdict(mistake)) {
			printf("%-22s %s, seed %llu: %s\n", mistake_name(mistake), verdict_names[world.verdict],
			       (unsigned long long)seed, world.what);
			fflush(stdout);
			return true;
		}
	printf("%-22s NOT FOUND in %llu seeds\n", mistake_name(mistake), (unsigned long long)seeds);
	fflush(stdout);
	return false;
}

static bool run_mistakes(uint64_t first, uint64_t seeds)
{
	bool found = true;
	for (unsigned mistake = 1; mistake < MISTAKES; mistake++)
		found =
		    run_mistake((enum mistake)mistake, first, seeds ? seeds : mistake_seeds((enum mistake)mistake)) &&
		    found;
	return found;
}

static void list_mistakes(void)
{
	for (unsigned mistake = 1; mistake < MISTAKES; mistake++)
		printf("%-22s %s\n", mistake_name((enum mistake)mistake), mistake_sentence((enum mistake)mistake));
}

static int usage(void)
{
	fprintf(stderr,
	        "usage: epochs [--first N] [--seeds N] [--seed N] [--mistake NAME] [--mistakes] [--all-mistakes]\n"
	        "  --seeds N       so many seeds, %u by default, from --first (1 by default) on\n"
	        "  --seed N        this one, told step by step\n"
	        "  --mistake NAME  with this rule left out: it must be found\n"
	        "  --mistakes      lists the rules that can be left out\n"
	        "  --all-mistakes  each of them must be found\n",
	        SEEDS);
	return 2;
}

static bool named_mistake(const char *name, enum mistake *mistake)
{
	for (unsigned i = 1; i < MISTAKES; i++)
		if (strcmp(name, mistake_name((enum mistake)i)) == 0) {
			*mistake = (enum mistake)i;
			return true;
		}
	return false;
}

/* A number above zero. */
static bool number_of(const char *text, uint64_t *number)
{
	char *end;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == 0 && *number > 0;
}

int main(int argc, char **argv)
{
	enum mistake mistake = MISTAKE_NONE;
	uint64_t first = 1, seeds = 0, seed = 0;
	bool all = false;
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(argv[i], "--mistakes") == 0) {
			list_mistakes();
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[i], "--all-mistakes") == 0) {
			all = true;
			continue;
		}
		if (!value)
			return usage();
		bool known = (strcmp(argv[i], "--first") == 0 && number_of(value, &first)) ||
		             (strcmp(argv[i], "--seeds") == 0 && number_of(value, &seeds)) ||
		             (strcmp(argv[i], "--seed") == 0 && number_of(value, &seed)) ||
		             (strcmp(argv[i], "--mistake") == 0 && named_mistake(value, &mistake));
		if (!known) {
			fprintf(
			    stderr,
			    "epochs: %s %s: no such option, number above zero, or mistake (--mistakes lists them)\n",
			    argv[i], value);
			return usage();
		}
		i++;
	}
	if (seed) {
		struct sums sums = {0};
		bool held = run_seed(seed, mistake, true, &sums) == HOLDS;
		printf("%s%s%s\n", verdict_names[world.verdict], held ? "" : ": ", world.what);
		return held == (mistake == MISTAKE_NONE) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (all)
		return run_mistakes(first, seeds) ? EXIT_SUCCESS : EXIT_FAILURE;
	if (mistake)
		return run_mistake(mistake, first, seeds ? seeds : mistake_seeds(mistake)) ? EXIT_SUCCESS
		                                                                           : EXIT_FAILURE;
	bool held = weights_hold();
	return run_clean(first, seeds ? seeds : SEEDS) && held ? EXIT_SUCCESS : EXIT_FAILURE;
}
