/* OTR in a client of libpurple, for the scenes: the real libotr behind the signals and priorities that the plugin of
 * Pidgin has. "/otr" in a conversation begins a private one. Keys are made at the start, and kept nowhere; nobody is
 * asked about a fingerprint. */
#define PURPLE_PLUGINS
#include <gcrypt.h>
#include <libotr/proto.h> /* the others need it */

#include <libotr/instag.h>
#include <libotr/message.h>
#include <libotr/privkey.h>
#include <purple.h>
#include <string.h>

#define IRC_MESSAGE_SIZE 417

static OtrlUserState user_state;
static OtrlPolicy wanted_policy;
static PurpleCmdId otr_command;

/* ---- what libotr asks of the client ------------------------------------------------------------------ */

static PurpleAccount *account_of(const char *name, const char *protocol)
{
	return purple_accounts_find(name, protocol);
}

static void tell(const ConnContext *context, const char *text)
{
	PurpleAccount *account = account_of(context->accountname, context->protocol);
	PurpleConversation *conv =
	    purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, context->username, account);
	if (!conv)
		conv = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, context->username);
	purple_conversation_write(conv, NULL, text, PURPLE_MESSAGE_SYSTEM, time(NULL));
}

static OtrlPolicy policy(void *opdata, ConnContext *context)
{
	(void)opdata, (void)context;
	return wanted_policy;
}

static void create_privkey(void *opdata, const char *name, const char *protocol)
{
	gchar *file = g_build_filename(purple_user_dir(), "otr.key", NULL);
	(void)opdata;
	otrl_privkey_generate(user_state, file, name, protocol);
	g_free(file);
}

static int is_logged_in(void *opdata, const char *name, const char *protocol, const char *recipient)
{
	(void)opdata, (void)name, (void)protocol, (void)recipient;
	return 1;
}

static void inject_message(void *opdata, const char *name, const char *protocol, const char *recipient,
                           const char *message)
{
	PurpleAccount *account = account_of(name, protocol);
	PurpleConnection *gc = account ? purple_account_get_connection(account) : NULL;
	(void)opdata;
	if (gc)
		serv_send_im(gc, recipient, message, 0);
}

static void nothing(void *opdata)
{
	(void)opdata;
}

static void gone_secure(void *opdata, ConnContext *context)
{
	(void)opdata;
	tell(context, "OTR: private");
}

static void gone_insecure(void *opdata, ConnContext *context)
{
	(void)opdata;
	tell(context, "OTR: not private any more");
}

static int max_message_size(void *opdata, ConnContext *context)
{
	(void)opdata;
	return strcmp(context->protocol, "prpl-irc") == 0 ? IRC_MESSAGE_SIZE : 0;
}

/* What came in plainly in a private conversation is shown as such, and told to other plugins as a line of the client's.
 */
static void handle_msg_event(void *opdata, OtrlMessageEvent event, ConnContext *context, const char *message,
                             gcry_error_t error)
{
	(void)opdata, (void)error;
	if (event != OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED || !context)
		return;
	gchar *text = g_strdup_printf("<b>The following message was <i>not</i> encrypted: [</b>%s<b>]</b>", message);
	tell(context, text);
	PurpleAccount *account = account_of(context->accountname, context->protocol);
	purple_signal_emit(purple_conversations_get_handle(), "received-im-msg", account, context->username, text,
	                   purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, context->username, account),
	                   PURPLE_MESSAGE_RECV | PURPLE_MESSAGE_SYSTEM | PURPLE_MESSAGE_NOTIFY);
	g_free(text);
}

static void create_instag(void *opdata, const char *name, const char *protocol)
{
	gchar *file = g_build_filename(purple_user_dir(), "otr.tag", NULL);
	(void)opdata;
	otrl_instag_generate(user_state, file, name, protocol);
	g_free(file);
}

static const OtrlMessageAppOps operations = {.policy = policy,
                                             .create_privkey = create_privkey,
                                             .is_logged_in = is_logged_in,
                                             .inject_message = inject_message,
                                             .update_context_list = nothing,
                                             .write_fingerprints = nothing,
                                             .gone_secure = gone_secure,
                                             .gone_insecure = gone_insecure,
                                             .max_message_size = max_message_size,
                                             .handle_msg_event = handle_msg_event,
                                             .create_instag = create_instag};

