/* Wallets' questions that wait until what they ask for is settled or durable, and their share of reading allows: a
 * bounded queue, fair between wallets; and the answers. */
#ifndef QUESTIONS_H
#define QUESTIONS_H
#include "serve.h"

enum question_kind { QUESTION_ACCOUNT, QUESTION_RECEIPT, QUESTION_HISTORY };
struct question {
	struct question *next;
	enum question_kind kind;
	uint64_t wallet, request_id;
	struct wallet_link *link;
	struct entry_id id;
	struct position at;   /* a receipt's payment; a history's page is what came before it */
	uint32_t limit;       /* of receipts on the page */
	uint64_t height;      /* accounts: answered once the settled height is at least this */
	uint64_t after;       /* the others: once this commit is durable */
	uint64_t deadline_ms; /* then accounts are answered with what there is, the others refused */
};

/* Keeps a copy of a question until it can be answered, at the end of this step at the earliest; or refuses it. Returns
 * 0 or an error of this machine. */
int question_keep(struct serve *s, const struct question *asked);
/* Takes the question at this place out of the queue. Owns: free(). */
struct question *question_take(struct serve *s, struct question **at);
/* All of one wallet. */
void questions_forget(struct serve *s, uint64_t wallet);

/* accounts.c: the account in the settled state, under the root that the final tip carries. */
int account_answer(struct serve *s, const struct question *question);
/* Fills the message with the entry's proof under the final tip, which has its certificate; its fields point into
 * `found` and into the chain. Returns 0; NOT_FOUND: there is no such entry; an error of this machine. */
int account_prove(struct serve *s, const struct entry_id *id, struct ledger_proof *found,
                  Uncia__Pb__AccountProof *proof);
/* receipts.c */
int receipt_ask(struct serve *s, uint64_t wallet, uint64_t request_id, const struct position *at);
int receipt_answer(struct serve *s, const struct question *question);
/* A final block of that height, as the journal has it. Returns 0; NOT_FOUND; an error of this machine. Owns:
 * block_free. */
int receipt_block(struct serve *s, uint64_t height, struct block **block);
/* The receipt of the payment at that place, and its block where `kept` is not NULL. Returns 0; NOT_FOUND where the
 * journal does not durably hold it yet; LIMIT where none of the allowed size can be made. Owns: free(), block_free. */
int receipt_of(struct serve *s, const struct position *at, uint8_t **bytes, size_t *size, struct block **kept);
/* history.c */
int history_answer(struct serve *s, const struct question *question);

#endif
