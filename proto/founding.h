/* The texts by which several people make a genesis together (docs/spec/texts.md §13): an operator's line, which states
 * his validator and is signed by both of its keys, and his agreement to a genesis. Their form is that of texts in chats
 * (frame.h), under prefixes of their own. Threads: any, once sign_self_test has returned 0. */
#ifndef FOUNDING_H
#define FOUNDING_H
#include "committee.h"
#include "ini_text.h"
#include "network_proof.h"

#define FOUNDING_NAME_SIZE 33u /* of a network, NUL included */

struct operator_line {
	char name[FOUNDING_NAME_SIZE]; /* of the network that it is for */
	struct validator validator;
	char host[HOST_SIZE_MAX]; /* where the validator listens */
	uint16_t port;
	uint8_t network_proof[NETWORK_PROOF_SIZE];
	uint8_t signature[SIGNATURE_SIZE]; /* by the consensus key */
};

/* That an operator agrees to a genesis. */
struct agreement {
	struct hash network_id; /* the genesis' hash */
	uint8_t consensus_key[PUBLIC_KEY_SIZE];
	uint8_t signature[SIGNATURE_SIZE];
};

/* What a text of several people's is, by its beginning. */
enum founding_text { FOUNDING_NONE, FOUNDING_LINE, FOUNDING_AGREEMENT };

#define LINE_TEXT_SIZE      720u /* NUL included */
#define AGREEMENT_TEXT_SIZE 240u

/* Signs a line whose statement (name, validator, host, port) is filled in. Returns 0; UNCIA_E_CONFIG (a statement that
 * operator_line_read would not take); UNCIA_E_LIBRARY. */
int operator_line_sign(struct operator_line *line, const uint8_t consensus_secret[SECRET_KEY_SIZE],
                       const uint8_t network_secret[32]);
/* Whether both signatures hold: that of the consensus key, and the network key's proof. Returns 0; UNCIA_E_SIGNATURE
 * (the consensus key's); UNCIA_E_PROOF (the network key's). */
int operator_line_check(const struct operator_line *line);
/* Writes a signed line as one text. Cannot fail. */
void operator_line_write(const struct operator_line *line, char text[LINE_TEXT_SIZE]);
/* Reads one text that has been cleaned (clean.h). Its signatures are not looked at. Returns 0; UNCIA_E_CHANGED (the
 * checksum does not hold); UNCIA_E_NEWER; UNCIA_E_ENCODING (made wrongly, or no line). *line is undefined on errors. */
int operator_line_read(const char *text, struct operator_line *line);
/* Whether two lines state the same: all but the proofs. */
bool operator_line_equal(const struct operator_line *one, const struct operator_line *other);

/* Signs the network id. Returns 0 or UNCIA_E_LIBRARY. */
int agreement_sign(const struct hash *network_id, const uint8_t consensus_key[PUBLIC_KEY_SIZE],
                   const uint8_t consensus_secret[SECRET_KEY_SIZE], struct agreement *agreement);
/* Whether its signature holds, for whichever network id it states. */
bool agreement_holds(const struct agreement *agreement);
/* Writes it as one text. Cannot fail. */
void agreement_write(const struct agreement *agreement, char text[AGREEMENT_TEXT_SIZE]);
/* Reads one text that has been cleaned; the signature is not looked at. Returns as operator_line_read. */
int agreement_read(const char *text, struct agreement *agreement);

/* Which of them a cleaned text begins as, with or without its scheme, in any case. */
enum founding_text founding_text_kind(const char *text);

#endif
