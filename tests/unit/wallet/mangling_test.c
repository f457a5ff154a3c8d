/* Every form of text, mangled in every way that programs between two people are known to, and in every two of them:
 * what cannot change its meaning is read as if nothing had happened, and nothing is read as something else. */
#include <ctype.h>
#include <uncia/uncia.h>
#include "address.h"
#include "hash.h"
#include "old_texts.h"
#include "receipt.h"
#include "unit.h"

#define ROOM (64u << 10)

static const struct hash network_id = {{1, 2, 3, 4, 5, 6, 7}};

/* Copies text to out, which has ROOM bytes, mangled. */
typedef void mangle_fn(const char *text, char *out);

/* Puts `between` behind every `every` bytes. */
static void insert(const char *text, size_t every, const char *between, char *out)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		*out++ = text[i];
		if ((i + 1) % every == 0 && text[i + 1] != '\0' && (text[i + 1] & 0xc0) != 0x80)
			out = stpcpy(out, between);
	}
	*out = '\0';
}

static void around(const char *before, const char *text, const char *behind, char *out)
{
	ck_assert_uint_lt(strlen(before) + strlen(text) + strlen(behind), ROOM);
	strcpy(stpcpy(stpcpy(out, before), text), behind);
}

#define INSERTS(name, every, between)                                                                                  \
	static void name(const char *text, char *out)                                                                  \
	{                                                                                                              \
		insert(text, every, between, out);                                                                     \
	}
#define AROUND(name, before, behind)                                                                                   \
	static void name(const char *text, char *out)                                                                  \
	{                                                                                                              \
		around(before, text, behind, out);                                                                     \
	}

AROUND(as_it_was, "", "")
INSERTS(wrapped_at_76, 76, "\n")
INSERTS(wrapped_with_crlf, 20, "\r\n")
INSERTS(wrapped_and_quoted, 30, "\n> ")
INSERTS(quoted_twice, 30, "\r\n> > ")
INSERTS(with_line_separators, 9, "\xe2\x80\xa8")
INSERTS(with_zero_width_spaces, 7, "\xe2\x80\x8b")
INSERTS(with_word_joiners, 5, "\xe2\x81\xa0")
INSERTS(with_soft_hyphens, 8, "\xc2\xad")
INSERTS(with_blanks, 4, " ")
INSERTS(with_no_break_spaces, 10, "\xc2\xa0")
AROUND(between_blanks, " \t ", " \t\r\n")
AROUND(behind_a_byte_order_mark, "\xef\xbb\xbf", "")
AROUND(between_no_break_spaces, "\xc2\xa0", "\xc2\xa0")
AROUND(with_direction_marks, "\xe2\x81\xa8", "\xe2\x81\xa9")
AROUND(in_angle_brackets, "<", ">")
AROUND(quoted, "> ", "\n> \n")
AROUND(with_a_full_stop, "", ".")
AROUND(with_a_question_mark, "", "?")
AROUND(with_a_comma, "", ",")
AROUND(in_brackets, "(", ")")
AROUND(in_quotes, "\"", "\".")
AROUND(in_typographic_quotes, "\xe2\x80\x9c", "\xe2\x80\x9d")
AROUND(in_guillemets, "\xc2\xab\xc2\xa0", "\xc2\xa0\xc2\xbb")
AROUND(in_backticks, "```\n", "\n```")
AROUND(in_a_list, "\xe2\x80\xa2 ", ";")
AROUND(emphasised, "**", "**")

static void in_capitals(const char *text, char *out)
{
	do
		*out++ = (char)toupper((unsigned char)*text);
	while (*text++ != '\0');
}

