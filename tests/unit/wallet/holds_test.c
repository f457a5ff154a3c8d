/* What a hold has, as validators tell it; takes, and give-backs. */
#include <string.h>
#include "archive.h"
#include "hold.h"
#include "keyfile.h"
#include "unit.h"
#include "wallet.h"
#include "wallet_rig.h"

static struct rig *rig;
static struct uncia_receipt *receipt;
static struct uncia_hold_key key = {.size = sizeof(key)};
static struct uncia_hold hold;
static char bob[UNCIA_ADDRESS_TEXT_SIZE];

static int open_one(const struct uncia_hold_request *wanted, struct uncia_payment_id *id)
{
	const struct uncia_payment_request request = {.size = sizeof(request), .holds = wanted, .hold_count = 1};
	return uncia_wallet_pay(rig->wallet, &request, id);
}

/* One that is final, and the entry that it has made. */
static void open_hold(const struct uncia_hold_request *wanted)
{
	struct uncia_payment_id id;
	char *line;
	uncia_receipt_free(receipt);
	rig->net.finalise = rig->net.time_passes = true;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(open_one(wanted, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &line), 0);
	ck_assert_int_eq(uncia_receipt_verify(rig->net.network, line, &receipt), 0);
	uncia_text_free(line);
	hold = (struct uncia_hold){.size = sizeof(hold)};
	ck_assert_int_eq(uncia_receipt_hold(receipt, 0, &hold), 0);
	const struct payment *opening = fake_network_find(&rig->net, (const struct payment_id *)id.b)->payment;
	rig->net.hold = (struct entry){.kind = ENTRY_HOLD,
	                               .payments = 1,
	                               .address = opening->holds[0].home,
	                               .currency = 1,
	                               .balance = wanted->amount,
	                               .end = opening->holds[0].end};
	memcpy(rig->net.hold.public_key, opening->holds[0].seal.b, HASH_SIZE);
	rig->net.has_hold = rig->net.exists = true;
	rig_no_events(rig);
}

/* A claim of this wallet's. */
static void open_claim(uint64_t amount, uint32_t seconds)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	open_hold(&(struct uncia_hold_request){.amount = amount, .seconds = seconds});
	ck_assert_int_eq(uncia_wallet_claim(rig->wallet, receipt, 0, text), 0);
	ck_assert_int_eq(uncia_claim_parse(rig->net.f.genesis.network_id.b, text, &claim), 0);
	key = (struct uncia_hold_key){.size = sizeof(key)};
	memcpy(key.seed, claim.seed, sizeof(key.seed));
}

/* One under this wallet's own key, which asks for a secret. */
static const uint8_t secret[32] = {5, 6, 7};

static void open_with_secret(uint64_t amount, uint32_t seconds)
{
	uint8_t hash[crypto_hash_sha256_BYTES], lock[32];
	crypto_hash_sha256(hash, secret, sizeof(secret));
	key = (struct uncia_hold_key){.size = sizeof(key), .own = true, .secret = secret};
	ck_assert_int_eq(uncia_wallet_key(rig->wallet, key.account), 0);
	ck_assert_int_eq(uncia_hold_lock(key.account, hash, lock), 0);
	open_hold(&(struct uncia_hold_request){.amount = amount, .seconds = seconds, .lock = lock});
	struct uncia_payment_id id;
	ck_assert_int_eq(
	    open_one(&(struct uncia_hold_request){.amount = amount, .seconds = seconds, .lock = lock}, &id),
	    UNCIA_E_LOCK_USED);
}

static void setup(void)
{
	rig = rig_new(4);
	rig_address(2, bob);
	open_claim(500000, 3600);
}

static void teardown(void)
{
	uncia_receipt_free(receipt);
	receipt = NULL;
	rig_free(rig);
}

/* The error of a look, and what it found out. */
static int look(struct uncia_hold_state *state)
{
	struct uncia_event event = {.size = sizeof(event)};
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_hold(rig->wallet, receipt, 0), 0);
	fake_network_pass(&rig->net, rig->wallet, 12000);
	ck_assert(rig_event(rig, UNCIA_EVENT_HOLD, &event));
	*state = (struct uncia_hold_state){.size = sizeof(*state)};
	int rc = uncia_wallet_hold_state(rig->wallet, state);
	ck_assert_int_eq(rc, event.error ? UNCIA_E_NOT_FOUND : 0);
	return event.error;
}

