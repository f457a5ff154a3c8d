/* libuncia: a wallet for the Uncia network, to be embedded in a chat application or any other host.
 *
 * The library has no threads, no globals that change, no signal handlers, and calls nobody but the hooks of
 * struct uncia_host. Everything a network says is proved before it is believed. A program looks like this:
 *
 *	uncia_host_directory("/home/me/.uncia", &host);
 *	uncia_network_load("network.conf", &network, why);
 *	uncia_wallet_open(&host, network, &(struct uncia_wallet_options){.size = sizeof(struct uncia_wallet_options),
 *			  .passphrase = "…"}, &wallet);
 *	uncia_wallet_sync(wallet);
 *	for (;;) {
 *		poll uncia_wallet_fd(wallet) for reading;
 *		uncia_wallet_process(wallet);
 *		while (uncia_wallet_event(wallet, &event) > 0)
 *			…
 *	}
 *
 * A host that owns its sockets feeds and drains bytes instead: "Driving by bytes" in driving.h.
 *
 * Rules that hold for every function:
 * - Errors: a function that returns int returns 0 or a negative enum uncia_error; "Returns" names those to expect. One
 *   that reads or writes storage may also return what the host's hook returned. Out-parameters are left alone on
 *   failure. A wrong argument (NULL where it is not allowed, a `size` field that no version ever had) is
 *   UNCIA_E_ARGUMENT, never a crash of the host.
 * - Assertions: what only a bug of the library could make false is asserted, in release builds, too, and ends the
 *   process before money is at risk. No argument, no peer, no stored byte and no failed allocation does that.
 * - Structures that may grow start with `size`: the caller sets it to sizeof before the call, for those it passes in
 *   and for those it wants filled. Any other size is UNCIA_E_ARGUMENT, and nothing is read or written. Languages that
 *   cannot know a structure's size ask for it: structures.h.
 * - Amounts are micro-units: 10^-6 of a unit. Times in _ms are milliseconds; `_at` is seconds since 1970; sizes are in
 *   bytes.
 * - Text is UTF-8 and NUL-terminated.
 * - Ownership: what is passed in is needed during the call only, but for what "Owns" says.
 * - Threads: "any" where a function has no object. An object (wallet, network, receipt) is used by one thread at a
 *   time, different objects by any; a network may be read by several wallets in several threads. A wallet is of no
 *   use in a child process after fork: there it answers UNCIA_E_BUSY, its keys are zeros, and everything that is
 *   stored stays with the parent.
 * - Order: a call that comes too early or twice is answered (UNCIA_E_NOT_FOUND, UNCIA_E_NETWORK, …: "Returns"), never
 *   left undefined. Within a hook of the wallet's host its functions answer UNCIA_E_NESTED. NULL for an object is
 *   UNCIA_E_ARGUMENT (false, 0 or NULL where no error can be returned). A wallet that was closed is no object any more,
 *   and its pointer must not be used: set it to NULL. A network may be freed while wallets use it.
 */
#ifndef UNCIA_UNCIA_H
#define UNCIA_UNCIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>
#include <uncia/network.h>
#include <uncia/text.h>
#include <uncia/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of text buffers in bytes, NUL included; others are in text.h, chat.h and network.h. */
#define UNCIA_WORDS_TEXT_SIZE 256
#define UNCIA_BLOB_NAME_SIZE  160
/* The most bytes that a host may keep with a payment. */
#define UNCIA_TAG_SIZE 512

/* ---- the host --------------------------------------------------------------------------------------------------- */

/* How much a line of the log matters: an error first. */
enum uncia_log_level { UNCIA_LOG_ERROR, UNCIA_LOG_WARNING, UNCIA_LOG_INFO, UNCIA_LOG_DEBUG };

/* What the wallet asks of whoever embeds it. The library copies the structure; `context` must stay valid as long as
 * the wallet. Hooks are called during calls of the wallet's functions only, in their thread, and must not call the
 * wallet: it answers UNCIA_E_NESTED (or NULL, 0, false) and does nothing. Those that return int return 0 or a negative
 * enum uncia_error.
 *
 * Storage is a flat set of named blobs; names are ASCII letters, digits, '-' and '_', at most UNCIA_BLOB_NAME_SIZE - 1
 * of them. `create` and `replace` are atomic and durable when they return 0: after a crash a blob is whole, the old one
 * or the new one. Where they fail, it is one of the two. What `load` gives is durable as well: where a process may have
 * been killed before its `create` returned, that is made up for when the storage is opened. Money depends on it.
 *
 * Storage that is durable only later (IndexedDB, a store behind a queue) answers UNCIA_LATER: the blob is accepted,
 * `load` and `list` show it from now on, and when it is durable, or could not be made so, the host says so by
 * uncia_wallet_stored. Until then nothing that rests on it leaves: a payment is not sent, an end is shown as pending. A
 * later blob of one wallet is never durable without the earlier ones that were accepted before it and did not fail. */
