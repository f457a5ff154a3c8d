"""The Python binding against a network: two wallets that pay each other, many payments at once, watches across restarts,
death in mid-payment, wrong passphrases, cancellation, failing storage, threads."""
import asyncio
import contextlib
import os
import random
import re
import resource
import signal
import threading
import time
import unittest
from decimal import Decimal

from python_binding import KDF, ROOT, BindingTest

import uncia
from uncia import ErrorCode, PaymentState
from uncia._constants import EventKind
from uncia._declarations import ffi
from uncia._library import lib

PASSPHRASE = "correct horse battery staple"

# Pays under the keys k0 … k4, and says which have their end.
PAYER = """
import asyncio, sys, uncia
async def main(home, network, to):
	async with uncia.Wallet(home, network) as wallet:
		for number in range(5):
			payment = await wallet.pay(to, "0.10", key=f"k{number}")
			print(payment.id, flush=True)
asyncio.run(main(*sys.argv[1:]))
"""

# Has a payment stored, and is gone before its first byte leaves.
STORER = """
import asyncio, os, signal, sys, uncia
async def main(home, network, to, expires):
	async with uncia.Wallet(home, network) as wallet:
		await wallet.balance()
		made = asyncio.create_task(wallet.order(to, "0.25", key="stored", tag=b"chat 7", expires=int(expires)))
		made.add_done_callback(lambda task: (print(task.result().id, flush=True), os.kill(os.getpid(), signal.SIGKILL)))
		await asyncio.sleep(60)
asyncio.run(main(*sys.argv[1:]))
"""


class Heart:
	"""Counts turns of the loop."""

	async def __aenter__(self):
		self.beats, self.task = 0, asyncio.create_task(self._beat())
		return self

	async def _beat(self):
		while True:
			await asyncio.sleep(0.005)
			self.beats += 1

	async def __aexit__(self, *_):
		self.task.cancel()


