/* What may follow on a program's command line, and scripts for three shells, each of which asks the program itself, so
 * that its tables are all there is to keep right. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "program.h"

#define COMPLETION_NAME_SIZE 64

/* In the scripts '~' stands for the program's name. Where there is no answer, the shell offers file names. */
static const char script_bash[] =
    "_~() {\n"
    "\tlocal IFS=$'\\n'\n"
    "\tCOMPREPLY=($(~ completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
    "}\n"
    "complete -o default -F _~ ~\n";

static const char script_zsh[] =
    "#compdef ~\n"
    "_~() {\n"
    "\tlocal -a answers\n"
    "\tanswers=(${(f)\"$(~ completion words -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
    "\tif (( $#answers )); then compadd -- $answers; else _files; fi\n"
    "}\n"
    "if [[ $funcstack[1] = _~ ]]; then _~; else compdef _~ ~; fi\n";

static const char script_fish[] =
    "complete -c ~ -a '(~ completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n";

bool completion_print_script(const struct program *program, const char *shell)
{
	const char *script = !strcmp(shell, "bash")   ? script_bash
	                     : !strcmp(shell, "zsh")  ? script_zsh
	                     : !strcmp(shell, "fish") ? script_fish
	                                              : NULL;
	for (const char *c = script; c && *c; c++) {
		if (*c == '~')
			fputs(program->name, stdout);
		else
			putchar(*c);
	}
	return script;
}

static void offer(const char *text, size_t length, const char *start)
{
	if (!strncmp(text, start, strlen(start)) && length >= strlen(start))
		printf("%.*s\n", (int)length, text);
}

/* Offers each choice of "bash|zsh|fish"; nothing where it is no list of choices. */
static void offer_choices(const char *choices, const char *start)
{
	if (!choices || !strchr(choices, '|') || strchr(choices, '-'))
		return;
	for (; *choices; choices += strspn(choices, "|")) {
		size_t length = strcspn(choices, "|");
		offer(choices, length, start);
		choices += length;
	}
}

static void offer_options(const struct poptOption *options, const char *start)
{
	char text[64];
	for (; options && options->longName; options++) {
		int length = snprintf(text, sizeof(text), "--%s", options->longName);
		offer(text, (size_t)length, start);
	}
}

/* Offers the words of commands that follow `name`, which is empty or a group. */
static void offer_commands(const struct program *program, const char *name, const char *start)
{
	size_t skip = *name ? strlen(name) + 1 : 0;
	const char *last = "";
	for (size_t i = 0; i < program->command_count; i++) {
		const char *whole = program->commands[i].name, *word = whole + skip;
		size_t length;
		if (skip && (strncmp(whole, name, skip - 1) || whole[skip - 1] != ' '))
			continue;
		length = strcspn(word, " ");
		if (strncmp(last, word, length) || (last[length] != ' ' && last[length] != '\0'))
			offer(word, length, start);
		last = word;
	}
}

static const struct program_command *completion_find(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++)
		if (!strcmp(program->commands[i].name, name))
			return &program->commands[i];
	return NULL;
}

static const struct poptOption *completion_find_option(const struct poptOption *options, const char *word)
{
	for (; options && !strncmp(word, "--", 2) && options->longName; options++)
		if (!strcmp(options->longName, word + 2))
			return options;
	return NULL;
}

/* The option that `word` is, if the next word is its value. */
static const struct poptOption *find_valued(const struct program *program, const struct program_command *command,
                                            const char *word)
{
	const struct poptOption *option = completion_find_option(program->options, word);
	if (!option && command)
		option = completion_find_option(command->options, word);
	return option && (option->argInfo & POPT_ARG_MASK) == POPT_ARG_STRING ? option : NULL;
}

/* A word behind others that may be a command already: "notice" is one, and "notice check" another. Returns the command
 * of all of them, or NULL. Adds it to the name unless it is an operand. */
static const struct program_command *take_word(const struct program *program, const struct program_command *command,
                                               const char *word, char name[COMPLETION_NAME_SIZE])
{
	char longer[COMPLETION_NAME_SIZE];
	snprintf(longer, sizeof(longer), "%.30s%s%.30s", name, *name ? " " : "", word);
	const struct program_command *found = completion_find(program, longer);
	if (!command || found)
		strcpy(name, longer);
	return found ? found : command;
}

void completion_print_words(const struct program *program, const char *const *words, size_t count)
{
	assert(count != 0);
	const char *start = words[count - 1];
	const struct poptOption *waiting = NULL; /* the option that the next word is the value of */
	const struct program_command *command = NULL;
	char name[COMPLETION_NAME_SIZE] = "";
	for (size_t i = 0; i + 1 < count; i++) {
		if (waiting) {
			waiting = NULL;
		} else if (*words[i] == '-') {
			waiting = find_valued(program, command, words[i]);
		} else if (!command || !strchr(name, ' ')) {
			command = take_word(program, command, words[i], name);
		}
	}
	if (waiting) {
		offer_choices(waiting->argDescrip, start);
	} else if (*start == '-') {
		if (command)
			offer_options(command->options, start);
		offer_options(program->options, start);
	} else {
		if (command)
			offer_choices(command->operands, start);
		if (!strchr(name, ' '))
			offer_commands(program, name, start);
	}
}
