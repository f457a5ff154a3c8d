"""Texts for chats as the commands write and read them: requests, notices, contacts, receipts and proofs of expiry."""
import unittest

import verify_receipt as spec
from network import NetworkTest
from uncia import UnciaTest

ALICE = spec.address_text(bytes(range(20)))


class Texts(UnciaTest):
	"""Without a network that runs."""

	def setUp(self):
		super().setUp()
		self.network = self.silent_network()
		self.own = self.wallet("w")
		self.base = ["--wallet", "w", "--network", self.network]

	def test_a_request_says_what_it_was_made_of(self):
		for arguments, amount, memo in (([], None, None), (["0.5"], "0.500000", None), (["--memo", "rent & más"], None, "rent & más"),
			(["12", "--memo", "x" * 96, "--expires", "3600"], "12.000000", "x" * 96)):
			made = self.uncia_json(*self.base, "request", *arguments)
			self.assertRegex(made["request"], "^uncia:uncask1p[02-9ac-hj-np-z]*$")
			self.assertLessEqual(len(made["request"]), 320)
			self.assertEqual((made["amount"], made["memo"], made["currency"], made["currency_number"], made["lock"], made["checked"]),
				(amount, memo, "UNC", 1, None, True))
			self.assertEqual(made["ends_at"] is not None, "--expires" in arguments)
			# Without the network it is read all the same; in capitals, as a QR code has it; through a mail program.
			text = made["request"]
			for mangled in (text, text.upper(), f"<{text}>.", f"> {text[:50]}\r\n> {text[50:]}", text[6:]):
				self.assertEqual({**self.uncia_json("request", "--read", mangled, "--network", self.network), "request": text}, made)
				# What the currency is called only the network says.
				self.assertEqual({**self.uncia_json("request", "--read", mangled), "request": text}, {**made, "currency": None})
		out, _ = self.uncia("request", "--read", text)
		self.assertRegex(out, f"^to {made['address']}\namount 12.000000\nuntil 20.* UTC\nmemo x*\n$")

	def test_each_request_has_a_reference_of_its_own_unless_one_is_given(self):
		made = [self.uncia_json(*self.base, "request", "1") for _ in range(5)]
		self.assertEqual(len({one["address"] for one in made}), 5)
		self.assertTrue(all(len(one["address"]) == 55 and one["address"][:36] == self.own[:36] for one in made))
		given = self.uncia_json(*self.base, "request", "1", "--reference", "01" * 8)
		self.assertEqual(given["address"], self.uncia_json(*self.base, "address", "--reference", "01" * 8)["address"])

	def test_a_wallet_needs_to_know_its_network_and_then_does(self):
		self.wallet("fresh")
		for command in (["request"], ["contact", "export"]):
			self.uncia_refuses(2, "--network is missing", "--wallet", "fresh", *command)
		self.uncia("--wallet", "fresh", "--network", self.network, "request")
		for command in (["request"], ["contact", "export"]):
			self.uncia("--wallet", "fresh", *command)

	def test_refuses_what_no_request_can_be(self):
		for amount in ("0.001", "0.009999"):
			self.uncia_refuses(2, "the smallest amount of this network is 0.010000", *self.base, "request", amount)
			self.uncia_refuses(2, "the smallest amount of this network is 0.010000", "--wallet", "w", "request", amount,
				UNCIA_NETWORK=str(self.network))
		self.uncia_refuses(2, "--memo: longer than 96 bytes", *self.base, "request", "--memo", "x" * 97)
		self.uncia_refuses(2, "--memo: not UTF-8 text", *self.base, "request", "--memo", "a\nb")
		self.uncia_refuses(2, "--expires 0: not a number", *self.base, "request", "--expires", "0")
		self.uncia_refuses(2, "--read takes a request", *self.base, "request", "1", "--read", "uncia:uncask1p")

	def test_says_what_is_wrong_with_a_request(self):
		text = self.uncia(*self.base, "request", "2.5")[0].strip()
		other = self.silent_network("other.conf", "g2")
		payload = spec.frame_read("uncask", text)
		for message, given in (("changed on the way, or cut", text[:-1]), ("changed on the way, or cut", text[:40] + text[41:]),
			("made by a newer program", spec.frame_text("uncask", payload, 2)), ("made by a newer program", spec.frame_text("uncask", payload + b"\x63\0")),
			("whoever made it made it wrong", spec.frame_text("uncask", payload + b"\1\0")), ("does not begin with uncia:uncask1", ALICE)):
			self.uncia_refuses(2, message, "request", "--read", given)
			if given != ALICE:
				self.uncia_refuses(2, message, *self.base, "send", given)
		self.uncia_refuses(2, "made for another network", "--network", other, "request", "--read", text)
		self.wallet("v")
		self.uncia_refuses(2, "made for another network", "--wallet", "v", "--network", other, "send", text)

	def test_does_not_pay_what_it_cannot(self):
		account = spec.frame_read("uncask", self.uncia(*self.base, "request")[0].strip())[:24]
		amount = b"\2\x08" + (10**6).to_bytes(8, "big")
		self.uncia_refuses(5, "was to be paid before 2001-09-09", *self.base, "send", spec.frame_text("uncask", account + amount + b"\4\4" + (10**9).to_bytes(4, "big")))
		self.uncia_refuses(5, "for currency number 2, which this network does not have", *self.base, "send",
			spec.frame_text("uncask", account + amount + b"\3\1\2"))
		self.uncia_refuses(2, "asks for a hold under a lock", *self.base, "send", spec.frame_text("uncask", account + amount + b"\5\x40" + bytes(64) + b"\7\x40" + bytes(64)))
		self.uncia_refuses(2, "does not verify", *self.base, "request", "--read", spec.frame_text("uncask", account + b"\5\x40" + bytes(64) + b"\7\x40" + bytes(64)))
		self.uncia_refuses(2, "AMOUNT is missing", *self.base, "send", spec.frame_text("uncask", account))
		self.uncia_refuses(2, "AMOUNT is not what the request asks for", *self.base, "send", spec.frame_text("uncask", account + amount), "2")

	def test_no_message_quotes_a_claim_which_is_money_for_whoever_reads_it(self):
		claim = spec.frame_text("uncgift", bytes(4) + bytes(range(68)))
		for command in (["send", claim, "1"], ["contact", "add", "anna", claim], ["request", "--read", claim], ["notice", "--read", claim],
			["contact", "read", claim], ["receipt", "verify", claim]):
			_, err = self.uncia(*self.base, *command, code=7 if command[1] in ("read", "verify") else 2)
			self.assertNotIn(claim[-30:-8], err)

	def test_contacts_prove_whose_they_are_and_both_sides_see_one_code(self):
		self.wallet("v")
		other = ["--wallet", "v", "--network", self.network]
		made = self.uncia_json(*self.base, "contact", "export", "--handle", "xmpp:bob@example.org")
		self.assertEqual((made["address"], made["handle"]), (self.own, "xmpp:bob@example.org"))
		self.assertRegex(made["contact"], "^uncia:uncwho1p")
		self.assertEqual(self.uncia_json(*other, "contact", "read", made["contact"].upper()), {**made, "contact": made["contact"].upper()})
		self.assertEqual(self.uncia(*other, "contact", "read", made["contact"])[0], f"address {self.own}\nhandle xmpp:bob@example.org\n")
		plain = self.uncia(*self.base, "contact", "export")[0].strip()
		self.assertEqual(self.uncia(*other, "contact", "read", plain)[0], f"address {self.own}\n")
		self.assertEqual(self.uncia_json(*other, "contact", "add", "bob", made["contact"]), {"v": 1, "name": "bob", "address": self.own})
		mine = self.uncia_json(*other, "address")["address"]
		codes = {self.uncia(*other, "contact", "code", account)[0] for account in ("@bob", self.own, made["contact"])}
		codes.add(self.uncia(*self.base, "contact", "code", mine)[0])
		self.assertEqual(len(codes), 1)
		self.assertRegex(codes.pop(), r"^\d{5} \d{5} \d{5} \d{5}\n$")
		self.uncia_refuses(2, "this is the wallet's own account", *self.base, "contact", "code", self.own)
		# Who is pinned in a chat alone is no contact: what to type is said.
		self.uncia(*other, "contact", "pin", "xmpp:anna@example.org", self.own, "--own", "xmpp:me@example.org", "--yes")
		for name in ("anna@example.org", "xmpp:anna@example.org"):
			self.uncia_refuses(2, f"@{name}: no such contact. In a chat xmpp:anna@example.org is pinned, to {self.own}: give that address, "
				f"or first uncia contact add {name} {self.own}", *other, "send", f"@{name}", "1")
		self.uncia_refuses(2, "@example.org: no such contact (see", *other, "send", "@example.org", "1")
		self.uncia_refuses(2, "@anna: no such contact", *self.base, "contact", "code", "@anna")
		for handle in ("bob", "xmpp:", "xmpp:b ob", "xmpp:" + "x" * 60):
			self.uncia_refuses(2, "--handle: not PROTOCOL:NAME", *self.base, "contact", "export", "--handle", handle)
		self.uncia_refuses(2, "it is the text of a contact (see uncia contact add)", *self.base, "send", made["contact"], "1")
		forged = spec.frame_read("uncwho", made["contact"])
		forged = spec.frame_text("uncwho", forged[:-1] + b"h")
		for message, text in (("changed on the way", made["contact"][:-1]), ("does not verify", forged), ("does not begin with uncia:uncwho1", ALICE)):
			self.uncia_refuses(7, message, *other, "contact", "read", text)
		self.uncia_refuses(7, "does not verify", *other, "contact", "add", "mallory", forged)
		self.uncia_refuses(4, "no such contact", *other, "contact", "show", "mallory")


