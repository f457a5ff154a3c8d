/* uncia claim: money for whoever has a text, until its end. What is said of it comes from the proof that it was put
 * there and from what the ledger has of it now, never from the text. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "outcome.h"
#include "payee.h"
#include "verbs.h"

#define CLAIM_TIMEOUT_S   30
#define CLAIM_TIMEOUT_MAX 86400
#define END_DEFAULT_S     (7u * 86400u)
#define TEXT_READ_MAX     4096u

/* A claim, and what was learned of it. */
struct found_claim {
	struct uncia_claim claim;
	struct uncia_hold_key key;
	struct uncia_receipt *receipt; /* of its opening; owned */
	uint32_t number;
	struct uncia_hold hold;
	struct uncia_hold_state state;
};

static void found_free(struct found_claim *found)
{
	uncia_receipt_free(found->receipt);
	explicit_bzero(found, sizeof(*found));
}

/* ---- the text -------------------------------------------------------------------------------- */

/* The text: an operand, or standard input for "-". It is not quoted in any message. Returns an exit code. */
static int text_read(const struct call *call, char text[TEXT_READ_MAX])
{
	const char *given = call->operands[0];
	if (strcmp(given, "-") != 0) {
		if (strlen(given) >= TEXT_READ_MAX)
			return cli_complain(EXIT_USAGE, "this is not a claim: it is too long");
		strcpy(text, given);
		return 0;
	}
	size_t size = fread(text, 1, TEXT_READ_MAX - 1, stdin);
	text[size] = '\0';
	if (ferror(stdin) || size == TEXT_READ_MAX - 1 || memchr(text, '\0', size) != NULL)
		return cli_complain(EXIT_USAGE, "standard input does not hold a claim");
	return 0;
}

static int claim_read(const struct call *call, const struct session *session, struct found_claim *found)
{
	char text[TEXT_READ_MAX];
	uint8_t id[32];
	int code = text_read(call, text);
	if (code)
		return code;
	uncia_network_id(session->network, id);
	found->claim.size = sizeof(found->claim);
	int error = uncia_claim_parse(id, text, &found->claim);
	explicit_bzero(text, sizeof(text));
	if (error == UNCIA_E_NETWORK)
		return cli_complain(EXIT_MISMATCH, "the claim is for another network");
	if (error == UNCIA_E_NEWER)
		return cli_complain(EXIT_MISMATCH, "the claim was made by a newer program");
	if (error)
		return cli_complain(EXIT_MISMATCH,
		                    "this is not a claim, or it was changed or cut on its way: ask for it again");
	found->key.size = sizeof(found->key);
	memcpy(found->key.seed, found->claim.seed, sizeof(found->key.seed));
	return 0;
}

/* ---- what is under it ------------------------------------------------------------------------ */

/* Which of the opening's holds it is of. Returns an exit code. */
static int claim_match(const struct session *session, struct found_claim *found)
{
	struct uncia_address home;
	int error = uncia_receipt_find_hold(session->network, found->receipt, &found->key, &found->number);
	found->hold.size = sizeof(found->hold);
	if (!error)
		error = uncia_receipt_hold(found->receipt, found->number, &found->hold);
	if (!error)
		error = uncia_address_parse(found->hold.home, &home);
	if (error || memcmp(home.account, found->claim.home, sizeof(home.account)) != 0)
		return cli_complain(EXIT_MISMATCH, "the payment that the claim names has put nothing under it");
	return 0;
}

/* Gets the proof of the opening. Returns an exit code. */
static int opening_ask(struct session *session, struct found_claim *found, uint64_t deadline_us)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	char *text;
	int code = payment_find(session, &found->claim.opening, deadline_us, &payment);
	if (code)
		return code;
	if (payment.state == UNCIA_PAYMENT_EXPIRED)
		return cli_complain(EXIT_EXPIRED,
		                    "the payment that was to put money under this claim expired: it never "
		                    "happened and never will");
	if (payment.state == UNCIA_PAYMENT_PENDING)
		return cli_complain(EXIT_PENDING, "the payment that puts money under this claim is not final yet");
	if (payment.state != UNCIA_PAYMENT_FINAL)
		return cli_complain(EXIT_NOT_FOUND,
		                    "no money was ever put under this claim, as far as the validators know");
	int error = uncia_wallet_receipt(session->wallet, &found->claim.opening, &text);
	if (!error) {
		error = uncia_receipt_verify(session->network, text, &found->receipt);
		uncia_text_free(text);
	}
	return error ? cli_complain_error(error, "the proof of the claim") : claim_match(session, found);
}

