/* Who is logged in to which services account, as IRC servers say. */
#ifndef UNCIA_WEECHAT_LOGINS_H
#define UNCIA_WEECHAT_LOGINS_H

#include "weechat.h"

/* Begins to listen to who comes, goes and logs in, and asks servers for the capability account-tag, which names the
 * login with each message: WeeChat asks by itself only for those that it uses. */
void logins_begin(void);
/* The login of a nick now, empty where it has none or the server has not said: that of the channels that it shares with
 * this user (account-notify, extended-join, WHOX), or that of its last message, for some minutes. */
void login_now(const char *server, const char *nick, char login[PLUGIN_LOGIN_SIZE]);
/* The login of whoever has written a message. One that is old says nothing of now. */
void login_of_message(const char *server, struct t_hashtable *parsed, const struct plugin_message *message,
                      char login[PLUGIN_LOGIN_SIZE]);

#endif
