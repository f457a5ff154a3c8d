"""Validators for measurements: networks with many accounts, made once and kept; their processes, and what those cost.

A network is made with a few accounts that hold all the money (the funders of load.c, and one libuncia wallet). They
create the others by payments of 255 outputs each, as a network grows in life too, and each account that is to pay does
so once: a first payment binds the account's key, which costs as much as a second signature check. The result is kept
in a directory, and every measurement starts from a copy of it."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STORED = ["proto/*.proto", "proto/entry.[ch]", "proto/hash.[ch]", "node/store/*.[ch]"]  # what stored bytes follow from
TICK = os.sysconf("SC_CLK_TCK")
FUNDERS, FUNDERS_HOLD = 16, 40_000_000  # load.c's; units each
WALLET_HOLDS = 1_000_000
ACCOUNT_HOLDS = 10_000_000  # micro-units: what a created account begins with; less where there are very many
FUND_ACCOUNTS = 10_000_000  # created by one run of the load generator, which has all its payments in memory
FUND_WINDOW = 128
BIND_WINDOW = 1500


class BenchError(Exception):
    """What went wrong, for the person who measures."""


def run_json(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **options)
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command[:3]))}: exit code {done.returncode}")
    return json.loads(done.stdout)


def cpu_seconds(pid):
    """User and system time of all its threads, those that have ended too."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def status_kib(pid, name):
    found = re.search(rf"^{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(found[1]) if found else 0


def written_bytes(pids, directory):
    """What went to the disk of the directory, or where that cannot be told, what the processes made dirty: the kernel
    counts there up to several pages for each that was written."""
    device = os.stat(directory).st_dev
    try:
        return 512 * int(pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()[6])
    except OSError:
        return sum(int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{p}/io").read_text(), re.M)[1]) for p in pids)


class Tools:
    """The programs, and where networks are kept and run."""

    def __init__(self, bin_dir, directory, base_port, plain=None):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.plain = plain and pathlib.Path(plain).resolve()  # the unciad that checks signatures one by one
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.base_port = base_port

    def unciad(self, *arguments):
        return run_json(self.bin / "unciad", *arguments, "--json")

    def keys(self, payers):
        return self.directory / f"keys-{payers}"

    def check_us(self):
        return run_json(self.bin / "load", "check")["verify_us"]


class Network:
    """Homes v0, v1, ... in a directory, and the processes that run in them: by `unciad`, where it is not the tools' own,
    on ports of their own where another network runs beside it."""

    def __init__(self, tools, directory, settings=(), unciad=None, port=None, host="127.0.0.1"):
        self.tools = tools
        self.unciad = unciad or tools.bin / "unciad"
        self.directory = pathlib.Path(directory)
        self.about = json.loads((self.directory / "about.json").read_text())
        self.count = self.about["validators"]
        self.homes = [self.directory / f"v{i}" for i in range(self.count)]
        self.ports = [(port or tools.base_port) + i for i in range(self.count)]
        self.genesis = self.directory / "genesis"
        self.network_file = self.directory / "network.conf"
        self.settings = list(settings)
        self.host = host  # where they listen
        self.processes = [None] * self.count
        self.dial = {(i, j): self.ports[j] for i in range(self.count) for j in range(self.count) if i != j}
        self.reach = list(self.ports)  # where wallets and load find them

    @property
    def pids(self):
        return [p.pid for p in self.processes]

    def configure(self):
        for i, home in enumerate(self.homes):
            lines = ["[node]", f"listen = {self.host}:{self.ports[i]}", "log_level = info", *self.settings]
            for j in range(self.count):
                if j != i:
                    lines += [f"[peer.{j}]", f"address = 127.0.0.1:{self.dial[i, j]}"]
            (home / "unciad.conf").write_text("\n".join(lines) + "\n")
        text = self.network_file.read_text()
        for i, port in enumerate(self.reach):
            text = re.sub(rf"(\[validator\.{i}\]\naddress = )\S+", rf"\g<1>127.0.0.1:{port}", text)
        self.network_file.write_text(text)

    def start_one(self, i):
        with open(self.homes[i] / "log", "ab") as log:
            self.processes[i] = subprocess.Popen([self.unciad, "start", "--home", self.homes[i]],
                                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_voting(self, i, seconds=120):
        """Returns when it votes. The status command would disturb a start that has not got as far as listening."""
        deadline = time.monotonic() + seconds
        listening = False
        while time.monotonic() < deadline:
            if self.processes[i].poll() is not None:
                raise BenchError(f"validator {i} ended: {(self.homes[i] / 'log').read_text()[-500:]}\n"
                                 f"If its home was made by another version, remove {self.tools.directory}")
            try:
                if not listening:
                    socket.create_connection(("127.0.0.1", self.ports[i]), 1).close()
                listening = True
                if self.tools.unciad("status", "--home", self.homes[i])["voting"] == "yes":
                    return time.monotonic()
            except (OSError, BenchError, KeyError):
                pass
            time.sleep(0.01)
        raise BenchError(f"validator {i} does not vote within {seconds} s: {self.homes[i] / 'log'}")

    def start(self):
        self.configure()
        for i in range(self.count):
            self.start_one(i)
        for i in range(self.count):
            self.wait_voting(i)

    def stop(self):
        for p in self.processes:
            if p and p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in self.processes:
            if p:
                try:
                    p.wait(60)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()

    def checks(self):
        """Of a network that has stopped: how many signatures of payments its threads took at once, how many of votes, and
        what the decoded keys take in memory."""
        sums = dict.fromkeys(("chunks", "signatures", "urgent_chunks", "urgent_signatures", "key_bytes"), 0)
        for home in self.homes:
            said = re.findall(r"event=verifier (.*)", (home / "log").read_text())
            if not said:
                raise BenchError(f"{home}/log: nothing is said of the verifier")
            for name, value in re.findall(r"(\w+)=(\d+)", said[-1]):
                if name in sums:
                    sums[name] += int(value)
        return {"signatures_at_once": round(sums["signatures"] / max(sums["chunks"], 1), 2),
                "votes_at_once": round(sums["urgent_signatures"] / max(sums["urgent_chunks"], 1), 2),
                "key_mib": round(sums["key_bytes"] / self.count / 2**20, 2)}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def load(self, what, *options):
        """The load generator, ready to go."""
        command = [self.tools.bin / "load", what, "--genesis", self.genesis, "--keys", self.tools.keys(self.about["payers"]),
                   "--accounts", self.about["accounts"], "--payers", self.about["payers"], "--wait",
                   *(["--ascending"] if self.about.get("ascending") else []), *options, *self.reach]
        return Starter(command)

    def payer(self, seconds):
        return Starter([self.tools.bin / "payer", "pay", self.directory / "wallet", self.network_file,
                        self.about["wallet"], seconds])


class Delays:
    """Every way between any two parties takes so long: validators and wallets reach each other through a proxy."""

    def __init__(self, network, delay_ms):
        self.process = subprocess.Popen([network.tools.bin.parent / "tests" / "fault_proxy"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        for pair, port in list(network.dial.items()):
            network.dial[pair] = self.route(f"v{pair[0]}-v{pair[1]}", port, delay_ms)
        network.reach = [self.route(f"w-v{i}", port, delay_ms) for i, port in enumerate(network.ports)]

    def command(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer or answer[0] != "ok":
            raise BenchError(f"fault_proxy: {words}: {answer}")
        return answer

    def route(self, name, port, delay_ms):
        listening = int(self.command("route", name, 0, port)[1])
        for way in "><":
            self.command("set", name, way, f"delay={delay_ms}")
        return listening

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Starter:
    """A program that says when it is ready and waits for a line to begin."""

    def __init__(self, command):
        self.name = pathlib.Path(command[0]).name
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise BenchError(f"{self.name}: exit code {self.process.wait()}")

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.close()

    def result(self):
        text = self.process.stdout.read()
        self.process.stdout.close()
        if self.process.wait():
            raise BenchError(f"{self.name}: exit code {self.process.returncode}")
        return json.loads(text)


class Watch:
    """What validators cost while it runs: processor, bytes written, and the most memory beside the page cache."""

    def __init__(self, network):
        self.pids, self.directory = network.pids, network.directory
        self.ended = threading.Event()
        self.anonymous_kib = 0
        self.cpu = [cpu_seconds(p) for p in self.pids]
        self.written = written_bytes(self.pids, self.directory)
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()

    def sample(self):
        while not self.ended.wait(0.25):
            for pid in self.pids:
                try:
                    self.anonymous_kib = max(self.anonymous_kib, status_kib(pid, "RssAnon") + status_kib(pid, "RssShmem"))
                except OSError:  # it has ended, which whoever waits for it will say
                    return

    def stop(self):
        """cpu_s, written: the sums over all since it began."""
        self.seconds = time.monotonic() - self.begun
        self.ended.set()
        self.thread.join()
        self.cpu_s = sum(cpu_seconds(p) for p in self.pids) - sum(self.cpu)
        self.written = written_bytes(self.pids, self.directory) - self.written
        self.peak_kib = max(status_kib(p, "VmHWM") for p in self.pids)
        return self


def stored_digest():
    digest = hashlib.sha256()
    for pattern in STORED:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def make_homes(tools, directory, count, accounts, payers, ascending=False):
    """Homes with a genesis in which the funders and the wallet have everything. ascending: accounts will be created in the
    order of their addresses."""
    keys = [tools.unciad("keygen", "--home", directory / f"v{i}") for i in range(count)]
    funders = subprocess.run([tools.bin / "load", "funders"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    wallet = subprocess.run([tools.bin / "payer", "init", directory / "wallet"], check=True, stdout=subprocess.PIPE,
                            text=True).stdout.strip()
    command = ["genesis", "--name", "bench", "--smallest", "0.000001", "--output", directory / "genesis",
               "--network", directory / "network.conf", "--account", f"{wallet}={WALLET_HOLDS}"]
    for address in funders:
        command += ["--account", f"{address}={FUNDERS_HOLD}"]
    for i, key in enumerate(keys):
        command += ["--validator", f"{key['consensus_key']}:{key['network_key']}", "--at", f"{i}=127.0.0.1:{tools.base_port + i}"]
    tools.unciad(*command)
    for i in range(count):
        tools.unciad("init", "--home", directory / f"v{i}", "--genesis", directory / "genesis", "--first-start")
    about = {"validators": count, "accounts": accounts, "payers": payers, "wallet": wallet, "ascending": ascending}
    (directory / "about.json").write_text(json.dumps(about))


def make_gap(tools, directory, mib):
    """Homes of four, the first of which has a long chain that the others miss, of blocks of 1 MiB, one of eight with a
    finality certificate of its own. Returns its height."""
    directory.mkdir(parents=True)
    tests = tools.bin.parent / "tests"
    accounts = subprocess.run([tests / "wire_client", "accounts", "64"], check=True, stdout=subprocess.PIPE, text=True)
    command = ["genesis", "--name", "bench", "--smallest", "0.000001", "--output", directory / "genesis",
        "--network", directory / "network.conf"]
    for address in accounts.stdout.split():
        command += ["--account", f"{address}=1000000"]
    for i in range(4):
        key = tools.unciad("keygen", "--home", directory / f"v{i}")
        command += ["--validator", f"{key['consensus_key']}:{key['network_key']}", "--at", f"{i}=127.0.0.1:{tools.base_port + i}"]
    tools.unciad(*command)
    homes = [directory / f"v{i}" for i in range(4)]
    for home in homes:
        tools.unciad("init", "--home", home, "--genesis", directory / "genesis", "--first-start")
    (directory / "about.json").write_text(json.dumps({"validators": 4, "accounts": 64, "payers": 0}))
    made = subprocess.run([tests / "long_chain", str(mib), "1024", "8", "1", *homes], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        raise BenchError(f"long_chain: exit code {made.returncode}")
    return int(made.stdout)


def populate(network):
    """Creates the accounts, and lets each payer pay once. Returns what those first payments cost."""
    about = network.about
    amount = min(ACCOUNT_HOLDS, FUNDERS * FUNDERS_HOLD * 900_000 // about["accounts"])
    for first in range(0, about["accounts"], FUND_ACCOUNTS):
        fund = network.load("fund", "--first", first, "--until", min(first + FUND_ACCOUNTS, about["accounts"]), "--amount", amount,
                            "--window", FUND_WINDOW, "--links", network.count, "--patience", 1800)
        fund.go()
        fund.result()
    first = network.load("run", "--payments", about["payers"], "--window", BIND_WINDOW, "--links", 16 * network.count)
    watch = Watch(network)
    first.go()
    result = first.result()
    watch.stop()
    cpu_us = watch.cpu_s * 1e6 / result["payments"] / network.count
    return {"tps": result["tps"], "cpu_us_per_payment_per_validator": round(cpu_us, 2), "verify_us": result["verify_us"]}


def disk_bytes(home):
    """What the journal and the state of a home take on the disk."""
    return {name: sum(file.stat().st_blocks * 512 for file in (home / "data" / name).iterdir()) for name in ("journal", "state")}


def prepared(tools, count, accounts, payers, say, ascending=False):
    """The directory of such a network, made where there is none. Its about.json says what making it took."""
    name = f"prepared-{count}-{accounts}-{payers}-" + ("ascending-" if ascending else "")
    kept = tools.directory / (name + stored_digest())
    if kept.exists():
        return kept
    for old in tools.directory.glob(name + "*"):
        shutil.rmtree(old)
    say(f"making a network of {count} with {accounts} accounts, once: {kept}")
    making = tools.directory / f"making-{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        make_homes(tools, making, count, accounts, payers, ascending)
        with Network(tools, making, ["mempool_max = 200000"]) as network:
            watch = Watch(network)
            try:
                about = {**network.about, "first_payments": populate(network)}
            except BenchError as error:
                raise BenchError(f"{error}; the first validator: {(network.homes[0] / 'log').read_text()[-1000:]}") from error
            watch.stop()
        about["making"] = {"seconds": round(watch.seconds), "cpu_s": round(watch.cpu_s), "written": watch.written,
                           "memory_mib": round(watch.anonymous_kib / 1024), **disk_bytes(network.homes[0])}
        (making / "about.json").write_text(json.dumps(about))
        for home in network.homes:
            (home / "log").unlink()
        making.rename(kept)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return kept


def fresh_copy(tools, kept, name):
    """A copy to measure on, all of it on the disk already."""
    directory = tools.directory / f"running-{name}-{os.getpid()}"
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", kept, directory], check=True)
    os.sync()
    return directory
