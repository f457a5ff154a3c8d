"""Real messengers for the scenes: an IRC server, an XMPP server, WeeChat without a terminal, and a client of libpurple
without windows. Each types what a person would type, and what it shows is read back."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from installed import BUILD, instruments
from network import NetworkTest
from unciad import free_ports

TESTS = BUILD / "tests"
NETWORK = "SceneNet"
OURS = "≡ uncia"
PREFIX_OF_CODE = "/uncia yes "
OTR_PLUGIN = str(TESTS / "otr_plugin.so")
OTR_SCRIPT = "/usr/share/weechat/python/otr.py"


def built(client, folder=BUILD / "lib"):
	"""The plugin for this client, as this build has made it."""
	path = folder / client / "uncia.so"
	if not path.exists():
		raise AssertionError(f"{path} is not there: the plugins are built with -DUNCIA_PLUGINS=ON")
	return str(path)


def preloads():
	"""An instrumented plugin needs its runtime before all else of a client that is not."""
	if "-fsanitize=address,undefined" not in instruments():
		return {}
	found = [subprocess.run(["gcc", f"-print-file-name=lib{name}.so"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
		for name in ("asan", "ubsan")]
	return {"LD_PRELOAD": " ".join(found), "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Server:
	"""A program that serves until the test ends."""

	def __init__(self, test, name, command, port):
		self.test, self.name, self.command, self.port = test, name, command, port
		self.log = test.dir / f"{name}.log"
		self.process = None
		test.addCleanup(self.stop)
		self.start()

	def start(self):
		with open(self.log, "ab") as log:
			self.process = subprocess.Popen(self.command, cwd=self.test.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
		self.test.until(self.listens, f"{self.name} to listen: {self.log.read_text()}")

	def listens(self):
		return f":{self.port:04X} " in pathlib.Path("/proc/net/tcp").read_text()

	def stop(self):
		if not self.process:
			return
		if self.process.poll() is None:
			self.process.kill()
		self.process.wait()


def start_ircd(test, network=NETWORK):
	port = free_ports(1)
	configuration = test.dir / "ngircd.conf"
	configuration.write_text(f"""[Global]
	Name = irc.scene.test
	Network = {network}
	Info = scene
	Listen = 127.0.0.1
	Ports = {port}
	MotdPhrase = "hello"
[Limits]
	MaxConnectionsIP = 0
	MaxPenaltyTime = 0
	MaxNickLength = 32
[Options]
	DNS = no
	Ident = no
	PAM = no
""")
	return Server(test, "ngircd", ["/usr/sbin/ngircd", "-n", "-f", str(configuration)], port)


class Client:
	"""One messenger with one wallet. What it has shown is in lines(window)."""

	def until_shown(self, window, pattern, after=0, seconds=30):
		"""Waits for a line in this window, from line number `after` on, that matches. Returns (match, number behind it)."""

		def found():
			for number, line in enumerate(self.lines(window)[after:], after):
				match = re.search(pattern, line)
				if match:
					return match, number + 1
			return None

		try:
			return self.test.until(found, f"{self.name}: {pattern!r} in {window}", seconds)
		except AssertionError as error:
			raise AssertionError(f"{error}\n{self.everything()}") from None

	def count(self, window, pattern):
		return sum(bool(re.search(pattern, line)) for line in self.lines(window))


class RawIrc:
	"""Somebody whose client is his own: he says whatever he likes, and reads each line that comes. With a wallet, he makes its
	texts by the commands."""

	def __init__(self, test, name, ircd, wallet=None):
		self.test, self.name, self.wallet = test, name, wallet
		self.socket = socket.create_connection(("127.0.0.1", ircd.port), timeout=30)
		test.addCleanup(self.socket.close)
		self.received = b""
		self.line(f"NICK {name}")
		self.line(f"USER {name} 0 * :{name}")
		self.read_until(" 376 ")

	def line(self, text):
		self.socket.sendall(text.encode() + b"\r\n")

	def read_until(self, part):
		"""Everything read so far, once that has this part. Answers pings."""
		while part.encode() not in self.received:
			got = self.socket.recv(65536)
			self.test.assertTrue(got, f"{self.name} was disconnected: {self.received[-300:]}")
			self.received += got
			for ping in re.findall(rb"^PING (.*)\r$", got, re.M):
				self.socket.sendall(b"PONG " + ping + b"\r\n")
		return self.received.decode(errors="replace")

	def say(self, to, text, command="PRIVMSG"):
		self.line(f"{command} {to} :{text}")

	def settle(self):
		"""Until the server has taken all that was said before."""
		token = f"settled-{time.monotonic_ns()}"
		self.line(f"PING {token}")
		self.read_until(token)

	def contact(self, handle=None):
		out = self.wallet.run("contact", "export", "--handle", handle or f"irc:{NETWORK.lower()}/{self.name}")
		return out["contact"]

	def pay(self, to, amount, memo=None):
		"""Pays, and returns the notice."""
		sent = self.wallet.run("send", to.address, amount, *(("--memo", memo) if memo else ()))
		return self.wallet.run("notice", sent["id"])["notice"]


class WeeChat(Client):
	"""weechat-headless, typed to by its FIFO, read by its logs."""

	def __init__(self, test, name, ircd, wallet, network_file, start=True, otr=None, **environment):
		"""otr: the script for it is loaded before our plugin ("before") or after it ("behind")."""
		self.test, self.name, self.ircd, self.otr = test, name, ircd, otr
		self.home = test.dir / f"weechat-{name}"
		self.home.mkdir()
		self.logs = self.home / "logs"
		# Where AddressSanitizer is loaded before WeeChat, its plugin for Python waits for ever: then ours has no sanitizer.
		self.environment = {**test.environment, **({} if otr else preloads()), "UNCIA_WALLET": str(wallet), "UNCIA_NETWORK": str(network_file),
			"LANG": "C.UTF-8", **environment}
		(self.home / "logger.conf").write_text("[look]\nbacklog = 0\n[file]\nauto_log = on\nflush_delay = 0\npath = \"${weechat_data_dir}/logs\"\n")
		(self.home / "fifo.conf").write_text("[file]\nenabled = on\npath = \"${weechat_data_dir}/fifo\"\n")
		(self.home / "irc.conf").write_text(f"""[server_default]
