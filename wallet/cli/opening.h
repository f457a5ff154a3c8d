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

/* Looks up what the account has opened that this home does not know, and then goes through all, the oldest first; asks
 * what each has. Ends with the first exit code that is not 0. *error: why the network tells nothing, or 0; then `each`
 * is called all the same, with what the home knows. */
int own_holds(struct session *session, uint64_t deadline_us, int *error,
              int (*each)(void *context, const struct own_hold *own), void *context);

#endif
