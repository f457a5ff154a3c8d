"""The cases of docs/spec/texts.md, docs/spec/vectors/texts.json: what is read as what, and what is refused. Written by hand
from the specification; the cleaning of verify_receipt.py and the product (unit/wallet/spec_texts_test) are held against
them. Run by itself, it writes the file."""
import json
import pathlib

import verify_receipt as spec

FILE = pathlib.Path(__file__).parent.parent.parent / "docs/spec/vectors/texts.json"
ADDRESS = spec.address_text(bytes(range(1, 21)))
REFERRING = spec.address_text(bytes(range(1, 21)), bytes.fromhex("00112233445566ff"))
WORDS = ["abandon"] * 11 + ["about"]
LEGAL = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def cleaning():
	"""(form, text, what it is once it is clean; None: changed on the way)."""
	a, b, whole = ADDRESS[:7], ADDRESS[7:], ADDRESS
	for text, clean in (
		(whole, whole), (f" {whole}\r\n", whole), (f"\ufeff{whole}", whole), (f"{a}\n> {b}", whole), (f"> > {a}\r\n> > {b}", whole),
		(f"<{whole}>", whole), (f"({whole}).", whole), (f"\u201c{whole}\u201d.", whole), (f"\u00ab\u00a0{whole}\u00a0\u00bb", whole),
		(f"{a}\u200b{b}", whole), (f"{a}\u00ad{b}", whole), (f"{a}\u2066{b}\u2069", whole), (f"**{whole}**", whole), (f"- {whole}", whole),
		(f"\u2022 {whole}", whole), (f"| {whole} |", whole), (whole.upper(), whole.upper()), (f"{a}\u3000{b}", whole),
		(f"{a}\u2028{b}", whole), (f"{a}\ufe0f{b}", whole), (f"{a}\u0085{b}", whole),
		("", ""), (" . ", ""), ("a.b", "a.b"), ("a\u2011b", "a-b"), ("a\u2010b", "a-b"), ("a b", "ab"), ("\u2018a\u2019", "a"),
		(f"to {whole}", f"to{whole}"),
		(f"{a}\u2026{b}", None), (f"{whole}\u2026", None), (f"\u2026{whole}", None), (f"{a}\u201d{b}", None), (f"{a}\u2014{b}", None),
		(f"{a}\u0430{b}", None), (f"{whole}\u001b[0m", None), (f"{whole}\u0002", None), (f"\ufffd{whole}", None), (f"{whole}\u007f", None)):
		yield "plain", text, clean
	# Each character that is dropped, and those beside the ends of a range that are not.
	dropped = spec.BLANKS | spec.UNSEEN | {ord(c) for c in "<>|"}
	for c in sorted(dropped | {c + step for c in dropped if c > 0x7E for step in (-1, 1)}):
		kept = c in (0x2010, 0x2011)
		yield "plain", f"a{chr(c)}b", "ab" if c in dropped else "a-b" if kept else None
	for c in sorted(spec.MARKS):
		yield "plain", f"{c}a{c}", "a"
		yield "plain", f"a{c}b", f"a{c}b" if c < "\x7f" else None
	for text, clean in (
		("uncia-receipt-1:AQ\r\n> ID", "uncia-receipt-1:AQID"), ("uncia-receipt-1:AQ_-", "uncia-receipt-1:AQ_-"),
		("uncia-receipt-1:AQI_.", "uncia-receipt-1:AQI_"), ("_uncia-receipt-1:AQID", "uncia-receipt-1:AQID"),
		("uncia-receipt-1:AQID)-", "uncia-receipt-1:AQID)-"), ("uncia-receipt-1:AQID\u201d-", "uncia-receipt-1:AQID"),
		("uncia-receipt-1:AQI-\u201d", "uncia-receipt-1:AQI-"), ("uncia-receipt-1:\u2011_8", "uncia-receipt-1:-_8")):
		yield "receipt", text, clean
	for text, clean in (
		("uncia:a?memo=b c", "uncia:a?memo=b c"), ("uncia:a\u00a0\u00a0b", "uncia:a b"), ("uncia:a \r\n> b", "uncia:a\nb"),
		("uncia:a\u2028b", "uncia:a\nb"), ("uncia:a>|<b", "uncia:a\nb"), ("uncia:a\n.", "uncia:a\n."), ("uncia:a\n", "uncia:a"), (" uncia:a ", "uncia:a"), ("uncia:a .", "uncia:a ."), ("uncia:a)", "uncia:a"),
		("uncia:a \u200b b", "uncia:a b"), ("uncia:", "uncia:")):
		yield "request", text, clean


