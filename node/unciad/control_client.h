/* Asks the validator that runs in a home, over its control socket, and blocks meanwhile. Each function that returns an
 * int returns an exit code, and has said on standard error what failed. Threads: any, each with a connection of its
 * own. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H
#include "control.pb-c.h"
#include "home.h"

/* A connection. `home` and `fd` are for reading. */
struct control_link {
	const char *home; /* the caller's */
	int fd;           /* or -1 */
	uint64_t request_id;
	uint8_t *bytes; /* of the reply, with its frame */
	struct arena arena;
	const Uncia__Pb__ControlReply *reply; /* the last one, which lives until the next, or the end */
};

/* Whether somebody listens on the control socket of the home. */
bool control_listens(const char *home);
/* Connects to the control socket of the validator that holds the home. EXIT_UNREACHABLE where none does, or none
 * listens. control_hang_up follows in every case. */
int control_dial(const char *home, struct control_link *link);
/* Sends the request, whose request_id is set here. */
int control_send(struct control_link *link, Uncia__Pb__ControlRequest *request);
/* Waits for the next reply to it: link->reply, which is no refusal. A refusal is said, and is EXIT_REFUSED.
 * EXIT_UNREACHABLE where none comes within so many milliseconds, or the connection ends. */
int control_receive(struct control_link *link, int timeout_ms);
/* Ends the connection and frees what was received. */
void control_hang_up(struct control_link *link);

#endif
