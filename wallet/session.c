/* The wallet's links to validators: which are wanted, handshakes, requests out, messages in, and when one is given up.
 */
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "wallet.h"

int session_init(struct uncia_wallet *w)
{
	uint32_t count = w->network->endpoint_count;
	w->nodes = calloc(count, sizeof(*w->nodes));
	w->order = calloc(count, sizeof(*w->order));
	if (w->nodes == NULL || w->order == NULL)
		return UNCIA_E_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t random, j;
		if (host_random(&w->host, &random, sizeof(random)) != 0)
			return UNCIA_E_RANDOM;
		j = random % (i + 1); /* a bias of 2^-25 chooses nothing worth choosing */
		w->order[i] = w->order[j];
		w->order[j] = i;
	}
	return 0;
}

void session_deinit(struct uncia_wallet *w)
{
	for (uint32_t i = 0; w->nodes != NULL && i < w->network->endpoint_count; i++)
		link_free(w->nodes[i].link);
	free(w->nodes);
	free(w->order);
	w->nodes = NULL;
	w->order = NULL;
}

uint64_t session_weight(const struct uncia_wallet *w, uint32_t node)
{
	return w->network->genesis.committee.validators[w->network->endpoints[node].validator].weight;
}

void session_wake(struct uncia_wallet *w)
{
	w->busy_until_ms = wallet_now(w) + LINGER_MS;
}

/* The first validators of the random order, passing over those that fail, until there are LINKS_MAX and they weigh F+1:
 * what a wallet needs to believe what cannot be proved. Those that fail are tried all the same. */
static bool selected(const struct uncia_wallet *w, uint32_t node)
{
	uint64_t weight = 0;
	uint32_t count = 0;
	for (uint32_t k = 0; k < w->network->endpoint_count; k++) {
		uint32_t i = w->order[k];
		if (count >= LINKS_MAX && weight > w->network->genesis.committee.faulty)
			return w->nodes[node].link != NULL && !w->nodes[node].drop && w->nodes[node].asked_ms != 0;
		if (i == node)
			return true;
		if (w->nodes[i].failures != 0 && !w->nodes[i].established)
			continue;
		count++;
		weight += session_weight(w, i);
	}
	return false;
}

bool session_in_progress(const struct uncia_wallet *w, uint32_t node)
{
	const struct node *n = &w->nodes[node];
	if (n->link != NULL)
		return !n->drop;
	return n->failures == 0 && selected(w, node);
}

bool session_wanted(const struct uncia_wallet *w, uint32_t node, bool working)
{
	const struct node *n = &w->nodes[node];
	uint64_t now = wallet_now(w);
	if (n->drop || (!working && now >= w->busy_until_ms))
		return false;
	return (n->link != NULL || now >= n->retry_ms) && selected(w, node);
}

int session_usable(const struct uncia_wallet *w, uint32_t node)
{
	int result = wallet_usable(w);
	if (result != 0)
		return result;
	return w->network == NULL || node >= w->network->endpoint_count ? UNCIA_E_ARGUMENT : 0;
}

void session_drop(struct uncia_wallet *w, uint32_t node, int error)
{
	struct node *n = &w->nodes[node];
	if (n->drop)
		return;
	n->drop = true;
	n->drop_error = error;
	host_log(&w->host, UNCIA_LOG_INFO, "event=drop validator=%u error=%d", w->network->endpoints[node].validator,
	         error);
}

int uncia_wallet_link_opened(struct uncia_wallet *w, uint32_t node)
{
	uint8_t ephemeral[32];
	int result = session_usable(w, node);
	if (result != 0)
		return result;
	struct node *n = &w->nodes[node];
	if (n->link != NULL)
		return UNCIA_E_ARGUMENT;
	if (host_random(&w->host, ephemeral, sizeof(ephemeral)) != 0)
		return UNCIA_E_RANDOM;
	const struct genesis *genesis = &w->network->genesis;
	struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = &genesis->network_id,
	    .remote_static = genesis->committee.validators[w->network->endpoints[node].validator].network_key,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	    .write_queue_max = WRITE_QUEUE_WALLET_MAX,
	};
	result = link_new(&options, &n->link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (result != 0)
		return result;
	n->established = n->drop = false;
	n->opened_ms = n->heard_ms = wallet_now(w);
	n->asked_ms = 0;
	return 0;
}

void session_send(struct uncia_wallet *w, uint32_t node, enum request_purpose purpose, uint64_t number,
                  Uncia__Pb__WalletRequest *request)
{
	struct node *n = &w->nodes[node];
	uint8_t *data;
	size_t size;
	if (!n->established || n->drop)
		return;
	request->request_id = (uint64_t)purpose << REQUEST_NUMBER_BITS | number;
	int result = canonical_encode(&request->base, &data, &size);
	if (result == 0) {
		result = link_send(n->link, data, size);
		free(data);
	}
	if (result != 0)
		session_drop(w, node, result);
	else if (n->asked_ms == 0)
		n->asked_ms = wallet_now(w);
}

