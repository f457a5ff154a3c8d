/* uncia address and version: text that needs no network. */
#include "verbs.h"
#include <stdio.h>
#include <string.h>
#include "payee.h"
#include "qr.h"

/* The wallet's address, with the reference that was asked for. Returns an exit code. */
static int address_own(const struct call *call, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_address address;
	struct session session;
	uint8_t bytes[8];
	int code = call->value[OPTION_REFERENCE] ? reference_read(call, call->value[OPTION_REFERENCE], bytes) : 0;
	if (code)
		return code;
	code = session_open(call, false, 0, &session);
	if (!code)
		code = session_unlock(&session);
	int error = code ? 0 : uncia_wallet_address(session.wallet, text);
	if (error)
		code = cli_complain_error(error, session.home);
	session_close(&session);
	return code || !call->value[OPTION_REFERENCE] ? code : address_with_reference(call, text, &address);
}

static int run_address(const struct call *call)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	int code = qr_check(call);
	if (!code)
		code = address_own(call, address);
	if (!code)
		code = qr_show(call, address, 0644);
	if (code)
		return code;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s}", "v", 1, "address", address));
	puts(address);
	return cli_output_flush();
}

static int run_version(const struct call *call)
{
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s}", "v", 1, "version", uncia_version()));
	printf("uncia %s\n", uncia_version());
	return cli_output_flush();
}

static const struct poptOption address_options[] = {OPTION_REFERENCE_HELP, OPTIONS_QR_HELP, OPTIONS_GLOBAL};

const struct verb verb_address = {
    .name = "address",
    .operands = "",
    .summary = "show the address to be paid at",
    .description =
        "Shows the wallet's address. A reference becomes a part of it, under its checksum. A QR code of it is\n"
        "drawn in black on white, whatever the terminal's colours are; where it has none (NO_COLOR, no terminal),\n"
        "for a dark one.",
    .options = address_options,
    .run = run_address};

static const struct poptOption version_options[] = {OPTIONS_GLOBAL};

const struct verb verb_version = {.name = "version",
                                  .operands = "",
                                  .summary = "show the version",
                                  .description = "Shows the version of uncia and of libuncia.",
                                  .options = version_options,
                                  .run = run_version};
