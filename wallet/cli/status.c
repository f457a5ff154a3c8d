/* uncia status and wait: how a payment stands, now or at its end. */
#include <inttypes.h>
#include <stdio.h>
#include "outcome.h"
#include "verbs.h"

#define TIMEOUT_DEFAULT_S 30
#define TIMEOUT_MAX_S     86400

/* What is known of a payment besides its state. */
static json_t *details_json(const struct session *session, const struct uncia_payment *p)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], received[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(p->amount, amount);
	uncia_amount_format(p->received, received);
	json_t *object = json_pack("{s:I,s:b}", "expires_at", (json_int_t)p->expires_at, "own", p->own);
	json_t *more = p->detailed ? json_pack("{s:s,s:s,s:s,s:s,s:o,s:s?}", "from", p->sender, "to", p->to, "amount",
	                                       amount, "received", received, "outputs",
	                                       payment_outputs_json(session, p), "memo", *p->memo ? p->memo : NULL)
	                           : json_object();
	if (object && more && p->state == UNCIA_PAYMENT_FINAL &&
	    json_object_set_new(more, "timestamp_ms", json_whole(p->timestamp_ms))) {
		json_decref(more);
		more = NULL;
	}
	if (!object || !more || json_object_update(object, more)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}

static int print_status_json(const struct session *session, const struct uncia_payment *p)
{
	json_t *object = payment_json(p, (double)p->elapsed_ms, NULL);
	json_t *details = details_json(session, p);
	if (object && details && !json_object_update(object, details)) {
		json_object_del(object, "receipt");
		if (!p->own)
			json_object_del(object, "elapsed_ms");
		json_decref(details);
		return cli_json_print(object);
	}
	json_decref(object);
	json_decref(details);
	return cli_json_print(NULL);
}

static void print_details(const struct session *session, const struct uncia_payment *p)
{
	char text[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE], when[TIME_TEXT_SIZE];
	uint64_t amount;
	if (p->detailed) {
		uncia_amount_format(p->amount, text);
		printf("%s from %s to %s", text, p->sender, p->to);
		if (p->output_count > 1)
			printf(" and %" PRIu32 " more", p->output_count - 1);
		putchar('\n');
		for (uint32_t i = 0; p->output_count > 1 && i < p->output_count; i++)
			if (!uncia_wallet_output(session->wallet, &p->id, i, to, &amount))
				output_print(to, amount);
		if (p->received != 0) {
			uncia_amount_format(p->received, text);
			printf("%s of it %s to this wallet\n", text, p->state == UNCIA_PAYMENT_FINAL ? "came" : "goes");
		}
		if (*p->memo)
			printf("memo: %s\n", p->memo);
	}
	if (p->state == UNCIA_PAYMENT_FINAL) {
		time_format(p->timestamp_ms, when);
		printf("in the block of %s\n", when);
	} else if (p->state == UNCIA_PAYMENT_PENDING) {
		time_format(p->expires_at * 1000, when);
		printf("expires at %s\n", when);
	}
}

/* A payment as this home knows it, where there is no network to ask. Returns an exit code. */
static int find_held(const struct call *call, const struct session *session, const struct uncia_payment_id *id,
                     struct uncia_payment *payment)
{
	*payment = (struct uncia_payment){.size = sizeof(*payment)};
	int error = uncia_wallet_payment(session->wallet, id, payment);
	if (error == UNCIA_E_NOT_FOUND)
		return cli_complain_usage(call, NETWORK_MISSING ", and this wallet's home does not know this payment");
	if (!error && payment->state == UNCIA_PAYMENT_PENDING)
		cli_complain(0, "nobody was asked, for want of --network; this is what the wallet knows");
	return error ? cli_complain_error(error, "the payment") : 0;
}

static int run_status(const struct call *call)
{
	struct uncia_payment_id id;
	struct uncia_payment payment;
	struct session session;
	int code = payment_id_read(call, call->operands[0], &id);
	if (code)
		return code;
	bool asks = network_given(call);
	code = session_open(call, asks, QUERY_TIMEOUT_MS, &session);
	if (!code)
		code = asks ? payment_find(&session, &id, NO_DEADLINE, &payment)
		            : find_held(call, &session, &id, &payment);
	if (!code && call->json) {
		code = print_status_json(&session, &payment);
	} else if (!code) {
		payment_print(&payment, payment.own ? (double)payment.elapsed_ms : 0);
		print_details(&session, &payment);
		code = cli_output_flush();
	}
	session_close(&session);
	return !code && payment.state == UNCIA_PAYMENT_UNKNOWN ? EXIT_NOT_FOUND : code;
}

static const struct number_option timeout_option = {OPTION_TIMEOUT, "--timeout", 0, TIMEOUT_MAX_S, TIMEOUT_DEFAULT_S};

static int run_wait(const struct call *call)
{
	struct uncia_payment_id id;
	struct uncia_payment payment;
	struct session session;
	uint64_t timeout_s;
	int code = payment_id_read(call, call->operands[0], &id);
	if (!code)
		code = option_number(call, &timeout_option, &timeout_s);
	if (code)
		return code;
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code) {
		code = payment_find(&session, &id, deadline_us, &payment);
		if (!code && payment.state == UNCIA_PAYMENT_PENDING) {
			int error = uncia_wallet_follow(session.wallet, &id);
			if (!error)
				error = session_await_payment(&session, &id, false, deadline_us, &payment);
			code = error
			           ? cli_complain(EXIT_PENDING, "%s; the payment is still pending", error_words(error))
			           : 0;
		}
	}
	if (!code)
		code = payment_report(call, &session, &payment, (double)payment.elapsed_ms, NULL);
	session_close(&session);
	return code;
}

static const struct poptOption status_options[] = {OPTIONS_GLOBAL};

const struct verb verb_status = {
    .name = "status",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "show how a payment stands",
    .description =
        "Shows whether a payment is pending, final, expired or unknown, and why it is pending. Without a\n"
        "network file, what this wallet's home knows of one of its own.\n\n"
        "Exit codes: 0 whatever the state, 4 for an id that neither this wallet nor the network knows, 6 where\n"
        "no validator can be reached and the payment is not this wallet's.",
    .options = status_options,
    .run = run_status};

static const struct poptOption wait_options[] = {
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long all of it may take; 30 by default", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_wait = {
    .name = "wait",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "wait for the end of a payment",
    .description =
        "Waits until a payment is final or expired, sending it again for as long as it is neither.\n\n"
        "Exit codes: 0 final, 3 not known yet, 4 an id that nobody knows, 6 no validator can be reached and the\n"
        "payment is not this wallet's, 8 expired.",
    .options = wait_options,
    .run = run_wait};
