/* The bytes between a phone and a node: what the operating systems and the network between them do, with the node's
 * end of the wire link, as node/io/wallets.c has it. See phone_parts.h. */
#include "phone_parts.h"
#include <stdlib.h>
#include <string.h>
#include "message.pb-c.h"
#include "uncia/error.h"

#define LINKS_FROM      (UINT64_C(1) << 40) /* numbers of wallets above it are phones' */
#define CONNECT_MS      5000u               /* nobody answers: given up, as wallet/driver.c does */
#define BREAKS_PERCENT  4
#define REFUSED_PERCENT 6

/* ---- the node's end ---- */

static void far_free(struct phone *phone, struct conn *conn)
{
	if (!conn->far)
		return;
	link_free(conn->far);
	conn->far = NULL;
	if (network_up(phone->all->network, conn->node))
		network_wallet_closed(phone->all->network, conn->node, conn->number);
	conn->number = 0;
	conn->over_at =
	    network_now(phone->all->network) + 1 + phones_draw(phone->all, phone->all->options.delay_max_ms);
	if (conn->over_at < conn->down.last_at)
		conn->over_at = conn->down.last_at;
}

static void schedule(struct phone *phone)
{
	uint64_t next = phone_links_next(phone), now = network_now(phone->all->network);

	if (next < phone->wake_at || phone->wake_at <= now) {
		phone->wake_at = next;
		network_wake(phone->all->network, next, phone->number);
	}
}

static void put(struct phone *phone, struct wire *wire, const void *bytes, size_t size)
{
	struct phones *all = phone->all;

	wire_write(wire, &all->random, network_now(all->network), all->options.delay_max_ms, bytes, size);
}

/* Whatever the node's end has to write. */
static void far_flush(struct phone *phone, struct conn *conn)
{
	struct bytes run;

	for (link_output(conn->far, &run); run.size; link_output(conn->far, &run)) {
		put(phone, &conn->down, run.data, run.size);
		link_output_taken(conn->far, run.size);
	}
}

static void far_send(struct phone *phone, struct conn *conn, const struct bytes *message)
{
	if (link_send(conn->far, message->data, message->size))
		far_free(phone, conn);
	else
		far_flush(phone, conn);
}

static uint32_t validator_of(const struct phone *phone, uint32_t node)
{
	uint32_t validators = phone->all->checks->validators;

	return node < validators ? node : node - validators;
}

static void say_lies(struct phone *phone, struct conn *conn, struct lies *lies)
{
	for (size_t i = 0; i < lies->count; i++) {
		struct bytes message = {lies->messages[i].bytes, lies->messages[i].size};
		if (conn->far)
			far_send(phone, conn, &message);
		free(lies->messages[i].bytes);
	}
	if (lies->hang_up)
		far_free(phone, conn);
}

static void far_hear(struct phone *phone, struct conn *conn, const struct bytes *message)
{
	Uncia__Pb__WalletRequest *request = uncia__pb__wallet_request__unpack(NULL, message->size, message->data);
	struct phones *all = phone->all;
	uint32_t validator = validator_of(phone, conn->node);
	struct lies lies = {.pass_on = true};

	if (!request)
		phone_fail(phone, "says what does not decode");
	if (request->kind_case == UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT)
		phone_submitted(phone, request->submit->payment.data, request->submit->payment.len);
	if (all->options.lying[validator])
		wallet_lies_asked(&all->lies, validator, request, &lies);
	uncia__pb__wallet_request__free_unpacked(request, NULL);
	if (lies.pass_on)
		network_wallet_message(all->network, conn->node, conn->number, message);
	say_lies(phone, conn, &lies);
}

static void far_feed(struct phone *phone, struct conn *conn, const struct wire_piece *piece)
{
	struct bytes message;

	if (!conn->far)
		return;
	if (link_feed(conn->far, piece->bytes, piece->size))
		phone_fail(phone, "sends bytes that are no frame");
	while (conn->far && link_next(conn->far, &message))
		far_hear(phone, conn, &message);
	if (conn->far)
		far_flush(phone, conn);
}

