"""A network whose validators are linked through fault_proxy, so that each way between any two of them can fail."""
import json
import os
import pathlib
import re
import subprocess

from network import Network, NetworkTest, SUPPLY, TOOLS, Validator, Wallet
from unciad import free_ports

SETTINGS = ("delay", "jitter", "rate", "chunk", "window", "stop", "hole", "flip", "cut") # see fault_proxy.c


class Proxy:
	"""The program, one command and its answer at a time. Routes are named by who dials and who is dialled."""

	def __init__(self):
		self.process = subprocess.Popen([TOOLS / "fault_proxy"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

	def command(self, *words):
		self.process.stdin.write(" ".join(map(str, words)) + "\n")
		self.process.stdin.flush()
		answer = self.process.stdout.readline().rstrip()
		if not answer or answer.startswith("error"):
			raise AssertionError(f"fault_proxy: {words}: {answer}")
		return answer

	def close(self):
		self.process.stdin.close()
		code = self.process.wait(30)
		self.process.stdout.close()
		if code:
			raise AssertionError(f"fault_proxy ended with {code}")


class Links:
	"""Between all pairs of so many validators. A way is a pair (from, to)."""

	def __init__(self, proxy, ports):
		self.proxy, self.count = proxy, len(ports)
		self.pairs = [(a, b) for a in range(self.count) for b in range(a + 1, self.count)]
		self.ports = {(a, b): int(proxy.command("route", f"{a}-{b}", 0, ports[b]).split()[1]) for a, b in self.pairs}

	@staticmethod
	def name(a, b):
		return f"{min(a, b)}-{max(a, b)}"

	def ways(self, *sides):
		"""All ways; or those between the first group and the second."""
		both = [(a, b) for a in range(self.count) for b in range(self.count) if a != b]
		return [w for w in both if not sides or (w[0] in sides[0]) != (w[1] in sides[0])]

	def set(self, ways, **settings):
		"""Any of SETTINGS; 0 is as it was."""
		for a, b in ways:
			self.proxy.command("set", self.name(a, b), ">" if a < b else "<", *(f"{k}={v}" for k, v in settings.items()))

	def refuse(self, pairs, yes):
		for a, b in pairs:
			self.proxy.command("refuse", self.name(a, b), int(yes))

	def reset(self, pairs=None):
		"""Resets their connections. Returns how many there were."""
		return sum(int(self.proxy.command("reset", self.name(a, b)).split()[1]) for a, b in pairs or self.pairs)

	def part(self, group):
		"""A partition: what is on its way is lost, nothing gets through, and nobody is told."""
		self.set(self.ways(group), hole=1)

	def heal(self):
		"""All as at the start. A connection that has lost bytes ends by itself at the next that come: they do not decrypt."""
		self.set(self.ways(), **dict.fromkeys(SETTINGS, 0))
		self.refuse(self.pairs, False)

	def stats(self, a, b):
		return json.loads(self.proxy.command("stats", self.name(a, b)))

	def total(self, what):
		return sum(self.stats(*pair)[what] for pair in self.pairs)

	def attempts(self, a, b):
		"""When the connections of this pair were made, in ms, the newest 1,024."""
		return [int(ms) for ms in self.proxy.command("attempts", self.name(a, b)).split()[1:]]


class ProxiedNetwork(Network):
	"""Homes of their own, since those of a devnet dial each other directly. All the supply is the treasury's."""

	def __init__(self, test, count=4, settings=(), funds=(), listen="127.0.0.1"):
		"""settings: lines of unciad.conf. funds: pairs of an address and an amount."""
		self.test, self.dir = test, test.dir / "net"
		self.dir.mkdir()
		self.file, self.genesis = self.dir / "network.conf", self.dir / "genesis"
		base = free_ports(count)
		ports = [base + i for i in range(count)]
		homes = [self.dir / f"v{i}" for i in range(count)]
		self.proxy = Proxy()
		test.addCleanup(self.proxy.close)
		self.links = Links(self.proxy, ports)
		treasury = test.wallet(self.dir / "treasury")
		keys = [text for home in homes for text in ("--validator", test.keygen(home))]
		given = [text for address, amount in funds for text in ("--account", f"{address}={amount}")]
		rest = SUPPLY // 10**6 - sum(amount for _, amount in funds)
		places = [text for i, port in enumerate(ports) for text in ("--at", f"{i}=127.0.0.1:{port}")]
		test.run_unciad("genesis", "--name", "test", "--smallest", "0.000001", "--output", self.genesis,
			"--network", self.file, "--account", f"{treasury}={rest}", *given, *keys, *places)
		self.validators = []
		for i, home in enumerate(homes):
			# Whoever has the lower index dials. The other need not know where it is, but for the limit on handshakes.
			peers = [text for j in range(count) if j != i for text in
				("--peer", f"{j}=127.0.0.1:{self.links.ports[i, j] if i < j else ports[j]}")]
			test.run_unciad("init", "--home", home, "--genesis", self.genesis, "--listen", f"{listen}:{ports[i]}", *peers,
				"--first-start")
			config = home / "unciad.conf"
			config.write_text(config.read_text().replace("[node]\n", "\n".join(["[node]", *settings, ""])))
			self.validators.append(Validator(test, i, {"home": str(home), "port": ports[i], "pid": None}))
		self.treasury = Wallet(test, self.dir / "treasury", self.file)

	def start(self):
		for validator in self.validators:
			validator.start()
		self.wait_voting()
		return self

	def stop(self):
		for validator in self.validators:
			validator.stop()


def memory(validator, what="VmRSS"):
	"""Of its process, in bytes; VmHWM: the most since forget_peak."""
	text = pathlib.Path(f"/proc/{validator.pid}/status").read_text()
	return int(re.search(rf"{what}:\s*([0-9]+) kB", text)[1]) << 10


def forget_peak(validator):
	pathlib.Path(f"/proc/{validator.pid}/clear_refs").write_text("5")


def descriptors(validator):
	return len(os.listdir(f"/proc/{validator.pid}/fd"))


class ProxiedTest(NetworkTest):
	def setUp(self):
		super().setUp()
		# What the sanitizer keeps of freed memory would hide what grows.
		os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=8"
		self.addCleanup(os.environ.pop, "ASAN_OPTIONS")

	def start_proxied(self, **options):
		"""A network that votes, and the wallets alice, who has some of the supply, and bob."""
		network = ProxiedNetwork(self, **options).start()
		self.alice, self.bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(self.alice, "1000")
		# Validators that can prove it have settled it, and can while they are cut off from each other.
		self.assertEqual(self.alice.balance(), 1_000_000_000)
		return network
