/* The accounts that are watched, and up to where the webhook was called for each: a text file, a line an account, that
 * is written anew as a whole. What was delivered after the last time it was written is delivered again, under the same
 * idempotency key. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "notifier.h"

#define RETRY_FIRST_MS 1000u
#define RETRY_MAX_MS   600000u

static int watched_compare(const void *a, const void *b)
{
	return memcmp(((const struct account *)a)->address.b, ((const struct account *)b)->address.b, ADDRESS_SIZE);
}

static int account_add(struct notifier *n, const char *text, const char *path, size_t line)
{
	struct uncia_address parsed;

	if (uncia_address_parse(text, &parsed))
		return notifier_say(2, "%s: line %zu is no address", path, line);
	if (parsed.has_reference)
		return notifier_say(2, "%s: line %zu: an address with a reference; it is the account that is watched",
		                    path, line);
	struct account *grown = realloc(n->accounts, (n->count + 1) * sizeof(*grown));
	if (!grown)
		return notifier_say(1, "out of memory");
	n->accounts = grown;
	struct account *account = &n->accounts[n->count++];
	*account = (struct account){0};
	memcpy(account->address.b, parsed.account, ADDRESS_SIZE);
	uncia_address_format(&parsed, account->text);
	return 0;
}

int accounts_list(struct notifier *n, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	size_t number = 0;
	int code = 0;

	if (!file)
		return notifier_say(1, "%s: %s", path, strerror(errno));
	while (!code && fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && *line != '#')
			code = account_add(n, line, path, number);
	}
	if (!code && ferror(file))
		code = notifier_say(1, "%s: %s", path, strerror(errno));
	fclose(file);
	if (!code && !n->count)
		code = notifier_say(2, "%s: there is no address in it", path);
	if (code)
		return code;
	qsort(n->accounts, n->count, sizeof(*n->accounts), watched_compare);
	for (size_t i = 1; i < n->count; i++)
		if (watched_compare(&n->accounts[i - 1], &n->accounts[i]) == 0)
			return notifier_say(2, "%s: %s is there twice", path, n->accounts[i].text);
	return 0;
}

static struct account *account_find(struct notifier *n, const char *text)
{
	struct uncia_address parsed;
	struct account key = {0};

	if (uncia_address_parse(text, &parsed))
		return NULL;
	memcpy(key.address.b, parsed.account, ADDRESS_SIZE);
	return bsearch(&key, n->accounts, n->count, sizeof(key), watched_compare);
}

/* A number and the character behind it. */
static bool read_number(char **at, char end, uint64_t max, uint64_t *number)
{
	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*number = strtoull(*at, at, 10);
	return !errno && *number <= max && *(*at)++ == end;
}

/* A line of the state: address, height, created, payments. */
static bool load_line(struct notifier *n, char *line)
{
	char *at = strchr(line, ' ');
	struct uncia_address parsed;
	uint64_t height, created, payments;

	if (!at)
		return false;
	*at++ = '\0';
	if (uncia_address_parse(line, &parsed) || !read_number(&at, ' ', UINT64_MAX, &height) ||
	    !read_number(&at, ' ', UINT64_MAX, &created) || !read_number(&at, '\n', UINT32_MAX, &payments) || *at)
		return false;
	struct account *account = account_find(n, line);
	if (account) { /* of those that are not watched any more nothing is kept */
		n->known += !account->known;
		account->known = true;
		account->told = account->newest = (struct account_at){height, created, (uint32_t)payments};
	}
	return true;
}

int accounts_load(struct notifier *n)
{
	FILE *file = fopen(n->state_path, "re");
	char line[256];
	bool whole = true;

	if (!file)
		return errno == ENOENT ? 0 : notifier_say(1, "%s: %s", n->state_path, strerror(errno));
	while (whole && fgets(line, sizeof(line), file))
		whole = load_line(n, line);
	bool failed = ferror(file);
	fclose(file);
	if (failed)
		return notifier_say(1, "%s: %s", n->state_path, strerror(errno));
	if (!whole)
		return notifier_say(1, "%s is damaged: move it away to begin anew, with what comes in from then on",
		                    n->state_path);
	return 0;
}

static bool write_state(const struct notifier *n, FILE *file)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct account *a = &n->accounts[i];
		if (a->known && fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", a->text, a->told.height,
		                        a->told.created, a->told.payments) < 0)
			return false;
	}
	return !fflush(file) && !fsync(fileno(file));
}

/* The directory holds the name: it is synced, too. */
static bool state_sync_directory(const char *path)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;

	if (slash)
		*slash = '\0';
	int fd = copy ? open(slash ? (*copy ? copy : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool synced = fd >= 0 && !fsync(fd);
	if (fd >= 0)
		close(fd);
	free(copy);
	return synced;
}

int accounts_store(struct notifier *n)
{
	char *path = NULL;

	if (asprintf(&path, "%s.new", n->state_path) < 0)
		return notifier_say(1, "out of memory");
	FILE *file = fopen(path, "we");
	bool written = file && write_state(n, file);
	if (file)
		written &= !fclose(file);
	int code = 0;
	if (!written || rename(path, n->state_path) || !state_sync_directory(n->state_path))
		code = notifier_say(1, "%s: %s", path, strerror(errno));
	else
		n->changed = false;
	free(path);
	return code;
}

static bool same_payments(const struct account_at *a, const struct account_at *b)
{
	return a->created == b->created && a->payments == b->payments;
}

void account_proved(struct notifier *n, struct account *account, const struct account_at *at)
{
	if (account->known && at->height <= account->newest.height)
		return;
	bool news = account->known && !same_payments(&account->newest, at);
	account->newest = *at;
	if (!account->known) { /* what was there before nobody has to be told of */
		account->known = true;
		n->known++;
		account->told = *at;
		n->changed = true;
	}
	account->due = account->due || news;
}

void account_delivered(struct notifier *n, struct account *account, const struct account_at *at, bool delivered)
{
	assert(account->sending);
	account->sending = false;
	if (delivered) {
		account->failures = 0;
		account->next_ms = 0;
		account->told = *at;
		n->changed = true;
	} else {
		uint32_t shift = account->failures < 10 ? account->failures : 10;
		uint64_t pause = (uint64_t)RETRY_FIRST_MS << shift;
		account->failures++;
		account->next_ms = notifier_now_ms() + (pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
	}
	account->due = !same_payments(&account->told, &account->newest);
}

void accounts_free(struct notifier *n)
{
	free(n->accounts);
	free(n->state_path);
}
