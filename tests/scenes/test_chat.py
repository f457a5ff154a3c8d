"""./run chat, as somebody starts it in a terminal, types into it, and ends it: nothing is left running."""
import os
import pathlib
import signal
import sys
import unittest

from finch import FRAME, Tmux
from unciad import UnciadTest

CHAT = pathlib.Path(__file__).with_name("chat.py")


class Chat(UnciadTest):
	def setUp(self):
		super().setUp()
		self.inside = self.dir / "inside"
		self.inside.mkdir()
		self.terminal = Tmux("terminal")
		self.addCleanup(self.terminal.stop)

	def begin(self, *options):
		variables = [f"{name}={value}" for name, value in {**os.environ, "TMPDIR": self.inside, "TMUX_TMPDIR": self.inside, "LANG": "C.UTF-8"}.items()
			if name != "TMUX"]
		self.pane = self.terminal.open("new-session", "-d", "-x", 170, "-y", 45, "env", "-i", *variables, sys.executable, "-B", CHAT, *options)
		self.terminal.run("set-option", "-g", "remain-on-exit", "on")
		self.server = self.terminal.run("display-message", "-p", "#{pid}")

	def start(self, *options):
		self.begin(*options)
		self.shows("To end: detach (Ctrl-b, then d)")

	def screen(self):
		return self.terminal.run("capture-pane", "-p", "-t", self.pane)

	def shows(self, text):
		self.until(lambda: FRAME.sub("", text) in FRAME.sub("", self.screen()), f"{text!r} in the terminal:\n{self.screen()}", 60)

	def type(self, *keys):
		self.terminal.run("send-keys", "-t", self.pane, *keys)

	def signal(self, number):
		os.kill(int(self.terminal.run("display-message", "-p", "-t", self.pane, "#{pane_pid}")), number)

	def started(self):
		"""Whatever runs that the scene has started: it has its files there, or was told of them."""
		found = []
		for process in pathlib.Path("/proc").glob("[0-9]*"):
			try:
				if process.name != self.server and str(self.inside).encode() in (process / "environ").read_bytes() + (process / "cmdline").read_bytes():
					found.append((int(process.name), (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100]))
			except OSError:
				pass
		return found

	def all_has_ended(self):
		try:
			self.until(lambda: not self.started(), "the end of all that was started")
		except AssertionError as error:
			raise AssertionError(f"{error}\n{self.started()}") from None
		self.assertEqual([str(path) for path in self.inside.rglob("*") if path.name != f"tmux-{os.getuid()}"], [])

	def test_finch_is_there_to_type_into_and_a_signal_ends_all(self):
		self.start("--finch")
		self.shows("bob@scene.test (alice@scene.test/here")
		self.type("-l", "/uncia balance")
		self.type("Enter")
		self.shows("You can spend 20.00 UNC")
		self.shows("Buddy List│≡ uncia (alice@scene.te")
		names = " ".join(name for _, name in self.started())
		for program in ("finch -c", "prosody", "tmux", "unciad"):
			self.assertIn(program, names)
		self.signal(signal.SIGTERM)
		self.all_has_ended()

	def test_a_signal_while_it_starts_ends_all(self):
		self.begin("--finch")
		self.until(lambda: any("unciad" in name and " start " in name for _, name in self.started()), "the first of what it starts")
		self.signal(signal.SIGINT)
		self.all_has_ended()

	def test_whoever_detaches_ends_all(self):
		self.start("--finch")
		self.shows("alice@scene.test (bob@scene.test/here")
		self.type("C-b", "d")
		self.all_has_ended()

	def test_a_terminal_that_is_closed_ends_all(self):
		for options in ((), ("--finch",)):
			self.start(*options)
			self.terminal.run("kill-session", "-t", self.pane)
			self.all_has_ended()


if __name__ == "__main__":
	unittest.main()
