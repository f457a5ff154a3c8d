/* Giving a wallet its turns: by one descriptor that the host's loop waits on, or, where the host owns its sockets, by
 * bytes. Included by uncia.h, which says what holds for every function. */
#ifndef UNCIA_DRIVING_H
#define UNCIA_DRIVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_wallet;

/* ---- driving by one file descriptor (POSIX) --------------------------------------------------------------------- */

/* A descriptor that is readable as long as uncia_wallet_process has something to do or an event waits to be taken:
 * sockets are ready, names were looked up, a time has come (a timer is inside, which goes on while the device sleeps),
 * the host has asked for something since, or has called uncia_wallet_wake. A loop that waits for it to be readable,
 * with no time limit, then calls uncia_wallet_process and takes all events, misses nothing and never spins. From the
 * first call of this section on the library opens its own sockets; do not mix with "Driving by bytes".
 * Returns: the descriptor, the same for the wallet's life; UNCIA_E_SYSTEM where this system has none that stands for
 *	many (neither epoll nor kqueue): uncia_wallet_descriptors; UNCIA_E_NETWORK; UNCIA_E_IO; UNCIA_E_MEMORY;
 *	UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Owns: the wallet, which closes it. The host adds it to its loop and does nothing else with it.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_fd(struct uncia_wallet *wallet);

/* A descriptor to wait on. */
struct uncia_descriptor {
	int fd;
	bool reads, writes; /* wait until it can be read; until it can be written */
};

/* For every system: the descriptors to wait on, and for no longer than uncia_wallet_timeout_ms; then call
 * uncia_wallet_process. Where there is uncia_wallet_fd, it is the only one. Else they change: ask again after every
 * call about this wallet, before waiting.
 * Returns: 0; UNCIA_E_NETWORK; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Out: *count, how many there are; the first `capacity` of them are in `list`, which may be NULL where that is 0.
 * Owns: the wallet, which closes them.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_descriptors(struct uncia_wallet *wallet, struct uncia_descriptor *list,
                                                        size_t capacity, size_t *count);

/* Does what can be done without waiting. Host names in the network file are looked up meanwhile, in /etc/hosts and by
 * the name servers of /etc/resolv.conf; a name that is looked up in vain, or for long, holds up no other validator.
 * Returns: 0; UNCIA_E_NETWORK; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_process(struct uncia_wallet *wallet);

/* Makes the descriptor readable, until uncia_wallet_process is called: so that a loop that waits on it looks at what
 * another thread has left for it. Does nothing else; nothing before the first uncia_wallet_fd or
 * uncia_wallet_descriptors, and nothing in a child of fork. NULL is fine.
 * Threads: any, at any time between that call and uncia_wallet_close; also from a signal handler, or a hook. */
UNCIA_API void uncia_wallet_wake(const struct uncia_wallet *wallet);

/* ---- both ------------------------------------------------------------------------------------------------------- */

/* How long a host that drives by bytes, or waits on uncia_wallet_descriptors, may wait before it calls
 * uncia_wallet_tick (or _process) even if nothing happens. One that waits on uncia_wallet_fd need not ask.
 * Returns: milliseconds, 0 where there is something to do now (an event waits, for one), -1 for no limit.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_timeout_ms(const struct uncia_wallet *wallet);

/* The device is on another network, or has one again: connections are given up, and made anew at once where they are
 * needed, without the pause that follows a failure. What is under way goes on over the new ones. Where it is called for
 * nothing it costs a handshake a validator. Those that answered what does not verify are left alone as long as before.
 * Once the device has slept for some seconds uncia_wallet_process does it by itself, on Linux.
 * Returns: 0; UNCIA_E_NETWORK where the wallet was opened without one; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_network_changed(struct uncia_wallet *wallet);

/* ---- driving by bytes ------------------------------------------------------------------------------------------- */

/* For each validator i < uncia_network_validators: while wanted, connect to uncia_network_validator(i); once connected
 * call _opened; then feed what is received, write what _output gives, say with _taken how much of it went. When the
 * connection ends, or _feed fails, or it is open and not wanted any more: close it and call _closed. */

/* Whether the wallet wants a connection to this validator now.
 * Threads: as uncia_wallet_open. */
UNCIA_API bool uncia_wallet_link_wanted(const struct uncia_wallet *wallet, uint32_t validator);

/* A connection to this validator was made: the handshake begins, with what _output gives.
 * Returns: 0; UNCIA_E_RANDOM; UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT (no such validator, or open).
 * Threads: as uncia_wallet_open.
 * Spec: network.md 8.1. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_link_opened(struct uncia_wallet *wallet, uint32_t validator);

/* Takes bytes that were received, of any number.
 * Returns: 0; UNCIA_E_SIGNATURE, UNCIA_E_PROTOCOL, UNCIA_E_ENCODING, UNCIA_E_PROOF, UNCIA_E_LIMIT, UNCIA_E_FULL,
 *	UNCIA_E_MEMORY, UNCIA_E_UNREACHABLE: close the connection; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_link_feed(struct uncia_wallet *wallet, uint32_t validator, const void *data,
                                                      size_t size);

/* Bytes to be written.
 * Returns: 0; UNCIA_E_BUSY; UNCIA_E_ARGUMENT where no connection is open.
 * Out: *data, valid until the next call on this wallet; *size 0 where there is nothing.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_link_output(struct uncia_wallet *wallet, uint32_t validator,
                                                        const void **data, size_t *size);

/* The first `size` bytes of the output were written.
 * Returns: 0; UNCIA_E_BUSY; UNCIA_E_ARGUMENT where no connection is open or there were fewer.
 * Threads: as uncia_wallet_open. */
UNCIA_API int uncia_wallet_link_taken(struct uncia_wallet *wallet, uint32_t validator, size_t size);

/* The connection ended, or could not be made.
 * Returns: 0; UNCIA_E_BUSY; UNCIA_E_ARGUMENT where there is no such validator.
 * In: error, why, an enum uncia_error; 0: closed because it was not wanted any more.
 * Threads: as uncia_wallet_open. */
UNCIA_API int uncia_wallet_link_closed(struct uncia_wallet *wallet, uint32_t validator, int error);

/* Carries out what time asks for: resends, time-outs. Call it after uncia_wallet_timeout_ms.
 * Returns: 0; UNCIA_E_BUSY; UNCIA_E_ARGUMENT where the wallet was opened without a network.
 * Threads: as uncia_wallet_open. */
UNCIA_API int uncia_wallet_tick(struct uncia_wallet *wallet);

#ifdef __cplusplus
}
#endif
#endif
