/* Operators' lines and agreements: the vectors byte for byte, and that nothing of them can be changed or made up. */
#include "founding.h"
#include "spec_vectors.h"
#include "uncia/error.h"

static void statement_of(const json_t *vector, struct operator_line *line, uint8_t consensus_secret[SECRET_KEY_SIZE],
                         uint8_t network_secret[32])
{
	uint8_t seed[SEED_SIZE];
	*line = (struct operator_line){.port = (uint16_t)vector_number(vector, "port")};
	strcpy(line->name, vector_text(vector, "name"));
	strcpy(line->host, vector_text(vector, "host"));
	line->validator.weight = vector_number(vector, "weight");
	vector_copy(vector, "consensus_seed", seed, sizeof(seed));
	vector_copy(vector, "network_secret", network_secret, 32);
	ck_assert_int_eq(sign_keypair(seed, line->validator.consensus_key, consensus_secret), 0);
	ck_assert_int_eq(crypto_scalarmult_base(line->validator.network_key, network_secret), 0);
}

START_TEST(lines_are_those_of_the_vectors)
{
	vectors_open("founding");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "lines"), i, vector)
	{
		struct operator_line line, read;
		uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32];
		char text[LINE_TEXT_SIZE];
		statement_of(vector, &line, consensus_secret, network_secret);
		ck_assert_int_eq(operator_line_sign(&line, consensus_secret, network_secret), 0);
		vector_expect(vector, "network_proof", line.network_proof, sizeof(line.network_proof));
		vector_expect(vector, "signature", line.signature, sizeof(line.signature));
		operator_line_write(&line, text);
		ck_assert_str_eq(text, vector_text(vector, "text"));
		ck_assert_int_eq(operator_line_read(text, &read), 0);
		ck_assert_int_eq(operator_line_check(&read), 0);
		ck_assert(operator_line_equal(&read, &line));
	}
	ck_assert_uint_eq(i, 3);
	vectors_close();
}
END_TEST

START_TEST(agreements_are_those_of_the_vectors)
{
	vectors_open("founding");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "agreements"), i, vector)
	{
		struct agreement made, read;
		struct hash network_id;
		uint8_t seed[SEED_SIZE], key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE];
		char text[AGREEMENT_TEXT_SIZE];
		vector_copy(vector, "network_id", network_id.b, HASH_SIZE);
		vector_copy(vector, "consensus_seed", seed, sizeof(seed));
		ck_assert_int_eq(sign_keypair(seed, key, secret), 0);
		ck_assert_int_eq(agreement_sign(&network_id, key, secret, &made), 0);
		agreement_write(&made, text);
		ck_assert_str_eq(text, vector_text(vector, "text"));
		ck_assert_int_eq(agreement_read(text, &read), 0);
		ck_assert(agreement_holds(&read));
		read.network_id.b[31] ^= 1;
		ck_assert(!agreement_holds(&read));
		read.network_id.b[31] ^= 1;
		read.consensus_key[0] ^= 1;
		ck_assert(!agreement_holds(&read));
	}
	ck_assert_uint_eq(i, 2);
	vectors_close();
}
END_TEST

static void first_line(struct operator_line *line, uint8_t consensus_secret[SECRET_KEY_SIZE],
                       uint8_t network_secret[32])
{
	vectors_open("founding");
	statement_of(json_array_get(vector_at(NULL, "lines"), 0), line, consensus_secret, network_secret);
	vectors_close();
	ck_assert_int_eq(operator_line_sign(line, consensus_secret, network_secret), 0);
}

START_TEST(a_line_with_anything_changed_does_not_hold)
{
	struct operator_line line, changed;
	uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32];
	first_line(&line, consensus_secret, network_secret);
	changed = line;
	changed.validator.weight++;
	ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_SIGNATURE);
	ck_assert(!operator_line_equal(&changed, &line));
	changed = line;
	changed.port++;
	ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_SIGNATURE);
	changed = line;
	changed.host[0] = 'w';
	ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_SIGNATURE);
	changed = line;
	changed.name[0] ^= 1;
	ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_SIGNATURE);
	changed = line;
	changed.validator.network_key[0] ^= 1;
	ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_SIGNATURE);
	for (size_t i = 0; i < NETWORK_PROOF_SIZE; i++) {
		changed = line;
		changed.network_proof[i] ^= 0x10;
		ck_assert_int_eq(operator_line_check(&changed), UNCIA_E_PROOF);
	}
}
END_TEST

