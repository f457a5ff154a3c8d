/* The wallet of a plugin: where it is, its key, and the thread that opens the key. */
#include "opening.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "say.h"

/* A setting of the client's, or of the environment as uncia reads it. */
static void read_setting(const struct plugin *p, const char *setting, const char *variable, char value[512])
{
	*value = '\0';
	p->client.setting(p->client.context, setting, value, 512);
	const char *given = getenv(variable), *user = getenv("HOME");
	if (!*value && given)
		snprintf(value, 512, "%s", given);
	else if (!*value && !strcmp(setting, "home") && user)
		snprintf(value, 512, "%s/.uncia", user);
}

static bool open_network(struct plugin *p, const struct conversation *where)
{
	char why[UNCIA_WHY_SIZE] = "";
	read_setting(p, "network", "UNCIA_NETWORK", p->network_file);
	if (!*p->network_file) {
		plugin_say(p, where,
		           "No network yet: set the plugin's option \"network\", or UNCIA_NETWORK, to the network "
		           "file (network.conf).");
		return false;
	}
	int error = uncia_network_load(p->network_file, &p->network, why);
	if (error) {
		plugin_say(p, where, "The network file %s cannot be used: %s.", p->network_file,
		           *why ? why : uncia_error_text(error));
		return false;
	}
	uncia_network_id(p->network, p->network_id);
	return true;
}

static bool open_home(struct plugin *p, const struct conversation *where)
{
	struct uncia_wallet_options options = {.size = sizeof(options)};
	char why[UNCIA_WHY_SIZE] = "";
	read_setting(p, "home", "UNCIA_WALLET", p->home);
	p->host = (struct uncia_host){.size = sizeof(p->host)};
	int error = uncia_host_directory(p->home, &p->host);
	if (error) {
		plugin_say(p, where, "The wallet in %s cannot be opened: %s (%s).", p->home, uncia_error_text(error),
		           strerror(errno));
		return false;
	}
	p->host_is_open = true;
	error = uncia_wallet_open(&p->host, p->network, &options, &p->wallet);
	if (!error)
		return true;
	uncia_host_directory_why(&p->host, why);
	if (error == UNCIA_E_NOT_FOUND)
		plugin_say(p, where,
		           "There is no wallet in %s yet. Make one in a terminal, which shows its recovery words once: "
		           "uncia --wallet %s init",
		           p->home, p->home);
	else
		plugin_say(p, where, "The wallet in %s cannot be opened: %s.", p->home,
		           *why ? why : uncia_error_text(error));
	return false;
}

static void close_all(struct plugin *p)
{
	uncia_wallet_close(p->wallet);
	p->wallet = NULL;
	if (p->host_is_open)
		uncia_host_directory_free(&p->host);
	p->host_is_open = p->looked_back = p->looks_back = p->look_again = false;
	uncia_network_free(p->network);
	p->network = NULL;
}

void opening_look_back(struct plugin *p)
{
	if (p->looked_back || p->looks_back || !uncia_wallet_unlocked(p->wallet)) {
		p->look_again = p->looks_back;
		return;
	}
	int error = uncia_wallet_catch_up(p->wallet);
	p->looks_back = !error;
	if (error)
		plugin_say(p, NULL, "Holds and claims that another home has opened were not looked for: %s.",
		           uncia_error_text(error));
}

void opening_looked_back(struct plugin *p, int error)
{
	bool again = p->look_again;
	p->looked_back = p->looked_back || !error;
	p->looks_back = p->look_again = false;
	if (again)
		opening_look_back(p);
}

/* Waits for payments to this account. What a locked wallet watches could be another's: only an open key begins it. */
static void begin_watch(struct plugin *p)
{
	int error = uncia_watch_start(p->wallet, p->client.name);
	if (error)
		plugin_say(p, NULL, "Incoming payments are not shown: %s.", uncia_error_text(error));
	opening_look_back(p);
}

