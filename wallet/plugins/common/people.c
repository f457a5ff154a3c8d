/* Who is who: an account is pinned for the handle that its owner has signed. */
#include "people.h"
#include <stdio.h>
#include <string.h>
#include "question.h"
#include "say.h"

bool accounts_same(const char *address, const char *other)
{
	struct uncia_address a, b;
	return !uncia_address_parse(address, &a) && !uncia_address_parse(other, &b) &&
	       !memcmp(a.account, b.account, sizeof(a.account));
}

int person_account(struct plugin *p, const struct conversation *peer, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	return *peer->peer ? uncia_contact_find(p->wallet, peer->peer, address) : UNCIA_E_NOT_FOUND;
}

int person_of_account(struct plugin *p, const char *address, struct conversation *peer)
{
	char name[UNCIA_CONTACT_NAME_SIZE], pinned[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count = 0;
	int error = uncia_contact_count(p->wallet, &count);
	for (size_t i = 0; !error && i < count; i++) {
		error = uncia_contact_at(p->wallet, i, name, pinned);
		if (error || !accounts_same(address, pinned))
			continue;
		*peer = (struct conversation){.window = ""};
		const char *slash = strrchr(name, '/'), *colon = strchr(name, ':');
		snprintf(peer->peer, sizeof(peer->peer), "%.60s", name);
		snprintf(peer->name, sizeof(peer->name), "%s", slash ? slash + 1 : colon ? colon + 1 : name);
		return 0;
	}
	return error ? error : UNCIA_E_NOT_FOUND;
}

static void pin(struct plugin *p, const struct conversation *where, const char *address, bool replace)
{
	char alike[UNCIA_CONTACT_NAME_SIZE], its[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_contact_pin(p->wallet, where->peer, address, replace);
	if (error == UNCIA_E_ALIKE && !uncia_contact_alike(p->wallet, where->peer, alike, its))
		plugin_verdict(p, where, "%s is not pinned: it looks like %s, who is paid at %s. Are these two people?",
		               where->peer, alike, its);
	else if (error)
		plugin_verdict(p, where, "%s is not pinned: %s.", where->peer, uncia_error_text(error));
	else
		plugin_verdict(p, where,
		               "%s is paid at %s from now on. /uncia contact shows digits to compare by voice.",
		               where->name, address);
}

static void pin_agreed(struct plugin *p, const struct open_question *question)
{
	pin(p, &question->where, question->contact.address, true);
}

static void ask_to_pin(struct plugin *p, const struct plugin_message *message, const struct uncia_contact *contact,
                       const char *pinned)
{
	struct open_question asked = {.where = message->where, .agreed = pin_agreed, .contact = *contact};
	char text[PLUGIN_LINE_SIZE], whose[UNCIA_HANDLE_SIZE + 64] = "signed for nobody in particular";
	if (*contact->handle && strcmp(contact->handle, message->where.peer))
		snprintf(whose, sizeof(whose), "signed for %s, who is somebody else", contact->handle);
	else if (*contact->handle)
		snprintf(whose, sizeof(whose), "signed for %s", contact->handle);
	if (*pinned)
		snprintf(text, sizeof(text), "%s was paid at %s, and now shows another account, %s (%s).",
		         message->where.peer, pinned, contact->address, whose);
	else
		snprintf(text, sizeof(text), "%s shows the account %s (%s).", message->where.peer, contact->address,
		         whose);
	if (message->delayed)
		plugin_say(p, &message->where, "%s It is an old message: nothing is changed by it.", text);
	else {
		strncat(text, " Is it theirs?", sizeof(text) - strlen(text) - 1);
		question_open(p, &asked, text);
	}
}

void person_heard(struct plugin *p, const struct plugin_message *message, const char *text)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	char pinned[UNCIA_ADDRESS_TEXT_SIZE] = "", own[UNCIA_ADDRESS_TEXT_SIZE];
	int error = uncia_contact_parse(p->network_id, text, &contact);
	if (error) {
		plugin_say(p, &message->where, "The account that %s shows cannot be used: %s.", message->where.name,
		           uncia_error_text(error));
		return;
	}
	if (!uncia_wallet_address_unproved(p->wallet, own) && accounts_same(own, contact.address)) {
		plugin_say(p, &message->where, "%s shows your own account: nothing is pinned.", message->where.name);
		return;
	}
	if (message->where.group || !*message->where.peer) {
		plugin_say(p, &message->where,
		           "Somebody shows the account %s here. Accounts are pinned in a conversation of two only.",
		           contact.address);
		return;
	}
	error = person_account(p, &message->where, pinned);
	if (error && error != UNCIA_E_NOT_FOUND)
		plugin_say(p, &message->where, "What is pinned for %s cannot be read: %s.", message->where.name,
		           uncia_error_text(error));
	else if (!error && accounts_same(pinned, contact.address))
		return;
	else if (error && !strcmp(contact.handle, message->where.peer))
		pin(p, &message->where, contact.address, false);
	else
		ask_to_pin(p, message, &contact, error ? "" : pinned);
}

void person_say(struct plugin *p, const struct conversation *where)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE], digits[UNCIA_CODE_SIZE];
	int error = person_account(p, where, address);
	if (error == UNCIA_E_NOT_FOUND) {
		plugin_say(p, where, "No account is pinned for %s here. They show theirs by /uncia address.",
		           where->name);
		return;
	}
	if (!error)
		error = uncia_wallet_address(p->wallet, own);
	if (!error)
		error = uncia_contact_code(p->network_id, own, address, digits);
	if (error)
		plugin_say(p, where, "%s: %s.", where->name, uncia_error_text(error));
	else
		plugin_say(p, where, "%s (%s) is paid at %s%s. Compare by voice: %.5s %.5s %.5s %.5s", where->name,
		           where->peer, address, where->weak ? ", pinned for a nick that somebody else could take" : "",
		           digits, digits + 5, digits + 10, digits + 15);
}
