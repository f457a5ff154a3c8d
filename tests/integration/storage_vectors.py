"""The vectors of what a validator writes to its disk (docs/spec/storage.md), docs/spec/vectors/storage.json, from that page alone."""
from vector_ciphers import siphash


def u8(number):
	return bytes([number])


def u32(number):
	return number.to_bytes(4, "big")


def u64(number):
	return number.to_bytes(8, "big")


def make(address):
	records = []
	for environment, table, key, payload in (("j", 2, b"key", b"hello"), ("j", 1, u64(3) + u8(2) + bytes(32), bytes(range(100))),
			("s", 0, b"state", b""), ("s", 2, address, u64(1))):
		place = environment.encode() + u8(table) + key
		inner = siphash(b"uncia.record.v1\0", place)
		checksum = siphash(u64(inner) + u64(len(payload)), payload)
		records.append({"environment": environment, "table": table, "key": key.hex(), "payload": payload.hex(),
			"record": (u8(1) + u32(len(payload)) + u64(checksum) + payload).hex()})
	log_id, sequence, previous = bytes(range(16)), 7, 0x0123456789abcdef
	heads, values = b"", b""
	for record in records:
		if record["environment"] == "j":
			key, payload = bytes.fromhex(record["key"]), bytes.fromhex(record["payload"])
			heads += u8(record["table"]) + u8(len(key)) + u32(len(payload)) + bytes.fromhex(record["record"])[5:13] + key
			values += payload
	heads += u8(0) + u8(8) + u32(0) + u64(0) + u64(5)
	piece = log_id + u64(sequence) + u64(previous) + u32(3) + u32(len(heads)) + u64(len(values)) + heads
	checksum = siphash(b"uncia.log.v1".ljust(16, b"\0"), piece)
	tail = u64(sequence) + u64(checksum)
	piece = {"log_id": log_id.hex(), "sequence": sequence, "previous": f"{previous:016x}", "forgets": 5,
		"piece": (u64(checksum) + piece + values).ljust(4096, b"\0").hex(),
		"seal": (tail + u64(siphash(b"uncia.tail.v1".ljust(16, b"\0"), tail))).hex()}
	page = bytes(range(256)) * 16
	seal_head = u64(12345) + u64(siphash(b"uncia.header.v1\0", page))
	return {"records": records, "piece": piece, "seal": {"commit": 12345, "header_page": page.hex(),
		"seal": (seal_head + u64(siphash(b"uncia.seal.v1\0\0\0", seal_head))).hex()}}
