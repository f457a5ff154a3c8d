/* Functions of POSIX that the C library of Windows lacks. Threads: any. */
#ifndef MISSING_H
#define MISSING_H
#include <string.h>
#ifdef _WIN32
#include <stdlib.h>

/* Copies with the NUL, and returns where that went. */
static inline char *stpcpy(char *to, const char *from)
{
	size_t size = strlen(from);
	memcpy(to, from, size + 1);
	return to + size;
}

/* A copy of at most so many bytes, to be freed; NULL where memory ends. */
static inline char *strndup(const char *from, size_t size_max)
{
	size_t size = strnlen(from, size_max);
	char *copy = malloc(size + 1);
	if (!copy)
		return NULL;
	memcpy(copy, from, size);
	copy[size] = '\0';
	return copy;
}
#endif

#endif
