/* Texts for chats: what is written is read as it was, within the lengths that chats take, and nothing else is read. */
#include <uncia/uncia.h>
#include "address.h"
#include "bech32m.h"
#include "big_endian.h"
#include "frame.h"
#include "receipt.h"
#include "unit.h"
#include "wallet_rig.h"

static const uint8_t network_id[32] = {0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9};
static const uint8_t other_id[32] = {0xde, 0xad, 0xbe, 0xee, 5, 6, 7, 8, 9};
static const struct uncia_payment_id some_id = {{0x69, 0x49, 0xd8, 0x75, 1, 2, 3}};

/* A text of a payload that nobody would write. */
static const char *raw(enum uncia_text_kind kind, const void *payload, size_t size)
{
	static char text[2048];
	ck_assert_uint_le(frame_text_size(kind, size), sizeof(text));
	frame_write(kind, payload, size, text);
	return text;
}

/* The same as another version would write it, or with other bits behind its last byte. */
static const char *groups_text(const char *prefix, const uint8_t *groups, size_t count)
{
	static char text[2048];
	char *at = stpcpy(stpcpy(stpcpy(text, "uncia:"), prefix), "1");
	uint32_t state = bech32m_begin(prefix, strlen(prefix));
	for (size_t i = 0; i < count; i++) {
		state = bech32m_add(state, groups[i]);
		*at++ = bech32m_character(groups[i]);
	}
	bech32m_end(state, at);
	at[BECH32M_CHECKSUM] = '\0';
	return text;
}

/* ---- the form -------------------------------------------------------------------------------- */

START_TEST(every_size_of_a_payload_comes_back)
{
	uint8_t payload[FRAME_PAYLOAD_MAX], back[FRAME_PAYLOAD_MAX];
	size_t size;
	for (size_t n = 4; n <= sizeof(payload); n++) {
		for (size_t i = 0; i < n; i++)
			payload[i] = i < 4 ? network_id[i] : (uint8_t)(i * 7 + n);
		const char *text = raw(UNCIA_TEXT_NOTICE, payload, n);
		ck_assert_uint_eq(strlen(text) + 1, frame_text_size(UNCIA_TEXT_NOTICE, n));
		int rc = frame_read(UNCIA_TEXT_NOTICE, text, network_id, back, &size);
		/* A longer text than any is refused before it is looked at. */
		ck_assert(rc == 0 || (rc == UNCIA_E_LIMIT && strlen(text) > FRAME_CLEAN_MAX - 2));
		ck_assert_uint_eq(size, n);
		ck_assert_mem_eq(back, payload, n);
	}
}
END_TEST

START_TEST(other_versions_and_other_bits_are_told)
{
	struct uncia_notice notice = {.size = sizeof(notice)};
	uint8_t groups[64] = {1};
	const size_t count = 1 + (36 * 8 + 4) / 5; /* 2 bits are left over */
	const char *text = groups_text("uncpaid", groups, count);
	ck_assert_int_eq(uncia_notice_parse(NULL, text, &notice), 0);
	for (uint8_t version = 0; version < 32; version++) {
		groups[0] = version;
		text = groups_text("uncpaid", groups, count);
		ck_assert_int_eq(uncia_notice_parse(NULL, text, &notice), version == 1 ? 0 : UNCIA_E_NEWER);
	}
	groups[0] = 1;
	groups[count - 1] = 1;
	ck_assert_int_eq(uncia_notice_parse(NULL, groups_text("uncpaid", groups, count), &notice), UNCIA_E_ENCODING);
	groups[count - 1] = 0;
	/* A whole group too many, one too few, none, no version. */
	ck_assert_int_eq(uncia_notice_parse(NULL, groups_text("uncpaid", groups, count + 1), &notice),
	                 UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_notice_parse(NULL, groups_text("uncpaid", groups, count - 1), &notice),
	                 UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_notice_parse(NULL, groups_text("uncpaid", groups, 1), &notice), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_notice_parse(NULL, groups_text("uncpaid", groups, 0), &notice), UNCIA_E_ENCODING);
	/* Of a kind that is not known here. */
	struct uncia_request request = {.size = sizeof(request)};
	ck_assert_int_eq(uncia_request_parse(NULL, groups_text("unclater", groups, count), &request), UNCIA_E_NEWER);
	/* The checksum covers the prefix. */
	char *swapped = (char *)(uintptr_t)groups_text("uncpaid", groups, count);
	memcpy(swapped + strlen("uncia:unc"), "gift", 4);
	ck_assert_int_eq(uncia_notice_parse(NULL, swapped, &notice), UNCIA_E_ENCODING);
	struct uncia_claim claim = {.size = sizeof(claim)};
	ck_assert_int_eq(uncia_claim_parse(NULL, swapped, &claim), UNCIA_E_CHANGED);
}
END_TEST

