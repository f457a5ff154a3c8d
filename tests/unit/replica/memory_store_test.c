/* The store in memory: what other tests stand on. Its state tables are checked by ledger_model_test.c; here the
 * journal, the copy and the refusals. */
#include <stdio.h>
#include "big_endian.h"
#include "memory_store.h"
#include "uncia/error.h"
#include "unit.h"

static struct memory_store *store;
static struct storage_view view;

static void open_store(void)
{
	store = memory_store_new();
	ck_assert_ptr_nonnull(store);
	memory_store_view(store, &view);
}

static void put(enum journal_table table, uint64_t number, const char *value)
{
	uint8_t key[8];

	be64_put(key, number);
	ck_assert_int_eq(memory_store_put(store, table, key, sizeof(key), value, strlen(value)), 0);
}

/* The number and the value found, as text: "7 seven". */
static const char *text_of(int rc, struct bytes key, struct bytes value)
{
	static char text[64];

	if (rc == UNCIA_E_NOT_FOUND)
		return "none";
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(key.size, 8);
	snprintf(text, sizeof(text), "%u %.*s", (unsigned)be64_get(key.data), (int)value.size,
	         (const char *)value.data);
	return text;
}

static const char *seek(enum journal_table table, uint64_t number)
{
	struct bytes found = {0}, value = {0};
	uint8_t key[8];

	be64_put(key, number);
	int rc = view.journal_seek(store, table, key, sizeof(key), &found, &value);
	return text_of(rc, found, value);
}

static const char *last(enum journal_table table)
{
	struct bytes found = {0}, value = {0};
	int rc = view.journal_last(store, table, &found, &value);

	return text_of(rc, found, value);
}

START_TEST(journal_is_read_in_order_of_keys)
{
	struct bytes key, value;

	open_store();
	ck_assert_str_eq(last(JOURNAL_FINAL), "none");
	ck_assert_str_eq(seek(JOURNAL_FINAL, 0), "none");
	put(JOURNAL_FINAL, 7, "seven");
	put(JOURNAL_FINAL, 300, "many");
	put(JOURNAL_FINAL, 2, "two");
	put(JOURNAL_FINAL, 7, "sevenfold"); /* over the first */
	put(JOURNAL_CERT, 9, "elsewhere");
	ck_assert_uint_eq(memory_store_records(store, JOURNAL_FINAL), 3);
	ck_assert_str_eq(seek(JOURNAL_FINAL, 0), "2 two");
	ck_assert_str_eq(seek(JOURNAL_FINAL, 3), "7 sevenfold");
	ck_assert_str_eq(seek(JOURNAL_FINAL, 7), "7 sevenfold");
	ck_assert_str_eq(seek(JOURNAL_FINAL, 301), "none");
	ck_assert_str_eq(last(JOURNAL_FINAL), "300 many");
	ck_assert_int_eq(view.journal_seek(store, JOURNAL_FINAL, NULL, 0, &key, &value), 0);
	ck_assert_str_eq(text_of(0, key, value), "2 two");
	ck_assert_int_eq(view.journal_get(store, JOURNAL_FINAL, key.data, key.size, &value), 0);
	ck_assert_int_eq(view.journal_get(store, JOURNAL_FINAL, key.data, 7, &value), UNCIA_E_NOT_FOUND);
	memory_store_free(store);
	memory_store_free(NULL);
}
END_TEST

START_TEST(forgetting_takes_votes_up_to_a_view_and_nothing_else)
{
	open_store();
	for (uint64_t v = 1; v <= 5; v++) {
		put(JOURNAL_VOTE, v, "vote");
		put(JOURNAL_CERT, v, "certificate");
	}
	memory_store_forget(store, 0);
	ck_assert_uint_eq(memory_store_records(store, JOURNAL_VOTE), 5);
	memory_store_forget(store, 3);
	ck_assert_str_eq(seek(JOURNAL_VOTE, 0), "4 vote");
	ck_assert_uint_eq(memory_store_records(store, JOURNAL_VOTE), 2);
	ck_assert_uint_eq(memory_store_records(store, JOURNAL_CERT), 5);
	memory_store_free(store);
}
END_TEST

