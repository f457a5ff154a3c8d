"""The Python binding: claims and other holds, against a network."""
import asyncio
import contextlib
import random
import time
import unittest
from decimal import Decimal

from python_binding import BindingTest

import uncia
from uncia import ErrorCode, HoldRequest, PaymentState

TAKER = """
import asyncio, sys, uncia
async def main(home, network, text):
	async with uncia.Wallet(home, network) as wallet:
		print((await wallet.holds.take(text)).id, flush=True)
asyncio.run(main(*sys.argv[1:]))
"""


class Holds(BindingTest):
	def run_async(self, coroutine):
		return asyncio.run(asyncio.wait_for(coroutine, 240), debug=True)

	async def wallets(self, stack, *names):
		"""Open wallets; the first one has 5."""
		found = []
		for name in names:
			await uncia.create(self.dir / name, no_passphrase=True)
			found.append(await stack.enter_async_context(uncia.Wallet(self.dir / name, self.network)))
		await asyncio.to_thread(self.fund, found[0].address)
		return found

	async def refused(self, kind, code, awaitable):
		with self.assertRaises(kind) as raised:
			await awaitable
		self.assertEqual(raised.exception.code, code, raised.exception)

	def test_the_command_cancels_no_claim_for_another_of_its_payment(self):
		self.start()
		opening = self.run_async(self.two_claims())
		self.command("claim", "cancel", opening, code=2, home="giver")
		self.command("claim", "cancel", "0" * 64, code=4, home="giver")
		claims = self.command("claim", "list", home="giver")["claims"]
		self.assertEqual([claim["state"] for claim in claims], ["open", "open"])
		for claim in claims:
			self.assertEqual(self.command("claim", "cancel", claim["claim"], home="giver")["state"], "final")
		self.assertEqual(self.command("balance", home="giver")["balance"], "5.000000")

	async def two_claims(self):
		async with contextlib.AsyncExitStack() as stack:
			giver, = await self.wallets(stack, "giver")
			return (await giver.pay((), key="both", holds=(HoldRequest("1", 3600), HoldRequest("2", 3600)))).id

	def test_a_claim_is_for_the_first_who_takes_it(self):
		self.start()
		self.run_async(self.claims())

	async def claims(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob, carol = await self.wallets(stack, "alice", "bob", "carol")
			text = await alice.holds.new_claim("1.50", key="gift", memo="for you")
			self.assertEqual((text[:15], len(text)), ("uncia:uncgift1p", 137))
			self.assertEqual(await alice.holds.new_claim("1.50", key="gift", memo="for you"), text)
			await self.refused(uncia.RefusedError, ErrorCode.KEY_REUSED, alice.holds.new_claim("2", key="gift"))
			self.assertEqual(alice.by_key("gift").hold_count, 1)
			found = await bob.holds.find(text)
			self.assertEqual((found.hold.amount, found.hold.home, found.state.balance, found.state.exists, found.state.left),
				(Decimal("1.50"), alice.address, Decimal("1.50"), True, ()))
			self.assertAlmostEqual(found.hold.end, time.time() + 86400, delta=120)
			taken = await bob.holds.take(text)
			self.assertEqual((taken.state, taken.sender, taken.received, taken.own), (PaymentState.FINAL, found.hold.id, Decimal("1.50"), True))
			self.assertEqual((await bob.holds.take(text)).id, taken.id)  # and not a second time
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, carol.holds.take(text))
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, alice.holds.take(text))
			left = (await alice.holds.find(text)).state
			self.assertEqual((left.exists, left.complete, [receipt.payment.id for receipt in left.left]), (False, True, [taken.id]))
			self.assertEqual([(await w.balance()).balance for w in (alice, bob, carol)], [Decimal("3.50"), Decimal("1.50"), 0])
			# The maker's own take is the cancelling.
			back = await alice.holds.new_claim("1", key="another")
			self.assertEqual((await alice.balance()).balance, Decimal("2.50"))
			await alice.holds.take(back)
			self.assertEqual((await alice.balance()).balance, Decimal("3.50"))
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, bob.holds.take(back))
			# Of two at once one has it.
			text = await alice.holds.new_claim("0.50", key="race")
			began = time.monotonic()
			results = await asyncio.gather(bob.holds.take(text), carol.holds.take(text), return_exceptions=True)
			won = [result for result in results if isinstance(result, uncia.Payment)]
			self.assertEqual(len(won), 1, results)
			self.assertEqual({r.code for r in results if r not in won}, {ErrorCode.FUNDS}, results)
			self.assertLess(time.monotonic() - began, 60)  # not when the other's take expires
			self.assertEqual((await bob.balance()).balance + (await carol.balance()).balance, Decimal("2.00"))

	def test_of_two_programs_over_one_home_neither_says_that_it_was_others(self):
		self.start()
		self.run_async(self.two_programs())

	async def two_programs(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.wallets(stack, "alice", "bob")
			for number in range(4):
				text = await alice.holds.new_claim("0.50", key=f"gift {number}")
				bobs = [await stack.enter_async_context(uncia.Wallet(self.dir / "bob", self.network)) for _ in range(2)]
				taken = await asyncio.gather(*(one.holds.take(text) for one in bobs))
				self.assertEqual(taken[0].id, taken[1].id)
				self.assertEqual((await bob.balance()).balance, Decimal("0.50") * (number + 1))

	def test_what_cannot_be_put_under_a_key_is_refused(self):
		self.start()
		self.run_async(self.wrong())

	async def wrong(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.wallets(stack, "alice", "bob")
			await self.refused(uncia.RefusedError, ErrorCode.END, alice.holds.new_claim("1", key="k", seconds=60))
			await self.refused(uncia.RefusedError, ErrorCode.END, alice.holds.new_claim("1", key="k", seconds=1 << 40))
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, alice.holds.new_claim("100", key="k"))
			await self.refused(uncia.UsageError, ErrorCode.ARGUMENT, alice.pay((), key="k"))
			await self.refused(uncia.UsageError, ErrorCode.ARGUMENT, alice.pay((), key="k", holds=[HoldRequest("1", key=b"short")]))
			text = await alice.holds.new_claim("1", key="k")
			await self.refused(uncia.VerificationError, ErrorCode.CHANGED, bob.holds.take(text[:-1]))
			plain = await alice.pay(bob.address, "0.10", key="plain")
			with self.assertRaises(uncia.UnciaError):
				alice.holds.claim_text(plain.id)
			with self.assertRaises(uncia.NotFoundError):  # another's
				bob.holds.claim_text((await bob.follow(alice.by_key("k").id)).id)
			# A lock of another's, an output beside it.
			lock = uncia.hold_lock(bob.holds.key, bytes(range(32)))
			both = await alice.pay([uncia.Output(bob.address, Decimal("0.20"))], key="both", holds=[HoldRequest("0.30", 3600, lock=lock),
				HoldRequest("0.40", key=bob.holds.key)])
			self.assertEqual((both.output_count, both.hold_count, both.amount, both.leaving), (1, 2, Decimal("0.90"), Decimal("0.90")))
			receipt = alice.network.verify_receipt(alice.receipt(both.id))
			self.assertEqual([hold.amount for hold in receipt.holds], [Decimal("0.30"), Decimal("0.40")])
			await self.refused(uncia.RefusedError, ErrorCode.LOCK_USED, alice.pay((), key="again", holds=[HoldRequest("0.30", lock=lock)]))
			self.assertEqual(alice.holds.coming_home, 0)

	def test_killed_or_cancelled_in_mid_take_it_is_taken_once(self):
		self.start()
		self.run_async(self.killed())

	async def killed(self):
		seed = random.randrange(1 << 32)
		chance = random.Random(seed)
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.wallets(stack, "alice", "bob")
			text = await alice.holds.new_claim("1", key="killed")
			bob.close()
			for _ in range(4):
				child = self.child(TAKER, self.dir / "bob", self.network, text)
				await asyncio.sleep(chance.uniform(0.2, 0.8))
				child.kill()
				child.communicate()
			await bob.open()
			taken = await bob.holds.take(text)
			self.assertEqual((taken.state, (await bob.balance()).balance), (PaymentState.FINAL, 1), f"seed {seed}")
			for number, delay in enumerate((0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05)):
				text = await alice.holds.new_claim("0.10", key=f"cancelled {number}")
				task = asyncio.create_task(bob.holds.take(text))
				await asyncio.sleep(delay)
				task.cancel()
				await asyncio.wait([task])
				self.assertEqual((await bob.holds.take(text)).state, PaymentState.FINAL)
			self.assertEqual((await bob.balance()).balance, Decimal("1.70"))
			self.assertEqual(len(bob.outbox()), 8)


if __name__ == "__main__":
	unittest.main()
