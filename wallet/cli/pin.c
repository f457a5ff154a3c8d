/* uncia contact pin, pins and unpin: people of chats bound to accounts. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "contact_text.h"
#include "payee.h"
#include "peer.h"
#include "verbs.h"

static json_t *pin_json(const struct uncia_pin *pin)
{
	return json_pack("{s:s,s:s,s:s?,s:s,s:b,s:b,s:o}", "handle", pin->handle, "own", pin->own, "login",
	                 *pin->login ? pin->login : NULL, "address", pin->address, "compared", pin->compared, "weak",
	                 pin->weak, "made_ms", json_whole(pin->made_ms));
}

static void pin_print(const struct uncia_pin *pin)
{
	printf("%s %s for %s", pin->handle, pin->address, pin->own);
	if (*pin->login)
		printf(" as %s", pin->login);
	printf("%s%s\n", pin->weak ? ", weak" : "", pin->compared ? ", compared" : "");
}

/* ---- pin ------------------------------------------------------------------------------------- */

/* What is to be decided, with all that helps. Returns an exit code. */
static int complain_verdict(const struct uncia_peer *peer, const struct uncia_contact *contact,
                            const struct uncia_contact_check *check)
{
	const char *account = contact->address, *who = peer->handle;
	switch (check->verdict) {
	case UNCIA_CONTACT_UNSIGNED:
		return cli_complain(
		    EXIT_MISMATCH,
		    "the owner of %s has signed for %s, not for %s: somebody may have repeated the text; "
		    "once you are sure, use --yes",
		    account, *contact->handle ? contact->handle : "nobody in a chat", who);
	case UNCIA_CONTACT_CHANGED:
		return cli_complain(
		    EXIT_MISMATCH,
		    "%s is pinned to %s, not to %s: somebody may have taken over the chat account; once you "
		    "are sure, use --yes",
		    who, check->pinned, account);
	case UNCIA_CONTACT_LOGIN:
		return cli_complain(
		    EXIT_MISMATCH,
		    "%s is pinned with another login: somebody may have taken the nick; once you are sure, "
		    "use --yes",
		    who);
	case UNCIA_CONTACT_ELSEWHERE:
		return cli_complain(
		    EXIT_MISMATCH,
		    "%s is pinned to %s: %s may have repeated that one's text; once you are sure, use --yes",
		    check->other, account, who);
	case UNCIA_CONTACT_ALIKE:
		return cli_complain(EXIT_MISMATCH,
		                    "%s would be taken for %s, who is pinned to %s; once you are sure, use --yes", who,
		                    check->alike, check->alike_address);
	default:
		return cli_complain(EXIT_FAILED, "%s cannot be pinned", who);
	}
}

/* Why nothing was pinned; 0 where it was. Returns an exit code. */
static int pin_explain(const struct call *call, struct session *session, const struct uncia_peer *peer, int error)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check check = {.size = sizeof(check)};
	const char *who = call->operands[1];
	if (!error)
		return 0;
	if (error == UNCIA_E_ENCODING)
		return cli_complain_usage(call, "\"%s\" is no handle, or holds characters that nobody sees",
		                          peer->handle);
	if (error == UNCIA_E_ADDRESS)
		return cli_complain_usage(call, "this is the wallet's own account");
	if (error == UNCIA_E_ARGUMENT)
		return cli_complain_usage(call,
		                          "--own: not PROTOCOL:NAME, or not of the protocol of %s; or --login is "
		                          "empty or not plain text",
		                          peer->handle);
	bool question = error == UNCIA_E_SIGNATURE || error == UNCIA_E_EXISTS || error == UNCIA_E_ALIKE;
	if (!question)
		return cli_complain_error(error, peer->handle);
	if (uncia_text_kind(who) != UNCIA_TEXT_CONTACT)
		return cli_complain(EXIT_MISMATCH, "an address proves nothing of %s; once you are sure, use --yes",
		                    peer->handle);
	error = uncia_contact_check(session->wallet, peer, who, &contact, &check);
	return error ? cli_complain_error(error, peer->handle) : complain_verdict(peer, &contact, &check);
}

/* Waits for another process that is at the home at this moment. */
static int set_when_free(struct uncia_wallet *wallet, const struct uncia_peer *peer, const char *who, unsigned flags)
{
	uint64_t deadline_us = now_us() + UINT64_C(1000) * QUERY_TIMEOUT_MS;
	int error;
	while ((error = uncia_pin_set(wallet, peer, who, flags)) == UNCIA_E_BUSY && now_us() < deadline_us)
		poll(NULL, 0, BUSY_PAUSE_MS);
	return error;
}

/* Reads what is to be pinned, for its own messages: a contact's text or an address. Returns an exit code. */
static int who_check(const struct call *call, const struct session *session, const char *who)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_contact contact;
	return uncia_text_kind(who) == UNCIA_TEXT_CONTACT ? contact_text_read(call, session, who, &contact)
	                                                  : address_read(call, who, address);
}

