/* POSIX and Windows; see system.h. */
#include "system.h"
#include <stdbool.h>
#include <uncia/error.h>
#ifdef _WIN32
#include <windows.h>
#include <bcrypt.h>
#else
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#endif
#ifdef __APPLE__
#include <sys/random.h>
#endif

#ifndef _WIN32
#define ENTROPY_MAX 256u /* that getentropy gives at once */

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec t;
	return clock_gettime(clock, &t) == 0 ? (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 : 0;
}
#endif

/* Not libsodium's randombytes_buf: that ends the process where the system gives no randomness. */
int system_random(void *context, void *buffer, size_t size)
{
	(void)context;
#ifdef _WIN32
	bool given =
	    size <= ULONG_MAX && BCryptGenRandom(NULL, buffer, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) >= 0;
	return given ? 0 : UNCIA_E_RANDOM;
#else
	for (size_t done = 0; done < size; done += ENTROPY_MAX) {
		size_t left = size - done;
		if (getentropy((uint8_t *)buffer + done, left < ENTROPY_MAX ? left : ENTROPY_MAX) != 0)
			return UNCIA_E_RANDOM;
	}
	return 0;
#endif
}

uint64_t system_now_ms(void *context)
{
	(void)context;
#if defined(_WIN32)
	return GetTickCount64();
#elif defined(CLOCK_BOOTTIME)
	return clock_ms(CLOCK_BOOTTIME); /* Linux: the other one stands still while the device sleeps */
#else
	return clock_ms(CLOCK_MONOTONIC);
#endif
}

uint64_t system_slept_ms(void)
{
#if defined(CLOCK_BOOTTIME) && !defined(_WIN32)
	/* In this order: what passes between the two makes it less, and is no sleep. */
	uint64_t with = clock_ms(CLOCK_BOOTTIME), without = clock_ms(CLOCK_MONOTONIC);
	return with > without ? with - without : 0;
#else
	return 0;
#endif
}

uint64_t system_wall_ms(void *context)
{
	(void)context;
#ifdef _WIN32
	FILETIME time; /* of 100 ns since 1601 */
	GetSystemTimeAsFileTime(&time);
	return ((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) / 10000 - UINT64_C(11644473600000);
#else
	return clock_ms(CLOCK_REALTIME);
#endif
}

long system_process(void)
{
#ifdef _WIN32
	return (long)GetCurrentProcessId();
#else
	return (long)getpid();
#endif
}

/* Before Linux 4.14, and on other systems, there is no such advice: the child finds the keys, and only wallet_usable,
 * which knows it by its process id, keeps it from using them. On Windows and in WebAssembly nothing forks. */
void system_wipe_on_fork(void *memory, size_t size)
{
#if defined(MADV_WIPEONFORK) && !defined(__EMSCRIPTEN__)
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)memory / page * page;
	uintptr_t end = ((uintptr_t)memory + size + page - 1) / page * page;
	madvise((void *)first, end - first, MADV_WIPEONFORK);
#else
	(void)memory;
	(void)size;
#endif
}
