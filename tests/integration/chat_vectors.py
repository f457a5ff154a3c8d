"""The vectors of the texts that travel in chats (docs/spec/texts.md 12), docs/spec/vectors/chat.json, and a reader and a
scanner of messages written from that page alone."""
import re

import verify_receipt as spec

KINDS = {"uncwho": "contact", "uncask": "request", "uncpaid": "notice", "uncgift": "claim", "uncproof": "receipt", "uncnever": "expiry",
	"uncquote": "quote"}
BECH32 = spec.BECH32_ALPHABET


def u8(number):
	return number.to_bytes(1, "big")


def u16(number):
	return number.to_bytes(2, "big")


def u32(number):
	return number.to_bytes(4, "big")


def u64(number):
	return number.to_bytes(8, "big")


def option(kind, value):
	return u8(kind) + u8(len(value)) + value


# ---- reading, 12.1 and 12.2 ------------------------------------------------------------------------


def plain(value):
	"""Text without control characters, 11.4."""
	try:
		text = value.decode("utf-8")
	except UnicodeDecodeError:
		return False
	controls = {*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)}
	return bool(text) and not any(ord(c) in controls for c in text)


def handle(value):
	return plain(value) and re.fullmatch(r"[a-z][a-z0-9+.-]*:.+", value.decode()) and \
		not any(ord(c) in spec.BLANKS | spec.UNSEEN for c in value.decode())


OPTIONS = {
	"contact": {1: None, 2: lambda v: len(v) <= 60 and handle(v)},
	"request": {1: lambda v: len(v) == 8, 2: lambda v: len(v) == 8 and any(v), 3: lambda v: len(v) == 1 and v[0] > 1,
		4: lambda v: len(v) == 4 and any(v), 5: lambda v: len(v) == 64, 6: lambda v: len(v) <= 96 and plain(v), 7: lambda v: len(v) == 64},
	"notice": {6: lambda v: len(v) <= 96 and plain(v)},
}
FIXED = {"contact": 100, "request": 24, "notice": 36, "claim": 72}


def options_read(kind, payload):
	"""None, or why the payload is refused."""
	at, last, seen = FIXED[kind], -1, set()
	while at < len(payload):
		if len(payload) - at < 2 or len(payload) - at - 2 < payload[at + 1] or payload[at] <= last or 7 in seen and kind == "request":
			return "wrong"
		last, value = payload[at], payload[at + 2 : at + 2 + payload[at + 1]]
		known = OPTIONS[kind]
		if last not in known:
			if last < 128:
				return "newer"
		elif known[last] is None:
			return "newer" if len(value) == 20 else "wrong"
		elif not known[last](value):
			return "wrong"
		seen.add(last)
		at += 2 + len(value)
	return "wrong" if (5 in seen) != (7 in seen) or {5, 6} <= seen and kind == "request" else None


def run_read(run, network_id):
	"""(kind, why it is refused or None) of a run that begins with a prefix and a 1."""
	prefix = run.lower().partition("1")[0]
	kind = KINDS[prefix]
	try:
		payload = spec.frame_read(prefix, run)
	except spec.Invalid as error:
		return kind, {"changed on the way": "changed", "made wrongly": "wrong", "made by a newer program": "newer"}[str(error)]
	if len(payload) < 4:
		return kind, "wrong"
	if network_id and payload[:4] != network_id[:4]:
		return kind, "network"
	if kind in ("receipt", "expiry"):
		return kind, None
	if len(payload) > 512:
		return kind, "wrong"
	if kind == "quote":
		return kind, "newer"
	if len(payload) < FIXED[kind] or kind == "claim" and len(payload) != FIXED[kind]:
		return kind, "wrong"
	return kind, None if kind == "claim" else options_read(kind, payload)


# ---- messages, 12.3 --------------------------------------------------------------------------------

