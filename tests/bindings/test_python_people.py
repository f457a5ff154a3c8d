"""The Python binding: who somebody in a chat is, and what his contacts, requests and notices are worth, against a network."""
import asyncio
import contextlib
import time
import unittest
from decimal import Decimal

from python_binding import BindingTest

import uncia
from uncia import ContactVerdict, ErrorCode, NoticeVerdict, Peer, RequestVerdict

OWN = "xmpp:bob@example.org"  # bob's chat account: it is he who asks
ALICE = Peer(OWN, "xmpp:alice@example.org")
MALLORY = Peer(OWN, "xmpp:mallory@example.org")


class People(BindingTest):
	def run_async(self, coroutine):
		return asyncio.run(asyncio.wait_for(coroutine, 240), debug=True)

	async def both(self, stack):
		"""Alice's wallet, with 5, and bob's, who has pinned her."""
		wallets = []
		for name in ("alice", "bob"):
			await uncia.create(self.dir / name, no_passphrase=True)
			wallets.append(await stack.enter_async_context(uncia.Wallet(self.dir / name, self.network)))
		alice, bob = wallets
		await asyncio.to_thread(self.fund, alice.address)
		for wallet in wallets:
			await wallet.balance()
		bob.people.pin(ALICE, alice.contact_text(ALICE.handle))
		return alice, bob

	def test_handles_are_what_servers_compare(self):
		self.assertEqual(uncia.handle_xmpp("Alice@Example.org/phone"), "xmpp:alice@example.org")
		self.assertEqual(uncia.handle_irc("Libera.Chat", "Bob[]"), uncia.handle_irc("libera.chat", "bob{}", "rfc1459"))
		self.assertNotEqual(uncia.handle_irc("Libera.Chat", "Bob[]", "ascii"), uncia.handle_irc("libera.chat", "bob{}", "ascii"))
		for wrong in (lambda: uncia.handle_xmpp("@"), lambda: uncia.handle_irc("a/b", "bob"), lambda: uncia.handle_irc("a", "b", "klingon")):
			with self.assertRaises(uncia.UnciaError):
				wrong()

	def test_a_pin_is_of_who_has_signed_for_his_own_name(self):
		self.start()
		self.run_async(self.pins())

	async def pins(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			text = alice.contact_text(ALICE.handle)
			contact, found = bob.people.check_contact(ALICE, text)
			self.assertEqual((contact.address, found.verdict, found.pinned), (alice.address, ContactVerdict.PINNED, alice.address))
			pin = bob.people.find(ALICE)
			self.assertEqual((pin.own, pin.handle, pin.address, pin.compared, pin.weak), (OWN, ALICE.handle, alice.address, False, False))
			self.assertEqual(bob.people.pins(), [pin])
			# Somebody else posts her text: a question, and nothing is pinned without its answer.
			contact, found = bob.people.check_contact(MALLORY, text)
			self.assertEqual((found.verdict, found.other), (ContactVerdict.ELSEWHERE, ALICE.handle))
			with self.assertRaises(uncia.UnciaError):
				bob.people.pin(MALLORY, text)
			self.assertIsNone(bob.people.find(MALLORY))
			other = uncia.words_address(uncia.make_words())
			with self.assertRaises(uncia.UnciaError):
				bob.people.pin(ALICE, other)
			bob.people.pin(ALICE, other, decided=True, compared=True)
			self.assertEqual((bob.people.find(ALICE).address, bob.people.find(ALICE).compared), (other, True))
			self.assertEqual(bob.people.check_contact(ALICE, text)[1].verdict, ContactVerdict.CHANGED)
			self.assertEqual(bob.people.check_contact(Peer(OWN, "xmpp:chat@rooms.example.org", room=True), text)[1].verdict, ContactVerdict.ROOM)
			bob.people.forget(ALICE)
			self.assertIsNone(bob.people.find(ALICE))
			with self.assertRaises(uncia.NotFoundError):
				bob.people.forget(ALICE)
			with self.assertRaises(uncia.UsageError):
				bob.people.find(Peer("bob", "alice"))

	def test_a_request_says_whom_it_pays_and_is_paid_once(self):
		self.start()
		self.run_async(self.requests())

	async def requests(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			await alice.pay(bob.address, "1", key="first")
			await bob.balance()
			text = alice.request("0.25", memo="lunch").text
			for peer, verdict in ((ALICE, RequestVerdict.PINNED), (MALLORY, RequestVerdict.UNPINNED)):
				request, found = bob.people.check_request(peer, text)
				self.assertEqual((found.verdict, found.taken, found.ended, found.payee), (verdict, False, False, ALICE.handle))
			self.assertEqual((request.amount, request.memo), (Decimal("0.25"), "lunch"))
			paid = await bob.pay(request.address, request.amount, key=request.key)
			found = bob.people.check_request(ALICE, text)[1]
			self.assertEqual((found.taken, found.id), (True, paid.id))
			self.assertEqual(bob.people.check_request(ALICE, bob.request("1").text)[1].verdict, RequestVerdict.OWN)

	def test_a_notice_is_paid_once_and_by_who_sends_it(self):
		self.start()
		self.run_async(self.notices())

	async def notices(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			made = await alice.order(bob.address, "0.50", key="one", memo="rent")
			# Told while it is on its way: what comes first is no word that it is paid, what comes last is.
			notice = alice.notice(made.id)
			results = [result async for result in bob.people.check_notice(ALICE, notice)]
			self.assertEqual([result.over for result in results], [False] * (len(results) - 1) + [True])
			last = results[-1]
			self.assertEqual((last.verdict, last.amount, last.sender, last.memo, last.handle, last.id, last.maybe_told),
				(NoticeVerdict.PAID, Decimal("0.50"), alice.address, "rent", ALICE.handle, made.id, False))
			self.assertTrue({result.verdict for result in results[:-1]} <= {NoticeVerdict.CHECKING, NoticeVerdict.PENDING, NoticeVerdict.UNKNOWN})
		# Nobody has acknowledged it: another process tells it again, and then never.
		async with uncia.Wallet(self.dir / "bob", self.network) as bob:
			again = await bob.people.check_notice(ALICE, notice).end()
			self.assertEqual((again.verdict, again.maybe_told), (NoticeVerdict.PAID, True))
			bob.people.acknowledge(made.id)
			bob.people.acknowledge(made.id)
			self.assertEqual((await bob.people.check_notice(ALICE, notice).end()).verdict, NoticeVerdict.AGAIN)
			unknown = f"{int(time.time()) + 600:08x}" + "5a" * 28
			self.assertEqual((await bob.people.check_notice(MALLORY, unknown).end()).verdict, NoticeVerdict.UNPINNED)
			repeated = await bob.people.check_notice(MALLORY, notice).end()
			self.assertEqual((repeated.verdict, repeated.first), (NoticeVerdict.REPEATED, ALICE.handle))
			await self.lies(bob)

	async def lies(self, bob):
		async with uncia.Wallet(self.dir / "alice", self.network) as alice:
			paid = await alice.pay(bob.address, "0.10", key="two", memo="bread")
			lie = uncia.format_notice(bob.network_id, paid.id, "a house")
			self.assertEqual((await bob.people.check_notice(ALICE, lie).end()).verdict, NoticeVerdict.OTHER_MEMO)
			with self.assertRaises(uncia.UnciaError):
				bob.people.check_notice(ALICE, lie, memo="another house")
			elsewhere = await alice.pay(uncia.words_address(uncia.make_words()), "0.10", key="three")
			self.assertEqual((await bob.people.check_notice(ALICE, alice.notice(elsewhere.id)).end()).verdict, NoticeVerdict.NOT_TO_ME)
			bob.people.pin(MALLORY, uncia.words_address(uncia.make_words()), decided=True)
			stolen = await bob.people.check_notice(MALLORY, alice.notice(paid.id)).end()
			self.assertEqual((stolen.verdict, stolen.sender), (NoticeVerdict.OTHER_ACCOUNT, alice.address))

	def test_whoever_waits_for_a_notice_may_stop_and_loses_nothing(self):
		self.start()
		self.run_async(self.waiting())

	async def waiting(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			never = uncia.format_notice(bob.network_id, f"{int(time.time()) + 600:08x}" + "5a" * 28)
			for _ in range(70):  # more than there may be at a time: each is given up
				async with bob.people.check_notice(ALICE, never) as check:
					self.assertFalse((await anext(check)).over)
			checks = [bob.people.check_notice(ALICE, never) for _ in range(2)]
			checks[0].close()
			with self.assertRaises(uncia.NotFoundError):
				[_ async for _ in checks[0]]
				await checks[0].end()
			with self.assertRaises(asyncio.TimeoutError):
				await asyncio.wait_for(checks[1].end(), 0.3)  # goes on, though the other one was closed
			made = await alice.order(bob.address, "0.50", key="one")
			check = bob.people.check_notice(ALICE, made.id)
			results = []
			while not results or not results[-1].over:
				task = asyncio.create_task(anext(check))
				await asyncio.wait([task], timeout=0.001)
				task.cancel()
				with contextlib.suppress(asyncio.CancelledError):
					results.append(await task)
			self.assertEqual(results[-1].verdict, NoticeVerdict.PAID)
			waiting = asyncio.create_task(checks[1].end())
			await asyncio.sleep(0)
			bob.close()
			with self.assertRaises(uncia.WalletClosedError):
				await waiting
			with self.assertRaises(uncia.WalletClosedError):
				bob.people.pins()

	def test_what_was_paid_before_a_restored_home_is_not_told_as_paid(self):
		self.start()
		self.run_async(self.restored())

	async def restored(self):
		words = await uncia.create(self.dir / "first", no_passphrase=True)
		async with contextlib.AsyncExitStack() as stack:
			alice, _ = await self.both(stack)
			old = await alice.pay(uncia.words_address(words), "0.10", key="old")
			await uncia.restore(self.dir / "second", words, no_passphrase=True)
			for home, expected in (("first", NoticeVerdict.PAID), ("second", NoticeVerdict.AGAIN)):
				async with uncia.Wallet(self.dir / home, self.network) as wallet:
					with self.assertRaises(uncia.UnreachableError):
						wallet.people.restored()
					wallet.people.pin(ALICE, alice.contact_text(ALICE.handle))
					result = await wallet.people.check_notice(ALICE, old.id).end()
					self.assertEqual((result.verdict, result.older), (expected, home == "second"))
			async with uncia.Wallet(self.dir / "first", self.network) as wallet:  # from a backup, say
				newer = await alice.pay(wallet.address, "0.20", key="newer")
				await wallet.balance()
				wallet.people.restored()
				result = await wallet.people.check_notice(ALICE, newer.id).end()
				self.assertEqual((result.verdict, result.older), (NoticeVerdict.AGAIN, True))


if __name__ == "__main__":
	unittest.main()
