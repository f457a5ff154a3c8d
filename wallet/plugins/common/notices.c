/* "I have paid": libuncia says whether it is so, by the payment's receipt and the sender's pin. */
#include "notices.h"
#include <stdio.h>
#include <string.h>
#include "incoming.h"
#include "question.h"
#include "say.h"
#include "people.h"
#include "tags.h"

static void acknowledge(struct plugin *p, const struct uncia_payment_id *id)
{
	char text[UNCIA_ID_TEXT_SIZE];
	int error = uncia_notice_acknowledge(p->wallet, id);
	uncia_payment_id_format(id, text);
	if (error)
		plugin_say(p, NULL, "That %.16s was shown is not noted, and it may be shown again: %s.", text,
		           uncia_error_text(error));
}

/* What is final, as the receipt has it: the sum, when, from whom, and the note that was told with it. Of what was shown
 * before, AGAIN, the note alone, unless that was by another program of the home: it came in since this run began. */
static void show_paid(struct plugin *p, const struct conversation *where, const struct uncia_notice_result *result)
{
	char money[MONEY_TEXT_SIZE], when[TIME_TEXT_SIZE], who[WHO_TEXT_SIZE], memo[QUOTED_TEXT_SIZE] = "";
	char id[UNCIA_ID_TEXT_SIZE];
	money_text(p, result->amount, money);
	clock_text(result->timestamp_ms, when);
	name_text(where, who);
	uncia_payment_id_format(&result->id, id);
	if (*result->memo)
		quoted_text(result->memo, memo);
	bool again = result->verdict != UNCIA_NOTICE_PAID, before = incoming_may_be_known(p, result->timestamp_ms);
	bool shown = incoming_note(p, &result->id), noted = *memo && incoming_note_text(p, &result->id);
	if (!shown && !(again && before))
		plugin_verdict(p, where, "✔ Received %s at %s from %s%s%s%s: %.16s", money, when, who,
		               *memo ? ", for " : "", memo, result->maybe_told || again || before ? SHOWN_BEFORE : "",
		               id);
	else if (*memo && !noted)
		plugin_verdict(p, where, "✔ The %s received at %s from %s are for %s: %.16s", money, when, who, memo,
		               id);
	if (!again)
		acknowledge(p, &result->id);
}

/* What is final and not what was told. */
static void show_other(struct plugin *p, const struct conversation *where, const struct uncia_notice_result *result)
{
	char money[MONEY_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE];
	money_text(p, result->amount, money);
	uncia_payment_id_format(&result->id, id);
	/* Nobody has told of it: it was shown when it came in. */
	bool untold = result->verdict == UNCIA_NOTICE_REPEATED && !*result->first && *result->pinned;
	switch (untold ? UNCIA_NOTICE_OTHER_ACCOUNT : result->verdict) {
	case UNCIA_NOTICE_NOT_TO_ME:
		plugin_verdict(p, where, "✘ %s tells of a payment that pays nothing to you: %.16s", where->name, id);
		break;
	case UNCIA_NOTICE_OTHER_ACCOUNT:
		plugin_verdict(p, where, "✘ %s tells of a payment that somebody else has made, %s, to you: %.16s",
		               where->name, result->sender, id);
		break;
	case UNCIA_NOTICE_OTHER_MEMO:
		plugin_verdict(p, where,
		               "✘ %s tells of a payment of theirs to you, and of a note that it was not made "
		               "with: %.16s",
		               where->name, id);
		break;
	case UNCIA_NOTICE_REPEATED:
		plugin_verdict(p, where, "✘ %s repeats what %s%s: nothing more was paid: %.16s", where->name,
		               *result->first ? result->first : "was shown before", *result->first ? " has told" : "",
		               id);
		break;
	case UNCIA_NOTICE_STRANGER:
		plugin_verdict(p, where, "%s was paid to you by %s. Nothing says that this is %s, %s: %.16s", money,
		               result->sender, where->name, person_unknown(p, where), id);
		break;
	default:
		break;
	}
}

