/* See outbox.h. */
#include "outbox.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "try.h"
#include "uncia/error.h"

/* Of one step. A disk that stood still for a while releases everything at once, and more than a step may hold. */
#define RELEASED_MAX ((size_t)32 << 20)
/* With their keeping. Small questions have answers that rest on the last block: while the disk stands still, strangers
 * could fill the memory with them. */
#define ANSWERS_MAX ((size_t)256 << 20)

enum outbox_kind { OUTBOX_SEND, OUTBOX_ANSWER, OUTBOX_OWN_VOTE, OUTBOX_MARK };
struct outbox_item {
	struct outbox_item *next;
	uint64_t after;
	enum outbox_kind kind;
	uint32_t peer;
	uint64_t wallet;
	struct vote vote;
	size_t size;
	uint8_t bytes[];
};

static struct outbox_item *step_outbox_add(struct step *s, uint64_t after, enum outbox_kind kind, size_t size)
{
	struct outbox_item *item = malloc(sizeof(*item) + size);

	assert(after <= s->sequence);
	if (!item)
		return NULL;
	*item = (struct outbox_item){.kind = kind, .after = after, .size = size};
	*s->outbox_last = item;
	s->outbox_last = &item->next;
	return item;
}

int step_outbox_send(struct step *s, uint64_t after, uint32_t peer, const void *message, size_t size)
{
	if (after <= s->durable)
		return step_send(s, peer, message, size);
	struct outbox_item *item = step_outbox_add(s, after, OUTBOX_SEND, size);
	if (!item)
		return UNCIA_E_MEMORY;
	item->peer = peer;
	memcpy(item->bytes, message, size);
	return 0;
}

int step_outbox_answer(struct step *s, uint64_t after, uint64_t wallet, const void *message, size_t size)
{
	if (after <= s->durable)
		return step_answer(s, wallet, message, size);
	/* Its wallet may ask elsewhere, or again. */
	if (s->answers_waiting + sizeof(struct outbox_item) + size > ANSWERS_MAX) {
		s->dropped_messages++;
		return step_drop_wallet(s, wallet, UNCIA_E_FULL);
	}
	struct outbox_item *item = step_outbox_add(s, after, OUTBOX_ANSWER, size);
	if (!item)
		return UNCIA_E_MEMORY;
	item->wallet = wallet;
	s->answers_waiting += sizeof(*item) + size;
	memcpy(item->bytes, message, size);
	return 0;
}

int step_outbox_own_vote(struct step *s, uint64_t after, const struct vote *vote)
{
	assert(vote->voter == s->self && after > s->durable);
	struct outbox_item *item = step_outbox_add(s, after, OUTBOX_OWN_VOTE, 0);
	if (!item)
		return UNCIA_E_MEMORY;
	item->vote = *vote;
	return 0;
}

int step_outbox_mark(struct step *s, uint64_t after)
{
	return step_outbox_add(s, after, OUTBOX_MARK, 0) ? 0 : UNCIA_E_MEMORY;
}

static bool step_outbox_due(const struct step *s)
{
	return s->outbox && s->outbox->after <= s->durable;
}

static struct outbox_item *step_outbox_take(struct step *s)
{
	struct outbox_item *item = s->outbox;

	s->outbox = item->next;
	if (!s->outbox)
		s->outbox_last = &s->outbox;
	if (item->kind == OUTBOX_ANSWER) {
		assert(s->answers_waiting >= sizeof(*item) + item->size);
		s->answers_waiting -= sizeof(*item) + item->size;
	}
	return item;
}

int step_outbox_release(struct step *s, struct vote *vote)
{
	while (step_outbox_due(s) && s->released < RELEASED_MAX) {
		struct outbox_item *item = step_outbox_take(s);
		int rc = 0;
		s->released += item->size;
		switch (item->kind) {
		case OUTBOX_SEND:
			rc = step_send(s, item->peer, item->bytes, item->size);
			break;
		case OUTBOX_ANSWER:
			rc = step_answer(s, item->wallet, item->bytes, item->size);
			break;
		case OUTBOX_OWN_VOTE:
			*vote = item->vote;
			rc = RELEASED_OWN_VOTE;
			break;
		case OUTBOX_MARK:
			rc = RELEASED_MARK;
			break;
		}
		free(item);
		if (rc)
			return rc;
	}
	return 0;
}

uint64_t step_outbox_wake(const struct step *s)
{
	return step_outbox_due(s) ? s->now_ms : TIME_NEVER;
}

void step_outbox_load(const struct step *s, size_t *items, size_t *bytes)
{
	*items = *bytes = 0;
	for (const struct outbox_item *item = s->outbox; item; item = item->next) {
		++*items;
		*bytes += item->size;
	}
}

void step_outbox_free(struct step *s)
{
	while (s->outbox)
		free(step_outbox_take(s));
	assert(s->answers_waiting == 0);
}
