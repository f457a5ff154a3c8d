/* Passphrases and recovery words: from a file, from the terminal. The caller wipes what it gets. */
#ifndef SECRET_H
#define SECRET_H
#include "command.h"

#define PASSPHRASE_SIZE  1024 /* NUL included */
#define WORDS_INPUT_SIZE 1024

/* From the file that $UNCIA_PASSPHRASE_FILE names (its first line), or asked for on the terminal; twice where it is a
 * new one. Returns an exit code. */
int passphrase_get(bool is_new, char passphrase[PASSPHRASE_SIZE]);

/* Recovery words: from a file, or with path NULL from the terminal or standard input; checked, and the mistaken word is
 * named. Returns an exit code. */
int words_get(const char *path, char words[WORDS_INPUT_SIZE]);

#endif
