/* Where the time of a step goes: the processor time between its begin and its end, divided among the functions that it
 * went through. Calls between object files are linked through loop_sections.c (-Wl,--wrap), which notes when each
 * begins and ends; what a function spends in another one of the list is that one's. */
#ifndef LOOP_SECTIONS_H
#define LOOP_SECTIONS_H
#include <stdint.h>

enum section {
	SECTION_REST, /* what no other one has: the step itself, going over the rules */
	SECTION_MESSAGE_IN,
	SECTION_MESSAGE_OUT,
	SECTION_DECODE,
	SECTION_LOOKUP,
	SECTION_POOL,
	SECTION_JOBS,
	SECTION_ANSWERS,
	SECTION_RELAY,
	SECTION_MATCH,
	SECTION_BODY,
	SECTION_AHEAD,
	SECTION_EXECUTE,
	SECTION_ROOT,
	SECTION_SETTLE,
	SECTION_STORE,
	SECTION_CONSENSUS,
	SECTION_SIGN,
	SECTION_JOURNAL,
	SECTION_OUTBOX,
	SECTION_FLUSH,
	SECTIONS
};
extern const char *const section_names[SECTIONS];

/* Sets the sums to zero, and finds out what reading the clock costs. */
void sections_begin(void);
/* A step begins; it ends, and has taken so many microseconds of processor time, which are returned and added to the
 * sums. What goes through the functions outside of the two is not counted. */
void sections_step(void);
double sections_step_end(void);
/* The sum of a section, in microseconds. */
double section_us(enum section section);
/* For functions that are not linked through here. In pairs, within a step or not. */
void section_enter(enum section section);
void section_leave(void);

#endif