START_TEST(what_a_hold_has_is_believed_with_its_proof)
{
	struct uncia_hold_state state;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(state.exists);
	ck_assert_uint_eq(state.balance, 500000);
	ck_assert_uint_eq(state.payments, 1);
	ck_assert_str_eq(state.id, hold.id);
	/* One that hides it, and one that lies. */
	rig->net.nodes[0].behaviour = NO_ACCOUNT;
	rig->net.nodes[1].behaviour = FALSE_BALANCE;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(state.exists);
	ck_assert_uint_eq(state.balance, 500000);
}
END_TEST

START_TEST(that_a_hold_is_gone_takes_more_than_one)
{
	struct uncia_hold_state state;
	for (uint32_t i = 1; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	rig->net.has_hold = false;
	ck_assert_int_eq(look(&state), UNCIA_E_UNREACHABLE);
	rig->net.nodes[1].behaviour = HONEST;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(!state.exists);
}
END_TEST

/* One of two is honest, and it is he who has come furthest; the other one names a height at which it was there. */
START_TEST(a_hold_that_is_gone_is_gone_whatever_was_proved_of_before)
{
	struct uncia_hold_state state;
	uint64_t opened = rig->net.tip.height;
	rig->net.tip.height += 5; /* up to which it was there, as one that is behind proves */
	for (uint32_t i = 0; i < 2; i++) {
		rig->net.nodes[i].behaviour = NO_ACCOUNT;
		rig->net.nodes[i].no_hold_height = i == 0 ? opened + 1 : opened + 9;
	}
	rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(!state.exists);
	ck_assert_uint_eq(state.balance, 0);
	ck_assert_uint_eq(state.height, opened + 1);
	rig->net.nodes[1].behaviour = SILENT; /* of one alone it is not */
	ck_assert_int_eq(look(&state), 0);
	ck_assert(state.exists);
}
END_TEST

static int take_under(const char *payment_key, uint64_t amount, uint64_t agreed, struct uncia_payment_id *id)
{
	const struct uncia_output output = {.address = bob, .amount = amount};
	const struct uncia_take wanted = {.size = sizeof(wanted),
	                                  .receipt = receipt,
	                                  .key = key,
	                                  .outputs = &output,
	                                  .output_count = 1,
	                                  .agreed = agreed,
	                                  .payment_key = payment_key};
	return uncia_wallet_take(rig->wallet, &wanted, id);
}

static int take(uint64_t amount, struct uncia_payment_id *id)
{
	return take_under(NULL, amount, 0, id);
}

START_TEST(a_take_is_sent_until_it_is_final_and_told)
{
	struct uncia_payment_id id;
	uint32_t submits = rig_submits(rig);
	rig->net.finalise = false;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take(500000, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 9000);
	ck_assert_uint_gt(rig_submits(rig), submits + 8);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 9000);
	struct uncia_payment payment = rig_payment(rig, &id);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_FINAL);
	ck_assert_str_eq(payment.sender, hold.id);
	ck_assert_str_eq(payment.to, bob);
	ck_assert(payment.own);
	const struct payment *made = fake_network_find(&rig->net, (const struct payment_id *)id.b)->payment;
	ck_assert_int_eq(made->kind, PAYMENT_TAKE);
	ck_assert(payment_signature_valid(made));
	/* It is one of this home's payments, and takes nothing out of its account. */
	rig_reopen(rig);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 2);
	ck_assert_str_eq(rig_payment(rig, &id).sender, hold.id);
}
END_TEST

