/* uncia claim new, cancel and list: the claims that this wallet has made. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "claim_text.h"
#include "opening.h"
#include "outcome.h"
#include "payee.h"
#include "qr.h"
#include "verbs.h"

/* ---- new -------------------------------------------------------------------------------------- */

/* The text of what was opened, which is final. Returns an exit code. */
static int print_new(const struct call *call, struct session *session, const struct found *found, double elapsed_ms)
{
	char text[UNCIA_CHAT_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE];
	struct uncia_payment payment = {.size = sizeof(payment)};
	char *receipt = NULL;
	int error = uncia_wallet_claim(session->wallet, found->receipt, found->number, text);
	if (!error)
		error = uncia_receipt_payment(found->receipt, &payment);
	if (!error)
		error = uncia_receipt_text(found->receipt, &receipt);
	if (error)
		return cli_complain_error(error, "the claim");
	uncia_payment_id_format(&payment.id, id);
	uncia_amount_format(found->hold.amount, amount);
	time_format(found->hold.end * 1000, end);
	int code;
	if (call->json) {
		code = cli_json_print(json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:o,s:f,s:s}", "v", 1, "id", id, "state",
		                                "final", "claim", text, "hold", found->hold.id, "amount", amount, "end",
		                                json_whole(found->hold.end), "elapsed_ms", elapsed_ms, "receipt",
		                                receipt));
	} else {
		printf("%s\n", text);
		cli_complain(0,
		             "%s %s wait under this text until %s, for whoever reads it: send it to one person, and "
		             "nowhere else",
		             amount, uncia_network_currency(session->network), end);
		code = cli_output_flush();
	}
	/* After the text: the money is there, whatever becomes of the drawing. */
	int drawn = qr_show(call, text, 0600);
	if (!code && !drawn && call->value[OPTION_QR])
		drawn = cli_output_flush();
	if (!code)
		code = drawn;
	explicit_bzero(text, sizeof(text));
	uncia_text_free(receipt);
	return code;
}

static int run_new(const struct call *call)
{
	struct uncia_hold_request hold = {.lock = NULL};
	struct session session;
	struct found found;
	uint64_t timeout_s;
	double elapsed_ms;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (!code)
		code = qr_check(call);
	if (!code)
		code = end_read(call, &hold.seconds);
	if (!code)
		code = amount_read(call, call->operands[0], &hold.amount);
	if (!code && call->value[OPTION_MEMO])
		code = memo_check(call, call->value[OPTION_MEMO]);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	found_init(&found);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = smallest_check(call, session.network, hold.amount);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = opening_pay(call, &session, &hold, now_us() + timeout_s * 1000000, &found, &elapsed_ms);
	if (!code && found.receipt)
		code = print_new(call, &session, &found, elapsed_ms);
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- list ------------------------------------------------------------------------------------- */

static json_t *listed_json(const struct session *session, const struct own_hold *own)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	if (own->found.receipt) {
		json_t *object = found_json(session, &own->found);
		if (object && json_object_set_new(object, "claim", *own->claim ? json_string(own->claim) : json_null()))
			object = NULL;
		return object;
	}
	uncia_payment_id_format(&own->opening.id, id);
	uncia_amount_format(own->opening.amount, amount);
	return json_pack("{s:s,s:s,s:s,s:n}", "opening", id, "opened", amount, "state", "pending", "claim");
}

static int list_one(void *context, const struct own_hold *own)
{
	const struct own_listing *list = context;
	char id[UNCIA_ID_TEXT_SIZE];
	if (own->found.receipt && !*own->claim)
		return 0; /* a hold under another's key: uncia hold list */
	if (list->call->json)
		return json_array_append_new(list->array, listed_json(list->session, own))
		           ? cli_complain(EXIT_FAILED, "out of memory")
		           : 0;
	if (!own->found.receipt) {
		uncia_payment_id_format(&own->opening.id, id);
		printf("a payment that opens it is not final yet: uncia wait %s\n", id);
		return 0;
	}
	found_print(list->session, &own->found, "claim", stdout);
	/* The text of what is gone is of no use. */
	bool gone = own->found.fate > FATE_ENDED;
	printf(gone ? "\n" : "\n    %s\n", own->claim);
	return 0;
}

static int run_claim_list(const struct call *call)
{
	uint64_t timeout_s;
	int code = option_number(call, &found_timeout, &timeout_s);
	return code ? code : own_list_holds(call, timeout_s, "claims", list_one);
}

/* ---- cancel ----------------------------------------------------------------------------------- */

/* By the text of the claim, or by the id of the payment that opened it, where that has opened one claim only. */
static int claim_cancel(const struct call *call, struct session *session, struct found *found, uint64_t deadline_us)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_wallet_address(session->wallet, address);
	if (error)
		return cli_complain_error(error, "the address");
	if (strcmp(address, found->hold.home) != 0)
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: this claim was made by another wallet, %s",
		                    found->hold.home);
	if (found->fate == FATE_CANCELLED || found->fate == FATE_RETURNED) {
		cli_complain(0, "it is home already");
		struct uncia_payment payment = {.size = sizeof(payment)};
		struct uncia_payment_id id = found->last.id;
		int code = payment_find(session, &id, deadline_us, &payment);
		return code ? code : payment_report(call, session, &payment, 0, NULL);
	}
	return found_take(call, session, found,
	                  &(struct taking){.what = "claim", .address = address, .amount = found->state.balance},
	                  deadline_us);
}

