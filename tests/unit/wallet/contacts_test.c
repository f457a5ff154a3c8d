/* Contacts stay with the address that they had first. */
#include "blob.h"
#include "canonical.h"
#include "fields.h"
#include "hash.h"
#include "storage.pb-c.h"
#include "unit.h"
#include "wallet_rig.h"

START_TEST(a_contact_keeps_its_first_address)
{
	struct rig *rig = rig_new(4);
	char one[UNCIA_ADDRESS_TEXT_SIZE], two[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, one);
	rig_address(1, two);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", one, false), 0);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", one, false), 0);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", two, false), UNCIA_E_EXISTS);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), 0);
	ck_assert_str_eq(found, one);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", two, true), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), 0);
	ck_assert_str_eq(found, two);
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, "Maria"), 0);
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, "Maria"), UNCIA_E_NOT_FOUND);
	rig_free(rig);
}
END_TEST

START_TEST(contacts_are_listed_by_name)
{
	struct rig *rig = rig_new(4);
	static const char *const names[] = {"\xc3\x96zg\xc3\xbcr", "Zoe", "Anna", "hanna"};
	static const char *const sorted[] = {"Anna", "Zoe", "hanna", "\xc3\x96zg\xc3\xbcr"};
	char address[UNCIA_ADDRESS_TEXT_SIZE], name[UNCIA_CONTACT_NAME_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count = 9;
	ck_assert_int_eq(uncia_contact_count(rig->wallet, &count), 0);
	ck_assert_uint_eq(count, 0);
	rig_address(0, address);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(uncia_contact_pin(rig->wallet, names[i], address, false), 0);
	ck_assert_int_eq(uncia_contact_count(rig->wallet, &count), 0);
	ck_assert_uint_eq(count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(uncia_contact_at(rig->wallet, i, name, found), 0);
		ck_assert_str_eq(name, sorted[i]);
		ck_assert_str_eq(found, address);
	}
	ck_assert_int_eq(uncia_contact_at(rig->wallet, 4, name, found), UNCIA_E_NOT_FOUND);
	rig_free(rig);
}
END_TEST

START_TEST(bad_names_and_damaged_contacts_are_refused)
{
	struct rig *rig = rig_new(4);
	char address[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE], long_name[80];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	rig_address(0, address);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "", address, false), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, long_name, address, false), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "a\nb", address, false), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "a\xe2\x80\xae", address, false), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", "unc1x", false), UNCIA_E_ADDRESS);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", address, false), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "contact-", 8) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), UNCIA_E_DAMAGED);
	rig_free(rig);
}
END_TEST

