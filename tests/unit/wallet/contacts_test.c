/* Contacts stay with the address that they had first. */
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
	static const char *const names[] = {"\xc3\x96zg\xc3\xbcr", "Zoe", "Anna", "anna"};
	static const char *const sorted[] = {"Anna", "Zoe", "anna", "\xc3\x96zg\xc3\xbcr"};
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

UNIT_MAIN("contacts", a_contact_keeps_its_first_address, contacts_are_listed_by_name,
          bad_names_and_damaged_contacts_are_refused)
