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

/* A secret text: of standard input, all of it; or, with a prompt, of the terminal, where there is one. name: what it
 * is, for messages. Returns an exit code. */
int secret_line_get(const char *prompt, const char *name, char *text, size_t capacity);
/* 32 bytes as 64 hexadecimal digits, of a file, or of standard input for "-". Returns an exit code. */
int secret_bytes_get(const char *path, const char *name, uint8_t bytes[32]);

#endif
