/* One seed: what it draws, the faults over its time, the healing, and what must hold after it. */
#ifndef SCENARIO_H
#define SCENARIO_H
#include <stdbool.h>
#include <stdint.h>

enum fault {
	FAULT_CRASH = 1u << 0,
	FAULT_CUT = 1u << 1,
	FAULT_PARTITION = 1u << 2,
	FAULT_CLOCK = 1u << 3,
	FAULT_PAUSE = 1u << 4,
	FAULT_LOSS = 1u << 5,
	FAULT_DUPLICATE = 1u << 6,
	FAULT_TWINS = 1u << 7,
	FAULT_ROLLBACK = 1u << 8,
	FAULT_ALL = (1u << 9) - 1
};

struct scenario {
	uint64_t seed;
	/* What narrows the seed down, for the minimiser. */
	uint64_t horizon_ms; /* 0: as drawn */
	uint32_t validators; /* 0: as drawn */
	uint32_t faults;     /* of enum fault; the others do not happen */
	bool real_signatures, trace;
};

struct outcome {
	uint64_t simulated_ms, log;
	uint64_t heights, payments; /* final in the end */
};

/* Does not come back where a check fails. */
struct outcome scenario_run(const struct scenario *s);

#endif
