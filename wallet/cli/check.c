/* uncia request check and notice check: what a text is worth from whoever has sent it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "outcome.h"
#include "payee.h"
#include "peer.h"
#include "verbs.h"

#define CHECK_TIMEOUT_DEFAULT_S 10
#define CHECK_TIMEOUT_MAX_S     86400

/* ---- notices --------------------------------------------------------------------------------- */

/* How a verdict is shown, and the exit code that it is. */
struct verdict {
	const char *word, *sentence;
	enum colour colour;
	int code;
};

static const struct verdict notice_verdicts[] = {
    [UNCIA_NOTICE_CHECKING] = {"checking", "it cannot be verified yet", COLOUR_WAITING, EXIT_PENDING},
    [UNCIA_NOTICE_PAID] = {"paid", "paid", COLOUR_GOOD, EXIT_DONE},
    [UNCIA_NOTICE_PENDING] = {"pending", "on its way: it may become final or expire", COLOUR_WAITING, EXIT_PENDING},
    [UNCIA_NOTICE_UNKNOWN] = {"unknown", "nobody knows it: it cannot be verified yet", COLOUR_WAITING, EXIT_PENDING},
    [UNCIA_NOTICE_EXPIRED] = {"expired", "expired: it never happened and never will", COLOUR_BAD, EXIT_EXPIRED},
    [UNCIA_NOTICE_NOT_TO_ME] = {"not_to_me", "a payment to somebody else, not to this wallet", COLOUR_BAD,
                                EXIT_MISMATCH},
    [UNCIA_NOTICE_OTHER_ACCOUNT] = {"other_account", "a payment of somebody else's, not of whoever tells of it",
                                    COLOUR_BAD, EXIT_MISMATCH},
    [UNCIA_NOTICE_OTHER_MEMO] = {"other_memo", "a payment that was made with another memo", COLOUR_BAD, EXIT_MISMATCH},
    [UNCIA_NOTICE_AGAIN] = {"again", "told before: it is no new payment", COLOUR_BAD, EXIT_MISMATCH},
    [UNCIA_NOTICE_REPEATED] = {"repeated", "a repetition: somebody else has told of this payment", COLOUR_BAD,
                               EXIT_MISMATCH},
    [UNCIA_NOTICE_UNPINNED] = {"unpinned", "not checked", COLOUR_WAITING, EXIT_MISMATCH},
    [UNCIA_NOTICE_STRANGER] = {"stranger", "a payment to this wallet, but nothing says that it is the sender's",
                               COLOUR_BAD, EXIT_MISMATCH}};

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static json_t *notice_json(const struct session *session, const struct uncia_notice_result *r)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	bool final = *r->sender;
	uncia_payment_id_format(&r->id, id);
	uncia_amount_format(r->amount, amount);
	json_t *object = json_pack("{s:i,s:s,s:s,s:s?,s:s?,s:s?,s:b,s:b,s:b,s:b}", "v", 1, "verdict",
	                           notice_verdicts[r->verdict].word, "id", id, "memo", or_null(r->memo), "pinned",
	                           or_null(r->pinned), "first", or_null(r->first), "memo_untold", r->memo_untold,
	                           "weak", r->weak, "maybe_told", r->maybe_told, "older", r->older);
	json_t *more = json_pack(
	    "{s:s?,s:s?,s:s?,s:o,s:o,s:o}", "from", or_null(r->sender), "amount", final ? amount : NULL, "currency",
	    final ? currency_code(session->network, r->currency) : NULL, "height",
	    final ? json_whole(r->height) : json_null(), "index", final ? json_integer(r->index) : json_null(),
	    "timestamp_ms", final ? json_whole(r->timestamp_ms) : json_null());
	if (object && (!more || json_object_update(object, more))) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}