/* What a form of text cannot take, since it could mean something else. */
enum { CASE = 1, BLANKS = 2 };
static const struct {
	mangle_fn *mangle;
	unsigned changes; /* CASE, BLANKS */
} manglings[] = {
    {as_it_was, 0},
    {wrapped_at_76, 0},
    {wrapped_with_crlf, 0},
    {wrapped_and_quoted, 0},
    {quoted_twice, 0},
    {with_line_separators, 0},
    {with_zero_width_spaces, 0},
    {with_word_joiners, 0},
    {with_soft_hyphens, 0},
    {with_blanks, BLANKS},
    {with_no_break_spaces, BLANKS},
    {between_blanks, 0},
    {behind_a_byte_order_mark, 0},
    {between_no_break_spaces, 0},
    {with_direction_marks, 0},
    {in_angle_brackets, 0},
    {quoted, 0},
    {with_a_full_stop, 0},
    {with_a_question_mark, 0},
    {with_a_comma, 0},
    {in_brackets, 0},
    {in_quotes, 0},
    {in_typographic_quotes, 0},
    {in_guillemets, 0},
    {in_backticks, 0},
    {in_a_list, 0},
    {emphasised, 0},
    {in_capitals, CASE},
};
#define MANGLINGS (sizeof(manglings) / sizeof(manglings[0]))

/* Each reads a text and gives the hash of all that it says. */
static int read_address(const char *text, struct hash *said)
{
	struct uncia_address address;
	int rc = uncia_address_parse(text, &address);
	if (!rc)
		hash1(HASH_RECORD, &address, sizeof(address), said);
	return rc;
}

static int read_id(const char *text, struct hash *said)
{
	struct uncia_payment_id id;
	int rc = uncia_payment_id_parse(text, &id);
	if (!rc)
		hash1(HASH_RECORD, id.b, sizeof(id.b), said);
	return rc;
}

static int read_request(const char *text, struct hash *said)
{
	struct uncia_request request = {.size = sizeof(request)};
	int rc = uncia_request_parse(network_id.b, text, &request);
	if (!rc)
		hash1(HASH_RECORD, &request, sizeof(request), said);
	return rc;
}

static int read_receipt(const char *text, struct hash *said)
{
	uint8_t *bytes;
	size_t size;
	int rc = receipt_parse(&network_id, text, &bytes, &size);
	if (rc)
		return rc;
	hash1(HASH_RECORD, bytes, size, said);
	free(bytes);
	return 0;
}

/* One text of a form. */
struct sample {
	const char *what;
	char text[ROOM / 16];
	int (*read)(const char *text, struct hash *said);
	unsigned cannot_take; /* CASE, BLANKS */
	int error;            /* what it is refused with then */
};

/* Of the form that earlier versions wrote. */
static void sample_old_request(struct sample *s, const char *what, const char *address, uint64_t amount,
                               const char *memo)
{
	struct uncia_request request = {.size = sizeof(request)};
	*s = (struct sample){.what = what, .read = read_request, .error = UNCIA_E_CHANGED};
	s->cannot_take = memo[strcspn(memo, "abcdefghijklmnopqrstuvwxyz")] != '\0' ? CASE : 0;
	s->cannot_take |= memo[0] != '\0' ? BLANKS : 0;
	old_request_text(address, amount, memo, s->text);
	ck_assert_int_eq(uncia_request_parse(network_id.b, s->text, &request), 0);
	ck_assert_str_eq(request.memo, memo);
	ck_assert_uint_eq(request.amount, amount);
}

static int read_notice(const char *text, struct hash *said)
{
	struct uncia_notice notice = {.size = sizeof(notice)};
	int rc = uncia_notice_parse(network_id.b, text, &notice);
	if (!rc)
		hash1(HASH_RECORD, &notice, sizeof(notice), said);
	return rc;
}

static int read_claim(const char *text, struct hash *said)
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	int rc = uncia_claim_parse(network_id.b, text, &claim);
	if (!rc)
		hash1(HASH_RECORD, &claim, sizeof(claim), said);
	return rc;
}

