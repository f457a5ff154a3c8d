/* Phones, and what their owners do with them. See phones.h and phone_parts.h. */
#include "phones.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "phone_parts.h"
#include "uncia/error.h"

#define UNIT         UINT64_C(1000000)
#define POCKET       (UNIT / 2) /* who has less is given more */
#define IDLE_TURNS   2000
#define LIFETIME_MAX 60

/* BIP-39's own examples. */
static const char *const words[PERSONS_MAX] = {
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
};

uint64_t phones_draw(struct phones *p, uint64_t below)
{
	return wire_draw(&p->random, below);
}

bool phones_chance(struct phones *p, uint32_t in_a_hundred)
{
	return phones_draw(p, 100) < in_a_hundred;
}

void phone_trace(const struct phone *phone, const char *format, ...)
{
	va_list arguments;

	if (!phone->all->checks->trace)
		return;
	printf("%8" PRIu64 " phone %u ", network_now(phone->all->network), phone->number);
	va_start(arguments, format);
	vprintf(format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	printf("\n");
}

/* ---- life and death ---- */

static int make_home(struct phone_host *host, uint32_t person)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	int result = uncia_wallet_create(&host->host, words[person], &options);

	return result == UNCIA_E_EXISTS ? 0 : result;
}

void phones_addresses(const struct network *network, struct address addresses[PERSONS_MAX])
{
	for (uint32_t person = 0; person < PERSONS_MAX; person++) {
		char text[UNCIA_ADDRESS_TEXT_SIZE];
		struct uncia_wallet *wallet;
		struct uncia_address address;
		struct phone_host host;
		phone_host_init(&host, network, person);
		if (make_home(&host, person) || uncia_wallet_open(&host.host, NULL, NULL, &wallet))
			abort();
		if (uncia_wallet_address(wallet, text))
			abort();
		uncia_wallet_close(wallet);
		phone_host_deinit(&host);
		if (uncia_address_parse(text, &address))
			abort();
		memcpy(addresses[person].b, address.account, ADDRESS_SIZE);
	}
}

void phone_end(struct phone *phone, bool power_cut)
{
	if (!phone->wallet)
		return;
	phone_trace(phone, "ends%s", power_cut ? " as the power goes" : "");
	phone_links_end(phone);
	phone_watch_ended(phone);
	phone->host.dead = true;
	uncia_wallet_close(phone->wallet);
	phone->wallet = NULL;
	phone->reading.active = phone->looks = false;
	phone->waiting = phone->ordered = NULL;
	phone_host_restart(&phone->host, power_cut);
}

static void ask_balance(struct phone *phone)
{
	if (uncia_wallet_sync(phone->wallet))
		phone_fail(phone, "cannot ask for its balance");
}

static void open_wallet(struct phone *phone)
{
	uint32_t failures = phone->host.failures;
	int result = phone->made ? 0 : make_home(&phone->host, phone->person);

	if (result == 0) {
		phone->made = true;
		result = uncia_wallet_open(&phone->host.host, phone->all->file, NULL, &phone->wallet);
	}
	phone_trace(phone, "opens: %d", result);
	if (result == 0) {
		phone->shown = (struct shown){0};
		phone->idle_turns = 0;
		phone_opened(phone);
		if (phones_draw(phone->all, 4))
			ask_balance(phone);
	} else if (phone->host.failures == failures) {
		phone_fail(phone, "its storage does not open: %d", result);
	} else {
		phone->wallet = NULL;
		phone_host_restart(&phone->host, phone->host.dead && phones_draw(phone->all, 2));
	}
}

static void wake_up(struct phone *phone)
{
	phone->asleep_until = 0;
}

static void wake_at(struct phone *phone, uint64_t at)
{
	phone->wake_at = at;
	if (at != UINT64_MAX)
		network_wake(phone->all->network, at, phone->number);
}