START_TEST(lengths_are_those_of_the_specification)
{
	struct rig *rig = rig_new(4);
	struct uncia_request request = {.size = sizeof(request),
	                                .has_amount = true,
	                                .amount = UINT64_MAX,
	                                .currency = 16,
	                                .ends_at = UINT32_MAX,
	                                .has_lock = true};
	struct uncia_notice notice = {.size = sizeof(notice), .id = some_id};
	struct uncia_claim claim = {.size = sizeof(claim)};
	char text[UNCIA_CHAT_TEXT_SIZE], handle[UNCIA_HANDLE_SIZE] = "xmpp:";
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, text), 0);
	ck_assert_uint_eq(strlen(text), 316);
	request = (struct uncia_request){
	    .size = sizeof(request), .has_amount = true, .amount = 1, .currency = 2, .ends_at = 1};
	memset(request.memo, 'm', UNCIA_CHAT_MEMO_SIZE - 1);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, text), 0);
	ck_assert_uint_eq(strlen(text), 262);
	memset(handle + 5, 'h', sizeof(handle) - 6);
	handle[sizeof(handle) - 1] = '\0';
	ck_assert_int_eq(uncia_wallet_contact(rig->wallet, handle, text), 0);
	ck_assert_uint_eq(strlen(text), 280); /* 315 with the address of a key that was changed */
	ck_assert_uint_eq(frame_text_size(UNCIA_TEXT_CONTACT, 4 + 32 + 64 + 22 + 62) - 1, 315);
	ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), 0);
	ck_assert_uint_eq(strlen(text), 79);
	memset(notice.memo, 'm', UNCIA_CHAT_MEMO_SIZE - 1);
	ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), 0);
	ck_assert_uint_eq(strlen(text), 236);
	ck_assert_int_eq(uncia_claim_format(network_id, &claim, text), 0);
	ck_assert_uint_eq(strlen(text), 137);
	rig_free(rig);
}
END_TEST

/* ---- requests -------------------------------------------------------------------------------- */

static void same_request(const struct uncia_request *a, const struct uncia_request *b)
{
	ck_assert_str_eq(a->address, b->address);
	ck_assert(a->has_amount == b->has_amount && a->amount == b->amount);
	ck_assert_int_eq(a->currency ? a->currency : 1, b->currency ? b->currency : 1);
	ck_assert_uint_eq(a->ends_at, b->ends_at);
	ck_assert_str_eq(a->memo, b->memo);
	ck_assert(a->has_lock == b->has_lock);
}

START_TEST(requests_come_back_with_every_part_and_without)
{
	struct uncia_address address = {.account = {1, 2, 3}, .reference = {9, 8, 7}};
	char text[UNCIA_CHAT_TEXT_SIZE];
	for (unsigned parts = 0; parts < 32; parts++) {
		struct uncia_request request = {.size = sizeof(request)}, read = {.size = sizeof(read)};
		address.has_reference = (parts & 1) != 0;
		uncia_address_format(&address, request.address);
		request.has_amount = (parts & 2) != 0;
		request.amount = request.has_amount ? UINT64_C(1250500000) : 0;
		request.currency = parts & 4 ? 16 : 0;
		request.ends_at = parts & 8 ? 1900000000 : 0;
		strcpy(request.memo, parts & 16 ? "rent of May, 50% & more \xe2\x82\xac" : "");
		ck_assert_int_eq(uncia_request_format(network_id, &request, text), 0);
		ck_assert_int_eq(strncmp(text, "uncia:uncask1p", 14), 0);
		ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_REQUEST);
		ck_assert_int_eq(uncia_request_parse(network_id, text, &read), 0);
		same_request(&request, &read);
		ck_assert(read.checked && strlen(read.key) == 64);
		ck_assert_int_eq(uncia_request_parse(NULL, text, &read), 0);
		ck_assert_int_eq(uncia_request_parse(other_id, text, &read), UNCIA_E_NETWORK);
	}
}
END_TEST

