"""The Python binding without a network: texts, errors, and what is declared, held against the committed list of the
interface."""
import dataclasses
import json
import re
import subprocess
import unittest
from decimal import Decimal

import abi
from python_binding import ROOT, BindingTest

import uncia
from uncia import ErrorCode, TextKind, _constants, errors
from uncia._declarations import ffi
from uncia._library import lib, members

VECTORS = ROOT / "docs" / "spec" / "vectors"
ID = bytes(range(32))
ADDRESS = "unc1vrkp3ygqqysjr5rej0qqd0l3tx9myt57x59p4n"
PAYMENT = "6553f100" + "5a" * 28
VALUES = {"uncia_payment": uncia.Payment, "uncia_balance": uncia.Balance, "uncia_output": uncia.Output, "uncia_part": uncia.Part,
	"uncia_hold": uncia.Hold, "uncia_request": uncia.Request, "uncia_contact": uncia.Contact, "uncia_notice": uncia.Notice,
	"uncia_claim": uncia.Claim, "uncia_scanned": uncia.Found, "uncia_address": uncia.Address,
	"uncia_peer": uncia.Peer, "uncia_pin": uncia.Pin, "uncia_contact_check": uncia.ContactCheck, "uncia_request_check": uncia.RequestCheck,
	"uncia_notice_result": uncia.NoticeResult, "uncia_hold_request": uncia.HoldRequest, "uncia_hold_state": uncia.HoldState}
WITHOUT = {"size", "tag_size", "has_memo_hash", "has_amount", "has_lock", "has_reference"}  # None, or a length, says it
NOT_SHOWN = {"uncia_notice_result": {"tag"}, "uncia_hold_state": {"left_count"}}  # by the former it is known which check it is of
MORE = {"uncia_request": {"text"}, "uncia_hold_state": {"left"}}


class Declared(unittest.TestCase):
	def setUp(self):
		self.listed = abi.COMMITTED.read_text()

	def test_sizes_and_places_are_those_of_the_list(self):
		for name, names in _constants.STRUCTURES.items():
			kind = ffi.typeof(f"struct {name}")
			fields = dict(kind.fields)
			text = f"struct {name}: {ffi.sizeof(kind)} bytes\n" + "".join(
				f"  {fields[member].offset}: {member}, {ffi.sizeof(fields[member].type)}\n" for member in names)
			self.assertIn(text, self.listed)
			self.assertEqual(list(members(lib, name)), list(names))
		self.assertEqual(set(_constants.STRUCTURES), set(re.findall(r"^struct (\w+): ", self.listed, re.M)))

	def test_functions_are_those_of_the_list(self):
		listed = dict(re.findall(r"^[\w ]*?[\w *]+?\b(uncia_\w+)\((.*)\) UNCIA_[\d.]+$", self.listed, re.M))
		self.assertEqual(set(listed), set(_constants.FUNCTIONS))
		for name, parameters in listed.items():
			count = 0 if parameters == "void" else len(re.sub(r"\([^()]*\)", "", parameters).split(","))
			self.assertEqual(len(ffi.typeof(getattr(lib, name)).args), count, name)

	def test_numbers_are_those_of_the_list(self):
		listed = {name: int(value) for name, value in re.findall(r"^(UNCIA_\w+) = (-?\d+)$", self.listed, re.M)}
		enums = {f"{kind.__name__}.{member.name}": member for kind in _constants.Number.__subclasses__() for member in kind}
		ours = [value for name, value in vars(_constants).items() if name.isupper() and isinstance(value, int)]
		self.assertGreater(len(enums), 80)
		for name, value in listed.items():
			short = name.removeprefix("UNCIA_")
			found = getattr(_constants, short, None)
			if found is None:
				found = next(m for n, m in enums.items() if m == value and short.endswith(n.split(".")[1]))
			self.assertEqual(int(found), value, name)
		self.assertGreater(len(ours), 15)

	def test_values_have_all_members_of_their_structures(self):
		for name, kind in VALUES.items():
			expected = set(_constants.STRUCTURES[name]) - WITHOUT - NOT_SHOWN.get(name, set()) | MORE.get(name, set())
			self.assertEqual({field.name for field in dataclasses.fields(kind)}, expected, name)

	def test_a_number_that_is_new_is_kept(self):
		self.assertEqual((ErrorCode(-999), ErrorCode(-999).name), (-999, "NUMBER_-999"))


