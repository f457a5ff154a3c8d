/* Files that are served as they are. */
#include "files_served.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "indexer_say.h"

#define SERVED_MAX      64
#define SERVED_SIZE_MAX (16u << 20)

/* The files of node/indexer/page, put into the program by the assembler, so that it needs none where it runs. */
#define PAGE_FILE(name, file)                                                                                          \
	__asm__(".section .rodata\n"                                                                                   \
	        ".local " #name "\n.local " #name "_end\n" #name ":\n.incbin \"" PAGE_DIRECTORY "/" file "\"\n" #name  \
	        "_end:\n.byte 0\n.text\n");                                                                            \
	extern const uint8_t name[], name##_end[]
PAGE_FILE(page_html, "index.html");
PAGE_FILE(page_script, "explorer.js");
PAGE_FILE(page_proofs, "proofs.js");
PAGE_FILE(page_style, "explorer.css");

struct served_files {
	struct served_file files[SERVED_MAX];
	size_t count, page_count; /* those of the page come first, and are not freed */
};

/* The type of a file by its name's end; NULL: it is not served. */
static const char *served_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {{".js", "text/javascript; charset=utf-8"},
	             {".wasm", "application/wasm"},
	             {".css", "text/css; charset=utf-8"},
	             {".html", "text/html; charset=utf-8"}};
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(end, types[i].end))
			return types[i].type;
	return NULL;
}

static void serve_page(struct served_files *files, const char *path, const char *type, const uint8_t *begin,
                       const uint8_t *end)
{
	struct served_file *file = &files->files[files->count++];

	snprintf(file->path, sizeof(file->path), "%s", path);
	file->type = type;
	file->content = (struct bytes){begin, (size_t)(end - begin)};
	files->page_count = files->count;
}

static int read_served(const char *path, struct bytes *content)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = file ? malloc(SERVED_SIZE_MAX) : NULL;

	if (!file)
		return indexer_say(INDEXER_FAILED, "%s: %s", path, strerror(errno));
	size_t size = bytes ? fread(bytes, 1, SERVED_SIZE_MAX, file) : 0;
	bool whole = bytes && feof(file) && !ferror(file);
	fclose(file);
	uint8_t *fitting = whole ? realloc(bytes, size + 1) : NULL;
	if (!fitting) {
		free(bytes);
		return indexer_say(INDEXER_FAILED, "%s cannot be read, or is larger than %u MiB", path,
		                   SERVED_SIZE_MAX >> 20);
	}
	*content = (struct bytes){fitting, size};
	return INDEXER_DONE;
}

static int serve_folder(struct served_files *files, const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	bool whole = false;
	int code = INDEXER_DONE;

	if (!directory)
		return indexer_say(INDEXER_FAILED, "%s: %s", folder, strerror(errno));
	while (!code && (entry = readdir(directory))) {
		const char *type = served_type(entry->d_name);
		char path[4096];
		if (!type || files->count == SERVED_MAX || strlen(entry->d_name) > 60)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		struct served_file *file = &files->files[files->count];
		code = read_served(path, &file->content);
		if (code)
			break;
		snprintf(file->path, sizeof(file->path), "/lib/%.60s", entry->d_name);
		file->type = type;
		files->count++;
		whole = whole || !strcmp(entry->d_name, "uncia.wasm");
	}
	closedir(directory);
	return code || whole
	           ? code
	           : indexer_say(INDEXER_USAGE, "%s: there is no uncia.wasm in it; ./run js makes build-js/js", folder);
}

int served_files_read(const char *libuncia, struct served_files **out)
{
	struct served_files *files = calloc(1, sizeof(*files));

	if (!files)
		return indexer_say(INDEXER_FAILED, "out of memory");
	serve_page(files, "/", "text/html; charset=utf-8", page_html, page_html_end);
	serve_page(files, "/explorer.js", served_type(".js"), page_script, page_script_end);
	serve_page(files, "/proofs.js", served_type(".js"), page_proofs, page_proofs_end);
	serve_page(files, "/explorer.css", served_type(".css"), page_style, page_style_end);
	int code = libuncia ? serve_folder(files, libuncia) : INDEXER_DONE;
	if (code)
		served_files_free(files);
	else
		*out = files;
	return code;
}

void served_files_free(struct served_files *files)
{
	for (size_t i = files ? files->page_count : 0; files && i < files->count; i++)
		free((void *)(uintptr_t)files->files[i].content.data);
	free(files);
}

const struct served_file *served_file_find(const struct served_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->files[i].path, path))
			return &files->files[i];
	return NULL;
}