START_TEST(names_are_what_people_see)
{
	static const struct {
		const char *given, *stored; /* NULL: refused */
	} names[] = {
	    {"Anna", "Anna"},
	    {"Zoe\xcc\x88", "Zo\xc3\xab"},       /* composed */
	    {"\xef\xac\x81ne", "fine"},          /* a ligature */
	    {"\xef\xbc\xa1nna", "Anna"},         /* full width */
	    {"Anna\xc2\xa0Maria", "Anna Maria"}, /* a space that does not break */
	    {"\xe6\x9d\x8e\xe6\x98\x8e", "\xe6\x9d\x8e\xe6\x98\x8e"},
	    {"\xd7\x93\xd7\xa0\xd7\x94", "\xd7\x93\xd7\xa0\xd7\x94"},
	    {"\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1\xd8\xb6\xd8\xa7",
	     "\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1\xd8\xb6\xd8\xa7"}, /* Persian, with a non-joiner */
	    {"\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7",
	     "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7"}, /* Devanagari, with a joiner behind a virama */
	    {"Mia \xe2\x9d\xa4\xef\xb8\x8f", "Mia \xe2\x9d\xa4\xef\xb8\x8f"}, /* a heart, as emoji */
	    {"\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x92\xbb",
	     "\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x92\xbb"}, /* a woman, her skin, joined, a computer
	                                                                       */
	    {"1\xef\xb8\x8f\xe2\x83\xa3", "1\xef\xb8\x8f\xe2\x83\xa3"},       /* a keycap */
	    {"../../key", "../../key"},
	    {"Uncle Bob", "Uncle Bob"},
	    {"", NULL},
	    {" Anna", NULL},
	    {"Anna ", NULL},
	    {"\xc2\xa0"
	     "Anna",
	     NULL},
	    {"Anna\xe3\x80\x80", NULL},
	    {"An\xe2\x80\x8bna", NULL}, /* zero-width space */
	    {"An\xe2\x80\x8dna", NULL}, /* a joiner between letters */
	    {"An\xe2\x80\x8cna", NULL}, /* a non-joiner between them */
	    {"Anna\xef\xb8\x8f", NULL}, /* a selector of nothing */
	    {"An\xc2\xadna", NULL},     /* soft hyphen */
	    {"\xef\xbb\xbf"
	     "Anna",
	     NULL},                         /* byte order mark */
	    {"Anna\xe3\x85\xa4", NULL},     /* Hangul filler */
	    {"\xe2\xa0\x80", NULL},         /* Braille blank */
	    {"Anna\xf3\xa0\x81\xa1", NULL}, /* a tag */
	    {"a\xe2\x80\xae", NULL},
	    {"a\xd8\x9c", NULL},
	    {"a\nb", NULL},
	    {"a\xe2\x80\xa8"
	     "b",
	     NULL},
	    {"a\x7f", NULL},
	    {"\xcc\x81"
	     "a",
	     NULL},                                     /* an accent on nothing */
	    {"\xee\x80\x80", NULL},                     /* private use */
	    {"\xef\xbf\xbf", NULL},                     /* no character */
	    {"\xf0\x9f\xab\xbf\xf0\xb0\xbf\xbf", NULL}, /* not assigned */
	    {"Anna\xff", NULL},
	    {"\xc3", NULL},
	    {"\xed\xa0\x80", NULL},
	    {"unc1bob", NULL},
	    {"UNC1BOB", NULL},
	    {"uncia:bob", NULL},
	    {"\xef\xbd\x95\xef\xbd\x8e\xef\xbd\x83\xef\xbc\x91"
	     "bob",
	     NULL}, /* "unc1", full width */
	    {"<unc1bob>", NULL},
	    {"uncl"
	     "qqqsyqcyq5rqwzqfpg9scrgwpugpzysnf8c8c9",
	     NULL}, /* an l for the 1 */
	    {"\xd5\xbdnc1"
	     "qqqsyqcyq5rqwzqfpg9scrgwpugpzysnf8c8c9",
	     NULL}, /* an Armenian u */
	    {"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", NULL},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xef\xb7\xba", NULL}, /* 18 characters */
	};
	char name[UNCIA_CONTACT_NAME_SIZE], why[UNCIA_WHY_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		why[0] = '\0';
		int rc = uncia_contact_name(names[i].given, name, why);
		ck_assert_msg((rc == 0) == (names[i].stored != NULL), "number %zu, %s: %d, %s", i, names[i].given, rc,
		              why);
		if (rc == 0)
			ck_assert_str_eq(name, names[i].stored);
		else
			ck_assert(rc == UNCIA_E_ARGUMENT && why[0] != '\0');
	}
	rig_address(0, address);
	ck_assert_int_eq(uncia_contact_name(address, name, why), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_name(NULL, name, why), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_name("a", NULL, why), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_name("a", name, NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(a_contact_is_found_however_its_name_is_composed)
{
	struct rig *rig = rig_new(4);
	char one[UNCIA_ADDRESS_TEXT_SIZE], two[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, one);
	rig_address(1, two);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Zoe\xcc\x88", one, false), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Zo\xc3\xab", found), 0);
	ck_assert_str_eq(found, one);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Zo\xc3\xab", two, false), UNCIA_E_EXISTS);
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, "Zo\xc3\xab"), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Zoe\xcc\x88", found), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, " Zoe"), UNCIA_E_ARGUMENT);
	rig_free(rig);
}
END_TEST

