/* Who somebody in a chat is: handles, pins, and what contacts and requests that somebody sends are worth. */
#include <stdlib.h>
#include <string.h>
#include "blob.h"
#include "unit.h"
#include "wallet_rig.h"

#define OWN "xmpp:me@example.org"
#define BOB "xmpp:bob@example.org"

static const char *const bobs_words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
static const char *const mallorys_words =
    "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";

/* A wallet of somebody else's on the same network; what it writes is real. */
struct other {
	struct memory_host host;
	struct uncia_wallet *wallet;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
};

static struct other *other_new(const struct rig *rig, const char *words)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct other *other = calloc(1, sizeof(*other));
	ck_assert_ptr_nonnull(other);
	memory_host_init(&other->host);
	ck_assert_int_eq(uncia_wallet_create(&other->host.host, words, &options), 0);
	ck_assert_int_eq(uncia_wallet_open(&other->host.host, rig->net.network, NULL, &other->wallet), 0);
	ck_assert_int_eq(uncia_wallet_address(other->wallet, other->address), 0);
	return other;
}

static void other_free(struct other *other)
{
	uncia_wallet_close(other->wallet);
	memory_host_deinit(&other->host);
	free(other);
}

static struct rig *rig;
static struct other *bob, *mallory;
static char bobs[UNCIA_CHAT_TEXT_SIZE]; /* his contact text, for BOB */

static void setup(void)
{
	rig = rig_new(4);
	bob = other_new(rig, bobs_words);
	mallory = other_new(rig, mallorys_words);
	ck_assert_int_eq(uncia_wallet_contact(bob->wallet, BOB, bobs), 0);
}

static void teardown(void)
{
	other_free(bob);
	other_free(mallory);
	rig_free(rig);
}

static struct uncia_peer peer_of(const char *handle)
{
	return (struct uncia_peer){.size = sizeof(struct uncia_peer), .own = OWN, .handle = handle};
}

static struct uncia_contact_check check(const struct uncia_peer *peer, const char *text)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check result = {.size = sizeof(result)};
	ck_assert_int_eq(uncia_contact_check(rig->wallet, peer, text, &contact, &result), 0);
	ck_assert_uint_ne(contact.address[0], 0);
	return result;
}

static int refusal(const struct uncia_peer *peer, const char *text)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check result = {.size = sizeof(result)};
	return uncia_contact_check(rig->wallet, peer, text, &contact, &result);
}

static int pin(const char *handle, const char *who, unsigned flags)
{
	struct uncia_peer peer = peer_of(handle);
	return uncia_pin_set(rig->wallet, &peer, who, flags);
}

static struct uncia_pin pin_of(const char *handle)
{
	struct uncia_peer peer = peer_of(handle);
	struct uncia_pin found = {.size = sizeof(found)};
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &peer, &found), 0);
	return found;
}

static int find(const struct uncia_peer *peer)
{
	struct uncia_pin found = {.size = sizeof(found)};
	return uncia_pin_find(rig->wallet, peer, &found);
}

static size_t pins(void)
{
	size_t count;
	ck_assert_int_eq(uncia_pin_count(rig->wallet, &count), 0);
	return count;
}

/* ---- handles --------------------------------------------------------------------------------- */

