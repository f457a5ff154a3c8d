/* uncia contact: names pinned to the address they had when they were first used. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "contact_text.h"
#include "payee.h"
#include "verbs.h"

static int print_contact(const struct call *call, const char *name, const char *address)
{
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s}", "v", 1, "name", name, "address", address));
	printf("%s %s\n", name, address);
	return cli_output_flush();
}

/* The name as it is stored, where it is one by today's rules. */
static const char *stored_name(const char *name, char prepared[UNCIA_CONTACT_NAME_SIZE])
{
	char why[UNCIA_WHY_SIZE];
	return uncia_contact_name(name, prepared, why) ? name : prepared;
}

/* The character at a byte of well-formed UTF-8; 0 at the end. */
static unsigned code_point(const char *text, size_t at)
{
	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	unsigned first = (unsigned char)text[at], more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	unsigned value = more ? first & (0x3fu >> more) : first;
	for (unsigned i = 1; i <= more; i++)
		value = value << 6 | ((unsigned char)text[at + i] & 0x3f);
	return value;
}

/* Shows both names that look alike, with what tells them apart: a character, and their addresses.
 * wanted: the address that the name was to have. Returns an exit code. */
static int complain_alike(struct uncia_wallet *wallet, const char *given, const char *wanted)
{
	char prepared[UNCIA_CONTACT_NAME_SIZE];
	const char *name = stored_name(given, prepared);
	char other[UNCIA_CONTACT_NAME_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_contact_alike(wallet, name, other, address);
	if (error)
		return cli_complain_error(error, name);
	size_t same = 0;
	while (name[same] && name[same] == other[same])
		same++;
	return cli_complain(EXIT_FAILED,
	                    "\"%s\" for %s would be taken for the contact \"%s\", %s (the first has U+%04X where the "
	                    "second has U+%04X): use that name, or another one, or remove that contact first",
	                    name, wanted, other, address, code_point(name, same), code_point(other, same));
}

/* Says what an error means for a contact; nothing for 0. Returns an exit code. */
static int contact_explain(const struct call *call, int error, const char *name)
{
	char prepared[UNCIA_CONTACT_NAME_SIZE], why[UNCIA_WHY_SIZE];
	switch (error) {
	case 0:
		return 0;
	case UNCIA_E_ARGUMENT:
		return cli_complain_usage(call, "\"%s\" is not a name: %s", name,
		                          uncia_contact_name(name, prepared, why) ? why : uncia_error_text(error));
	case UNCIA_E_NOT_FOUND:
		return cli_complain(EXIT_NOT_FOUND, "%s: no such contact", name);
	case UNCIA_E_EXISTS:
		return cli_complain(EXIT_FAILED,
		                    "%s is pinned to another address, which may mean that somebody poses as them; "
		                    "once you are sure, use --replace",
		                    name);
	default:
		return cli_complain_error(error, name);
	}
}

/* uncia_contact_pin; waits for another process that makes a payment or archives some at this moment. */
static int pin_when_free(struct uncia_wallet *wallet, const char *name, const char *address, bool replace)
{
	uint64_t deadline_us = now_us() + UINT64_C(1000) * QUERY_TIMEOUT_MS;
	int error;
	while ((error = uncia_contact_pin(wallet, name, address, replace)) == UNCIA_E_BUSY && now_us() < deadline_us)
		poll(NULL, 0, BUSY_PAUSE_MS);
	return error;
}

static int run_add(const struct call *call)
{
	const char *name = call->operands[0];
	char address[UNCIA_ADDRESS_TEXT_SIZE] = "", prepared[UNCIA_CONTACT_NAME_SIZE];
	const bool signed_text = uncia_text_kind(call->operands[1]) == UNCIA_TEXT_CONTACT;
	struct uncia_contact contact;
	struct session session;
	int code = signed_text ? 0 : address_read(call, call->operands[1], address);
	if (code)
		return code;
	code = session_open(call, signed_text && network_given(call), 0, &session);
	if (!code && signed_text && !(code = contact_text_read(call, &session, call->operands[1], &contact))) {
		strcpy(address, contact.address);
		if (*contact.handle)
			cli_complain(0, "the owner of this account has signed for %s", contact.handle);
	}
	if (!code) {
		int error = pin_when_free(session.wallet, name, address, call->value[OPTION_REPLACE]);
		code = error == UNCIA_E_ALIKE ? complain_alike(session.wallet, name, address)
		                              : contact_explain(call, error, name);
	}
	session_close(&session);
	return code ? code : print_contact(call, stored_name(name, prepared), address);
}

static int run_show(const struct call *call)
{
	const char *name = call->operands[0];
	char address[UNCIA_ADDRESS_TEXT_SIZE], prepared[UNCIA_CONTACT_NAME_SIZE];
	struct session session;
	int code = session_open(call, false, 0, &session);
	if (!code)
		code = contact_explain(call, uncia_contact_find(session.wallet, name, address), name);
	session_close(&session);
	return code ? code : print_contact(call, stored_name(name, prepared), address);
}

static int run_remove(const struct call *call)
{
	const char *name = call->operands[0];
	struct session session;
	int code = session_open(call, false, 0, &session);
	if (!code)
		code = contact_explain(call, uncia_contact_remove(session.wallet, name), name);
	session_close(&session);
	if (code)
		return code;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:b}", "v", 1, "name", name, "removed", true));
	printf("%s is removed\n", name);
	return cli_output_flush();
}

