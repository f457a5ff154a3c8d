"""The Python binding: claims and other holds, against a network."""
import asyncio
import contextlib
import hashlib
import random
import time
import unittest
from decimal import Decimal

from python_binding import BindingTest

import clocks
import uncia
from unciad import BIN, Devnet, free_ports
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

	def test_a_deposit_is_taken_in_parts_by_its_key(self):
		self.start()
		self.run_async(self.deposit())

	async def deposit(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob, carol = await self.wallets(stack, "alice", "bob", "carol")
			hold = await alice.holds.open(bob.holds.key, "4", key="room", seconds=1200, memo="room 7")
			opening = hold.opening.payment.id
			self.assertEqual((hold.fate, hold.state.balance, hold.hold.home), ("open", 4, alice.address))
			again = await alice.holds.open(bob.holds.key.hex(), "4", key="room", seconds=1200, memo="room 7")
			self.assertEqual(again.hold.id, hold.hold.id)
			await self.refused(uncia.NotFoundError, ErrorCode.NOT_FOUND, carol.holds.take_from(opening))
			part = await bob.holds.take_from(opening, amount="2", key="night 1")
			self.assertEqual((part.state, part.sender, part.received), (PaymentState.FINAL, hold.hold.id, 2))
			self.assertEqual((await bob.holds.take_from(opening, amount="2", key="night 1")).id, part.id)
			await self.refused(uncia.RefusedError, ErrorCode.KEY_REUSED, bob.holds.take_from(opening, amount="1", key="night 1"))
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, bob.holds.take_from(opening, amount="3", key="night 2"))
			await self.refused(uncia.RefusedError, ErrorCode.END, bob.holds.give_back(opening))
			await bob.holds.take_from(opening, amount="0.50", key="night 2", to=carol.address)
			seen = await carol.holds.look(opening)
			self.assertEqual((seen.fate, seen.state.balance, [left.payment.amount for left in seen.state.left]),
				("open", Decimal("1.50"), [Decimal("0.50"), 2]))
			# Two tasks at once are one take; called again, it is found.
			rest = await asyncio.gather(bob.holds.take_from(opening), bob.holds.take_from(opening))
			self.assertEqual({one.id for one in rest}, {(await bob.holds.take_from(opening)).id})
			for wallet in (alice, bob):
				await self.refused(uncia.RefusedError, ErrorCode.FUNDS, wallet.holds.give_back(opening))
			await self.refused(uncia.NotFoundError, ErrorCode.NOT_FOUND, alice.holds.look(opening, 1))
			claim = await alice.holds.new_claim("0.25", key="claim")
			listed = await alice.holds.list()
			self.assertEqual([(own.fate, own.claim, own.hold.amount) for own in listed.holds], [("taken", None, 4), ("open", claim, Decimal("0.25"))])
			self.assertEqual((listed.error, listed.holds[0].state.balance), (None, 0))
			self.assertEqual([(await w.balance()).balance for w in (alice, bob, carol)], [Decimal("0.75"), Decimal("3.50"), Decimal("0.50")])

	def test_a_secret_is_shown_for_what_was_agreed(self):
		self.start()
		self.run_async(self.secret())

	async def secret(self):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.wallets(stack, "alice", "bob")
			secret = random.randbytes(32)
			hold = await alice.holds.open(bob.contact_text(), "2", key="k", seconds=3600, secret_hash=hashlib.sha256(secret).digest())
			opening = hold.opening.payment.id
			await self.refused(uncia.NotFoundError, ErrorCode.NOT_FOUND, bob.holds.take_from(opening))
			await self.refused(uncia.NotFoundError, ErrorCode.NOT_FOUND, bob.holds.take_from(opening, secret=bytes(32)))
			await self.refused(uncia.UsageError, ErrorCode.ARGUMENT, bob.holds.take_from(opening, secret=b"short"))
			await self.refused(uncia.RefusedError, ErrorCode.FUNDS, bob.holds.take_from(opening, secret=secret, agreed="3"))
			self.assertEqual((await alice.holds.look(opening)).state.left, ())  # and nobody has seen it
			self.assertEqual((await bob.holds.take_from(opening, secret=secret)).received, 2)
			await self.refused(uncia.VerificationError, ErrorCode.CHANGED, alice.holds.open(bob.contact_text()[:-1], "1", key="n"))
			await self.refused(uncia.UsageError, ErrorCode.ARGUMENT, alice.holds.open("00ff", "1", key="n"))
			await self.refused(uncia.VerificationError, ErrorCode.SIGNATURE, alice.holds.open(bytes(32), "1", key="n"))
			self.assertEqual((await alice.balance()).balance, 3)

	@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
	def test_after_its_end_a_hold_goes_home_by_whoever_asks(self):
		clock = self.dir / "clock"
		net = Devnet(self.dir, clocks.under(clock, str(BIN / "unciad"), "devnet", "--dir", "net", "--base-port", str(free_ports(8)),
			"--smallest", "0.000001"), program="env")
		self.addCleanup(net.kill)
		self.assertTrue(net.first_line(120), net.errors())
		self.network = self.dir / "net" / "network.conf"
		self.run_async(self.home(clock))

	async def home(self, clock):
		async with contextlib.AsyncExitStack() as stack:
			alice, bob = await self.wallets(stack, "alice", "bob")
			opening = (await alice.holds.open(bob.holds.key, "2", key="k", seconds=600)).opening.payment.id
			claim = await alice.holds.new_claim("1", key="claim", seconds=600)
			alice.close()  # an open one would bring it home by itself
			clocks.set_clock(clock, "+11m")
			fate, turn = "open", 0
			while fate == "open":  # until there are blocks of the new time
				await uncia.create(self.dir / f"carol {turn}", no_passphrase=True)
				async with uncia.Wallet(self.dir / f"carol {turn}", self.network) as carol:
					fate, turn = (await carol.holds.look(opening)).fate, turn + 1
			self.assertEqual(fate, "ended")
			carol = await stack.enter_async_context(uncia.Wallet(self.dir / "carol 0", self.network))
			await self.refused(uncia.RefusedError, ErrorCode.END, carol.holds.take(claim))
			back = await carol.holds.give_back(opening)
			self.assertEqual((back.state, back.amount), (PaymentState.FINAL, 2))
			self.assertEqual((await carol.holds.give_back(opening)).id, back.id)
			await alice.open()
			while (fates := [own.fate for own in (await alice.holds.list()).holds]) == ["returned", "ended"]:
				pass  # the other one comes home by itself
			self.assertEqual((fates, (await alice.balance()).balance), (["returned", "returned"], 5))


if __name__ == "__main__":
	unittest.main()
