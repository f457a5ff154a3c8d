/* The simulator: validators and wallets under every fault, in simulated time, each run from one seed.
 *
 *   sim --seeds N [--first S]   N runs, and how much faster than time they were; --of-revision: the first, and S,
 *                               count from a seed that follows from the environment's UNCIA_REVISION
 *   sim --seed S [--trace]      one run, twice: both must be the same to the last byte
 *   sim --seed S --minimize     the smallest run found that still fails
 *   sim --regressions FILE      the seeds that once failed
 *   sim --rows                  lies one at a time, each with what must come of it
 *   sim --too-many-faulty       more than F are, which must be found
 *   sim --speed                 how much faster than time it is, with stand-in signatures and with real ones
 *
 * A run that fails ends the process: what does not hold, the seed, and the revision. */
#include <inttypes.h>
#include <malloc.h>
#include <popt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "rows.h"
#include "scenario.h"
#include "speed.h"

#define STUCK_S     120 /* of a core's time: a run that takes longer does not end */
#define REAL_EVERY  16  /* of so many seeds one has real signatures */
#define TWICE_EVERY 16  /* and one is run twice */

static const struct {
	const char *name;
	uint64_t faults;
} fault_names[] = {{"crash", FAULT_CRASH},
                   {"cut", FAULT_CUT},
                   {"partition", FAULT_PARTITION},
                   {"clock", FAULT_CLOCK},
                   {"pause", FAULT_PAUSE},
                   {"loss", FAULT_LOSS},
                   {"duplicate", FAULT_DUPLICATE},
                   {"twins", FAULT_TWINS},
                   {"rollback", FAULT_ROLLBACK},
                   {"equivocate", FAULT_EQUIVOCATE},
                   {"double-vote", FAULT_DOUBLE_VOTE},
                   {"withhold", FAULT_WITHHOLD},
                   {"skip-only", FAULT_SKIP_ONLY},
                   {"far-views", FAULT_FAR_VIEWS},
                   {"forged-certificates", FAULT_FORGED},
                   {"bad-blocks", FAULT_BAD_BLOCKS},
                   {"some-only", FAULT_SOME_ONLY},
                   {"replay", FAULT_REPLAY},
                   {"false-answers", FAULT_FALSE_ANSWERS},
                   {"false-words", FAULT_FALSE_WORDS},
                   {"masks", FAULT_MASKS},
                   {"phones", FAULT_PHONES},
                   {"phone-crash", FAULT_PHONE_CRASH},
                   {"phone-disk", FAULT_PHONE_DISK},
                   {"phone-link", FAULT_PHONE_LINK},
                   {"phone-loss", FAULT_PHONE_LOSS},
                   {"phone-backup", FAULT_PHONE_BACKUP},
                   {"phone-watch", FAULT_PHONE_WATCH},
                   {"phone-claim", FAULT_PHONE_CLAIM},
                   {"phone-sleep", FAULT_PHONE_SLEEP},
                   {"phone-lies", FAULT_PHONE_LIES},
                   {"disk", FAULT_DISK},
                   {"space", FAULT_SPACE},
                   {"memory", FAULT_MEMORY},
                   {"limits", FAULT_LIMITS},
                   {"time", FAULT_TIME},
                   {"hold", FAULT_HOLD},
                   {"wire", FAULT_WIRE},
                   {"slow-checks", FAULT_SLOW},
                   {"flood", FAULT_FLOOD},
                   {"counters", FAULT_COUNTERS},
                   {"outage", FAULT_OUTAGE}};
#define FAULT_NAMES (sizeof(fault_names) / sizeof(*fault_names))

static struct scenario running;
static const char *running_rows; /* instead: the command that it is */

static const char *revision(void)
{
	const char *said = getenv("UNCIA_REVISION");

	return said ? said : "unknown";
}

/* What changes is tried with seeds that were never tried before, the same ones each time. They are beyond those that
 * are named by hand. */
static uint64_t first_of_revision(void)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (const char *c = revision(); *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
	return 1000000 + (hash >> 32) * 1000;
}

