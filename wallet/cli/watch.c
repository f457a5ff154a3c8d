/* uncia watch: each payment of others as it comes in, acknowledged once it has been printed. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "outcome.h"
#include "verbs.h"

#define CLIENT_DEFAULT "uncia"
#define COUNT_MAX      1000000
#define TIMEOUT_MAX_S  31536000
#define SLICE_US       100000u /* how often it is looked whether the command has been interrupted */

static volatile sig_atomic_t watch_interrupted;

static void on_watch_signal(int number)
{
	(void)number;
	watch_interrupted = 1;
}

/* Ends after the payment at hand: what was printed is acknowledged. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_watch_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

struct watch_run {
	const struct call *call;
	struct session *session;
	uint64_t wanted, shown; /* wanted 0: however many */
	uint64_t deadline_us;
	int failed; /* why it does not listen yet; 0: it does, or has just begun */
	bool listens;
};

/* What there is to say of an incoming payment. */
struct incoming {
	const struct uncia_receipt *receipt;
	struct uncia_payment payment;
	struct uncia_part part;
};

static json_t *incoming_json(const struct session *session, const struct incoming *in)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE], memo[65] = "";
	char *receipt = NULL;
	uint64_t part;
	json_t *outputs = json_array();
	for (uint32_t i = 0; i < in->part.output_count; i++)
		if (!uncia_wallet_part_output(session->wallet, in->receipt, i, to, &part))
			outputs = output_append(outputs, to, part);
	for (size_t i = 0; in->payment.has_memo_hash && i < sizeof(in->payment.memo_hash); i++)
		snprintf(memo + 2 * i, 3, "%02x", in->payment.memo_hash[i]);
	uncia_payment_id_format(&in->payment.id, id);
	uncia_amount_format(in->part.amount, amount);
	if (uncia_receipt_text(in->receipt, &receipt))
		receipt = NULL;
	json_t *object = !receipt ? NULL
	                          : json_pack("{s:i,s:s,s:s,s:s,s:s,s:o,s:s?,s:o,s:i,s:o,s:s}", "v", 1, "id", id,
	                                      "from", in->payment.sender, "amount", amount, "to", in->part.to,
	                                      "outputs", outputs, "memo_hash", *memo ? memo : NULL, "height",
	                                      json_whole(in->payment.height), "index", (int)in->payment.index,
	                                      "timestamp_ms", json_whole(in->payment.timestamp_ms), "receipt", receipt);
	if (!receipt)
		json_decref(outputs);
	uncia_text_free(receipt);
	return object;
}

static int incoming_print(const struct session *session, const struct incoming *in)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE], when[TIME_TEXT_SIZE];
	uint64_t part;
	time_format(in->payment.timestamp_ms, when);
	uncia_amount_format(in->part.amount, amount);
	uncia_payment_id_format(&in->payment.id, id);
	printf("%s  +%s from %s\n", when, amount, in->payment.sender);
	for (uint32_t i = 0; i < in->part.output_count; i++)
		if (!uncia_wallet_part_output(session->wallet, in->receipt, i, to, &part))
			output_print(to, part);
	printf("    %s\n", id);
	return cli_output_flush();
}

/* Prints the oldest that waits, and acknowledges it. Returns an exit code. */
static int incoming_show(struct watch_run *run, const struct uncia_receipt *receipt)
{
	struct incoming in = {
	    .receipt = receipt, .payment = {.size = sizeof(in.payment)}, .part = {.size = sizeof(in.part)}};
	int error = uncia_receipt_payment(receipt, &in.payment);
	if (!error)
		error = uncia_wallet_part(run->session->wallet, receipt, &in.part);
	if (error)
		return cli_complain_error(error, "the payment");
	int code =
	    run->call->json ? cli_json_print(incoming_json(run->session, &in)) : incoming_print(run->session, &in);
	if (code)
		return code;
	run->shown++;
	error = uncia_watch_acknowledge(run->session->wallet, &in.payment.id);
	return error ? cli_complain_error(error, "the payment was printed, and will be again, as that cannot be stored")
	             : 0;
}

static bool watch_is_over(const struct watch_run *run)
{
	return watch_interrupted || (run->wanted && run->shown == run->wanted) || now_us() >= run->deadline_us;
}

/* Returns an exit code: 0 to go on. */
static int watch_event(struct watch_run *run, const struct uncia_event *event)
{
	if (event->kind != UNCIA_EVENT_WATCH)
		return 0;
	if (event->error == UNCIA_E_UNREACHABLE || event->error == UNCIA_E_PROOF) {
		if (run->failed != event->error)
			cli_complain(0, "%s; trying again", error_words(event->error));
		run->failed = event->error;
		return 0;
	}
	if (event->error)
		return cli_complain_error(event->error, "watching");
	if (!run->listens)
		cli_complain(0, "listening");
	run->listens = true;
	run->failed = 0;
	return 0;
}

