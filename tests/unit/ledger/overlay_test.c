/* A layer with more nodes than it was made for: what its filters say is not there would be paid twice. */
#include "overlay.h"
#include "unit.h"

enum { NODES = 20000 };

static const uint8_t seed[16] = "a seed of hashes";

static struct payment_id id_of(uint32_t i)
{
	struct payment_id id = {{0}};

	memcpy(id.b, &i, sizeof(i));
	return id;
}

static struct overlay_payment *find_payment(const struct overlay *o, uint32_t i)
{
	struct payment_id id = id_of(i);

	return overlay_find_payment(o, &id, overlay_hash(seed, &id, sizeof(id)));
}

static void check_all(const struct overlay *o, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(find_payment(o, i));
		ck_assert_uint_eq(find_payment(o, i)->previous_count, i % 3);
	}
	for (uint32_t i = count; i < count + 1000; i++)
		ck_assert_ptr_null(find_payment(o, i));
}

START_TEST(layer_finds_all_that_it_has_however_many_they_are)
{
	struct overlay o;

	overlay_init(&o, NULL);
	for (uint32_t i = 0; i < NODES; i++) {
		struct payment_id id = id_of(i);
		ck_assert_ptr_nonnull(overlay_add_payment(&o, &id, overlay_hash(seed, &id, sizeof(id)), i % 3));
		if (i % 1999 == 0)
			check_all(&o, i + 1);
	}
	check_all(&o, NODES);
	overlay_deinit(&o);
}
END_TEST

/* More than one bit for four nodes: else nearly every search would go through the table. */
START_TEST(filter_grows_with_its_table)
{
	struct overlay o;

	overlay_init(&o, NULL);
	for (uint32_t i = 0; i < NODES; i++) {
		struct payment_id id = id_of(i);
		ck_assert_ptr_nonnull(overlay_add_payment(&o, &id, overlay_hash(seed, &id, sizeof(id)), 0));
		ck_assert_uint_gt((UINT64_C(1) << o.payment_filter.bits_log2) / (i + 1), 4);
	}
	overlay_deinit(&o);
}
END_TEST

UNIT_MAIN("overlay", layer_finds_all_that_it_has_however_many_they_are, filter_grows_with_its_table)