static void notice_print(const struct uncia_notice_result *r)
{
	const struct verdict *verdict = &notice_verdicts[r->verdict];
	char amount[UNCIA_AMOUNT_TEXT_SIZE], when[TIME_TEXT_SIZE];
	print_coloured(verdict->colour, verdict->sentence);
	putchar('\n');
	if (r->amount != 0) {
		uncia_amount_format(r->amount, amount);
		time_format(r->timestamp_ms, when);
		printf("%s from %s, in the block of %s\n", amount, r->sender, when);
	}
	if (r->verdict == UNCIA_NOTICE_OTHER_ACCOUNT)
		printf("whoever tells of it is pinned to %s\n", r->pinned);
	if (*r->first)
		printf("told first by %s\n", r->first);
	if (r->older)
		puts("paid before this wallet's home was made or restored");
	if (r->maybe_told)
		puts("perhaps told before: it was not acknowledged");
	if (r->memo_untold)
		puts("it was made with a memo, which the notice does not have");
	else if (*r->memo)
		printf("memo \"%s\"\n", r->memo);
	if (r->weak)
		puts("the sender is known by a nick alone, which may be somebody else's");
}

/* Prints what came of it, and acknowledges what was paid. Returns the exit code. */
static int notice_report(const struct call *call, const struct session *session, const struct uncia_notice_result *r)
{
	int code = notice_verdicts[r->verdict].code;
	if (r->error)
		code = cli_complain_error(r->error, "the payment cannot be looked up now");
	else if (r->verdict == UNCIA_NOTICE_UNKNOWN && r->over)
		code = EXIT_NOT_FOUND;
	if (call->json && r->error)
		return cli_json_print_failed(notice_json(session, r), code);
	if (!call->json)
		notice_print(r);
	int printed = call->json ? cli_json_print(notice_json(session, r)) : cli_output_flush();
	if (printed || r->verdict != UNCIA_NOTICE_PAID)
		return printed ? printed : code;
	int error = uncia_notice_acknowledge(session->wallet, &r->id);
	return error ? cli_complain_error(error, "it was printed, and will be again, as that cannot be stored") : code;
}

/* Waits until there is a verdict, or the deadline. Returns an exit code. */
static int notice_await(struct session *session, uint64_t deadline_us, struct uncia_notice_result *result)
{
	struct uncia_event event;
	int got = 1;
	while (!result->over && got > 0) {
		got = session_event(session, deadline_us, &event);
		while (got >= 0 && !result->over && uncia_notice_result(session->wallet, result) == 1)
			;
	}
	return got < 0 ? cli_complain_error(got, "the notice") : 0;
}

static int complain_notice(const struct call *call, const char *text, int error)
{
	if (error == UNCIA_E_ARGUMENT && call->value[OPTION_OWN])
		return cli_complain_usage(call,
		                          "--from and --own are not two handles of one protocol, or --memo is not "
		                          "the notice's");
	if (error == UNCIA_E_ARGUMENT)
		return cli_complain_usage(call, "--memo is not the notice's");
	if (error == UNCIA_E_DAMAGED || error == UNCIA_E_IO || error == UNCIA_E_MEMORY || error == UNCIA_E_BUSY)
		return cli_complain_error(error, "the notice");
	return cli_complain(EXIT_MISMATCH, "\"%.80s\" is not a notice: %s", text,
	                    text_error_words(UNCIA_TEXT_NOTICE, text, error));
}

static const struct number_option check_timeout_option = {OPTION_TIMEOUT, "--timeout", 0, CHECK_TIMEOUT_MAX_S,
                                                          CHECK_TIMEOUT_DEFAULT_S};

static int check_one(const struct call *call, struct session *session, const char *text, uint64_t deadline_us)
{
	struct uncia_notice_result result = {.size = sizeof(result)};
	struct sent_by from;
	int code = sent_by_read(call, session, &from);
	if (!code)
		code = session_unlock(session);
	if (code)
		return code;
	const struct uncia_notice_query query = {
	    .size = sizeof(query), .peer = &from.peer, .notice = text, .memo = call->value[OPTION_MEMO], .asked = true};
	int error = uncia_wallet_notice_check(session->wallet, &query, &result);
	if (error)
		return complain_notice(call, text, error);
	code = notice_await(session, deadline_us, &result);
	return code ? code : notice_report(call, session, &result);
}

