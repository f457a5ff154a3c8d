/* The two ends of a chat, for test_texts.py, which does in between what chats do.
 *
 *	text_carrier make COUNT    COUNT texts of each kind, "KIND TEXT" a line, all whole and proved
 *	text_carrier scan          messages from standard input, a line each, in hexadecimal: for each a line of the
 *texts found, "whole KIND TEXT" or "refused KIND ERROR", separated by tabs text_carrier paste         the same of texts
 *that are pasted, each by itself text_carrier damage COUNT  cuts, changes, doubles, swaps and leaves out each character
 *of COUNT texts of each kind */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "frame.h"
#include "receipt.h"
#include "uncia/uncia.h"
#include "fixture.h"

#define WORDS "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

static struct fixture fixture;
static struct uncia_network *network;
static struct uncia_wallet *wallet;
static const uint8_t *network_id;

static const char *const names[] = {
    [UNCIA_TEXT_NONE] = "none",       [UNCIA_TEXT_ADDRESS] = "address", [UNCIA_TEXT_REQUEST] = "request",
    [UNCIA_TEXT_RECEIPT] = "receipt", [UNCIA_TEXT_CONTACT] = "contact", [UNCIA_TEXT_NOTICE] = "notice",
    [UNCIA_TEXT_CLAIM] = "claim",     [UNCIA_TEXT_EXPIRY] = "expiry",   [UNCIA_TEXT_QUOTE] = "quote"};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "text_carrier: %s\n", what);
	abort();
}
#define must(holds, what) ((holds) ? (void)0 : fail(what))

/* ---- making ---------------------------------------------------------------------------------- */

/* A memo of some length and alphabet, with all that markup is made of. */
static void make_memo(uint32_t number, char memo[UNCIA_CHAT_MEMO_SIZE])
{
	static const char *const parts[] = {"rent ",      "_a_ ",          "20pay.me ", "<b> ",
	                                    "&currency ", "\xe2\x82\xac ", "*x* ",      "-- "};
	memo[0] = '\0';
	for (uint32_t i = number; i && strlen(memo) < UNCIA_CHAT_MEMO_SIZE - 16; i /= 3)
		strcat(memo, parts[(i + number) % 8]);
}

static void make_request(uint32_t number, char text[UNCIA_CHAT_TEXT_SIZE])
{
	struct uncia_request request = {.size = sizeof(request), .ends_at = number % 4 ? 1800000000 + number : 0};
	request.has_amount = number % 5 != 0;
	request.amount = request.has_amount ? UINT64_C(1) << number % 60 : 0;
	request.currency = number % 7 ? 1 : 2;
	request.has_lock = number % 3 == 0;
	memset(request.lock, (int)number, request.has_lock ? sizeof(request.lock) : 0);
	if (!request.has_lock)
		make_memo(number, request.memo);
	must(!uncia_wallet_request(wallet, &request, text), "a request");
}

static char *make_receipt(uint32_t number)
{
	struct hash state = fixture_hash(number);
	struct payment *payment = fixture_payment(&fixture, 1, 2, 5000 + number, FIXTURE_TIME_S + 60, number);
	struct block *block = fixture_block(&fixture, NULL, 1 + number % 50, &payment, 1, &state);
	struct certificate *certificate = fixture_certificate(
	    &fixture, number % 2 ? CERT_FF : CERT_SF, block->header.view, &block->header.id, number % 2 ? 4 : 3);
	struct uncia_receipt *receipt = NULL;
	uint8_t *bytes;
	size_t size;
	char *text = NULL;
	must(!receipt_make(block, 0, &(struct receipt_proof){NULL, 0, {certificate->bytes, certificate->size}}, &bytes,
	                   &size) &&
	         !receipt_format(&fixture.genesis.network_id, bytes, size, &text) &&
	         !uncia_receipt_verify(network, text, &receipt),
	     "a receipt");
	uncia_receipt_free(receipt);
	free(bytes);
	free(certificate);
	block_free(block);
	return text;
}

static char *make_expiry(uint32_t number)
{
	struct payment *payment = fixture_payment(&fixture, 1, 2, 5000 + number, FIXTURE_TIME_S + 60, number);
	uint8_t payload[2048], *at = payload;
	struct uncia_expiry *expiry;
	at = mempcpy(at, network_id, FRAME_NETWORK);
	be64_put(at, fixture.genesis.committee.epoch);
	at[8] = (uint8_t)(payment->size >> 8);
	at[9] = (uint8_t)payment->size;
	at = mempcpy(at + 10, payment->bytes, payment->size);
	for (uint8_t validator = (uint8_t)(number % 2); validator < 2 + number % 3; validator++, at += 82) {
		struct hash digest;
		at[0] = 0;
		at[1] = validator;
		be64_put(at + 2, number);
		be64_put(at + 10, (FIXTURE_TIME_S + UINT64_C(61)) * 1000 + number);
		expiry_digest(&fixture.genesis.network_id, &payment->id, number, be64_get(at + 10), &digest);
		must(!sign_digest(fixture.validators[validator].consensus.secret_key, &digest, at + 18), "a word");
	}
	payment_free(payment);
	char *text = malloc(frame_text_size(UNCIA_TEXT_EXPIRY, (size_t)(at - payload)));
	must(text, "memory");
	frame_write(UNCIA_TEXT_EXPIRY, payload, (size_t)(at - payload), text);
	/* Those of one signer prove nothing, and are texts all the same. */
	int rc = uncia_expiry_verify(network, text, &expiry);
	must(rc == (number % 6 == 3 ? UNCIA_E_PROOF : 0), "an expiry");
	if (!rc)
		uncia_expiry_free(expiry);
	return text;
}

