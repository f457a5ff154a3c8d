#!/usr/bin/env python3
"""An independent verifier of receipts (and of account proofs, as a function), written from docs/spec with nothing but
Python's standard library, to show that the specification is enough. It is for tests: slow, and not constant in time.

usage: verify_receipt.py NETWORK_FILE RECEIPT|-

Prints what the receipt proves as one JSON object. Exit codes: 0 it holds, 7 it does not, 2 usage or network file."""

import base64
import hashlib
import json
import os
import re
import sys

# ---- limits (network.md, "Limits") ---------------------------------------------------------------

PAYMENT_SIZE_MAX = 16 << 10
PAYMENT_OUTPUTS_MAX = 255
BLOCK_PAYMENTS_MAX = 20000
HEADER_SIZE_MAX = 256
RECEIPT_SIZE_MAX = 256 << 10
RECEIPT_DESCENDANTS_MAX = 256
GENESIS_SIZE_MAX = 64 << 20
COMMITTEE_SIZE_MAX = 128
RECEIPT_PREFIX = "uncia-receipt-1:"


class Invalid(Exception):
	"""The receipt (or the network file) does not hold; says why."""


def require(condition, why):
	if not condition:
		raise Invalid(why)


# ---- encoding.md, "Hashing" ----------------------------------------------------------------------


def tagged_hash(tag, *parts):
	digest = hashlib.blake2b(digest_size=32, person=("uncia." + tag).encode())
	for part in parts:
		digest.update(part)
	return digest.digest()


# ---- encoding.md, "Signatures": Ed25519 with the equation up to the cofactor ----------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)  # extended coordinates X, Y, Z, T


def point_add(a, b):
	e = (a[1] - a[0]) * (b[1] - b[0]) % P
	f = (a[1] + a[0]) * (b[1] + b[0]) % P
	g = 2 * a[3] * b[3] * D % P
	h = 2 * a[2] * b[2] % P
	i, j, k, m = f - e, h - g, h + g, f + e
	return (i * j % P, k * m % P, j * k % P, i * m % P)


def point_multiply(scalar, point):
	result = IDENTITY
	while scalar:
		if scalar & 1:
			result = point_add(result, point)
		point = point_add(point, point)
		scalar >>= 1
	return result


def point_negate(point):
	return (P - point[0], point[1], point[2], P - point[3])


def point_is_identity(point):
	return point[0] == 0 and (point[1] - point[2]) % P == 0