CODES = re.compile(r"[\x02\x0f\x11\x16\x1d\x1e\x1f]|\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?"
	r"|\x1b(?:\[[0-?]*[ -/]*[@-~])?|[" + "".join(map(chr, sorted(spec.UNSEEN))) + "]")
RECEIPT = re.compile(r"(?i:uncia-receipt-)[0-9]+:[A-Za-z0-9_-]*")
RUN = re.compile(r"((?i:uncia:))?((?i:unc)[A-Za-z0-9]*)")
QUERY = re.compile(r"\?[A-Za-z0-9][A-Za-z0-9._~%?&=-]*")


def is_newer(run):
	prefix, one, data = run.lower().partition("1")
	return one and len(prefix) < 16 and len(data) > 6 and run in (run.lower(), run.upper()) and all(c in BECH32 for c in data) and \
		spec.bech32_checksum(spec.bech32_prefix_values(prefix) + [BECH32.index(c) for c in data]) == spec.BECH32M_CONSTANT


def address_ok(run):
	if not spec.bech32m_valid(run) or not run.lower().startswith("unc1"):
		return False
	bits = "".join(f"{BECH32.index(c):05b}" for c in run.lower()[4:-6])
	rest = len(bits) % 8
	return rest < 5 and bits[len(bits) - rest :] == "0" * rest and len(bits) // 8 in (20, 28)


def candidate(text, at, network_id, reads_old):
	"""(kind, why it is refused or None, the text, end) of what stands at a place; None."""
	old = RECEIPT.match(text, at)
	if old:
		body = old[0].partition(":")[2]
		try:
			whole = old[0].startswith(spec.RECEIPT_PREFIX) and len(spec.base64url_decode(body, "")) > 0
		except spec.Invalid:
			whole = False
		return "receipt", None if whole else "changed", old[0], old.end()
	found = RUN.match(text, at)
	if not found:
		return None
	scheme, run = found.groups()
	prefix, one, data = run.partition("1")
	if not scheme and len(data) <= 6:
		return None
	if one and prefix.lower() in KINDS:
		kind, why = run_read(run, network_id)
		return kind, why, "uncia:" + run.lower(), found.end()
	if one and prefix.lower() == "unc":
		query = QUERY.match(text, found.end()) if scheme else None
		if query:
			request = text[at : query.end()]
			return "request", None if reads_old(request) else "changed", request, query.end()
		return "address", None if address_ok(run) else "changed", run.lower(), found.end()
	if is_newer(run):
		return "none", "newer", None, found.end()
	return ("none", "changed", None, found.end()) if scheme else None


def scan(message, network_id, reads_old):
	"""The texts of a message (a str): (list of kind, why or None, begin, end, text or None), more. Places are of its bytes."""
	kept, at = [], 0
	while at < len(message):
		code = CODES.match(message, at)
		if code:
			at = code.end()
			continue
		kept.append(at)
		at += 1
	text = "".join(message[i] for i in kept)
	found, seen, at = [], set(), 0
	while at < len(text):
		what = candidate(text, at, network_id, reads_old) if at == 0 or not re.match("[A-Za-z0-9]", text[at - 1]) else None
		if not what:
			at += 1
			continue
		kind, why, read, end = what
		if why or read not in seen:
			if len(found) == 8:
				return found, True
			begin_byte = len(message[: kept[at]].encode("utf-8", "surrogateescape"))
			end_byte = len(message[: kept[end - 1] + 1].encode("utf-8", "surrogateescape"))
			found.append((kind, why, begin_byte, end_byte, None if why else read))
			seen.add(None if why else read)
		at = end
	return found, False


# ---- the file --------------------------------------------------------------------------------------