START_TEST(an_xmpp_handle_is_the_bare_address_as_servers_compare_it)
{
	static const struct {
		const char *jid, *handle; /* NULL: refused */
	} cases[] = {
	    {"bob@example.org", "xmpp:bob@example.org"},
	    {"Bob@Example.ORG/phone", "xmpp:bob@example.org"},
	    {"bob@example.org./a@b/c d", "xmpp:bob@example.org"},
	    {"example.org", "xmpp:example.org"},
	    {"J\xc3\x96RG@example.org", "xmpp:j\xc3\xb6rg@example.org"},
	    {"jo\xcc\x88rg@example.org", "xmpp:j\xc3\xb6rg@example.org"}, /* two characters for one */
	    {"\xef\xbc\xa2ob@example.org", "xmpp:bob@example.org"},       /* full width */
	    {"", NULL},
	    {"@example.org", NULL},
	    {"bob@", NULL},
	    {"bob@/x", NULL},
	    {".", NULL},
	    {"bob@example.org..", NULL},
	    {"bob@@example.org", NULL},
	    {"bo b@example.org", NULL},
	    {"bo\xe2\x80\x8b"
	     "b@example.org",
	     NULL}, /* nobody sees it */
	    {"bo\xc2\xad"
	     "b@example.org",
	     NULL},
	    {"bo\xff@example.org", NULL},
	    {"<bob@example.org>", NULL},
	    {"bob&co@example.org", NULL},
	};
	char handle[UNCIA_PEER_SIZE], long_one[UNCIA_PEER_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		strcpy(handle, "as it was");
		int rc = uncia_handle_xmpp(cases[i].jid, handle);
		ck_assert_msg(rc == (cases[i].handle ? 0 : UNCIA_E_ENCODING), "%s: %d", cases[i].jid, rc);
		ck_assert_str_eq(handle, cases[i].handle ? cases[i].handle : "as it was");
	}
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	ck_assert_int_eq(uncia_handle_xmpp(long_one, handle), UNCIA_E_LIMIT);
	long_one[sizeof(long_one) - 1 - 5] = '\0';
	ck_assert_int_eq(uncia_handle_xmpp(long_one, handle), 0);
	ck_assert_uint_eq(strlen(handle), UNCIA_PEER_SIZE - 1);
}
END_TEST

START_TEST(an_irc_handle_is_folded_as_its_server_does)
{
	static const struct {
		const char *network, *mapping, *nick, *handle; /* NULL: refused */
	} cases[] = {
	    {"Libera", NULL, "Bob[]\\^", "irc:libera/bob{}|~"},
	    {"libera", "rfc1459", "BOB{}|~", "irc:libera/bob{}|~"},
	    {"libera", "strict-rfc1459", "Bob[]\\^", "irc:libera/bob{}|^"},
	    {"libera", "rfc1459-strict", "Bob[]\\~", "irc:libera/bob{}|~"},
	    {"libera", "ascii", "Bob[]\\^", "irc:libera/bob[]\\^"},
	    {"ErgoTest", "rfc7613", "J\xc3\x96RG", "irc:ergotest/j\xc3\xb6rg"},
	    {"My.Net-1", "ascii", "_a-`", "irc:my.net-1/_a-`"},
	    {"", NULL, "bob", NULL},
	    {"a/b", NULL, "bob", NULL}, /* another network's nick */
	    {"a b", NULL, "bob", NULL},
	    {"libera", NULL, "", NULL},
	    {"libera", NULL, "#channel", NULL},
	    {"libera", NULL, "&local", NULL},
	    {"libera", NULL, "bob!user@host", NULL},
	    {"libera", NULL, "bob@home", NULL},
	    {"libera", NULL, "b*", NULL},
	    {"libera", NULL,
	     "bo\xe2\x80\x8b"
	     "b",
	     NULL},
	    {"libera", "rfc7613", "bo\xff", NULL},
	    {"libera", "rfc7613", "bob\xef\xbc\xa0home", NULL}, /* a full width @ */
	    {"libera", "rfc7613",
	     "\xef\xbc\x83"
	     "bob",
	     NULL},
	    {"libera", "ascii", "bo\xff", NULL},
	};
	char handle[UNCIA_PEER_SIZE], long_one[UNCIA_PEER_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = uncia_handle_irc(cases[i].network, cases[i].mapping, cases[i].nick, handle);
		ck_assert_msg(rc == (cases[i].handle ? 0 : UNCIA_E_ENCODING), "%zu: %d", i, rc);
		if (cases[i].handle)
			ck_assert_str_eq(handle, cases[i].handle);
	}
	ck_assert_int_eq(uncia_handle_irc("libera", "klingon", "bob", handle), UNCIA_E_NOT_FOUND);
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	ck_assert_int_eq(uncia_handle_irc("libera", NULL, long_one, handle), UNCIA_E_LIMIT);
	ck_assert_int_eq(uncia_handle_irc(long_one, NULL, "bob", handle), UNCIA_E_LIMIT);
}
END_TEST

