"""What the system refuses the wallet, in the system's own words and with the file: a full or read-only disk, descriptors that
run out, standard streams that are closed. Every failure has an exit code, and with --json one object that says so."""
import json
import os
import pathlib
import pty
import resource
import subprocess
import unittest

from network import NetworkTest
from uncia import UnciaTest
from unciad import ALICE, BIN


def mount_why_not():
	"""Why no disk can be mounted here; None where it can."""
	done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], stderr=subprocess.PIPE, text=True)
	return None if done.returncode == 0 else done.stderr.strip()


class WalletErrors(UnciaTest):
	def fails(self, message, *arguments, code=1, before="true", **options):
		"""Runs `before` in a shell whose mounts end with it, and uncia there with --json: it ends with this code, and says
		this on standard error and in its one object. Returns what was said."""
		command = [*(["unshare", "--mount"] if before != "true" else []), "sh", "-c", f"{before} && exec \"$@\"", "sh",
			BIN / "uncia", *map(str, arguments), "--json"]
		done = subprocess.run(list(map(str, command)), cwd=self.dir, env=self.environment, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, **options)
		self.assertEqual(done.returncode, code, done.stdout + done.stderr)
		said = json.loads(done.stdout)
		self.assertEqual((said["v"], said["exit"]), (1, code))
		self.assertIn(message, said["error"])
		self.assertIn(said["error"], done.stderr)
		return said

	@unittest.skipIf(mount_why_not(), f"no disk can be mounted: {mount_why_not()}")
	def test_a_full_and_a_read_only_disk_are_called_that_with_the_file(self):
		(self.dir / "disk").mkdir()
		own = "mount -t tmpfs -o size=64k none disk && cp -rp w disk/w"
		full = own + " && ! dd if=/dev/zero of=disk/fill bs=1k 2>/dev/null"
		self.wallet("w")
		home = ("--wallet", "disk/w")
		add = ("contact", "add", "bob", ALICE)
		self.fails("disk/w/contact-", *home, *add, before=full)
		self.fails("No space left on device", *home, *add, before=full)
		self.fails("disk/new/key: No space left on device", "--wallet", "disk/new", "init", "--no-passphrase", before=full)
		read_only = own + " && mount -o remount,ro disk"
		self.fails("disk/new: Read-only file system", "--wallet", "disk/new", "init", "--no-passphrase", before=read_only)
		self.fails("disk/w/.lock: Read-only file system", *home, *add, before=read_only)

	def test_descriptors_that_run_out_are_called_that(self):
		self.wallet("w")
		network = self.silent_network()
		limited = self.limit_that_is_met("--wallet", "w", "--network", network, "balance")
		self.assertIn("w/key: Too many open files", limited)
		self.assertIn("no connection can be opened: Too many open files", limited)

	def limit_that_is_met(self, *arguments):
		"""What is said for each number of descriptors that is allowed, as one text."""
		said = ""
		for count in range(4, 12):
			done = subprocess.run([BIN / "uncia", *map(str, arguments)], cwd=self.dir, env=self.environment, text=True,
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
				preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)))
			self.assertIn(done.returncode, (1, 6), done.stderr)
			said += done.stderr
		return said

	def test_with_json_there_is_one_object_for_every_exit_code(self):
		self.wallet("w")
		network = self.silent_network()
		home = ("--wallet", "w", "--network", network)
		self.fails("no such command", "nosuch", code=2)
		self.fails("expected ADDRESS [AMOUNT]", *home, "send", code=2)
		self.fails("unknown option", *home, "balance", "--nosuch", code=2)
		self.fails("is not an amount", *home, "send", ALICE, "x", code=2)
		self.fails("there is no wallet in nowhere", "--wallet", "nowhere", "address", code=1)
		self.fails("no such contact", *home, "contact", "show", "nobody", code=4)
		self.fails("no validator could be reached", *home, "balance", code=6)
		self.fails("nothing was sent", *home, "send", ALICE, "1", "--timeout", "0", code=6)

	def test_closed_standard_streams_are_taken_by_no_file_of_the_wallet(self):
		address = self.wallet("w")
		before = {path: path.read_bytes() for path in (self.dir / "w").iterdir()}
		for closed in (0,), (1,), (2,), (0, 1, 2):
			for arguments in (("address",), ("contact", "show", "nobody"), ("nosuch",)):
				done = subprocess.run([BIN / "uncia", "--wallet", "w", *arguments], cwd=self.dir, env=self.environment,
					stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
					preexec_fn=lambda: [os.close(fd) for fd in closed])
				expected = {"address": 1 if 1 in closed else 0, "contact": 4, "nosuch": 2}[arguments[0]]
				self.assertEqual(done.returncode, expected, (closed, arguments, done.stderr))
				if arguments == ("address",) and 1 not in closed:
					self.assertEqual(done.stdout, f"{address}\n")
		self.assertEqual({path: path.read_bytes() for path in (self.dir / "w").iterdir()}, before)


class Payee(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.alice, self.bob = self.network.treasury, self.new_wallet(self.network, "bob")

	def on_terminal(self, *arguments, answer, code):
		"""Runs `uncia send` on a terminal on which this is typed. Returns what it shows."""
		ours, theirs = pty.openpty()
		process = subprocess.Popen([BIN / "uncia", "--wallet", self.alice.home, "--network", self.network.file, "send",
			*arguments], cwd=self.dir, env=self.environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
		os.close(theirs)
		os.write(ours, answer.encode())
		shown = b""
		try:
			while part := os.read(ours, 4096):
				shown += part
		except OSError: # the other end is closed
			pass
		os.close(ours)
		self.assertEqual(process.wait(60), code, shown)
		return shown.decode()

	def test_shows_the_payee_before_it_signs_and_asks_on_a_terminal(self):
		outbox = lambda: sorted(path.name for path in pathlib.Path(self.alice.home).glob("payment-*"))
		for answer in ("n\n", "\n", "no\n", "x\n", "\x04"):
			shown = self.on_terminal(self.bob.address, "1", answer=answer, code=5)
			self.assertIn(f"paying 1.000000 UNC to {self.bob.address} (none of your contacts; first payment to this address "
				"from this home)", shown)
			self.assertIn("Pay? [y/N]", shown)
			self.assertIn("nothing was signed", shown)
		self.assertEqual(outbox(), [])
		self.assertIn("final", self.on_terminal(self.bob.address, "1", answer="y\n", code=0))
		self.assertIn("(none of your contacts; paid before); the same amount was paid to it at 20",
			self.on_terminal(self.bob.address, "1", answer="n\n", code=5))
		self.uncia("--wallet", self.alice.home, "contact", "add", "Bob", self.bob.address)
		self.assertIn("(your contact Bob)", self.on_terminal(self.bob.address, "1", answer="n\n", code=5))
		self.assertIn("(your contact Bob)", self.on_terminal("@Bob", "1", answer="n\n", code=5))
		self.assertEqual(len(outbox()), 1)
		shown = self.on_terminal("@Bob", "1", "--yes", answer="", code=0)
		self.assertIn("(your contact Bob)", shown)
		self.assertNotIn("Pay?", shown)
		self.assertEqual(self.bob.balance(), 2 * 10**6)

	def test_asks_nobody_where_there_is_no_terminal(self):
		_, err = self.uncia("--wallet", self.alice.home, "--network", self.network.file, "send", self.bob.address, "1")
		self.assertIn("first payment to this address", err)
		self.assertEqual(self.alice.send(self.bob, "1")["state"], "final")


if __name__ == "__main__":
	unittest.main()
