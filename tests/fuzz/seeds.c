/* Writes seeds for the fuzz targets, made from the fixture: fuzz_seeds DIRECTORY makes DIRECTORY/<target>/<name>. The
 * corpora in tests/fuzz/corpus are these and what libFuzzer found from them, minimised. */
#include <stdio.h>
#include <sys/stat.h>
#include "archive.h"
#include "big_endian.h"
#include "consensus.pb-c.h"
#include "control.pb-c.h"
#include "fields.h"
#include "fuzz.h"
#include "host.h"
#include "host_log.h"
#include "keyfile.h"
#include "receipt.h"
#include "storage.pb-c.h"

static const char *directory;

static void seed(const char *target, const char *name, const void *data, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, target, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

/* With a byte before it that says what it is. */
static void seed_kind(const char *target, const char *name, uint8_t kind, const void *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);

	assert(bytes);
	bytes[0] = kind;
	memcpy(bytes + 1, data, size);
	seed(target, name, bytes, size + 1);
	free(bytes);
}

/* A hold opened, taken from, and given back. */
static void seed_holds(const struct fixture *f)
{
	const struct hash *network_id = &f->genesis.network_id;
	struct hold_opening holds[2] = {{.end = FIXTURE_TIME_S + 86400, .amount = 20000},
	                                {.end = FIXTURE_TIME_S + 90000, .amount = 30000, .has_home = true}};
	struct hold_reference reference = {.has_secret = true, .secret = {1, 2, 3}};
	struct payment opening = {
	    .expires_at = FIXTURE_TIME_S + 600, .currency = CURRENCY_FIRST, .hold_count = 2, .holds = holds};
	struct payment *opened, *taken, *given;
	struct fixture_key key, claim;

	fixture_account(0, &key);
	fixture_account(7, &claim);
	holds[1].home = claim.address;
	hold_lock(claim.public_key, reference.secret, &holds[0].lock);
	hold_lock(claim.public_key, NULL, &holds[1].lock);
	assert(payment_make(network_id, &opening, key.public_key, key.secret_key, &opened) == 0);
	const struct output output = {.to = claim.address, .amount = 20000};
	reference.home = key.address;
	reference.opening = opened->id;
	const struct payment take = {.kind = PAYMENT_TAKE,
	                             .expires_at = FIXTURE_TIME_S + 600,
	                             .currency = CURRENCY_FIRST,
	                             .output_count = 1,
	                             .outputs = &output,
	                             .hold = &reference};
	assert(payment_make(network_id, &take, claim.public_key, claim.secret_key, &taken) == 0);
	reference.seal = opened->holds[0].seal;
	assert(fixture_give_back(network_id, &reference, 20000, fixture_give_back_expires_at(FIXTURE_TIME_S), &given) ==
	       0);
	seed("payment", "opening", opened->bytes, opened->size);
	seed("payment", "take", taken->bytes, taken->size);
	seed("payment", "give-back", given->bytes, given->size);
	payment_free(opened);
	payment_free(taken);
	payment_free(given);
}

