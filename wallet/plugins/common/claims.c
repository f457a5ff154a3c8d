/* Claims: made by a payment that opens a hold, taken once it is proved what is there. */
#include "claims.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "incoming.h"
#include "offers.h"
#include "opening.h"
#include "ordering.h"
#include "people.h"
#include "question.h"
#include "say.h"

#define CLAIM_SECONDS 86400 /* chats are read by logs, backups and bots: it is not there for long */
#define TAKES_MAX     64    /* of one claim: each but the last has expired */

/* ---- making one -------------------------------------------------------------------------------------- */

static void make_agreed(struct plugin *p, const struct open_question *question)
{
	if (!person_stays(p, &question->where))
		plugin_say(p, &question->where, "Nothing was done: nothing says that %s has the nick now.",
		           question->where.name);
	else if (opening_need_key(p, &question->where))
		ordering_claim(p, &question->peer, &question->intent, CLAIM_SECONDS);
}

static void make_claim(struct plugin *p, const struct conversation *where, const char *arguments)
{
	struct open_question asked = {.where = *where, .peer = *where, .agreed = make_agreed};
	char text[PLUGIN_LINE_SIZE], money[MONEY_TEXT_SIZE], doubt[DOUBT_TEXT_SIZE];
	struct uncia_pin pinned;
	static const char public[] = "--public";
	bool is_public = !strncmp(arguments, public, sizeof(public) - 1);
	if (is_public) {
		arguments += sizeof(public) - 1;
		arguments += strspn(arguments, " ");
	}
	if (where->group && !is_public) {
		plugin_say(p, where,
		           "Here whoever is quickest would take it. If that is meant: /uncia claim --public AMOUNT. "
		           "Nothing was done.");
		return;
	}
	if (!where->group && !person_pin(p, where, &pinned)) {
		plugin_say(p, where, "%s has an account, %s: /pay AMOUNT pays it. Nothing was done.", where->name,
		           pinned.address);
		return;
	}
	if (!ordering_amount(p, where, &arguments, &asked.intent.amount) || !ordering_note(p, where, arguments))
		return;
	snprintf(asked.intent.memo, sizeof(asked.intent.memo), "%s", arguments);
	if (!ordering_key(asked.intent.key)) {
		plugin_say(p, where, "Nothing was done: %s.", uncia_error_text(UNCIA_E_RANDOM));
		return;
	}
	money_text(p, asked.intent.amount, money);
	person_doubt(p, where, doubt);
	snprintf(text, sizeof(text),
	         "%sPut %s here for %s? It is cash: logs, servers and bots that read this conversation could take it, "
	         "too. What nobody takes comes home after 24 hours.",
	         doubt, money, where->group ? "whoever is quickest" : where->name);
	question_open(p, &asked, text);
}

/* The receipt of a payment that is final. NULL, and *error says why. */
static struct uncia_receipt *read_receipt(struct plugin *p, const struct uncia_payment_id *id, int *error)
{
	struct uncia_receipt *receipt = NULL;
	char *text = NULL;
	*error = uncia_wallet_receipt(p->wallet, id, &text);
	if (!*error)
		*error = uncia_receipt_verify(p->network, text, &receipt);
	uncia_text_free(text);
	return receipt;
}

