"""A bot on XMPP with a wallet in it: a tip jar that its owners pay from by words.

	tipbot.py --jid tips@example.org --owner alice@example.org --home /var/lib/tipbot --network network.conf [--room ROOM …]

	!address                 anybody: where the jar is paid to, signed, as a text to be pinned
	!balance                 an owner: what is in it
	!tip NAME AMOUNT         an owner: pays somebody; NAME is a JID, or in a room a nick
	!claim AMOUNT            an owner, in private: puts money under a text, for somebody without an account
	!pin JID ADDRESS         an owner: decides at which account somebody is paid

Whoever wants to be tipped sends the bot his contact text (`uncia contact export --handle xmpp:bob@example.org`) in private.
It is pinned in silence where it is signed for the very JID that has sent it, and nothing else is known of him; else an owner
has to decide. A room may be used where its service is trusted to say whose nick is whose; it has to show the bot real JIDs.

A command is paid once, however often its message comes or the bot is killed: the payment's key is the message's sender and
id. A payment is answered when it has its end, also after a restart, perhaps twice, and never as failed while it is pending.
What came in is told when it is proved, whatever anybody writes; whoever sends a notice of his payment is told whether it is
true. Passwords are read from TIPBOT_PASSWORD (XMPP) and
TIPBOT_PASSPHRASE (the wallet)."""
from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import os
import pathlib
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

from slixmpp.clientxmpp import ClientXMPP
from slixmpp.exceptions import XMPPError
from slixmpp.jid import JID
from slixmpp.stanza import Message

import uncia

log = logging.getLogger("tipbot")
CLIENT = "tipbot"
PATIENCE_S = 5.0  # until it is said that a payment is on its way
RECONNECT_S = 5.0
NOTICE_S = 30.0  # how long a notice is checked


class Refused(Exception):
	"""Why a command is not carried out, for people."""


@dataclass(frozen=True)
class Asked:
	"""A message that may ask for something: who has written it, where the answer goes, and a key that is its own."""

	sender: str  # bare JID; empty where a room does not tell
	answer_to: str
	room: bool
	key: str
	words: list[str]


class Told:
	"""The ids of payments whose end was answered, one a line."""

	def __init__(self, path: pathlib.Path) -> None:
		self.path = path
		self.ids = set(path.read_text().split()) if path.exists() else set()

	def add(self, identity: str) -> None:
		self.ids.add(identity)
		with self.path.open("a") as file:
			file.write(identity + "\n")
			file.flush()
			os.fsync(file.fileno())


