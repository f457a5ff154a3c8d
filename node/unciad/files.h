/* Small files, read whole and written durably: keys, genesis, configuration. Each returns an exit code and has
 * said on standard error what failed. */
#ifndef FILES_H
#define FILES_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* "directory/name", refused where it is too long. */
int path_join(const char *directory, const char *name, char path[PATH_MAX]);
bool path_exists(const char *path);
/* Makes a directory that only its owner may enter; one that exists is left as it is. Durable. */
int directory_make(const char *path);

/* A regular file of at most size_max bytes. secret: refused where its group or others may touch it (0077).
 * Owns: *bytes is the caller's, with a NUL behind the last byte. */
int file_read(const char *path, size_t size_max, bool secret, uint8_t **bytes, size_t *size);
/* A new file, whole or not at all, even across a power cut: written beside it, synced, linked to its name,
 * the directory synced. Never writes over a file: that is a failure. */
int file_create(const char *path, mode_t mode, const void *bytes, size_t size);
/* The same, in the place of the file of that name where there is one. */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t size);

/* A text in the making, in memory: what is printed to its stream becomes a file that anybody may read, new or in the
 * place of one, as above. */
struct text_file {
	FILE *stream;
	char *text;
	size_t size;
};
int text_begin(struct text_file *t);
/* Also where it fails, nothing is left of it in memory. */
int text_end(struct text_file *t, const char *path, bool replace);

#endif
