/* What phones that watch may be told: every payment of others that is final and pays them, in order, none left out,
 * none again once its acknowledgement was stored, and nothing else. See phone_parts.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "phone_parts.h"
#include "uncia/error.h"

#define CLIENT "sim"

static bool place_less(const struct watch_place *a, const struct watch_place *b)
{
	return a->height < b->height || (a->height == b->height && a->index < b->index);
}

static struct watch_place place_of_payment(const struct model_payment *p)
{
	return (struct watch_place){p->height, p->index};
}

static bool is_incoming(const struct phone *phone, const struct model_payment *p)
{
	uint32_t account = WALLET_ACCOUNTS + phone->person;

	return p->touched >> account & 1 && p->sender != account;
}

/* Whether it may be acknowledged, or not. */
static bool is_doubtful(const struct phone_watch *w, const struct watch_place *at)
{
	for (size_t i = 0; i < w->doubts; i++)
		if (!place_less(&w->perhaps[i], at))
			return true;
	return w->doubts == WATCH_DOUBTS_MAX;
}

/* Whether it has to be told, now or after a start: that was promised, and it is not acknowledged. */
static bool is_owed(const struct phone *phone, const struct model_payment *p)
{
	const struct phone_watch *w = &phone->watch;
	const struct watch_place at = place_of_payment(p);

	return is_incoming(phone, p) && w->sure && p->height >= w->since &&
	       (!w->has_accepted || place_less(&w->accepted, &at)) && !is_doubtful(w, &at);
}

/* ---- one that is told ---- */

/* Whether something lies between two that were told one after the other, or between what was acknowledged and the
 * first.
 */
static bool skips(const struct phone *phone, const struct watch_place *from, const struct watch_place *to)
{
	const struct model *m = &phone->all->checks->model;

	for (size_t i = m->payment_count; i-- > 0 && m->payments[i].height >= (from ? from->height : 0);) {
		const struct watch_place at = place_of_payment(&m->payments[i]);
		if (is_incoming(phone, &m->payments[i]) &&
		    (from ? place_less(from, &at) : is_owed(phone, &m->payments[i])) && place_less(&at, to))
			return true;
	}
	return false;
}

/* The model has come to where it stands. */
static void check_told(struct phone *phone, size_t number)
{
	const struct phone_watch *w = &phone->watch;
	const struct watch_told *t = &w->told[number];
	const struct model_payment *final = phone_final(phone, &t->id);

	if (!final || final->height != t->at.height || final->index != t->at.index || !is_incoming(phone, final))
		phone_fail(phone, "is told of a payment that did not come in: at height %" PRIu64, t->at.height);
	bool skipped = number            ? skips(phone, &w->told[number - 1].at, &t->at)
	               : w->has_accepted ? skips(phone, &w->accepted, &t->at)
	                                 : skips(phone, NULL, &t->at);
	for (size_t i = 0; number == 0 && skipped && i < w->doubts; i++)
		skipped = w->doubts < WATCH_DOUBTS_MAX && skips(phone, &w->perhaps[i], &t->at);
	if (skipped)
		phone_fail(phone, "is not told of a payment that came in before one at height %" PRIu64, t->at.height);
}

static void check_all_told(struct phone *phone)
{
	struct phone_watch *w = &phone->watch;
	const struct model *m = &phone->all->checks->model;

	for (; w->checked < w->told_count && w->told[w->checked].at.height < m->height_count; w->checked++)
		check_told(phone, w->checked);
}

static void hear_told(struct phone *phone, const struct uncia_receipt *receipt)
{
	struct phone_watch *w = &phone->watch;
	struct uncia_payment info = {.size = sizeof(info)};
	struct uncia_part part = {.size = sizeof(part)};

	if (uncia_receipt_payment(receipt, &info) || uncia_wallet_part(phone->wallet, receipt, &part) ||
	    part.direction != UNCIA_DIRECTION_IN)
		phone_fail(phone, "is told of a payment that is none of others to it");
	const struct watch_told told = {.id = info.id, .at = {info.height, info.index}};
	if (w->told_count && !place_less(&w->told[w->told_count - 1].at, &told.at))
		phone_fail(phone, "is told of payments out of order");
	if (w->has_accepted && !place_less(&w->accepted, &told.at))
		phone_fail(phone, "is told again of a payment that was acknowledged");
	struct watch_told *grown = realloc(w->told, (w->told_count + 1) * sizeof(*grown));
	if (!grown)
		abort();
	w->told = grown;
	w->told[w->told_count++] = told;
	phone_trace(phone, "is told of a payment at height %" PRIu64, told.at.height);
}

