/* A load generator: payments that were signed before, over real wallet links to running validators, and the time until
 * each receipt. --help names its options; results are one JSON object on a line. Receipts are verified every so often:
 * the generator shares its processors with the validators. */
#include <jansson.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"
#include "load.h"

static int accounts = 1000, payers = 1000, first, count = 10000, window, outputs = 1, links = 1, verify_every = 100;
static int patience = 60, copies = 1, warm_up, wait_start, until, ascending;
static long amount = 1;
static double rate;
static char *genesis_path, *keys_path;

static const struct poptOption options[] = {
    {"genesis", 0, POPT_ARG_STRING, &genesis_path, 0, "The network's genesis file", "FILE"},
    {"keys", 0, POPT_ARG_STRING, &keys_path, 0, "Where the payers' keys are kept, to be made once", "FILE"},
    {"accounts", 0, POPT_ARG_INT, &accounts, 0, "How many accounts there are", "N"},
    {"payers", 0, POPT_ARG_INT, &payers, 0, "How many of them pay, spread evenly over all", "N"},
    {"first", 0, POPT_ARG_INT, &first, 0, "fund: the first account to create", "N"},
    {"until", 0, POPT_ARG_INT, &until, 0, "fund: one above the last (all)", "N"},
    {"ascending", 0, POPT_ARG_NONE, &ascending, 0, "Accounts' addresses ascend with their numbers", NULL},
    {"amount", 0, POPT_ARG_LONG, &amount, 0, "Of an output, in micro-units", "N"},
    {"payments", 0, POPT_ARG_INT, &count, 0, "run: how many payments", "N"},
    {"outputs", 0, POPT_ARG_INT, &outputs, 0, "run: outputs of a payment", "N"},
    {"warm-up", 0, POPT_ARG_INT, &warm_up, 0, "The first N payments are not measured", "N"},
    {"window", 0, POPT_ARG_INT, &window, 0, "Closed loop: N are under way at any time", "N"},
    {"rate", 0, POPT_ARG_DOUBLE, &rate, 0, "Open loop: N a second, whatever comes back", "N"},
    {"links", 0, POPT_ARG_INT, &links, 0, "Connections, in turn to the validators; a payer stays with one", "N"},
    {"copies", 0, POPT_ARG_INT, &copies, 0, "Send each payment to N validators", "N"},
    {"verify-every", 0, POPT_ARG_INT, &verify_every, 0, "Verify the receipt of every N-th payment", "N"},
    {"patience", 0, POPT_ARG_INT, &patience, 0, "End where nothing is answered for so long (60)", "SECONDS"},
    {"wait", 0, POPT_ARG_NONE, &wait_start, 0, "When all is ready, say so and wait for a line", NULL},
    POPT_AUTOHELP POPT_TABLEEND,
};

void load_fail(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static void read_genesis(struct load *load)
{
	FILE *file = genesis_path ? fopen(genesis_path, "rb") : NULL;
	uint8_t *bytes = malloc(GENESIS_SIZE_MAX);

	if (!file || !bytes)
		load_fail("the genesis cannot be read");
	size_t size = fread(bytes, 1, GENESIS_SIZE_MAX, file);
	fclose(file);
	if (genesis_decode(&load->genesis, bytes, size))
		load_fail("the genesis cannot be decoded");
	free(bytes);
}

static uint32_t within(long value, long min, long max, const char *name)
{
	if (value < min || value > max) {
		fprintf(stderr, "load: --%s %ld: not from %ld to %ld\n", name, value, min, max);
		exit(2);
	}
	return (uint32_t)value;
}

static void read_options(struct load *load, const char *const *ports)
{
	load->accounts = within(accounts, 1, UINT32_C(0x7fffffff), "accounts");
	load->payers = within(payers, 1, accounts, "payers");
	load->ascending = ascending;
	load->keys = keys_path;
	load->outputs = within(outputs, 1, PAYMENT_OUTPUTS_MAX, "outputs");
	load->amount = within(amount, 1, 1000000000, "amount");
	load->window = within(window, 0, 1000000, "window");
	load->rate = rate;
	load->warm_up = within(warm_up, 0, count, "warm-up");
	load->verify_every = within(verify_every, 1, 1000000000, "verify-every");
	load->wait = wait_start;
	load->patience = within(patience, 1, 86400, "patience");
	while (ports && *ports && load->port_count < LOAD_PORTS_MAX)
		load->ports[load->port_count++] = atoi(*ports++);
	if (!load->port_count || load->port_count > load->genesis.committee.size)
		load_fail("no ports, or more than there are validators");
	load->links = within(links, 1, LOAD_LINKS_MAX, "links");
	load->copies = within(copies, 1, load->links < load->port_count ? load->links : load->port_count, "copies");
	if ((load->window > 0) == (load->rate > 0))
		load_fail("either --window or --rate");
}

static int print(json_t *object)
{
	int failed = !object || json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(7));

	puts("");
	json_decref(object);
	return failed || fflush(stdout) ? 1 : 0;
}

