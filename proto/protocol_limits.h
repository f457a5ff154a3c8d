/* Every limit of the protocol (docs/spec/network.md, "Limits"), in one place. Sizes in bytes. */
#ifndef PROTOCOL_LIMITS_H
#define PROTOCOL_LIMITS_H

#define PAYMENT_SIZE_MAX           (16u << 10)
#define PAYMENT_OUTPUTS_MAX        255u /* outputs and holds together */
#define PAYMENT_LIFETIME_MAX_S     3600u
#define PAYMENT_LIFETIME_DEFAULT_S 120u
#define HOLD_SECONDS_MIN           60u /* from the block that opens it to its end */
#define HOLD_SECONDS_MAX           (400u * 86400u)
#define HOLD_END_MAX               (0xffffffffu - 3600u) /* a give-back expires within an hour after it */
#define GIVE_BACK_EXPIRES_S        3600u                 /* a give-back expires at a multiple of this */

#define BLOCK_SIZE_MAX           (4u << 20) /* the sum of its signed payments */
#define BLOCK_PAYMENTS_MAX       20000u
#define BLOCK_CLOCK_AHEAD_MAX_MS 500u
#define HEADER_SIZE_MAX          256u

#define MESSAGE_SIZE_WALLET_MAX    (1u << 20) /* to a wallet */
#define MESSAGE_SIZE_REQUEST_MAX   16640u     /* from a wallet: a payment of the largest size, and what is around it */
#define RECORD_SIZE_REQUEST_MAX    4096u      /* a transport record from a wallet, with its tag */
#define MESSAGE_SIZE_VALIDATOR_MAX (8u << 20)
#define MESSAGE_SIZE_GOSSIP_MAX    (640u << 10)
#define MESSAGE_SIZE_BLOCK_MAX     (5u << 20) /* a proposal, a body */
#define VOTE_SIZE_MAX              (4u << 10)

#define COMMITTEE_SIZE_MAX      128u
#define CERTIFICATE_SIZE_MAX    (16u << 10) /* a signature of each member is half of it */
#define VIEW_WINDOW             1024u       /* votes are kept for views this near the current one */
#define RECONFIGURE_SIZE_MAX    (64u << 10)
#define RECONFIGURE_LIFETIME_S  (7u * 86400u) /* from the time of its block to its expiry, at most */
#define RECEIPT_SIZE_MAX        (256u << 10)
#define RECEIPT_DESCENDANTS_MAX 256u
#define GENESIS_SIZE_MAX        (64u << 20)

#define MEMPOOL_PER_SENDER_DEFAULT 64u
#define MEMPOOL_SIZE_DEFAULT       200000u
#define MEMPOOL_LARGE_SIZE         (1u << 10) /* of a payment; those above it take together at most */
#define MEMPOOL_LARGE_BYTES_MAX    (128u << 20)

#define WALLET_LINKS_DEFAULT      1024u
#define HANDSHAKES_PER_SECOND     1000u
#define HANDSHAKE_TIMEOUT_MS      5000u
#define PING_INTERVAL_MS          5000u
#define PEER_DEAD_MS              15000u
#define WRITE_QUEUE_VALIDATOR_MAX (8u << 20)
#define WRITE_QUEUE_WALLET_MAX    (1u << 20)
#define REKEY_INTERVAL            1000u

#define HISTORY_PAGE_MAX 64u

#endif
