/* See homing.h. One hold after the other: what it has is asked for; where nothing is left it is closed; else it is sent
 * home, and looked at again. What is sent is made of what was proved, and the same whoever makes it, so that it needs
 * no storing: whoever opens the home next makes it again. */
#include "homing.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "archive.h"
#include "following.h"
#include "give_back.h"
#include "tracked.h"
#include "wallet.h"

#define FAILED_AGAIN_MS 30000u /* nobody has answered so that it could be believed */
#define SENT_AGAIN_MS   60000u /* it is on its way home */

int homing_init(struct uncia_wallet *w)
{
	w->homing = calloc(1, sizeof(*w->homing));
	if (!w->homing)
		return UNCIA_E_MEMORY;
	w->homing->look = look_new(w, REQUEST_HOMING);
	return w->homing->look ? 0 : UNCIA_E_MEMORY;
}

void homing_deinit(struct uncia_wallet *w)
{
	if (!w->homing)
		return;
	look_free(w->homing->look);
	hold_book_free(&w->homing->book);
	free(w->homing);
	w->homing = NULL;
}

static struct opened_hold *homing_find(struct homing *h, const struct address *id, size_t *place)
{
	for (*place = 0; *place < h->book.count; ++*place)
		if (address_equal(&h->book.open[*place].id, id))
			return &h->book.open[*place];
	return NULL;
}

void homing_note_look(struct uncia_wallet *w)
{
	struct homing *h = w->homing;
	size_t place;
	if (!w->hold->known || w->hold->exists || !homing_find(h, &w->hold->id.address, &place))
		return;
	hold_book_close(&h->book, place);
	hold_book_save(w, &h->book);
}

const struct hold_book *homing_book(struct uncia_wallet *w, int *rc)
{
	struct homing *h = w->homing;
	*rc = h->loaded ? 0 : hold_book_load(w, &h->book);
	h->loaded = h->loaded || !*rc;
	if (!*rc)
		*rc = hold_book_read(w, &h->book);
	if (*rc)
		return NULL;
	homing_note_look(w);
	hold_book_save(w, &h->book);
	return &h->book;
}

int homing_begin(struct uncia_wallet *w)
{
	int rc;
	(void)homing_book(w, &rc);
	return rc == UNCIA_E_MEMORY ? rc : 0;
}

/* The ledger's time, or, while none is known, this device's: that only decides whether to ask. */
static uint64_t homing_time_ms(const struct uncia_wallet *w)
{
	return w->clock.known ? wallet_ledger_ms(w) : w->host.wall_ms(w->host.context);
}

static bool is_on_its_way(const struct uncia_wallet *w, const struct opened_hold *hold)
{
	const struct tracked *t = hold->sent ? tracked_find(w, &hold->going) : NULL;
	return t && !tracked_has_end(t);
}

/* It is home, and that is not noted yet: at this height. 0: it is not. */
static uint64_t home_since(const struct uncia_wallet *w, const struct opened_hold *hold)
{
	const struct tracked *t = hold->sent ? tracked_find(w, &hold->going) : NULL;
	return t && t->record.state == UNCIA_PAYMENT_FINAL ? t->record.height : 0;
}

static bool homing_is_due(const struct uncia_wallet *w, const struct opened_hold *hold)
{
	return homing_time_ms(w) / 1000 >= hold->end && wallet_now(w) >= hold->again_ms;
}

bool homing_has_work(const struct uncia_wallet *w)
{
	const struct homing *h = w->homing;
	if (!w->network)
		return false;
	if (look_active(h->look) || h->waits)
		return true;
	for (size_t i = 0; i < h->book.count; i++)
		if (homing_is_due(w, &h->book.open[i]) || is_on_its_way(w, &h->book.open[i]))
			return true;
	return false;
}

/* Sends it home as it was proved. */
static void homing_send(struct uncia_wallet *w, struct opened_hold *hold, amount_t balance)
{
	struct payment *payment;
	hold->again_ms = wallet_now(w) + SENT_AGAIN_MS;
	if (give_back_make(w, &hold->home, &hold->seal, balance, &payment))
		return;
	hold->going = payment->id;
	hold->sent = !following_carry(w, payment);
	if (!hold->sent)
		payment_free(payment);
}

/* The look has ended. */
static void homing_looked(struct uncia_wallet *w)
{
	struct homing *h = w->homing;
	size_t place;
	struct opened_hold *hold = homing_find(h, &h->looked, &place);
	h->waits = false;
	if (!hold)
		return;
	if (h->look->error)
		hold->again_ms = wallet_now(w) + FAILED_AGAIN_MS;
	else if (!h->look->exists)
		hold_book_close(&h->book, place);
	else if (wallet_ledger_ms(w) / 1000 >= hold->end) /* known now: what it has was proved */
		homing_send(w, hold, h->look->state.entry.balance);
	hold_book_save(w, &h->book);
}

void homing_tick(struct uncia_wallet *w)
{
	struct homing *h = w->homing;
	if (!w->network)
		return;
	homing_note_look(w);
	if (look_active(h->look)) {
		look_tick(w, h->look);
		return;
	}
	if (h->waits)
		homing_looked(w);
	if (!h->loaded || h->book.seen != w->archive->count)
		(void)homing_begin(w);
	for (size_t i = 0; i < h->book.count; i++) {
		struct opened_hold *hold = &h->book.open[i];
		uint64_t since = home_since(w, hold);
		if (!since && !homing_is_due(w, hold))
			continue;
		h->looked = hold->id;
		h->waits = true;
		hold->sent = hold->sent && !since;
		look_begin(w, h->look, &hold->id, since ? since : hold->height, 0);
		return;
	}
}

uint64_t homing_next_ms(const struct uncia_wallet *w)
{
	const struct homing *h = w->homing;
	uint64_t now = wallet_now(w), time = homing_time_ms(w), next = look_next_ms(w, h->look);
	if (!w->network || look_active(h->look))
		return next;
	if (h->waits)
		return now;
	for (size_t i = 0; i < h->book.count; i++) {
		const struct opened_hold *hold = &h->book.open[i];
		uint64_t end_ms = (uint64_t)hold->end * 1000, at = time >= end_ms ? now : now + (end_ms - time);
		if (home_since(w, hold))
			return now;
		if (at < hold->again_ms)
			at = hold->again_ms;
		if (at < next)
			next = at;
	}
	return next;
}

uint32_t uncia_wallet_coming_home(const struct uncia_wallet *w)
{
	uint32_t count = 0;
	if (wallet_readable(w) || !w->network)
		return 0;
	const struct homing *h = w->homing;
	for (size_t i = 0; i < h->book.count; i++) {
		const struct opened_hold *hold = &h->book.open[i];
		bool looked = (look_active(h->look) || h->waits) && address_equal(&h->looked, &hold->id);
		count += looked || homing_is_due(w, hold) || is_on_its_way(w, hold) || home_since(w, hold);
	}
	return count;
}
