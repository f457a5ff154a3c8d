/* Who was logged in as whom, as the last messages of people said. The clock is the caller's. */
#ifndef UNCIA_PLUGIN_SAID_H
#define UNCIA_PLUGIN_SAID_H

#include "plugin.h"

#define SAID_MAX         128
#define SAID_SERVER_SIZE 64
#define SAID_MS          600000 /* how long the login of a message counts for its nick */

/* All zeros: nothing was said. */
struct said_logins {
	struct said {
		char server[SAID_SERVER_SIZE], handle[PLUGIN_HANDLE_SIZE]; /* handle: empty: none */
		char login[PLUGIN_LOGIN_SIZE];
		uint64_t at_ms;
	} of[SAID_MAX];
	unsigned next;
};

/* Notes what a message said; an empty login: that there is none. The one that was noted first gives way. */
void said_note(struct said_logins *said, const char *server, const char *handle, const char *login, uint64_t now_ms);
/* Copies what the last message of this handle said, where that is not too long ago. Returns whether there is one. */
bool said_login(const struct said_logins *said, const char *server, const char *handle, uint64_t now_ms,
                char login[PLUGIN_LOGIN_SIZE]);
/* Forgets what was said of a handle; of all of a server where it is NULL. */
void said_forget(struct said_logins *said, const char *server, const char *handle);

#endif
