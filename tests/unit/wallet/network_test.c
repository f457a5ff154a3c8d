/* The network file: what unciad writes is read, every mistake is named. */
#include "fake_network.h"
#include "unit.h"

static struct memory_host host;
static struct fake_network net;

/* The file with the first `from` replaced. */
static char *changed(const char *from, const char *to)
{
	char *text = fake_network_text(&net), *at = strstr(text, from);
	ck_assert_msg(at != NULL, "%s", from);
	char *result = malloc(strlen(text) + strlen(to) + 1);
	ck_assert_ptr_nonnull(result);
	memcpy(result, text, (size_t)(at - text));
	stpcpy(stpcpy(result + (at - text), to), at + strlen(from));
	free(text);
	return result;
}

static void refuse_as(int error, const char *from, const char *to, const char *part)
{
	char why[UNCIA_WHY_SIZE] = "", *text = changed(from, to);
	struct uncia_network *network = NULL;
	int result = uncia_network_parse(text, &network, why);
	ck_assert_msg(result == error, "%s -> %s: %d", from, to, result);
	ck_assert_ptr_null(network);
	ck_assert_msg(strstr(why, part) != NULL, "\"%s\" is not in \"%s\"", part, why);
	free(text);
}

static void refuse(const char *from, const char *to, const char *part)
{
	refuse_as(UNCIA_E_CONFIG, from, to, part);
}

START_TEST(network_file_is_read)
{
	const char *name;
	uint16_t port;
	uint8_t id[32];
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	ck_assert_str_eq(uncia_network_name(net.network), "fixture");
	ck_assert_str_eq(uncia_network_currency(net.network), "UNC");
	ck_assert_uint_eq(uncia_network_smallest_amount(net.network), FIXTURE_SMALLEST_AMOUNT);
	ck_assert_uint_eq(uncia_network_validators(net.network), 4);
	ck_assert_int_eq(uncia_network_validator(net.network, 3, &name, &port), 0);
	ck_assert_str_eq(name, "127.0.0.1");
	ck_assert_uint_eq(port, 7004);
	ck_assert_int_eq(uncia_network_validator(net.network, 4, &name, &port), UNCIA_E_ARGUMENT);
	uncia_network_id(net.network, id);
	ck_assert_mem_eq(id, net.f.genesis.network_id.b, 32);
	fake_network_deinit(&net);
}
END_TEST

START_TEST(addresses_of_every_kind_are_read)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} good[] = {
	    {"[::1]:7001", "::1", 7001}, {"localhost:1", "localhost", 1}, {"a.example:65535", "a.example", 65535}};
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct uncia_network *network;
		const char *name;
		uint16_t port;
		char *text = changed("127.0.0.1:7001", good[i].text);
		ck_assert_int_eq(uncia_network_parse(text, &network, NULL), 0);
		ck_assert_int_eq(uncia_network_validator(network, 0, &name, &port), 0);
		ck_assert_str_eq(name, good[i].host);
		ck_assert_uint_eq(port, good[i].port);
		uncia_network_free(network);
		free(text);
	}
	fake_network_deinit(&net);
}
END_TEST

/* As an editor on another system leaves it. */
START_TEST(indents_comments_line_ends_and_a_byte_order_mark_change_nothing)
{
	struct uncia_network *network;
	uint8_t id[32];
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	char *text = fake_network_text(&net), *edited = malloc(3 + strlen(text) * 8), *to = edited;
	ck_assert_ptr_nonnull(edited);
	to = stpcpy(to, "\xef\xbb\xbf");
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t size = strcspn(line, "\n");
		to += sprintf(to, "\r\n\t;%.4s\r\n  %.*s \t\r\n", line, (int)size, line);
	}
	ck_assert_int_eq(uncia_network_parse(edited, &network, NULL), 0);
	uncia_network_id(network, id);
	ck_assert_mem_eq(id, net.f.genesis.network_id.b, 32);
	ck_assert_uint_eq(uncia_network_validators(network), 4);
	uncia_network_free(network);
	free(edited);
	free(text);
	fake_network_deinit(&net);
}
END_TEST

START_TEST(a_file_without_validators_verifies_and_opens_no_wallet)
{
	const struct uncia_key_options key = {.size = sizeof(key), .no_passphrase = true};
	struct uncia_network *network = NULL;
	struct uncia_wallet *wallet = NULL;
	const char *name;
	uint16_t port;
	uint8_t id[32];
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	char *text = fake_network_text(&net);
	*strstr(text, "[validator.0]") = '\0';
	ck_assert_int_eq(uncia_network_parse(text, &network, NULL), 0);
	uncia_network_id(network, id);
	ck_assert_mem_eq(id, net.f.genesis.network_id.b, 32);
	ck_assert_uint_eq(uncia_network_validators(network), 0);
	ck_assert_int_eq(uncia_network_validator(network, 0, &name, &port), UNCIA_E_ARGUMENT);
	ck_assert_ptr_null(uncia_network_websocket(network, 0));
	ck_assert_int_eq(uncia_wallet_create(&host.host, FAKE_WORDS, &key), 0);
	ck_assert_int_eq(uncia_wallet_open(&host.host, network, NULL, &wallet), UNCIA_E_CONFIG);
	ck_assert_ptr_null(wallet);
	ck_assert_int_eq(uncia_wallet_open(&host.host, NULL, NULL, &wallet), 0);
	ck_assert_int_eq(uncia_wallet_network_id(wallet, id), UNCIA_E_NETWORK); /* it was bound to none */
	uncia_wallet_close(wallet);
	uncia_network_free(network);
	free(text);
	fake_network_deinit(&net);
	memory_host_deinit(&host);
}
END_TEST