class Paid(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.alice, self.bob = self.new_wallet(self.network, "alice"), self.new_wallet(self.network, "bob")
		self.network.treasury.send(self.alice, "10")

	def text(self, wallet, *arguments, code=0):
		return self.uncia("--wallet", wallet.home, "--network", self.network.file, *arguments, code=code)

	def test_a_request_is_paid_once_however_often_it_is_taken(self):
		made = self.bob.run("request", "0.75", "--memo", "lunch")
		request = made["request"]
		out, err = self.text(self.alice, "send", request)
		self.assertIn(f'paying 0.750000 UNC to {made["address"]} (none of your contacts; first payment to this address from this home); its memo: "lunch"\n', err)
		paid = out.split()[1]
		for again in (request, request.upper(), f"<{request}>"):
			out, err = self.text(self.alice, "send", again)
			self.assertIn("this request has its payment already, and no other is made: 0.750000 UNC", err)
			self.assertIn(paid, err)
			self.assertNotIn("paying", err)
		self.assertEqual(self.bob.balance(), 750_000)
		self.assertEqual(self.bob.run("history")["payments"][0]["to"], made["address"])
		# The same under another memo is another payment: refused under this request, and made where that is asked for.
		self.assertIn("this request already stands for another payment", self.text(self.alice, "send", request, "--memo", "dinner", code=5)[1])
		self.alice.run("send", request, "--key", "once more")
		self.assertEqual(self.bob.balance(), 1_500_000)
		# The next request of the same words is another one.
		self.alice.run("send", self.bob.run("request", "0.75", "--memo", "lunch")["request"])
		self.assertEqual(self.bob.balance(), 2_250_000)

	def test_a_notice_names_a_payment_of_ones_own(self):
		request = self.bob.run("request", "0.5", "--memo", "rent, že")["request"]
		paid = self.alice.run("send", request)
		made = self.alice.run("notice", paid["id"])
		self.assertEqual((made["id"], made["memo"]), (paid["id"], "rent, že"))
		self.assertRegex(made["notice"], "^uncia:uncpaid1p")
		self.assertEqual(self.uncia("--wallet", self.alice.home, "notice", paid["id"])[0], made["notice"] + "\n")
		self.assertEqual(self.uncia_json("notice", "--read", made["notice"]), made)
		self.assertEqual(self.uncia("notice", "--read", made["notice"].upper())[0], f"id {paid['id']}\nmemo rent, že\n")
		self.uncia_refuses(2, "changed on the way", "notice", "--read", made["notice"][:-1])
		self.uncia_refuses(2, "expected ID", "--wallet", self.alice.home, "notice")
		self.assertIn("has made no payment of this id", self.text(self.bob, "notice", paid["id"], code=4)[1])
		long = self.alice.send(self.bob, "0.25", "--memo", "m" * 97)
		out, err = self.text(self.alice, "notice", long["id"])
		self.assertIn("longer than 96 bytes, and stays out", err)
		self.assertEqual(len(out.strip()), 79)

	def test_proofs_of_both_ends_are_verified_by_anybody(self):
		paid = self.alice.send(self.bob, "1")
		self.assertRegex(paid["receipt"], "^uncia:uncproof1p")
		self.assertEqual(self.alice.run("receipt", "export", paid["id"])["receipt"], paid["receipt"])
		proof = self.bob.run("receipt", "verify", paid["receipt"])
		self.assertEqual((proof["state"], proof["id"], proof["amount"]), ("final", paid["id"], "1.000000"))
		# Nobody proposes a block while half of the validators are down; what is not final by then expires.
		down = self.network.kill_with_leader()
		waiting = self.alice.send(self.bob, "2", "--expires", "3", "--timeout", "8", code=3)
		for number in down:
			self.network.validators[number].start()
		self.assertEqual(self.alice.run("wait", waiting["id"], "--timeout", "120", code=8)["state"], "expired")
		out, err = self.text(self.alice, "receipt", "export", waiting["id"], code=8)
		self.assertIn("the payment expired: it never happened", err)
		expiry = out.strip()
		self.assertRegex(expiry, "^uncia:uncnever1p")
		self.assertEqual(self.alice.run("receipt", "export", waiting["id"], code=8)["expiry"], expiry)
		self.assertIn("the payment expired", self.text(self.alice, "notice", waiting["id"], code=8)[1])
		proof = self.bob.run("receipt", "verify", expiry)
		self.assertEqual({name: proof[name] for name in ("valid", "state", "id", "from", "amount", "outputs")}, {"valid": True, "state": "expired",
			"id": waiting["id"], "from": self.alice.address, "amount": "2.000000", "outputs": [{"to": self.bob.address, "amount": "2.000000"}]})
		self.assertRegex(self.text(self.bob, "receipt", "verify", expiry)[0], "(?s)^valid: 2.000000 .*expired at 20.*: it never happened and never will\n")
		self.assertIn("changed on the way", self.text(self.bob, "receipt", "verify", expiry[:-1], code=7)[1])
		payload = spec.frame_read("uncnever", expiry)
		self.assertIn("proves nothing", self.text(self.bob, "receipt", "verify", spec.frame_text("uncnever", payload[:-82]), code=7)[1])
		# The table of texts.md 12.2, at four validators. How many descendants a receipt has, and who signed an expiry, varies.
		self.assertTrue(900 <= len(paid["receipt"]) <= 1700 and 580 <= len(expiry) <= 900, (len(paid["receipt"]), len(expiry)))


if __name__ == "__main__":
	unittest.main()
