#define FIXTURE_SYNC
#include "fixture.h"

static struct flush flush;

static void flush_at(uint64_t height)
{
	flush = (struct flush){
	    .meta = {.height = height, .block_id = {{(uint8_t)height}}, .entry_count = 9, .free_head = 3}};
}

static void apply(void)
{
	ck_assert_msg(!state_apply(store, &flush, why), "%s", why);
	ck_assert_int_eq(store_view_renew(store), 0);
}

static struct payment_id id_of(uint32_t expires_at, uint8_t rest)
{
	struct payment_id id;
	memset(id.b, rest, sizeof(id.b));
	be32_put(id.b, expires_at);
	return id;
}

START_TEST(state_begins_as_the_genesis_flush)
{
	struct state_meta meta;
	struct group_record group;
	uint64_t index;
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	ck_assert_uint_eq(meta.block_id.b[0], 0xb0);
	ck_assert_uint_eq(meta.entry_count, 9);
	ck_assert_uint_eq(meta.free_head, ENTRY_NONE);
	ck_assert_int_eq(view.group(view.context, 1, &group), 0);
	ck_assert_uint_eq(group.entries[GROUP_SIZE - 1], 0x11);
	ck_assert_uint_eq(group.heads[3].height, 4);
	ck_assert_uint_eq(group.heads[3].index, 5);
	ck_assert_uint_eq(group.heads[4].height, 0);
	ck_assert_int_eq(view.group(view.context, 2, &group), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.address(view.context, ACCOUNT((struct address){{5}}), &index), 0);
	ck_assert_uint_eq(index, 1);
	ck_assert_int_eq(view.address(view.context, ACCOUNT((struct address){{6}}), &index), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(state_is_seen_as_before_when_the_journal_alone_is_renewed)
{
	struct state_meta meta;
	flush_at(8);
	ck_assert_int_eq(state_apply(store, &flush, why), 0);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 8);
}
END_TEST

START_TEST(state_changes_only_with_its_meta)
{
	struct state_meta meta;
	struct group_record group;
	static struct group_record record;
	struct flush_group change = {1, &record};
	flush_at(8);
	memset(record.entries, 0x22, GROUP_SIZE);
	flush.group_count = 1;
	flush.groups = &change;
	ck_assert_int_eq(state_apply(store, &flush, why), 0);
	/* The view does not see it yet, neither part. */
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	ck_assert_int_eq(view.group(view.context, 1, &group), 0);
	ck_assert_uint_eq(group.entries[0], 0x11);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 8);
	ck_assert_uint_eq(meta.free_head, 3);
	ck_assert_int_eq(view.group(view.context, 1, &group), 0);
	ck_assert_uint_eq(group.entries[0], 0x22);
}
END_TEST

START_TEST(state_refuses_a_height_it_has_and_goes_on)
{
	flush_at(8);
	apply();
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_ARGUMENT);
	flush_at(7);
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(why, "8"));
	flush_at(9);
	apply();
}
END_TEST

START_TEST(state_grows_and_overwrites_groups_in_number_order)
{
	/* 255 and 256 would be out of order if compared as bytes. */
	enum { COUNT = 600 };
	struct flush_group *groups = calloc(COUNT, sizeof(*groups));
	struct group_record *written = calloc(COUNT, sizeof(*written)), group;
	for (uint64_t round = 1; round <= 3; round++) {
		flush_at(round);
		for (size_t i = 0; i < COUNT; i++) {
			groups[i] = (struct flush_group){i * round, &written[i]};
			be64_put(written[i].entries, i * round + 1000 * round);
		}
		flush.group_count = COUNT;
		flush.groups = groups;
		apply();
	}
	ck_assert_int_eq(view.group(view.context, 256, &group), 0);
	ck_assert_uint_eq(be64_get(group.entries), 256 + 2000);
	ck_assert_int_eq(view.group(view.context, 257, &group), 0);
	ck_assert_uint_eq(be64_get(group.entries), 257 + 1000);
	ck_assert_int_eq(view.group(view.context, 599 * 3, &group), 0);
	ck_assert_uint_eq(be64_get(group.entries), 599 * 3 + 3000);
	ck_assert_int_eq(view.group(view.context, 599 * 3 + 1, &group), UNCIA_E_NOT_FOUND);
	uint64_t records;
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	/* Two identities, the meta, the log's mark, one address; 600 groups, 300 even ones more, and those multiples of
	 * 3 above 599 that are odd or above 1198. */
	uint64_t distinct = 0;
	for (uint64_t i = 0; i < COUNT * 3; i++)
		distinct += i < COUNT || (i % 2 == 0 && i / 2 < COUNT) || i % 3 == 0;
	ck_assert_uint_eq(records, 5 + distinct);
	free(written);
	free(groups);
}
END_TEST