static int run_pin(const struct call *call)
{
	struct uncia_pin pin = {.size = sizeof(pin)};
	struct uncia_peer peer;
	struct session session;
	unsigned flags = (call->value[OPTION_YES] || call->value[OPTION_COMPARED] ? UNCIA_PIN_DECIDED : 0) |
	                 (call->value[OPTION_COMPARED] ? UNCIA_PIN_COMPARED : 0);
	int code = handle_read(call, call->operands[0], &peer);
	if (code)
		return code;
	code = session_open(call, network_given(call), 0, &session);
	if (!code)
		code = who_check(call, &session, call->operands[1]);
	if (!code)
		code =
		    pin_explain(call, &session, &peer, set_when_free(session.wallet, &peer, call->operands[1], flags));
	int error = code ? 0 : uncia_pin_find(session.wallet, &peer, &pin);
	if (error)
		code = cli_complain_error(error, peer.handle);
	session_close(&session);
	if (code)
		return code;
	if (call->json) {
		json_t *object = json_pack("{s:i}", "v", 1), *members = pin_json(&pin);
		bool whole = object && members && !json_object_update(object, members);
		json_decref(members);
		if (!whole)
			json_decref(object);
		return cli_json_print(whole ? object : NULL);
	}
	pin_print(&pin);
	return cli_output_flush();
}

/* ---- the list -------------------------------------------------------------------------------- */

static int pins_show(const struct call *call, struct uncia_wallet *wallet)
{
	struct uncia_pin pin = {.size = sizeof(pin)};
	size_t count;
	int error = uncia_pin_count(wallet, &count);
	if (error)
		return cli_complain_error(error, "pins");
	json_t *pins = call->json ? json_array() : NULL;
	for (size_t i = 0; i < count && !uncia_pin_at(wallet, i, &pin); i++) {
		if (!call->json) {
			pin_print(&pin);
		} else if (json_array_append_new(pins, pin_json(&pin))) {
			json_decref(pins);
			pins = NULL;
		}
	}
	return call->json ? cli_json_print(json_pack("{s:i,s:o}", "v", 1, "pins", pins)) : cli_output_flush();
}

/* Says which of them are damaged. */
static void say_damaged(struct uncia_wallet *wallet)
{
	struct uncia_event event = {.size = sizeof(event)};
	while (uncia_wallet_event(wallet, &event) > 0)
		if (event.kind == UNCIA_EVENT_ERROR)
			cli_complain(0, "%s", *event.text ? event.text : error_words(event.error));
}

static int run_pins(const struct call *call)
{
	struct session session;
	int code = session_open(call, false, 0, &session);
	if (!code) {
		code = pins_show(call, session.wallet);
		say_damaged(session.wallet);
	}
	session_close(&session);
	return code;
}

static int run_unpin(const struct call *call)
{
	struct uncia_peer peer;
	struct session session;
	int code = handle_read(call, call->operands[0], &peer);
	if (code)
		return code;
	code = session_open(call, false, 0, &session);
	int error = code ? 0 : uncia_pin_drop(session.wallet, &peer);
	if (error == UNCIA_E_NOT_FOUND)
		code = cli_complain(EXIT_NOT_FOUND, "%s is not pinned for %s", peer.handle, peer.own);
	else if (error == UNCIA_E_ARGUMENT)
		code = cli_complain_usage(call, "\"%s\" and --own are not two handles of one protocol", peer.handle);
	else if (error)
		code = cli_complain_error(error, peer.handle);
	session_close(&session);
	if (code)
		return code;
	if (call->json)
		return cli_json_print(
		    json_pack("{s:i,s:s,s:s,s:b}", "v", 1, "handle", peer.handle, "own", peer.own, "removed", true));
	printf("%s is not pinned any more\n", peer.handle);
	return cli_output_flush();
}

static const struct poptOption pin_options[] = {
    OPTIONS_PEER,
    {"yes", '\0', POPT_ARG_NONE, NULL, OPTION_YES, "You are sure, whatever speaks against it", NULL},
    {"compared", '\0', POPT_ARG_NONE, NULL, OPTION_COMPARED,
     "You have compared the digits of uncia contact code by voice; includes --yes", NULL},
    OPTIONS_GLOBAL};
static const struct poptOption unpin_options[] = {OPTIONS_PEER, OPTIONS_GLOBAL};
static const struct poptOption pins_options[] = {OPTIONS_GLOBAL};

const struct verb verb_contact_pin = {
    .name = "contact pin",
    .operands = "HANDLE CONTACT",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "pin a person of a chat to an account",
    .description =
        "Pins a person of a chat, HANDLE (xmpp:bob@example.org, irc:libera/bob), as you know them there with\n"
        "--own, to the account of the text of a contact, uncia:uncwho1…, or of an address. Without --yes only\n"
        "where the owner of the account has signed for this very handle, and nothing pinned speaks against it.\n"
        "Programs on the same wallet use the same pins. Without a --login a pin of IRC is weak: the nick may be\n"
        "somebody else's tomorrow.\n\n"
        "Exit code 7 where it takes --yes, with the reason.",
    .options = pin_options,
    .run = run_pin};

const struct verb verb_contact_pins = {.name = "contact pins",
                                       .operands = "",
                                       .summary = "list the people who are pinned",
                                       .description =
                                           "Lists the people of chats who are pinned, with their accounts, by handle.",
                                       .options = pins_options,
                                       .run = run_pins};

const struct verb verb_contact_unpin = {.name = "contact unpin",
                                        .operands = "HANDLE",
                                        .operands_min = 1,
                                        .operands_max = 1,
                                        .summary = "forget a pin",
                                        .description =
                                            "Forgets to which account a person of a chat is pinned. Exit code 4 where\n"
                                            "they are not.",
                                        .options = unpin_options,
                                        .run = run_unpin};
