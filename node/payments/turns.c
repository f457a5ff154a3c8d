/* See turns.h. A submitter has a list of what it waits with; all that wait with something are in the list of turns, and
 * in one for each size of what waits (who has most). */
#include "turns.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>
#include "messages.h"
#include "pool.h"
#include "try.h"
#include "uncia/error.h"

#define WAITING_MAX     32768u /* KiB, and each payment counts at least one */
#define TURNS_WRONG_MAX 3u     /* one may be a mistake that somebody is to be told of */

struct submission {
	struct submission *prev, *next;
	uint64_t request_id;
	struct payment *payment;
};

struct submitter {
	UT_hash_handle hh; /* by wallet */
	uint64_t wallet;
	struct submission *waiting; /* oldest first */
	uint32_t size, wrong;       /* KiB that wait; wrong signatures so far */
	struct submitter *turn_prev, *turn_next, *level_prev, *level_next;
};

static uint32_t size_of(const struct payment *payment)
{
	return 1 + payment->size / 1024;
}

static struct submitter *submitter_find(const struct payments *p, uint64_t wallet)
{
	struct submitter *s;

	HASH_FIND(hh, p->submitters, &wallet, sizeof(wallet), s);
	return s;
}

int turns_join(struct payments *p, uint64_t wallet)
{
	struct submitter *s = submitter_find(p, wallet);

	if (s)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return UNCIA_E_MEMORY;
	s->wallet = wallet;
	HASH_ADD(hh, p->submitters, wallet, sizeof(s->wallet), s);
	if (!s->hh.tbl) {
		free(s);
		return UNCIA_E_MEMORY;
	}
	return 0;
}

/* The one function that changes how much of a submitter waits, and with it its lists and the counts. */
static void submitter_resize(struct payments *p, struct submitter *s, uint32_t size)
{
	assert(size <= SUBMITTER_WAITING_MAX && p->waiting >= s->size);
	if (s->size) {
		DL_DELETE2(p->levels[s->size], s, level_prev, level_next);
		if (!size)
			DL_DELETE2(p->turns, s, turn_prev, turn_next);
	} else if (size) {
		DL_APPEND2(p->turns, s, turn_prev, turn_next);
	}
	p->waiting = p->waiting - s->size + size;
	s->size = size;
	if (size)
		DL_APPEND2(p->levels[size], s, level_prev, level_next);
	if (size > p->waiting_most)
		p->waiting_most = size;
	while (p->waiting_most && !p->levels[p->waiting_most])
		p->waiting_most--;
	assert(!p->waiting == !p->turns && !p->waiting == !p->waiting_most);
}

/* Takes one out of what waits. Owns: the payment. */
static struct payment *submission_take(struct payments *p, struct submitter *s, struct submission *submission)
{
	struct payment *payment = submission->payment;

	DL_DELETE(s->waiting, submission);
	free(submission);
	submitter_resize(p, s, s->size - size_of(payment));
	return payment;
}

bool turns_free(const struct payments *p)
{
	return !p->turns && p->checking_submitted < pool_submitted_max(p);
}

static int turns_refuse(struct payments *p, uint64_t wallet, uint64_t request_id)
{
	return message_refuse(p->step, wallet, request_id, UNCIA_E_FULL,
	                      "too many payments wait to be checked: try again later, or another validator");
}

/* Room for so much of this submitter. Returns 1, 0 where it has as much as anybody, or UNCIA_E_MEMORY. */
static int make_room(struct payments *p, const struct submitter *s, uint32_t size)
{
	if (s->size + size > SUBMITTER_WAITING_MAX)
		return 0;
	while (p->waiting + size > WAITING_MAX) {
		if (s->size + size >= p->waiting_most)
			return 0;
		struct submitter *most = p->levels[p->waiting_most];
		struct submission *newest = most->waiting->prev; /* a utlist's head points back at its tail */
		uint64_t request_id = newest->request_id;
		payment_free(submission_take(p, most, newest));
		TRY(turns_refuse(p, most->wallet, request_id));
	}
	return 1;
}

int turns_wait(struct payments *p, uint64_t wallet, uint64_t request_id, struct payment *payment)
{
	struct submitter *s = submitter_find(p, wallet);
	struct submission *submission = malloc(sizeof(*submission));
	assert(s);
	int room = submission ? make_room(p, s, size_of(payment)) : UNCIA_E_MEMORY;

	if (room <= 0) {
		payment_free(payment);
		free(submission);
		return room ? room : turns_refuse(p, wallet, request_id);
	}
	*submission = (struct submission){.request_id = request_id, .payment = payment};
	DL_APPEND(s->waiting, submission); /* NOLINT(clang-analyzer-unix.Malloc): it cannot follow lists */
	submitter_resize(p, s, s->size + size_of(payment));
	return 0;
}

int turns_wrong(struct payments *p, uint64_t wallet)
{
	struct submitter *s = submitter_find(p, wallet);

	if (!s || ++s->wrong < TURNS_WRONG_MAX)
		return 0;
	payments_wallet_closed(p, wallet);
	serve_wallet_closed(p->serve, wallet);
	TRY(step_drop_wallet(p->step, wallet));
	return step_note(p->step, NOTE_INFO, "event=wrong_signatures wallet=%llu", (unsigned long long)wallet);
}

struct payment *turns_take(struct payments *p, uint64_t *wallet, uint64_t *request_id)
{
	struct submitter *s = p->turns;

	if (!s || p->checking_submitted >= pool_submitted_max(p))
		return NULL;
	*wallet = s->wallet;
	*request_id = s->waiting->request_id;
	struct payment *payment = submission_take(p, s, s->waiting);
	if (s->size) { /* to the end of the line */
		DL_DELETE2(p->turns, s, turn_prev, turn_next);
		DL_APPEND2(p->turns, s, turn_prev, turn_next);
	}
	return payment;
}

uint64_t payments_wake(const struct payments *p)
{
	return p->turns && p->checking_submitted < pool_submitted_max(p) ? p->step->now_ms : TIME_NEVER;
}

bool payments_waits(const struct payments *p, uint64_t wallet)
{
	const struct submitter *s = submitter_find(p, wallet);

	return s && s->size;
}

void payments_wallet_closed(struct payments *p, uint64_t wallet)
{
	struct submitter *s = submitter_find(p, wallet);

	if (!s)
		return;
	while (s->waiting)
		payment_free(submission_take(p, s, s->waiting));
	HASH_DEL(p->submitters, s);
	free(s);
}

void turns_deinit(struct payments *p)
{
	while (p->submitters)
		payments_wallet_closed(p, p->submitters->wallet);
	assert(!p->turns && !p->waiting);
}