struct uncia_host {
	size_t size;
	void *context;
	/* Copies up to `capacity` bytes and sets *size to the size of the whole blob. UNCIA_E_NOT_FOUND; UNCIA_E_IO;
	 * UNCIA_E_PERMISSION. */
	int (*load)(void *context, const char *name, void *buffer, size_t capacity, size_t *size);
	/* UNCIA_E_EXISTS where there is one by that name, whoever made it, other processes included: that one is then
	 * durable, too; UNCIA_E_BUSY where it is not durable yet; UNCIA_LATER; UNCIA_E_IO. */
	int (*create)(void *context, const char *name, const void *data, size_t size);
	/* Creates or overwrites. UNCIA_LATER; UNCIA_E_IO. */
	int (*replace)(void *context, const char *name, const void *data, size_t size);
	/* UNCIA_E_NOT_FOUND; UNCIA_E_IO. */
	int (*remove)(void *context, const char *name);
	/* Calls `each` for every name that starts with `prefix`, in any order; ends with the first result that is not
	 * 0 and returns it. UNCIA_E_IO. */
	int (*list)(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
	            void *each_context);
	/* Keeps all others that share the storage out of `lock` until `unlock`, and does not wait: the wallet looks
	 * what is on its way out and stores a payment in between, so that several processes together do not sign more
	 * than there is; and it archives payments that have their end. UNCIA_E_BUSY: another one is in it now;
	 * UNCIA_E_IO. Both NULL: nobody shares it. */
	int (*lock)(void *context);
	void (*unlock)(void *context);
	/* Fills with unpredictable bytes; UNCIA_E_RANDOM. NULL: the system's. */
	int (*random)(void *context, void *buffer, size_t size);
	/* Milliseconds, never stepping back, and going on while the device sleeps (a payment's life does). NULL: the
	 * system's (CLOCK_BOOTTIME). */
	uint64_t (*now_ms)(void *context);
	/* Milliseconds since 1970; only shown, nothing is decided by it. NULL: the system's. */
	uint64_t (*wall_ms)(void *context);
	/* One line, without secrets. NULL: none. */
	void (*log)(void *context, enum uncia_log_level level, const char *text);
};

/* A host over a directory of a POSIX file system: made with mode 0700 where it does not exist, files 0600. Files that
 * killed processes left half written (.new-…) are removed when they are a day old. In use it has a log (.log), which
 * the last host that is freed copies into the blobs' files. Storing waits up to 5 s for others that do (UNCIA_E_BUSY).
 * Returns: 0; UNCIA_E_PERMISSION where others can read the directory, or it cannot be made or opened; UNCIA_E_IO;
 *	UNCIA_E_BUSY; UNCIA_E_MEMORY; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: host->size is set.
 * Owns: the caller frees with uncia_host_directory_free, after closing its wallets.
 * Threads: any. Wallets of several threads may share the host.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_host_directory(const char *path, struct uncia_host *host);

/* What failed last in such a host, with the file and the system's words: "/home/me/.uncia/key: Permission denied", "…:
 * No space left on device". Worth showing where a call of a wallet over it has returned UNCIA_E_IO or
 * UNCIA_E_PERMISSION. Where uncia_host_directory itself does, errno says why. "" where nothing has failed, and for
 * another host. Out: why. Threads: any. */
UNCIA_API void uncia_host_directory_why(const struct uncia_host *host, char why[UNCIA_WHY_SIZE]);

/* Frees what uncia_host_directory made; NULL and another host are left alone.
 * Threads: one, and no wallet uses the host any more. */
UNCIA_API void uncia_host_directory_free(struct uncia_host *host);

/* ---- words and keys --------------------------------------------------------------------------------------------- */

/* Fresh recovery words. Whoever has them has the money: show them once, write them down.
 * Returns: 0; UNCIA_E_RANDOM; UNCIA_E_ARGUMENT where count is neither 12 nor 24.
 * Out: words, in lower case, one space apart. The caller wipes it.
 * In: host may be NULL: the system's randomness.
 * Threads: any.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_words_make(const struct uncia_host *host, unsigned count,
                                                char words[UNCIA_WORDS_TEXT_SIZE]);

/* The address of the account that these recovery words are of.
 * Returns: 0; UNCIA_E_WORDS; UNCIA_E_MEMORY; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: the words are not kept; the caller wipes its own.
 * Threads: any.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_words_address(const char *words, char text[UNCIA_ADDRESS_TEXT_SIZE]);

/* How the key of a new wallet is kept. */
struct uncia_key_options {
	size_t size;
	const char *passphrase; /* seals the key file, in normalisation form C; NULL only together with no_passphrase */
	bool no_passphrase;     /* keeps the key readable by whoever reads the file: for tests */
	uint64_t kdf_memory;    /* bytes that a guess at the passphrase costs; 0: 256 MiB */
	uint32_t kdf_passes;    /* 0: 3 */
	bool fresh; /* the words were made just now (uncia_words_make): nobody can have been told of payments to this
	             * account. Else all that is paid before the home's first sync counts as told (people.h) */
};

