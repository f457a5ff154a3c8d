/* unciad and uncia where memory ends. Their object code and libraries are linked so that every allocation of theirs
 * comes here first (what libc allocates for itself does not). STARVE=N in the environment: the N-th allocation fails,
 * and with STARVE=N+ all after it; 0: none does. At the end a line on standard error says how many were asked for. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

static atomic_ulong asked;
static unsigned long failing;
static bool all_after;

static void say_count(void)
{
	fprintf(stderr, "starved: %lu allocations\n", atomic_load(&asked));
}

__attribute__((constructor)) static void read_environment(void)
{
	const char *text = getenv("STARVE");
	char *end = NULL;

	failing = text ? strtoul(text, &end, 10) : 0;
	all_after = end && *end == '+';
	atexit(say_count);
}

static bool fails(void)
{
	unsigned long number = atomic_fetch_add(&asked, 1) + 1;

	return failing && (number == failing || (all_after && number > failing));
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(memory, count, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
	return fails() ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}
