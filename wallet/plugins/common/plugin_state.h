/* What a plugin remembers: its wallet, the questions that are open, what its conversations have shown. */
#ifndef UNCIA_PLUGIN_STATE_H
#define UNCIA_PLUGIN_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include "plugin.h"

#define QUESTIONS_MAX   16    /* that this user's commands have opened, and as many that messages of others have */
#define OF_ONE_MAX      4     /* of the latter, of one who writes */
#define QUESTION_MS     60000 /* how long a question may be answered */
#define OFFERS_MAX      64    /* requests and claims that were shown */
#define CODE_SIZE       5
#define ENDS_MAX        64 /* payments whose end was told */
#define GIVEN_MAX       16
#define STRANGERS_MAX   32
#define PLUGIN_KEY_SIZE 65
#define WAITING_MAX     16   /* orders of which nothing was told yet */
#define LONG_MS         8000 /* in which an order has its end as a rule, many times over */

/* A payment that somebody wants to make. */
struct intent {
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	char memo[UNCIA_CHAT_MEMO_SIZE];
	char key[PLUGIN_KEY_SIZE]; /* under which it is paid once */
};

/* Something that happens only once the user has said yes: bound to what was shown, and to where. */
struct open_question {
	char code[CODE_SIZE];            /* empty: none */
	uint64_t until_ms, number;       /* number: those asked before it have lower ones */
	bool heard;                      /* somebody's message has opened it */
	struct conversation where, peer; /* peer: who gets a payment, where that is not whom `where` is with */
	void (*agreed)(struct plugin *plugin, const struct open_question *question);
	struct intent intent;
	struct uncia_contact contact;
	char notice[UNCIA_CHAT_TEXT_SIZE]; /* to be looked for, though nobody is pinned */
};

/* A request, or a claim, that a conversation has shown, and that can be accepted there. */
struct offer {
	enum uncia_text_kind kind;
	char code[CODE_SIZE]; /* empty: none */
	uint64_t number;      /* those shown before it have lower ones */
	struct conversation where;
	char sender[PLUGIN_NAME_SIZE];
	char text[UNCIA_CHAT_TEXT_SIZE];
};

/* A claim that this user has made, until it is known what has become of it. */
struct given {
	struct uncia_receipt *receipt; /* of the payment that opened it; NULL: none */
	struct conversation where;
};

/* Somebody who writes under a pinned nick without its login, which was said. */
struct stranger {
	char own[PLUGIN_HANDLE_SIZE], peer[PLUGIN_HANDLE_SIZE]; /* empty: none */
	char login[PLUGIN_LOGIN_SIZE];
};

enum taking_stage {
	TAKING_NOTHING,
	TAKING_FINDS, /* the payment that has put it there is asked for */
	TAKING_LOOKS, /* what the ledger has of it now is */
	TAKING_READY, /* that is known; the ledger's time is waited for */
	TAKING_TAKES  /* the payment that takes it is on its way */
};

/* A claim that is being taken: one at a time. */
struct taking {
	enum taking_stage stage;
	bool synced;
	struct conversation where;
	char sender[PLUGIN_NAME_SIZE];
	struct uncia_claim claim;
	struct uncia_receipt *receipt;
	uint32_t number;
	uint64_t amount;
	struct uncia_payment_id id;
	uint64_t since_ms; /* in this state of affairs */
	bool told;         /* that it takes long */
};

/* An order, until it is told what has become of it. */
struct waiting {
	char key[PLUGIN_KEY_SIZE]; /* empty: none */
	uint64_t since_ms, amount;
	struct conversation peer;
	bool claim, told; /* told: that nothing is signed yet */
};

/* A payment to this account that was shown in this run, and whether the note that was told with it was. */
struct shown_payment {
	struct uncia_payment_id id;
	bool note;
};

struct plugin {
	struct plugin_client client;
	char home[512], network_file[512];
	struct uncia_host host;
	struct uncia_network *network;
	struct uncia_wallet *wallet; /* NULL: not open */
	uint8_t network_id[32];
	bool host_is_open, stopped; /* stopped: the wallet cannot go on, and said so */

	struct uncia_unlocking *unlocking; /* NULL: none runs */
	pthread_t thread;
	char *passphrase;
	int unlock_error;
	atomic_bool unlocked;

	struct open_question questions[2 * QUESTIONS_MAX]; /* of commands, then of messages */
	struct offer offers[OFFERS_MAX];
	uint64_t next_question, next_offer;
	uint64_t crowded_ms; /* when an offer last had to make room for another one; 0: never */
	bool asks_balance, asks_history;
	/* For what this account has paid and opened from other homes: done in this run; asked for now; once more, if
	 * that fails: something has changed since. */
	bool looked_back, looks_back, look_again;
	struct conversation balance_for, history_for;
	struct uncia_payment_id ends[ENDS_MAX]; /* told of in this run */
	struct shown_payment received[ENDS_MAX];
	unsigned next_end, next_received;
	uint64_t opened_ms; /* by the wall clock: what is older may have been told of in a run before */
	struct intent last; /* the payment that was ordered last, and when; 0: none */
	uint64_t last_ms;
	struct waiting waiting[WAITING_MAX];
	unsigned next_waiting;
	int watch_error;

	struct stranger strangers[STRANGERS_MAX];
	unsigned next_stranger;

	struct taking taking;
	struct given given[GIVEN_MAX];
	unsigned next_given, asked_given;
	bool asks_given; /* what has become of given[asked_given] */
};

#endif
