/* What the wallet asks of the operating system where its host gives nothing of its own: the one place, but for the
 * driver and the host over a directory, that knows which system it is on. Threads: any. */
#ifndef SYSTEM_H
#define SYSTEM_H
#include <stddef.h>
#include <stdint.h>

/* Fills with unpredictable bytes. Returns 0 or UNCIA_E_RANDOM. context: none, here and below. */
int system_random(void *context, void *buffer, size_t size);
/* Milliseconds that never step back, and go on while the device sleeps where the system can tell them so. */
uint64_t system_now_ms(void *context);
/* For how many milliseconds the device has slept since it was started; 0 where the system does not tell. */
uint64_t system_slept_ms(void);
/* Milliseconds since 1970. */
uint64_t system_wall_ms(void *context);
/* Which process this is: a child of fork is another one. */
long system_process(void);
/* A child of fork finds zeros in these pages, where the system can do that. */
void system_wipe_on_fork(void *memory, size_t size);

#endif
