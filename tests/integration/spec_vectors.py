#!/usr/bin/env python3
"""Makes the vectors of the specification, docs/spec/vectors/*.json, from docs/spec with nothing but Python's standard
library: one of every thing that is signed, hashed or written down byte for byte. The unit tests `…_vectors_test` hold the
product against them.

usage: spec_vectors.py DIRECTORY     writes the files there"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sys

import chat_vectors
import founding_vectors
import storage_vectors
import text_vectors
import verify_receipt as spec
from vector_ciphers import NINE, seal, seal_long_nonce, siphash, x25519

WORDLIST = pathlib.Path(__file__).parent.parent / "vectors" / "bip39-english.txt"
TIME_MS = 1_800_000_000_000
NONE = 2**64 - 1

hashed = {}  # by tag: one input and its digest, of whatever was hashed first


def h(tag, *parts):
	digest = spec.tagged_hash(tag, *parts)
	hashed.setdefault("uncia." + tag, {"input": b"".join(parts).hex(), "digest": digest.hex()})
	return digest


def u8(number):
	return bytes([number])


def u32(number):
	return number.to_bytes(4, "big")


def u64(number):
	return number.to_bytes(8, "big")


def number(value):
	"""JSON readers take integers above 2^53 for other ones: these are strings."""
	return value if value < 2**53 else str(value)


def seed(name):
	return hashlib.sha256(f"a vector of Uncia: {name}".encode()).digest()


# ---- primitives ------------------------------------------------------------------------------------


class Key:
	"""Ed25519 (RFC 8032)."""

	def __init__(self, secret):
		self.seed = secret
		digest = hashlib.sha512(secret).digest()
		self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
		self.prefix = digest[32:]
		self.public = spec.point_encode(spec.point_multiply(self.scalar, spec.BASE))
		self.address = h("address", self.public)[:20]

	def sign(self, digest):
		nonce = int.from_bytes(hashlib.sha512(self.prefix + digest).digest(), "little") % spec.L
		commitment = spec.point_encode(spec.point_multiply(nonce, spec.BASE))
		challenge = int.from_bytes(hashlib.sha512(commitment + self.public + digest).digest(), "little") % spec.L
		signature = commitment + ((nonce + challenge * self.scalar) % spec.L).to_bytes(32, "little")
		assert spec.signature_valid(self.public, digest, signature)
		return signature


def base64url(data):
	return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---- ledger: genesis, entries, state ---------------------------------------------------------------


class Network:
	def __init__(self, name, weights, accounts, faulty, slow, smallest=10000):
		"""accounts: (address, balance), in any order."""
		self.consensus = [Key(seed(f"{name}, consensus key {i}")) for i in range(len(weights))]
		self.network_secrets = [seed(f"{name}, network key {i}") for i in range(len(weights))]
		self.network_keys = [x25519(secret, NINE) for secret in self.network_secrets]
		self.weights, self.faulty, self.slow = weights, faulty, slow
		self.fields = {
			"version": 3, "name": name.encode(), "timestamp_ms": TIME_MS, "faulty": faulty, "slow": slow,
			"validators": [{"consensus_key": key.public, "network_key": network, "weight": weight}
				for key, network, weight in zip(self.consensus, self.network_keys, weights)],
			"currency": 1, "currency_code": b"UNC", "smallest_amount": smallest,
			"accounts": [{"address": address, "balance": balance} for address, balance in sorted(accounts)]}
		self.bytes = spec.message_encode(spec.GENESIS, self.fields)
		self.id = h("genesis", self.bytes)
		self.committee_bytes = u64(0) + u64(faulty) + u64(slow) + u32(len(weights)) + b"".join(
			v["consensus_key"] + v["network_key"] + u64(v["weight"]) for v in self.fields["validators"])
		self.committee_hash = h("committee", self.committee_bytes)
		self.block_id = h("block", self.id)
		supply = sum(account["balance"] for account in self.fields["accounts"])
		self.entries = [currency_entry(b"UNC", supply, smallest)] + [
			account_entry(account["address"], account["balance"]) for account in self.fields["accounts"]]
		self.state = State(self.entries, NONE)
		self.quorum_slow, self.quorum_fast = (sum(weights) + faulty) // 2 + 1, sum(weights) - slow

	def verifier(self):
		"""As verify_receipt knows a network."""
		return spec.network_load("[network]\n" + "".join(f"genesis = {line}\n" for line in lines_of(base64url(self.bytes))))

	def json(self):
		fields = dict(self.fields, name=self.fields["name"].decode(), currency_code="UNC")
		fields["validators"] = [{"consensus_key": v["consensus_key"].hex(), "network_key": v["network_key"].hex(),
			"weight": number(v["weight"])} for v in fields["validators"]]
		fields["accounts"] = [{"address": a["address"].hex(), "balance": number(a["balance"])} for a in fields["accounts"]]
		fields["smallest_amount"] = number(fields["smallest_amount"])
		return {
			"fields": fields, "bytes": self.bytes.hex(), "network_id": self.id.hex(), "genesis_block_id": self.block_id.hex(),
			"consensus_seeds": [key.seed.hex() for key in self.consensus],
			"network_secrets": [secret.hex() for secret in self.network_secrets],
			"committee_bytes": self.committee_bytes.hex(), "committee_hash": self.committee_hash.hex(),
			"quorum_slow": self.quorum_slow, "quorum_fast": self.quorum_fast, "evidence": self.faulty + self.slow + 1,
			"entries": [entry.hex() for entry in self.entries], **self.state.json()}


def lines_of(text):
	return [text[i : i + 100] for i in range(0, len(text), 100)]


def entry_bytes(kind, flags=0, payments=0, address=bytes(20), key=bytes(32), currency=0, balance=0, created=0):
	return u8(kind) + u8(flags) + bytes(2) + u32(payments) + address + key + u32(currency) + u64(balance) + u64(created)


def currency_entry(code, supply, smallest):
	return entry_bytes(2, address=code + bytes(20 - len(code)), currency=1, balance=supply, created=smallest)


def account_entry(address, balance, **more):
	return entry_bytes(1, address=address, currency=1, balance=balance, **more)


def hold_entry(hold, payments=0):
	return entry_bytes(3, payments=payments, address=hold.home_address, key=hold.seal, currency=1, balance=hold.amount, created=hold.end << 32)


def free_entry(next_free):
	return entry_bytes(0, balance=next_free)


class State:
	def __init__(self, entries, free_head):
		self.entries, self.free_head = entries, free_head
		joined = b"".join(entries)
		joined += bytes(-len(joined) % 640)
		self.groups = [joined[i : i + 640] for i in range(0, len(joined), 640)]
		self.levels = [[h("stgroup", group) for group in self.groups]]
		while len(self.levels[-1]) > 1:
			below = self.levels[-1] + [bytes(32)] * (-len(self.levels[-1]) % 4)
			self.levels.append([h("stnode", *below[i : i + 4]) for i in range(0, len(below), 4)])
		self.top = self.levels[-1][0]
		self.root = h("stroot", u64(len(entries)), u64(free_head), self.top)

	def path(self, index):
		path, position = b"", index // 8
		for level in self.levels[:-1]:
			first = position - position % 4
			path += b"".join(level[i] if i < len(level) else bytes(32) for i in range(first, first + 4) if i != position)
			position //= 4
		return path

	def json(self):
		return {"entry_count": len(self.entries), "free_head": number(self.free_head), "group_digests": [d.hex() for d in self.levels[0]],
			"top": self.top.hex(), "state_root": self.root.hex()}


# ---- payments, blocks, votes -----------------------------------------------------------------------


def operation_make(network, key, operation, sender, expires_at, nonce, memo_hash=b""):
	"""operation: its name and fields. key: None where nobody signs."""
	fields = dict({name: None for name in spec.OPERATIONS}, sender=sender, expires_at=expires_at, nonce=nonce, memo_hash=memo_hash)
	fields.update([operation])
	body = spec.message_encode(spec.PAYMENT, fields)
	digest = h("paysign", network.id, body)
	signed = spec.message_encode(spec.SIGNED_PAYMENT, {"body": body, "public_key": key.public if key else b"",
		"signature": key.sign(digest) if key else b""})
	whole = h("paywhole", signed)
	payment_id = u32(expires_at) + h("payment", network.id, body)[:28]
	return {"signed": signed, "id": payment_id, "whole": whole, "leaf": h("payleaf", payment_id, whole), "json": {
		"sender_seed": key.seed.hex() if key else "", "sender": sender.hex(), "expires_at": expires_at, "nonce": nonce.hex(),
		"memo_hash": memo_hash.hex(), "body": body.hex(), "digest": digest.hex(), "bytes": signed.hex(), "id": payment_id.hex(),
		"whole_hash": whole.hex()}}


def outputs_of(outputs):
	return [{"to": to, "reference": reference, "amount": amount} for to, reference, amount in outputs]


def outputs_json(outputs):
	return [{"to": to.hex(), "reference": reference.hex(), "amount": number(amount)} for to, reference, amount in outputs]


def payment_make(network, key, outputs, expires_at, nonce, memo=None, sender=None):
	"""outputs: (address, reference, amount). Returns what a vector says of it."""
	memo_hash = h("memo", memo.encode()) if memo is not None else b""
	made = operation_make(network, key, ("transfer", {"currency": 1, "outputs": outputs_of(outputs), "holds": []}), sender or key.address,
		expires_at, nonce, memo_hash)
	made["json"].update(outputs=outputs_json(outputs), memo=memo)
	return made


class Hold:
	"""home: an address, or None for the sender's."""

	def __init__(self, claim, home, secret, end, amount):
		self.claim, self.home, self.secret, self.end, self.amount = claim, home, secret, end, amount
		self.lock = h("lock", claim.public, hashlib.sha256(secret).digest() if secret else bytes(32))

	def opened(self, sender, opening):
		self.opening, self.home_address = opening, self.home or sender
		self.seal = h("seal", opening, self.lock)
		self.id = h("hold", self.home_address, self.seal)[:20]

	def json(self):
		return {"claim_seed": self.claim.seed.hex(), "secret": self.secret.hex(), "lock": self.lock.hex(),
			"home": self.home.hex() if self.home else "", "home_address": self.home_address.hex(), "end": self.end,
			"amount": number(self.amount), "seal": self.seal.hex(), "id": self.id.hex(), "entry": hold_entry(self).hex()}


