/* The wallet that holds a devnet's supply, made and asked through the uncia command. */
#ifndef TREASURY_H
#define TREASURY_H
#include "address.h"

/* Makes the wallet in this directory where there is none. Returns an exit code. */
int treasury_address(const char *directory, struct address *address);

#endif
