/* Messages of uncia-indexer. */
#include "indexer_say.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "uncia/error.h"

#define MESSAGE_SIZE 1400

int indexer_say(int code, const char *format, ...)
{
	char line[MESSAGE_SIZE + 2] = "uncia-indexer: ";
	size_t begin = strlen(line);
	va_list list;

	va_start(list, format);
	vsnprintf(line + begin, MESSAGE_SIZE - begin, format, list);
	va_end(list);
	/* One line, whatever a server has said in several. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	size_t size = strlen(line);
	while (size && line[size - 1] == ' ')
		size--;
	line[size] = '\n';
	line[size + 1] = '\0';
	fputs(line, stderr);
	return code;
}

int indexer_code(int error)
{
	switch (error) {
	case 0:
		return INDEXER_DONE;
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_CLOSED:
		return INDEXER_UNREACHABLE;
	case UNCIA_E_NETWORK:
	case UNCIA_E_ENCODING:
	case UNCIA_E_PROOF:
	case UNCIA_E_PROTOCOL:
	case UNCIA_E_SECOND_CHAIN:
	case UNCIA_E_DAMAGED:
		return INDEXER_MISMATCH;
	default:
		return INDEXER_FAILED;
	}
}
