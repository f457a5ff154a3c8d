/* Who has sent a text, as the command line says it, and the text itself. */
#ifndef PEER_H
#define PEER_H
#include "session.h"

#define OPTIONS_PEER                                                                                                   \
	{"own",   '\0', POPT_ARG_STRING, NULL, OPTION_OWN, "Who you are in that chat, such as xmpp:me@example.org",    \
	 "HANDLE"},                                                                                                    \
	{                                                                                                              \
		"login", '\0', POPT_ARG_STRING, NULL, OPTION_LOGIN,                                                    \
		    "IRC: the services account that they are logged in to, as the server says", "NAME"                 \
	}

struct sent_by {
	struct uncia_peer peer;
	char address[UNCIA_ADDRESS_TEXT_SIZE]; /* of one who is given by an account */
};

/* The person of a handle, by --own and --login. Returns an exit code. Out: *from points into the call. */
int handle_read(const struct call *call, const char *handle, struct uncia_peer *peer);
/* Who --from says has sent it: a handle, a contact as @NAME, or an address. Returns an exit code. Out: *from, which
 * points into the call and itself. */
int sent_by_read(const struct call *call, const struct session *session, struct sent_by *from);

#define PASTED_SIZE 4096
/* The text that an operand is, or "-": what stands on standard input. Returns an exit code. */
int pasted_read(const char *operand, char text[PASTED_SIZE]);

#endif
