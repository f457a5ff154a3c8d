/* How the *_bench programs say what they measured: a line "NAME  VALUE UNIT", which people and bench.py can read. */
#ifndef FIGURE_H
#define FIGURE_H
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static inline void figure(double value, const char *unit, const char *name, ...)
{
	char text[128];
	va_list list;

	va_start(list, name);
	vsnprintf(text, sizeof(text), name, list);
	va_end(list);
	printf("%-76s %12.3f %s\n", text, value, unit);
	fflush(stdout);
}

#endif
