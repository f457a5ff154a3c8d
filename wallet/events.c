/* The queue of events that the host has not taken yet. */
#include "events.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "wallet.h"

struct queued_event {
	struct uncia_event event;
	struct queued_event *prev, *next;
};

static bool same_subject(const struct uncia_event *a, const struct uncia_event *b)
{
	return a->kind == b->kind && a->kind != UNCIA_EVENT_ORDER && a->validator == b->validator &&
	       memcmp(a->id.b, b->id.b, sizeof(a->id.b)) == 0 &&
	       (a->kind != UNCIA_EVENT_ERROR || strcmp(a->text, b->text) == 0);
}

void events_add(struct uncia_wallet *w, const struct uncia_event *event)
{
	struct queued_event *fresh = calloc(1, sizeof(*fresh)), *old;
	assert(event->kind >= UNCIA_EVENT_BALANCE && event->kind <= UNCIA_EVENT_NOTICE);
	assert(memchr(event->text, 0, sizeof(event->text)));
	bool is_first = !events_waiting(w);
	if (!fresh) {
		w->events_lost = true;
		if (is_first)
			wallet_tell(w);
		return;
	}
	fresh->event = *event;
	fresh->event.size = sizeof(fresh->event);
	/* One event per kind and subject bounds the queue even where the host never reads it. */
	DL_FOREACH (w->events, old) {
		if (same_subject(&old->event, &fresh->event)) {
			DL_DELETE(w->events, old);
			free(old);
			break;
		}
	}
	DL_APPEND(w->events, fresh);
	if (is_first)
		wallet_tell(w);
}

void events_add_payment(struct uncia_wallet *w, const struct payment_id *id, int error, struct bytes tag)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_PAYMENT, .error = error, .tag_size = (uint32_t)tag.size};
	assert(tag.size <= sizeof(event.tag));
	memcpy(event.id.b, id->b, sizeof(event.id.b));
	if (tag.size != 0)
		memcpy(event.tag, tag.data, tag.size);
	events_add(w, &event);
}

uint32_t events_of_orders(const struct uncia_wallet *w)
{
	uint32_t count = 0;
	for (const struct queued_event *queued = w->events; queued; queued = queued->next)
		count += queued->event.kind == UNCIA_EVENT_ORDER;
	return count;
}

bool events_waiting(const struct uncia_wallet *w)
{
	return w->events || w->events_lost;
}

/* Takes the first one into *event. */
static void take_first(struct uncia_wallet *w, struct uncia_event *event)
{
	struct queued_event *first = w->events;
	if (!first) {
		w->events_lost = false;
		*event = (struct uncia_event){.size = sizeof(*event),
		                              .kind = UNCIA_EVENT_ERROR,
		                              .error = UNCIA_E_MEMORY,
		                              .text = "events were lost for want of memory"};
		return;
	}
	*event = first->event;
	DL_DELETE(w->events, first);
	free(first);
}

int uncia_wallet_event(struct uncia_wallet *w, struct uncia_event *event)
{
	int rc = wallet_readable(w);
	if (!rc && (!event || event->size != sizeof(*event)))
		rc = UNCIA_E_ARGUMENT;
	if (rc || !events_waiting(w))
		return rc;
	take_first(w, event);
	if (!events_waiting(w))
		wallet_tell(w);
	return 1;
}

void events_free(struct uncia_wallet *w)
{
	struct queued_event *event, *next;
	DL_FOREACH_SAFE (w->events, event, next) {
		free(event);
	}
}
