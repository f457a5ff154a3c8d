/* Texts that came through people: a messenger, a mail program, a QR code, somebody's clipboard (docs/spec/texts.md,
 * "Cleaning"). Threads: any. */
#ifndef CLEAN_H
#define CLEAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEAN_TEXT_MAX (512u << 10) /* bytes; longer texts are refused */

/* What a form of text keeps that others lose. */
struct clean_form {
	const char *own_marks; /* marks that may be the last character of the form */
	bool keeps_blanks;     /* blanks become one space, or a line feed where a line ended or one of <>| stood among
	                        * them: what they mean is the form's business */
};
extern const struct clean_form clean_plain;   /* addresses, ids */
extern const struct clean_form clean_request; /* "uncia:…" */
extern const struct clean_form clean_receipt; /* "uncia-receipt-1:…" */

/* Takes off what programs put into and around a text of ours on its way, and what cannot change its meaning. What is
 * left is printable ASCII, and line feeds where the form keeps blanks. The form's own rules decide whether that is one
 * of its texts. Returns 0; UNCIA_E_CHANGED (characters that no text of ours has); UNCIA_E_LIMIT (over CLEAN_TEXT_MAX,
 * or no room). Out: clean, NUL-terminated, of at most clean_size bytes; undefined on errors. */
int text_clean(const char *text, const struct clean_form *form, char *clean, size_t clean_size);

/* Whether a text begins with this one, which is in lower case, by the letters of ASCII alone: strncasecmp asks the
 * locale of whoever embeds us, and in Turkish "I" is no capital of "i". */
bool text_begins(const char *text, const char *lower);

/* Whether it is punctuation that people and programs put around a text: quotes, brackets, stops, list marks. */
bool clean_is_mark(uint32_t character);

#endif
