"""What ./run demo runs, where somebody else listens on the ports of a devnet, and where the network cannot start."""
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

from unciad import BIN

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


if __name__ == "__main__":
	unittest.main()
