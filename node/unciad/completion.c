/* unciad completion: the pages of the manual, and scripts for three shells, which ask it what may follow. All is made
 * from the table of commands. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uncia/version.h>
#include "command.h"
#include "program.h"

#define WORDS_MAX 256

static const struct poptOption options[] = {OPTIONS_COMMON};

static const char synopsis[] = "*unciad* _COMMAND_ \\[_OPTION_...]\n\n*unciad* *--version*";

static const char about[] =
    "A validator of an Uncia network is one process with its state in one directory, the home: its keys, the genesis,\n"
    "its configuration _unciad.conf_, the journal of its votes and the ledger. *keygen* makes the home and the keys,\n"
    "*genesis* a network's first block, *init* fills the home, and *start* runs the validator. With *--json* a "
    "command\n"
    "prints one object on standard output, whatever the exit code: the result, or\n"
    "{\"v\":1,\"error\":_TEXT_,\"exit\":_CODE_}; messages go to standard error.\n\n"
    "Never run one key twice, and never vote with an older copy of the journal: that is what the others take for a\n"
    "faulty validator.";

static const char tail[] =
    "# EXIT STATUS\n\n"
    "*0*\n\tdone; *start*: it was asked to end, and ended in order\n\n*1*\n\tany other failure; starting again may "
    "help\n\n"
    "*2*\n\tusage, or a mistake in the configuration, named with its line\n\n"
    "*5*\n\t*init*: this key has voted before; nothing was changed\n\n"
    "*6*\n\t*status*, *peers*: a process is there and does not answer; *init*: too few validators have answered; "
    "*genesis --check*: lines or signatures are missing\n\n"
    "*7*\n\twhat is stored is damaged, missing or another home's; a line or a signature of a genesis does not hold\n\n"
    "*9*\n\tthe journal of votes is gone, or *sign-agent*'s record\n\n"
    "*10*\n\tvalidators of more weight than F are faulty: there is a second chain\n\n"
    "Starting again helps after 1 alone.\n\n"
    "# ENVIRONMENT\n\n"
    "*NOTIFY\\_SOCKET*, *WATCHDOG\\_USEC*, *WATCHDOG\\_PID*\n\twhere systemd has started it: *start* says there when "
    "it "
    "votes, or follows the others, how it is doing, and that it is ending (sd_notify(3))\n\n"
    "# FILES\n\n"
    "_/var/lib/unciad_\n\tthe home of *unciad.service*, with the keys and the journal of votes\n\n"
    "_/etc/unciad/unciad.conf_\n\tits configuration, to which the home has a link\n\n"
    "_/var/lib/unciad-NAME_\n\tthe home of *unciad@NAME.service*, which has its configuration in it\n\n"
    "# SEE ALSO\n\n*uncia*(1), *uncia-notifier*(8)\n";

/* Fills `commands` from the table. Returns their number. */
static size_t completion_commands(const struct arguments *arguments,
                                  struct program_command commands[PROGRAM_COMMANDS_MAX])
{
	const struct command *const *table = arguments_commands(arguments);
	size_t count = 0;
	for (; table[count]; count++) {
		assert(count < PROGRAM_COMMANDS_MAX);
		commands[count] =
		    (struct program_command){table[count]->name, table[count]->operands ? table[count]->operands : "",
		                             table[count]->summary, table[count]->description, table[count]->options};
	}
	return count;
}

static int completion_make(struct arguments *arguments, const struct program *program, const char *const *words,
                           size_t count)
{
	if (!strcmp(words[0], "words") && count > 1) {
		completion_print_words(program, words + 1, count - 1);
		return command_flush();
	}
	if (strcmp(words[0], "man") != 0 && count > 1)
		return command_usage_error(arguments, "%s: unexpected argument", words[count - 1]);
	if (!strcmp(words[0], "man")) {
		char name[64] = "";
		for (size_t i = 1; i < count; i++)
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", i > 1 ? " " : "", words[i]);
		if (!manual_print(program, name))
			return command_usage_error(arguments, "%s: no such command", name);
	} else if (!strcmp(words[0], "names")) {
		manual_print_names(program);
	} else if (!completion_print_script(program, words[0])) {
		return command_usage_error(arguments, "%s: none of bash, zsh, fish and man", words[0]);
	}
	return command_flush();
}

static int completion_run(struct arguments *arguments)
{
	struct program_command commands[PROGRAM_COMMANDS_MAX];
	const struct program program = {.name = "unciad",
	                                .version = UNCIA_VERSION,
	                                .section = 8,
	                                .summary = "a validator of an Uncia network",
	                                .synopsis = synopsis,
	                                .description = about,
	                                .tail = tail,
	                                .commands = commands,
	                                .command_count = completion_commands(arguments, commands)};
	const char *words[WORDS_MAX], *value;
	size_t count = 0;
	if (arguments_next(arguments, &value) != 0)
		return EXIT_USAGE;
	while (count < WORDS_MAX && (words[count] = arguments_operand(arguments)))
		count++;
	if (!count)
		return command_usage_error(arguments, "expected %s", command_completion.operands);
	return completion_make(arguments, &program, words, count);
}

const struct command command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish|man",
    .summary = "write the completion script of a shell, or a page of the manual",
    .description =
        "Writes a script by which a shell completes commands and options; for bash it belongs into\n"
        "~/.local/share/bash-completion/completions/unciad. With man, writes the source of the manual page, for\n"
        "scdoc; with a command's name behind it, that command's. A package has all of these in their places.",
    .options = options,
    .run = completion_run,
};
