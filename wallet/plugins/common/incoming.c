/* Payments that come in. */
#include "incoming.h"
#include <string.h>
#include "people.h"
#include "say.h"

static struct shown_payment *find_shown(struct plugin *p, const struct uncia_payment_id *id)
{
	for (unsigned i = 0; i < ENDS_MAX; i++)
		if (!memcmp(&p->received[i].id, id, sizeof(*id)))
			return &p->received[i];
	return NULL;
}

bool incoming_note(struct plugin *p, const struct uncia_payment_id *id)
{
	if (find_shown(p, id))
		return true;
	p->received[p->next_received++ % ENDS_MAX] = (struct shown_payment){.id = *id};
	return false;
}

bool incoming_was_shown(struct plugin *p, const struct uncia_payment_id *id)
{
	return find_shown(p, id) != NULL;
}

bool incoming_note_text(struct plugin *p, const struct uncia_payment_id *id)
{
	incoming_note(p, id);
	struct shown_payment *shown = find_shown(p, id);
	bool before = shown->note;
	shown->note = true;
	return before;
}

bool incoming_may_be_known(const struct plugin *p, uint64_t timestamp_ms)
{
	return timestamp_ms < p->opened_ms || p->next_received > ENDS_MAX;
}

/* A payment of somebody who is pinned is told as paid once, by a watch or by his notice: one record of the home says
 * whether it was. The watch's is of no handle, since nobody has told of it. Returns whether it was shown in a run
 * before: what came in since this one began, and was not shown in it, another program of the home has told, or its
 * notice does at this moment. *maybe: it may have been shown. The caller shows it, and then takes note of it where
 * *told. */
static bool was_told(struct plugin *p, const struct uncia_payment *payment, const char *id_text, bool *maybe,
                     bool *told)
{
	struct uncia_peer payer = {.size = sizeof(payer), .account = payment->sender};
	struct uncia_notice_result result = {.size = sizeof(result)};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &payer, .notice = id_text};
	int error = uncia_wallet_notice_check(p->wallet, &query, &result);
	bool noticed =
	    !error && result.verdict == UNCIA_NOTICE_REPEATED; /* his notice was first, and was not acknowledged */
	bool again = !error && result.verdict == UNCIA_NOTICE_AGAIN && !result.older;
	*told = noticed || (!error && result.verdict == UNCIA_NOTICE_PAID);
	*maybe = noticed || again || error || result.maybe_told;
	return again && incoming_may_be_known(p, payment->timestamp_ms);
}

/* Shows one, unless its notice was there first. The sum is what this account got, the payer whose receipt it is:
 * nothing of it is from a message. */
static int show_receipt(struct plugin *p, const struct uncia_receipt *receipt, struct uncia_payment_id *id)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	char money[MONEY_TEXT_SIZE], when[TIME_TEXT_SIZE], who[WHO_TEXT_SIZE + sizeof(SHOWN_BEFORE)];
	char id_text[UNCIA_ID_TEXT_SIZE];
	struct conversation peer;
	const char *doubt = "";
	uint64_t amount;
	bool maybe, told;
	int error = uncia_receipt_payment(receipt, &payment);
	if (!error)
		error = uncia_wallet_received(p->wallet, receipt, &amount);
	if (error)
		return error;
	error = person_of_account(p, payment.sender, &peer);
	if (error && error != UNCIA_E_NOT_FOUND)
		return error;
	*id = payment.id;
	if (incoming_was_shown(p, id))
		return 0;
	money_text(p, amount, money);
	clock_text(payment.timestamp_ms, when);
	uncia_payment_id_format(id, id_text);
	if (error) {
		incoming_note(p, id);
		plugin_verdict(p, NULL, "✔ Received %s at %s from %s, for whom nobody is pinned: %.16s", money, when,
		               payment.sender, id_text);
		return 0;
	}
	if (was_told(p, &payment, id_text, &maybe, &told))
		return 0;
	incoming_note(p, id);
	name_text(&peer, who);
	if (maybe)
		strcat(who, SHOWN_BEFORE);
	if (!person_stays(p, &peer))
		doubt = " (nothing says that they have the nick now)";
	plugin_verdict(p, &peer, "✔ Received %s at %s from %s%s: %.16s", money, when, who, doubt, id_text);
	return told ? uncia_notice_acknowledge(p->wallet, id) : 0;
}

void incoming_take(struct plugin *p)
{
	const struct uncia_receipt *receipt;
	struct uncia_payment_id id;
	while ((receipt = uncia_watch_incoming(p->wallet, 0))) {
		int error = show_receipt(p, receipt, &id);
		if (!error)
			error = uncia_watch_acknowledge(p->wallet, &id);
		if (error && error != p->watch_error)
			plugin_say(p, NULL, "A payment came in, and is shown again later: %s.",
			           uncia_error_text(error));
		p->watch_error = error;
		if (error)
			return;
	}
}

void incoming_watch_event(struct plugin *p, const struct uncia_event *event)
{
	if (event->error && event->error != p->watch_error)
		plugin_say(p, NULL, "Incoming payments are not shown for now: %s%s.", uncia_error_text(event->error),
		           event->error == UNCIA_E_UNREACHABLE ? "; it is tried again" : "");
	else if (!event->error && p->watch_error)
		plugin_say(p, NULL, "Incoming payments are shown again.");
	p->watch_error = event->error;
}
