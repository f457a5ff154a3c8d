/* Phones that give out claims, and take them, each its own, another's, two the same one, or once more. What is told of
 * a hold is held against the model; what leaves is stored before (phone_submitted); what is told to be final is
 * (check_final), so that what two have taken is never told to both. See phone_parts.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "phone_parts.h"
#include "uncia/error.h"

#define HEIGHTS_AHEAD 10000u

static uint64_t claims_draw(struct phones *p, uint64_t below)
{
	return wire_draw(&p->claim_random, below);
}

bool phone_pays_by_holds(const struct uncia_payment *info)
{
	return info->hold_count != 0 || strncmp(info->sender, "hold:", 5) == 0;
}

/* What a call of a claim may answer besides 0: the owner tries again another time. */
static void check_refusal(struct phone *phone, int result, const char *what)
{
	phone_trace(phone, "%s: %d", what, result);
	if (result == UNCIA_E_UNREACHABLE && uncia_wallet_sync(phone->wallet))
		phone_fail(phone, "cannot ask for its balance");
	if (result != UNCIA_E_UNREACHABLE && result != UNCIA_E_FUNDS && result != UNCIA_E_DUST &&
	    result != UNCIA_E_FULL && result != UNCIA_E_IO && !(result == UNCIA_E_DAMAGED && phone->mixed))
		phone_fail(phone, "%s: %d", what, result);
}

/* ---- giving out ---- */

static void open_claim(struct phone *phone)
{
	struct phones *p = phone->all;
	const struct uncia_hold_request hold = {.amount = 1000 + claims_draw(p, 200000),
	                                        .seconds = 7200 + (uint32_t)claims_draw(p, 3000)};
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .holds = &hold, .hold_count = 1, .expires_s = 1 + (uint32_t)claims_draw(p, 60)};
	struct uncia_payment_id id;
	int result = uncia_wallet_pay(phone->wallet, &request, &id);

	if (phone->host.dead)
		return;
	if (result) {
		check_refusal(phone, result, "opens a claim");
		return;
	}
	phone_trace(phone, "opens a claim of %" PRIu64, hold.amount);
	phone->opening = id;
	phone->opens = true;
}

static void claim_free(struct phone_claim *claim)
{
	uncia_receipt_free(claim->receipt);
	*claim = (struct phone_claim){.receipt = NULL};
}

