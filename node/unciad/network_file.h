/* The network file: all that a wallet needs to know of a network. Its form is that of ini_text.h. */
#ifndef NETWORK_FILE_H
#define NETWORK_FILE_H
#include "committee.h"
#include "endpoint.h"

typedef char websocket_url[WEBSOCKET_URL_SIZE_MAX];

/* endpoints: one for each member of the committee. websockets: a URL for each, or an empty text; NULL: for none.
 * replace: over a file that exists. Returns an exit code, having said on standard error what failed. */
int network_file_write(const char *path, const struct genesis *genesis, const struct endpoint *endpoints,
                       const websocket_url *websockets, bool replace);

/* Reads where the members of this genesis' committee are, by a network file; it must hold the same genesis and the same
 * keys. Out: an endpoint for each. Returns an exit code, having said on standard error what is wrong: EXIT_MISMATCH
 * where it is of another genesis, or lacks a member; EXIT_USAGE where it is no network file; EXIT_FAILED. */
int network_file_read(const char *path, const struct genesis *genesis, struct endpoint endpoints[COMMITTEE_SIZE_MAX]);

#endif