START_TEST(the_key_of_a_request_is_that_of_all_that_it_says)
{
	struct uncia_request request = {.size = sizeof(request)}, one = {.size = sizeof(one)},
	                     two = {.size = sizeof(two)};
	struct uncia_address address = {.account = {1, 2, 3}};
	char text[UNCIA_CHAT_TEXT_SIZE];
	uncia_address_format(&address, request.address);
	ck_assert_int_eq(uncia_request_format(network_id, &request, text), 0);
	ck_assert_int_eq(uncia_request_parse(network_id, text, &one), 0);
	for (char *c = text; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	ck_assert_int_eq(uncia_request_parse(network_id, text, &two), 0);
	ck_assert_str_eq(one.key, two.key);
	request.memo[0] = 'x';
	ck_assert_int_eq(uncia_request_format(network_id, &request, text), 0);
	ck_assert_int_eq(uncia_request_parse(network_id, text, &two), 0);
	ck_assert_str_ne(one.key, two.key);
	ck_assert_int_eq(uncia_request_format(other_id, &request, text), 0);
	ck_assert_int_eq(uncia_request_parse(NULL, text, &one), 0);
	ck_assert_str_ne(one.key, two.key);
}
END_TEST

START_TEST(requests_that_cannot_be_are_not_written)
{
	struct uncia_request good = {.size = sizeof(good)}, bad;
	struct uncia_address address = {.account = {1, 2, 3}};
	char text[UNCIA_CHAT_TEXT_SIZE] = "";
	uncia_address_format(&address, good.address);
	bad = good;
	bad.has_amount = true;
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_AMOUNT);
	bad = good;
	bad.address[10] ^= 1;
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_ADDRESS);
	bad = good;
	memset(bad.memo, 'x', UNCIA_CHAT_MEMO_SIZE);
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_LIMIT);
	strcpy(bad.memo, "a\xe2\x80\xaezz");
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_ENCODING);
	memset(bad.memo, 'x', sizeof(bad.memo));
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_ARGUMENT);
	bad = good;
	bad.has_lock = true;
	ck_assert_int_eq(uncia_request_format(network_id, &bad, text), UNCIA_E_ARGUMENT);
	ck_assert_str_eq(text, "");
}
END_TEST

#define OPTION(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