/* Whoever states another's network key beside his own consensus key signs validly, and lacks the proof. */
START_TEST(nobody_states_a_network_key_that_is_not_his)
{
	struct operator_line line;
	uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32], other[32] = {7};
	first_line(&line, consensus_secret, network_secret);
	ck_assert_int_eq(operator_line_sign(&line, consensus_secret, other), 0);
	ck_assert_int_eq(operator_line_check(&line), UNCIA_E_PROOF);
	ck_assert_int_eq(crypto_scalarmult_base(line.validator.network_key, other), 0);
	ck_assert_int_eq(operator_line_sign(&line, consensus_secret, other), 0);
	ck_assert_int_eq(operator_line_check(&line), 0);
}
END_TEST

START_TEST(every_network_key_can_be_proved)
{
	for (unsigned i = 0; i < 200; i++) {
		const struct hash digest = {{(uint8_t)i, 1}};
		uint8_t secret[32], key[32], proof[NETWORK_PROOF_SIZE];
		memset(secret, (int)(i * 7 + 1), sizeof(secret));
		secret[0] = (uint8_t)(i ^ 0xff);
		secret[31] = (uint8_t)(i * 3);
		ck_assert_int_eq(crypto_scalarmult_base(key, secret), 0);
		ck_assert_int_eq(network_proof_make(secret, &digest, proof), 0);
		ck_assert(network_proof_holds(key, &digest, proof));
		ck_assert(!network_proof_holds(key, &(struct hash){{(uint8_t)i, 2}}, proof));
	}
}
END_TEST

START_TEST(what_no_line_can_say_is_neither_signed_nor_read)
{
	struct operator_line line, wrong;
	uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32];
	char text[LINE_TEXT_SIZE];
	first_line(&line, consensus_secret, network_secret);
	for (unsigned i = 0; i < 6; i++) {
		wrong = line;
		if (i == 0)
			wrong.validator.weight = 0;
		else if (i == 1)
			wrong.validator.weight = UINT64_C(1) << 62;
		else if (i == 2)
			strcpy(wrong.name, " town");
		else if (i == 3)
			strcpy(wrong.host, "a\033b");
		else if (i == 4)
			wrong.port = 0;
		else
			memset(wrong.validator.consensus_key, 0, 32);
		ck_assert_int_eq(operator_line_sign(&wrong, consensus_secret, network_secret), UNCIA_E_CONFIG);
		operator_line_write(&wrong, text);
		ck_assert_int_eq(operator_line_read(text, &wrong), UNCIA_E_ENCODING);
	}
}
END_TEST

START_TEST(a_text_that_was_cut_or_changed_is_not_read)
{
	struct operator_line line;
	struct agreement agreement;
	uint8_t consensus_secret[SECRET_KEY_SIZE], network_secret[32];
	char text[LINE_TEXT_SIZE];
	first_line(&line, consensus_secret, network_secret);
	operator_line_write(&line, text);
	size_t size = strlen(text);
	for (size_t i = strlen("uncia:uncline1"); i < size; i++) {
		char cut[LINE_TEXT_SIZE];
		strcpy(cut, text);
		cut[i] = '\0';
		ck_assert_int_eq(operator_line_read(cut, &line), UNCIA_E_CHANGED);
		strcpy(cut, text);
		cut[i] = cut[i] == 'q' ? 'p' : 'q';
		ck_assert_int_eq(operator_line_read(cut, &line), UNCIA_E_CHANGED);
	}
	ck_assert_int_eq(agreement_read(text, &agreement), UNCIA_E_ENCODING);
	ck_assert_int_eq(founding_text_kind(text), FOUNDING_LINE);
	ck_assert_int_eq(founding_text_kind("uncia:uncagree1p"), FOUNDING_AGREEMENT);
	ck_assert_int_eq(founding_text_kind("uncia:uncwho1p"), FOUNDING_NONE);
	ck_assert_int_eq(operator_line_read("", &line), UNCIA_E_ENCODING);
}
END_TEST

UNIT_MAIN("founding", lines_are_those_of_the_vectors, agreements_are_those_of_the_vectors,
          a_line_with_anything_changed_does_not_hold, nobody_states_a_network_key_that_is_not_his,
          every_network_key_can_be_proved, what_no_line_can_say_is_neither_signed_nor_read,
          a_text_that_was_cut_or_changed_is_not_read)
