"""More payments than validators can order: the pool is full, and what comes is answered. Every payment has its receipt, or
waits, or is refused for want of room; memory stays within what the limits allow; and once blocks are made again, all are
paid, each once. Nothing becomes final meanwhile, as two of four validators are away."""
import json
import subprocess
import unittest

from network import TOOLS, fixture_accounts
from proxied import ProxiedTest, forget_peak, memory

RUNNING, AWAY = (0, 1), (2, 3)
POOL, OF_ONE = 200, 8  # payments that may wait here, in all and of one sender
LINK = 1024  # that one link may wait for
PAYMENTS, ACCOUNTS, LINKS = 3000, 150, 2
OUTPUTS = 255
MIB = 1 << 20
# What a payment of 255 outputs takes in memory: its 10 KiB of bytes, as much for what is decoded of it, and what the
# sanitizer puts around each.
IN_MEMORY = 24 << 10
# A validator's: the pool, what is being checked (as many again at most), what its links have waiting (1 MiB of bytes
# each), the buffers of its links and those of the sanitizer.
MEMORY_MAX = 2 * POOL * IN_MEMORY + LINKS * 3 * MIB + 16 * MIB


class Pressure(ProxiedTest):
	def start(self, *settings):
		self.network = self.start_proxied(settings=settings, funds=[(address, 1) for address in fixture_accounts(ACCOUNTS)])
		self.others = 1  # payments of others than the program, which pays among the fixtures' accounts
		for number in AWAY:
			self.network.validators[number].kill()
		self.running = [self.network.validators[number] for number in RUNNING]

	def press(self, outputs, links):
		"""Brings all payments at once. Returns the program, and how many of them wait and are refused."""
		program = subprocess.Popen([TOOLS / "press", self.network.genesis, *map(str, (PAYMENTS, ACCOUNTS, outputs, links)),
			*(v.where() for v in self.running)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		self.addCleanup(program.kill)
		line = program.stdout.readline()
		self.assertTrue(line, "" if line else program.stderr.read())
		said = json.loads(line)
		print(said, flush=True)
		self.assertEqual((said["waiting"] + said["refused"], said["final"]), (PAYMENTS, 0))
		return program, said

	def go_on(self, program):
		"""The others are there again: what was refused is submitted again, until all is final."""
		for number in AWAY:
			self.network.validators[number].start()
		out, err = program.communicate("again\n", timeout=600)
		self.assertEqual((program.returncode, err), (0, ""), "".join(v.log()[-3000:] for v in self.network.validators))
		ended = json.loads(out)
		self.assertEqual((ended["final"], ended["waiting"], ended["refused"]), (PAYMENTS, 0, 0))

	def all_paid_once(self):
		self.network.wait_same_tip()
		for validator in self.network.validators:
			self.assertEqual(self.tool(self.network, "balances", ACCOUNTS, validator.where()), [f'{{"sum":{ACCOUNTS * 10**6}}}'])
			self.assertNotRegex(validator.log(), "does not read|broke the protocol|out of memory|Sanitizer")
		self.assertEqual([audit["payments"] for audit in self.network.stop_and_check()], [PAYMENTS + self.others] * 4)

	def pay_until_refused(self):
		"""Alice's wallet pays until there is no room for it either. Returns the ids, the refused one last: that one is tried
		again until its time is over, so that all the others may take as long on a busy machine."""
		paid = []
		for number in range(OF_ONE + 1):
			said = self.alice.run("send", self.bob.address, "0.5", "--key", str(number), "--expires", "1800", "--no-wait",
				"--timeout", "15", code=(0, 3))
			self.others += 1
			paid.append(said["id"])
			self.assertEqual(said["state"], "pending")
			if said["reason"] == "refused":
				break
		self.assertEqual((said["reason"], said["refusal"]), ("refused", "no room now: try again later"))
		return paid

	def test_what_has_no_room_is_refused_and_paid_later(self):
		self.start(f"mempool_max = {POOL}", f"mempool_per_sender_max = {OF_ONE}")
		before = [memory(v) for v in self.running]
		for validator in self.running:
			forget_peak(validator)
		program, said = self.press(OUTPUTS, LINKS)
		self.assertLessEqual(said["waiting"], len(RUNNING) * POOL)
		grown = [memory(v, "VmHWM") - b for v, b in zip(self.running, before)]
		print(f"{[size / MIB for size in grown]} MiB", flush=True)
		# All of them would not fit.
		self.assertGreater(PAYMENTS // len(RUNNING) * IN_MEMORY, MEMORY_MAX)
		self.assertLess(max(grown), MEMORY_MAX)
		self.assertEqual({self.status(v.home)["mempool"] for v in self.running}, {POOL})
		# A wallet says so: not final, and neither done nor failed.
		paid = self.pay_until_refused()
		out, _ = self.uncia("--wallet", self.alice.home, "--network", self.network.file, "wait", paid[-1], "--timeout", "8", code=3)
		self.assertRegex(out, "^not final yet: a validator would not take it: no room now: try again later\nIt may still become final. "
			"Do not pay again: uncia wait ")
		self.go_on(program)
		for payment in paid:
			self.assertEqual(self.alice.run("wait", payment, "--timeout", "120")["state"], "final")
		self.assertEqual(self.bob.balance(), len(paid) * 500_000)
		self.all_paid_once()

	def test_a_link_is_refused_what_it_may_not_wait_for(self):
		self.start()
		program, said = self.press(outputs=1, links=1)
		self.assertEqual(said["waiting"], len(RUNNING) * LINK, said)
		# What was refused is not there.
		self.network.wait(lambda: {self.status(v.home)["mempool"] for v in self.running} == {said["waiting"]},
			"what waits at one to wait at the other")
		self.go_on(program)
		self.all_paid_once()


if __name__ == "__main__":
	unittest.main()
