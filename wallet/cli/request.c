/* uncia request and notice: texts for chats that ask for a payment, and that tell of one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "outcome.h"
#include "payee.h"
#include "qr.h"
#include "verbs.h"

#define REQUEST_SECONDS_MAX UINT64_C(315360000) /* ten years */

/* ---- request --------------------------------------------------------------------------------- */

static int print_request_json(const struct uncia_network *network, const struct uncia_request *request,
                              const char *text, const char *amount)
{
	char lock[2 * sizeof(request->lock) + 1] = "";
	for (size_t i = 0; request->has_lock && i < sizeof(request->lock); i++)
		snprintf(lock + 2 * i, 3, "%02x", request->lock[i]);
	return cli_json_print(json_pack("{s:i,s:s,s:s,s:s?,s:s?,s:i,s:s?,s:o,s:s?,s:b}", "v", 1, "request", text,
	                                "address", request->address, "amount", request->has_amount ? amount : NULL,
	                                "currency", currency_code(network, request->currency), "currency_number",
	                                request->currency, "memo", *request->memo ? request->memo : NULL, "ends_at",
	                                request->ends_at ? json_integer(request->ends_at) : json_null(), "lock",
	                                *lock ? lock : NULL, "checked", request->checked));
}

static int print_request(const struct call *call, const struct uncia_network *network,
                         const struct uncia_request *request, const char *text)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE] = "", when[TIME_TEXT_SIZE];
	if (request->has_amount)
		uncia_amount_format(request->amount, amount);
	if (call->json)
		return print_request_json(network, request, text, amount);
	if (!call->value[OPTION_READ]) {
		puts(text);
		return cli_output_flush();
	}
	printf("to %s\n", request->address);
	if (request->has_amount)
		printf("amount %s\n", amount);
	if (request->currency > 1)
		printf("currency number %d\n", request->currency);
	if (request->ends_at) {
		time_format(UINT64_C(1000) * request->ends_at, when);
		printf("until %s\n", when);
	}
	if (*request->memo)
		printf("memo %s\n", request->memo);
	if (request->has_lock)
		puts("it asks for a hold, not for a payment");
	if (!request->checked)
		puts("unchecked: of an older form, whose end may have been cut on its way");
	return cli_output_flush();
}

static int show_request(const struct call *call)
{
	const char *text = call->value[OPTION_READ], *path;
	struct uncia_network *network = NULL;
	struct uncia_request request;
	uint8_t id[32];
	if (call->operand_count || call->value[OPTION_MEMO] || call->value[OPTION_REFERENCE] ||
	    call->value[OPTION_EXPIRES] || call->value[OPTION_QR] || call->value[OPTION_QR_FILE])
		return cli_complain_usage(call, "--read takes a request and nothing else");
	int code = network_given(call) ? network_open(call, &path, &network) : 0;
	if (code)
		return code;
	if (network)
		uncia_network_id(network, id);
	code = request_read(call, network ? id : NULL, text, &request);
	if (!code)
		code = print_request(call, network, &request, text);
	uncia_network_free(network);
	return code;
}

static const struct number_option request_expires_option = {OPTION_EXPIRES, "--expires", 1, REQUEST_SECONDS_MAX, 0};

/* What the command line asks for. Returns an exit code. */
static int read_wish(const struct call *call, struct uncia_request *request)
{
	const char *memo = call->value[OPTION_MEMO];
	uint64_t seconds;
	int code = option_number(call, &request_expires_option, &seconds);
	if (!code && seconds)
		request->ends_at = (uint32_t)((uint64_t)time(NULL) + seconds);
	if (!code && call->operand_count) {
		request->has_amount = true;
		code = amount_read(call, call->operands[0], &request->amount);
	}
	if (!code && memo && !(code = chat_memo_check(call, memo)))
		strcpy(request->memo, memo);
	return code;
}

/* The wallet's own address, with the reference that was asked for. Returns an exit code. */
static int own_address(const struct call *call, const struct session *session, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_address address;
	int error = uncia_wallet_address(session->wallet, text);
	if (error)
		return cli_complain_error(error, session->home);
	return call->value[OPTION_REFERENCE] ? address_with_reference(call, text, &address) : 0;
}

static int run_request(const struct call *call)
{
	struct uncia_request request = {.size = sizeof(request)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct session session;
	uint8_t id[32];
	if (call->value[OPTION_READ])
		return show_request(call);
	int code = qr_check(call);
	if (!code)
		code = read_wish(call, &request);
	if (code)
		return code;
	code = session_open(call, network_given(call), 0, &session);
	/* Where the network is known, an amount that nobody could pay in it is refused. */
	if (!code && session.network && request.has_amount)
		code = smallest_check(call, session.network, request.amount);
	if (!code)
		code = network_id_read(call, &session, id);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = own_address(call, &session, request.address);
	int error = code ? 0 : uncia_wallet_request(session.wallet, &request, text);
	if (error)
		code = cli_complain_error(error, "the request");
	if (!code)
		code = qr_show(call, text, 0644);
	if (!code)
		code = print_request(call, session.network, &request, text);
	session_close(&session);
	return code;
}

/* ---- notice ---------------------------------------------------------------------------------- */

static int print_notice(const struct call *call, const struct uncia_notice *notice, const char *text)
{
	char id[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(&notice->id, id);
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s?}", "v", 1, "notice", text, "id", id, "memo",
		                                *notice->memo ? notice->memo : NULL));
	if (!call->value[OPTION_READ])
		puts(text);
	else
		printf("id %s\n%s%s%s", id, *notice->memo ? "memo " : "", notice->memo, *notice->memo ? "\n" : "");
	return cli_output_flush();
}

