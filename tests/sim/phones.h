/* libuncia in the simulator: phones that carry the very library a chat application links, driven by bytes over links
 * that delay, break and end in mid-frame, on storage that fails, in processes that are killed at any moment; and
 * validators that lie to them. What a phone is ever told is checked against the final chain. */
#ifndef PHONES_H
#define PHONES_H
#include "checks.h"
#include "wallets.h"

#define PHONES_MAX 4

struct phones_options {
	uint32_t count;        /* of phones; several may belong to one person, that is, to the same words */
	uint32_t rate;         /* of a hundred calls of phones_act one does something */
	uint32_t delay_max_ms; /* of the links */
	bool crashes, disk_errors, link_errors, losses, sleeps, backups, watches, claims;
	bool lying[NETWORK_NODES_MAX]; /* validators that lie to wallets */
	uint32_t far_clock;            /* one whose clock may be a day off; UINT32_MAX: none */
};

struct phones;

/* The addresses of all whom the phones may belong to. */
void phones_addresses(const struct network *network, struct address addresses[PERSONS_MAX]);
struct phones *phones_new(struct wallets *wallets, const struct phones_options *options);
void phones_free(struct phones *p);
/* One of them does something. */
void phones_act(struct phones *p);
/* What they were told since the last time, against the model as it is now. */
void phones_look(struct phones *p);
/* From here on nothing fails on the phones' side; the liars lie on. Whoever was away comes back. */
void phones_heal(struct phones *p);
/* Whether some payment on some phone still has no end. */
bool phones_waiting(const struct phones *p);
/* Whether each shows what it has now. */
bool phones_show_all(const struct phones *p);
/* All that was ever told, in the end. */
void phones_check(struct phones *p);
/* Which payments have no end, for whoever reads of a failure. */
void phones_print(const struct phones *p);

#endif
