/* Accounts and conversations of libpurple: which handle is whose, and which window is meant. */
#include <stdio.h>
#include <string.h>
#include "chat_handles.h"
#include "otr.h"
#include "places.h"

#define PROTOCOL_IRC  "prpl-irc"
#define PROTOCOL_XMPP "prpl-jabber"
#define WORD_SIZE     64

/* What an IRC server said of itself in its numeric 005. */
struct network_said {
	char network[WORD_SIZE], casemapping[WORD_SIZE];
};

static GHashTable *networks; /* PurpleAccount *: struct network_said * */
static GHashTable *delayed;  /* PurpleAccount *: the stanza that it reads was kept by a server */
static guint32 run_number;   /* windows of an earlier run have other names */
static guint last_window;
static bool has_left; /* the message that is being sent */

/* ---- IRC servers ------------------------------------------------------------------------------------- */

static void read_word(const char *line, const char *name, char value[WORD_SIZE])
{
	const char *found = strstr(line, name);
	size_t size = found ? strcspn(found + strlen(name), " \r\n") : 0;
	if (size && size < WORD_SIZE)
		snprintf(value, WORD_SIZE, "%.*s", (int)size, found + strlen(name));
}

/* Each line of an IRC server. Only its own numeric 005 counts, whose second word that is. */
static void on_irc_line(PurpleConnection *gc, char **text, void *data)
{
	char line[1024];
	const char *word = text && *text ? strchr(*text, ' ') : NULL;
	(void)data;
	if (!word || **text != ':' || strncmp(word, " 005 ", 5))
		return;
	snprintf(line, sizeof(line), "%s", word);
	char *trailing = strstr(line, " :");
	if (trailing)
		*trailing = '\0';
	PurpleAccount *account = purple_connection_get_account(gc);
	struct network_said *said = g_hash_table_lookup(networks, account);
	if (!said) {
		said = g_new0(struct network_said, 1);
		g_hash_table_insert(networks, account, said);
	}
	read_word(line, " NETWORK=", said->network);
	read_word(line, " CASEMAPPING=", said->casemapping);
}

/* Whether a stanza, or what is forwarded in it, says that a server has kept it. */
static bool says_delayed(const xmlnode *node)
{
	for (const xmlnode *child = node->child; child; child = child->next) {
		if (child->type != XMLNODE_TYPE_TAG)
			continue;
		const char *space = xmlnode_get_namespace((xmlnode *)child);
		if (!strcmp(child->name, "delay") || (space && !strcmp(space, "jabber:x:delay")) || says_delayed(child))
			return true;
	}
	return false;
}

/* Each message of XMPP, before libpurple hands on what it says: of one that was kept it tells nobody. */
static void *on_stanza(va_list arguments, void *data)
{
	PurpleConnection *gc = va_arg(arguments, PurpleConnection *);
	(void)data;
	for (int i = 0; i < 4; i++) /* type, id, from, to */
		(void)va_arg(arguments, const char *);
	const xmlnode *stanza = va_arg(arguments, xmlnode *);
	PurpleAccount *account = purple_connection_get_account(gc);
	if (stanza && says_delayed(stanza))
		g_hash_table_insert(delayed, account, account);
	else
		g_hash_table_remove(delayed, account);
	return NULL; /* libpurple goes on with it */
}

bool message_is_delayed(PurpleAccount *account)
{
	return g_hash_table_lookup(delayed, account) != NULL;
}

/* An IM or a message to a chat has left: of what another plugin has dropped nothing is told. */
static void on_im_sent(PurpleAccount *account, const char *receiver, const char *message)
{
	(void)account, (void)receiver;
	has_left = has_left || (message && otr_carries(message));
}

static void on_chat_sent(void)
{
	has_left = true;
}

void accounts_begin(void *handle)
{
	void *conversations = purple_conversations_get_handle();
	purple_signal_connect(conversations, "sent-im-msg", handle, PURPLE_CALLBACK(on_im_sent), NULL);
	purple_signal_connect(conversations, "sent-chat-msg", handle, PURPLE_CALLBACK(on_chat_sent), NULL);
	PurplePlugin *irc = purple_find_prpl(PROTOCOL_IRC), *xmpp = purple_find_prpl(PROTOCOL_XMPP);
	delayed = g_hash_table_new(NULL, NULL);
	if (xmpp)
		purple_signal_connect_vargs(xmpp, "jabber-receiving-message", handle, PURPLE_CALLBACK(on_stanza), NULL);
	networks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	run_number = g_random_int();
	if (irc)
		purple_signal_connect(irc, "irc-receiving-text", handle, PURPLE_CALLBACK(on_irc_line), NULL);
}

void accounts_end(void)
{
	g_hash_table_destroy(networks);
	g_hash_table_destroy(delayed);
	networks = NULL;
}

/* ---- handles ----------------------------------------------------------------------------------------- */

/* The handle of a name in this account's protocol; empty where there is none. */
static void name_handle(PurpleAccount *account, const char *name, char handle[PLUGIN_HANDLE_SIZE])
{
	const char *protocol = purple_account_get_protocol_id(account);
	const struct network_said *said = g_hash_table_lookup(networks, account);
	*handle = '\0';
	if (!strcmp(protocol, PROTOCOL_XMPP))
		handle_xmpp(name, handle);
	else if (!strcmp(protocol, PROTOCOL_IRC) && said)
		handle_irc(said->network, *said->casemapping ? said->casemapping : NULL, name, handle);
}

