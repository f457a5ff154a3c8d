/* HOME/backup.note: the note that a copy of a home carries, which unciad backup made: of whose home, when, up to which
 * final block. A home that has it was restored, and its journal may have lost votes. Each function that returns an int
 * returns an exit code, and has said on standard error what failed. Threads: the command's. */
#ifndef BACKUP_NOTE_H
#define BACKUP_NOTE_H
#include "home.h"

struct backup_note {
	char made[40];   /* when, as clocks_format writes it */
	uint64_t height; /* of the newest final block */
	bool running;    /* the validator ran while it was made */
	uint8_t consensus_key[PUBLIC_KEY_SIZE], network_key[32];
};

/* Whether there is one, readable or not. */
bool backup_note_exists(const char *home);
/* Reads it. EXIT_MISMATCH where it is none. */
int backup_note_read(const char *home, struct backup_note *note);
/* Writes it into a directory that has none. */
int backup_note_write(const char *home, const struct backup_note *note);
/* Says on standard error, at the start of a home that was restored, what it will ask before it votes; of a note that is
 * none, that it is none. */
void backup_note_warn(const struct home *home);

#endif
