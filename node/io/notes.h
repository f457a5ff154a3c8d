/* What the core has to say, into the log: ACTION_NOTE, and ACTION_HALT, its last word. */
#ifndef NOTES_H
#define NOTES_H
#include "actions.h"
#include "store.h"

/* One line. */
void note_log(const struct action *action);
/* Ends the process, with the code and the line of what happened; of damage the store says more. */
_Noreturn void note_halt(const struct store *store, const struct action *action);

#endif
