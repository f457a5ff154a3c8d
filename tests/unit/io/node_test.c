/* Whole validators in this process, each in a thread of its own with its own home: they start, agree, answer a wallet,
 * and end in order. */
#include "node.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ledger.h"
#include "log.h"
#include "message.pb-c.h"
#include "store_home.h"
#include "uncia/error.h"
#include "unit.h"

#define VALIDATORS_MAX 4
#define DEADLINE_MS    60000

struct validator_process {
	uint32_t self;
	char home[64];
	uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32];
	struct peer_address peers[VALIDATORS_MAX];
	struct store *store;
	struct node_options options;
	uv_thread_t thread;
	sem_t ready;
	int port, result;
	char why[256];
	unsigned filtered; /* its own thread's, until it has ended */
};

static struct validator_process all[VALIDATORS_MAX];
static uint32_t count;
static struct genesis genesis;
static uint8_t payer_public[PUBLIC_KEY_SIZE], payer_secret[SECRET_KEY_SIZE];

/* ---- the network ---- */

static void make_genesis(void)
{
	struct validator validators[VALIDATORS_MAX];
	struct genesis_account account = {.balance = 1000 * AMOUNT_MICROS};
	uint8_t seed[SEED_SIZE] = {0};
	uint64_t faulty, slow;

	for (uint32_t i = 0; i < count; i++) {
		seed[0] = (uint8_t)(i + 1);
		ck_assert_int_eq(sign_keypair(seed, validators[i].consensus_key, all[i].consensus_secret), 0);
		memset(all[i].network_secret, (int)i + 101, 32);
		ck_assert_int_eq(noise_public_key(all[i].network_secret, validators[i].network_key), 0);
		validators[i].weight = 1;
	}
	seed[0] = 200;
	ck_assert_int_eq(sign_keypair(seed, payer_public, payer_secret), 0);
	address_of_key(payer_public, &account.address);
	committee_default_faults(count, &faulty, &slow);
	ck_assert_int_eq(
	    genesis_make(&genesis, &(struct genesis_parameters){"test", 1700000000000, "UNC", 1, validators, count,
	                                                        faulty, slow, &account, 1}),
	    0);
}

static void make_home(struct validator_process *p)
{
	struct flush *flush;

	snprintf(p->home, sizeof(p->home), "/tmp/node_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->home));
	ck_assert_int_eq(genesis_flush(&genesis, &flush), 0);
	ck_assert_int_eq(
	    store_create(p->home, &genesis.network_id, genesis.committee.validators[p->self].consensus_key, flush), 0);
	flush_free(flush);
}

static void on_ready(void *context, int port)
{
	struct validator_process *p = context;

	p->port = port;
	sem_post(&p->ready);
}

static void run(void *context)
{
	struct validator_process *p = context;

	p->result = node_run(&p->options, p->why);
	if (p->result)
		sem_post(&p->ready);
}

static void open_store(struct validator_process *p)
{
	char why[256];

	ck_assert_msg(!store_open(p->home, &genesis.network_id, genesis.committee.validators[p->self].consensus_key,
	                          false, &p->store, why),
	              "%s", why);
}

/* The others' ports are known to whoever dials them: those with higher indexes are started first. */
static void start(struct validator_process *p)
{
	open_store(p);
	for (uint32_t i = p->self + 1; i < count; i++) {
		snprintf(p->peers[i].host, sizeof(p->peers[i].host), "127.0.0.1");
		p->peers[i].port = (uint16_t)all[i].port;
	}
	p->options.genesis = &genesis;
	p->options.store = p->store;
	p->options.self = p->self;
	p->options.consensus_secret = p->consensus_secret;
	p->options.network_secret = p->network_secret;
	p->options.listen_host = "127.0.0.1";
	p->options.peers = p->peers;
	p->options.verifier_threads = 1;
	p->options.heartbeat_ms = 50;
	p->options.ready = on_ready;
	p->options.context = p;
	ck_assert_int_eq(sem_init(&p->ready, 0, 0), 0);
	ck_assert_int_eq(uv_thread_create(&p->thread, run, p), 0);
	sem_wait(&p->ready);
}

static void start_all(void)
{
	for (uint32_t i = count; i-- > 0;) {
		start(&all[i]);
		ck_assert_int_gt(all[i].port, 0);
	}
}

/* One signal ends every loop in the process. */
static void stop_all(void)
{
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_int_eq(uv_thread_join(&all[i].thread), 0);
		ck_assert_msg(all[i].result == 0, "%s", all[i].why);
		sem_destroy(&all[i].ready);
		store_close(all[i].store);
	}
}

