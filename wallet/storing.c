/* See storing.h. */
#include "storing.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "blob.h"
#include "events.h"
#include "wallet.h"

struct stored_later {
	char name[UNCIA_BLOB_NAME_SIZE];
	uint64_t number;
	bool durable; /* but an earlier one is not */
	struct stored_later *prev, *next;
};

static struct stored_later *find_outstanding(const struct uncia_wallet *w, const char *name)
{
	struct stored_later *later;
	DL_FOREACH (w->storing.outstanding, later)
		if (!later->durable && strcmp(later->name, name) == 0)
			return later;
	return NULL;
}

/* Notes what a host answered; `later` is freed, or in the list. */
static int note_answer(struct uncia_wallet *w, struct stored_later *later, const char *name, int answer)
{
	assert(strlen(name) < UNCIA_BLOB_NAME_SIZE);
	if (answer != UNCIA_LATER) {
		free(later);
		return answer > 0 ? UNCIA_E_IO : answer;
	}
	strcpy(later->name, name);
	later->number = ++w->storing.last;
	DL_APPEND(w->storing.outstanding, later);
	return 0;
}

int stored_note(struct uncia_wallet *w, const char *name, int answer)
{
	struct stored_later *later = calloc(1, sizeof(*later));
	return later ? note_answer(w, later, name, answer) : answer == UNCIA_LATER ? UNCIA_E_MEMORY : answer;
}

/* Calls the hook, and notes where the host will say later how it went. */
static int stored(struct uncia_wallet *w,
                  int (*store)(const struct uncia_host *host, const char *name, const void *data, size_t size),
                  const char *name, const void *data, size_t size)
{
	if (w->storing.failed)
		return w->storing.failed;
	struct stored_later *later = calloc(1, sizeof(*later)); /* before: what was accepted must not be forgotten */
	return later ? note_answer(w, later, name, store(&w->host, name, data, size)) : UNCIA_E_MEMORY;
}

int stored_create(struct uncia_wallet *w, const char *name, const void *data, size_t size)
{
	/* Found here, and not durable: nobody may be told that it exists. */
	return find_outstanding(w, name) ? UNCIA_E_BUSY : stored(w, blob_create, name, data, size);
}

int stored_replace(struct uncia_wallet *w, const char *name, const void *data, size_t size)
{
	return stored(w, blob_replace, name, data, size);
}

bool stored_all(const struct uncia_wallet *w)
{
	return !w->storing.outstanding;
}

uint64_t stored_since(const struct uncia_wallet *w, uint64_t before)
{
	assert(before <= w->storing.last);
	return w->storing.last != before ? w->storing.last : 0;
}

void storing_deinit(struct uncia_wallet *w)
{
	struct stored_later *later, *next;
	DL_FOREACH_SAFE (w->storing.outstanding, later, next)
		free(later);
	w->storing = (struct storing){0};
}

static void storing_fail(struct uncia_wallet *w, const char *name, int error)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = error};
	w->storing.failed = error;
	snprintf(event.text, sizeof(event.text),
	         "%.100s could not be stored: nothing is stored or sent any more until the wallet is opened again",
	         name);
	events_add(w, &event);
}

int stored_confirm(struct uncia_wallet *w, const char *name, int error)
{
	struct stored_later *later = find_outstanding(w, name);
	if (!later)
		return UNCIA_E_NOT_FOUND;
	if (w->storing.failed) /* what comes behind a failure counts for nothing */
		return 0;
	if (error) {
		storing_fail(w, name, error);
		return 0;
	}
	later->durable = true;
	while ((later = w->storing.outstanding) && later->durable) {
		w->storing.done = later->number;
		DL_DELETE(w->storing.outstanding, later);
		free(later);
	}
	return 0;
}
