/* The handles of people. */
#include "handles.h"
#include <stdio.h>
#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether all of it is visible ASCII. */
static bool is_visible_ascii(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return false;
	return *text != '\0';
}

void handle_xmpp(const char *jid, char handle[PLUGIN_HANDLE_SIZE])
{
	size_t size = strcspn(jid, "/");
	const char *at = memchr(jid, '@', size);
	*handle = '\0';
	if (!at || at == jid || at + 1 == jid + size || size + 6 > PLUGIN_HANDLE_SIZE || !is_visible_ascii(jid))
		return;
	snprintf(handle, PLUGIN_HANDLE_SIZE, "xmpp:%.*s", (int)size, jid);
	for (char *c = handle; *c; c++)
		*c = lower(*c);
}

void handle_irc(const char *network, const char *casemapping, const char *nick, char handle[PLUGIN_HANDLE_SIZE])
{
	bool rfc = !casemapping || !strcmp(casemapping, "rfc1459"),
	     strict = casemapping && strstr(casemapping, "strict");
	*handle = '\0';
	if ((!rfc && !strict && strcmp(casemapping, "ascii")) || !is_visible_ascii(network) ||
	    !is_visible_ascii(nick) || strpbrk(network, "/") || strpbrk(nick, "!@/") ||
	    strlen(network) + strlen(nick) + 6 > PLUGIN_HANDLE_SIZE)
		return;
	snprintf(handle, PLUGIN_HANDLE_SIZE, "irc:%s/", network);
	char *folded = handle + strlen(handle);
	strcpy(folded, nick);
	for (char *c = handle; *c; c++) {
		static const char brackets[] = "[]\\", folded_to[] = "{}|";
		const char *found = (rfc || strict) && c >= folded ? strchr(brackets, *c) : NULL;
		*c = found ? folded_to[found - brackets] : rfc && c >= folded && *c == '~' ? '^' : lower(*c);
	}
}