START_TEST(options_have_one_form_and_those_of_newer_programs_are_told)
{
	static const struct {
		uint8_t options[40];
		size_t size;
		int error;
	} cases[] = {
	    {OPTION(2, 8, 0, 0, 0, 0, 0, 0, 0, 1), 0},
	    {OPTION(2, 8, 0, 0, 0, 0, 0, 0, 0, 0), UNCIA_E_ENCODING},
	    {OPTION(2, 7, 0, 0, 0, 0, 0, 0, 1), UNCIA_E_ENCODING},
	    {OPTION(2, 8, 0, 0, 0, 0, 0, 0, 1), UNCIA_E_ENCODING},
	    {OPTION(2), UNCIA_E_ENCODING},
	    {OPTION(1, 8, 0, 0, 0, 0, 0, 0, 0, 0), 0},
	    {OPTION(1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0), UNCIA_E_ENCODING},
	    {OPTION(3, 1, 2), 0},
	    {OPTION(3, 1, 1), UNCIA_E_ENCODING},
	    {OPTION(3, 1, 0), UNCIA_E_ENCODING},
	    {OPTION(4, 4, 0, 0, 0, 1), 0},
	    {OPTION(4, 4, 0, 0, 0, 0), UNCIA_E_ENCODING},
	    {OPTION(6, 1, 'a'), 0},
	    {OPTION(6, 0), UNCIA_E_ENCODING},
	    {OPTION(6, 1, '\n'), UNCIA_E_ENCODING},
	    {OPTION(6, 1, 0), UNCIA_E_ENCODING},
	    {OPTION(6, 1, 0xff), UNCIA_E_ENCODING},
	    {OPTION(3, 1, 2, 4, 4, 0, 0, 0, 1), 0},
	    {OPTION(4, 4, 0, 0, 0, 1, 3, 1, 2), UNCIA_E_ENCODING},
	    {OPTION(3, 1, 2, 3, 1, 2), UNCIA_E_ENCODING},
	    {OPTION(0, 1, 1), UNCIA_E_NEWER},
	    {OPTION(8, 1, 1), UNCIA_E_NEWER},
	    {OPTION(127, 0), UNCIA_E_NEWER},
	    {OPTION(128, 0), 0},
	    {OPTION(128, 3, 1, 2, 3, 255, 0), 0},
	    {OPTION(200, 2, 1), UNCIA_E_ENCODING},
	    {OPTION(200, 0, 200, 0), UNCIA_E_ENCODING},
	    {OPTION(200, 0, 128, 0), UNCIA_E_ENCODING},
	    {OPTION(7, 1, 1), UNCIA_E_ENCODING},
	};
	uint8_t payload[128] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3};
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_notice notice = {.size = sizeof(notice)};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(payload + 24, cases[i].options, cases[i].size);
		int rc =
		    uncia_request_parse(network_id, raw(UNCIA_TEXT_REQUEST, payload, 24 + cases[i].size), &request);
		ck_assert_msg(rc == cases[i].error, "number %zu: %d", i, rc);
		/* Of a notice only the memo is known. */
		memcpy(payload + 36, cases[i].options, cases[i].size);
		rc = uncia_notice_parse(network_id, raw(UNCIA_TEXT_NOTICE, payload, 36 + cases[i].size), &notice);
		ck_assert_msg(rc == 0 || rc == UNCIA_E_NEWER || cases[i].error == UNCIA_E_ENCODING, "number %zu: %d", i,
		              rc);
		ck_assert(rc != 0 || cases[i].options[0] == 6 || cases[i].options[0] >= 128);
	}
	for (size_t size = 4; size < 24; size++)
		ck_assert_int_eq(uncia_request_parse(network_id, raw(UNCIA_TEXT_REQUEST, payload, size), &request),
		                 UNCIA_E_ENCODING);
}
END_TEST

START_TEST(a_wallet_asks_for_itself_each_time_under_another_reference)
{
	struct rig *rig = rig_new(4);
	struct uncia_request one = {.size = sizeof(one)}, two = {.size = sizeof(two)}, read = {.size = sizeof(read)};
	char text[UNCIA_CHAT_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_address address, account;
	const uint8_t *id = rig->net.f.genesis.network_id.b;
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &one, text), 0);
	ck_assert_int_eq(uncia_request_parse(id, text, &read), 0);
	same_request(&one, &read);
	ck_assert_str_eq(one.key, read.key);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &two, text), 0);
	ck_assert_str_ne(one.address, two.address);
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
	ck_assert_int_eq(uncia_address_parse(own, &account), 0);
	ck_assert_int_eq(uncia_address_parse(one.address, &address), 0);
	ck_assert(address.has_reference);
	ck_assert_mem_eq(address.account, account.account, 20);
	/* A reference that is given stays; another account is not its own. */
	strcpy(two.address, one.address);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &two, text), 0);
	ck_assert_str_eq(one.address, two.address);
	address.account[0] ^= 1;
	uncia_address_format(&address, two.address);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &two, text), UNCIA_E_ADDRESS);
	rig->host.random_fails = true;
	struct uncia_request three = {.size = sizeof(three)};
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &three, text), UNCIA_E_RANDOM);
	rig_free(rig);
}
END_TEST

/* Changes one thing of a request with a lock and writes it anew, checksum and all. */
static int parse_changed(const uint8_t *id, const char *text, size_t at, uint8_t change, size_t cut)
{
	struct uncia_request request = {.size = sizeof(request)};
	uint8_t payload[FRAME_PAYLOAD_MAX + 8] = {0};
	size_t size;
	ck_assert_int_eq(frame_read(UNCIA_TEXT_REQUEST, text, id, payload, &size), 0);
	ck_assert_uint_lt(at, size + 8);
	payload[at] ^= change;
	return uncia_request_parse(id, raw(UNCIA_TEXT_REQUEST, payload, cut ? cut : size), &request);
}