class Errors(unittest.TestCase):
	def test_every_code_has_words_and_what_to_do(self):
		for code in ErrorCode:
			if code != ErrorCode.OK:
				error = errors.error_of(code, "the thing")
				self.assertTrue(error.what_to_do, code)
				self.assertTrue(error.reason and error.reason in str(error) and error.what_to_do in str(error))

	def test_exit_codes_are_those_of_the_command(self):
		source = (ROOT / "wallet" / "cli" / "output.c").read_text()
		body = re.search(r"int exit_code_of\(int error\)\n\{(.*?)\n\}", source, re.S)[1]
		numbers = dict(re.findall(r"(EXIT_\w+) = (\d)", (ROOT / "wallet" / "cli" / "command.h").read_text()))
		told = {}
		for cases, code in re.findall(r"((?:\tcase \w+:\n)+)\t\treturn (EXIT_\w+);", body):
			for name in re.findall(r"UNCIA_E_(\w+)", cases):
				told[name] = int(numbers[code])
		self.assertGreater(len(told), 15)
		for name, code in told.items():
			self.assertEqual(errors.error_of(ErrorCode[name], "").exit_code, code, name)

	def test_an_amount_is_text_or_decimal_and_nothing_else(self):
		for wrong in (1, 1.5, True, None, b"1"):
			with self.assertRaises(TypeError):
				uncia.format_request(ID, ADDRESS, wrong if wrong is not None else 0)
		for wrong in ("1,5", "-1", "0.0000001", "NaN", Decimal("NaN"), Decimal("-1"), Decimal("1e30"), "99999999999999999999", "1\0"):
			with self.assertRaises(uncia.UsageError):
				uncia.format_request(ID, ADDRESS, wrong)
		for right in ("0.5", Decimal("0.5"), Decimal("5e-1"), Decimal("0.500000")):
			text = uncia.format_request(ID, ADDRESS, right)
			self.assertEqual(uncia.parse_request(text, ID).amount, Decimal("0.5"))
		largest = "18446744073709.551615"
		self.assertEqual(str(uncia.parse_request(uncia.format_request(ID, ADDRESS, largest), ID).amount), largest)

	def test_a_nul_cuts_no_text(self):
		for use in (lambda: uncia.format_request(ID, ADDRESS, memo="a\0b"), lambda: uncia.parse_address(ADDRESS + "\0x"),
			lambda: uncia.contact_name("bob\0"), lambda: uncia.Network.load("a\0b"), lambda: uncia.check_memo("\ud800")):
			with self.assertRaises(uncia.UsageError):
				use()


