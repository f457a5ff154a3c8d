/* Lines for people: amounts, times, and words of others, quoted so that they cannot pass for ours. */
#ifndef UNCIA_PLUGIN_SAY_H
#define UNCIA_PLUGIN_SAY_H

#include "plugin_state.h"

#define MONEY_TEXT_SIZE  64
#define TIME_TEXT_SIZE   32
#define WHO_TEXT_SIZE    (PLUGIN_NAME_SIZE * 2 + PLUGIN_HANDLE_SIZE + 12)
#define QUOTED_TEXT_SIZE (UNCIA_MEMO_SIZE + 8)

/* Shows a line in this conversation; where there is none, in the wallet's window. */
__attribute__((format(printf, 3, 4))) void plugin_say(const struct plugin *p, const struct conversation *where,
                                                      const char *format, ...);
/* What is decided: a line in the wallet's window, and its copy in this conversation, if there is one. */
__attribute__((format(printf, 3, 4))) void plugin_verdict(const struct plugin *p, const struct conversation *where,
                                                          const char *format, ...);
/* "0.50 LIB": at least two decimals, and the network's currency. */
void money_text(const struct plugin *p, uint64_t micro, char text[MONEY_TEXT_SIZE]);
/* A time of this machine's zone. */
void clock_text(uint64_t ms, char text[TIME_TEXT_SIZE]);
/* What others wrote, in quotation marks, on one line, without characters that move or hide others. */
void quoted_text(const char *text, char quoted[QUOTED_TEXT_SIZE]);
/* Makes of what a client calls somebody a name that cannot pass for our words: as it is where it has letters and digits
 * of ASCII and what JIDs and nicks have beside them; else in quotation marks, as quoted_text has it, and cut to fit. */
void name_clean(char name[PLUGIN_NAME_SIZE]);
/* A login, as a name. */
void login_text(const char *login, char text[PLUGIN_NAME_SIZE]);
/* How somebody is called here, with the handle that the account is pinned for, and the login. */
void name_text(const struct conversation *peer, char text[WHO_TEXT_SIZE]);
/* Milliseconds that go on while the machine sleeps, and never step back. */
uint64_t plugin_now_ms(void);

#endif