START_TEST(a_lock_is_signed_by_the_key_of_the_address_and_nothing_in_it_can_be_changed)
{
	struct rig *rig = rig_new(4);
	struct uncia_request request = {
	    .size = sizeof(request), .has_amount = true, .amount = 5000000, .has_lock = true};
	struct uncia_request read = {.size = sizeof(read)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	const uint8_t *id = rig->net.f.genesis.network_id.b;
	for (size_t i = 0; i < 32; i++)
		request.lock[i] = (uint8_t)i;
	strcpy(request.memo, "x");
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, text), UNCIA_E_ARGUMENT);
	request.memo[0] = '\0';
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, text), 0);
	ck_assert_int_eq(uncia_request_parse(id, text, &read), 0);
	same_request(&request, &read);
	ck_assert_mem_eq(read.lock, request.lock, 32);
	ck_assert_mem_eq(read.lock_key, request.lock_key, 32);
	ck_assert_int_eq(uncia_request_parse(NULL, text, &read), UNCIA_E_NETWORK);
	/* N4 20 | 1 8 reference | 2 8 amount | 5 64 lock key | 7 64 signature */
	const size_t lock = 24 + 10 + 10 + 2, size = lock + 64 + 2 + 64;
	ck_assert_int_eq(parse_changed(id, text, 4, 1, 0), UNCIA_E_SIGNATURE);            /* the address */
	ck_assert_int_eq(parse_changed(id, text, 30, 1, 0), UNCIA_E_SIGNATURE);           /* its reference */
	ck_assert_int_eq(parse_changed(id, text, 43, 1, 0), UNCIA_E_SIGNATURE);           /* the amount */
	ck_assert_int_eq(parse_changed(id, text, lock, 1, 0), UNCIA_E_SIGNATURE);         /* the lock */
	ck_assert_int_eq(parse_changed(id, text, lock + 33, 1, 0), UNCIA_E_SIGNATURE);    /* the key */
	ck_assert_int_eq(parse_changed(id, text, size - 60, 1, 0), UNCIA_E_SIGNATURE);    /* the signature */
	ck_assert_int_eq(parse_changed(id, text, 0, 0, size - 66), UNCIA_E_ENCODING);     /* none */
	ck_assert_int_eq(parse_changed(id, text, size, 200, size + 2), UNCIA_E_ENCODING); /* something behind it */
	rig_free(rig);
}
END_TEST

/* Bob's address with Mallory's lock, all signed by Mallory's key. */
START_TEST(a_lock_under_somebody_elses_address_is_refused)
{
	uint8_t payload[256] = {0}, *at = payload;
	struct fixture_key bob, mallory;
	struct hash digest;
	struct uncia_request read = {.size = sizeof(read)};
	fixture_account(1, &bob);
	fixture_account(2, &mallory);
	for (int honest = 0; honest < 2; honest++) {
		at = mempcpy(payload, network_id, 4);
		at = mempcpy(at, honest ? mallory.address.b : bob.address.b, 20);
		*at++ = 5;
		*at++ = 64;
		memset(at, 7, 32);
		at = mempcpy(at + 32, mallory.public_key, 32);
		hash2(HASH_ASK, network_id, 32, payload, (size_t)(at - payload), &digest);
		*at++ = 7;
		*at++ = 64;
		ck_assert_int_eq(sign_digest(mallory.secret_key, &digest, at), 0);
		at += 64;
		ck_assert_int_eq(
		    uncia_request_parse(network_id, raw(UNCIA_TEXT_REQUEST, payload, (size_t)(at - payload)), &read),
		    honest ? 0 : UNCIA_E_SIGNATURE);
	}
}
END_TEST

/* ---- contacts -------------------------------------------------------------------------------- */

