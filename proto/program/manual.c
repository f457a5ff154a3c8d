/* Pages of the manual, printed in scdoc's format: names, options and sentences are those of --help. */
#include <stdio.h>
#include <string.h>
#include "program.h"

/* Prints text with the characters escaped that scdoc would take for markup: some anywhere ('+' stands twice where a
 * line is to break), '-' and '.' at the beginning of a line, where they make a list. */
static void manual_print_escaped(const char *text)
{
	bool line_begins = true;
	for (; *text; text++) {
		if (strchr("\\*_[|#~`+", *text) || (line_begins && strchr("-.", *text)))
			putchar('\\');
		putchar(*text);
		line_begins = *text == '\n';
	}
}

/* The name of a page: that of the program, or with a command's words behind it, joined by hyphens. */
static void print_page_name(const struct program *program, const char *command)
{
	fputs(program->name, stdout);
	if (*command)
		putchar('-');
	for (; *command; command++)
		putchar(*command == ' ' ? '-' : *command);
}

static void print_head(const struct program *program, const char *command, const char *summary)
{
	print_page_name(program, command);
	printf("(%u) \"Uncia %s\" \"The manual of Uncia\"\n\n# NAME\n\n", program->section, program->version);
	print_page_name(program, command);
	fputs(" - ", stdout);
	manual_print_escaped(summary);
	fputs("\n\n", stdout);
}

static void print_option(const struct poptOption *option)
{
	if (option->shortName)
		printf("*-%c*, ", option->shortName);
	printf("*--%s*", option->longName);
	if (option->argDescrip) {
		fputs(" _", stdout);
		manual_print_escaped(option->argDescrip);
		putchar('_');
	}
	fputs("\n\t", stdout);
	manual_print_escaped(option->descrip);
	fputs("\n\n", stdout);
}

static void manual_print_options(const struct poptOption *options)
{
	for (; options && options->longName; options++)
		if (!(options->argInfo & POPT_ARGFLAG_DOC_HIDDEN))
			print_option(options);
}

/* Whether manual_print_options prints anything. */
static bool has_options(const struct poptOption *options)
{
	return options && options->longName;
}

static void print_exit_status_reference(const struct program *program)
{
	printf("# EXIT STATUS\n\nThe codes are those of *%s*(%u).\n\n# SEE ALSO\n\n*%s*(%u)\n", program->name,
	       program->section, program->name, program->section);
}

/* A page of its own for one command. */
static void print_command_page(const struct program *program, const struct program_command *command)
{
	print_head(program, command->name, command->summary);
	printf("# SYNOPSIS\n\n*%s %s*", program->name, command->name);
	if (*command->operands) {
		putchar(' ');
		manual_print_escaped(command->operands);
	}
	fputs(" \\[_OPTION_...]\n\n# DESCRIPTION\n\n", stdout);
	manual_print_escaped(command->description);
	fputs("\n\n", stdout);
	if (has_options(command->options) || has_options(program->options))
		fputs("# OPTIONS\n\n", stdout);
	manual_print_options(command->options);
	manual_print_options(program->options);
	print_exit_status_reference(program);
}

/* A command within the program's page. In a heading scdoc knows no markup, and no escape. */
static void print_command_section(const struct program_command *command)
{
	printf("## %s %s\n\n", command->name, command->operands);
	manual_print_escaped(command->description);
	fputs("\n\n", stdout);
	manual_print_options(command->options);
}

static void print_program_page(const struct program *program)
{
	print_head(program, "", program->summary);
	printf("# SYNOPSIS\n\n%s\n\n# DESCRIPTION\n\n%s\n\n", program->synopsis, program->description);
	if (has_options(program->leading) || has_options(program->options))
		fputs(program->command_count ? "# OPTIONS OF EVERY COMMAND\n\n" : "# OPTIONS\n\n", stdout);
	manual_print_options(program->options);
	manual_print_options(program->leading);
	if (program->command_count)
		fputs("# COMMANDS\n\nEach has a page of its own as well, whose name is that of the program and its "
		      "own, joined by "
		      "hyphens.\n\n",
		      stdout);
	for (size_t i = 0; i < program->command_count; i++)
		print_command_section(&program->commands[i]);
	fputs(program->tail, stdout);
}

bool manual_print(const struct program *program, const char *command)
{
	if (!*command) {
		print_program_page(program);
		return true;
	}
	for (size_t i = 0; i < program->command_count; i++) {
		if (strcmp(program->commands[i].name, command) != 0)
			continue;
		print_command_page(program, &program->commands[i]);
		return true;
	}
	return false;
}

void manual_print_names(const struct program *program)
{
	for (size_t i = 0; i < program->command_count; i++)
		puts(program->commands[i].name);
}
