/* The inside of struct arguments: for command.c, which reads it, and main.c, which makes it. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H
#include "command.h"

struct arguments {
	const struct command *command;
	poptContext popt;
	char title[32]; /* "unciad NAME" */
	char **values;  /* owned: what arguments_next handed out */
	size_t value_count;
};

/* argv[0], the command's name, is replaced by its title. Returns an exit code. */
int arguments_init(struct arguments *arguments, const struct command *command, int argc, const char **argv);
void arguments_deinit(struct arguments *arguments);

#endif