START_TEST(state_deletes_addresses_and_orphans)
{
	struct flush_address first[] = {{{1, {{5}}}, ENTRY_NONE}, {{1, {{6}}}, 60}, {{1, {{7}}}, 70}};
	struct flush_address second[] = {
	    {{1, {{6}}}, 61}, {{1, {{7}}}, ENTRY_NONE}, {{1, {{7, 1}}}, 71}, {{1, {{8}}}, ENTRY_NONE}};
	struct flush_orphan orphans[] = {{{1, {{5}}}, {3, 1}}, {{1, {{6}}}, {4, 2}}};
	struct flush_orphan gone[] = {{{1, {{5}}}, {0, 0}}};
	struct position head;
	uint64_t index;
	flush_at(1);
	flush.address_count = 3;
	flush.addresses = first;
	flush.orphan_count = 2;
	flush.orphans = orphans;
	apply();
	ck_assert_int_eq(view.address(view.context, &first[0].id, &index), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.orphan(view.context, &orphans[0].id, &head), 0);
	ck_assert_uint_eq(head.height, 3);
	ck_assert_uint_eq(head.index, 1);
	flush_at(2);
	flush.address_count = 4;
	flush.addresses = second;
	flush.orphan_count = 1;
	flush.orphans = gone;
	apply();
	ck_assert_int_eq(view.address(view.context, &second[0].id, &index), 0);
	ck_assert_uint_eq(index, 61);
	ck_assert_int_eq(view.address(view.context, &second[1].id, &index), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.address(view.context, &second[2].id, &index), 0);
	ck_assert_uint_eq(index, 71);
	ck_assert_int_eq(view.orphan(view.context, &orphans[0].id, &head), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.orphan(view.context, &orphans[1].id, &head), 0);
}
END_TEST

START_TEST(state_reads_back_payments_from_none_to_255_outputs)
{
	static struct position previous[1 + PAYMENT_OUTPUTS_MAX];
	static struct payment_record record;
	struct flush_payment payments[] = {{id_of(100, 1), {1, 7}, 2, previous},
	                                   {id_of(100, 2), {1, 8}, 1 + PAYMENT_OUTPUTS_MAX, previous},
	                                   {id_of(300, 1), {1, 9}, 0, NULL}};
	struct flush_payment earlier = {id_of(99, 1), {2, 0}, 1, previous};
	for (uint32_t i = 0; i <= PAYMENT_OUTPUTS_MAX; i++)
		previous[i] = (struct position){1000000000000ull + i, i};
	flush_at(1);
	flush.payment_count = 3;
	flush.payments = payments;
	apply();
	flush_at(2);
	flush.payment_count = 1;
	flush.payments = &earlier;
	apply();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(view.payment(view.context, &payments[i].id, &record), 0);
		ck_assert_uint_eq(record.at.height, payments[i].at.height);
		ck_assert_uint_eq(record.at.index, payments[i].at.index);
		ck_assert_uint_eq(record.previous_count, payments[i].previous_count);
		for (uint32_t k = 0; k < record.previous_count; k++) {
			ck_assert_uint_eq(record.previous[k].height, previous[k].height);
			ck_assert_uint_eq(record.previous[k].index, previous[k].index);
		}
	}
	ck_assert_int_eq(view.payment(view.context, &earlier.id, &record), 0);
	struct payment_id absent = id_of(100, 3);
	ck_assert_int_eq(view.payment(view.context, &absent, &record), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(state_names_a_damaged_record_of_each_table)
{
	struct payment_id id = id_of(100, 1);
	struct flush_payment payment = {id, {1, 7}, 0, NULL};
	struct flush_orphan orphan = {{1, {{0xaa}}}, {3, 1}};
	const struct entry_id account = {1, {{5}}};
	uint64_t one = 1, index, records;
	struct state_meta meta;
	static struct group_record group;
	static struct payment_record record;
	struct position head;
	flush_at(1);
	flush.payment_count = 1;
	flush.payments = &payment;
	flush.orphan_count = 1;
	flush.orphans = &orphan;
	apply();
	fixture_close();
	fixture_flip("state", "meta", (MDB_val){5, "state"}, 0);
	fixture_flip("state", "group", (MDB_val){8, &one}, 500);
	fixture_flip("state", "address", (MDB_val){ENTRY_ID_SIZE, (void *)(uintptr_t)&account}, 0);
	fixture_flip("state", "payment", (MDB_val){sizeof(id.b), id.b}, 11);
	fixture_flip("state", "orphan", (MDB_val){ENTRY_ID_SIZE, &orphan.id}, 20);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "7374617465 in table meta"));
	ck_assert_int_eq(view.group(view.context, 1, &group), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "record 1 in table group"));
	ck_assert_int_eq(view.group(view.context, 0, &group), 0);
	ck_assert_int_eq(view.address(view.context, &account, &index), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "in table address"));
	ck_assert_int_eq(view.payment(view.context, &id, &record), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "in table payment"));
	ck_assert_int_eq(view.orphan(view.context, &orphan.id, &head), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "in table orphan"));
	ck_assert_int_eq(store_check_records(store, &records, why), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "state"));
	/* And a state whose height cannot be told takes no flush. */
	flush_at(2);
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_DAMAGED);
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_IO);
}
END_TEST