/* When the wallet wants to be called next. */
static uint64_t next_tick(struct phone *phone, uint64_t now)
{
	int wait_ms = uncia_wallet_timeout_ms(phone->wallet);

	if (wait_ms < 0)
		return UINT64_MAX;
	if (wait_ms == 0 && ++phone->idle_turns == IDLE_TURNS)
		phone_fail(phone, "asks to be called again without end");
	if (wait_ms > 0)
		phone->idle_turns = 0;
	return now + (wait_ms ? (uint64_t)wait_ms : 1);
}

/* Storage that is slow has some of what it accepted durable by now. */
static void confirm_some(struct phone *phone)
{
	while (phone->host.laters && (phone->calm || phone_host_draw(&phone->host, 3)))
		if (!phone_host_confirm(&phone->host, phone->wallet))
			break;
}

void phone_turn(struct phone *phone)
{
	uint64_t now = network_now(phone->all->network), next = UINT64_MAX;

	if (now < phone->asleep_until) {
		wake_at(phone, phone->asleep_until);
		return;
	}
	wake_up(phone);
	if (phone->wallet && !phone->host.dead)
		confirm_some(phone);
	phone_links_deliver(phone);
	if (phone->wallet && !phone->host.dead) {
		if (uncia_wallet_tick(phone->wallet))
			phone_fail(phone, "does not tick");
		phone_hear(phone);
	}
	if (phone->wallet && !phone->host.dead)
		phone_links_follow(phone);
	if (phone->wallet && phone->host.dead)
		phone_end(phone, phones_draw(phone->all, 3) == 0);
	if (phone->wallet) {
		phone_hear(phone);
		next = next_tick(phone, now);
	}
	uint64_t links = phone_links_next(phone), stored = UINT64_MAX;
	if (phone->wallet && phone->host.laters) /* what this turn has given it, too */
		stored = now + 1 + phone_host_draw(&phone->host, 3000);
	next = stored < next ? stored : next;
	wake_at(phone, links < next ? links : next);
}

static void due(void *context, uint64_t number)
{
	struct phones *p = context;
	struct phone *phone = &p->phones[number];

	if (network_now(p->network) >= phone->wake_at)
		phone_turn(phone);
}

/* ---- paying ---- */

static amount_t balance_of(const struct phones *p, uint32_t person)
{
	const struct model *m = &p->checks->model;

	return m->heights[m->height_count - 1].accounts[WALLET_ACCOUNTS + person].balance;
}

/* id: NULL for an order, whose tag is its number. */
static int call_pay(struct phone *phone, const struct pay *pay, uint64_t amount, struct uncia_payment_id *id)
{
	uint32_t number = (uint32_t)(pay - phone->pays);
	struct uncia_output output = {.address = pay->to, .amount = amount};
	struct uncia_payment_request request = {.size = sizeof(request),
	                                        .outputs = &output,
	                                        .output_count = 1,
	                                        .key = pay->key[0] ? pay->key : NULL,
	                                        .expires_s = pay->expires_s,
	                                        .tag = &number,
	                                        .tag_size = sizeof(number)};

	return id ? uncia_wallet_pay(phone->wallet, &request, id) : uncia_wallet_order(phone->wallet, &request);
}

/* In every second run phones order and follow; in the others they pay and ask by themselves. */
static bool phones_order(const struct phones *p)
{
	return p->checks->seed % 2;
}

/* As docs/embedding.md says it: the wallet looks up what it lacks, pays, and tells. */
static void order(struct phone *phone, struct pay *one)
{
	int result = call_pay(phone, one, one->amount, NULL);

	phone_trace(phone, "orders %" PRIu64 " under \"%s\": %d", one->amount, one->key, result);
	if (result)
		phone_fail(phone, "takes no order: %d", result);
	phone->ordered = phone->host.dead ? NULL : one;
	phone->ordered_unsure = one->unsure;
	one->unsure = !one->known; /* until its end is told */
}

