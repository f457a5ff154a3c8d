/* What a program says of itself, made from the tables that it reads its command line by: pages of the manual, and what
 * may follow on a command line, for shells. --help is printed from the same tables, by whoever has them.
 *
 * Threads: each function is for the one that runs the program's command. Nothing here is kept between calls. */
#ifndef PROGRAM_H
#define PROGRAM_H
#include <stdbool.h>
#include <stddef.h>
#include <popt.h>

#define PROGRAM_COMMANDS_MAX 128 /* of one program */

/* One command of a program. All texts are the program's own constants. */
struct program_command {
	const char *name;                 /* one word, or a group and a word: "receipt verify" */
	const char *operands;             /* as --help shows them, choices as "bash|zsh|fish"; "": there are none */
	const char *summary;              /* one line */
	const char *description;          /* sentences */
	const struct poptOption *options; /* up to the first without a long name */
};

/* A program. Texts marked "scdoc" are sections of its page of the manual, in scdoc's format; the others are plain. */
struct program {
	const char *name;
	const char *version;
	unsigned section;                 /* of the manual: 1 for users, 8 for those who run a machine */
	const char *summary;              /* one line */
	const char *synopsis;             /* scdoc: lines that say how it is called */
	const char *description;          /* scdoc */
	const char *tail;                 /* scdoc: EXIT STATUS, ENVIRONMENT, FILES */
	const struct poptOption *leading; /* options in front of a command alone; NULL: none */
	const struct poptOption *options; /* options of every command, or of a program without commands; NULL: none */
	const struct program_command *commands;
	size_t command_count;
};

/* ---- manual.c --------------------------------------------------------------------------------- */

/* Prints the source of a page of the manual, in scdoc's format, to standard output: of the whole program (command: ""),
 * or of the one command of that name. Returns whether there is such a command; where not, nothing is printed. */
bool manual_print(const struct program *program, const char *command);
/* Prints the names of all commands to standard output, one a line: those that have a page. */
void manual_print_names(const struct program *program);

/* ---- completion.c ----------------------------------------------------------------------------- */

/* Prints the script by which a shell ("bash", "zsh" or "fish") completes the program's command lines, to standard
 * output: it asks `NAME completion words -- WORD...`. Returns whether it is one of these shells; where not, nothing is
 * printed. */
bool completion_print_script(const struct program *program, const char *shell);
/* Prints what may stand in the place of the last of `words`, one a line, to standard output. words: the command line
 * behind the program's name up to the cursor, count of them, at least one. */
void completion_print_words(const struct program *program, const char *const *words, size_t count);

#endif