/* ---- messages ---------------------------------------------------------------------------------------- */

static void on_sending(PurpleAccount *account, const char *who, char **message, void *data)
{
	char *changed = NULL;
	(void)data;
	if (!who || !message || !*message)
		return;
	fprintf(stderr, "OTR is given a message to %s\n", who);
	gchar *name = g_strdup(purple_normalize(account, who));
	gcry_error_t error =
	    otrl_message_sending(user_state, &operations, NULL, purple_account_get_username(account),
	                         purple_account_get_protocol_id(account), name, OTRL_INSTAG_BEST, *message, NULL,
	                         &changed, OTRL_FRAGMENT_SEND_ALL_BUT_LAST, NULL, NULL, NULL);
	if (error || changed) {
		g_free(*message);
		*message = g_strdup(error ? "" : changed);
	}
	otrl_message_free(changed);
	g_free(name);
}

static gboolean on_receiving(PurpleAccount *account, char **who, char **message, PurpleConversation *conv, int *flags,
                             void *data)
{
	char *changed = NULL;
	OtrlTLV *tlvs = NULL;
	ConnContext *context = NULL;
	(void)conv, (void)flags, (void)data;
	if (!who || !*who || !message || !*message)
		return FALSE;
	gchar *name = g_strdup(purple_normalize(account, *who));
	gboolean own = otrl_message_receiving(user_state, &operations, NULL, purple_account_get_username(account),
	                                      purple_account_get_protocol_id(account), name, *message, &changed, &tlvs,
	                                      &context, NULL, NULL);
	if (context && otrl_tlv_find(tlvs, OTRL_TLV_DISCONNECTED))
		tell(context, "OTR: the other one has ended the private conversation");
	if (changed) {
		g_free(*message);
		*message = g_strdup(changed);
	}
	otrl_tlv_free(tlvs);
	otrl_message_free(changed);
	g_free(name);
	return own;
}

static PurpleCmdRet on_command(PurpleConversation *conv, const gchar *command, gchar **arguments, gchar **error,
                               void *data)
{
	PurpleAccount *account = purple_conversation_get_account(conv);
	const char *name = purple_account_get_username(account);
	(void)command, (void)arguments, (void)error, (void)data;
	char *query = otrl_proto_default_query_msg(name, wanted_policy);
	inject_message(NULL, name, purple_account_get_protocol_id(account), purple_conversation_get_name(conv), query);
	free(query);
	return PURPLE_CMD_RET_OK;
}

/* ---- the plugin -------------------------------------------------------------------------------------- */

static gboolean load(PurplePlugin *plugin)
{
	void *conversations = purple_conversations_get_handle();
	/* "Require private messaging" in the settings of Pidgin's. */
	wanted_policy = g_getenv("SCENE_OTR_ALWAYS") ? OTRL_POLICY_ALWAYS : OTRL_POLICY_OPPORTUNISTIC;
	gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0); /* keys of a test */
	OTRL_INIT;
	user_state = otrl_userstate_create();
	purple_signal_connect(conversations, "sending-im-msg", plugin, PURPLE_CALLBACK(on_sending), NULL);
	purple_signal_connect(conversations, "receiving-im-msg", plugin, PURPLE_CALLBACK(on_receiving), NULL);
	otr_command = purple_cmd_register("otr", "", PURPLE_CMD_P_PLUGIN, PURPLE_CMD_FLAG_IM, NULL, on_command,
	                                  "otr: a private conversation", NULL);
	return TRUE;
}

static gboolean unload(PurplePlugin *plugin)
{
	purple_signals_disconnect_by_handle(plugin);
	purple_cmd_unregister(otr_command);
	otrl_userstate_free(user_state);
	return TRUE;
}

static PurplePluginInfo info = {.magic = PURPLE_PLUGIN_MAGIC,
                                .major_version = PURPLE_MAJOR_VERSION,
                                .minor_version = PURPLE_MINOR_VERSION,
                                .type = PURPLE_PLUGIN_STANDARD,
                                .priority = PURPLE_PRIORITY_DEFAULT,
                                .id = "scene-otr",
                                .name = "OTR",
                                .load = load,
                                .unload = unload};

/* libpurple calls it once it has the plugin's file. */
static void init_plugin(PurplePlugin *plugin)
{
	(void)plugin;
}

PURPLE_INIT_PLUGIN(otr, init_plugin, info)
