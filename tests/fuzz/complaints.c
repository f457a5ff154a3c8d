/* See complaints.h. */
#include "complaints.h"
#include <stdarg.h>
#include <stdio.h>
#include "fuzz.h"

__attribute__((format(printf, 2, 3))) int __wrap_command_error(int code, const char *format, ...);

unsigned complaints;

int __wrap_command_error(int code, const char *format, ...)
{
	char line[2048];
	va_list list;

	va_start(list, format);
	assert(vsnprintf(line, sizeof(line), format, list) > 0);
	va_end(list);
	complaints++;
	return code;
}
