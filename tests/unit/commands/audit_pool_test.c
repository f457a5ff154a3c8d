/* The audit's signatures, which threads check: keys that are looked at once, and what is found first. */
#include "audit_fixture.h"
#include "torsion.h"

static void spoil_epoch(struct header *h)
{
	h->epoch++;
}

/* Two payments of this key, whose account has been paid by the one before; their signatures hold in the equation. */
static void refuses_key(const struct fixture_key *key, const uint8_t *signature)
{
	const struct output to_key = {.to = key->address, .amount = 5000000};
	struct fixture_key payer;
	struct payment *payments[3];
	uint8_t bytes[1024];

	fixture_account(0, &payer);
	const struct output back = {.to = payer.address, .amount = 1000000};
	payments[0] = fixture_payment_outputs(&network, &payer, &to_key, 1, EXPIRES_AT, 1);
	for (uint32_t i = 1; i < 3; i++) {
		struct payment *made = fixture_payment_outputs(&network, key, &back, 1, EXPIRES_AT, i + 1);
		ck_assert_uint_le(made->size, sizeof(bytes));
		memcpy(bytes, made->bytes, made->size);
		if (signature)
			memcpy(bytes + made->size - SIGNATURE_SIZE, signature, SIGNATURE_SIZE);
		ck_assert_int_eq(payment_decode(&network.genesis.network_id, bytes, made->size, &payments[i]), 0);
		payment_free(made);
	}
	add_spoilt(1, payments, 3, false, NULL);
	certify(CERT_FF);
	expect_mismatch(1, "payment 1 of the block: a signature");
}

/* A key is looked at once: so the first payment of one that is not fit is found. Zeros, a point of order 4, are a key
 * like any other, of which the signature of no secret holds. */
START_TEST(audit_refuses_a_key_that_may_not_be_bound)
{
	struct fixture_key key;
	uint8_t signature[SIGNATURE_SIZE] = {0};

	up();
	fixture_account(40, &key);
	ck_assert_int_eq(key_add_torsion(key.public_key, key.secret_key), 0);
	address_of_key(key.public_key, &key.address);
	refuses_key(&key, NULL);
	down();
	up();
	memset(key.public_key, 0, sizeof(key.public_key));
	address_of_key(key.public_key, &key.address);
	signature[32] = 5;
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(signature, signature + 32), 0);
	refuses_key(&key, signature);
	down();
}
END_TEST

/* Whatever the threads do, the first of several is found: by height, by number, before what comes later in the walk. */
START_TEST(audit_finds_the_same_with_any_number_of_threads)
{
	struct payment *payments[40], *forged;
	uint8_t bytes[1024];

	for (unsigned threads = 1; threads <= 8; threads *= 2) {
		for (int wrong = 0; wrong < 2; wrong++) {
			up();
			add(1, 3);
			for (uint32_t i = 0; i < 40; i++)
				payments[i] = fixture_payment(&network, 0, 1, 1000, EXPIRES_AT, nonce++);
			for (uint32_t i = 7 + (uint32_t)wrong; i < 40; i += 16) {
				memcpy(bytes, payments[i]->bytes, payments[i]->size);
				bytes[payments[i]->size - SIGNATURE_SIZE] ^= 1;
				ck_assert_int_eq(
				    payment_decode(&network.genesis.network_id, bytes, payments[i]->size, &forged), 0);
				payment_free(payments[i]);
				payments[i] = forged;
			}
			/* A later block is wrong as well, in another way. */
			add_spoilt(2, payments, 40, true, NULL);
			add_spoilt(3, NULL, 0, false, spoil_epoch);
			certify(CERT_FF);
			ck_assert_int_eq(store_view_renew(store), 0);
			ck_assert_int_eq(audit_run(&home, store,
			                           &(struct audit_options){.directory = path, .threads = threads},
			                           &report),
			                 EXIT_MISMATCH);
			ck_assert_uint_eq(report.failed_height, 2);
			ck_assert_ptr_nonnull(strstr(report.failure, wrong ? "payment 8 of the block: a signature"
			                                                   : "payment 7 of the block: a signature"));
			down();
		}
	}
}
END_TEST

static int stop_at(void *context, uint64_t height, uint64_t tip_height)
{
	ck_assert_uint_eq(tip_height, 3);
	return height == *(const uint64_t *)context ? EXIT_FAILED : 0;
}

START_TEST(audit_ends_where_its_caller_says_so)
{
	uint64_t height;

	up();
	for (uint64_t v = 1; v <= 3; v++)
		add(v, 2);
	certify(CERT_FF);
	ck_assert_int_eq(store_view_renew(store), 0);
	for (height = 1; height <= 4; height++)
		ck_assert_int_eq(
		    audit_run(&home, store,
		              &(struct audit_options){.directory = path, .progress = stop_at, .context = &height},
		              &report),
		    height <= 3 ? EXIT_FAILED : 0);
	down();
}
END_TEST

UNIT_MAIN("audit_pool", audit_refuses_a_key_that_may_not_be_bound, audit_finds_the_same_with_any_number_of_threads,
          audit_ends_where_its_caller_says_so)
