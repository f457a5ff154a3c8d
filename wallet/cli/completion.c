/* uncia completion: the pages of the manual, and scripts for three shells, which ask it what may follow. All is made
 * from the table of verbs. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uncia/version.h>
#include "program.h"
#include "verbs.h"

#define WORDS_MAX 256

static const char synopsis[] = "*uncia* \\[*--wallet* _HOME_] \\[*--network* _FILE_] \\[*--json*] _COMMAND_ ...\n\n"
                               "*uncia* *--version*";

static const char about[] =
    "Keeps a wallet in a directory and pays from it. Text for people, or with *--json* one object on standard\n"
    "output, whatever the exit code: the result, or {\"v\":1,\"error\":_TEXT_,\"exit\":_CODE_}; messages go to "
    "standard error. A payment has a certain end: refused before anything was sent,\n"
    "final, or expired. As long as it is none of these it is pending, and the same payment can be waited for or sent\n"
    "again, but is never made twice.";

static const char tail[] =
    "# EXIT STATUS\n\n"
    "*0*\n\tdone\n\n*1*\n\tany other failure\n\n*2*\n\tusage: a wrong option, address or amount\n\n"
    "*3*\n\tthe outcome is not known yet: wait for it, or run it again with the same key\n\n*4*\n\tnot found\n\n"
    "*5*\n\trefused: nothing was sent\n\n*6*\n\tno validator could be reached\n\n*7*\n\tverification failed\n\n"
    "*8*\n\texpired: it never happened and never will\n\n# ENVIRONMENT\n\n"
    "*UNCIA\\_WALLET*, *UNCIA\\_NETWORK*\n\tstand in for *--wallet* and *--network*\n\n"
    "*UNCIA\\_PASSPHRASE\\_FILE*\n\ta file whose first line is the passphrase; without it the passphrase is asked "
    "for\n\n"
    "*NO\\_COLOR*\n\tno colours\n\n# SEE ALSO\n\n*unciad*(8)\n";

/* Fills `commands` from the table of verbs. Returns their number. */
static size_t list_commands(struct program_command commands[PROGRAM_COMMANDS_MAX])
{
	size_t count = 0;
	for (; verbs[count]; count++) {
		assert(count < PROGRAM_COMMANDS_MAX);
		commands[count] =
		    (struct program_command){verbs[count]->name, verbs[count]->operands, verbs[count]->summary,
		                             verbs[count]->description, verbs[count]->options};
	}
	return count;
}

static int print_page(const struct call *call, const struct program *program)
{
	char name[64] = "";
	for (unsigned i = 1; i < call->operand_count; i++)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", i > 1 ? " " : "", call->operands[i]);
	if (!manual_print(program, name))
		return cli_complain_usage(call, "%s: no such command", name);
	return cli_output_flush();
}

static int run_completion(const struct call *call)
{
	struct program_command commands[PROGRAM_COMMANDS_MAX];
	const struct program program = {.name = "uncia",
	                                .version = UNCIA_VERSION,
	                                .section = 1,
	                                .summary = "a wallet for an Uncia network",
	                                .synopsis = synopsis,
	                                .description = about,
	                                .tail = tail,
	                                .options = global_options,
	                                .commands = commands,
	                                .command_count = list_commands(commands)};
	const char *shell = call->operands[0];
	if (!strcmp(shell, "words") && call->operand_count > 1) {
		completion_print_words(&program, call->operands + 1, call->operand_count - 1);
		return cli_output_flush();
	}
	if (!strcmp(shell, "man"))
		return print_page(call, &program);
	if (call->operand_count > 1)
		return cli_complain_usage(call, "%s: unexpected argument", call->operands[1]);
	if (!strcmp(shell, "names"))
		manual_print_names(&program);
	else if (!completion_print_script(&program, shell))
		return cli_complain_usage(call, "%s: none of bash, zsh, fish and man", shell);
	return cli_output_flush();
}

static const struct poptOption completion_options[] = {OPTIONS_GLOBAL};

const struct verb verb_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish|man",
    .operands_min = 1,
    .operands_max = WORDS_MAX,
    .summary = "write the completion script of a shell, or a page of the manual",
    .description =
        "Writes a script by which a shell completes commands and options; for bash it belongs into\n"
        "~/.local/share/bash-completion/completions/uncia. With man, writes the source of the manual page,\n"
        "for scdoc; with a command's name behind it, that command's. A package has all of these in their places.",
    .options = completion_options,
    .run = run_completion};