START_TEST(a_take_that_cannot_be_is_not_sent)
{
	struct uncia_payment_id id;
	uint32_t submits = rig_submits(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take(FIXTURE_SMALLEST_AMOUNT - 1, &id), UNCIA_E_AMOUNT);
	key.seed[0] ^= 1;
	uint32_t number;
	ck_assert_int_eq(take(500000, &id), UNCIA_E_SIGNATURE);
	ck_assert_int_eq(uncia_receipt_find_hold(rig->net.network, receipt, &key, &number), UNCIA_E_NOT_FOUND);
	key.seed[0] ^= 1;
	ck_assert_int_eq(uncia_receipt_find_hold(rig->net.network, receipt, &key, &number), 0);
	ck_assert_uint_eq(number, 0);
	/* A sync that is too old, and an end that is too near. */
	fake_network_pass(&rig->net, rig->wallet, 40000);
	ck_assert_int_eq(take(500000, &id), UNCIA_E_UNREACHABLE);
	for (int i = 0; i < 58; i++)
		fake_network_pass(&rig->net, rig->wallet, 60000);
	uint64_t near_ms = hold.end * 1000 - rig->net.f.genesis.timestamp_ms - 4000;
	ck_assert_uint_gt(near_ms, rig->host.now_ms);
	fake_network_pass(&rig->net, rig->wallet, near_ms - rig->host.now_ms);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take(500000, &id), UNCIA_E_END);
	ck_assert_uint_eq(rig_submits(rig), submits);
}
END_TEST

START_TEST(a_key_is_one_take_of_its_hold)
{
	struct uncia_payment_id first, again, other;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take_under("part 1", 200000, 0, &first), 0);
	ck_assert_int_eq(take_under("part 1", 200000, 0, &again), 0);
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	ck_assert_int_eq(take_under("part 1", 100000, 0, &again), UNCIA_E_KEY_REUSED);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	rig_reopen(rig);
	ck_assert_int_eq(take_under("part 1", 200000, 0, &again), 0); /* without a sync: it is there */
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take_under("part 2", 200000, 0, &other), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_uint_eq(rig->net.hold.balance, 100000);
	/* The key of a payment is another thing. */
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "part 1", &again), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(a_take_leaves_when_it_is_durable)
{
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->host.later = true;
	uint32_t submits = rig_submits(rig);
	ck_assert_int_eq(take_under("k", 500000, 0, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 9000);
	ck_assert_uint_eq(rig_submits(rig), submits);
	ck_assert_int_eq(take_under("k", 500000, 0, &again), 0);
	ck_assert_mem_eq(id.b, again.b, sizeof(id.b));
	ck_assert_uint_eq(rig_submits(rig), submits);
	/* A power cut before: it was never sent, and its key takes afresh. */
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take_under("k", 500000, 0, &id), 0);
	while (rig->host.later_count != 0)
		ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_uint_gt(rig_submits(rig), submits);
	ck_assert(!rig->net.has_hold);
}
END_TEST

START_TEST(a_secret_is_shown_for_what_was_agreed_and_in_time)
{
	struct uncia_hold_state state;
	struct uncia_payment_id id;
	open_with_secret(500000, 1300);
	uint32_t submits = rig_submits(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take_under(NULL, 500000, 500000, &id), UNCIA_E_UNREACHABLE); /* not proved yet */
	ck_assert_int_eq(look(&state), 0);
	ck_assert_int_eq(take_under(NULL, 500000, 0, &id), UNCIA_E_ARGUMENT); /* nothing was agreed */
	ck_assert_int_eq(take_under(NULL, 500000, 500001, &id), UNCIA_E_FUNDS);
	ck_assert_int_eq(take_under(NULL, 500001, 500000, &id), UNCIA_E_FUNDS);
	ck_assert_int_eq(take_under(NULL, 500000 - 1, 500000, &id), UNCIA_E_DUST);
	for (int i = 0; i < 12; i++)
		fake_network_pass(&rig->net, rig->wallet, 59000);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(take_under(NULL, 500000, 500000, &id), UNCIA_E_END); /* less than ten minutes */
	ck_assert_uint_eq(rig_submits(rig), submits);
}
END_TEST

