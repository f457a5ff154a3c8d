/* What an operator is told to do about damage: that a key may go on voting only where nothing but the state is named.
 */
#include <string.h>
#include "home.h"
#include "unit.h"

static void check(const char *why, const char *says, const char *never)
{
	const char *advice = home_damage_advice(why);

	ck_assert_msg(strstr(advice, says) != NULL, "%s: %s", why, advice);
	if (never)
		ck_assert_msg(!strstr(advice, never), "%s: %s", why, advice);
}

START_TEST(key_whose_journal_is_named_is_not_let_vote_again)
{
	check("journal: its seal is missing", "must not vote again", "keep it");
	check("state: a record, after journal: a record", "must not vote again", "keep it");
	check("height 3: journal: the block is not the one of state: 4", "must not vote again", "keep it");
	check("state: the record of a group does not match its checksum", "journal of votes is not touched",
	      "must not");
	check("something else", "A damaged journal or state", "not touched");
	ck_assert_str_eq(home_damage_advice("put data/state back"), "");
}
END_TEST

UNIT_MAIN("damage", key_whose_journal_is_named_is_not_let_vote_again)
