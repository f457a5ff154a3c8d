/* The wallet's links to validators: which are wanted, handshakes, requests out, messages in, and when one is given up.
 */
#include "session.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "canonical.h"
#include "events.h"
#include "wallet.h"

#define LINKS_MAX        7u     /* as many links as this, or as weigh F+1 where that takes more */
#define LINGER_MS        10000u /* links stay open this long after the last work */
#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS   30000u
/* Payments are queued up to this size, so that what else is asked has room behind them. */
#define PAYMENTS_QUEUE_MAX (WRITE_QUEUE_WALLET_MAX - 4 * MESSAGE_SIZE_REQUEST_MAX)
#define LIAR_PAUSE_MS      60000u /* a validator that sent what does not verify is left alone this long */

/* Allowed moves, from the line's state to the column's. CLOSED to CLOSED: the connection could not be made. */
static const bool session_moves[SESSION_STATES][SESSION_STATES] = {
    /*                    CLOSED HANDSHAKE UP     DROPPED */
    [SESSION_CLOSED] = {true, true, false, false},
    [SESSION_HANDSHAKE] = {true, false, true, true},
    [SESSION_UP] = {true, false, false, true},
    [SESSION_DROPPED] = {true, false, false, false},
};

static void session_move(struct session_link *n, enum session_state to)
{
	assert(session_moves[n->state][to]);
	assert((to == SESSION_CLOSED) == !n->link);
	n->state = to;
}

int session_init(struct uncia_wallet *w)
{
	assert(w->network && !w->session);
	uint32_t count = w->network->endpoint_count;
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return UNCIA_E_MEMORY;
	w->session = s;
	s->links = calloc(count, sizeof(*s->links));
	s->order = calloc(count, sizeof(*s->order));
	if (!s->links || !s->order)
		return UNCIA_E_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t random, j;
		if (host_random(&w->host, &random, sizeof(random)))
			return UNCIA_E_RANDOM;
		j = random % (i + 1); /* a bias of 2^-25 chooses nothing worth choosing */
		s->order[i] = s->order[j];
		s->order[j] = i;
	}
	return 0;
}

void session_deinit(struct uncia_wallet *w)
{
	struct session *s = w->session;
	if (!s)
		return;
	for (uint32_t i = 0; s->links && i < w->network->endpoint_count; i++)
		link_free(s->links[i].link);
	free(s->links);
	free(s->order);
	free(s);
	w->session = NULL;
}

uint64_t session_weight(const struct uncia_wallet *w, uint32_t node)
{
	assert(node < w->network->endpoint_count);
	return w->network->genesis.committee.validators[w->network->endpoints[node].validator].weight;
}

bool session_enough(const struct uncia_wallet *w, uint64_t weight)
{
	uint64_t all = 0;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		all += session_weight(w, i);
	return weight > w->network->genesis.committee.faulty || weight == all;
}

uint32_t session_in_order(const struct uncia_wallet *w, uint32_t k)
{
	return w->session->order[k];
}

void session_wake(struct uncia_wallet *w)
{
	w->session->busy_until_ms = wallet_now(w) + LINGER_MS;
	wallet_stir(w);
}

/* A connection that may still be of use. */
static bool session_is_open(const struct session_link *n)
{
	return n->state == SESSION_HANDSHAKE || n->state == SESSION_UP;
}

/* Whether a link to this validator is among those to be held: the first of the random order, until they are `most` and
 * weigh F+1, which a wallet needs for what cannot be proved. One that fails does not count, and is tried all the
 * same; one that owes an answer is kept. */
static bool session_selected(const struct uncia_wallet *w, uint32_t node, uint32_t most)
{
	const struct session *s = w->session;
	uint64_t weight = 0;
	uint32_t count = 0;
	for (uint32_t k = 0; k < w->network->endpoint_count; k++) {
		uint32_t i = s->order[k];
		if (count >= most && weight > w->network->genesis.committee.faulty)
			return session_is_open(&s->links[node]) && s->links[node].asked_ms != 0;
		if (i == node)
			return true;
		if (s->links[i].failures != 0 && !s->links[i].was_up)
			continue;
		count++;
		weight += session_weight(w, i);
	}
	return false;
}

bool session_in_progress(const struct uncia_wallet *w, uint32_t node)
{
	const struct session_link *n = &w->session->links[node];
	if (n->state != SESSION_CLOSED)
		return session_is_open(n);
	return n->failures == 0 && session_selected(w, node, LINKS_MAX);
}

bool session_ready(const struct uncia_wallet *w, uint32_t node)
{
	return w->session->links[node].state == SESSION_UP;
}

bool session_has_room(const struct uncia_wallet *w, uint32_t node)
{
	return !session_ready(w, node) ||
	       link_queued(w->session->links[node].link) + MESSAGE_SIZE_REQUEST_MAX <= PAYMENTS_QUEUE_MAX;
}

