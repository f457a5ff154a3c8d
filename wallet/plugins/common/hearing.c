/* Texts in messages of others: contacts, requests, and what cannot be read. */
#include "hearing.h"
#include <stdio.h>
#include <string.h>
#include "claims.h"
#include "notices.h"
#include "offers.h"
#include "opening.h"
#include "ordering.h"
#include "paying.h"
#include "people.h"
#include "question.h"
#include "say.h"

/* ---- requests ---------------------------------------------------------------------------------------- */

/* What stands before the amount: whose account would be paid. */
static void payee_text(struct plugin *p, const struct plugin_message *message, const struct uncia_request *request,
                       const struct uncia_request_check *check, char text[PLUGIN_LINE_SIZE])
{
	char payee[256] = "", doubt[DOUBT_TEXT_SIZE];
	const char *sender = message->sender;
	person_doubt(p, &message->where, doubt);
	if (*check->payee)
		snprintf(payee, sizeof(payee), ", the account of %.200s", check->payee);
	if (check->verdict == UNCIA_REQUEST_PINNED)
		snprintf(text, PLUGIN_LINE_SIZE, "%s asks to be paid at %s:", sender, request->address);
	else if (check->verdict == UNCIA_REQUEST_OTHER)
		snprintf(text, PLUGIN_LINE_SIZE,
		         "ATTENTION: this would NOT pay %s, whose account is %s. Somebody asks to be paid at %s%s:",
		         sender, check->pinned, request->address, payee);
	else if (*doubt)
		snprintf(text, PLUGIN_LINE_SIZE, "%sSomebody asks to be paid at %s%s:", doubt, request->address, payee);
	else
		snprintf(text, PLUGIN_LINE_SIZE,
		         "No account is pinned for %s. Somebody asks to be paid at %s%s:", sender, request->address,
		         payee);
}

/* Reads a request of this conversation, and what it is worth now. Where it cannot be paid, says why. */
static bool read_request(struct plugin *p, const struct conversation *where, const char *text,
                         struct uncia_request *request, struct uncia_request_check *check)
{
	struct uncia_peer peer = person_peer(where);
	const char *why = NULL;
	*request = (struct uncia_request){.size = sizeof(*request)};
	*check = (struct uncia_request_check){.size = sizeof(*check)};
	/* Who is nobody is an occupant of a room, for whom no pin is looked at. */
	if (!*peer.own || !*peer.handle)
		peer = (struct uncia_peer){
		    .size = sizeof(peer), .own = "irc:nobody/nobody", .handle = "irc:nobody/nobody", .room = true};
	int error = uncia_request_check(p->wallet, &peer, text, request, check);
	if (error)
		why = uncia_error_text(error);
	else if (check->verdict == UNCIA_REQUEST_OWN)
		why = "it is a request of your own, repeated";
	else if (request->currency > 1)
		why = "this network does not have its currency";
	else if (request->has_lock)
		why = "it asks for a hold";
	else if (!request->checked)
		why = "it is of an older form, whose end may have been cut on its way: ask for a new one";
	else if (check->ended)
		why = "it was to be paid before now";
	if (why)
		plugin_say(p, where, "A request came in that cannot be paid here: %s.", why);
	return !why;
}

static void hear_request(struct plugin *p, const struct plugin_message *message, const char *text)
{
	char payee[PLUGIN_LINE_SIZE], money[MONEY_TEXT_SIZE] = "an amount of your choice", memo[QUOTED_TEXT_SIZE] = "";
	struct uncia_request request;
	struct uncia_request_check check;
	if (!read_request(p, &message->where, text, &request, &check))
		return;
	payee_text(p, message, &request, &check, payee);
	if (*request.memo)
		quoted_text(request.memo, memo);
	if (request.has_amount)
		money_text(p, request.amount, money);
	const struct offer *offer = message->delayed ? NULL : offer_add(p, message, UNCIA_TEXT_REQUEST, text);
	if (!offer) {
		plugin_say(p, &message->where, "%s %s%s%s. The message is old: to pay it, have it sent again.", payee,
		           money, *memo ? ", for " : "", memo);
		return;
	}
	plugin_say(p, &message->where, "%s %s%s%s. To pay: /uncia accept %s%s", payee, money, *memo ? ", for " : "",
	           memo, offer->code, request.has_amount ? "" : " AMOUNT");
}