START_TEST(copy_stands_by_itself)
{
	struct position previous[2] = {{3, 4}, {5, 6}};
	static const struct group_record record;
	struct flush_group group = {0, &record};
	struct flush_address address = {.id = {ENTRY_ACCOUNT, {{1}}}, .index = 1};
	struct flush_payment payment = {.id = {{9}}, .at = {1, 0}, .previous_count = 2, .previous = previous};
	struct flush_orphan orphan = {.id = {ENTRY_ACCOUNT, {{2}}}, .head = {8, 8}};
	struct flush flush = {.meta = {1, {{7}}, 3, ENTRY_NONE},
	                      .group_count = 1,
	                      .groups = &group,
	                      .address_count = 1,
	                      .addresses = &address,
	                      .payment_count = 1,
	                      .payments = &payment,
	                      .orphan_count = 1,
	                      .orphans = &orphan};
	struct payment_record found;
	struct position head;
	uint64_t index;

	open_store();
	ck_assert_int_eq(memory_store_apply(store, &flush), 0);
	put(JOURNAL_FINAL, 1, "one");
	struct memory_store *original = store;
	store = memory_store_copy(original);
	ck_assert_ptr_nonnull(store);
	memory_store_free(original);
	memory_store_view(store, &view);
	ck_assert_str_eq(last(JOURNAL_FINAL), "1 one");
	ck_assert_int_eq(view.address(store, &address.id, &index), 0);
	ck_assert_int_eq(view.orphan(store, &orphan.id, &head), 0);
	ck_assert_uint_eq(head.height, 8);
	ck_assert_int_eq(view.payment(store, &payment.id, &found), 0);
	ck_assert_uint_eq(found.previous_count, 2);
	ck_assert_uint_eq(found.previous[1].height, 5);
	/* Deleted by what stands for it. */
	flush.meta.height = 2;
	address.index = ENTRY_NONE;
	orphan.head.height = 0;
	flush.payment_count = 0;
	ck_assert_int_eq(memory_store_apply(store, &flush), 0);
	ck_assert_int_eq(view.address(store, &address.id, &index), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.orphan(store, &orphan.id, &head), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.payment(store, &payment.id, &found), 0);
	memory_store_free(store);
}
END_TEST

START_TEST(flush_out_of_order_is_refused)
{
	static const struct group_record record;
	struct flush_group groups[2] = {{1, &record}, {0, &record}};
	struct flush_address addresses[2] = {{.id = {ENTRY_ACCOUNT, {{2}}}}, {.id = {ENTRY_ACCOUNT, {{2}}}}};
	struct flush flush = {.meta = {.height = 1, .entry_count = 16}, .group_count = 2, .groups = groups};

	open_store();
	ck_assert_int_eq(memory_store_apply(store, &flush), UNCIA_E_ARGUMENT);
	groups[0].index = 0;
	groups[1].index = 2; /* beyond the entries */
	ck_assert_int_eq(memory_store_apply(store, &flush), UNCIA_E_ARGUMENT);
	groups[1].index = 1;
	flush.address_count = 2;
	flush.addresses = addresses;
	ck_assert_int_eq(memory_store_apply(store, &flush), UNCIA_E_ARGUMENT);
	addresses[1].id.address.b[0] = 3;
	ck_assert_int_eq(memory_store_apply(store, &flush), 0);
	ck_assert_int_eq(memory_store_apply(store, &flush), UNCIA_E_ARGUMENT); /* the height does not rise */
	memory_store_free(store);
}
END_TEST

UNIT_MAIN("memory_store", journal_is_read_in_order_of_keys, forgetting_takes_votes_up_to_a_view_and_nothing_else,
          copy_stands_by_itself, flush_out_of_order_is_refused)