static int run_notice_check(const struct call *call)
{
	const char *memo = call->value[OPTION_MEMO];
	char text[PASTED_SIZE];
	struct session session;
	uint64_t timeout_s;
	int code = option_number(call, &check_timeout_option, &timeout_s);
	if (!code && memo)
		code = memo_check(call, memo);
	if (!code)
		code = pasted_read(call->operands[0], text);
	if (code)
		return code;
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = check_one(call, &session, text, deadline_us);
	session_close(&session);
	return code;
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct verdict request_verdicts[] = {
    [UNCIA_REQUEST_PINNED] = {"pinned", "pays the account that is pinned for whoever has sent it", COLOUR_GOOD,
                              EXIT_DONE},
    [UNCIA_REQUEST_OTHER] = {"other", "pays another account than is pinned for whoever has sent it", COLOUR_BAD,
                             EXIT_MISMATCH},
    [UNCIA_REQUEST_UNPINNED] = {"unpinned", "whoever has sent it is not pinned", COLOUR_WAITING, EXIT_MISMATCH},
    [UNCIA_REQUEST_OWN] = {"own", "pays this wallet itself: somebody repeats its request", COLOUR_BAD, EXIT_MISMATCH}};

/* What a request says, as it is judged: by the time that the network has told, where it was asked, else by this
 * machine's clock. */
struct judged {
	struct uncia_request request;
	struct uncia_request_check check;
	bool by_network;
};

static json_t *request_check_json(const struct session *session, const struct judged *judged)
{
	const struct uncia_request *request = &judged->request;
	const struct uncia_request_check *check = &judged->check;
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_payment_id_format(&check->id, id);
	uncia_amount_format(request->amount, amount);
	return json_pack("{s:i,s:s,s:s?,s:s?,s:b,s:b,s:o,s:s?,s:s?,s:s,s:s?,s:s?,s:i,s:s?,s:s?}", "v", 1, "verdict",
	                 request_verdicts[check->verdict].word, "pinned", or_null(check->pinned), "payee",
	                 or_null(check->payee), "weak", check->weak, "ended", check->ended, "ends_at",
	                 request->ends_at ? json_integer(request->ends_at) : json_null(), "judged_by",
	                 !request->ends_at    ? NULL
	                 : judged->by_network ? "network"
	                                      : "clock",
	                 "taken", check->taken ? id : NULL, "address", request->address, "amount",
	                 request->has_amount ? amount : NULL, "currency",
	                 currency_code(session->network, request->currency), "currency_number", request->currency,
	                 "memo", or_null(request->memo), "key", or_null(request->key));
}

static void request_check_print(const struct judged *judged)
{
	const struct uncia_request *request = &judged->request;
	const struct uncia_request_check *check = &judged->check;
	const struct verdict *verdict = &request_verdicts[check->verdict];
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE];
	print_coloured(verdict->colour, verdict->sentence);
	putchar('\n');
	if (check->verdict == UNCIA_REQUEST_OTHER)
		printf("pinned is %s\n", check->pinned);
	if (check->weak)
		puts("the sender is known by a nick alone, which may be somebody else's");
	printf("to %s%s%s%s\n", request->address, *check->payee ? ", the account of " : "", check->payee,
	       request->checked ? "" : " (unchecked: of an older form)");
	if (request->has_amount) {
		uncia_amount_format(request->amount, amount);
		printf("amount %s\n", amount);
	}
	if (*request->memo)
		printf("memo \"%s\"\n", request->memo);
	time_format(UINT64_C(1000) * request->ends_at, end);
	if (request->ends_at)
		printf("%s before %s%s\n", check->ended ? "it was to be paid" : "to be paid", end,
		       judged->by_network ? "" : ", by this machine's clock: no validator was asked for the time");
	if (check->taken) {
		uncia_payment_id_format(&check->id, id);
		printf("taken before: payment %s\n", id);
	}
}

/* Judges it. Whether its end has passed is told by the network's time, as where it is paid; where it has one, and the
 * network is given, that is asked for. */