/* The forms of today, which take whatever the others take, and capitals as well. */
static void make_framed_samples(struct sample *samples, const char *address, const struct uncia_payment_id *id)
{
	struct uncia_request request = {
	    .size = sizeof(request), .has_amount = true, .amount = UINT64_C(1250500000), .ends_at = 1900000000};
	struct uncia_notice notice = {.size = sizeof(notice), .id = *id};
	struct uncia_claim claim = {.size = sizeof(claim), .home = {1, 2, 3}, .opening = *id, .seed = {7, 7, 7}};
	uint8_t bytes[700];
	char *receipt;
	strcpy(request.address, address);
	strcpy(request.memo, "rent of May, 50% & more \xe2\x82\xac");
	strcpy(notice.memo, "For the rent.");
	for (size_t i = 0; i < 4; i++)
		samples[i] = (struct sample){.error = UNCIA_E_CHANGED};
	samples[0].what = "request";
	samples[0].read = read_request;
	ck_assert_int_eq(uncia_request_format(network_id.b, &request, samples[0].text), 0);
	samples[1].what = "notice";
	samples[1].read = read_notice;
	ck_assert_int_eq(uncia_notice_format(network_id.b, &notice, samples[1].text), 0);
	samples[2].what = "claim";
	samples[2].read = read_claim;
	ck_assert_int_eq(uncia_claim_format(network_id.b, &claim, samples[2].text), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 251);
	samples[3].what = "receipt";
	samples[3].read = read_receipt;
	ck_assert_int_eq(receipt_format(&network_id, bytes, sizeof(bytes), &receipt), 0);
	strcpy(samples[3].text, receipt);
	free(receipt);
}

#define CHECKED 3 /* the first ones: an address or an id each */
#define FRAMED  10
#define SAMPLES 14
static void make_samples(struct sample samples[SAMPLES])
{
	struct uncia_address address = {.account = {0xc0, 0xff, 0xee, 7, 9}};
	struct uncia_payment_id id;
	uint8_t bytes[700];
	char plain[UNCIA_ADDRESS_TEXT_SIZE], referring[UNCIA_ADDRESS_TEXT_SIZE], *receipt;
	uncia_address_format(&address, plain);
	address.has_reference = true;
	memset(address.reference, 0x5a, sizeof(address.reference));
	uncia_address_format(&address, referring);
	samples[0] = (struct sample){.what = "address", .read = read_address, .error = UNCIA_E_ADDRESS};
	samples[1] = (struct sample){.what = "reference", .read = read_address, .error = UNCIA_E_ADDRESS};
	strcpy(samples[0].text, plain);
	strcpy(samples[1].text, referring);
	samples[2] = (struct sample){.what = "id", .read = read_id, .error = UNCIA_E_ARGUMENT};
	for (size_t i = 0; i < sizeof(id.b); i++)
		id.b[i] = (uint8_t)(i * 37 + 11);
	uncia_payment_id_format(&id, samples[2].text);
	sample_old_request(&samples[3], "payee", plain, 0, "");
	sample_old_request(&samples[4], "amount", referring, UINT64_C(1250500000), "");
	sample_old_request(&samples[5], "memo", plain, UINT64_C(500000), "rent of May, 50% & more \xe2\x82\xac");
	sample_old_request(&samples[6], "full stop", plain, 0, "For the rent.");
	sample_old_request(&samples[7], "marks", plain, 7, "2024-_~");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 251);
	for (size_t i = 8; i < FRAMED; i++) {
		/* One ends in '-' and one in '_', which are marks elsewhere. */
		samples[i] = (struct sample){
		    .what = "old receipt", .read = read_receipt, .cannot_take = CASE, .error = UNCIA_E_CHANGED};
		memset(bytes + sizeof(bytes) - 4, i == 8 ? 0xff : 0xfb, 4);
		bytes[sizeof(bytes) - 1] = i == 8 ? 0xff : 0xfe;
		receipt = old_receipt_text(bytes, sizeof(bytes) - 1);
		strcpy(samples[i].text, receipt);
		free(receipt);
	}
	make_framed_samples(samples + FRAMED, referring, &id);
}

static void check_read(const struct sample *s, const char *text, unsigned changes)
{
	struct hash meant = {{0}}, said = {{0}};
	ck_assert_int_eq(s->read(s->text, &meant), 0);
	int rc = s->read(text, &said);
	if ((changes & s->cannot_take) == 0) {
		ck_assert_msg(rc == 0, "%s: %d for %s", s->what, rc, text);
		ck_assert_mem_eq(said.b, meant.b, HASH_SIZE);
	} else if (rc != 0) {
		ck_assert_msg(rc == s->error, "%s: %d for %s", s->what, rc, text);
	} else {
		/* A blank that fell next to a line end, or into an escape's place: nothing was lost. */
		ck_assert_msg((changes & s->cannot_take & CASE) == 0, "%s: took %s", s->what, text);
		ck_assert_mem_eq(said.b, meant.b, HASH_SIZE);
	}
}

