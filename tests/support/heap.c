/* See heap.h: the linker's --wrap sends the calls here. */
#include "heap.h"
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

static uint64_t fail_in;
static int failed;

void heap_fail_from(uint64_t nth)
{
	fail_in = nth;
	failed = 0;
}

int heap_failed(void)
{
	return failed;
}

static int must_fail(void)
{
	if (fail_in > 1) {
		fail_in--;
		return 0;
	}
	failed = fail_in == 1;
	return failed;
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
