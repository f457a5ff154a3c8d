/* The queue of what the host has not been told yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "wallet.h"

static bool same_subject(const struct uncia_event *a, const struct uncia_event *b)
{
	return a->kind == b->kind && a->validator == b->validator && memcmp(a->id.b, b->id.b, sizeof(a->id.b)) == 0 &&
	       (a->kind != UNCIA_EVENT_ERROR || strcmp(a->text, b->text) == 0);
}

void wallet_event(struct uncia_wallet *w, enum uncia_event_kind kind, int error, const struct payment_id *id,
                  uint32_t validator, bool up, const char *text)
{
	struct queued_event *fresh = calloc(1, sizeof(*fresh)), *old;
	if (fresh == NULL) {
		w->events_lost = true;
		return;
	}
	fresh->event = (struct uncia_event){
	    .size = sizeof(fresh->event), .kind = kind, .error = error, .validator = validator, .up = up};
	if (id != NULL)
		memcpy(fresh->event.id.b, id->b, sizeof(id->b));
	if (text != NULL)
		snprintf(fresh->event.text, sizeof(fresh->event.text), "%s", text);
	/* So the queue is bounded even where the host never reads it. */
	DL_FOREACH (w->events, old) {
		if (same_subject(&old->event, &fresh->event)) {
			DL_DELETE(w->events, old);
			free(old);
			break;
		}
	}
	DL_APPEND(w->events, fresh);
}

bool uncia_wallet_event(struct uncia_wallet *w, struct uncia_event *event)
{
	if (w == NULL || event == NULL || event->size != sizeof(*event))
		return false;
	struct queued_event *first = w->events;
	if (first == NULL) {
		if (!w->events_lost)
			return false;
		w->events_lost = false;
		*event = (struct uncia_event){.size = sizeof(*event),
		                              .kind = UNCIA_EVENT_ERROR,
		                              .error = UNCIA_E_MEMORY,
		                              .text = "events were lost for want of memory"};
		return true;
	}
	*event = first->event;
	DL_DELETE(w->events, first);
	free(first);
	return true;
}

void events_free(struct uncia_wallet *w)
{
	struct queued_event *event, *next;
	DL_FOREACH_SAFE (w->events, event, next) {
		free(event);
	}
}