/* ---- contacts -------------------------------------------------------------------------------- */

START_TEST(a_text_for_its_very_sender_is_pinned_in_silence)
{
	struct uncia_peer peer = peer_of(BOB);
	ck_assert_int_eq(check(&peer, bobs).verdict, UNCIA_CONTACT_NEW);
	ck_assert_uint_eq(pins(), 0); /* looking changes nothing */
	ck_assert_int_eq(find(&peer), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, 0), 0);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
	ck_assert(!pin_of(BOB).compared && !pin_of(BOB).weak);
	struct uncia_contact_check again = check(&peer, bobs);
	ck_assert_int_eq(again.verdict, UNCIA_CONTACT_PINNED);
	ck_assert_str_eq(again.pinned, bob->address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, 0), 0);
	ck_assert_uint_eq(pins(), 1);
	/* It outlives the process. */
	rig_reopen(rig);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
}
END_TEST

/* Mallory posts Bob's text: then Bob's notices would be hers, and her requests his. */
START_TEST(anothers_text_is_not_pinned_in_silence)
{
	struct uncia_peer peer = peer_of("xmpp:mallory@example.org");
	ck_assert_int_eq(check(&peer, bobs).verdict, UNCIA_CONTACT_UNSIGNED);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, 0), UNCIA_E_SIGNATURE);
	ck_assert_uint_eq(pins(), 0);
	/* Once Bob is known, both names are shown. */
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	struct uncia_contact_check told = check(&peer, bobs);
	ck_assert_int_eq(told.verdict, UNCIA_CONTACT_ELSEWHERE);
	ck_assert_str_eq(told.other, BOB);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, 0), UNCIA_E_EXISTS);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, UNCIA_PIN_COMPARED), UNCIA_E_EXISTS);
	ck_assert_uint_eq(pins(), 1);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, UNCIA_PIN_DECIDED), 0);
	ck_assert_uint_eq(pins(), 2);
}
END_TEST

START_TEST(a_text_without_a_handle_is_a_question)
{
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct uncia_peer peer = peer_of(BOB);
	ck_assert_int_eq(uncia_wallet_contact(bob->wallet, NULL, text), 0);
	ck_assert_int_eq(check(&peer, text).verdict, UNCIA_CONTACT_UNSIGNED);
	ck_assert_int_eq(pin(BOB, text, 0), UNCIA_E_SIGNATURE);
	ck_assert_int_eq(pin(BOB, bob->address, 0), UNCIA_E_SIGNATURE); /* nor is an address a proof */
	ck_assert_uint_eq(pins(), 0);
	ck_assert_int_eq(pin(BOB, bob->address, UNCIA_PIN_DECIDED | UNCIA_PIN_COMPARED), 0);
	ck_assert(pin_of(BOB).compared);
	/* A text that comes later does not take that back. */
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	ck_assert(pin_of(BOB).compared);
}
END_TEST

START_TEST(a_pin_gives_way_by_the_users_decision_alone)
{
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct uncia_peer peer = peer_of(BOB);
	ck_assert_int_eq(pin(BOB, bobs, UNCIA_PIN_DECIDED | UNCIA_PIN_COMPARED), 0);
	ck_assert_int_eq(uncia_wallet_contact(mallory->wallet, BOB, text), 0); /* well signed, for this handle */
	struct uncia_contact_check told = check(&peer, text);
	ck_assert_int_eq(told.verdict, UNCIA_CONTACT_CHANGED);
	ck_assert_str_eq(told.pinned, bob->address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, text, 0), UNCIA_E_EXISTS);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, text, UNCIA_PIN_DECIDED), 0);
	ck_assert_str_eq(pin_of(BOB).address, mallory->address);
	ck_assert(!pin_of(BOB).compared); /* it was another account that was compared */
	ck_assert_int_eq(uncia_pin_drop(rig->wallet, &peer), 0);
	ck_assert_int_eq(uncia_pin_drop(rig->wallet, &peer), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(find(&peer), UNCIA_E_NOT_FOUND);
}
END_TEST

