/* What the ledger recalls, and that it forgets in time. */
#include "recall.h"
#include "heap.h"
#include "uncia/error.h"
#include "unit.h"

static struct recall *recall;

static struct address address_of(uint32_t number)
{
	struct address address = {{0}};

	memcpy(address.b, &number, sizeof(number));
	return address;
}

static struct payment_id id_of(uint32_t number)
{
	struct payment_id id = {{0}};

	memcpy(id.b + 4, &number, sizeof(number));
	return id;
}

static void note(uint32_t number, unsigned hash, uint64_t index)
{
	struct entry account = {.kind = ENTRY_ACCOUNT, .address = address_of(number)};

	ck_assert_int_eq(recall_note_account(recall, &account, hash, index), 0);
}

static bool absent(uint32_t number)
{
	struct payment_id id = id_of(number);

	return recall_absent(recall, &id, number);
}

static void note_absent(uint32_t number)
{
	struct payment_id id = id_of(number);

	ck_assert_int_eq(recall_note_absent(recall, &id, number), 0);
}

START_TEST(an_index_is_recalled_until_another_takes_its_place)
{
	struct address one = address_of(1), other = address_of(2);
	uint64_t index = 99;

	recall = recall_new();
	ck_assert_ptr_nonnull(recall);
	ck_assert(!recall_index(recall, &one, 5, &index));
	note(1, 5, 7);
	ck_assert(recall_index(recall, &one, 5, &index));
	ck_assert_uint_eq(index, 7);
	ck_assert(!recall_index(recall, &other, 5, &index));
	note(2, 5, 8);
	ck_assert(recall_index(recall, &other, 5, &index));
	ck_assert_uint_eq(index, 8);
	ck_assert(!recall_index(recall, &one, 5, &index));
	recall_free(recall);
}
END_TEST

START_TEST(a_key_is_recalled_of_its_own_account)
{
	struct entry account = {
	    .kind = ENTRY_ACCOUNT, .address = address_of(1), .flags = ENTRY_KEY_KNOWN, .public_key = {9}};
	struct address other = address_of(2);
	uint8_t wrong[PUBLIC_KEY_SIZE] = {8}, none[PUBLIC_KEY_SIZE] = {0};

	recall = recall_new();
	ck_assert(!recall_key(recall, &account.address, 5, account.public_key));
	note(1, 5, 7);
	ck_assert(!recall_key(recall, &account.address, 5, account.public_key));
	ck_assert(!recall_key(recall, &account.address, 5, none)); /* not known is not zero */
	ck_assert_int_eq(recall_note_account(recall, &account, 5, 7), 0);
	ck_assert(recall_key(recall, &account.address, 5, account.public_key));
	ck_assert(!recall_key(recall, &account.address, 5, wrong));
	ck_assert(!recall_key(recall, &other, 5, account.public_key));
	recall_free(recall);
}
END_TEST

START_TEST(with_more_accounts_there_are_more_places)
{
	uint32_t found = 0;
	uint64_t index;

	recall = recall_new();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 5000; i++)
			note(i, i, i);
	for (uint32_t i = 0; i < 5000; i++) {
		struct address address = address_of(i);
		if (recall_index(recall, &address, i, &index)) {
			ck_assert_uint_eq(index, i);
			found++;
		}
	}
	ck_assert_uint_eq(found, 5000);
	recall_free(recall);
}
END_TEST

START_TEST(what_was_absent_may_be_there_once_the_store_has_changed)
{
	recall = recall_new();
	ck_assert(!absent(0)); /* nor is what was never asked for, all zero as its place is */
	note_absent(3);
	note_absent(4);
	ck_assert(absent(3));
	ck_assert(absent(4));
	ck_assert(!absent(5));
	recall_store_changed(recall);
	ck_assert(!absent(3));
	note_absent(4);
	ck_assert(absent(4));
	ck_assert(!absent(3));
	recall_free(recall);
}
END_TEST

START_TEST(as_many_are_held_absent_as_are_under_way)
{
	uint32_t found = 0;

	recall = recall_new();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 3000; i++)
			note_absent(i);
	for (uint32_t i = 0; i < 3000; i++)
		found += absent(i);
	ck_assert_uint_eq(found, 3000);
	recall_free(recall);
}
END_TEST

START_TEST(where_memory_ends_that_is_told_and_nothing_forgotten)
{
	struct entry account = {.kind = ENTRY_ACCOUNT, .address = address_of(2)};
	struct address one = address_of(1);
	struct payment_id id = id_of(4096);
	uint64_t index;

	recall = recall_new();
	note(1, 1, 1);
	note_absent(0);
	heap_fail_from(1);
	int account_noted = recall_note_account(recall, &account, 2, 100000);
	int absent_noted = recall_note_absent(recall, &id, 4096); /* the place of the other */
	heap_fail_from(0);
	ck_assert_int_eq(account_noted, UNCIA_E_MEMORY);
	ck_assert_int_eq(absent_noted, UNCIA_E_MEMORY);
	ck_assert(recall_index(recall, &one, 1, &index));
	ck_assert(absent(0) && !absent(4096));
	recall_free(recall);
}
END_TEST

UNIT_MAIN("recall", an_index_is_recalled_until_another_takes_its_place, a_key_is_recalled_of_its_own_account,
          with_more_accounts_there_are_more_places, what_was_absent_may_be_there_once_the_store_has_changed,
          as_many_are_held_absent_as_are_under_way, where_memory_ends_that_is_told_and_nothing_forgotten)
