/* The wallet that holds a devnet's supply, made and asked through the uncia command. */
#ifndef TREASURY_H
#define TREASURY_H
#include "address.h"

/* The address of the wallet in this directory, which is made where there is none. After processes_init. Returns an exit
 * code, having said on standard error what failed. */
int treasury_address(const char *directory, struct address *address);

#endif