static int show_notice(const struct call *call)
{
	const char *text = call->value[OPTION_READ], *path;
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_network *network = NULL;
	uint8_t id[32];
	if (call->operand_count)
		return cli_complain_usage(call, "--read takes a notice and nothing else");
	int code = network_given(call) ? network_open(call, &path, &network) : 0;
	if (code)
		return code;
	if (network)
		uncia_network_id(network, id);
	int error = uncia_notice_parse(network ? id : NULL, text, &notice);
	uncia_network_free(network);
	return error ? cli_complain_usage(call, "\"%.80s\" is not a notice: %s", text,
	                                  text_error_words(UNCIA_TEXT_NOTICE, text, error))
	             : print_notice(call, &notice, text);
}

/* The notice of a payment of this home. Its memo is what it was paid with: its hash is what the payment carries. */
static int make_notice(const struct session *session, struct uncia_notice *notice)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	int error = uncia_wallet_payment(session->wallet, &notice->id, &payment);
	if (error == UNCIA_E_NOT_FOUND || (!error && !payment.own))
		return cli_complain(EXIT_NOT_FOUND, "this wallet has made no payment of this id");
	if (error)
		return cli_complain_error(error, "the payment");
	if (payment.state == UNCIA_PAYMENT_EXPIRED)
		return cli_complain(EXIT_EXPIRED, "the payment expired: it never happened");
	if (strlen(payment.memo) < sizeof(notice->memo))
		strcpy(notice->memo, payment.memo);
	else
		cli_complain(0, "the memo is longer than %zu bytes, and stays out of the notice",
		             sizeof(notice->memo) - 1);
	return 0;
}

static int run_notice(const struct call *call)
{
	struct uncia_notice notice = {.size = sizeof(notice)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct session session;
	uint8_t id[32];
	if (call->value[OPTION_READ])
		return show_notice(call);
	if (!call->operand_count)
		return cli_complain_usage(call, "expected ID");
	int code = payment_id_read(call, call->operands[0], &notice.id);
	if (code)
		return code;
	code = session_open(call, network_given(call), 0, &session);
	if (!code)
		code = network_id_read(call, &session, id);
	if (!code)
		code = make_notice(&session, &notice);
	session_close(&session);
	int error = code ? 0 : uncia_notice_format(id, &notice, text);
	if (error)
		code = cli_complain_error(error, "the notice");
	return code ? code : print_notice(call, &notice, text);
}

static const struct poptOption request_options[] = {
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO, "What it is for, at most 96 bytes", "TEXT"},
    OPTION_REFERENCE_HELP,
    {"expires", '\0', POPT_ARG_STRING, NULL, OPTION_EXPIRES, "It is not to be paid after this time", "SECONDS"},
    {"read", '\0', POPT_ARG_STRING, NULL, OPTION_READ, "Show what a request asks for instead", "REQUEST"},
    OPTIONS_QR_HELP,
    OPTIONS_GLOBAL};

const struct verb verb_request = {
    .name = "request",
    .operands = "[AMOUNT]",
    .operands_max = 1,
    .summary = "make a request to be paid, to send in a chat",
    .description =
        "Makes a request, uncia:uncask1…, which the other side hands to uncia send. It has a checksum, and a\n"
        "reference of its own, so that the wallet that takes it twice pays it once. It says nothing about\n"
        "who wrote it: look at the payee before you pay one. Needs a network file, or a wallet that has\n"
        "been used with one; with the file, an amount below the network's smallest is refused: nobody\n"
        "could pay it. Requests of the older form, uncia:unc1…?amount=…, are still read, and shown as\n"
        "unchecked.",
    .options = request_options,
    .run = run_request};

static const struct poptOption notice_options[] = {
    {"read", '\0', POPT_ARG_STRING, NULL, OPTION_READ, "Show what a notice says instead", "NOTICE"}, OPTIONS_GLOBAL};

const struct verb verb_notice = {
    .name = "notice",
    .operands = "[ID]",
    .operands_max = 1,
    .summary = "tell in a chat of a payment made by this wallet",
    .description = "Makes a notice, uncia:uncpaid1…: the payment's id and the memo that it was made with. It proves\n"
                   "nothing: whoever gets it looks for the payment, and for its receipt.\n\n"
                   "Exit codes: 4 where this wallet has made no such payment, 8 where it expired.",
    .options = notice_options,
    .run = run_notice};