void hearing_accept(struct plugin *p, const struct conversation *where, const char *arguments)
{
	char code[CODE_SIZE] = "";
	struct intent intent = {.amount = 0};
	if (code_read(arguments)) {
		memcpy(code, arguments, CODE_SIZE - 1);
		arguments += CODE_SIZE - 1;
		arguments += strspn(arguments, " ");
	}
	struct uncia_request request;
	struct uncia_request_check check;
	const struct offer *offer = opening_need_key(p, where) ? offer_find(p, where, UNCIA_TEXT_REQUEST, code) : NULL;
	if (!offer || !read_request(p, &offer->where, offer->text, &request, &check))
		return;
	intent.amount = request.amount;
	if (!request.has_amount && !ordering_amount(p, where, &arguments, &intent.amount))
		return;
	if (*arguments) {
		plugin_say(p, where,
		           "/uncia accept takes a code, and an amount where the request names none. Nothing "
		           "was paid.");
		return;
	}
	strcpy(intent.address, request.address);
	snprintf(intent.memo, sizeof(intent.memo), "%.96s", request.memo);
	strcpy(intent.key, request.key);
	struct conversation peer = offer->where, found;
	/* Of somebody who is nobody for sure the name is only what he has chosen: another one's, if he likes. */
	if (offer->where.group && *peer.peer && p->client.find(p->client.context, where, offer->sender, &found) &&
	    !strcmp(found.peer, peer.peer)) {
		strcpy(found.login, peer.login); /* he who asked */
		peer = found;
	}
	name_clean(peer.name);
	if (!peer.group || !*peer.peer)
		snprintf(peer.name, sizeof(peer.name), "%s", offer->sender);
	pay_or_ask(p, &peer, where, &intent);
}

/* ---- messages ---------------------------------------------------------------------------------------- */

static const char *kind_text(enum uncia_text_kind kind)
{
	switch (kind) {
	case UNCIA_TEXT_ADDRESS:
		return "An address";
	case UNCIA_TEXT_REQUEST:
		return "A request";
	case UNCIA_TEXT_RECEIPT:
		return "A receipt";
	case UNCIA_TEXT_CONTACT:
		return "An account";
	case UNCIA_TEXT_NOTICE:
		return "A notice of a payment";
	case UNCIA_TEXT_CLAIM:
		return "Money";
	case UNCIA_TEXT_EXPIRY:
		return "An expiry";
	default:
		return "Something of Uncia's";
	}
}

static void hear_text(struct plugin *p, const struct plugin_message *message, const struct uncia_scanned *scanned)
{
	if (scanned->error) {
		plugin_say(p, &message->where, "%s came in from %s, and cannot be used: %s.", kind_text(scanned->kind),
		           message->sender, uncia_error_text(scanned->error));
		return;
	}
	if (scanned->kind == UNCIA_TEXT_CONTACT)
		person_heard(p, message, scanned->text);
	else if (scanned->kind == UNCIA_TEXT_REQUEST)
		hear_request(p, message, scanned->text);
	else if (scanned->kind == UNCIA_TEXT_NOTICE)
		notices_heard(p, message, scanned->text);
	else if (scanned->kind == UNCIA_TEXT_CLAIM)
		claims_heard(p, message, scanned->text);
}

void plugin_hear(struct plugin *p, const struct plugin_message *heard)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	struct plugin_message named = *heard;
	const struct plugin_message *message = &named;
	/* A user's own messages, sent from another device, ask nothing of him. */
	if (heard->own || !p->wallet || p->stopped)
		return;
	name_clean(named.sender);
	name_clean(named.where.name);
	if (!message->delayed)
		person_wrote(p, &message->where);
	int error = uncia_text_scan(message->text, p->network_id, &scan);
	if (error == UNCIA_E_LIMIT)
		plugin_say(p, &message->where, "A message came in that is too long to be looked through.");
	if (error)
		return;
	for (uint32_t i = 0; i < scan.count; i++)
		hear_text(p, message, &scan.texts[i]);
	if (scan.more)
		plugin_say(p, &message->where, "The message has more texts than are looked at.");
	uncia_scan_free(&scan);
}