static void seed_proto(const struct fixture *f)
{
	struct payment *payments[3];
	struct fixture_key key;
	struct output outputs[2] = {{.amount = 5000, .has_reference = true}, {.amount = 7000}};
	uint8_t *bytes, vote_bytes[256];
	size_t size;

	fixture_account(3, &key);
	payments[0] = fixture_payment(f, 0, 1, 5000, FIXTURE_TIME_S + 600, 1);
	payments[1] = fixture_payment_outputs(f, &key, outputs, 2, FIXTURE_TIME_S + 600, 2);
	payments[2] = fixture_payment(f, 2, 2, 1000000, FIXTURE_TIME_S + 3600, 3);
	seed("payment", "one", payments[0]->bytes, payments[0]->size);
	seed("payment", "two-outputs", payments[1]->bytes, payments[1]->size);
	seed_holds(f);

	struct vote vote;
	static const enum vote_kind kinds[] = {VOTE_NOTAR1, VOTE_SKIP1, VOTE_FINAL};
	struct hash id = fixture_hash(7);
	for (size_t i = 0; i < 3; i++) {
		char name[16];
		fixture_vote(f, kinds[i], 3, vote_kind_names_block(kinds[i]) ? &id : NULL, 2, &vote);
		assert(vote_encode(&vote, vote_bytes, &size) == 0);
		snprintf(name, sizeof(name), "kind%d", kinds[i]);
		seed("vote", name, vote_bytes, size);
	}

	seed("genesis", "four", f->genesis.bytes, f->genesis.size);
	struct block *block = fixture_block(f, NULL, 1, payments, 3, &id);
	seed("block", "header", block->header.bytes, block->header.size);
	assert(block_encode(&block->header, block->payments, block->count, &bytes, &size) == 0);
	seed("block", "three", bytes, size);
	seed_kind("canonical", "block", 6, bytes, size);
	free(bytes);

	struct certificate *fast = fixture_certificate(f, CERT_FF, 1, &block->header.id, 4),
	                   *slow = fixture_certificate(f, CERT_SF, 1, &block->header.id, 3),
	                   *mixed = fixture_certificate_mixed(f, CERT_N, 1, &block->header.id, 3, 4);
	seed("certificate", "fast", fast->bytes, fast->size);
	seed("certificate", "slow", slow->bytes, slow->size);
	seed("certificate", "mixed", mixed->bytes, mixed->size);
	assert(receipt_make(block, 1, &(struct receipt_proof){NULL, 0, {slow->bytes, slow->size}}, &bytes, &size) == 0);
	struct receipt receipt;
	assert(receipt_verify(&f->genesis.committee, &f->genesis.network_id, bytes, size, &receipt) == 0);
	payment_free(receipt.payment);
	seed("receipt", "slow", bytes, size);
	seed_kind("chat", "receipt", 4, bytes, size);
	seed_kind("canonical", "receipt", 9, bytes, size);
	char *text;
	assert(receipt_format(&f->genesis.network_id, bytes, size, &text) == 0);
	seed_kind("text", "receipt", 3, text, strlen(text));
	free(text);
	free(bytes);

	struct header child;
	fixture_header(f, &block->header, 2, NULL, 0, &id, &child);
	struct certificate *later = fixture_certificate(f, CERT_FF, 2, &child.id, 4);
	const struct header *descendants[] = {&child};
	assert(receipt_make(block, 0, &(struct receipt_proof){descendants, 1, {later->bytes, later->size}}, &bytes,
	                    &size) == 0);
	seed("receipt", "by-its-child", bytes, size);
	free(bytes);
	free(later);
	free(fast);
	free(slow);
	free(mixed);
	block_free(block);
}

/* Account 0 at place 1 of nine entries: two groups, one level. */
static void seed_account_proof(const struct fixture *f)
{
	uint8_t groups[2][GROUP_SIZE] = {0}, path[96] = {0}, *bytes;
	struct hash level[TREE_ARITY] = {0}, top, root;
	struct fixture_key key;
	struct header header;
	size_t size;

	for (uint32_t i = 1; i < 9; i++) {
		fixture_account(i - 1, &key);
		struct entry entry = {.kind = ENTRY_ACCOUNT, .address = key.address, .currency = 1, .balance = 1000000};
		entry_encode(&entry, &groups[i / GROUP_ENTRIES][i % GROUP_ENTRIES * ENTRY_SIZE]);
	}
	state_group_digest(groups[0], &level[0]);
	state_group_digest(groups[1], &level[1]);
	state_node_digest(level, &top);
	state_root_digest(9, ENTRY_NONE, &top, &root);
	memcpy(path, &level[1], HASH_SIZE);
	fixture_header(f, NULL, 1, NULL, 0, &root, &header);
	struct certificate *certificate = fixture_certificate(f, CERT_FF, 1, &header.id, 4);
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	proof.index = 1;
	proof.group = field_of(groups[0], GROUP_SIZE);
	proof.path = field_of(path, sizeof(path));
	proof.entry_count = 9;
	proof.free_head = ENTRY_NONE;
	proof.header = field_of(header.bytes, header.size);
	proof.certificate = field_of(certificate->bytes, certificate->size);
	assert(canonical_encode(&proof.base, &bytes, &size) == 0);
	struct account_state state;
	fixture_account(0, &key);
	assert(account_proof_verify(&f->genesis.committee, &f->genesis.network_id, &key.address, bytes, size, &state) ==
	       0);
	seed("account_proof", "first", bytes, size);
	seed_kind("canonical", "account-proof", 10, bytes, size);
	free(bytes);
	free(certificate);
}

