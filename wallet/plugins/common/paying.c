/* Payments made from conversations. */
#include "paying.h"
#include <stdio.h>
#include <string.h>
#include "claims.h"
#include "opening.h"
#include "ordering.h"
#include "people.h"
#include "question.h"
#include "say.h"
#include "tags.h"

#define SAME_AGAIN_MS 60000 /* the same payment within this time may be a key that was hit twice */

/* ---- before ------------------------------------------------------------------------------------------ */

static void order_agreed(struct plugin *p, const struct open_question *question)
{
	if (opening_need_key(p, &question->where))
		ordering_pay(p, &question->peer, &question->intent);
}

/* Whether a payment like this one has no end yet: the network may be away, and who sees nothing happen pays again. */
static bool same_is_pending(struct plugin *p, const struct intent *intent)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	for (size_t i = 0; !uncia_wallet_pending(p->wallet, i, &id); i++)
		if (!uncia_wallet_payment(p->wallet, &id, &payment) && payment.amount == intent->amount &&
		    accounts_same(payment.to, intent->address))
			return true;
	return false;
}

/* Why it must be asked first; "" where it need not. */
static void reason_to_ask(struct plugin *p, const struct conversation *peer, const struct intent *intent,
                          char reason[PLUGIN_LINE_SIZE])
{
	struct uncia_pin pin;
	struct uncia_address to;
	struct uncia_payment_id before;
	int error = person_pin(p, peer, &pin);
	*reason = '\0';
	if ((!error || error == UNCIA_E_ALIKE) && !accounts_same(pin.address, intent->address))
		snprintf(reason, PLUGIN_LINE_SIZE, "this is NOT the account of %s, which is %s", peer->name,
		         pin.address);
	else if (error == UNCIA_E_ALIKE)
		snprintf(reason, PLUGIN_LINE_SIZE, "it is the account that is pinned");
	else if (error)
		snprintf(reason, PLUGIN_LINE_SIZE, "no account is pinned for %s", peer->name);
	else if (uncia_address_parse(intent->address, &to) || uncia_wallet_paid(p->wallet, &to, &before))
		snprintf(reason, PLUGIN_LINE_SIZE, "the first payment to this account%s",
		         pin.weak ? ", pinned for a nick that somebody else could take" : "");
	else if (same_is_pending(p, intent))
		snprintf(reason, PLUGIN_LINE_SIZE, "the same amount is on its way to it, and not paid yet");
	else if (p->last_ms && plugin_now_ms() - p->last_ms < SAME_AGAIN_MS && p->last.amount == intent->amount &&
	         accounts_same(p->last.address, intent->address) && strcmp(p->last.key, intent->key))
		snprintf(reason, PLUGIN_LINE_SIZE, "the same amount was paid to it a moment ago");
}

/* Whether the key has its payment already, of which it is said how it stands. */
static bool said_paid_before(struct plugin *p, const struct conversation *where, const struct intent *intent)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	char id_text[UNCIA_ID_TEXT_SIZE];
	if (uncia_wallet_by_key(p->wallet, intent->key, &id) || uncia_wallet_payment(p->wallet, &id, &payment))
		return false;
	uncia_payment_id_format(&id, id_text);
	plugin_say(p, where, "This has its payment already, which is %s: %.16s. Nothing more is paid.",
	           payment.state == UNCIA_PAYMENT_FINAL     ? "final"
	           : payment.state == UNCIA_PAYMENT_EXPIRED ? "expired, and never happened"
	                                                    : "on its way",
	           id_text);
	return true;
}

void pay_or_ask(struct plugin *p, const struct conversation *peer, const struct conversation *where,
                const struct intent *intent)
{
	char reason[PLUGIN_LINE_SIZE], text[PLUGIN_LINE_SIZE * 3], money[MONEY_TEXT_SIZE], memo[QUOTED_TEXT_SIZE] = "";
	char name[WHO_TEXT_SIZE], doubt[DOUBT_TEXT_SIZE];
	if (said_paid_before(p, where, intent))
		return;
	reason_to_ask(p, peer, intent, reason);
	person_doubt(p, peer, doubt);
	/* What was asked for before may be accepted while somebody else has the nick. */
	if (!*doubt)
		person_doubt(p, where, doubt);
	if (*doubt && !*reason)
		snprintf(reason, sizeof(reason), "it is the account that is pinned");
	if (!*reason) {
		ordering_pay(p, peer, intent);
		return;
	}
	struct open_question asked = {.where = *where, .peer = *peer, .agreed = order_agreed, .intent = *intent};
	money_text(p, intent->amount, money);
	name_text(peer, name);
	if (*intent->memo)
		quoted_text(intent->memo, memo);
	snprintf(text, sizeof(text), "%sPay %s to %s at %s? (%s)%s%s", doubt, money, name, intent->address, reason,
	         *memo ? " Note: " : "", memo);
	question_open(p, &asked, text);
}

