/* The simulator's wallets open holds, take from them and give them back: in parts, with and without a secret, at once,
 * too early, too late, under another's key, what is not there, and what would leave dust. */
#include <stdlib.h>
#include <string.h>
#include "wallets_internal.h"

static struct wallet_hold *any_hold(struct wallets *w)
{
	return w->hold_count ? &w->holds[wallets_draw(w, w->hold_count)] : NULL;
}

/* What it has in the newest final block that the model knows. */
static amount_t left_in(const struct wallets *w, const struct wallet_hold *hold)
{
	const struct model *m = &w->checks->model;

	return model_hold_at(model_hold(m, &hold->opening.id), m->height_count).balance;
}

static void claim_key(uint32_t number, struct fixture_key *key)
{
	fixture_account(1000 + number, key);
}

/* Ends from the shortest that there may be on, or a little shorter; some not before the run is over. */
static uint32_t some_end(struct wallets *w)
{
	uint32_t now_s = network_now_s(w->network);

	switch (wallets_draw(w, 8)) {
	case 0:
		return now_s + 58 + (uint32_t)wallets_draw(w, 4);
	case 1:
		return now_s + 400 * 86400 - 1 + (uint32_t)wallets_draw(w, 3);
	default:
		return now_s + 62 + (uint32_t)wallets_draw(w, 30);
	}
}

void wallets_open_hold(struct wallets *w, uint32_t from)
{
	struct hold_opening openings[3];
	struct wallet_hold made[3];
	uint32_t count = 1 + (uint32_t)wallets_draw(w, 3);
	struct output output = {.to = w->keys[wallets_draw(w, MODEL_ACCOUNTS)].address,
	                        .amount = 1000 + wallets_draw(w, WALLET_UNIT)};
	struct payment draft = {.outputs = &output,
	                        .output_count = (uint32_t)wallets_draw(w, 2),
	                        .holds = openings,
	                        .hold_count = count,
	                        .expires_at = network_now_s(w->network) + 30};

	for (uint32_t i = 0; i < count; i++) {
		struct fixture_key claim;
		made[i] = (struct wallet_hold){.claim = ++w->claims, .has_secret = wallets_draw(w, 3) == 0};
		claim_key(made[i].claim, &claim);
		memset(made[i].secret, (int)wallets_draw(w, 256), sizeof(made[i].secret));
		openings[i] = (struct hold_opening){.end = some_end(w), .amount = 900 + wallets_draw(w, WALLET_UNIT)};
		hold_lock(claim.public_key, made[i].has_secret ? made[i].secret : NULL, &openings[i].lock);
		openings[i].has_home = wallets_draw(w, 2);
		openings[i].home = w->keys[wallets_draw(w, MODEL_ACCOUNTS)].address;
		openings[i].has_home =
		    openings[i].has_home && !address_equal(&openings[i].home, &w->keys[from].address);
	}
	struct wallet_payment *p = wallets_make(w, &draft, &w->keys[from]);
	if (!p)
		return;
	wallets_submit(w, wallets_any_node(w), p->payment);
	for (uint32_t i = 0; i < count && w->hold_count < WALLET_HOLDS_MAX; i++) {
		made[i].opening = p->payment->holds[i];
		made[i].opened_by = p->payment->id;
		w->holds[w->hold_count++] = made[i];
	}
}

/* Of what the hold has, or of what it would have had. */
static amount_t some_part(struct wallets *w, const struct wallet_hold *hold)
{
	amount_t all = left_in(w, hold) ? left_in(w, hold) : hold->opening.amount;

	switch (wallets_draw(w, 4)) {
	case 0:
		return all - wallets_draw(w, 1001); /* leaves dust, or nothing */
	case 1:
		return 1000 + wallets_draw(w, all);
	default:
		return all;
	}
}

