/* What tests of every layer start from: keys that come from small numbers, a committee with its genesis, and payments,
 * votes, certificates and blocks made of them. Everything is the same in every run. A helper that fails
 * ends the process. They may be used outside of tests too. */
#ifndef FIXTURE_H
#define FIXTURE_H
#include "block.h"
#include "committee.h"
#include "payment.h"
#include "vote.h"

#define FIXTURE_TIME_MS         UINT64_C(1700000000000) /* the genesis' time */
#define FIXTURE_TIME_S          UINT32_C(1700000000)
#define FIXTURE_SMALLEST_AMOUNT 1000u

struct fixture_key {
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t secret_key[SECRET_KEY_SIZE];
	struct address address;
};

struct fixture_validator {
	struct fixture_key consensus;
	uint8_t network_public[32], network_secret[32];
};

/* A network: its genesis and all its secrets. Large: keep it static or allocate it. */
struct fixture {
	struct genesis genesis;
	struct fixture_validator validators[COMMITTEE_SIZE_MAX];
};

/* The key pair of account `number`; another one for each number. */
void fixture_account(uint32_t number, struct fixture_key *key);
/* The keys of validator `number`; never those of an account. */
void fixture_validator(uint32_t number, struct fixture_validator *validator);
/* Some 32 bytes, others for each number. */
struct hash fixture_hash(uint64_t number);

/* A network of `validators` of weight 1 with the default F and P, and accounts 0 .. accounts-1, each holding
 * `balance`. Calls sign_self_test. fixture_deinit frees it. */
void fixture_init(struct fixture *f, uint32_t validators, uint32_t accounts, amount_t balance);
/* The same with weights[validators], F and P given. */
void fixture_init_weighted(struct fixture *f, uint32_t validators, const uint64_t *weights, uint64_t faulty,
                           uint64_t slow, uint32_t accounts, amount_t balance);
void fixture_deinit(struct fixture *f);

/* The network file: the validators listen on this machine, on ports[] or (NULL) on 7001 and up. free(). */
char *fixture_network_file(const struct fixture *f, const uint16_t *ports);

/* A signed payment from account to account; `nonce` tells equal ones apart. payment_free. */
struct payment *fixture_payment(const struct fixture *f, uint32_t from, uint32_t to, amount_t amount,
                                uint32_t expires_at, uint64_t nonce);
/* The same with several outputs, made from any key. */
struct payment *fixture_payment_outputs(const struct fixture *f, const struct fixture_key *from,
                                        const struct output *outputs, uint32_t output_count, uint32_t expires_at,
                                        uint64_t nonce);

/* A signed vote. block_id may be NULL for skips. */
void fixture_vote(const struct fixture *f, enum vote_kind kind, uint64_t view, const struct hash *block_id,
                  uint32_t voter, struct vote *vote);
/* A certificate that validators 0 .. signers-1 signed, each by the first vote of its kind. free(). */
struct certificate *fixture_certificate(const struct fixture *f, enum certificate_kind kind, uint64_t view,
                                        const struct hash *block_id, uint32_t signers);
/* One where the validators whose bits are set in `firsts` signed the first vote, and in `extras` the extra one. */
struct certificate *fixture_certificate_mixed(const struct fixture *f, enum certificate_kind kind, uint64_t view,
                                              const struct hash *block_id, uint64_t firsts, uint64_t extras);

void fixture_payments_root(struct payment *const *payments, uint32_t count, struct hash *root);
/* A header in view `view`, proposed by its leader, on `parent` (NULL: the genesis), one millisecond after it, holding
 * these payments. state_root: after the parent. */
void fixture_header(const struct fixture *f, const struct header *parent, uint64_t view,
                    struct payment *const *payments, uint32_t count, const struct hash *state_root,
                    struct header *header);
/* A block of that header, which takes over the payments. block_free. */
struct block *fixture_block(const struct fixture *f, const struct header *parent, uint64_t view,
                            struct payment *const *payments, uint32_t count, const struct hash *state_root);

/* When a give-back expires that is made now: at the first full hour after it. */
uint32_t fixture_give_back_expires_at(uint64_t now_s);
/* The payment that sends a hold home. Returns as payment_make. */
int fixture_give_back(const struct hash *network_id, const struct hold_reference *hold, amount_t amount,
                      uint32_t expires_at, struct payment **payment);

#endif
