/* Payments and claims ordered: what is typed read, a key made, the order given. */
#include "ordering.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "say.h"
#include "tags.h"

bool ordering_key(char key[PLUGIN_KEY_SIZE])
{
	unsigned char random[16];
	if (getentropy(random, sizeof(random)))
		return false;
	int used = snprintf(key, PLUGIN_KEY_SIZE, "chat-");
	for (size_t i = 0; i < sizeof(random); i++)
		used += snprintf(key + used, PLUGIN_KEY_SIZE - (size_t)used, "%02x", random[i]);
	return true;
}

bool ordering_amount(const struct plugin *p, const struct conversation *where, const char **arguments, uint64_t *amount)
{
	char word[UNCIA_AMOUNT_TEXT_SIZE], quoted[QUOTED_TEXT_SIZE];
	size_t size = strcspn(*arguments, " ");
	snprintf(word, sizeof(word), "%.*s", (int)(size < sizeof(word) ? size : sizeof(word) - 1), *arguments);
	if (size >= sizeof(word) || uncia_amount_parse(word, amount) || !*amount) {
		quoted_text(word, quoted);
		plugin_say(p, where, "%s is not an amount, such as 12 or 0.50. Nothing was done.", quoted);
		return false;
	}
	*arguments += size;
	*arguments += strspn(*arguments, " ");
	return true;
}

bool ordering_note(const struct plugin *p, const struct conversation *where, const char *note)
{
	if (strlen(note) >= UNCIA_CHAT_MEMO_SIZE) {
		plugin_say(p, where, "The note has %zu bytes; a chat carries 96 at most. Nothing was done.",
		           strlen(note));
		return false;
	}
	int error = uncia_memo_check(note);
	if (error)
		plugin_say(p, where, "This cannot be a note: %s. Nothing was done.", uncia_error_text(error));
	return !error;
}

/* What becomes of it is told: where nothing has for long, that it is on its way. */
static void wait_for(struct plugin *p, const struct conversation *peer, const struct intent *intent, bool claim)
{
	struct waiting *waiting = &p->waiting[p->next_waiting++ % WAITING_MAX];
	*waiting =
	    (struct waiting){.since_ms = plugin_now_ms(), .amount = intent->amount, .peer = *peer, .claim = claim};
	strcpy(waiting->key, intent->key);
	p->client.tick(p->client.context, true);
}

/* Orders what `request` says, with the intent's key and memo. */
static void order_request(struct plugin *p, const struct conversation *peer, const struct intent *intent,
                          const struct uncia_payment_request *request)
{
	uint8_t tag[UNCIA_TAG_SIZE];
	struct uncia_payment_request whole = *request;
	whole.size = sizeof(whole);
	whole.key = intent->key;
	whole.memo = *intent->memo ? intent->memo : NULL;
	whole.tag = tag;
	whole.tag_size = tag_write(peer, tag);
	int error = uncia_wallet_order(p->wallet, &whole);
	if (error)
		plugin_verdict(p, peer, "Not paid, nothing was signed: %s.", uncia_error_text(error));
	else
		wait_for(p, peer, intent, request->hold_count != 0);
}

void ordering_pay(struct plugin *p, const struct conversation *peer, const struct intent *intent)
{
	struct uncia_output output = {.address = intent->address, .amount = intent->amount};
	struct uncia_payment_request request = {.outputs = &output, .output_count = 1};
	p->last = *intent;
	p->last_ms = plugin_now_ms();
	order_request(p, peer, intent, &request);
}

void ordering_claim(struct plugin *p, const struct conversation *peer, const struct intent *intent, uint32_t seconds)
{
	struct uncia_hold_request hold = {.amount = intent->amount, .seconds = seconds};
	struct uncia_payment_request request = {.holds = &hold, .hold_count = 1};
	order_request(p, peer, intent, &request);
}
