/* unciad migrate: brings a stopped home from the format of an older release to that of this one. */
#include <inttypes.h>
#include <stdio.h>
#include "command.h"
#include "copying.h"
#include "home.h"
#include "uncia/error.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

static int migrate_print(uint32_t from, bool json)
{
	uint32_t to = store_format_known();
	if (json)
		return command_print_json(
		    json_pack("{s:i,s:I,s:I}", "v", 1, "from", (json_int_t)from, "to", (json_int_t)to));
	if (from == to)
		printf("format  %" PRIu32 ", which is the newest: nothing to do\n", to);
	else
		printf("format  %" PRIu32 " -> %" PRIu32 "\n", from, to);
	return command_flush();
}

/* Opens it as what it is, and has the steps from there on make the copy that takes its place. */
static int migrate_from(const struct home *home, uint32_t format)
{
	char why[256] = "";
	size_t count;
	const struct store_step *steps = store_steps(&count);
	struct store *store;
	while (count && steps->from != format) {
		steps++;
		count--;
	}
	if (!count) {
		snprintf(why, sizeof(why), "journal: its format is %" PRIu32 ", this program knows %" PRIu32, format,
		         store_format_known());
		return home_store_failure(home, UNCIA_E_VERSION, why);
	}
	end_on_fault(EXIT_FAILED);
	int error =
	    store_open_older(home->path, &home->genesis.network_id, home->keys.consensus_public, format, &store, why);
	if (error)
		return home_store_failure(home, error, why);
	int code = copying_replace(home, store, steps, count);
	store_close(store);
	return code;
}

static int migrate_home(const struct home *home, uint32_t *format)
{
	struct store *store;
	*format = store_format(home->path);
	if (*format && *format < store_format_known())
		return migrate_from(home, *format);
	/* Of the present format, of a newer one, or damaged: opening it says which. */
	int code = home_store_open(home, true, &store);
	if (!code)
		store_close(store);
	return code;
}

static int migrate_run(struct arguments *arguments)
{
	struct home home;
	const char *path;
	uint32_t format = 0;
	bool json;
	int code = arguments_home(arguments, &path, &json);
	if (!code)
		code = home_open(path, &home);
	if (code)
		return code;
	code = migrate_home(&home, &format);
	home_close(&home);
	return code ? code : migrate_print(format, json);
}

const struct command command_migrate = {
    .name = "migrate",
    .summary = "bring a stopped home to this release's format",
    .description =
        "A home has the format of the release that made it. Where this release has a newer one, this copies journal\n"
        "and state of HOME, in which no validator may run, into that format, verifies and syncs the copy, and\n"
        "exchanges it for the old one in one step. Whenever it is cut short, the home is as it was, or as it shall\n"
        "be. All votes are kept. Where there is nothing to do it says so. Exit code 7 where there is no way from the\n"
        "home's format, or it is a newer release's: nothing was touched.",
    .options = options,
    .run = migrate_run,
};
