/* The explorer's page, which is part of the program, and the browser build of libuncia, which is read from its folder
 * once. Threads: any, once they are read. */
#ifndef FILES_SERVED_H
#define FILES_SERVED_H
#include "canonical.h"

struct served_file {
	char path[80]; /* "/explorer.js" */
	const char *type;
	struct bytes content;
};

struct served_files;

/* The page, and where `libuncia` is not NULL all modules and WebAssembly in that folder, as /lib/NAME. Returns an exit
 * code, having said what is wrong. Owns: served_files_free. */
int served_files_read(const char *libuncia, struct served_files **files);
/* NULL does nothing. */
void served_files_free(struct served_files *files);
/* The file of a path, or NULL. */
const struct served_file *served_file_find(const struct served_files *files, const char *path);

#endif
