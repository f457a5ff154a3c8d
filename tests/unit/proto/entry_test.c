/* Entries as bytes, and proofs under a state root against a tree that is built the plain way. */
#include "entry.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct entry some_account(void)
{
	struct entry entry = {.kind = ENTRY_ACCOUNT,
	                      .flags = ENTRY_KEY_KNOWN,
	                      .payments = 0x01020304,
	                      .currency = 1,
	                      .balance = UINT64_C(0x1112131415161718),
	                      .created = UINT64_C(0x2122232425262728)};
	memset(entry.address.b, 0xaa, ADDRESS_SIZE);
	memset(entry.public_key, 0xbb, 32);
	return entry;
}

START_TEST(entry_has_its_fields_where_the_format_says)
{
	static const uint8_t expected[ENTRY_SIZE] = {
	    1,    1,    0,    0,    1,    2,    3,    4,    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xbb, 0xbb, 0xbb, 0xbb,
	    0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb,
	    0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0,    0,    0,    1,
	    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28};
	struct entry entry = some_account();
	uint8_t bytes[ENTRY_SIZE];
	entry_encode(&entry, bytes);
	ck_assert_mem_eq(bytes, expected, ENTRY_SIZE);
}
END_TEST

START_TEST(entry_decodes_to_what_was_encoded)
{
	struct entry entry = some_account(), back;
	uint8_t bytes[ENTRY_SIZE], again[ENTRY_SIZE];
	entry_encode(&entry, bytes);
	ck_assert_int_eq(entry_decode(bytes, &back), 0);
	ck_assert_uint_eq(back.payments, entry.payments);
	ck_assert_uint_eq(back.balance, entry.balance);
	ck_assert_uint_eq(back.created, entry.created);
	entry_encode(&back, again);
	ck_assert_mem_eq(again, bytes, ENTRY_SIZE);

	entry = (struct entry){.kind = ENTRY_CURRENCY, .currency = 1, .balance = 7, .created = 1000};
	memcpy(entry.address.b, "UNCIAXYZ", 8);
	entry_encode(&entry, bytes);
	ck_assert_int_eq(entry_decode(bytes, &back), 0);
	ck_assert_mem_eq(back.address.b, entry.address.b, ADDRESS_SIZE);

	entry = (struct entry){.kind = ENTRY_FREE, .balance = ENTRY_NONE};
	entry_encode(&entry, bytes);
	ck_assert_int_eq(entry_decode(bytes, &back), 0);
	ck_assert_uint_eq(back.balance, ENTRY_NONE);
}
END_TEST

START_TEST(zero_bytes_decode_to_a_free_entry)
{
	static const uint8_t zero[ENTRY_SIZE];
	struct entry entry;
	memset(&entry, 0xff, sizeof(entry));
	ck_assert_int_eq(entry_decode(zero, &entry), 0);
	ck_assert_uint_eq(entry.kind, ENTRY_FREE);
	ck_assert_uint_eq(entry.balance, 0);
}
END_TEST

/* Decodes `entry` with one byte of its encoding set. */
static int decode_with(const struct entry *entry, size_t at, uint8_t value)
{
	uint8_t bytes[ENTRY_SIZE];
	struct entry out;
	entry_encode(entry, bytes);
	bytes[at] = value;
	return entry_decode(bytes, &out);
}

START_TEST(entry_refuses_what_no_encoding_gives)
{
	struct entry account = some_account(), unknown_key = {.kind = ENTRY_ACCOUNT, .balance = 5},
	             free_entry = {.kind = ENTRY_FREE, .balance = 5}, currency = {.kind = ENTRY_CURRENCY, .balance = 5};
	for (unsigned kind = 3; kind < 256; kind++)
		ck_assert_int_eq(decode_with(&account, 0, (uint8_t)kind), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&account, 2, 1), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&account, 3, 1), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&account, 1, ENTRY_KEY_KNOWN | ENTRY_KEY_ROTATED), 0);
	ck_assert_int_eq(decode_with(&account, 1, ENTRY_KEY_ROTATED), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&account, 1, 4 | ENTRY_KEY_KNOWN), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&account, 1, 0), UNCIA_E_ENCODING); /* a key that is not known is zero */
	ck_assert_int_eq(decode_with(&unknown_key, 40, 1), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&unknown_key, 1, ENTRY_KEY_ROTATED), UNCIA_E_ENCODING);
	for (size_t at = 1; at < ENTRY_SIZE; at++)
		ck_assert_int_eq(decode_with(&free_entry, at, 9), at >= 64 && at < 72 ? 0 : UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&currency, 1, ENTRY_KEY_KNOWN), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&currency, 16, 1), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_with(&currency, 30, 1), UNCIA_E_ENCODING);
}
END_TEST

/* A whole tree in memory: level 0 holds the digests of the groups. */
#define GROUPS_MAX 70
struct state {
	uint64_t entry_count, free_head;
	uint8_t groups[GROUPS_MAX][GROUP_SIZE];
	struct hash levels[6][GROUPS_MAX + TREE_ARITY]; /* absent ones are zero */
	size_t sizes[6], depth;
	struct hash root;
};
static struct state s;

