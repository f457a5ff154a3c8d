/* uncia-notifier: wakes apps that sleep. It watches many accounts at validators and calls a webhook when a payment has
 * touched one. It holds no key, and needs no trust: what it tells is that there is something to look for, and the app
 * looks for itself. What validators tell it is proved all the same, so that none of them can wake anybody in vain.
 *
 * main.c options and the loop · say.c the clock, messages · accounts.c who is watched, and up to where that was
 * delivered · relay.c links to validators · webhook.c HTTP. One thread. */
#ifndef NOTIFIER_H
#define NOTIFIER_H
#include <stdbool.h>
#include <stdint.h>
#include <uncia/uncia.h>
#include "network.h"

#define ACCOUNTS_PER_LINK 64u /* network.md, "Limits" */

/* The account as an entry of the ledger says: `payments` counts what has touched it since it was created. */
struct account_at {
	uint64_t height, created;
	uint32_t payments;
};

struct account {
	struct address address;
	char text[UNCIA_ADDRESS_TEXT_SIZE];
	bool known;                     /* the two below are */
	struct account_at told, newest; /* up to where the webhook was called; what was proved last */
	bool due, sending;
	uint32_t failures; /* of the webhook, in a row */
	uint64_t next_ms;  /* due: not before this time */
};

struct relay;
struct webhook;

struct notifier {
	struct uncia_network *network;
	struct account *accounts; /* sorted by address */
	size_t count, known;      /* of them, those of which something is known */
	char *state_path;
	bool changed; /* since the state was stored */
	struct relay *relay;
	struct webhook *webhook;
};

/* ---- say.c ---- */
/* Milliseconds that never step back. */
uint64_t notifier_now_ms(void);
/* A line on standard error. Returns `code`. */
int notifier_say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- accounts.c ---- */
/* One address a line; empty lines and those that begin with # are none. Returns an exit code. */
int accounts_list(struct notifier *n, const char *path);
/* What was stored of them. Returns an exit code. */
int accounts_load(struct notifier *n);
/* Writes it anew, durably. Returns an exit code. */
int accounts_store(struct notifier *n);
/* A state of the account was proved. */
void account_proved(struct notifier *n, struct account *account, const struct account_at *at);
/* The webhook was called for this state, or could not be. */
void account_delivered(struct notifier *n, struct account *account, const struct account_at *at, bool delivered);
void accounts_free(struct notifier *n);

/* ---- relay.c ---- */
/* Returns an exit code. */
int relay_new(struct notifier *n);
void relay_free(struct notifier *n);
/* Readable when there is something for relay_turn to do. */
int relay_descriptor(const struct notifier *n);
void relay_turn(struct notifier *n);
/* Links that are up. */
size_t relay_up(const struct notifier *n);

/* ---- webhook.c ---- */
/* All is copied. authorities: a file of certificates in PEM form that vouch for an https url; NULL: the system's.
 * Returns an exit code. */
int webhook_new(struct notifier *n, const char *url, const char *authorities, const uint8_t *secret,
                size_t secret_size);
void webhook_free(struct notifier *n);
/* Sends what is due and takes what has ended; waits for these, the descriptor or the time. */
void webhook_turn(struct notifier *n, int descriptor, int wait_ms);

#endif
