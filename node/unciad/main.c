/* unciad: the validator's command. Finds the subcommand and runs it. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "arguments.h"
#include "sign.h"
#include "uncia/error.h"
#include "verify.h"

static const struct command *const commands[] = {
    &command_keygen,       &command_genesis,
    &command_genesis_line, &command_genesis_sign,
    &command_init,         &command_start,
    &command_sign_agent,   &command_sign_agent_init,
    &command_status,       &command_peers,
    &command_check,        &command_backup,
    &command_compact,      &command_migrate,
    &command_devnet,       &command_completion,
    &command_version,      NULL,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]) - 1)

static void print_usage(FILE *file)
{
	fputs("usage: unciad COMMAND [OPTION…]\n\nA validator of an Uncia network.\n\n", file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(file, "  %-15s  %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nunciad COMMAND --help says more.\n", file);
}

/* Where a standard stream is closed, the next file that is opened takes its number: with a node that would be one of
 * the store's, and the log would be written into it. So each closed one is opened on /dev/null, for reading only, so
 * that output that is lost is noticed. */
static bool hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* faults 20: libsodium ends the process where the system gives no randomness; this handler does so with a line, not a
 * signal. */
static void end_without_randomness(void)
{
	static const char line[] = "unciad: the system gives no randomness\n";
	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		abort();
	_exit(EXIT_FAILED);
}

/* How many of the arguments are the command's name: a command of two words goes before one of the first word. 0: none.
 */
static int words_of(const struct command *command, int argc, const char **argv)
{
	const char *space = strchr(command->name, ' ');
	if (!space)
		return argc > 1 && !strcmp(command->name, argv[1]);
	size_t first = (size_t)(space - command->name);
	return argc > 2 && strlen(argv[1]) == first && !strncmp(command->name, argv[1], first) &&
	               !strcmp(space + 1, argv[2])
	           ? 2
	           : 0;
}

static const struct command *find_command(int argc, const char **argv, int *words)
{
	const struct command *found = NULL;
	*words = 0;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int of = words_of(commands[i], argc, argv);
		if (of <= *words)
			continue;
		found = commands[i];
		*words = of;
	}
	return found;
}

static int run_found(const struct command *command, int argc, const char **argv)
{
	/* A library with other verdicts on signatures would split the ledger: nothing runs on it. */
	int error = sign_self_test();
	if (!error)
		error = verify_self_test();
	if (error)
		return command_error(EXIT_FAILED, "%s", uncia_error_text(error));
	struct arguments arguments;
	int code = arguments_begin(&arguments, command, argc, argv);
	if (code)
		return code;
	arguments.commands = commands;
	code = command->run(&arguments);
	arguments_end(&arguments);
	return code;
}

static int run_command(int argc, const char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_usage(stdout);
		return command_flush();
	}
	int words;
	if (!strcmp(name, "--version"))
		argv[1] = name = "version";
	const struct command *command = find_command(argc, argv, &words);
	if (command)
		return run_found(command, argc - words, argv + words);
	if (*name)
		command_error(EXIT_USAGE, "%s: no such command", name);
	print_usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, const char **argv)
{
	if (!hold_standard_streams() || sodium_set_misuse_handler(end_without_randomness))
		return EXIT_FAILED;
	/* A crash must not leave keys in a file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
	command_begin(argc, argv);
	int code = run_command(argc, argv);
	command_end(code);
	return code;
}
