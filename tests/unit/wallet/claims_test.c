/* Payments that open holds, and the claims that a wallet gives out for those under keys of its own. */
#include <string.h>
#include "hold.h"
#include "keyfile.h"
#include "unit.h"
#include "wallet.h"
#include "wallet_rig.h"

static struct rig *rig;
static char home[UNCIA_ADDRESS_TEXT_SIZE];
static const uint8_t agents_lock[HASH_SIZE] = {9, 8, 7};

static void setup(void)
{
	rig = rig_new(4);
	rig_address(3, home);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	rig_no_events(rig);
}

static void teardown(void)
{
	rig_free(rig);
}

static int open_holds(const char *key, const struct uncia_hold_request *holds, uint32_t count,
                      struct uncia_payment_id *id)
{
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .holds = holds, .hold_count = count, .key = key};
	return uncia_wallet_pay(rig->wallet, &request, id);
}

/* The receipt of an own payment, which becomes final. */
static struct uncia_receipt *receipt_of(const struct uncia_payment_id *id)
{
	struct uncia_receipt *receipt;
	char *text;
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_payment(rig, id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, id, &text), 0);
	ck_assert_int_eq(uncia_receipt_verify(rig->net.network, text, &receipt), 0);
	uncia_text_free(text);
	return receipt;
}

static struct hash lock_of(const struct uncia_claim *claim)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct hash lock;
	ck_assert_int_eq(claim_keypair(&rig->net.f.genesis.network_id, claim->seed, public_key, secret_key), 0);
	hold_lock(public_key, NULL, &lock);
	return lock;
}

START_TEST(a_claim_opens_its_hold_and_no_other)
{
	const struct uncia_hold_request holds[] = {
	    {.amount = 500000, .seconds = 3600},
	    {.amount = 600000, .seconds = 86400, .lock = agents_lock, .home = home},
	    {.amount = 700000, .seconds = 7200}};
	struct uncia_payment_id id;
	char text[UNCIA_CHAT_TEXT_SIZE];
	uint64_t spendable = rig_balance(rig).spendable;
	ck_assert_int_eq(open_holds(NULL, holds, 3, &id), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, spendable - 1800000);
	ck_assert_uint_eq(rig_payment(rig, &id).hold_count, 3);
	struct uncia_receipt *receipt = receipt_of(&id);
	struct hash seals[3];
	for (uint32_t i = 0; i < 3; i++) {
		struct uncia_hold hold = {.size = sizeof(hold)};
		struct uncia_claim claim = {.size = sizeof(claim)};
		struct address hold_address;
		char id_text[UNCIA_ADDRESS_TEXT_SIZE] = "hold:";
		ck_assert_int_eq(uncia_receipt_hold(receipt, i, &hold), 0);
		ck_assert_uint_eq(hold.amount, holds[i].amount);
		int rc = uncia_wallet_claim(rig->wallet, receipt, i, text);
		ck_assert_int_eq(rc, holds[i].lock ? UNCIA_E_NOT_FOUND : 0);
		if (rc)
			continue;
		ck_assert_int_eq(uncia_claim_parse(rig->net.f.genesis.network_id.b, text, &claim), 0);
		ck_assert_mem_eq(claim.opening.b, id.b, sizeof(id.b));
		ck_assert_mem_eq(claim.home, rig->net.account.b, ADDRESS_SIZE);
		/* The text alone names the hold. */
		struct hash lock = lock_of(&claim);
		struct payment_id opening;
		memcpy(opening.b, claim.opening.b, sizeof(opening.b));
		hold_seal(&opening, &lock, &seals[i]);
		hold_id(&rig->net.account, &seals[i], &hold_address);
		sodium_bin2hex(id_text + 5, sizeof(id_text) - 5, hold_address.b, ADDRESS_SIZE);
		ck_assert_str_eq(hold.id, id_text);
	}
	ck_assert_mem_ne(seals[0].b, seals[2].b, HASH_SIZE);
	ck_assert_int_eq(uncia_wallet_claim(rig->wallet, receipt, 3, text), UNCIA_E_ARGUMENT);
	uncia_receipt_free(receipt);
}
END_TEST

START_TEST(a_home_made_anew_has_its_claims_again)
{
	const struct uncia_hold_request hold = {.amount = 500000, .seconds = 3600};
	struct uncia_payment_id id;
	char text[UNCIA_CHAT_TEXT_SIZE], again[UNCIA_CHAT_TEXT_SIZE];
	ck_assert_int_eq(open_holds("k", &hold, 1, &id), 0);
	struct uncia_receipt *receipt = receipt_of(&id);
	ck_assert_int_eq(uncia_wallet_claim(rig->wallet, receipt, 0, text), 0);
	struct rig *other = rig_new(4); /* of the same words */
	ck_assert_int_eq(rig_sync(other), 0);
	ck_assert_int_eq(uncia_wallet_claim(other->wallet, receipt, 0, again), 0);
	ck_assert_str_eq(text, again);
	rig_free(other);
	uncia_receipt_free(receipt);
}
END_TEST