anti_flood_prio_high = 0
anti_flood_prio_low = 0
autoconnect = on
autoreconnect_delay = 1
nicks = "{name},{name}_"
[server]
net.addresses = "127.0.0.1/{ircd.port}"
net.ssl = off

net.autoconnect = on
""")
		if otr:
			# The script's pieces are longer than those in which WeeChat sends a long line, and libotr does not join pieces of pieces.
			with open(self.home / "irc.conf", "a", encoding="utf-8") as settings:
				settings.write("net.split_msg_max_length = 0\n")
			# Lines of a private conversation are logged only where that is wanted: the scenes read them. Python's own library is
			# found by the program python3, and has to be that of Debian's potr.
			(self.home / "otr.conf").write_text("[policy]\ndefault.log = on\n")
			self.environment |= {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(pathlib.Path(__file__).parent / "potr"),
				"PYTHONDONTWRITEBYTECODE": "1"}
		self.process = None
		test.addCleanup(self.kill)
		if start:
			self.start()

	def command(self, program):
		# No others of WeeChat's plugins, and no backlog: where a sanitizer is loaded before it, glibc's regcomp waits for ever for a
		# lock of its own in this locale.
		ours = f"/plugin load {built('weechat', TESTS / 'plain' if self.otr else BUILD / 'lib')}"
		script = f"/script load {OTR_SCRIPT}"
		commands = {None: [ours], "before": [script, ours], "behind": [ours, script]}[self.otr]
		runs = [word for command in commands for word in ("-r", command)]
		return [program, "--dir", str(self.home), "-P", f"irc,fifo,logger{',python,script' if self.otr else ''}", *runs]

	def start(self):
		with open(self.home / "output", "ab") as output:
			self.process = subprocess.Popen(self.command("weechat-headless"), cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
				stderr=output)
		self.test.until(lambda: (self.home / "fifo").exists(), f"{self.name}: the FIFO of WeeChat")
		self.pipe = None

	def connected(self):
		self.until_shown("irc.server.net", "End of MOTD")
		return self

	def type(self, text, window="core.weechat"):
		"""As if typed into this buffer."""
		fifo = os.open(self.home / "fifo", os.O_WRONLY)
		os.write(fifo, f"{window} *{text}\n".encode())
		os.close(fifo)

	def talk(self, peer):
		"""Opens a conversation. Returns its window."""
		self.type(f"/query -noswitch -server net {peer}")
		return f"irc.net.{peer}"

	def lines(self, window):
		path = self.logs / f"{window}.weechatlog"
		return path.read_text(errors="replace").splitlines() if path.exists() else []

	def everything(self):
		files = sorted(self.logs.glob("*")) if self.logs.exists() else []
		return "".join(f"--- {self.name}: {path.name}\n{path.read_text(errors='replace')}" for path in files) + (self.home / "output").read_text(errors="replace")[-3000:]

	def kill(self, number=signal.SIGKILL):
		if not self.process:
			return
		if self.process.poll() is None:
			self.process.send_signal(number)
		self.process.wait()
		(self.home / "fifo").unlink(missing_ok=True)
		self.test.assertNotIn("Sanitizer", (self.home / "output").read_text(errors="replace"))


class Purple(Client):
	"""purple_client: libpurple as Pidgin and Finch have it."""

	def __init__(self, test, name, account, wallet, network_file, plugin=True, before=(), behind=(), **environment):
		"""before, behind: paths of other plugins, loaded before ours and after it."""
		self.test, self.name, self.account = test, name, account
		self.home = test.dir / f"purple-{name}"
		self.home.mkdir()
		self.environment = {**test.environment, "UNCIA_WALLET": str(wallet), "UNCIA_NETWORK": str(network_file), "LANG": "C.UTF-8",
			"ASAN_OPTIONS": "detect_leaks=0", **environment}
		self.plugins = ":".join([*before, *([built("purple")] if plugin else []), *behind])
		self.process = None
		test.addCleanup(self.kill)
		self.start()

	def start(self):
		with open(self.home / "output", "ab") as output, open(self.home / "errors", "ab") as errors:
			self.process = subprocess.Popen([TESTS / "purple_client", self.home, self.plugins, *self.account], cwd=self.home,
				env=self.environment, stdin=subprocess.PIPE, stdout=output, stderr=errors, text=True)

	def connected(self):
		self.until_shown("connection", "on")
		return self

	def command(self, *fields):
		self.process.stdin.write("\t".join(fields) + "\n")
		self.process.stdin.flush()

	def type(self, text, window):
		self.command("say", window, text)

	def talk(self, peer):
		return peer

	def lines(self, window):
		"""Lines of this window, each who and text."""
		text = (self.home / "output").read_text(errors="replace")
		return [line.split("\t", 1)[1] for line in text.splitlines() if line.split("\t", 1)[0] == window]

	def everything(self):
		return f"--- {self.name}\n{(self.home / 'output').read_text(errors='replace')}{(self.home / 'errors').read_text(errors='replace')[-3000:]}"

	def kill(self, number=signal.SIGKILL):
		if self.process.poll() is None:
			self.process.send_signal(number)
		self.process.wait()
		self.process.stdin.close()
		self.test.assertNotIn("Sanitizer", (self.home / "errors").read_text(errors="replace"))


def start_prosody(test):
	port = free_ports(1)
	data = test.dir / "prosody"
	data.mkdir()
	configuration = test.dir / "prosody.cfg.lua"
	configuration.write_text(f"""run_as_root = true
