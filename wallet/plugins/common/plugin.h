/* A wallet in a messenger: what all plugins have in common. A client's plugin gives callbacks, hands over messages and
 * commands, and watches one descriptor; here is what they mean. All of it runs in the client's one thread, but for the
 * derivation of the key from its passphrase, which has a thread of its own. */
#ifndef UNCIA_PLUGIN_H
#define UNCIA_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <uncia/uncia.h>

#define PLUGIN_HANDLE_SIZE 140 /* longer handles are none here */
#define PLUGIN_NAME_SIZE   65  /* what people are called, NUL included */
#define PLUGIN_LOGIN_SIZE  37  /* longer logins are none here */
#define PLUGIN_WINDOW_SIZE 129 /* a client's own name of a window */
#define PLUGIN_LINE_SIZE   1024

/* Where something was said, and with whom. Nothing in it points into the client: windows come and go. */
struct conversation {
	char window[PLUGIN_WINDOW_SIZE]; /* by which the client finds its window */
	char own[PLUGIN_HANDLE_SIZE];    /* the client's account, as its settings have it: "irc:libera/alice" */
	char self[PLUGIN_HANDLE_SIZE];   /* the handle under which the peer sees this user now; empty: unknown */
	char peer[PLUGIN_HANDLE_SIZE];   /* whom it is with; empty: nobody for whom an account could be pinned */
	char name[PLUGIN_NAME_SIZE];     /* how the peer, or the group, is called here */
	char login[PLUGIN_LOGIN_SIZE];   /* IRC: the services account that the peer had when this was filled in, as the
	                                  * server   says; empty: none, or the server does not say */
	bool group;                      /* more than two read it */
};

/* What a plugin needs of its client. No callback may call back. */
struct plugin_client {
	void *context;
	const char *name; /* of the client: its place among those who are told of incoming payments */
	/* Calls plugin_ready whenever this descriptor is readable, until unwatch. */
	void (*watch)(void *context, int fd);
	void (*unwatch)(void *context, int fd);
	/* Calls plugin_tick every few seconds, as long as it is on. */
	void (*tick)(void *context, bool on);
	/* Shows a line in a conversation, to this user alone, with a prefix that no peer can have. `window` may be
	 * empty: then it is the one with `peer`. Where there is no such window, the line is dropped. */
	void (*show)(void *context, const struct conversation *where, const char *line);
	/* Shows a line in the wallet's own window, where nobody else can write. */
	void (*record)(void *context, const char *line);
	/* Sends a message into a conversation. Returns whether the client has sent it: a plugin for OTR may drop it. */
	bool (*send)(void *context, const struct conversation *where, const char *text);
	/* The peer whom this user calls so in a group, as a conversation of two. Returns whether there is one. */
	bool (*find)(void *context, const struct conversation *group, const char *name, struct conversation *peer);
	/* Copies the login that the peer of this conversation has now, as far as the server has said; empty as in
	 * struct conversation. NULL: the client never knows. */
	void (*login)(void *context, const struct conversation *where, char login[PLUGIN_LOGIN_SIZE]);
	/* Copies a setting, "home" or "network"; empty where there is none. */
	void (*setting)(void *context, const char *setting, char *value, size_t size);
	/* The passphrase where the client keeps it, as text that the caller wipes and frees; NULL where it keeps none.
	 * May begin to ask the user instead, and call plugin_unlock later. */
	char *(*passphrase)(void *context);
};

/* A message that came in. */
struct plugin_message {
	struct conversation where;     /* in a group `peer` is who wrote it, empty where that is not known for sure */
	char sender[PLUGIN_NAME_SIZE]; /* how he is called here */
	const char *text;              /* UTF-8, without markup */
	bool own;                      /* this user's, from another device */
	bool delayed; /* from a server's or bouncer's memory: it may be old, and may have been here before */
	bool plain;   /* it was not encrypted, though others of its sender were: a server could have made it */
};

struct plugin;

/* A wallet for this client, whose callbacks stay valid until plugin_close. Opens it where home and network file are
 * there, and says what is missing otherwise. Returns NULL where memory ends. */
struct plugin *plugin_open(const struct plugin_client *client);
/* Closes it: what is on its way goes on at the next start. NULL is fine. */
void plugin_close(struct plugin *plugin);
/* The descriptor is readable. */
void plugin_ready(struct plugin *plugin);
/* Some seconds have passed, and plugin_client.tick is on. */
void plugin_tick(struct plugin *plugin);
/* Opens the key, in a thread of its own. The passphrase is copied; the caller wipes its own. */
void plugin_unlock(struct plugin *plugin, const char *passphrase);
/* A message has come in: never a command, whatever it says. */
void plugin_hear(struct plugin *plugin, const struct plugin_message *message);
/* The user has typed /pay with these arguments. */
void plugin_pay(struct plugin *plugin, const struct conversation *where, const char *arguments);
/* The user has typed /uncia with these arguments. */
void plugin_command(struct plugin *plugin, const struct conversation *where, const char *arguments);

#endif
