/* The treasury. unciad has no wallet in it: the uncia command beside it is asked. */
#include "treasury.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "files.h"
#include "processes.h"

/* Finds the uncia beside this program, where it is built and installed; otherwise the one on the PATH. */
static int find_wallet_program(char path[PATH_MAX])
{
	char own[PATH_MAX];
	int code = own_program(own);
	if (code)
		return code;
	char *slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	code = path_join(own, "uncia", path);
	if (!code && access(path, X_OK))
		snprintf(path, PATH_MAX, "uncia");
	return code;
}

static int treasury_parse_address(const char *text, struct address *address)
{
	json_error_t why;
	const char *value;
	struct destination destination;
	json_t *object = json_loads(text, 0, &why);
	int code = 0;
	if (!object || json_unpack(object, "{s:s}", "address", &value) || destination_parse(value, &destination))
		code = command_error(EXIT_FAILED, "uncia address gave no address");
	else
		*address = destination.address;
	json_decref(object);
	return code;
}

int treasury_address(const char *directory, struct address *address)
{
	char program[PATH_MAX], output[4096];
	int code = find_wallet_program(program);
	unsetenv("UNCIA_PASSPHRASE_FILE"); /* its key is not sealed */
	if (!code && !path_exists(directory)) {
		const char *init[] = {"uncia", "--wallet", directory, "init", "--no-passphrase", "--json", NULL};
		code = program_output(program, init, output, sizeof(output));
	}
	if (!code) {
		const char *ask[] = {"uncia", "--wallet", directory, "address", "--json", NULL};
		code = program_output(program, ask, output, sizeof(output));
	}
	return code ? code : treasury_parse_address(output, address);
}
