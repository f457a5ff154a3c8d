/* Prints the manual page's source, for scdoc: names, options and sentences are those of --help. */
#include "manual.h"
#include <stdio.h>
#include <string.h>
#include "command.h"

static const char head[] =
    "uncia(1)\n\n# NAME\n\nuncia - a wallet for an Uncia network\n\n# SYNOPSIS\n\n"
    "*uncia* [*--wallet* _HOME_] [*--network* _FILE_] [*--json*] _COMMAND_ ...\n\n*uncia* *--version*\n\n# "
    "DESCRIPTION\n\n"
    "Keeps a wallet in a directory and pays from it. Text for people, or with *--json* one object on standard\n"
    "output, whatever the exit code: the result, or {\"v\":1,\"error\":_TEXT_,\"exit\":_CODE_}; messages go to "
    "standard error. A payment has a certain end: refused before anything was sent,\n"
    "final, or expired. As long as it is none of these it is pending, and the same payment can be waited for or sent\n"
    "again, but is never made twice.\n\n";

static const char tail[] =
    "# EXIT STATUS\n\n"
    "*0*\n\tdone\n\n*1*\n\tany other failure\n\n*2*\n\tusage: a wrong option, address or amount\n\n"
    "*3*\n\tthe outcome is not known yet: wait for it, or run it again with the same key\n\n*4*\n\tnot found\n\n"
    "*5*\n\trefused: nothing was sent\n\n*6*\n\tno validator could be reached\n\n*7*\n\tverification failed\n\n"
    "*8*\n\texpired: it never happened and never will\n\n# ENVIRONMENT\n\n"
    "*UNCIA\\_WALLET*, *UNCIA\\_NETWORK*\n\tstand in for *--wallet* and *--network*\n\n"
    "*UNCIA\\_PASSPHRASE\\_FILE*\n\ta file whose first line is the passphrase; without it the passphrase is asked "
    "for\n\n"
    "*NO\\_COLOR*\n\tno colours\n";

/* Prints text with the characters escaped that scdoc would take for markup. */
static void print_escaped(const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_[|#~", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_option(const struct poptOption *option)
{
	printf("%s*--%s*", option->shortName ? "*-h*, " : "", option->longName);
	if (option->argDescrip) {
		fputs(" _", stdout);
		print_escaped(option->argDescrip);
		putchar('_');
	}
	fputs("\n\t", stdout);
	print_escaped(option->descrip);
	fputs("\n\n", stdout);
}

static void print_verb(const struct verb *verb)
{
	printf("## %s %s\n\n", verb->name, verb->operands);
	print_escaped(verb->description);
	fputs("\n\n", stdout);
	for (const struct poptOption *option = verb->options; option->longName; option++)
		print_option(option);
}

void manual_print(void)
{
	fputs(head, stdout);
	fputs("# OPTIONS OF EVERY COMMAND\n\n", stdout);
	for (const struct poptOption *option = global_options; option->longName; option++)
		print_option(option);
	fputs("# COMMANDS\n\n", stdout);
	for (size_t i = 0; verbs[i]; i++)
		print_verb(verbs[i]);
	fputs(tail, stdout);
}
