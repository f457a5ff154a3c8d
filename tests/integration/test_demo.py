"""What ./run demo runs, where somebody else listens on the ports of a devnet, and where the network cannot start; and the
network to play with of README.md, as it is printed there."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from unciad import BIN, free_ports

DEMO = pathlib.Path(__file__).resolve().parent.parent / "demo.py"
PORT = 7400


class Demo(unittest.TestCase):
	def run_demo(self, bin_dir, code):
		done = subprocess.run([sys.executable, "-B", DEMO, bin_dir], capture_output=True, text=True, timeout=120)
		self.assertEqual(done.returncode, code, done.stdout + done.stderr)
		return done.stdout if code == 0 else done.stderr

	def test_it_goes_beside_what_listens_already(self):
		try:
			listener = socket.create_server(("127.0.0.1", PORT))
			self.addCleanup(listener.close)
		except OSError:
			pass  # somebody else does
		out = self.run_demo(BIN, 0)
		self.assertNotIn(f"port {PORT},", out)
		self.assertIn("nothing is left running", out)

	def test_it_says_why_the_network_does_not_start(self):
		folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
		unciad = folder / "unciad"
		unciad.write_text("#!/bin/sh\necho 'unciad: there is no more disk' >&2\nexit 1\n")
		unciad.chmod(0o755)
		self.assertIn("did not start: unciad: there is no more disk", self.run_demo(folder, 1))

	def test_the_network_to_play_with_is_played_as_printed(self):
		page = (DEMO.parent.parent / "README.md").read_text()
		block = re.search(r"^A network to play with.*?\n```\n(.*?)^```$", page, re.M | re.S)[1]
		folder = self.enterContext(tempfile.TemporaryDirectory())
		self.assertIn("devnet --dir /tmp/net ", block)
		block = block.replace("devnet --dir /tmp/net ", f"devnet --dir /tmp/net --base-port {free_ports(8)} ")
		commands = block.replace("/tmp/", f"{folder}/").replace("build/bin/", f"{BIN}/")
		# What the last but one prints is pasted into the last one.
		new, take = commands.splitlines()[-3], commands.splitlines()[-1]
		self.assertIn(" claim new 2 ", new)
		self.assertIn(" claim take -", take)
		commands = commands.replace(new, f"claim=$({new.split('#')[0]})").replace(take, f'{take.split("#")[0]} <<<"$claim"')
		process = subprocess.Popen(["bash", "-euxo", "pipefail", "-c", commands], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT, text=True, start_new_session=True)
		lines = []
		try:
			code = process.wait(60)
		finally:
			with contextlib.suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGTERM)
			lines = process.communicate(timeout=60)[0]
		self.assertEqual(code, 0, lines)
		self.assertRegex(lines, r"(?m)^10\.000000")


if __name__ == "__main__":
	unittest.main()