def addresses():
	other = ADDRESS[:10] + ("q" if ADDRESS[10] != "q" else "p") + ADDRESS[11:]
	yield from ((ADDRESS, ADDRESS), (REFERRING, REFERRING), (ADDRESS.upper(), ADDRESS), (f"uncia:{ADDRESS}", ADDRESS),
		(f"UNCIA:{REFERRING.upper()}", REFERRING), (f"Uncia:{ADDRESS}.", ADDRESS))
	for text in (ADDRESS[:-1], f"{ADDRESS}q", ADDRESS[:3].upper() + ADDRESS[3:], f"uncia:uncia:{ADDRESS}", f"uncia:{ADDRESS}?amount=1",
		f"to {ADDRESS}", other, ""):
		yield text, None


def requests():
	"""(text, amount, memo) of requests to ADDRESS, and texts that are none."""
	base = f"uncia:{ADDRESS}"
	for tail, amount, memo in (
		("", None, None), ("?", None, None), ("?amount=0.000001", "0.000001", None),
		("?amount=18446744073709.551615", "18446744073709.551615", None), ("?amount=" + "0" * 23 + "1.000000", "1.000000", None),
		("?amount=1250", "1250.000000", None), ("?amount=1250.5.", "1250.500000", None), ("?amount=1250,", "1250.000000", None),
		("?amount=1&memo=rent", "1.000000", "rent"), ("?memo=rent&amount=1", "1.000000", "rent"), ("?Memo=rent&AMOUNT=1", "1.000000", "rent"),
		("?memo=rent.", None, "rent"), ("?memo=rent%2E", None, "rent."), ("?memo=rent%2e.", None, "rent."), ("?memo=a.b-c_d~e", None, "a.b-c_d~e"), ("?memo=a%2D", None, "a-"),
		("?memo=a%5F%7e", None, "a_~"), ("?memo=a-_~", None, "a"),
		("?memo=re\r\n> nt", None, "rent"), (" ? amount = 1 & me mo=x", "1.000000", "x"),
		("?amount=1\n250.00 0000", "1250.000000", None), ("?amount=1 250.000000&memo=a", "1250.000000", "a"), ("?amount=\n> 5\n&memo=a", "5.000000", "a"),
		("?amount=5\n)", "5.000000", None), ("?amount=1.5\n00000", "1.500000", None), ("?memo=5\n2&amount=5", "5.000000", "52"), ("?memo=%C3%A9%20%E2%82%AC", None, "\u00e9 \u20ac"),
		("?memo=a%C2%ADb", None, "a\u00adb"), ("?memo=a%E2%80%8Db", None, "a\u200db"), ("?memo=a%E2%80%8Cb", None, "a\u200cb"),
		("?memo=a%EF%BB%BFb", None, "a\ufeffb"), ("?memo=a%C2%A0b", None, "a\u00a0b"), ("?memo=RENT", None, "RENT")):
		yield base + tail, amount, memo
	yield base.upper(), None, None
	yield f"<{base}>.", None, None
	yield f"{base.upper()}?AMOUNT=1&MEMO=2024", "1.000000", "2024"
	yield f"uncia:{ADDRESS.upper()}?memo=Rent", None, "Rent"


def no_requests():
	base = f"uncia:{ADDRESS}"
	for tail in ("?amount=18446744073709.551616", "?amount=" + "0" * 24 + "1.000000", "?amount=0", "?amount=0.000000", "?amount=1.0000001",
		"?amount=-1", "?amount=.5", "?amount=", "?amount=1&amount=1", "?amount=1250.", "?amount=1250 .", "?amount=1&", "?label=a",
		"?memo=", "?memo=&amount=1", "?memo=a&memo=a", "?memo=re nt", "?memo=re\u00a0nt",
		"?amount=5\n2)", "?amount=5\n2", "?amount=5 2", "?amount=5|2", "?amount=1 250.5", "?amount=5\n> 2&memo=a", "?amount=1\n.5", "?memo=%4", "?memo=%00", "?memo=%FF", "?memo=\u00e9"):
		yield base + tail
	for control in ("%0A", "%1B", "%7F", "%C2%80", "%D8%9C", "%E2%80%8E", "%E2%80%8F", "%E2%80%A8", "%E2%80%A9", "%E2%80%AE", "%E2%81%A6",
		"%E2%81%A9"):
		yield f"{base}?memo=a{control}b"
	yield from (f"{base.upper()}?MEMO=RENT", ADDRESS, f"bitcoin:{ADDRESS}", "uncia:", base[:-1])


