/* Questions that a user answers by /uncia yes CODE. */
#ifndef UNCIA_PLUGIN_QUESTION_H
#define UNCIA_PLUGIN_QUESTION_H

#include "plugin_state.h"

/* Whether both are one window and one peer. */
bool conversation_same(const struct conversation *a, const struct conversation *b);
/* Random lower-case letters and digits that are not taken for each other; false where there is no randomness. */
bool code_make(char code[CODE_SIZE]);
/* Opens a question about what `asked` says, in its conversation, with this text before "/uncia yes CODE". The oldest
 * gives way where there are too many. */
void question_open(struct plugin *p, const struct open_question *asked, const char *text);
/* The user has said yes to the question of this code, in this conversation. It is carried out once. */
void question_answer(struct plugin *p, const struct conversation *where, const char *code);

#endif
