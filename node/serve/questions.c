/* The queue of questions. See questions.h. */
#include "questions.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "messages.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"

#define QUESTIONS_MAX            4096u
#define QUESTIONS_PER_WALLET_MAX 64u
/* What was voted for is settled once a child is final, too: after the timers of some views, where leaders are down. */
#define ACCOUNT_WAIT_MS 3000u
#define READ_WAIT_MS    5000u

struct question *question_take(struct serve *s, struct question **at)
{
	struct question *question = *at;

	*at = question->next;
	if (!question->next)
		s->questions_last = at;
	assert(s->question_count && question->link->question_count);
	s->question_count--;
	question->link->question_count--;
	assert(question->kind == QUESTION_ACCOUNT || (question->link->read_count && s->readers));
	if (question->kind != QUESTION_ACCOUNT && --question->link->read_count == 0)
		s->readers--;
	return question;
}

static int question_refuse(struct serve *s, const struct question *question)
{
	return message_refuse(s->step, question->wallet, question->request_id, UNCIA_E_FULL,
	                      "too many questions are waiting: ask again later");
}

/* One wallet cannot take all the places, nor can some that ask much: where all are taken, the newest question of
 * the wallet with most questions is refused. Returns 1 where there is room, 0 where not. */
static int question_room(struct serve *s, const struct wallet_link *link)
{
	struct question **newest = NULL;
	uint32_t most = link->question_count + 2;

	if (link->question_count >= QUESTIONS_PER_WALLET_MAX)
		return 0;
	if (s->question_count < QUESTIONS_MAX)
		return 1;
	for (struct question **at = &s->questions; *at; at = &(*at)->next)
		if ((*at)->link->question_count >= most) {
			most = (*at)->link->question_count;
			newest = at;
		}
	if (!newest)
		return 0;
	struct question *question = question_take(s, newest);
	int error = question_refuse(s, question);
	free(question);
	return error ? error : 1;
}

/* Keeps a question until it can be answered, at the end of this step at the earliest. */
int question_keep(struct serve *s, const struct question *asked)
{
	struct wallet_link *link = wallet_link_get(s, asked->wallet);
	if (!link)
		return UNCIA_E_MEMORY;
	int room = question_room(s, link);
	TRY(room);
	if (!room)
		return question_refuse(s, asked);
	struct question *question = malloc(sizeof(*question));
	if (!question)
		return UNCIA_E_MEMORY;
	*question = *asked;
	assert(s->question_count < QUESTIONS_MAX && link->question_count < QUESTIONS_PER_WALLET_MAX);
	question->link = link;
	link->question_count++;
	if (question->kind != QUESTION_ACCOUNT && link->read_count++ == 0)
		s->readers++;
	question->after = s->chain->final_sequence;
	question->deadline_ms = s->step->now_ms + (question->kind == QUESTION_ACCOUNT ? ACCOUNT_WAIT_MS : READ_WAIT_MS);
	question->next = NULL;
	*s->questions_last = question;
	s->questions_last = &question->next;
	s->question_count++;
	return 0;
}

void questions_forget(struct serve *s, uint64_t wallet)
{
	for (struct question **at = &s->questions; *at;) {
		if ((*at)->wallet == wallet)
			free(question_take(s, at));
		else
			at = &(*at)->next;
	}
}