def words():
	"""(text, the words that it stands for), or (text, None, how many there are, the number of the first that is none or 0)."""
	whole = " ".join(WORDS)
	for text in (whole, "".join(f"{i + 1}. {word}\r\n" for i, word in enumerate(WORDS)), ", ".join(WORDS) + ".",
		" ".join(word[:4].upper() for word in WORDS), "\ufeff> " + "\u00a0".join(WORDS), "aban\u200bdon " + " ".join(WORDS[1:]),
		"1abandon2abandon3" + " ".join(WORDS[2:]), f"\u201c{whole}\u201d"):
		yield text, whole
	yield LEGAL, LEGAL
	yield "lega winn than year wave saus wort usef lega winn than yell", LEGAL
	yield "", None, 0, 0
	yield whole.replace("about", "abo"), None, 12, 12
	yield whole.replace("about", "zoo"), None, 12, 0
	yield f"{whole} zoo", None, 13, 0
	yield "\u0430bandon " + " ".join(WORDS[1:]), None, 12, 1
	yield " ".join(WORDS[:6] + ["ab\u00f6ndon"] + WORDS[7:]), None, 12, 7


PASSPHRASES = [("correct horse", "correct horse"), ("caf\u00e9", "caf\u00e9"), ("cafe\u0301", "caf\u00e9"), ("\ufeffcafe\u0301", "caf\u00e9"),
	("a\u00a0b\u3000c", "a b c"), ("a\u2003b", "a b"), ("\ufb01", "\ufb01"), ("\u212b", "\u00c5"), ("a\ufeffb", "a\ufeffb"),
	("cafe\u0301\U000e0c00", "cafe\u0301\U000e0c00"), (" a ", " a "), ("\u1100\u1161", "\uac00")]
NAMES = [("Anna", "Anna"), ("Zoe\u0308", "Zo\u00eb"), ("\ufb01ne", "fine"), ("\uff21nna", "Anna"), ("Anna\u00a0Maria", "Anna Maria"),
	("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",) * 2, ("\u0915\u094d\u200d\u0937",) * 2, ("\u2764\ufe0f",) * 2,
	("\U0001f469\U0001f3fd\u200d\U0001f4bb",) * 2, ("1\ufe0f\u20e3",) * 2, ("x" * 64,) * 2, ("Uncle Bob",) * 2]
NO_NAMES = ["", " Anna", "Anna\u3000", "An\u200bna", "An\u200dna", "An\u200cna", "Anna\ufe0f", "An\u00adna", "Anna\u3164", "\u2800", "a\u202eb",
	"a\u061cb", "a\nb", "\u0301a", "\ue000", "\U000e0c00", "unc1bob", "UNC1BOB", "<uncia:bob>", ADDRESS, "uncl" + ADDRESS[4:], "00" * 32, "x" * 65]
ALIKE = [["Anna", "anna"], ["Anna", "\u0410nna"], ["Maria", "Mar\u0456a"], ["Bill", "BiII"], ["lda", "IDA"], ["Ida", "lda"], ["Ida", "ida"], ["Igor", "igor"], ["Bob0", "bobo"],
	["modern", "modem"], ["Stra\u00dfe", "STRASSE"], ["\u0391\u03bd\u03bd\u03b1", "Avva"], ["MAX", "\u041c\u0410\u0425"],
	["max", "\u041c\u0410\u0425"], ["Anna Maria", "Anna  Maria"], ["\u2764", "\u2764\ufe0f"]]
DIFFERENT = [["Anna", "Hanna"], ["Ali", "All"], ["Zoe", "Zo\u00eb"], ["Bob 1", "Bob 2"], ["Jan", "Jon"]]


def make():
	"""The file's text."""
	cases = {
		"cleaning": [{"form": form, "text": text, "clean": clean} for form, text, clean in cleaning()],
		"addresses": [{"text": text, "address": address} for text, address in addresses()],
		"requests": [{"text": text, "request": {"address": ADDRESS, "amount": amount, "memo": memo}} for text, amount, memo in requests()] +
			[{"text": text, "request": None} for text in no_requests()],
		"words": [dict(zip(("text", "words", "count", "unknown"), case)) for case in words()],
		"passphrases": [{"text": text, "prepared": prepared} for text, prepared in PASSPHRASES],
		"names": [{"text": text, "name": name} for text, name in NAMES + [(name, None) for name in NO_NAMES]],
		"alike": ALIKE, "different": DIFFERENT}
	return json.dumps(cases, indent=1) + "\n"


if __name__ == "__main__":
	FILE.write_text(make())