START_TEST(contacts_come_back_signed_for_one_handle_on_one_network)
{
	struct rig *rig = rig_new(4);
	const uint8_t *id = rig->net.f.genesis.network_id.b;
	static const char *const handles[] = {NULL, "xmpp:bob@example.org", "irc:libera/bob[]", "x:\xc3\xa4"};
	struct uncia_contact contact = {.size = sizeof(contact)};
	char text[UNCIA_CHAT_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	uint8_t payload[FRAME_PAYLOAD_MAX], twin[32];
	size_t size;
	memcpy(twin, id, 32);
	twin[31] ^= 1; /* another network with the same first bytes */
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		ck_assert_int_eq(uncia_wallet_contact(rig->wallet, handles[i], text), 0);
		ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_CONTACT);
		ck_assert_int_eq(uncia_contact_parse(id, text, &contact), 0);
		ck_assert_str_eq(contact.address, own);
		ck_assert_str_eq(contact.handle, handles[i] ? handles[i] : "");
		ck_assert_int_eq(uncia_contact_parse(twin, text, &contact), UNCIA_E_SIGNATURE);
		ck_assert_int_eq(uncia_contact_parse(other_id, text, &contact), UNCIA_E_NETWORK);
		ck_assert_int_eq(frame_read(UNCIA_TEXT_CONTACT, text, id, payload, &size), 0);
		for (size_t at = 4; at < size; at += 3) {
			payload[at] ^= 1;
			int rc = uncia_contact_parse(id, raw(UNCIA_TEXT_CONTACT, payload, size), &contact);
			ck_assert(rc == UNCIA_E_SIGNATURE ||
			          (at >= 100 && (rc == UNCIA_E_ENCODING || rc == UNCIA_E_NEWER)));
			payload[at] ^= 1;
		}
		/* The handle taken off, or put on. */
		memcpy(payload + 100, "\x02\x03x:y", 5);
		ck_assert_int_eq(uncia_contact_parse(id, raw(UNCIA_TEXT_CONTACT, payload, 105), &contact),
		                 UNCIA_E_SIGNATURE);
		ck_assert_int_eq(uncia_contact_parse(id, raw(UNCIA_TEXT_CONTACT, payload, 100), &contact),
		                 handles[i] ? UNCIA_E_SIGNATURE : 0);
		/* An account whose key was changed: nothing of this ledger. */
		payload[100] = 1;
		payload[101] = 20;
		ck_assert_int_eq(uncia_contact_parse(id, raw(UNCIA_TEXT_CONTACT, payload, 122), &contact),
		                 UNCIA_E_NEWER);
	}
	rig_free(rig);
}
END_TEST

