/* The memory that libuv takes. Threads: before any of the process uses libuv. */
#ifndef LOOP_MEMORY_H
#define LOOP_MEMORY_H

/* From now on the process ends with a line in the log where libuv gets no memory. May be called again. */
void loop_memory_replace(void);

#endif