static void pay(struct phone *phone, struct pay *one)
{
	struct uncia_payment_id id;
	if (phones_order(phone->all) && !phone->ordered && ((size_t)(one - phone->pays) + phone->number) % 3 == 0) {
		order(phone, one);
		return;
	}
	bool fresh = !one->known && !one->unsure && one->home == 0;
	int result = call_pay(phone, one, one->amount, &id);

	if (result == 0 && fresh && !phone->host.dead)
		phone_signed(phone, one, &id);
	phone_trace(phone, "pays %" PRIu64 " under \"%s\": %d", one->amount, one->key, result);
	phone_paid(phone, one, result, &id);
	if (result == UNCIA_E_UNREACHABLE)
		ask_balance(phone);
	if (result != UNCIA_E_BEHIND || phone->host.dead)
		return;
	if (uncia_wallet_catch_up(phone->wallet))
		phone_fail(phone, "cannot look up what it has paid");
	phone->waiting = one;
}

/* Whether there are validators whose words need not verify. */
static bool phones_lied_to(const struct phones *p)
{
	for (uint32_t v = 0; v < network_fixture(p->network)->genesis.committee.size; v++)
		if (p->options.lying[v] || p->checks->byzantine[v])
			return true;
	return false;
}

void phone_ordered(struct phone *phone, const struct uncia_event *event)
{
	struct pay *one = phone->ordered;
	uint32_t number = 0;
	int result = event->error == UNCIA_E_PROOF && phones_lied_to(phone->all) ? UNCIA_E_UNREACHABLE : event->error;

	if (event->tag_size == sizeof(number))
		memcpy(&number, event->tag, sizeof(number));
	if (!one || event->tag_size != sizeof(number) || one != &phone->pays[number])
		phone_fail(phone, "tells the end of an order that was not given");
	phone_trace(phone, "order under \"%s\" ended: %d", one->key, event->error);
	phone->ordered = NULL;
	if (result && !one->known)
		one->unsure = phone->ordered_unsure;
	if (one->home == phone->home)
		phone_paid(phone, one, result, &event->id);
}

/* A look-up has ended: as docs/embedding.md says, the payment that asked for it is made now. */
void phone_caught_up(struct phone *phone, int error)
{
	struct pay *one = phone->waiting;

	phone_trace(phone, "has looked up what it has paid: %d", error);
	if (error && error != UNCIA_E_UNREACHABLE && error != UNCIA_E_IO &&
	    !(error == UNCIA_E_PROOF && phones_lied_to(phone->all)))
		phone_fail(phone, "cannot look up what it has paid: %d", error);
	phone->waiting = NULL;
	if (!error && one && one->home == phone->home && !phone->host.dead)
		pay(phone, one);
}

static void pay_new(struct phone *phone)
{
	struct phones *p = phone->all;
	struct destination to = {.address = p->wallets->keys[phones_draw(p, MODEL_ACCOUNTS)].address};
	amount_t balance = balance_of(p, phone->person);

	if (phone->pay_count == PAYS_MAX)
		return;
	struct pay *one = &phone->pays[phone->pay_count++];
	*one = (struct pay){.home = phone->home};
	if (phones_draw(p, 4))
		snprintf(one->key, sizeof(one->key), "phone %u, %" PRIu64, phone->number, ++p->keys);
	destination_format(&to, one->to);
	switch (phones_draw(p, 8)) {
	case 0: /* what another phone of the same person may want to spend, too */
		one->amount = balance / 4 * 3 + 1000;
		break;
	case 1: /* all, or nearly */
		one->amount = balance > 2000 ? balance - phones_draw(p, 2) * phones_draw(p, 1500) : 1000;
		break;
	case 2: /* more than there is */
		one->amount = balance + 1000 + phones_draw(p, UNIT);
		break;
	default:
		one->amount = 1000 + phones_draw(p, UNIT / 4);
	}
	one->expires_s = 1 + (uint32_t)phones_draw(p, phones_draw(p, 3) ? LIFETIME_MAX : 5);
	pay(phone, one);
}