def point_decode(encoded):
	"""None where it is not the canonical encoding of a point of the curve."""
	number = int.from_bytes(encoded, "little")
	sign, y = number >> 255, number & (2**255 - 1)
	if y >= P:
		return None
	x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
	x = pow(x_squared, (P + 3) // 8, P)
	if (x * x - x_squared) % P:
		x = x * SQRT_MINUS_ONE % P
	if (x * x - x_squared) % P or (x == 0 and sign):
		return None
	if x & 1 != sign:
		x = P - x
	return (x % P, y, 1, x * y % P)


def point_encode(point):
	inverse = pow(point[2], P - 2, P)
	x, y = point[0] * inverse % P, point[1] * inverse % P
	return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def broken_rule_given(public_key, challenge, signature):
	"""The lowest rule that this signature breaks, where the hash is this one; 0 where it is valid."""
	key, commitment = point_decode(public_key), point_decode(signature[:32])
	scalar = int.from_bytes(signature[32:], "little")
	if scalar >= L:
		return 1
	if commitment is None:
		return 2
	if not key_valid(public_key):
		return 3
	rest = point_add(point_multiply(scalar, BASE), point_negate(point_multiply(challenge, key)))
	return 0 if point_is_identity(point_multiply(8, point_add(rest, point_negate(commitment)))) else 4


def broken_rule(public_key, message, signature):
	challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % L
	return broken_rule_given(public_key, challenge, signature)


def signature_valid(public_key, message, signature):
	return broken_rule(public_key, message, signature) == 0


def key_valid(public_key):
	"""The canonical encoding of a point of prime order."""
	point = point_decode(public_key)
	return point is not None and not point_is_identity(point) and point_is_identity(point_multiply(L, point))


# ---- encoding.md, "Canonical bytes" --------------------------------------------------------------
# A schema maps a field number to (name, type); a type is U32, U64, F32, BYTES, a schema, or a list of one schema
# (repeated). What does not re-encode to the same bytes is refused.

U32, U64, F32, BYTES = "u32", "u64", "f32", "bytes"

BLOB = {1: ("data", BYTES)}
HEADER = {
	1: ("epoch", U64),
	2: ("view", U64),
	3: ("height", U64),
	4: ("parent_id", BYTES),
	5: ("timestamp_ms", U64),
	6: ("payment_count", U32),
	7: ("payments_root", BYTES),
	8: ("parent_state_root", BYTES),
	9: ("committee_hash", BYTES),
	10: ("proposer", U32),
	11: ("reconfigure", BYTES),
	12: ("closing", U32),
}
CERTIFICATE = {
	1: ("epoch", U64),
	2: ("kind", U32),
	3: ("view", U64),
	4: ("block_id", BYTES),
	5: ("first_signers", BYTES),
	6: ("extra_signers", BYTES),
	7: ("signatures", BYTES),
}
RECEIPT = {
	1: ("payment", BYTES),
	2: ("index", U32),
	3: ("path", BYTES),
	4: ("header", BYTES),
	5: ("descendants", [BLOB]),
	6: ("certificate", BYTES),
}
ACCOUNT_PROOF = {
	1: ("index", U64),
	2: ("group", BYTES),
	3: ("path", BYTES),
	4: ("entry_count", U64),
	5: ("free_head", U64),
	6: ("header", BYTES),
	7: ("descendants", [BLOB]),
	8: ("certificate", BYTES),
}
OUTPUT = {1: ("to", BYTES), 2: ("reference", BYTES), 3: ("amount", U64)}
HOLD = {1: ("lock", BYTES), 2: ("home", BYTES), 3: ("end", F32), 4: ("amount", U64)}
TRANSFER = {1: ("currency", U32), 2: ("outputs", [OUTPUT]), 3: ("holds", [HOLD])}
TAKE = {1: ("opening", BYTES), 2: ("home", BYTES), 3: ("secret", BYTES), 4: ("currency", U32), 5: ("outputs", [OUTPUT])}
GIVE_BACK = {1: ("home", BYTES), 2: ("seal", BYTES), 3: ("currency", U32), 4: ("amount", U64)}
PAYMENT = {1: ("sender", BYTES), 2: ("expires_at", F32), 3: ("nonce", BYTES), 4: ("transfer", TRANSFER), 5: ("memo_hash", BYTES),
	6: ("take", TAKE), 7: ("give_back", GIVE_BACK)}
OPERATIONS = ("transfer", "take", "give_back")
SIGNED_PAYMENT = {1: ("body", BYTES), 2: ("public_key", BYTES), 3: ("signature", BYTES)}
VALIDATOR = {1: ("consensus_key", BYTES), 2: ("network_key", BYTES), 3: ("weight", U64)}
GENESIS_ACCOUNT = {1: ("address", BYTES), 2: ("balance", U64)}
GENESIS = {
	1: ("version", U32),
	2: ("name", BYTES),
	3: ("timestamp_ms", U64),
	4: ("faulty", U64),
	5: ("slow", U64),
	6: ("validators", [VALIDATOR]),
	7: ("currency", U32),
	8: ("currency_code", BYTES),
	9: ("smallest_amount", U64),
	10: ("accounts", [GENESIS_ACCOUNT]),
}


def varint_encode(value):
	encoded = bytearray()
	while value > 127:
		encoded.append(value & 127 | 128)
		value >>= 7
	encoded.append(value)
	return bytes(encoded)


def varint_decode(data, at):
	value = 0
	for shift in range(0, 70, 7):
		require(at < len(data), "cut short")
		value |= (data[at] & 127) << shift
		at += 1
		if data[at - 1] < 128:
			return value, at
	raise Invalid("an integer of more than ten bytes")


def message_encode(schema, message):
	encoded = bytearray()
	for number in sorted(schema):
		name, kind = schema[number]
		value = message[name]
		if kind in (U32, U64):
			if value:
				encoded += varint_encode(number << 3) + varint_encode(value)
		elif kind == F32:
			if value:
				encoded += varint_encode(number << 3 | 5) + value.to_bytes(4, "little")
		elif kind == BYTES:
			if value:
				encoded += varint_encode(number << 3 | 2) + varint_encode(len(value)) + value
		else:
			repeated = isinstance(kind, list)
			for item in value if repeated else [] if value is None else [value]:
				inner = message_encode(kind[0] if repeated else kind, item)
				encoded += varint_encode(number << 3 | 2) + varint_encode(len(inner)) + inner
	return bytes(encoded)


def message_parse(schema, data):
	message = {}
	for name, kind in schema.values():
		message[name] = [] if isinstance(kind, list) else None if isinstance(kind, dict) else b"" if kind == BYTES else 0
	at = 0
	while at < len(data):
		key, at = varint_decode(data, at)
		require(key >> 3 in schema, "an unknown field")
		name, kind = schema[key >> 3]
		wire_type = 0 if kind in (U32, U64) else 5 if kind == F32 else 2
		require(key & 7 == wire_type, "a field of another type")
		if wire_type == 0:
			message[name], at = varint_decode(data, at)
			require(message[name] < (2**32 if kind == U32 else 2**64), "an integer out of range")
			continue
		size, at = (4, at) if wire_type == 5 else varint_decode(data, at)
		require(size <= len(data) - at, "cut short")
		value = data[at : at + size]
		at += size
		if kind == F32:
			message[name] = int.from_bytes(value, "little")
		elif kind == BYTES:
			message[name] = value
		elif isinstance(kind, list):
			message[name].append(message_parse(kind[0], value))
		else:
			message[name] = message_parse(kind, value)
	return message


def message_decode(schema, data):
	message = message_parse(schema, data)
	require(message_encode(schema, message) == data, "not canonical bytes")
	return message


# ---- encoding.md, "Addresses" --------------------------------------------------------------------

BECH32_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M_CONSTANT = 0x2BC830A3


def bech32_checksum(values):
	generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
	checksum = 1
	for value in values:
		top = checksum >> 25
		checksum = (checksum & 0x1FFFFFF) << 5 ^ value
		for i, generator in enumerate(generators):
			if top >> i & 1:
				checksum ^= generator
	return checksum


def bech32_prefix_values(prefix):
	return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def bech32m_encode(prefix, groups):
	remainder = bech32_checksum(bech32_prefix_values(prefix) + groups + [0] * 6) ^ BECH32M_CONSTANT
	groups = groups + [remainder >> 5 * (5 - i) & 31 for i in range(6)]
	return prefix + "1" + "".join(BECH32_ALPHABET[group] for group in groups)


def bech32m_valid(text):
	if text.lower() != text and text.upper() != text or len(text) > 90:
		return False
	prefix, separator, data = text.lower().rpartition("1")
	if not separator or not prefix or len(data) < 6 or any(not 33 <= ord(c) <= 126 for c in prefix):
		return False
	if any(c not in BECH32_ALPHABET for c in data):
		return False
	return bech32_checksum(bech32_prefix_values(prefix) + [BECH32_ALPHABET.index(c) for c in data]) == BECH32M_CONSTANT


def groups_of(payload):
	bits = "".join(f"{byte:08b}" for byte in payload)
	bits += "0" * (-len(bits) % 5)
	return [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]


def address_text(address, reference=b""):
	return bech32m_encode("unc", groups_of(address + reference))


# ---- texts.md, "The one form" ----------------------------------------------------------------------

FRAME_VERSION = 1


def frame_text(prefix, payload, version=FRAME_VERSION):
	return "uncia:" + bech32m_encode(prefix, [version, *groups_of(payload)])


def frame_read(prefix, text):
	"""The payload of a text that is clean."""
	run = text[6:] if text[:6].lower() == "uncia:" else text
	require(run.lower().startswith(prefix + "1"), "of another kind")
	data = run.lower()[len(prefix) + 1 :]
	require(run in (run.lower(), run.upper()) and len(data) >= 6 and all(c in BECH32_ALPHABET for c in data), "changed on the way")
	groups = [BECH32_ALPHABET.index(c) for c in data]
	require(bech32_checksum(bech32_prefix_values(prefix) + groups) == BECH32M_CONSTANT, "changed on the way")
	require(len(groups) > 6, "made wrongly")
	require(groups[0] == FRAME_VERSION, "made by a newer program")
	bits = "".join(f"{group:05b}" for group in groups[1:-6])
	rest = len(bits) % 8
	require(rest < 5 and bits[len(bits) - rest :] == "0" * rest, "made wrongly")
	return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - rest, 8))


