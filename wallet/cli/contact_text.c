/* uncia contact export, read and code: who somebody is in a chat, and whether nobody stands in between. */
#include "contact_text.h"
#include <stdio.h>
#include <string.h>
#include "payee.h"
#include "qr.h"
#include "verbs.h"

int contact_text_read(const struct call *call, const struct session *session, const char *text,
                      struct uncia_contact *contact)
{
	uint8_t id[32];
	int code = network_id_read(call, session, id);
	*contact = (struct uncia_contact){.size = sizeof(*contact)};
	int error = code ? 0 : uncia_contact_parse(id, text, contact);
	return error ? cli_complain(EXIT_MISMATCH, "\"%.80s\" is not the text of a contact: %s", text,
	                            text_error_words(UNCIA_TEXT_CONTACT, text, error))
	             : code;
}

static int print_contact_text(const struct call *call, const struct uncia_contact *contact, const char *text)
{
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s?}", "v", 1, "contact", text, "address",
		                                contact->address, "handle", *contact->handle ? contact->handle : NULL));
	printf("address %s\n", contact->address);
	if (*contact->handle)
		printf("handle %s\n", contact->handle);
	return cli_output_flush();
}

static int run_contact_read(const struct call *call)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct session session;
	int code = session_open(call, network_given(call), 0, &session);
	if (!code)
		code = contact_text_read(call, &session, call->operands[0], &contact);
	session_close(&session);
	return code ? code : print_contact_text(call, &contact, call->operands[0]);
}

/* The text, and what it says. Returns an exit code. */
static int contact_make(const struct call *call, struct session *session, struct uncia_contact *contact,
                        char text[UNCIA_CHAT_TEXT_SIZE])
{
	const char *handle = call->value[OPTION_HANDLE];
	uint8_t id[32];
	int code = network_id_read(call, session, id);
	if (!code)
		code = session_unlock(session);
	int error = code ? 0 : uncia_wallet_contact(session->wallet, handle, text);
	if (error == UNCIA_E_ENCODING)
		return cli_complain_usage(
		    call,
		    "--handle: not PROTOCOL:NAME of at most %d bytes, without blanks and characters "
		    "that nobody sees",
		    UNCIA_HANDLE_SIZE - 1);
	return error  ? cli_complain_error(error, "the contact")
	       : code ? code
	              : contact_text_read(call, session, text, contact);
}

static int run_contact_export(const struct call *call)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct session session;
	int code = qr_check(call);
	if (code)
		return code;
	code = session_open(call, network_given(call), 0, &session);
	if (!code)
		code = contact_make(call, &session, &contact, text);
	session_close(&session);
	if (!code)
		code = qr_show(call, text, 0644);
	if (code || call->json)
		return code ? code : print_contact_text(call, &contact, text);
	puts(text);
	return cli_output_flush();
}

/* The account that an operand means: @NAME, an address, or the text of a contact. Returns an exit code. */
static int account_of(const struct call *call, const struct session *session, const char *operand,
                      char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	if (*operand == '@')
		return contact_read(session, operand, address);
	if (uncia_text_kind(operand) != UNCIA_TEXT_CONTACT)
		return address_read(call, operand, address);
	int code = contact_text_read(call, session, operand, &contact);
	if (!code)
		strcpy(address, contact.address);
	return code;
}

static int run_contact_code(const struct call *call)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE] = "", own[UNCIA_ADDRESS_TEXT_SIZE], digits[UNCIA_CODE_SIZE];
	struct session session;
	uint8_t id[32];
	int code = session_open(call, network_given(call), 0, &session);
	if (!code)
		code = account_of(call, &session, call->operands[0], address);
	if (!code)
		code = network_id_read(call, &session, id);
	if (!code)
		code = session_unlock(&session);
	int error = code ? 0 : uncia_wallet_address(session.wallet, own);
	if (!code && !error)
		error = uncia_contact_code(id, own, address, digits);
	if (error == UNCIA_E_ARGUMENT)
		code = cli_complain_usage(call, "this is the wallet's own account: there is nobody to compare with");
	else if (error)
		code = cli_complain_error(error, "the code");
	session_close(&session);
	if (code)
		return code;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s}", "v", 1, "address", address, "code", digits));
	printf("%.5s %.5s %.5s %.5s\n", digits, digits + 5, digits + 10, digits + 15);
	return cli_output_flush();
}

static const struct poptOption export_options[] = {
    {"handle", '\0', POPT_ARG_STRING, NULL, OPTION_HANDLE,
     "Who you are in that chat, such as xmpp:bob@example.org or irc:libera/bob", "HANDLE"},
    OPTIONS_QR_HELP,
    OPTIONS_GLOBAL};
static const struct poptOption plain_options[] = {OPTIONS_GLOBAL};

const struct verb verb_contact_export = {
    .name = "contact export",
    .operands = "",
    .summary = "write who you are and where you are paid, signed",
    .description =
        "Writes the text of a contact, uncia:uncwho1…, to be sent in a chat: this wallet's account, and who\n"
        "you are there, signed by the account's key.",
    .options = export_options,
    .run = run_contact_export};

const struct verb verb_contact_read = {
    .name = "contact read",
    .operands = "CONTACT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "verify the text of a contact",
    .description =
        "Verifies the text of a contact, and shows the account, and for whom in which chat its owner signed\n"
        "it: it is worth nothing from anybody else. To pin it: uncia contact add NAME CONTACT.\n\n"
        "Exit code 7 where it was changed on the way, is for another network, or its signature is wrong.",
    .options = plain_options,
    .run = run_contact_read};

const struct verb verb_contact_code = {
    .name = "contact code",
    .operands = "ACCOUNT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "show the digits to compare with somebody by voice",
    .description =
        "Shows twenty digits that the other side sees, too, with your address. Read them to each other: where\n"
        "they are the same, nobody has put an account of his own in between. ACCOUNT is an address, a pinned\n"
        "contact as @NAME, or the text of a contact.",
    .options = plain_options,
    .run = run_contact_code};