static int watch_payments(struct watch_run *run)
{
	const struct uncia_receipt *receipt;
	struct uncia_event event;
	int code = 0;
	while (!code && !watch_is_over(run)) {
		if ((receipt = uncia_watch_incoming(run->session->wallet, 0))) {
			code = incoming_show(run, receipt);
			continue;
		}
		uint64_t slice = now_us() + SLICE_US;
		int got = session_event(run->session, slice < run->deadline_us ? slice : run->deadline_us, &event);
		code = got < 0 ? cli_complain_error(got, "watching") : got > 0 ? watch_event(run, &event) : 0;
	}
	if (code || watch_interrupted || (run->wanted ? run->shown == run->wanted : run->listens))
		return code;
	if (!run->listens)
		return cli_complain_error(run->failed ? run->failed : UNCIA_E_UNREACHABLE, "watching");
	return cli_complain(EXIT_PENDING, "%" PRIu64 " of %" PRIu64 " payment%s", run->shown, run->wanted,
	                    run->wanted == 1 ? " has come in" : "s have come in");
}

/* Begins, from where this client was last, or anew. Returns an exit code. */
static int watch_begin(const struct call *call, const struct session *session)
{
	const char *client = call->value[OPTION_CLIENT] ? call->value[OPTION_CLIENT] : CLIENT_DEFAULT;
	int error = call->value[OPTION_FROM_NOW] ? uncia_watch_forget(session->wallet, client) : 0;
	if (!error)
		error = uncia_watch_start(session->wallet, client);
	if (error == UNCIA_E_ARGUMENT)
		return cli_complain_usage(call, "--client takes 1 to 32 of a-z, 0-9 and -");
	if (error == UNCIA_E_DAMAGED)
		return cli_complain(EXIT_FAILED,
		                    "what %s has been told is damaged (watch-%s in %s): look at uncia history, then "
		                    "begin anew with --from-now",
		                    client, client, session->home);
	return error ? cli_complain_error(error, "watching") : 0;
}

static const struct number_option count_option = {OPTION_PAYMENTS, "--count", 1, COUNT_MAX, 0};
static const struct number_option watch_timeout_option = {OPTION_TIMEOUT, "--timeout", 1, TIMEOUT_MAX_S, 0};

static int run_watch(const struct call *call)
{
	struct session session;
	struct watch_run run = {.call = call, .session = &session, .deadline_us = NO_DEADLINE};
	uint64_t timeout_s;
	int code = option_number(call, &count_option, &run.wanted);
	if (!code)
		code = option_number(call, &watch_timeout_option, &timeout_s);
	if (code)
		return code;
	if (timeout_s)
		run.deadline_us = now_us() + timeout_s * 1000000;
	code = session_open(call, true, timeout_s ? question_timeout_ms(timeout_s) : QUERY_TIMEOUT_MS, &session);
	if (!code)
		code = watch_begin(call, &session);
	if (!code) {
		catch_signals();
		code = watch_payments(&run);
	}
	session_close(&session);
	/* Behind payments that were printed, the reason is an object of its own. */
	return code && call->json && run.shown ? cli_json_print_failed(json_pack("{s:i}", "v", 1), code) : code;
}

static const struct poptOption watch_options[] = {
    {"count", '\0', POPT_ARG_STRING, NULL, OPTION_PAYMENTS, "Ends after so many payments", "N"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "Ends after this time", "SECONDS"},
    {"client", '\0', POPT_ARG_STRING, NULL, OPTION_CLIENT, "Who is told; uncia by default", "NAME"},
    {"from-now", '\0', POPT_ARG_NONE, NULL, OPTION_FROM_NOW, "Forgets what this client has not been told", NULL},
    OPTIONS_GLOBAL};

const struct verb verb_watch = {
    .name = "watch",
    .operands = "",
    .summary = "print payments as they come in",
    .description =
        "Prints each payment that others make to this account, as soon as it is final and proved to be the next\n"
        "one: none is left out. It goes on until it is interrupted, or --count or --timeout ends it. What came in\n"
        "while it was not running is printed first; the first time it begins with what comes from then on. Each is\n"
        "acknowledged once it has been printed, and not printed again, to the same --client: programs that share a\n"
        "wallet take a name each, and one name is for one of them at a time. One that was killed in between may\n"
        "print its last payment twice. With --json each is an object on a line of its own. Code 3: --timeout came\n"
        "before --count was reached; 6: no validator could be reached in that time.",
    .options = watch_options,
    .run = run_watch};
