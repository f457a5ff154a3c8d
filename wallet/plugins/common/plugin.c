/* A plugin's turns: what the wallet tells, and to whom it matters. */
#include "plugin.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "answers.h"
#include "claims.h"
#include "incoming.h"
#include "notices.h"
#include "opening.h"
#include "paying.h"
#include "say.h"

struct plugin *plugin_open(const struct plugin_client *client)
{
	struct plugin *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->client = *client;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	p->opened_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	atomic_init(&p->unlocked, false);
	opening_need(p, NULL);
	return p;
}

void plugin_close(struct plugin *p)
{
	if (!p)
		return;
	claims_undo(p);
	p->client.tick(p->client.context, false);
	opening_undo(p);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

void plugin_tick(struct plugin *p)
{
	bool pays = paying_tick(p), gives = claims_tick(p);
	if (!pays && !gives)
		p->client.tick(p->client.context, false);
}

static void on_event(struct plugin *p, const struct uncia_event *event)
{
	if (claims_event(p, event))
		return;
	switch (event->kind) {
	case UNCIA_EVENT_BALANCE:
	case UNCIA_EVENT_HISTORY:
		answers_event(p, event);
		break;
	case UNCIA_EVENT_ORDER:
	case UNCIA_EVENT_PAYMENT:
		paying_event(p, event);
		break;
	case UNCIA_EVENT_CAUGHT_UP:
		opening_looked_back(p, event->error);
		break;
	case UNCIA_EVENT_LINK:
		if (event->up)
			opening_look_back(p);
		break;
	case UNCIA_EVENT_WATCH:
		incoming_watch_event(p, event);
		break;
	case UNCIA_EVENT_ERROR:
		plugin_say(p, NULL, "%s: %s.", uncia_error_text(event->error), event->text);
		break;
	default:
		break;
	}
}

void plugin_ready(struct plugin *p)
{
	struct uncia_event event = {.size = sizeof(event)};
	if (!p->wallet || p->stopped)
		return;
	opening_take_key(p);
	int error = uncia_wallet_process(p->wallet);
	while (!error && uncia_wallet_event(p->wallet, &event) == 1)
		on_event(p, &event);
	/* A notice tells more than what came in by itself. */
	if (!error)
		notices_take(p);
	if (!error)
		incoming_take(p);
	if (!error)
		return;
	/* What fails now would fail at once again, as the descriptor stays readable. */
	p->stopped = true;
	p->client.unwatch(p->client.context, uncia_wallet_fd(p->wallet));
	plugin_say(p, NULL, "The wallet has stopped: %s. Nothing is lost; load the plugin again.",
	           uncia_error_text(error));
}