def opening_make(network, key, outputs, holds, expires_at, nonce):
	made = operation_make(network, key, ("transfer", {"currency": 1, "outputs": outputs_of(outputs), "holds": [
		{"lock": hold.lock, "home": hold.home or b"", "end": hold.end, "amount": hold.amount} for hold in holds]}), key.address, expires_at, nonce)
	for hold in holds:
		hold.opened(key.address, made["id"])
	made["json"].update(outputs=outputs_json(outputs), holds=[hold.json() for hold in holds])
	return made


def take_make(network, hold, outputs, expires_at, nonce):
	made = operation_make(network, hold.claim, ("take", {"opening": hold.opening, "home": hold.home_address, "secret": hold.secret, "currency": 1,
		"outputs": outputs_of(outputs)}), hold.id, expires_at, nonce)
	made["json"].update(opening=hold.opening.hex(), home=hold.home_address.hex(), secret=hold.secret.hex(), outputs=outputs_json(outputs))
	return made


def give_back_make(network, hold, amount, now_s):
	made = operation_make(network, None, ("give_back", {"home": hold.home_address, "seal": hold.seal, "currency": 1, "amount": amount}), hold.id,
		(now_s // 3600 + 1) * 3600, bytes(16))
	made["json"].update(now_s=now_s, home=hold.home_address.hex(), seal=hold.seal.hex(), amount=number(amount))
	return made


def merkle_root(leaves):
	if not leaves:
		return h("payleaf")
	if len(leaves) == 1:
		return leaves[0]
	k = 1 << (len(leaves) - 1).bit_length() - 1
	return h("paynode", merkle_root(leaves[:k]), merkle_root(leaves[k:]))


def merkle_path(leaves, index):
	if len(leaves) == 1:
		return []
	k = 1 << (len(leaves) - 1).bit_length() - 1
	if index < k:
		return merkle_path(leaves[:k], index) + [merkle_root(leaves[k:])]
	return merkle_path(leaves[k:], index - k) + [merkle_root(leaves[:k])]


def header_make(network, view, height, parent_id, timestamp_ms, payments, state_root, reconfigure=b"", closing=0):
	fields = {"epoch": 0, "view": view, "height": height, "parent_id": parent_id, "timestamp_ms": timestamp_ms,
		"payment_count": len(payments), "payments_root": merkle_root([p["leaf"] for p in payments]), "parent_state_root": state_root,
		"committee_hash": network.committee_hash, "proposer": view % len(network.weights), "reconfigure": reconfigure, "closing": closing}
	data = spec.message_encode(spec.HEADER, fields)
	said = {name: value for name, value in fields.items() if reconfigure or closing or name not in ("reconfigure", "closing")}
	return dict(fields, bytes=data, id=h("block", data), json={
		**{name: value.hex() if isinstance(value, bytes) else value for name, value in said.items()},
		"bytes": data.hex(), "id": h("block", data).hex()})


VOTE_KINDS = {1: "NOTAR1", 2: "SKIP1", 3: "NOTAR2", 4: "SKIP2", 5: "FINAL"}
VOTE = {1: ("epoch", spec.U64), 2: ("kind", spec.U32), 3: ("view", spec.U64), 4: ("block_id", spec.BYTES), 5: ("voter", spec.U32),
	6: ("signature", spec.BYTES)}
EXPIRY = {1: ("payment_id", spec.BYTES), 2: ("height", spec.U64), 3: ("timestamp_ms", spec.U64), 4: ("validator", spec.U32),
	5: ("signature", spec.BYTES)}
BLOCK = {1: ("header", spec.BYTES), 2: ("payments", [spec.BLOB]), 3: ("reconfigure", spec.BYTES)}
NEXT_VALIDATOR = {**spec.VALIDATOR, 4: ("address", spec.BYTES), 5: ("websocket", spec.BYTES), 6: ("joining", spec.BYTES)}
RECONFIGURE = {1: ("epoch", spec.U64), 2: ("expires_at", spec.F32), 3: ("validators", [NEXT_VALIDATOR]), 4: ("faulty", spec.U64),
	5: ("slow", spec.U64), 6: ("force", spec.U32)}
SIGNED_RECONFIGURE = {1: ("body", spec.BYTES), 2: ("approvers", spec.BYTES), 3: ("approvals", spec.BYTES)}
EPOCH_RECEIPT = {1: ("reconfigure", spec.BYTES), 2: ("header", spec.BYTES), 3: ("descendants", [spec.BLOB]), 4: ("certificate", spec.BYTES)}


def vote_make(network, kind, view, block_id, voter):
	statement = u64(0) + u8(kind) + u64(view) + (block_id or bytes(32))
	digest = h("vote", network.id, statement)
	fields = {"epoch": 0, "kind": kind, "view": view, "block_id": block_id, "voter": voter,
		"signature": network.consensus[voter].sign(digest)}
	return dict(fields, json={"kind": kind, "name": VOTE_KINDS[kind], "view": view, "block_id": block_id.hex(), "voter": voter,
		"statement": statement.hex(), "digest": digest.hex(), "bytes": spec.message_encode(VOTE, fields).hex()})


def bitmap(network, voters):
	return sum(1 << voter for voter in voters).to_bytes((len(network.weights) + 7) // 8, "little")


def certificate_make(network, kind, view, block_id, first, extra=()):
	assert sum(network.weights[voter] for voter in [*first, *extra]) >= (network.quorum_fast if kind == 3 else network.quorum_slow)
	kinds = {1: (1, 3), 2: (2, 4), 3: (1, None), 4: (5, None)}[kind]
	signatures = b"".join(vote_make(network, vote, view, block_id, voter)["signature"]
		for vote, voters in zip(kinds, (first, extra)) for voter in voters)
	return spec.message_encode(spec.CERTIFICATE, {"epoch": 0, "kind": kind, "view": view, "block_id": block_id,
		"first_signers": bitmap(network, first), "extra_signers": bitmap(network, extra) if extra else b"", "signatures": signatures})


# ---- the files -------------------------------------------------------------------------------------


class World:
	"""What the files share: two networks, accounts, a few payments and blocks."""

	def __init__(self):
		self.accounts = [Key(seed(f"account {i}")) for i in range(4)]
		self.small = Network("one", [1], [(self.accounts[0].address, 10**12)], 0, 0, smallest=1)
		self.network = Network("A town-2", [3, 2, 2, 2, 1, 1, 1, 1, 1], [(key.address, 1_000_000 + i) for i, key in enumerate(self.accounts)]
			+ [(seed(f"holder {i}")[:20], 10**9 * (i + 1)) for i in range(60)], 4, 0)
		a, b, c, _ = self.accounts
		soon = TIME_MS // 1000 + 120
		self.payments = [
			payment_make(self.network, a, [(b.address, b"", 500_000)], soon, bytes(range(16))),
			payment_make(self.network, b, [(a.address, b"\x00\x01\x02\x03\x04\x05\x06\x07", 10_000), (c.address, b"", 2**40)], soon + 3480,
				bytes(16), memo="for the rent, žluťoučký"),
			payment_make(self.network, c, [(c.address, b"", 2**63), (c.address, bytes(8), 2**63 - 1)], 2**32 - 1, b"\xff" * 16, memo=""),
			payment_make(self.network, self.accounts[3], [(a.address, b"", 10_000)] * 9, soon, seed("nonce")[:16], sender=a.address)]
		end = TIME_MS // 1000 + 86_400
		self.holds = [Hold(Key(seed("claim 0")), None, b"", end, 30_000), Hold(Key(seed("claim 1")), c.address, seed("a secret"), end + 1, 2**40),
			Hold(Key(seed("claim 0")), b.address, b"", 2**32 - 3601, 10_000)]
		self.opening = opening_make(self.network, a, [(b.address, b"", 10_000)], self.holds, soon, seed("nonce of an opening")[:16])
		self.takes = [take_make(self.network, self.holds[0], [(c.address, b"", 10_000), (b.address, bytes(8), 20_000)], end, bytes(range(16))),
			take_make(self.network, self.holds[1], [(a.address, b"", 1)], end - 60, bytes(16))]
		self.give_backs = [give_back_make(self.network, self.holds[0], 30_000, end), give_back_make(self.network, self.holds[1], 2**40 - 1, end + 3599)]
		self.payments += [self.opening, self.takes[0], self.give_backs[1]]
		for payment in self.payments + self.takes + self.give_backs:
			spec.payment_decode(self.network.verifier(), payment["signed"])
		self.block = header_make(self.network, 3, 1, self.network.block_id, TIME_MS + 1000, self.payments, self.network.state.root)
		self.child = header_make(self.network, 5, 2, self.block["id"], TIME_MS + 2000, [], seed("a state root"))
		self.grandchild = header_make(self.network, 300, 3, self.child["id"], TIME_MS + 2001, [], seed("another state root"))


def encoding_file(world):
	keys = []
	for i, key in enumerate(world.accounts):
		reference = bytes([0xA5] * 8) if i % 2 else bytes(8)
		digest = seed(f"a digest {i}")
		keys.append({"seed": key.seed.hex(), "public_key": key.public.hex(), "address": key.address.hex(), "text": spec.address_text(key.address),
			"reference": reference.hex(), "text_with_reference": spec.address_text(key.address, reference), "digest": digest.hex(),
			"signature": key.sign(digest).hex()})
	paper = bytes(range(16))
	assert siphash(paper, paper[:15]) == 0xA129CA6149BE45E5
	return {
		"keys": keys,
		"amounts": [{"text": text, "micro_units": str(value), "written": spec.amount_text(value)} for text, value in (
			("0", 0), ("0.000001", 1), ("12", 12_000_000), ("0.5", 500_000), ("007.10", 7_100_000),
			("18446744073709.551615", 2**64 - 1))],
		"no_amounts": ["", ".5", "1.", "+1", "-1", "1e3", " 1", "1 ", "0.1234567", "1,5", "18446744073709.551616", "0x1", "1.2.3"],
		"siphash": [{"key": paper.hex(), "data": data.hex(), "integer": str(siphash(paper, data))}
			for data in (b"", paper[:7], paper[:8], paper[:15], bytes(range(64)))],
		"headers": [{"why": why, "bytes": data.hex(), "canonical": canonical} for why, data, canonical in not_canonical(world)],
		"hashes": [{"personalisation": tag, **hashed[tag]} for tag in sorted(hashed)]}


def not_canonical(world):
	data = world.block["bytes"]
	assert data[:2] == b"\x10\x03" and data[2:4] == b"\x18\x01"
	return [("as it was made", data, True), ("a zero that is written", b"\x08\x00" + data, False),
		("a varint with a superfluous byte", b"\x10\x83\x00" + data[2:], False), ("fields out of order", data[2:4] + data[:2] + data[4:], False),
		("a field twice", data[:2] + data, False), ("an unknown field", data + b"\x58\x01", False),
		("the same field as another type", b"\x15\x03\x00\x00\x00" + data[2:], False), ("cut short", data[:-1], False), ("empty", b"", False)]


def genesis_file(world):
	changed = [
		("as it was made", {}, True), ("a name with a space at its end", {"name": b"one "}, False), ("a name with a semicolon", {"name": b"a ;b"}, False),
		("no name", {"name": b""}, False), ("version 1", {"version": 1}, False), ("version 2", {"version": 2}, False), ("version 4", {"version": 4}, False), ("currency 0", {"currency": 0}, False),
		("the last time there can be", {"timestamp_ms": (2**32 - 3600) * 1000 - 1}, True),
		("a time at which nothing can expire", {"timestamp_ms": (2**32 - 3600) * 1000}, False),
		("faults that the weight does not allow", {"faulty": 1}, False), ("a smallest amount of nothing", {"smallest_amount": 0}, False),
		("an account below the smallest amount", {"smallest_amount": 10**12 + 1}, False), ("no validator", {"validators": []}, False),
		("an address twice", {"accounts": world.small.fields["accounts"] * 2}, False), ("no account", {"accounts": []}, True)]
	return {"networks": [world.small.json(), world.network.json()],
		"variants_of_the_first": [{"why": why, "bytes": spec.message_encode(spec.GENESIS, dict(world.small.fields, **changes)).hex(),
			"taken": taken} for why, changes, taken in changed],
		"network_file": "# Uncia network file\n[network]\nname = A town-2\n"
			+ "".join(f"genesis = {line}\n" for line in lines_of(base64url(world.network.bytes)))
			+ "".join(f"[validator.{i}]\naddress = v{i}.example.org:7400\nnetwork_key = {key.hex()}\n"
				for i, key in enumerate(world.network.network_keys))}


def state_file(world):
	key = world.accounts[0]
	kinds = [
		("currency", world.network.entries[0]), ("account without a key", account_entry(key.address, 5)),
		("account with its key", account_entry(key.address, 2**64 - 1, flags=1, payments=7, key=key.public, created=12)),
		("account whose counter is full", account_entry(key.address, 1, flags=1, payments=2**32 - 1, key=key.public, created=2**40)),
		("account whose key was changed, empty", account_entry(key.address, 0, flags=3, payments=1, key=key.public)),
		("key known, of zeros: well-formed", account_entry(key.address, 1, flags=1)),
		("hold", hold_entry(world.holds[0])), ("hold with a full counter", hold_entry(world.holds[2], payments=2**32 - 1)),
		("free, the last", free_entry(NONE)), ("free, entry 3 is next", free_entry(3))]
	good = account_entry(key.address, 5, flags=1, key=key.public)
	bad = [("unknown kind", u8(4) + good[1:]), ("a hold with flags", u8(3) + u8(1) + hold_entry(world.holds[0])[2:]),
		("a hold with bytes after its end", hold_entry(world.holds[0])[:79] + u8(1)), ("key changed and not known", good[:1] + u8(2) + good[2:]),
		("a key that is not known", good[:1] + u8(0) + good[2:]), ("another flag", good[:1] + u8(5) + good[2:]),
		("reserved bytes", good[:3] + u8(1) + good[4:]), ("a free one with an address", u8(0) + bytes(7) + good[8:28] + bytes(52)),
		("a free one with a height", free_entry(3)[:79] + u8(1)), ("a currency with flags", u8(2) + u8(1) + world.network.entries[0][2:]),
		("a currency with a key", world.network.entries[0][:28] + u8(1) + world.network.entries[0][29:])]
	for _, entry in kinds:
		spec.entry_decode(entry)
	states, proofs = [], []
	for count in (1, 2, 8, 9, 32, 33, 130):
		entries = ([world.network.entries[0]] + [account_entry(seed(f"entry {i}")[:20], 10**6 + i, payments=i % 3, created=i) for i in range(1, count)])
		free_head = NONE
		if count == 33:  # entries 4 and 9 were deleted, in this order
			entries[4], entries[9], free_head = free_entry(NONE), free_entry(4), 9
		state = State(entries, free_head)
		states.append({"entries": [entry.hex() for entry in entries], **state.json()})
		for index in sorted({0, count // 2, count - 1}):
			proofs.append({"state_root": state.root.hex(), "index": index, "group": state.groups[index // 8].hex(), "path": state.path(index).hex(),
				"entry_count": count, "free_head": number(free_head)})
			spec.state_proof_verify(state.root, {"index": index, "group": state.groups[index // 8], "path": state.path(index), "entry_count": count,
				"free_head": free_head})
	return {"entries": [{"what": what, "bytes": entry.hex(), "well_formed": True} for what, entry in kinds]
		+ [{"what": what, "bytes": entry.hex(), "well_formed": False} for what, entry in bad], "states": states, "proofs": proofs}


def payments_file(world):
	return {"network_id": world.network.id.hex(), "payments": [payment["json"] for payment in world.payments[:4]],
		"openings": [world.opening["json"]], "takes": [take["json"] for take in world.takes],
		"give_backs": [give_back["json"] for give_back in world.give_backs]}


def blocks_file(world):
	leaves = [h("payleaf", u32(i) + seed(f"id {i}")[:28], seed(f"whole {i}")) for i in range(10)]
	trees = [{"leaves": [leaf.hex() for leaf in leaves[:n]], "root": merkle_root(leaves[:n]).hex(),
		"paths": [[step.hex() for step in merkle_path(leaves[:n], i)] for i in range(n)]} for n in range(10)]
	for tree in trees:
		for i, path in enumerate(tree["paths"]):
			spec.path_verify(bytes.fromhex(tree["leaves"][i]), i, len(tree["leaves"]), bytes.fromhex("".join(path)), bytes.fromhex(tree["root"]))
	key = h("shortid", world.block["id"])[:16]
	block = spec.message_encode(BLOCK, {"header": world.block["bytes"], "payments": [{"data": p["signed"]} for p in world.payments],
		"reconfigure": b""})
	return {"network_id": world.network.id.hex(), "trees": trees,
		"headers": [header["json"] for header in (world.block, world.child, world.grandchild)],
		"block": {"bytes": block.hex(), "short_id_key": key.hex(), "whole_hashes": [p["whole"].hex() for p in world.payments],
			"short_ids": b"".join(u64(siphash(key, p["whole"])) for p in world.payments).hex()}}


def votes_file(world):
	network, block_id = world.network, world.block["id"]
	votes = [vote_make(network, kind, 3, block_id if kind in (1, 3, 5) else b"", voter) for voter, kind in enumerate(VOTE_KINDS)]
	everybody = list(range(9))
	certificates = [("N, of first votes", 1, block_id, [0, 1, 2, 3, 4], []), ("N, with extra votes", 1, block_id, [0, 8], [1, 2, 3]),
		("N, of extra votes alone", 1, block_id, [], [0, 1, 2, 3, 4]), ("S", 2, b"", [1, 2, 3, 4], [5, 0]),
		("FF", 3, block_id, everybody, []), ("SF", 4, block_id, [0, 1, 2, 8, 7, 6], [])]
	payment_id = world.payments[0]["id"]
	statement = payment_id + u64(77) + u64(TIME_MS + 120_000)
	digest = h("expiry", network.id, statement)
	expiry = spec.message_encode(EXPIRY, {"payment_id": payment_id, "height": 77, "timestamp_ms": TIME_MS + 120_000, "validator": 2,
		"signature": network.consensus[2].sign(digest)})
	return {"genesis": network.bytes.hex(), "votes": [vote["json"] for vote in votes],
		"certificates": [{"what": what, "kind": kind, "view": 3, "block_id": block.hex(), "first_signers": sorted(first),
			"extra_signers": sorted(extra), "bytes": certificate_make(network, kind, 3, block, sorted(first), sorted(extra)).hex()}
			for what, kind, block, first, extra in certificates],
		"expiry": {"payment_id": payment_id.hex(), "height": 77, "timestamp_ms": TIME_MS + 120_000, "validator": 2,
			"statement": statement.hex(), "digest": digest.hex(), "bytes": expiry.hex()}}


def proofs_file(world):
	network, verifier = world.network, world.network.verifier()
	leaves = [payment["leaf"] for payment in world.payments]
	chain = [world.block, world.child, world.grandchild]
	receipts = []
	for index, depth, kind in ((0, 0, 3), (1, 1, 4), (2, 2, 4), (3, 0, 4), (4, 0, 3), (5, 1, 3), (6, 0, 4)):
		named = chain[depth]
		signers = list(range(9)) if kind == 3 else [0, 1, 2, 3, 4]
		certificate = certificate_make(network, kind, named["view"], named["id"], signers)
		receipt = spec.message_encode(spec.RECEIPT, {"payment": world.payments[index]["signed"], "index": index,
			"path": b"".join(merkle_path(leaves, index)), "header": world.block["bytes"],
			"descendants": [{"data": header["bytes"]} for header in chain[1 : depth + 1]], "certificate": certificate})
		text, old = spec.frame_text("uncproof", network.id[:4] + receipt), spec.RECEIPT_PREFIX + base64url(receipt)
		said = spec.receipt_verify(verifier, text)
		assert said == spec.receipt_verify(verifier, old)
		receipts.append({"bytes": receipt.hex(), "text": text, "older_text": old, "says": said})
	accounts = []
	for index in (1, 9, 64):
		address = network.entries[index][8:28]
		certificate = certificate_make(network, 3, world.block["view"], world.block["id"], list(range(9)))
		proof = spec.message_encode(spec.ACCOUNT_PROOF, {"index": index, "group": network.state.groups[index // 8],
			"path": network.state.path(index), "entry_count": len(network.entries), "free_head": NONE, "header": world.block["bytes"],
			"descendants": [], "certificate": certificate})
		said = spec.account_proof_verify(verifier, address, proof)
		accounts.append({"address": address.hex(), "bytes": proof.hex(), "says": dict(said, balance=number(said["balance"]))})
	return {"genesis": network.bytes.hex(), "receipts": receipts, "account_proofs": accounts}


def change_make(world, force=0):
	"""Members 1 and 8 leave, and one joins."""
	network = world.network
	joining, secret = Key(seed("joining, consensus key")), seed("joining, network key")
	validators = [{"consensus_key": key.public, "network_key": network_key, "weight": weight, "address": b"v%d.example.org:7400" % i,
		"websocket": b"wss://v%d.example.org/uncia" % i if i == 0 else b"", "joining": b""}
		for i, (key, network_key, weight) in enumerate(zip(network.consensus, network.network_keys, network.weights))]
	join_input = network.id + u64(1) + joining.public + x25519(secret, NINE) + u64(1)
	validators = validators[:1] + validators[2:-1] + [{"consensus_key": joining.public, "network_key": x25519(secret, NINE), "weight": 1,
		"address": b"[2001:db8::7]:7401", "websocket": b"", "joining": joining.sign(h("join", join_input))}]
	fields = {"epoch": 0, "expires_at": TIME_MS // 1000 + 86_400, "validators": validators,
		"faulty": (sum(v["weight"] for v in validators) - 1) // 3, "slow": 0, "force": force}
	body = spec.message_encode(RECONFIGURE, fields)
	digest = h("reconfig", network.id, body)
	approvers = list(range(9)) if force else [0, 1, 2, 3, 8]
	signed = spec.message_encode(SIGNED_RECONFIGURE, {"body": body, "approvers": bitmap(network, approvers),
		"approvals": b"".join(network.consensus[i].sign(digest) for i in approvers)})
	committee = u64(1) + u64(fields["faulty"]) + u64(0) + u32(len(validators)) + b"".join(
		v["consensus_key"] + v["network_key"] + u64(v["weight"]) for v in validators)
	return {"signed": signed, "whole": h("reconwhole", signed), "json": {
		"expires_at": fields["expires_at"], "force": force, "faulty": fields["faulty"], "slow": 0, "joining_seed": joining.seed.hex(),
		"join_digest": h("join", join_input).hex(), "approvers": approvers, "body": body.hex(), "digest": digest.hex(), "bytes": signed.hex(),
		"whole_hash": h("reconwhole", signed).hex(), "committee_hash": h("committee", committee).hex()}}


def epochs_file(world):
	network, changes = world.network, [change_make(world), change_make(world, force=1)]
	change, state_root = changes[0], network.state.root
	chain, receipts = [header_make(network, 7, 1, network.block_id, TIME_MS + 1000, [], state_root, reconfigure=change["whole"])], []
	for height, view in ((2, 8), (3, 11)):
		chain.append(header_make(network, view, height, chain[-1]["id"], TIME_MS + 500 * view, [], state_root, closing=1))
	for depth, kind, signers in ((0, 3, range(9)), (1, 4, range(5)), (2, 3, range(9))):
		certificate = certificate_make(network, kind, chain[depth]["view"], chain[depth]["id"], signers)
		descendants = [{"data": header["bytes"]} for header in chain[1 : depth + 1]]
		spec.finality_verify(network.verifier(), spec.header_decode(chain[0]["bytes"]), descendants, certificate)
		receipts.append(spec.message_encode(EPOCH_RECEIPT, {"reconfigure": change["signed"], "header": chain[0]["bytes"],
			"descendants": descendants, "certificate": certificate}).hex())
	return {"genesis": network.bytes.hex(), "changes": [made["json"] for made in changes], "headers": [header["json"] for header in chain],
		"block": spec.message_encode(BLOCK, {"header": chain[0]["bytes"], "payments": [], "reconfigure": change["signed"]}).hex(),
		"receipts": receipts, "retired": {"key": network.consensus[1].public.hex(), "id": network.consensus[1].address.hex(),
			"entry": (u8(5) + bytes(27) + network.consensus[1].public + bytes(12) + u64(1)).hex()}}


KEY_FILE = {1: ("version", spec.U32), 2: ("method", spec.U32), 3: ("memory", spec.U64), 4: ("passes", spec.U32), 5: ("salt", spec.BYTES),
	6: ("nonce", spec.BYTES), 7: ("public_key", spec.BYTES), 8: ("sealed", spec.BYTES)}
# Argon2id, version 1.3, of the passphrase below: the one number here that Python's library cannot compute.
ARGON2ID = "04ff4cbab79414d2566f64e21b83ac784d836868240edc4674dd4e4df68fa424"


def words_of_entropy(entropy):
	words = WORDLIST.read_text(encoding="ascii").split()
	bits = len(entropy) * 8 // 32
	value = int.from_bytes(entropy, "big") << bits | hashlib.sha256(entropy).digest()[0] >> 8 - bits
	count = (len(entropy) * 8 + bits) // 11
	return " ".join(words[value >> 11 * (count - 1 - i) & 2047] for i in range(count))


def envelope(name, contents):
	return b"uncia-1\n" + h("record", name.encode(), bytes(1), contents) + contents


def key_file(entropy, key, passphrase):
	fields = {"version": 1, "method": 2 if passphrase else 1, "memory": 0, "passes": 0, "salt": b"", "nonce": b"", "public_key": key.public,
		"sealed": entropy if not passphrase else b""}
	if passphrase:
		fields.update(memory=1 << 20, passes=1, salt=seed("salt")[:16], nonce=seed("nonce of a key file")[:24])
		fields["sealed"] = seal_long_nonce(bytes.fromhex(ARGON2ID), fields["nonce"], entropy, spec.message_encode(KEY_FILE, fields))
	return spec.message_encode(KEY_FILE, fields)


def wallet_file(world):
	keys = []
	for entropy in (bytes(16), seed("entropy")[:16], seed("entropy")):
		words = words_of_entropy(entropy)
		bip39 = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)
		accounts = []
		for account in (0, 1):
			key = Key(h("key", bip39, u32(account)))
			accounts.append({"account": account, "seed": key.seed.hex(), "public_key": key.public.hex(), "address": spec.address_text(key.address)})
		keys.append({"entropy": entropy.hex(), "words": words, "bip39_seed": bip39.hex(), "accounts": accounts})
	key = Key(bytes.fromhex(keys[1]["accounts"][0]["seed"]))
	entropy = bytes.fromhex(keys[1]["entropy"])
	files = [{"passphrase": passphrase, "contents": key_file(entropy, key, passphrase).hex(),
		"blob": envelope("key", key_file(entropy, key, passphrase)).hex()} for passphrase in ("", "correct horse")]
	key = Key(bytes.fromhex(keys[0]["accounts"][0]["seed"]))
	nonces = []
	for text in ("rent", "x" * 256, "zprávička 7"):
		nonce = h("nonce", key.public, text.encode())[:16]
		nonces.append({"key": text, "nonce": nonce.hex(), "blob": f"payment-{nonce.hex()}"})
	claims = []
	for network, nonce, expires_at, number in ((world.network, bytes(range(16)), TIME_MS // 1000 + 120, 0),
			(world.network, bytes(range(16)), TIME_MS // 1000 + 120, 254), (world.small, b"\xff" * 16, 2**32 - 1, 1)):
		claim_seed = h("claimseed", bytes.fromhex(keys[0]["bip39_seed"]), network.id, nonce, u32(expires_at), u32(number))[:16]
		claim = Key(h("claimkey", network.id, claim_seed))
		claims.append({"network_id": network.id.hex(), "nonce": nonce.hex(), "expires_at": expires_at, "number": number,
			"seed": claim_seed.hex(), "public_key": claim.public.hex(), "lock": h("lock", claim.public, bytes(32)).hex()})
	a = world.accounts[1].address
	requests = [(f"uncia:{spec.address_text(a)}", a, b"", None, None),
		(f"uncia:{spec.address_text(a, b'12345678')}?amount=0.500000", a, b"12345678", 500_000, None),
		(f"uncia:{spec.address_text(a)}?amount=12.000000&memo=for%20the%20rent%2C%20%C5%BEe%20%26%20more", a, b"", 12_000_000, "for the rent, že & more")]
	return {"keys": keys, "key_files": {"entropy": entropy.hex(), "argon2id": {"memory": 1 << 20, "passes": 1, "salt": seed("salt")[:16].hex(),
		"key": ARGON2ID}, "files": files}, "idempotency": {"public_key": key.public.hex(), "nonces": nonces},
		"claims": {"bip39_seed": keys[0]["bip39_seed"], "claims": claims},
		"requests": [{"text": text, "address": address.hex(), "reference": reference.hex(), "amount": amount, "memo": memo}
			for text, address, reference, amount, memo in requests],
		"memos": [{"text": memo, "memo_hash": h("memo", memo.encode()).hex()} for memo in ("", "rent", "žluťoučký kůň")]}


class Noise:
	"""The symmetric state of a handshake (Noise, revision 34), as one side sees it."""

	def __init__(self, name, prologue):
		self.hash = name.ljust(64, b"\0")
		self.chain, self.key, self.nonce = self.hash, None, 0
		self.mix_hash(prologue)

	def mix_hash(self, data):
		self.hash = hashlib.blake2b(self.hash + data).digest()

	def hkdf(self, material):
		temporary = hmac.new(self.chain, material, hashlib.blake2b).digest()
		one = hmac.new(temporary, b"\x01", hashlib.blake2b).digest()
		return one, hmac.new(temporary, one + b"\x02", hashlib.blake2b).digest()

	def mix_key(self, material):
		self.chain, key = self.hkdf(material)
		self.key, self.nonce = key[:32], 0

	def encrypt(self, plain):
		cipher = seal(self.key, bytes(4) + self.nonce.to_bytes(8, "little"), plain, self.hash) if self.key else plain
		self.nonce += 1
		self.mix_hash(cipher)
		return cipher


class Direction:
	"""Transport records of one direction; a new key after every 1,000."""

	def __init__(self, key):
		self.key, self.nonce = key[:32], 0

	def record(self, plain):
		data = seal(self.key, bytes(4) + self.nonce.to_bytes(8, "little"), plain, b"")
		self.nonce += 1
		if self.nonce % 1000 == 0:
			self.key = seal(self.key, bytes(4) + b"\xff" * 8, bytes(32), b"")[:32]
		return data


def link(network, pattern, validator, initiator_secret):
	name = f"Noise_{pattern}_25519_ChaChaPoly_BLAKE2b".encode()
	prologue = b"uncia" + u8(1) + network.id + u8(0 if pattern == "IK" else 1)
	static_secret, static = network.network_secrets[validator], network.network_keys[validator]
	ephemeral = [seed(f"ephemeral {pattern} {side}") for side in ("initiator", "responder")]
	public = [x25519(secret, NINE) for secret in ephemeral]
	state = Noise(name, prologue)
	state.mix_hash(static)
	state.mix_hash(public[0])
	first = public[0]
	state.mix_key(x25519(ephemeral[0], static))
	if pattern == "IK":
		own = x25519(initiator_secret, NINE)
		first += state.encrypt(own)
		state.mix_key(x25519(initiator_secret, static))
	first += state.encrypt(b"")
	state.mix_hash(public[1])
	second = public[1]
	state.mix_key(x25519(ephemeral[1], public[0]))
	if pattern == "IK":
		state.mix_key(x25519(ephemeral[1], own))
	second += state.encrypt(b"")
	keys = state.hkdf(b"")
	ping, records = u32(0), []
	for who, key in zip(("initiator", "responder"), keys):
		direction = Direction(key)
		for i in range(1002):
			record = direction.record(ping)
			if i in (0, 1, 999, 1000, 1001):
				records.append({"from": who, "number": i, "plaintext": ping.hex(), "record": record.hex()})
	return {"name": name.decode(), "first_byte": "V" if pattern == "IK" else "W", "prologue": prologue.hex(),
		"responder_static_secret": static_secret.hex(), "initiator_static_secret": initiator_secret.hex() if pattern == "IK" else "",
		"initiator_ephemeral_secret": ephemeral[0].hex(), "responder_ephemeral_secret": ephemeral[1].hex(),
		"messages": [first.hex(), second.hex()], "handshake_hash": state.hash.hex(), "records": records,
		"opening_bytes": (("V" if pattern == "IK" else "W").encode() + len(first).to_bytes(2, "big") + first).hex()}


def links_file(world):
	return {"network_id": world.network.id.hex(), "links": [link(world.network, "IK", 1, world.network.network_secrets[0]),
		link(world.network, "NK", 2, b"")]}


def make_all():
	"""By file name: its text."""
	world = World()
	files = {"genesis": genesis_file, "state": state_file, "payments": payments_file, "blocks": blocks_file, "votes": votes_file,
		"proofs": proofs_file, "epochs": epochs_file, "wallet": wallet_file, "links": links_file, "storage": lambda of: storage_vectors.make(of.accounts[0].address),
		"founding": lambda of: founding_vectors.make(of, h),
		"chat": lambda of: chat_vectors.Texts(of, h).make(),
		"encoding": encoding_file}  # the last: it has one of every hash of the others
	made = {name + ".json": json.dumps(make(world), indent=1, ensure_ascii=False) + "\n" for name, make in files.items()}
	return {**made, text_vectors.FILE.name: text_vectors.make()}


def main(arguments):
	if len(arguments) != 1 or not os.path.isdir(arguments[0]):
		print(__doc__, file=sys.stderr)
		return 2
	for name, text in make_all().items():
		(pathlib.Path(arguments[0]) / name).write_text(text, encoding="utf-8")
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
