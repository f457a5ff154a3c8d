/* The one form of the texts that travel in chats: "uncia:", a prefix that says the kind, "1p" (version 1), the payload
 * as 5-bit groups, and Bech32m's checksum (docs/spec/texts.md, "The one form"). Threads: any. */
#ifndef FRAME_H
#define FRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "uncia/text.h"

#define FRAME_SCHEME  "uncia:"
#define FRAME_NETWORK 4u /* first bytes of the network id: every payload begins with them */
#define FRAME_PAYLOAD_MAX                                                                                              \
	512u                  /* of the kinds for chats: above what any of them needs, with parts of newer programs    \
	                       */
#define FRAME_CLEAN_MAX 1024u /* above such a text */

/* What a pasted text begins as, after cleaning: see uncia_text_kind. */
enum uncia_text_kind frame_text_kind(const char *text);
/* The kind whose prefix, and the "1" behind it, `run` begins with, all lower or all upper case or mixed; an address is
 * none of them. UNCIA_TEXT_NONE where it begins with none. */
enum uncia_text_kind frame_kind(const char *run, size_t length);

/* Checks a text without its scheme: characters, case, checksum, version, padding; in constant memory, going over it
 * once. kind: what frame_kind says of it. Returns 0; UNCIA_E_CHANGED; UNCIA_E_NEWER (the checksum holds, the version is
 * another); UNCIA_E_ENCODING (it holds, and whoever made it made it wrong). Out: *size, of the payload. */
int frame_check(enum uncia_text_kind kind, const char *run, size_t length, size_t *size);
/* Whether a text without its scheme, of no kind that is known here, holds by its checksum: of a newer program then. */
bool frame_is_of_a_newer_kind(const char *run, size_t length);
/* The payload of a text that frame_check has taken: `size` bytes. */
void frame_payload(enum uncia_text_kind kind, const char *run, uint8_t *payload, size_t size);

/* Reads a text that came through people: cleans it (clean.h) into `clean`, takes the scheme off where there is one, and
 * checks it. Returns as frame_check; UNCIA_E_ENCODING also where it is of another kind; UNCIA_E_LIMIT where it is
 * longer than `room` is for. Out: *run, within clean, for frame_payload; *size. */
int frame_open(enum uncia_text_kind kind, const char *text, char *clean, size_t room, const char **run, size_t *size);
/* The same of a text of a chat. network_id: 32 bytes; NULL: for whichever network. Returns as frame_open;
 * UNCIA_E_NETWORK; UNCIA_E_LIMIT (over FRAME_PAYLOAD_MAX). Out: payload, *size. */
int frame_read(enum uncia_text_kind kind, const char *text, const uint8_t *network_id,
               uint8_t payload[FRAME_PAYLOAD_MAX], size_t *size);

/* The same form under a prefix that no wallet has a reader for (founding.h). The run begins with the prefix, in any
 * case, and a "1". Each does what the function without _prefix does, and returns what that does. */
int frame_check_prefix(const char *prefix, const char *run, size_t length, size_t *size);
void frame_payload_prefix(const char *prefix, const char *run, uint8_t *payload, size_t size);
void frame_write_prefix(const char *prefix, const uint8_t *payload, size_t size, char *text);

/* Of the text of a payload of that size, its scheme and NUL included. */
size_t frame_text_size(enum uncia_text_kind kind, size_t payload_size);
/* Writes it: lower case, scheme in front. text has frame_text_size bytes. Cannot fail. */
void frame_write(enum uncia_text_kind kind, const uint8_t *payload, size_t size, char *text);

#endif