/* The user has two chat accounts: what he knows by the one counts for the other, but is no pin there. */
START_TEST(another_account_of_the_users_sees_the_change)
{
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct uncia_peer here = peer_of(BOB), there = here;
	there.own = "xmpp:me@work.example";
	ck_assert_int_eq(uncia_wallet_contact(mallory->wallet, BOB, text), 0);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &here, bobs, 0), 0);
	ck_assert_int_eq(find(&there), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(check(&there, bobs).verdict, UNCIA_CONTACT_NEW);
	ck_assert_int_eq(check(&there, text).verdict, UNCIA_CONTACT_CHANGED);
	ck_assert_str_eq(check(&there, text).pinned, bob->address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &there, text, 0), UNCIA_E_EXISTS);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &there, bobs, 0), 0);
	ck_assert_uint_eq(pins(), 2);
}
END_TEST

START_TEST(names_that_look_like_a_pinned_one_are_a_question)
{
	static const char *const alike[] = {"xmpp:Bob@example.org",
	                                    ("xmpp:b\xd0\xbe"
	                                     "b@example.org"),
	                                    "xmpp:b0b@example.org", "xmpp:\xef\xbd\x82ob@example.org"};
	char text[UNCIA_CHAT_TEXT_SIZE];
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	for (size_t i = 0; i < sizeof(alike) / sizeof(*alike); i++) {
		struct uncia_peer peer = peer_of(alike[i]);
		ck_assert_int_eq(uncia_wallet_contact(mallory->wallet, alike[i], text), 0);
		struct uncia_contact_check told = check(&peer, text);
		ck_assert_msg(told.verdict == UNCIA_CONTACT_ALIKE, "%zu: %d", i, (int)told.verdict);
		ck_assert_str_eq(told.alike, BOB);
		ck_assert_str_eq(told.alike_address, bob->address);
		ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, text, 0), UNCIA_E_ALIKE);
	}
	ck_assert_uint_eq(pins(), 1);
	/* One that people can tell apart is none. */
	struct uncia_peer robert = peer_of("xmpp:robert@example.org");
	ck_assert_int_eq(uncia_wallet_contact(mallory->wallet, robert.handle, text), 0);
	ck_assert_int_eq(check(&robert, text).verdict, UNCIA_CONTACT_NEW);
}
END_TEST

START_TEST(what_nobody_sees_is_refused_whoever_decides)
{
	static const char *const unseen[] = {"xmpp:bo\xe2\x80\x8b"
	                                     "b@example.org",
	                                     "xmpp:bob@example.org\xe2\x80\xae",
	                                     "xmpp:bo\xc2\xad"
	                                     "b@example.org",
	                                     "xmpp:bo b@example.org",
	                                     "xmpp:bo\xe3\x85\xa4"
	                                     "b@example.org",
	                                     "xmpp:bo\xe2\xa0\x80"
	                                     "b@example.org",
	                                     "bob",
	                                     "xmpp:",
	                                     "xmpp:bo\xff"};
	for (size_t i = 0; i < sizeof(unseen) / sizeof(*unseen); i++) {
		struct uncia_peer peer = peer_of(unseen[i]);
		ck_assert_msg(check(&peer, bobs).verdict == UNCIA_CONTACT_UNSEEN, "%zu", i);
		ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, UNCIA_PIN_DECIDED), UNCIA_E_ENCODING);
	}
	ck_assert_uint_eq(pins(), 0);
}
END_TEST

START_TEST(the_own_account_repeated_is_refused)
{
	char text[UNCIA_CHAT_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_peer peer = peer_of(BOB);
	ck_assert_int_eq(uncia_wallet_contact(rig->wallet, BOB, text), 0);
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
	ck_assert_int_eq(check(&peer, text).verdict, UNCIA_CONTACT_OWN);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, text, UNCIA_PIN_DECIDED), UNCIA_E_ADDRESS);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, own, UNCIA_PIN_DECIDED), UNCIA_E_ADDRESS);
	ck_assert_uint_eq(pins(), 0);
}
END_TEST

