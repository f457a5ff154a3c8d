/* Files that a command writes for its user. */
#include "new_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "command.h"

int new_file_write(const char *path, mode_t mode, bool (*write)(FILE *file, const void *what), const void *what)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool written = file && write(file, what) && fflush(file) == 0 && !ferror(file);
	int why = errno;
	if (file && fclose(file) != 0 && written) {
		written = false;
		why = errno;
	}
	if (!file && fd >= 0)
		close(fd);
	if (!written && fd >= 0)
		unlink(path);
	return written ? 0 : cli_complain(EXIT_FAILED, "%s: %s", path, strerror(why));
}
