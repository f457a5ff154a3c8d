/* Exhaustive search of the outbox: every sequence of steps, up to a depth, of a wallet that pays, hears answers true
 * and false, waits, ends and opens again, where each writing call may fail or be the process' last, with or without
 * effect, and a power cut may take what only a running system showed (docs/spec/wallet.md 7.1, 7.2).
 *
 * The code that is searched is wallet/paying.c, following.c, outbox.c, archive.c, tracked.c, blob.c and what they call,
 * linked as it is. It is cut off at session_send, the one way by which a payment leaves, and fed at following_reply,
 * the one by which answers come; links are the simulator's business. Signatures are the simulator's stand-in.
 *
 * A state is everything that can matter to what follows: storage, the payments in memory, the time, what has been sent
 * and told, and what the ledger holds. One that was come upon before is not gone through again.
 *
 * Searched for, after every step: LOSS, a payment leaves that a power cut could take back, or one that was vouched for
 * is gone; TWICE, two payments of one key; FALSE_END, an end is told that is not the ledger's; OTHER_END, an end that
 * was told or stored changes; NEITHER, a process that ends within a step leaves neither what was before it nor what
 * comes after it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"
#include "outbox_world.h"
#include "state_set.h"

#define DEPTH       4
#define DEPTH_LARGE 5

/* How a writing call of a step comes out. After those that end the process the wallet is opened again. */
enum fate {
	FATE_DONE,
	FATE_FAILS,         /* without effect */
	FATE_FAILS_SEEN,    /* with it, for a running system */
	FATE_FAILS_KEPT,    /* with it, durably */
	FATE_ENDS,          /* the process ends before it has an effect */
	FATE_ENDS_SEEN,     /* after; a running system shows it */
	FATE_ENDS_SEEN_CUT, /* the power goes, and takes it */
	FATE_ENDS_KEPT,
	FATES
};

#define CALLS_MAX 5 /* writing calls of one step that are told apart */

struct step {
	uint8_t action, call, fate, unused;
};

struct run {
	enum mistake mistake;
	enum verdict expected;
	const char *what;
	uint32_t segment_records; /* payments to a blob of the archive; 0: as many as there are */
};

struct search {
	const struct run *run;
	struct state_set states;
	struct step *steps;    /* by state: the one that led there */
	struct world **worlds; /* by state, until it was gone through; NULL for those that are not gone through */
	uint32_t depth;
	uint64_t carried_out;
};

static const char *const verdict_names[] = {"holds", "loss", "twice", "false end", "other end", "neither"};

/* One step of a wallet that runs. Returns what is broken. */
static enum verdict carry_out(struct world *w, struct step step)
{
	w->calls = 0;
	w->fail_at = step.fate == FATE_DONE ? 0 : step.call;
	w->effect_seen = step.fate != FATE_FAILS && step.fate != FATE_ENDS;
	w->effect_kept = step.fate == FATE_FAILS_KEPT || step.fate == FATE_ENDS_KEPT;
	w->ends = step.fate >= FATE_ENDS;
	world_act(w, step.action);
	w->fail_at = 0;
	if (w->dead)
		world_restart(w, step.fate == FATE_ENDS_SEEN_CUT);
	world_look(w);
	return w->verdict;
}

static uint32_t depth_of(const struct search *s, uint32_t state)
{
	uint32_t depth = 0;

	for (uint32_t at = state; at != 0; at = s->states.parents[at])
		depth++;
	return depth;
}

static void add(struct search *s, struct world *w, uint32_t parent, struct step step)
{
	struct digest digest;
	uint32_t count = s->states.count;

	world_digest(w, &digest);
	state_set_add(&s->states, &digest, parent);
	if (s->states.count == count)
		return;
	if ((count & (count - 1)) == 0) {
		size_t capacity = count ? 2 * (size_t)count : 1;
		s->steps = realloc(s->steps, capacity * sizeof(*s->steps));
		s->worlds = realloc(s->worlds, capacity * sizeof(*s->worlds));
		if (!s->steps || !s->worlds)
			abort();
	}
	s->steps[count] = step;
	s->worlds[count] = NULL;
	if (depth_of(s, count) == s->depth)
		return;
	s->worlds[count] = malloc(sizeof(*w));
	if (!s->worlds[count])
		abort();
	world_copy(s->worlds[count], w);
}

static void forget(struct search *s, uint32_t state)
{
	if (s->worlds[state])
		world_deinit(s->worlds[state]);
	free(s->worlds[state]);
	s->worlds[state] = NULL;
}

static void print_path(const struct search *s, uint32_t state, struct step step)
{
	static const char *const fates[] = {"",
	                                    "fails",
	                                    "fails, but is seen",
	                                    "fails, but is kept",
	                                    "is not reached",
	                                    "is the last",
	                                    "is the last, and taken by a power cut",
	                                    "is the last, and kept"};

	if (state != 0)
		print_path(s, s->states.parents[state], s->steps[state]);
	printf("    %s", world_action_name(step.action));
	if (step.fate)
		printf("; writing call %u %s", step.call, fates[step.fate]);
	printf("\n");
}

