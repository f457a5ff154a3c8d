/* Recovery words: BIP-39 with the English list, 12 or 24 words (docs/spec/wallet.md, "Keys"). */
#ifndef WORDS_H
#define WORDS_H
#include <stddef.h>
#include <stdint.h>
#include <uncia/uncia.h>

#define WORDS_ENGLISH_COUNT 2048
#define WORDS_ENGLISH_SIZE  9 /* NUL included */
#define WORDS_ENTROPY_MAX   32
#define WORDS_SEED_SIZE     64
extern const char words_english[WORDS_ENGLISH_COUNT][WORDS_ENGLISH_SIZE];

/* entropy_size: 16 or 32. */
void words_from_entropy(const uint8_t *entropy, size_t entropy_size, char words[UNCIA_WORDS_TEXT_SIZE]);
/* As somebody wrote them down (texts 11.6): any case, whole or their first four letters, with white space, numbers and
 * punctuation between. Returns 0 or UNCIA_E_WORDS. */
int words_to_entropy(const char *words, uint8_t entropy[WORDS_ENTROPY_MAX], size_t *entropy_size);
/* PBKDF2-HMAC-SHA512, 2048 rounds, salt "mnemonic" ‖ passphrase. words as words_from_entropy writes them. */
void words_seed(const char *words, const char *passphrase, uint8_t seed[WORDS_SEED_SIZE]);

#endif
