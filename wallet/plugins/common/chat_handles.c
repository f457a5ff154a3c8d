/* The handles of people, as libuncia makes them. */
#include "chat_handles.h"
#include <string.h>

static void keep_handle(int error, const char *made, char handle[PLUGIN_HANDLE_SIZE])
{
	bool fits = !error && strlen(made) < PLUGIN_HANDLE_SIZE;
	strcpy(handle, fits ? made : "");
}

void handle_xmpp(const char *jid, char handle[PLUGIN_HANDLE_SIZE])
{
	char made[UNCIA_PEER_SIZE] = "";
	int error = uncia_handle_xmpp(jid, made);
	keep_handle(error, made, handle);
}

void handle_irc(const char *network, const char *casemapping, const char *nick, char handle[PLUGIN_HANDLE_SIZE])
{
	char made[UNCIA_PEER_SIZE] = "";
	int error = uncia_handle_irc(network, casemapping, nick, made);
	keep_handle(error, made, handle);
}
