/* What the commands of the sign agent share. Threads: the command's. */
#ifndef SIGN_AGENT_H
#define SIGN_AGENT_H
#include "signed_record.h"

/* Says why the record of a sign agent's directory could not be opened, or has failed (error, why: as signed_record_open
 * says it). Returns EXIT_JOURNAL_LOST, EXIT_MISMATCH or EXIT_FAILED. */
int agent_record_failure(const char *path, int error, const char *why);

#endif