def amount_text(micro_units):
	return f"{micro_units // 10**6}.{micro_units % 10**6:06d}"


# ---- the network file and the committee (wallet.md, ledger.md, consensus.md) ----------------------


def base64url_decode(text, what):
	require(re.fullmatch(r"[A-Za-z0-9_-]*", text), what + ": not base64url")
	try:
		data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
	except ValueError as error:
		raise Invalid(what + ": not base64url") from error
	require(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text, what + ": not canonical base64url")
	return data


def key_value_lines(text):
	"""wallet.md, "Text of key = value": (section, None, None) and (section, key, value) of each line that says something."""
	section = ""
	for line in text.removeprefix("\ufeff").split("\n"):
		line = line.removesuffix("\r")
		require(len(line.encode()) <= 200, "a line of more than 200 bytes")
		require(not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line), "a control character")
		line = line.strip(" \t")
		if not line or line[0] in "#;":
			continue
		if line[0] == "[":
			require("]" in line and line.index("]") == len(line) - 1, "not a section")
			section = line[1:-1]
			yield section, None, None
			continue
		key, equals, value = (part.strip(" \t") for part in line.partition("="))
		require(key and equals and value, "not key = value")
		yield section, key, value


def network_load(text):
	parts = [value for section, key, value in key_value_lines(text) if (section, key) == ("network", "genesis")]
	data = base64url_decode("".join(parts), "genesis")
	require(0 < len(data) <= GENESIS_SIZE_MAX, "no genesis in the network file, or too large")
	genesis = message_decode(GENESIS, data)
	require(genesis["version"] == 3 and genesis["currency"] == 1, "a genesis of another version")
	require(re.fullmatch(rb"(?! )[A-Za-z0-9._ -]{1,32}(?<! )", genesis["name"]), "the network's name")
	require(genesis["timestamp_ms"] < (2**32 - 3600) * 1000, "the genesis' time")
	require(1 <= len(genesis["validators"]) <= COMMITTEE_SIZE_MAX, "number of validators")
	for validator in genesis["validators"]:
		require(len(validator["consensus_key"]) == 32 and len(validator["network_key"]) == 32, "length of a key")
		require(validator["weight"] > 0, "a validator without weight")
		require(key_valid(validator["consensus_key"]), "not a valid consensus key")
	for kind in ("consensus_key", "network_key"):
		keys = [validator[kind] for validator in genesis["validators"]]
		require(len(set(keys)) == len(keys), "a key twice")
	weight = sum(validator["weight"] for validator in genesis["validators"])
	faulty, slow = genesis["faulty"], genesis["slow"]
	require(weight < 2**62 and weight >= 3 * faulty + 2 * slow + 1, "weights")
	committee_bytes = b"".join(
		[(0).to_bytes(8, "big"), faulty.to_bytes(8, "big"), slow.to_bytes(8, "big")]
		+ [len(genesis["validators"]).to_bytes(4, "big")]
		+ [v["consensus_key"] + v["network_key"] + v["weight"].to_bytes(8, "big") for v in genesis["validators"]]
	)
	return {
		"id": tagged_hash("genesis", data),
		"epoch": 0,
		"committee_hash": tagged_hash("committee", committee_bytes),
		"keys": [validator["consensus_key"] for validator in genesis["validators"]],
		"weights": [validator["weight"] for validator in genesis["validators"]],
		"quorum_slow": (weight + faulty) // 2 + 1,
		"quorum_fast": weight - slow,
	}


