/* The network file: all that a wallet needs to know of a network. Its form is that of ini_text.h. */
#ifndef NETWORK_FILE_H
#define NETWORK_FILE_H
#include "committee.h"
#include "endpoint.h"

/* endpoints: one for each member of the committee. replace: over a file that exists. Returns an exit code, having said
 * on standard error what failed. */
int network_file_write(const char *path, const struct genesis *genesis, const struct endpoint *endpoints, bool replace);

#endif