static void seed_text(void)
{
	struct fixture_key key;
	char text[ADDRESS_TEXT_SIZE];

	fixture_account(0, &key);
	struct destination to = {.address = key.address};
	destination_format(&to, text);
	seed_kind("text", "address", 1, text, strlen(text));
	seed_kind("text", "bech32m", 2, text, strlen(text));
	to.has_reference = true;
	destination_format(&to, text);
	seed_kind("text", "reference", 1, text, strlen(text));
	for (size_t form = 4; form < 7; form++) {
		char mangled[2 * ADDRESS_TEXT_SIZE];
		int size = snprintf(mangled, sizeof(mangled), "\xef\xbb\xbf> <uncia:%.20s\r\n> %s>\xe2\x80\x9d.", text,
		                    text + 20);
		seed_kind("text",
		          form == 4   ? "clean"
		          : form == 5 ? "clean-request"
		                      : "clean-receipt",
		          form, mangled, (size_t)size);
	}
	seed_kind("text", "amount", 0, "12.345678", 9);
	seed_kind("text", "amount-largest", 0, "18446744073709.551615", 21);
}

/* What an honest peer says to each of the four roles, message and all. */
static void seed_link(void)
{
	for (uint8_t role = 0; role < 4; role++) {
		struct link *self = fuzz_link(role, 70000, 4096),
		            *peer = fuzz_link(role ^ FUZZ_LINK_INITIATOR, 70000, 4096);
		uint8_t stream[8192] = {role, 0};
		size_t size = 2;
		char name[16];
		assert(link_send(peer, "a message", 9) == 0 && link_send(peer, stream, 1000) == 0);
		for (int i = 0; i < 4; i++) {
			struct bytes run;
			link_output(peer, &run);
			if (run.size)
				memcpy(stream + size, run.data, run.size);
			size += run.size;
			assert(link_feed(self, run.data, run.size) == 0);
			link_output_taken(peer, run.size);
			link_output(self, &run);
			assert(link_feed(peer, run.data, run.size) == 0);
			link_output_taken(self, run.size);
		}
		snprintf(name, sizeof(name), "role%d", role);
		seed("link", name, stream, size);
		link_free(self);
		link_free(peer);
	}
	static const uint8_t script[] = {2, 0, 200, 1, 10, 2, 0xff, 4, 4, 7, 0, 3, 6, 1, 0, 14, 3, 2, 0, 14};
	seed("records", "script", script, sizeof(script));
	seed("records", "honest", (const uint8_t[]){1, 0, 9, 14, 3, 255, 255, 14}, 8);
}

/* Puts a blob of the wallet's storage behind others: kind, one byte of its name, size, contents. */
static size_t add_blob(uint8_t *to, uint8_t name, const uint8_t *contents, size_t size)
{
	const uint8_t front[4] = {0x20, name, (uint8_t)(size >> 8), (uint8_t)size};

	memcpy(to, front, sizeof(front));
	memcpy(to + sizeof(front), contents, size);
	return sizeof(front) + size;
}

/* A blob of a wallet's home, by the kind that wallet_storage.c knows it by. */
static void seed_blob(const char *name, uint8_t kind, const ProtobufCMessage *message)
{
	uint8_t input[1024], *bytes;
	size_t size;

	assert(canonical_encode(message, &bytes, &size) == 0 && size + 4 <= sizeof(input));
	const uint8_t front[4] = {kind, 0, (uint8_t)(size >> 8), (uint8_t)size};
	memcpy(input, front, sizeof(front));
	memcpy(input + sizeof(front), bytes, size);
	seed("wallet_storage", name, input, sizeof(front) + size);
	free(bytes);
}

/* Somebody who is pinned, a payment that he told of, and from where on payments count. */
static void seed_people(const struct address *account)
{
	static const char own[] = "irc:libera/me", handle[] = "irc:libera/eve";
	Uncia__Pb__PinRecord pin = UNCIA__PB__PIN_RECORD__INIT;
	Uncia__Pb__NoticeRecord notice = UNCIA__PB__NOTICE_RECORD__INIT;
	Uncia__Pb__NoticesRecord notices = UNCIA__PB__NOTICES_RECORD__INIT;

	pin.version = notice.version = notices.version = 1;
	pin.own = notice.own = field_of(own, strlen(own));
	pin.handle = notice.handle = field_of(handle, strlen(handle));
	pin.login = field_of("eve", 3);
	pin.account = notice.account = field_of(account->b, ADDRESS_SIZE);
	pin.compared = notice.shown = 1;
	pin.made_ms = UINT64_C(1700000000000);
	notices.height = 7;
	seed_blob("pin", 0x11, &pin.base);
	seed_blob("notice", 0x09, &notice.base);
	seed_blob("notices", 0x0b, &notices.base);
}