class TipBot:
	def __init__(self, wallet: uncia.Wallet, options: argparse.Namespace, password: str) -> None:
		self.xmpp = ClientXMPP(options.jid, password)
		self.wallet, self.options = wallet, options
		self.owners = {JID(owner).bare for owner in options.owner}
		self.rooms = {JID(room).bare for room in options.room}
		self.told = Told(pathlib.Path(options.told or f"{options.home}.told"))
		self.online = asyncio.Event()
		self.tasks: set[asyncio.Task[None]] = set()
		self.commands: dict[str, Callable[[Asked], Awaitable[str]]] = {"!address": self.do_address, "!balance": self.do_balance,
			"!tip": self.do_tip, "!claim": self.do_claim, "!pin": self.do_pin}
		if options.ca:
			self.xmpp.ca_certs = pathlib.Path(options.ca)
		self.xmpp.register_plugin("xep_0045")  # rooms
		self.xmpp.register_plugin("xep_0203")  # messages that were delayed say so
		self.xmpp.add_event_handler("session_start", self.on_start)
		self.xmpp.add_event_handler("disconnected", self.on_end)
		self.xmpp.add_event_handler("message", self.on_message)

	def dial(self) -> None:
		server = self.options.server
		self.xmpp.connect(address=(server.rsplit(":", 1)[0], int(server.rsplit(":", 1)[1])) if server else None)

	def begin(self, work: Awaitable[None]) -> None:
		"""Carries it out beside everything else; what goes wrong is logged."""
		async def carry_out() -> None:
			try:
				await work
			except uncia.UnciaError as error:
				log.error("%s", error)

		task = asyncio.create_task(carry_out())
		self.tasks.add(task)
		task.add_done_callback(self.tasks.discard)

	# ---- the connection

	async def on_start(self, _: object) -> None:
		self.xmpp.send_presence()
		for room in sorted(self.rooms):
			try:
				await self.xmpp["xep_0045"].join_muc_wait(JID(room), self.options.nick, maxstanzas=0)
			except (XMPPError, asyncio.TimeoutError) as error:
				log.error("room %s: %s", room, error)
		self.online.set()
		log.info("online")

	def on_end(self, reason: object) -> None:
		self.online.clear()
		log.info("offline: %s", reason)
		self.xmpp.loop.call_later(RECONNECT_S, self.dial)

	async def say(self, to: str, room: bool, text: str) -> None:
		"""Returns when the text was written to the connection. XMPP says no more than that."""
		await self.online.wait()
		self.xmpp.send_message(mto=JID(to), mbody=text, mtype="groupchat" if room else "chat")
		await self.xmpp.waiting_queue.join()

	async def say_to_owners(self, text: str) -> None:
		for owner in sorted(self.owners):
			await self.say(owner, False, text)

	# ---- what is asked

	def on_message(self, message: Message) -> None:
		kind, body = message["type"], message["body"]
		if kind not in ("chat", "normal", "groupchat") or not body:
			return
		room = kind == "groupchat"
		sender = self.real_jid(message["from"]) if room or message["from"].bare in self.rooms else message["from"].bare
		if sender == self.xmpp.boundjid.bare or (room and message["from"].resource == self.options.nick):
			return
		key = hashlib.sha256(json.dumps([sender, message["id"]]).encode()).hexdigest() if message["id"] else ""
		asked = Asked(sender, message["from"].bare if room else str(message["from"]), room, key, body.split())
		if message.get_plugin("delay", check=True):  # a message of the past asks for nothing
			if not room and asked.words and asked.words[0] in self.commands:
				self.begin(self.say(asked.answer_to, room, "I was away when you wrote that: ask again if you still want it."))
		elif asked.words and asked.words[0] in self.commands:
			self.begin(self.obey(asked))
		elif message["from"].bare not in self.rooms:
			self.begin(self.read_texts(asked, body))

	def real_jid(self, occupant: JID) -> str:
		"""Whose nick it is, where the room tells; else empty: an occupant's own name is nobody's."""
		jid = self.xmpp["xep_0045"].get_jid_property(occupant.bare, occupant.resource, "jid")
		return JID(jid).bare if jid else ""

	async def obey(self, asked: Asked) -> None:
		try:
			answer = await self.commands[asked.words[0]](asked)
		except (uncia.UnciaError, Refused) as error:
			answer = str(error)
		if answer:
			await self.say(asked.answer_to, asked.room, answer)

	def arguments(self, asked: Asked, names: str) -> list[str]:
		"""Of an owner's command."""
		if asked.sender not in self.owners:
			raise Refused("Only the owners of this jar may do that." if asked.sender else
				"This room does not tell me who you are: ask me in private.")
		if len(asked.words) != 1 + len(names.split()):
			raise Refused(f"It is {asked.words[0]} {names}".strip() + ".")
		return asked.words[1:]

	async def do_address(self, asked: Asked) -> str:
		return self.wallet.contact_text(uncia.handle_xmpp(self.xmpp.boundjid.bare))

	async def do_balance(self, asked: Asked) -> str:
		self.arguments(asked, "")
		balance = await self.wallet.balance()
		assert self.wallet.network
		return f"{balance.spendable} {self.wallet.network.currency}"

	async def do_pin(self, asked: Asked) -> str:
		jid, address = self.arguments(asked, "JID ADDRESS")
		self.wallet.people.pin(self.peer(JID(jid).bare), address, decided=True)
		return f"{JID(jid).bare} is paid at {address} from now on."

	async def do_tip(self, asked: Asked) -> str:
		name, amount = self.arguments(asked, "NAME AMOUNT")
		payee = self.real_jid(JID(f"{asked.answer_to}/{name}")) if asked.room and "@" not in name else JID(name).bare
		pin = self.wallet.people.find(self.peer(payee)) if payee else None
		if pin is None:
			raise Refused(f"I do not know where {payee or name} is paid: he may send me his contact text in private.")
		payment = await self.wallet.order(pin.address, amount, key=self.key_of(asked), tag=tag_of(asked, payee))
		return await self.answer_again(payment)

	async def do_claim(self, asked: Asked) -> str:
		(amount,) = self.arguments(asked, "AMOUNT")
		if JID(asked.answer_to).bare in self.rooms:  # a nick may be another's by the time of the answer
			raise Refused("A claim is money for whoever reads it: ask me from your own JID, and not in a room.")
		payment = await self.wallet.order((), key=self.key_of(asked), tag=tag_of(asked, ""), holds=[uncia.HoldRequest(amount)])
		return await self.answer_again(payment)

	def key_of(self, asked: Asked) -> str:
		if not asked.key:
			raise Refused("Your message has no id, so that I could pay it twice: use another program.")
		return asked.key

	async def answer_again(self, payment: uncia.Payment) -> str:
		self.told.ids.discard(payment.id)  # whoever asks again is answered again
		await self.follow(payment.id)
		return ""

	# ---- payments

	async def follow(self, identity: str) -> None:
		"""Says how a payment ends, in the chat where it was asked for."""
		payment = self.wallet.payment(identity)
		where = where_of(payment)
		assert where
		what = f"{payment.amount} to {where['payee']}" if where["payee"] else f"{payment.amount} under a claim"
		ending = asyncio.ensure_future(self.wallet.follow(identity))
		try:
			await asyncio.wait([ending], timeout=PATIENCE_S)
			if not ending.done():
				await self.say(where["to"], where["room"], f"{what} is on its way.")
			payment = await ending
		finally:
			ending.cancel()
		if payment.state != uncia.PaymentState.FINAL:
			await self.say(where["to"], where["room"], f"{what} was not paid and never will be: ask anew.")
		elif where["payee"]:
			await self.say(where["payee"], False, self.wallet.notice(identity))
			await self.say(where["to"], where["room"], f"Paid {what}.")
		else:
			await self.say(where["to"], where["room"], self.wallet.holds.claim_text(identity))
		self.told.add(identity)

	def follow_all(self) -> None:
		"""Those whose end nobody was told of: this bot was killed before."""
		for identity in self.wallet.outbox():
			if identity not in self.told.ids and where_of(self.wallet.payment(identity)):
				self.begin(self.follow(identity))

	async def tell_incoming(self) -> None:
		async with self.wallet.watch(CLIENT) as watch:
			async for incoming in watch:
				sender = incoming.payment.sender
				names = [pin.handle for pin in self.wallet.people.pins() if same_account(pin.address, sender)]
				await self.say_to_owners(f"Received {incoming.amount} from {names[0] if names else sender}.")
				incoming.acknowledge()

	# ---- who is who

	def peer(self, jid: str) -> uncia.Peer:
		return uncia.Peer(uncia.handle_xmpp(self.xmpp.boundjid.bare), uncia.handle_xmpp(jid))

	async def read_texts(self, asked: Asked, body: str) -> None:
		"""What people send in private: contacts, and notices of what they have paid."""
		for found in uncia.scan(body, self.wallet.network_id).texts:
			try:
				if found.kind in (uncia.TextKind.CONTACT, uncia.TextKind.NOTICE) and (found.error or found.text is None):
					answer = "Your text was changed on its way, or is of another network: send it again."
				elif found.kind == uncia.TextKind.CONTACT and found.text:
					answer = self.take_contact(asked.sender, found.text)
				elif found.kind == uncia.TextKind.NOTICE and found.text:
					answer = await self.check_notice(asked.sender, found.text)
				else:
					continue
			except uncia.UnciaError as error:
				answer = str(error)
			await self.say(asked.answer_to, False, answer)

	def take_contact(self, sender: str, text: str) -> str:
		"""The answer to a contact text."""
		contact, check = self.wallet.people.check_contact(self.peer(sender), text)
		if check.verdict not in (uncia.ContactVerdict.NEW, uncia.ContactVerdict.PINNED):
			return CONTACT_ANSWERS.get(check.verdict, "An owner has to decide about that (!pin).")
		self.wallet.people.pin(self.peer(sender), text)
		return f"You are paid at {contact.address}."

	async def check_notice(self, sender: str, text: str) -> str:
		"""The answer to a notice. The owners hear of the payment itself, by the watch."""
		async with self.wallet.people.check_notice(self.peer(sender), text) as check:
			try:
				result = await asyncio.wait_for(check.end(), NOTICE_S)
			except asyncio.TimeoutError:
				return "I cannot see that payment yet."
		if result.verdict == uncia.NoticeVerdict.PAID:
			self.wallet.people.acknowledge(result.id)
			return f"Thank you for {result.amount}" + (f", “{result.memo}”." if result.memo else ".")
		return NOTICE_ANSWERS.get(result.verdict, "That is no payment of yours to this jar.")


