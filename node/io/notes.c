/* What the core has to say, into the log. See notes.h. */
#include "notes.h"
#include <assert.h>
#include <stdio.h>
#include "log.h"
#include "replica.h"
#include "uncia/error.h"

void note_log(const struct action *action)
{
	static const enum log_level levels[] = {
	    [NOTE_ERROR] = LOG_LEVEL_ERROR,
	    [NOTE_WARNING] = LOG_LEVEL_WARNING,
	    [NOTE_INFO] = LOG_LEVEL_INFO,
	    [NOTE_DEBUG] = LOG_LEVEL_DEBUG,
	};

	assert((unsigned)action->level < sizeof(levels) / sizeof(*levels));
	log_fragment(levels[action->level], action->message.data, action->message.size);
}

_Noreturn void note_halt(const struct store *store, const struct action *action)
{
	const char *damage = store_damage(store);
	const struct bytes *reason = &action->message;
	enum end_code code = END_FAILED;
	char why[600];

	if (action->error == UNCIA_E_DAMAGED)
		code = END_DAMAGED;
	else if (action->error == REPLICA_E_FAULTY)
		code = END_FAULTY;
	snprintf(why, sizeof(why), "%.*s%s%s%s", (int)(reason->size < 200 ? reason->size : 200),
	         (const char *)reason->data, *damage ? ": " : "", damage,
	         code == END_DAMAGED ? ": see A damaged journal or state in docs/operating.md" : "");
	log_fatal(code, "halt", why);
}