START_TEST(names_that_look_alike_are_refused_and_both_are_told)
{
	static const char *const alike[][2] = {
	    {"Anna", "anna"},
	    {"Anna", "ANNA"},
	    {"Anna", "\xd0\x90nna"}, /* Cyrillic A */
	    {"Maria", "Mar\xd1\x96"
	              "a"}, /* Ukrainian i */
	    {"Bill", "BiII"},
	    {"bill", "B\xd1\x96"
	             "ll"},
	    {"lda", "IDA"},
	    {"Ida", "lda"},
	    {"Ida", "ida"},
	    {"Bob0", "BobO"},
	    {"Bob0", "bobo"},
	    {"Al", "A1"},
	    {"modern", "modem"},
	    {"Stra\xc3\x9f"
	     "e",
	     "STRASSE"},
	    {"\xce\x91\xce\xbd\xce\xbd\xce\xb1", "Avva"}, /* Greek */
	    {"MAX", "\xd0\x9c\xd0\x90\xd0\xa5"},          /* Cyrillic capitals */
	    {"max", "\xd0\x9c\xd0\x90\xd0\xa5"},
	    {"Anna Maria", "Anna  Maria"},
	    {"\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1", "\xd8\xb9\xd9\x84\xdb\x8c\xd8\xb1"},
	    {"\xe2\x9d\xa4", "\xe2\x9d\xa4\xef\xb8\x8f"},
	};
	static const char *const different[][2] = {
	    {"Anna", "Hanna"},  {"Ali", "All"},  {"Zoe", "Zo\xc3\xab"}, {"Anna", "Anna Maria"},
	    {"Bob 1", "Bob 2"}, {"Ann", "Anna"}, {"Jan", "Jon"},        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81"},
	};
	char one[UNCIA_ADDRESS_TEXT_SIZE], two[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	char name[UNCIA_CONTACT_NAME_SIZE];
	rig_address(0, one);
	rig_address(1, two);
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		for (size_t first = 0; first < 2; first++) {
			struct rig *rig = rig_new(4);
			const char *old = alike[i][first], *new = alike[i][1 - first];
			size_t count;
			ck_assert_int_eq(uncia_contact_pin(rig->wallet, old, one, false), 0);
			ck_assert_msg(uncia_contact_pin(rig->wallet, new, two, false) == UNCIA_E_ALIKE, "%s and %s",
			              old, new);
			ck_assert_int_eq(uncia_contact_pin(rig->wallet, new, one, false), UNCIA_E_ALIKE);
			ck_assert_int_eq(uncia_contact_pin(rig->wallet, new, two, true), UNCIA_E_ALIKE);
			ck_assert_int_eq(uncia_contact_alike(rig->wallet, new, name, found), 0);
			ck_assert_str_eq(name, old);
			ck_assert_str_eq(found, one);
			ck_assert_int_eq(uncia_contact_find(rig->wallet, new, found), UNCIA_E_NOT_FOUND);
			ck_assert_int_eq(uncia_contact_count(rig->wallet, &count), 0);
			ck_assert_uint_eq(count, 1);
			/* The contact itself is none that looks like it, and gives way. */
			ck_assert_int_eq(uncia_contact_alike(rig->wallet, old, name, found), UNCIA_E_NOT_FOUND);
			ck_assert_int_eq(uncia_contact_remove(rig->wallet, old), 0);
			ck_assert_int_eq(uncia_contact_pin(rig->wallet, new, two, false), 0);
			rig_free(rig);
		}
	}
	for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++) {
		struct rig *rig = rig_new(4);
		ck_assert_int_eq(uncia_contact_pin(rig->wallet, different[i][0], one, false), 0);
		ck_assert_msg(uncia_contact_pin(rig->wallet, different[i][1], two, false) == 0, "%s", different[i][1]);
		rig_free(rig);
	}
}
END_TEST

