/* The version of libuncia: of the headers that a program is compiled against, and of the library that it runs with.
 * Included by uncia.h, which says what holds for every function. */
#ifndef UNCIA_VERSION_H
#define UNCIA_VERSION_H

#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of these headers. Until 1.0 another minor number may mean another interface; the shared library's name (its soname,
 * libuncia.so.0) changes where a program has to be compiled anew. */
#define UNCIA_VERSION_MAJOR 0
#define UNCIA_VERSION_MINOR 1
#define UNCIA_VERSION_PATCH 0
#define UNCIA_VERSION       "0.1.0"

/* A version as one number, each of the last two parts below 1000; and that of these headers: where something came with
 * 0.2.0, #if UNCIA_VERSION_NUMBER >= UNCIA_VERSION_MAKE(0, 2, 0). */
#define UNCIA_VERSION_MAKE(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define UNCIA_VERSION_NUMBER                    UNCIA_VERSION_MAKE(UNCIA_VERSION_MAJOR, UNCIA_VERSION_MINOR, UNCIA_VERSION_PATCH)

/* The version of the library that runs, such as "0.1.0"; UNCIA_VERSION is what the program was compiled against. Static
 * text.
 * Threads: any. */
UNCIA_API const char *uncia_version(void);

/* The same as a number.
 * Returns: what UNCIA_VERSION_MAKE makes of it.
 * Threads: any. */
UNCIA_API int uncia_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
