/* See notice_rig.h. */
#include "notice_rig.h"
#include "big_endian.h"
#include "unit.h"

struct rig *rig;
static uint64_t next_nonce;

/* Accounts 0 and 1 of the fixture are Bob's and Mallory's. The home begins to count at the genesis. */
void notice_rig_up(void)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	const struct uncia_peer bob = {.size = sizeof(bob), .own = OWN, .handle = BOB};
	const struct uncia_peer mallory = {.size = sizeof(mallory), .own = OWN, .handle = MALLORY};
	next_nonce = 1;
	rig = rig_new(4);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	rig_address(1, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &mallory, address, UNCIA_PIN_DECIDED), 0);
	rig_no_events(rig);
}

void notice_rig_down(void)
{
	rig_free(rig);
}

/* ---- payments -------------------------------------------------------------------------------- */

struct payment *pays(uint32_t from, const struct output *outputs, uint32_t count, const char *memo)
{
	struct fixture_key payer;
	struct payment *payment = NULL;
	fixture_account(from, &payer);
	struct payment draft = {.sender = payer.address,
	                        .expires_at = FIXTURE_TIME_S + 60,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = count,
	                        .outputs = outputs,
	                        .has_memo_hash = memo != NULL};
	be64_put(draft.nonce + NONCE_SIZE - 8, next_nonce++);
	if (memo)
		ck_assert_int_eq(uncia_memo_hash(memo, draft.memo_hash), 0);
	ck_assert_int_eq(
	    payment_make(&rig->net.f.genesis.network_id, &draft, payer.public_key, payer.secret_key, &payment), 0);
	return payment;
}

/* One output to this wallet. */
struct payment *pays_me(uint32_t from, amount_t amount, const char *memo)
{
	struct output output = {.to = rig->net.account, .amount = amount};
	return pays(from, &output, 1, memo);
}

struct uncia_payment_id id_of(const struct payment *payment)
{
	struct uncia_payment_id id;
	memcpy(id.b, payment->id.b, sizeof(id.b));
	return id;
}

/* Is final from then on, and freed. */
struct uncia_payment_id make_final(struct payment *payment)
{
	struct uncia_payment_id id = id_of(payment);
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	return id;
}

/* ---- checks ---------------------------------------------------------------------------------- */

char notice_text[UNCIA_CHAT_TEXT_SIZE];

const char *notice_of(const struct uncia_payment_id *id, const char *memo)
{
	struct uncia_notice notice = {.size = sizeof(notice), .id = *id};
	strcpy(notice.memo, memo ? memo : "");
	ck_assert_int_eq(uncia_notice_format(rig->net.f.genesis.network_id.b, &notice, notice_text), 0);
	return notice_text;
}

int begin(const char *handle, const char *text, bool asked, struct uncia_notice_result *result)
{
	const struct uncia_peer peer = {.size = sizeof(peer), .own = OWN, .handle = handle};
	const struct uncia_notice_query query = {
	    .size = sizeof(query), .peer = &peer, .notice = text, .asked = asked, .tag = "line 7", .tag_size = 6};
	*result = (struct uncia_notice_result){.size = sizeof(*result)};
	return uncia_wallet_notice_check(rig->wallet, &query, result);
}

/* The last result that has come, each with its event. Whether there was one. */
bool take_result(struct uncia_notice_result *result)
{
	struct uncia_event event;
	bool any = false;
	unsigned events = 0, results = 0;
	while (rig_event(rig, UNCIA_EVENT_NOTICE, &event))
		events++;
	while (uncia_notice_result(rig->wallet, result) == 1) {
		any = true;
		results++;
	}
	ck_assert_uint_ge(results, events != 0);
	ck_assert_uint_ge(events, any);
	return any;
}

/* Checks, and lets as much time pass as a lookup takes. */
struct uncia_notice_result check_text(const char *handle, const char *text, bool asked)
{
	struct uncia_notice_result result;
	ck_assert_int_eq(begin(handle, text, asked, &result), 0);
	for (int i = 0; !result.over && i < 20; i++) {
		fake_network_pass(&rig->net, rig->wallet, 100);
		take_result(&result);
	}
	ck_assert_uint_eq(result.tag_size, 6);
	ck_assert_mem_eq(result.tag, "line 7", 6);
	ck_assert_str_eq(result.handle, handle);
	return result;
}

struct uncia_notice_result check_notice(const char *handle, const struct uncia_payment_id *id, const char *memo)
{
	return check_text(handle, notice_of(id, memo), false);
}

enum uncia_notice_verdict verdict_on(const char *handle, const struct uncia_payment_id *id, const char *memo)
{
	struct uncia_notice_result result = check_notice(handle, id, memo);
	ck_assert(result.over && result.error == 0);
	return result.verdict;
}

uint32_t questions(void)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rig->net.count; i++)
		count += rig->net.nodes[i].queries;
	return count;
}