static void *derive_key(void *argument)
{
	struct plugin *p = argument;
	p->unlock_error = uncia_unlocking_run(p->unlocking, p->passphrase);
	atomic_store(&p->unlocked, true);
	uncia_wallet_wake(p->wallet);
	return NULL;
}

static void end_thread(struct plugin *p)
{
	pthread_join(p->thread, NULL);
	explicit_bzero(p->passphrase, strlen(p->passphrase));
	free(p->passphrase);
	p->passphrase = NULL;
}

void plugin_unlock(struct plugin *p, const char *passphrase)
{
	if (!p->wallet || p->unlocking || uncia_wallet_unlocked(p->wallet))
		return;
	p->passphrase = strdup(passphrase);
	int error = p->passphrase ? uncia_unlocking_begin(p->wallet, &p->unlocking) : UNCIA_E_MEMORY;
	atomic_store(&p->unlocked, false);
	if (!error && pthread_create(&p->thread, NULL, derive_key, p))
		error = UNCIA_E_MEMORY;
	if (!error)
		return;
	plugin_say(p, NULL, "The wallet stays locked: %s.", uncia_error_text(error));
	uncia_unlocking_free(p->unlocking);
	p->unlocking = NULL;
	if (p->passphrase)
		explicit_bzero(p->passphrase, strlen(p->passphrase));
	free(p->passphrase);
	p->passphrase = NULL;
}

void opening_take_key(struct plugin *p)
{
	if (!p->unlocking || !atomic_load(&p->unlocked))
		return;
	end_thread(p);
	int error = p->unlock_error;
	if (!error)
		error = uncia_wallet_unlock_with(p->wallet, p->unlocking);
	uncia_unlocking_free(p->unlocking);
	p->unlocking = NULL;
	if (error) {
		plugin_say(p, NULL, "The wallet stays locked: %s.", uncia_error_text(error));
		return;
	}
	plugin_say(p, NULL, "The wallet is open.");
	begin_watch(p);
}

/* Asks the client for the passphrase, if the key needs one. */
static void open_key(struct plugin *p)
{
	if (uncia_wallet_unlocked(p->wallet)) {
		begin_watch(p);
		return;
	}
	char *passphrase = p->unlocking ? NULL : p->client.passphrase(p->client.context);
	if (passphrase) {
		plugin_unlock(p, passphrase);
		explicit_bzero(passphrase, strlen(passphrase));
		free(passphrase);
	}
}

bool opening_need(struct plugin *p, const struct conversation *where)
{
	if (p->wallet && p->stopped) {
		plugin_say(p, where, "The wallet has stopped, as its window says. Load the plugin again.");
		return false;
	}
	if (p->wallet)
		return true;
	if (!open_network(p, where) || !open_home(p, where)) {
		close_all(p);
		return false;
	}
	int fd = uncia_wallet_fd(p->wallet);
	if (fd < 0) {
		plugin_say(p, where, "The wallet in %s cannot be used: %s.", p->home, uncia_error_text(fd));
		close_all(p);
		return false;
	}
	p->client.watch(p->client.context, fd);
	open_key(p);
	return true;
}

bool opening_need_key(struct plugin *p, const struct conversation *where)
{
	if (!opening_need(p, where))
		return false;
	if (uncia_wallet_unlocked(p->wallet))
		return true;
	open_key(p);
	plugin_say(p, where,
	           p->unlocking ? "The wallet is being opened. Try again in some seconds."
	                        : "The wallet is locked, and needs its passphrase first. Nothing was done.");
	return false;
}

void opening_undo(struct plugin *p)
{
	if (p->unlocking) {
		end_thread(p);
		uncia_unlocking_free(p->unlocking);
		p->unlocking = NULL;
	}
	int fd = p->wallet ? uncia_wallet_fd(p->wallet) : -1;
	if (fd >= 0)
		p->client.unwatch(p->client.context, fd);
	close_all(p);
}
