/* Questions that are open. */
#include "question.h"
#include <string.h>
#include <unistd.h>
#include "say.h"

bool conversation_same(const struct conversation *a, const struct conversation *b)
{
	return !strcmp(a->window, b->window) && !strcmp(a->own, b->own) && !strcmp(a->peer, b->peer);
}

bool code_make(char code[CODE_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789x"; /* 32 */
	unsigned char random[CODE_SIZE - 1];
	if (getentropy(random, sizeof(random)))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		code[i] = letters[random[i] & 31];
	code[CODE_SIZE - 1] = '\0';
	return true;
}

void question_open(struct plugin *p, const struct open_question *asked, const char *text)
{
	struct open_question *question = &p->questions[p->next_question++ % QUESTIONS_MAX];
	*question = *asked;
	question->until_ms = plugin_now_ms() + QUESTION_MS;
	if (!code_make(question->code)) {
		*question->code = '\0';
		plugin_say(p, &asked->where, "%s Nothing can be confirmed now: this machine gives no randomness.",
		           text);
		return;
	}
	plugin_say(p, &asked->where, "%s Within 60 s: /uncia yes %s", text, question->code);
}

void question_answer(struct plugin *p, const struct conversation *where, const char *code)
{
	for (struct open_question *q = p->questions; q < p->questions + QUESTIONS_MAX; q++) {
		if (!*q->code || strcmp(q->code, code) || !conversation_same(&q->where, where))
			continue;
		struct open_question answered = *q;
		*q = (struct open_question){.code = ""};
		if (plugin_now_ms() >= answered.until_ms)
			plugin_say(p, where, "That question was open for 60 s, and is over. Nothing was done.");
		else
			answered.agreed(p, &answered);
		return;
	}
	plugin_say(p, where, "No question with the code \"%.10s\" is open in this conversation. Nothing was done.",
	           code);
}
