/* The allocator of libuv, which aborts by itself where memory ends while it begins to watch a descriptor: with this one
 * the process ends with a line in its log. */
#include "loop_memory.h"
#include <stdlib.h>
#include <uv.h>
#include "log.h"
#include "uncia/error.h"

static void *loop_memory(void *memory)
{
	if (!memory)
		log_fatal(END_FAILED, "memory", uncia_error_text(UNCIA_E_MEMORY));
	return memory;
}

static void *loop_malloc(size_t size)
{
	return loop_memory(malloc(size));
}

static void *loop_realloc(void *memory, size_t size)
{
	return loop_memory(realloc(memory, size));
}

static void *loop_calloc(size_t count, size_t size)
{
	return loop_memory(calloc(count, size));
}

void loop_memory_use(void)
{
	uv_replace_allocator(loop_malloc, loop_realloc, loop_calloc, free);
}