/* Asks what the hold has now. Returns an exit code. */
static int state_ask(struct session *session, struct found_claim *found, uint64_t deadline_us)
{
	int error = uncia_wallet_hold(session->wallet, found->receipt, found->number);
	if (!error)
		error = session_await(session, UNCIA_EVENT_HOLD, NULL, deadline_us);
	found->state.size = sizeof(found->state);
	if (!error)
		error = uncia_wallet_hold_state(session->wallet, &found->state);
	return error ? cli_complain_error(error, "what is left of the claim") : 0;
}

static int claim_find(const struct call *call, struct session *session, struct found_claim *found, uint64_t deadline_us)
{
	int code = claim_read(call, session, found);
	if (!code)
		code = opening_ask(session, found, deadline_us);
	return code ? code : state_ask(session, found, deadline_us);
}

/* Whether its end has passed, by this machine's clock: for words only. */
static bool has_ended(const struct found_claim *found)
{
	return (uint64_t)time(NULL) >= found->hold.end;
}

static int claim_print(const struct call *call, const struct session *session, const struct found_claim *found)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], opened[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE];
	const char *currency = uncia_network_currency(session->network);
	uncia_amount_format(found->state.exists ? found->state.balance : 0, amount);
	uncia_amount_format(found->hold.amount, opened);
	time_format(found->hold.end * 1000, end);
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:o,s:b,s:o}", "v", 1, "hold", found->hold.id,
		                                "amount", amount, "opened", opened, "currency", currency, "home",
		                                found->hold.home, "end", json_whole(found->hold.end), "ended",
		                                has_ended(found), "height", json_whole(found->state.height)));
	if (!found->state.exists)
		printf("nothing is left under this claim: %s %s were put there, and all of it was taken or has gone "
		       "home\n",
		       opened, currency);
	else if (has_ended(found))
		printf("%s %s were not taken until %s, and go home to %s\n", amount, currency, end, found->hold.home);
	else
		printf("%s %s wait under this claim until %s\n", amount, currency, end);
	return cli_output_flush();
}

static const struct number_option claim_timeout = {OPTION_TIMEOUT, "--timeout", 0, CLAIM_TIMEOUT_MAX, CLAIM_TIMEOUT_S};

static int run_show(const struct call *call)
{
	struct found_claim found = {.number = 0};
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &claim_timeout, &timeout_s);
	if (code)
		return code;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = claim_find(call, &session, &found, now_us() + timeout_s * 1000000);
	if (!code)
		code = claim_print(call, &session, &found);
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Where it goes: --to, or this wallet's own address. Returns an exit code. */
static int take_target(const struct call *call, struct session *session, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	if (call->value[OPTION_TO])
		return address_read(call, call->value[OPTION_TO], address);
	int code = session_unlock(session);
	int error = code ? 0 : uncia_wallet_address(session->wallet, address);
	return error ? cli_complain_error(error, "the address") : code;
}

static int complain_take(int error)
{
	if (error == UNCIA_E_END)
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: the end of the claim is reached, or too near");
	if (error == UNCIA_E_UNREACHABLE)
		return cli_complain(EXIT_UNREACHABLE, "no validator could be reached, or too few; nothing was sent");
	return cli_complain(exit_code_of(error), "nothing was sent: %s", error_words(error));
}

