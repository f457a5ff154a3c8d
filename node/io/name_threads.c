/* See name_threads.h. */
#include "name_threads.h"
#include <stdio.h>
#include <stdlib.h>

/* Names are looked up in libuv's pool of threads, in half of them at a time, and by default there are four: two names
 * whose name servers keep silent would hold up all others. So there are two threads a validator; they start with the
 * first name, and do nothing else. An operator's own setting stands. */
void name_threads_prepare(uint32_t validators)
{
	char threads[16];

	snprintf(threads, sizeof(threads), "%u", 2 * validators);
	setenv("UV_THREADPOOL_SIZE", threads, 0);
}