# ---- receipts (wallet.md, "Receipts") ------------------------------------------------------------

NOTAR1, FINAL = 1, 5
FAST_FINALITY, SLOW_FINALITY = 3, 4


def hold_seal(opening, public_key, secret):
	lock = tagged_hash("lock", public_key, hashlib.sha256(secret).digest() if secret else bytes(32))
	return tagged_hash("seal", opening, lock)


def hold_id(home, seal):
	return tagged_hash("hold", home, seal)[:20]


def transfer_check(payment, signed, transfer):
	for hold in transfer["holds"]:
		require(len(hold["lock"]) == 32 and len(hold["home"]) in (0, 20) and 0 < hold["end"] <= 2**32 - 3601, "payment: sizes or end of a hold")
		require(hold["home"] != payment["sender"], "payment: the sender as home, written out")
		require(hold["amount"] > 0, "payment: a hold of nothing")
		hold["home"] = hold["home"] or payment["sender"]
	require(len({(hold["lock"], hold["home"]) for hold in transfer["holds"]}) == len(transfer["holds"]), "payment: one hold twice")
	return transfer["outputs"], transfer["holds"]


def take_check(payment, signed, take):
	require(len(take["opening"]) == 32 and len(take["home"]) == 20 and len(take["secret"]) in (0, 32), "payment: sizes of a take")
	seal = hold_seal(take["opening"], signed["public_key"], take["secret"])
	require(payment["sender"] == hold_id(take["home"], seal), "payment: a take of another hold")
	require(take["outputs"], "payment: number of outputs")
	return take["outputs"], []


