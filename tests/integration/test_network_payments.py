"""Payments through running validators: from two devices at once, more than there is, the same one again and again;
balances that are never stale; receipts that others can verify."""
import concurrent.futures
import fcntl
import json
import os
import signal
import subprocess
import sys
import unittest

import verify_receipt as spec
from network import NetworkTest, fixture_accounts, funds
from unciad import free_ports

TIMES = 100
RUNS = 30
SHARERS = 16
BITS = 60


class Payments(NetworkTest):
	def test_two_devices_of_one_wallet_pay_at_the_same_moment(self):
		network = self.start_network()
		phone, bob = self.new_wallet(network, "phone"), self.new_wallet(network, "bob")
		tablet = self.new_wallet(network, "tablet", phone.words)
		self.assertEqual(phone.address, tablet.address)
		network.treasury.send(phone, "100")
		for _ in range(5):
			begun = [device.begin("send", bob.address, "1") for device in (phone, tablet)]
			paid = [device.end(process) for device, process in zip((phone, tablet), begun)]
			self.assertEqual([p["state"] for p in paid], ["final", "final"])
			self.assertNotEqual(paid[0]["id"], paid[1]["id"])
		self.assertEqual((phone.balance(), tablet.balance(), bob.balance()), (90_000_000, 90_000_000, 10_000_000))
		network.stop_and_check()

	def test_of_two_payments_that_exceed_the_balance_one_is_final_and_one_expires(self):
		network = self.start_network()
		phone, bob, carol = (self.new_wallet(network, name) for name in ("phone", "bob", "carol"))
		tablet = self.new_wallet(network, "tablet", phone.words)
		network.treasury.send(phone, "10")
		for number in range(2):
			self.until(lambda number=number: (phone.run("balance", code=(0, 6), network=network.file_of([number])) or
				{}).get("balance") == "10.000000", f"validator {number} to know of the money")
		# Neither device can learn of the other's payment: no finality while two validators are halted, and each device
		# knows one validator only.
		for validator in network.validators[2:]:
			validator.signal(signal.SIGSTOP)
		devices = (phone, tablet)
		begun = [device.begin("send", to.address, "7", "--memo", "a loan", "--no-wait", "--expires", "20",
			network=network.file_of([number]))
			for number, (device, to) in enumerate(zip(devices, (bob, carol)))]
		ids = [device.end(process)["id"] for device, process in zip(devices, begun)]
		for validator in network.validators[2:]:
			validator.signal(signal.SIGCONT)
		begun = [device.begin("wait", number, "--timeout", "5") for device, number in zip(devices, ids)]
		early = [device.end(process, (0, 3)) for device, process in zip(devices, begun)]
		self.assertEqual(sorted(e["state"] for e in early), ["final", "pending"])
		won = 0 if early[0]["state"] == "final" else 1
		winner, loser = devices[won], devices[1 - won]
		self.assertEqual(early[1 - won]["reason"], "funds")
		# One stuck payment blocks nothing.
		self.assertEqual(winner.send(bob, "1")["state"], "final")
		self.assertEqual(loser.run("wait", ids[1 - won], "--timeout", "60", code=8)["state"], "expired")
		self.assertEqual(loser.status(ids[1 - won])["state"], "expired")
		self.assertEqual(loser.send(bob, "2")["state"], "final")
		self.assertEqual(phone.balance(), 0)
		self.assertEqual((bob.balance(), carol.balance()), (10_000_000, 0) if won == 0 else (3_000_000, 7_000_000))
		self.assertEqual(phone.run("wait", ids[1 - won], "--timeout", "20", code=8)["state"], "expired")
		self.shows_what_expired(loser, ids[1 - won], devices[won].address)
		network.stop_and_check()

	def shows_what_expired(self, wallet, payment, address):
		"""In its place in time, with its memo; it counts as one of the newest, and where they end before it there is more."""
		history = wallet.run("history")
		self.assertEqual([(e["state"], e["direction"], e["amount"]) for e in history["payments"]], [("final", "out", "2.000000"),
			("expired", "out", "7.000000"), ("final", "out", "1.000000"), ("final", "out", "7.000000"), ("final", "in", "10.000000")])
		expired = history["payments"][1]
		self.assertEqual((expired["id"], expired["from"], expired["height"], expired["memo"]), (payment, address, None, "a loan"))
		self.assertEqual([output["amount"] for output in expired["outputs"]], ["7.000000"])
		self.assertEqual(expired["timestamp_ms"], expired["expires_at"] * 1000)
		self.assertIs(history["more"], False)
		for limit in (1, 2, 3):
			few = wallet.run("history", "--limit", str(limit))
			self.assertEqual((few["payments"], few["more"]), (history["payments"][:limit], True))
		out, _ = self.uncia("--wallet", wallet.home, "--network", wallet.network, "history")
		self.assertIn(f"expired, never paid: 7.000000 to {expired['to']}\n    memo: a loan\n    {payment}\n", out)

	def test_processes_of_one_home_sign_no_more_than_there_is(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "6")
		begun = [alice.begin("send", bob.address, "1") for _ in range(SHARERS)]
		ended = [alice.end(process, (0, 5)) for process in begun]
		final = [e["id"] for e in ended if e["state"] == "final"]
		self.assertTrue(0 < len(final) <= 6, ended)
		for other in (e for e in ended if e["id"] not in final):
			self.assertEqual((other["state"], other["reason"], other["id"]), ("refused", "funds", None))
		stored = [path.name for path in alice.home.iterdir() if path.name.startswith("payment-")]
		self.assertEqual(len(stored), len(final))
		self.assertEqual((alice.balance(), bob.balance()), ((6 - len(final)) * 10**6, len(final) * 10**6))
		# Whoever was refused while others' payments were on their way pays later; what is there can be spent.
		for _ in range(6 - len(final)):
			self.assertEqual(alice.send(bob, "1")["state"], "final")
		self.assertEqual(alice.send(bob, "1", code=5)["reason"], "funds")
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [7] * 4)

	def test_a_home_that_somebody_does_not_leave_hides_what_a_key_stands_for(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "10")
		with open(alice.home / ".lock", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			begun = [alice.begin("send", bob.address, "1", *options) for options in ((), ("--key", "rent"))]
			said = [process.communicate(timeout=180)[1] for process in begun]
		self.assertEqual([process.returncode for process in begun], [1, 3], said)
		self.assertIn("nothing was sent", said[0])
		self.assertIn("run it again with the same one", said[1])
		self.assertEqual(alice.send(bob, "1", "--key", "rent")["state"], "final")
		self.assertEqual((alice.balance(), bob.balance()), (9_000_000, 1_000_000))
		network.stop_and_check()

	def test_the_same_payment_is_executed_once_however_often_it_is_sent(self):
		network = self.start_network(*funds(fixture_accounts(2), 50))
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "5") # once, not twice: no other run's payment is a reason to refuse this one
		with concurrent.futures.ThreadPoolExecutor(4) as pool:
			paid = list(pool.map(lambda _: alice.send(bob, "3", "--key", "rent"), range(RUNS)))
		self.assertEqual(len({(p["id"], p["height"]) for p in paid}), 1)
		self.assertEqual({p["state"] for p in paid}, {"final"})
		self.assertEqual((alice.balance(), bob.balance()), (2_000_000, 3_000_000))
		self.assertEqual(alice.send(bob, "4", "--key", "rent", code=5)["reason"], "key-reused")
		wheres = [v.where() for v in network.validators]
		again = json.loads(self.tool(network, "repeat", TIMES, *wheres)[0])
		self.assertEqual((again["places"], again["receipts"]), (1, 4 * (1 + TIMES // 2)))
		for where in wheres:
			self.assertEqual(self.tool(network, "balances", 1, where), ['{"sum":49000000}'])
			self.assertEqual(self.tool(network, "query", where, stdin=again["id"] + "\n"), [])
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [3] * 4)

	def test_the_receiver_sees_the_money_as_soon_as_the_sender_sees_it_final(self):
		network = self.start_network()
		wallets = [self.new_wallet(network, name) for name in ("alice", "bob")]
		network.treasury.send(wallets[0], "10")
		has = {wallets[0]: 10_000_000, wallets[1]: 0}
		self.assertEqual(wallets[0].balance(), has[wallets[0]])
		for number in range(20):
			sender, receiver = wallets if number % 2 == 0 else wallets[::-1]
			amount = has[sender] if number == 6 else has[sender] // 2 + number  # the seventh empties the account
			sender.send(receiver, f"{amount // 10**6}.{amount % 10**6:06}")
			has[sender] -= amount
			has[receiver] += amount
			self.assertEqual(receiver.balance(), has[receiver], f"after payment {number}")
			self.assertEqual(sender.balance(), has[sender], f"after payment {number}")

	def test_receipts_hold_for_others_and_with_any_bit_changed_for_nobody(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		paid = network.treasury.send(alice, "10")
		receipts = [paid["receipt"]] + [alice.send(bob, "0.25", "--memo", f"lunch {i}")["receipt"] for i in range(3)]
		for receipt in receipts:
			shown = self.verify(network, receipt)
			independent = spec.receipt_verify(spec.network_load(network.file.read_text()), receipt)
			self.assertEqual((independent["id"], independent["amount"], independent["height"], independent["index"]),
				(shown["id"], shown["amount"], shown["height"], shown["index"]))
		# The receiver, who never had the receipt, is given one too.
		exported = bob.run("receipt", "export", self.verify(network, receipts[1])["id"])["receipt"]
		self.assertEqual(self.verify(network, exported)["id"], self.verify(network, receipts[1])["id"])
		data = spec.receipt_bytes(spec.network_load(network.file.read_text()), receipts[1])
		self.assertEqual(self.verify(network, self.text(data)), self.verify(network, receipts[1]))
		positions = [len(data) * 8 * i // BITS + i % 8 for i in range(BITS)]
		with concurrent.futures.ThreadPoolExecutor(4) as pool:
			list(pool.map(lambda bit: self.verify(network, self.flipped(data, bit), code=7), positions))
		for code, receipt in [(0, receipts[1])] + [(7, self.flipped(data, bit)) for bit in positions[::10]]:
			done = subprocess.run([sys.executable, "-B", spec.__file__, str(network.file), receipt], capture_output=True,
				text=True, timeout=60)
			self.assertEqual((done.returncode, bool(done.stdout)), (code, code == 0), done.stderr)
		other = self.start_devnet("--base-port", free_ports(2), name="other", count=1)
		self.uncia("receipt", "verify", "--network", other.ready["network"], "-", stdin=receipts[0], code=7)

	def flipped(self, data, bit):
		changed = bytearray(data)
		changed[bit // 8] ^= 1 << bit % 8
		return self.text(changed)

	def text(self, data):
		"""In the older form, which has no checksum that would find a flipped bit first."""
		return spec.RECEIPT_PREFIX + spec.base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
	unittest.main()