/* Makes the wallet's key file from recovery words: a new wallet, or an old one restored.
 * Returns: 0; UNCIA_LATER where the host's `create` answered so: give no address out before the key is durable;
 *	UNCIA_E_EXISTS where the home has a key already; UNCIA_E_WORDS; UNCIA_E_MEMORY; UNCIA_E_RANDOM;
 *	UNCIA_E_IO; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT (neither a passphrase nor no_passphrase; kdf out of range).
 * In: neither the words nor the passphrase is kept; the caller wipes its own.
 * Threads: any.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_create(const struct uncia_host *host, const char *words,
                                                   const struct uncia_key_options *options);

/* ---- the wallet ------------------------------------------------------------------------------------------------- */

/* One account: its key, its outbox and contacts in the host's storage, and its links to validators. */
struct uncia_wallet;

/* How a wallet is opened. */
struct uncia_wallet_options {
	size_t size;
	const char *passphrase;      /* NULL: opened locked (unless the key file needs none): it can look, not pay. A
	                              * key file that needs none does not open with one: it is not the one you sealed */
	uint32_t request_timeout_ms; /* after which a sync, query or history ends with what there is; 0: 10000 */
};

/* Opens a wallet. The first open with a network binds the home to it.
 * Returns: 0; UNCIA_E_NOT_FOUND where the home has no key; UNCIA_E_PASSPHRASE; UNCIA_E_DAMAGED (restore from the
 *	words); UNCIA_E_NETWORK where the home belongs to another network; UNCIA_E_CONFIG where the network file names
 *	no validator; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_RANDOM; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: network may be NULL: then it can say its address, its outbox and contacts, nothing else. options may be NULL.
 * Owns: the caller closes with uncia_wallet_close; host->context must outlive the wallet. The network may be freed
 *	before.
 * Threads: one at a time per wallet. Several processes may have one home open: nothing is paid twice.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_open(const struct uncia_host *host, const struct uncia_network *network,
                                                 const struct uncia_wallet_options *options,
                                                 struct uncia_wallet **wallet);

/* Says how a `create` or `replace` went that was answered with UNCIA_LATER: once for each, for those of one name in
 * their order. error: 0, it is durable; else a negative enum uncia_error: it is not and will not be. Then the wallet
 * stores and sends nothing new any more, shows no end that it could not store, and says so by an UNCIA_EVENT_ERROR:
 * close it, and open it again over what the storage has. What is never confirmed stays as it is: pending, and not sent.
 * Returns: 0; UNCIA_E_NOT_FOUND where none of that name is waited for, a second time for one; UNCIA_E_NESTED;
 *	UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_stored(struct uncia_wallet *wallet, const char *name, int error);

/* Closes links, wipes keys, frees the wallet. What is pending stays in storage and goes on at the next open. Orders
 * that are not made yet are none (uncia_wallet_order). NULL is fine; from a hook of its host it does nothing.
 * Threads: as uncia_wallet_open. */
UNCIA_API void uncia_wallet_close(struct uncia_wallet *wallet);

/* Opens the key of a wallet that was opened locked. It takes as long as the seal was made to take: seconds, and 256 MiB
 * unless struct uncia_key_options said otherwise. Where that must not hold up a loop: uncia_unlocking_begin.
 * Returns: 0 (also where it is open); UNCIA_E_PASSPHRASE, also for a key file that needs none; UNCIA_E_DAMAGED;
 *	UNCIA_E_MEMORY; UNCIA_E_LIBRARY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_unlock(struct uncia_wallet *wallet, const char *passphrase);

/* An opening of a wallet's key that runs apart from the wallet, in a thread of the host's. */
struct uncia_unlocking;

/* Begins one: takes from the wallet what it needs of it.
 * Returns: 0; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Owns: the caller frees with uncia_unlocking_free. It needs the wallet no more.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_unlocking_begin(const struct uncia_wallet *wallet,
                                                     struct uncia_unlocking **unlocking);

/* Derives the key, which takes long; the wallet goes on meanwhile. May be called again, with another passphrase.
 * Returns: as uncia_wallet_unlock; 0 for a key file that needs no passphrase where that is NULL.
 * In: the passphrase is not kept; the caller wipes its own.
 * Threads: any, one at a time for each `unlocking`. */
UNCIA_API UNCIA_MUST_CHECK int uncia_unlocking_run(struct uncia_unlocking *unlocking, const char *passphrase);

/* Gives the key that was opened to the wallet, at once.
 * Returns: 0 (also where the wallet is open); UNCIA_E_LOCKED where uncia_unlocking_run has not succeeded;
 *	UNCIA_E_BUSY; UNCIA_E_ARGUMENT, also where it was begun for another key file.
 * Threads: as uncia_wallet_open; nobody runs the unlocking any more. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_unlock_with(struct uncia_wallet *wallet, struct uncia_unlocking *unlocking);

/* Wipes and frees it; NULL is fine. Threads: any; nobody runs it any more. */
UNCIA_API void uncia_unlocking_free(struct uncia_unlocking *unlocking);