START_TEST(a_key_is_one_payment_with_the_same_holds)
{
	struct uncia_hold_request hold = {.amount = 500000, .seconds = 3600};
	struct uncia_payment_id first, second;
	ck_assert_int_eq(open_holds("k", &hold, 1, &first), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(open_holds("k", &hold, 1, &second), 0);
	ck_assert_mem_eq(first.b, second.b, sizeof(first.b));
	hold.amount++;
	ck_assert_int_eq(open_holds("k", &hold, 1, &second), UNCIA_E_KEY_REUSED);
	hold.amount--;
	hold.lock = agents_lock;
	ck_assert_int_eq(open_holds("k", &hold, 1, &second), UNCIA_E_KEY_REUSED);
	hold.home = home;
	ck_assert_int_eq(open_holds("k", &hold, 1, &second), UNCIA_E_KEY_REUSED);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
}
END_TEST

START_TEST(a_key_of_a_hold_for_somebody_is_no_claim)
{
	const struct uncia_hold_request for_an_agent = {.amount = 500000, .seconds = 3600, .lock = agents_lock};
	const struct uncia_hold_request claim = {.amount = 500000, .seconds = 3600};
	struct uncia_payment_id first, second;
	ck_assert_int_eq(open_holds("k", &for_an_agent, 1, &first), 0);
	ck_assert_int_eq(open_holds("k", &claim, 1, &second), UNCIA_E_KEY_REUSED);
	ck_assert_int_eq(open_holds("c", &claim, 1, &first), 0);
	/* Whether it is one, a locked wallet cannot tell. */
	secret_free(rig->wallet->secret);
	rig->wallet->secret = NULL;
	ck_assert_int_eq(open_holds("k", &claim, 1, &second), UNCIA_E_LOCKED);
	ck_assert_int_eq(open_holds("c", &claim, 1, &second), UNCIA_E_LOCKED);
	ck_assert_int_eq(open_holds("k", &for_an_agent, 1, &second), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 2);
}
END_TEST

START_TEST(a_lock_waits_for_what_the_account_has_paid_before)
{
	const struct uncia_hold_request locked = {.amount = 500000, .seconds = 3600, .lock = agents_lock};
	const struct uncia_hold_request claim = {.amount = 500000, .seconds = 3600};
	struct uncia_payment_id id;
	memory_host_forget(&rig->host, "caught-up");
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_holds(NULL, &locked, 1, &id), UNCIA_E_BEHIND);
	ck_assert_int_eq(open_holds(NULL, &claim, 1, &id), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(open_holds(NULL, &locked, 1, &id), 0);
	ck_assert_int_eq(open_holds(NULL, &locked, 1, &id), UNCIA_E_LOCK_USED);
}
END_TEST

START_TEST(holds_that_cannot_be_are_refused_and_nothing_is_stored)
{
	const struct {
		struct uncia_hold_request hold;
		int result;
	} cases[] = {
	    {{.amount = 500000, .seconds = 599}, UNCIA_E_END},
	    {{.amount = 500000, .seconds = 400 * 86400}, UNCIA_E_END},
	    {{.amount = 0, .seconds = 3600}, UNCIA_E_AMOUNT},
	    {{.amount = FIXTURE_SMALLEST_AMOUNT - 1, .seconds = 3600}, UNCIA_E_AMOUNT},
	    {{.amount = UINT64_MAX, .seconds = 3600}, UNCIA_E_FUNDS},
	    {{.amount = 500000, .seconds = 3600, .home = home}, UNCIA_E_ARGUMENT},
	    {{.amount = 500000, .seconds = 3600, .lock = agents_lock, .home = "unc1"}, UNCIA_E_ADDRESS},
	};
	struct uncia_payment_id id;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(open_holds(NULL, &cases[i].hold, 1, &id), cases[i].result);
	const struct uncia_payment_request none = {.size = sizeof(none)};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &none, &id), UNCIA_E_ARGUMENT);
	/* An end that its payment may come after. */
	const struct uncia_hold_request soon = {.amount = 500000, .seconds = 3600};
	const struct uncia_payment_request late = {
	    .size = sizeof(late), .holds = &soon, .hold_count = 1, .expires_s = 3600};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &late, &id), UNCIA_E_END);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
}
END_TEST

START_TEST(an_order_opens_holds_too)
{
	uint8_t lock[HASH_SIZE];
	char given[UNCIA_ADDRESS_TEXT_SIZE];
	memcpy(lock, agents_lock, sizeof(lock));
	memcpy(given, home, sizeof(given));
	struct uncia_hold_request hold = {.amount = 500000, .seconds = 3600, .lock = lock, .home = given};
	const struct uncia_payment_request request = {.size = sizeof(request), .holds = &hold, .hold_count = 1};
	struct uncia_payment_id id;
	rig_reopen(rig); /* the account is not known */
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, &request), 0);
	memset(&hold, 0, sizeof(hold));
	memset(lock, 0, sizeof(lock));
	memset(given, 0, sizeof(given));
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(uncia_wallet_outbox(rig->wallet, 0, &id), 0);
	struct uncia_receipt *receipt = receipt_of(&id);
	struct uncia_hold opened = {.size = sizeof(opened)};
	ck_assert_int_eq(uncia_receipt_hold(receipt, 0, &opened), 0);
	ck_assert_uint_eq(opened.amount, 500000);
	ck_assert_str_eq(opened.home, home);
	uncia_receipt_free(receipt);
}
END_TEST

UNIT_MAIN_BETWEEN("claims", setup, teardown, a_claim_opens_its_hold_and_no_other, a_home_made_anew_has_its_claims_again,
                  a_key_is_one_payment_with_the_same_holds, a_key_of_a_hold_for_somebody_is_no_claim,
                  a_lock_waits_for_what_the_account_has_paid_before,
                  holds_that_cannot_be_are_refused_and_nothing_is_stored, an_order_opens_holds_too)