/* Of a payment of a home that was lost: whether what became of it is certain by now, and this home can know it (wallet
 * 7.2): final in a state that it has seen, or past its expiry. */
static bool settled_before(const struct phone *phone, const struct pay *one)
{
	const struct model *m = &phone->all->checks->model;
	uint64_t now_s = m->heights[m->height_count - 1].timestamp_ms / 1000;
	const struct model_payment *final = one->known ? phone_final(phone, &one->id) : NULL;

	if (one->unsure)
		return false;
	if (final)
		return phone->shown.known && final->height <= phone->shown.height;
	return !one->known || now_s >= phone_id_expires_at(&one->id);
}

/* A lost payment, asked for again in the home that there is now. */
static bool renew(struct phone *phone, struct pay *one)
{
	checks_advance(phone->all->checks);
	if (!settled_before(phone, one) || one->former_count == FORMER_MAX)
		return false;
	one->home = phone->home;
	phone_trace(phone, "comes back to the key \"%s\" of a home that was lost", one->key);
	one->lost = one->known && phone_final(phone, &one->id);
	one->doubtful = one->found = false;
	one->told = TOLD_NOTHING; /* of this home */
	if (one->known && !one->lost) {
		one->former[one->former_count++] = one->id;
		one->known = false;
	}
	return true;
}

static void pay_again(struct phone *phone)
{
	struct phones *p = phone->all;
	struct pay *one = phone->pay_count ? &phone->pays[phones_draw(p, phone->pay_count)] : NULL;

	if (!one || !one->key[0])
		return;
	if (one->home != phone->home && !renew(phone, one))
		return;
	pay(phone, one);
}

static void pay_otherwise(struct phone *phone)
{
	struct phones *p = phone->all;
	const struct pay *one = phone->pay_count ? &phone->pays[phones_draw(p, phone->pay_count)] : NULL;
	struct uncia_payment_id id;

	if (!one || !one->key[0] || !one->known || one->lost || one->home != phone->home)
		return;
	uint32_t failures = phone->host.failures;
	int result = call_pay(phone, one, one->amount + 1, &id);
	if (result != UNCIA_E_KEY_REUSED && phone->host.failures == failures)
		phone_fail(phone, "takes one key for two payments: %d", result);
}

/* ---- asking ---- */

static void query(struct phone *phone)
{
	struct phones *p = phone->all;
	const struct model *m = &p->checks->model;
	struct uncia_payment_id id = {{0}};

	if (m->payment_count && phones_draw(p, 2))
		memcpy(id.b, m->payments[phones_draw(p, m->payment_count)].id.b, sizeof(id.b));
	else if (phone->pay_count)
		id = phone->pays[phones_draw(p, phone->pay_count)].id;
	if (phones_draw(p, 4) == 0) /* of nobody */
		id.b[31] ^= 1;
	/* Every fourth is followed to its end: what it is told of is held against the ledger as well. */
	bool follows = phones_order(p) && id.b[30] % 4 == 0;
	int result = follows ? uncia_wallet_follow(phone->wallet, &id) : uncia_wallet_query(phone->wallet, &id);
	if (result && result != UNCIA_E_FULL)
		phone_fail(phone, "cannot ask for a payment: %d", result);
}

static void ask_page(struct phone *phone, uint64_t height, uint32_t index)
{
	if (uncia_wallet_history(phone->wallet, height, index, 1 + (uint32_t)phones_draw(phone->all, 8)))
		phone->reading.active = false;
}

static void history_begin(struct phone *phone)
{
	struct uncia_balance balance = {.size = sizeof(balance)};

	uncia_wallet_balance(phone->wallet, &balance);
	if (phone->reading.active || !balance.known)
		return;
	phone->reading.active = true;
	phone->reading.count = 0;
	ask_page(phone, 0, 0);
}

