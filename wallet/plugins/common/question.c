/* Questions that are open. */
#include "question.h"
#include <string.h>
#include <unistd.h>
#include "say.h"

bool conversation_same(const struct conversation *a, const struct conversation *b)
{
	return !strcmp(a->window, b->window) && !strcmp(a->own, b->own) && !strcmp(a->peer, b->peer);
}

#define FIRST_LETTERS 23 /* no digit */

bool code_make(char code[CODE_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789x"; /* 32 */
	unsigned char random[CODE_SIZE - 1];
	if (getentropy(random, sizeof(random)))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		code[i] = i ? letters[random[i] & 31] : letters[random[i] % FIRST_LETTERS];
	code[CODE_SIZE - 1] = '\0';
	return true;
}

bool code_read(const char *arguments)
{
	size_t size = strcspn(arguments, " ");
	return size == CODE_SIZE - 1 && *arguments >= 'a' && *arguments <= 'z' && !memchr(arguments, '.', size);
}

/* ---- places ------------------------------------------------------------------------------------------ */

/* Whether one has brought both: in a group whoever writes there, since names there are had for nothing. */
static bool of_one(const struct conversation *a, const struct conversation *b)
{
	if (a->group != b->group || strcmp(a->own, b->own) != 0)
		return false;
	return a->group || !*a->peer ? !strcmp(a->window, b->window) && (a->group || !*b->peer)
	                             : !strcmp(a->peer, b->peer);
}

/* How many places this one has. */
static unsigned crowd_count(const struct plugin *p, const struct crowd *crowd, const struct conversation *where)
{
	unsigned count = 0;
	uint64_t since;
	for (unsigned i = 0; i < crowd->count; i++) {
		const struct conversation *who = crowd->who(p, i, &since);
		count += who && of_one(who, where);
	}
	return count;
}

unsigned crowd_place(const struct plugin *p, const struct crowd *crowd, const struct conversation *where)
{
	bool too_many = crowd_count(p, crowd, where) >= crowd->of_one_max;
	unsigned place = 0, most = 0;
	uint64_t oldest = 0, since;
	for (unsigned i = 0; i < crowd->count; i++) {
		const struct conversation *who = crowd->who(p, i, &since);
		if (!who && !too_many)
			return i;
		if (!who || (too_many && !of_one(who, where)))
			continue;
		unsigned count = too_many ? 1 : crowd_count(p, crowd, who);
		if (count < most || (count == most && since > oldest))
			continue;
		place = i;
		most = count;
		oldest = since;
	}
	return place;
}

/* ---- questions --------------------------------------------------------------------------------------- */

/* Of those of messages. */
static const struct conversation *who_asks(const struct plugin *p, unsigned i, uint64_t *since)
{
	const struct open_question *question = &p->questions[QUESTIONS_MAX + i];
	*since = question->number;
	return *question->code && plugin_now_ms() < question->until_ms ? &question->where : NULL;
}

static struct open_question *question_place(struct plugin *p, const struct open_question *asked)
{
	static const struct crowd heard = {QUESTIONS_MAX, OF_ONE_MAX, who_asks};
	struct open_question *place = &p->questions[0];
	if (asked->heard)
		return &p->questions[QUESTIONS_MAX + crowd_place(p, &heard, &asked->where)];
	for (unsigned i = 1; i < QUESTIONS_MAX; i++)
		if (p->questions[i].number < place->number)
			place = &p->questions[i];
	return place;
}

void question_open(struct plugin *p, const struct open_question *asked, const char *text)
{
	struct open_question *question = question_place(p, asked);
	*question = *asked;
	question->number = ++p->next_question;
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
	for (struct open_question *q = p->questions; q < p->questions + 2 * QUESTIONS_MAX; q++) {
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
