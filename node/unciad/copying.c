/* See copying.h. */
#include "copying.h"
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include "command.h"
#include "progress.h"
#include "uncia/error.h"

static bool on_copying_progress(void *context, uint64_t done, uint64_t total)
{
	progress_show(context, done >> 20, total >> 20);
	return !*progress_stop();
}

/* The copy lies beside what it replaces until it has replaced it. */
static int copying_room(const struct home *home, struct store *store)
{
	struct statvfs fs;
	uint64_t needed = store_copy_size(store);
	if (statvfs(home->path, &fs))
		return 0;
	uint64_t there = (uint64_t)fs.f_bavail * fs.f_frsize;
	return there >= needed
	           ? 0
	           : command_error(EXIT_FAILED,
	                           "no room: up to %" PRIu64 " MiB are needed beside what is there, %" PRIu64
	                           " MiB are free. Nothing was changed",
	                           (needed >> 20) + 1, there >> 20);
}

static int copying_failed(const struct home *home, int error, const char *why)
{
	if (error == UNCIA_E_CLOSED)
		return command_error(EXIT_FAILED, "interrupted: %s is as it was", home->path);
	if (error == UNCIA_E_FULL)
		return command_error(EXIT_FAILED, "no room: %s. %s is as it was", why, home->path);
	return command_error(error == UNCIA_E_DAMAGED ? EXIT_MISMATCH : EXIT_FAILED, "%s/data/%s%s", home->path, why,
	                     error == UNCIA_E_DAMAGED ? home_damage_advice(why) : "");
}

int copying_replace(const struct home *home, struct store *store, const struct store_step *steps, size_t step_count)
{
	struct progress progress;
	const struct store_copying copying = {.home = home->path,
	                                      .replace = true,
	                                      .progress = on_copying_progress,
	                                      .context = &progress,
	                                      .steps = steps,
	                                      .step_count = step_count};
	char why[256] = "";
	int code = copying_room(home, store);
	if (code)
		return code;
	progress_begin(&progress, "MiB copied");
	int error = store_copy(store, &copying, why);
	progress_end(&progress);
	return error ? copying_failed(home, error, why) : 0;
}