/* The text of what it has opened last, once that is final: then it is everybody's. */
static void give_out(struct phone *phone)
{
	struct phones *p = phone->all;
	struct uncia_payment info = {.size = sizeof(info)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_hold hold = {.size = sizeof(hold)};
	struct uncia_receipt *receipt;
	char text[UNCIA_CHAT_TEXT_SIZE], *line;

	if (!phone->opens || uncia_wallet_payment(phone->wallet, &phone->opening, &info) ||
	    info.state != UNCIA_PAYMENT_FINAL || uncia_wallet_receipt(phone->wallet, &phone->opening, &line))
		return;
	int result = uncia_receipt_verify(p->file, line, &receipt);
	uncia_text_free(line);
	if (result)
		phone_fail(phone, "gives a receipt that does not verify");
	checks_advance(p->checks);
	if (info.height < p->checks->model.height_count && !phone_final(phone, &phone->opening))
		phone_fail(phone, "gives out a text with nothing under it");
	struct phone_claim *slot = &p->claims[claims_draw(p, CLAIMS_MAX)];
	claim_free(slot);
	slot->receipt = receipt;
	slot->key = (struct uncia_hold_key){.size = sizeof(slot->key)};
	slot->number = ++p->claims_given;
	slot->in_parts = claims_draw(p, 2);
	if (uncia_wallet_claim(phone->wallet, receipt, 0, text) ||
	    uncia_claim_parse(network_fixture(p->network)->genesis.network_id.b, text, &claim) ||
	    memcmp(claim.opening.b, phone->opening.b, sizeof(claim.opening.b)) != 0 ||
	    uncia_receipt_hold(receipt, 0, &hold) ||
	    sodium_hex2bin(slot->hold.b, ADDRESS_SIZE, hold.id + 5, strlen(hold.id) - 5, NULL, NULL, NULL) != 0)
		phone_fail(phone, "has no text of a claim that it has made");
	memcpy(slot->key.seed, claim.seed, sizeof(slot->key.seed));
	slot->amount = hold.amount;
	phone->opens = false;
	phone_trace(phone, "gives out claim %" PRIu64, slot->number);
}

/* ---- taking ---- */

static const struct model_hold *hold_of(struct phones *p, const struct phone_claim *claim)
{
	checks_advance(p->checks);
	return model_hold(&p->checks->model, &claim->hold);
}

static void take_claim(struct phone *phone, struct phone_claim *claim)
{
	struct phones *p = phone->all;
	struct destination to = {.address = p->wallets->keys[WALLET_ACCOUNTS + phone->person].address};
	char address[UNCIA_ADDRESS_TEXT_SIZE], key[32];
	bool keyed = claims_draw(p, 2), part = (claim->in_parts || claims_draw(p, 4) == 0) && claim->amount > 4000;
	struct uncia_output output = {.address = address, .amount = part ? claim->amount / 2 : claim->amount};
	struct uncia_take take = {.size = sizeof(take),
	                          .receipt = claim->receipt,
	                          .key = claim->key,
	                          .outputs = &output,
	                          .output_count = 1,
	                          .payment_key = keyed ? key : NULL};
	struct uncia_payment_id id, again;

	destination_format(&to, address);
	snprintf(key, sizeof(key), "%u %s", phone->home, part ? "half" : "all");
	int result = uncia_wallet_take(phone->wallet, &take, &id);
	if (phone->host.dead)
		return;
	if (result) {
		check_refusal(phone, result, "takes a claim");
		return;
	}
	claim->takes++;
	phone_trace(phone, "takes %" PRIu64 " of claim %" PRIu64, output.amount, claim->number);
	uint32_t failures = phone->host.failures;
	if (keyed && !uncia_wallet_take(phone->wallet, &take, &again) && memcmp(&id, &again, sizeof(id)) != 0)
		phone_fail(phone, "makes two takes of one key");
	if (keyed && phone->host.failures == failures && !phone->host.dead &&
	    uncia_wallet_payment(phone->wallet, &id, &(struct uncia_payment){.size = sizeof(struct uncia_payment)}))
		phone_fail(phone, "does not know its own take");
}

/* The one with most to tell of a few. */
static struct phone_claim *most_taken(struct phones *p, struct phone_claim *claim)
{
	for (int i = 0; i < 4; i++) {
		struct phone_claim *other = &p->claims[claims_draw(p, CLAIMS_MAX)];
		if (other->receipt && (!claim->receipt || other->takes > claim->takes))
			claim = other;
	}
	return claim;
}

static void look_at(struct phone *phone, struct phone_claim *claim)
{
	if (!claim->receipt)
		return;
	if (uncia_wallet_hold(phone->wallet, claim->receipt, 0))
		phone_fail(phone, "cannot ask what a hold has");
	phone->looked = claim->hold;
	phone->looks = true;
}

void phone_hold_heard(struct phone *phone, int error)
{
	struct phones *p = phone->all;
	const struct phone_claim claim = {.hold = phone->looked};
	struct uncia_hold_state state = {.size = sizeof(state)};

	if (!phone->looks || error)
		return;
	phone->looks = false;
	if (uncia_wallet_hold_state(phone->wallet, &state))
		phone_fail(phone, "does not tell what a hold has");
	phone_trace(phone, "hold has %" PRIu64 " at height %" PRIu64, state.balance, state.height);
	const struct model_hold *hold = hold_of(p, &claim);
	if (state.height >= p->checks->model.height_count + HEIGHTS_AHEAD)
		phone_fail(phone, "is told what a hold has at a height that nobody has come to");
	if (state.height >= p->checks->model.height_count)
		return; /* not durable anywhere yet */
	/* That it is gone is as of the least height that one of those who say so names. */
	uint64_t height = state.exists ? state.height : p->checks->model.height_count - 1;
	const struct model_change was = hold ? model_hold_at(hold, height) : (struct model_change){0};
	if (was.balance != state.balance || state.exists != (state.balance != 0))
		phone_fail(phone, "is told that a hold has %" PRIu64 " at height %" PRIu64 ", and it has %" PRIu64,
		           state.balance, state.height, was.balance);
	uint64_t gone = 0;
	for (uint32_t i = 0; i < state.left_count; i++) {
		struct uncia_payment info = {.size = sizeof(info)};
		if (uncia_receipt_payment(uncia_wallet_hold_receipt(phone->wallet, i), &info))
			phone_fail(phone, "does not show who took from a hold");
		gone += info.height <= height ? info.amount : 0;
	}
	if (state.complete && hold && gone + state.balance != hold->changes[0].balance)
		phone_fail(phone, "takes it for complete who took from a hold, and it is not");
}

void phone_claims_act(struct phones *p)
{
	if (!p->options.claims || claims_draw(p, 3))
		return;
	struct phone *phone = &p->phones[claims_draw(p, p->options.count)];
	struct phone_claim *claim = &p->claims[claims_draw(p, CLAIMS_MAX)];
	uint64_t what = claims_draw(p, 8);

	if (!phone->wallet || phone->host.dead || phone->asleep_until)
		return;
	give_out(phone);
	if (what < 2 && !phone->opens)
		open_claim(phone);
	else if (claim->receipt && what < 5)
		take_claim(phone, claim);
	else
		look_at(phone, most_taken(p, claim));
	phone_turn(phone);
}

void phone_claims_free(struct phones *p)
{
	for (size_t i = 0; i < CLAIMS_MAX; i++)
		claim_free(&p->claims[i]);
}
