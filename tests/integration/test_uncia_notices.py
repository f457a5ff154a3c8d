"""Who sends a text, and whether he has paid: uncia contact pin, request check and notice check, over running validators."""
import unittest

import clocks
from network import NetworkTest
from uncia import ADDRESS, UnciaTest

ME, BOB, MALLORY = "xmpp:me@example.org", "xmpp:bob@example.org", "xmpp:mallory@example.org"


class Pins(UnciaTest):
	"""Without a network that runs."""

	def setUp(self):
		super().setUp()
		self.network = self.silent_network()
		self.wallets = {name: self.wallet(name) for name in ("me", "bob", "mallory")}
		self.me = ["--wallet", "me", "--network", self.network]

	def text(self, name, handle=None):
		return self.uncia_json("--wallet", name, "--network", self.network, "contact", "export", *(["--handle", handle] if handle else []))["contact"]

	def pins(self):
		return [(pin["handle"], pin["address"]) for pin in self.uncia_json(*self.me, "contact", "pins")["pins"]]

	def test_only_what_is_signed_for_its_sender_is_pinned_without_a_question(self):
		pinned = self.uncia_json(*self.me, "contact", "pin", BOB, self.text("bob", BOB), "--own", ME)
		self.assertGreater(pinned.pop("made_ms"), 0)
		self.assertTrue(self.uncia(*self.me, "contact", "pin", BOB, self.text("bob", BOB), "--own", ME, "--json")[0].lstrip("{ \n").startswith('"v"'))
		self.assertEqual(pinned, {"v": 1, "handle": BOB, "own": ME, "login": None, "address": self.wallets["bob"], "compared": False, "weak": False})
		refused = lambda message, *arguments: self.uncia_refuses(7, message, *self.me, "contact", "pin", *arguments, "--own", ME)
		refused(f"{BOB} is pinned to {self.wallets['bob']}: {MALLORY} may have repeated", MALLORY, self.text("bob", BOB))
		refused("has signed for nobody in a chat, not for " + MALLORY, MALLORY, self.text("mallory"))
		refused("has signed for xmpp:eve@example.org, not for " + MALLORY, MALLORY, self.text("mallory", "xmpp:eve@example.org"))
		refused("an address proves nothing", MALLORY, self.wallets["mallory"])
		refused(f"{BOB} is pinned to {self.wallets['bob']}, not to {self.wallets['mallory']}", BOB, self.text("mallory", BOB))
		refused(f"would be taken for {BOB}, who is pinned to {self.wallets['bob']}", "xmpp:b0b@example.org", self.text("mallory", "xmpp:b0b@example.org"))
		refused("changed on the way", BOB, self.text("bob", BOB)[:-1])
		self.assertEqual(self.pins(), [(BOB, self.wallets["bob"])])
		self.uncia(*self.me, "contact", "pin", MALLORY, self.wallets["mallory"], "--own", ME, "--compared")
		self.assertEqual(self.uncia(*self.me, "contact", "pins")[0],
			f"{BOB} {self.wallets['bob']} for {ME}\n{MALLORY} {self.wallets['mallory']} for {ME}, compared\n")
		self.uncia(*self.me, "contact", "unpin", MALLORY, "--own", ME)
		self.assertEqual(self.pins(), [(BOB, self.wallets["bob"])])
		self.uncia_refuses(4, "is not pinned", *self.me, "contact", "unpin", MALLORY, "--own", ME)

	def test_a_nick_is_weak_without_a_login(self):
		arguments = ["contact", "pin", "irc:libera/bob", self.text("bob", "irc:libera/bob"), "--own", "irc:libera/me"]
		self.assertTrue(self.uncia_json(*self.me, *arguments)["weak"])
		self.assertEqual(self.uncia_json(*self.me, *arguments, "--login", "bob", "--yes")["login"], "bob")
		self.uncia_refuses(7, "with another login", *self.me, *arguments, "--login", "mallory")

	def test_says_what_is_wrong_with_the_arguments(self):
		text = self.text("bob", BOB)
		self.uncia_refuses(2, "--own is missing", *self.me, "contact", "pin", BOB, text)
		self.uncia_refuses(2, "not of the protocol", *self.me, "contact", "pin", BOB, text, "--own", "irc:libera/me")
		self.uncia_refuses(2, "characters that nobody sees", *self.me, "contact", "pin", "xmpp:bo\u200bb@example.org", text, "--own", ME)
		self.uncia_refuses(2, "the wallet's own account", *self.me, "contact", "pin", BOB, self.text("me", BOB), "--own", ME, "--yes")
		self.uncia_refuses(2, "is not a valid address", *self.me, "contact", "pin", BOB, "unc1x", "--own", ME)
		for command in (["notice", "check", "0" * 64], ["request", "check", self.uncia("--wallet", "bob", "request", "1")[0].strip()]):
			self.uncia_refuses(2, "--from is missing", *self.me, *command)
			self.uncia_refuses(2, "--own is missing", *self.me, *command, "--from", BOB)
			self.uncia_refuses(2, "@bob: no such contact", *self.me, *command, "--from", "@bob")
		self.uncia_refuses(7, "not a notice", *self.me, "notice", "check", "I have paid", "--from", ADDRESS)
		self.uncia_refuses(7, "standard input: the text is too long", *self.me, "notice", "check", "-", "--from", ADDRESS, stdin="x" * 5000)
		self.uncia_refuses(7, "changed on the way", *self.me, "request", "check", self.uncia("--wallet", "bob", "request", "1")[0].strip()[:-1], "--from", ADDRESS)

	def test_a_request_says_whom_it_pays_before_how_much(self):
		request = self.uncia("--wallet", "mallory", "--network", self.network, "request", "3", "--memo", "lunch")[0].strip()
		self.uncia(*self.me, "contact", "pin", BOB, self.text("bob", BOB), "--own", ME)
		out, _ = self.uncia(*self.me, "request", "check", request, "--from", BOB, "--own", ME, code=7)
		self.assertRegex(out, f"^pays another account than is pinned for whoever has sent it\npinned is {self.wallets['bob']}\nto unc1.*\namount 3.000000\nmemo \"lunch\"\n$")
		self.assertEqual(self.uncia_json(*self.me, "request", "check", request, "--from", MALLORY, "--own", ME, code=7)["verdict"], "unpinned")
		self.assertEqual(self.uncia_json(*self.me, "request", "check", request, "--from", self.wallets["mallory"])["verdict"], "pinned")
		own = self.uncia(*self.me, "request", "1")[0].strip()
		self.assertEqual(self.uncia_json(*self.me, "request", "check", own, "--from", BOB, "--own", ME, code=7)["verdict"], "own")
		self.assertEqual(self.uncia_json(*self.me, "request", "check", "-", "--from", self.wallets["mallory"], stdin=f"> {request}\r\n")["amount"], "3.000000")

	def test_by_which_clock_a_request_has_ended_is_said(self):
		for lifetime, code, words in (("3600", 0, "to be paid before"), (None, 0, None)):
			request = self.uncia("--wallet", "mallory", "--network", self.network, "request", "3", *(["--expires", lifetime] if lifetime else []))[0].strip()
			for base in (["--wallet", "me"], self.me):  # the network that is given does not answer either
				self.uncia(*self.me, "request", "1")
				check = [*base, "request", "check", request, "--from", self.wallets["mallory"]]
				out, _ = self.uncia(*check, code=code)
				self.assertEqual("by this machine's clock: no validator was asked for the time" in out, words is not None)
				said = self.uncia_json(*check, code=code)
				self.assertEqual((said["ended"], said["judged_by"], said["ends_at"] is None), (False, words and "clock", words is None))
				self.assertEqual((said["currency"], said["currency_number"]), ("UNC" if base is self.me else None, 1))

	def test_where_nobody_answers_that_is_said(self):
		answer = self.uncia_json(*self.me, "notice", "check", "70" + "0" * 62, "--from", ADDRESS, "--timeout", "2", code=6)
		self.assertEqual((answer["verdict"], answer["exit"]), ("checking", 6))