/* What the outbox would say, opened again: as it was before a step, or after it. */
struct outcomes {
	struct summary before, after;
};

static void opened_again(const struct search *s, uint32_t state, const struct step *step, bool power_cut,
                         struct summary *summary)
{
	struct world w;

	world_copy(&w, s->worlds[state]);
	if (step)
		carry_out(&w, *step);
	world_restart(&w, power_cut);
	world_summary(&w, summary);
	world_deinit(&w);
}

/* One step from a state, with one fate of one call; outcomes: where it is the process' last. Returns how many writing
 * calls it made. */
static uint32_t try_step(struct search *s, uint32_t state, struct step step, const struct outcomes *outcomes,
                         enum verdict *verdict)
{
	struct world w;
	struct summary now;
	uint32_t calls = 0;

	if (!world_may(s->worlds[state], step.action))
		return 0;
	world_copy(&w, s->worlds[state]);
	*verdict = carry_out(&w, step);
	calls = w.calls;
	s->carried_out++;
	world_summary(&w, &now);
	if (outcomes && *verdict == HOLDS && !summary_is_one_of(&now, &outcomes->before, &outcomes->after))
		*verdict = NEITHER;
	if (*verdict == HOLDS)
		add(s, &w, state, step);
	else if (*verdict != s->run->expected)
		print_path(s, state, step);
	world_deinit(&w);
	return calls;
}

static enum verdict try_fates(struct search *s, uint32_t state, struct step step, uint32_t calls)
{
	struct outcomes outcomes[2];
	enum verdict verdict = HOLDS;

	for (int cut = 0; cut < 2; cut++) {
		opened_again(s, state, NULL, cut, &outcomes[cut].before);
		opened_again(s, state, &step, cut, &outcomes[cut].after);
	}
	for (step.call = 1; step.call <= calls; step.call++)
		for (step.fate = FATE_FAILS; step.fate < FATES && verdict == HOLDS; step.fate++)
			try_step(s, state, step,
			         step.fate >= FATE_ENDS ? &outcomes[step.fate == FATE_ENDS_SEEN_CUT] : NULL, &verdict);
	return verdict;
}

static enum verdict expand(struct search *s, uint32_t state)
{
	enum verdict verdict = HOLDS;

	for (uint8_t action = 0; action < ACTIONS && s->worlds[state] && verdict == HOLDS; action++) {
		struct step step = {.action = action};
		uint32_t calls = try_step(s, state, step, NULL, &verdict);
		if (calls && verdict == HOLDS)
			verdict = try_fates(s, state, step, calls < CALLS_MAX ? calls : CALLS_MAX);
	}
	return verdict;
}

static bool search(const struct run *run, uint32_t depth)
{
	struct search s = {.run = run, .depth = depth};
	struct world w;
	enum verdict verdict = HOLDS;

	state_set_init(&s.states, sizeof(struct digest));
	world_init(&w, run->mistake, run->segment_records);
	add(&s, &w, 0, (struct step){0});
	world_deinit(&w);
	for (uint32_t i = 0; i < s.states.count && verdict == HOLDS; i++)
		verdict = expand(&s, i), forget(&s, i);
	printf("%-58s %8u states, %9" PRIu64 " steps: %s%s\n", run->what, s.states.count, s.carried_out,
	       verdict_names[verdict], verdict == run->expected ? "" : ", which was not expected");
	fflush(stdout);
	for (uint32_t i = 0; i < s.states.count; i++)
		forget(&s, i);
	state_set_deinit(&s.states);
	free(s.steps);
	free(s.worlds);
	return verdict == run->expected;
}

static const struct run runs[] = {
    {MISTAKE_NONE, HOLDS, "as it is", 0},
    {MISTAKE_NONE, HOLDS, "as it is, with an archive of full blobs", 1},
    {MISTAKE_SEND_FIRST, LOSS, "sends before it stores", 0},
    {MISTAKE_FOUND_IS_KEPT, LOSS, "takes what it finds for durable", 0},
    {MISTAKE_FORGETS, LOSS, "forgets what is past its expiry", 0},
    {MISTAKE_OTHER_NONCE, TWICE, "another nonce for each try", 0},
    {MISTAKE_EXPIRY_FREES_KEY, TWICE, "what has expired frees its key", 0},
    {MISTAKE_ONE_WORD, FALSE_END, "one word is enough for an end", 0},
    {MISTAKE_REFUSAL_ENDS, FALSE_END, "a refusal is an end", 0},
    {MISTAKE_END_NOT_STORED, OTHER_END, "an end is told and not stored", 0},
    {MISTAKE_CLEARS_FIRST, LOSS, "takes a payment's own blob away before it is archived", 1},
    {MISTAKE_FOUND_SEGMENT_IS_KEPT, LOSS, "takes an archive that it finds for durable", 1},
};

int main(int argc, char **argv)
{
	bool large = argc > 1 && strcmp(argv[1], "--large") == 0, passed = true;

	if (argc > 1 && !large) {
		fprintf(stderr, "usage: outbox [--large]\n");
		return 2;
	}
	world_prepare();
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		passed &= search(&runs[i], large ? DEPTH_LARGE : DEPTH);
	world_forget();
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