/* The recovery words of this wallet. It takes as long as uncia_wallet_unlock.
 * Returns: as uncia_wallet_unlock.
 * Out: words; the caller wipes it.
 * In: passphrase, asked for again; NULL for a key file without one.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_words(struct uncia_wallet *wallet, const char *passphrase,
                                                  char words[UNCIA_WORDS_TEXT_SIZE]);

/* The wallet's own address, without a reference: what others are given to pay to.
 * Returns: 0; UNCIA_E_LOCKED while the wallet is locked: whoever can write the home could have put another's public
 *	key into the key file, and only opening the seal shows it; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_address(const struct uncia_wallet *wallet,
                                                    char text[UNCIA_ADDRESS_TEXT_SIZE]);

/* The address that the key file names, also while the wallet is locked: the one whose balance and history it then
 * shows. To tell one's own address in a payment from others'; never to be given to anybody. Returns: 0;
 * UNCIA_E_ARGUMENT. Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_address_unproved(const struct uncia_wallet *wallet,
                                                             char text[UNCIA_ADDRESS_TEXT_SIZE]);

/* The id of the network that the home is bound to, also while no network file is at hand: by the first open with one.
 * Returns: 0; UNCIA_E_NETWORK where it is bound to none yet; UNCIA_E_ARGUMENT.
 * Out: id, 32 bytes.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_network_id(const struct uncia_wallet *wallet, uint8_t id[32]);

/* Whether the key is open, so that uncia_wallet_pay can sign.
 * Threads: as uncia_wallet_open. */
UNCIA_API bool uncia_wallet_unlocked(const struct uncia_wallet *wallet);

/* ---- events ----------------------------------------------------------------------------------------------------- */

/* What happened. The comments say which members of the event belong to it. */
enum uncia_event_kind {
	UNCIA_EVENT_BALANCE = 1,   /* a sync ended: uncia_wallet_balance. error: 0; UNCIA_E_UNREACHABLE; UNCIA_E_PROOF
	                            * where validators answered, but nothing that verifies: the events LINK say which;
	                            * UNCIA_E_SECOND_CHAIN where what is proved lacks payments whose receipts are here */
	UNCIA_EVENT_PAYMENT = 2,   /* id: its state or reason changed, or a query ended: uncia_wallet_payment. error: 0,
	                            * or UNCIA_E_UNREACHABLE or UNCIA_E_PROOF, as above, where a query found nothing
	                            * out, or UNCIA_E_IO and the like where an end could not be stored (it stays
	                            * pending), or where what storage showed could not be made durable (it is not sent
	                            * yet) */
	UNCIA_EVENT_HISTORY = 3,   /* a page is there: uncia_wallet_history_page. error: 0, or as of BALANCE */
	UNCIA_EVENT_LINK = 4,      /* validator, up; error says why it went down, or did not come up (its name) */
	UNCIA_EVENT_CAUGHT_UP = 6, /* uncia_wallet_catch_up ended. error: 0, or as of BALANCE, or UNCIA_E_IO and the
	                            * like where what was found could not be stored */
	UNCIA_EVENT_INCOMING = 7,  /* id: somebody has paid this account: uncia_watch_incoming */
	UNCIA_EVENT_WATCH = 8,     /* error 0: everything is told up to a state that was proved since
	                            * uncia_watch_start. Else what keeps it from that: UNCIA_E_UNREACHABLE or
	                            * UNCIA_E_PROOF, as of BALANCE, or UNCIA_E_IO and the like: it is tried again;
	                            * UNCIA_E_SECOND_CHAIN: it has ended */
	UNCIA_EVENT_HOLD = 10,     /* error 0: uncia_wallet_hold_state says what a hold has. Else it was not learned */
	UNCIA_EVENT_ORDER = 9,     /* tag: an order ended (uncia_wallet_order). error 0: it is the payment `id` now.
	                            * Else there is none, by this call, and why: as uncia_wallet_pay */
	UNCIA_EVENT_NOTICE = 11,   /* id: there is news of a notice that is being checked: uncia_notice_result */
	UNCIA_EVENT_ERROR = 5      /* error, text: something that belongs to no request, e.g. a damaged record.
	                            * UNCIA_E_MEMORY: events were lost, what you wait for perhaps among them: look
	                            * (uncia_wallet_payment), or ask again */
};

/* One thing that happened. Members that do not belong to its kind are 0. */
struct uncia_event {
	size_t size;
	enum uncia_event_kind kind;
	int error;
	struct uncia_payment_id id;
	uint32_t validator;
	bool up;
	char text[UNCIA_WHY_SIZE];   /* ERROR and LINK: one sentence, or empty */
	uint32_t tag_size;           /* in bytes; 0: the payment has none, or is not of this home */
	uint8_t tag[UNCIA_TAG_SIZE]; /* PAYMENT and ORDER: what the host gave with it */
};

