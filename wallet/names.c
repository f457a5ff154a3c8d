/* Names by utf8proc and the table of look-alikes: see names.h. */
#include "names.h"
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include "confusables.h"
#include "missing.h"
#include "utf8.h"

#define CHARACTERS_MAX 1024
#define GIVEN_SIZE_MAX 1024 /* bytes, before normalisation */
#define NORMAL_FORM_KC (UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE)
#define NORMAL_FORM_KD (UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE)

#define ZERO_WIDTH_NON_JOINER   0x200c
#define ZERO_WIDTH_JOINER       0x200d
#define ENCLOSING_KEYCAP        0x20e3
#define BRAILLE_BLANK           0x2800
#define VARIATION_SELECTOR_TEXT 0xfe0e
#define VARIATION_SELECTOR_16   0xfe0f
#define VIRAMA_CLASS            9
#define ADDRESS_LENGTH          40 /* a little less than the shortest */

/* ---- what a name may be ---------------------------------------------------------------------- */

/* A name's characters, and the one that is looked at. */
struct reader {
	utf8proc_int32_t at[CHARACTERS_MAX];
	size_t count, i;
};

static bool is_pictograph(utf8proc_int32_t c)
{
	return utf8proc_get_property(c)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_arabic_letter(utf8proc_int32_t c)
{
	return c >= 0x620 && c <= 0x77f && utf8proc_category(c) == UTF8PROC_CATEGORY_LO;
}

/* The character before this one, past selectors and skin tones; 0 where there is none. */
static utf8proc_int32_t character_before(const struct reader *r)
{
	size_t i = r->i;
	while (i != 0 &&
	       (r->at[i - 1] == VARIATION_SELECTOR_16 || (r->at[i - 1] >= 0x1f3fb && r->at[i - 1] <= 0x1f3ff)))
		i--;
	return i != 0 ? r->at[i - 1] : 0;
}

/* Whether a character that shows nothing by itself changes here how others are drawn: in emoji, behind a virama,
 * between Arabic letters. */
static bool is_seen_here(const struct reader *r)
{
	utf8proc_int32_t c = r->at[r->i], last = character_before(r), next = r->i + 1 < r->count ? r->at[r->i + 1] : 0;
	switch (c) {
	case VARIATION_SELECTOR_TEXT:
	case VARIATION_SELECTOR_16:
		return r->i != 0 && (is_pictograph(r->at[r->i - 1]) ||
		                     (next == ENCLOSING_KEYCAP && last < 0x80 && strchr("0123456789#*", last)));
	case ZERO_WIDTH_JOINER:
		return (is_pictograph(last) && is_pictograph(next)) ||
		       (last != 0 && utf8proc_get_property(last)->combining_class == VIRAMA_CLASS);
	case ZERO_WIDTH_NON_JOINER:
		return (last != 0 && utf8proc_get_property(last)->combining_class == VIRAMA_CLASS) ||
		       (is_arabic_letter(last) && is_arabic_letter(next));
	default:
		return false;
	}
}

/* NULL, or what is wrong with the character that is looked at. */
static const char *character_fault(const struct reader *r)
{
	utf8proc_int32_t c = r->at[r->i];
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return "a control character";
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
		return "a character without a meaning that this version knows";
	case UTF8PROC_CATEGORY_CF:
		return is_seen_here(r) ? NULL : "a character that nobody sees";
	default:
		if (c == BRAILLE_BLANK || (utf8proc_get_property(c)->ignorable && !is_seen_here(r)))
			return "a character that nobody sees";
		return NULL;
	}
}

static bool is_space(utf8proc_int32_t c)
{
	return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
}

