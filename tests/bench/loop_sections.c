/* See loop_sections.h. A step's processor time is the thread's clock, which costs half a microsecond to read: too much
 * for what is shorter. Within a step a counter of the processor is read, and the time divided in its proportions: so a
 * step that others interrupt takes no longer. */
#include "loop_sections.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chain.h"
#include "clock.h"
#include "consensus.h"
#include "ledger.h"
#include "mempool.h"
#include "messages.h"
#include "outbox.h"
#include "payments.h"
#include "serve.h"
#include "verification.h"
#include "waiters.h"

#define DEPTH_MAX 32
#define TRIALS    1001

const char *const section_names[SECTIONS] = {
    [SECTION_REST] = "the step itself",
    [SECTION_MESSAGE_IN] = "messages decoded",
    [SECTION_MESSAGE_OUT] = "messages encoded, copied",
    [SECTION_DECODE] = "payments decoded, hashed",
    [SECTION_LOOKUP] = "payments looked up",
    [SECTION_POOL] = "pool",
    [SECTION_JOBS] = "jobs for the verifiers",
    [SECTION_ANSWERS] = "who waits; receipts",
    [SECTION_RELAY] = "relaying",
    [SECTION_MATCH] = "short ids matched",
    [SECTION_BODY] = "block: tree, bytes",
    [SECTION_AHEAD] = "fetching ahead",
    [SECTION_EXECUTE] = "execution",
    [SECTION_ROOT] = "state root",
    [SECTION_SETTLE] = "settling",
    [SECTION_STORE] = "reading the state",
    [SECTION_CONSENSUS] = "consensus",
    [SECTION_SIGN] = "own signatures",
    [SECTION_JOURNAL] = "journal records",
    [SECTION_OUTBOX] = "what waited for the disk",
    [SECTION_FLUSH] = "flush handed over",
};

static struct {
	bool stepping;
	unsigned depth;
	enum section open[DEPTH_MAX];
	uint64_t mark, ticks[SECTIONS];
	double began_us, clock_us, sum_us[SECTIONS];
} now;

static uint64_t ticks(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return (uint64_t)(now_us() * 1e3);
#endif
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sections_begin(void)
{
	double trials[TRIALS];

	memset(&now, 0, sizeof(now));
	for (int i = 0; i < TRIALS; i++) {
		double begun = thread_us();
		trials[i] = thread_us() - begun;
	}
	qsort(trials, TRIALS, sizeof(trials[0]), compare);
	now.clock_us = trials[TRIALS / 2];
}

/* What has passed since the last change belongs to the innermost that is open. Of two processors one may be behind: a
 * thread that is moved meanwhile sees nothing pass. */
static void section_charge(void)
{
	uint64_t at = ticks();

	if (at > now.mark)
		now.ticks[now.depth ? now.open[now.depth - 1] : SECTION_REST] += at - now.mark;
	now.mark = at;
}

void section_enter(enum section section)
{
	if (!now.stepping)
		return;
	section_charge();
	if (now.depth == DEPTH_MAX)
		abort();
	now.open[now.depth++] = section;
}

void section_leave(void)
{
	if (!now.stepping)
		return;
	section_charge();
	now.depth--;
}

void sections_step(void)
{
	memset(now.ticks, 0, sizeof(now.ticks));
	now.depth = 0;
	now.began_us = thread_us();
	now.mark = ticks();
	now.stepping = true;
}

double sections_step_end(void)
{
	uint64_t all = 0;

	section_charge();
	now.stepping = false;
	double took = thread_us() - now.began_us - now.clock_us;
	if (took < 0)
		took = 0;
	for (int i = 0; i < SECTIONS; i++)
		all += now.ticks[i];
	if (!all)
		now.ticks[SECTION_REST] = all = 1;
	for (int i = 0; i < SECTIONS; i++)
		now.sum_us[i] += took * (double)now.ticks[i] / (double)all;
	return took;
}

double section_us(enum section section)
{
	return now.sum_us[section];
}

/* ---- the functions --------------------------------------------------------------------------- */

#define WRAP(section, type, name, parameters, arguments)                                                               \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		section_enter(section);                                                                                \
		type result = __real_##name arguments;                                                                 \
		section_leave();                                                                                       \
		return result;                                                                                         \
	}