/* Owns: free(). */
static char *make_text(enum uncia_text_kind kind, uint32_t number)
{
	char text[UNCIA_CHAT_TEXT_SIZE], handle[UNCIA_HANDLE_SIZE];
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_address address = {.has_reference = number % 2};
	struct hash some = fixture_hash(number);
	switch (kind) {
	case UNCIA_TEXT_ADDRESS:
		memcpy(address.account, some.b, 20);
		memcpy(address.reference, some.b + 20, 8);
		uncia_address_format(&address, text);
		break;
	case UNCIA_TEXT_REQUEST:
		make_request(number, text);
		break;
	case UNCIA_TEXT_CONTACT:
		snprintf(handle, sizeof(handle), "%s%.*u@example.org", number % 2 ? "xmpp:" : "irc:net/",
		         (int)(number % 30), number);
		must(!uncia_wallet_contact(wallet, number ? handle : NULL, text), "a contact");
		break;
	case UNCIA_TEXT_NOTICE:
		memcpy(notice.id.b, some.b, 32);
		make_memo(number, notice.memo);
		must(!uncia_notice_format(network_id, &notice, text), "a notice");
		break;
	case UNCIA_TEXT_CLAIM:
		memcpy(claim.home, some.b, 20);
		claim.opening.b[0] = (uint8_t)number;
		memcpy(claim.seed, some.b + 16, 16);
		must(!uncia_claim_format(network_id, &claim, text), "a claim");
		break;
	case UNCIA_TEXT_RECEIPT:
		return make_receipt(number);
	default:
		return make_expiry(number);
	}
	return strdup(text);
}

static const enum uncia_text_kind kinds[] = {UNCIA_TEXT_ADDRESS, UNCIA_TEXT_CONTACT, UNCIA_TEXT_REQUEST,
                                             UNCIA_TEXT_NOTICE,  UNCIA_TEXT_CLAIM,   UNCIA_TEXT_RECEIPT,
                                             UNCIA_TEXT_EXPIRY};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void make_all(uint32_t count)
{
	for (size_t k = 0; k < KINDS; k++)
		for (uint32_t i = 0; i < count; i++) {
			char *text = make_text(kinds[k], i);
			printf("%s %s\n", names[kinds[k]], text);
			free(text);
		}
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *line_message(const char *line)
{
	size_t length = strcspn(line, "\n"), size;
	char *message = malloc(length / 2 + 1);
	must(message && !sodium_hex2bin((uint8_t *)message, length / 2 + 1, line, length, NULL, &size, NULL),
	     "hexadecimal");
	message[size] = '\0';
	return message;
}

static void line_scan(const char *message)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	must(!uncia_text_scan(message, network_id, &scan), "a scan");
	for (uint32_t i = 0; i < scan.count; i++) {
		const struct uncia_scanned *found = &scan.texts[i];
		if (found->error)
			printf("refused %s %d\t", names[found->kind], found->error);
		else
			printf("whole %s %s\t", names[found->kind], found->text);
	}
	putchar('\n');
	uncia_scan_free(&scan);
}

/* Any text, as its kind's reader takes it; what it says is a text again by the scanner. */
static void line_paste(const char *message)
{
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_address address;
	struct uncia_receipt *receipt = NULL;
	struct uncia_expiry *expiry = NULL;
	enum uncia_text_kind kind = uncia_text_kind(message);
	int rc = kind == UNCIA_TEXT_ADDRESS   ? uncia_address_parse(message, &address)
	         : kind == UNCIA_TEXT_REQUEST ? uncia_request_parse(network_id, message, &request)
	         : kind == UNCIA_TEXT_CONTACT ? uncia_contact_parse(network_id, message, &contact)
	         : kind == UNCIA_TEXT_NOTICE  ? uncia_notice_parse(network_id, message, &notice)
	         : kind == UNCIA_TEXT_CLAIM   ? uncia_claim_parse(network_id, message, &claim)
	         : kind == UNCIA_TEXT_RECEIPT ? uncia_receipt_verify(network, message, &receipt)
	         : kind == UNCIA_TEXT_EXPIRY  ? uncia_expiry_verify(network, message, &expiry)
	                                      : UNCIA_E_ENCODING;
	printf("%d %s\n", rc, names[kind]);
	uncia_receipt_free(receipt);
	uncia_expiry_free(expiry);
}

