/* The outbox when storage fails at any call, when the process dies there, when two processes are at it: nothing is
 * lost, and one key never makes two payments. */
#include "canonical.h"
#include "outbox.h"
#include "storage.pb-c.h"
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)
#define KEY  "one and only"

/* How many different payments any validator has ever seen under this rig. */
struct seen {
	struct payment_id ids[16];
	size_t count;
};

static void look(const struct rig *rig, struct seen *seen)
{
	for (uint32_t i = 0; i < rig->net.count; i++) {
		const struct fake_node *node = &rig->net.nodes[i];
		struct payment *payment;
		if (node->submits == 0)
			continue;
		ck_assert_int_eq(
		    payment_decode(&rig->net.f.genesis.network_id, node->submitted, node->submitted_size, &payment), 0);
		size_t k = 0;
		while (k < seen->count && memcmp(seen->ids[k].b, payment->id.b, sizeof(payment->id.b)) != 0)
			k++;
		if (k == seen->count) {
			ck_assert_uint_lt(seen->count, 16);
			seen->ids[seen->count++] = payment->id;
		}
		payment_free(payment);
	}
}

static void fail_from(struct rig *rig, unsigned nth, enum failure failure, unsigned count)
{
	rig->host.calls = 0;
	rig->host.fail_at = nth;
	rig->host.failure = failure;
	rig->host.fail_count = count;
}

/* One attempt at the payment with storage failing from the n-th call on, then the death of the process. Returns whether
 * an id was given out. */
static bool attempt(struct rig *rig, unsigned nth, enum failure failure, unsigned count, struct seen *seen,
                    struct uncia_payment_id *id)
{
	bool given = false;
	fail_from(rig, nth, failure, count);
	if (rig_open(rig) == 0) {
		ck_assert_int_eq(rig_sync(rig), 0);
		given = rig_pay(rig, KEY, HALF, id) == 0;
		fake_network_pass(&rig->net, rig->wallet, 3000);
		look(rig, seen);
	}
	rig->host.fail_at = 0;
	rig_close(rig);
	return given;
}

static void check_crash(unsigned nth, enum failure failure, unsigned count, bool finalise)
{
	struct rig *rig = rig_new(4);
	struct seen seen = {.count = 0};
	struct uncia_payment_id first, id;
	char *text;
	rig_close(rig);
	rig->net.finalise = finalise;
	bool given = attempt(rig, nth, failure, count, &seen, &first);
	rig->host.now_ms += 600000; /* the retry comes later: what is made then would have another expiry */
	rig->net.finalise = true;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	if (given)
		ck_assert_mem_eq(first.b, id.b, sizeof(id.b));
	fake_network_pass(&rig->net, rig->wallet, 40000);
	look(rig, &seen);
	ck_assert_msg(seen.count == 1, "%zu payments of one key, failing at %u", seen.count, nth);
	ck_assert_mem_eq(seen.ids[0].b, id.b, sizeof(id.b));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), 0);
	uncia_text_free(text);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	rig_free(rig);
}

/* Of the calls that one open, sync, payment and finality make. */
static unsigned calls_of_a_run(void)
{
	struct rig *rig = rig_new(4);
	struct seen seen = {.count = 0};
	struct uncia_payment_id id;
	rig_close(rig);
	rig->net.finalise = true;
	ck_assert(attempt(rig, 0, FAIL_BEFORE, 0, &seen, &id));
	unsigned calls = rig->host.calls;
	ck_assert_uint_eq(seen.count, 1);
	rig_free(rig);
	return calls;
}

START_TEST(one_key_is_one_payment_wherever_storage_fails)
{
	unsigned calls = calls_of_a_run();
	ck_assert_uint_ge(calls, 7); /* key, network, list, look, create, replace, … */
	for (unsigned nth = 1; nth <= calls; nth++) {
		for (int failure = FAIL_BEFORE; failure <= FAIL_AFTER; failure++) {
			for (int finalise = 0; finalise < 2; finalise++) {
				check_crash(nth, (enum failure)failure, 1, finalise);
				check_crash(nth, (enum failure)failure, 1000, finalise);
			}
		}
	}
}
END_TEST