/* Takes the next event; they come in the order in which things happened. One of the same kind about the same payment or
 * validator that was not taken yet is replaced, so that the queue is bounded; orders have one each.
 * Returns: 1 where there was one; 0 where there is none; UNCIA_E_ARGUMENT, also for a wrong event->size: no event was
 *	taken; UNCIA_E_NESTED.
 * In: event->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_event(struct uncia_wallet *wallet, struct uncia_event *event);

/* Gives up what was asked for: no event comes of it any more. One that waits to be taken stays in the queue. A payment
 * cannot be given up, since its bytes may be anywhere: only the question about it is.
 * Returns: 0; UNCIA_E_NOT_FOUND where nothing of that kind is under way (it may just have ended: its event waits);
 *	UNCIA_E_BUSY for a BALANCE that a look-up (uncia_wallet_catch_up) or an order needs, and for a CAUGHT_UP that
 *	an order needs: give that up; UNCIA_E_ARGUMENT for another kind; UNCIA_E_NESTED.
 * In: kind: BALANCE, HISTORY, CAUGHT_UP: the one that is under way; ORDER: all orders that are not made yet, so that
 *	none will be; PAYMENT: uncia_wallet_query and uncia_wallet_follow for `id`, or for all of them, NULL; NOTICE:
 *	uncia_wallet_notice_check likewise.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_cancel(struct uncia_wallet *wallet, enum uncia_event_kind kind,
                                                   const struct uncia_payment_id *id);

/* ---- balance ---------------------------------------------------------------------------------------------------- */

/* Asks the validators for this account and the time of the ledger. Ends in UNCIA_EVENT_BALANCE.
 * Returns: 0 (also where one is under way); UNCIA_E_NETWORK where the wallet was opened without one; UNCIA_E_BUSY;
 *	UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_sync(struct uncia_wallet *wallet);

/* What the account holds, as the last sync proved it. */
struct uncia_balance {
	size_t size;
	bool known;         /* a sync has succeeded; else the rest is 0 */
	bool exists;        /* the ledger has this account; else the balance is 0 */
	uint64_t balance;   /* proven, after final height `height` */
	uint64_t waiting;   /* own payments on their way, not in `balance` yet */
	uint64_t spendable; /* balance - waiting, at least 0 */
	uint64_t height;
	uint64_t timestamp_ms; /* of the header that proves it: how fresh it is; 0 where there is no account */
	bool uncounted; /* 2^32 - 1 payments have touched it, or more: its history can no more be proved complete */
};

/* What the last sync found out. Payments that became final since are in it after the next sync.
 * Returns: 0; UNCIA_E_ARGUMENT.
 * In: balance->size is set.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.6. */
UNCIA_API int uncia_wallet_balance(const struct uncia_wallet *wallet, struct uncia_balance *balance);

/* ---- paying ----------------------------------------------------------------------------------------------------- */

/* Who gets what by a payment. */
struct uncia_output {
	const char *address; /* "unc1…", with its reference where it has one */
	uint64_t amount;     /* micro-units, > 0 */
};

/* A hold that a payment opens: whoever has its key takes from it until its end; then it goes home. */
struct uncia_hold_request {
	const uint8_t *lock; /* 32 bytes that somebody gave (uncia_hold_lock), for this hold alone; or NULL */
	const uint8_t *key;  /* 32 bytes: whose key takes it, with no secret beside; or NULL. Both NULL: a claim of this
	                      * wallet's, which uncia_wallet_claim gives out as text */
	const char *home;    /* an address without a reference; NULL: this account. A claim's is this account */
	uint64_t amount;     /* micro-units, > 0 */
	uint32_t seconds;    /* from the signing to its end: 600 to 34,556,400 (400 days less an hour), and above the
	                      * payment's lifetime by 120 at least */
};

/* A payment to be made. All of it is copied. */
struct uncia_payment_request {
	size_t size;
	const struct uncia_output *outputs;
	uint32_t output_count; /* with the holds 1..255 */
	const struct uncia_hold_request *holds;
	uint32_t hold_count;
	const uint8_t *memo_hash; /* 32 bytes, or NULL; where `memo` is given, NULL or its hash */
	const char *key;          /* the caller's idempotency key, 1..256 bytes, or NULL */
	uint32_t expires_s;       /* 1..3600; 0: 120 */
	const char *memo;         /* UTF-8 without control characters, 1..512 bytes, or NULL. Kept in this home with the
	                           * payment, and shown with it (struct uncia_payment); the ledger carries its hash */
	const void *tag;   /* the host's own bytes (which chat, which message), or NULL. Kept in this home with the
	                    * payment, in its events and struct uncia_payment ever after; never sent */
	uint32_t tag_size; /* 1..UNCIA_TAG_SIZE; 0 where tag is NULL */
};