static void lines_read(void (*read)(const char *message))
{
	char *line = NULL;
	size_t capacity = 0;
	while (getline(&line, &capacity, stdin) > 0) {
		char *message = line_message(line);
		read(message);
		free(message);
	}
	free(line);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static unsigned long tried, unseen;

/* A message in which the text was damaged: nothing in it is whole but the text itself, without its scheme. */
static void check_damaged(const char *message, const char *text, const char *how)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	must(!uncia_text_scan(message, network_id, &scan), "a scan");
	tried++;
	unseen += scan.count == 0;
	for (uint32_t i = 0; i < scan.count; i++)
		if (!scan.texts[i].error && strcmp(scan.texts[i].text, text) != 0) {
			fprintf(stderr, "%s:\n%s\n%s\n%s\n", how, text, message, scan.texts[i].text);
			abort();
		}
	uncia_scan_free(&scan);
}

static void check_not_whole(const char *message, const char *how)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	must(!uncia_text_scan(message, network_id, &scan), "a scan");
	tried++;
	unseen += scan.count == 0;
	for (uint32_t i = 0; i < scan.count; i++)
		must(scan.texts[i].error != 0, how);
	uncia_scan_free(&scan);
}

static void damage_at(const char *text, size_t size, size_t i, char *bad)
{
	static const char others[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1 -_.A";
	const size_t scheme = strncmp(text, "uncia:", 6) == 0 ? 6 : 0;
	memcpy(bad, text, i);
	bad[i] = '\0';
	check_not_whole(bad, "a beginning is whole");
	check_damaged(text + i, text, "an end");
	if (i > scheme)
		check_not_whole(text + i, "an end is whole");
	if (i < scheme)
		return; /* without its scheme, or with another word in front, it is the same text */
	strcpy(bad + i, text + i + 1);
	check_not_whole(bad, "a character may be missing");
	bad[i] = text[i];
	strcpy(bad + i + 1, text + i);
	check_not_whole(bad, "a character may be doubled");
	strcpy(bad, text);
	for (size_t other = i % 4; other < sizeof(others) - 1; other += 4) {
		const char *c = &others[other];
		bad[i] = *c;
		if (*c != text[i])
			check_not_whole(bad, "a character may be another one");
	}
	strcpy(bad, text);
	bad[i] = text[i + 1];
	bad[i + 1] = text[i];
	if (i + 1 < size && text[i] != text[i + 1])
		check_not_whole(bad, "two characters may change places");
	for (size_t gone = 2; gone < 40 && i + gone < size; gone += 7) {
		memcpy(bad, text, i);
		strcpy(bad + i, text + i + gone);
		check_not_whole(bad, "a run of characters may be missing");
	}
	memcpy(bad, text, i);
	strcpy(stpcpy(bad + i, "\n"), text + i);
	if (i > scheme)
		check_not_whole(bad, "lines are joined");
}

static void damage_all(uint32_t count)
{
	for (size_t k = 0; k < KINDS; k++)
		for (uint32_t number = 0; number < count; number++) {
			char *text = make_text(kinds[k], number);
			const size_t size = strlen(text);
			/* Every cut of all; every change of one place in each of the long ones, which have thousands.
			 */
			size_t step = size > 400 ? 1 + size / 20 : count > 20 ? 1 + size / 8 : 1;
			char *bad = malloc(2 * size + 8);
			must(bad, "memory");
			for (size_t i = 0; i < size; i++) {
				memcpy(bad, text, i);
				bad[i] = '\0';
				check_not_whole(bad, "a beginning is whole");
			}
			for (const char *behind = "b1oIq7Zp"; *behind; behind++) {
				*stpcpy(bad, text) = *behind;
				bad[size + 1] = '\0';
				check_not_whole(bad, "a letter may stand behind");
			}
			for (size_t i = number % step; i < size; i += step)
				damage_at(text, size, i, bad);
			free(bad);
			free(text);
		}
	printf("%lu damaged texts, none of them whole, of %lu nothing was seen\n", tried, unseen);
}

int main(int argc, char **argv)
{
	const char *task = argc > 1 ? argv[1] : "";
	uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	int code = EXIT_SUCCESS;
	struct uncia_host host = {.size = sizeof(host)};
	static const struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	char why[UNCIA_WHY_SIZE];
	fixture_init(&fixture, 4, 3, UINT64_C(1) << 60);
	network_id = fixture.genesis.network_id.b;
	char *file = fixture_network_file(&fixture, NULL);
	must(!uncia_network_parse(file, &network, why), why);
	free(file);
	/* A home in the folder that it is run in; the first run makes it. */
	must(!uncia_host_directory("home", &host), "a home");
	int made = uncia_wallet_create(&host, WORDS, &options);
	must(!made || made == UNCIA_E_EXISTS, "a key");
	must(!uncia_wallet_open(&host, network, NULL, &wallet), "a wallet");
	if (strcmp(task, "make") == 0)
		make_all(count);
	else if (strcmp(task, "scan") == 0)
		lines_read(line_scan);
	else if (strcmp(task, "paste") == 0)
		lines_read(line_paste);
	else if (strcmp(task, "damage") == 0)
		damage_all(count);
	else
		code = EXIT_FAILURE;
	uncia_wallet_close(wallet);
	uncia_host_directory_free(&host);
	uncia_network_free(network);
	fixture_deinit(&fixture);
	return code;
}