static void up(uint32_t validators)
{
	ck_assert_int_eq(sign_self_test(), 0);
	log_set_level(LOG_LEVEL_ERROR);
	memset(all, 0, sizeof(all));
	count = validators;
	for (uint32_t i = 0; i < count; i++)
		all[i].self = i;
	make_genesis();
	for (uint32_t i = 0; i < count; i++)
		make_home(&all[i]);
}

static void down(void)
{
	for (uint32_t i = 0; i < count; i++)
		ck_assert(store_home_remove(all[i].home));
	genesis_deinit(&genesis);
}

/* ---- a wallet ---- */

struct wallet {
	int fd;
	struct link *link;
	uint64_t request;
};

static void wallet_open(struct wallet *w, const struct validator_process *p)
{
	uint8_t ephemeral[32];
	const struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = &genesis.network_id,
	    .remote_static = genesis.committee.validators[p->self].network_key,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	    .write_queue_max = WRITE_QUEUE_WALLET_MAX,
	};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	randombytes_buf(ephemeral, sizeof(ephemeral));
	ck_assert_int_eq(link_new(&options, &w->link), 0);
	w->request = 0;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(w->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void wallet_close(struct wallet *w)
{
	close(w->fd);
	link_free(w->link);
}

static void wallet_flush(struct wallet *w)
{
	struct bytes run;

	for (link_output(w->link, &run); run.size; link_output(w->link, &run)) {
		ssize_t size = write(w->fd, run.data, run.size);
		ck_assert_int_gt(size, 0);
		link_output_taken(w->link, (size_t)size);
	}
}

/* The next reply; the caller frees it. */
static Uncia__Pb__NodeReply *wallet_receive(struct wallet *w)
{
	struct bytes message;
	char buffer[65536];

	wallet_flush(w);
	while (!link_next(w->link, &message)) {
		struct pollfd readable = {.fd = w->fd, .events = POLLIN};
		ck_assert_int_eq(poll(&readable, 1, DEADLINE_MS), 1);
		ssize_t size = read(w->fd, buffer, sizeof(buffer));
		ck_assert_int_gt(size, 0);
		ck_assert_int_eq(link_feed(w->link, buffer, (size_t)size), 0);
		wallet_flush(w);
	}
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message.size, message.data);
	ck_assert_ptr_nonnull(reply);
	return reply;
}

static void wallet_ask(struct wallet *w, Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;

	request->request_id = ++w->request;
	ck_assert_int_eq(canonical_encode(&request->base, &bytes, &size), 0);
	ck_assert_int_eq(link_send(w->link, bytes, size), 0);
	free(bytes);
}

static uint64_t wallet_height(struct wallet *w, uint32_t *peers)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__NodeStatusQuery query = UNCIA__PB__NODE_STATUS_QUERY__INIT;

	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_STATUS;
	request.status = &query;
	wallet_ask(w, &request);
	Uncia__Pb__NodeReply *reply = wallet_receive(w);
	ck_assert_uint_eq(reply->request_id, w->request);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_STATUS);
	uint64_t height = reply->status->final_height;
	*peers = reply->status->peers;
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	return height;
}

/* Asks, and asks again, until that height is final there. */
static void await_height(const struct validator_process *p, uint64_t height)
{
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	struct wallet w;
	uint32_t peers;

	wallet_open(&w, p);
	while (wallet_height(&w, &peers) < height)
		ck_assert_uint_lt(uv_hrtime() / 1000000, deadline);
	ck_assert_uint_lt(peers, count);
	wallet_close(&w);
}

START_TEST(node_alone_makes_blocks_and_ends_on_sigterm)
{
	up(1);
	start_all();
	await_height(&all[0], 3);
	stop_all();
	down();
}
END_TEST

