/* See standin.c. */
#ifndef STANDIN_H
#define STANDIN_H
#include "sign.h"

extern bool standin_signatures; /* false: the real ones */

#endif
