/* unciad compact: gives back the space that LMDB's files of a stopped home do not use any more. */
#include <inttypes.h>
#include <stdio.h>
#include "command.h"
#include "copying.h"
#include "home.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

static int compact_print(uint64_t before, uint64_t after, bool json)
{
	if (json)
		return command_print_json(json_pack("{s:i,s:I,s:I}", "v", 1, "bytes_before", (json_int_t)before,
		                                    "bytes_after", (json_int_t)after));
	printf("before  %" PRIu64 " KiB\nafter   %" PRIu64 " KiB\n", before >> 10, after >> 10);
	return command_flush();
}

static int compact_run(struct arguments *arguments)
{
	struct home home;
	struct store *store;
	const char *path;
	bool json;
	int code = arguments_home(arguments, &path, &json);
	if (!code)
		code = home_open(path, &home);
	if (code)
		return code;
	code = home_store_open(&home, true, &store);
	uint64_t before = store_size(path);
	if (!code) {
		code = copying_replace(&home, store, NULL, 0);
		store_close(store);
	}
	home_close(&home);
	return code ? code : compact_print(before, store_size(path), json);
}

const struct command command_compact = {
    .name = "compact",
    .summary = "give back what a stopped validator's files do not use",
    .description =
        "LMDB uses pages again that are free, and never makes its files smaller. This copies journal and state of\n"
        "HOME, in which no validator may run, into new files, verifies and syncs them, and exchanges them for the old\n"
        "ones in one step. Whenever it is cut short, the home is as it was, or as it shall be. It needs as much room\n"
        "as the copy takes. All votes are kept.",
    .options = options,
    .run = compact_run,
};
