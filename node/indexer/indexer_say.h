/* What uncia-indexer says on standard error, and how it ends. Threads: any. */
#ifndef INDEXER_SAY_H
#define INDEXER_SAY_H

/* The exit codes that it uses of docs/operating.md. Starting again can help after 1 and 6. */
enum indexer_exit {
	INDEXER_DONE = 0,
	INDEXER_FAILED = 1,
	INDEXER_USAGE = 2,
	INDEXER_UNREACHABLE = 6, /* a database or a validator, where it does not wait for them */
	INDEXER_MISMATCH = 7,    /* the database, the validator and the genesis contradict each other */
};

/* Writes "uncia-indexer: …" and a line feed as one piece. Returns `code`. */
int indexer_say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The exit code that ends a command which failed with one of enum uncia_error. */
int indexer_code(int error);

#endif
