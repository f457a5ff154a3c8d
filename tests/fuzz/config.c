/* unciad.conf. What is wrong is said in one line, which is formatted as ever but goes nowhere. */
#include "config.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "command.h"
#include "complaints.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	static int file = -1;
	char path[64], text[ENDPOINT_TEXT_SIZE], differences[64];

	if (file < 0)
		file = memfd_create("unciad.conf", 0);
	assert(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	complaints = 0;
	int code = config_load(path, FUZZ_VALIDATORS, &config);
	/* "Returns an exit code": refused in exactly one sentence, or taken in silence. */
	assert(code == EXIT_DONE ? !complaints : complaints == 1);
	if (code != EXIT_DONE)
		return 0;
	assert(config.listen.port);
	endpoint_format(&config.listen, text);
	if (config.metrics.port)
		endpoint_format(&config.metrics, text);
	config_differences(&config, &(const struct config){.log_level = LOG_LEVEL_INFO}, differences,
	                   sizeof(differences));
	assert(!strncmp(differences, "listen", strlen("listen")) && strlen(config.log) < sizeof(config.log));
	return 0;
}
