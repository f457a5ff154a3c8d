/* complain() of unciad's commands in the targets of what they read: formatted as ever, said nowhere, and counted.
 * Linked with --wrap=complain. */
#ifndef FUZZ_COMPLAINTS_H
#define FUZZ_COMPLAINTS_H

extern unsigned complaints;

#endif
