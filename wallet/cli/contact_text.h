/* The text of a contact, "uncia:uncwho1…", as the commands read it. */
#ifndef CONTACT_TEXT_H
#define CONTACT_TEXT_H
#include "session.h"

/* Reads and verifies one for the network of the session. Returns an exit code; what is wrong has been said. */
int contact_text_read(const struct call *call, const struct session *session, const char *text,
                      struct uncia_contact *contact);

#endif