START_TEST(every_mistake_is_named_with_its_line)
{
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	refuse("name = fixture", "name = other", "name");
	refuse("name = fixture", "nme = fixture", "line 3: unknown key \"nme\"");
	refuse("name = fixture", "name = fixture\nname = fixture", "line 4");
	refuse("name = fixture", "name fixture", "line 3: neither a [section] nor key = value");
	refuse("[network]", "[netwrk]", "line 2: unknown section \"netwrk\"");
	refuse("[network]", "[other]\n[network]", "line 2: unknown section \"other\"");
	refuse("[network]", "x = y\n[network]", "line 2: \"x\" stands before any [section]");
	refuse("[network]", "[network] too", "line 2: something stands behind the [section]");
	refuse("name = fixture", "name = fixture ; a comment", "not the one of the genesis");
	refuse("name = fixture", "name:fixture", "line 3: neither a [section] nor key = value");
	refuse("genesis = ", "genesis = \ngenesis = ", "line 4: there is no value behind '='");
	refuse("genesis = ", "genesis = !", "genesis");
	refuse_as(UNCIA_E_VERSION, "genesis = CAMS", "genesis = CAQS",
	          "a network by version 4 of the rules, and this program keeps those of version 3: update the program");
	refuse("genesis = C", "genesis = D", "genesis");
	refuse("genesis = C",
	       "genesis = \xff"
	       "C",
	       "genesis");
	refuse("[validator.0]", "[validator.128]", "unknown section");
	refuse("[validator.0]", "[validator.01]", "unknown section");
	refuse("[validator.0]", "[validator.-1]", "unknown section");
	refuse("[validator.0]", "[validator.9]", "validator 9 is not in the committee");
	refuse("[validator.0]", "[validator.1]", "validator 1");
	refuse("address = 127.0.0.1:7001", "", "validator 0 needs both");
	static const char *const bad[] = {"127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":7001",
	                                  "::1:7001",  "[::1]",       "a b:1",           "h:+1",
	                                  "h:01",      "[h]:1",       "h\xc3:1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse("127.0.0.1:7001", bad[i], "the address of validator 0");
	refuse("network_key = ", "network_key = 0", "the network_key of validator 0 is not 64");
	/* A key of the right form, but not the one of the genesis. */
	char key[65], other[65];
	sodium_bin2hex(key, sizeof(key), net.f.validators[0].network_public, 32);
	sodium_bin2hex(other, sizeof(other), net.f.validators[1].network_public, 32);
	refuse(key, other, "not the one of the genesis");
	fake_network_deinit(&net);
}
END_TEST

/* Notes are comments to readers before them; what is no note is a comment to this one. */
START_TEST(notes_name_websockets)
{
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	char *text = changed("[validator.1]\n", "#: websocket = ws://elsewhere\n#: pigeon = Bodie\n[validator.1]\n"
	                                        " #:websocket = wss://v1.example.org/uncia?a=b \n#: websocket\n");
	struct uncia_network *network;
	ck_assert_int_eq(uncia_network_parse(text, &network, NULL), 0);
	ck_assert_str_eq(uncia_network_websocket(network, 0), "ws://elsewhere");
	ck_assert_str_eq(uncia_network_websocket(network, 1), "wss://v1.example.org/uncia?a=b");
	ck_assert_ptr_null(uncia_network_websocket(network, 2));
	ck_assert_ptr_null(uncia_network_websocket(network, 4));
	ck_assert_ptr_null(uncia_network_websocket(NULL, 0));
	free(text);
	uncia_network_free(network);
	refuse("[validator.1]\n", "[validator.1]\n#: websocket = http://a\n", "the websocket of validator 1");
	refuse("[validator.1]\n", "[validator.1]\n#: websocket = ws://\n", "the websocket of validator 1");
	refuse("[validator.1]\n", "[validator.1]\n#: websocket = ws://a b\n", "the websocket of validator 1");
	refuse("[validator.1]\n", "[validator.1]\n#: websocket = ws://a\n#: websocket = ws://a\n", "once");
	fake_network_deinit(&net);
}
END_TEST

START_TEST(long_lines_and_empty_files_are_refused)
{
	struct uncia_network *network = NULL;
	char line[400];
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	refuse("fixture", line, "line 3: the line is longer than 200 bytes");
	ck_assert_int_eq(uncia_network_parse("", &network, NULL), UNCIA_E_CONFIG);
	ck_assert_int_eq(uncia_network_parse(NULL, &network, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_network_load("/nowhere/network.conf", &network, line), UNCIA_E_NOT_FOUND);
	ck_assert_ptr_null(network);
	fake_network_deinit(&net);
}
END_TEST

UNIT_MAIN("network", network_file_is_read, addresses_of_every_kind_are_read,
          indents_comments_line_ends_and_a_byte_order_mark_change_nothing,
          a_file_without_validators_verifies_and_opens_no_wallet, every_mistake_is_named_with_its_line,
          notes_name_websockets, long_lines_and_empty_files_are_refused)
