/* An allocator for libuv that ends the process where memory ends. See uv_memory.h. */
#include "uv_memory.h"
#include <stdlib.h>
#include <uv.h>
#include "log.h"
#include "uncia/error.h"

static void *uv_memory_checked(void *memory)
{
	if (!memory)
		log_fatal(END_FAILED, "memory", uncia_error_text(UNCIA_E_MEMORY));
	return memory;
}

static void *uv_memory_malloc(size_t size)
{
	return uv_memory_checked(malloc(size));
}

static void *uv_memory_realloc(void *memory, size_t size)
{
	return uv_memory_checked(realloc(memory, size));
}

static void *uv_memory_calloc(size_t count, size_t size)
{
	return uv_memory_checked(calloc(count, size));
}

void uv_memory_guard(void)
{
	uv_replace_allocator(uv_memory_malloc, uv_memory_realloc, uv_memory_calloc, free);
}