/* An archive of one payment that has expired, alone and with an index. */
static void seed_archive(const struct payment *payment, const uint8_t *record, size_t record_size)
{
	Uncia__Pb__EndedPayments segment = UNCIA__PB__ENDED_PAYMENTS__INIT;
	Uncia__Pb__EndedIndex index = UNCIA__PB__ENDED_INDEX__INIT;
	Uncia__Pb__EndedSegment listed = UNCIA__PB__ENDED_SEGMENT__INIT, *lists[1] = {&listed};
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *blobs[1] = {&blob};
	uint8_t entry[ARCHIVE_ENTRY_SIZE] = {0}, input[4096], *bytes;
	size_t at, size;

	blob.data = field_of(record, record_size);
	segment.version = index.version = 1;
	segment.n_records = index.n_segments = 1;
	segment.records = blobs;
	index.segments = lists;
	memcpy(entry, payment->nonce, NONCE_SIZE);
	memcpy(entry + NONCE_SIZE, payment->id.b, HASH_SIZE);
	entry[NONCE_SIZE + HASH_SIZE] = UNCIA_PAYMENT_EXPIRED;
	be64_put(entry + sizeof(entry) - 8, payment->total);
	listed.entries = field_of(entry, sizeof(entry));
	assert(canonical_encode(&segment.base, &bytes, &size) == 0);
	at = add_blob(input, 0, bytes, size);
	free(bytes);
	seed("wallet_storage", "segment", input, at);
	assert(canonical_encode(&index.base, &bytes, &size) == 0);
	at += add_blob(input + at, 1, bytes, size);
	free(bytes);
	seed("wallet_storage", "archive", input, at);
	/* And a list of holds that has read so far: one open, one lock. */
	Uncia__Pb__HoldsRecord holds = UNCIA__PB__HOLDS_RECORD__INIT;
	uint8_t open[108] = {9};
	be32_put(open + 36, FIXTURE_TIME_S + 600);
	holds.version = 2;
	holds.read = field_of(payment->id.b, HASH_SIZE);
	holds.open = field_of(open, sizeof(open));
	holds.locks = field_of(open, HASH_SIZE);
	assert(canonical_encode(&holds.base, &bytes, &size) == 0);
	size_t begin = at;
	at += add_blob(input + at, 1, bytes, size);
	input[begin] = 0x1a;
	free(bytes);
	seed("wallet_storage", "holds", input, at);
}

