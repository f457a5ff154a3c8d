/* The memory of the loop. */
#ifndef LOOP_MEMORY_H
#define LOOP_MEMORY_H

/* From now on the process ends with a line in its log where libuv finds no memory; to be called before the first loop
 * of the process is made. */
void loop_memory_use(void);

#endif
