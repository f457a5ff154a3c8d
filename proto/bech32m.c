/* Bech32m (BIP-350): 5-bit groups as text under a checksum. address.c gives the groups their meaning. */
#include <string.h>
#include "address.h"
#include "uncia/error.h"

#define CHECKSUM_GROUPS  6
#define TEXT_LENGTH_MAX  90
#define BECH32M_CONSTANT 0x2bc830a3u

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod_step(uint32_t state, uint8_t value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = state >> 25;

	state = (state & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			state ^= generator[i];
	return state;
}

/* The checksum's state after the human-readable part: high bits, a zero, low bits. */
static uint32_t polymod_hrp(const char *hrp, size_t size)
{
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++)
		state = polymod_step(state, (uint8_t)hrp[i] >> 5);
	state = polymod_step(state, 0);
	for (size_t i = 0; i < size; i++)
		state = polymod_step(state, (uint8_t)hrp[i] & 31);
	return state;
}

int bech32m_encode(const char *hrp, const uint8_t *data, size_t data_size, char *text, size_t text_size)
{
	size_t hrp_length = strlen(hrp);

	if (hrp_length < 1 || hrp_length > TEXT_LENGTH_MAX || data_size > TEXT_LENGTH_MAX ||
	    hrp_length + 1 + data_size + CHECKSUM_GROUPS > TEXT_LENGTH_MAX ||
	    hrp_length + 1 + data_size + CHECKSUM_GROUPS + 1 > text_size)
		return UNCIA_E_ADDRESS;
	for (size_t i = 0; i < hrp_length; i++)
		if (hrp[i] < 33 || hrp[i] > 126 || (hrp[i] >= 'A' && hrp[i] <= 'Z'))
			return UNCIA_E_ADDRESS;
	for (size_t i = 0; i < data_size; i++)
		if (data[i] > 31)
			return UNCIA_E_ADDRESS;

	uint32_t state = polymod_hrp(hrp, hrp_length);
	memcpy(text, hrp, hrp_length);
	text += hrp_length;
	*text++ = '1';
	for (size_t i = 0; i < data_size; i++) {
		state = polymod_step(state, data[i]);
		*text++ = charset[data[i]];
	}
	for (int i = 0; i < CHECKSUM_GROUPS; i++)
		state = polymod_step(state, 0);
	state ^= BECH32M_CONSTANT;
	for (int i = 0; i < CHECKSUM_GROUPS; i++)
		*text++ = charset[state >> 5 * (CHECKSUM_GROUPS - 1 - i) & 31];
	*text = '\0';
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
	if (count < CHECKSUM_GROUPS || hrp_length + 1 > hrp_size || count - CHECKSUM_GROUPS > *data_size)
		return UNCIA_E_ADDRESS;

	uint32_t state = polymod_hrp(lower, hrp_length);
	for (size_t i = 0; i < count; i++) {
		const char *place = strchr(charset, separator[1 + i]);
		if (!place)
			return UNCIA_E_ADDRESS;
		groups[i] = (uint8_t)(place - charset);
		state = polymod_step(state, groups[i]);
	}
	if (state != BECH32M_CONSTANT)
		return UNCIA_E_ADDRESS;
	memcpy(hrp, lower, hrp_length);
	hrp[hrp_length] = '\0';
	if (count > CHECKSUM_GROUPS)
		memcpy(data, groups, count - CHECKSUM_GROUPS);
	*data_size = count - CHECKSUM_GROUPS;
	return 0;
}