START_TEST(an_unkeyed_payment_that_could_not_be_stored_is_never_sent)
{
	for (int failure = FAIL_BEFORE; failure <= FAIL_AFTER; failure++) {
		struct rig *rig = rig_new(4);
		struct uncia_payment_id id = {{7}};
		struct uncia_payment_id untouched = id;
		ck_assert_int_eq(rig_sync(rig), 0);
		fail_from(rig, 1, (enum failure)failure, 1);
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), UNCIA_E_IO);
		ck_assert_mem_eq(id.b, untouched.b, sizeof(id.b));
		fake_network_pass(&rig->net, rig->wallet, 5000);
		rig_reopen(rig);
		fake_network_pass(&rig->net, rig->wallet, 5000);
		ck_assert_uint_eq(rig_submits(rig), 0);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
		rig_free(rig);
	}
}
END_TEST

/* After a call that failed, what storage shows may be gone with the next power cut. `reopened`: it is found when the
 * wallet opens, else under its key. */
static void check_found(bool reopened)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id first = {{0}}, id;
	struct seen seen = {.count = 0};
	ck_assert_int_eq(rig_catch_up(rig), 0);
	fail_from(rig, 4, FAIL_AFTER, 1); /* the first three calls look what there is */
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &first), UNCIA_E_IO);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	/* While it cannot be made durable, nothing leaves. */
	fail_from(rig, reopened ? 6 : 2, FAIL_BEFORE, 1000); /* the first five calls open the wallet */
	if (reopened)
		rig_reopen(rig);
	else
		ck_assert_int_eq(rig_pay(rig, KEY, HALF, &first), UNCIA_E_IO);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	fail_from(rig, 0, FAIL_BEFORE, 0);
	if (reopened)
		fake_network_pass(&rig->net, rig->wallet, 10000);
	else
		ck_assert_int_eq(rig_pay(rig, KEY, HALF, &first), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_uint_ne(rig_submits(rig), 0);
	look(rig, &seen);
	rig_close(rig);
	memory_host_power_cut(&rig->host);
	rig->host.now_ms += 600000;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	look(rig, &seen);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_mem_eq(seen.ids[0].b, id.b, sizeof(id.b));
	rig_free(rig);
}

START_TEST(what_was_only_found_is_made_durable_before_it_is_sent)
{
	check_found(false);
	check_found(true);
}
END_TEST

START_TEST(an_end_that_cannot_be_stored_stays_pending_and_is_told)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct uncia_event event;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	rig_no_events(rig);
	rig->net.finalise = true;
	fail_from(rig, 1, FAIL_BEFORE, 1000);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, UNCIA_E_IO);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	fail_from(rig, 0, FAIL_BEFORE, 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

/* What another process with the same home does, which ends then. Its payment is stored, and not sent. */
static void other_pays(struct rig *rig, const char *key, uint64_t amount, struct uncia_payment_id *id)
{
	struct uncia_wallet *mine = rig->wallet;
	struct fake_node nodes[4];
	memcpy(nodes, rig->net.nodes, sizeof(nodes));
	memset(rig->net.nodes, 0, sizeof(nodes));
	rig->host.now_ms += 5000; /* so that the expiry is another */
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->host.now_ms += 5000;
	ck_assert_int_eq(rig_pay(rig, key, amount, id), 0);
	rig_close(rig);
	memcpy(rig->net.nodes, nodes, sizeof(nodes));
	rig->wallet = mine;
	rig->host.now_ms -= 10000;
}

static struct uncia_payment_id faster_id;

/* Another process pays under the same key between this one's look and its creation. */
static void other_is_faster(struct memory_host *m, const char *name)
{
	ck_assert(strncmp(name, "payment-", 8) == 0);
	m->before_create = NULL;
	other_pays(m->context, KEY, HALF, &faster_id);
}

START_TEST(of_two_processes_with_one_key_both_have_the_same_payment)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->host.context = rig;
	rig->host.before_create = other_is_faster;
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	ck_assert_mem_eq(id.b, faster_id.b, sizeof(id.b));
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	fake_network_pump(&rig->net, rig->wallet);
	struct seen seen = {.count = 0};
	look(rig, &seen);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_mem_eq(seen.ids[0].b, id.b, sizeof(id.b));
	rig_free(rig);
}
END_TEST

