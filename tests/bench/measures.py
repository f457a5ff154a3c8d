"""What is measured on a running network, one function each. They say nothing and judge nothing: bench.py does."""
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from validators import ROOT, BenchError, Starter, Watch, cpu_seconds, run_json, status_kib, written_bytes

sys.path.insert(0, str(ROOT / "tests" / "integration"))
import spec_vectors
import verify_receipt

CORES = len(os.sched_getaffinity(0))
WARM_UP_S = 1.5
FLUSH_S = 23  # flush_ms of unciad.conf, and three heartbeats: by then all that is final is in every state
# Each link has so many on their way, and so is full as fast as it is read; who floods runs on this machine, and what is sent
# into links that are closed costs nobody but him.
FLOOD_LINKS, FLOOD_ANEW, FLOOD_RATE, FLOOD_WINDOW = 256, 1000, 1_000_000, 16
BLOB_PREFIX = 8 + 32  # of a wallet's blob: its form and its hash
WALLET_IDLE_S = 16  # its links close after ten
FLUSHES = 100
START_PATIENCE_S = 1800  # with very many accounts


def flush_ms(directory):
    """How long the disk takes to keep 4 KiB: the median of many."""
    taken = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(FLUSHES):
            begun = time.monotonic()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fdatasync(file.fileno())
            taken.append((time.monotonic() - begun) * 1e3)
    return statistics.median(taken)


def spread(values):
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


