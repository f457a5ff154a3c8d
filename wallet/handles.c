/* Handles of what chat libraries know: a JID, a network and a nick. */
#include "handles.h"
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include "missing.h"
#include "names.h"
#include "utf8.h"

#define PART_SIZE     1024   /* of a part of a name, in bytes, while it is prepared */
#define FULL_WIDTH    0xff00 /* the block of half and full width forms */
#define FULL_WIDTH_TO 0xffef
#define WIDTH         ((utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT))
#define IRC           "irc:"
#define XMPP          "xmpp:"

static const char protocol_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

bool handle_is_one(const char *handle)
{
	size_t size = strspn(handle, protocol_characters);
	uint32_t c;
	if (size == 0 || handle[0] < 'a' || handle[size] != ':' || handle[size + 1] == '\0' || !utf8_is_plain(handle))
		return false;
	while (*handle != '\0')
		if (!utf8_next(&handle, &c) || utf8_is_blank(c) || utf8_is_unseen(c))
			return false;
	return true;
}

bool handle_may_be_pinned(const char *handle)
{
	return strnlen(handle, UNCIA_PEER_SIZE) < UNCIA_PEER_SIZE && handle_is_one(handle) && name_is_seen(handle);
}

bool handle_same_protocol(const char *a, const char *b)
{
	size_t size = strspn(a, protocol_characters);
	return strncmp(a, b, size) == 0 && a[size] == b[size];
}

bool handle_is_of_irc(const char *handle)
{
	return strncmp(handle, IRC, strlen(IRC)) == 0;
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Where a part of a name is put together. */
struct part {
	char text[PART_SIZE];
	size_t size;
};

static bool part_add(struct part *part, utf8proc_int32_t c)
{
	utf8proc_uint8_t bytes[4];
	size_t size = (size_t)utf8proc_encode_char(c, bytes);
	if (part->size + size >= PART_SIZE)
		return false;
	memcpy(part->text + part->size, bytes, size);
	part->size += size;
	part->text[part->size] = '\0';
	return true;
}

/* Normalisation form C, in place. */
static int part_compose(struct part *part)
{
	utf8proc_int32_t characters[PART_SIZE + 1];
	const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)part->text, (utf8proc_ssize_t)part->size,
	                                            characters, PART_SIZE, options);
	if (count < 0)
		return UNCIA_E_ENCODING;
	if (count > PART_SIZE)
		return UNCIA_E_LIMIT;
	/* Writes the text over the characters. */
	count = utf8proc_reencode(characters, count, options);
	if (count < 0 || count >= PART_SIZE)
		return UNCIA_E_LIMIT;
	memcpy(part->text, characters, (size_t)count);
	part->size = (size_t)count;
	part->text[part->size] = '\0';
	return 0;
}

/* As RFC 7622 has servers compare them: ordinary width, lower case, normalisation form C. */
static int part_prepare(const char *text, size_t size, struct part *part)
{
	char copy[PART_SIZE];
	const char *at = copy;
	uint32_t c;
	if (size >= PART_SIZE)
		return UNCIA_E_LIMIT;
	memcpy(copy, text, size);
	copy[size] = '\0';
	part->size = 0;
	part->text[0] = '\0';
	while (*at != '\0') {
		utf8proc_int32_t narrow[4];
		int last = 0;
		if (!utf8_next(&at, &c))
			return UNCIA_E_ENCODING;
		utf8proc_ssize_t count = 1;
		narrow[0] = (utf8proc_int32_t)c;
		if (c >= FULL_WIDTH && c <= FULL_WIDTH_TO)
			count = utf8proc_decompose_char((utf8proc_int32_t)c, narrow, 4, WIDTH, &last);
		for (utf8proc_ssize_t i = 0; i < count && i < 4; i++)
			if (!part_add(part, utf8proc_tolower(narrow[i])))
				return UNCIA_E_LIMIT;
	}
	return part_compose(part);
}