static void take_part(struct wallets *w, const struct wallet_hold *hold, amount_t amount)
{
	struct hold_reference reference = {.has_secret = false};
	struct payment draft = {.kind = PAYMENT_TAKE, .hold = &reference, .output_count = 1};
	struct fixture_key claim;

	reference.home = hold->opening.home;
	reference.opening = hold->opened_by;
	reference.has_secret = hold->has_secret != (wallets_draw(w, 16) == 0);
	memcpy(reference.secret, hold->secret, sizeof(reference.secret));
	claim_key(hold->claim + (wallets_draw(w, 16) == 0), &claim); /* or somebody else's */
	struct output output = {.to = w->keys[wallets_draw(w, MODEL_ACCOUNTS)].address, .amount = amount};
	draft.outputs = &output;
	uint32_t soon = network_now_s(w->network) + 10 + (uint32_t)wallets_draw(w, 20);
	draft.expires_at = soon > hold->opening.end && wallets_draw(w, 4) ? hold->opening.end : soon;
	struct wallet_payment *p = wallets_make(w, &draft, &claim);
	if (!p)
		return;
	wallets_submit(w, wallets_any_node(w), p->payment);
	if (wallets_draw(w, 3) == 0)
		wallets_submit(w, wallets_any_node(w), p->payment);
}

void wallets_take(struct wallets *w)
{
	const struct wallet_hold *hold = any_hold(w);
	if (!hold)
		return;
	amount_t left = left_in(w, hold), part = left / 2;
	amount_t dust = 1 + wallets_draw(w, w->checks->model.smallest_amount - 1);
	if (part <= dust || wallets_draw(w, 4)) {
		take_part(w, hold, some_part(w, hold));
	} else { /* each by itself leaves enough behind; together they do not */
		take_part(w, hold, part);
		take_part(w, hold, left - part - dust);
	}
}

void wallets_give_back(struct wallets *w)
{
	const struct wallet_hold *hold = any_hold(w);
	uint32_t now_s = network_now_s(w->network);
	struct hold_reference reference = {.has_secret = false};
	struct payment draft = {.kind = PAYMENT_GIVE_BACK, .hold = &reference, .currency = CURRENCY_FIRST};

	if (!hold)
		return;
	reference.home = hold->opening.home;
	reference.seal = hold->opening.seal;
	draft.total = left_in(w, hold) ? left_in(w, hold) : hold->opening.amount;
	if (wallets_draw(w, 3) == 0)
		draft.total -= wallets_draw(w, 2) ? draft.total / 2 : 1 + wallets_draw(w, 100);
	draft.expires_at = fixture_give_back_expires_at(wallets_draw(w, 8) ? now_s : now_s - 3600);
	struct wallet_payment *p = wallets_make(w, &draft, NULL);
	if (!p)
		return;
	for (uint32_t node = 0; node < w->checks->nodes; node++)
		if (wallets_draw(w, 2))
			wallets_submit(w, node, p->payment);
}

void wallets_act_on_holds(struct wallets *w)
{
	if (w->count >= WALLET_PAYMENTS_MAX - WALLET_PAYMENTS_KEPT)
		return;
	if (wallets_draw(w, 4) == 0)
		wallets_take(w);
	wallets_give_back(w);
}

/* So far off that no run waits for it. */
#define FAR_S 1000u

size_t wallets_bring_home(struct wallets *w, uint32_t node)
{
	const struct model *m = &w->checks->model;
	const uint64_t now_s = m->heights[m->height_count - 1].timestamp_ms / 1000;
	size_t left = 0;

	for (size_t i = 0; i < m->hold_count; i++) {
		const struct model_hold *hold = &m->holds[i];
		struct hold_reference reference = {.home = hold->home};
		struct payment draft = {.kind = PAYMENT_GIVE_BACK,
		                        .hold = &reference,
		                        .currency = CURRENCY_FIRST,
		                        .total = model_hold_at(hold, m->height_count).balance};
		if (!draft.total || hold->end > now_s + FAR_S)
			continue;
		left++;
		if (now_s < hold->end)
			continue;
		hold_seal(&hold->opening, &hold->lock, &reference.seal);
		draft.expires_at = fixture_give_back_expires_at(now_s);
		struct wallet_payment *p = wallets_make(w, &draft, NULL);
		if (p)
			wallets_submit(w, node, p->payment);
	}
	return left;
}
