/* The vectors of the specification, made from it alone: stored records and seals. */
#include "fixture.h"
#include "hash.h"
#include "spec_vectors.h"
#include "wal_files.h"

START_TEST(records_are_those_of_the_vectors)
{
	vectors_open("storage");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "records"), i, vector)
	{
		struct bytes key = vector_bytes(vector, "key"), payload = vector_bytes(vector, "payload");
		struct place place = {*vector_text(vector, "environment"), (uint8_t)vector_number(vector, "table"),
		                      key.data, key.size};
		uint8_t record[256];
		ck_assert_uint_le(payload.size + RECORD_OVERHEAD, sizeof(record));
		record_write(&place, payload.data, payload.size, record);
		vector_expect(vector, "record", record, payload.size + RECORD_OVERHEAD);
	}
	ck_assert_uint_gt(i, 3);
	vectors_close();
}
END_TEST

/* The records of the journal, one after the other, and an end of votes. */
START_TEST(pieces_are_those_of_the_vectors)
{
	static uint8_t bytes[PIECE_PAGE], seal[WAL_SEAL_SIZE];
	struct journal_write writes[8];
	size_t i, count = 0;
	vectors_open("storage");
	const json_t *vector, *piece = vector_at(NULL, "piece");
	json_array_foreach(vector_at(NULL, "records"), i, vector)
	{
		struct bytes key = vector_bytes(vector, "key"), payload = vector_bytes(vector, "payload");
		if (*vector_text(vector, "environment") == 'j')
			writes[count++] = (struct journal_write){(enum journal_table)vector_number(vector, "table"),
			                                         key.data,
			                                         payload.data,
			                                         key.size,
			                                         payload.size,
			                                         0};
	}
	writes[count++] = (struct journal_write){.view = vector_number(piece, "forgets")};
	struct piece_header found, header = {.sequence = vector_number(piece, "sequence"),
	                                     .previous = be64_get(vector_bytes(piece, "previous").data)};
	memcpy(header.log_id, vector_bytes(piece, "log_id").data, WAL_ID_SIZE);
	piece_measure(writes, count, &header);
	ck_assert_uint_eq(piece_size(&header), sizeof(bytes));
	piece_encode(&header, writes, bytes);
	vector_expect(piece, "piece", bytes, sizeof(bytes));
	ck_assert(piece_header_read(bytes, header.log_id, &found));
	ck_assert(piece_is_whole(&found, bytes));
	wal_seal_make(header.sequence, header.checksum, seal);
	vector_expect(piece, "seal", seal, sizeof(seal));
	vectors_close();
}
END_TEST

/* The seal over a header page, as the page says it (storage §2). */
static void seal_of(uint64_t number, const void *page, size_t size, uint8_t seal[24])
{
	static const uint8_t header_key[16] = "uncia.header.v1", seal_key[16] = "uncia.seal.v1";
	be64_put(seal, number);
	be64_put(seal + 8, siphash(header_key, page, size));
	be64_put(seal + 16, siphash(seal_key, seal, 16));
}

START_TEST(seals_are_made_as_that_of_the_vector)
{
	vectors_open("storage");
	const json_t *vector = vector_at(NULL, "seal");
	struct bytes page = vector_bytes(vector, "header_page");
	uint8_t seal[24];
	seal_of(vector_number(vector, "commit"), page.data, page.size, seal);
	vector_expect(vector, "seal", seal, sizeof(seal));
	vectors_close();
	/* And so are those of a home. */
	static const char *const names[] = {"data/journal", "data/state"};
	for (size_t i = 0; i < 2; i++) {
		char path[128];
		size_t size, sealed_size;
		snprintf(path, sizeof(path), "%s/%s/seal", home, names[i]);
		uint8_t *sealed = fixture_read(path, &sealed_size);
		snprintf(path, sizeof(path), "%s/%s/data.mdb", home, names[i]);
		uint8_t *data = fixture_read(path, &size);
		ck_assert_uint_eq(sealed_size, sizeof(seal));
		uint64_t number = be64_get(sealed);
		size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
		ck_assert_uint_ge(size, 2 * page_size);
		seal_of(number, data + number % 2 * page_size, page_size, seal);
		ck_assert_mem_eq(seal, sealed, sizeof(seal));
		free(sealed);
		free(data);
	}
}
END_TEST

UNIT_MAIN_BETWEEN("store_vectors", fixture_up, fixture_down, records_are_those_of_the_vectors,
                  pieces_are_those_of_the_vectors, seals_are_made_as_that_of_the_vector)
