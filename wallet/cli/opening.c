/* See opening.h. */
#include "opening.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "outcome.h"
#include "own.h"
#include "payee.h"

#define END_DEFAULT_S (7u * 86400u)

int end_read(const struct call *call, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *text = call->value[OPTION_END];
	char *rest;
	*seconds = END_DEFAULT_S;
	if (!text)
		return 0;
	unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &rest, 10) : 0;
	for (size_t i = 0; number && i < sizeof(units) / sizeof(units[0]); i++) {
		if (*rest != units[i].unit || rest[1] || number > UINT32_MAX / units[i].seconds)
			continue;
		*seconds = (uint32_t)number * units[i].seconds;
		return 0;
	}
	return cli_complain_usage(call, "--end: not a time like 90m, 24h or 7d, from 10m to 399d");
}

static int complain_opening(const struct session *session, int error)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	char spendable[UNCIA_AMOUNT_TEXT_SIZE];
	switch (error) {
	case UNCIA_E_END:
		return cli_complain(EXIT_USAGE, "--end: from 10m to 399d; nothing was sent");
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_BEHIND:
		return cli_complain(EXIT_UNREACHABLE,
		                    "no validator could be reached, or too few to pay by; nothing was sent");
	case UNCIA_E_FULL:
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: this wallet has 100 holds open, as far as it knows: "
		                    "uncia hold list finds out which of them were taken; else cancel some, or wait for "
		                    "their ends");
	case UNCIA_E_FUNDS:
	case UNCIA_E_DUST:
		uncia_wallet_balance(session->wallet, &balance);
		uncia_amount_format(balance.spendable, spendable);
		return cli_complain(EXIT_REFUSED, "refused, nothing was sent: %s: %s can be spent",
		                    uncia_error_text(error), spendable);
	case UNCIA_E_KEY_REUSED:
	case UNCIA_E_LOCK_USED:
		return cli_complain(EXIT_REFUSED, "refused, nothing was sent: %s", uncia_error_text(error));
	default:
		return cli_complain(exit_code_of(error), "nothing was sent: %s", error_words(error));
	}
}

/* The proof of an own payment that is final. Returns 0 or an enum uncia_error. */
static int own_receipt(const struct session *session, const struct uncia_payment_id *id, struct uncia_receipt **receipt)
{
	char *line;
	int error = uncia_wallet_receipt(session->wallet, id, &line);
	if (error)
		return error;
	error = uncia_receipt_verify(session->network, line, receipt);
	uncia_text_free(line);
	return error;
}

int opening_pay(const struct call *call, struct session *session, const struct uncia_hold_request *hold,
                uint64_t deadline_us, struct found *found, double *elapsed_ms)
{
	const char *key = call->value[OPTION_KEY];
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .holds = hold, .hold_count = 1, .key = key, .memo = call->value[OPTION_MEMO]};
	struct uncia_payment payment = {.size = sizeof(payment)};
	char text[UNCIA_ID_TEXT_SIZE];
	struct uncia_payment_id id;
	uint64_t started_us = now_us();
	bool past = key || hold->lock; /* what this home may have forgotten counts */
	int error = past ? uncia_wallet_catch_up(session->wallet) : uncia_wallet_sync(session->wallet);
	if (!error)
		error = session_await(session, past ? UNCIA_EVENT_CAUGHT_UP : UNCIA_EVENT_BALANCE, NULL, deadline_us);
	if (!error)
		error = session_pay(session, &request, deadline_us, &id);
	if (error)
		return complain_opening(session, error);
	uncia_payment_id_format(&id, text);
	fprintf(stderr, "id %s\n", text);
	error = session_await_payment(session, &id, false, deadline_us, &payment);
	*elapsed_ms = (double)(now_us() - started_us) / 1000;
	if (error)
		return cli_complain(EXIT_PENDING, "%s; it may have been sent: uncia wait %s", error_words(error), text);
	if (payment.state != UNCIA_PAYMENT_FINAL)
		return payment_report(call, session, &payment, *elapsed_ms, NULL);
	error = own_receipt(session, &id, &found->receipt);
	if (!error)
		error = found_opened(found);
	return error ? cli_complain_error(error, "what was opened") : 0;
}

/* ---- those that there are ----------------------------------------------------------------------- */

struct walk {
	uint64_t deadline_us;
	int *error; /* of the network */
	int (*each)(void *context, const struct own_hold *own);
	void *context;
};

