/* What a validator's loop costs by itself: the processor time of the core's steps of one validator, with whole blocks
 * of payments going through a committee. Verifiers, sockets and disks are left out (loop_network.h). Without a
 * directory the state is in memory; in one, homes are made and left there, and read as unciad reads them. Not a test.
 *
 * Usage: loop_bench [--json] [--payments N] [--outputs N] [--store DIRECTORY]
 *                   [VALIDATORS ACCOUNTS PAYMENTS-A-BLOCK]... */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "fixture.h"
#include "loop_network.h"
#include "loop_sections.h"

#define PAYMENTS     120000u /* that are measured, unless --payments says so: a flush or two, with one output each */
#define CHECKS       200u
#define CHECK_ROUNDS 11u

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "loop_bench:%d: %s\n", __LINE__, #condition);                                  \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

/* ---- one libsodium check -------------------------------------------------------------------------------- */

static int compare_doubles(const void *x, const void *y)
{
	double a = *(const double *)x, c = *(const double *)y;

	return (a > c) - (a < c);
}

static double check_us(void)
{
	static uint8_t signatures[CHECKS][SIGNATURE_SIZE];
	struct fixture_key key;
	double rounds[CHECK_ROUNDS];

	fixture_account(0, &key);
	for (uint32_t i = 0; i < CHECKS; i++) {
		struct hash digest = fixture_hash(i);
		MUST(sign_digest(key.secret_key, &digest, signatures[i]) == 0);
	}
	for (uint32_t round = 0; round < CHECK_ROUNDS; round++) {
		double begun = thread_us();
		for (uint32_t i = 0; i < CHECKS; i++) {
			struct hash digest = fixture_hash(i);
			MUST(crypto_sign_verify_detached(signatures[i], digest.b, HASH_SIZE, key.public_key) == 0);
		}
		rounds[round] = (thread_us() - begun) / CHECKS;
	}
	qsort(rounds, CHECK_ROUNDS, sizeof(rounds[0]), compare_doubles);
	return rounds[CHECK_ROUNDS / 2];
}

/* ---- telling ---------------------------------------------------------------------------------------------- */

static json_t *report_new(const struct loop_shape *shape, double payments, double blocks, double check)
{
	const struct loop_totals *t = loop_totals();
	double all = 0;
	json_t *steps = json_object(), *sections = json_object();

	for (int i = 0; i < STEPS; i++)
		all += t->us[i];
	for (int i = 0; i < STEPS; i++)
		if (t->steps[i])
			json_object_set_new(steps, step_names[i],
			                    json_pack("{s:f,s:f,s:f}", "us", t->us[i] / payments, "checks",
			                              t->us[i] / payments / check, "steps_per_payment",
			                              (double)t->steps[i] / payments));
	for (int i = 0; i < SECTIONS; i++)
		json_object_set_new(
		    sections, section_names[i],
		    json_pack("{s:f,s:f}", "us", section_us(i) / payments, "checks", section_us(i) / payments / check));
	json_t *report =
	    json_pack("{s:i,s:i,s:i,s:i,s:f,s:i,s:f,s:f,s:f,s:f}", "validators", (int)shape->validators, "accounts",
	              (int)shape->accounts, "outputs", (int)shape->outputs, "block", (int)shape->block,
	              "payments_a_block", payments / blocks, "payments", (int)payments, "verify_us", check, "us",
	              all / payments, "checks", all / payments / check, "payments_per_second", 1e6 * payments / all);
	json_t *bytes =
	    json_pack("{s:f,s:f,s:f,s:f,s:f}", "received", (double)t->received_bytes / payments, "sent",
	              (double)t->sent_bytes / payments, "answered", (double)t->answer_bytes / payments, "answers",
	              (double)t->answers / payments, "journal", (double)t->journal_bytes / payments);
	MUST(report && steps && sections && bytes);
	json_object_set_new(report, "bytes", bytes);
	json_object_set_new(report, "steps", steps);
	json_object_set_new(report, "sections", sections);
	return report;
}

