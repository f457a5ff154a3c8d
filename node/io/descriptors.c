/* Raises the limit on file descriptors, and fits wallets into it. See descriptors.h. */
#include "descriptors.h"
#include <sys/resource.h>
#include "log.h"

uint32_t descriptors_fit(uint32_t wanted, uint32_t others)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted + others)
		return wanted;
	limit.rlim_cur = limit.rlim_max < wanted + others ? limit.rlim_max : wanted + others;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted + others)
		return wanted;
	uint32_t fitting = limit.rlim_cur > others ? (uint32_t)limit.rlim_cur - others : 1;
	log_event(LOG_LEVEL_WARNING, "few_descriptors", LOG_NUMBER("limit", limit.rlim_cur),
	          LOG_NUMBER("wallets", fitting));
	return fitting;
}