static int claim_take(const struct call *call, struct session *session, const struct found_claim *found,
                      const char *address, uint64_t deadline_us)
{
	const struct uncia_output output = {.address = address, .amount = found->state.balance};
	const struct uncia_take take = {.size = sizeof(take),
	                                .receipt = found->receipt,
	                                .number = found->number,
	                                .key = found->key,
	                                .outputs = &output,
	                                .output_count = 1};
	struct uncia_payment payment = {.size = sizeof(payment)};
	char text[UNCIA_ID_TEXT_SIZE];
	struct uncia_payment_id id;
	uint64_t started_us = now_us();
	int error = session_sync(session);
	if (!error)
		error = uncia_wallet_take(session->wallet, &take, &id);
	if (error)
		return complain_take(error);
	uncia_payment_id_format(&id, text);
	fprintf(call->json ? stderr : stdout, "id %s\n", text);
	fflush(stdout);
	error = session_await_payment(session, &id, false, deadline_us, &payment);
	if (error)
		return cli_complain(EXIT_PENDING, "%s; it may have been sent: run it again, which looks what is left",
		                    error_words(error));
	return payment_report(call, session, &payment, (double)(now_us() - started_us) / 1000, NULL);
}

/* Nothing is left: says by whom it was taken, where that can be told. Returns the exit code. */
static int complain_gone(const struct session *session, const struct found_claim *found)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(found->hold.amount, amount);
	return cli_complain(
	    EXIT_REFUSED,
	    "refused, nothing was sent: nothing is left under this claim; %s %s were put there, and all of it "
	    "was taken or has gone home",
	    amount, uncia_network_currency(session->network));
}

static int run_take(const struct call *call)
{
	struct found_claim found = {.number = 0};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &claim_timeout, &timeout_s);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = take_target(call, &session, address);
	if (!code)
		code = claim_find(call, &session, &found, deadline_us);
	if (!code && !found.state.exists)
		code = complain_gone(&session, &found);
	if (!code)
		code = claim_take(call, &session, &found, address, deadline_us);
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* "90m", "24h", "7d", or seconds: "600s". Returns an exit code. */
static int end_read(const struct call *call, uint32_t *seconds)
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

static int complain_new(struct session *session, int error)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	char spendable[UNCIA_AMOUNT_TEXT_SIZE];
	if (error == UNCIA_E_END)
		return cli_complain(EXIT_USAGE, "--end: from 10m to 399d, and later than the payment may be");
	if (error == UNCIA_E_UNREACHABLE)
		return cli_complain(EXIT_UNREACHABLE,
		                    "no validator could be reached, or too few to pay by; nothing was sent");
	if (error != UNCIA_E_FUNDS && error != UNCIA_E_DUST)
		return cli_complain(exit_code_of(error), "nothing was sent: %s", error_words(error));
	uncia_wallet_balance(session->wallet, &balance);
	uncia_amount_format(balance.spendable, spendable);
	return cli_complain(EXIT_REFUSED, "refused, nothing was sent: %s: %s can be spent", uncia_error_text(error),
	                    spendable);
}

/* The claims of an own payment, as text. Returns an exit code. */
static int claims_print(const struct call *call, struct session *session, const struct uncia_payment_id *id,
                        double elapsed_ms)
{
	char text[UNCIA_CHAT_TEXT_SIZE], id_text[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE],
	    end[TIME_TEXT_SIZE];
	struct uncia_hold hold = {.size = sizeof(hold)};
	struct uncia_receipt *receipt;
	char *line;
	int error = uncia_wallet_receipt(session->wallet, id, &line);
	if (!error) {
		error = uncia_receipt_verify(session->network, line, &receipt);
		uncia_text_free(line);
	}
	if (error)
		return cli_complain_error(error, "the claim");
	error = uncia_wallet_claim(session->wallet, receipt, 0, text);
	if (!error)
		error = uncia_receipt_hold(receipt, 0, &hold);
	uncia_receipt_free(receipt);
	if (error)
		return cli_complain_error(error, "the claim");
	uncia_payment_id_format(id, id_text);
	uncia_amount_format(hold.amount, amount);
	time_format(hold.end * 1000, end);
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:o,s:f}", "v", 1, "id", id_text, "state",
		                                "final", "claim", text, "hold", hold.id, "amount", amount, "end",
		                                json_whole(hold.end), "elapsed_ms", elapsed_ms));
	printf("%s\n", text);
	cli_complain(
	    0, "%s %s wait under this text until %s, for whoever reads it: send it to one person, and nowhere else",
	    amount, uncia_network_currency(session->network), end);
	return cli_output_flush();
}

