/* The checks and the clock that all parts of the wallet use. */
#include "wallet.h"
#include <assert.h>
#include "payment.h"
#include "system.h"

int wallet_readable(const struct uncia_wallet *w)
{
	if (!w)
		return UNCIA_E_ARGUMENT;
	return w->in_hook ? UNCIA_E_NESTED : 0;
}

int wallet_usable(const struct uncia_wallet *w)
{
	int rc = wallet_readable(w);
	if (rc)
		return rc;
	/* faults 60: keys, nonces and link ciphers must not be used by a child of fork. It is told by its process id,
	 * and, where a new PID namespace may give it the same one, by the secret's page, which fork wipes. */
	return w->owner == system_process() && (!w->secret || w->secret->here) ? 0 : UNCIA_E_BUSY;
}

void wallet_stir(struct uncia_wallet *w)
{
	if (w->driver)
		w->driver_calls->stirred(w);
}

void wallet_tell(struct uncia_wallet *w)
{
	if (w->driver)
		w->driver_calls->told(w);
}

uint64_t wallet_now(const struct uncia_wallet *w)
{
	return w->host.now_ms(w->host.context);
}

void wallet_learn_time(struct uncia_wallet *w, uint64_t timestamp_ms)
{
	if (w->clock.known && timestamp_ms <= w->clock.timestamp_ms)
		return;
	w->clock.known = true;
	w->clock.timestamp_ms = timestamp_ms;
	w->clock.learned_ms = wallet_now(w);
}

uint64_t wallet_ledger_ms(const struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w);
	return w->clock.timestamp_ms + (now > w->clock.learned_ms ? now - w->clock.learned_ms : 0);
}

amount_t wallet_leaving(const struct uncia_wallet *w, const struct payment *payment)
{
	amount_t sum = 0;
	if (payment->kind != PAYMENT_TRANSFER) /* it leaves a hold */
		return 0;
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (!address_equal(&payment->outputs[i].to, &w->address))
			sum += payment->outputs[i].amount; /* at most payment->total, which did not overflow */
	for (uint32_t i = 0; i < payment->hold_count; i++)
		sum += payment->holds[i].amount; /* likewise */
	assert(sum <= payment->total);
	return sum;
}

amount_t wallet_received(const struct uncia_wallet *w, const struct payment *payment)
{
	amount_t sum = 0;
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (address_equal(&payment->outputs[i].to, &w->address))
			sum += payment->outputs[i].amount; /* at most payment->total, which did not overflow */
	assert(sum <= payment->total);
	return sum;
}