static void far_new(struct phone *phone, struct conn *conn)
{
	const struct fixture *f = network_fixture(phone->all->network);
	uint8_t ephemeral[32];

	for (size_t i = 0; i < sizeof(ephemeral); i++)
		ephemeral[i] = (uint8_t)phones_draw(phone->all, 256);
	struct link_options options = {.pattern = NOISE_NK,
	                               .network_id = &f->genesis.network_id,
	                               .static_secret = f->validators[validator_of(phone, conn->node)].network_secret,
	                               .ephemeral_secret = ephemeral,
	                               .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                               .write_queue_max = WRITE_QUEUE_WALLET_MAX};
	if (link_new(&options, &conn->far))
		abort();
	conn->number = LINKS_FROM + ++phone->all->link;
}

static struct conn *find(struct phones *all, uint64_t number, struct phone **phone)
{
	for (uint32_t i = 0; i < all->options.count; i++)
		for (uint32_t v = 0; v < all->checks->validators; v++)
			if (all->phones[i].conns[v].number == number) {
				*phone = &all->phones[i];
				return &all->phones[i].conns[v];
			}
	return NULL;
}

bool phones_told(void *context, uint32_t node, uint64_t number, const struct bytes *message)
{
	struct phones *all = context;
	struct phone *phone;

	if (number < LINKS_FROM)
		return false;
	struct conn *conn = find(all, number, &phone);
	if (!conn)
		return true; /* hung up meanwhile */
	if (!message && !all->over)
		phone_fail(phone, "is dropped by node %u for breaking the protocol", node);
	if (!message) { /* it has seen a second chain */
		wire_clear(&conn->up);
		far_free(phone, conn);
		schedule(phone);
		return true;
	}
	uint32_t validator = validator_of(phone, node);
	wallet_lies_learn(&all->lies, message);
	if (all->options.lying[validator]) {
		struct lies lies = {.pass_on = true};
		wallet_lies_answered(&all->lies, message, &lies);
		if (lies.pass_on)
			far_send(phone, conn, message);
		say_lies(phone, conn, &lies);
	} else {
		far_send(phone, conn, message);
	}
	schedule(phone);
	return true;
}

void phones_node_gone(void *context, uint32_t node)
{
	struct phones *all = context;

	for (uint32_t i = 0; i < all->options.count; i++)
		for (uint32_t v = 0; v < all->checks->validators; v++) {
			struct conn *conn = &all->phones[i].conns[v];
			if (!conn->far || conn->node != node)
				continue;
			wire_clear(&conn->up);
			far_free(&all->phones[i], conn);
			schedule(&all->phones[i]);
		}
}

/* ---- the phone's end ---- */

static bool breaks(struct phone *phone, uint32_t percent)
{
	return phone->all->options.link_errors && !phone->calm && phones_chance(phone->all, percent);
}

/* Both ends lose it; of what was under way any front part arrives. */
static void lose(struct phone *phone, struct conn *conn)
{
	wire_break(&conn->down, &phone->all->random);
	wire_clear(&conn->up);
	far_free(phone, conn);
}

static void hang_up(struct phone *phone, struct conn *conn)
{
	/* What was written before may arrive all the same, in part. */
	while (conn->up.first && conn->far && phones_draw(phone->all, 4)) {
		struct wire_piece *piece = wire_due(&conn->up, UINT64_MAX);
		far_feed(phone, conn, piece);
		free(piece);
	}
	far_free(phone, conn);
	wire_clear(&conn->up);
	wire_clear(&conn->down);
	conn->up.last_at = conn->down.last_at = 0;
	conn->state = CONN_NONE;
}

void phone_links_end(struct phone *phone)
{
	for (uint32_t v = 0; v < phone->all->checks->validators; v++)
		hang_up(phone, &phone->conns[v]);
}

static void closed(struct phone *phone, uint32_t v, int error)
{
	hang_up(phone, &phone->conns[v]);
	if (uncia_wallet_link_closed(phone->wallet, v, error))
		phone_fail(phone, "refuses to hear that link %u is closed", v);
}

