/* Receipts and expiries as they are given to a verb. */
#ifndef PROOF_TEXT_H
#define PROOF_TEXT_H
#include "command.h"

/* The text itself, a file that holds it, or standard input for "-". Returns an exit code. Owns: free(*text). */
int proof_text_read(const char *given, char **text);

#endif
