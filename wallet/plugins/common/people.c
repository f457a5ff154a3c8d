/* Who is who: libuncia judges each contact text for the one who has sent it, and keeps the pins. */
#include "people.h"
#include <stdio.h>
#include <string.h>
#include "question.h"
#include "say.h"

#define WEAK_TEXT ", pinned for a nick that somebody else could take"

struct uncia_peer person_peer(const struct conversation *where)
{
	return (struct uncia_peer){.size = sizeof(struct uncia_peer),
	                           .own = where->own,
	                           .handle = where->peer,
	                           .login = *where->login ? where->login : NULL,
	                           .room = where->group};
}

bool accounts_same(const char *address, const char *other)
{
	struct uncia_address a, b;
	return !uncia_address_parse(address, &a) && !uncia_address_parse(other, &b) &&
	       !memcmp(a.account, b.account, sizeof(a.account));
}

int person_pin(struct plugin *p, const struct conversation *where, struct uncia_pin *pin)
{
	struct uncia_peer peer = person_peer(where);
	*pin = (struct uncia_pin){.size = sizeof(*pin)};
	return *where->peer && *where->own ? uncia_pin_find(p->wallet, &peer, pin) : UNCIA_E_NOT_FOUND;
}

/* How the owner of a handle is called: what stands behind the protocol, and behind the network of IRC. */
static const char *handle_name(const char *handle)
{
	const char *name = strchr(handle, strncmp(handle, "irc:", 4) ? ':' : '/');
	return name ? name + 1 : handle;
}

int person_of_account(struct plugin *p, const char *address, struct conversation *peer)
{
	struct uncia_pin pin = {.size = sizeof(pin)};
	size_t count = 0;
	int error = uncia_pin_count(p->wallet, &count);
	for (size_t i = 0; !error && i < count; i++) {
		error = uncia_pin_at(p->wallet, i, &pin);
		if (error || !accounts_same(address, pin.address) || strlen(pin.handle) >= sizeof(peer->peer) ||
		    strlen(pin.own) >= sizeof(peer->own))
			continue;
		*peer = (struct conversation){.group = false};
		strcpy(peer->own, pin.own);
		strcpy(peer->peer, pin.handle);
		snprintf(peer->login, sizeof(peer->login), "%.*s", (int)sizeof(peer->login) - 1, pin.login);
		snprintf(peer->name, sizeof(peer->name), "%.*s", (int)sizeof(peer->name) - 1, handle_name(pin.handle));
		name_clean(peer->name);
		return 0;
	}
	return error ? error : UNCIA_E_NOT_FOUND;
}

/* ---- logins ------------------------------------------------------------------------------------------ */

void person_doubt(struct plugin *p, const struct conversation *peer, char text[DOUBT_TEXT_SIZE])
{
	char pinned[PLUGIN_NAME_SIZE], has[PLUGIN_NAME_SIZE];
	struct uncia_pin pin;
	*text = '\0';
	if (peer->group || person_pin(p, peer, &pin) != UNCIA_E_ALIKE)
		return;
	login_text(pin.login, pinned);
	login_text(peer->login, has);
	if (*peer->login)
		snprintf(text, DOUBT_TEXT_SIZE,
		         "ATTENTION: %s is pinned with the login %s, and has the login %s now: it may be somebody else "
		         "who has taken the nick. ",
		         peer->name, pinned, has);
	else
		snprintf(text, DOUBT_TEXT_SIZE,
		         "ATTENTION: %s is pinned with the login %s, and nothing says that they have it now: it may be "
		         "somebody else who has taken the nick. ",
		         peer->name, pinned);
}

const char *person_unknown(struct plugin *p, const struct conversation *where)
{
	struct uncia_pin pin;
	return person_pin(p, where, &pin) == UNCIA_E_ALIKE ? "who is not known to have the login that is pinned"
	                                                   : "for whom no account is pinned";
}

bool person_stays(const struct plugin *p, const struct conversation *where)
{
	char login[PLUGIN_LOGIN_SIZE] = "";
	if (where->group || !*where->login)
		return true;
	if (p->client.login)
		p->client.login(p->client.context, where, login);
	return !strcmp(login, where->login);
}

static struct stranger *find_stranger(struct plugin *p, const struct conversation *where)
{
	for (struct stranger *stranger = p->strangers; stranger < p->strangers + STRANGERS_MAX; stranger++)
		if (*stranger->peer && !strcmp(stranger->own, where->own) && !strcmp(stranger->peer, where->peer))
			return stranger;
	return NULL;
}