static void seed_wallet(const struct fixture *f)
{
	static const char words[] =
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
	static const struct uncia_key_options none = {.size = sizeof(none), .no_passphrase = true},
	                                      cheap = {.size = sizeof(cheap),
	                                               .passphrase = "correct horse",
	                                               .kdf_memory = 8192,
	                                               .kdf_passes = 1};
	struct fuzz_host host;
	uint8_t *contents, blob[4096] = {0}, *bytes;
	size_t size;
	char *text = fixture_network_file(fuzz_network(), NULL);

	seed("network_file", "four", text, strlen(text));
	free(text);
	for (int i = 0; i < 2; i++) {
		fuzz_host_init(&host);
		assert(keyfile_create(&host.host, words, i ? &cheap : &none) == 0);
		assert(blob_load(&host.host, KEYFILE_BLOB, &contents, &size) == 0);
		seed_kind("key_file", i ? "sealed" : "plain", 0, contents, size);
		seed_kind("key_file", i ? "raw-sealed" : "raw-plain", 1, host.blobs[0].data, host.blobs[0].size);
		blob_free(contents, size);
		fuzz_host_deinit(&host);
	}
	/* The outbox's record of a payment by the account of those words is named after its nonce. */
	struct fixture_key key;
	struct output output = {.amount = 5000};
	uint8_t seed_bytes[WORDS_SEED_SIZE + 4] = {0};
	struct hash account;
	words_seed(words, "", seed_bytes);
	hash1(HASH_KEY, seed_bytes, sizeof(seed_bytes), &account);
	assert(sign_keypair(account.b, key.public_key, key.secret_key) == 0);
	address_of_key(key.public_key, &key.address);
	struct payment *payment = fixture_payment_outputs(f, &key, &output, 1, FIXTURE_TIME_S + 600, 0);
	Uncia__Pb__PaymentRecord record = UNCIA__PB__PAYMENT_RECORD__INIT;
	record.version = 1;
	record.payment = field_of(payment->bytes, payment->size);
	record.made_ms = 1;
	record.state = UNCIA_PAYMENT_PENDING;
	assert(canonical_encode(&record.base, &bytes, &size) == 0);
	blob[0] = 0x40;
	memcpy(blob + 1, payment->nonce, NONCE_SIZE);
	blob[33] = (uint8_t)(size >> 8);
	blob[34] = (uint8_t)size;
	memcpy(blob + 35, bytes, size);
	seed("wallet_storage", "pending", blob, 35 + size);
	/* The same with its end, by itself and in the archive, with an index that has it. */
	free(bytes);
	record.state = UNCIA_PAYMENT_EXPIRED;
	record.memo = field_of("rent", 4);
	record.tag = field_of("chat 7\0\xff", 8);
	assert(canonical_encode(&record.base, &bytes, &size) == 0);
	blob[33] = (uint8_t)(size >> 8);
	blob[34] = (uint8_t)size;
	memcpy(blob + 35, bytes, size);
	seed("wallet_storage", "expired", blob, 35 + size);
	seed_archive(payment, bytes, size);
	free(bytes);
	payment_free(payment);
	Uncia__Pb__ContactRecord contact = UNCIA__PB__CONTACT_RECORD__INIT;
	char address[ADDRESS_TEXT_SIZE];
	struct destination to = {.address = key.address};
	destination_format(&to, address);
	contact.name = field_of("mother", 6);
	contact.address = field_of(address, strlen(address));
	assert(canonical_encode(&contact.base, &bytes, &size) == 0);
	uint8_t front[4] = {1, 0, (uint8_t)(size >> 8), (uint8_t)size};
	memcpy(blob, front, 4);
	memcpy(blob + 4, bytes, size);
	seed("wallet_storage", "contact", blob, 4 + size);
	free(bytes);
	seed_people(&key.address);
	seed("wallet_storage", "caught-up", "\22\0\0\12\10\1\20\5\30\1\50\3\60\1", 14);
	seed("wallet_storage", "watch", "\12\0\0\16\10\1\20\5\30\377\377\377\377\17\40\1\60\3", 18);
	seed("wallet_storage", "network", "\2\0\0\4abcd", 8);
	char request[256];
	snprintf(request, sizeof(request), "uncia:%s?amount=0.50&memo=rent%%20of%%20May", address);
	seed("request", "all", request, strlen(request));
	snprintf(request, sizeof(request), "uncia:%s", address);
	seed("request", "address", request, strlen(request));
	seed("request", "words", words, strlen(words));
	static const char *const names[] = {"\1bob@example.org/phone",
	                                    "\2xmpp:bob@example.org",
	                                    "\3irc:libera/eve\neve",
	                                    "\1Libera/Bob[]\\^",
	                                    ("\2xmpp:B\xd0\xbe"
	                                     "b@example.org"),
	                                    "\1xmpp:\xef\xbc\xa2ob@a.b."};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char number[2] = {(char)('0' + i), '\0'};
		seed("people", number, names[i], strlen(names[i]));
	}
	static const char *const typed[] = {"1. lega\n2. WINN, than\xc2\xa0year",
	                                    "> uncia:unc1\r\n> q?amount=1250.\xe2\x80\x9d",
	                                    "Zoe\xcc\x88 \xd0\x90nna \xe2\x9d\xa4\xef\xb8\x8f \xe2\x80\x8d",
	                                    "\xef\xbb\xbf"
	                                    "caf\xc3\xa9\xe3\x80\x80"
	                                    "1",
	                                    "\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1",
	                                    "\xef\xac\x81ne \xef\xbc\xa1 1\xef\xb8\x8f\xe2\x83\xa3"};
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		char name[16];
		snprintf(name, sizeof(name), "typed-%zu", i);
		seed("request", name, typed[i], strlen(typed[i]));
	}
	seed("request", "id", "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", 64);
}

