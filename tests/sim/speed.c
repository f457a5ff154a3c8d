/* See speed.h. */
#include "speed.h"
#include <stdlib.h>
#include "standin.h"
#include "wallets.h"

#define PAYMENTS    500
#define INTERVAL_MS 500
#define LOOK_EVERY  2 /* payments: once a second, as in other runs */

struct outcome speed_run(bool real_signatures)
{
	struct network_options options = {.validators = 4,
	                                  .accounts = GENESIS_ACCOUNTS,
	                                  .balance = 100000000,
	                                  .seed = 1,
	                                  .delay_min_ms = 1,
	                                  .delay_max_ms = 10,
	                                  .commit_ms = 2};
	struct address addresses[MODEL_ACCOUNTS];
	struct checks checks;
	struct wallets *wallets = calloc(1, sizeof(*wallets));

	if (!wallets)
		abort();
	standin_signatures = !real_signatures;
	checks_init(&checks, &options, options.seed);
	struct network *network = network_new(&options);
	wallets_keys(wallets);
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++)
		addresses[i] = wallets->keys[i].address;
	checks_begin(&checks, network, addresses);
	wallets_begin(wallets, &checks, options.seed);
	network_start_all(network);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		network_run(network, INTERVAL_MS, NULL, NULL);
		wallets_pay_surely(wallets, i % options.validators);
		if (i % LOOK_EVERY != 0)
			continue;
		wallets_hear(wallets);
		checks_nodes(&checks);
	}
	network_run(network, 1000, NULL, NULL);
	checks_nodes(&checks);
	wallets_hear(wallets);
	wallets_check(wallets);
	if (checks.model.payment_count != PAYMENTS)
		checks_fail(&checks, "%zu of %d payments are final", checks.model.payment_count, PAYMENTS);
	struct outcome outcome = {.simulated_ms = network_now(network),
	                          .log = checks.log,
	                          .heights = checks.model.height_count - 1,
	                          .payments = checks.model.payment_count};
	wallets_deinit(wallets);
	checks_deinit(&checks);
	network_free(network);
	free(wallets);
	return outcome;
}