START_TEST(a_wallet_has_a_hundred_holds_open_at_most)
{
	struct uncia_hold_request wanted[100];
	struct uncia_payment_request request = {.size = sizeof(request), .holds = wanted, .hold_count = 100};
	struct uncia_payment_id id;
	for (size_t i = 0; i < 100; i++)
		wanted[i] = (struct uncia_hold_request){.amount = 10000, .seconds = 3600};
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_FULL); /* the claim is one */
	request.hold_count = 99;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	ck_assert_int_eq(open_one(&wanted[0], &id), UNCIA_E_FULL); /* also while it is on its way */
	fake_network_pass(&rig->net, rig->wallet, 3000);
	rig_reopen(rig);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(open_one(&wanted[0], &id), UNCIA_E_FULL);
}
END_TEST

/* A hundred are open, a claim of 500000 among them. Returns what its wallet asks for once more. */
static struct uncia_hold_request open_a_hundred(void)
{
	struct uncia_hold_request wanted[99];
	const struct uncia_payment_request request = {.size = sizeof(request), .holds = wanted, .hold_count = 99};
	struct uncia_payment_id id;
	for (size_t i = 0; i < 99; i++)
		wanted[i] = (struct uncia_hold_request){.amount = 10000, .seconds = 3600};
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_one(&wanted[0], &id), UNCIA_E_FULL);
	return wanted[0];
}

START_TEST(a_hold_that_was_cancelled_takes_no_place)
{
	const struct uncia_hold_request one_more = open_a_hundred();
	struct uncia_payment_id id;
	ck_assert_int_eq(take(200000, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_one(&one_more, &id), UNCIA_E_FULL); /* a part of it is there still */
	ck_assert_int_eq(take(300000, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_one(&one_more, &id), 0);
	ck_assert_int_eq(open_one(&one_more, &id), UNCIA_E_FULL);
	/* A list that is read anew says the same. */
	memory_host_forget(&rig->host, "holds");
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_one(&one_more, &id), UNCIA_E_FULL);
}
END_TEST

START_TEST(a_hold_that_somebody_took_takes_no_place_once_that_is_proved)
{
	const struct uncia_hold_request one_more = open_a_hundred();
	struct uncia_hold_state state;
	struct uncia_payment_id id;
	rig->net.has_hold = false;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(!state.exists);
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(open_one(&one_more, &id), 0);
	ck_assert_int_eq(open_one(&one_more, &id), UNCIA_E_FULL);
}
END_TEST

/* Lets time pass until just after the end, and says how much came home by itself. */
static uint64_t home_by_itself(void)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_event event = {.size = sizeof(event)};
	uint64_t amount = 0;
	for (int i = 0; i < 61; i++)
		fake_network_pass(&rig->net, rig->wallet, 60000);
	while (uncia_wallet_event(rig->wallet, &event) > 0) {
		payment = (struct uncia_payment){.size = sizeof(payment)};
		if (event.kind != UNCIA_EVENT_PAYMENT || uncia_wallet_payment(rig->wallet, &event.id, &payment) ||
		    strcmp(payment.sender, hold.id) != 0 || payment.state != UNCIA_PAYMENT_FINAL)
			continue;
		ck_assert_str_eq(payment.to, hold.home);
		ck_assert(!payment.own);
		amount += payment.amount;
	}
	return amount;
}