daemonize = false
pidfile = "{data}/pid"
data_path = "{data}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{ }}
modules_enabled = {{ "roster"; "saslauth"; "disco"; "offline"; "message"; "presence"; "carbons"; }}
modules_disabled = {{ "s2s"; "tls" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
log = {{ info = "*console" }}
VirtualHost "scene.test"
Component "rooms.scene.test" "muc"
	muc_room_locking = false
""")
	return Server(test, "prosody", ["prosody", "--config", str(configuration), "-F"], port)


def xmpp_account(server, name):
	return ["prpl-jabber", f"{name}@scene.test/here", "secret", "connect_server=127.0.0.1", f"port={server.port}",
		"connection_security=opportunistic_tls", "auth_plain_in_clear=true"]


def irc_account(server, name):
	return ["prpl-irc", f"{name}@127.0.0.1", "", f"port={server.port}"]


PASSPHRASE = "correct horse battery staple"


class MessengerTest(NetworkTest):
	"""A network of four validators, and people with wallets."""

	def setUp(self):
		super().setUp()
		self.network = self.start_network()

	def funded(self, name, amount="20"):
		"""A wallet with money; without, where amount is empty."""
		wallet = self.new_wallet(self.network, name)
		if amount:
			self.network.treasury.send(wallet, amount)
		return wallet

	def sealed_home(self):
		"""A new wallet whose key needs PASSPHRASE."""
		home, file = self.dir / "sealed", self.dir / "passphrase"
		file.write_text(PASSPHRASE + "\n")
		self.uncia("--wallet", home, "init", UNCIA_PASSPHRASE_FILE=str(file))
		return home