/* Pays. Signs, stores the payment durably and only then lets the first byte out, in later calls. From here on it has
 * exactly two ends, each told by UNCIA_EVENT_PAYMENT: final, with a receipt, or expired, certain never to happen.
 * Until then it is pending; the same bytes are sent again for as long as it is.
 *
 * The same key is the same payment for ever: a second call, even after a crash or by another process, gives the id of
 * the first, sends it again where it is pending, and tells its state by an event. Where it expired it stays expired; to
 * pay all the same, use a new key. Neither expiry nor tag is a part of what must be equal: the first ones stay.
 *
 * A home may come back older than it was: a backup, a snapshot, a copied file, the words. So a key that this home does
 * not know is paid under only once all that the ledger counts of the account's payments is accounted for here; until
 * then the answer is UNCIA_E_BEHIND: uncia_wallet_catch_up, and when that has ended, pay again. What was lost with the
 * old home is found where it is final, or waits at a validator that answers; two homes that are in use at once are two.
 * A hold under a lock waits for the same: a lock is for one hold. Payments with neither never wait for that.
 *
 * Returns: 0; refused, nothing stored, nothing sent: UNCIA_E_ADDRESS; UNCIA_E_AMOUNT (zero, below the network's
 *	smallest, sum too large); UNCIA_E_END of a hold; UNCIA_E_SIGNATURE for a hold's key that nobody can sign by;
 *	UNCIA_E_LOCK_USED where this home has opened a hold under that lock before; UNCIA_E_FULL where it would have
 *	more than 100 holds open; UNCIA_E_FUNDS; UNCIA_E_DUST where something would be left, but less than the network's
 *	smallest amount; UNCIA_E_KEY_REUSED; UNCIA_E_UNREACHABLE where the account was not proved in the last 30 s, or
 *	the few that answered do not agree on the time: a sync was begun, call again after UNCIA_EVENT_BALANCE
 *	(uncia_wallet_order does that by itself); UNCIA_E_BEHIND (with a key): uncia_wallet_catch_up first;
 *	UNCIA_E_LOCKED; UNCIA_E_BUSY where another process makes a payment at this moment: call again in some
 *	milliseconds; UNCIA_E_NETWORK; UNCIA_E_ENCODING of the memo; UNCIA_E_LIMIT of memo and tag; UNCIA_E_ARGUMENT;
 *	UNCIA_E_NESTED; UNCIA_E_MEMORY; UNCIA_E_RANDOM; UNCIA_E_LIBRARY. UNCIA_E_IO: storage failed; this call sent
 *	nothing. With a key, call again with the same one. Without, it was taken back; should storage have failed at
 *	that, too, a later open finds it in the outbox and sends it. UNCIA_E_DAMAGED: what is stored under this key
 *	cannot be read; it may have been sent before.
 * Out: *id.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.2. */
UNCIA_API UNCIA_MUST_CHECK int
uncia_wallet_pay(struct uncia_wallet *wallet, const struct uncia_payment_request *request, struct uncia_payment_id *id);

/* Pays as soon as what it is signed on is fresh: where the account was not proved in the last 30 s, the wallet asks for
 * it first, and with a key or a lock also for what the account has paid before, where it must (uncia_wallet_catch_up).
 * So nobody pays from a balance that is old, and nobody has to ask for it. Ends in one UNCIA_EVENT_ORDER, with the tag:
 * error 0 and the payment's id, of which UNCIA_EVENT_PAYMENT tells the rest; or why there is no payment, as
 * uncia_wallet_pay says it. Events BALANCE and CAUGHT_UP may come on the way. Where another process of this home pays
 * at that moment, it is tried again for request_timeout_ms.
 *
 * An order is in memory until it is made: what is closed or killed before has paid nothing. Give it a key, and order
 * again under the same one.
 * Returns: 0: it waits, or was made or refused already: the event tells; UNCIA_E_FULL where 64 orders wait, or their
 *	events were not taken; UNCIA_E_NETWORK; UNCIA_E_ARGUMENT; UNCIA_E_LIMIT of the tag; UNCIA_E_MEMORY;
 *	UNCIA_E_BUSY; UNCIA_E_NESTED. Where it is not 0, there is no order and no event comes.
 * In: all of it is copied.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.2. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_order(struct uncia_wallet *wallet,
                                                  const struct uncia_payment_request *request);

/* The payment that an idempotency key stands for in this home: whether uncia_wallet_pay would make one. It sends
 * nothing. Returns: 0; UNCIA_E_NOT_FOUND where this home knows of none, which a home that came back older may have
 * forgotten (uncia_wallet_catch_up); UNCIA_E_DAMAGED: what is stored under this key cannot be read; UNCIA_E_IO;
 *	UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * In: key, 1..256 bytes. Out: *id.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.2. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_by_key(struct uncia_wallet *wallet, const char *key,
                                                   struct uncia_payment_id *id);

/* Makes sure that this home knows all payments that its account has made: asks for the account, as uncia_wallet_sync
 * does, and for its payments that wait for a block, which it takes up; compares what the ledger counts with what is
 * here, and where that is less reads the account's history and stores its own payments in the outbox, as final. Ends in
 * UNCIA_EVENT_CAUGHT_UP. Where nothing is missing it costs what a sync does. What is missing is read 64 payments at a
 * time, received ones among them, those since it was last known to be complete; once in a home's life that is all of
 * them. Nothing waits for it but uncia_wallet_pay with a new key. A home that was restored from the words knows of no
 * holds and claims that its account has opened until this has ended without an error: before, none of them comes home
 * by itself after its end, and a host that shows balance or history says so, or calls this once the key is open. It has
 * no time limit of its own, but ends as UNREACHABLE after request_timeout_ms without progress; what was found until
 * then stays found. Returns: 0 (also where one is under way); UNCIA_E_NETWORK; UNCIA_E_LOCKED; UNCIA_E_BUSY;
 * UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. Spec: wallet.md 7.2. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_catch_up(struct uncia_wallet *wallet);

/* How a payment stands. FINAL and EXPIRED are ends: a payment that has one keeps it. */
enum uncia_payment_state {
	UNCIA_PAYMENT_UNKNOWN =
	    0, /* not this wallet's, and validators weighing F+1 do not know it: no end of a payment */
	UNCIA_PAYMENT_PENDING = 1,
	UNCIA_PAYMENT_FINAL = 2,  /* proved by its receipt */
	UNCIA_PAYMENT_EXPIRED = 3 /* on the signed word of validators weighing F+1: it never happened and never will */
};