bool session_has_output(const struct uncia_wallet *w, uint32_t node)
{
	const struct session_link *n = &w->session->links[node];
	return n->state != SESSION_CLOSED && link_queued(n->link) != 0;
}

bool session_wanted(const struct uncia_wallet *w, uint32_t node, enum session_need need)
{
	const struct session_link *n = &w->session->links[node];
	uint64_t now = wallet_now(w);
	bool works = need == SESSION_WORKS || now < w->session->busy_until_ms;
	if (n->state == SESSION_DROPPED || (!works && need == SESSION_IDLE))
		return false;
	return (n->state != SESSION_CLOSED || now >= n->retry_ms) && session_selected(w, node, works ? LINKS_MAX : 1);
}

int session_usable(const struct uncia_wallet *w, uint32_t node)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	return !w->network || node >= w->network->endpoint_count ? UNCIA_E_ARGUMENT : 0;
}

void session_drop(struct uncia_wallet *w, uint32_t node, int error)
{
	struct session_link *n = &w->session->links[node];
	assert(error != 0);
	if (n->state == SESSION_DROPPED)
		return;
	session_move(n, SESSION_DROPPED);
	n->drop_error = error;
	wallet_stir(w);
	host_log(&w->host, UNCIA_LOG_INFO, "event=drop validator=%u error=%d", w->network->endpoints[node].validator,
	         error);
}

int uncia_wallet_link_opened(struct uncia_wallet *w, uint32_t node)
{
	uint8_t ephemeral[32];
	int rc = session_usable(w, node);
	if (rc)
		return rc;
	struct session_link *n = &w->session->links[node];
	if (n->state != SESSION_CLOSED)
		return UNCIA_E_ARGUMENT;
	if (host_random(&w->host, ephemeral, sizeof(ephemeral)))
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
	rc = link_new(&options, &n->link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (rc)
		return rc;
	session_move(n, SESSION_HANDSHAKE);
	n->opened_ms = n->heard_ms = wallet_now(w);
	n->asked_ms = 0;
	return 0;
}

void session_send(struct uncia_wallet *w, uint32_t node, enum request_purpose purpose, uint64_t number,
                  Uncia__Pb__WalletRequest *request)
{
	struct session_link *n = &w->session->links[node];
	uint8_t *data;
	size_t size;
	assert(number >> REQUEST_NUMBER_BITS == 0);
	if (!session_ready(w, node))
		return;
	request->request_id = (uint64_t)purpose << REQUEST_NUMBER_BITS | number;
	int rc = canonical_encode(&request->base, &data, &size);
	if (!rc) {
		rc = link_send(n->link, data, size);
		free(data);
	}
	if (rc)
		session_drop(w, node, rc);
	else if (n->asked_ms == 0 && purpose != REQUEST_WATCH_SILENT)
		n->asked_ms = wallet_now(w);
	wallet_stir(w);
}

int session_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, bool *is_up)
{
	struct session_link *n = &w->session->links[node];
	*is_up = false;
	if (n->state == SESSION_CLOSED)
		return UNCIA_E_ARGUMENT;
	if (n->state == SESSION_DROPPED)
		return n->drop_error;
	n->heard_ms = wallet_now(w);
	int rc = link_feed(n->link, data, size);
	if (rc) {
		session_drop(w, node, rc);
	} else if (n->state == SESSION_HANDSHAKE && link_established(n->link)) {
		session_move(n, SESSION_UP);
		*is_up = n->was_up = true;
		events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_LINK, .validator = node, .up = true});
	}
	return rc;
}

bool session_next(struct uncia_wallet *w, uint32_t node, struct bytes *message)
{
	struct session_link *n = &w->session->links[node];
	assert(n->state != SESSION_CLOSED);
	if (!link_next(n->link, message))
		return false;
	n->asked_ms = 0;
	return true;
}

bool session_has_next(const struct uncia_wallet *w, uint32_t node)
{
	const struct session_link *n = &w->session->links[node];
	return session_is_open(n) && link_has_next(n->link);
}

void session_answered(struct uncia_wallet *w, uint32_t node)
{
	w->session->links[node].failures = 0;
	w->session->links[node].lied = false;
}

int uncia_wallet_link_output(struct uncia_wallet *w, uint32_t node, const void **data, size_t *size)
{
	struct bytes run = {NULL, 0};
	int rc = session_usable(w, node);
	if (rc)
		return rc;
	const struct session_link *n = &w->session->links[node];
	if (n->state == SESSION_CLOSED || !data || !size)
		return UNCIA_E_ARGUMENT;
	if (n->state != SESSION_DROPPED)
		link_output(n->link, &run);
	*data = run.data;
	*size = run.size;
	return 0;
}

