/* Files that a command writes for its user: new ones only, over none. */
#ifndef NEW_FILE_H
#define NEW_FILE_H
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Makes a file that must not exist yet, with this mode, and has it filled: write returns whether all went well. Where
 * anything fails the file is removed again. Returns an exit code; what is wrong has been said. */
int new_file_write(const char *path, mode_t mode, bool (*write)(FILE *file, const void *what), const void *what);

#endif