int session_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, bool *is_up)
{
	struct node *n = &w->nodes[node];
	*is_up = false;
	n->heard_ms = wallet_now(w);
	int result = link_feed(n->link, data, size);
	if (result == 0 && !n->established && link_established(n->link)) {
		*is_up = n->established = true;
		wallet_event(w, UNCIA_EVENT_LINK, 0, NULL, node, true, NULL);
	}
	return result;
}

bool session_next(struct uncia_wallet *w, uint32_t node, struct bytes *message)
{
	if (!link_next(w->nodes[node].link, message))
		return false;
	w->nodes[node].asked_ms = 0;
	return true;
}

void session_answered(struct uncia_wallet *w, uint32_t node)
{
	w->nodes[node].failures = 0;
}

int uncia_wallet_link_output(struct uncia_wallet *w, uint32_t node, const void **data, size_t *size)
{
	struct bytes run = {NULL, 0};
	int result = session_usable(w, node);
	if (result != 0)
		return result;
	if (w->nodes[node].link == NULL || data == NULL || size == NULL)
		return UNCIA_E_ARGUMENT;
	if (!w->nodes[node].drop)
		link_output(w->nodes[node].link, &run);
	*data = run.data;
	*size = run.size;
	return 0;
}

int uncia_wallet_link_taken(struct uncia_wallet *w, uint32_t node, size_t size)
{
	struct bytes run;
	int result = session_usable(w, node);
	if (result != 0)
		return result;
	if (w->nodes[node].link == NULL)
		return UNCIA_E_ARGUMENT;
	link_output(w->nodes[node].link, &run);
	if (size > run.size)
		return UNCIA_E_ARGUMENT;
	link_output_taken(w->nodes[node].link, size);
	return 0;
}

/* 250 ms, doubled per failure up to 30 s, of which a random half is left out, so that wallets do not come back in step.
 */
static uint64_t backoff_ms(struct uncia_wallet *w, uint32_t failures)
{
	uint32_t random = 0;
	uint64_t full = failures > 7 ? BACKOFF_MAX_MS : (uint64_t)BACKOFF_FIRST_MS << (failures - 1);
	if (full > BACKOFF_MAX_MS)
		full = BACKOFF_MAX_MS;
	if (host_random(&w->host, &random, sizeof(random)) != 0)
		return full;
	return full / 2 + random % (full / 2 + 1);
}

/* The validator itself sent what no honest one sends. */
static bool is_lie(int error)
{
	return error == UNCIA_E_PROOF || error == UNCIA_E_ENCODING || error == UNCIA_E_PROTOCOL ||
	       error == UNCIA_E_LIMIT;
}

void session_closed(struct uncia_wallet *w, uint32_t node, int error)
{
	struct node *n = &w->nodes[node];
	bool was_up = n->established;
	if (n->drop && n->drop_error != 0)
		error = n->drop_error;
	link_free(n->link);
	n->link = NULL;
	n->established = n->drop = false;
	n->drop_error = 0;
	n->asked_ms = 0;
	if (error != 0) {
		n->failures++;
		n->retry_ms = wallet_now(w) + (is_lie(error) ? LIAR_PAUSE_MS : backoff_ms(w, n->failures));
	}
	if (was_up)
		wallet_event(w, UNCIA_EVENT_LINK, error, NULL, node, false,
		             error == 0 ? NULL : uncia_error_text(error));
}

/* What is to happen to this link by itself: a handshake or an answer that never comes. */
static uint64_t node_deadline(const struct node *n)
{
	if (n->link == NULL || n->drop)
		return UINT64_MAX;
	if (!n->established)
		return n->opened_ms + HANDSHAKE_TIMEOUT_MS;
	if (n->asked_ms == 0)
		return UINT64_MAX;
	return (n->heard_ms > n->asked_ms ? n->heard_ms : n->asked_ms) + PEER_DEAD_MS;
}

void session_tick(struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (now >= node_deadline(&w->nodes[i]))
			session_drop(w, i, UNCIA_E_UNREACHABLE);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t session_next_ms(const struct uncia_wallet *w, bool working)
{
	uint64_t now = wallet_now(w), next = UINT64_MAX;
	bool open = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct node *n = &w->nodes[i];
		open = open || n->link != NULL;
		next = earlier(next, node_deadline(n));
		if (n->link == NULL && n->retry_ms > now && (working || now < w->busy_until_ms))
			next = earlier(next, n->retry_ms);
	}
	if (open && !working)
		next = earlier(next, w->busy_until_ms > now ? w->busy_until_ms : now + LINGER_MS);
	return next;
}