static int claim_new(const struct call *call, struct session *session, const struct uncia_hold_request *hold,
                     uint64_t deadline_us)
{
	const char *key = call->value[OPTION_KEY];
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .holds = hold, .hold_count = 1, .key = key};
	struct uncia_payment payment = {.size = sizeof(payment)};
	char text[UNCIA_ID_TEXT_SIZE];
	struct uncia_payment_id id;
	uint64_t started_us = now_us();
	int error = key ? uncia_wallet_catch_up(session->wallet) : uncia_wallet_sync(session->wallet);
	if (!error)
		error = session_await(session, key ? UNCIA_EVENT_CAUGHT_UP : UNCIA_EVENT_BALANCE, NULL, deadline_us);
	if (!error)
		error = session_pay(session, &request, deadline_us, &id);
	if (error)
		return complain_new(session, error);
	uncia_payment_id_format(&id, text);
	fprintf(stderr, "id %s\n", text);
	error = session_await_payment(session, &id, false, deadline_us, &payment);
	if (error)
		return cli_complain(EXIT_PENDING, "%s; it may have been sent: uncia wait %s", error_words(error), text);
	if (payment.state != UNCIA_PAYMENT_FINAL)
		return payment_report(call, session, &payment, (double)(now_us() - started_us) / 1000, NULL);
	return claims_print(call, session, &id, (double)(now_us() - started_us) / 1000);
}

static int run_new(const struct call *call)
{
	struct uncia_hold_request hold = {.lock = NULL};
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &claim_timeout, &timeout_s);
	if (!code)
		code = end_read(call, &hold.seconds);
	if (!code)
		code = amount_read(call, call->operands[0], &hold.amount);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = smallest_check(call, session.network, hold.amount);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = claim_new(call, &session, &hold, deadline_us);
	session_close(&session);
	return code;
}

/* ---- those that this wallet has made ---------------------------------------------------------- */

/* One of an own payment's holds. Returns 0; UNCIA_E_NOT_FOUND where it is no claim of this wallet's; another error. */
static int own_claim(struct session *session, const struct uncia_receipt *receipt, uint32_t number,
                     char text[UNCIA_CHAT_TEXT_SIZE], struct found_claim *found, uint64_t deadline_us)
{
	uint8_t network_id[32];
	uncia_network_id(session->network, network_id);
	int error = uncia_wallet_claim(session->wallet, receipt, number, text);
	if (error)
		return error;
	found->claim.size = sizeof(found->claim);
	found->key.size = sizeof(found->key);
	found->hold.size = sizeof(found->hold);
	found->state.size = sizeof(found->state);
	found->number = number;
	error = uncia_claim_parse(network_id, text, &found->claim);
	memcpy(found->key.seed, found->claim.seed, sizeof(found->key.seed));
	if (!error)
		error = uncia_receipt_hold(receipt, number, &found->hold);
	if (!error)
		error = uncia_wallet_hold(session->wallet, receipt, number);
	if (!error)
		error = session_await(session, UNCIA_EVENT_HOLD, NULL, deadline_us);
	return error ? error : uncia_wallet_hold_state(session->wallet, &found->state);
}

/* The proof of an own payment that is final. Owns: uncia_receipt_free. */
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

/* Adds to the list, or prints, one that has something left. */
static json_t *list_one(const struct call *call, const struct session *session, const struct found_claim *found,
                        const char *text, json_t *list)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE];
	uncia_amount_format(found->state.balance, amount);
	time_format(found->hold.end * 1000, end);
	if (call->json) {
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:o,s:b}", "claim", text, "hold", found->hold.id,
		                                      "amount", amount, "end", json_whole(found->hold.end), "ended",
		                                      has_ended(found)));
		return list;
	}
	printf("%s %s %s %s\n    %s\n", amount, uncia_network_currency(session->network),
	       has_ended(found) ? "not taken, to come home since" : "until", end, text);
	return list;
}

