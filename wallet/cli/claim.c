/* uncia claim show and take: money for whoever has a text, until its end. What is said of it comes from the proof that
 * it was put there and from what the ledger has of it now, never from the text. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "claim_text.h"
#include "memory_home.h"
#include "payee.h"
#include "proof_text.h"
#include "verbs.h"

/* ---- show ------------------------------------------------------------------------------------- */

static int claim_print(const struct call *call, const struct session *session, const struct found *found)
{
	if (call->json) {
		json_t *object = json_pack("{s:i}", "v", 1), *members = found_json(session, found);
		if (!members || json_object_update(object, members)) {
			json_decref(object);
			object = NULL;
		}
		json_decref(members);
		return cli_json_print(object);
	}
	found_print(session, found, "claim", stdout);
	puts("");
	return cli_output_flush();
}

/* By the receipt alone: what was put there; nothing is asked. */
static int show_offline(const struct call *call, const struct uncia_claim *claim, struct session *session,
                        struct found *found)
{
	const char *given = call->value[OPTION_RECEIPT];
	char *text = NULL;
	int code = !strcmp(given, "-") && !strcmp(call->operands[0], "-")
	               ? cli_complain_usage(call, "only one of the claim and its receipt can come from standard input")
	               : proof_text_read(given, &text);
	if (code)
		return code;
	int error = uncia_receipt_verify(session->network, text, &found->receipt);
	free(text);
	if (error)
		return cli_complain(EXIT_MISMATCH, "the receipt: %s", error_words(error));
	code = claim_match(session, claim, found);
	return code ? code : claim_print(call, session, found);
}

static int show_online(const struct call *call, const struct uncia_claim *claim, struct session *session,
                       struct found *found)
{
	uint64_t timeout_s;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (code)
		return code;
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	int error = memory_home_open(session, question_timeout_ms(timeout_s));
	if (error)
		return cli_complain_error(error, "asking the network");
	code = claim_find(session, claim, found, deadline_us);
	return code ? code : claim_print(call, session, found);
}

static int run_claim_show(const struct call *call)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct session session = {.home = NULL};
	struct found found;
	found_init(&found);
	int code = call->value[OPTION_RECEIPT] ? network_open(call, &session.network_path, &session.network)
	                                       : network_open_to_ask(call, &session.network_path, &session.network);
	if (!code)
		code = claim_read(call, session.network, call->operands[0], &claim);
	if (!code)
		code = call->value[OPTION_RECEIPT] ? show_offline(call, &claim, &session, &found)
		                                   : show_online(call, &claim, &session, &found);
	explicit_bzero(&claim, sizeof(claim));
	found_free(&found);
	memory_home_close(&session);
	uncia_network_free(session.network);
	return code;
}

/* ---- take ------------------------------------------------------------------------------------- */

/* The maker's own claim is cancelled, not taken. */
static int own_check(const struct call *call, const struct session *session, const struct uncia_claim *claim)
{
	char text[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_address own;
	if (call->value[OPTION_TO] || uncia_wallet_address_unproved(session->wallet, text) ||
	    uncia_address_parse(text, &own) || memcmp(own.account, claim->home, sizeof(own.account)) != 0)
		return 0;
	return cli_complain(EXIT_REFUSED,
	                    "refused, nothing was sent: this wallet has made the claim itself; uncia claim "
	                    "cancel takes it back");
}

static int run_take(const struct call *call)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct session session;
	struct found found;
	uint64_t timeout_s;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	found_init(&found);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = claim_read(call, session.network, call->operand_count ? call->operands[0] : NULL, &claim);
	if (!code)
		code = own_check(call, &session, &claim);
	if (!code)
		code = taking_address(call, &session, address);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	if (!code)
		code = claim_find(&session, &claim, &found, deadline_us);
	if (!code)
		code = found_take(call, &session, &found,
		                  &(struct taking){.what = "claim", .address = address, .amount = found.state.balance},
		                  deadline_us);
	explicit_bzero(&claim, sizeof(claim));
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- the verbs -------------------------------------------------------------------------------- */

static const struct poptOption show_options[] = {
    {"receipt", '\0', POPT_ARG_STRING, NULL, OPTION_RECEIPT,
     "By the receipt of the payment that opened it (- for standard input), without asking anybody", "RECEIPT|-"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to ask; 30 by default", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_claim_show = {
    .name = "claim show",
    .operands = "CLAIM|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "say what waits under a claim, without taking it",
    .description =
        "Says how much waits under a claim, until when, or who has taken it, as the ledger proves it. Nothing is\n"
        "taken, and no wallet is needed. With - the text is read from standard input. With --receipt nobody is\n"
        "asked: it says what was put there, not what is left of it.\n\n"
        "Exit codes: 3 where the payment that puts it there is not final yet, 4 where nobody knows of it, 6 where no\n"
        "validator can be reached, 7 where the text was changed, or is of another network, 8 where that payment\n"
        "expired.",
    .options = show_options,
    .takes_secrets = true,
    .run = run_claim_show};

static const struct poptOption take_options[] = {
    {"to", '\0', POPT_ARG_STRING, NULL, OPTION_TO, "Where it goes; this wallet's own address by default", "ADDRESS"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final; 30 by default",
     "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_claim_take = {
    .name = "claim take",
    .operands = "[CLAIM|-]",
    .operands_max = 1,
    .summary = "take what waits under a claim",
    .description =
        "Verifies what waits under a claim and takes all of it, to this wallet's own address or to another one. The\n"
        "text is money for whoever reads it: with - it is read from standard input, and without it, it is asked\n"
        "for. Run again it goes on with the take that it has begun.\n\n"
        "Exit codes: 3 where it is not final yet: run it again; 5 where somebody else has taken it, its end is\n"
        "reached, or it is one's own; 6 where no validator can be reached; 7 where the text was changed, or is of\n"
        "another network; 8 where the take expired: it never happened, and can be made again.",
    .options = take_options,
    .takes_secrets = true,
    .run = run_take};
