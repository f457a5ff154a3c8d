/* See snapshot.h. */
#include "snapshot.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include "clocks.h"
#include "command.h"
#include "node.h"
#include "uncia/error.h"

#define PAUSE_WITHIN_MS  60000 /* a flush that is under way is waited for */
#define ANSWER_WITHIN_MS 10000
#define TRIES            5
#define LOOK_EVERY_MS    500u
#define GROWTH_MIN       (UINT64_C(1) << 30)

/* Asks for the moment. Returns an exit code; *newest: the newest commit in the log. */
static int ask_for_pause(struct snapshot *s, uint64_t *newest)
{
	Uncia__Pb__ControlRequest request = UNCIA__PB__CONTROL_REQUEST__INIT;
	Uncia__Pb__ControlSnapshotQuery query = UNCIA__PB__CONTROL_SNAPSHOT_QUERY__INIT;
	request.kind_case = UNCIA__PB__CONTROL_REQUEST__KIND_SNAPSHOT;
	request.snapshot = &query;
	int code = control_send(&s->link, &request);
	if (!code)
		code = control_receive(&s->link, PAUSE_WITHIN_MS);
	if (code)
		return code;
	if (s->link.reply->kind_case != UNCIA__PB__CONTROL_REPLY__KIND_SNAPSHOT || !s->link.reply->snapshot->newest)
		return command_error(EXIT_FAILED, "%s/control: the answer is to another question", s->home->path);
	*newest = s->link.reply->snapshot->newest;
	return 0;
}

static int say_taken(struct snapshot *s)
{
	Uncia__Pb__ControlRequest request = UNCIA__PB__CONTROL_REQUEST__INIT;
	Uncia__Pb__ControlSnapshotTaken taken = UNCIA__PB__CONTROL_SNAPSHOT_TAKEN__INIT;
	request.kind_case = UNCIA__PB__CONTROL_REQUEST__KIND_SNAPSHOT_TAKEN;
	request.snapshot_taken = &taken;
	int code = control_send(&s->link, &request);
	return code ? code : control_receive(&s->link, ANSWER_WITHIN_MS);
}

/* Damage may be what a checkpoint looks like that the validator had to make all the same: it is looked at again. */
static int open_beside(struct snapshot *s, int *error, char why[256])
{
	const struct home *home = s->home;
	uint64_t newest = 0;
	int code = control_dial(home->path, &s->link);
	for (int i = 0; !code; i++) {
		code = ask_for_pause(s, &newest);
		if (code)
			return code;
		*error = store_open_beside(home->path, &home->genesis.network_id, home->keys.consensus_public, newest,
		                           &s->store, why);
		code = say_taken(s);
		if (code && !*error) {
			store_close(s->store);
			s->store = NULL;
		}
		if (code)
			*error = 0; /* that was said, and says more */
		if (!*error || (*error != UNCIA_E_DAMAGED && *error != UNCIA_E_NOT_FOUND) || i + 1 == TRIES)
			return code ? code : *error ? EXIT_FAILED : 0;
	}
	return code;
}

/* What the validator needs to go on voting, and as much again. */
static uint64_t snapshot_reserve(const struct home *home)
{
	struct config config;
	char path[PATH_MAX];
	uint64_t reserve = SPACE_RESERVE_DEFAULT;
	if (!path_join(home->path, "unciad.conf", path) && path_exists(path) && !home_config(home, &config) &&
	    config.space_reserve_mb)
		reserve = config.space_reserve_mb << 20;
	return 2 * reserve;
}

int snapshot_open(const struct home *home, struct snapshot *s, int *error, char why[256])
{
	/* Where a process has it that nobody can ask, the lock says which. */
	bool running = store_is_held(home->path) && control_listens(home->path);
	*s = (struct snapshot){.home = home, .running = running, .link = {.fd = -1}};
	*error = 0;
	arena_init(&s->link.arena, 0);
	if (!s->running) {
		*error = store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, true, &s->store,
		                    why);
		return *error ? EXIT_FAILED : 0;
	}
	int code = open_beside(s, error, why);
	if (code) {
		snapshot_close(s);
		return code;
	}
	s->reserve = snapshot_reserve(home);
	s->began_ms = clocks_monotonic_ms();
	s->size_at_first = store_size(s->home->path);
	s->size_most = s->size_at_first + (s->size_at_first / 2 > GROWTH_MIN ? s->size_at_first / 2 : GROWTH_MIN);
	return 0;
}

int snapshot_watch(struct snapshot *s)
{
	struct statvfs fs;
	uint64_t now = clocks_monotonic_ms();
	if (!s->running || now - s->looked_ms < LOOK_EVERY_MS)
		return 0;
	s->looked_ms = now;
	uint64_t size = store_size(s->home->path);
	if (size > s->size_most)
		return command_error(
		    EXIT_FAILED,
		    "%s/data has grown by %" PRIu64 " MiB in %" PRIu64
		    " s, since the validator frees nothing while its home is read: given up. Try it at "
		    "a quieter time, or on a backup",
		    s->home->path, (size - s->size_at_first) >> 20, (now - s->began_ms) / 1000);
	if (!statvfs(s->home->path, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < s->reserve)
		return command_error(EXIT_FAILED,
		                     "%s has less than %" PRIu64
		                     " MiB left, and its validator will soon stop voting: given up. Free some space",
		                     s->home->path, s->reserve >> 20);
	return 0;
}

void snapshot_close(struct snapshot *s)
{
	store_close(s->store);
	s->store = NULL;
	control_hang_up(&s->link);
}