static void print_command(const struct scenario *s, FILE *file)
{
	fprintf(file, "sim --seed %" PRIu64, s->seed);
	if (s->horizon_ms)
		fprintf(file, " --horizon %" PRIu64, s->horizon_ms);
	if (s->validators)
		fprintf(file, " --validators %u", s->validators);
	/* By what happens, not by what does not: a fault that is invented later changes nothing of it. */
	for (size_t i = 0; i < FAULT_NAMES && s->faults != FAULT_ALL; i++)
		if (s->faults & fault_names[i].faults)
			fprintf(file, " --only %s", fault_names[i].name);
	if (!s->faults)
		fprintf(file, " --only nothing");
	if (s->real_signatures)
		fprintf(file, " --real");
	if (s->wire)
		fprintf(file, " --wire");
	fprintf(file, "\n");
}

/* Asked for by a check or an assertion of the product (SIGABRT), in the one thread there is and outside of any other
 * call; or by the clock. */
static void failed(int number)
{
	signal(SIGABRT, SIG_DFL);
	if (number == SIGPROF)
		fprintf(stderr, "the run does not end\n");
	fprintf(stderr, "FAILED at revision %s: ", revision());
	if (running_rows)
		fprintf(stderr, "sim %s\n", running_rows);
	else
		print_command(&running, stderr);
	fflush(NULL);
	_exit(1);
}

static struct outcome run(const struct scenario *s)
{
	const struct itimerval limit = {.it_value = {.tv_sec = STUCK_S}}, none = {.it_value = {.tv_sec = 0}};

	running = *s;
	setitimer(ITIMER_PROF, &limit, NULL);
	struct outcome outcome = scenario_run(s);
	setitimer(ITIMER_PROF, &none, NULL);
	return outcome;
}

static void run_twice(const struct scenario *s, const struct outcome *first)
{
	struct scenario again = *s;

	again.trace = false;
	struct outcome second = run(&again);
	if (second.log == first->log)
		return;
	fprintf(stderr, "the same seed gives two different runs\n");
	failed(SIGABRT);
}

static double core_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_seeds(struct scenario s, uint64_t first, uint64_t count, bool real)
{
	double began = core_seconds();
	uint64_t simulated = 0, payments = 0, blocks = 0, opened = 0, takes = 0, given_back = 0, pairs = 0;

	for (s.seed = first; s.seed < first + count; s.seed++) {
		s.real_signatures = real || s.seed % REAL_EVERY == 0;
		struct outcome outcome = run(&s);
		simulated += outcome.simulated_ms;
		payments += outcome.payments;
		blocks += outcome.heights;
		opened += outcome.opened;
		takes += outcome.takes;
		given_back += outcome.given_back;
		pairs += outcome.pairs;
		if (s.seed % TWICE_EVERY == 1) {
			run_twice(&s, &outcome);
			simulated += outcome.simulated_ms;
		}
	}
	double took = core_seconds() - began;
	printf("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " blocks and %" PRIu64
	       " payments final; %.0f s simulated "
	       "in %.1f s of one core: %.0f times\n",
	       count, first, blocks, payments, (double)simulated / 1e3, took, (double)simulated / 1e3 / took);
	printf("of those, %" PRIu64 " takes of %" PRIu64 " holds, %" PRIu64 " given back; %" PRIu64
	       " payments that nobody else's spoiled\n",
	       takes, opened, given_back, pairs);
}

static void measure(bool real_signatures)
{
	double began = core_seconds();
	struct outcome outcome = speed_run(real_signatures);
	double took = core_seconds() - began, simulated = (double)outcome.simulated_ms / 1e3;

	printf("four validators, two payments a second, %s signatures: %.0f s simulated in %.2f s of one core: "
	       "%.0f times\n",
	       real_signatures ? "real" : "stand-in", simulated, took, simulated / took);
}

static bool fails(const struct scenario *s)
{
	fflush(NULL);
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		run(s);
		_exit(0);
	}
	int status;
	return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

static bool keep_if_fails(struct scenario *best, struct scenario smaller)
{
	if (!fails(&smaller))
		return false;
	*best = smaller;
	return true;
}

