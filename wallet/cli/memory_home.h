/* A wallet that is nobody's, in memory alone, for asking the network where there is no home. */
#ifndef MEMORY_HOME_H
#define MEMORY_HOME_H
#include "session.h"

/* Opens one in a session that has its network. Returns 0 or an enum uncia_error; memory_home_close either way. */
int memory_home_open(struct session *session, uint32_t request_timeout_ms);
/* Closes it; the network stays. Nothing where none was opened. */
void memory_home_close(struct session *session);

#endif