static bool is_combining(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

static int name_refuse(char why[UNCIA_WHY_SIZE], const char *reason)
{
	snprintf(why, UNCIA_WHY_SIZE, "%s", reason);
	return UNCIA_E_ARGUMENT;
}

static int check_characters(struct reader *r, char why[UNCIA_WHY_SIZE])
{
	if (r->count == 0)
		return name_refuse(why, "it is empty");
	if (is_space(r->at[0]) || is_space(r->at[r->count - 1]))
		return name_refuse(why, "it begins or ends with a blank");
	if (is_combining(r->at[0]))
		return name_refuse(why, "it begins with a mark that belongs on a letter");
	for (r->i = 0; r->i < r->count; r->i++) {
		const char *fault = character_fault(r);
		if (!fault)
			continue;
		snprintf(why, UNCIA_WHY_SIZE, "it holds %s, U+%04X", fault, (unsigned)r->at[r->i]);
		return UNCIA_E_ARGUMENT;
	}
	return 0;
}

/* Whether it would be taken for an address, a request or an id where a name is expected, or the other way round. */
static bool reads_as_address(const char *name)
{
	struct uncia_payment_id id;
	struct name_keys keys;
	if (uncia_text_kind(name) != UNCIA_TEXT_NONE || uncia_payment_id_parse(name, &id) == 0)
		return true;
	name_keys_make(name, &keys);
	/* "unc1" as it looks. */
	return strncmp(keys.folded, "uncl", 4) == 0 && !strchr(keys.folded, ' ') &&
	       strlen(keys.folded) >= ADDRESS_LENGTH;
}

/* The characters of a text in normalisation form KC. */
static int read_characters(const char *given, struct reader *r, char why[UNCIA_WHY_SIZE])
{
	utf8proc_int32_t text[CHARACTERS_MAX + 1];
	if (strnlen(given, GIVEN_SIZE_MAX + 1) > GIVEN_SIZE_MAX)
		return name_refuse(why, "it is longer than 64 bytes");
	utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)given, (utf8proc_ssize_t)strlen(given),
	                                            text, CHARACTERS_MAX, NORMAL_FORM_KC);
	if (count < 0)
		return name_refuse(why, "it is not UTF-8");
	if (count > CHARACTERS_MAX)
		return name_refuse(why, "it is longer than 64 bytes");
	count = utf8proc_normalize_utf32(text, count, NORMAL_FORM_KC);
	memcpy(r->at, text, (size_t)count * sizeof(*text));
	r->count = (size_t)count;
	return 0;
}

bool name_is_seen(const char *text)
{
	struct reader r = {.count = 0};
	char why[UNCIA_WHY_SIZE];
	return !read_characters(text, &r, why) && !check_characters(&r, why);
}

int name_prepare(const char *given, char name[UNCIA_CONTACT_NAME_SIZE], char why[UNCIA_WHY_SIZE])
{
	struct reader r = {.count = 0};
	utf8proc_int32_t text[CHARACTERS_MAX + 1];
	int rc = read_characters(given, &r, why);
	if (!rc)
		rc = check_characters(&r, why);
	if (rc)
		return rc;
	/* Writes the text over the characters. */
	memcpy(text, r.at, r.count * sizeof(*text));
	utf8proc_ssize_t size = utf8proc_reencode(text, (utf8proc_ssize_t)r.count, NORMAL_FORM_KC);
	if (size < 0 || size >= UNCIA_CONTACT_NAME_SIZE)
		return name_refuse(why, "it is longer than 64 bytes");
	memcpy(name, text, (size_t)size);
	name[size] = '\0';
	return reads_as_address(name) ? name_refuse(why, "it reads as an address, a request or an id") : 0;
}

/* ---- which names look alike ------------------------------------------------------------------ */

/* What a character is drawn like, or NULL where it looks like itself. */
static const char *confusable_find(utf8proc_int32_t c)
{
	size_t first = 0, end = confusable_count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (confusable_from[middle] < (uint32_t)c)
			first = middle + 1;
		else
			end = middle;
	}
	return first < confusable_count && confusable_from[first] == (uint32_t)c
	           ? confusable_text + confusable_at[first]
	           : NULL;
}

/* One pass over a key, in place: normalisation form KD (with case folding where asked for), without what nobody sees,
 * with one blank for many, and each character as what it is drawn like (where asked for). */
static void key_pass(char key[NAME_KEY_SIZE], bool fold, bool draw)
{
	utf8proc_int32_t characters[CHARACTERS_MAX];
	int options = NORMAL_FORM_KD | (fold ? UTF8PROC_CASEFOLD : 0);
	utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)key, (utf8proc_ssize_t)strlen(key),
	                                            characters, CHARACTERS_MAX, (utf8proc_option_t)options);
	size_t size = 0;
	if (count < 0 || count > CHARACTERS_MAX)
		return;
	for (utf8proc_ssize_t i = 0; i < count; i++) {
		utf8proc_uint8_t own[5] = {0};
		const char *drawn = draw ? confusable_find(characters[i]) : NULL;
		if (characters[i] == ' ' && i != 0 && characters[i - 1] == ' ')
			continue;
		if (!drawn) {
			utf8proc_encode_char(characters[i], own);
			drawn = (const char *)own;
		}
		if (size + strlen(drawn) >= NAME_KEY_SIZE)
			break;
		size = (size_t)(stpcpy(key + size, drawn) - key);
	}
	key[size] = '\0';
}

void name_keys_make(const char *name, struct name_keys *keys)
{
	snprintf(keys->drawn, sizeof(keys->drawn), "%s", name);
	snprintf(keys->folded, sizeof(keys->folded), "%s", name);
	key_pass(keys->drawn, false, true);
	key_pass(keys->drawn, true, true);
	key_pass(keys->drawn, false, false);
	key_pass(keys->folded, true, true);
	key_pass(keys->folded, false, false);
}

bool name_keys_alike(const struct name_keys *a, const struct name_keys *b)
{
	return strcmp(a->drawn, b->drawn) == 0 || strcmp(a->folded, b->folded) == 0;
}
