/* Runs a target once over every file of the directories and files named: its main where there is no libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include "fuzz.h"

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat status;

	if (!file || fstat(fileno(file), &status)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	/* A block of exactly that size, so that reading past its end is seen. */
	size_t size = (size_t)status.st_size;
	uint8_t *data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	if (getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

static int run_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), done = 0;

	for (int i = 0; i < count; i++) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			done += run_file(name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return done;
}

int main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++) {
		struct stat status;
		bool directory = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
		done += directory ? run_directory(argv[i]) : run_file(argv[i]);
	}
	printf("%d inputs\n", done);
	return done ? EXIT_SUCCESS : EXIT_FAILURE; /* an empty corpus shows nothing */
}