class Shape:
    """What the load looks like."""

    def __init__(self, window=2000, links=64, copies=1, outputs=1):
        self.window, self.links, self.copies, self.outputs = window, links, copies, outputs

    def options(self, count):
        links = max(self.links // count, 1) * count
        return ["--links", links, "--copies", min(self.copies, count), "--outputs", self.outputs]


def chat(tools, payments):
    """Two messengers of each kind and a devnet, by tests/scenes/chat.py: from what one types to what the other shows."""
    tests = pathlib.Path(__file__).resolve().parent.parent
    environment = {**os.environ, "UNCIA_BIN": str(tools.bin), "PYTHONPATH": str(tests / "integration")}
    return run_json("python3", "-B", tests / "scenes" / "chat.py", "--measure", payments, env=environment)


def guess_tps(network, shape):
    """A short run, to know how many payments a longer one needs."""
    load = network.load("run", "--payments", 6 * shape.window, "--warm-up", shape.window, "--window", shape.window,
                        *shape.options(network.count))
    load.go()
    return load.result()["tps"]


def loaded(network, seconds, shape, tps):
    """A load of about that long, as much as it takes, ready to go."""
    count = int(tps * (seconds + WARM_UP_S)) + shape.window
    return network.load("run", "--payments", count, "--warm-up", max(int(tps * WARM_UP_S), 1), "--window", shape.window,
                        *shape.options(network.count))


def bound(validators, check_us):
    """Payments a second if all cores checked signatures for all validators and nothing else, one by one."""
    return CORES / (validators * check_us * 1e-6)


def summed_up(network, result, watch):
    each = result["payments"] * network.count
    cpu_us = watch.cpu_s * 1e6 / each
    check, tps = result["verify_us"], result["tps"]
    left = CORES - tps * result["cpu_us_per_payment"] * 1e-6  # processors, by the load generator
    return {
        "payments": result["payments"], "tps": round(tps, 1), "verify_us": round(check, 2),
        "cpu_us_per_payment_per_validator": round(cpu_us, 2), "cpu_ratio": cpu_us / check,
        "throughput_ratio": tps / bound(network.count, check),
        "beside_load_ratio": tps / bound(network.count, check) * CORES / left,
        "load_cpu_us_per_payment": round(result["cpu_us_per_payment"], 2),
        "written_bytes_per_payment_per_validator": round(watch.written / each, 1),
        "memory_mib": watch.anonymous_kib / 1024, "rss_peak_mb": watch.peak_kib / 1024, "latency_ms": result["latency_ms"],
    }


def side_by_side(networks, runs, seconds, shape):
    """Full loads of networks that run at the same time and are loaded in turn, so that what the machine is like at one
    minute meets all of them. What validators spend is counted from the beginning of a run to that of the network's next,
    the last one's until its payments are in the state too: a flush that comes later belongs to the payments before it.
    What goes to the disk is counted for all together. Returns, of each, (all runs, medians and extremes of what counts)."""
    tps = [guess_tps(network, shape) for network in networks]
    done, watches, results = [[] for _ in networks], [None] * len(networks), [None] * len(networks)
    disk, paid = written_bytes(networks[0].pids, networks[0].directory), 0

    def account(i):
        done[i].append(summed_up(networks[i], results[i], watches[i].stop()))

    for _ in range(runs):
        for i, network in enumerate(networks):
            load = loaded(network, seconds, shape, tps[i])
            if watches[i]:
                account(i)
            watches[i] = Watch(network)
            load.go()
            results[i] = load.result()
            tps[i] = results[i]["tps"]
            paid += results[i]["payments"] * network.count
    time.sleep(FLUSH_S)
    for i in range(len(networks)):
        account(i)
    if len(networks) > 1:
        disk = written_bytes(networks[0].pids, networks[0].directory) - disk
        for run in (run for runs_of_one in done for run in runs_of_one):
            run["written_bytes_per_payment_per_validator"] = round(disk / paid, 1)
    return [(runs_of_one, summary(runs_of_one)) for runs_of_one in done]


def summary(done):
    names = ["tps", "cpu_us_per_payment_per_validator", "verify_us", "load_cpu_us_per_payment", "cpu_ratio",
             "throughput_ratio", "beside_load_ratio", "written_bytes_per_payment_per_validator", "memory_mib"]
    medians = {name: spread([run[name] for run in done]) for name in names}
    medians["latency_ms"] = {q: spread([run["latency_ms"][q] for run in done]) for q in ("p50", "p99")}
    return medians


def full_loads(network, runs, seconds, shape):
    """The same of one network."""
    return side_by_side([network], runs, seconds, shape)[0]


def receipt_signatures(text):
    """How many signatures a receipt has: the payer's, and those of its certificate."""
    receipt = verify_receipt.message_decode(verify_receipt.RECEIPT, verify_receipt.frame_read("uncproof", text)[4:])
    certificate = verify_receipt.message_decode(verify_receipt.CERTIFICATE, receipt["certificate"])
    return 1 + len(certificate["signatures"]) // 64


def at_rate(network, rate, seconds, shape):
    """Open loop. Returns the load generator's result and the ratio of processor to signature check."""
    seconds = max(seconds, FLUSH_S)
    load = network.load("run", "--payments", max(int(rate * (seconds + WARM_UP_S)), 100), "--warm-up", int(rate * WARM_UP_S),
                        "--rate", rate, *shape.options(network.count))
    watch = Watch(network)
    load.go()
    result = load.result()
    watch.stop()
    result["cpu_ratio"] = watch.cpu_s * 1e6 / network.count / max(result["payments"], 1) / result["verify_us"]
    return result


def one_at_a_time(network, payments):
    """Below libuncia: one payment under way, all receipts verified."""
    load = network.load("run", "--payments", payments, "--warm-up", payments // 10, "--window", 1, "--verify-every", 1,
                        "--links", network.count)
    load.go()
    return load.result()


def payer(network, seconds):
    """Through libuncia, its own durable outbox included; and what a flush of the disk takes before and after."""
    starter = network.payer(seconds)
    before = flush_ms(network.directory)
    starter.go()
    result = starter.result()
    result["flush_ms"] = (before + flush_ms(network.directory)) / 2
    result["receipt_signatures"] = receipt_signatures(result["receipt"])
    return result


def payer_under_load(network, rate, seconds, shape):
    """The same while payments arrive at a fixed rate. The load begins before and ends after."""
    starter = network.payer(seconds)
    load = network.load("run", "--payments", int(rate * (seconds + 3)), "--warm-up", int(rate), "--rate", rate,
                        *shape.options(network.count))
    load.go()
    time.sleep(1.5)
    starter.go()
    result = starter.result()
    if load.process.poll() is not None:
        raise BenchError("the load ended before the payer did")
    return result, load.result()


def idle(network, seconds):
    """A network without payments, once those before are in the state."""
    time.sleep(FLUSH_S)
    watch = Watch(network)
    time.sleep(seconds)
    watch.stop()
    return watch.cpu_s / watch.seconds / network.count * 100


def idle_wallet(network, home):
    return subprocess.Popen([network.tools.bin / "payer", "idle", home, network.network_file, str(WALLET_IDLE_S)],
                            stdout=subprocess.PIPE, text=True)


def said_by(wallet):
    text = wallet.communicate()[0]
    if wallet.returncode:
        raise BenchError("payer idle failed")
    said = json.loads(text)
    return said, max(said["rss_kib"], said["linked_rss_kib"])


def idle_with_wallet(network, seconds):
    """The same, and a new wallet that is open and does nothing: with links that it has no use for at first, then without.
    Beside it the one that has paid all the while. Returns (% of a core of a validator, what the new wallet says, its memory
    beyond the baseline in MiB, what each payment made before takes of the other's, in KiB)."""
    baseline = run_json(network.tools.bin / "payer", "baseline")
    fresh = network.directory / "idle-wallet"
    subprocess.run([network.tools.bin / "payer", "init", fresh], check=True, stdout=subprocess.DEVNULL)
    wallets = [idle_wallet(network, home) for home in (fresh, network.directory / "wallet")]
    percent = idle(network, seconds)
    (said, rss), (paid, paid_rss) = map(said_by, wallets)
    return percent, said, (rss - baseline["rss_kib"]) / 1024, (paid_rss - rss) / paid["payments"]


def homes(network, payments, rounds):
    """Commands of a wallet that has made so many payments, and of one that has made two: ms, and the one by the other."""
    payer, uncia = network.tools.bin / "payer", network.tools.bin / "uncia"
    many, two = network.directory / "wallet", network.directory / "wallet-of-two"
    def new_address(name):
        return subprocess.run([payer, "init", network.directory / name], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    address = new_address(two.name)
    strangers = [new_address(f"stranger-{i}") for i in range(rounds)]

    def command(home, *arguments):
        begun = time.monotonic()
        done = subprocess.run([uncia, "--wallet", home, "--network", network.network_file, "--json", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise BenchError(f"uncia {arguments[0]}: {done.stderr}")
        return (time.monotonic() - begun) * 1e3

    command(many, "send", address, "1000")
    for home, count in ((two, 2), (many, payments)):
        run_json(payer, "many", home, network.network_file, network.about["wallet"], str(count))
    result = {}
    verbs = {"balance": ["balance"], "history": ["history", "--limit", "2"], "send": ["send", address, "0.5"],
             "send_first": ["send", None, "0.5"]}
    for name, arguments in verbs.items():
        taken = {home: [] for home in (two, many)}
        for stranger in strangers:
            for home in taken:
                taken[home].append(command(home, *(a or stranger for a in arguments)))
        medians = [statistics.median(taken[home]) for home in (two, many)]
        result[name] = {"two_ms": round(medians[0], 2), "many_ms": round(medians[1], 2), "ratio": medians[1] / medians[0]}
    return result


def restart(network, i, shape, tps):
    """Seconds from the start of the process to voting, after a kill -9 right behind as much load as is flushed at once:
    what is not in the state has to come from the journal."""
    load = loaded(network, FLUSH_S, shape, tps)
    load.go()
    load.result()
    network.processes[i].send_signal(signal.SIGKILL)
    network.processes[i].wait()
    begun = time.monotonic()
    network.start_one(i)
    return network.wait_voting(i, START_PATIENCE_S) - begun


def cold(home):
    """Takes what a stopped validator has stored out of the page cache."""
    for name in ("journal", "state"):
        for path in (home / "data" / name).iterdir():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def starts(network, shape, tps):
    """One validator with very many accounts, killed behind as much load as is flushed at once: seconds until it votes, with
    what it stores in the page cache and without; the most memory beside it meanwhile."""
    seconds = {"warm_s": restart(network, 0, shape, tps)}
    network.processes[0].send_signal(signal.SIGKILL)
    network.processes[0].wait()
    cold(network.homes[0])
    begun = time.monotonic()
    network.start_one(0)
    watch = Watch(network)
    seconds["cold_s"] = network.wait_voting(0, START_PATIENCE_S) - begun
    watch.stop()
    return {**{name: round(value, 1) for name, value in seconds.items()}, "memory_mib": round(watch.anonymous_kib / 1024)}


def gap(network, height):
    """The last one catches up from the first: seconds, its memory beside the page cache and with the pages of its files
    that it has mapped, and the longest that its height stood still once it moved."""
    network.configure()
    network.start_one(0)
    wait_height(network, 0, height)
    last = network.count - 1
    network.start_one(last)
    pid, begun = network.processes[last].pid, time.monotonic()
    most = {"RssAnon": 0, "VmRSS": 0}
    stood, at, moved = 0, 0, begun
    while at < height:
        if network.processes[last].poll() is not None:
            raise BenchError(f"it ended: {(network.homes[last] / 'log').read_text()[-500:]}")
        most = {name: max(value, status_kib(pid, name)) for name, value in most.items()}
        now, stands = time.monotonic(), height_of(network, last)
        if stands > at:
            stood, at, moved = max(stood, now - moved if at else 0), stands, now
        time.sleep(0.1)
    return {"seconds": round(time.monotonic() - begun, 1), "memory_mib": round(most["RssAnon"] / 1024, 1),
            "mapped_too_mib": round(most["VmRSS"] / 1024, 1), "stood_s": round(stood, 2)}


def watchers(network, count, seconds):
    """So many wallets watch an account each at the first validator: what its memory beside the page cache grows by for
    each, before and after they were told of payments, and its processor while nothing comes; and how long after a payment
    was sent a watcher is told, beside how long after it the payer has the receipt."""
    pid = network.pids[0]
    rate = 200
    before = status_kib(pid, "RssAnon")
    payments = min(count, int(rate * max(seconds, 10)))
    program = Starter([network.tools.bin / "watchers", "--genesis", network.genesis, "--accounts", network.about["accounts"],
                       "--payers", network.about["payers"], "--watchers", count, "--payments", payments, "--rate", rate,
                       network.reach[0]])
    time.sleep(1)
    silent = status_kib(pid, "RssAnon")
    cpu, begun = cpu_seconds(pid), time.monotonic()
    time.sleep(max(seconds, 10))
    idle = 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - begun)
    program.go()
    result = program.result()
    return {**result, "kib_per_watcher": round((silent - before) / count, 2), "idle_cpu_percent": round(idle, 2),
            "kib_per_watcher_after": round((status_kib(pid, "RssAnon") - before) / count, 2)}


def own_address():
    """An address of this machine that is not loopback's, which the limit on handshakes spares."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.2"


class Flood:
    """Links of one address to all validators that send payments with wrong signatures, of a payer who has an account."""

    def __init__(self, network):
        address = own_address()
        where = [f"{i}:{address}:{port}" for i, port in enumerate(network.ports)]
        command = [network.tools.bin.parent / "tests" / "flood", network.genesis, "wrong", FLOOD_LINKS, FLOOD_ANEW, address, *where]
        blob = (network.directory / "wallet" / "key").read_bytes()
        key = verify_receipt.message_decode(spec_vectors.KEY_FILE, blob[BLOB_PREFIX:])["public_key"].hex()
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "FLOOD_PAYER": key, "FLOOD_RATE": str(FLOOD_RATE), "FLOOD_WINDOW": str(FLOOD_WINDOW)})
        self.begun = time.monotonic()

    def stop(self):
        seconds, used = time.monotonic() - self.begun, cpu_seconds(self.process.pid)
        text = self.process.communicate()[0]
        if self.process.returncode:
            raise BenchError("flood failed")
        said = json.loads(text)
        return {"sent_per_second": said["sent"] / seconds, "links_per_second": said["established"] / seconds,
                "flood_cpu": used / seconds}


def floods(network, runs, seconds, shape):
    """Full load without and with such a flood, by turns."""
    done = {"without": [], "flooded": []}
    tps = guess_tps(network, shape)
    for name in ["without", "flooded"] * runs:
        load, sent = loaded(network, seconds, shape, tps), {"sent_per_second": 0, "links_per_second": 0, "flood_cpu": 0}
        watch = Watch(network)
        flood = Flood(network) if name == "flooded" else None
        load.go()
        result = load.result()
        if flood:
            sent = flood.stop()
        watch.stop()
        done[name].append({"tps": result["tps"], "p50_ms": result["latency_ms"]["p50"], "p99_ms": result["latency_ms"]["p99"],
                           "cpu_us_per_payment_per_validator": watch.cpu_s * 1e6 / network.count / result["payments"], **sent})
    pairs = list(zip(done["without"], done["flooded"]))
    return {"ratios": [flooded["tps"] / without["tps"] for without, flooded in pairs],
            "cpu_ratios": [without["cpu_us_per_payment_per_validator"] / flooded["cpu_us_per_payment_per_validator"]
                           for without, flooded in pairs],
            "p99_ratios": [flooded["p99_ms"] / without["p99_ms"] for without, flooded in pairs],
            **{name: {key: spread([run[key] for run in each]) for key in each[0]} for name, each in done.items()}}


def height_of(network, i):
    """0: it does not answer yet."""
    try:
        status = run_json(network.tools.bin / "unciad", "status", "--home", network.homes[i], "--json",
                          stderr=subprocess.DEVNULL)
    except BenchError:
        return 0
    return status["height"] if status["running"] else 0


def wait_height(network, i, height, seconds=300):
    deadline = time.monotonic() + seconds
    while height_of(network, i) < height:
        if time.monotonic() > deadline:
            raise BenchError(f"validator {i} does not come to height {height}: {network.homes[i] / 'log'}")
        time.sleep(0.1)


def libuncia_kb(tools):
    library = tools.bin.parent / "lib" / "libuncia.so"
    with tempfile.TemporaryDirectory() as directory:
        stripped = pathlib.Path(directory) / "stripped"
        subprocess.run(["strip", "-o", stripped, library.resolve()], check=True)
        return stripped.stat().st_size / 1000


def loop(tools, *arguments):
    """What loop_bench says, of a validator with a home on the disk: a list of committees, each with µs and signature checks
    a payment. arguments: none, or --payments N and committees."""
    with tempfile.TemporaryDirectory(dir=tools.directory) as directory:
        return run_json(tools.bin.parent / "tests" / "loop_bench", "--json", *arguments[:2], "--store", directory, *arguments[2:])


def parts(tools, accounts):
    """What the *_bench programs say: {name: [value, unit]}."""
    result = {}
    for command in (["proto_bench"], ["verify_bench"], ["ledger_bench", str(accounts)], ["store_bench", str(tools.directory)]):
        done = subprocess.run([tools.bin.parent / "tests" / command[0], *command[1:]], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise BenchError(f"{command[0]}: exit code {done.returncode}")
        for line in done.stdout.splitlines():
            name, value, unit = line.rsplit(maxsplit=2)
            result[name] = [float(value), unit]
    return result
