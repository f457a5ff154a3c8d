/* Messages on their way out: packed once, sent now or when the commit `after` is durable (0: at once). Each returns 0,
 * UNCIA_E_MEMORY, or UNCIA_E_LIMIT where it cannot be packed. */
#ifndef MESSAGES_H
#define MESSAGES_H
#include "consensus.pb-c.h"
#include "message.pb-c.h"
#include "step.h"

/* To a validator, or PEER_ALL. */
int message_send(struct step *s, uint64_t after, uint32_t peer, const Uncia__Pb__PeerMessage *message);
/* At once, if at all: not where half of what may wait for that link does already. Not to oneself. */
int message_send_spare(struct step *s, uint32_t peer, const Uncia__Pb__PeerMessage *message);
/* An answer that may be large, at once, if at all: not where a quarter of what may wait for that link does already. */
int message_send_answer(struct step *s, uint32_t peer, const Uncia__Pb__PeerMessage *message);
int message_send_vote(struct step *s, uint64_t after, uint32_t peer, const struct vote *vote);
int message_send_certificate(struct step *s, uint32_t peer, const struct certificate *certificate);
/* An answer to a wallet. One that refuses is counted, by its code (struct step, refused). */
int message_reply(struct step *s, uint64_t after, uint64_t wallet, const Uncia__Pb__NodeReply *reply);
/* A refusal: `code` is an error of include/uncia/error.h, `reason` a sentence for people. At once. */
int message_refuse(struct step *s, uint64_t wallet, uint64_t request_id, int code, const char *reason);

#endif
