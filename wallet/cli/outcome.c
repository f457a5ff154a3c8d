/* Shows the end of a payment, or why there is none yet. */
#include "outcome.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int payment_exit_code(const struct uncia_payment *payment)
{
	switch (payment->state) {
	case UNCIA_PAYMENT_FINAL:
		return EXIT_DONE;
	case UNCIA_PAYMENT_PENDING:
		return EXIT_PENDING;
	case UNCIA_PAYMENT_EXPIRED:
		return EXIT_EXPIRED;
	default:
		return EXIT_NOT_FOUND;
	}
}

const char *payment_state_word(enum uncia_payment_state state)
{
	switch (state) {
	case UNCIA_PAYMENT_FINAL:
		return "final";
	case UNCIA_PAYMENT_PENDING:
		return "pending";
	case UNCIA_PAYMENT_EXPIRED:
		return "expired";
	default:
		return "unknown";
	}
}

const char *pending_word(const struct uncia_payment *payment)
{
	switch (payment->reason) {
	case UNCIA_PENDING_FUNDS:
		return "funds";
	case UNCIA_PENDING_KEY:
		return "key";
	case UNCIA_PENDING_TOO_EARLY:
		return "too-early";
	case UNCIA_PENDING_AMOUNT:
		return "amount";
	case UNCIA_PENDING_END:
		return "end";
	case UNCIA_PENDING_UNSENT:
		return "unsent";
	case UNCIA_PENDING_REFUSED:
		return "refused";
	default:
		return "waiting";
	}
}

json_t *payment_json(const struct uncia_payment *p, double elapsed_ms, const char *receipt)
{
	char id[UNCIA_ID_TEXT_SIZE];
	bool final = p->state == UNCIA_PAYMENT_FINAL;
	uncia_payment_id_format(&p->id, id);
	json_t *object = json_pack("{s:i,s:s,s:s,s:s?,s:o}", "v", 1, "id", id, "state", payment_state_word(p->state),
	                           "reason", p->state == UNCIA_PAYMENT_PENDING ? pending_word(p) : NULL, "height",
	                           final ? json_whole(p->height) : json_null());
	/* Why: for want of room, say, which passes. */
	if (object && p->state == UNCIA_PAYMENT_PENDING && p->reason == UNCIA_PENDING_REFUSED &&
	    json_object_set_new(object, "refusal", json_string(error_words(p->refusal)))) {
		json_decref(object);
		return NULL;
	}
	if (!object || !final)
		return object;
	json_t *more = json_pack("{s:f,s:s?}", "elapsed_ms", elapsed_ms, "receipt", receipt);
	if (!more || json_object_update(object, more)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}

json_t *output_append(json_t *list, const char *to, uint64_t amount)
{
	char text[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(amount, text);
	if (!list || !json_array_append_new(list, json_pack("{s:s,s:s}", "to", to, "amount", text)))
		return list;
	json_decref(list);
	return NULL;
}

json_t *payment_outputs_json(const struct session *session, const struct uncia_payment *payment)
{
	char to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	json_t *list = json_array();
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (!uncia_wallet_output(session->wallet, &payment->id, i, to, &amount))
			list = output_append(list, to, amount);
	return list;
}

void output_print(const char *to, uint64_t amount)
{
	char text[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(amount, text);
	printf("    %s to %s\n", text, to);
}

int payment_id_read(const struct call *call, const char *text, struct uncia_payment_id *id)
{
	if (uncia_payment_id_parse(text, id))
		return cli_complain_usage(
		    call, "\"%s\" is not a payment id, 64 hexadecimal digits: it was mistyped, or changed on the way",
		    text);
	return 0;
}

int payment_find(struct session *session, const struct uncia_payment_id *id, uint64_t deadline_us,
                 struct uncia_payment *payment)
{
	*payment = (struct uncia_payment){.size = sizeof(*payment)};
	int error = uncia_wallet_payment(session->wallet, id, payment);
	bool own = !error && payment->own;
	if (own && payment->state != UNCIA_PAYMENT_PENDING)
		return 0;
	error = uncia_wallet_query(session->wallet, id);
	if (!error)
		error = session_await(session, UNCIA_EVENT_PAYMENT, id, deadline_us);
	/* A failed query is no failure of an own payment: it stays pending. */
	if (error && own)
		cli_complain(0, "%s; this is what the wallet knows", error_words(error));
	else if (error)
		return cli_complain_error(error, "the payment");
	error = uncia_wallet_payment(session->wallet, id, payment);
	return error ? cli_complain_error(error, "the payment") : 0;
}

static void print_pending(const struct uncia_payment *p, const char *id)
{
	print_coloured(COLOUR_WAITING, "not final yet");
	printf(": %s", uncia_pending_text(p->reason));
	if (p->reason == UNCIA_PENDING_REFUSED)
		printf(": %s", error_words(p->refusal));
	bool over = p->expires_at <= (uint64_t)time(NULL);
	printf(
	    "\nIt may still become final%s. Do not pay again: uncia wait %s\n",
	    over ? ", though its expiry has passed: only a block that is later than that ends it, and none is known yet"
	         : "",
	    id);
}

void payment_print(const struct uncia_payment *p, double elapsed_ms)
{
	char id[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(&p->id, id);
	switch (p->state) {
	case UNCIA_PAYMENT_FINAL:
		print_coloured(COLOUR_GOOD, "final");
		printf(" at height %" PRIu64, p->height);
		/* 0: it had ended before this session */
		printf(elapsed_ms > 0 ? " in %.1f ms\n" : "\n", elapsed_ms);
		break;
	case UNCIA_PAYMENT_PENDING:
		print_pending(p, id);
		break;
	case UNCIA_PAYMENT_EXPIRED:
		print_coloured(COLOUR_BAD, "expired");
		puts(": it never happened and never will; you can safely pay again");
		break;
	default:
		puts("unknown: neither this wallet nor the network knows this payment");
	}
}

int payment_report(const struct call *call, const struct session *session, const struct uncia_payment *p,
                   double elapsed_ms, json_t *more)
{
	/* The exit code tells the payment's end also where the output failed: "failed" would invite a second payment.
	 */
	int code = payment_exit_code(p);
	char *receipt = NULL;
	if (!call->json) {
		json_decref(more);
		payment_print(p, elapsed_ms);
		cli_output_flush();
		return code;
	}
	if (p->state == UNCIA_PAYMENT_FINAL) {
		int error = uncia_wallet_receipt(session->wallet, &p->id, &receipt);
		if (error)
			cli_complain(0, "the receipt: %s", error_words(error));
	}
	json_t *object = payment_json(p, elapsed_ms, receipt);
	if (object && more && json_object_update(object, more)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	cli_json_print(object);
	uncia_text_free(receipt);
	return code;
}
