/* command_error() of unciad's commands in the targets of what they read: formatted as ever, said nowhere, and counted.
 * Linked with --wrap=command_error. */
#ifndef FUZZ_COMPLAINTS_H
#define FUZZ_COMPLAINTS_H

extern unsigned complaints;

#endif