/* Those of one payment. Returns 0 or an enum uncia_error. */
static int list_payment(const struct call *call, struct session *session, const struct uncia_payment_id *id,
                        json_t *list, uint64_t deadline_us)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_receipt *receipt = NULL;
	char text[UNCIA_CHAT_TEXT_SIZE];
	int error = uncia_wallet_payment(session->wallet, id, &payment);
	if (error || !payment.hold_count || payment.state != UNCIA_PAYMENT_FINAL)
		return error;
	error = own_receipt(session, id, &receipt);
	for (uint32_t i = 0; !error && i < payment.hold_count; i++) {
		struct found_claim found = {.number = 0};
		error = own_claim(session, receipt, i, text, &found, deadline_us);
		if (!error && found.state.exists)
			list_one(call, session, &found, text, list);
		if (error == UNCIA_E_NOT_FOUND)
			error = 0;
		found_free(&found);
	}
	explicit_bzero(text, sizeof(text));
	uncia_receipt_free(receipt);
	return error;
}

static int claims_list(const struct call *call, struct session *session, uint64_t deadline_us)
{
	size_t count = uncia_wallet_outbox_count(session->wallet);
	json_t *list = json_array();
	struct uncia_payment_id id;
	int error = 0;
	for (size_t i = 0; !error && i < count; i++) {
		error = uncia_wallet_outbox(session->wallet, i, &id);
		if (!error)
			error = list_payment(call, session, &id, list, deadline_us);
	}
	if (error) {
		json_decref(list);
		return cli_complain_error(error, "the claims");
	}
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:o}", "v", 1, "claims", list));
	json_decref(list);
	return cli_output_flush();
}

static int run_list(const struct call *call)
{
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &claim_timeout, &timeout_s);
	if (code)
		return code;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = claims_list(call, &session, now_us() + timeout_s * 1000000);
	session_close(&session);
	return code;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static const struct poptOption new_options[] = {
    {"end", '\0', POPT_ARG_STRING, NULL, OPTION_END, "How long it waits: 90m, 24h, 7d (7d unless given)", "TIME"},
    {"key", '\0', POPT_ARG_STRING, NULL, OPTION_KEY, "The same key is the same claim, however often this is run",
     "TEXT"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final (30)", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_claim_new = {
    .name = "claim new",
    .operands = "AMOUNT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "put money under a text, for somebody without an account",
    .description =
        "Puts an amount aside until an end, and prints a text. Whoever reads the text can take the money, so it\n"
        "is for one person: send it by a channel that nobody else reads. After the end the money comes home.\n\n"
        "Exit codes: 3 where the payment is not final yet, 5 where it was refused, 8 where it expired.",
    .options = new_options,
    .run = run_new};

static const struct poptOption show_options[] = {
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to ask (30)", "SECONDS"}, OPTIONS_GLOBAL};

const struct verb verb_claim_show = {
    .name = "claim show",
    .operands = "CLAIM|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "say what waits under a claim, without taking it",
    .description =
        "Says how much waits under a claim, and until when, as the ledger proves it. Nothing is taken, and nobody\n"
        "is told. With - the text is read from standard input.\n\n"
        "Exit codes: 3 where the payment that puts it there is not final yet, 4 where nobody knows of it, 7\n"
        "where the text was changed, or is of another network.",
    .options = show_options,
    .takes_secrets = true,
    .run = run_show};

static const struct poptOption take_options[] = {
    {"to", '\0', POPT_ARG_STRING, NULL, OPTION_TO, "Where it goes (this wallet's own address)", "ADDRESS"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final (30)", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_claim_take = {
    .name = "claim take",
    .operands = "CLAIM|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "take what waits under a claim",
    .description =
        "Verifies what waits under a claim and takes all of it, to this wallet's own address or to another one.\n"
        "With - the text is read from standard input.\n\n"
        "Exit codes: 3 where it is not final yet: run it again, it looks what is left; 5 where nothing is left, or\n"
        "its end is reached; 7 where the text was changed, or is of another network.",
    .options = take_options,
    .takes_secrets = true,
    .run = run_take};

static const struct poptOption list_options[] = {
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to ask (30)", "SECONDS"}, OPTIONS_GLOBAL};

const struct verb verb_claim_list = {
    .name = "claim list",
    .operands = "",
    .operands_max = 0,
    .summary = "list the claims of this wallet that have something left",
    .description =
        "Lists the claims that this wallet has made and that nobody has taken yet, with their texts, which are\n"
        "money for whoever reads them.",
    .options = list_options,
    .run = run_list};