static int request_judge(struct session *session, const struct uncia_peer *peer, const char *text,
                         struct judged *judged)
{
	*judged =
	    (struct judged){.request = {.size = sizeof(judged->request)}, .check = {.size = sizeof(judged->check)}};
	int error = uncia_request_check(session->wallet, peer, text, &judged->request, &judged->check);
	if (error || !judged->request.ends_at || !session->network || session_sync(session))
		return error;
	judged->by_network = true;
	return uncia_request_check(session->wallet, peer, text, &judged->request, &judged->check);
}

static int request_check_one(const struct call *call, struct session *session, const char *text)
{
	struct judged judged;
	struct sent_by from;
	int code = sent_by_read(call, session, &from);
	if (code)
		return code;
	int error = request_judge(session, &from.peer, text, &judged);
	if (error == UNCIA_E_DAMAGED || error == UNCIA_E_IO || error == UNCIA_E_MEMORY || error == UNCIA_E_BUSY)
		return cli_complain_error(error, "the request");
	if (error == UNCIA_E_ARGUMENT)
		return cli_complain_usage(call, "--from and --own are not two handles of one protocol");
	if (error)
		return cli_complain(EXIT_MISMATCH, "\"%.80s\" is not a request: %s", text,
		                    text_error_words(UNCIA_TEXT_REQUEST, text, error));
	code = judged.check.ended ? EXIT_EXPIRED : request_verdicts[judged.check.verdict].code;
	int printed;
	if (call->json) {
		printed = cli_json_print(request_check_json(session, &judged));
	} else {
		request_check_print(&judged);
		printed = cli_output_flush();
	}
	return printed ? printed : code;
}

static int run_request_check(const struct call *call)
{
	char text[PASTED_SIZE];
	struct session session;
	uint8_t id[32];
	int code = pasted_read(call->operands[0], text);
	if (code)
		return code;
	code = session_open(call, network_given(call), QUERY_TIMEOUT_MS, &session);
	if (!code)
		code = network_id_read(call, &session, id);
	if (!code)
		code = request_check_one(call, &session, text);
	session_close(&session);
	return code;
}

#define OPTION_FROM_HELP                                                                                               \
	{                                                                                                              \
		"from", '\0', POPT_ARG_STRING, NULL, OPTION_FROM,                                                      \
		    "Who has sent it: a handle, with --own; a contact as @NAME; or an address", "NAME"                 \
	}

static const struct poptOption notice_check_options[] = {
    OPTION_FROM_HELP,
    OPTIONS_PEER,
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO, "The memo, where it came beside the notice", "TEXT"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for a verdict; 10 by default",
     "SECONDS"},
    OPTIONS_GLOBAL};
static const struct poptOption request_check_options[] = {OPTION_FROM_HELP, OPTIONS_PEER, OPTIONS_GLOBAL};

const struct verb verb_request_check = {
    .name = "request check",
    .operands = "REQUEST|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "say whom a request pays",
    .description =
        "Says of a request whether it pays the account that is pinned for whoever has sent it, and whether it\n"
        "was taken before. To pay it: uncia send. Whether its end has passed is told by the network's time; without\n"
        "--network, or where no validator can be reached, by this machine's clock, which is said.\n\n"
        "Exit codes: 7 where it pays another account, the sender is not pinned, or it was changed on the\n"
        "way; 8 where it was to be paid before now.",
    .options = request_check_options,
    .run = run_request_check};

const struct verb verb_notice_check = {
    .name = "notice check",
    .operands = "NOTICE|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "find out whether a notice is true, and new",
    .description =
        "Says whether the payment that somebody tells of, by a notice or an id, is final, goes to this wallet,\n"
        "comes from the account that is pinned for them, was made with this memo, and was never told before.\n"
        "Then it is paid, with the sum that came; told once, it is no new payment any more. What was paid before\n"
        "the wallet's home was made or restored counts as told.\n\n"
        "Exit codes: 0 paid; 3 it is on its way, or nobody knows it yet; 4 nobody ever will; 6 no validator can be\n"
        "reached; 7 it is something else: the payment of another account or to somebody else, another memo, told\n"
        "before, changed on the way, no notice at all; 8 expired.",
    .options = notice_check_options,
    .run = run_notice_check};
