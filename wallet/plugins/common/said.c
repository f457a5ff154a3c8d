/* Logins that messages said. */
#include "said.h"
#include <stdio.h>
#include <string.h>

static size_t find_said(const struct said_logins *said, const char *server, const char *handle)
{
	size_t i = 0;
	while (i < SAID_MAX && (!*said->of[i].handle || strcmp(said->of[i].server, server) != 0 ||
	                        strcmp(said->of[i].handle, handle) != 0))
		i++;
	return i;
}

void said_note(struct said_logins *said, const char *server, const char *handle, const char *login, uint64_t now_ms)
{
	size_t i = find_said(said, server, handle);
	if (i == SAID_MAX)
		i = said->next++ % SAID_MAX;
	struct said *one = &said->of[i];
	snprintf(one->server, sizeof(one->server), "%s", server);
	snprintf(one->handle, sizeof(one->handle), "%s", handle);
	snprintf(one->login, sizeof(one->login), "%s", login);
	one->at_ms = now_ms;
}

bool said_login(const struct said_logins *said, const char *server, const char *handle, uint64_t now_ms,
                char login[PLUGIN_LOGIN_SIZE])
{
	size_t i = find_said(said, server, handle);
	bool counts = i < SAID_MAX && now_ms - said->of[i].at_ms < SAID_MS;
	if (counts)
		strcpy(login, said->of[i].login);
	return counts;
}

void said_forget(struct said_logins *said, const char *server, const char *handle)
{
	for (struct said *one = said->of; one < said->of + SAID_MAX; one++)
		if (!strcmp(one->server, server) && (!handle || !strcmp(one->handle, handle)))
			*one = (struct said){.handle = ""};
}
