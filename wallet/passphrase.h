/* Passphrases as one text, however a keyboard or a system composes its letters (docs/spec/texts.md, "Passphrases").
 * Threads: any. */
#ifndef PASSPHRASE_H
#define PASSPHRASE_H

/* Prepares a passphrase: without a byte order mark in front, every space as U+0020, in normalisation form C. One that
 * is not UTF-8, or has characters that this Unicode does not know, is taken as it is. Returns 0 or UNCIA_E_MEMORY.
 * Owns: *prepared, NUL-terminated, is the caller's: passphrase_free, which wipes it. */
int passphrase_prepare(const char *given, char **prepared);
void passphrase_free(char *prepared);

#endif