static bool locked, left_by_nobody;
static struct rig *waits_for_other; /* which pays under KEY, and only then leaves the lock */
static unsigned payments_made;

static int lock(void *context)
{
	struct rig *rig = waits_for_other;
	(void)context;
	waits_for_other = NULL;
	if (rig != NULL)
		other_pays(rig, KEY, 60 * AMOUNT_MICROS, &faster_id);
	ck_assert(!locked);
	if (left_by_nobody)
		return UNCIA_E_BUSY;
	locked = true;
	return 0;
}

static void unlock(void *context)
{
	(void)context;
	ck_assert(locked);
	locked = false;
}

static void is_locked(struct memory_host *m, const char *name)
{
	/* What is there already is only made durable. */
	if (strncmp(name, "payment-", 8) != 0 || memory_host_find(m, name) != NULL)
		return;
	ck_assert(locked);
	payments_made++;
}

static struct rig *shared_rig(void)
{
	struct rig *rig = rig_new(4);
	rig->host.host.lock = lock;
	rig->host.host.unlock = unlock;
	rig->host.before_create = is_locked;
	locked = left_by_nobody = false;
	payments_made = 0;
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	return rig;
}

START_TEST(processes_of_one_home_sign_no_more_than_there_is)
{
	struct rig *rig = shared_rig();
	struct uncia_payment_id other, id;
	other_pays(rig, NULL, 60 * AMOUNT_MICROS, &other);
	ck_assert_int_eq(rig_pay(rig, NULL, 60 * AMOUNT_MICROS, &id), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, KEY, 60 * AMOUNT_MICROS, &id), UNCIA_E_FUNDS);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	ck_assert_int_eq(rig_pay(rig, NULL, 40 * AMOUNT_MICROS, &id), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, 0);
	ck_assert_uint_eq(payments_made, 2);
	struct uncia_payment_id pending[2], none;
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(uncia_wallet_pending(rig->wallet, i, &pending[i]), 0);
	bool mine_first = memcmp(pending[0].b, id.b, sizeof(id.b)) == 0;
	ck_assert_mem_eq(pending[mine_first].b, other.b, sizeof(id.b));
	ck_assert_mem_eq(pending[!mine_first].b, id.b, sizeof(id.b));
	ck_assert_int_eq(uncia_wallet_pending(rig->wallet, 2, &none), UNCIA_E_NOT_FOUND);
	/* The other's payment is this one's, too, and so is its end. */
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(rig_payment(rig, &other).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(uncia_wallet_pending(rig->wallet, 0, &none), UNCIA_E_NOT_FOUND);
	rig_free(rig);
}
END_TEST

START_TEST(what_another_process_paid_under_this_key_while_it_was_waited_for_is_no_reason_to_refuse_it)
{
	struct rig *rig = shared_rig();
	struct uncia_payment_id id;
	waits_for_other = rig;
	ck_assert_int_eq(rig_pay(rig, KEY, 60 * AMOUNT_MICROS, &id), 0);
	ck_assert_mem_eq(id.b, faster_id.b, sizeof(id.b));
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	ck_assert_uint_eq(rig_balance(rig).spendable, 40 * AMOUNT_MICROS);
	/* For something else it is. */
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), UNCIA_E_KEY_REUSED);
	rig_free(rig);
}
END_TEST

