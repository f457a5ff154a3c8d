/* Payments that come in: shown once each, and only as their receipts have them. */
#ifndef UNCIA_PLUGIN_INCOMING_H
#define UNCIA_PLUGIN_INCOMING_H

#include "plugin_state.h"

#define SHOWN_BEFORE " (it may have been shown before)"

/* Shows what the wallet has been told of, and takes note of it. */
void incoming_take(struct plugin *p);
/* Notes that this payment was shown in this run. Returns whether it was before. */
bool incoming_note(struct plugin *p, const struct uncia_payment_id *id);
/* The same of the note that was told with it. */
bool incoming_note_text(struct plugin *p, const struct uncia_payment_id *id);
/* Whether this payment was shown in this run. */
bool incoming_was_shown(struct plugin *p, const struct uncia_payment_id *id);
/* Whether one of this time that was not noted may have been shown all the same: in a run before, or so long ago that it
 * is forgotten. */
bool incoming_may_be_known(const struct plugin *p, uint64_t timestamp_ms);
/* An event WATCH of the wallet. */
void incoming_watch_event(struct plugin *p, const struct uncia_event *event);

#endif