START_TEST(nobody_in_a_room_is_pinned_or_known)
{
	struct uncia_peer peer = peer_of(BOB);
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	peer.room = true;
	ck_assert_int_eq(find(&peer), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(check(&peer, bobs).verdict, UNCIA_CONTACT_ROOM);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, bobs, UNCIA_PIN_DECIDED), UNCIA_E_ARGUMENT);
	ck_assert_uint_eq(pins(), 1);
}
END_TEST

START_TEST(texts_that_are_changed_cut_or_of_elsewhere_are_refused)
{
	struct uncia_peer peer = peer_of(BOB);
	char text[UNCIA_CHAT_TEXT_SIZE];
	for (size_t i = 1; i < strlen(bobs); i += 7) {
		strcpy(text, bobs);
		text[i] = text[i] == 'q' ? 'p' : 'q';
		ck_assert_int_ne(refusal(&peer, text), 0);
		ck_assert_int_ne(uncia_pin_set(rig->wallet, &peer, text, UNCIA_PIN_DECIDED), 0);
		strcpy(text, bobs);
		text[i] = '\0';
		ck_assert_int_ne(refusal(&peer, text), 0);
		ck_assert_int_ne(uncia_pin_set(rig->wallet, &peer, text, UNCIA_PIN_DECIDED), 0);
	}
	strcpy(text, bobs);
	text[strlen(text) - 9] ^= 1;
	ck_assert_int_eq(refusal(&peer, text), UNCIA_E_CHANGED);
	struct memory_host host;
	struct fake_network net;
	struct uncia_wallet *foreign;
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	memory_host_init(&host);
	fake_network_init(&net, &host, 7);
	ck_assert_int_eq(uncia_wallet_create(&host.host, bobs_words, &options), 0);
	ck_assert_int_eq(uncia_wallet_open(&host.host, net.network, NULL, &foreign), 0);
	ck_assert_int_eq(uncia_wallet_contact(foreign, BOB, text), 0);
	ck_assert_int_eq(refusal(&peer, text), UNCIA_E_NETWORK);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, text, UNCIA_PIN_DECIDED), UNCIA_E_NETWORK);
	uncia_wallet_close(foreign);
	fake_network_deinit(&net);
	memory_host_deinit(&host);
	ck_assert_uint_eq(pins(), 0);
}
END_TEST

/* ---- logins ---------------------------------------------------------------------------------- */

START_TEST(a_nick_without_a_login_is_weak_and_one_with_another_login_is_somebody_else)
{
	struct uncia_peer with = {
	    .size = sizeof(with), .own = "irc:libera/me", .handle = "irc:libera/bob", .login = "bob"};
	struct uncia_peer without = with, another = with;
	char text[UNCIA_CHAT_TEXT_SIZE];
	struct uncia_pin found = {.size = sizeof(found)};
	without.login = NULL;
	another.login = "mallory";
	ck_assert_int_eq(uncia_wallet_contact(bob->wallet, "irc:libera/bob", text), 0);
	ck_assert(check(&without, text).weak && !check(&with, text).weak);
	/* Pinned without: weak, and of whoever has the nick. */
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &without, text, 0), 0);
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &another, &found), 0);
	ck_assert(found.weak && found.login[0] == '\0');
	/* Who comes with a login does not bind it to the pin by himself: the nick may have come to him. */
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &another, text, 0), 0);
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &with, &found), 0);
	ck_assert(found.weak && found.login[0] == '\0');
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &with, text, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &with, &found), 0);
	ck_assert(!found.weak);
	ck_assert_str_eq(found.login, "bob");
	ck_assert_int_eq(find(&without), UNCIA_E_ALIKE);
	/* What is pinned is told, to be asked about. */
	found = (struct uncia_pin){.size = sizeof(found)};
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &another, &found), UNCIA_E_ALIKE);
	ck_assert_str_eq(found.login, "bob");
	ck_assert_str_eq(found.handle, "irc:libera/bob");
	ck_assert_int_ne(found.address[0], '\0');
	ck_assert_int_eq(check(&another, text).verdict, UNCIA_CONTACT_LOGIN);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &another, text, 0), UNCIA_E_EXISTS);
	ck_assert_int_eq(check(&with, text).verdict, UNCIA_CONTACT_PINNED);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &without, text, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(find(&another), 0);
}
END_TEST

