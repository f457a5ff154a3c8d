/* Which question a path asks. Threads: any. */
#ifndef ROUTES_H
#define ROUTES_H
#include "api.h"

#define ROUTE_PREFIX "/api/v1/"

struct route {
	const char *collection; /* "blocks" */
	bool subject;           /* one of them: "blocks/12" */
	const char *part;       /* a part of it: "blocks/12/payments"; NULL: itself */
	api_answer *answer;
	bool tables; /* needs the database */
	bool heavy;  /* reads much for little that is asked: few at a time */
};

/* The route of a path behind ROUTE_PREFIX. Out: subject, in the caller's memory. NULL: there is none. */
const struct route *route_find(const char *path, char subject[API_TEXT_MAX + 1]);

#endif