class Texts(BindingTest):
	def test_requests_notices_and_addresses_come_back_as_they_went(self):
		text = uncia.format_request(ID, ADDRESS, "12.50", memo="für Brot", ends_at=2000000000)
		wish = uncia.parse_request(text, ID)
		self.assertEqual((wish.address, wish.amount, wish.memo, wish.ends_at, wish.currency, wish.lock, wish.checked),
			(ADDRESS, Decimal("12.50"), "für Brot", 2000000000, 1, None, True))
		self.assertEqual(len(wish.key), 64)
		with self.assertRaises(uncia.UsageError):
			uncia.format_request(ID, ADDRESS, memo="x" * 97)
		with self.assertRaises(uncia.UsageError):
			uncia.format_request(ID, ADDRESS, memo="x" * 5000)  # what does not fit is not cut
		with self.assertRaises(uncia.UsageError):
			uncia.format_request(b"short", ADDRESS)
		notice = uncia.parse_notice(uncia.format_notice(ID, PAYMENT, "rent"), ID)
		self.assertEqual((notice.id, notice.memo), (PAYMENT, "rent"))
		taken = uncia.parse_address(ADDRESS.upper())
		self.assertEqual((len(taken.account), taken.reference), (20, None))
		referred = uncia.format_address(uncia.Address(taken.account, bytes(range(8))))
		self.assertEqual(uncia.parse_address(f"uncia:{referred}").reference, bytes(range(8)))

	def test_what_was_changed_on_its_way_is_told_as_that(self):
		text = uncia.format_notice(ID, PAYMENT)
		for damaged, code in ((text[:-1], ErrorCode.CHANGED), (text.replace("paid1", "paid1q", 1), ErrorCode.CHANGED)):
			with self.assertRaises(uncia.VerificationError) as raised:
				uncia.parse_notice(damaged, ID)
			self.assertEqual(raised.exception.code, code)
		with self.assertRaises(uncia.UsageError) as raised:
			uncia.parse_notice(text, bytes(32))
		self.assertEqual(raised.exception.code, ErrorCode.NETWORK)

	def test_texts_are_found_where_they_are_in_a_message(self):
		wish, notice = uncia.format_request(ID, ADDRESS, "1"), uncia.format_notice(ID, PAYMENT)
		message = f"für 😀 \0 \ud800 {wish}, und\n„{notice[:-1]}“ {ADDRESS}!"
		found = uncia.scan(message, ID)
		self.assertEqual([(one.kind, one.error) for one in found.texts], [(TextKind.REQUEST, 0), (TextKind.NOTICE, ErrorCode.CHANGED),
			(TextKind.ADDRESS, 0)])
		self.assertEqual([message[one.begin:one.end] for one in found.texts], [wish, notice[:-1], ADDRESS])
		self.assertEqual([one.text for one in found.texts], [wish, None, ADDRESS])
		self.assertEqual(uncia.scan(message, bytes(32)).texts[0].error, ErrorCode.NETWORK)
		self.assertTrue(uncia.scan(f"{ADDRESS} " * 9).more or len(uncia.scan(f"{ADDRESS} " * 9).texts) == 1)
		with self.assertRaises(uncia.UsageError):
			uncia.scan("x" * 70000)
		self.assertEqual(uncia.kind_of(f"<{wish.upper()}>"), TextKind.REQUEST)

	def test_words_are_examined_without_being_shown(self):
		self.assertEqual(uncia.examine_words(uncia.make_words(24)), (True, 24, 0))
		listed = ["abandon"] * 23 + ["art"] # the sentence has none of them
		self.assertEqual(uncia.examine_words(" ".join(listed)), (True, 24, 0))
		listed[6] = "nothere"
		self.assertEqual(uncia.examine_words(" ".join(listed)), (False, 24, 7))
		with self.assertRaises(uncia.UsageError) as raised:
			uncia.words_address(" ".join(listed))
		self.assertNotIn(listed[5], str(raised.exception))

	def test_texts_of_the_specification_are_read_as_it_says(self):
		vectors = json.loads((VECTORS / "chat.json").read_text())
		network = bytes.fromhex(vectors["network_id"])
		for vector in vectors["claims"]:
			claim = uncia.parse_claim(vector["text"], network)
			self.assertEqual((claim.home.hex(), claim.opening, claim.seed.hex()), (vector["home"], vector["opening"], vector["claim_seed"]))
			self.assertNotIn(claim.seed.hex(), repr(claim))
			self.assertNotIn(repr(claim.seed), repr(claim))  # whoever reads it has the money
		for vector in vectors["contacts"]:
			contact = uncia.parse_contact(vector["text"], network)
			self.assertEqual((contact.address, contact.handle), (vector["address"], vector["handle"]))
		for vector in vectors["notices"]:
			notice = uncia.parse_notice(vector["text"], network)
			self.assertEqual((notice.id, notice.memo), (vector["id"], vector["memo"] or ""))
			self.assertEqual(uncia.format_notice(network, notice.id, notice.memo), vector["text"])
		for vector in vectors["requests"]:
			wish = uncia.parse_request(vector["text"], network)
			self.assertEqual((wish.address, wish.key, wish.memo), (vector["address"], vector["key"], vector["memo"] or ""))
		for vector in vectors["codes"]:
			self.assertEqual(uncia.contact_code(network, vector["address"], vector["other"]), vector["code"])
		for vector in vectors["refused"]:
			for read in (uncia.parse_notice, uncia.parse_request, uncia.parse_contact, uncia.parse_claim):
				with self.assertRaises(uncia.UnciaError):
					read(vector["text"], network)
		for number, vector in enumerate(vectors["scans"]):
			message = bytes.fromhex(vector["message"])
			if message.decode(errors="replace").encode() == message and b"\0" not in message:
				found = uncia.scan(message.decode(), network)
				spans = [(len(message.decode()[:one.begin].encode()), len(message.decode()[:one.end].encode())) for one in found.texts]
				self.assertEqual(spans, [(one["begin"], one["end"]) for one in vector["found"]], number)

	def test_the_network_file_is_read_and_its_mistakes_are_told_by_line(self):
		self.make_genesis()
		self.run_unciad("genesis", "--name", "test", "--output", "h", "--account", f"{ADDRESS}=100", "--network", "network.conf",
			*self.validators, *(text for i in range(4) for text in ("--at", f"{i}=127.0.0.1:{i + 1}")))
		network = uncia.Network.load(self.dir / "network.conf")
		self.assertEqual((network.name, len(network.id), network.validators[1]), ("test", 32, ("127.0.0.1", 2)))
		self.assertEqual(len(network.currency), 3)
		text = (self.dir / "network.conf").read_text()
		self.assertEqual(uncia.Network.parse(text).id, network.id)
		with self.assertRaises(uncia.UsageError) as raised:
			uncia.Network.parse(text + "\nnonsense\n")
		self.assertRegex(str(raised.exception), r"line \d+")
		with self.assertRaises(uncia.VerificationError):
			network.verify_receipt("uncia:uncproof1nothing")


if __name__ == "__main__":
	unittest.main()
