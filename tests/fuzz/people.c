/* People in chats: names as chat libraries have them, and what a home with two pins makes of whoever introduces
 * himself. A handle that was made is made of itself again; what is not asked for is not pinned but for what is signed
 * for it. */
#include "fuzz.h"
#include "handles.h"
#include "host.h"
#include "names.h"

#define OWN "xmpp:me@example.org"
#define BOB "xmpp:bob@example.org"
#define EVE "irc:libera/eve"

static const struct uncia_network *people_network(void)
{
	static struct uncia_network *network;
	if (!network) {
		char *text = fixture_network_file(fuzz_network(), NULL);
		assert(uncia_network_parse(text, &network, NULL) == 0);
		free(text);
	}
	return network;
}

static void jid(const char *text)
{
	char handle[UNCIA_PEER_SIZE], again[UNCIA_PEER_SIZE];
	int rc = uncia_handle_xmpp(text, handle);
	assert(rc == 0 || rc == UNCIA_E_ENCODING || rc == UNCIA_E_LIMIT);
	if (rc)
		return;
	assert(handle_may_be_pinned(handle) && strncmp(handle, "xmpp:", 5) == 0 && !strchr(handle, '/'));
	assert(uncia_handle_xmpp(handle + 5, again) == 0 && strcmp(handle, again) == 0);
}

static void nick(const char *text)
{
	static const char *const mappings[] = {NULL, "ascii", "rfc1459", "strict-rfc1459", "rfc7613"};
	char handle[UNCIA_PEER_SIZE], again[UNCIA_PEER_SIZE], network[UNCIA_PEER_SIZE];
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : 0;
	if (size >= sizeof(network))
		return;
	memcpy(network, text, size);
	network[size] = '\0';
	for (size_t i = 0; i < sizeof(mappings) / sizeof(*mappings); i++) {
		int rc = uncia_handle_irc(slash ? network : "libera", mappings[i], slash ? slash + 1 : text, handle);
		assert(rc == 0 || rc == UNCIA_E_ENCODING || rc == UNCIA_E_LIMIT);
		if (rc)
			continue;
		assert(handle_may_be_pinned(handle) && handle_is_of_irc(handle));
		char *name = strchr(handle, '/');
		*name = '\0';
		rc = uncia_handle_irc(handle + 4, mappings[i], name + 1, again);
		*name = '/';
		assert(rc == 0 && strcmp(handle, again) == 0);
	}
}

/* A home, and the contact texts of another account. */
static struct people {
	struct fuzz_host host;
	struct uncia_wallet *wallet;
	char bob[UNCIA_CHAT_TEXT_SIZE], nobody[UNCIA_CHAT_TEXT_SIZE];
} people;

static void write_texts(const struct uncia_key_options *options)
{
	struct fuzz_host host;
	struct uncia_wallet *bob;
	fuzz_host_init(&host);
	assert(uncia_wallet_create(&host.host,
	                           "legal winner thank year wave sausage worth useful legal winner thank yellow",
	                           options) == 0);
	assert(uncia_wallet_open(&host.host, people_network(), NULL, &bob) == 0);
	assert(uncia_wallet_contact(bob, BOB, people.bob) == 0 && uncia_wallet_contact(bob, NULL, people.nobody) == 0);
	uncia_wallet_close(bob);
	fuzz_host_deinit(&host);
}

static void begin(void)
{
	static const struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	const struct uncia_peer eve = {.size = sizeof(eve), .own = "irc:libera/me", .handle = EVE, .login = "eve"};
	struct fixture_key key;
	struct destination to = {.has_reference = false};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	if (!people.bob[0])
		write_texts(&options);
	fuzz_host_init(&people.host);
	assert(uncia_wallet_create(
	           &people.host.host,
	           "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
	           "about",
	           &options) == 0);
	assert(uncia_wallet_open(&people.host.host, people_network(), NULL, &people.wallet) == 0);
	fixture_account(1, &key);
	to.address = key.address;
	destination_format(&to, address);
	assert(uncia_pin_set(people.wallet, &eve, address, UNCIA_PIN_DECIDED) == 0);
}

/* Somebody of this name, logged in or not, sends Bob's text, or one that is signed for nobody. */
static void introduce(const char *handle, const char *login, bool signed_for_bob)
{
	const struct uncia_peer peer = {.size = sizeof(peer),
	                                .own = strncmp(handle, "irc:", 4) == 0 ? "irc:libera/me" : OWN,
	                                .handle = handle,
	                                .login = login};
	const char *text = signed_for_bob ? people.bob : people.nobody;
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check check = {.size = sizeof(check)};
	struct uncia_pin pin = {.size = sizeof(pin)};
	int rc = uncia_contact_check(people.wallet, &peer, text, &contact, &check);
	assert(rc == 0 || rc == UNCIA_E_ARGUMENT);
	int silently = uncia_pin_set(people.wallet, &peer, text, 0);
	bool is_new = rc == 0 && check.verdict == UNCIA_CONTACT_NEW;
	assert((silently == 0) == is_new);
	assert(!is_new || (signed_for_bob && strcmp(handle, BOB) == 0));
	assert((check.verdict == UNCIA_CONTACT_UNSEEN) == (rc == 0 && !handle_may_be_pinned(handle)));
	if (rc || check.verdict == UNCIA_CONTACT_UNSEEN)
		return;
	assert(uncia_pin_set(people.wallet, &peer, text, UNCIA_PIN_DECIDED) == 0);
	assert(uncia_pin_find(people.wallet, &peer, &pin) == 0);
	assert(strcmp(pin.handle, handle) == 0 && strcmp(pin.address, contact.address) == 0);
	assert(strcmp(pin.login, login ? login : "") == 0 || strcmp(handle, BOB) == 0);
	assert(uncia_contact_check(people.wallet, &peer, text, &contact, &check) == 0);
	assert(check.verdict == UNCIA_CONTACT_PINNED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t kind = fuzz_byte(&input);
	char *text = fuzz_text(input.data, input.size), *login = strchr(text, '\n');

	jid(text);
	nick(text);
	if (login)
		*login++ = '\0';
	begin();
	introduce(text, kind & 1 ? login : NULL, kind & 2);
	uncia_wallet_close(people.wallet);
	fuzz_host_deinit(&people.host);
	free(text);
	return 0;
}
