/* What a phone may be told, and what may leave it: no false end, no false balance, one payment for one key, nothing
 * sent that a power cut could take back. See phone_parts.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "phone_parts.h"
#include "receipt.h"
#include "uncia/error.h"

void phone_fail(const struct phone *phone, const char *format, ...)
{
	char what[300];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	checks_fail(phone->all->checks, "phone %u %s", phone->number, what);
}

/* ---- what is known of payments ---- */

static bool same_id(const struct uncia_payment_id *a, const struct uncia_payment_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint32_t phone_id_expires_at(const struct uncia_payment_id *id)
{
	struct payment_id key;

	memcpy(key.b, id->b, sizeof(key.b));
	return payment_id_expires_at(&key);
}

const struct model_payment *phone_final(const struct phone *phone, const struct uncia_payment_id *id)
{
	struct payment_id key;

	memcpy(key.b, id->b, sizeof(key.b));
	return model_find(&phone->all->checks->model, &key);
}

static struct pay *pay_of(struct phone *phone, const struct uncia_payment_id *id)
{
	for (size_t i = 0; i < phone->pay_count; i++)
		if (phone->pays[i].known && same_id(&phone->pays[i].id, id))
			return &phone->pays[i];
	return NULL;
}

/* Whether it is a payment of a home that was lost, whose key was paid under anew. */
static bool is_former(const struct pay *pay, const struct uncia_payment_id *id)
{
	for (size_t i = 0; i < pay->former_count; i++)
		if (same_id(&pay->former[i], id))
			return true;
	return false;
}

/* Whether any phone of the same person has asked for it, or a home that it lost has: validators tell of what waits for
 * a block to all of them, and it stays in the outbox of whoever was told. */
static bool of_person(const struct phone *phone, const struct uncia_payment_id *id)
{
	for (uint32_t i = 0; i < phone->all->options.count; i++) {
		struct phone *other = &phone->all->phones[i];
		if (other->person != phone->person)
			continue;
		if (pay_of(other, id))
			return true;
		for (size_t j = 0; j < other->pay_count; j++)
			if (is_former(&other->pays[j], id))
				return true;
	}
	return false;
}

static bool key_matches(const struct phone *phone, const struct pay *pay, const uint8_t nonce[NONCE_SIZE],
                        const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	struct hash hash;

	(void)phone;
	if (!pay->key[0])
		return true;
	hash2(HASH_NONCE, public_key, PUBLIC_KEY_SIZE, pay->key, strlen(pay->key), &hash);
	return memcmp(hash.b, nonce, NONCE_SIZE) == 0;
}

static bool asked_for(const struct pay *pay, const struct payment *payment)
{
	struct destination to = {.address = payment->outputs[0].to};
	char text[UNCIA_ADDRESS_TEXT_SIZE];

	destination_format(&to, text);
	return payment->output_count == 1 && payment->total == pay->amount && strcmp(text, pay->to) == 0;
}

/* A payment of which no call ever told the id: of one that failed, or whose process ended in it. */
static struct pay *adopt(struct phone *phone, const struct payment *payment)
{
	for (size_t i = 0; i < phone->pay_count; i++) {
		struct pay *pay = &phone->pays[i];
		if (pay->known || !pay->unsure || pay->home != phone->home || !asked_for(pay, payment) ||
		    !key_matches(phone, pay, payment->nonce, payment->public_key))
			continue;
		pay->known = true;
		pay->unsure = false;
		memcpy(pay->id.b, payment->id.b, sizeof(pay->id.b));
		return pay;
	}
	return NULL;
}

static bool acting(const struct phone *phone, const struct address *sender)
{
	return memcmp(sender, &phone->all->wallets->keys[WALLET_ACCOUNTS + phone->person].address, sizeof(*sender)) ==
	       0;
}

void phone_submitted(struct phone *phone, const void *bytes, size_t size)
{
	struct uncia_payment_id id;
	char name[UNCIA_BLOB_NAME_SIZE] = "payment-";
	struct payment *payment;

	if (payment_decode(&network_fixture(phone->all->network)->genesis.network_id, bytes, size, &payment))
		phone_fail(phone, "sends a payment that does not decode");
	memcpy(id.b, payment->id.b, sizeof(id.b));
	if (payment->kind == PAYMENT_GIVE_BACK) { /* it is everybody's */
		payment_free(payment);
		return;
	}
	if (payment->kind == PAYMENT_TRANSFER && !acting(phone, &payment->sender))
		phone_fail(phone, "pays from somebody else's account");
	if (payment->kind == PAYMENT_TRANSFER)
		memcpy(phone->all->wallets->keys[WALLET_ACCOUNTS + phone->person].public_key, payment->public_key,
		       PUBLIC_KEY_SIZE);
	sodium_bin2hex(name + strlen(name), sizeof(name) - strlen(name), payment->nonce, NONCE_SIZE);
	/* It may have got its end on the way: then it is in the archive. */
	if (!phone_host_keeps(&phone->host, name, bytes, size) &&
	    !phone_host_keeps(&phone->host, "payments-ended-", bytes, size))
		phone_fail(phone, "sends a payment that is not durably stored");
	if (payment->kind == PAYMENT_TAKE || payment->hold_count != 0) { /* phone_claims.c */
		payment_free(payment);
		return;
	}
	struct pay *pay = pay_of(phone, &id);
	if (!pay)
		pay = adopt(phone, payment);
	if (!pay && !of_person(phone, &id))
		phone_fail(phone, "sends a payment that nobody asked for");
	if (pay && pay->key[0] && !key_matches(phone, pay, payment->nonce, payment->public_key))
		phone_fail(phone, "sends a payment under another key than it was asked for");
	if (pay)
		pay->sure = true;
	payment_free(payment);
}

/* What the wallet has of a payment, read from a storage that does not fail for this once. */
static int payment_in(const struct phone *phone, const struct uncia_payment_id *id, struct uncia_payment *info)
{
	struct phone_host *host = (struct phone_host *)(uintptr_t)&phone->host;
	bool fails = host->loads_fail;

	host->loads_fail = false;
	int error = uncia_wallet_payment(phone->wallet, id, info);
	host->loads_fail = fails;
	return error;
}

static bool has_own(const struct phone *phone, const struct uncia_payment_id *id)
{
	struct uncia_payment info = {.size = sizeof(info)};

	return !payment_in(phone, id, &info) && info.own;
}

/* Whether the home holds another payment of the same key: another home of the person paid under it again, once the
 * former one, of which this home had been told, was past its expiry. The key pays no more here. */
static bool has_of_same_key(const struct phone *phone, const struct uncia_payment_id *id)
{
	for (uint32_t i = 0; i < phone->all->options.count; i++) {
		const struct phone *other = &phone->all->phones[i];
		for (size_t k = 0; other->person == phone->person && k < other->pay_count; k++) {
			const struct pay *pay = &other->pays[k];
			if (!(pay->known && same_id(&pay->id, id)) && !is_former(pay, id))
				continue;
			if (pay->known && !same_id(&pay->id, id) && has_own(phone, &pay->id))
				return true;
			for (size_t f = 0; f < pay->former_count; f++)
				if (!same_id(&pay->former[f], id) && has_own(phone, &pay->former[f]))
					return true;
		}
	}
	return false;
}

/* Before a new key is paid under, the home knows what its account has paid, up to the state that it shows: else the key
 * might be one of those. */
static void check_knows_all(const struct phone *phone)
{
	const struct model *m = &phone->all->checks->model;
	struct uncia_balance b = {.size = sizeof(b)};

	uncia_wallet_balance(phone->wallet, &b);
	for (size_t i = 0; i < m->payment_count && m->payments[i].height <= b.height; i++) {
		struct uncia_payment info = {.size = sizeof(info)};
		struct uncia_payment_id id;
		if (m->payments[i].sender != WALLET_ACCOUNTS + phone->person)
			continue;
		memcpy(id.b, m->payments[i].id.b, sizeof(id.b));
		int error = payment_in(phone, &id, &info);
		if (error == UNCIA_E_DAMAGED && phone->mixed)
			continue; /* as check_listed has it */
		/* What was looked up is shown as pending until the storage has it durable. */
		bool ends = info.state == UNCIA_PAYMENT_FINAL || phone->host.laters;
		if ((error || !info.own || !ends) && !has_of_same_key(phone, &id))
			phone_fail(phone, "pays under a new key, and has forgotten a payment that is final");
	}
}

/* It was paid in a home that was lost, and this one has seen a state that it was final in. */
static bool must_be_found(const struct phone *phone, const struct pay *pay)
{
	const struct model_payment *final = pay->lost ? phone_final(phone, &pay->id) : NULL;

	return final && phone->shown.known && final->height <= phone->shown.height;
}

void phone_paid(struct phone *phone, struct pay *pay, int result, const struct uncia_payment_id *id)
{
	if (phone->host.dead) { /* nobody was told */
		pay->unsure = !pay->known;
		return;
	}
	switch (result) {
	case 0:
		if (pay->known && !same_id(&pay->id, id))
			phone_fail(phone, "makes two payments of one key");
		if (!pay->known && pay_of(phone, id))
			phone_fail(phone, "gives two requests one payment");
		/* A call that failed may have stored it: then it was made in that call, with what was known. */
		if (!pay->known && pay->key[0] && !is_former(pay, id) && !pay->unsure)
			check_knows_all(phone);
		pay->found |= pay->lost;
		pay->lost = false;
		pay->id = *id;
		pay->known = pay->sure = true;
		pay->unsure = false;
		return;
	case UNCIA_E_IO:
		pay->unsure = !pay->known;
		return;
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_BEHIND:
		if (pay->known && !pay->lost)
			phone_fail(phone, "does not find (%d) a payment that there is already", result);
		return;
	case UNCIA_E_FUNDS:
	case UNCIA_E_DUST:
	case UNCIA_E_AMOUNT:
		if (pay->known && (!pay->lost || must_be_found(phone, pay)))
			phone_fail(phone, "refuses (%d) a payment that there is already", result);
		return;
	default:
		/* The index has the key, and the part that holds its payment came back older: the key is stopped. */
		if (result != UNCIA_E_DAMAGED || !phone->mixed)
			phone_fail(phone, "cannot pay: %d", result);
	}
}

/* Honest validators' clocks are this much apart at most, where none was set lately: steps of up to 2 s either way. */
#define CLOCKS_APART_MS 5000
/* A payment is signed on words that are younger than this. */
#define WORDS_AGE_MS 31000u
/* The wallet counts from a header that is not older than this by the validators' clocks (wallet 7.2). */
#define STANDSTILL_MS 10000

static bool has_honest_clock(const struct phones *p, uint32_t v)
{
	return !p->options.lying[v] && !p->checks->byzantine[v] && v != p->options.far_clock;
}

void phones_watch_clocks(struct phones *p)
{
	for (uint32_t v = 0; v < network_fixture(p->network)->genesis.committee.size; v++) {
		int64_t clock = network_clock_offset(p->network, v), moved = clock - p->clocks[v];
		p->clocks[v] = clock;
		if (has_honest_clock(p, v) && (moved > CLOCKS_APART_MS || moved < -CLOCKS_APART_MS))
			p->unsteady_until = network_now(p->network) + WORDS_AGE_MS;
	}
}

/* It lives as long as its owner asked for, by honest validators' clocks: no less, though the network stood still for
 * long or the phone slept; and no longer, whatever liars and the phone's own clock say. */
void phone_signed(const struct phone *phone, const struct pay *pay, const struct uncia_payment_id *id)
{
	const struct phones *p = phone->all;
	int64_t now = (int64_t)(FIXTURE_TIME_MS + network_now(p->network)), earliest = INT64_MAX;
	int64_t lives_ms = ((int64_t)phone_id_expires_at(id) - pay->expires_s) * 1000;

	if (is_former(pay, id))
		return;
	/* A liar that is alone with a phone may say that all is well. */
	for (uint32_t v = 0; v < network_fixture(p->network)->genesis.committee.size; v++)
		if (!has_honest_clock(p, v))
			earliest = INT64_MIN;
		else if (p->clocks[v] < earliest)
			earliest = p->clocks[v];
	if (network_now(p->network) >= p->unsteady_until && earliest != INT64_MIN &&
	    lives_ms + 1000 < now + earliest - STANDSTILL_MS - CLOCKS_APART_MS)
		phone_fail(phone, "signs a payment that ends %" PRId64 " ms before its time",
		           now + earliest - lives_ms);
	if (lives_ms > now + CLOCKS_APART_MS)
		phone_fail(phone, "signs a payment that ends %" PRId64 " ms after its time", lives_ms - now);
}

/* ---- opened again ---- */

static struct payment *payment_of_final(const struct phone *phone, const struct uncia_payment_id *id)
{
	const struct genesis *g = &network_fixture(phone->all->network)->genesis;
	struct receipt receipt;
	uint8_t *bytes;
	size_t size;
	char *text;

	if (uncia_wallet_receipt(phone->wallet, id, &text))
		return NULL;
	if (receipt_parse(&g->network_id, text, &bytes, &size) ||
	    receipt_verify(&g->committee, &g->network_id, bytes, size, &receipt))
		phone_fail(phone, "gives a receipt that does not verify");
	uncia_text_free(text);
	free(bytes);
	return receipt.payment;
}

/* Whether the outbox may hold the payment of its key: the public key is known from the first payment that was sent. */
static bool stored_under_key(const struct phone *phone, const struct pay *pay)
{
	const uint8_t *public_key = phone->all->wallets->keys[WALLET_ACCOUNTS + phone->person].public_key;
	char name[UNCIA_BLOB_NAME_SIZE] = "payment-";
	struct hash hash;

	if (!pay->key[0])
		return false;
	if (sodium_is_zero(public_key, PUBLIC_KEY_SIZE))
		return true;
	hash2(HASH_NONCE, public_key, PUBLIC_KEY_SIZE, pay->key, strlen(pay->key), &hash);
	sodium_bin2hex(name + strlen(name), sizeof(name) - strlen(name), hash.b, NONCE_SIZE);
	return phone_host_count(&phone->host, name) > 0;
}

static void check_listed(struct phone *phone, const struct uncia_payment_id *id)
{
	struct uncia_payment info = {.size = sizeof(info)};
	struct pay *pay = pay_of(phone, id);

	int error = payment_in(phone, id, &info);
	/* An index that is newer than what it lists: the payment's key is stopped, and it is said to be damaged. */
	if (error == UNCIA_E_DAMAGED && phone->mixed)
		return;
	if (error)
		phone_fail(phone, "does not know a payment of its own outbox");
	if (phone_pays_by_holds(&info))
		return;
	bool listed = pay;
	for (size_t i = 0; !listed && i < phone->pay_count; i++) {
		struct pay *one = &phone->pays[i];
		if (one->known || !one->unsure || one->home != phone->home || one->amount != info.amount ||
		    strcmp(one->to, info.to) != 0 || (one->key[0] && !stored_under_key(phone, one)))
			continue;
		if (!pay || (!pay->key[0] && one->key[0]))
			pay = one;
	}
	if (pay && !listed) {
		pay->known = true;
		pay->unsure = false;
		pay->id = *id;
	}
	/* Of another phone of the same person, or of a lost one: looked up. */
	if (!pay && !of_person(phone, id) && (info.state != UNCIA_PAYMENT_FINAL || !phone_final(phone, id)))
		phone_fail(phone, "finds a payment that nobody asked for");
	if (pay)
		pay->stored_end = info.state != UNCIA_PAYMENT_PENDING;
}

/* Its storage opened; is everything there that must be? */
void phone_opened(struct phone *phone)
{
	struct uncia_payment_id id;

	for (size_t i = 0; uncia_wallet_outbox(phone->wallet, i, &id) == 0; i++)
		check_listed(phone, &id);
	for (size_t i = 0; i < phone->pay_count; i++) {
		struct pay *pay = &phone->pays[i];
		struct uncia_payment info = {.size = sizeof(info)};
		if (!pay->known || pay->home != phone->home || pay->lost)
			continue;
		if (payment_in(phone, &pay->id, &info) || !info.own) {
			/* Accepted by storage that was late, and gone before it was durable: then it was not sent. */
			if (pay->doubtful || (phone->host.late && !phone_final(phone, &pay->id))) {
				pay->home = HOME_LOST;
				continue;
			}
			/* Another home sent it, and made it final. */
			if (phone->host.late && pay->found && pay->told == TOLD_NOTHING) {
				pay->found = false;
				pay->lost = true;
				continue;
			}
			if (pay->sure)
				phone_fail(phone, "has lost a payment");
			pay->known = false; /* never sent, and no call said that it is */
			continue;
		}
		if (pay->doubtful && pay->told >= TOLD_FINAL && info.state == UNCIA_PAYMENT_PENDING)
			pay->told = TOLD_NOTHING; /* its end was stored later */
		pay->doubtful = pay->found = false;
		if ((pay->told == TOLD_FINAL && info.state != UNCIA_PAYMENT_FINAL) ||
		    (pay->told == TOLD_EXPIRED && info.state != UNCIA_PAYMENT_EXPIRED))
			phone_fail(phone, "has lost the end of a payment");
	}
}

/* ---- events ---- */

static void check_final(struct phone *phone, const struct uncia_payment *info)
{
	const struct model *m = &phone->all->checks->model;
	struct payment *payment = payment_of_final(phone, &info->id);

	if (payment && memcmp(payment->id.b, info->id.b, sizeof(info->id.b)) != 0)
		phone_fail(phone, "gives the receipt of another payment");
	if (!payment && !phone->host.loads_fail && !phone->host.dead)
		phone_fail(phone, "has no receipt of a final payment");
	payment_free(payment);
	checks_advance(phone->all->checks);
	const struct model_payment *final = phone_final(phone, &info->id);
	/* No store may hold that height any more, or yet: then the end of the run tells. */
	if (info->height < m->height_count && (!final || final->height != info->height || final->index != info->index))
		phone_fail(phone, "is told that a payment is final which is not");
}

static void check_expired(struct phone *phone, const struct uncia_payment *info)
{
	const struct model *m = &phone->all->checks->model;

	checks_advance(phone->all->checks);
	if (phone_final(phone, &info->id))
		phone_fail(phone, "is told that a final payment expired");
	if (m->heights[m->height_count - 1].timestamp_ms / 1000 < info->expires_at)
		phone_fail(phone, "is told that a payment expired that may become final yet");
}

static void hear_payment(struct phone *phone, const struct uncia_event *event)
{
	struct uncia_payment info = {.size = sizeof(info)};
	struct pay *pay = pay_of(phone, &event->id);

	if (payment_in(phone, &event->id, &info))
		return; /* somebody else's, made room for others since */
	checks_log(phone->all->checks, &info, sizeof(info));
	phone_trace(phone, "payment %02x%02x%02x%02x: state %d, reason %d, error %d", info.id.b[4], info.id.b[5],
	            info.id.b[6], info.id.b[7], (int)info.state, (int)info.reason, event->error);
	if (info.own && info.state == UNCIA_PAYMENT_UNKNOWN)
		phone_fail(phone, "does not know its own payment");
	if (info.state == UNCIA_PAYMENT_FINAL)
		check_final(phone, &info);
	if (info.state == UNCIA_PAYMENT_EXPIRED)
		check_expired(phone, &info);
	if (!pay || pay->home != phone->home)
		return;
	enum told told = info.state == UNCIA_PAYMENT_FINAL     ? TOLD_FINAL
	                 : info.state == UNCIA_PAYMENT_EXPIRED ? TOLD_EXPIRED
	                                                       : TOLD_PENDING;
	if (pay->told >= TOLD_FINAL && told != pay->told)
		phone_fail(phone, "changes the end of a payment");
	if (told >= TOLD_FINAL && !pay->stored_end) { /* so it was stored now, and durably */
		pay->told = told;
		pay->height = info.height;
		pay->index = info.index;
	}
}

static void hear_balance(struct phone *phone, int error)
{
	const struct model *m = &phone->all->checks->model;
	struct uncia_balance b = {.size = sizeof(b)};
	bool held = false;

	if (uncia_wallet_balance(phone->wallet, &b))
		phone_fail(phone, "does not tell its balance");
	phone_trace(phone, "balance %" PRIu64 " at height %" PRIu64 ", error %d", b.balance, b.height, error);
	if (!b.known)
		return;
	checks_log(phone->all->checks, &b, sizeof(b));
	checks_advance(phone->all->checks);
	if (phone->shown.known && b.height < phone->shown.height)
		phone_fail(phone, "goes back in height");
	phone->shown = (struct shown){.known = true, .height = b.height};
	if (b.height >= m->height_count)
		return; /* not durable anywhere yet */
	/* "No account" is as of the least height that one of those who say so names. */
	for (uint64_t h = b.height; !held && h < m->height_count; h++) {
		held = m->heights[h].accounts[WALLET_ACCOUNTS + phone->person].balance == b.balance;
		if (b.exists)
			break;
	}
	if (!held || b.exists != (b.balance != 0))
		phone_fail(phone, "shows a false balance: %" PRIu64 " at height %" PRIu64, b.balance, b.height);
	if (b.spendable > b.balance)
		phone_fail(phone, "would spend more than it has");
}

static void check_complete(struct phone *phone)
{
	const struct model *m = &phone->all->checks->model;
	uint32_t account = WALLET_ACCOUNTS + phone->person;
	struct uncia_balance b = {.size = sizeof(b)};

	uncia_wallet_balance(phone->wallet, &b);
	if (b.height >= m->height_count)
		return;
	for (size_t i = m->heights[b.height].accounts[account].since; i < m->payment_count; i++) {
		const struct model_payment *p = &m->payments[i];
		bool listed = false;
		if (!(p->touched >> account & 1) || p->height > b.height)
			continue;
		for (size_t k = 0; k < phone->reading.count && !listed; k++)
			listed = memcmp(phone->reading.ids[k].b, p->id.b, sizeof(p->id.b)) == 0;
		if (!listed)
			phone_fail(phone, "takes a history for complete that is not");
	}
}

static void hear_history(struct phone *phone, int error)
{
	struct uncia_history_page page = {.size = sizeof(page)};

	if (error == 0 && uncia_wallet_history_page(phone->wallet, &page) == 0) {
		checks_advance(phone->all->checks);
		for (uint32_t i = 0; i < page.count; i++) {
			struct uncia_payment info = {.size = sizeof(info)};
			if (uncia_receipt_payment(uncia_wallet_history_receipt(phone->wallet, i), &info))
				phone_fail(phone, "does not show its history");
			const struct model_payment *final = phone_final(phone, &info.id);
			if (info.height < phone->all->checks->model.height_count &&
			    (!final || final->height != info.height ||
			     !(final->touched >> (WALLET_ACCOUNTS + phone->person) & 1)))
				phone_fail(phone, "shows a payment in its history that is none of it");
			if (phone->reading.count < HISTORY_MAX)
				phone->reading.ids[phone->reading.count++] = info.id;
		}
		if (page.complete && phone->reading.active && phone->reading.count < HISTORY_MAX)
			check_complete(phone);
	}
	phone_history_heard(phone, error);
}

void phone_hear(struct phone *phone)
{
	struct uncia_event event = {.size = sizeof(event)};

	while (!phone->host.dead && uncia_wallet_event(phone->wallet, &event) > 0) {
		if (event.kind == UNCIA_EVENT_PAYMENT)
			hear_payment(phone, &event);
		else if (event.kind == UNCIA_EVENT_BALANCE)
			hear_balance(phone, event.error);
		else if (event.kind == UNCIA_EVENT_HISTORY)
			hear_history(phone, event.error);
		else if (event.kind == UNCIA_EVENT_CAUGHT_UP)
			phone_caught_up(phone, event.error);
		else if (event.kind == UNCIA_EVENT_WATCH)
			phone_watch_event(phone, event.error);
		else if (event.kind == UNCIA_EVENT_HOLD)
			phone_hold_heard(phone, event.error);
		else if (event.kind == UNCIA_EVENT_ORDER)
			phone_ordered(phone, &event);
		else if (event.kind == UNCIA_EVENT_ERROR)
			phone_fail(phone, "says \"%s\" (%d)", event.text, event.error);
		if (event.kind != UNCIA_EVENT_LINK)
			phone->idle_turns = 0;
	}
	phone_watch_hear(phone);
}

/* ---- in the end ---- */

static void check_pay(const struct phone *phone, const struct pay *pay)
{
	const struct model *m = &phone->all->checks->model;
	const struct model_payment *final = pay->known ? phone_final(phone, &pay->id) : NULL;
	unsigned finals = final != NULL;

	for (size_t i = 0; i < pay->former_count; i++)
		finals +=
		    !(pay->known && same_id(&pay->former[i], &pay->id)) && phone_final(phone, &pay->former[i]) != NULL;
	if (finals > 1)
		phone_fail(phone, "has paid twice under the key \"%s\"", pay->key);
	if (pay->told == TOLD_FINAL &&
	    (!final || final->height != pay->height || final->index != pay->index || pay->height >= m->height_count))
		phone_fail(phone, "was told that a payment is final which is not");
	if (pay->told == TOLD_EXPIRED && final)
		phone_fail(phone, "was told that a payment expired which is final");
}

void phones_look(struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++) {
		phone_watch_look(&p->phones[i]);
		for (size_t k = 0; k < p->phones[i].pay_count; k++) {
			const struct pay *pay = &p->phones[i].pays[k];
			if (pay->told != TOLD_FINAL || pay->height < p->checks->model.height_count)
				check_pay(&p->phones[i], pay);
		}
	}
}

