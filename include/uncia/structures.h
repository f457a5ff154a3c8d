/* The structures of libuncia by name, for languages that call it without a C compiler (ABI mode): they ask here how
 * large a structure is and where its members are, and need no number of their own. Programs in C need none of this.
 * Included by uncia.h, which says what holds for every function. */
#ifndef UNCIA_STRUCTURES_H
#define UNCIA_STRUCTURES_H

#include <stddef.h>
#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a member of a structure is. */
enum uncia_member_kind {
	UNCIA_MEMBER_UNSIGNED = 1, /* an unsigned number, an enum or a bool, of the machine's byte order */
	UNCIA_MEMBER_SIGNED = 2,   /* a signed number: error codes */
	UNCIA_MEMBER_TEXT = 3,     /* NUL-terminated text in its place, UTF-8 */
	UNCIA_MEMBER_BYTES = 4,    /* bytes in their place: ids, hashes, tags */
	UNCIA_MEMBER_POINTER = 5   /* the address of something else: text, bytes, structures, a function */
};

/* The size of a structure with public members, such as "uncia_event", in bytes: also from one element of an array to
 * the next. 0 for NULL, and where there is none of that name. Threads: any. */
UNCIA_API size_t uncia_struct_size(const char *name);

/* One of its members, numbered from 0 in the order of the header.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last, and where there is no structure of that name; UNCIA_E_ARGUMENT for NULL.
 * Out: *member: its name, static text; *kind: an enum uncia_member_kind; *offset and *size: where it is in the
 * structure, and its size, in bytes. Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_struct_member(const char *name, size_t number, const char **member, int *kind,
                                                   size_t *offset, size_t *size);

/* So many structures in a row, all zeros but for the members called `size`, which are set. NULL where there is none of
 * that name, for a count of 0, and where memory ends. Owns: the caller frees with uncia_struct_free. Threads: any. */
UNCIA_API void *uncia_struct_new(const char *name, size_t count);

/* Frees what uncia_struct_new gave, not what its members point to; NULL is fine.
 * Threads: any. */
UNCIA_API void uncia_struct_free(void *structures);

#ifdef __cplusplus
}
#endif
#endif