def give_back_check(payment, signed, give_back):
	require(len(give_back["home"]) == 20 and len(give_back["seal"]) == 32, "payment: sizes of a give-back")
	require(payment["sender"] == hold_id(give_back["home"], give_back["seal"]), "payment: a give-back of another hold")
	require(payment["nonce"] == bytes(16) and not payment["memo_hash"] and payment["expires_at"] % 3600 == 0, "payment: a give-back that is not bare")
	return [{"to": give_back["home"], "reference": b"", "amount": give_back["amount"]}], []


def signed_by(network, payment, signed):
	if payment["give_back"]:
		return not signed["public_key"] and not signed["signature"]
	digest = tagged_hash("paysign", network["id"], signed["body"])
	return (not payment["take"] or key_valid(signed["public_key"])) and signature_valid(signed["public_key"], digest, signed["signature"])


def payment_decode(network, data):
	require(len(data) <= PAYMENT_SIZE_MAX, "payment: too large")
	signed = message_decode(SIGNED_PAYMENT, data)
	payment = message_decode(PAYMENT, signed["body"])
	require(payment["give_back"] or len(signed["public_key"]) == 32 and len(signed["signature"]) == 64, "payment: sizes")
	require(len(payment["sender"]) == 20 and len(payment["nonce"]) == 16, "payment: sizes")
	require(payment["expires_at"] > 0 and len(payment["memo_hash"]) in (0, 32), "payment: expiry or memo hash")
	operations = [name for name in OPERATIONS if payment[name] is not None]
	require(len(operations) == 1, "payment: operation")
	payment["operation"] = operations[0]
	operation = payment[operations[0]]
	require(operation["currency"] == 1, "payment: currency")
	check = {"transfer": transfer_check, "take": take_check, "give_back": give_back_check}[operations[0]]
	payment["outputs"], payment["holds"] = check(payment, signed, operation)
	require(1 <= len(payment["outputs"]) + len(payment["holds"]) <= PAYMENT_OUTPUTS_MAX, "payment: number of outputs and holds")
	for output in payment["outputs"]:
		require(len(output["to"]) == 20 and len(output["reference"]) in (0, 8), "payment: sizes of an output")
		require(output["amount"] > 0, "payment: an output of nothing")
	payment["total"] = sum(part["amount"] for part in payment["outputs"] + payment["holds"])
	require(payment["total"] < 2**64, "payment: total too large")
	require(signed_by(network, payment, signed), "payment: signature")
	body_hash = tagged_hash("payment", network["id"], signed["body"])
	payment["id"] = payment["expires_at"].to_bytes(4, "big") + body_hash[:28]
	payment["whole"] = tagged_hash("paywhole", data)
	for hold in payment["holds"]:
		hold["seal"] = tagged_hash("seal", payment["id"], hold["lock"])
		hold["id"] = hold_id(hold["home"], hold["seal"])
	return payment


