/* See counters.h. */
#include "counters.h"
#include "log.h"

void log_links(const struct listener_counters *l, const struct wallets_counters *w, const struct peers_counters *p)
{
	log_event(LOG_LEVEL_INFO, "inbound", LOG_NUMBER("accepted", l->accepted),
	          LOG_NUMBER("refused_rate", l->refused_rate), LOG_NUMBER("pushed_out", l->pushed_out),
	          LOG_NUMBER("silent", l->timed_out), LOG_NUMBER("bad_first_byte", l->bad_first_byte),
	          LOG_NUMBER("pauses", l->pauses), LOG_NUMBER("websockets", l->web_accepted),
	          LOG_NUMBER("websockets_failed", l->web_failed));
	log_event(LOG_LEVEL_INFO, "wallets", LOG_NUMBER("established", w->established),
	          LOG_NUMBER("refused_full", w->refused_full), LOG_NUMBER("pushed_out", w->pushed_out),
	          LOG_NUMBER("dropped_slow", w->dropped_slow), LOG_NUMBER("dropped_other", w->dropped_other),
	          LOG_NUMBER("dropped_unfinished", w->dropped_unfinished), LOG_NUMBER("answers_lost", w->answers_lost));
	log_event(LOG_LEVEL_INFO, "peers", LOG_NUMBER("established", p->established), LOG_NUMBER("lost", p->lost),
	          LOG_NUMBER("replaced", p->replaced), LOG_NUMBER("dial_failures", p->dial_failures),
	          LOG_NUMBER("dropped_slow", p->dropped_slow), LOG_NUMBER("dropped_other", p->dropped_other),
	          LOG_NUMBER("pushed_out", p->candidates_pushed_out), LOG_NUMBER("too_soon", p->too_soon),
	          LOG_NUMBER("messages_lost", p->messages_lost), LOG_NUMBER("log_lines_dropped", log_dropped()));
}

void log_verifier(struct verifier *verifier)
{
	struct verifier_counters v;

	verifier_counters(verifier, &v);
	log_event(LOG_LEVEL_INFO, "verifier", LOG_TEXT("by", verify_implementation), LOG_NUMBER("chunks", v.chunks),
	          LOG_NUMBER("signatures", v.signatures), LOG_NUMBER("urgent_chunks", v.urgent_chunks),
	          LOG_NUMBER("urgent_signatures", v.urgent_signatures), LOG_NUMBER("key_bytes", v.key_bytes));
}
