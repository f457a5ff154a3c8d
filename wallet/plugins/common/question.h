/* Questions that a user answers by /uncia yes CODE. */
#ifndef UNCIA_PLUGIN_QUESTION_H
#define UNCIA_PLUGIN_QUESTION_H

#include "plugin_state.h"

/* Whether both are one window and one peer. */
bool conversation_same(const struct conversation *a, const struct conversation *b);
/* Random lower-case letters and digits that are not taken for each other; false where there is no randomness. */
bool code_make(char code[CODE_SIZE]);
/* Whether the first word is formed as a code. None begins with a digit, as amounts do. */
bool code_read(const char *arguments);
/* A table whose places messages of others take. */
struct crowd {
	unsigned count, of_one_max; /* places; and how many of them one who writes may have */
	/* Who has the i-th place, and since when: a number. NULL: it is free. */
	const struct conversation *(*who)(const struct plugin *p, unsigned i, uint64_t *since);
};
/* The place for what `where` has brought: a free one; but one of its own, the oldest, where it has as many as one may
 * have; where none is free, the oldest of whoever has the most. So whoever floods pushes out his own. */
unsigned crowd_place(const struct plugin *p, const struct crowd *crowd, const struct conversation *where);
/* Opens a question about what `asked` says, in its conversation, with this text before "/uncia yes CODE". Where there
 * are too many, the oldest of this user's commands gives way, or of those of messages one by crowd_place. */
void question_open(struct plugin *p, const struct open_question *asked, const char *text);
/* The user has said yes to the question of this code, in this conversation. It is carried out once. */
void question_answer(struct plugin *p, const struct conversation *where, const char *code);

#endif
