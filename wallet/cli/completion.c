/* uncia completion: the manual page's source, and scripts for three shells, each of which asks uncia itself for the
 * words that may follow, so that the table of verbs is all there is to keep right. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "manual.h"
#include "verbs.h"

#define WORDS_MAX 256
#define NAME_SIZE 64

/* Where there is no answer, the shell offers file names. */
static const char script_bash[] =
    "_uncia() {\n"
    "\tlocal IFS=$'\\n'\n"
    "\tCOMPREPLY=($(uncia completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
    "}\n"
    "complete -o default -F _uncia uncia\n";

static const char script_zsh[] =
    "#compdef uncia\n"
    "_uncia() {\n"
    "\tlocal -a answers\n"
    "\tanswers=(${(f)\"$(uncia completion words -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
    "\tif (( $#answers )); then compadd -- $answers; else _files; fi\n"
    "}\n"
    "if [[ $funcstack[1] = _uncia ]]; then _uncia; else compdef _uncia uncia; fi\n";

static const char script_fish[] =
    "complete -c uncia -a '(uncia completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n";

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
	for (; options->longName; options++) {
		int length = snprintf(text, sizeof(text), "--%s", options->longName);
		offer(text, (size_t)length, start);
	}
}

/* Offers the verbs' words that follow `name`, which is empty or a group. */
static void offer_verbs(const char *name, const char *start)
{
	size_t skip = *name ? strlen(name) + 1 : 0;
	const char *last = "";
	for (size_t i = 0; verbs[i]; i++) {
		const char *word = verbs[i]->name + skip;
		size_t length;
		if (skip && (strncmp(verbs[i]->name, name, skip - 1) || verbs[i]->name[skip - 1] != ' '))
			continue;
		length = strcspn(word, " ");
		if (strncmp(last, word, length) || (last[length] != ' ' && last[length] != '\0'))
			offer(word, length, start);
		last = word;
	}
}

static const struct poptOption *completion_find_option(const struct poptOption *options, const char *word)
{
	for (; !strncmp(word, "--", 2) && options->longName; options++)
		if (!strcmp(options->longName, word + 2))
			return options;
	return NULL;
}

static const struct poptOption *find_valued(const struct verb *verb, const char *word)
{
	const struct poptOption *option = completion_find_option(global_options, word);
	if (!option && verb)
		option = completion_find_option(verb->options, word);
	return option && option->argInfo == POPT_ARG_STRING ? option : NULL;
}

/* A word behind others that may be a verb already: "notice" is one, and "notice check" another. Returns the verb of all
 * of them, or NULL. Adds it to the name unless it is an operand. */
static const struct verb *take_word(const struct verb *verb, const char *word, char name[NAME_SIZE])
{
	char longer[NAME_SIZE];
	snprintf(longer, sizeof(longer), "%.30s%s%.30s", name, *name ? " " : "", word);
	const struct verb *found = verb_find(longer);
	if (!verb || found)
		strcpy(name, longer);
	return found ? found : verb;
}

/* Offers completions of the last of `words`, the command line behind "uncia" up to the cursor. */
static void complete(const char *const *words, unsigned count)
{
	assert(count != 0);
	const char *start = words[count - 1];
	const struct poptOption *waiting = NULL; /* the option that the next word is the value of */
	const struct verb *verb = NULL;
	char name[NAME_SIZE] = "";
	for (unsigned i = 0; i + 1 < count; i++) {
		if (waiting) {
			waiting = NULL;
		} else if (*words[i] == '-') {
			waiting = find_valued(verb, words[i]);
		} else if (!verb || !strchr(name, ' ')) {
			verb = take_word(verb, words[i], name);
		}
	}
	if (waiting) {
		offer_choices(waiting->argDescrip, start);
	} else if (*start == '-') {
		if (verb)
			offer_options(verb->options, start);
		offer_options(global_options, start);
	} else {
		if (verb)
			offer_choices(verb->operands, start);
		if (!strchr(name, ' '))
			offer_verbs(name, start);
	}
}

static int run_completion(const struct call *call)
{
	const char *shell = call->operands[0];
	if (!strcmp(shell, "words") && call->operand_count > 1) {
		complete(call->operands + 1, call->operand_count - 1);
		return cli_output_flush();
	}
	if (call->operand_count > 1)
		return cli_complain_usage(call, "%s: unexpected argument", call->operands[1]);
	if (!strcmp(shell, "bash"))
		fputs(script_bash, stdout);
	else if (!strcmp(shell, "zsh"))
		fputs(script_zsh, stdout);
	else if (!strcmp(shell, "fish"))
		fputs(script_fish, stdout);
	else if (!strcmp(shell, "man"))
		manual_print();
	else
		return cli_complain_usage(call, "%s: none of bash, zsh, fish and man", shell);
	return cli_output_flush();
}

static const struct poptOption completion_options[] = {OPTIONS_GLOBAL};

const struct verb verb_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish|man",
    .operands_min = 1,
    .operands_max = WORDS_MAX,
    .summary = "write the completion script of a shell, or the manual page",
    .description = "Writes a script by which a shell completes commands and options; for bash it belongs into\n"
                   "~/.local/share/bash-completion/completions/uncia. With man, writes the source of the manual page,\n"
                   "for scdoc.",
    .options = completion_options,
    .run = run_completion};
