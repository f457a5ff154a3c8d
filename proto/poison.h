/* Marking memory that is spare, so that AddressSanitizer sees whoever touches it. Without that sanitizer, nothing: its
 * header need not be there. */
#ifndef POISON_H
#define POISON_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define POISON_SEEN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define POISON_SEEN
#endif

#ifdef POISON_SEEN
#include <sanitizer/asan_interface.h>
#define memory_poison(memory, size)   ASAN_POISON_MEMORY_REGION(memory, size)
#define memory_unpoison(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define memory_poison(memory, size)   ((void)(memory), (void)(size))
#define memory_unpoison(memory, size) ((void)(memory), (void)(size))
#endif

#endif
