/* unciad version. */
#include <stdio.h>
#include <uncia/version.h>
#include "command.h"
#include "verify.h"

static const struct poptOption options[] = {OPTIONS_JSON, OPTIONS_COMMON};

static int version_run(struct arguments *arguments)
{
	bool json = false;
	const char *value;
	int option;
	while ((option = arguments_next(arguments, &value)) > 0)
		json = json || option == OPTION_JSON;
	if (option < 0)
		return EXIT_USAGE;
	if (json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:s}", "v", 1, "program", "unciad", "version",
		                                    UNCIA_VERSION, "signatures", verify_implementation));
	puts("unciad " UNCIA_VERSION);
	printf("signatures: %s\n", verify_implementation);
	return command_flush();
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version",
    .description =
        "Prints the version of this program, and how it checks signatures: in batches, or plainly, one by one.",
    .options = options,
    .run = version_run,
};