START_TEST(every_form_is_read_through_every_two_manglings)
{
	static struct sample samples[SAMPLES];
	static char once[ROOM], twice[ROOM];
	make_samples(samples);
	for (size_t s = 0; s < SAMPLES; s++) {
		for (size_t i = 0; i < MANGLINGS; i++) {
			manglings[i].mangle(samples[s].text, once);
			for (size_t j = 0; j < MANGLINGS; j++) {
				manglings[j].mangle(once, twice);
				check_read(&samples[s], twice, manglings[i].changes | manglings[j].changes);
			}
		}
	}
}
END_TEST

/* A text whose beginning was changed is of no kind. */
static void check_refused(const struct sample *s, const char *bad, size_t place)
{
	struct hash said;
	int rc = s->read(bad, &said);
	ck_assert_msg(rc == s->error || (place < 15 && (rc == UNCIA_E_ENCODING || rc == UNCIA_E_ADDRESS)),
	              "%s: %d for %s", s->what, rc, bad);
}

/* Of the forms with a checksum, or one length, none is read with a character missing, another or doubled. */
START_TEST(what_changes_the_meaning_is_refused)
{
	static struct sample samples[SAMPLES];
	char bad[ROOM / 16];
	make_samples(samples);
	for (size_t s = 0; s < SAMPLES; s++) {
		size_t size = strlen(samples[s].text);
		if (s >= CHECKED && s < FRAMED)
			continue;
		for (size_t i = 0; i < size; i++) {
			memcpy(bad, samples[s].text, size + 1);
			memmove(bad + i, bad + i + 1, size - i);
			check_refused(&samples[s], bad, i);
			memcpy(bad, samples[s].text, i + 1);
			strcpy(bad + i + 1, samples[s].text + i);
			check_refused(&samples[s], bad, i);
			strcpy(bad, samples[s].text);
			bad[i] = '@';
			check_refused(&samples[s], bad, i);
		}
	}
}
END_TEST

START_TEST(other_characters_than_those_that_are_dropped_are_a_change)
{
	static struct sample samples[SAMPLES];
	static const char *const foreign[] = {"\xc3\xa9", "\xe2\x80\xa6", "\xe2\x80\x94", "\xff",        "\xc2",
	                                      "\x1b",     "\xd0\xb0",     "\x02",         "\xef\xbf\xbd"};
	struct hash said;
	char bad[ROOM / 8];
	make_samples(samples);
	for (size_t s = 0; s < SAMPLES; s++) {
		size_t size = strlen(samples[s].text);
		for (size_t f = 0; f < sizeof(foreign) / sizeof(foreign[0]); f++) {
			for (size_t place = 0; place < 3; place++) {
				size_t at = place == 0 ? 0 : place == 1 ? size / 2 : size;
				strcpy(stpcpy(stpncpy(bad, samples[s].text, at), foreign[f]), samples[s].text + at);
				int rc = samples[s].read(bad, &said);
				ck_assert_msg(rc == samples[s].error || (place == 0 && rc == UNCIA_E_ENCODING),
				              "%s: %d for %s", samples[s].what, rc, bad);
			}
		}
		/* A mark outside of ASCII is no mark inside. */
		strcpy(stpcpy(stpncpy(bad, samples[s].text, size / 2), "\xe2\x80\x9c"), samples[s].text + size / 2);
		ck_assert_int_eq(samples[s].read(bad, &said), samples[s].error);
	}
}
END_TEST

START_TEST(a_request_says_no_other_amount_where_it_was_cut_at_the_point)
{
	static const char address[] = "uncia:%s?amount=%s";
	static const struct {
		const char *amount;
		int error;
	} amounts[] = {{"1250.", UNCIA_E_CHANGED},  {"1250.5", 0}, {"1250.5.", 0},         {"1250.50..", 0},
	               {"1250..", UNCIA_E_CHANGED}, {"1250", 0},   {".", UNCIA_E_CHANGED}, {".5", UNCIA_E_AMOUNT},
	               {"", UNCIA_E_CHANGED}};
	struct uncia_address to = {.account = {1}};
	char plain[UNCIA_ADDRESS_TEXT_SIZE], text[256];
	struct uncia_request request = {.size = sizeof(request)};
	uncia_address_format(&to, plain);
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		snprintf(text, sizeof(text), address, plain, amounts[i].amount);
		ck_assert_msg(uncia_request_parse(network_id.b, text, &request) == amounts[i].error, "%s", text);
	}
}
END_TEST