START_TEST(nodes_agree_and_go_on_after_a_restart)
{
	up(4);
	start_all();
	for (uint32_t i = 0; i < count; i++)
		await_height(&all[i], 3);
	stop_all();
	start_all();
	for (uint32_t i = 0; i < count; i++)
		await_height(&all[i], 8);
	stop_all();
	down();
}
END_TEST

START_TEST(nodes_make_a_payment_final)
{
	struct output output = {.to = {{1, 2, 3}}, .amount = 500000};
	struct payment draft = {.currency = CURRENCY_FIRST, .output_count = 1, .outputs = &output}, *payment;
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	Uncia__Pb__NodeReply *reply;
	struct wallet w;
	int kind;

	up(4);
	start_all();
	await_height(&all[0], 1);
	draft.expires_at = (uint32_t)time(NULL) + PAYMENT_LIFETIME_DEFAULT_S;
	ck_assert_int_eq(payment_make(&genesis.network_id, &draft, payer_public, payer_secret, &payment), 0);
	wallet_open(&w, &all[2]);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &submit;
	submit.payment.data = (uint8_t *)payment->bytes;
	submit.payment.len = payment->size;
	wallet_ask(&w, &request);
	do {
		reply = wallet_receive(&w);
		kind = reply->kind_case;
		if (kind == UNCIA__PB__NODE_REPLY__KIND_RECEIPT)
			ck_assert_uint_gt(reply->receipt.len, payment->size);
		uncia__pb__node_reply__free_unpacked(reply, NULL);
		ck_assert(kind == UNCIA__PB__NODE_REPLY__KIND_RECEIPT || kind == UNCIA__PB__NODE_REPLY__KIND_PENDING);
	} while (kind != UNCIA__PB__NODE_REPLY__KIND_RECEIPT);
	wallet_close(&w);
	payment_free(payment);
	stop_all();
	down();
}
END_TEST

static bool keep_back(void *context, uint32_t peer, struct bytes *message)
{
	struct validator_process *p = context;

	ck_assert_uint_ne(peer, p->self);
	ck_assert_uint_gt(message->size, 0);
	p->filtered++;
	return false;
}

START_TEST(nodes_agree_without_one_whose_messages_are_kept_back)
{
	up(4);
	all[1].options.filter_send = keep_back;
	start_all();
	await_height(&all[0], 3);
	stop_all();
	ck_assert_uint_gt(all[1].filtered, 0);
	down();
}
END_TEST

START_TEST(node_names_the_port_in_use)
{
	char port[16];

	up(2);
	start(&all[1]);
	all[0].options.listen_port = (uint16_t)all[1].port;
	start(&all[0]);
	ck_assert_int_eq(uv_thread_join(&all[0].thread), 0);
	ck_assert_int_eq(all[0].result, UNCIA_E_BUSY);
	snprintf(port, sizeof(port), "port %d", all[1].port);
	ck_assert_ptr_nonnull(strstr(all[0].why, port));
	sem_destroy(&all[0].ready);
	store_close(all[0].store);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert_int_eq(uv_thread_join(&all[1].thread), 0);
	ck_assert_int_eq(all[1].result, 0);
	sem_destroy(&all[1].ready);
	store_close(all[1].store);
	down();
}
END_TEST

START_TEST(node_refuses_to_run_for_one_outside_the_committee)
{
	char why[256] = "";

	up(1);
	open_store(&all[0]);
	const struct node_options options = {.genesis = &genesis,
	                                     .store = all[0].store,
	                                     .self = 1,
	                                     .consensus_secret = all[0].consensus_secret,
	                                     .network_secret = all[0].network_secret,
	                                     .listen_host = "127.0.0.1",
	                                     .peers = all[0].peers};
	ck_assert_int_eq(node_run(&options, why), UNCIA_E_ARGUMENT);
	ck_assert_str_ne(why, "");
	store_close(all[0].store);
	down();
}
END_TEST

UNIT_MAIN("node", node_alone_makes_blocks_and_ends_on_sigterm, nodes_agree_and_go_on_after_a_restart,
          nodes_make_a_payment_final, nodes_agree_without_one_whose_messages_are_kept_back, node_names_the_port_in_use,
          node_refuses_to_run_for_one_outside_the_committee)