static double number_of(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void print_kinds(const char *title, json_t *kinds)
{
	const char *name;
	json_t *kind;

	printf("  %-32s %8s %8s %8s\n", title, "us", "checks", "steps");
	json_object_foreach(kinds, name, kind)
	{
		printf("  %-32s %8.3f %8.4f", name, number_of(kind, "us"), number_of(kind, "checks"));
		if (json_object_get(kind, "steps_per_payment"))
			printf(" %8.4f", number_of(kind, "steps_per_payment"));
		puts("");
	}
}

static void print_report(json_t *report)
{
	printf("loop of %d validators, %d accounts, blocks of %.0f payments (%d asked for): %.3f us, %.4f checks of "
	       "%.2f us, "
	       "%.0f payments/s\n",
	       (int)number_of(report, "validators"), (int)number_of(report, "accounts"),
	       number_of(report, "payments_a_block"), (int)number_of(report, "block"), number_of(report, "us"),
	       number_of(report, "checks"), number_of(report, "verify_us"), number_of(report, "payments_per_second"));
	print_kinds("a step for", json_object_get(report, "steps"));
	print_kinds("of which", json_object_get(report, "sections"));
	printf("  a payment has answers: %.2f; bytes received %.0f, sent %.0f, answered %.0f, journal %.0f\n\n",
	       number_of(json_object_get(report, "bytes"), "answers"),
	       number_of(json_object_get(report, "bytes"), "received"),
	       number_of(json_object_get(report, "bytes"), "sent"),
	       number_of(json_object_get(report, "bytes"), "answered"),
	       number_of(json_object_get(report, "bytes"), "journal"));
	fflush(stdout);
}

/* The first payments are not measured: tables and caches grow. */
static json_t *measure(uint64_t payments_wanted, const char *directory, const struct loop_shape *shape)
{
	uint64_t warm = 8 * (uint64_t)shape->block;

	double before = check_us();
	loop_up(shape, directory);
	loop_run(warm > 4000 ? warm : 4000);
	struct loop_totals begin = *loop_totals();
	sections_begin();
	loop_time(true);
	loop_run(begin.payments + payments_wanted);
	loop_time(false);
	double payments = (double)(loop_totals()->payments - begin.payments);
	double blocks = (double)(loop_totals()->blocks - begin.blocks);
	json_t *report = report_new(shape, payments, blocks, (before + check_us()) / 2);
	loop_down();
	return report;
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static struct loop_shape shape_of(char *const *three)
{
	const struct loop_shape shape = {number(three[0]), number(three[1]), number(three[2]), 1};

	MUST(shape.validators >= 1 && shape.validators <= LOOP_VALIDATORS_MAX && shape.accounts >= 2);
	MUST(shape.block >= 1 && shape.block <= BLOCK_PAYMENTS_MAX);
	return shape;
}

int main(int argc, char **argv)
{
	static const struct loop_shape usual[] = {
	    {4, 100000, 100, 1}, {4, 100000, 600, 1}, {4, 100000, 4096, 1}, {4, 1000000, 600, 1}, {1, 100000, 600, 1}};
	unsigned long payments = PAYMENTS, outputs = 1;
	const char *directory = NULL;
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	json_t *all = json_array();
	int first = 1 + json;

	if (argc > first + 1 && strcmp(argv[first], "--payments") == 0) {
		payments = strtoul(argv[first + 1], NULL, 10);
		first += 2;
	}
	if (argc > first + 1 && strcmp(argv[first], "--outputs") == 0) {
		outputs = number(argv[first + 1]);
		first += 2;
	}
	if (argc > first + 1 && strcmp(argv[first], "--store") == 0) {
		directory = argv[first + 1];
		first += 2;
	}
	size_t given = (size_t)(argc - first) / 3, count = given ? given : sizeof(usual) / sizeof(usual[0]);
	MUST(all && payments && outputs && outputs <= PAYMENT_OUTPUTS_MAX && (argc - first) % 3 == 0);
	for (size_t i = 0; i < count; i++) {
		struct loop_shape shape = given ? shape_of(&argv[(size_t)first + 3 * i]) : usual[i];
		shape.outputs = (uint32_t)outputs;
		json_t *report = measure(payments, directory, &shape);
		if (!json)
			print_report(report);
		json_array_append_new(all, report);
	}
	if (json)
		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(all);
	return 0;
}