/* ---- the list, and storage ------------------------------------------------------------------- */

START_TEST(pins_are_listed_by_handle)
{
	static const char *const handles[] = {"xmpp:zoe@example.org", "xmpp:anna@example.org", BOB};
	static const char *const sorted[] = {"xmpp:anna@example.org", BOB, "xmpp:zoe@example.org"};
	struct uncia_pin found = {.size = sizeof(found)};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	for (uint32_t i = 0; i < 3; i++) {
		rig_address(i, address);
		ck_assert_int_eq(pin(handles[i], address, UNCIA_PIN_DECIDED), 0);
	}
	ck_assert_uint_eq(pins(), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(uncia_pin_at(rig->wallet, i, &found), 0);
		ck_assert_str_eq(found.handle, sorted[i]);
		ck_assert_str_eq(found.own, OWN);
	}
	ck_assert_int_eq(uncia_pin_at(rig->wallet, 3, &found), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(a_damaged_pin_is_no_stranger_and_is_replaced_by_decision)
{
	struct uncia_peer peer = peer_of(BOB);
	struct uncia_event event;
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "pin-", 4) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(find(&peer), UNCIA_E_DAMAGED);
	ck_assert_int_eq(refusal(&peer, bobs), UNCIA_E_DAMAGED);
	ck_assert_int_eq(pin(BOB, bobs, 0), UNCIA_E_DAMAGED);
	rig_no_events(rig);
	ck_assert_uint_eq(pins(), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_ERROR, &event));
	ck_assert_int_eq(event.error, UNCIA_E_DAMAGED);
	ck_assert_int_eq(pin(BOB, bobs, UNCIA_PIN_DECIDED), 0);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
}
END_TEST

/* Somebody who can write the home gives Bob's pin another name. */
START_TEST(a_pin_under_another_name_is_none)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_peer peer = peer_of(BOB), mallory_peer = peer_of("xmpp:mallory@example.org");
	struct memory_blob *found[2];
	size_t count = 0;
	rig_address(1, address);
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	ck_assert_int_eq(pin(mallory_peer.handle, address, UNCIA_PIN_DECIDED), 0);
	for (size_t i = 0; i < rig->host.count && count < 2; i++)
		if (strncmp(rig->host.blobs[i].name, "pin-", 4) == 0)
			found[count++] = &rig->host.blobs[i];
	ck_assert_uint_eq(count, 2);
	uint8_t *data;
	size_t size;
	char first[UNCIA_BLOB_NAME_SIZE];
	strcpy(first, found[0]->name);
	/* In a right envelope. */
	ck_assert_int_eq(blob_load(&rig->host.host, found[1]->name, &data, &size), 0);
	ck_assert_int_eq(blob_replace(&rig->host.host, first, data, size), 0);
	blob_free(data, size);
	ck_assert_int_eq(find(&peer) + find(&mallory_peer),
	                 UNCIA_E_DAMAGED); /* of the two, the one that was replaced */
}
END_TEST

