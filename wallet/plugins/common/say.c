/* Lines for people. */
#include "say.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void plugin_say(const struct plugin *p, const struct conversation *where, const char *format, ...)
{
	char line[PLUGIN_LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (where)
		p->client.show(p->client.context, where, line);
	else
		p->client.record(p->client.context, line);
}

void plugin_verdict(const struct plugin *p, const struct conversation *where, const char *format, ...)
{
	char line[PLUGIN_LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	p->client.record(p->client.context, line);
	if (where)
		p->client.show(p->client.context, where, line);
}

void money_text(const struct plugin *p, uint64_t micro, char text[MONEY_TEXT_SIZE])
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(micro, amount);
	char *point = strchr(amount, '.');
	for (char *end = amount + strlen(amount); point && end > point + 3 && end[-1] == '0';)
		*--end = '\0';
	snprintf(text, MONEY_TEXT_SIZE, "%s %.20s", amount, uncia_network_currency(p->network));
}

void clock_text(uint64_t ms, char text[TIME_TEXT_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;
	if (!localtime_r(&seconds, &local) || !strftime(text, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &local))
		strcpy(text, "?");
}

/* The bytes of a character that shows nothing, or moves others: bidirectional controls, joiners, separators of lines,
 * tags. 0: it is none. */
static size_t unseen_bytes(const unsigned char *s)
{
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	if (s[0] == 0xd8 && s[1] == 0x9c)
		return 2;
	if (s[0] == 0xe2 && s[1] == 0x80 && ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae)))
		return 3;
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf)
		return 3;
	if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
		return 3;
	return s[0] == 0xf3 && s[1] == 0xa0 && (s[2] == 0x80 || s[2] == 0x81) && s[3] ? 4 : 0;
}

void quoted_text(const char *text, char quoted[QUOTED_TEXT_SIZE])
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;
	quoted[used++] = '"';
	while (*s && used < QUOTED_TEXT_SIZE - 2) {
		size_t unseen = unseen_bytes(s);
		if (!unseen)
			quoted[used++] = *s < 0x20 || *s == 0x7f ? ' ' : *s == '"' ? '\'' : (char)*s;
		s += unseen ? unseen : 1;
	}
	quoted[used++] = '"';
	quoted[used] = '\0';
}

/* The bytes of the character that begins here; 0 where there is none, or not all of it. */
static size_t utf8_bytes(const unsigned char *s)
{
	size_t size = *s < 0x80 ? *s != 0 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc2 ? 2 : 0;
	for (size_t i = 1; i < size; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

void name_clean(char name[PLUGIN_NAME_SIZE])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	                            "-_.@/[]{}|^`\\#&+!~'=";
	char quoted[QUOTED_TEXT_SIZE], cut[PLUGIN_NAME_SIZE] = "";
	size_t used = 0, size;
	if (*name && !name[strspn(name, plain)])
		return;
	size_t length = strlen(name);
	if (length > 1 && *name == '"' && name[length - 1] == '"') { /* one that is quoted stays as it is */
		name[length - 1] = '\0';
		memmove(name, name + 1, length - 1);
	}
	/* With the quotation marks it fits, and no character is cut in two. */
	while ((size = utf8_bytes((const unsigned char *)name + used)) && used + size <= PLUGIN_NAME_SIZE - 3)
		used += size;
	memcpy(cut, name, used);
	quoted_text(cut, quoted);
	strcpy(name, quoted);
}

void login_text(const char *login, char text[PLUGIN_NAME_SIZE])
{
	snprintf(text, PLUGIN_NAME_SIZE, "%.*s", PLUGIN_NAME_SIZE - 1, login);
	name_clean(text);
}

void name_text(const struct conversation *peer, char text[WHO_TEXT_SIZE])
{
	char login[PLUGIN_NAME_SIZE];
	login_text(peer->login, login);
	if (*peer->peer && *peer->login)
		snprintf(text, WHO_TEXT_SIZE, "%s (%s, login %s)", peer->name, peer->peer, login);
	else if (*peer->peer)
		snprintf(text, WHO_TEXT_SIZE, "%s (%s)", peer->name, peer->peer);
	else
		snprintf(text, WHO_TEXT_SIZE, "%s", peer->name);
}

uint64_t plugin_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