/* As it was stored before names were prepared. */
static void store_unprepared(struct rig *rig, const char *name, const char *address)
{
	static const char prefix[] = "contact-";
	Uncia__Pb__ContactRecord record = UNCIA__PB__CONTACT_RECORD__INIT;
	char blob[UNCIA_BLOB_NAME_SIZE], hex[2 * HASH_SIZE + 1];
	struct hash hash;
	uint8_t *data;
	size_t size;
	hash2(HASH_RECORD, prefix, sizeof(prefix), name, strlen(name), &hash);
	snprintf(blob, sizeof(blob), "%s%s", prefix, sodium_bin2hex(hex, sizeof(hex), hash.b, HASH_SIZE));
	record.name = field_of(name, strlen(name));
	record.address = field_of(address, strlen(address));
	ck_assert_int_eq(canonical_encode(&record.base, &data, &size), 0);
	ck_assert_int_eq(blob_create(&rig->host.host, blob, data, size), 0);
	free(data);
}

START_TEST(contacts_of_earlier_names_stay_usable)
{
	static const char *const old[] = {"Anna", "anna", " Anna", "An\xe2\x80\x8bna", "Zoe\xcc\x88", "unc1anna"};
	struct rig *rig = rig_new(4);
	char one[UNCIA_ADDRESS_TEXT_SIZE], two[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count;
	rig_address(0, one);
	rig_address(1, two);
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		store_unprepared(rig, old[i], one);
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		ck_assert_int_eq(uncia_contact_find(rig->wallet, old[i], found), 0);
		ck_assert_str_eq(found, one);
		ck_assert_int_eq(uncia_contact_pin(rig->wallet, old[i], one, false), 0);
		ck_assert_int_eq(uncia_contact_pin(rig->wallet, old[i], two, false), UNCIA_E_EXISTS);
		ck_assert_int_eq(uncia_contact_pin(rig->wallet, old[i], two, true), 0);
		ck_assert_int_eq(uncia_contact_find(rig->wallet, old[i], found), 0);
		ck_assert_str_eq(found, two);
	}
	ck_assert_int_eq(uncia_contact_count(rig->wallet, &count), 0);
	ck_assert_uint_eq(count, sizeof(old) / sizeof(old[0]));
	/* New ones may not look like them. */
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "ANNA", one, false), UNCIA_E_ALIKE);
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		ck_assert_int_eq(uncia_contact_remove(rig->wallet, old[i]), 0);
		ck_assert_int_eq(uncia_contact_find(rig->wallet, old[i], found),
		                 i == 2 || i == 3 || i == 5 ? UNCIA_E_ARGUMENT : UNCIA_E_NOT_FOUND);
	}
	rig_free(rig);
}
END_TEST

START_TEST(a_damaged_contact_stops_no_other_and_can_be_forgotten)
{
	struct rig *rig = rig_new(4);
	char address[UNCIA_ADDRESS_TEXT_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", address, false), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "contact-", 8) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", address, false), UNCIA_E_DAMAGED);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Zoe", address, false), 0);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Maria", address, true), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "contact-", 8) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, "Maria"), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Maria", found), UNCIA_E_NOT_FOUND);
	/* One of an earlier name, too. */
	ck_assert_int_eq(uncia_contact_remove(rig->wallet, "Zoe"), 0);
	store_unprepared(rig, "Zoe\xcc\x88", address);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "contact-", 8) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Zoe\xcc\x88", found), UNCIA_E_DAMAGED);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "Zoe\xcc\x88", address, true), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "Zoe\xcc\x88", found), 0);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("contacts", a_contact_keeps_its_first_address, contacts_are_listed_by_name,
          bad_names_and_damaged_contacts_are_refused, names_are_what_people_see,
          a_contact_is_found_however_its_name_is_composed, names_that_look_alike_are_refused_and_both_are_told,
          contacts_of_earlier_names_stay_usable, a_damaged_contact_stops_no_other_and_can_be_forgotten)