/* Payloads of texts for chats, behind their network, and messages: in the numbers of chat.c. */
static void seed_chat(const struct fixture *f)
{
	static const uint8_t request[] =
	    "01234567890123456789\1\10refrence\2\10\0\0\0\0\0\7\241\40\3\1\2\4\4\170\0\0\0\6\4rent",
	                     notice[] = "0123456789012345678901234567890123\6\4rent", handle[] = "\2\10xmpp:b@c";
	const uint8_t *id = f->genesis.network_id.b;
	struct fixture_key key;
	struct payment *payment = fixture_payment(f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
	struct uncia_notice paid = {.size = sizeof(paid), .memo = "rent"};
	struct uncia_claim claim = {.size = sizeof(claim)};
	uint8_t bytes[1024] = {0}, *at;
	char one[UNCIA_CHAT_TEXT_SIZE], two[UNCIA_CHAT_TEXT_SIZE], message[1024];

	fixture_account(0, &key);
	seed_kind("chat", "request", 0, request, sizeof(request) - 1);
	memcpy(bytes, key.address.b, ADDRESS_SIZE); /* with a lock, which its own key has signed */
	memcpy(bytes + 20, "\5\100", 2);
	memcpy(bytes + 54, key.public_key, 32);
	memcpy(bytes + 86, "\7\100", 2);
	seed_kind("chat", "lock", 0, bytes, 152);
	memcpy(bytes, key.public_key, 32);
	memcpy(mempcpy(bytes, key.public_key, 32) + 64, handle, sizeof(handle) - 1);
	seed_kind("chat", "contact", 1, bytes, 96 + sizeof(handle) - 1);
	seed_kind("chat", "notice", 2, notice + 2, sizeof(notice) - 3);
	seed_kind("chat", "claim", 3, bytes, 68);
	be64_put(bytes, f->genesis.committee.epoch);
	bytes[8] = 0;
	bytes[9] = (uint8_t)payment->size;
	assert(payment->size < 256);
	at = mempcpy(bytes + 10, payment->bytes, payment->size);
	for (uint8_t validator = 0; validator < 2; validator++, at += 82) {
		memset(at, 0, 82);
		at[1] = validator;
		be64_put(at + 10, (FIXTURE_TIME_S + UINT64_C(61)) * 1000);
	}
	seed_kind("chat", "expiry", 5, bytes, (size_t)(at - bytes));
	payment_free(payment);
	assert(uncia_notice_format(id, &paid, one) == 0 && uncia_claim_format(id, &claim, two) == 0);
	snprintf(message, sizeof(message), "pay \x02%s\x02, or <%s>", one, two);
	seed_kind("chat", "message", 7, message, strlen(message));
	snprintf(message, sizeof(message),
	         "\x03"
	         "4,1%.40s\xe2\x80\x8b%s\x1b[0m uncia:uncask1 uncia-receipt-1:AQID",
	         one, one + 40);
	seed_kind("chat", "codes", 7, message, strlen(message));
	snprintf(message, sizeof(message),
	         "uncia:unc1ys9nc9mjzgaj39u2h3fqrrdlkpfzzgc6e4cvmu?amount=1.000000&memo=a "
	         "unc1ys9nc9mjzgaj39u2h3fqrrdlkpfzzgc6e4cvmu");
	seed_kind("chat", "old", 7, message, strlen(message));
}

static void seed_config(void)
{
	static const char whole[] =
	    "# unciad.conf\n[node]\nlisten = [::1]:7400\nlog_level = info\nverifier_threads = 2\n"
	    "wallet_links = 10\nspace_reserve_mb = 5\nmempool_max = 100\n"
	    "mempool_per_sender_max = 4\ndelta_ms = 100\nheartbeat_ms = 1000\nsettle_ms = 20\n"
	    "pace_ms = 8\n[peer.1]\naddress = host.example:7400 ; there\n",
	                  small[] = "[node]\nlisten=127.0.0.1:1\n";

	seed("config", "whole", whole, strlen(whole));
	seed("config", "small", small, strlen(small));
}

/* Acts, as the log of a home has them; and such as are to be written, behind what is changed of their piece. */
static void seed_home_log(void)
{
	static const uint8_t written[] = {0,   0,   50,  4, 0, 2,   'k', 'e', 'y', 5,   'h', 'e',
	                                  'l', 'l', 'o', 1, 0, 'x', 0,   1,   'a', 'b', 0};
	const struct host_act acts[] = {{.name = {(const uint8_t *)"payment-1", 9}, .data = {written, sizeof(written)}},
	                                {.name = {(const uint8_t *)"pin", 3}, .removes = true}};
	uint8_t read[128] = {1}, *end = read + 1;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		end = host_act_put(end, &acts[i]);
	seed("home_log", "acts", read, (size_t)(end - read));
	seed("home_log", "one", read, 1 + host_act_size(&acts[0]));
	seed("home_log", "cut", read, 20);
	seed("home_log", "written", written, sizeof(written));
}

/* Scripts of events, in the numbers of replica.c. */
/* Heads and values of pieces, behind what says how large they are; and writes, behind what is changed of them. */
static void seed_journal_log(void)
{
	static const uint8_t empty[] = {1, 0, 0, 0}, changed[] = {0, 7, 0, 9, 4};
	static const uint8_t forgets[] = {1, 0, 22, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0,
	                                  0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
	uint8_t two[4 + 15 + 18 + 7] = {1, 0, 33, 2}, *head = two + 4, writes[600] = {0, 1, 0, 60, 2};
	size_t size = 5;

	head[0] = 3;
	head[1] = 1;
	head[5] = 5;
	head[14] = 'k';
	head += 15;
	head[0] = 1;
	head[1] = 4;
	head[5] = 2;
	memcpy(head + 14, "keys", 4);
	memcpy(head + 18, "hello22", 7);
	seed("journal_log", "empty", empty, sizeof(empty));
	seed("journal_log", "forgets", forgets, sizeof(forgets));
	seed("journal_log", "two", two, sizeof(two));
	seed("journal_log", "changed", changed, sizeof(changed));
	for (uint8_t i = 0; i < 7; i++) {
		writes[size++] = i;
		if (!i) {
			size += 8;
			continue;
		}
		writes[size++] = (uint8_t)(i * 7);
		size += i * 7u + 1;
		writes[size++] = (uint8_t)(i * 11);
		size += i * 11u;
	}
	seed("journal_log", "writes", writes, size);
}

static void seed_replica(void)
{
	uint8_t script[2048];
	size_t size = 0;

	/* Alone, everything done at once: payments, time, a crash. */
	script[size++] = 1 | 4;
	for (uint8_t i = 0; i < 12; i++)
		size = (size_t)((uint8_t *)mempcpy(script + size, (const uint8_t[]){11, i, 1, 3, 3}, 5) - script);
	size = (size_t)((uint8_t *)mempcpy(script + size, "\3\3\3\3\3\20\3\3\3", 9) - script);
	seed("replica", "alone", script, size);

	/* Alone; verdicts, commits and flushes in their own time. */
	size = 0;
	script[size++] = 1;
	for (uint8_t i = 0; i < 12; i++)
		size = (size_t)((uint8_t *)mempcpy(script + size,
		                                   (const uint8_t[]){11, i, 1, 4, 4, 3, 5, 5, 4, 6, 3, 5, 6}, 13) -
		                script);
	seed("replica", "alone-slowly", script, size);

	/* Three others, who may be forged, propose and vote in a chain of twelve. */
	static const uint8_t meet[] = {4 | 2, 7, 0, 7, 1, 7, 2, 15, 0, 15, 1, 15, 2, 3, 3, 3, 3};
	memcpy(script, meet, sizeof(meet));
	size = sizeof(meet);
	for (uint8_t v = 0; v < 12; v++) {
		const uint8_t round[] = {9,         3,  v ? v - 1 : 0,
		                         v ? 1 : 0, 0,  0,
		                         8,         0,  v,
		                         0,         8,  0,
		                         v,         1,  8,
		                         0,         v,  2,
		                         3,         8,  4,
		                         v,         0,  8,
		                         4,         v,  1,
		                         8,         4,  v,
		                         2,         10, 3,
		                         v,         0,  3,
		                         3,         3,  13,
		                         v,         4};
		memcpy(script + size, round, sizeof(round));
		size += sizeof(round);
	}
	seed("replica", "four", script, size);

	/* They skip. */
	size = sizeof(meet);
	for (uint8_t v = 0; v < 6; v++) {
		static const uint8_t round[] = {8, 1, 3, 0, 8, 1, 3, 1, 8, 1, 3, 2, 10, 1, 3, 0, 3, 3};
		memcpy(script + size, round, sizeof(round));
		size += sizeof(round);
	}
	seed("replica", "skips", script, size);

	/* Catching up, and a crash; one liar. */
	static const uint8_t rest[] = {9, 4, 0, 0, 0, 7, 14, 0, 4, 13, 0, 0, 14, 0, 12, 10, 2, 0, 0, 16, 3, 3};
	memcpy(script + sizeof(meet), rest, sizeof(rest));
	seed("replica", "behind", script, sizeof(meet) + sizeof(rest));
	script[0] = 4;
	seed("replica", "one-liar", script, sizeof(meet) + sizeof(rest));
}

/* ---- what the indexer follows ---- */

/* One answer, with its size before it: blocks first to last, the last one final by its own certificate, or, `headers`,
 * by that of one more block whose header follows. Returns what it wrote. */
static size_t feed_answer(const struct fixture *f, struct block *const *blocks, uint32_t first, uint32_t last,
                          bool headers, uint8_t *out)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlFollowed followed = UNCIA__PB__CONTROL_FOLLOWED__INIT;
	Uncia__Pb__ControlFollowedBlock items[4], *list[4];
	Uncia__Pb__Blob header = UNCIA__PB__BLOB__INIT, *header_list = &header;
	const struct header *end = &blocks[last + headers]->header;
	struct certificate *certificate = fixture_certificate(f, CERT_SF, end->view, &end->id, 3);

	for (uint32_t i = first; i <= last; i++) {
		Uncia__Pb__ControlFollowedBlock *item = &items[i - first];
		size_t size;
		uncia__pb__control_followed_block__init(item);
		assert(block_encode(&blocks[i]->header, blocks[i]->payments, blocks[i]->count, &item->block.data,
		                    &size) == 0);
		item->block.len = size;
		list[i - first] = item;
	}
	followed.tip_height = end->height;
	followed.n_blocks = last - first + 1;
	followed.blocks = list;
	if (headers) {
		header.data = field_of(end->bytes, end->size);
		followed.n_headers = 1;
		followed.headers = &header_list;
		followed.certificate = field_of(certificate->bytes, certificate->size);
	} else {
		items[last - first].certificate = field_of(certificate->bytes, certificate->size);
	}
	reply.request_id = 7;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_FOLLOWED;
	reply.followed = &followed;
	size_t size = uncia__pb__control_reply__pack(&reply, out + 3);
	for (uint32_t i = 0; i < 3; i++)
		out[i] = (uint8_t)(size >> (16 - 8 * i));
	for (uint32_t i = 0; i <= last - first; i++)
		free(items[i].block.data);
	free(certificate);
	return size + 3;
}

static void seed_feed(const struct fixture *f)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;
	static uint8_t bytes[1 << 16];
	struct block *blocks[5];

	for (uint32_t i = 0; i < 5; i++) {
		struct payment *payment = fixture_payment(f, i, i + 1, 5000, FIXTURE_TIME_S + 60, i);
		struct hash root = fixture_hash(i);
		blocks[i] = fixture_block(f, i ? &blocks[i - 1]->header : NULL, i + 1, &payment, i != 2, &root);
		if (i == 2)
			payment_free(payment);
	}
	size_t size = feed_answer(f, blocks, 0, 1, false, bytes);
	seed("feed", "certified", bytes, size);
	size += feed_answer(f, blocks, 2, 3, true, bytes + size);
	seed("feed", "two-pages", bytes, size);
	seed("feed", "headers", bytes, feed_answer(f, blocks, 0, 3, true, bytes));
	seed("feed", "elsewhere", bytes, feed_answer(f, blocks, 1, 2, false, bytes));
	blocks[2]->header.reconfigures = true;
	assert(header_encode(&blocks[2]->header) == 0);
	seed("feed", "ends-the-epoch", bytes, feed_answer(f, blocks, 0, 2, false, bytes));
	refusal.code = 304;
	refusal.reason = field_of("not kept any more", 17);
	reply.request_id = 7;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	size = uncia__pb__control_reply__pack(&reply, bytes + 3);
	bytes[0] = bytes[1] = 0;
	bytes[2] = (uint8_t)size;
	seed("feed", "refused", bytes, size + 3);
	refusal.code = 0;
	size = uncia__pb__control_reply__pack(&reply, bytes + 3);
	bytes[2] = (uint8_t)size;
	seed("feed", "refused-with-nothing", bytes, size + 3);
	for (uint32_t i = 0; i < 5; i++)
		block_free(blocks[i]);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
		return 2;
	}
	directory = argv[1];
	mkdir(directory, 0755);
	const struct fixture *f = fuzz_network();
	seed_proto(f);
	seed_account_proof(f);
	seed_text();
	seed_link();
	seed_wallet(f);
	seed_chat(f);
	seed_config();
	seed_feed(f);
	seed_replica();
	seed_journal_log();
	seed_home_log();
	return 0;
}
