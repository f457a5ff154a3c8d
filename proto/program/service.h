/* What a program tells the manager of services that has started it, as systemd understands it (sd_notify(3),
 * Type=notify): that it is ready, alive, ending, and a line on how it is doing. Where nothing of that is asked for,
 * nothing is done.
 *
 * Threads: the one that runs the program; the environment is read. */
#ifndef SERVICE_H
#define SERVICE_H
#include <stdbool.h>
#include <stdint.h>

/* Sends lines of VARIABLE=VALUE, at most some hundred bytes, as one datagram to the socket that $NOTIFY_SOCKET names: a
 * path, or '@' and a name of the abstract namespace. Never waits. Returns whether it was sent; false: there is no such
 * socket, or it does not take it now. */
bool service_notify(const char *state);
/* Whether $NOTIFY_SOCKET names somebody to be told. */
bool service_is_watched(void);
/* Within how many milliseconds the manager wants to hear WATCHDOG=1 again, by $WATCHDOG_USEC and $WATCHDOG_PID; 0: it
 * does not. */
uint64_t service_watchdog_ms(void);

#endif
