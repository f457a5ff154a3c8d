/* What genesis --check does. Threads: the command's. */
#ifndef GENESIS_CHECK_H
#define GENESIS_CHECK_H
#include "founding_files.h"

struct genesis_check {
	const char *path;    /* the genesis file */
	const char *network; /* the network file that goes with it, or NULL */
	const struct operator_lines *lines;
	const struct agreements *agreements;
	bool has_lines, has_agreements; /* some were given: none may be missing */
	bool json;
};

/* Shows the genesis, and whether each validator is in it as its operator's line states it, and who has signed. Returns
 * an exit code, having said everything that is wrong: EXIT_MISMATCH where a line, an address or a signature does not
 * agree with the genesis; EXIT_UNREACHABLE where nothing does not, and lines or signatures are missing. */
int genesis_check(const struct genesis_check *check);

#endif
