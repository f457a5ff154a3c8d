/* Puts a copy of a stopped home in its own place: what compact and migrate have in common. Threads: the command's. */
#ifndef COPYING_H
#define COPYING_H
#include "home.h"

/* Copies the store, which is open for reading only, through the steps, and exchanges the copy for what is there, in one
 * step. Returns an exit code, having said what failed: the home is then as it was. */
int copying_replace(const struct home *home, struct store *store, const struct store_step *steps, size_t step_count);

#endif