START_TEST(a_home_that_another_process_does_not_leave_makes_no_payment)
{
	struct rig *rig = shared_rig();
	struct uncia_payment_id id;
	left_by_nobody = true;
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), UNCIA_E_BUSY);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 0);
	left_by_nobody = false;
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	/* A lock that nobody can leave is no host's. */
	rig_close(rig);
	rig->host.host.unlock = NULL;
	ck_assert_int_eq(rig_open(rig), UNCIA_E_ARGUMENT);
	rig->host.host.unlock = unlock;
	ck_assert_int_eq(rig_open(rig), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_damaged_record_stops_its_key_and_no_other)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id, other;
	struct uncia_event event;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	rig_close(rig);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "payment-", 8) == 0)
			rig->host.blobs[i].data[60] ^= 4;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_ERROR, &event));
	ck_assert_int_eq(event.error, UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &other), UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_pay(rig, "another", HALF, &other), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_record_copied_to_another_name_is_damage)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct uncia_event event;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	rig_close(rig);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "payment-", 8) == 0)
			rig->host.blobs[i].name[10] ^= 1;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_ERROR, &event));
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	rig_free(rig);
}
END_TEST

/* A record of the payment without a receipt, with everything right about its blob. */
static void forge_record(struct rig *rig, const char *name, const struct payment *payment,
                         enum uncia_payment_state state)
{
	static const char magic[] = "uncia-1\n";
	Uncia__Pb__PaymentRecord record = UNCIA__PB__PAYMENT_RECORD__INIT;
	struct hasher hasher;
	struct hash sum;
	uint8_t *contents, blob[1024];
	size_t size;

	record.version = 1;
	record.payment.data = (uint8_t *)(uintptr_t)payment->bytes;
	record.payment.len = payment->size;
	record.state = state;
	ck_assert_int_eq(canonical_encode(&record.base, &contents, &size), 0);
	hasher_init(&hasher, HASH_RECORD);
	hasher_add(&hasher, name, strlen(name) + 1);
	hasher_add(&hasher, contents, size);
	hasher_end(&hasher, &sum);
	memcpy(blob, magic, 8);
	memcpy(blob + 8, sum.b, HASH_SIZE);
	memcpy(blob + 8 + HASH_SIZE, contents, size);
	ck_assert_int_eq(rig->host.host.create(&rig->host, name, blob, 8 + HASH_SIZE + size), 0);
	free(contents);
}

/* As whoever can write the files could make them: the checksums are right. */
START_TEST(a_record_of_another_payer_or_under_another_nonce_is_damage)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct payment *payment, *theirs = fixture_payment(&rig->net.f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
	char name[UNCIA_BLOB_NAME_SIZE];

	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(payment_decode(&rig->net.f.genesis.network_id, rig->net.nodes[0].submitted,
	                                rig->net.nodes[0].submitted_size, &payment),
	                 0);
	rig_close(rig);
	outbox_blob_name(payment->nonce, name);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, name), 0);
	outbox_blob_name((const uint8_t[NONCE_SIZE]){7}, name);
	forge_record(rig, name, payment, UNCIA_PAYMENT_PENDING);
	outbox_blob_name(theirs->nonce, name);
	forge_record(rig, name, theirs, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 2);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	struct uncia_payment_id their_id;
	struct uncia_payment shown = {.size = sizeof(shown)};
	memcpy(their_id.b, theirs->id.b, sizeof(their_id.b));
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &their_id, &shown), UNCIA_E_NOT_FOUND);
	/* One that is final by its own word has nothing to show for it. */
	rig_close(rig);
	char *text;
	outbox_blob_name(payment->nonce, name);
	forge_record(rig, name, payment, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), UNCIA_E_DAMAGED);
	payment_free(payment);
	payment_free(theirs);
	rig_free(rig);
}
END_TEST