class Notices(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.alice, self.bob, self.mallory = (self.new_wallet(self.network, name) for name in ("alice", "bob", "mallory"))
		for payer in (self.bob, self.mallory):
			self.network.treasury.send(payer, "10")
		for wallet, handle in ((self.bob, BOB), (self.mallory, MALLORY)):
			self.alice.run("contact", "pin", handle, wallet.run("contact", "export", "--handle", handle)["contact"], "--own", ME)

	def check(self, notice, handle=BOB, code=0, *arguments):
		return self.alice.run("notice", "check", notice, "--from", handle, "--own", ME, *arguments, code=code)

	def test_a_notice_is_paid_once_and_its_payers_alone(self):
		paid = self.bob.send(self.alice, "1.5", "--memo", "rent, že")
		notice = self.bob.run("notice", paid["id"])["notice"]
		for handle, verdict in ((MALLORY, "other_account"), ("xmpp:eve@example.org", "stranger")):
			self.assertEqual(self.check(notice, handle, 7)["verdict"], verdict)
		seen = self.check(notice)
		self.assertEqual({name: seen[name] for name in ("verdict", "id", "amount", "currency", "from", "pinned", "memo", "height", "maybe_told")},
			{"verdict": "paid", "id": paid["id"], "amount": "1.500000", "currency": "UNC", "from": self.bob.address, "pinned": self.bob.address,
				"memo": "rent, že", "height": paid["height"], "maybe_told": False})
		self.assertEqual(self.check(notice, BOB, 7)["verdict"], "again")
		told = self.check(notice, MALLORY, 7)
		self.assertEqual((told["verdict"], told["first"]), ("repeated", BOB))
		# The id alone, and the memo beside it.
		second = self.bob.send(self.alice, "2", "--memo", "m" * 200)
		self.assertEqual(self.check(second["id"], BOB, 7, "--memo", "another")["verdict"], "other_memo")
		self.assertEqual(self.check(second["id"], BOB, 0, "--memo", "m" * 200)["amount"], "2.000000")
		out, _ = self.uncia("--wallet", self.alice.home, "--network", self.network.file, "notice", "check", "-", "--from", MALLORY, "--own", ME,
			stdin=self.mallory.run("notice", self.mallory.send(self.alice, "3")["id"])["notice"])
		self.assertRegex(out, f"^paid\n3.000000 from {self.mallory.address}, in the block of 20.* UTC\n$")

	@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
	def test_the_ledger_tells_whether_a_request_has_ended(self):
		clock = self.dir / "clock"
		request = self.bob.run("request", "1", "--expires", "3600")["request"]
		clocks.set_clock(clock, "+8d")
		check = ["--wallet", self.alice.home, "request", "check", request, "--from", self.bob.address]
		ahead = clocks.environment(clock)
		said = self.uncia_json("--network", self.network.file, *check, **ahead)
		self.assertEqual((said["ended"], said["judged_by"]), (False, "network"))
		said = self.uncia_json(*check, code=8, **ahead)
		self.assertEqual((said["ended"], said["judged_by"]), (True, "clock"))
		self.assertIn("it was to be paid before", self.uncia(*check, code=8, **ahead)[0])
		self.uncia("--network", self.network.file, "--wallet", self.mallory.home, "send", request, **ahead)

	def test_what_is_not_paid_is_not_shown_as_paid(self):
		to_mallory = self.bob.send(self.mallory, "1")
		self.assertEqual(self.check(to_mallory["id"], BOB, 7)["verdict"], "not_to_me")
		ahead = f"{0xf0000000:08x}" + "0" * 56  # its time has not come
		self.assertEqual(self.check(ahead, BOB, 3, "--timeout", "3")["verdict"], "unknown")
		# Nobody proposes a block while half of the validators are down; what is not final by then expires.
		down = self.network.kill_with_leader()
		waiting = self.bob.send(self.alice, "2", "--expires", "3", "--timeout", "8", code=3)
		for number in down:
			self.network.validators[number].start()
		self.assertEqual(self.bob.run("wait", waiting["id"], "--timeout", "120", code=8)["state"], "expired")
		self.assertEqual(self.check(waiting["id"], BOB, 8)["verdict"], "expired")

	def test_a_home_from_the_words_takes_nothing_old_for_new(self):
		made = self.uncia_json("--wallet", "seed", "--network", self.network.file, "init", "--no-passphrase")
		(self.dir / "words").write_text(made["words"])
		paid = self.bob.run("send", made["address"], "1")
		new = ["--wallet", "seed", "--network", self.network.file]
		self.assertEqual(self.uncia_json(*new, "notice", "check", paid["id"], "--from", self.bob.address)["verdict"], "paid")
		self.uncia("--wallet", "back", "restore", "--words-file", "words", "--no-passphrase")
		back = ["--wallet", "back", "--network", self.network.file]
		told = self.uncia_json(*back, "notice", "check", paid["id"], "--from", self.bob.address, code=7)
		self.assertEqual((told["verdict"], told["older"]), ("again", True))
		again = self.bob.run("send", made["address"], "1")
		self.assertEqual(self.uncia_json(*back, "notice", "check", again["id"], "--from", self.bob.address)["amount"], "1.000000")


if __name__ == "__main__":
	unittest.main()