START_TEST(the_arguments_are_looked_at)
{
	const struct uncia_peer good = peer_of(BOB);
	struct uncia_peer bad[7];
	struct uncia_pin found = {.size = sizeof(found)};
	char long_login[UNCIA_PEER_SIZE + 1];
	memset(long_login, 'x', sizeof(long_login) - 1);
	long_login[sizeof(long_login) - 1] = '\0';
	for (size_t i = 0; i < 7; i++)
		bad[i] = good;
	bad[0].size--;
	bad[1].own = NULL;
	bad[2].handle = NULL;
	bad[3].own = "irc:libera/me"; /* another protocol */
	bad[4].own = "me";
	bad[5].login = "";
	bad[6].login = long_login;
	for (size_t i = 0; i < 7; i++) {
		ck_assert_msg(refusal(&bad[i], bobs) == UNCIA_E_ARGUMENT, "%zu", i);
		ck_assert_int_eq(uncia_pin_set(rig->wallet, &bad[i], bobs, UNCIA_PIN_DECIDED), UNCIA_E_ARGUMENT);
		ck_assert_int_eq(find(&bad[i]), UNCIA_E_ARGUMENT);
		ck_assert_int_eq(uncia_pin_drop(rig->wallet, &bad[i]), UNCIA_E_ARGUMENT);
	}
	struct uncia_peer book = good;
	book.account = bob->address;
	ck_assert_int_eq(refusal(&book, bobs), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &book, bobs, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &good, bobs, 4), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &good, "unc1x", UNCIA_PIN_DECIDED), UNCIA_E_ADDRESS);
	found.size--;
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &good, &found), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_pin_at(rig->wallet, 0, &found), UNCIA_E_ARGUMENT);
	ck_assert_uint_eq(pins(), 0);
}
END_TEST

/* Storage that fails, with its effect or without: what is there is the old pin or the new one. */
START_TEST(a_pin_is_whole_or_as_it_was)
{
	for (int after = 0; after < 2; after++)
		for (unsigned n = 1; n < 6; n++) {
			struct uncia_peer peer = peer_of(BOB);
			if (find(&peer) == 0)
				ck_assert_int_eq(uncia_pin_drop(rig->wallet, &peer), 0);
			ck_assert_int_eq(pin(BOB, bobs, 0), 0);
			rig->host.calls = 0;
			rig->host.fail_at = n;
			rig->host.fail_count = 1;
			rig->host.failure = after ? FAIL_AFTER : FAIL_BEFORE;
			int rc = pin(BOB, mallory->address, UNCIA_PIN_DECIDED);
			rig->host.fail_at = 0;
			memory_host_power_cut(&rig->host);
			rig_reopen(rig);
			ck_assert_str_eq(pin_of(BOB).address, rc ? bob->address : mallory->address);
		}
}
END_TEST