static int print_result(const struct load_result *r, uint32_t sent, double check_us)
{
	const struct histogram *h = &r->latency;
	json_t *latency =
	    json_pack("{s:f,s:f,s:f,s:f,s:f,s:f}", "mean", h->count ? h->sum_us / h->count / 1e3 : 0.0, "p50",
	              histogram_us(h, 0.5) / 1e3, "p90", histogram_us(h, 0.9) / 1e3, "p99", histogram_us(h, 0.99) / 1e3,
	              "p999", histogram_us(h, 0.999) / 1e3, "max", h->max_us / 1e3);

	return print(json_pack("{s:i,s:i,s:i,s:f,s:f,s:f,s:f,s:o}", "payments", (int)r->done, "refused",
	                       (int)r->refused, "unanswered", (int)(sent - r->done - r->refused), "seconds", r->seconds,
	                       "tps", r->tps, "cpu_us_per_payment", r->cpu_us, "verify_us", check_us, "latency_ms",
	                       latency));
}

static int print_funders(void)
{
	for (uint32_t i = 0; i < LOAD_FUNDERS; i++) {
		struct destination destination = {0};
		char text[ADDRESS_TEXT_SIZE];
		load_funder(i, &destination.address);
		destination_format(&destination, text);
		puts(text);
	}
	return 0;
}

static int run_command(const char *name, const char *const *ports)
{
	static struct load load;
	static struct load_result result;
	bool funds = !strcmp(name, "fund");

	if (!strcmp(name, "funders"))
		return print_funders();
	if (!strcmp(name, "check"))
		return print(json_pack("{s:f}", "verify_us", load_check_us()));
	if (!funds && strcmp(name, "run"))
		load_fail("fund, run, funders or check: see --help");
	read_genesis(&load);
	read_options(&load, ports);
	double before_us = load_check_us();
	if (funds)
		load_make_funding(&load, within(first, 0, accounts - 1, "first"),
		                  until ? within(until, first + 1, accounts, "until") : load.accounts);
	else
		load_make_payments(&load, within(count, 1, 100000000, "payments"));
	load_run(&load, &result);
	/* A shared machine may be slower after than before. */
	return print_result(&result, load.count, (before_us + load_check_us()) / 2);
}

int main(int argc, char **argv)
{
	poptContext context = poptGetContext("load", argc, (const char **)argv, options, 0);
	int code;

	poptSetOtherOptionHelp(context, "fund|run PORT...  or  funders  or  check");
	while ((code = poptGetNextOpt(context)) > 0)
		;
	const char *name = poptGetArg(context);
	if (code < -1 || !name) {
		fprintf(stderr, "load: %s\n", code < -1 ? poptStrerror(code) : "what to do? see --help");
		return 2;
	}
	if (sign_self_test())
		load_fail("this libsodium judges signatures otherwise");
	code = run_command(name, poptGetArgs(context));
	poptFreeContext(context);
	return code;
}