void claims_opened(struct plugin *p, const struct conversation *where, const struct uncia_payment *payment)
{
	char text[UNCIA_CHAT_TEXT_SIZE] = "", message[UNCIA_CHAT_TEXT_SIZE + MONEY_TEXT_SIZE + 64],
	     money[MONEY_TEXT_SIZE];
	int error;
	struct uncia_receipt *receipt = read_receipt(p, &payment->id, &error);
	if (!error)
		error = uncia_wallet_claim(p->wallet, receipt, 0, text);
	money_text(p, payment->amount, money);
	snprintf(message, sizeof(message), "%s for whoever takes it: %s", money, text);
	/* It is cash, and not for somebody who has taken the nick meanwhile. */
	bool stays = person_stays(p, where),
	     sent = !error && stays && p->client.send(p->client.context, where, message);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(message, sizeof(message));
	if (sent)
		plugin_verdict(p, where, "✔ %s wait here for %s, for 24 hours.", money,
		               where->group ? "whoever is quickest" : where->name);
	else
		plugin_verdict(
		    p, where,
		    "%s wait, and nobody could be told here (%s). uncia claim list shows the text, uncia claim "
		    "cancel takes them back; after 24 hours they come home.",
		    money,
		    error   ? uncia_error_text(error)
		    : stays ? "the client has not sent it"
		            : "nothing says that they have the nick now");
	struct given *given = &p->given[p->next_given++ % GIVEN_MAX];
	uncia_receipt_free(given->receipt);
	*given = (struct given){.receipt = receipt, .where = *where};
	p->client.tick(p->client.context, true);
}

/* ---- who has taken it -------------------------------------------------------------------------------- */

/* Says of the one that is being taken how it stands, where that takes long. */
static void tell_taking(struct plugin *p)
{
	struct taking *taking = &p->taking;
	struct uncia_payment payment = {.size = sizeof(payment)};
	char money[MONEY_TEXT_SIZE];
	if (taking->stage == TAKING_NOTHING || taking->told || plugin_now_ms() - taking->since_ms < LONG_MS)
		return;
	taking->told = true;
	money_text(p, taking->amount, money);
	if (taking->stage != TAKING_TAKES)
		plugin_say(p, &taking->where,
		           "The network has not said yet what is there. Nothing is taken so far; what comes of it is "
		           "told here.");
	else if (!uncia_wallet_payment(p->wallet, &taking->id, &payment))
		plugin_say(p, &taking->where,
		           "%s: the take is on its way, and not final yet: %s. It goes on by itself.", money,
		           uncia_pending_text(payment.reason));
}

bool claims_tick(struct plugin *p)
{
	unsigned left = 0;
	for (unsigned i = 0; i < GIVEN_MAX; i++)
		left += p->given[i].receipt != NULL;
	if (p->wallet && !p->stopped)
		tell_taking(p);
	/* A question of what is being taken would be replaced. */
	if (!left || !p->wallet || p->stopped || p->taking.stage != TAKING_NOTHING)
		return left || (p->taking.stage != TAKING_NOTHING && !p->taking.told);
	do
		p->asked_given = (p->asked_given + 1) % GIVEN_MAX;
	while (!p->given[p->asked_given].receipt);
	if (!uncia_wallet_hold(p->wallet, p->given[p->asked_given].receipt, 0))
		p->asks_given = true;
	return true;
}

/* What the ledger has of this hold, where the answer is about it: a question that was replaced may have had its answer
 * before. */
static int hold_answer(struct plugin *p, const struct uncia_receipt *receipt, uint32_t number,
                       struct uncia_hold_state *state)
{
	struct uncia_hold hold = {.size = sizeof(hold)};
	*state = (struct uncia_hold_state){.size = sizeof(*state)};
	int error = uncia_receipt_hold(receipt, number, &hold);
	if (!error)
		error = uncia_wallet_hold_state(p->wallet, state);
	return error ? error : strcmp(state->id, hold.id) ? UNCIA_E_NOT_FOUND : 0;
}

/* What took all of it, or a part, or the rest of it home. whole: nothing else did. */
static void tell_left(struct plugin *p, const struct given *given, const struct uncia_payment *payment, bool whole)
{
	struct uncia_hold hold = {.size = sizeof(hold)};
	struct conversation peer;
	char money[MONEY_TEXT_SIZE], who[WHO_TEXT_SIZE];
	bool home = !uncia_receipt_hold(given->receipt, 0, &hold) && accounts_same(payment->to, hold.home);
	money_text(p, payment->amount, money);
	if (person_of_account(p, payment->to, &peer))
		snprintf(who, sizeof(who), "%s", payment->to);
	else
		name_text(&peer, who);
	if (whole && home)
		plugin_verdict(p, &given->where, "✔ The %s that waited here came home: nobody has taken them.", money);
	else if (whole)
		plugin_verdict(p, &given->where, "✔ The %s that waited here were taken, by %s.", money, who);
	else if (home)
		plugin_verdict(p, &given->where, "✔ %s of what waited here came home.", money);
	else
		plugin_verdict(p, &given->where, "✔ %s of what waited here were taken, by %s.", money, who);
}