/* One of a final payment's. */
static int walk_hold(struct session *session, const struct walk *walk, struct own_hold *own)
{
	int error = uncia_wallet_claim(session->wallet, own->found.receipt, own->found.number, own->claim);
	if (error == UNCIA_E_NOT_FOUND || error == UNCIA_E_LOCKED)
		*own->claim = '\0';
	else if (error)
		return cli_complain_error(error, "the claim");
	error = found_opened(&own->found);
	if (error)
		return cli_complain_error(error, "the hold");
	if (!*walk->error)
		*walk->error = found_look(session, &own->found, walk->deadline_us);
	return walk->each(walk->context, own);
}

static int walk_payment(struct session *session, const struct walk *walk, const struct uncia_payment *opening)
{
	struct own_hold own = {.opening = *opening};
	found_init(&own.found);
	if (opening->state == UNCIA_PAYMENT_PENDING)
		return walk->each(walk->context, &own);
	int error = own_receipt(session, &opening->id, &own.found.receipt);
	int code = error ? cli_complain_error(error, "the proof of a payment") : 0;
	for (uint32_t i = 0; !code && i < opening->hold_count; i++) {
		own.found.number = i;
		code = walk_hold(session, walk, &own);
	}
	found_free(&own.found);
	explicit_bzero(&own, sizeof(own));
	return code;
}

/* Those that are pending come last. */
static int by_block(const void *a, const void *b)
{
	const struct uncia_payment *x = a, *y = b;
	bool pending = x->state == UNCIA_PAYMENT_PENDING;
	if (pending != (y->state == UNCIA_PAYMENT_PENDING))
		return pending ? 1 : -1;
	if (x->height != y->height)
		return x->height < y->height ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* The own payments that have opened holds, or are about to, the oldest first. Returns 0 or an enum uncia_error. Owns:
 * free(*openings), either way. */
static int own_openings(const struct session *session, struct uncia_payment **openings, size_t *count)
{
	struct uncia_payment_id *ids = NULL;
	size_t known = 0;
	*count = 0;
	*openings = NULL;
	int error = own_ids(session, &ids, &known);
	if (!error && !(*openings = calloc(known + 1, sizeof(**openings))))
		error = UNCIA_E_MEMORY;
	for (size_t i = 0; !error && i < known; i++) {
		struct uncia_payment *payment = &(*openings)[*count];
		*payment = (struct uncia_payment){.size = sizeof(*payment)};
		error = uncia_wallet_payment(session->wallet, &ids[i], payment);
		if (error == UNCIA_E_DAMAGED) { /* said when the wallet was opened */
			error = 0;
			continue;
		}
		*count += payment->hold_count != 0 &&
		          (payment->state == UNCIA_PAYMENT_PENDING || payment->state == UNCIA_PAYMENT_FINAL);
	}
	free(ids);
	if (!error)
		qsort(*openings, *count, sizeof(**openings), by_block);
	return error;
}

/* *error: why the network tells nothing, or 0; then `each` is called all the same. Returns an exit code. */
static int own_holds(struct session *session, uint64_t deadline_us, int *error,
                     int (*each)(void *context, const struct own_hold *own), void *context)
{
	const struct walk walk = {deadline_us, error, each, context};
	struct uncia_payment *openings;
	size_t count;
	/* A home that was made anew, or came back older, has them again when its account's history was read. */
	*error = uncia_wallet_catch_up(session->wallet);
	if (!*error)
		*error = session_await(session, UNCIA_EVENT_CAUGHT_UP, NULL, deadline_us);
	int failed = own_openings(session, &openings, &count);
	int code = failed ? cli_complain_error(failed, "the stored payments") : 0;
	for (size_t i = 0; !code && i < count; i++)
		code = walk_payment(session, &walk, &openings[i]);
	free(openings);
	return code;
}

/* Prints the object of a list, which may not be all that the network knows. Returns an exit code. */
static int own_list_end(const struct own_listing *list, const char *name, int code, int error)
{
	if (!code && error)
		code =
		    cli_complain(exit_code_of(error), "%s: this is what this wallet's home knows", error_words(error));
	if (!list->call->json)
		return code ? code : cli_output_flush();
	json_t *object = json_pack("{s:i,s:O}", "v", 1, name, list->array);
	return code ? cli_json_print_failed(object, code) : cli_json_print(object);
}

int own_list_holds(const struct call *call, uint64_t timeout_s, const char *name,
                   int (*each)(void *context, const struct own_hold *own))
{
	struct session session;
	struct own_listing list = {.call = call, .session = &session, .array = json_array()};
	int error = 0, code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = session_unlock(&session);
	if (!code) {
		code = own_holds(&session, now_us() + timeout_s * 1000000, &error, each, &list);
		code = own_list_end(&list, name, code, error);
	}
	session_close(&session);
	json_decref(list.array);
	return code;
}