/* Why a payment is still pending. Never an end: each may pass. */
enum uncia_pending_reason {
	UNCIA_PENDING_WAITING = 0,   /* in line for a block */
	UNCIA_PENDING_FUNDS = 1,     /* the balance is too small now */
	UNCIA_PENDING_KEY = 2,       /* not the account's key now */
	UNCIA_PENDING_TOO_EARLY = 3, /* expires more than an hour ahead of the last block */
	UNCIA_PENDING_AMOUNT = 4,    /* an output, or what would be left, is below the smallest amount */
	UNCIA_PENDING_END = 5,       /* the end of a hold that it opens is too near or too far */
	UNCIA_PENDING_UNSENT = 100,  /* no validator has answered for it yet */
	UNCIA_PENDING_REFUSED = 101  /* a validator would not take it: `refusal` */
};

/* A short English phrase for a reason; never NULL. Static text.
 * Threads: any. */
UNCIA_API const char *uncia_pending_text(enum uncia_pending_reason reason);

/* What is known of a payment. Members that do not belong to its state are 0. */
struct uncia_payment {
	size_t size;
	struct uncia_payment_id id;
	enum uncia_payment_state state;
	enum uncia_pending_reason reason; /* PENDING */
	int refusal;                      /* PENDING with reason REFUSED: enum uncia_error */
	bool own;                         /* made by this wallet: it is in the outbox; also what it took from holds */
	bool detailed;                    /* own or FINAL: the next ones are known */
	char sender[UNCIA_ADDRESS_TEXT_SIZE]; /* an address; "hold:…" where it pays from a hold */
	char to[UNCIA_ADDRESS_TEXT_SIZE];     /* of the first output, or hold; there may be more: uncia_wallet_output */
	uint32_t output_count;
	uint32_t hold_count; /* holds that it opens: uncia_receipt_hold */
	uint64_t amount;   /* the sum of outputs and holds, whoever gets them: uncia_wallet_part says what this account
	                    * does */
	uint64_t leaving;  /* own: the sum of those that others get; the rest stays in this account */
	uint64_t received; /* the sum of those that this account gets, under whatever reference; 0 in a payment from
	                    * uncia_receipt_payment, which knows no account: uncia_wallet_received */
	bool has_memo_hash;
	uint8_t memo_hash[32];
	char memo[UNCIA_MEMO_SIZE];    /* own: the text it was made with in this home; else empty */
	uint64_t expires_at;           /* in seconds; always known */
	uint64_t height, timestamp_ms; /* FINAL: of its block */
	uint32_t index;                /* FINAL: place in its block */
	uint64_t made_ms;              /* own: the wall clock at uncia_wallet_pay */
	uint64_t elapsed_ms;           /* FINAL: from that call, or this session's first resend, to the receipt */
	uint32_t tag_size;             /* own: in bytes; 0: it was made without one, or not in this home */
	uint8_t tag[UNCIA_TAG_SIZE];   /* own: what the host gave with it */
};

