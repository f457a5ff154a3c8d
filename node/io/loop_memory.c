/* libuv aborts where memory ends while it begins to watch a descriptor. With these functions the process ends with a
 * line in the log instead. */
#include "loop_memory.h"
#include <stdlib.h>
#include <uv.h>
#include "log.h"
#include "uncia/error.h"

static void *loop_memory_given(void *memory)
{
	if (!memory)
		log_fatal(END_FAILED, "memory", uncia_error_text(UNCIA_E_MEMORY));
	return memory;
}

static void *loop_memory_malloc(size_t size)
{
	return loop_memory_given(malloc(size));
}

static void *loop_memory_realloc(void *memory, size_t size)
{
	return loop_memory_given(realloc(memory, size));
}

static void *loop_memory_calloc(size_t count, size_t size)
{
	return loop_memory_given(calloc(count, size));
}

void loop_memory_replace(void)
{
	uv_replace_allocator(loop_memory_malloc, loop_memory_realloc, loop_memory_calloc, free);
}
