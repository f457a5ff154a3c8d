/* The text form of network files and configurations (docs/spec/wallet.md, "Text of key = value"), read line by line.
 * Nothing is allocated; the settings of a process or of a host application do not change what a file says. Threads:
 * any, each reader by one at a time. */
#ifndef INI_TEXT_H
#define INI_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INI_LINE_MAX           200 /* bytes, without the line's end */
#define HOST_SIZE_MAX          128 /* NUL included */
#define WEBSOCKET_URL_SIZE_MAX 180 /* NUL included: fits a line */

enum ini_line {
	INI_END,     /* there are no more lines */
	INI_SECTION, /* [section]: name and value are NULL */
	INI_VALUE,   /* name = value, in the section */
	INI_NOTE,    /* "#: name = value", a comment to those who do not ask for notes */
	INI_WRONG,   /* `wrong` says what about the line; there is nothing to read behind it */
};

struct ini_reader {
	const char *at, *end; /* what is left of the text; the caller's */
	bool notes;           /* set behind ini_begin: INI_NOTE is wanted */
	unsigned line;        /* the number of the line that came last, from 1 */
	const char *wrong;    /* a clause such as "the line is longer than 200 bytes" */
	const char *section, *name, *value;
	char section_text[INI_LINE_MAX + 1], text[INI_LINE_MAX + 1]; /* what these point into, until the next call */
};

/* Begins to read `size` bytes, which outlive the reader. */
void ini_begin(struct ini_reader *r, const char *text, size_t size);
/* Goes on to the next section or value. */
enum ini_line ini_next(struct ini_reader *r);

/* HOST:PORT, or [IPv6 address]:PORT, out of such a file. False: it is none, and host and port are left as they were. */
bool host_port_parse(const char *text, char host[HOST_SIZE_MAX], uint16_t *port);

/* Whether it is the URL of a WebSocket that fits such a file: ws:// or wss://, a host, and what may follow it, of the
 * letters, digits and signs of a URL. */
bool websocket_url_good(const char *text);

#endif
