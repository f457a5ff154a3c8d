/* What a user types behind /uncia. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "answers.h"
#include "claims.h"
#include "hearing.h"
#include "opening.h"
#include "ordering.h"
#include "people.h"
#include "question.h"
#include "say.h"

#define WORD_SIZE 16

static const char *const help_lines[] = {
    "/pay AMOUNT [note]: pays whom this conversation is with; in a group: /pay NAME AMOUNT [note]",
    "/uncia address: shows the other one your account, signed, so that it can be paid",
    "/uncia request AMOUNT [note]: asks to be paid",
    "/uncia accept [CODE] [AMOUNT]: pays a request that was shown here",
    "/uncia claim AMOUNT: money for somebody who has no account yet; in a group: /uncia claim --public AMOUNT",
    "/uncia claim [CODE]: takes such money that was shown here",
    "/uncia balance, /uncia history: what there is, and what was paid lately",
    "/uncia contact: the account that is pinned for the other one, and digits to compare by voice",
    "/uncia yes CODE: confirms what was asked, within 60 s, in the same conversation",
};

static void command_help(struct plugin *p, const struct conversation *where, const char *arguments)
{
	(void)arguments;
	for (size_t i = 0; i < sizeof(help_lines) / sizeof(*help_lines); i++)
		plugin_say(p, where, "%s", help_lines[i]);
}

static void send_text(struct plugin *p, const struct conversation *where, const char *before, const char *text)
{
	char message[UNCIA_CHAT_TEXT_SIZE + 32];
	snprintf(message, sizeof(message), "%s%s", before, text);
	if (!p->client.send(p->client.context, where, message))
		plugin_say(p, where,
		           "It could not be sent: there is no connection, nobody here to send it to, or another plugin "
		           "keeps it.");
}

static void command_address(struct plugin *p, const struct conversation *where, const char *arguments)
{
	char text[UNCIA_CHAT_TEXT_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	(void)arguments;
	if (!opening_need_key(p, where))
		return;
	const char *handle = *where->self && strlen(where->self) < UNCIA_HANDLE_SIZE ? where->self : NULL;
	int error = uncia_wallet_address(p->wallet, address);
	if (!error)
		error = uncia_wallet_contact(p->wallet, handle, text);
	if (error) {
		plugin_say(p, where, "Your account cannot be shown: %s.", uncia_error_text(error));
		return;
	}
	plugin_say(p, where, "Your account is %s, signed for %s.", address, handle ? handle : "no handle");
	send_text(p, where, "My account: ", text);
}

static void command_request(struct plugin *p, const struct conversation *where, const char *arguments)
{
	struct uncia_request request = {.size = sizeof(request), .has_amount = true};
	char text[UNCIA_CHAT_TEXT_SIZE];
	if (!opening_need_key(p, where) || !ordering_amount(p, where, &arguments, &request.amount) ||
	    !ordering_note(p, where, arguments))
		return;
	snprintf(request.memo, sizeof(request.memo), "%s", arguments);
	int error = uncia_wallet_request(p->wallet, &request, text);
	if (error)
		plugin_say(p, where, "Nothing was asked for: %s.", uncia_error_text(error));
	else
		send_text(p, where, "Please pay: ", text);
}

static void command_contact(struct plugin *p, const struct conversation *where, const char *arguments)
{
	if (!opening_need_key(p, where))
		return;
	if (!strcmp(arguments, "compared"))
		person_compared(p, where);
	else
		person_say(p, where);
}

static void command_accept(struct plugin *p, const struct conversation *where, const char *arguments)
{
	hearing_accept(p, where, arguments);
}

static void command_yes(struct plugin *p, const struct conversation *where, const char *arguments)
{
	if (opening_need(p, where))
		question_answer(p, where, arguments);
}

static void command_balance(struct plugin *p, const struct conversation *where, const char *arguments)
{
	(void)arguments;
	if (opening_need(p, where))
		answers_balance(p, where);
}

static void command_history(struct plugin *p, const struct conversation *where, const char *arguments)
{
	(void)arguments;
	if (opening_need(p, where))
		answers_history(p, where);
}

static const struct command {
	const char *word;
	void (*run)(struct plugin *p, const struct conversation *where, const char *arguments);
} commands[] = {
    {"claim", claims_command},    {"help", command_help},       {"address", command_address},
    {"request", command_request}, {"accept", command_accept},   {"yes", command_yes},
    {"balance", command_balance}, {"history", command_history}, {"contact", command_contact},
};

void plugin_command(struct plugin *p, const struct conversation *given, const char *arguments)
{
	struct conversation named = *given;
	const struct conversation *where = &named;
	name_clean(named.name);
	arguments += strspn(arguments, " ");
	size_t size = strcspn(arguments, " ");
	const char *rest = arguments + size + strspn(arguments + size, " ");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strlen(commands[i].word) == size && !memcmp(commands[i].word, arguments, size)) {
			commands[i].run(p, where, rest);
			return;
		}
	if (size)
		plugin_say(p, where, "\"%.*s\" is no command of /uncia:", (int)(size < WORD_SIZE ? size : WORD_SIZE),
		           arguments);
	command_help(p, where, rest);
}