/* A list of requests, a time or a number in the next line, a column beside it. */
START_TEST(a_request_asks_for_no_other_amount_where_numbers_follow_it)
{
	static const struct {
		const char *amount, *behind;
		uint64_t micro; /* 0: refused */
	} texts[] = {{"5", "", 5000000},
	             {"5", "\n", 5000000},
	             {"5", "\n)", 5000000},
	             {"5", "\n2)", 0},
	             {"5", "\r\n> 2.", 0},
	             {"5", " 20", 0},
	             {"5", "|20|", 0},
	             {"5", ">2", 0},
	             {"5",
	              "\xc2\xa0"
	              "2",
	              0},
	             {"1.25", "\n5", 0},
	             {"1.250000", "\n5", 0},
	             {"1250.5", "00\n000", UINT64_C(1250500000)},
	             {"1\n250.500000", "\n", UINT64_C(1250500000)}};
	struct uncia_address to = {.account = {1}};
	char plain[UNCIA_ADDRESS_TEXT_SIZE], text[256];
	uncia_address_format(&to, plain);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (int memo = 0; memo < 2; memo++) {
			struct uncia_request request = {.size = sizeof(request)};
			snprintf(text, sizeof(text), "uncia:%s?amount=%s%s%s", plain, texts[i].amount, texts[i].behind,
			         memo ? "&memo=x" : "");
			int rc = uncia_request_parse(network_id.b, text, &request);
			ck_assert_msg((rc == 0) == (texts[i].micro != 0 && !(memo && strchr(texts[i].behind, ')'))),
			              "%s: %d", text, rc);
			ck_assert(rc != 0 || request.amount == texts[i].micro);
		}
	}
}
END_TEST

START_TEST(a_text_is_told_by_its_beginning)
{
	static const enum uncia_text_kind framed[] = {UNCIA_TEXT_REQUEST, UNCIA_TEXT_NOTICE, UNCIA_TEXT_CLAIM,
	                                              UNCIA_TEXT_RECEIPT};
	static struct sample samples[SAMPLES];
	static char mangled[ROOM];
	static const struct {
		const char *text;
		enum uncia_text_kind kind;
	} others[] = {{"", UNCIA_TEXT_NONE},
	              {"unc", UNCIA_TEXT_NONE},
	              {"uncia-receipt-1.txt", UNCIA_TEXT_NONE},
	              {"uncia-receipt-:", UNCIA_TEXT_NONE},
	              {"./uncia-receipt-1:", UNCIA_TEXT_NONE},
	              {"Uncia-Receipt-12:", UNCIA_TEXT_RECEIPT},
	              {"UNCIA:", UNCIA_TEXT_REQUEST},
	              {"@uncia:", UNCIA_TEXT_NONE}};
	make_samples(samples);
	for (size_t s = 0; s < SAMPLES; s++) {
		for (size_t i = 0; i < MANGLINGS; i++) {
			manglings[i].mangle(samples[s].text, mangled);
			ck_assert_int_eq(uncia_text_kind(mangled), s < 2    ? UNCIA_TEXT_ADDRESS
			                                           : s == 2 ? UNCIA_TEXT_NONE
			                                           : s < 8  ? UNCIA_TEXT_REQUEST
			                                           : s < 10 ? UNCIA_TEXT_RECEIPT
			                                                    : framed[s - FRAMED]);
		}
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_int_eq(uncia_text_kind(others[i].text), others[i].kind);
	ck_assert_int_eq(uncia_text_kind(NULL), UNCIA_TEXT_NONE);
}
END_TEST

UNIT_MAIN("mangling", every_form_is_read_through_every_two_manglings, what_changes_the_meaning_is_refused,
          other_characters_than_those_that_are_dropped_are_a_change,
          a_request_says_no_other_amount_where_it_was_cut_at_the_point,
          a_request_asks_for_no_other_amount_where_numbers_follow_it, a_text_is_told_by_its_beginning)