START_TEST(a_home_belongs_to_its_first_network)
{
	struct rig *rig = rig_new(4);
	struct fake_network other;
	struct uncia_wallet *wallet = NULL;
	struct uncia_payment_id id;
	fake_network_init(&other, &rig->host, 5);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, other.network, NULL, &wallet), UNCIA_E_NETWORK);
	ck_assert_ptr_null(wallet);
	/* Without a network it shows what it has. */
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, NULL, NULL, &wallet), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(wallet), 1);
	ck_assert_int_eq(uncia_wallet_sync(wallet), UNCIA_E_NETWORK);
	ck_assert_int_eq(uncia_wallet_query(wallet, &id), UNCIA_E_NETWORK);
	ck_assert_int_eq(uncia_wallet_fd(wallet), UNCIA_E_NETWORK);
	uncia_wallet_close(wallet);
	fake_network_deinit(&other);
	rig_free(rig);
}
END_TEST

START_TEST(an_end_that_was_asked_for_stays_one_where_storage_has_none_yet)
{
	struct rig *rig = rig_new(4);
	struct uncia_host *host = &rig->host.host;
	struct uncia_payment_id id, other;
	char name[UNCIA_BLOB_NAME_SIZE] = "";
	uint8_t *pending = NULL;
	size_t size = 0;
	char *receipt;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "payment-", 8) == 0) {
			strcpy(name, rig->host.blobs[i].name);
			size = rig->host.blobs[i].size;
			pending = malloc(size);
			memcpy(pending, rig->host.blobs[i].data, size);
		}
	ck_assert_ptr_nonnull(pending);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	memory_host_forget(&rig->host, "payment");
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert(!rig_payment(rig, &id).own);
	/* As another process stored it, that does not know its end. */
	ck_assert_int_eq(host->create(host->context, name, pending, size), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &other), 0);
	ck_assert(rig_payment(rig, &id).own);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_eq(rig_balance(rig).waiting, HALF);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &receipt), 0);
	uncia_text_free(receipt);
	free(pending);
	rig_free(rig);
}
END_TEST

START_TEST(a_query_ends_with_the_end_that_another_process_has_stored)
{
	struct rig *rig = rig_new(4);
	struct uncia_wallet *mine = rig->wallet;
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id, other;
	struct fake_node nodes[4];
	ck_assert_int_eq(rig_sync(rig), 0);
	memcpy(nodes, rig->net.nodes, sizeof(nodes));
	memset(rig->net.nodes, 0, sizeof(nodes));
	rig->net.finalise = true;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_close(rig);
	memcpy(rig->net.nodes, nodes, sizeof(nodes));
	rig->wallet = mine;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &other), 0); /* looks what others have stored */
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_mem_eq(event.id.b, id.b, sizeof(id.b));
	ck_assert_int_eq(event.error, 0);
	ck_assert(rig_payment(rig, &id).own);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(rig_payment(rig, &other).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

/* What the check of a notice of this payment says by now. */
static void expect_checked(struct rig *rig, enum uncia_notice_verdict verdict)
{
	struct uncia_notice_result result = {.size = sizeof(result)};
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), 1);
	ck_assert_int_eq(result.verdict, verdict);
	ck_assert_int_eq(result.error, 0);
}

/* Another home of the same words makes the very same payment under the same key in the same second, while it is asked
 * for and somebody's notice of it is checked. Wherever storing it fails, both go on, and come to their ends. */
START_TEST(what_was_asked_for_can_be_made_here_too)
{
	struct rig *elsewhere = rig_new(4), *rig = rig_new(4);
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id, again;
	char hex[UNCIA_ID_TEXT_SIZE];
	const struct uncia_peer peer = {.size = sizeof(peer), .own = "irc:net/me", .handle = "irc:net/bob"};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = hex, .asked = true};
	struct uncia_notice_result result = {.size = sizeof(result)};
	ck_assert_int_eq(rig_sync(elsewhere), 0);
	ck_assert_int_eq(rig_pay(elsewhere, KEY, HALF, &id), 0);
	rig_free(elsewhere);
	uncia_payment_id_format(&id, hex);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	fake_network_pump(&rig->net, rig->wallet);
	expect_checked(rig, UNCIA_NOTICE_UNKNOWN);
	int rc = UNCIA_E_IO;
	for (unsigned nth = 1; rc; nth++) {
		ck_assert_uint_lt(nth, 20);
		ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
		fail_from(rig, nth, FAIL_BEFORE, 1);
		rc = rig_pay(rig, KEY, HALF, &again);
		fail_from(rig, 0, FAIL_BEFORE, 0);
		ck_assert(rc == 0 || rc == UNCIA_E_IO);
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
		ck_assert_mem_eq(event.id.b, id.b, sizeof(id.b));
		ck_assert_int_eq(event.error, 0);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), rc == 0);
	}
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	ck_assert(rig_payment(rig, &id).own);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	expect_checked(rig, UNCIA_NOTICE_NOT_TO_ME);
	rig_free(rig);
}
END_TEST

