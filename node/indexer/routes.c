/* The table of the API. */
#include "routes.h"
#include <string.h>

static const struct route routes[] = {
    {"status", false, NULL, api_status, false, false},
    {"blocks", false, NULL, api_blocks, true, false},
    {"blocks", true, NULL, api_block, true, false},
    {"blocks", true, "payments", api_block_payments, true, false},
    {"payments", false, NULL, api_payments, true, false},
    {"payments", true, NULL, api_payment, true, false},
    {"payments", true, "receipt", api_receipt, true, true},
    {"accounts", true, NULL, api_account, true, false},
    {"accounts", true, "payments", api_account_payments, true, false},
    {"accounts", true, "proof", api_account_proof, false, true},
    {"currencies", false, NULL, api_currencies, true, false},
    {"committee", false, NULL, api_committee, true, false},
    {"search", false, NULL, api_search, true, false},
};

/* The part of a path up to the next slash; *rest is behind it, or NULL. False: it is too long. */
static bool route_part(const char *path, char part[API_TEXT_MAX + 1], const char **rest)
{
	size_t size = strcspn(path, "/");

	if (size > API_TEXT_MAX)
		return false;
	memcpy(part, path, size);
	part[size] = '\0';
	*rest = path[size] ? path + size + 1 : NULL;
	return true;
}

const struct route *route_find(const char *path, char subject[API_TEXT_MAX + 1])
{
	char collection[API_TEXT_MAX + 1];
	const char *rest, *part = NULL;

	if (!route_part(path, collection, &rest) || (rest && !route_part(rest, subject, &part)))
		return NULL;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		bool same_part = route->part ? part && !strcmp(route->part, part) : !part;
		if (!strcmp(route->collection, collection) && route->subject == (rest != NULL) && same_part)
			return route;
	}
	return NULL;
}
