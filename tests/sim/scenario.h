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
	/* of phones (phones.h); without the first there are none */
	FAULT_PHONES = 1u << 9,
	FAULT_PHONE_CRASH = 1u << 10,
	FAULT_PHONE_DISK = 1u << 11,
	FAULT_PHONE_LINK = 1u << 12,
	FAULT_PHONE_LOSS = 1u << 13,
	FAULT_PHONE_SLEEP = 1u << 14,
	FAULT_PHONE_LIES = 1u << 15, /* validators that lie to them */
	/* What lying validators do (byzantine.h). */
	FAULT_EQUIVOCATE = 1u << 16,    /* two blocks in one view, each to a part */
	FAULT_DOUBLE_VOTE = 1u << 17,   /* several votes where one is allowed */
	FAULT_WITHHOLD = 1u << 18,      /* kinds of messages, from all or some */
	FAULT_SKIP_ONLY = 1u << 19,     /* no vote but to skip, no proposal */
	FAULT_FAR_VIEWS = 1u << 20,     /* votes for views far ahead */
	FAULT_FORGED = 1u << 21,        /* certificates that are none */
	FAULT_BAD_BLOCKS = 1u << 22,    /* that break a rule */
	FAULT_SOME_ONLY = 1u << 23,     /* a block shown to some */
	FAULT_REPLAY = 1u << 24,        /* old messages, anybody's */
	FAULT_FALSE_ANSWERS = 1u << 25, /* to other validators' questions */
	FAULT_FALSE_WORDS = 1u << 26,   /* to wallets */
	FAULT_MASKS = 1u << 27,         /* twins: in each view they reach a part */
	FAULT_LIES = 0x0fff0000u,
	/* Of one machine (machine_faults.c). */
	FAULT_DISK = 1u << 28,            /* fails to write or to read, damaged records, lost journals */
	FAULT_SPACE = 1u << 29,           /* no room on it */
	FAULT_MEMORY = 1u << 30,          /* allocations fail */
	FAULT_LIMITS = UINT64_C(1) << 31, /* not a fault: small pools */
	FAULT_TIME = UINT64_C(1) << 32,   /* monotonic clocks drift and stand still, all wall clocks step back */
	FAULT_HOLD = UINT64_C(1) << 33,  /* links that hold all for a while; some cut off while the others must go on */
	FAULT_WIRE = UINT64_C(1) << 34,  /* not a fault: links between validators are bytes, and break */
	FAULT_SLOW = UINT64_C(1) << 35,  /* signatures are checked one after the other, slowly */
	FAULT_FLOOD = UINT64_C(1) << 36, /* liars flood the others with what has to be checked */
	FAULT_COUNTERS = UINT64_C(1) << 37,     /* not a fault: accounts that nearly 2^32 payments have touched */
	FAULT_PHONE_BACKUP = UINT64_C(1) << 38, /* their homes come back from older copies */
	FAULT_OUTAGE = UINT64_C(1) << 39,       /* no two validators hear each other, for long; wallets hear all */
	FAULT_PHONE_WATCH = UINT64_C(1) << 40,  /* not a fault: phones wait to be paid */
	FAULT_PHONE_CLAIM = UINT64_C(1) << 41,  /* not a fault: phones give out claims, and take them */
	FAULT_ALL = (UINT64_C(1) << 42) - 1
};

struct scenario {
	uint64_t seed;
	/* What narrows the seed down, for the minimiser. */
	uint64_t horizon_ms;               /* 0: as drawn */
	uint32_t validators;               /* 0: as drawn */
	uint64_t faults;                   /* of enum fault; the others do not happen */
	bool real_signatures, wire, trace; /* wire: such links, whatever the seed says */
};

struct outcome {
	uint64_t simulated_ms, log;
	uint64_t heights, payments;                /* final in the end */
	uint64_t opened, takes, given_back, pairs; /* of those: holds, their payments; see model.h */
	uint32_t drawn;                            /* a digest of what the seed drew before the start */
};

/* Does not come back where a check fails. */
struct outcome scenario_run(const struct scenario *s);

#endif