/* The one claim that the payment has opened. Returns an exit code; the caller wipes *claim. */
static int only_claim(const struct call *call, const struct session *session, const struct found *found,
                      struct uncia_claim *claim)
{
	char text[UNCIA_CHAT_TEXT_SIZE];
	uint8_t network_id[32];
	unsigned claims = 0;
	int error = 0;
	uncia_network_id(session->network, network_id);
	for (uint32_t i = 0; !error || error == UNCIA_E_NOT_FOUND; i++) {
		error = uncia_wallet_claim(session->wallet, found->receipt, i, text);
		if (!error && claims++ == 0)
			error = uncia_claim_parse(network_id, text, claim);
	}
	explicit_bzero(text, sizeof(text));
	if (claims > 1)
		return cli_complain_usage(call,
		                          "this payment has opened %u claims: cancel each by its text, which uncia "
		                          "claim list has",
		                          claims);
	return claims ? 0 : cli_complain(EXIT_NOT_FOUND, "this payment has opened no claim of this wallet's");
}

static int cancel_by_id(const struct call *call, struct session *session, const struct uncia_payment_id *id,
                        uint64_t deadline_us)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct found found;
	found_init(&found);
	int code = found_opening(session, &found, id, "claim", deadline_us);
	if (!code)
		code = only_claim(call, session, &found, &claim);
	if (!code)
		code = claim_match(session, &claim, &found);
	int error = code ? 0 : found_look(session, &found, deadline_us);
	if (error)
		code = cli_complain_error(error, "what is left of the claim");
	if (!code)
		code = claim_cancel(call, session, &found, deadline_us);
	explicit_bzero(&claim, sizeof(claim));
	found_free(&found);
	return code;
}

static int cancel_by_text(const struct call *call, struct session *session, uint64_t deadline_us)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct found found;
	found_init(&found);
	int code = claim_read(call, session->network, call->operand_count ? call->operands[0] : NULL, &claim);
	if (!code)
		code = claim_find(session, &claim, &found, deadline_us);
	if (!code)
		code = claim_cancel(call, session, &found, deadline_us);
	explicit_bzero(&claim, sizeof(claim));
	found_free(&found);
	return code;
}

static int run_cancel(const struct call *call)
{
	struct uncia_payment_id id;
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = session_unlock(&session);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	if (!code && call->operand_count && !uncia_payment_id_parse(call->operands[0], &id))
		code = cancel_by_id(call, &session, &id, deadline_us);
	else if (!code)
		code = cancel_by_text(call, &session, deadline_us);
	session_close(&session);
	return code;
}

/* ---- the verbs -------------------------------------------------------------------------------- */

static const struct poptOption new_options[] = {
    OPTION_END_HELP,
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO,
     "Kept in this wallet, and shown in its history; the ledger carries its hash", "TEXT"},
    {"key", '\0', POPT_ARG_STRING, NULL, OPTION_KEY, "The same key is the same claim, however often this is run",
     "TEXT"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final; 30 by default",
     "SECONDS"},
    OPTIONS_QR_HELP,
    OPTIONS_GLOBAL};

const struct verb verb_claim_new = {
    .name = "claim new",
    .operands = "AMOUNT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "put money under a text, for somebody without an account",
    .description =
        "Puts an amount aside until an end, and prints a text. Whoever reads the text can take the money, so it\n"
        "is for one person: send it by a channel that nobody else reads. After the end the money comes home, by\n"
        "itself, when this wallet is used with its network. Where the program is interrupted, uncia claim list has\n"
        "the text. A picture of it (--qr-file) is money for whoever sees it, too: only you can read the file.\n\n"
        "Exit codes: 3 where the payment is not final yet, 5 where it was refused, 6 where no validator can be\n"
        "reached and nothing was sent, 8 where it expired.",
    .options = new_options,
    .run = run_new};

static const struct poptOption list_options[] = {
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to ask; 30 by default", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_claim_list = {
    .name = "claim list",
    .operands = "",
    .summary = "list the claims that this wallet has made",
    .description =
        "Lists the claims that this wallet has made, with what became of each: open, ended and on its way home,\n"
        "taken and by whom, cancelled, or returned. The texts of those that are open are money for whoever reads\n"
        "them. A wallet that was restored from its words finds them again.\n\n"
        "Exit code 6 where no validator can be reached: then it lists what this wallet's home knows.",
    .options = list_options,
    .run = run_claim_list};

static const struct poptOption cancel_options[] = {{"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT,
                                                    "How long to wait for it to be final; 30 by default", "SECONDS"},
                                                   OPTIONS_GLOBAL};

const struct verb verb_claim_cancel = {
    .name = "claim cancel",
    .operands = "[CLAIM|ID|-]",
    .operands_max = 1,
    .summary = "take back what this wallet has put under a claim",
    .description =
        "Takes back all that is left under a claim of this wallet's: by its text (- for standard input; without it,\n"
        "it is asked for), or by the id of the payment that opened it and no other claim. Whoever has the text may be\n"
        "faster.\n\n"
        "Exit codes: 3 where it is not final yet: run it again; 4 where there is no such claim; 5 where somebody has\n"
        "taken it, or it is another wallet's; 6 where no validator can be reached; 8 where the take expired: it never\n"
        "happened, and can be made again.",
    .options = cancel_options,
    .takes_secrets = true,
    .run = run_cancel};