void phone_watch_pay(struct phones *p)
{
	if (!p->options.watches || wire_draw(&p->watch_random, 3))
		return;
	const struct phone *phone = &p->phones[wire_draw(&p->watch_random, p->options.count)];
	for (uint64_t i = wire_draw(&p->watch_random, 4); i-- > 0 && phone->watch.wanted;)
		wallets_give(p->wallets, WALLET_ACCOUNTS + phone->person, 1000 + wire_draw(&p->watch_random, 100000));
}

/* ---- acknowledging ---- */

static void acknowledge(struct phone *phone, size_t number)
{
	struct phone_watch *w = &phone->watch;
	const struct watch_told *t = &w->told[w->waiting + number];
	uint32_t failures = phone->host.failures;

	int error = uncia_watch_acknowledge(phone->wallet, &t->id);
	phone_trace(phone, "acknowledges what is at height %" PRIu64 ": %d", t->at.height, error);
	if (error && phone->host.failures == failures)
		phone_fail(phone, "cannot acknowledge: %d", error);
	if (error || phone->host.dead) {
		if (w->doubts < WATCH_DOUBTS_MAX)
			w->perhaps[w->doubts++] = t->at;
		return;
	}
	checks_advance(phone->all->checks);
	check_all_told(phone); /* what is acknowledged is not looked at as the first one again */
	w->has_accepted = true;
	w->doubts = 0;
	w->accepted = t->at;
	w->waiting += number + 1;
}

void phone_watch_hear(struct phone *phone)
{
	struct phone_watch *w = &phone->watch;
	const struct uncia_receipt *receipt;

	if (!w->wanted || phone->host.dead || phone->all->over)
		return;
	if (!w->begun) {
		uint32_t failures = phone->host.failures;
		int error = uncia_watch_start(phone->wallet, CLIENT);
		if (error && phone->host.failures == failures)
			phone_fail(phone, "cannot watch: %d", error);
		w->begun = !error;
	}
	if (!w->begun)
		return;
	size_t count = 0;
	for (; (receipt = uncia_watch_incoming(phone->wallet, count)); count++)
		if (w->waiting + count == w->told_count)
			hear_told(phone, receipt);
	uint64_t what = wire_draw(&phone->all->watch_random, 16);
	if (count && (phone->calm || what < 3))
		acknowledge(phone, phone->calm ? count - 1 : wire_draw(&phone->all->watch_random, count));
	else if (what == 3 && !phone->calm && wire_draw(&phone->all->watch_random, 50) == 0)
		phone_watch_stop(phone);
}

void phone_watch_event(struct phone *phone, int error)
{
	struct phone_watch *w = &phone->watch;

	if (phone->all->over)
		return;
	phone_trace(phone, "watches: %d", error);
	if (error == 0 && !w->sure) {
		checks_advance(phone->all->checks);
		w->sure = true;
		w->since = phone->all->checks->model.height_count;
	}
	if (error && error != UNCIA_E_UNREACHABLE && error != UNCIA_E_PROOF && error != UNCIA_E_IO)
		phone_fail(phone, "watches no more: %d", error);
}

/* The process, or its watch, ends: what it was told and is not acknowledged is to be told again. */
void phone_watch_ended(struct phone *phone)
{
	struct phone_watch *w = &phone->watch;

	checks_advance(phone->all->checks);
	check_all_told(phone);
	w->told_count = w->checked = w->waiting = 0;
	w->begun = false;
}

void phone_watch_stop(struct phone *phone)
{
	phone_trace(phone, "watches no more, and begins again");
	phone_watch_ended(phone);
	uncia_watch_stop(phone->wallet);
}

/* Another home, or an older one: where it begins is not known before it says so. */
void phone_watch_forget(struct phone *phone)
{
	struct phone_watch *w = &phone->watch;

	w->sure = w->has_accepted = false;
	w->doubts = 0;
}

bool phone_watch_behind(const struct phone *phone)
{
	const struct phone_watch *w = &phone->watch;
	const struct model *m = &phone->all->checks->model;

	if (!w->wanted)
		return false;
	if (!w->sure)
		return true;
	for (size_t i = m->payment_count; i-- > 0;)
		if (is_owed(phone, &m->payments[i])) {
			const struct watch_place at = place_of_payment(&m->payments[i]);
			return !w->told_count || place_less(&w->told[w->told_count - 1].at, &at);
		}
	return false;
}

void phone_watch_look(struct phone *phone)
{
	if (phone->watch.wanted)
		check_all_told(phone);
}

void phone_watch_check(struct phone *phone)
{
	phone_watch_look(phone);
	if (phone_watch_behind(phone))
		phone_fail(phone, "%s in the end",
		           phone->watch.sure ? "is not told of all that came in" : "does not watch");
}