static int contact_list(const struct call *call, struct uncia_wallet *wallet)
{
	char name[UNCIA_CONTACT_NAME_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count;
	int error = uncia_contact_count(wallet, &count);
	if (error)
		return cli_complain_error(error, "contacts");
	json_t *contacts = call->json ? json_array() : NULL;
	for (size_t i = 0; i < count && !uncia_contact_at(wallet, i, name, address); i++) {
		if (!call->json) {
			printf("%s %s\n", name, address);
		} else if (json_array_append_new(contacts, json_pack("{s:s,s:s}", "name", name, "address", address))) {
			json_decref(contacts);
			contacts = NULL;
		}
	}
	return call->json ? cli_json_print(json_pack("{s:i,s:o}", "v", 1, "contacts", contacts)) : cli_output_flush();
}

static int run_list(const struct call *call)
{
	struct session session;
	int code = session_open(call, false, 0, &session);
	if (!code)
		code = contact_list(call, session.wallet);
	session_close(&session);
	return code;
}

static const struct poptOption add_options[] = {
    {"replace", '\0', POPT_ARG_NONE, NULL, OPTION_REPLACE, "Pin a known name to a new address", NULL}, OPTIONS_GLOBAL};
static const struct poptOption plain_options[] = {OPTIONS_GLOBAL};

const struct verb verb_contact_add = {
    .name = "contact add",
    .operands = "NAME ADDRESS",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "pin a name to an address",
    .description =
        "Pins a name to an address, so that uncia send @NAME pays there. ADDRESS may be the text of a contact,\n"
        "uncia:uncwho1…: the account that signed it. A name keeps its address: another one is refused, unless\n"
        "you say --replace. A name that people would take for that of another contact (by case, or\n"
        "characters that look alike) is refused, with both shown.",
    .options = add_options,
    .run = run_add};

const struct verb verb_contact_list = {.name = "contact list",
                                       .operands = "",
                                       .summary = "list the contacts",
                                       .description = "Lists all contacts with their addresses, sorted by name.",
                                       .options = plain_options,
                                       .run = run_list};

const struct verb verb_contact_show = {.name = "contact show",
                                       .operands = "NAME",
                                       .operands_min = 1,
                                       .operands_max = 1,
                                       .summary = "show the address of a contact",
                                       .description =
                                           "Shows the address of a contact. Exit code 4 where there is none.",
                                       .options = plain_options,
                                       .run = run_show};

const struct verb verb_contact_remove = {.name = "contact remove",
                                         .operands = "NAME",
                                         .operands_min = 1,
                                         .operands_max = 1,
                                         .summary = "forget a contact",
                                         .description = "Forgets a contact. Exit code 4 where there is none.",
                                         .options = plain_options,
                                         .run = run_remove};