START_TEST(handles_are_a_protocol_and_a_name_that_can_be_seen)
{
	static const char *const bad[] = {"",
	                                  "bob",
	                                  "xmpp:",
	                                  ":bob",
	                                  "XMPP:bob",
	                                  "1x:bob",
	                                  "xmpp:bo b",
	                                  "xmpp:bob\n",
	                                  "xmpp:bo\xe2\x80\x8b"
	                                  "b",
	                                  "xmpp:bob\xc2\xa0",
	                                  "xmpp:\xe2\x80\xae"
	                                  "bob",
	                                  "xmpp:\xff",
	                                  "xmpp:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct rig *rig = rig_new(4);
	char text[UNCIA_CHAT_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(uncia_wallet_contact(rig->wallet, bad[i], text) == UNCIA_E_ENCODING, "%s", bad[i]);
	rig_free(rig);
}
END_TEST

START_TEST(what_is_signed_needs_the_key_and_a_network)
{
	struct memory_host host;
	struct uncia_wallet *wallet;
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_key_options options = {
	    .size = sizeof(options), .passphrase = "p", .kdf_memory = 8192, .kdf_passes = 1};
	struct uncia_wallet_options opening = {.size = sizeof(opening), .passphrase = "p"};
	struct fake_network *net = calloc(1, sizeof(*net));
	char text[UNCIA_CHAT_TEXT_SIZE];
	uint8_t id[32];
	memory_host_init(&host);
	fake_network_init(net, &host, 4);
	ck_assert_int_eq(uncia_wallet_create(&host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(uncia_wallet_open(&host.host, NULL, &opening, &wallet), 0);
	ck_assert_int_eq(uncia_wallet_network_id(wallet, id), UNCIA_E_NETWORK);
	ck_assert_int_eq(uncia_wallet_contact(wallet, NULL, text), UNCIA_E_NETWORK);
	ck_assert_int_eq(uncia_wallet_request(wallet, &request, text), UNCIA_E_NETWORK);
	uncia_wallet_close(wallet);
	ck_assert_int_eq(uncia_wallet_open(&host.host, net->network, NULL, &wallet), 0); /* locked */
	ck_assert_int_eq(uncia_wallet_contact(wallet, NULL, text), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_request(wallet, &request, text), UNCIA_E_LOCKED);
	uncia_wallet_close(wallet);
	/* The home knows its network from then on. */
	ck_assert_int_eq(uncia_wallet_open(&host.host, NULL, &opening, &wallet), 0);
	ck_assert_int_eq(uncia_wallet_network_id(wallet, id), 0);
	ck_assert_mem_eq(id, net->f.genesis.network_id.b, 32);
	ck_assert_int_eq(uncia_wallet_contact(wallet, NULL, text), 0);
	ck_assert_int_eq(uncia_wallet_request(wallet, &request, text), 0);
	uncia_wallet_close(wallet);
	fake_network_deinit(net);
	free(net);
	memory_host_deinit(&host);
}
END_TEST

START_TEST(the_code_of_two_accounts_is_the_same_from_both_sides)
{
	char a[UNCIA_ADDRESS_TEXT_SIZE], b[UNCIA_ADDRESS_TEXT_SIZE], c[UNCIA_ADDRESS_TEXT_SIZE];
	char one[UNCIA_CODE_SIZE], two[UNCIA_CODE_SIZE];
	struct uncia_address address = {.account = {9}, .has_reference = true};
	rig_address(1, a);
	rig_address(2, b);
	uncia_address_format(&address, c);
	ck_assert_int_eq(uncia_contact_code(network_id, a, b, one), 0);
	ck_assert_int_eq(uncia_contact_code(network_id, b, a, two), 0);
	ck_assert_str_eq(one, two);
	ck_assert_uint_eq(strlen(one), 20);
	ck_assert_uint_eq(strspn(one, "0123456789"), 20);
	ck_assert_int_eq(uncia_contact_code(other_id, a, b, two), 0);
	ck_assert_str_ne(one, two);
	ck_assert_int_eq(uncia_contact_code(network_id, a, c, one), 0);
	address.reference[0] = 1;
	uncia_address_format(&address, c);
	ck_assert_int_eq(uncia_contact_code(network_id, a, c, two), 0);
	ck_assert_str_eq(one, two);
	address.has_reference = false;
	uncia_address_format(&address, b);
	ck_assert_int_eq(uncia_contact_code(network_id, b, c, two), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_code(network_id, "bob", c, two), UNCIA_E_ADDRESS);
}
END_TEST

/* ---- notices and claims ---------------------------------------------------------------------- */

START_TEST(notices_and_claims_come_back)
{
	static const char *const memos[] = {"", "rent", "\xf0\x9f\x8d\x95 & <b>"};
	struct uncia_notice notice = {.size = sizeof(notice), .id = some_id}, read = {.size = sizeof(read)};
	struct uncia_claim claim = {.size = sizeof(claim), .home = {1, 2}, .opening = some_id, .seed = {3, 4}};
	struct uncia_claim taken = {.size = sizeof(taken)};
	char text[UNCIA_CHAT_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(memos) / sizeof(memos[0]); i++) {
		strcpy(notice.memo, memos[i]);
		ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), 0);
		ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_NOTICE);
		ck_assert_int_eq(uncia_notice_parse(network_id, text, &read), 0);
		ck_assert_mem_eq(read.id.b, some_id.b, 32);
		ck_assert_str_eq(read.memo, memos[i]);
		ck_assert_int_eq(uncia_notice_parse(other_id, text, &read), UNCIA_E_NETWORK);
		ck_assert_int_eq(uncia_claim_parse(network_id, text, &taken), UNCIA_E_ENCODING);
	}
	strcpy(notice.memo, "a\nb");
	ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_claim_format(network_id, &claim, text), 0);
	ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_CLAIM);
	ck_assert_int_eq(uncia_claim_parse(network_id, text, &taken), 0);
	ck_assert_mem_eq(taken.home, claim.home, sizeof(claim.home));
	ck_assert_mem_eq(taken.opening.b, claim.opening.b, sizeof(claim.opening.b));
	ck_assert_mem_eq(taken.seed, claim.seed, sizeof(claim.seed));
	ck_assert_int_eq(uncia_claim_parse(other_id, text, &taken), UNCIA_E_NETWORK);
	uint8_t payload[73] = {0xde, 0xad, 0xbe, 0xef};
	ck_assert_int_eq(uncia_claim_parse(network_id, raw(UNCIA_TEXT_CLAIM, payload, 73), &taken), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_claim_parse(network_id, raw(UNCIA_TEXT_CLAIM, payload, 71), &taken), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_claim_parse(network_id, raw(UNCIA_TEXT_CLAIM, payload, 3), &taken), UNCIA_E_ENCODING);
}
END_TEST