/* Takes away what is not needed for the failure: kinds of faults, validators, time. */
static int minimize(struct scenario best)
{
	static const uint32_t sizes[] = {1, 4, 6, 7};
	struct scenario next;

	best.trace = false;
	if (!fails(&best)) {
		fprintf(stderr, "this seed does not fail\n");
		return 2;
	}
	for (size_t i = 0; i < FAULT_NAMES; i++) {
		next = best;
		next.faults &= ~fault_names[i].faults;
		keep_if_fails(&best, next);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && !best.validators; i++) {
		next = best;
		next.validators = sizes[i];
		keep_if_fails(&best, next);
	}
	for (uint64_t step = 32000; step >= 250; step /= 2) {
		next = best;
		if (!next.horizon_ms)
			next.horizon_ms = 45000;
		if (next.horizon_ms <= step)
			continue;
		next.horizon_ms -= step;
		keep_if_fails(&best, next);
	}
	print_command(&best, stdout);
	return 0;
}

/* ---- seeds that once failed ---- */

struct wish { /* what one command line asks for */
	struct scenario scenario;
	long long seeds, first, seed;
	unsigned drawn; /* 0: whatever */
	int of_revision, speed, minimizing, rows, too_many;
	char *regressions;
};

static int named_fault(const char *name, uint64_t *faults)
{
	*faults = 0;
	for (size_t i = 0; i < FAULT_NAMES; i++)
		if (strcmp(name, fault_names[i].name) == 0)
			*faults = fault_names[i].faults;
	if (*faults || strcmp(name, "nothing") == 0)
		return 0;
	fprintf(stderr, "sim: no fault is named \"%s\"\n", name);
	return -1;
}

/* Returns 0, or the status to end with. */
static int parse(int argc, const char **argv, struct wish *w)
{
	long long horizon = 0;
	int validators = 0, real = 0, wire = 0, tracing = 0, rc;
	char *name = NULL;
	bool only = false;
	const struct poptOption options[] = {
	    {"seeds", 0, POPT_ARG_LONGLONG, &w->seeds, 0, "how many to run", "N"},
	    {"first", 0, POPT_ARG_LONGLONG, &w->first, 0, "the first of them", "S"},
	    {"of-revision", 0, POPT_ARG_NONE, &w->of_revision, 0,
	     "they count from a seed that follows from UNCIA_REVISION", NULL},
	    {"seed", 0, POPT_ARG_LONGLONG, &w->seed, 0, "one seed", "S"},
	    {"trace", 0, POPT_ARG_NONE, &tracing, 0, "say what happens", NULL},
	    {"minimize", 0, POPT_ARG_NONE, &w->minimizing, 0, "look for a smaller run that fails", NULL},
	    {"regressions", 0, POPT_ARG_STRING, &w->regressions, 0, "the seeds that a file lists", "FILE"},
	    {"rows", 0, POPT_ARG_NONE, &w->rows, 0, "lies one at a time, each with what must come of it", NULL},
	    {"too-many-faulty", 0, POPT_ARG_NONE, &w->too_many, 0, "F+1 are, which must be found", NULL},
	    {"real", 0, POPT_ARG_NONE, &real, 0, "real signatures", NULL},
	    {"wire", 0, POPT_ARG_NONE, &wire, 0, "links between validators are bytes, in each run", NULL},
	    {"speed", 0, POPT_ARG_NONE, &w->speed, 0, "how much faster than time it is", NULL},
	    {"horizon", 0, POPT_ARG_LONGLONG, &horizon, 0, "how long faults happen", "MS"},
	    {"validators", 0, POPT_ARG_INT, &validators, 0, "how many", "N"},
	    {"drawn", 0, POPT_ARG_INT, &w->drawn, 0, "what the seed must draw", "NUMBER"},
	    {"only", 0, POPT_ARG_STRING, &name, 'o', "a kind of fault that happens, and no others", "NAME"},
	    {"without", 0, POPT_ARG_STRING, &name, 'w', "a kind of fault that does not happen", "NAME"},
	    POPT_AUTOHELP POPT_TABLEEND};
	poptContext context = poptGetContext("sim", argc, argv, options, 0);

	while ((rc = poptGetNextOpt(context)) > 0) {
		uint64_t faults;
		int wrong = named_fault(name, &faults);
		free(name);
		if (wrong)
			return 2;
		if (rc == 'o' && !only)
			w->scenario.faults = 0;
		only |= rc == 'o';
		w->scenario.faults = rc == 'o' ? w->scenario.faults | faults : w->scenario.faults & ~faults;
	}
	bool nothing = w->seeds <= 0 && w->seed < 0 && !w->speed && !w->regressions && !w->rows && !w->too_many;
	if (rc < -1 || nothing || validators < 0 || validators > 10) {
		poptPrintUsage(context, stderr, 0);
		return 2;
	}
	poptFreeContext(context);
	w->scenario.horizon_ms = (uint64_t)horizon;
	w->scenario.validators = (uint32_t)validators;
	w->scenario.seed = (uint64_t)w->seed;
	w->scenario.real_signatures = real;
	w->scenario.wire = wire;
	w->scenario.trace = tracing;
	return 0;
}