/* What is known of a payment: of this wallet's outbox, or asked for with uncia_wallet_query. An own one that has its
 * end may have to be read from storage. Returns: 0; UNCIA_E_NOT_FOUND where it is neither; UNCIA_E_DAMAGED; UNCIA_E_IO;
 * UNCIA_E_MEMORY; UNCIA_E_ARGUMENT. In: payment->size is set. Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_payment(const struct uncia_wallet *wallet,
                                                    const struct uncia_payment_id *id, struct uncia_payment *payment);

/* One of the outputs of a payment that is `detailed`, numbered from 0.
 * Returns: as uncia_wallet_payment; UNCIA_E_NOT_FOUND also where its outputs are not known; UNCIA_E_ARGUMENT also past
 *	the last.
 * Out: address, with its reference; *amount, in micro-units.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_output(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                                   uint32_t number, char address[UNCIA_ADDRESS_TEXT_SIZE],
                                                   uint64_t *amount);

/* Whether this home has paid an account before: a payment of its outbox that pays it, whatever the reference, and is
 * final; where there is none, one that is pending. Of what has its end only those parts of the storage are read that
 * may hold such a payment; damaged ones are passed over. A home that was made anew knows of nothing that others paid.
 * Returns: 0; UNCIA_E_NOT_FOUND where there is none; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * Out: *id, of one of those payments. Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_paid(const struct uncia_wallet *wallet, const struct uncia_address *to,
                                                 struct uncia_payment_id *id);

/* Follows a payment to its end: one of anybody's, whose id was told. Asks the validators for it, and again after 2 s,
 * 4 s, … 30 s, and takes up what they tell meanwhile. Ends in UNCIA_EVENT_PAYMENT once it is FINAL, with its receipt
 * (uncia_wallet_receipt), or EXPIRED; before that there is an event when validators have it (PENDING), or have it no
 * more. While nobody knows it, it stays UNKNOWN and is followed on, since who told of it may not have sent it yet; only
 * two days after its expiry, when validators may have forgotten what expired, or where the id can be no payment's, is
 * UNKNOWN the end, with an event, too. An own one is followed anyway; one that has its end has its event at once. A
 * wallet that is opened again follows its own only.
 * Returns: 0 (also where it is followed already); as uncia_wallet_query; UNCIA_E_FULL where 64 payments of others are
 *	followed or asked for.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_follow(struct uncia_wallet *wallet, const struct uncia_payment_id *id);

/* Asks the validators about a payment, of this wallet or anybody's. Ends in UNCIA_EVENT_PAYMENT for this id.
 * Returns: 0; UNCIA_E_NETWORK; UNCIA_E_FULL where 64 queries are under way; UNCIA_E_MEMORY; UNCIA_E_BUSY;
 *	UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_query(struct uncia_wallet *wallet, const struct uncia_payment_id *id);

/* How many own payments this wallet knows; 0 for NULL.
 * Threads: as uncia_wallet_open. */
UNCIA_API size_t uncia_wallet_outbox_count(const struct uncia_wallet *wallet);

/* One of them, in no particular order; the numbers hold until the next call that is not const.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last; UNCIA_E_ARGUMENT.
 * Out: *id.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_outbox(const struct uncia_wallet *wallet, size_t number,
                                                   struct uncia_payment_id *id);

/* ---- contacts --------------------------------------------------------------------------------------------------- */

/* Pins a name to the address it had when it was first used, so that a changed one is noticed.
 * Returns: 0 (also where it is pinned to this very address); UNCIA_E_EXISTS where it is pinned to another and
 *	`replace` is false; UNCIA_E_ALIKE where there is no contact of this name, but one whose name people would take
 *	for it (uncia_contact_alike says which: show both); UNCIA_E_ADDRESS; UNCIA_E_IO; UNCIA_E_DAMAGED;
 *	UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT (no name: uncia_contact_name says why).
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.9, texts.md 11.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_pin(struct uncia_wallet *wallet, const char *name, const char *address,
                                                 bool replace);

/* A contact of another name that people would take for this one: by case, by characters that look alike.
 * Returns: 0; UNCIA_E_NOT_FOUND where there is none; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Out: its name and address.
 * Threads: as uncia_wallet_open.
 * Spec: texts.md 11.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_alike(struct uncia_wallet *wallet, const char *given,
                                                   char name[UNCIA_CONTACT_NAME_SIZE],
                                                   char address[UNCIA_ADDRESS_TEXT_SIZE]);

/* The address of a contact.
 * Returns: 0; UNCIA_E_NOT_FOUND; UNCIA_E_IO; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_find(const struct uncia_wallet *wallet, const char *name,
                                                  char address[UNCIA_ADDRESS_TEXT_SIZE]);

/* Forgets a contact.
 * Returns: 0; UNCIA_E_NOT_FOUND; UNCIA_E_IO; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_remove(struct uncia_wallet *wallet, const char *name);

/* Reads the contacts from storage, for uncia_contact_at.
 * Returns: 0; UNCIA_E_IO; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Out: *count.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_count(struct uncia_wallet *wallet, size_t *count);

/* One of them as read by the last uncia_contact_count, sorted by name.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_contact_at(const struct uncia_wallet *wallet, size_t number,
                                                char name[UNCIA_CONTACT_NAME_SIZE],
                                                char address[UNCIA_ADDRESS_TEXT_SIZE]);

#ifdef __cplusplus
}
#endif
#include <uncia/chat.h>
#include <uncia/driving.h>
#include <uncia/history.h>
#include <uncia/holds.h>
#include <uncia/people.h>
#include <uncia/watch.h>
#include <uncia/structures.h>
#endif