void plugin_pay(struct plugin *p, const struct conversation *given, const char *arguments)
{
	struct conversation named = *given;
	const struct conversation *where = &named;
	name_clean(named.name);
	struct conversation peer = named;
	struct intent intent = {.amount = 0};
	struct uncia_pin pin;
	if (!opening_need_key(p, where))
		return;
	arguments += strspn(arguments, " ");
	if (where->group) {
		char name[PLUGIN_NAME_SIZE];
		size_t size = strcspn(arguments, " ");
		snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : 0), arguments);
		arguments += size;
		arguments += strspn(arguments, " ");
		if (!*name || !p->client.find(p->client.context, where, name, &peer)) {
			plugin_say(
			    p, where,
			    "In a group: /pay NAME AMOUNT [note]. Nobody here is called \"%s\". Nothing was done.",
			    name);
			return;
		}
	}
	name_clean(peer.name);
	if (!ordering_amount(p, where, &arguments, &intent.amount) || !ordering_note(p, where, arguments))
		return;
	snprintf(intent.memo, sizeof(intent.memo), "%s", arguments);
	int error = person_pin(p, &peer, &pin);
	if (error == UNCIA_E_ALIKE) /* which is asked about */
		error = 0;
	if (error == UNCIA_E_NOT_FOUND)
		plugin_say(p, where,
		           "No account is pinned for %s%s. They show theirs by /uncia address, in a conversation of "
		           "two. Nothing was done.",
		           peer.name, *peer.peer ? "" : ", and none can be: the client does not say who this is");
	else if (error || !ordering_key(intent.key))
		plugin_say(p, where, "Nothing was paid: %s.", uncia_error_text(error ? error : UNCIA_E_RANDOM));
	else {
		strcpy(intent.address, pin.address);
		pay_or_ask(p, &peer, where, &intent);
	}
}

/* ---- behind ------------------------------------------------------------------------------------------ */

/* Whether the end of this payment was told before. */
static bool end_was_told(struct plugin *p, const struct uncia_payment_id *id)
{
	for (unsigned i = 0; i < ENDS_MAX; i++)
		if (!memcmp(&p->ends[i], id, sizeof(*id)))
			return true;
	p->ends[p->next_end++ % ENDS_MAX] = *id;
	return false;
}

static void tell_final(struct plugin *p, const struct conversation *peer, const struct uncia_payment *payment)
{
	struct uncia_notice notice = {.size = sizeof(notice), .id = payment->id};
	char text[UNCIA_CHAT_TEXT_SIZE], message[UNCIA_CHAT_TEXT_SIZE + 16], money[MONEY_TEXT_SIZE];
	char id[UNCIA_ID_TEXT_SIZE];
	money_text(p, payment->leaving ? payment->leaving : payment->amount, money);
	uncia_payment_id_format(&payment->id, id);
	if (strlen(payment->memo) < sizeof(notice.memo))
		strcpy(notice.memo, payment->memo);
	bool sent = !uncia_notice_format(p->network_id, &notice, text);
	snprintf(message, sizeof(message), "I have paid: %s", text);
	/* Not to somebody who has taken the nick meanwhile. */
	sent = sent && *peer->peer && person_stays(p, peer) && p->client.send(p->client.context, peer, message);
	plugin_verdict(p, peer, "✔ Paid %s to %s, final after %llu ms%s: %.16s", money, peer->name,
	               (unsigned long long)payment->elapsed_ms, sent ? "" : " (they could not be told of it here)", id);
}

