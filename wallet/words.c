/* Recovery words. The key that is derived from them is keyfile.c's business. */
#include "words.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "clean.h"
#include "missing.h"
#include "utf8.h"

#define WORD_BITS         11
#define PBKDF2_ROUNDS     2048
#define WORDS_PREFIX_SIZE 4 /* letters that no two words of the list begin with alike */

static unsigned bit_at(const uint8_t *bytes, size_t bit)
{
	return bytes[bit / 8] >> (7 - bit % 8) & 1;
}

void words_from_entropy(const uint8_t *entropy, size_t entropy_size, char words[UNCIA_WORDS_TEXT_SIZE])
{
	uint8_t bits[WORDS_ENTROPY_MAX + crypto_hash_sha256_BYTES];
	size_t count = entropy_size * 8 * 33 / 32 / WORD_BITS;
	char *at = words;
	assert(entropy_size == 16 || entropy_size == 32);
	memcpy(bits, entropy, entropy_size);
	/* BIP-39: the checksum, the first entropy/32 bits of the SHA-256, follows the entropy. */
	crypto_hash_sha256(bits + entropy_size, entropy, entropy_size);
	for (size_t i = 0; i < count; i++) {
		unsigned index = 0;
		for (size_t b = 0; b < WORD_BITS; b++)
			index = index << 1 | bit_at(bits, i * WORD_BITS + b);
		if (i != 0)
			*at++ = ' ';
		assert(index < WORDS_ENGLISH_COUNT);
		at = stpcpy(at, words_english[index]);
	}
	sodium_memzero(bits, sizeof(bits));
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Takes one character off *text: '\0' at its end, a lower-case letter, ' ' for all that may stand between words, or '?'
 * for what may not stand in one. Skips what nobody sees. */
static char next_letter(const char **text)
{
	uint32_t c;
	while (**text != '\0') {
		if (!utf8_next(text, &c)) {
			(*text)++;
			return '?';
		}
		if (utf8_is_unseen(c))
			continue;
		if (is_letter(c))
			return (char)(c | 0x20);
		return c < 0x80 || utf8_is_blank(c) || clean_is_mark(c) ? ' ' : '?';
	}
	return '\0';
}

/* The index of a word of the list, or of the one word that begins so, with four letters or more; -1 for none. */
static int find_word(const char *word, size_t size)
{
	int first = 0, end = WORDS_ENGLISH_COUNT;
	/* The first word that is not below it: itself, or one that it begins. */
	while (first < end) {
		int middle = (first + end) / 2;
		if (strcmp(words_english[middle], word) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == WORDS_ENGLISH_COUNT || size == 0)
		return -1;
	bool whole = strcmp(words_english[first], word) == 0;
	return whole || (size >= WORDS_PREFIX_SIZE && strncmp(words_english[first], word, size) == 0) ? first : -1;
}

/* Takes the next word off *text. Returns its index in the list, -1 where it is none of it, -2 at the end. */
static int next_word(const char **text)
{
	char word[WORDS_ENGLISH_SIZE] = "", c;
	size_t size = 0;
	bool wrong = false;
	while ((c = next_letter(text)) == ' ')
		;
	if (c == '\0')
		return -2;
	for (; c != ' ' && c != '\0'; c = next_letter(text)) {
		wrong |= c == '?' || size == sizeof(word) - 1;
		if (!wrong)
			word[size++] = c;
	}
	word[size] = '\0';
	int index = wrong ? -1 : find_word(word, size);
	sodium_memzero(word, sizeof(word));
	return index;
}

int words_to_entropy(const char *words, uint8_t entropy[WORDS_ENTROPY_MAX], size_t *entropy_size)
{
	uint8_t bits[WORDS_ENTROPY_MAX + 1] = {0}, digest[crypto_hash_sha256_BYTES];
	size_t count = 0;
	int index, rc = UNCIA_E_WORDS;
	while ((index = next_word(&words)) >= 0 && count < 24) {
		for (size_t b = 0; b < WORD_BITS; b++)
			if ((unsigned)index >> (WORD_BITS - 1 - b) & 1)
				bits[(count * WORD_BITS + b) / 8] |= (uint8_t)(0x80 >> (count * WORD_BITS + b) % 8);
		count++;
	}
	if (index == -2 && (count == 12 || count == 24)) {
		size_t size = count * 4 / 3;
		crypto_hash_sha256(digest, bits, size);
		uint8_t mask = (uint8_t)(0xff << (8 - size / 4));
		if ((digest[0] & mask) == bits[size]) {
			memcpy(entropy, bits, size);
			*entropy_size = size;
			rc = 0;
		}
	}
	sodium_memzero(bits, sizeof(bits));
	sodium_memzero(digest, sizeof(digest));
	return rc;
}

void words_seed(const char *words, const char *passphrase, uint8_t seed[WORDS_SEED_SIZE])
{
	static const char prefix[] = "mnemonic";
	static const uint8_t block_one[4] = {0, 0, 0, 1};
	crypto_auth_hmacsha512_state keyed, state;
	uint8_t round[WORDS_SEED_SIZE];
	crypto_auth_hmacsha512_init(&keyed, (const uint8_t *)words, strlen(words));
	state = keyed;
	crypto_auth_hmacsha512_update(&state, (const uint8_t *)prefix, sizeof(prefix) - 1);
	crypto_auth_hmacsha512_update(&state, (const uint8_t *)passphrase, strlen(passphrase));
	crypto_auth_hmacsha512_update(&state, block_one, sizeof(block_one));
	crypto_auth_hmacsha512_final(&state, round);
	memcpy(seed, round, sizeof(round));
	for (int i = 1; i < PBKDF2_ROUNDS; i++) {
		state = keyed;
		crypto_auth_hmacsha512_update(&state, round, sizeof(round));
		crypto_auth_hmacsha512_final(&state, round);
		for (size_t b = 0; b < sizeof(round); b++)
			seed[b] ^= round[b];
	}
	sodium_memzero(&keyed, sizeof(keyed));
	sodium_memzero(&state, sizeof(state));
	sodium_memzero(round, sizeof(round));
}

int uncia_words_check(const char *words)
{
	uint8_t entropy[WORDS_ENTROPY_MAX];
	size_t size;
	if (!words)
		return UNCIA_E_ARGUMENT;
	int rc = words_to_entropy(words, entropy, &size);
	sodium_memzero(entropy, sizeof(entropy));
	return rc;
}

int uncia_words_examine(const char *words, unsigned *count, unsigned *unknown)
{
	int index;
	if (!words || !count || !unknown)
		return UNCIA_E_ARGUMENT;
	const char *at = words;
	*count = *unknown = 0;
	while ((index = next_word(&at)) != -2) {
		++*count;
		if (index < 0 && *unknown == 0)
			*unknown = *count;
	}
	return uncia_words_check(words);
}

int uncia_word_check(const char *word)
{
	if (!word)
		return UNCIA_E_ARGUMENT;
	if (next_word(&word) < 0)
		return UNCIA_E_WORDS;
	return next_word(&word) == -2 ? 0 : UNCIA_E_WORDS;
}
