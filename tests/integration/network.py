"""Running networks for the tests: validators that are killed, stopped and started one by one, and wallets that pay."""
import json
import os
import pathlib
import signal
import subprocess

from unciad import BIN, logs
from uncia import UnciaTest

TOOLS = BIN.parent / "tests"
SUPPLY = 10**9 * 10**6


def micro(text):
	"""An amount with six decimals, in micro-units."""
	whole, decimals = text.split(".")
	return int(whole) * 10**6 + int(decimals)


class Validator:
	def __init__(self, test, number, ready):
		self.test, self.number = test, number
		self.home, self.port, self.pid = ready["home"], ready["port"], ready["pid"]
		self.process = None

	def is_running(self):
		# One that was started by devnet is gone once that has reaped it: a zombie's threads may still hold the home.
		return self.process.poll() is None if self.process else pathlib.Path(f"/proc/{self.pid}").exists()

	def signal(self, number):
		os.kill(self.pid, number)

	def kill(self):
		"""As a power cut would, short of the disk's own cache."""
		self.signal(signal.SIGKILL)
		self.gone()

	def gone(self):
		self.test.until(lambda: not self.is_running(), f"{self.home} to end")

	def start(self, program=BIN / "unciad", arguments=("start", "--home")):
		with open(self.test.dir / self.home / "log", "ab") as log:
			self.process = subprocess.Popen([program, *arguments, self.home], cwd=self.test.dir, stdin=subprocess.DEVNULL,
				stdout=log, stderr=log)
		self.pid = self.process.pid
		self.test.addCleanup(self.clean_up)

	def clean_up(self):
		if self.process.poll() is None:
			self.process.kill()
		self.process.wait()

	def stop(self):
		"""In order; it must end with code 0."""
		if self.is_running():
			self.signal(signal.SIGTERM)
			self.gone()
			if self.process:
				self.test.assertEqual(self.process.wait(), 0, self.log()[-4000:])

	def log(self):
		return (self.test.dir / self.home / "log").read_text()

	def where(self):
		return f"{self.number}:{self.port}"