/* Once nothing is left of it, and all that took from it is known: the oldest first. */
static void tell_given(struct plugin *p, struct given *given)
{
	struct uncia_hold_state state;
	if (hold_answer(p, given->receipt, 0, &state) || state.balance || !state.complete || !state.left_count)
		return;
	for (uint32_t i = state.left_count; i-- > 0;) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		if (!uncia_receipt_payment(uncia_wallet_hold_receipt(p->wallet, i), &payment))
			tell_left(p, given, &payment, state.left_count == 1);
	}
	uncia_receipt_free(given->receipt);
	*given = (struct given){.receipt = NULL};
}

/* ---- taking one -------------------------------------------------------------------------------------- */

void claims_heard(struct plugin *p, const struct plugin_message *message, const char *text)
{
	char doubt[DOUBT_TEXT_SIZE];
	const struct offer *offer = offer_add(p, message, UNCIA_TEXT_CLAIM, text);
	person_doubt(p, &message->where, doubt);
	if (offer)
		plugin_say(
		    p, &message->where,
		    "%s%s shows money for whoever takes it first. To look what is there, and take it: /uncia claim %s",
		    doubt, message->sender, offer->code);
}

static void end_taking(struct plugin *p)
{
	uncia_receipt_free(p->taking.receipt);
	explicit_bzero(&p->taking, sizeof(p->taking));
}

static void give_up(struct plugin *p, const char *why)
{
	struct conversation where = p->taking.where;
	end_taking(p);
	plugin_say(p, &where, "Nothing was taken: %s.", why);
}

/* From now on it is waited for what comes next. */
static void wait_for_taking(struct plugin *p)
{
	p->taking.since_ms = plugin_now_ms();
	p->taking.told = false;
	p->client.tick(p->client.context, true);
}

