/* Files that operators' lines and agreements are handed around in: one text or several in each, as mails and chats have
 * left them (docs/spec/texts.md §13). Each function returns an exit code, and has said on standard error what failed,
 * and with which file. Threads: the command's. */
#ifndef FOUNDING_FILES_H
#define FOUNDING_FILES_H
#include "endpoint.h"
#include "founding.h"

#define LINE_FILE "line" /* in a home: what its operator has stated */

/* Lines whose proofs hold, in the order of their files; no consensus key twice. All zeros: none. */
struct operator_lines {
	struct operator_line *items; /* owned: operator_lines_free */
	size_t count;
};
/* Adds those of a file. EXIT_USAGE for what is no line, was changed on its way, or is there twice; EXIT_MISMATCH for
 * one whose proofs do not hold; EXIT_FAILED for a file that cannot be read. */
int operator_lines_read(struct operator_lines *lines, const char *path);
/* That of a consensus key, or NULL. */
const struct operator_line *operator_lines_find(const struct operator_lines *lines,
                                                const uint8_t consensus_key[PUBLIC_KEY_SIZE]);
/* Where the validator of a line listens. */
void operator_line_endpoint(const struct operator_line *line, struct endpoint *endpoint);
/* Frees them. */
void operator_lines_free(struct operator_lines *lines);

/* Agreements as they were read; nothing is known of their signatures. All zeros: none. */
struct agreements {
	struct agreement *items; /* owned: agreements_free */
	size_t count;
};
/* Adds those of a file, with exit codes as above. */
int agreements_read(struct agreements *agreements, const char *path);
/* Frees them. */
void agreements_free(struct agreements *agreements);

#endif