START_TEST(a_hold_comes_home_after_its_end_whole_and_unasked)
{
	struct uncia_hold_state state;
	struct uncia_payment_id id;
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_give_back(rig->wallet, receipt, 0, &id), UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(look(&state), 0);
	ck_assert_int_eq(uncia_wallet_give_back(rig->wallet, receipt, 0, &id), UNCIA_E_END);
	ck_assert_uint_eq(uncia_wallet_coming_home(rig->wallet), 0);
	rig->net.hold.balance = 400000; /* somebody has taken a part */
	ck_assert_uint_eq(home_by_itself(), 400000);
	ck_assert_uint_eq(uncia_wallet_coming_home(rig->wallet), 0);
	ck_assert_int_eq(look(&state), 0);
	ck_assert(!state.exists);
	ck_assert_int_eq(uncia_wallet_give_back(rig->wallet, receipt, 0, &id), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(nothing_left_is_said_before_any_header_has_told_the_time)
{
	struct uncia_hold_state state;
	struct uncia_payment_id id;
	rig_reopen(rig);
	rig->net.has_hold = false;
	ck_assert_int_eq(look(&state), 0);
	ck_assert(!state.exists);
	ck_assert_int_eq(uncia_wallet_give_back(rig->wallet, receipt, 0, &id), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(what_comes_home_is_closed_and_asked_for_no_more)
{
	ck_assert_uint_eq(home_by_itself(), 500000);
	uint32_t submits = rig_submits(rig);
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(uncia_wallet_coming_home(rig->wallet), 0);
	ck_assert_uint_eq(home_by_itself(), 0);
	ck_assert_uint_eq(rig_submits(rig), submits);
}
END_TEST

START_TEST(a_home_whose_list_of_holds_is_lost_reads_it_anew)
{
	rig_reopen(rig);
	memory_host_forget(&rig->host, "holds");
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0); /* whose clock was never set */
	ck_assert_uint_eq(home_by_itself(), 500000);
}
END_TEST

/* The home is made anew from the words; its segments hold one payment each. */
static void open_in_segments(void)
{
	struct uncia_payment_id id;
	rig_close(rig);
	memory_host_forget(&rig->host, "");
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	rig->wallet->archive->segment_records = 1;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_sync(rig), 0);
		ck_assert_int_eq(rig_pay_now(rig, NULL, 20000, &id), 0);
		fake_network_pass(&rig->net, rig->wallet, 3000);
	}
	ck_assert_uint_ge(memory_host_count(&rig->host, "payments-ended-"), 4);
}

static struct memory_blob *segment_blob(uint32_t number)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	archive_segment_name(number, name);
	struct memory_blob *blob = memory_host_find(&rig->host, name);
	ck_assert_ptr_nonnull(blob);
	return blob;
}

static uint32_t segment_of_opening(void)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
	const struct ended *ended = archive_find_id(rig->wallet, (const struct payment_id *)payment.id.b);
	ck_assert_ptr_nonnull(ended);
	return ended->segment;
}

static void toggle(uint32_t segment)
{
	struct memory_blob *blob = segment_blob(segment);
	blob->data[blob->size - 1] ^= 1;
}