void person_wrote(struct plugin *p, const struct conversation *where)
{
	char doubt[DOUBT_TEXT_SIZE], login[PLUGIN_NAME_SIZE];
	struct stranger *told = find_stranger(p, where);
	if (where->group || !*where->own || !*where->peer)
		return;
	person_doubt(p, where, doubt);
	if (*doubt && told && !strcmp(told->login, where->login))
		return;
	if (*doubt) {
		if (!told)
			told = &p->strangers[p->next_stranger++ % STRANGERS_MAX];
		strcpy(told->own, where->own);
		strcpy(told->peer, where->peer);
		strcpy(told->login, where->login);
		plugin_say(p, where, "%.*s", (int)strlen(doubt) - 1, doubt);
	} else if (told) {
		*told = (struct stranger){.peer = ""};
		login_text(where->login, login);
		plugin_say(p, where, "%s has the login %s that is pinned for them again.", where->name, login);
	}
}

/* ---- contacts ---------------------------------------------------------------------------------------- */

/* who: the contact's text, for libuncia to judge once more; or its address, where the user has decided. */
static void pin(struct plugin *p, const struct conversation *where, const struct uncia_contact *contact,
                const char *who, unsigned flags)
{
	struct uncia_peer peer = person_peer(where);
	struct uncia_pin made;
	int error = uncia_pin_set(p->wallet, &peer, who, flags);
	if (!error)
		error = person_pin(p, where, &made);
	if (error)
		plugin_verdict(p, where, "%s is not pinned: %s.", where->name, uncia_error_text(error));
	else
		plugin_verdict(p, where,
		               "%s is paid at %s from now on%s. /uncia contact shows digits to compare by voice.",
		               where->name, contact->address, made.weak ? WEAK_TEXT : "");
}

static void pin_agreed(struct plugin *p, const struct open_question *question)
{
	pin(p, &question->where, &question->contact, question->contact.address, UNCIA_PIN_DECIDED);
}

/* What speaks against pinning it in silence. */
static void doubt_text(const struct plugin_message *message, const struct uncia_contact *contact,
                       const struct uncia_contact_check *check, char text[PLUGIN_LINE_SIZE])
{
	const char *name = message->where.name;
	switch (check->verdict) {
	case UNCIA_CONTACT_CHANGED:
		snprintf(text, PLUGIN_LINE_SIZE, "ATTENTION: %s was paid at %s, and now shows another account, %s.",
		         name, check->pinned, contact->address);
		break;
	case UNCIA_CONTACT_LOGIN:
		snprintf(
		    text, PLUGIN_LINE_SIZE,
		    "ATTENTION: %s is pinned with another login than has written now, and shows the account %s that "
		    "is pinned.",
		    name, contact->address);
		break;
	case UNCIA_CONTACT_ELSEWHERE:
		snprintf(text, PLUGIN_LINE_SIZE, "ATTENTION: %s shows the account %s, which is that of %s.", name,
		         contact->address, check->other);
		break;
	case UNCIA_CONTACT_ALIKE:
		snprintf(text, PLUGIN_LINE_SIZE,
		         "ATTENTION: %s looks like %s, who is paid at %s, and shows the account %s.", name,
		         check->alike, check->alike_address, contact->address);
		break;
	default:
		if (*contact->handle)
			snprintf(text, PLUGIN_LINE_SIZE,
			         "ATTENTION: %s shows the account %s, signed for %s, who is somebody else.", name,
			         contact->address, contact->handle);
		else
			snprintf(text, PLUGIN_LINE_SIZE, "%s shows the account %s, signed for nobody in particular.",
			         name, contact->address);
	}
}

