/* An open wallet, and waiting for what its network says: the one place that polls. */
#ifndef SESSION_H
#define SESSION_H
#include "command.h"

#define QUERY_TIMEOUT_MS 5000u
#define NO_DEADLINE      UINT64_MAX
#define HOME_TIMEOUT_US  UINT64_C(5000000)
#define BUSY_PAUSE_MS    10 /* the other process syncs a file or two */

#define UNRESOLVED_MAX 128u /* of a committee's validators */

struct session {
	const char *home, *network_path;
	struct uncia_host host;
	struct uncia_network *network; /* NULL: not asked for */
	struct uncia_wallet *wallet;
	bool unresolved[UNRESOLVED_MAX], told_unresolved[UNRESOLVED_MAX]; /* by validator: names not looked up */
	bool looked; /* what this account has opened from other homes was looked up: session_sync_home */
};

/* The wallet's directory: --wallet, $UNCIA_WALLET or ~/.uncia. Returns an exit code.
 * Out: *home, to be freed. */
int cli_home_path(const struct call *call, char **home);
/* Opens the directory as a host. Returns an exit code. */
int cli_home_open(const char *home, struct uncia_host *host);
void cli_home_close(struct uncia_host *host);
/* Says why a wallet in this directory could not be opened. Returns the exit code. */
int cli_home_complain(int error, const char *home, const char *network_path);

#define NETWORK_MISSING "--network is missing, and so is $UNCIA_NETWORK: the file that describes the network"
/* Whether there is a --network or $UNCIA_NETWORK. */
bool network_given(const struct call *call);
/* Reads it. Returns an exit code. */
int network_open(const struct call *call, const char **path, struct uncia_network **network);
/* The same of a network that is to be asked, or a wallet's: it needs a validator. */
int network_open_to_ask(const struct call *call, const char **path, struct uncia_network **network);

/* How long one question may take where the whole command may take this long: less, so that what has been learned by
 * then is of use. */
uint32_t question_timeout_ms(uint64_t timeout_s);

/* Opens the wallet, locked, with its network or without. request_timeout_ms: how long a question to the network may
 * take. Returns an exit code; session_close either way. */
int session_open(const struct call *call, bool with_network, uint32_t request_timeout_ms, struct session *session);
/* The id of its network: of the file that was given, or what the home is bound to. Returns an exit code. Out: id. */
int network_id_read(const struct call *call, const struct session *session, uint8_t id[32]);
/* Opens its key, which may ask for the passphrase. Returns an exit code. */
int session_unlock(struct session *session);
/* As session_sync; what has ended of this wallet's holds comes home first, also those of a home that was restored,
 * where the wallet is unlocked. */
int session_sync_home(struct session *session);
/* Whether this home knows, or has found out now, which holds and claims its account has opened. Where it does not, says
 * so, and what to do, where the account may have opened some: its home knows of no payment that the account has made,
 * as one that was restored, and the ledger does. That takes a page of the history, which replaces the one that was
 * asked for. */
bool session_knows_holds(const struct call *call, struct session *session);
void session_close(struct session *session);

/* Microseconds that never step back. */
uint64_t now_us(void);

/* The next event; says errors that belong to no question. Returns 1, 0 once now_us() has reached the deadline, or a
 * negative enum uncia_error. */
int session_event(struct session *session, uint64_t deadline_us, struct uncia_event *event);

/* Waits for the end of what was asked, which the library brings by itself (NO_DEADLINE will do). Returns
 * what the event says, 0 or an enum uncia_error; UNCIA_E_UNREACHABLE once now_us() has reached the deadline. */
int session_await(struct session *session, enum uncia_event_kind kind, const struct uncia_payment_id *id,
                  uint64_t deadline_us);

/* uncia_wallet_pay; tries again, until the deadline, while another process is at the same in this home. */
int session_pay(struct session *session, const struct uncia_payment_request *request, uint64_t deadline_us,
                struct uncia_payment_id *id);

/* Asks for the balance and waits for it. Returns 0 or an enum uncia_error. */
int session_sync(struct session *session);

/* Waits until a payment that is own, or followed, is final or expired, or only until a validator has it. Returns 0,
 * also where the deadline came first, or an enum uncia_error. Out: payment, as it is then. */
int session_await_payment(struct session *session, const struct uncia_payment_id *id, bool handed_over,
                          uint64_t deadline_us, struct uncia_payment *payment);

#endif
