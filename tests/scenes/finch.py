"""Finch in tmux: typed to by keys, and read from its screen, as a person does it."""
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
from xml.sax.saxutils import escape, quoteattr

from messengers import OURS, TESTS, built

UI = "gnt-purple"
WIDTH, HEIGHT = 180, 50
FRAME = re.compile(r"[\u2500-\u257f\u2190-\u2193\u2588-\u2593]|\s")  # lines of windows, scroll bars, blanks


def plugin():
	"""The plugin, never with sanitizers: of a build that has them, the one that is made without."""
	return built("purple", TESTS / "plain") if (TESTS / "plain").exists() else built("purple")


class Tmux:
	"""A server of tmux's own, and the programs in its panes. stop() ends all of them, however they take the end of their terminal."""

	def __init__(self, name="chat"):
		self.socket = f"uncia-{name}-{os.getpid()}"
		self.command = ["tmux", "-L", self.socket, "-f", "/dev/null"]

	def run(self, *arguments):
		return subprocess.run([*self.command, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout.rstrip("\n")

	def open(self, *arguments):
		"""new-session, or split-window, with these arguments. Returns the pane."""
		what, *others = arguments
		return self.run(what, "-P", "-F", "#{pane_id}", *others)

	def stop(self):
		listed = subprocess.run([*self.command, "list-panes", "-a", "-F", "#{pane_pid}"], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
		for number in map(int, listed.stdout.split()):
			try:
				os.kill(number, signal.SIGKILL)  # Finch may go on without its terminal
			except ProcessLookupError:
				pass
		subprocess.run([*self.command, "kill-server"], check=False, stderr=subprocess.DEVNULL)
		pathlib.Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", self.socket).unlink(missing_ok=True)


def setting(option):
	"""An option of purple_client's, NAME=VALUE, in the form of accounts.xml."""
	name, value = option.split("=", 1)
	kind = "int" if value.isdigit() else "bool" if value in ("true", "false") else "string"
	written = {"true": "1", "false": "0"}.get(value, value)
	return f"<setting name={quoteattr(name)} type={quoteattr(kind)}>{escape(written)}</setting>"


class Finch:
	"""One Finch with one wallet and one account; its buddy list has one buddy. What it shows is its screen."""

	def __init__(self, test, name, account, buddy, wallet, network_file):
		self.test, self.name, self.account, self.buddy = test, name, account, buddy
		self.home = test.dir / f"finch-{name}"
		(self.home / "plugins").mkdir(parents=True)
		shutil.copy(plugin(), self.home / "plugins")
		self.environment = {**test.environment, "LANG": "C.UTF-8", "TERM": "screen-256color", "HOME": str(self.home)}
		self.pane = self.tmux = None
		self.write_settings(wallet, network_file)

	def write_settings(self, wallet, network_file):
		protocol, name, password, *options = self.account
		head = "<?xml version='1.0' encoding='UTF-8' ?>\n"
		(self.home / "accounts.xml").write_text(f"""{head}<account version='1.0'><account>
<protocol>{protocol}</protocol><name>{escape(name)}</name><password>{escape(password)}</password>
<settings>{"".join(map(setting, options))}</settings>
<settings ui='{UI}'><setting name='auto-login' type='bool'>1</setting></settings>
</account></account>
""")
		(self.home / "blist.xml").write_text(f"""{head}<purple version='1.0'><blist><group name='Buddies'><contact>
<buddy account={quoteattr(name)} proto={quoteattr(protocol)}><name>{escape(self.buddy)}</name></buddy>
</contact></group></blist></purple>
""")
		string = lambda key, value: f"<pref name='{key}' type='string' value={quoteattr(str(value))}/>"
		(self.home / "prefs.xml").write_text(f"""{head}<pref version='1' name='/'>
<pref name='finch'>
<pref name='blist'><pref name='showoffline' type='bool' value='1'/></pref>
<pref name='plugins'><pref name='loaded' type='pathlist'><item value={quoteattr(str(self.home / "plugins" / "uncia.so"))}/></pref></pref>
</pref>
<pref name='plugins'><pref name='core'><pref name='uncia'>{string("home", wallet)}{string("network", network_file)}</pref></pref></pref>
</pref>
""")
		# Windows beside each other, and none over another one.
		managers = sorted(pathlib.Path("/usr/lib").glob("*/gnt/irssi.so"))
		(self.home / ".gntrc").write_text(f"[general]\nshadow = 0\nwm = {managers[0]}\n" if managers else "[general]\nshadow = 0\n")

	def command(self):
		variables = [f"{name}={value}" for name, value in self.environment.items()]
		return ["env", "-i", *variables, "finch", "-c", str(self.home)]

	def start(self, tmux):
		"""In a session of its own."""
		return self.in_pane(tmux, tmux.open("new-session", "-d", "-x", WIDTH, "-y", HEIGHT, *self.command()))

	def quit(self):
		"""As a person quits it. Returns how it has ended, as wait(2) says it: 0 where all was well."""
		number = self.tmux.run("display-message", "-p", "-t", self.pane, "#{pane_pid}")
		self.tmux.run("set-option", "-p", "-t", self.pane, "remain-on-exit", "on")
		self.keys("M-q")

		def ended():
			# tmux does not always take note of the end of a program, which then stays as it is.
			try:
				state, *others = pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
			except FileNotFoundError:
				return self.tmux.run("display-message", "-p", "-t", self.pane, "#{pane_dead_status}#{pane_dead_signal}")
			return others[-1] if state == "Z" else None

		return int(self.test.until(ended, f"{self.name}: the end of Finch"))

	def in_pane(self, tmux, pane):
		self.tmux, self.pane = tmux, pane
		return self

	def screen(self):
		return self.tmux.run("capture-pane", "-p", "-t", self.pane)

	def shown(self):
		"""What stands beside the buddy list, without frames and blanks: where a line is broken does not matter."""
		rows = self.screen().splitlines()
		begin = collections.Counter(row.find("│") for row in rows).most_common(1)[0][0] if rows else -1
		return FRAME.sub("", "".join(row[begin + 1 :] for row in rows))

	def until_shown(self, pattern, seconds=30):
		"""Waits until the screen has this, whose blanks do not count. Returns the match."""
		pattern = re.compile(pattern.replace(" ", ""))
		try:
			return self.test.until(lambda: pattern.search(self.shown()), f"{self.name}: {pattern.pattern!r}", seconds)
		except AssertionError as error:
			raise AssertionError(f"{error}\n{self.screen()}") from None

	def keys(self, *names):
		self.tmux.run("send-keys", "-t", self.pane, *names)

	def type(self, text):
		"""As if typed into what has the keyboard now, with Enter behind it."""
		self.tmux.run("send-keys", "-t", self.pane, "-l", text)
		self.keys("Enter")

	def go(self, window):
		"""To the window of this name, from one to the next."""
		title = re.compile(rf"^\d+:{re.escape(window)}\(".replace("\\ ", "").replace(" ", ""))
		for _ in range(8):
			before = self.shown()
			if title.search(before):
				return
			self.keys("M-n")
			self.test.until(lambda: self.shown() != before, f"{self.name}: another window than\n{self.screen()}")
		self.test.fail(f"{self.name}: no window {window!r}:\n{self.screen()}")

	def talk(self):
		"""Once it is connected and has the plugin: opens the conversation with its buddy."""
		self.until_shown(rf"{OURS} [a-z]{{4}}: The wallet's lines begin as this one does")
		self.keys("Down")
		self.keys("Enter")
		self.until_shown(rf"{re.escape(self.buddy)} \(")
		return self