/* A damaged key hides its record from who asks for it: an id that was paid must not look as if it never was. */
START_TEST(state_does_not_say_of_a_damaged_key_that_there_is_no_such_record)
{
	enum { COUNT = 200 };
	static struct flush_payment payments[COUNT];
	struct payment_record record;
	for (uint8_t i = 0; i < COUNT; i++)
		payments[i] = (struct flush_payment){.id = id_of(i, 1), .at = {1, i}};
	flush_at(1);
	flush.payment_count = COUNT;
	flush.payments = payments;
	apply();
	for (size_t i = 0; i < COUNT; i += 7) {
		for (size_t position = 0; position < 32; position += 5) {
			fixture_flip_bytes("state", &payments[i].id, 32, position);
			for (size_t k = 0; k < COUNT; k++) {
				int error = view.payment(view.context, &payments[k].id, &record);
				ck_assert(error == 0 || error == UNCIA_E_DAMAGED);
				ck_assert(k != i || error);
			}
			struct payment_id flipped = payments[i].id;
			flipped.b[31 - position] ^= 0x10;
			fixture_flip_bytes("state", &flipped, 32, position);
		}
	}
	for (size_t k = 0; k < COUNT; k++)
		ck_assert_int_eq(view.payment(view.context, &payments[k].id, &record), 0);
}
END_TEST

START_TEST(state_keeps_all_of_the_old_when_the_map_is_full)
{
	enum { COUNT = 1000 };
	static const struct group_record record;
	struct flush_group *groups = calloc(COUNT, sizeof(*groups));
	struct flush_address changed = {{1, {{5}}}, 77};
	struct state_meta meta;
	uint64_t index, records;
	fixture_close();
	ck_assert_int_eq(fixture_open(false, 256 << 10), 0);
	flush_at(1);
	for (size_t i = 0; i < COUNT; i++)
		groups[i] = (struct flush_group){i, &record};
	flush.group_count = COUNT;
	flush.groups = groups;
	flush.address_count = 1;
	flush.addresses = &changed;
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_FULL);
	ck_assert_ptr_nonnull(strstr(why, "state"));
	ck_assert_int_eq(state_apply(store, &flush, why), UNCIA_E_IO);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	ck_assert_int_eq(view.address(view.context, &changed.id, &index), 0);
	ck_assert_uint_eq(index, 1);
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	ck_assert_uint_eq(records, 7);
	free(groups);
}
END_TEST

START_TEST(state_refuses_every_flush_after_a_failed_sync)
{
	struct flush lost = {.meta = {.height = 1, .entry_count = 9, .free_head = ENTRY_NONE}};
	struct state_meta meta;
	fixture_sync_fails = true;
	ck_assert_int_eq(state_apply(store, &lost, why), UNCIA_E_IO);
	fixture_sync_fails = false;
	ck_assert_int_eq(state_apply(store, &lost, why), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why, "earlier commit failed"));
	fixture_close();
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	ck_assert_int_eq(state_apply(store, &lost, why), 0);
}
END_TEST

UNIT_MAIN_BETWEEN("state", fixture_up, fixture_down, state_begins_as_the_genesis_flush,
                  state_is_seen_as_before_when_the_journal_alone_is_renewed, state_changes_only_with_its_meta,
                  state_refuses_a_height_it_has_and_goes_on, state_grows_and_overwrites_groups_in_number_order,
                  state_deletes_addresses_and_orphans, state_reads_back_payments_from_none_to_255_outputs,
                  state_names_a_damaged_record_of_each_table,
                  state_does_not_say_of_a_damaged_key_that_there_is_no_such_record,
                  state_keeps_all_of_the_old_when_the_map_is_full, state_refuses_every_flush_after_a_failed_sync)
