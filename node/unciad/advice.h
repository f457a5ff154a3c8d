/* What an operator is to do about a validator, in a line, from what `status` knows of it. */
#ifndef ADVICE_H
#define ADVICE_H
#include "node_client.h"

#define ADVICE_SIZE 700

/* Of a running validator. missing: the numbers of those that it is not linked with, for people; "none". text: what
 * there is to do, the most pressing alone; "nothing" where all is well. */
void advice_running(const struct node_answer *node, const char *missing, char text[ADVICE_SIZE]);

#endif