static const struct wish nothing_said = {.scenario = {.faults = FAULT_ALL}, .first = 1, .seed = -1};

static int run_line(const char *line)
{
	struct wish w = nothing_said;
	int argc;
	const char **argv;

	if (poptParseArgvString(line, &argc, &argv) || parse(argc, argv, &w))
		return 2;
	free(argv);
	struct outcome outcome = run(&w.scenario);
	if (outcome.drawn == w.drawn)
		return 0;
	fprintf(stderr,
	        "seed %" PRIu64 " no longer draws what it did (%u, not %u), and so finds nothing: draw what is new from"
	        " a generator of its own (docs/testing.md)\n",
	        w.scenario.seed, outcome.drawn, w.drawn);
	return 1;
}

/* A line a seed: the options of a run, and after '#' what it found. */
static int run_regressions(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024] = "sim ";
	int status = 0, count = 0;

	if (!file) {
		perror(path);
		return 2;
	}
	while (status == 0 && fgets(line + 4, sizeof(line) - 4, file)) {
		line[strcspn(line, "#\n")] = 0;
		if (strspn(line + 4, " \t") == strlen(line + 4))
			continue;
		status = run_line(line);
		count++;
	}
	fclose(file);
	printf("%d seeds that once failed\n", count);
	return status;
}

/* ---- a test of the tests ---- */

static int too_many_faulty(void)
{
	char said[4096] = "";
	size_t size = 0;
	ssize_t got;
	int ends[2], status;

	fflush(NULL);
	if (pipe(ends))
		return 2;
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		running_rows = "--too-many-faulty";
		rows_too_many_faulty();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + size, sizeof(said) - 1 - size)) > 0)
		size += (size_t)got;
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 2;
	printf("%s", said);
	if (status && strstr(said, "two blocks final at height"))
		return 0;
	fprintf(stderr, "F+1 faulty validators go unnoticed\n");
	return 1;
}

static int run_one(const struct wish *w)
{
	const struct scenario *s = &w->scenario;

	if (w->minimizing)
		return minimize(*s);
	if (s->trace)
		setenv("NETWORK_TRACE", "1", 1);
	struct outcome outcome = run(s);
	run_twice(s, &outcome);
	printf("seed %" PRIu64 ": %" PRIu64 " blocks, %" PRIu64 " payments final, drawn %u, log %016" PRIx64 "\n",
	       s->seed, outcome.heights, outcome.payments, outcome.drawn, outcome.log);
	return 0;
}

int main(int argc, const char **argv)
{
	struct wish w = nothing_said;
	int wrong = parse(argc, argv, &w);

	if (wrong)
		return wrong;
	mallopt(M_MMAP_THRESHOLD,
	        256 * 1024); /* the large tables of a node that starts are fresh pages, not written over */
	signal(SIGABRT, failed);
	signal(SIGPROF, failed);
	if (w.speed) {
		measure(false);
		measure(true);
	} else if (w.regressions) {
		return run_regressions(w.regressions);
	} else if (w.too_many) {
		return too_many_faulty();
	} else if (w.rows) {
		running_rows = "--rows";
		rows_run();
	} else if (w.seed >= 0) {
		return run_one(&w);
	} else {
		run_seeds(w.scenario, (w.of_revision ? first_of_revision() - 1 : 0) + (uint64_t)w.first,
		          (uint64_t)w.seeds, w.scenario.real_signatures);
	}
	return 0;
}