/* The same, and it is never made here: what was followed before is followed on. */
START_TEST(a_check_goes_on_where_its_payment_could_not_be_stored)
{
	struct rig *elsewhere = rig_new(4), *rig = rig_new(4);
	struct uncia_payment_id id, again;
	char hex[UNCIA_ID_TEXT_SIZE];
	const struct uncia_peer peer = {.size = sizeof(peer), .own = "irc:net/me", .handle = "irc:net/bob"};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = hex, .asked = true};
	struct uncia_notice_result result = {.size = sizeof(result)};
	ck_assert_int_eq(rig_catch_up(elsewhere), 0);
	elsewhere->host.calls = 0;
	ck_assert_int_eq(rig_pay_now(elsewhere, KEY, HALF, &id), 0);
	const unsigned calls = elsewhere->host.calls;
	uncia_payment_id_format(&id, hex);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	fake_network_pump(&rig->net, rig->wallet);
	expect_checked(rig, UNCIA_NOTICE_UNKNOWN);
	for (unsigned nth = 1; nth <= calls; nth++) {
		fail_from(rig, nth, FAIL_BEFORE, 1);
		ck_assert_int_eq(rig_pay_now(rig, KEY, HALF, &again), UNCIA_E_IO);
	}
	fail_from(rig, 0, FAIL_BEFORE, 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	struct tracked *made = tracked_find(elsewhere->wallet, (const struct payment_id *)&id);
	fake_network_final(&rig->net, made->record.payment);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	expect_checked(rig, UNCIA_NOTICE_NOT_TO_ME);
	rig_free(elsewhere);
	rig_free(rig);
}
END_TEST

static void is_not_written(struct memory_host *m, const char *name)
{
	(void)m;
	ck_abort_msg("%s is written", name);
}

START_TEST(a_home_that_cannot_be_written_can_be_looked_at)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &id), 0);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	rig->host.before_create = is_not_written;
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS - HALF);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	/* Also what a key stands for, where it has its end. */
	ck_assert_int_eq(rig_pay(rig, KEY, HALF, &again), 0);
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	rig_free(rig);
}
END_TEST

UNIT_MAIN("outbox", one_key_is_one_payment_wherever_storage_fails,
          an_unkeyed_payment_that_could_not_be_stored_is_never_sent,
          what_was_only_found_is_made_durable_before_it_is_sent, an_end_that_cannot_be_stored_stays_pending_and_is_told,
          of_two_processes_with_one_key_both_have_the_same_payment, processes_of_one_home_sign_no_more_than_there_is,
          what_another_process_paid_under_this_key_while_it_was_waited_for_is_no_reason_to_refuse_it,
          a_home_that_another_process_does_not_leave_makes_no_payment, a_damaged_record_stops_its_key_and_no_other,
          a_record_copied_to_another_name_is_damage, a_record_of_another_payer_or_under_another_nonce_is_damage,
          a_home_belongs_to_its_first_network, an_end_that_was_asked_for_stays_one_where_storage_has_none_yet,
          a_query_ends_with_the_end_that_another_process_has_stored, what_was_asked_for_can_be_made_here_too,
          a_check_goes_on_where_its_payment_could_not_be_stored, a_home_that_cannot_be_written_can_be_looked_at)