/* With a hold more, so that the list of holds is stored. */
static void reopen_in_segments(bool one_more)
{
	struct uncia_payment_id id;
	rig_reopen(rig);
	rig->wallet->archive->segment_records = 1;
	ck_assert_int_eq(rig_sync(rig), 0);
	if (!one_more)
		return;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(open_one(&(struct uncia_hold_request){.amount = 30000, .seconds = 34000000}, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	rig_reopen(rig);
	rig->wallet->archive->segment_records = 1;
	ck_assert_int_eq(rig_sync(rig), 0);
}

/* The list is made, or is there, while what opened a hold cannot be read. A copy of that comes back: so does the hold.
 * The index may be lost with it, too. */
START_TEST(a_hold_comes_home_once_its_damaged_segment_is_repaired)
{
	for (int way = 0; way < 4; way++) {
		const bool list_lost = way & 1, index_lost = way & 2;
		open_in_segments();
		const uint32_t segment = segment_of_opening();
		rig_close(rig);
		toggle(segment);
		if (list_lost)
			memory_host_forget(&rig->host, "holds");
		if (index_lost)
			memory_host_forget(&rig->host, "payments-index-");
		ck_assert_int_eq(rig_open(rig), 0);
		reopen_in_segments(true);
		rig_close(rig);
		toggle(segment);
		ck_assert_int_eq(rig_open(rig), 0);
		reopen_in_segments(false);
		ck_assert_msg(home_by_itself() == 500000, "way %d", way);
		teardown();
		setup();
	}
}
END_TEST

/* What was read of a segment before it was damaged is not forgotten, whatever becomes of the index. */
START_TEST(a_hold_comes_home_though_what_opened_it_cannot_be_read_any_more)
{
	for (int index_lost = 0; index_lost < 2; index_lost++) {
		open_in_segments();
		const uint32_t segment = segment_of_opening();
		reopen_in_segments(true);
		rig_close(rig);
		toggle(segment);
		if (index_lost)
			memory_host_forget(&rig->host, "payments-index-");
		ck_assert_int_eq(rig_open(rig), 0);
		reopen_in_segments(true);
		reopen_in_segments(false);
		ck_assert_uint_eq(home_by_itself(), 500000);
		teardown();
		setup();
	}
}
END_TEST

/* The list is of an archive that had the same payment at its place, and others before it: those of the setup, and of so
 * many others. */
static void list_of_another_archive(uint32_t others)
{
	const struct uncia_hold_request another = {.amount = 30000, .seconds = 34000000};
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct uncia_payment_id id;
	struct memory_copy copy;
	ck_assert_int_eq(rig_sync(rig), 0);
	for (uint32_t i = 0; i < others; i++) {
		ck_assert_int_eq(open_one(&another, &id), 0);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_int_eq(rig_sync(rig), 0);
	}
	rig_reopen(rig);
	memory_host_copy(&rig->host, &copy);
	ck_assert_int_eq(rig_sync(rig), 0);
	open_claim(600000, 3600);
	rig_close(rig);
	memory_host_forget(&rig->host, "");
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0); /* the newest first */
	ck_assert_uint_eq(archive_find_id(rig->wallet, (const struct payment_id *)id.b)->place, 1);
	rig_close(rig);
	memory_host_put_back(&rig->host, &copy, "holds");
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(home_by_itself(), 600000);
}

START_TEST(a_list_of_another_archive_hides_no_hold)
{
	static const uint32_t others[] = {1, 7, 8}; /* with the first one the list is full, or nearly so */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		list_of_another_archive(others[i]);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(a_locked_wallet_brings_home_too)
{
	struct uncia_payment_id id;
	rig_reopen(rig);
	secret_free(rig->wallet->secret);
	rig->wallet->secret = NULL;
	ck_assert_int_eq(rig_sync(rig), 0);
	key = (struct uncia_hold_key){.size = sizeof(key), .own = true};
	ck_assert_int_eq(uncia_wallet_key(rig->wallet, key.account), UNCIA_E_LOCKED);
	char text[UNCIA_CHAT_TEXT_SIZE];
	ck_assert_int_eq(uncia_wallet_claim(rig->wallet, receipt, 0, text), UNCIA_E_LOCKED);
	ck_assert_int_eq(open_one(&(struct uncia_hold_request){.amount = 500000, .seconds = 3600}, &id),
	                 UNCIA_E_LOCKED);
	ck_assert_uint_eq(home_by_itself(), 500000);
}
END_TEST

START_TEST(while_nobody_answers_it_is_tried_again)
{
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_uint_eq(home_by_itself(), 0);
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	ck_assert_uint_eq(home_by_itself(), 500000);
}
END_TEST

UNIT_MAIN_BETWEEN(
    "holds", setup, teardown, what_a_hold_has_is_believed_with_its_proof, that_a_hold_is_gone_takes_more_than_one,
    a_hold_that_is_gone_is_gone_whatever_was_proved_of_before, a_take_is_sent_until_it_is_final_and_told,
    a_take_that_cannot_be_is_not_sent, a_key_is_one_take_of_its_hold, a_take_leaves_when_it_is_durable,
    a_secret_is_shown_for_what_was_agreed_and_in_time, a_wallet_has_a_hundred_holds_open_at_most,
    a_hold_that_was_cancelled_takes_no_place, a_hold_that_somebody_took_takes_no_place_once_that_is_proved,
    a_hold_comes_home_after_its_end_whole_and_unasked, nothing_left_is_said_before_any_header_has_told_the_time,
    what_comes_home_is_closed_and_asked_for_no_more, a_home_whose_list_of_holds_is_lost_reads_it_anew,
    a_hold_comes_home_once_its_damaged_segment_is_repaired,
    a_hold_comes_home_though_what_opened_it_cannot_be_read_any_more, a_list_of_another_archive_hides_no_hold,
    a_locked_wallet_brings_home_too, while_nobody_answers_it_is_tried_again)
