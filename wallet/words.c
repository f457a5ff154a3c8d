/* Recovery words. The key that is derived from them is keyfile.c's business. */
#include "words.h"
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#define WORD_BITS     11
#define PBKDF2_ROUNDS 2048

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

static int compare_word(const void *key, const void *entry)
{
	return strcmp(key, entry);
}

/* Takes the next word off *text, in lower case. Returns its index, -1 where it is none of the list, -2 at the end. */
static int next_word(const char **text)
{
	char word[WORDS_ENGLISH_SIZE];
	size_t size = 0;
	const char *p = *text;
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '\0')
		return -2;
	for (; *p != '\0' && !isspace((unsigned char)*p); p++) {
		if (size == sizeof(word) - 1)
			return -1;
		word[size++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	}
	word[size] = '\0';
	*text = p;
	const char *found = bsearch(word, words_english, WORDS_ENGLISH_COUNT, WORDS_ENGLISH_SIZE, compare_word);
	sodium_memzero(word, sizeof(word));
	return found ? (int)((found - words_english[0]) / WORDS_ENGLISH_SIZE) : -1;
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

int uncia_word_check(const char *word)
{
	if (!word)
		return UNCIA_E_ARGUMENT;
	if (next_word(&word) < 0)
		return UNCIA_E_WORDS;
	return next_word(&word) == -2 ? 0 : UNCIA_E_WORDS;
}
