/* Balance and history. */
#include "answers.h"
#include <stdio.h>
#include <string.h>
#include "opening.h"
#include "people.h"
#include "say.h"

#define HISTORY_LINES 10

void answers_balance(struct plugin *p, const struct conversation *where)
{
	int error = uncia_wallet_sync(p->wallet);
	if (error) {
		plugin_say(p, where, "The balance cannot be asked for: %s.", uncia_error_text(error));
		return;
	}
	p->asks_balance = true;
	p->balance_for = *where;
}

void answers_history(struct plugin *p, const struct conversation *where)
{
	int error = uncia_wallet_history(p->wallet, 0, 0, HISTORY_LINES);
	if (error) {
		plugin_say(p, where, "The history cannot be asked for: %s.", uncia_error_text(error));
		return;
	}
	p->asks_history = true;
	p->history_for = *where;
}

static void tell_balance(struct plugin *p, int error)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	char spendable[MONEY_TEXT_SIZE], waiting[MONEY_TEXT_SIZE];
	if (!p->asks_balance)
		return;
	p->asks_balance = false;
	if (!error)
		error = uncia_wallet_balance(p->wallet, &balance);
	if (error) {
		plugin_say(p, &p->balance_for, "The balance is not known now: %s.", uncia_error_text(error));
		return;
	}
	money_text(p, balance.spendable, spendable);
	money_text(p, balance.waiting, waiting);
	plugin_say(p, &p->balance_for, "You can spend %s%s%s", spendable, balance.waiting ? "; on its way: " : "",
	           balance.waiting ? waiting : "");
	opening_look_back(p);
}

static void tell_entry(struct plugin *p, const struct uncia_receipt *receipt)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_part part = {.size = sizeof(part)};
	char money[MONEY_TEXT_SIZE], when[TIME_TEXT_SIZE], who[WHO_TEXT_SIZE];
	struct conversation peer;
	if (uncia_receipt_payment(receipt, &payment) || uncia_wallet_part(p->wallet, receipt, &part))
		return;
	const char *other = part.direction == UNCIA_DIRECTION_IN ? payment.sender : part.to;
	money_text(p, part.amount, money);
	clock_text(payment.timestamp_ms, when);
	if (person_of_account(p, other, &peer))
		snprintf(who, sizeof(who), "%s", other);
	else
		name_text(&peer, who);
	plugin_say(p, &p->history_for, "%s  %s%s %s %s", when,
	           part.direction == UNCIA_DIRECTION_IN    ? "+"
	           : part.direction == UNCIA_DIRECTION_OUT ? "-"
	                                                   : "",
	           money, part.direction == UNCIA_DIRECTION_IN ? "from" : "to", who);
}

static void tell_history(struct plugin *p, int error)
{
	struct uncia_history_page page = {.size = sizeof(page)};
	if (!p->asks_history)
		return;
	p->asks_history = false;
	if (!error)
		error = uncia_wallet_history_page(p->wallet, &page);
	if (error) {
		plugin_say(p, &p->history_for, "The history is not known now: %s.", uncia_error_text(error));
		return;
	}
	for (uint32_t i = page.count; i-- > 0;)
		tell_entry(p, uncia_wallet_history_receipt(p->wallet, i));
	if (!page.count)
		plugin_say(p, &p->history_for, "Nothing was paid yet.");
	else if (page.next_height)
		plugin_say(p, &p->history_for, "There are older ones: uncia history");
}

void answers_event(struct plugin *p, const struct uncia_event *event)
{
	if (event->kind == UNCIA_EVENT_BALANCE)
		tell_balance(p, event->error);
	else
		tell_history(p, event->error);
}
