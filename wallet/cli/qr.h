/* QR codes of the texts of this program: --qr on the terminal, --qr-file as a picture. */
#ifndef QR_H
#define QR_H
#include <sys/types.h>
#include "command.h"

#define OPTIONS_QR_HELP                                                                                                \
	{"qr", '\0', POPT_ARG_NONE, NULL, OPTION_QR, "Draw it as a QR code as well", NULL},                            \
	{                                                                                                              \
		"qr-file", '\0', POPT_ARG_STRING, NULL, OPTION_QR_FILE,                                                \
		    "Write the QR code to this file as PNG; the file must not exist", "FILE"                           \
	}

/* Refuses what cannot be done, a drawing among JSON and a file that is there, before anything is made or paid. Returns
 * an exit code. */
int qr_check(const struct call *call);

/* Writes and draws the code of a text, as the options say, and nothing without them: in capitals, with "UNCIA:" in
 * front of an address. mode: of the file, 0600 where the text is a secret. Returns an exit code; what is wrong has been
 * said. */
int qr_show(const struct call *call, const char *text, mode_t mode);

#endif
