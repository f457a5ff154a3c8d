/* Small files, read whole and written durably: keys, genesis, configuration. Each function that returns an int returns
 * an exit code, and has said on standard error what failed. Threads: the command's. */
#ifndef FILES_H
#define FILES_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* "directory/name" into path; it fails where that is too long. */
int path_join(const char *directory, const char *name, char path[PATH_MAX]);
/* Whether there is something of this name, whatever it is. */
bool path_exists(const char *path);
/* Makes a directory that only its owner may enter; one that exists is left as it is. Durable. */
int directory_make(const char *path);

/* Reads a regular file of at most size_max bytes. secret: it fails where the file's group or others may touch it
 * (0077). Owns: *bytes is the caller's, to free, with a NUL behind the last byte. */
int file_read(const char *path, size_t size_max, bool secret, uint8_t **bytes, size_t *size);
/* Makes a new file, whole or not at all, even across a power cut: it is written beside its name, synced and linked to
 * it, and the directory is synced. A file that exists is a failure, and is left as it is. */
int file_create(const char *path, mode_t mode, const void *bytes, size_t size);

/* Removes a file, durably; one that is not there is no failure. */
int file_remove(const char *path);

/* A file in the making: a text in memory, printed to `stream`. */
struct text_file {
	FILE *stream; /* NULL: not begun, or ended */
	char *text;
	size_t size;
};
/* On 0, text_end follows. */
int text_begin(struct text_file *t);
/* Makes a file of the text that anybody may read, as file_create does, or (replace) in the place of a file of that
 * name. Frees the text, also where it fails.
 */
int text_end(struct text_file *t, const char *path, bool replace);

#endif