START_TEST(a_pin_that_is_durable_later_is_seen_at_once)
{
	struct uncia_peer peer = peer_of(BOB);
	rig->host.later = true;
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
	ck_assert_int_eq(check(&peer, bobs).verdict, UNCIA_CONTACT_PINNED);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(find(&peer), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_str_eq(pin_of(BOB).address, bob->address);
}
END_TEST

/* ---- requests -------------------------------------------------------------------------------- */

static char request_text[UNCIA_CHAT_TEXT_SIZE];

static void ask(struct uncia_wallet *wallet, uint32_t ends_at)
{
	struct uncia_request request = {
	    .size = sizeof(request), .has_amount = true, .amount = 500000, .ends_at = ends_at, .memo = "lunch"};
	ck_assert_int_eq(uncia_wallet_request(wallet, &request, request_text), 0);
}

static struct uncia_request_check judge(const struct uncia_peer *peer, struct uncia_request *request)
{
	struct uncia_request_check result = {.size = sizeof(result)};
	*request = (struct uncia_request){.size = sizeof(*request)};
	ck_assert_int_eq(uncia_request_check(rig->wallet, peer, request_text, request, &result), 0);
	ck_assert(request->has_amount && request->amount == 500000);
	return result;
}

START_TEST(a_request_says_first_whom_it_pays)
{
	struct uncia_peer peer = peer_of(BOB), room = peer, book = peer;
	struct uncia_request request;
	ask(bob->wallet, 0);
	ck_assert_int_eq(judge(&peer, &request).verdict, UNCIA_REQUEST_UNPINNED);
	ck_assert_int_eq(pin(BOB, bobs, 0), 0);
	struct uncia_request_check told = judge(&peer, &request);
	ck_assert_int_eq(told.verdict, UNCIA_REQUEST_PINNED);
	ck_assert_str_eq(told.payee, BOB);
	room.room = true;
	told = judge(&room, &request);
	ck_assert_int_eq(told.verdict, UNCIA_REQUEST_UNPINNED);
	ck_assert_str_eq(told.payee, BOB); /* whose account it is is known all the same */
	/* Bob's name over Mallory's account. */
	ask(mallory->wallet, 0);
	told = judge(&peer, &request);
	ck_assert_int_eq(told.verdict, UNCIA_REQUEST_OTHER);
	ck_assert_str_eq(told.pinned, bob->address);
	ck_assert_str_eq(told.payee, "");
	book.account = mallory->address;
	ck_assert_int_eq(judge(&book, &request).verdict, UNCIA_REQUEST_PINNED);
	/* Somebody sends back what this wallet has written. */
	ask(rig->wallet, 0);
	ck_assert_int_eq(judge(&peer, &request).verdict, UNCIA_REQUEST_OWN);
}
END_TEST

START_TEST(a_request_taken_twice_is_paid_once)
{
	struct uncia_peer peer = peer_of(BOB);
	struct uncia_request request;
	struct uncia_payment_id first, second;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ask(bob->wallet, 0);
	ck_assert(!judge(&peer, &request).taken);
	struct uncia_output output = {.address = request.address, .amount = request.amount};
	const struct uncia_payment_request payment = {
	    .size = sizeof(payment), .outputs = &output, .output_count = 1, .key = request.key};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &payment, &first), 0);
	struct uncia_request_check told = judge(&peer, &request);
	ck_assert(told.taken);
	ck_assert_mem_eq(told.id.b, first.b, sizeof(first.b));
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &payment, &second), 0);
	ck_assert_mem_eq(second.b, first.b, sizeof(first.b));
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	/* Another one, for the same sum, is another payment. */
	ask(bob->wallet, 0);
	ck_assert(!judge(&peer, &request).taken);
}
END_TEST

START_TEST(a_request_that_has_ended_says_so)
{
	struct uncia_peer peer = peer_of(BOB);
	struct uncia_request request;
	ck_assert_int_eq(rig_sync(rig), 0); /* the ledger's time is known now */
	ask(bob->wallet, FIXTURE_TIME_S);
	ck_assert(judge(&peer, &request).ended);
	ask(bob->wallet, FIXTURE_TIME_S + 100000);
	ck_assert(!judge(&peer, &request).ended);
	ask(bob->wallet, 0);
	ck_assert(!judge(&peer, &request).ended);
}
END_TEST

UNIT_MAIN_BETWEEN("people", setup, teardown, an_xmpp_handle_is_the_bare_address_as_servers_compare_it,
                  an_irc_handle_is_folded_as_its_server_does, a_text_for_its_very_sender_is_pinned_in_silence,
                  anothers_text_is_not_pinned_in_silence, a_text_without_a_handle_is_a_question,
                  a_pin_gives_way_by_the_users_decision_alone, another_account_of_the_users_sees_the_change,
                  names_that_look_like_a_pinned_one_are_a_question, what_nobody_sees_is_refused_whoever_decides,
                  the_own_account_repeated_is_refused, nobody_in_a_room_is_pinned_or_known,
                  texts_that_are_changed_cut_or_of_elsewhere_are_refused,
                  a_nick_without_a_login_is_weak_and_one_with_another_login_is_somebody_else, pins_are_listed_by_handle,
                  a_damaged_pin_is_no_stranger_and_is_replaced_by_decision, a_pin_under_another_name_is_none,
                  the_arguments_are_looked_at, a_pin_is_whole_or_as_it_was, a_pin_that_is_durable_later_is_seen_at_once,
                  a_request_says_first_whom_it_pays, a_request_taken_twice_is_paid_once,
                  a_request_that_has_ended_says_so)
