/* See turns.h. A submitter has a list of what it waits with; all that wait with something are in the list of turns, or
 * of suspects, and in one for each size of what waits (who has most). Who has come to be a suspect since he waits is
 * found when it is his turn, and who is one no more, when it would be his turn there. */
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
#define SUSPECTS_MAX    8u     /* of their signatures are being checked at a time */

struct submission {
	struct submission *prev, *next;
	uint64_t request_id;
	struct payment *payment;
};

struct submitter {
	UT_hash_handle hh; /* by wallet */
	uint64_t wallet;
	uint32_t origin;
	bool among_suspects;        /* it waits, if it does, in their list */
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

int turns_join(struct payments *p, const struct wallet_link_id *from)
{
	struct submitter *s = submitter_find(p, from->wallet);

	if (s)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return UNCIA_E_MEMORY;
	s->wallet = from->wallet;
	s->origin = from->origin;
	HASH_ADD(hh, p->submitters, wallet, sizeof(s->wallet), s);
	if (!s->hh.tbl) {
		free(s);
		return UNCIA_E_MEMORY;
	}
	return 0;
}

static struct submitter **submitter_list(struct payments *p, const struct submitter *s)
{
	return s->among_suspects ? &p->suspects : &p->turns;
}

/* To the end of the line: of the suspects, or of all others. */
static void submitter_line_up(struct payments *p, struct submitter *s, bool among_suspects)
{
	struct submitter **list = submitter_list(p, s);
	DL_DELETE2(*list, s, turn_prev, turn_next);
	s->among_suspects = among_suspects;
	list = submitter_list(p, s);
	DL_APPEND2(*list, s, turn_prev, turn_next);
}

static bool is_suspect(const struct payments *p, uint32_t origin)
{
	return origin_standing(p->origins, origin, p->step->now_ms) == STANDING_SUSPECT;
}

static bool turns_have_room(const struct payments *p)
{
	return p->checking_submitted < pool_submitted_max(p);
}

static bool suspects_have_room(const struct payments *p)
{
	return turns_have_room(p) && p->checking_suspects < SUSPECTS_MAX;
}

/* The one function that changes how much of a submitter waits, and with it its lists and the counts. */
static void submitter_resize(struct payments *p, struct submitter *s, uint32_t size)
{
	struct submitter **list = submitter_list(p, s);

	assert(size <= SUBMITTER_WAITING_MAX && p->waiting >= s->size);
	if (s->size) {
		DL_DELETE2(p->levels[s->size], s, level_prev, level_next);
		if (!size)
			DL_DELETE2(*list, s, turn_prev, turn_next);
	} else if (size) {
		DL_APPEND2(*list, s, turn_prev, turn_next);
	}
	p->waiting = p->waiting - s->size + size;
	s->size = size;
	if (size)
		DL_APPEND2(p->levels[size], s, level_prev, level_next);
	if (size > p->waiting_most)
		p->waiting_most = size;
	while (p->waiting_most && !p->levels[p->waiting_most])
		p->waiting_most--;
	assert(!p->waiting == !(p->turns || p->suspects) && !p->waiting == !p->waiting_most);
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

bool turns_free(const struct payments *p, uint32_t origin)
{
	return is_suspect(p, origin) ? !p->suspects && suspects_have_room(p) : !p->turns && turns_have_room(p);
}

void turns_begin(struct payments *p, uint32_t origin, struct job *job)
{
	enum standing standing = origin_standing(p->origins, origin, p->step->now_ms);

	job_standing(job, standing, origin);
	p->checking_submitted++;
	if (standing == STANDING_SUSPECT)
		p->checking_suspects++;
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
	if (!s->size)
		s->among_suspects = is_suspect(p, s->origin);
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
	TRY(step_drop_wallet(p->step, wallet, UNCIA_E_SIGNATURE));
	return step_note(p->step, NOTE_INFO, "event=wrong_signatures wallet=%llu", (unsigned long long)wallet);
}

/* Whose turn it is: a suspect's, where few of theirs are under way, else anybody else's. NULL: nobody's. */
static struct submitter *turns_next(struct payments *p)
{
	while (p->suspects && suspects_have_room(p)) {
		if (is_suspect(p, p->suspects->origin))
			return p->suspects;
		submitter_line_up(p, p->suspects, false);
	}
	while (p->turns && turns_have_room(p)) {
		if (!is_suspect(p, p->turns->origin))
			return p->turns;
		submitter_line_up(p, p->turns, true);
		if (suspects_have_room(p))
			return p->suspects;
	}
	return NULL;
}

struct payment *turns_take(struct payments *p, struct wallet_link_id *from, uint64_t *request_id)
{
	struct submitter *s = turns_next(p);

	if (!s)
		return NULL;
	*from = (struct wallet_link_id){s->wallet, s->origin};
	*request_id = s->waiting->request_id;
	struct payment *payment = submission_take(p, s, s->waiting);
	if (s->size)
		submitter_line_up(p, s, s->among_suspects);
	return payment;
}

uint64_t payments_wake(const struct payments *p)
{
	bool due = (p->turns && turns_have_room(p)) || (p->suspects && suspects_have_room(p));

	return due ? p->step->now_ms : TIME_NEVER;
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
	assert(!p->turns && !p->suspects && !p->waiting);
}