void phone_history_heard(struct phone *phone, int error)
{
	struct uncia_history_page page = {.size = sizeof(page)};

	if (!phone->reading.active)
		return;
	phone->reading.active = !error && !uncia_wallet_history_page(phone->wallet, &page) && page.next_height;
	if (phone->reading.active)
		ask_page(phone, page.next_height, page.next_index);
	else
		phone_trace(phone, "has read its history%s", page.complete ? ", all of it" : "");
}

/* ---- what else happens to a phone ---- */

static void sleep_some(struct phone *phone)
{
	uint64_t ms = 1 + phones_draw(phone->all, 20000);

	if (ms % 4 == 0)
		ms *= 3; /* longer than a wallet signs on what it asked for before */
	phone->asleep_until = network_now(phone->all->network) + ms;
	phone_trace(phone, "sleeps");
}

static void lose_phone(struct phone *phone)
{
	phone_trace(phone, "is lost; another is restored from the words");
	phone_end(phone, true);
	phone_host_wipe(&phone->host);
	phone_copy_free(&phone->copy);
	phone_watch_forget(phone);
	phone->home++;
	phone->made = phone->opens = false;
	phone->reading.active = false;
}

/* The home is as it was when the copy was made, or parts of it are. */
static void put_back(struct phone *phone, uint32_t in_a_hundred)
{
	phone_trace(phone, "is put back to an older copy%s", in_a_hundred < 100 ? ", in part" : "");
	phone_end(phone, false);
	phone_watch_forget(phone);
	phone->mixed |= in_a_hundred < 100;
	phone_copy_put_back(&phone->host, &phone->copy, in_a_hundred);
	for (size_t i = 0; i < phone->pay_count; i++)
		if (phone->pays[i].home == phone->home)
			phone->pays[i].doubtful = true;
}

static void back_up(struct phones *p)
{
	struct phone *phone = &p->phones[wire_draw(&p->backup_random, p->options.count)];
	uint64_t what = wire_draw(&p->backup_random, 8);

	if (!phone->made || phone->calm)
		return;
	if (what > 2)
		phone_copy_make(&phone->host, &phone->copy);
	else if (phone->copy.count)
		put_back(phone, what == 0 ? 50 : 100);
}

static void suffer(struct phone *phone)
{
	struct phones *p = phone->all;
	uint64_t value = phones_draw(p, 6);

	switch (phones_draw(p, 6)) {
	case 0:
		if (p->options.crashes)
			phone_end(phone, phones_draw(p, 2));
		break;
	case 1:
	case 2:
		if (p->options.crashes)
			phone->host.dies_in = 1 + (uint32_t)value;
		break;
	case 3:
		if (p->options.disk_errors)
			phone->host.fail_next = 1 + (uint32_t)value / 2;
		break;
	case 4:
		if (p->options.disk_errors)
			phone->host.loads_fail = !phone->host.loads_fail;
		if (p->options.sleeps)
			sleep_some(phone);
		break;
	default:
		phone->host.wall_ms = (int64_t)phones_draw(p, UINT64_C(4000000000)) - 2000000000;
		if (p->options.losses && value < 4)
			lose_phone(phone);
	}
}

static void use(struct phone *phone)
{
	switch (phones_draw(phone->all, 16)) {
	case 0:
	case 1:
		ask_balance(phone);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		pay_again(phone);
		break;
	case 6:
		pay_otherwise(phone);
		break;
	case 7:
		query(phone);
		break;
	case 8:
	case 9:
		history_begin(phone);
		break;
	case 10:
		phone_end(phone, false);
		break;
	case 11:
		suffer(phone);
		break;
	default:
		pay_new(phone);
	}
}

