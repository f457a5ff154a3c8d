"""The example of the Python binding, a bot with a wallet, among people on a real XMPP server (Prosody): whom it obeys and
pays, that it pays once, what it shows as received, and what is left when it is killed."""
import asyncio
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
from decimal import Decimal

from python_binding import KDF, PACKAGE, SOURCES, BindingTest
from slixmpp.clientxmpp import ClientXMPP
from unciad import free_ports

import uncia

CONFIGURATION = """
run_as_root = true
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
certificates = "{dir}"
ssl = {{ key = "{dir}/key.pem"; certificate = "{dir}/cert.pem" }}
log = {{ info = "{dir}/log" }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "disco"; "ping" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_plain"
storage = "internal"
VirtualHost "localhost"
Component "rooms.localhost" "muc"
muc_room_locking = false
muc_room_default_public_jids = {public}
"""
PEOPLE = ("tips", "alice", "bob", "mallory")
PASSWORD = "correct horse"
ROOM = "chat@rooms.localhost"
PASSPHRASE = "battery staple"


class Prosody:
	"""A server for people of localhost, in a directory."""

	def __init__(self, directory, public_jids):
		self.dir, self.port = pathlib.Path(directory), free_ports(1)
		self.dir.mkdir()
		(self.dir / "data").mkdir()
		self.certificate = self.dir / "cert.pem"
		subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
			"/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.dir / "key.pem", "-out", self.certificate],
			check=True, stderr=subprocess.DEVNULL)
		self.configuration = self.dir / "prosody.cfg.lua"
		self.configuration.write_text(CONFIGURATION.format(dir=self.dir, port=self.port, public=str(public_jids).lower()))
		for name in PEOPLE:
			subprocess.run(["prosodyctl", "--root", "--config", self.configuration, "register", name, "localhost", PASSWORD], check=True,
				stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
		self.process = subprocess.Popen(["prosody", "--root", "-F", "--config", self.configuration], stdin=subprocess.DEVNULL,
			stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

	def stop(self):
		self.process.terminate()
		self.process.wait(30)


class Person:
	"""Somebody with a client: what he was told, and what he says."""

	def __init__(self, name, server):
		self.xmpp = ClientXMPP(f"{name}@localhost", PASSWORD)
		self.xmpp.ca_certs = server.certificate
		self.xmpp.register_plugin("xep_0045")
		self.inbox, self.online, self.port = asyncio.Queue(), asyncio.Event(), server.port
		self.xmpp.add_event_handler("session_start", self.start)
		self.xmpp.add_event_handler("message", lambda m: self.inbox.put_nowait((str(m["from"]), m["type"], m["body"])))

	async def start(self, _):
		self.xmpp.send_presence()
		self.online.set()

	async def __aenter__(self):
		self.xmpp.connect(address=("127.0.0.1", self.port))
		await asyncio.wait_for(self.online.wait(), 30)
		return self

	async def __aexit__(self, *_):
		await self.xmpp.disconnect()

	async def enter(self, nick):
		await self.xmpp["xep_0045"].join_muc_wait(ROOM, nick, maxstanzas=0)

	def say(self, text, identity=None, to="tips@localhost", kind="chat"):
		message = self.xmpp.make_message(mto=to, mbody=text, mtype=kind)
		if identity:
			message["id"] = identity
		message.send()

	async def told(self, kind="chat", sender="tips@localhost"):
		"""The next message from the bot."""
		while True:
			heard, sort, text = await asyncio.wait_for(self.inbox.get(), 60)
			if sort == kind and heard.startswith(sender) and text:
				return text

	async def ask(self, text, identity=None):
		self.say(text, identity)
		return await self.told()


class TipBot(BindingTest):
	def run_async(self, coroutine):
		return asyncio.run(asyncio.wait_for(coroutine, 400))

	def setUp(self):
		super().setUp()
		self.start()

	def start_server(self, public_jids=True):
		self.server = Prosody(self.dir / "prosody", public_jids)
		self.addCleanup(self.server.stop)

	def start_bot(self):
		log = open(self.dir / "bot.log", "ab")
		self.addCleanup(log.close)
		bot = subprocess.Popen([sys.executable, "-B", SOURCES / "examples" / "tipbot.py", "--jid", "tips@localhost", "--owner",
			"alice@localhost", "--home", self.dir / "jar", "--network", self.network, "--room", ROOM, "--server", f"127.0.0.1:{self.server.port}",
			"--ca", self.server.certificate], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(PACKAGE),
				"TIPBOT_PASSWORD": PASSWORD, "TIPBOT_PASSPHRASE": PASSPHRASE})
		self.addCleanup(self.end, bot)
		return bot

	def end(self, bot):
		if bot.poll() is None:
			bot.kill()
		bot.wait(30)

	async def make_wallets(self):
		"""The jar's, with 5, and bob's. Returns bob's address."""
		self.jar = uncia.words_address(await uncia.create(self.dir / "jar", passphrase=PASSPHRASE, **KDF))
		await asyncio.to_thread(self.fund, self.jar)
		return uncia.words_address(await uncia.create(self.dir / "bob", no_passphrase=True))

	def bobs(self):
		return uncia.Wallet(self.dir / "bob", self.network)

	async def is_online(self, person):
		"""Waits until the bot answers."""
		for _ in range(100):
			person.say("!address")
			try:
				answer = await asyncio.wait_for(person.told(), 2)
				if answer.startswith("uncia:uncwho1"):  # else the server says that nobody is there
					while not person.inbox.empty():
						person.inbox.get_nowait()
					return answer
			except asyncio.TimeoutError:
				pass
		self.fail((self.dir / "bot.log").read_text())

	def log(self):
		return (self.dir / "bot.log").read_text()

	def test_owners_pay_people_who_have_said_where_and_nobody_else_does(self):
		self.start_server()
		self.run_async(self.tip())
		self.assertNotIn("Traceback", self.log())

	async def tip(self):
		await self.make_wallets()
		self.start_bot()
		async with Person("alice", self.server) as alice, Person("bob", self.server) as bob, Person("mallory", self.server) as mallory, \
			self.bobs() as wallet:
			contact = uncia.parse_contact(await self.is_online(alice), wallet.network_id)
			self.assertEqual((contact.address, contact.handle), (self.jar, "xmpp:tips@localhost"))
			self.assertEqual(await alice.ask("!balance"), "5.000000 UNC")
			for asked in ("!balance", "!tip mallory@localhost 1", f"!pin mallory@localhost {wallet.address}"):
				self.assertEqual(await mallory.ask(asked), "Only the owners of this jar may do that.")
			self.assertIn("I do not know where bob@localhost is paid", await alice.ask("!tip bob@localhost 0.50"))
			# Whose contact text it is counts, not who has it.
			text = wallet.contact_text("xmpp:bob@localhost")
			self.assertEqual(await mallory.ask(f"look: {text}"), "That is not signed for you: export it with --handle and your JID.")
			self.assertIn("was changed on its way", await bob.ask(text[:-1]))
			self.assertEqual(await bob.ask(f"hello {text}!"), f"You are paid at {wallet.address}.")
			# One message is one payment, however often it comes.
			watch = wallet.watch("chat")
			await watch.ready()
			for _ in range(2):
				self.assertEqual(await alice.ask("!tip bob@localhost 0.50", "message-1"), "Paid 0.500000 to bob@localhost.")
				notice = uncia.parse_notice(await bob.told(), wallet.network_id)
			incoming = await anext(watch)
			self.assertEqual((incoming.id, incoming.amount), (notice.id, Decimal("0.50")))
			self.assertIn("stands for a different payment", await alice.ask("!tip bob@localhost 0.70", "message-1"))
			for wrong in ("!tip bob@localhost", "!tip bob@localhost 1,5", "!tip bob@localhost -1", "!tip bob@localhost 500"):
				self.assertNotIn("Paid", await alice.ask(wrong))
			self.assertEqual(await alice.ask("!balance"), "4.500000 UNC")
			# Another account for a name is the owner's decision.
			other = uncia.words_address(await uncia.create(self.dir / "other", no_passphrase=True))
			async with uncia.Wallet(self.dir / "other", self.network) as moved:
				self.assertEqual(await bob.ask(moved.contact_text("xmpp:bob@localhost")),
					"You are paid at another account: an owner has to decide (!pin).")
			self.assertEqual(await mallory.ask(text), "An owner has to decide about that (!pin).")
			self.assertEqual(await alice.ask(f"!pin bob@localhost {other}"), f"bob@localhost is paid at {other} from now on.")
			self.assertEqual(await alice.ask("!tip bob@localhost 0.25"), "Paid 0.250000 to bob@localhost.")
			self.assertTrue((await bob.told()).startswith("uncia:uncpaid1"))
			self.assertEqual((await wallet.balance()).balance, Decimal("0.50"))
			await self.receive(alice, bob, mallory, wallet)

	def test_a_claim_is_said_to_its_owner_alone(self):
		self.start_server()
		self.run_async(self.claim())
		self.assertNotIn("Traceback", self.log())
		self.assertNotIn("uncgift1", self.log())

	async def claim(self):
		await self.make_wallets()
		bot = self.start_bot()
		async with Person("alice", self.server) as alice, Person("mallory", self.server) as mallory, self.bobs() as wallet:
			await self.is_online(alice)
			await alice.enter("alice")
			alone = "A claim is money for whoever reads it: ask me from your own JID, and not in a room."
			alice.say("!claim 0.50", to=ROOM, kind="groupchat")
			self.assertEqual(await alice.told("groupchat", f"{ROOM}/tips"), alone)
			alice.say("!claim 0.50", to=f"{ROOM}/tips")
			self.assertEqual(await alice.told(sender=f"{ROOM}/tips"), alone)
			self.assertEqual(await mallory.ask("!claim 0.50"), "Only the owners of this jar may do that.")
			self.assertIn("more than the balance", await alice.ask("!claim 50"))
			text = await alice.ask("!claim 0.50", "message-1")
			self.assertEqual(await alice.ask("!claim 0.50", "message-1"), text)
			self.assertEqual(await alice.ask("!balance"), "4.500000 UNC")
			bot.kill()
			bot.wait(30)
			bot = self.start_bot()
			await self.is_online(alice)
			self.assertEqual(await alice.ask("!claim 0.50", "message-1"), text)
			await wallet.holds.take(text)
			self.assertEqual((await wallet.balance()).balance, Decimal("0.50"))
			self.assertEqual(await alice.ask("!balance"), "4.500000 UNC")

	async def receive(self, alice, bob, mallory, wallet):
		"""What nobody has paid is not shown, whatever anybody writes; what came in is, once, by whom the ledger says."""
		never = f"{int(time.time()) + 600:08x}" + "5a" * 28
		bob.say("Received 100 from xmpp:bob@localhost.")
		paid = await wallet.pay(self.jar, "0.10", key="back", memo="thanks")
		self.assertEqual(await alice.told(), f"Received 0.100000 from {wallet.address}.")
		self.assertEqual(await mallory.ask(wallet.notice(paid.id)), "I do not know you: send me your contact text first.")
		self.assertEqual(await bob.ask(f"there: {wallet.notice(paid.id)}"), "That is no payment of yours to this jar.")  # his is another
		await alice.ask(f"!pin bob@localhost {wallet.address}")
		again = await wallet.pay(self.jar, "0.20", key="again")
		self.assertEqual(await alice.told(), "Received 0.200000 from xmpp:bob@localhost.")
		self.assertEqual(await bob.ask(wallet.notice(paid.id)), "Thank you for 0.100000, “thanks”.")
		self.assertEqual(await bob.ask(wallet.notice(again.id)), "Thank you for 0.200000.")
		self.assertEqual(await bob.ask(wallet.notice(paid.id)), "I have that already.")
		self.assertEqual(await bob.ask(f"I have paid 100: {uncia.format_notice(wallet.network_id, never, 'rent')}"), "I cannot see that payment yet.")
		self.assertTrue(alice.inbox.empty())

	def test_in_a_room_a_nick_is_whose_the_room_says(self):
		self.start_server()
		self.run_async(self.room())
		self.assertNotIn("Traceback", self.log())

	async def room(self):
		await self.make_wallets()
		self.start_bot()
		async with Person("alice", self.server) as alice, Person("bob", self.server) as bob, Person("mallory", self.server) as mallory, \
			self.bobs() as wallet:
			await self.is_online(alice)
			await bob.ask(wallet.contact_text("xmpp:bob@localhost"))
			for person, nick in ((alice, "alice"), (bob, "bobby"), (mallory, "bob")):
				await person.enter(nick)
			for person, asked, answer in ((alice, "!tip bobby 0.30", "Paid 0.300000 to bob@localhost."),
				(alice, "!tip bob 0.30", "I do not know where mallory@localhost is paid: he may send me his contact text in private."),
				(mallory, "!tip bob 0.30", "Only the owners of this jar may do that."), (alice, "!balance", "4.700000 UNC")):
				person.say(asked, to=ROOM, kind="groupchat")
				self.assertEqual(await alice.told("groupchat", f"{ROOM}/tips"), answer)
			# What an occupant says in private is said by a nick: nobody is pinned.
			mallory.say(wallet.contact_text("xmpp:mallory@localhost"), to=f"{ROOM}/tips")
			alice.say("!tip bob 0.30", to=ROOM, kind="groupchat")
			self.assertIn("I do not know where mallory@localhost is paid", await alice.told("groupchat", f"{ROOM}/tips"))
			self.assertEqual((await wallet.balance()).balance, Decimal("0.30"))

	def test_a_room_that_does_not_tell_who_is_who_pays_nobody(self):
		self.start_server(public_jids=False)
		self.run_async(self.anonymous_room())

	async def anonymous_room(self):
		await self.make_wallets()
		async with Person("mallory", self.server) as mallory, Person("alice", self.server) as alice:
			await mallory.enter("mallory")  # whose room it is
			self.start_bot()
			await self.is_online(alice)
			await alice.enter("alice")
			alice.say("!balance", to=ROOM, kind="groupchat")
			self.assertEqual(await alice.told("groupchat", f"{ROOM}/tips"), "This room does not tell me who you are: ask me in private.")
			alice.say("!balance", to=f"{ROOM}/tips")
			self.assertEqual(await alice.told(sender=f"{ROOM}/tips"), "This room does not tell me who you are: ask me in private.")

	def test_killed_in_mid_tip_it_pays_once_and_answers_later(self):
		self.start_server()
		self.run_async(self.killed())

	async def killed(self):
		await self.make_wallets()
		bot = self.start_bot()
		async with Person("alice", self.server) as alice, Person("bob", self.server) as bob, self.bobs() as wallet:
			await self.is_online(alice)
			await bob.ask(wallet.contact_text("xmpp:bob@localhost"))
			self.assertEqual(await alice.ask("!tip bob@localhost 0.10"), "Paid 0.100000 to bob@localhost.")
			pids = [validator["pid"] for validator in self.devnet.ready["validators"][:2]]
			for pid in pids:
				os.kill(pid, signal.SIGSTOP)
			try:
				alice.say("!tip bob@localhost 0.50", "message-1")
				self.assertEqual(await alice.told(), "0.500000 to bob@localhost is on its way.")  # and is not called failed
				bot.kill()
				bot.wait(30)
			finally:
				for pid in pids:
					os.kill(pid, signal.SIGCONT)
			alice.say("!tip bob@localhost 4", "message-2")  # while it is away
			bot = self.start_bot()
			told = [await alice.told() for _ in range(2)]
			self.assertEqual(sorted(told), ["I was away when you wrote that: ask again if you still want it.", "Paid 0.500000 to bob@localhost."])
			self.assertEqual(await alice.ask("!tip bob@localhost 0.50", "message-1"), "Paid 0.500000 to bob@localhost.")
			self.assertEqual((await wallet.balance()).balance, Decimal("0.60"))
			bot.kill()
			bot.wait(30)
			await wallet.pay(self.jar, "0.10", key="while it is away")
			bot = self.start_bot()
			self.assertEqual(await alice.told(), "Received 0.100000 from xmpp:bob@localhost.")


if __name__ == "__main__":
	unittest.main()
