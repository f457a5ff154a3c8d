/* See heap.h: the linker's --wrap sends the calls here. */
#include "heap.h"
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);

static uint64_t fail_in;
static int failed, once, held;

void heap_fail_from(uint64_t nth)
{
	fail_in = nth;
	failed = once = 0;
}

void heap_fail_once(uint64_t nth)
{
	heap_fail_from(nth);
	once = 1;
}

int heap_hold(int hold)
{
	int before = held;

	held = hold;
	return before;
}

int heap_failed(void)
{
	return failed;
}

static int must_fail(void)
{
	if (held || !fail_in)
		return 0;
	if (fail_in > 1) {
		fail_in--;
		return 0;
	}
	failed = 1;
	if (once)
		fail_in = 0;
	return 1;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return must_fail() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return must_fail() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
	return must_fail() ? NULL : __real_strdup(text);
}