def closes(header):
	return bool(header["reconfigure"] or header["closing"])


def header_decode(data):
	require(len(data) <= HEADER_SIZE_MAX, "header: too large")
	header = message_decode(HEADER, data)
	for name in ("parent_id", "payments_root", "parent_state_root", "committee_hash"):
		require(len(header[name]) == 32, "header: sizes")
	require(header["payment_count"] <= BLOCK_PAYMENTS_MAX, "header: payment count")
	require(len(header["reconfigure"]) in (0, 32) and header["closing"] in (0, 1), "header: the end of an epoch")
	require(not (header["reconfigure"] and header["closing"]), "header: two ends of an epoch")
	require(not (closes(header) and header["payment_count"]), "header: payments at the end of an epoch")
	header["id"] = tagged_hash("block", data)
	return header


def path_verify(leaf, index, count, path, root):
	require(index < count, "path: index past the last payment")
	require(len(path) % 32 == 0, "path: size")
	siblings = [path[i : i + 32] for i in range(0, len(path), 32)]
	digest, last = leaf, count - 1
	while last > 0:
		if index % 2 == 1:
			require(siblings, "path: too short")
			digest = tagged_hash("paynode", siblings.pop(0), digest)
		elif index < last:
			require(siblings, "path: too short")
			digest = tagged_hash("paynode", digest, siblings.pop(0))
		index, last = index // 2, last // 2
	require(not siblings, "path: too long")
	require(digest == root, "path: does not lead to the payments root")


