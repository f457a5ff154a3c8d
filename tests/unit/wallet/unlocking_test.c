/* The key is opened in another thread while the wallet goes on. */
#include <pthread.h>
#include <stdatomic.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static struct rig *locked(void)
{
	struct rig *rig = rig_new(4);
	struct uncia_key_options options = {
	    .size = sizeof(options), .passphrase = "correct horse", .kdf_memory = 8 << 20, .kdf_passes = 2};
	rig_close(rig);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, "key"), 0);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	return rig;
}

static struct {
	struct uncia_unlocking *unlocking;
	atomic_bool ended;
	int result;
} other;

static void *runs(void *passphrase)
{
	other.result = uncia_unlocking_run(other.unlocking, passphrase);
	atomic_store(&other.ended, true);
	return NULL;
}

static int run_in_a_thread(struct rig *rig, const char *passphrase)
{
	pthread_t thread;
	atomic_store(&other.ended, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, runs, (void *)(uintptr_t)passphrase), 0);
	do /* the wallet has its turns meanwhile */
		ck_assert_int_eq(rig_sync(rig), 0);
	while (!atomic_load(&other.ended));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	return other.result;
}

START_TEST(a_key_is_opened_in_another_thread_while_the_wallet_goes_on)
{
	struct rig *rig = locked();
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id id;
	ck_assert_int_eq(uncia_unlocking_begin(rig->wallet, &other.unlocking), 0);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, other.unlocking), UNCIA_E_LOCKED);
	ck_assert_int_eq(run_in_a_thread(rig, "wrong horse"), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, other.unlocking), UNCIA_E_LOCKED);
	ck_assert_int_eq(run_in_a_thread(rig, "correct horse"), 0);
	ck_assert(!uncia_wallet_unlocked(rig->wallet)); /* not before the wallet is given it */
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, address), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), UNCIA_E_LOCKED);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, other.unlocking), 0);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, other.unlocking), 0);
	uncia_unlocking_free(other.unlocking);
	ck_assert(uncia_wallet_unlocked(rig->wallet));
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, address), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(an_opening_is_of_no_use_to_another_key_and_outlives_its_wallet)
{
	static const char other_words[] = "legal winner thank year wave sausage worth useful legal winner thank yellow";
	struct uncia_key_options plain = {.size = sizeof(plain), .no_passphrase = true};
	struct rig *rig = locked();
	struct uncia_unlocking *unlocking;
	ck_assert_int_eq(uncia_unlocking_begin(NULL, &unlocking), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_unlocking_begin(rig->wallet, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_unlocking_run(NULL, "x"), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, NULL), UNCIA_E_ARGUMENT);
	uncia_unlocking_free(NULL);
	ck_assert_int_eq(uncia_unlocking_begin(rig->wallet, &unlocking), 0);
	ck_assert_int_eq(uncia_unlocking_run(unlocking, NULL), UNCIA_E_ARGUMENT);
	rig_close(rig);
	ck_assert_int_eq(uncia_unlocking_run(unlocking, "correct horse"), 0);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, "key"), 0);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, other_words, &plain), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(uncia_wallet_unlock_with(rig->wallet, unlocking), UNCIA_E_ARGUMENT);
	uncia_unlocking_free(unlocking);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("unlocking", a_key_is_opened_in_another_thread_while_the_wallet_goes_on,
          an_opening_is_of_no_use_to_another_key_and_outlives_its_wallet)
