/* uncia address, request and version: text that needs no network. */
#include "verbs.h"
#include <stdio.h>
#include <string.h>
#include "payee.h"

/* The wallet's address, with the reference that was asked for. Returns an exit code. */
static int address_own(const struct call *call, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	const char *reference = call->value[OPTION_REFERENCE];
	struct uncia_address address;
	struct session session;
	uint8_t bytes[8];
	int code = reference ? reference_read(call, reference, bytes) : 0;
	if (code)
		return code;
	code = session_open(call, false, 0, &session);
	if (!code)
		code = session_unlock(&session);
	int error = code ? 0 : uncia_wallet_address(session.wallet, text);
	if (error)
		code = cli_complain_error(error, session.home);
	session_close(&session);
	if (code || !reference)
		return code;
	error = uncia_address_parse(text, &address);
	if (error)
		return cli_complain_error(error, text);
	address.has_reference = true;
	memcpy(address.reference, bytes, sizeof(bytes));
	uncia_address_format(&address, text);
	return 0;
}

static int run_address(const struct call *call)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	int code = address_own(call, address);
	if (code)
		return code;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s}", "v", 1, "address", address));
	puts(address);
	return cli_output_flush();
}

static int print_request(const struct call *call, const struct uncia_request *request, const char *text)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE] = "";
	if (request->has_amount)
		uncia_amount_format(request->amount, amount);
	const char *memo = *request->memo ? request->memo : NULL;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s?,s:s?}", "v", 1, "request", text, "address",
		                                request->address, "amount", request->has_amount ? amount : NULL, "memo",
		                                memo));
	if (!call->value[OPTION_READ]) {
		puts(text);
		return cli_output_flush();
	}
	printf("to %s\n", request->address);
	if (request->has_amount)
		printf("amount %s\n", amount);
	if (memo)
		printf("memo %s\n", memo);
	return cli_output_flush();
}

/* Where the network is known, an amount that nobody could pay in it is refused. Returns an exit code. */
static int payable_check(const struct call *call, uint64_t amount)
{
	struct uncia_network *network = NULL;
	const char *path;
	int code = network_given(call) ? network_open(call, &path, &network) : 0;
	if (!code && network)
		code = smallest_check(call, network, amount);
	uncia_network_free(network);
	return code;
}

static int run_request(const struct call *call)
{
	struct uncia_request request = {.size = sizeof(request)};
	char text[UNCIA_REQUEST_TEXT_SIZE];
	const char *memo = call->value[OPTION_MEMO], *read = call->value[OPTION_READ];
	int code = 0;
	if (read && (call->operand_count || memo || call->value[OPTION_REFERENCE]))
		return cli_complain_usage(call, "--read takes a request and nothing else");
	if (read)
		code = request_read(call, read, &request);
	if (call->operand_count) {
		request.has_amount = true;
		code = amount_read(call, call->operands[0], &request.amount);
		if (!code)
			code = payable_check(call, request.amount);
	}
	if (!code && memo && !(code = memo_check(call, memo)))
		strcpy(request.memo, memo);
	if (!code && !read)
		code = address_own(call, request.address);
	if (code)
		return code;
	int error = uncia_request_format(&request, text);
	return error ? cli_complain_error(error, "request") : print_request(call, &request, text);
}

static int run_version(const struct call *call)
{
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s}", "v", 1, "version", uncia_version()));
	printf("uncia %s\n", uncia_version());
	return cli_output_flush();
}

#define OPTION_REFERENCE_HELP                                                                                          \
	{                                                                                                              \
		"reference", '\0', POPT_ARG_STRING, NULL, OPTION_REFERENCE,                                            \
		    "Put a sub-account or order number of 16 hexadecimal digits into the address", "HEX"               \
	}

static const struct poptOption address_options[] = {OPTION_REFERENCE_HELP, OPTIONS_GLOBAL};

const struct verb verb_address = {
    .name = "address",
    .operands = "",
    .summary = "show the address to be paid at",
    .description = "Shows the wallet's address. A reference becomes a part of it, under its checksum.",
    .options = address_options,
    .run = run_address};

static const struct poptOption request_options[] = {
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO, "What it is for, at most 512 bytes", "TEXT"},
    OPTION_REFERENCE_HELP,
    {"read", '\0', POPT_ARG_STRING, NULL, OPTION_READ, "Show what a request asks for instead", "REQUEST"},
    OPTIONS_GLOBAL};

const struct verb verb_request = {
    .name = "request",
    .operands = "[AMOUNT]",
    .operands_max = 1,
    .summary = "make a request to be paid, to send in a chat",
    .description = "Makes a request, uncia:unc1…?amount=…&memo=…, which the other side hands to uncia send. A request\n"
                   "says nothing about who wrote it: look at the payee before you pay one. With a network file, an\n"
                   "amount below the network's smallest is refused: nobody could pay it.",
    .options = request_options,
    .run = run_request};

static const struct poptOption version_options[] = {OPTIONS_GLOBAL};

const struct verb verb_version = {.name = "version",
                                  .operands = "",
                                  .summary = "show the version",
                                  .description = "Shows the version of uncia and of libuncia.",
                                  .options = version_options,
                                  .run = run_version};