class Network:
	"""What `unciad devnet` made and started. Validators that end are started again here, each by itself."""

	def __init__(self, test, devnet):
		self.test, self.devnet = test, devnet
		self.file = test.dir / devnet.ready["network"]
		self.dir = self.file.parent
		self.genesis = self.dir / "genesis"
		self.validators = [Validator(test, i, ready) for i, ready in enumerate(devnet.ready["validators"])]
		self.treasury = Wallet(test, self.dir / "treasury", self.file)

	def kill_all(self):
		for validator in self.running():
			validator.signal(signal.SIGKILL)
		for validator in self.validators:
			validator.gone()

	def kill_with_leader(self, between=lambda: None):
		"""Of four validators two are down afterwards, and the leader of the view, which stands still then, is one of them: what
		is paid now is in no block before they are back, and may expire. `between` is called with one down. Returns their
		numbers."""
		self.validators[2].kill()
		between()
		self.validators[3].kill()
		leader = max(status["view"] for status in self.statuses()) % len(self.validators)
		if leader in (2, 3):
			return 2, 3
		self.validators[leader].kill()
		self.validators[2].start()
		return leader, 3

	def running(self):
		return [v for v in self.validators if v.is_running()]

	def statuses(self):
		"""Of those that run, asked at the same moment; None for one that does not answer."""
		asked = [subprocess.Popen([BIN / "unciad", "status", "--home", v.home, "--json"], cwd=self.test.dir,
			stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for v in self.running()]
		answers = [process.communicate(timeout=60)[0] for process in asked]
		statuses = [json.loads(text) if text else {} for text in answers]
		return [status if status.get("running") else None for status in statuses]

	def wait_voting(self):
		"""Until all that run are linked with each other and vote."""
		count = len(self.running())
		self.wait(lambda: all(s and s["peers"] >= count - 1 and s["voting"] == "yes" for s in self.statuses()),
			"the validators to vote")

	def wait_same_tip(self, validators=None):
		"""Until all that run have the same final block and the same state. Returns its height."""
		chosen = [i for i, v in enumerate(self.running()) if not validators or v in validators]

		def same():
			statuses = self.statuses()
			tips = {(s["height"], s["block"], s["state_root"]) if s else None for s in (statuses[i] for i in chosen)}
			return next(iter(tips)) if len(tips) == 1 else None

		return self.wait(same, "the same tip and state")[0]

	def wait(self, condition, what, seconds=90):
		try:
			return self.test.until(condition, what, seconds)
		except AssertionError as error:
			raise AssertionError(f"{error}{logs(self.dir)}") from None

	def stop(self):
		for validator in self.validators:
			validator.stop()
		self.test.assertEqual(self.devnet.stop(), 0, self.devnet.errors())

	def stop_and_check(self, validators=None):
		"""All end in order, and what each stored passes the audit. Returns the audits."""
		self.stop()
		checks = []
		for validator in validators or self.validators:
			self.test.assertNotIn("Sanitizer", validator.log())
			checks.append(self.test.run_json("check", "--home", validator.home))
			self.test.assertEqual(micro(checks[-1]["supply"]), SUPPLY)
		return checks

	def file_of(self, numbers):
		"""A network file that names only these validators."""
		text = self.file.read_text()
		path = self.dir / f"network-{'-'.join(map(str, numbers))}.conf"
		sections = text.split("[validator.")
		path.write_text(sections[0] + "".join("[validator." + s for s in sections[1:] if int(s.split("]")[0]) in numbers))
		return path


class Wallet:
	def __init__(self, test, home, network, address=None):
		"""address: of a sealed home, which would ask for its passphrase."""
		self.test, self.home, self.network = test, home, network
		self.address = address or test.uncia_json("--wallet", home, "address")["address"]

	def begin(self, *arguments, network=None):
		"""Starts `uncia` with --json, to go on at the same time."""
		return subprocess.Popen([BIN / "uncia", "--wallet", str(self.home), "--network", str(network or self.network),
			*map(str, arguments), "--json"], cwd=self.test.dir, env=self.test.environment, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

	def end(self, process, code=0):
		"""Its one object, once it ended with this code; None where that says of a failure only."""
		out, err = process.communicate(timeout=180)
		self.test.assertNotIn("Sanitizer", err)
		codes = (code,) if isinstance(code, int) else code
		self.test.assertIn(process.returncode, codes, f"uncia {process.args}: {out}{err}{logs(pathlib.Path(self.network).parent)}")
		said = json.loads(out) if out else None
		return None if said and "error" in said else said

	def run(self, *arguments, code=0, network=None):
		return self.end(self.begin(*arguments, network=network), code)

	def send(self, to, amount, *options, code=0):
		return self.run("send", to.address, amount, *options, code=code)

	def status(self, payment_id, code=0):
		return self.run("status", payment_id, code=code)

	def balance(self):
		return micro(self.run("balance")["balance"])


class NetworkTest(UnciaTest):
	def start_network(self, *options, count=4):
		return Network(self, self.start_devnet(*options, count=count))

	def new_wallet(self, network, name, words=None):
		"""A wallet of these words, or of new ones, which it then has as `words`."""
		if words:
			self.uncia("--wallet", name, "restore", "--no-passphrase", stdin=words + "\n")
		else:
			words = self.uncia_json("--wallet", name, "init", "--no-passphrase")["words"]
		wallet = Wallet(self, self.dir / name, network.file)
		wallet.words = words
		return wallet

	def verify(self, network, receipt, code=0):
		out, _ = self.uncia("receipt", "verify", "--network", network.file, "-", "--json", code=code, stdin=receipt)
		return json.loads(out) if out else None

	def begin_tool(self, network, task, *arguments, **options):
		return subprocess.Popen([TOOLS / "wire_client", task, network.genesis, *map(str, arguments)], cwd=self.dir,
			text=True, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})

	def tool(self, network, task, *arguments, stdin=""):
		"""The lines that wire_client prints."""
		process = self.begin_tool(network, task, *arguments, stdin=subprocess.PIPE)
		out, err = process.communicate(stdin, timeout=180)
		self.assertEqual((process.returncode, err), (0, ""), f"{task}: {out}{logs(network.dir)}")
		return out.splitlines()


def fixture_accounts(count):
	"""Addresses of the accounts that wire_client pays from."""
	return subprocess.run([TOOLS / "wire_client", "accounts", str(count)], check=True, stdout=subprocess.PIPE,
		text=True).stdout.split()


def funds(addresses, amount):
	return [text for address in addresses for text in ("--fund", f"{address}={amount}")]