static void tell_payment(struct plugin *p, const struct conversation *peer, const struct uncia_payment_id *id)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	char money[MONEY_TEXT_SIZE];
	if (uncia_wallet_payment(p->wallet, id, &payment))
		return;
	money_text(p, payment.amount, money);
	if (payment.state == UNCIA_PAYMENT_PENDING && payment.reason != UNCIA_PENDING_WAITING &&
	    payment.reason != UNCIA_PENDING_UNSENT)
		plugin_say(p, peer, "%s to %s: not paid yet: %s.", money, peer->name,
		           uncia_pending_text(payment.reason));
	if (payment.state != UNCIA_PAYMENT_FINAL && payment.state != UNCIA_PAYMENT_EXPIRED)
		return;
	if (end_was_told(p, id))
		return;
	if (payment.state == UNCIA_PAYMENT_FINAL && payment.hold_count)
		claims_opened(p, peer, &payment);
	else if (payment.state == UNCIA_PAYMENT_FINAL)
		tell_final(p, peer, &payment);
	else
		plugin_verdict(p, peer, "✘ %s to %s expired: it was not paid, and never will be.", money, peer->name);
}

/* What is known of an order's payment. Whether it has been made. */
static bool waiting_payment(const struct plugin *p, const struct waiting *waiting, struct uncia_payment *payment)
{
	struct uncia_payment_id id;
	*payment = (struct uncia_payment){.size = sizeof(*payment)};
	return !uncia_wallet_by_key(p->wallet, waiting->key, &id) && !uncia_wallet_payment(p->wallet, &id, payment);
}

static void tell_waiting(struct plugin *p, struct waiting *waiting)
{
	struct uncia_payment payment;
	char money[MONEY_TEXT_SIZE];
	uint64_t passed_ms = plugin_now_ms() - waiting->since_ms;
	if (passed_ms < LONG_MS)
		return;
	bool made = waiting_payment(p, waiting, &payment);
	money_text(p, waiting->amount, money);
	if (!made && !waiting->told)
		plugin_say(
		    p, &waiting->peer,
		    "%s %s %s: nothing is signed yet. The network is asked first; what comes of it is told here.",
		    money, waiting->claim ? "for" : "to", waiting->peer.name);
	waiting->told = true;
	if (!made && passed_ms < SAME_AGAIN_MS)
		return; /* an order, whose end is told */
	*waiting->key = '\0';
	if (!made || payment.state != UNCIA_PAYMENT_PENDING)
		return;
	plugin_say(p, &waiting->peer, "%s %s %s: on its way, and not %s yet: %s. It goes on by itself.", money,
	           waiting->claim ? "for" : "to", waiting->peer.name, waiting->claim ? "there" : "paid",
	           uncia_pending_text(payment.reason));
}

bool paying_tick(struct plugin *p)
{
	bool left = false;
	if (!p->wallet || p->stopped)
		return false;
	for (struct waiting *waiting = p->waiting; waiting < p->waiting + WAITING_MAX; waiting++) {
		if (*waiting->key)
			tell_waiting(p, waiting);
		left = left || *waiting->key;
	}
	return left;
}

/* An order of this conversation has ended without a payment, which was told. */
static void stop_waiting(struct plugin *p, const struct conversation *peer)
{
	struct uncia_payment payment;
	for (struct waiting *waiting = p->waiting; waiting < p->waiting + WAITING_MAX; waiting++) {
		if (!*waiting->key || !conversation_same(&waiting->peer, peer) || waiting_payment(p, waiting, &payment))
			continue;
		*waiting->key = '\0';
		return;
	}
}

void paying_event(struct plugin *p, const struct uncia_event *event)
{
	struct conversation peer;
	if (!tag_read(event->tag, event->tag_size, &peer))
		return;
	if (event->kind == UNCIA_EVENT_ORDER && event->error)
		stop_waiting(p, &peer);
	if (event->kind == UNCIA_EVENT_ORDER && event->error)
		plugin_verdict(p, &peer, "✘ Not paid to %s, nothing was signed: %s.", peer.name,
		               uncia_error_text(event->error));
	else if (event->error)
		plugin_say(p, &peer, "The payment to %s is on its way still: %s.", peer.name,
		           uncia_error_text(event->error));
	else
		tell_payment(p, &peer, &event->id);
}