CONTACT_ANSWERS = {
	uncia.ContactVerdict.UNSIGNED: "That is not signed for you: export it with --handle and your JID.",
	uncia.ContactVerdict.CHANGED: "You are paid at another account: an owner has to decide (!pin).",
	uncia.ContactVerdict.ROOM: "Send me that from your own JID, not from a room.",
	uncia.ContactVerdict.OWN: "That is my own.",
}
NOTICE_ANSWERS = {
	uncia.NoticeVerdict.EXPIRED: "That payment never happened, and never will: pay anew.",
	uncia.NoticeVerdict.UNPINNED: "I do not know you: send me your contact text first.",
	uncia.NoticeVerdict.AGAIN: "I have that already.",
}


def tag_of(asked: Asked, payee: str) -> bytes:
	"""Stays with the payment: where its end is answered, and whom it pays."""
	return json.dumps({"by": CLIENT, "to": asked.answer_to, "room": asked.room, "payee": payee}).encode()


def where_of(payment: uncia.Payment) -> dict[str, Any] | None:
	"""Where the answer goes, of a payment of this bot's: another program on this home has tags of its own."""
	try:
		where = json.loads(payment.tag)
	except ValueError:
		return None
	return where if isinstance(where, dict) and where.get("by") == CLIENT else None