def certificate_verify(network, data, header):
	certificate = message_decode(CERTIFICATE, data)
	kind = certificate["kind"]
	require(kind in (FAST_FINALITY, SLOW_FINALITY), "certificate: not of finality")
	require(certificate["epoch"] == network["epoch"], "certificate: epoch")
	require(certificate["block_id"] == header["id"], "certificate: of another block")
	require(certificate["view"] == header["view"], "certificate: of another view")
	size = len(network["keys"])
	bitmap = certificate["first_signers"]
	require(len(bitmap) == (size + 7) // 8 and not certificate["extra_signers"], "certificate: signers")
	signers = [i for i in range(len(bitmap) * 8) if bitmap[i // 8] >> i % 8 & 1]
	require(all(i < size for i in signers), "certificate: a signer outside the committee")
	require(len(certificate["signatures"]) == 64 * len(signers), "certificate: number of signatures")
	weight = sum(network["weights"][i] for i in signers)
	quorum = network["quorum_fast"] if kind == FAST_FINALITY else network["quorum_slow"]
	require(weight >= quorum, "certificate: no quorum")
	statement = (
		certificate["epoch"].to_bytes(8, "big")
		+ bytes([NOTAR1 if kind == FAST_FINALITY else FINAL])
		+ certificate["view"].to_bytes(8, "big")
		+ certificate["block_id"]
	)
	digest = tagged_hash("vote", network["id"], statement)
	for number, signer in enumerate(signers):
		signature = certificate["signatures"][64 * number : 64 * number + 64]
		require(signature_valid(network["keys"][signer], digest, signature), "certificate: a signature")


def header_of_committee(network, header):
	require(header["epoch"] == network["epoch"], "header: of another epoch")
	require(header["committee_hash"] == network["committee_hash"], "header: of another committee")


def finality_verify(network, header, descendants, certificate):
	require(len(descendants) <= RECEIPT_DESCENDANTS_MAX, "too many descendants")
	newest = header
	require(header["height"] > 0, "header: of the genesis")
	header_of_committee(network, header)
	for blob in descendants:
		child = header_decode(blob["data"])
		require(child["parent_id"] == newest["id"], "descendant: of another parent")
		require(child["height"] == newest["height"] + 1, "descendant: height")
		require(child["view"] > newest["view"], "descendant: view")
		require(bool(child["closing"]) == closes(newest), "descendant: closing where it must not be, or not where it must")
		header_of_committee(network, child)
		newest = child
	certificate_verify(network, certificate, newest)


# ---- texts.md, "Cleaning" ------------------------------------------------------------------------

BLANKS = {*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
UNSEEN = {0xAD, 0x34F, 0x61C, *range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
	*range(0xFE00, 0xFE10), 0xFEFF}
MARKS = set("!\"'()*,-.:;?[]_`{}~") | {chr(c) for c in (0xAB, 0xBB, *range(0x2018, 0x2020), 0x2022, 0x2039, 0x203A, 0x3002)}


def text_clean(text, own_marks=""):
	"""Steps 1 to 6 for a form that keeps no blanks."""
	kept = [c for c in text if ord(c) not in BLANKS | UNSEEN and c not in "<>|"]
	kept = ["-" if c in "\u2010\u2011" else c for c in kept]
	while kept and kept[0] in MARKS:
		kept.pop(0)
	end, ascii_only = 0, True
	for at, c in enumerate(kept):
		ascii_only &= " " <= c <= "~"
		if c not in MARKS or c in own_marks and ascii_only:
			end = at + 1
	require(all(" " <= c <= "~" for c in kept[:end]), "changed on the way")
	return "".join(kept[:end])


def receipt_bytes(network, text):
	"""Of a text in either form."""
	clean = text_clean(text, own_marks="-_")
	if clean.lower().startswith("uncia-receipt-"):
		require(clean.startswith(RECEIPT_PREFIX), "changed on the way")
		require(len(clean) <= len(RECEIPT_PREFIX) + (RECEIPT_SIZE_MAX * 4 + 2) // 3, "receipt: too large")
		return base64url_decode(clean[len(RECEIPT_PREFIX) :], "receipt")
	payload = frame_read("uncproof", text_clean(text))
	require(len(payload) > 4, "made wrongly")
	require(payload[:4] == network["id"][:4], "for another network")
	require(len(payload) - 4 <= RECEIPT_SIZE_MAX, "receipt: too large")
	return payload[4:]


def receipt_verify(network, text):
	receipt = message_decode(RECEIPT, receipt_bytes(network, text))
	payment = payment_decode(network, receipt["payment"])
	header = header_decode(receipt["header"])
	leaf = tagged_hash("payleaf", payment["id"], payment["whole"])
	path_verify(leaf, receipt["index"], header["payment_count"], receipt["path"], header["payments_root"])
	finality_verify(network, header, receipt["descendants"], receipt["certificate"])
	return {
		"v": 1,
		"id": payment["id"].hex(),
		"state": "final",
		"operation": payment["operation"].replace("_", "-"),
		"sender": address_text(payment["sender"]) if payment["operation"] == "transfer" else "hold:" + payment["sender"].hex(),
		"outputs": [
			{"to": address_text(output["to"], output["reference"]), "amount": amount_text(output["amount"])}
			for output in payment["outputs"]
		],
		"holds": [
			{"hold": "hold:" + hold["id"].hex(), "home": address_text(hold["home"]), "end": hold["end"], "amount": amount_text(hold["amount"])}
			for hold in payment["holds"]
		],
		"amount": amount_text(payment["total"]),
		"memo_hash": payment["memo_hash"].hex() or None,
		"height": header["height"],
		"index": receipt["index"],
		"timestamp_ms": header["timestamp_ms"],
	}


# ---- account proofs (ledger.md 4.1, 4.3, 4.4; wallet.md 7.6) ---------------------------------------

FREE, ACCOUNT, CURRENCY, HOLD_ENTRY = 0, 1, 2, 3
KEY_KNOWN, KEY_CHANGED = 1, 2


def entry_decode(data):
	entry = {
		"kind": data[0],
		"flags": data[1],
		"payments": int.from_bytes(data[4:8], "big"),
		"address": data[8:28],
		"public_key": data[28:60],
		"currency": int.from_bytes(data[60:64], "big"),
		"balance": int.from_bytes(data[64:72], "big"),
		"created": int.from_bytes(data[72:80], "big"),
	}
	require(data[2:4] == bytes(2), "entry: reserved bytes")
	if entry["kind"] == ACCOUNT:
		require(entry["flags"] in (0, KEY_KNOWN, KEY_KNOWN | KEY_CHANGED), "entry: flags")
		require(entry["flags"] or entry["public_key"] == bytes(32), "entry: a key that is not known")
	elif entry["kind"] == CURRENCY:
		require(entry["flags"] == 0 and data[16:60] == bytes(44), "entry: a currency")
	elif entry["kind"] == HOLD_ENTRY:
		require(entry["flags"] == 0 and data[76:80] == bytes(4), "entry: a hold")
	else:
		require(entry["kind"] == FREE and data[:64] == bytes(64) and data[72:] == bytes(8), "entry: kind")
	return entry


def state_proof_verify(root, proof):
	require(len(proof["group"]) == 640 and proof["index"] < proof["entry_count"], "state proof: group or index")
	digest = tagged_hash("stgroup", proof["group"])
	position, level, path = proof["index"] // 8, (proof["entry_count"] + 7) // 8, proof["path"]
	while level > 1:
		require(len(path) >= 96, "state proof: path too short")
		children = [path[0:32], path[32:64], path[64:96]]
		children.insert(position % 4, digest)
		for i in range(4):
			if position - position % 4 + i >= level:
				require(children[i] == bytes(32), "state proof: a child that cannot be")
		digest = tagged_hash("stnode", *children)
		position, level, path = position // 4, (level + 3) // 4, path[96:]
	require(not path, "state proof: path too long")
	head = proof["entry_count"].to_bytes(8, "big") + proof["free_head"].to_bytes(8, "big")
	require(tagged_hash("stroot", head, digest) == root, "state proof: does not lead to the state root")


def entry_id(entry):
	return hold_id(entry["address"], entry["public_key"]) if entry["kind"] == HOLD_ENTRY else entry["address"]


def account_proof_verify(network, address, data, kind=ACCOUNT):
	require(len(data) <= RECEIPT_SIZE_MAX, "account proof: too large")
	proof = message_decode(ACCOUNT_PROOF, data)
	header = header_decode(proof["header"])
	state_proof_verify(header["parent_state_root"], proof)
	at = proof["index"] % 8 * 80
	entry = entry_decode(proof["group"][at : at + 80])
	require(entry["kind"] == kind and entry_id(entry) == address, "account proof: of something else")
	finality_verify(network, header, proof["descendants"], proof["certificate"])
	return {"balance": entry["balance"], "payments": entry["payments"], "height": header["height"] - 1}


# ---- the command ---------------------------------------------------------------------------------


def main(arguments):
	if len(arguments) != 2:
		print(__doc__, file=sys.stderr)
		return 2
	try:
		with open(arguments[0], encoding="utf-8", newline="") as file:
			network = network_load(file.read())
	except (OSError, Invalid) as error:
		print(f"{arguments[0]}: {error}", file=sys.stderr)
		return 2
	text = sys.stdin.read() if arguments[1] == "-" else arguments[1]
	try:
		print(json.dumps(receipt_verify(network, text)))
	except Invalid as error:
		print(f"the receipt does not hold: {error}", file=sys.stderr)
		return 7
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
