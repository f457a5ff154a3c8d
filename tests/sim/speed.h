/* How much faster than time the simulator is: four validators, steady payments, no faults, every check. */
#ifndef SPEED_H
#define SPEED_H
#include "scenario.h"

struct outcome speed_run(bool real_signatures);

#endif
