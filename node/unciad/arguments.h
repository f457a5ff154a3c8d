/* The fields of struct arguments: for command.c, which reads them, and main.c, which makes them. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H
#include "command.h"

struct arguments {
	const struct command *command;
	poptContext popt;
	const struct command *const *commands; /* the whole table, NULL at its end: set by main.c */
	char title[32];                        /* "unciad NAME" */
	char synopsis[64];                     /* what may follow, as popt shows it */
	char **values;                         /* owned: the values that arguments_next has handed out */
	size_t value_count;
};

/* argv is what follows "unciad" on the command line, and outlives the arguments; argv[0], the command's name, is
 * replaced by its title. Returns an exit code; on 0, arguments_end. */
int arguments_begin(struct arguments *arguments, const struct command *command, int argc, const char **argv);
/* Frees them, and every value that arguments_next has handed out. */
void arguments_end(struct arguments *arguments);

#endif