/* old: what told of it is an old message. */
static void show_result(struct plugin *p, const struct conversation *where, const struct uncia_notice_result *result,
                        bool old)
{
	char id[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(&result->id, id);
	switch (result->verdict) {
	case UNCIA_NOTICE_PAID:
		show_paid(p, where, result);
		return;
	case UNCIA_NOTICE_AGAIN:
		/* An old message may have been here before; of what came in just now it is the first to tell the note.
		 */
		if (!result->older && (!old || incoming_was_shown(p, &result->id)))
			show_paid(p, where, result);
		return;
	case UNCIA_NOTICE_PENDING:
		plugin_say(p, where, "%s tells of a payment that is on its way. Nothing is received yet: %.16s",
		           where->name, id);
		return;
	case UNCIA_NOTICE_UNKNOWN:
		plugin_say(p, where, "%s tells of a payment that nobody knows%s: %.16s", where->name,
		           result->over ? "" : " yet. Nothing is received", id);
		return;
	case UNCIA_NOTICE_EXPIRED:
		plugin_verdict(p, where, "✘ %s tells of a payment that expired: nothing was paid, nor will be: %.16s",
		               where->name, id);
		return;
	case UNCIA_NOTICE_CHECKING:
		if (result->error)
			plugin_say(p, where, "%s tells of a payment that cannot be looked for now: %s%s: %.16s",
			           where->name, uncia_error_text(result->error),
			           result->over ? "" : "; it is tried again", id);
		return;
	default:
		show_other(p, where, result);
	}
}

/* How a check is asked for. */
#define CHECK_ASKED 1u /* by the user */
#define CHECK_OLD   2u /* by a message that is old: in the tag, among the flags of tags.c */
#define TAG_OLD     0x80u

static void check(struct plugin *p, const struct conversation *where, const char *text, unsigned how);

static void check_agreed(struct plugin *p, const struct open_question *question)
{
	check(p, &question->where, question->notice, CHECK_ASKED);
}

/* Somebody who is not pinned would learn from a query of ours that this user is here, and has read it. */
static void ask_to_look(struct plugin *p, const struct conversation *where, const char *text)
{
	struct open_question asked = {.where = *where, .heard = true, .agreed = check_agreed};
	char line[PLUGIN_LINE_SIZE];
	snprintf(asked.notice, sizeof(asked.notice), "%s", text);
	snprintf(line, sizeof(line), "%s, %s, tells of a payment. Look for it?", where->name, person_unknown(p, where));
	question_open(p, &asked, line);
}

static void check(struct plugin *p, const struct conversation *where, const char *text, unsigned how)
{
	struct uncia_peer peer = person_peer(where);
	struct uncia_notice_result result = {.size = sizeof(result)};
	uint8_t tag[UNCIA_TAG_SIZE];
	struct uncia_notice_query query = {.size = sizeof(query),
	                                   .peer = &peer,
	                                   .notice = text,
	                                   .asked = how == CHECK_ASKED,
	                                   .tag = tag,
	                                   .tag_size = tag_write(where, tag)};
	tag[0] |= how == CHECK_OLD ? TAG_OLD : 0;
	int error = uncia_wallet_notice_check(p->wallet, &query, &result);
	if (error)
		plugin_say(p, where, "%s tells of a payment, which cannot be looked for: %s.", where->name,
		           uncia_error_text(error));
	else if (result.verdict == UNCIA_NOTICE_UNPINNED)
		ask_to_look(p, where, text);
	else
		show_result(p, where, &result, how == CHECK_OLD);
}

void notices_heard(struct plugin *p, const struct plugin_message *message, const char *text)
{
	const struct conversation *where = &message->where;
	struct uncia_pin pinned;
	/* In a group nothing says to whom it is told; what has paid this account is shown without it. */
	if (where->group || !*where->own || !*where->peer)
		return;
	if (message->delayed && person_pin(p, where, &pinned))
		plugin_say(p, where, "%s, %s, told of a payment in an old message.", where->name,
		           person_unknown(p, where));
	else
		check(p, where, text, message->delayed ? CHECK_OLD : 0);
}

void notices_take(struct plugin *p)
{
	struct uncia_notice_result result = {.size = sizeof(result)};
	struct conversation where;
	while (uncia_notice_result(p->wallet, &result) == 1)
		if (tag_read(result.tag, result.tag_size, &where))
			show_result(p, &where, &result, result.tag[0] & TAG_OLD);
		else if (result.verdict == UNCIA_NOTICE_PAID) /* asked by what came in, which has shown it */
			acknowledge(p, &result.id);
}