void phones_act(struct phones *p)
{
	phones_watch_clocks(p);
	if (!p->options.count || !phones_chance(p, p->options.rate))
		return;
	if (p->options.backups && wire_draw(&p->backup_random, 12) == 0)
		back_up(p);
	struct phone *phone = &p->phones[phones_draw(p, p->options.count)];
	if (balance_of(p, phone->person) < POCKET && phones_draw(p, 2))
		wallets_give(p->wallets, WALLET_ACCOUNTS + phone->person, UNIT + phones_draw(p, UNIT));
	phone_watch_pay(p);
	phone_claims_act(p);
	if (phone->asleep_until)
		return;
	if (!phone->wallet && phones_draw(p, 8))
		open_wallet(phone);
	for (uint64_t i = phones_draw(p, 4); i-- > 0 && phone->wallet && !phone->host.dead && !phone->asleep_until;)
		use(phone);
	phone_turn(phone);
}

/* ---- all of them ---- */

static struct uncia_network *network_file(const struct fixture *f)
{
	char *text = fixture_network_file(f, NULL), why[UNCIA_WHY_SIZE];
	struct uncia_network *file;

	if (uncia_network_parse(text, &file, why)) {
		fprintf(stderr, "the network file: %s\n", why);
		abort();
	}
	free(text);
	return file;
}

struct phones *phones_new(struct wallets *wallets, const struct phones_options *options)
{
	struct phones *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->wallets = wallets;
	p->checks = wallets->checks;
	p->network = wallets->network;
	p->options = *options;
	p->random = p->checks->seed ^ UINT64_C(0x70686f6e6573);
	p->backup_random = p->checks->seed ^ UINT64_C(0x6261636b757073);
	p->watch_random = p->checks->seed ^ UINT64_C(0x7761746368);
	p->late_random = p->checks->seed ^ UINT64_C(0x6c6174657273);
	p->claim_random = p->checks->seed ^ UINT64_C(0x636c61696d73);
	p->guests = (struct network_guests){.context = p, .told = phones_told, .gone = phones_node_gone, .due = due};
	if (!options->count)
		return p;
	p->file = network_file(network_fixture(p->network));
	network_set_guests(p->network, &p->guests);
	wallet_lies_init(&p->lies, network_fixture(p->network), phones_draw(p, UINT64_MAX));
	for (uint32_t i = 0; i < options->count; i++) {
		struct phone *phone = &p->phones[i];
		phone->all = p;
		phone->number = i;
		phone->person = (uint32_t)phones_draw(p, PERSONS_MAX);
		phone_host_init(&phone->host, p->network, phones_draw(p, UINT64_MAX));
		phone->host.drift_ppm = phones_draw(p, 3) ? 0 : (int64_t)phones_draw(p, 4000) - 2000;
		phone->host.late = wire_draw(&p->late_random, 4) == 0;
		phone->wake_at = UINT64_MAX;
		phone->watch.wanted = options->watches && wire_draw(&p->watch_random, 2);
		wallets_give(wallets, WALLET_ACCOUNTS + phone->person, 2 * UNIT);
	}
	return p;
}

void phones_heal(struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++) {
		struct phone *phone = &p->phones[i];
		phone->calm = true;
		phone->host.dies_in = phone->host.fail_next = 0;
		phone->host.loads_fail = false;
		wake_up(phone);
		if (!phone->wallet)
			open_wallet(phone);
		if (phone->wallet)
			ask_balance(phone);
		phone_turn(phone);
	}
}

void phones_free(struct phones *p)
{
	for (uint32_t i = 0; i < p->options.count; i++) {
		phone_links_end(&p->phones[i]);
		uncia_wallet_close(p->phones[i].wallet);
		phone_host_deinit(&p->phones[i].host);
		phone_copy_free(&p->phones[i].copy);
		free(p->phones[i].watch.told);
	}
	phone_claims_free(p);
	wallet_lies_deinit(&p->lies);
	uncia_network_free(p->file);
	free(p);
}
