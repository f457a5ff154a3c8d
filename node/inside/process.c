/* Reads /proc. See process.h. */
#include "process.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Numbers of proc(5), /proc/PID/stat, counted from the state, which is 3. */
enum {
	STAT_STATE = 3,
	STAT_USER = 14,
	STAT_SYSTEM = 15,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_VIRTUAL = 23,
	STAT_RESIDENT = 24
};

static void read_stat(uint64_t fields[STAT_RESIDENT + 1])
{
	char text[1024], *rest = NULL;
	FILE *file = fopen("/proc/self/stat", "re");
	size_t size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[size] = '\0';
	char *behind = strrchr(text, ')'); /* the program's name, which may be anything */
	char *field = behind ? strtok_r(behind + 1, " ", &rest) : NULL;
	for (unsigned i = STAT_STATE; field && i <= STAT_RESIDENT; i++, field = strtok_r(NULL, " ", &rest))
		fields[i] = strtoull(field, NULL, 10); /* 0 of what is no number */
}

static uint64_t count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!directory)
		return 0;
	for (const struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count - 1; /* the one that reads them */
}

/* By the clocks of now: a millisecond more or less, each time that it is asked for. */
static uint64_t started_ms(uint64_t ticks_since_boot, uint64_t ticks)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (uint64_t)(wall.tv_sec - boot.tv_sec) * 1000 + (uint64_t)((wall.tv_nsec - boot.tv_nsec) / 1000000) +
	       ticks_since_boot * 1000 / ticks;
}

void process_measure(struct process_figures *figures)
{
	uint64_t fields[STAT_RESIDENT + 1] = {0}, ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	struct rlimit limit;

	read_stat(fields);
	*figures = (struct process_figures){
	    .cpu_ms = (fields[STAT_USER] + fields[STAT_SYSTEM]) * 1000 / ticks,
	    .start_ms = figures->start_ms ? figures->start_ms : started_ms(fields[STAT_START], ticks),
	    .resident = fields[STAT_RESIDENT] * (uint64_t)sysconf(_SC_PAGESIZE),
	    .virtual_size = fields[STAT_VIRTUAL],
	    .threads = fields[STAT_THREADS],
	    .descriptors = count_descriptors(),
	    .descriptors_max = getrlimit(RLIMIT_NOFILE, &limit) ? 0 : limit.rlim_cur,
	};
}