static void dial(struct phone *phone, uint32_t v)
{
	struct phones *all = phone->all;
	struct conn *conn = &phone->conns[v];
	uint32_t twin = all->checks->validators + v;
	uint64_t now = network_now(all->network);

	conn->node = twin < all->checks->nodes && phones_draw(all, 2) ? twin : v;
	conn->state = CONN_DIALLING;
	conn->reached = network_up(all->network, conn->node) && !breaks(phone, REFUSED_PERCENT);
	conn->at = now + 1 + phones_draw(all, 2 * (uint64_t)all->options.delay_max_ms);
	if (!conn->reached && phones_draw(all, 2))
		conn->at = now + CONNECT_MS;
	wire_clear(&conn->up);
	wire_clear(&conn->down);
}

static void dialled(struct phone *phone, uint32_t v)
{
	struct conn *conn = &phone->conns[v];

	if (!conn->reached || !network_up(phone->all->network, conn->node)) {
		closed(phone, v, UNCIA_E_UNREACHABLE);
		return;
	}
	int result = uncia_wallet_link_opened(phone->wallet, v);
	if (result)
		phone_fail(phone, "cannot open link %u: %d", v, result);
	conn->state = CONN_OPEN;
	far_new(phone, conn);
}

static void hear(struct phone *phone, uint32_t v)
{
	struct conn *conn = &phone->conns[v];
	uint64_t now = network_now(phone->all->network);
	struct wire_piece *piece;

	while (conn->state == CONN_OPEN && !phone->host.dead && (piece = wire_due(&conn->down, now))) {
		int result = uncia_wallet_link_feed(phone->wallet, v, piece->bytes, piece->size);
		free(piece);
		if (!result)
			continue;
		/* UNREACHABLE: what it proves is long past, seen from what another one has proved since: an outage is
		 * over. */
		if (result != UNCIA_E_UNREACHABLE && !phone->all->options.lying[v] && !phone->all->checks->byzantine[v])
			phone_fail(phone, "does not believe an honest validator (%u): %d", v, result);
		closed(phone, v, result);
	}
	if (conn->state == CONN_OPEN && !conn->far && !conn->down.first && conn->over_at <= now && !phone->host.dead)
		closed(phone, v, UNCIA_E_CLOSED);
}

void phone_links_deliver(struct phone *phone)
{
	uint64_t now = network_now(phone->all->network);

	for (uint32_t v = 0; v < phone->all->checks->validators; v++) {
		struct conn *conn = &phone->conns[v];
		struct wire_piece *piece;
		while (conn->state == CONN_OPEN && (piece = wire_due(&conn->up, now))) {
			far_feed(phone, conn, piece);
			free(piece);
		}
		if (!phone->wallet || phone->host.dead)
			continue;
		if (conn->state == CONN_DIALLING && conn->at <= now)
			dialled(phone, v);
		else
			hear(phone, v);
	}
}

static void drain(struct phone *phone, uint32_t v)
{
	struct conn *conn = &phone->conns[v];
	const void *data;
	size_t size;

	for (;;) {
		if (uncia_wallet_link_output(phone->wallet, v, &data, &size))
			phone_fail(phone, "does not give its output");
		if (!size)
			return;
		put(phone, &conn->up, data, size);
		if (uncia_wallet_link_taken(phone->wallet, v, size))
			phone_fail(phone, "does not hear what was written");
		if (breaks(phone, BREAKS_PERCENT)) {
			phone_trace(phone, "loses its link to %u", v);
			lose(phone, conn);
		}
	}
}

void phone_links_follow(struct phone *phone)
{
	for (uint32_t v = 0; v < phone->all->checks->validators; v++) {
		struct conn *conn = &phone->conns[v];
		bool wanted = uncia_wallet_link_wanted(phone->wallet, v);
		if (wanted && conn->state == CONN_NONE)
			dial(phone, v);
		else if (!wanted && conn->state != CONN_NONE)
			closed(phone, v, 0);
		if (conn->state == CONN_OPEN)
			drain(phone, v);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When something happens to its links by itself. */
uint64_t phone_links_next(const struct phone *phone)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t v = 0; v < phone->all->checks->validators; v++) {
		const struct conn *conn = &phone->conns[v];
		if (conn->state == CONN_DIALLING)
			next = earlier(next, conn->at);
		if (conn->state != CONN_OPEN)
			continue;
		if (conn->up.first)
			next = earlier(next, conn->up.first->at);
		if (conn->down.first)
			next = earlier(next, conn->down.first->at);
		else if (!conn->far)
			next = earlier(next, conn->over_at);
	}
	return next;
}
