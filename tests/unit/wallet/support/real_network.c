/* A fake network on real sockets; see real_network.h. */
#include "real_network.h"
#include <arpa/inet.h>
#include <ares.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "unit.h"

#define DESCRIPTORS_MAX 64

uint64_t real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t real_clock(void *context)
{
	(void)context;
	return real_ms();
}

struct rig *listening(void)
{
	struct rig *rig = rig_new(4);
	rig_close(rig);
	fake_network_listen(&rig->net);
	rig->host.host.now_ms = real_clock;
	ck_assert_int_eq(rig_open(rig), 0);
	return rig;
}

/* ---- names ---- */

struct name_server names = {.fd = -1};

/* c-ares is told of the server as it reads the system's settings. */

__attribute__((visibility("default"))) int ares_init_options(ares_channel *channel, struct ares_options *options,
                                                             int mask)
{
	int (*system_one)(ares_channel *, struct ares_options *, int);
	char server[32];

	*(void **)&system_one = dlsym(RTLD_NEXT, "ares_init_options");
	int rc = system_one(channel, options, mask);
	if (rc == ARES_SUCCESS && names.fd >= 0) {
		snprintf(server, sizeof(server), "127.0.0.1:%d", names.port);
		rc = ares_set_servers_ports_csv(*channel, server);
	}
	return rc;
}

void names_up(int answers)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	names.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(names.fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(getsockname(names.fd, (struct sockaddr *)&address, &size), 0);
	names.port = ntohs(address.sin_port);
	names.answers = answers;
	names.questions = 0;
}

void names_down(void)
{
	close(names.fd);
	names.fd = -1;
}

/* RFC 1035, 4.1: the question back, and for type A (1) the addresses; there are none of another type. */
void names_serve(void)
{
	static const uint8_t hosts[2] = {77, 1};
	uint8_t message[512];
	struct sockaddr_in asker;
	socklen_t size = sizeof(asker);
	ssize_t n;
	while (names.fd >= 0 && (n = recvfrom(names.fd, message, 256, 0, (struct sockaddr *)&asker, &size)) > 12) {
		size_t end = 12;
		while (message[end] != 0)
			end += 1u + message[end];
		bool is_a = message[end + 2] == 1;
		end += 5; /* the root label, type and class */
		names.questions++;
		if (names.answers < 0)
			continue;
		message[2] = 0x81, message[3] = names.answers == 0 ? 0x83 : 0x80;
		memset(message + 6, 0, 6);
		message[7] = is_a ? (uint8_t)names.answers : 0;
		for (int i = 0; is_a && i < names.answers; i++) {
			const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, hosts[i]};
			memcpy(message + end, record, sizeof(record));
			end += sizeof(record);
		}
		sendto(names.fd, message, end, 0, (struct sockaddr *)&asker, size);
	}
}

/* The network of the rig with `count` of its addresses given as a name, and the wallet opened with it. */
struct uncia_network *open_named(struct rig *rig, unsigned count, uint32_t request_timeout_ms)
{
	struct uncia_wallet_options options = {.size = sizeof(options), .request_timeout_ms = request_timeout_ms};
	struct uncia_network *named;
	char *text = fake_network_text(&rig->net), *at = text;
	while (count-- > 0 && (at = strstr(at, "127.0.0.1")) != NULL)
		memcpy(at, "v.example", strlen("v.example"));
	ck_assert_int_eq(uncia_network_parse(text, &named, NULL), 0);
	free(text);
	rig_close(rig);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, named, &options, &rig->wallet), 0);
	return named;
}

void close_named(struct rig *rig, struct uncia_network *named)
{
	rig_close(rig);
	uncia_network_free(named);
	rig_free(rig);
	names_down();
}

bool readable(struct rig *rig, int ms)
{
	struct uncia_descriptor list[DESCRIPTORS_MAX];
	struct pollfd polled[DESCRIPTORS_MAX];
	size_t count = 0;
	int n, timeout = -1;
	int fd = uncia_wallet_fd(rig->wallet);
	ck_assert(fd >= 0 || fd == UNCIA_E_SYSTEM);
	ck_assert_int_eq(uncia_wallet_descriptors(rig->wallet, list, DESCRIPTORS_MAX, &count), 0);
	ck_assert_uint_le(count, DESCRIPTORS_MAX);
	if (fd >= 0)
		ck_assert(count == 1 && list[0].fd == fd && list[0].reads && !list[0].writes);
	else
		timeout = uncia_wallet_timeout_ms(rig->wallet);
	for (size_t i = 0; i < count; i++)
		polled[i] = (struct pollfd){
		    .fd = list[i].fd, .events = (short)((list[i].reads ? POLLIN : 0) | (list[i].writes ? POLLOUT : 0))};
	bool time_ends_it = timeout >= 0 && (ms < 0 || timeout <= ms);
	do
		n = poll(polled, count, time_ends_it ? timeout : ms);
	while (n < 0 && errno == EINTR);
	return n > 0 || time_ends_it;
}

bool run_until(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event, unsigned *turns)
{
	uint64_t end = real_ms() + 20000;
	for (*turns = 0; real_ms() < end; (*turns)++) {
		if (rig_event(rig, kind, event))
			return true;
		readable(rig, 5);
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		fake_network_serve(&rig->net);
		names_serve();
	}
	return false;
}

/* ---- validators in a thread ---- */

static struct {
	struct fake_network *net;
	atomic_bool stop;
	pthread_mutex_t mutex; /* held while the validators do something, and while the test looks at them */
	pthread_t thread;
} town;

static void *town_lives(void *unused)
{
	while (!atomic_load(&town.stop)) {
		pthread_mutex_lock(&town.mutex);
		fake_network_serve(town.net);
		names_serve();
		pthread_mutex_unlock(&town.mutex);
		poll(NULL, 0, 1);
	}
	return unused;
}

void town_begins(struct rig *rig)
{
	town.net = &rig->net;
	town.net->elsewhere = true; /* the host's blobs are the wallet's thread's, and what is sent comes late */
	atomic_store(&town.stop, false);
	ck_assert_int_eq(pthread_mutex_init(&town.mutex, NULL), 0);
	ck_assert_int_eq(pthread_create(&town.thread, NULL, town_lives, NULL), 0);
}

void town_ends(void)
{
	atomic_store(&town.stop, true);
	ck_assert_int_eq(pthread_join(town.thread, NULL), 0);
	pthread_mutex_destroy(&town.mutex);
	town.net->elsewhere = false;
}

void town_does(void (*does)(struct fake_network *n))
{
	pthread_mutex_lock(&town.mutex);
	does(town.net);
	pthread_mutex_unlock(&town.mutex);
}
