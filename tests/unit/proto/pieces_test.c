/* Memory in pieces: what was given back serves first, and no more of it is kept than was said. */
#include "pieces.h"
#include "unit.h"

START_TEST(last_piece_given_back_is_taken_first)
{
	struct pieces pieces;
	pieces_init(&pieces, 100, 8);
	void *a = pieces_take(&pieces), *b = pieces_take(&pieces);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_ne(a, b);
	memset(a, 0xff, 100);
	memset(b, 0xff, 100);
	pieces_give(&pieces, a);
	pieces_give(&pieces, b);
	ck_assert_ptr_eq(pieces_take(&pieces), b);
	memset(b, 0xff, 100); /* all of it is whoever's who took it */
	ck_assert_ptr_eq(pieces_take(&pieces), a);
	memset(a, 0xff, 100);
	ck_assert_uint_eq(pieces.count, 0);
	pieces_give(&pieces, a);
	pieces_give(&pieces, b);
	pieces_deinit(&pieces);
}
END_TEST

START_TEST(no_more_are_kept_than_was_said)
{
	struct pieces pieces;
	void *all[5];
	pieces_init(&pieces, sizeof(void *), 3);
	for (size_t i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(all[i] = pieces_take(&pieces));
	for (size_t i = 0; i < 5; i++)
		pieces_give(&pieces, all[i]);
	ck_assert_uint_eq(pieces.count, 3);
	for (size_t i = 3; i > 0; i--)
		ck_assert_ptr_eq(pieces_take(&pieces), all[i - 1]);
	for (size_t i = 0; i < 3; i++)
		pieces_give(&pieces, all[i]);
	pieces_deinit(&pieces);
	ck_assert_uint_eq(pieces.count, 0);
	ck_assert_ptr_null(pieces.spare);
}
END_TEST

UNIT_MAIN("pieces", last_piece_given_back_is_taken_first, no_more_are_kept_than_was_said)