@contextlib.contextmanager
def full_disk():
	"""Nothing can be written into a file any more."""
	before = resource.getrlimit(resource.RLIMIT_FSIZE)
	resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
	try:
		yield
	finally:
		resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Python(BindingTest):
	def run_async(self, *coroutines):
		async def all_of_them():
			return await asyncio.wait_for(asyncio.gather(*coroutines), 240)

		return asyncio.run(all_of_them(), debug=True)

	async def make(self, name, funds="5"):
		"""A new home without a passphrase, and what it has. Returns (home, address)."""
		home = self.dir / name
		words = await uncia.create(home, no_passphrase=True)
		address = uncia.words_address(words)
		if funds:
			await asyncio.to_thread(self.fund, address, funds)
		return home, address

	def wallet(self, home, **options):
		return uncia.Wallet(home, self.network, **options)

	async def both(self, stack):
		"""Two open wallets: alice's with 5, and bob's with nothing."""
		homes = [await self.make("alice"), await self.make("bob", None)]
		return [await stack.enter_async_context(self.wallet(home)) for home, _ in homes]

	async def refused(self, kind, code, awaitable):
		with self.assertRaises(kind) as raised:
			await awaitable
		self.assertEqual(raised.exception.code, code, raised.exception)
		self.assertTrue(raised.exception.what_to_do)
		return raised.exception

	# ---- paying

	def test_two_wallets_pay_each_other(self):
		self.start()
		self.run_async(self.pay_each_other())

	async def pay_each_other(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			watch = bob.watch("chat")
			await watch.ready()
			paid = await alice.pay(bob.address, "1.50", key="message 1", memo="lunch", tag=b"chat 7\0message 1")
			self.assertEqual((paid.state, paid.amount, paid.leaving, paid.memo, paid.tag, paid.own),
				(PaymentState.FINAL, Decimal("1.50"), Decimal("1.50"), "lunch", b"chat 7\0message 1", True))
			incoming = await anext(watch)
			self.assertEqual((incoming.id, incoming.amount, incoming.payment.sender), (paid.id, Decimal("1.50"), alice.address))
			self.assertEqual(incoming.payment.memo_hash, uncia.memo_hash("lunch"))
			self.assertEqual([output.amount for output in incoming.outputs], [Decimal("1.50")])
			incoming.acknowledge()
			incoming.acknowledge()  # a second time is fine
			# Back, by a request, which is paid once however often it is taken.
			request = alice.request("0.20", memo="coffee")
			wish = uncia.parse_request(request.text, alice.network_id)
			self.assertEqual((wish.amount, wish.memo, wish.checked), (Decimal("0.20"), "coffee", True))
			back = [await bob.pay(wish.address, wish.amount, key=wish.key, memo=wish.memo) for _ in range(2)]
			self.assertEqual(back[0].id, back[1].id)
			self.assertEqual([(await w.balance()).spendable for w in (alice, bob)], [Decimal("3.70"), Decimal("1.30")])
			await self.look_back(alice, bob, paid, back[0])

	async def look_back(self, alice, bob, paid, back):
		receipt = uncia.Network.load(self.network).verify_receipt(bob.receipt(back.id))
		self.assertEqual((receipt.payment.id, receipt.outputs[0].amount), (back.id, Decimal("0.20")))
		self.assertEqual(alice.received(receipt), Decimal("0.20"))
		self.assertEqual(bob.received(receipt), 0)
		page = await bob.history()
		self.assertEqual([entry.receipt.payment.id for entry in page.entries], [back.id, paid.id])
		self.assertEqual([entry.part.direction for entry in page.entries], [uncia.Direction.OUT, uncia.Direction.IN])
		self.assertTrue(page.complete and page.following is None)
		newest = await bob.history(limit=1)
		older = await bob.history(newest.following, limit=1)
		self.assertEqual([e.receipt.payment.id for p in (newest, older) for e in p.entries], [back.id, paid.id])
		self.assertEqual([entry.receipt.payment.id async for entry in alice.all_history()][:2], [back.id, paid.id])
		notice = uncia.parse_notice(alice.notice(paid.id), bob.network_id)
		self.assertEqual((notice.id, notice.memo), (paid.id, "lunch"))
		self.assertEqual((await bob.follow(notice.id)).state, PaymentState.FINAL)
		self.assertEqual((await alice.query(back.id)).received, Decimal("0.20"))
		self.assertEqual((alice.by_key("message 1").id, alice.by_key("message 2"), alice.outbox(), alice.pending()),
			(paid.id, None, [paid.id], []))
		self.assertEqual((alice.paid(bob.address).id, bob.paid(bob.address)), (paid.id, None))
		self.assertEqual((alice.outputs(paid.id)[0].address, alice.part(paid.id).to), (bob.address, bob.address))

	def test_forty_payments_at_once_each_arrive_once(self):
		self.start()
		self.run_async(self.forty())

	async def forty(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			watch = bob.watch("chat")
			await watch.ready()
			async with Heart() as heart:
				paid = await asyncio.gather(*(alice.pay(bob.address, "0.01", key=f"m{i}", memo=f"number {i}") for i in range(40)))
			self.assertGreater(heart.beats, 5)
			self.assertEqual(len({payment.id for payment in paid}), 40)
			self.assertEqual([payment.memo for payment in paid], [f"number {i}" for i in range(40)])
			told = [await anext(watch) for _ in range(40)]
			self.assertEqual({payment.id for payment in paid}, {incoming.id for incoming in told})
			self.assertEqual(sorted((i.payment.height, i.payment.index) for i in told), [(i.payment.height, i.payment.index) for i in told])
			again = await asyncio.gather(*(alice.pay(bob.address, "0.01", key=f"m{i}", memo=f"number {i}") for i in range(40)))
			self.assertEqual([payment.id for payment in again], [payment.id for payment in paid])
			self.assertEqual((await bob.balance()).balance, Decimal("0.40"))
			refused = await self.refused(uncia.RefusedError, ErrorCode.KEY_REUSED, alice.pay(bob.address, "0.02", key="m0"))
			self.assertEqual(refused.exit_code, 5)
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, alice.pay(bob.address, "999", key="too much"))
			several = await alice.pay([uncia.Output(bob.address, Decimal("0.03")), uncia.Output(alice.address, Decimal("0.04"))],
				key="both")
			self.assertEqual((several.amount, several.leaving, several.received), (Decimal("0.07"), Decimal("0.03"), Decimal("0.04")))

	def test_a_payment_that_never_happened_is_told_as_expired(self):
		self.start()
		(home, _), (other, payee) = self.run_async(self.make("alice"), self.make("bob", None))
		identity = self.stored(home, payee, expires=2)
		time.sleep(max(0, int(identity[:8], 16) + 1 - time.time()))
		self.run_async(self.expire(home, other, payee, identity))

	async def expire(self, home, other, payee, identity):
		async with contextlib.AsyncExitStack() as stack:
			alice = await stack.enter_async_context(self.wallet(home))
			made = alice.payment(identity)
			self.assertEqual((made.state, alice.pending(), alice.expired()), (PaymentState.PENDING, [made.id], []))
			self.assertTrue(made.waits_for)
			bob = await stack.enter_async_context(self.wallet(other))
			error = await self.refused(uncia.ExpiredError, ErrorCode.EXPIRED, alice.pay(payee, "0.25", key="stored", tag=b"chat 7"))
			self.assertEqual((error.payment.id, error.payment.state, error.exit_code), (made.id, PaymentState.EXPIRED, 8))
			self.assertEqual((alice.expired(), alice.pending()), ([made.id], []))
			proof = alice.network.verify_expiry(alice.expiry(made.id))
			self.assertEqual((proof.payment.id, proof.payment.state), (made.id, PaymentState.EXPIRED))
			self.assertEqual((await bob.follow(made.id)).state, PaymentState.EXPIRED)
			self.assertEqual((await alice.pay(payee, "0.25", key="anew")).state, PaymentState.FINAL)

	# ---- being paid

	def test_what_is_not_acknowledged_is_told_again_after_a_restart(self):
		self.start()
		self.run_async(self.watch_again())

	async def watch_again(self):
		home, address = await self.make("bob", None)
		async with self.wallet(home) as bob, bob.watch("chat") as watch:
			await watch.ready()
			for amount in ("0.01", "0.02", "0.03"):
				await asyncio.to_thread(self.fund, address, amount)
			told = [await anext(watch) for _ in range(3)]
			self.assertEqual([incoming.amount for incoming in told], [Decimal("0.01"), Decimal("0.02"), Decimal("0.03")])
			with self.assertRaises(uncia.RefusedError):
				bob.watch("other")
			told[1].acknowledge()  # and with it the first
		await asyncio.to_thread(self.fund, address, "0.04")
		async with self.wallet(home) as bob:
			async with bob.watch("chat") as watch:
				again = [await anext(watch) for _ in range(2)]
				self.assertEqual([i.amount for i in again], [Decimal("0.03"), Decimal("0.04")])
				with self.assertRaises(uncia.WalletClosedError):
					told[2].acknowledge()  # of a watch that has ended
			async with bob.watch("chat") as watch:
				async for incoming in watch:
					self.assertEqual(incoming.amount, Decimal("0.03"))
					incoming.acknowledge()
					break
				waiting = asyncio.create_task(anext(watch))
				self.assertEqual((await waiting).amount, Decimal("0.04"))
				waiting = asyncio.create_task(anext(watch))
				await asyncio.sleep(0)
				watch.close()
				with self.assertRaises(StopAsyncIteration):
					await waiting
			bob.forget_watch("chat")
			async with bob.watch("chat") as watch:
				await watch.ready()
				with self.assertRaises(asyncio.TimeoutError):
					await asyncio.wait_for(anext(watch), 0.2)
				await asyncio.to_thread(self.fund, address, "0.05")
				self.assertEqual((await anext(watch)).amount, Decimal("0.05"))  # the cancelled one took nothing
				waiting = asyncio.create_task(anext(watch))
				await asyncio.sleep(0)
				bob.close()
				with self.assertRaises(uncia.WalletClosedError):
					await waiting

	# ---- death

	def test_killed_in_mid_payment_pays_once(self):
		self.start()
		(home, _), (_, payee) = self.run_async(self.make("alice"), self.make("bob", None))
		seed = random.randrange(1 << 32)
		chance = random.Random(seed)
		for _ in range(8):
			child = self.child(PAYER, home, self.network, payee)
			time.sleep(chance.uniform(0.2, 1.2))
			child.kill()
			child.communicate()
		self.run_async(self.after_death(home, payee, self.stored(home, payee, expires=600), seed))

	def stored(self, home, payee, expires):
		"""The id of a payment that is stored, and of which nobody has heard."""
		process = self.child(STORER, home, self.network, payee, expires)
		identity = process.communicate(timeout=120)[0].strip()
		self.assertEqual((process.returncode, len(identity)), (-signal.SIGKILL, 64))
		return identity

	async def after_death(self, home, payee, identity, seed):
		async with self.wallet(home) as alice:
			self.assertEqual(alice.by_key("stored").tag, b"chat 7")
			ended = await alice.pay(payee, "0.25", key="stored", expires=600)
			self.assertEqual((ended.id, ended.state), (identity, PaymentState.FINAL))
			for number in range(5):
				await alice.pay(payee, "0.10", key=f"k{number}")
			self.assertEqual(((await alice.balance()).balance, len(alice.outbox())), (Decimal("4.25"), 6), f"seed {seed}")

	# ---- the key

	def test_a_wrong_passphrase_opens_nothing_and_no_derivation_blocks_the_loop(self):
		self.start()
		self.run_async(self.keys())

	async def keys(self):
		home = self.dir / "sealed"
		words = await uncia.create(home, passphrase=PASSPHRASE)  # of the cost that wallets have
		await self.refused(uncia.RefusedError, ErrorCode.EXISTS, uncia.restore(home, words, passphrase="another", **KDF))
		await self.refused(uncia.KeyClosedError, ErrorCode.PASSPHRASE, self.wallet(home, passphrase="wrong").open())
		async with self.wallet(home) as wallet:
			self.assertFalse(wallet.unlocked)
			await wallet.balance()  # it can look
			with self.assertRaises(uncia.KeyClosedError):
				wallet.address
			self.assertEqual(wallet.address_unproved, uncia.words_address(words))
			await self.refused(uncia.KeyClosedError, ErrorCode.LOCKED, wallet.pay(wallet.address_unproved, "0.01", key="k"))
			async with Heart() as heart:
				await self.refused(uncia.KeyClosedError, ErrorCode.PASSPHRASE, wallet.unlock("wrong"))
				await self.refused(uncia.KeyClosedError, ErrorCode.PASSPHRASE, wallet.recovery_words("wrong"))
			self.assertGreater(heart.beats, 5)
			given_up = asyncio.create_task(wallet.unlock(PASSPHRASE))
			await asyncio.sleep(0.01)
			given_up.cancel()
			with self.assertRaises(asyncio.CancelledError):
				await given_up
			self.assertFalse(wallet.unlocked)
			await wallet.unlock(PASSPHRASE)
			self.assertEqual((wallet.address, await wallet.recovery_words(PASSPHRASE)), (wallet.address_unproved, words))
		async with self.wallet(home, passphrase=PASSPHRASE) as wallet:
			self.assertTrue(wallet.unlocked)
		restored = self.dir / "restored"
		await uncia.restore(restored, words.upper(), passphrase="another", **KDF)
		async with uncia.Wallet(restored, None, passphrase="another") as wallet:
			self.assertEqual(wallet.address, uncia.words_address(words))
			await self.refused(uncia.UsageError, ErrorCode.NETWORK, wallet.balance())
		opening = asyncio.create_task(self.wallet(home, passphrase=PASSPHRASE).open())
		await asyncio.sleep(0.01)
		opening.cancel()
		with self.assertRaises(asyncio.CancelledError):
			await opening
		await self.refused(uncia.NotFoundError, ErrorCode.NOT_FOUND, self.wallet(self.dir / "nobody").open())

	def test_the_program_of_the_documents_pays(self):
		self.start()
		home = self.dir / "sealed"
		words = self.run_async(uncia.create(home, passphrase=PASSPHRASE, **KDF))[0]
		address = uncia.words_address(words)
		self.fund(address)
		program = self.printed("docs/embedding.md")
		self.assertEqual(program, self.printed("wallet/bindings/python/README.md"))
		payee = uncia.words_address(uncia.make_words())
		process = self.child(program, home, self.network, payee, "0.50", "message 12")
		said = process.communicate(timeout=120)[0].splitlines()
		self.assertEqual((process.returncode, said[0], len(said)), (0, f"{address} 5.000000", 2))
		receipt = uncia.Network.load(self.network).verify_receipt(said[1])
		self.assertEqual([(output.address, output.amount) for output in receipt.outputs], [(payee, Decimal("0.50"))])
		process = self.child(program, home, self.network, payee, "500", "message 13")
		self.assertEqual(process.communicate(timeout=120)[0].splitlines()[1].split(" ", 1)[0], "FUNDS")

	def printed(self, document):
		blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / document).read_text(), re.M | re.S)
		self.assertEqual(len(blocks), 1)
		return blocks[0]

	# ---- cancellation

	def test_a_cancelled_task_gives_up_its_own_and_loses_nothing(self):
		self.start()
		self.run_async(self.cancel())

	async def cancel(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			# Before there is a payment: there is none, and the other one that waits for the same answer is made.
			first = asyncio.create_task(alice.pay(bob.address, "0.01", key="given up"))
			second = asyncio.create_task(alice.pay(bob.address, "0.02", key="kept"))
			await asyncio.sleep(0)
			first.cancel()
			self.assertEqual((await second).state, PaymentState.FINAL)
			self.assertTrue(first.cancelled())
			self.assertIsNone(alice.by_key("given up"))
			# After it: it goes on, and its key finds it.
			for delay in (0, 0, 0.001, 0.003, 0.01, 0.03):
				key = f"after {len(alice.outbox())}"
				task = asyncio.create_task(alice.pay(bob.address, "0.01", key=key))
				while alice.by_key(key) is None:
					await asyncio.sleep(0)
				await asyncio.sleep(delay)
				task.cancel()
				await asyncio.wait([task])
				self.assertEqual((await alice.pay(bob.address, "0.01", key=key)).state, PaymentState.FINAL)
			# At any moment of a question; what comes after has its own answer.
			for delay in (0, 0.001, 0.002, 0.004, 0.008, 0.016):
				for question in (lambda: bob.history(limit=2), bob.balance, bob.catch_up, lambda: bob.query(alice.outbox()[0])):
					task = asyncio.create_task(question())
					await asyncio.sleep(delay)
					task.cancel()
					await asyncio.wait([task])
				self.assertEqual((await bob.balance()).balance, Decimal("0.08"))
				page = await bob.history(limit=64)
				self.assertEqual((len(page.entries), page.complete), (7, True))
			# Of two that wait for one answer, the other one has it.
			both = [asyncio.create_task(bob.balance()) for _ in range(2)]
			await asyncio.sleep(0)
			both[0].cancel()
			self.assertEqual((await both[1]).balance, Decimal("0.08"))
			# A payment that nobody knows is followed until the task is given up.
			unknown = f"{int(time.time()) + 60:08x}" + "5a" * 28
			with self.assertRaises(asyncio.TimeoutError):
				await asyncio.wait_for(bob.follow(unknown), 0.5)
			self.assertEqual((await bob.query(unknown)).state, PaymentState.UNKNOWN)
			waiting = asyncio.create_task(bob.follow(unknown))
			await asyncio.sleep(0.05)
			bob.close()
			with self.assertRaises(uncia.WalletClosedError):
				await waiting
			with self.assertRaises(uncia.WalletClosedError):
				await bob.balance()

	# ---- failures of machine and network

	def test_storage_that_fails_is_told_and_the_key_pays_later(self):
		self.start()
		self.run_async(self.storage())

	async def storage(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.both(stack)
			await alice.balance()
			with full_disk():
				error = await self.refused(uncia.StorageError, ErrorCode.IO, alice.pay(bob.address, "0.10", key="rent"))
				with self.assertRaises(uncia.StorageError):
					alice.pin("bob", bob.address)
			self.assertIn(str(self.dir / "alice"), str(error))
			self.assertIsNone(error.payment)
			self.assertEqual((await alice.pay(bob.address, "0.10", key="rent")).state, PaymentState.FINAL)
			self.assertEqual((await bob.balance()).balance, Decimal("0.10"))
			made = await alice.order(bob.address, "0.20", key="end")
			with full_disk():  # its end cannot be stored
				task = asyncio.create_task(alice.pay(bob.address, "0.20", key="end"))
				await asyncio.wait([task], timeout=2)
				if task.done() and task.exception():  # else it was stored before
					self.assertEqual((task.exception().code, task.exception().payment.id), (ErrorCode.IO, made.id))
			self.assertEqual((await alice.pay(bob.address, "0.20", key="end")).id, made.id)
			await asyncio.wait([task])
		open_home = self.dir / "open"
		open_home.mkdir(mode=0o755)
		open_home.chmod(0o755)
		await self.refused(uncia.StorageError, ErrorCode.PERMISSION, self.wallet(open_home).open())
		(self.dir / "file").write_text("no directory")
		with self.assertRaises(uncia.StorageError) as raised:
			await self.wallet(self.dir / "file").open()
		self.assertIn("Not a directory", str(raised.exception))
		(self.dir / "alice" / "key").write_bytes(b"damaged")
		await self.refused(uncia.StorageError, ErrorCode.DAMAGED, self.wallet(self.dir / "alice").open())

	def test_validators_that_are_gone_are_told_and_come_back(self):
		self.start()
		self.run_async(self.unreachable())

	async def unreachable(self):
		home, address = await self.make("alice")
		async with self.wallet(home, request_timeout=1.0) as alice:
			await alice.balance()
			pids = [validator["pid"] for validator in self.devnet.ready["validators"]]
			for pid in pids:
				os.kill(pid, signal.SIGSTOP)
			try:
				error = await self.refused(uncia.UnreachableError, ErrorCode.UNREACHABLE, alice.balance())
				self.assertEqual(error.exit_code, 6)
				for kind, question in ((EventKind.BALANCE, alice.balance), (EventKind.HISTORY, alice.history), (EventKind.CAUGHT_UP, alice.catch_up)):
					for given_up, under_way in ((1, True), (2, False)):  # of two tasks
						tasks = [asyncio.create_task(question()) for _ in range(1 if kind == EventKind.HISTORY else 2)]
						await asyncio.sleep(0.01)
						for task in tasks[:given_up]:
							task.cancel()
						await asyncio.sleep(0.01)
						found = lib.uncia_wallet_cancel(alice._d.wallet, kind, ffi.NULL)
						self.assertEqual(found, 0 if under_way and len(tasks) == 2 else ErrorCode.NOT_FOUND, (kind, given_up))
						for task in tasks:
							task.cancel()
						await asyncio.wait(tasks)
				waiting = asyncio.create_task(alice.pay(address, "0.01", key="self"))
				await asyncio.sleep(0.3)
				self.assertFalse(waiting.done())  # pending is no failure
			finally:
				for pid in pids:
					os.kill(pid, signal.SIGCONT)
			alice.network_changed()
			self.assertEqual((await waiting).state, PaymentState.FINAL)

	# ---- threads

	def test_a_wallet_is_of_one_thread_and_each_thread_may_have_one(self):
		self.start()
		self.run_async(self.turned_away())
		(alice, alices), (bob, bobs) = self.run_async(self.make("a", "2"), self.make("b", "2"))
		failures = []

		def pay_ten(home, to):
			async def main():
				async with self.wallet(home) as wallet:
					await asyncio.gather(*(wallet.pay(to, "0.01", key=f"t{i}") for i in range(10)))
					while (await wallet.balance()).balance != 2:
						await asyncio.sleep(0.05)
			try:
				asyncio.run(asyncio.wait_for(main(), 120))
			except BaseException as error:
				failures.append(error)

		threads = [threading.Thread(target=pay_ten, args=given) for given in ((alice, bobs), (bob, alices))]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(failures, [])

	async def turned_away(self):
		home, _ = await self.make("one", None)
		async with self.wallet(home) as wallet:
			def elsewhere():
				for use in (lambda: wallet.address, wallet.outbox, lambda: wallet.last_balance, lambda: asyncio.run(wallet.balance())):
					with self.assertRaises(RuntimeError):
						use()

			await asyncio.to_thread(elsewhere)
			loop = asyncio.get_running_loop()
			found = await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(wallet.balance(), loop).result())
			self.assertTrue(found.known)
			await self.refused(uncia.RefusedError, ErrorCode.EXISTS, wallet.open())


if __name__ == "__main__":
	unittest.main()
