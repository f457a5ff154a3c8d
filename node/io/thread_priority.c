/* Nothing waits for a checkpoint, a flush or whoever asks for figures, and everything for the other threads. */
#include "thread_priority.h"
#include <uv.h>

#define LOWER_BY 10

void lower_priority(void)
{
	int own;

	/* On Linux, of the calling thread alone. */
	if (uv_os_getpriority(0, &own) == 0)
		uv_os_setpriority(0, own + LOWER_BY < UV_PRIORITY_LOW ? own + LOWER_BY : UV_PRIORITY_LOW);
}