static void state_fill(uint64_t entry_count)
{
	memset(&s, 0, sizeof(s));
	s.entry_count = entry_count;
	s.free_head = ENTRY_NONE;
	for (uint64_t i = 0; i < entry_count; i++) {
		struct entry entry = {.kind = ENTRY_ACCOUNT, .balance = i + 1};
		entry_encode(&entry, s.groups[i / GROUP_ENTRIES] + i % GROUP_ENTRIES * ENTRY_SIZE);
	}
	s.sizes[0] = (entry_count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;
	for (size_t g = 0; g < s.sizes[0]; g++)
		state_group_digest(s.groups[g], &s.levels[0][g]);
	for (s.depth = 0; s.sizes[s.depth] > 1; s.depth++) {
		size_t above = (s.sizes[s.depth] + TREE_ARITY - 1) / TREE_ARITY;
		for (size_t k = 0; k < above; k++)
			state_node_digest(&s.levels[s.depth][k * TREE_ARITY], &s.levels[s.depth + 1][k]);
		s.sizes[s.depth + 1] = above;
	}
	state_root_digest(entry_count, s.free_head, &s.levels[s.depth][0], &s.root);
}

static size_t state_path(uint64_t index, uint8_t *path)
{
	uint64_t position = index / GROUP_ENTRIES;
	size_t size = 0;
	for (size_t level = 0; level < s.depth; level++, position /= TREE_ARITY)
		for (uint64_t k = position / TREE_ARITY * TREE_ARITY, end = k + TREE_ARITY; k < end; k++)
			if (k != position) {
				memcpy(path + size, s.levels[level][k].b, HASH_SIZE);
				size += HASH_SIZE;
			}
	return size;
}

static bool verify(uint64_t index, const uint8_t *path, size_t size)
{
	struct state_proof proof = {index, s.entry_count, s.free_head, s.groups[index / GROUP_ENTRIES], {path, size}};
	return state_proof_verify(&s.root, &proof);
}

START_TEST(state_proof_of_every_entry_verifies)
{
	static const uint64_t counts[] = {1, 7, 8, 9, 32, 33, 40, 128, 129, 512, 513, 560};
	uint8_t path[TREE_LEVELS_MAX * 96];
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		state_fill(counts[c]);
		for (uint64_t i = 0; i < counts[c]; i++) {
			size_t size = state_path(i, path);
			ck_assert_uint_eq(size, s.depth * 96);
			ck_assert(verify(i, path, size));
		}
	}
}
END_TEST

START_TEST(state_proof_refuses_another_shape)
{
	uint8_t path[TREE_LEVELS_MAX * 96] = {0};
	state_fill(300);
	size_t size = state_path(100, path);
	ck_assert(verify(100, path, size));
	ck_assert(!verify(100, path, size - 1));
	ck_assert(!verify(100, path, size - 96));
	ck_assert(!verify(100, path, size + 1));
	ck_assert(!verify(100, path, size + 96));
	ck_assert(!verify(108, path, size)); /* another group */
	const uint8_t *group = s.groups[100 / 8];
	const struct state_proof proof = {100, 300, s.free_head, group, {path, size}};
	static const uint64_t counts[] = {0, 100, 299, 301, UINT64_MAX};
	ck_assert(state_proof_verify(&s.root, &proof));
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct state_proof other = proof;
		other.entry_count = counts[i];
		ck_assert(!state_proof_verify(&s.root, &other));
	}
	struct state_proof other = proof;
	other.free_head = 5;
	ck_assert(!state_proof_verify(&s.root, &other));
}
END_TEST

START_TEST(state_proof_with_a_flipped_bit_is_refused)
{
	uint8_t path[TREE_LEVELS_MAX * 96];
	state_fill(129);
	size_t size = state_path(128, path);
	for (size_t bit = 0; bit < size * 8; bit++) {
		path[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!verify(128, path, size));
		path[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < GROUP_SIZE * 8; bit++) {
		s.groups[16][bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!verify(128, path, size));
		s.groups[16][bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert(verify(128, path, size));
}
END_TEST

START_TEST(state_proof_refuses_a_sibling_that_cannot_exist)
{
	/* A root that was made with a digest beyond the last group: consistent, but of no tree of that many entries. */
	uint8_t path[96] = {0};
	struct hash children[TREE_ARITY] = {{{0}}}, top, root;
	state_fill(16);
	memcpy(children, s.levels[0], 2 * sizeof(struct hash));
	children[3] = fixture_hash(1);
	state_node_digest(children, &top);
	state_root_digest(16, ENTRY_NONE, &top, &root);
	memcpy(path, children[1].b, HASH_SIZE);
	memcpy(path + 64, children[3].b, HASH_SIZE);
	struct state_proof proof = {0, 16, ENTRY_NONE, s.groups[0], {path, sizeof(path)}};
	ck_assert(!state_proof_verify(&root, &proof));
}
END_TEST

UNIT_MAIN("entry", entry_has_its_fields_where_the_format_says, entry_decodes_to_what_was_encoded,
          zero_bytes_decode_to_a_free_entry, entry_refuses_what_no_encoding_gives, state_proof_of_every_entry_verifies,
          state_proof_refuses_another_shape, state_proof_with_a_flipped_bit_is_refused,
          state_proof_refuses_a_sibling_that_cannot_exist)
