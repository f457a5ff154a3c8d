/* Payments of this wallet's that open a hold, and the holds that they have opened. */
#ifndef OPENING_H
#define OPENING_H
#include "found.h"

/* --end: "90m", "24h", "7d"; 7 days where it is not given. Returns an exit code. */
int end_read(const struct call *call, uint32_t *seconds);

#define OPTION_END_HELP                                                                                                \
	{                                                                                                              \
		"end", '\0', POPT_ARG_STRING, NULL, OPTION_END, "How long it waits: 90m, 24h, 7d; 7d by default",      \
		    "TIME"                                                                                             \
	}

/* Opens one hold, and waits until that is final. Returns an exit code: DONE with *found, of which the receipt is set
 * and what was opened; another, which was said, with what stands of the payment on standard output where it has no
 * more. elapsed_ms: how long it took. */
int opening_pay(const struct call *call, struct session *session, const struct uncia_hold_request *hold,
                uint64_t deadline_us, struct found *found, double *elapsed_ms);

/* What `each` is given of a hold that this home's payments have opened. */
struct own_hold {
	struct found found;
	struct uncia_payment opening;     /* final, or pending: then there is no receipt yet, and no hold */
	char claim[UNCIA_CHAT_TEXT_SIZE]; /* its text; empty: it is no claim of this wallet's */
};

/* What own_list_holds gives to `each` as its context. */
struct own_listing {
	const struct call *call;
	const struct session *session;
	json_t *array; /* with --json: what the object has under its name */
};

/* The whole command that lists them: opens the wallet, goes through all of them as own_holds does, and prints the
 * object with --json. Returns an exit code. */
int own_list_holds(const struct call *call, uint64_t timeout_s, const char *name,
                   int (*each)(void *context, const struct own_hold *own));

#endif