#define WRAP_VOID(section, name, parameters, arguments)                                                                \
	void __real_##name parameters;                                                                                 \
	void __wrap_##name parameters;                                                                                 \
	void __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		section_enter(section);                                                                                \
		__real_##name arguments;                                                                               \
		section_leave();                                                                                       \
	}

WRAP(SECTION_MESSAGE_IN, int, canonical_decode,
     (const ProtobufCMessageDescriptor *type, const void *data, size_t size, struct arena *arena, ProtobufCMessage **m),
     (type, data, size, arena, m))
WRAP(SECTION_MESSAGE_OUT, int, message_send,
     (struct step * s, uint64_t after, uint32_t peer, const Uncia__Pb__PeerMessage *m), (s, after, peer, m))
WRAP(SECTION_MESSAGE_OUT, int, message_send_spare, (struct step * s, uint32_t peer, const Uncia__Pb__PeerMessage *m),
     (s, peer, m))
WRAP(SECTION_MESSAGE_OUT, int, message_reply,
     (struct step * s, uint64_t after, uint64_t wallet, const Uncia__Pb__NodeReply *reply), (s, after, wallet, reply))
WRAP(SECTION_DECODE, int, payment_decode_at,
     (struct slab * home, const struct hash *network_id, const void *bytes, size_t size, struct payment **payment),
     (home, network_id, bytes, size, payment))
WRAP(SECTION_DECODE, int, payment_parse, (struct slab * home, const void *bytes, size_t size, struct payment **payment),
     (home, bytes, size, payment))
WRAP_VOID(SECTION_DECODE, payments_hash, (const struct hash *network_id, struct payment *const *payments, size_t count),
          (network_id, payments, count))
WRAP(SECTION_LOOKUP, int, ledger_payment_key,
     (struct ledger * l, struct executed *tip, const struct payment *p, enum sender_key *key, bool *covered),
     (l, tip, p, key, covered))
WRAP(SECTION_LOOKUP, int, ledger_knows_payment, (struct ledger * l, struct executed *tip, const struct payment_id *id),
     (l, tip, id))
WRAP(SECTION_POOL, int, mempool_add,
     (struct mempool * pool, struct payment *payment, uint64_t now_ms, struct pooled **pooled),
     (pool, payment, now_ms, pooled))
WRAP(SECTION_POOL, int, mempool_verified, (struct mempool * pool, struct pooled *p), (pool, p))
WRAP(SECTION_POOL, struct pooled *, mempool_find, (struct mempool * pool, const struct hash *whole), (pool, whole))
WRAP_VOID(SECTION_POOL, mempool_remove_final, (struct mempool * pool, struct payment *const *payments, size_t count),
          (pool, payments, count))
WRAP_VOID(SECTION_POOL, mempool_expire, (struct mempool * pool, uint64_t now_s), (pool, now_s))
WRAP(SECTION_JOBS, struct job *, job_new, (struct step * s, enum job_kind kind, uint32_t peer, size_t items),
     (s, kind, peer, items))
WRAP_VOID(SECTION_JOBS, job_free, (struct step * s, struct job *job), (s, job))
WRAP(SECTION_JOBS, int, job_payment, (struct job * job, const struct payment *payment, bool check_key),
     (job, payment, check_key))
WRAP(SECTION_JOBS, int, job_start, (struct step * s, struct job *job), (s, job))
WRAP(SECTION_JOBS, struct job *, job_next_checked, (struct step * s), (s))
WRAP(SECTION_ANSWERS, int, waiter_add,
     (struct serve * s, uint64_t number, uint64_t request_id, const struct payment_id *id), (s, number, request_id, id))
