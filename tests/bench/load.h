/* The load generator's parts: load.c its command line, load_payments.c what is paid, load_run.c the links and the
 * clock. Not a wallet: it speaks the protocol below libuncia, so that one thread can stand for thousands of them. */
#ifndef LOAD_H
#define LOAD_H
#include "committee.h"
#include "histogram.h"
#include "payment.h"

#define LOAD_PORTS_MAX 128
#define LOAD_LINKS_MAX 4096

/* One payment as it is sent: a packed WalletRequest whose request_id is its place plus one. */
struct load_message {
	uint8_t *bytes;
	uint32_t size, payer;
};

struct load {
	struct genesis genesis;
	uint32_t accounts, payers; /* every (accounts / payers)-th account pays */
	bool ascending;            /* addresses ascend with accounts' numbers: so many are created in order */
	const char *keys;          /* the file where the payers' keys are kept, or NULL */
	uint32_t outputs;
	uint64_t amount;
	uint32_t count;                /* of messages */
	struct load_message *messages; /* in the order in which they are sent */

	uint32_t window;  /* closed loop: how many are under way; 0: open loop */
	double rate;      /* open loop: a second */
	uint32_t warm_up; /* the first ones, which are not measured */
	uint32_t verify_every;
	uint32_t links;
	uint32_t copies; /* of each payment, to as many validators: libuncia's wallets send F + 1 */
	int ports[LOAD_PORTS_MAX];
	uint32_t port_count;
	bool wait;
	uint32_t patience; /* s without an answer after which it ends */
};

struct load_result {
	uint32_t done, refused;
	double seconds; /* from the first that was sent to the last answer */
	double tps;     /* final payments a second, from the warm-up until the last was sent */
	double cpu_us;  /* this process, a payment */
	struct histogram latency;
};

/* Says what is wrong and ends the process. */
_Noreturn void load_fail(const char *what);

/* ---- load_payments.c --------------------------------------------------------------------------------------------- */

/* The address of a funder, who holds the money in the genesis. */
#define LOAD_FUNDERS 16u
void load_funder(uint32_t number, struct address *address);
/* Payments by the funders that create accounts `first` .. until - 1 with `amount` each. */
void load_make_funding(struct load *load, uint32_t first, uint32_t until);
/* `count` payments, all payers in turn from a random one on, neighbours far apart, `outputs` random accounts each. */
void load_make_payments(struct load *load, uint32_t count);
/* Microseconds of processor that libsodium takes to check one signature, here and now. */
double load_check_us(void);

/* ---- load_run.c -------------------------------------------------------------------------------------------------- */

/* Links up, says so, waits to be told to start, sends and measures. */
void load_run(struct load *load, struct load_result *result);

#endif
