/* Bech32m (BIP-350): see bech32m.h. */
#include "bech32m.h"
#include <assert.h>
#include <string.h>
#include "uncia/error.h"

#define TEXT_LENGTH_MAX  90
#define BECH32M_CONSTANT 0x2bc830a3u

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

uint32_t bech32m_add(uint32_t state, uint8_t group)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = state >> 25;

	state = (state & 0x1ffffff) << 5 ^ group;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			state ^= generator[i];
	return state;
}

/* High bits of its characters, a zero, their low bits. */
uint32_t bech32m_begin(const char *hrp, size_t size)
{
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++)
		state = bech32m_add(state, (uint8_t)hrp[i] >> 5);
	state = bech32m_add(state, 0);
	for (size_t i = 0; i < size; i++)
		state = bech32m_add(state, (uint8_t)hrp[i] & 31);
	return state;
}

bool bech32m_holds(uint32_t state)
{
	return state == BECH32M_CONSTANT;
}

void bech32m_end(uint32_t state, char checksum[BECH32M_CHECKSUM])
{
	for (int i = 0; i < BECH32M_CHECKSUM; i++)
		state = bech32m_add(state, 0);
	state ^= BECH32M_CONSTANT;
	for (int i = 0; i < BECH32M_CHECKSUM; i++)
		checksum[i] = charset[state >> 5 * (BECH32M_CHECKSUM - 1 - i) & 31];
}

int bech32m_group(char character)
{
	if (character >= 'A' && character <= 'Z')
		character = (char)(character - 'A' + 'a');
	const char *place = character != '\0' ? strchr(charset, character) : NULL;
	return place ? (int)(place - charset) : -1;
}

char bech32m_character(uint8_t group)
{
	assert(group < 32);
	return charset[group];
}

int bech32m_encode(const char *hrp, const uint8_t *data, size_t data_size, char *text, size_t text_size)
{
	size_t hrp_length = strlen(hrp);

	if (hrp_length < 1 || hrp_length > TEXT_LENGTH_MAX || data_size > TEXT_LENGTH_MAX ||
	    hrp_length + 1 + data_size + BECH32M_CHECKSUM > TEXT_LENGTH_MAX ||
	    hrp_length + 1 + data_size + BECH32M_CHECKSUM + 1 > text_size)
		return UNCIA_E_ADDRESS;
	for (size_t i = 0; i < hrp_length; i++)
		if (hrp[i] < 33 || hrp[i] > 126 || (hrp[i] >= 'A' && hrp[i] <= 'Z'))
			return UNCIA_E_ADDRESS;
	for (size_t i = 0; i < data_size; i++)
		if (data[i] > 31)
			return UNCIA_E_ADDRESS;

	uint32_t state = bech32m_begin(hrp, hrp_length);
	memcpy(text, hrp, hrp_length);
	text += hrp_length;
	*text++ = '1';
	for (size_t i = 0; i < data_size; i++) {
		state = bech32m_add(state, data[i]);
		*text++ = bech32m_character(data[i]);
	}
	bech32m_end(state, text);
	text[BECH32M_CHECKSUM] = '\0';
	return 0;
}

/* A lower-case copy; false for characters outside 33..126, mixed case, or a length that cannot be. */
static bool normalise(const char *text, char lower[TEXT_LENGTH_MAX + 1], size_t *length)
{
	bool has_lower = false, has_upper = false;
	size_t n = strnlen(text, TEXT_LENGTH_MAX + 1);

	if (n > TEXT_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 33 || c > 126)
			return false;
		has_lower |= c >= 'a' && c <= 'z';
		has_upper |= c >= 'A' && c <= 'Z';
		lower[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	lower[n] = '\0';
	*length = n;
	return !(has_lower && has_upper);
}

int bech32m_decode(const char *text, char *hrp, size_t hrp_size, uint8_t *data, size_t *data_size)
{
	char lower[TEXT_LENGTH_MAX + 1] = "";
	uint8_t groups[TEXT_LENGTH_MAX] = {0};
	size_t length;

	if (!text || !normalise(text, lower, &length))
		return UNCIA_E_ADDRESS;
	const char *separator = strrchr(lower, '1');
	if (!separator || separator == lower)
		return UNCIA_E_ADDRESS;
	size_t hrp_length = (size_t)(separator - lower), count = length - hrp_length - 1;
	if (count < BECH32M_CHECKSUM || hrp_length + 1 > hrp_size || count - BECH32M_CHECKSUM > *data_size)
		return UNCIA_E_ADDRESS;

	uint32_t state = bech32m_begin(lower, hrp_length);
	for (size_t i = 0; i < count; i++) {
		int group = bech32m_group(separator[1 + i]);
		if (group < 0)
			return UNCIA_E_ADDRESS;
		groups[i] = (uint8_t)group;
		state = bech32m_add(state, groups[i]);
	}
	if (!bech32m_holds(state))
		return UNCIA_E_ADDRESS;
	memcpy(hrp, lower, hrp_length);
	hrp[hrp_length] = '\0';
	if (count > BECH32M_CHECKSUM)
		memcpy(data, groups, count - BECH32M_CHECKSUM);
	*data_size = count - BECH32M_CHECKSUM;
	return 0;
}
