"""The specification and the code say the same: tags, limits, and what comments quote or point to."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).parent.parent.parent
SPEC = {path.stem: path.read_text() for path in (ROOT / "docs" / "spec").glob("*.md")}
SOURCES = [path for folder in ("include", "proto", "node", "wallet") for path in (ROOT / folder).rglob("*.[ch]")]


def plain(text):
	"""Without markup, line breaks and letter case."""
	return re.sub(r"[\s*`]+", " ", text).strip().rstrip(".,;:").lower()


def comments():
	for path in SOURCES:
		for match in re.finditer(r"/\*.*?\*/", path.read_text(), re.S):
			yield path.relative_to(ROOT), re.sub(r"\s*\n\s*\*(?!/)", " ", match.group(0))


class Spec(unittest.TestCase):
	def test_every_hash_tag_is_in_the_table_and_no_other(self):
		code = re.findall(r'\[HASH_\w+\] = "([^"]+)"', (ROOT / "proto" / "hash.c").read_text())
		table = re.findall(r"^\| `(uncia\.\w+)` \|", SPEC["encoding"], re.M)
		self.assertGreater(len(code), 10)
		self.assertEqual(sorted(code), sorted(table))
		self.assertTrue(all(len(tag) <= 16 for tag in code))

	def test_limits_are_those_of_the_code(self):
		text = (ROOT / "proto" / "protocol_limits.h").read_text()
		code = {name: eval(value.replace("u", "")) for name, value in re.findall(r"#define (\w+) +(\(.*?\)|\d+u)", text)}
		table = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", SPEC["network"].split("# §10 Limits")[1], re.M))

		def size(row):
			number, unit = re.search(r"([\d,]+) ?(KiB|MiB)?", table[row]).groups()
			return int(number.replace(",", "")) << {"KiB": 10, "MiB": 20, None: 0}[unit]
		for row, name in {
			"signed payment": "PAYMENT_SIZE_MAX",
			"block": "BLOCK_SIZE_MAX",
			"header": "HEADER_SIZE_MAX",
			"receipt, account proof": "RECEIPT_SIZE_MAX",
			"genesis": "GENESIS_SIZE_MAX",
			"committee": "COMMITTEE_SIZE_MAX",
			"message to a wallet": "MESSAGE_SIZE_WALLET_MAX",
			"message from a wallet": "MESSAGE_SIZE_REQUEST_MAX",
			"record from a wallet": "RECORD_SIZE_REQUEST_MAX",
			"message between validators": "MESSAGE_SIZE_VALIDATOR_MAX",
			"vote": "VOTE_SIZE_MAX",
			"certificate": "CERTIFICATE_SIZE_MAX",
			"payment lifetime": "PAYMENT_LIFETIME_MAX_S",
			"mempool (configurable)": "MEMPOOL_SIZE_DEFAULT",
			"those of them above 1 KiB": "MEMPOOL_LARGE_BYTES_MAX",
			"wallets linked (configurable)": "WALLET_LINKS_DEFAULT",
			"page of history": "HISTORY_PAGE_MAX",
		}.items():
			self.assertEqual(size(row), code[name], row)
		self.assertIn(f"{code['BLOCK_PAYMENTS_MAX']:,} of them", table["block"])
		self.assertIn(f"{code['PAYMENT_OUTPUTS_MAX']} outputs", table["signed payment"])
		self.assertIn(f"within {code['VIEW_WINDOW']:,} views", table["votes kept"])

	def test_quorums_in_the_table_are_the_formulas(self):
		rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", SPEC["consensus"], re.M)
		self.assertGreater(len(rows), 4)
		for n, faulty, slow, quorum_slow, quorum_fast, key in (map(int, row) for row in rows):
			self.assertGreaterEqual(n, 3 * faulty + 2 * slow + 1)
			self.assertEqual((quorum_slow, quorum_fast, key), ((n + faulty) // 2 + 1, n - slow, faulty + slow + 1))

	def test_what_comments_point_to_exists(self):
		titles = {name: re.findall(r"^#+ (.+)$|^\*\*(.+?)\*\*", text, re.M) for name, text in SPEC.items()}
		found = 0
		for path, comment in comments():
			for name in re.findall(r"docs/spec/(\w+)\.md", comment):
				self.assertIn(name, SPEC, path)
			for name, title in re.findall(r'\b(encoding|ledger|consensus|network|wallet|storage|texts)(?:\.md)?, "([^"]+)"', comment):
				found += 1
				self.assertTrue(any(title.lower() in (a or b).lower() for a, b in titles[name]), f"{path}: {name}, {title}")
		self.assertGreater(found, 10)

	def test_consensus_rules_that_comments_quote_are_in_the_specification(self):
		consensus, found = plain(SPEC["consensus"]), 0
		for path, comment in comments():
			if not re.search(r"\brules? \d", comment, re.I):
				continue
			for quote in re.findall(r'"([^"]{16,})"', comment):
				found += 1
				self.assertIn(plain(quote), consensus, path)
		self.assertGreater(found, 4)


if __name__ == "__main__":
	unittest.main()