class Texts:
	"""One of every text, made from what the other vectors have. h hashes and notes what it hashed."""

	def __init__(self, world, h):
		self.h, self.world, self.id = h, world, world.network.id
		self.n4 = self.id[:4]
		self.keys = world.accounts

	def contact(self, key, name):
		digest = self.h("contact", self.id, key.address, name.encode())
		payload = self.n4 + key.public + key.sign(digest) + (option(2, name.encode()) if name else b"")
		return {"seed": key.seed.hex(), "address": spec.address_text(key.address), "handle": name, "digest": digest.hex(),
			"payload": payload.hex(), "text": spec.frame_text("uncwho", payload)}

	def request(self, key, reference=b"", amount=0, currency=1, ends_at=0, memo="", lock=b"", more=b""):
		payload = self.n4 + key.address
		for kind, value, there in ((1, reference, reference), (2, u64(amount), amount), (3, u8(currency), currency > 1), (4, u32(ends_at), ends_at),
				(5, lock + key.public, lock), (6, memo.encode(), memo)):
			payload += option(kind, value) if there else b""
		digest = self.h("ask", self.id, payload) if lock else b""
		payload += option(7, key.sign(digest)) if lock else b""
		payload += more
		return {"seed": key.seed.hex(), "address": spec.address_text(key.address, reference), "amount": str(amount) if amount else None,
			"currency": currency, "ends_at": ends_at or None, "memo": memo or None, "lock": lock.hex() or None, "digest": digest.hex() or None,
			"payload": payload.hex(), "key": self.h("request", payload).hex(), "text": spec.frame_text("uncask", payload)}

	def requests(self):
		a, b, c, d = self.keys
		return [self.request(a), self.request(b, bytes(range(8)), 500_000), self.request(c, b"\xff" * 8, 2**64 - 1, 16, 2**32 - 1, "m" * 96),
			self.request(d, memo="for the rent, že & <more>"), self.request(a, bytes(8), 12_000_000, lock=bytes(range(32))),
			self.request(b, amount=1, more=option(128, b"") + option(255, b"later"))]

	def notice(self, payment, memo):
		payload = self.n4 + payment["id"] + (option(6, memo.encode()) if memo else b"")
		return {"id": payment["id"].hex(), "memo": memo or None, "payload": payload.hex(), "text": spec.frame_text("uncpaid", payload)}

	def claim(self, key, payment, secret):
		payload = self.n4 + key.address + payment["id"] + secret
		return {"home": key.address.hex(), "opening": payment["id"].hex(), "claim_seed": secret.hex(), "payload": payload.hex(),
			"text": spec.frame_text("uncgift", payload)}

	def expiry(self, payment, voters):
		network, words = self.world.network, []
		for voter in voters:
			height, time = 70 + voter, payment["json"]["expires_at"] * 1000 + voter
			digest = self.h("expiry", self.id, payment["id"], u64(height), u64(time))
			words.append(u16(voter) + u64(height) + u64(time) + network.consensus[voter].sign(digest))
		payload = self.n4 + u64(0) + u16(len(payment["signed"])) + payment["signed"] + b"".join(words)
		return {"id": payment["id"].hex(), "signers": list(voters), "payload": payload.hex(), "text": spec.frame_text("uncnever", payload)}

	def code(self, one, other):
		low, high = sorted((one, other))
		digest = self.h("code", self.id, low, high)
		return {"address": spec.address_text(one), "other": spec.address_text(other), "digest": digest.hex(),
			"code": f"{int.from_bytes(digest[:16], 'big') % 10**20:020d}"}

	def refused(self, contacts, requests, notices, expiries):
		"""(text, why), for any reader of its kind on this network; "unproved": whole, and proves nothing."""
		a, b, c, d = self.keys
		ask, who = bytes.fromhex(requests[4]["payload"]), bytes.fromhex(contacts[1]["payload"])
		never = bytes.fromhex(expiries[0]["payload"])
		paid = notices[0]["text"]
		for text, why in ((paid[:-1], "changed"), (paid + "q", "changed"), (paid[:20] + paid[21:], "changed"), (paid[:9] + paid[9:].upper(), "changed"),
			(paid.replace("uncpaid", "uncgift"), "changed"), (paid[:30] + "b" + paid[31:], "changed"),
			(spec.frame_text("uncpaid", bytes.fromhex(notices[0]["payload"]), 2), "newer"),
			(spec.frame_text("uncpaid", bytes.fromhex(notices[0]["payload"]), 0), "newer"),
			(spec.frame_text("uncquote", self.n4 + bytes(100)), "newer"), ("uncia:" + spec.bech32m_encode("uncpaid", []), "wrong"),
			("uncia:" + spec.bech32m_encode("uncpaid", [1]), "wrong"), (spec.frame_text("uncpaid", bytes(36)), "network"),
			(spec.frame_text("uncpaid", self.n4 + bytes(31)), "wrong"), (spec.frame_text("uncpaid", self.n4 + bytes(32) + b"\6\0"), "wrong"),
			(spec.frame_text("uncpaid", self.n4 + bytes(32) + option(7, b"x")), "newer"),
			(spec.frame_text("uncpaid", self.n4 + bytes(32) + option(6, b"a\nb")), "wrong"),
			(spec.frame_text("uncpaid", self.n4 + bytes(32) + option(6, b"a" * 97)), "wrong"),
			(spec.frame_text("uncgift", self.n4 + bytes(67)), "wrong"), (spec.frame_text("uncgift", self.n4 + bytes(69)), "wrong"),
			(spec.frame_text("uncask", self.n4 + bytes(20) + option(2, bytes(8))), "wrong"),
			(spec.frame_text("uncask", self.n4 + bytes(20) + option(3, b"\1")), "wrong"),
			(spec.frame_text("uncask", self.n4 + bytes(20) + option(4, u32(9)) + option(3, b"\2")), "wrong"),
			(spec.frame_text("uncask", self.n4 + bytes(20) + option(3, b"\2") * 2), "wrong"),
			(spec.frame_text("uncask", self.n4 + bytes(20) + option(9, b"")), "newer"),
			(spec.frame_text("uncask", ask[:-66]), "wrong"), (spec.frame_text("uncask", ask + option(200, b"")), "wrong"),
			(spec.frame_text("uncask", ask[:4] + c.address + ask[24:]), "unproved"), (spec.frame_text("uncask", ask[:-1] + bytes([ask[-1] ^ 1])), "unproved"),
			(spec.frame_text("uncwho", who[:4] + c.public + who[36:]), "unproved"), (spec.frame_text("uncwho", who[:-1] + b"x"), "unproved"),
			(spec.frame_text("uncwho", who[:100]), "unproved"), (spec.frame_text("uncwho", who[:100] + option(2, b"bob")), "wrong"),
			(spec.frame_text("uncwho", who[:100] + option(1, bytes(20)) + who[100:]), "newer"), (spec.frame_text("uncnever", never[:-82]), "unproved"),
			(spec.frame_text("uncnever", never[:-1]), "wrong"), (spec.frame_text("uncnever", never[:-82] + never[-164:-82]), "unproved"),
			(spec.frame_text("uncnever", never[:-164] + never[-82:] + never[-164:-82]), "unproved"),
			(spec.frame_text("uncnever", never[:4] + u64(1) + never[12:]), "unproved"), (spec.frame_text("uncnever", never[:-1] + bytes([never[-1] ^ 1])), "unproved"),
			(expiries[-1]["text"], "unproved")):
			yield {"text": text, "why": why}

	def old_request(self):
		return f"uncia:{spec.address_text(self.keys[1].address)}?amount=12.000000&memo=rent%20of%20May"

	def messages(self, texts):
		ask, who, paid, gift = texts
		address = spec.address_text(self.keys[1].address)
		old = self.old_request()
		yield from ("", "uncia: the wallet", f"pay me: {ask} thanks", f"{ask}\n{who}", f"<{ask}>", f"({ask}).", f"**{ask}**", f"_{paid}_", f"`{gift}`",
			f"[pay]({ask})", f'<a href="{ask}">{ask}</a>', f"x{ask}", f"{ask}x", f"{ask}b", f"{ask}1", f"{paid}I", f"1{paid[6:]}", f"{paid}9", f"é{paid}é", f"请付{ask}谢谢", f"uncia:{ask}",
			ask.upper(), ask[6:], f"UNCIA:{ask[6:]}", f"Uncia:{ask[6:].title()}", ask[:60], f"{ask[:60]} {ask[60:]}", f"{ask[:60]}\n{ask[60:]}",
			ask[:9], ask[6:30], "uncask1", f"\x02{ask}\x02", f"\x0304,12{ask}\x03", f"{ask[:60]}\x0f{ask[60:]}", f"\x04ff0000{ask}\x04", f"\x1b[1;31m{ask}\x1b[0m",
			f"{ask[:50]}\u200b{ask[50:]}", f"{ask[:50]}\u00ad{ask[50:]}", f"\ufeff{ask}", f"{ask[:50]}\x1b{ask[50:]}", f"{ask[:50]}\x1b[{ask[50:]}", f"{ask[:50]}\x03{ask[50:]}",
			f"a\u200b{paid}", address, f"uncia:{address}", f"uncia:{address}?", address[:-1], f"{address}q", old, f"({old})", old[:-3], old + "&x=1",
			f"{address}?amount=1", f"uncia:{address}?amount=0", f"uncia-receipt-1:AQID", "Uncia-receipt-1:AQID", "uncia-receipt-1:AQI", "uncia-receipt-2:AQID",
			"uncia-receipt-1:", " ".join([paid] * 20), " ".join(f"{paid[:-k]}" for k in range(1, 12)), " ".join([ask, who, paid, gift, address, old]),
			spec.frame_text("uncpaid", bytes(36)), spec.frame_text("uncpaid", self.n4 + bytes(32), 9), spec.frame_text("uncquote", self.n4 + bytes(80)),
			spec.frame_text("unclater", bytes(9)), spec.frame_text("unclater", bytes(9))[6:], "uncia:unclater1qqqqqqqqqqq", "uncle1qqqqqqqqqqq", "uncia:uncle",
			spec.frame_text("uncask", self.n4 + bytes(20) + option(99, b"")), spec.frame_text("uncask", self.n4 + bytes(19)),
			f"https://example.org/?q={ask}&x=1", f"{ask},{paid};{gift}", f"\x1b[{ask}", f"\x1b[\u00e9{ask}", f"\udcff{ask}\udcff")

	def make(self):
		a, b, c, d = self.keys
		payments = self.world.payments
		contacts = [self.contact(a, ""), self.contact(b, "xmpp:bob@example.org"), self.contact(c, "irc:libera/" + "c" * 49)]
		requests, claims = self.requests(), [self.claim(a, payments[0], bytes(range(16)))]
		notices = [self.notice(payments[0], ""), self.notice(payments[1], "for the rent, že & <more>"), self.notice(payments[2], "m" * 96)]
		expiries = [self.expiry(payments[0], (0, 1)), self.expiry(payments[1], range(9)), self.expiry(payments[2], (1, 2, 3)), self.expiry(payments[3], (0, 1, 2))]
		texts = [requests[1]["text"], contacts[1]["text"], notices[1]["text"], claims[0]["text"]]
		scans = []
		for message in self.messages(texts):
			# Which older requests are read (11.3) is what texts.json has cases for.
			found, more = scan(message, self.id, lambda text: text in (self.old_request(), self.old_request()[:-3]))
			scans.append({"message": message.encode("utf-8", "surrogateescape").hex(), "more": more, "found": [
				{"kind": kind, "why": why, "begin": begin, "end": end, "text": text} for kind, why, begin, end, text in found]})
		return {"network_id": self.id.hex(), "contacts": contacts, "requests": requests, "notices": notices,
			"claims": claims, "expiries": expiries[:3], "codes": [self.code(a.address, b.address), self.code(c.address, b.address), self.code(bytes(20), b"\xff" * 20)],
			"refused": list(self.refused(contacts, requests, notices, expiries)), "scans": scans}