bool phones_waiting(const struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++) {
		const struct phone *phone = &p->phones[i];
		struct uncia_payment_id id;
		/* A payment that is made once its look-up has ended. */
		if (phone->waiting || phone->ordered || phone_watch_behind(phone))
			return true;
		for (size_t k = 0; uncia_wallet_outbox(phone->wallet, k, &id) == 0; k++) {
			struct uncia_payment info = {.size = sizeof(info)};
			int error = payment_in(phone, &id, &info);
			if (error == UNCIA_E_DAMAGED && phone->mixed)
				continue; /* as check_listed has it */
			if (error || info.state == UNCIA_PAYMENT_PENDING)
				return true;
		}
	}
	return false;
}

static bool shows_all(const struct phone *phone)
{
	const struct model *m = &phone->all->checks->model;
	struct uncia_balance b = {.size = sizeof(b)};

	return uncia_wallet_balance(phone->wallet, &b) == 0 && b.known &&
	       b.balance == m->heights[m->height_count - 1].accounts[WALLET_ACCOUNTS + phone->person].balance;
}

bool phones_show_all(const struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++)
		if (!shows_all(&p->phones[i]))
			return false;
	return true;
}

void phones_check(struct phones *p)
{
	phones_look(p);
	for (uint32_t i = 0; i < p->options.count; i++) {
		struct phone *phone = &p->phones[i];
		phone_opened(phone);
		if (phones_waiting(p)) {
			phones_print(p);
			phone_fail(phone, "still waits for the end of a payment");
		}
		if (!shows_all(phone))
			phone_fail(phone, "does not show what it has in the end");
		phone_watch_check(phone);
	}
	p->over = true;
}

void phones_print(const struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++) {
		const struct phone *phone = &p->phones[i];
		struct uncia_payment_id id;
		if (phone->waiting)
			fprintf(stderr, "phone %u waits for its look-up, to pay under \"%s\"\n", phone->number,
			        phone->waiting->key);
		for (size_t k = 0; uncia_wallet_outbox(phone->wallet, k, &id) == 0; k++) {
			struct uncia_payment info = {.size = sizeof(info)};
			if (payment_in(phone, &id, &info) == 0 && info.state == UNCIA_PAYMENT_PENDING)
				fprintf(stderr,
				        "phone %u waits for %02x%02x%02x%02x, expires at %" PRIu64
				        ", reason %d, refusal %d\n",
				        i, id.b[4], id.b[5], id.b[6], id.b[7], info.expires_at - FIXTURE_TIME_S,
				        (int)info.reason, info.refusal);
		}
	}
}