int uncia_wallet_link_taken(struct uncia_wallet *w, uint32_t node, size_t size)
{
	struct bytes run;
	int rc = session_usable(w, node);
	if (rc)
		return rc;
	struct session_link *n = &w->session->links[node];
	if (n->state == SESSION_CLOSED)
		return UNCIA_E_ARGUMENT;
	link_output(n->link, &run);
	if (size > run.size)
		return UNCIA_E_ARGUMENT;
	link_output_taken(n->link, size);
	return 0;
}

/* Exponential backoff, 250 ms to 30 s, with half of it random, so that wallets do not return in step. */
static uint64_t session_backoff_ms(struct uncia_wallet *w, uint32_t failures)
{
	uint32_t random = 0;
	assert(failures != 0);
	uint64_t full = failures > 7 ? BACKOFF_MAX_MS : (uint64_t)BACKOFF_FIRST_MS << (failures - 1);
	if (full > BACKOFF_MAX_MS)
		full = BACKOFF_MAX_MS;
	if (host_random(&w->host, &random, sizeof(random)))
		return full;
	return full / 2 + random % (full / 2 + 1);
}

/* Errors that no honest validator causes. */
static bool is_lie(int error)
{
	return error == UNCIA_E_PROOF || error == UNCIA_E_ENCODING || error == UNCIA_E_PROTOCOL ||
	       error == UNCIA_E_LIMIT;
}

void session_closed(struct uncia_wallet *w, uint32_t node, int error)
{
	struct session_link *n = &w->session->links[node];
	bool was_up = n->was_up;
	if (n->state == SESSION_DROPPED)
		error = n->drop_error;
	link_free(n->link);
	n->link = NULL;
	session_move(n, SESSION_CLOSED);
	n->was_up = false;
	n->lied = n->lied || (was_up && is_lie(error));
	n->drop_error = 0;
	n->asked_ms = 0;
	if (n->moved) {
		n->moved = false;
		n->failures = 0;
		n->retry_ms = 0;
	} else if (error != 0) {
		n->failures++;
		n->retry_ms = wallet_now(w) + (is_lie(error) ? LIAR_PAUSE_MS : session_backoff_ms(w, n->failures));
	}
	if (!was_up)
		return;
	struct uncia_event event = {.kind = UNCIA_EVENT_LINK, .error = error, .validator = node};
	if (error != 0)
		snprintf(event.text, sizeof(event.text), "%s", uncia_error_text(error));
	events_add(w, &event);
}

void session_network_changed(struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		struct session_link *n = &w->session->links[i];
		if (session_is_open(n)) {
			session_drop(w, i, UNCIA_E_CLOSED);
			n->moved = true;
		} else if (n->state == SESSION_CLOSED && !n->lied) {
			n->failures = 0;
			n->retry_ms = 0;
		}
	}
	wallet_stir(w);
}

static bool is_left_alone_as_liar(const struct uncia_wallet *w, uint32_t node)
{
	const struct session_link *n = &w->session->links[node];
	return n->state == SESSION_CLOSED && n->lied && wallet_now(w) < n->retry_ms;
}

int session_no_answer(const struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (is_left_alone_as_liar(w, i))
			return UNCIA_E_PROOF;
	return UNCIA_E_UNREACHABLE;
}

bool session_all_lied(const struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (!is_left_alone_as_liar(w, i))
			return false;
	return true;
}

/* When the handshake, or the answer that is owed, is overdue. */
static uint64_t session_deadline(const struct session_link *n)
{
	if (!session_is_open(n))
		return UINT64_MAX;
	if (n->state == SESSION_HANDSHAKE)
		return n->opened_ms + HANDSHAKE_TIMEOUT_MS;
	if (n->asked_ms == 0)
		return UINT64_MAX;
	return (n->heard_ms > n->asked_ms ? n->heard_ms : n->asked_ms) + PEER_DEAD_MS;
}

void session_tick(struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w);
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		if (now >= session_deadline(&w->session->links[i]))
			session_drop(w, i, UNCIA_E_UNREACHABLE);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t session_next_ms(const struct uncia_wallet *w, enum session_need need)
{
	uint64_t now = wallet_now(w), next = UINT64_MAX, until = w->session->busy_until_ms;
	bool open = false;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		const struct session_link *n = &w->session->links[i];
		open = open || n->state != SESSION_CLOSED;
		next = earlier(next, session_deadline(n));
		if (n->state == SESSION_CLOSED && n->retry_ms > now && (need != SESSION_IDLE || now < until))
			next = earlier(next, n->retry_ms);
	}
	if (open && need != SESSION_WORKS && until > now)
		next = earlier(next, until);
	else if (open && need == SESSION_IDLE)
		next = earlier(next, now + LINGER_MS);
	return next;
}