/* Puts parts together, where that is a handle. */
static int handle_make(const char *const parts[4], char handle[UNCIA_PEER_SIZE])
{
	char made[UNCIA_PEER_SIZE];
	int size = snprintf(made, sizeof(made), "%s%s%s%s", parts[0], parts[1], parts[2], parts[3]);
	if (size < 0 || size >= UNCIA_PEER_SIZE)
		return UNCIA_E_LIMIT;
	if (!handle_may_be_pinned(made))
		return UNCIA_E_ENCODING;
	strcpy(handle, made);
	return 0;
}

/* ---- XMPP ------------------------------------------------------------------------------------ */

int uncia_handle_xmpp(const char *jid, char handle[UNCIA_PEER_SIZE])
{
	struct part local = {.size = 0}, domain = {.size = 0};
	if (!jid || !handle)
		return UNCIA_E_ARGUMENT;
	size_t bare = strcspn(jid, "/"); /* what is behind it is the resource, whatever is in it */
	const char *at = memchr(jid, '@', bare);
	size_t local_size = at ? (size_t)(at - jid) : 0, skipped = at ? local_size + 1 : 0;
	int rc = part_prepare(jid, local_size, &local);
	if (!rc)
		rc = part_prepare(jid + skipped, bare - skipped, &domain);
	if (rc)
		return rc;
	if (domain.size != 0 && domain.text[domain.size - 1] == '.')
		domain.text[--domain.size] = '\0';
	if ((at && local.size == 0) || local.text[strcspn(local.text, "\"&'/:<>@")] != '\0' || domain.size == 0 ||
	    domain.text[strcspn(domain.text, "\"&'/<>@")] != '\0')
		return UNCIA_E_ENCODING;
	return handle_make((const char *const[4]){XMPP, local.text, at ? "@" : "", domain.text}, handle);
}

/* ---- IRC ------------------------------------------------------------------------------------- */

/* The last of the characters from '[' on that have a lower case, four places further on; 0: none has. */
static int casemapping_last(const char *casemapping, char *last)
{
	static const struct {
		const char *name;
		char last;
	} known[] = {{"ascii", 0}, {"rfc1459", '^'}, {"strict-rfc1459", ']'}, {"rfc1459-strict", ']'}};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(casemapping, known[i].name) == 0) {
			*last = known[i].last;
			return 0;
		}
	}
	return UNCIA_E_NOT_FOUND;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int nick_fold(const char *casemapping, const char *nick, struct part *folded)
{
	char last;
	if (strcmp(casemapping, "rfc7613") == 0)
		return part_prepare(nick, strlen(nick), folded);
	int rc = casemapping_last(casemapping, &last);
	if (rc)
		return rc;
	if ((folded->size = strlen(nick)) >= PART_SIZE)
		return UNCIA_E_LIMIT;
	for (size_t i = 0; i <= folded->size; i++) {
		char c = ascii_lower(nick[i]);
		folded->text[i] = last && c >= '[' && c <= last ? (char)(c + ('a' - 'A')) : c;
	}
	return 0;
}

int uncia_handle_irc(const char *network, const char *casemapping, const char *nick, char handle[UNCIA_PEER_SIZE])
{
	struct part folded;
	char lower[UNCIA_PEER_SIZE];
	if (!network || !nick || !handle)
		return UNCIA_E_ARGUMENT;
	int rc = nick_fold(casemapping ? casemapping : "rfc1459", nick, &folded);
	if (rc)
		return rc;
	size_t size = strlen(network);
	if (size >= sizeof(lower))
		return UNCIA_E_LIMIT;
	for (size_t i = 0; i <= size; i++)
		lower[i] = ascii_lower(network[i]);
	/* None of these is in a nick; the first ones begin names of channels. */
	if (size == 0 || strchr(network, '/') || folded.size == 0 || strchr("#&:$", nick[0]) ||
	    nick[strcspn(nick, "!@,*?")] != '\0')
		return UNCIA_E_ENCODING;
	return handle_make((const char *const[4]){IRC, lower, "/", folded.text}, handle);
}