WRAP(SECTION_ANSWERS, int, serve_final, (struct serve * s, struct chain_block *block, struct chain_block *decided),
     (s, block, decided))
WRAP(SECTION_ANSWERS, int, serve_answer, (struct serve * s), (s))
WRAP(SECTION_RELAY, int, payments_relay, (struct payments * p), (p))
WRAP(SECTION_MATCH, int, chain_assemble,
     (struct chain * c, struct chain_block *block, const struct bytes *short_ids, uint64_t now_ms),
     (c, block, short_ids, now_ms))
WRAP(SECTION_MATCH, int, chain_offer, (struct chain * c, struct payment *payment, uint64_t now_ms),
     (c, payment, now_ms))
WRAP(SECTION_BODY, struct hash *, block_tree, (struct payment *const *payments, uint32_t count), (payments, count))
WRAP(SECTION_BODY, int, block_encode,
     (const struct header *header, struct payment *const *payments, uint32_t count, uint8_t **bytes, size_t *size),
     (header, payments, count, bytes, size))
WRAP_VOID(SECTION_AHEAD, ledger_prefetch_payment, (const struct ledger *l, const struct payment_id *id), (l, id))
WRAP_VOID(SECTION_AHEAD, ledger_prefetch_entry,
          (const struct ledger *l, const struct executed *tip, struct ledger_ahead *ahead, const struct entry_id *id),
          (l, tip, ahead, id))
WRAP(SECTION_EXECUTE, int, ledger_begin,
     (struct ledger * l, struct executed *parent, uint64_t height, uint64_t timestamp_ms, struct executed **block),
     (l, parent, height, timestamp_ms, block))
WRAP(SECTION_EXECUTE, int, ledger_add, (struct ledger * l, struct executed *block, const struct payment *payment),
     (l, block, payment))
WRAP_VOID(SECTION_EXECUTE, executed_release, (struct ledger * l, struct executed *block), (l, block))
WRAP(SECTION_ROOT, int, ledger_root, (struct ledger * l, struct executed *block, struct hash *root), (l, block, root))
WRAP(SECTION_ROOT, int, ledger_settled_root, (struct ledger * l, struct hash *root), (l, root))
WRAP(SECTION_SETTLE, int, chain_settle, (struct chain * c), (c))
WRAP(SECTION_CONSENSUS, int, consensus_vote, (struct consensus * c, const struct vote *vote), (c, vote))
WRAP(SECTION_CONSENSUS, int, consensus_certificate, (struct consensus * c, struct certificate *certificate),
     (c, certificate))
WRAP(SECTION_CONSENSUS, int, consensus_block, (struct consensus * c, const struct block_facts *facts), (c, facts))
WRAP(SECTION_CONSENSUS, int, consensus_advance, (struct consensus * c, bool work), (c, work))
WRAP(SECTION_CONSENSUS, int, consensus_expire, (struct consensus * c), (c))
WRAP(SECTION_CONSENSUS, bool, consensus_next, (struct consensus * c, struct consensus_output *output), (c, output))
WRAP(SECTION_CONSENSUS, int, consensus_propose,
     (struct consensus * c, uint64_t view, const struct hash *block_id, struct vote *own), (c, view, block_id, own))
WRAP(SECTION_JOURNAL, int, step_put,
     (struct step * s, enum journal_table table, const struct bytes *key, const struct bytes *value),
     (s, table, key, value))
WRAP(SECTION_OUTBOX, int, step_outbox_release, (struct step * s, struct vote *vote), (s, vote))
WRAP(SECTION_FLUSH, int, ledger_take_flush, (struct ledger * l, struct flush **flush), (l, flush))
WRAP_VOID(SECTION_FLUSH, ledger_flushed, (struct ledger * l, struct flush *flush), (l, flush))
