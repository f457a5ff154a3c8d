/* A fake network on real sockets, a name server, and what a host's loop does with the wallet's descriptors. */
#ifndef REAL_NETWORK_H
#define REAL_NETWORK_H
#include "wallet_rig.h"

/* Answers what is asked of it with `answers` addresses, 127.0.0.77 and 127.0.0.1. */
extern struct name_server {
	int fd, port, answers; /* fd -1: there is none; answers -1: none at all; 0: "no such name" */
	unsigned questions;
} names;
void names_up(int answers);
void names_down(void);
/* Does what can be done without waiting. */
void names_serve(void);

uint64_t real_ms(void);
/* The same as a host's now_ms. */
uint64_t real_clock(void *context);
/* Four validators that listen, and the wallet by the real clock. */
struct rig *listening(void);
/* The network of the rig with `count` of its addresses given as a name, and the wallet opened with it. */
struct uncia_network *open_named(struct rig *rig, unsigned count, uint32_t request_timeout_ms);
/* Frees all of it, the name server too. */
void close_named(struct rig *rig, struct uncia_network *named);

/* Whether what the host is to wait on becomes ready within this time: the one descriptor, or, where there is none,
 * those that are listed and the time that belongs to them. ms < 0: waits without a limit. */
bool readable(struct rig *rig, int ms);
/* As a host's loop does it, until an event of this kind. What the validators do comes in between, so each wait is cut
 * to 5 ms. */
bool run_until(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event, unsigned *turns);

/* The validators in a thread of their own, so that nothing but what the wallet shows ends a wait. */
void town_begins(struct rig *rig);
void town_ends(void);
/* Changes them between two of their steps. While `does` runs they stand still. */
void town_does(void (*does)(struct fake_network *n));

#endif