static bool account_is_irc(PurpleAccount *account)
{
	return !strcmp(purple_account_get_protocol_id(account), PROTOCOL_IRC);
}

static void account_handles(PurpleAccount *account, struct conversation *where)
{
	char name[PLUGIN_WINDOW_SIZE];
	PurpleConnection *gc = purple_account_get_connection(account);
	const char *shown = gc ? purple_connection_get_display_name(gc) : NULL;
	snprintf(name, sizeof(name), "%s", purple_account_get_username(account));
	if (account_is_irc(account))
		name[strcspn(name, "@")] = '\0'; /* the server stands behind it */
	name_handle(account, name, where->own);
	name_handle(account, account_is_irc(account) && shown ? shown : name, where->self);
}

/* Whether this is an occupant of a room: whoever takes the nick next would have the same name. */
static bool is_occupant(PurpleAccount *account, const char *who)
{
	char room[PLUGIN_WINDOW_SIZE];
	if (account_is_irc(account) || !strchr(who, '/'))
		return false;
	snprintf(room, sizeof(room), "%.*s", (int)strcspn(who, "/"), who);
	return purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, room, account) != NULL;
}

/* ---- conversations ----------------------------------------------------------------------------------- */

static void window_name(PurpleConversation *conv, char name[PLUGIN_WINDOW_SIZE])
{
	guint number = GPOINTER_TO_UINT(purple_conversation_get_data(conv, "uncia-window"));
	if (!number) {
		number = ++last_window;
		purple_conversation_set_data(conv, "uncia-window", GUINT_TO_POINTER(number));
	}
	snprintf(name, PLUGIN_WINDOW_SIZE, "%08x-%u", run_number, number);
}

void purple_place(PurpleConversation *conv, struct conversation *where)
{
	PurpleAccount *account = purple_conversation_get_account(conv);
	const char *name = purple_conversation_get_name(conv);
	*where = (struct conversation){.group = purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT};
	window_name(conv, where->window);
	account_handles(account, where);
	bool occupant = is_occupant(account, name);
	/* Of a JID the resource says from which device. */
	int shown = account_is_irc(account) || where->group || occupant ? -1 : (int)strcspn(name, "/");
	snprintf(where->name, sizeof(where->name), "%.*s", shown, name);
	if (!where->group && strcmp(name, WALLET_WINDOW) && !occupant)
		name_handle(account, name, where->peer);
}

void purple_sender(PurpleAccount *account, PurpleConversation *conv, const char *who, struct plugin_message *message)
{
	struct conversation *where = &message->where;
	purple_place(conv, where);
	snprintf(message->sender, sizeof(message->sender), "%s", where->group ? who : where->name);
	*where->peer = '\0';
	if (where->group && account_is_irc(account))
		name_handle(account, who, where->peer);
	else if (!where->group && !is_occupant(account, who))
		name_handle(account, who, where->peer);
}

PurpleConversation *place_window(const struct conversation *where)
{
	struct conversation other;
	char name[PLUGIN_WINDOW_SIZE];
	for (GList *at = purple_get_conversations(); at; at = at->next) {
		window_name(at->data, name);
		if (!strcmp(name, where->window))
			return at->data;
	}
	for (GList *at = purple_get_conversations(); at && *where->peer && !where->group; at = at->next) {
		purple_place(at->data, &other);
		if (!other.group && (!*where->own || !strcmp(other.own, where->own)) &&
		    !strcmp(other.peer, where->peer))
			return at->data;
	}
	return NULL;
}

/* The account that has this handle. */
static PurpleAccount *purple_account_of(const char *own)
{
	struct conversation where;
	for (GList *at = purple_accounts_get_all(); at; at = at->next) {
		account_handles(at->data, &where);
		if (*own && !strcmp(where.own, own))
			return at->data;
	}
	return NULL;
}

bool purple_place_send(void *context, const struct conversation *where, const char *text)
{
	PurpleConversation *conv = place_window(where);
	PurpleAccount *account = conv ? purple_conversation_get_account(conv) : purple_account_of(where->own);
	(void)context;
	if (!account || !purple_account_is_connected(account))
		return false;
	if (!conv && !where->group && *where->peer) {
		const char *name = strchr(where->peer, account_is_irc(account) ? '/' : ':');
		conv = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, name + 1);
	}
	if (!conv)
		return false;
	gchar *escaped = g_markup_escape_text(text, -1);
	has_left = false;
	if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT)
		purple_conv_chat_send(PURPLE_CONV_CHAT(conv), escaped);
	else
		purple_conv_im_send(PURPLE_CONV_IM(conv), escaped);
	g_free(escaped);
	return has_left;
}

bool purple_place_find(void *context, const struct conversation *group, const char *name, struct conversation *peer)
{
	PurpleConversation *conv = place_window(group);
	(void)context;
	if (!conv || purple_conversation_get_type(conv) != PURPLE_CONV_TYPE_CHAT)
		return false;
	PurpleAccount *account = purple_conversation_get_account(conv);
	bool irc = account_is_irc(account);
	/* Of an occupant of a room of XMPP nobody knows who he is: there NAME is a JID. */
	if (irc ? !purple_conv_chat_find_user(PURPLE_CONV_CHAT(conv), name) : !strchr(name, '@'))
		return false;
	*peer = (struct conversation){.group = false};
	account_handles(account, peer);
	name_handle(account, name, peer->peer);
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	conv = place_window(peer);
	if (conv)
		window_name(conv, peer->window);
	return *peer->peer != '\0';
}
