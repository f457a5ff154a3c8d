/* What a node has answered a wallet. */
#ifndef ANSWERS_H
#define ANSWERS_H
#include "message.pb-c.h"
#include "network.h"

/* The last answer to this wallet; NULL: none. Owns: uncia__pb__node_reply__free_unpacked. */
Uncia__Pb__NodeReply *reply_to(struct network *n, uint64_t wallet);
/* How many there were. */
size_t replies_to(struct network *n, uint64_t wallet);

#endif