def same_account(address: str, other: str) -> bool:
	"""Whatever the reference."""
	try:
		return uncia.parse_address(address).account == uncia.parse_address(other).account
	except uncia.UnciaError:  # a hold is no account
		return False


def parse() -> argparse.Namespace:
	parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
	parser.add_argument("--jid", required=True)
	parser.add_argument("--owner", action="append", required=True, metavar="JID", help="who may pay; several times for several")
	parser.add_argument("--home", required=True, help="of the wallet, which `uncia init` makes")
	parser.add_argument("--network", required=True, metavar="FILE")
	parser.add_argument("--room", action="append", default=[], help="a room to be in, whose service is trusted")
	parser.add_argument("--nick", default="tips")
	parser.add_argument("--told", metavar="FILE", help="which payments were answered; HOME.told if not given")
	parser.add_argument("--server", metavar="HOST:PORT", help="instead of asking the DNS")
	parser.add_argument("--ca", metavar="FILE", help="certificates that sign the server's, instead of the system's")
	return parser.parse_args()


async def main() -> None:
	options = parse()
	async with uncia.Wallet(options.home, options.network) as wallet:
		passphrase = os.environ.get("TIPBOT_PASSPHRASE")
		if passphrase:
			await wallet.unlock(passphrase)
		bot = TipBot(wallet, options, os.environ["TIPBOT_PASSWORD"])
		bot.dial()
		bot.follow_all()
		await bot.tell_incoming()


if __name__ == "__main__":
	logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
	try:
		asyncio.run(main())
	except KeyboardInterrupt:
		pass
	except uncia.UnciaError as failure:
		raise SystemExit(f"tipbot: {failure}")
