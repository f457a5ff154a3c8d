/* Off-the-Record Messaging, versions 2 and 3. */
#include "otr.h"
#include <string.h>

static const char prefix[] = "?OTR";

bool otr_is(const char *text)
{
	return !strncmp(text, prefix, sizeof(prefix) - 1);
}

bool otr_carries(const char *text)
{
	/* ":" encoded; "," and "|" pieces; others ask ("?OTRv23?", "?OTR?") or tell of an error. */
	char kind = otr_is(text) ? text[sizeof(prefix) - 1] : ':';
	return kind == ':' || kind == ',' || kind == '|';
}