static void take_contact(struct plugin *p, const struct plugin_message *message, const char *contact_text,
                         const struct uncia_contact *contact, const struct uncia_contact_check *check)
{
	struct open_question asked = {
	    .where = message->where, .heard = true, .agreed = pin_agreed, .contact = *contact};
	char text[PLUGIN_LINE_SIZE], question[PLUGIN_LINE_SIZE + 32];
	const struct conversation *where = &message->where;
	switch (check->verdict) {
	case UNCIA_CONTACT_PINNED:
		return;
	case UNCIA_CONTACT_OWN:
		plugin_say(p, where, "%s shows your own account: nothing is pinned.", message->sender);
		return;
	case UNCIA_CONTACT_ROOM:
		plugin_say(p, where,
		           "Somebody shows the account %s here. Accounts are pinned in a conversation of two only.",
		           contact->address);
		return;
	case UNCIA_CONTACT_UNSEEN:
		plugin_say(p, where, "Somebody whose name is none shows the account %s: nothing is pinned.",
		           contact->address);
		return;
	case UNCIA_CONTACT_NEW:
		if (!message->delayed && !message->plain) {
			pin(p, where, contact, contact_text, 0);
			return;
		}
		snprintf(text, sizeof(text), "%s%s shows the account %s%s.", message->plain ? "ATTENTION: " : "",
		         where->name, contact->address,
		         message->plain ? " in a message that was not encrypted, though others of theirs were" : "");
		break;
	default:
		doubt_text(message, contact, check, text);
	}
	if (message->delayed) {
		plugin_say(p, where, "%s It is an old message: nothing is pinned by it.", text);
		return;
	}
	snprintf(question, sizeof(question), "%s Is it theirs?", text);
	question_open(p, &asked, question);
}

void person_heard(struct plugin *p, const struct plugin_message *message, const char *text)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check check = {.size = sizeof(check)};
	struct uncia_peer peer = person_peer(&message->where);
	int error = uncia_contact_parse(p->network_id, text, &contact);
	if (!error && !message->where.group && (!*peer.own || !*peer.handle)) {
		plugin_say(p, &message->where, "The account %s is not pinned: the client does not say who shows it.",
		           contact.address);
		return;
	}
	if (!*peer.own || !*peer.handle)
		check.verdict = UNCIA_CONTACT_ROOM;
	else if (!error)
		error = uncia_contact_check(p->wallet, &peer, text, &contact, &check);
	if (error)
		plugin_say(p, &message->where, "The account that %s shows cannot be used: %s.", message->sender,
		           uncia_error_text(error));
	else
		take_contact(p, message, text, &contact, &check);
}

void person_say(struct plugin *p, const struct conversation *where)
{
	char own[UNCIA_ADDRESS_TEXT_SIZE], digits[UNCIA_CODE_SIZE], doubt[DOUBT_TEXT_SIZE], who[WHO_TEXT_SIZE];
	struct conversation pinned = *where;
	struct uncia_pin pin;
	int error = person_pin(p, where, &pin);
	if (error == UNCIA_E_NOT_FOUND) {
		plugin_say(p, where, "No account is pinned for %s here. They show theirs by /uncia address.",
		           where->name);
		return;
	}
	person_doubt(p, where, doubt);
	if (!error || error == UNCIA_E_ALIKE)
		error = uncia_wallet_address(p->wallet, own);
	if (!error)
		error = uncia_contact_code(p->network_id, own, pin.address, digits);
	if (error) {
		plugin_say(p, where, "%s: %s.", where->name, uncia_error_text(error));
		return;
	}
	snprintf(pinned.login, sizeof(pinned.login), "%.*s", (int)sizeof(pinned.login) - 1, pin.login);
	name_text(&pinned, who);
	plugin_say(p, where, "%s%s is paid at %s%s%s. %s: %.5s %.5s %.5s %.5s", doubt, who, pin.address,
	           pin.weak ? WEAK_TEXT : "", pin.compared ? ", compared" : "",
	           pin.compared ? "Digits" : "Compare by voice, then /uncia contact compared", digits, digits + 5,
	           digits + 10, digits + 15);
}

void person_compared(struct plugin *p, const struct conversation *where)
{
	struct uncia_peer peer = person_peer(where);
	struct uncia_pin pin;
	char doubt[DOUBT_TEXT_SIZE];
	person_doubt(p, where, doubt);
	int error = person_pin(p, where, &pin);
	if (!error)
		error = uncia_pin_set(p->wallet, &peer, pin.address, UNCIA_PIN_DECIDED | UNCIA_PIN_COMPARED);
	if (*doubt)
		plugin_say(p, where,
		           "%sNothing is noted. Once it is them: have them show their account anew, by /uncia address.",
		           doubt);
	else if (error)
		plugin_say(p, where, "%s: nothing is noted: %s.", where->name, uncia_error_text(error));
	else
		plugin_verdict(p, where, "%s is paid at %s: the digits were compared.", where->name, pin.address);
}
