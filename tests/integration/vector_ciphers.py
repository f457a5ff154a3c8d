"""The ciphers of links and files, for the vectors: X25519, ChaCha20-Poly1305 with both nonces, SipHash-2-4. Slow, and not
constant in time."""

P = 2**255 - 19


def x25519(secret, point):
	"""RFC 7748."""
	scalar = int.from_bytes(secret, "little") & ((1 << 254) - 8) | 1 << 254
	p, u = P, int.from_bytes(point, "little") & (2**255 - 1)
	x2, z2, x3, z3, swap = 1, 0, u, 1, 0
	for t in reversed(range(255)):
		bit = scalar >> t & 1
		if swap ^ bit:
			x2, x3, z2, z3 = x3, x2, z3, z2
		swap = bit
		a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
		da, cb, aa, bb = d * a % p, c * b % p, a * a % p, b * b % p
		x3, z3 = (da + cb) ** 2 % p, u * (da - cb) ** 2 % p
		x2, z2 = aa * bb % p, (aa - bb) * (aa + 121665 * (aa - bb)) % p
	if swap:
		x2, z2 = x3, z3
	return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


NINE = bytes([9]) + bytes(31)


def rotate(value, count):
	return (value << count | value >> 32 - count) & 0xFFFFFFFF


def chacha_rounds(state):
	for _ in range(10):
		for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12),
				(2, 7, 8, 13), (3, 4, 9, 14)):
			for x, y, z, count in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
				state[x] = (state[x] + state[y]) & 0xFFFFFFFF
				state[z] = rotate(state[z] ^ state[x], count)
	return state


def words_of(data):
	return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def bytes_of_words(words):
	return b"".join(word.to_bytes(4, "little") for word in words)


CHACHA = words_of(b"expand 32-byte k")


def chacha_block(key, counter, nonce):
	state = CHACHA + words_of(key) + [counter] + words_of(nonce)
	return bytes_of_words((a + b) & 0xFFFFFFFF for a, b in zip(chacha_rounds(list(state)), state))


def seal(key, nonce, plain, associated):
	"""ChaCha20-Poly1305 (RFC 8439)."""
	cipher = b""
	for i in range(0, len(plain), 64):
		block = chacha_block(key, 1 + i // 64, nonce)
		cipher += bytes(a ^ b for a, b in zip(plain[i : i + 64], block))
	one_time = chacha_block(key, 0, nonce)
	r, s = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, int.from_bytes(one_time[16:32], "little")
	text = associated + bytes(-len(associated) % 16) + cipher + bytes(-len(cipher) % 16)
	text += len(associated).to_bytes(8, "little") + len(cipher).to_bytes(8, "little")
	total = 0
	for i in range(0, len(text), 16):
		total = (total + int.from_bytes(text[i : i + 16] + b"\x01", "little")) * r % (2**130 - 5)
	return cipher + ((total + s) % 2**128).to_bytes(16, "little")


def seal_long_nonce(key, nonce, plain, associated):
	"""XChaCha20-Poly1305: the key of HChaCha20 over the first 16 bytes of the nonce."""
	state = chacha_rounds(CHACHA + words_of(key) + words_of(nonce[:16]))
	return seal(bytes_of_words(state[:4] + state[12:]), bytes(4) + nonce[16:], plain, associated)


def siphash(key, data):
	mask = 2**64 - 1

	def turn(value, count):
		return (value << count | value >> 64 - count) & mask

	def rounds(v, count):
		for _ in range(count):
			v[0], v[2] = (v[0] + v[1]) & mask, (v[2] + v[3]) & mask
			v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
			v[0] = turn(v[0], 32)
			v[2], v[0] = (v[2] + v[1]) & mask, (v[0] + v[3]) & mask
			v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
			v[2] = turn(v[2], 32)

	k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
	v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
	data += bytes(-(len(data) + 1) % 8) + bytes([len(data) % 256])
	for i in range(0, len(data), 8):
		word = int.from_bytes(data[i : i + 8], "little")
		v[3] ^= word
		rounds(v, 2)
		v[0] ^= word
	v[2] ^= 0xFF
	rounds(v, 4)
	return v[0] ^ v[1] ^ v[2] ^ v[3]
