"""Somebody who has never seen this follows docs/embedding.md, "From nothing to a payment, on GLib's main loop": the program
and the commands are taken from the page as they are printed. Only where that cannot be otherwise something else is done:
packages that are installed are not installed again, libuncia is the one that this build made, and the validators listen on
ports that nobody else uses. The time is measured, from the first command to the receipt."""
import contextlib
import os
import re
import signal
import subprocess
import time

import abi
from installed import BUILD, InstalledTest, cache, instruments
from unciad import free_ports

HEADING = "## From nothing to a payment, on GLib's main loop\n"
SECONDS_MAX = 120


def page():
	"""The section's blocks: (language, text)."""
	text = (abi.ROOT / "docs" / "embedding.md").read_text()
	section = text.split(HEADING)[1].split("\n## ")[0]
	return re.findall(r"^```(\w*)\n(.*?)^```$", section, re.M | re.S)


class Newcomer(InstalledTest):
	def setUp(self):
		super().setUp()
		(_, self.preparing), (language, self.program), (_, self.using) = page()
		self.assertEqual(language, "c")
		self.folder, tools = self.dir / "chat", self.dir / "tools"
		self.folder.mkdir()
		tools.mkdir()
		# Instrumented libraries want the compiler and the flags that they were built with; warnings are mistakes of the page.
		(tools / "cc").write_text(f'#!/bin/sh\nexec {cache("CMAKE_C_COMPILER")} -Werror {" ".join(instruments())} "$@"\n')
		(tools / "cc").chmod(0o755)
		self.environment = {**os.environ, "HOME": str(self.dir), "PATH": f"{tools}:{os.environ['PATH']}"}
		self.environment.pop("UNCIA_NETWORK", None)

	def prepare(self):
		"""The commands of the first block."""
		lines = self.preparing.splitlines()
		self.assertEqual([line.split()[:2] for line in lines[:2]], [["sudo", "apt-get"], ["./run", "build"]])
		packages = lines[0].removeprefix("sudo apt-get install -y ").split()
		missing = [name for name in packages if subprocess.run(["dpkg", "-s", name], stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL).returncode]
		if missing:
			self.skipTest(f"the page installs {missing}, which are not here")
		for line in lines[2:]:
			self.assertIn("--install build ", line)
			self.shell(line.replace("--install build ", f"--install {BUILD} "))

	def shell(self, commands):
		"""Runs them as printed. Returns their standard output; what they leave running ends with them."""
		process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", commands], cwd=self.folder, env=self.environment,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
		lines = []
		try:
			# The validators keep the standard output open: a line says that the commands are through.
			for line in process.stdout:
				if line == "END\n":
					break
				lines.append(line)
			code = process.wait(timeout=60)
		finally:
			with contextlib.suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGTERM)
			_, said = process.communicate(timeout=60)
		self.assertEqual(code, 0, f"{commands}\n{''.join(lines)}{said}")
		return "".join(lines)

	def test_the_page_alone_leads_to_a_paid_half(self):
		began = time.monotonic()
		self.prepare()
		(self.folder / "chat_wallet.c").write_text(self.program)
		self.assertIn("unciad devnet --dir net ", self.using)
		lines = self.using.replace("--dir net ", f"--dir net --base-port {free_ports(8)} ")
		last = self.using.splitlines()[-1]
		self.assertIn(" 0.50 ", last)
		said = self.shell(f"{lines}\necho MEASURED\n{last}\n./chat_wallet mine net/network.conf\necho END >&1")
		seconds = time.monotonic() - began
		paid, again = said.split("MEASURED\n")
		receipt = re.search(r"^message-12: paid\n(uncia:uncproof1\S+)\n", paid, re.M)
		self.assertIsNotNone(receipt, paid)
		# The same key has the same payment, which was paid once.
		self.assertIn(f"message-12: paid\n{receipt[1]}\n", again)
		self.assertRegex(again, r"\nbalance 4\.500000\n$")
		print(f"from the page to a paid 0.50: {seconds:.1f} s", flush=True)
		self.assertLess(seconds, SECONDS_MAX)