static void take_claim(struct plugin *p, const struct conversation *where, const char *code)
{
	struct taking *taking = &p->taking;
	char own[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_address account;
	if (taking->stage != TAKING_NOTHING) {
		plugin_say(p, where, "Another one is being taken at this moment.");
		return;
	}
	const struct offer *offer = offer_find(p, where, UNCIA_TEXT_CLAIM, code);
	if (!offer)
		return;
	*taking = (struct taking){.stage = TAKING_FINDS, .where = *where, .claim = {.size = sizeof(taking->claim)}};
	snprintf(taking->sender, sizeof(taking->sender), "%s", offer->sender);
	wait_for_taking(p);
	int error = uncia_claim_parse(p->network_id, offer->text, &taking->claim);
	if (!error)
		error = uncia_wallet_address(p->wallet, own);
	if (!error)
		error = uncia_address_parse(own, &account);
	if (!error && !memcmp(account.account, taking->claim.home, sizeof(account.account))) {
		give_up(p, "this wallet has put it there itself; uncia claim cancel takes it back");
		return;
	}
	if (!error)
		error = uncia_wallet_sync(p->wallet);
	if (!error)
		error = uncia_wallet_query(p->wallet, &taking->claim.opening);
	if (error)
		give_up(p, uncia_error_text(error));
}

/* Takes it, or finds the take of it that is on its way. One that expired is the same for ever under its key: the next
 * one has another, and so all of them are found again. */
static int take_pending(struct plugin *p, struct uncia_take *take)
{
	struct taking *taking = &p->taking;
	struct uncia_payment payment = {.size = sizeof(payment)};
	char id[UNCIA_ID_TEXT_SIZE], key[PLUGIN_KEY_SIZE + 8];
	uncia_payment_id_format(&taking->claim.opening, id);
	for (unsigned attempt = 0; attempt < TAKES_MAX; attempt++) {
		snprintf(key, sizeof(key), attempt ? "%s-%u" : "%s", id, attempt);
		take->payment_key = key;
		int error = uncia_wallet_take(p->wallet, take, &taking->id);
		if (!error)
			error = uncia_wallet_payment(p->wallet, &taking->id, &payment);
		take->payment_key = NULL;
		if (error || payment.state == UNCIA_PAYMENT_PENDING)
			return error;
	}
	return UNCIA_E_LIMIT;
}

static void take_now(struct plugin *p)
{
	struct taking *taking = &p->taking;
	char own[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_output output = {.address = own, .amount = taking->amount};
	struct uncia_take take = {.size = sizeof(take),
	                          .receipt = taking->receipt,
	                          .number = taking->number,
	                          .key = {.size = sizeof(take.key)},
	                          .outputs = &output,
	                          .output_count = 1};
	memcpy(take.key.seed, taking->claim.seed, sizeof(take.key.seed));
	int error = uncia_wallet_address(p->wallet, own);
	if (!error)
		error = take_pending(p, &take);
	explicit_bzero(&take.key, sizeof(take.key));
	if (error) {
		give_up(p, uncia_error_text(error));
		return;
	}
	taking->stage = TAKING_TAKES;
	wait_for_taking(p);
}

/* Whether what left the hold came to this wallet: it was taken here before, or by another program of the same home. */
static bool came_here(const struct plugin *p)
{
	const struct uncia_receipt *left;
	char own[UNCIA_ADDRESS_TEXT_SIZE];
	if (uncia_wallet_address(p->wallet, own))
		return false;
	for (uint32_t i = 0; (left = uncia_wallet_hold_receipt(p->wallet, i)); i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		if (!uncia_receipt_payment(left, &payment) && accounts_same(payment.to, own))
			return true;
	}
	return false;
}

/* What the ledger has of it now. */
static void on_hold(struct plugin *p, int error)
{
	struct taking *taking = &p->taking;
	struct uncia_hold_state state;
	if (!error && (error = hold_answer(p, taking->receipt, taking->number, &state)) == UNCIA_E_NOT_FOUND)
		return; /* of a hold that was asked for before: this one's answer comes */
	if (error)
		give_up(p, uncia_error_text(error));
	else if (!state.balance)
		give_up(p, came_here(p) ? "it was taken before, and came to this wallet"
		                        : "somebody has taken it already, or it went home");
	else {
		taking->amount = state.balance;
		taking->stage = TAKING_READY;
		if (taking->synced)
			take_now(p);
	}
}

/* The payment that has put it there. */
static void on_opening(struct plugin *p, int error)
{
	struct taking *taking = &p->taking;
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_hold_key key = {.size = sizeof(key)};
	struct uncia_hold hold = {.size = sizeof(hold)};
	struct uncia_address home;
	if (!error)
		error = uncia_wallet_payment(p->wallet, &taking->claim.opening, &payment);
	if (!error && payment.state != UNCIA_PAYMENT_FINAL) {
		give_up(p, payment.state == UNCIA_PAYMENT_PENDING ? "the payment that puts it there is not final yet"
		                                                  : "there is no payment that has put it there");
		return;
	}
	if (!error)
		taking->receipt = read_receipt(p, &taking->claim.opening, &error);
	memcpy(key.seed, taking->claim.seed, sizeof(key.seed));
	if (!error)
		error = uncia_receipt_find_hold(p->network, taking->receipt, &key, &taking->number);
	explicit_bzero(&key, sizeof(key));
	if (!error)
		error = uncia_receipt_hold(taking->receipt, taking->number, &hold);
	if (!error)
		error = uncia_address_parse(hold.home, &home);
	if (!error && memcmp(home.account, taking->claim.home, sizeof(home.account)) != 0)
		error = UNCIA_E_PROOF;
	if (!error)
		error = uncia_wallet_hold(p->wallet, taking->receipt, taking->number);
	p->asks_given = false; /* its question was replaced by this one */
	if (error)
		give_up(p, uncia_error_text(error));
	else
		taking->stage = TAKING_LOOKS;
}

static void on_taken(struct plugin *p, int error)
{
	struct taking *taking = &p->taking;
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct conversation where = taking->where;
	char money[MONEY_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE], sender[PLUGIN_NAME_SIZE];
	if (error)
		plugin_say(p, &where, "The take is on its way still: %s.", uncia_error_text(error));
	if (error || uncia_wallet_payment(p->wallet, &taking->id, &payment) ||
	    (payment.state != UNCIA_PAYMENT_FINAL && payment.state != UNCIA_PAYMENT_EXPIRED))
		return;
	strcpy(sender, taking->sender);
	money_text(p, payment.amount, money);
	uncia_payment_id_format(&payment.id, id);
	end_taking(p);
	if (payment.state == UNCIA_PAYMENT_FINAL && incoming_note(p, &payment.id)) /* the wallet's window has it */
		plugin_say(p, &where, "✔ Received %s, which %s has put here: %.16s", money, sender, id);
	else if (payment.state == UNCIA_PAYMENT_FINAL)
		plugin_verdict(p, &where, "✔ Received %s, which %s has put here: %.16s", money, sender, id);
	else
		plugin_verdict(p, &where,
		               "✘ The %s were not taken by this: another take was quicker, or it is at its end.",
		               money);
}

bool claims_event(struct plugin *p, const struct uncia_event *event)
{
	struct taking *taking = &p->taking;
	if (event->kind == UNCIA_EVENT_BALANCE && taking->stage != TAKING_NOTHING && !taking->synced) {
		taking->synced = !event->error;
		if (event->error && taking->stage != TAKING_TAKES)
			give_up(p, uncia_error_text(event->error));
		else if (taking->stage == TAKING_READY)
			take_now(p);
	}
	if (event->kind == UNCIA_EVENT_HOLD && taking->stage == TAKING_LOOKS)
		on_hold(p, event->error);
	else if (event->kind == UNCIA_EVENT_HOLD && p->asks_given) {
		p->asks_given = false;
		if (!event->error && p->given[p->asked_given].receipt)
			tell_given(p, &p->given[p->asked_given]);
	}
	if (event->kind != UNCIA_EVENT_PAYMENT)
		return event->kind == UNCIA_EVENT_HOLD;
	bool opening = taking->stage == TAKING_FINDS && !memcmp(&event->id, &taking->claim.opening, sizeof(event->id));
	bool taken = taking->stage == TAKING_TAKES && !memcmp(&event->id, &taking->id, sizeof(event->id));
	if (opening)
		on_opening(p, event->error);
	else if (taken)
		on_taken(p, event->error);
	return opening || taken;
}

void claims_undo(struct plugin *p)
{
	end_taking(p);
	for (unsigned i = 0; i < GIVEN_MAX; i++) {
		uncia_receipt_free(p->given[i].receipt);
		p->given[i].receipt = NULL;
	}
}

/* ---- the command ------------------------------------------------------------------------------------- */

void claims_command(struct plugin *p, const struct conversation *where, const char *arguments)
{
	if (!opening_need_key(p, where))
		return;
	if (uncia_text_kind(arguments) != UNCIA_TEXT_NONE)
		plugin_say(p, where,
		           "The text of a claim is cash, and is never typed here: /uncia claim takes the one that this "
		           "conversation has shown. Nothing was done.");
	else if (!*arguments || code_read(arguments))
		take_claim(p, where, arguments);
	else
		make_claim(p, where, arguments);
}
