/* The webhook: one POST for each account that something has touched, signed, again until it is taken. */
#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "notifier.h"

#define TRANSFERS_MAX 16u
#define TIMEOUT_MS    10000L
#define BODY_MAX      256

struct transfer {
	CURL *curl; /* NULL: free */
	struct curl_slist *headers;
	struct account *account;
	struct account_at at; /* that it tells of */
	char body[BODY_MAX];
};

struct webhook {
	CURLM *multi;
	char *url, *authorities;
	uint8_t *secret;
	size_t secret_size;
	struct transfer transfers[TRANSFERS_MAX];
};

int webhook_new(struct notifier *n, const char *url, const char *authorities, const uint8_t *secret, size_t secret_size)
{
	struct webhook *w = calloc(1, sizeof(*w));

	n->webhook = w;
	if (!w || curl_global_init(CURL_GLOBAL_DEFAULT))
		return notifier_say(1, "out of memory");
	w->multi = curl_multi_init();
	w->url = strdup(url);
	w->authorities = authorities ? strdup(authorities) : NULL;
	w->secret = malloc(secret_size);
	w->secret_size = secret_size;
	if (!w->multi || !w->url || !w->secret || (authorities && !w->authorities))
		return notifier_say(1, "out of memory");
	memcpy(w->secret, secret, secret_size);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return notifier_say(2, "--webhook: not an http or https address");
	return 0;
}

static void transfer_free(struct webhook *w, struct transfer *t)
{
	curl_multi_remove_handle(w->multi, t->curl);
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
	*t = (struct transfer){0};
}

void webhook_free(struct notifier *n)
{
	struct webhook *w = n->webhook;

	if (!w)
		return;
	for (size_t i = 0; i < TRANSFERS_MAX; i++)
		if (w->transfers[i].curl)
			transfer_free(w, &w->transfers[i]);
	curl_multi_cleanup(w->multi);
	free(w->url);
	free(w->authorities);
	if (w->secret)
		sodium_memzero(w->secret, w->secret_size);
	free(w->secret);
	free(w);
	curl_global_cleanup();
}

/* Nobody reads the answer. */
static size_t drop_answer(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

static bool add_header(struct transfer *t, const char *format, const char *value)
{
	char text[BODY_MAX];

	snprintf(text, sizeof(text), format, value);
	struct curl_slist *grown = curl_slist_append(t->headers, text);
	if (grown)
		t->headers = grown;
	return grown;
}

/* HMAC-SHA256 of the body under the secret, in hexadecimal digits. The key: the same state of an account is told of
 * twice where this process ended in between. */
static bool add_headers(const struct webhook *w, struct transfer *t)
{
	crypto_auth_hmacsha256_state state;
	uint8_t tag[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof(tag) + 1], key[BODY_MAX];

	crypto_auth_hmacsha256_init(&state, w->secret, w->secret_size);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)t->body, strlen(t->body));
	crypto_auth_hmacsha256_final(&state, tag);
	sodium_bin2hex(hex, sizeof(hex), tag, sizeof(tag));
	snprintf(key, sizeof(key), "%s-%" PRIu64 "-%" PRIu32, t->account->text, t->at.created, t->at.payments);
	return add_header(t, "%s", "Content-Type: application/json") &&
	       add_header(t, "Uncia-Signature: sha256=%s", hex) && add_header(t, "Idempotency-Key: %s", key) &&
	       add_header(t, "%s", "Expect:");
}

static bool transfer_begin(struct webhook *w, struct transfer *t, struct account *account)
{
	*t = (struct transfer){.curl = curl_easy_init(), .account = account, .at = account->newest};
	if (!t->curl)
		return false;
	snprintf(t->body, sizeof(t->body),
	         "{\"v\":1,\"account\":\"%s\",\"payments\":%" PRIu32 ",\"created\":%" PRIu64 ",\"height\":%" PRIu64 "}",
	         account->text, t->at.payments, t->at.created, t->at.height);
	bool set = add_headers(w, t) && !curl_easy_setopt(t->curl, CURLOPT_URL, w->url) &&
	           !curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https") &&
	           (!w->authorities || !curl_easy_setopt(t->curl, CURLOPT_CAINFO, w->authorities)) &&
	           !curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body) &&
	           !curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers) &&
	           !curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, drop_answer) &&
	           !curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) &&
	           !curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L) &&
	           !curl_easy_setopt(t->curl, CURLOPT_PRIVATE, (void *)t) && !curl_multi_add_handle(w->multi, t->curl);
	if (!set)
		transfer_free(w, t);
	return set;
}

static void send_due(struct notifier *n)
{
	struct webhook *w = n->webhook;
	uint64_t now = notifier_now_ms();
	size_t free_at = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct account *account = &n->accounts[i];
		if (!account->due || account->sending || now < account->next_ms)
			continue;
		while (free_at < TRANSFERS_MAX && w->transfers[free_at].curl)
			free_at++;
		if (free_at == TRANSFERS_MAX)
			return;
		account->sending = true;
		if (!transfer_begin(w, &w->transfers[free_at], account))
			account_delivered(n, account, &account->newest, false);
	}
}

static void take_ended(struct notifier *n)
{
	struct webhook *w = n->webhook;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(w->multi, &left))) {
		struct transfer *t = NULL;
		long status = 0;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		bool delivered = message->data.result == CURLE_OK && status >= 200 && status < 300;
		if (!delivered && t->account->failures == 0)
			notifier_say(0, "the webhook did not take what there is of %s (%s, status %ld); trying again",
			             t->account->text, curl_easy_strerror(message->data.result), status);
		account_delivered(n, t->account, &t->at, delivered);
		transfer_free(w, t);
	}
}

void webhook_turn(struct notifier *n, int descriptor, int wait_ms)
{
	struct curl_waitfd links = {.fd = descriptor, .events = CURL_WAIT_POLLIN};
	int running;

	send_due(n);
	curl_multi_perform(n->webhook->multi, &running);
	take_ended(n);
	curl_multi_poll(n->webhook->multi, &links, 1, wait_ms, NULL);
	curl_multi_perform(n->webhook->multi, &running);
	take_ended(n);
}
