/* What of an environment's map counts as this process's memory. Pages of the file that were read through the map stay
 * mapped, and resident, though they are the page cache's: who catches up, or serves those who do, would seem to hold
 * all of the chain in memory, to people and to the kernel where it looks for whom to kill. See environment.h. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "environment.h"

/* LMDB does not say where its map is; the kernel does, by the file's device and number. */
void environment_find_map(struct environment *e)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	struct stat file;
	char line[512];
	int descriptor;

	e->map = NULL;
	if (maps && !mdb_env_get_fd(e->env, &descriptor) && !fstat(descriptor, &file))
		while (!e->map && fgets(line, sizeof(line), maps)) {
			uintptr_t begin, end;
			unsigned major_number, minor_number;
			unsigned long inode;
			/* NOLINTNEXTLINE(cert-err34-c): the kernel's own text */
			if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*4s %*x %x:%x %lu", &begin, &end, &major_number,
			           &minor_number, &inode) != 5 ||
			    makedev(major_number, minor_number) != file.st_dev || inode != file.st_ino)
				continue;
			e->map = (void *)begin; /* NOLINT(performance-no-int-to-ptr): so the kernel says it */
			e->map_size = end - begin;
		}
	if (maps)
		fclose(maps);
}

void environment_release_pages(const struct environment *e)
{
	/* It is mapped shared and read only: nothing is lost, and what is read again is mapped again. */
	if (e->map)
		madvise(e->map, e->map_size, MADV_DONTNEED);
}