/* ---- expiries -------------------------------------------------------------------------------- */

/* Reads the payload of an expiry, changes one byte, and writes it with `size` bytes of it. */
static int expiry_changed(const struct rig *rig, const char *text, size_t at, size_t size)
{
	static char clean[4096];
	uint8_t payload[2048];
	struct uncia_expiry *expiry = NULL;
	const char *run;
	size_t whole;
	ck_assert_int_eq(frame_open(UNCIA_TEXT_EXPIRY, text, clean, sizeof(clean), &run, &whole), 0);
	ck_assert(size <= whole && at < whole);
	frame_payload(UNCIA_TEXT_EXPIRY, run, payload, whole);
	payload[at] ^= 1;
	int rc = uncia_expiry_verify(rig->net.network, raw(UNCIA_TEXT_EXPIRY, payload, size), &expiry);
	ck_assert((rc == 0) == (expiry != NULL));
	uncia_expiry_free(expiry);
	return rc;
}

START_TEST(the_expiry_of_an_own_payment_proves_itself_to_anybody)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id expired, final, none = {{1}};
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_expiry *expiry;
	char *text, address[UNCIA_ADDRESS_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	rig->net.expire = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &expired), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_payment(rig, &expired).state, UNCIA_PAYMENT_EXPIRED);
	rig->net.expire = false;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 400000, &final), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &final, &text), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &none, &text), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &expired, &text), 0);
	ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_EXPIRY);
	ck_assert_int_eq(uncia_expiry_verify(rig->net.network, text, &expiry), 0);
	ck_assert_int_eq(uncia_expiry_payment(expiry, &payment), 0);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_mem_eq(payment.id.b, expired.b, sizeof(expired.b));
	ck_assert_int_eq(uncia_expiry_output(expiry, 0, address, &amount), 0);
	rig_address(0, to);
	ck_assert(strcmp(address, to) == 0 && amount == 500000);
	ck_assert_int_eq(uncia_expiry_output(expiry, 1, address, &amount), UNCIA_E_ARGUMENT);
	uncia_expiry_free(expiry);
	/* The same in the home's archive. */
	char *again;
	rig_reopen(rig);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &expired, &again), 0);
	ck_assert_str_eq(text, again);
	uncia_text_free(again);
	const size_t size = (strlen(text) - strlen("uncia:uncnever1p") - 6) * 5 / 8;
	for (size_t at = 0; at < size; at++) {
		int rc = expiry_changed(rig, text, at, size);
		ck_assert_msg(rc == (at < 4 ? UNCIA_E_NETWORK : rc) &&
		                  (rc == UNCIA_E_NETWORK || rc == UNCIA_E_PROOF || rc == UNCIA_E_SIGNATURE ||
		                   rc == UNCIA_E_ENCODING),
		              "byte %zu: %d", at, rc);
	}
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_msg(expiry_changed(rig, text, 0, cut) != 0, "%zu bytes", cut);
	uncia_text_free(text);
	rig_close(rig);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, NULL, NULL, &rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &expired, &text), UNCIA_E_NETWORK);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("chat", every_size_of_a_payload_comes_back, other_versions_and_other_bits_are_told,
          lengths_are_those_of_the_specification, requests_come_back_with_every_part_and_without,
          the_key_of_a_request_is_that_of_all_that_it_says, requests_that_cannot_be_are_not_written,
          options_have_one_form_and_those_of_newer_programs_are_told,
          a_wallet_asks_for_itself_each_time_under_another_reference,
          a_lock_is_signed_by_the_key_of_the_address_and_nothing_in_it_can_be_changed,
          a_lock_under_somebody_elses_address_is_refused, contacts_come_back_signed_for_one_handle_on_one_network,
          handles_are_a_protocol_and_a_name_that_can_be_seen, what_is_signed_needs_the_key_and_a_network,
          the_code_of_two_accounts_is_the_same_from_both_sides, notices_and_claims_come_back,
          the_expiry_of_an_own_payment_proves_itself_to_anybody)
