/* Passing an error on: the one macro that returns from its caller. */
#ifndef TRY_H
#define TRY_H

/* Evaluates a call that returns 0 or more, or a negative error code (include/uncia/error.h): an error is returned to
 * the caller's caller at once. Not where something has to be given back first. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		int try_ = (call);                                                                                     \
		if (try_ < 0)                                                                                          \
			return try_;                                                                                   \
	} while (0)

#endif
