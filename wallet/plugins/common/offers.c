/* What conversations have shown. */
#include "offers.h"
#include <stdio.h>
#include <string.h>
#include "question.h"
#include "say.h"

static const struct conversation *who_offers(const struct plugin *p, unsigned i, uint64_t *since)
{
	*since = p->offers[i].number;
	return *p->offers[i].code ? &p->offers[i].where : NULL;
}

const struct offer *offer_add(struct plugin *p, const struct plugin_message *message, enum uncia_text_kind kind,
                              const char *text)
{
	static const struct crowd shown = {OFFERS_MAX, OFFERS_MAX, who_offers};
	struct offer fresh = {.kind = kind, .where = message->where};
	if (strlen(text) >= sizeof(fresh.text) || !code_make(fresh.code))
		return NULL;
	struct offer *offer = &p->offers[crowd_place(p, &shown, &fresh.where)];
	fresh.number = ++p->next_offer;
	snprintf(fresh.sender, sizeof(fresh.sender), "%s", message->sender);
	strcpy(fresh.text, text);
	if (*offer->code)
		p->crowded_ms = plugin_now_ms();
	*offer = fresh;
	explicit_bzero(&fresh, sizeof(fresh)); /* a claim is cash */
	return offer;
}

/* The offers of a group are open to whoever reads it: who wrote them does not tell them apart. */
static bool offer_is_here(const struct offer *offer, const struct conversation *where)
{
	return *offer->code && (where->group ? offer->where.group && !strcmp(offer->where.window, where->window) &&
	                                           !strcmp(offer->where.own, where->own)
	                                     : conversation_same(&offer->where, where));
}

/* Whether it was taken up before: a request that has its payment, a claim whose take is known. */
static bool offer_is_done(struct plugin *p, const struct offer *offer)
{
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_payment_id paid;
	return offer->kind == UNCIA_TEXT_REQUEST && !uncia_request_parse(p->network_id, offer->text, &request) &&
	       !uncia_wallet_by_key(p->wallet, request.key, &paid);
}

const struct offer *offer_find(struct plugin *p, const struct conversation *where, enum uncia_text_kind kind,
                               const char *code)
{
	const struct offer *found = NULL;
	const char *what = kind == UNCIA_TEXT_REQUEST ? "request" : "claim";
	for (const struct offer *offer = p->offers; offer < p->offers + OFFERS_MAX; offer++) {
		if (offer->kind != kind || !offer_is_here(offer, where) || (*code && strcmp(code, offer->code)) ||
		    (!*code && offer_is_done(p, offer)))
			continue;
		if (found) {
			plugin_say(
			    p, where,
			    "Several %ss were shown here: give the code that stands behind the one you mean. Nothing "
			    "was done.",
			    what);
			return NULL;
		}
		found = offer;
	}
	/* The one that is meant could be among those that were pushed out. */
	if (found && !*code && p->crowded_ms && plugin_now_ms() - p->crowded_ms < QUESTION_MS) {
		plugin_say(p, where,
		           "Very many requests and claims came in of late: give the code that stands behind the one "
		           "you mean. Nothing was done.");
		return NULL;
	}
	if (!found && *code)
		plugin_say(p, where, "No %s with the code \"%.10s\" was shown here. Nothing was done.", what, code);
	else if (!found)
		plugin_say(p, where, "No %s is open in this conversation.", what);
	return found;
}
