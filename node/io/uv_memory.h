/* The allocator of libuv. */
#ifndef UV_MEMORY_H
#define UV_MEMORY_H

/* libuv aborts where memory ends while it begins to watch a descriptor. From now on the process ends with a line in the
 * log instead. For the whole process, before its first loop; may be called again. */
void uv_memory_guard(void);

#endif
