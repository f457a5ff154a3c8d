/* What a view shows is what was committed, durably, and nothing of a commit that is under way. */
#include <lmdb.h>
#include "fixture.h"

int __real_mdb_txn_renew(MDB_txn *txn);
int __wrap_mdb_txn_renew(MDB_txn *txn);

static uint64_t committed;    /* height */
static unsigned commits_left; /* to be made between the beginning of a view and the moment that it is looked at */

static void commit_state(void)
{
	static struct group_record record;
	struct flush_group group = {0, &record};
	struct flush flush = {.meta.height = ++committed, .group_count = 1, .groups = &group};
	ck_assert_int_eq(state_apply(store, &flush, why), 0);
}

/* LMDB takes the number of a commit, and a moment later what its meta page says: here two others come in between. */
int __wrap_mdb_txn_renew(MDB_txn *txn)
{
	int rc = __real_mdb_txn_renew(txn);
	if (store && txn == store->state.view)
		for (; commits_left; commits_left--)
			commit_state();
	return rc;
}

START_TEST(view_is_the_newest_commit_whatever_is_committed_while_it_begins)
{
	struct state_meta meta;
	committed = 0;
	for (unsigned between = 0; between < 4; between++) {
		commit_state();
		commits_left = between;
		ck_assert_int_eq(store_view_renew(store), 0);
		ck_assert_uint_eq(commits_left, 0);
		ck_assert_int_eq(view.meta(view.context, &meta), 0);
		ck_assert_uint_eq(meta.height, committed);
	}
}
END_TEST

UNIT_MAIN_BETWEEN("view", fixture_up, fixture_down, view_is_the_newest_commit_whatever_is_committed_while_it_begins)
