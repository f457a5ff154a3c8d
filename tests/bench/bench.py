#!/usr/bin/env python3
"""Measures this machine's validators. Without a part: those of a short run, about four minutes.

  base       4 validators: full load, by the build with the batch of signature checks and by the one without (--plain) in
             turn; payer, payer at half load, idle network, idle wallet, libuncia
  alone      one validator
  accounts   full load and restart after kill -9 with 100,000, 1,000,000 and 10,000,000 accounts (--sizes)
  committee  full load of 1, 4, 7 and 10 validators
  outputs    full load with 1, 10, 100 and 255 outputs a payment
  wallets    full load over 4, 64 and 1,024 links, and with each payment sent to F + 1 validators
  latency    latency against throughput: fixed rates from a tenth of full load to more than all of it
  homes      commands of a wallet that has made 2,000 payments, beside one that has made two (--payments)
  delay      payer with 50 ms one way between all parties
  gap        a validator that has missed 2 GiB of blocks (--gap-mib), few of them with a certificate of their own
  watchers   10,000 wallets that wait to be paid at one validator (--watchers): memory for each, and how long after a
             payment they are told, at 200 payments a second and while nothing else comes
  floods     full load with one address that sends payments with wrong signatures, as fast as its links are read, by that
             without
  chat       from /pay typed in one messenger to the other one showing what came in, WeeChat and libpurple (--payments-typed);
             not part of --all: its clients are installed for it
  loop       the core's steps of one validator, verifiers, sockets and disks left out: processor by kind of step and by
             what it goes through, for blocks of 100, 600 and 4,096 payments, 100,000 and 1,000,000 accounts, 1 and 4
             validators (build-bench/tests/loop_bench by itself: 4 100000 600)
  hundred-million   one validator with 100,000,000 accounts (--huge): what making them takes, full load, memory, disk, start
             after kill -9. Not part of --all: the first time takes an hour and 300 bytes of disk an account, which are kept;
             it is measured on what is kept, and grows
  parts      each part by itself: signature check, hash, decoding, execution, state root, journal, flush
  indexer    a chain of 300,000 payments into PostgreSQL by uncia-indexer (--indexed-mib); not part of --all
  postgres   PostgreSQL beside it: 1, 8 and 32 clients, with and without three synchronous standbys

With --json the last line of standard output is one object. Its `figures` are what has an aim; validators, payments,
tps, p50_ms, p99_ms (one payment at a time, below libuncia), verify_us, cpu_us_per_payment_per_validator and rss_mb_max
are those of `base`. docs/performance.md says what each means."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

import indexed
import measures
import postgres
import report
from figures import Figures, table
from measures import Shape, spread
from validators import BenchError, Delays, Network, Tools, disk_bytes, fresh_copy, make_gap, prepared

SHORT = ["base", "alone"]
NAMED_ONLY = {"indexer", "postgres", "chat", "hundred-million"}  # they install what nothing else needs, or take very long
PLAIN_PORTS = 40  # behind the other network's, the largest of which is of ten
HALF_LOAD = 0.35  # of what all cores could check: half of what full load was while signatures were checked one by one
DELAY_MS = 50
HOME_ROUNDS = 25
COMMITTEES = (1, 4, 7, 10)
HUGE_BYTES = 300  # of disk for each account of the part hundred-million
LATENCY_SHARES = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0, 1.1]
VECTORS = [("AVX-512 IFMA", "avx512ifma"), ("AVX2", "avx2")]  # what batches of signature checks are fast by, the best first
LATENCY_AIM = 0.8  # up to this share of full load p99 has an aim


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.tools = Tools(arguments.bin, arguments.dir, arguments.base_port, arguments.plain)
        self.figures = Figures()
        self.result = {}
        self.copies = []
        self.begun = time.monotonic()
        self.few = max(arguments.runs // 2, 1)  # runs of what is one of many

    def say(self, text):
        print(f"bench, {(time.monotonic() - self.begun) / 60:.1f} min: {text}", file=sys.stderr, flush=True)

    def prepared(self, count, accounts):
        payers = min(accounts, max(20_000, accounts // 10), 200_000)
        return prepared(self.tools, count, accounts, payers, self.say)

    def network(self, count, accounts, name, **options):
        """A network to measure on, with so many accounts: a copy of its own, removed when all is done."""
        directory = fresh_copy(self.tools, self.prepared(count, accounts), name)
        self.copies.append(directory)
        return Network(self.tools, directory, **options)

    def shape(self, **changes):
        return Shape(**{"window": self.arguments.window, "links": self.arguments.links, "copies": self.arguments.copies,
                        **changes})

    def full(self, network, shape=None, runs=None):
        return measures.full_loads(network, runs or self.arguments.runs, self.arguments.seconds, shape or self.shape())

    def clean(self):
        while self.copies:
            shutil.rmtree(self.copies.pop(), ignore_errors=True)

    def prepare(self, parts):
        """The networks of these parts."""
        a = self.arguments
        sizes = {(a.validators, a.accounts)}
        if "alone" in parts:
            sizes.add((1, a.accounts))
        if "accounts" in parts:
            sizes |= {(a.validators, size) for size in a.sizes}
        if "committee" in parts:
            sizes |= {(count, a.accounts) for count in COMMITTEES}
        for count, accounts in sorted(sizes):
            self.prepared(count, accounts)

    # ---- parts ----

    def base(self):
        a = self.arguments
        self.full_of_both()
        with self.network(a.validators, a.accounts, "base") as network:
            self.result["first_payments"] = network.about["first_payments"]
            single = measures.one_at_a_time(network, a.latency_payments)
            payer = measures.payer(network, a.seconds / 2)
            rate = HALF_LOAD * measures.bound(network.count, self.result["full"]["verify_us"]["median"])
            half, background = measures.payer_under_load(network, rate, max(a.seconds, measures.FLUSH_S), self.shape())
            idle, wallet, wallet_mib, kib_per_payment = measures.idle_with_wallet(network, max(a.seconds, 10))
        self.result.update({
            "p50_ms": single["latency_ms"]["p50"], "p99_ms": single["latency_ms"]["p99"], "single_ms": single["latency_ms"],
            "payer": payer, "half": {"rate": rate, "payer": half, "load": background}, "wallet": wallet})
        f = self.figures
        f.set("payer_p50_ms", payer["latency_ms"]["p50"])
        f.set("payer_flush_ratio", payer["latency_ms"]["p50"] / (4 * payer["flush_ms"] + 1))
        f.set("payer_p99_ms", payer["latency_ms"]["p99"])
        f.set("payer_half_p50_ms", half["latency_ms"]["p50"])
        f.set("payer_half_p99_ms", half["latency_ms"]["p99"])
        f.set("receipt_ratio", payer["receipt_checks"] / payer["receipt_signatures"])
        f.set("idle_cpu_percent", idle)
        f.set("wallet_cpu_percent", wallet["cpu_percent"])
        f.set("wallet_mib", wallet_mib)
        f.set("wallet_payment_kib", kib_per_payment)
        f.set("libuncia_kb", measures.libuncia_kb(self.tools))

    def full_of_both(self):
        """Full load of both builds, in turn."""
        a = self.arguments
        if not self.tools.plain:
            raise BenchError("--plain PROGRAM is missing: the unciad that was built without the batch")
        batch = self.network(a.validators, a.accounts, "batch")
        plain = self.network(a.validators, a.accounts, "plain", unciad=self.tools.plain, port=a.base_port + PLAIN_PORTS)
        with batch, plain:
            both = measures.side_by_side([batch, plain], a.runs, a.seconds, self.shape())
        (done, full), (done_plain, plain_full) = both
        middle = sorted(done, key=lambda run: run["tps"])[len(done) // 2]
        self.result.update({
            "validators": a.validators, "payments": middle["payments"], "tps": middle["tps"], "verify_us": middle["verify_us"],
            "cpu_us_per_payment_per_validator": middle["cpu_us_per_payment_per_validator"],
            "rss_mb_max": round(max(run["rss_peak_mb"] for run in done), 1), "accounts": a.accounts,
            "full": {**full, "checks": batch.checks()}, "plain": {**plain_full, "checks": plain.checks()}})
        f = self.figures
        f.set("payments_per_second", [run["tps"] for run in done])
        f.set("signature_check_us", [run["verify_us"] for run in done])
        f.set("cpu_ratio", [run["cpu_ratio"] for run in done])
        f.set("throughput_ratio", [run["throughput_ratio"] for run in done])
        f.set("signatures_at_once", self.result["full"]["checks"]["signatures_at_once"])
        f.set("memory_mib", [run["memory_mib"] for run in done])
        f.set("written_bytes", [run["written_bytes_per_payment_per_validator"] for run in done])
        f.set("plain_per_second", [run["tps"] for run in done_plain])
        f.set("plain_cpu_ratio", [run["cpu_ratio"] for run in done_plain])
        f.set("plain_throughput_ratio", [run["throughput_ratio"] for run in done_plain])

    def alone(self):
        with self.network(1, self.arguments.accounts, "alone") as network:
            done, full = self.full(network)
        self.result["alone"] = {**full, "checks": network.checks()}
        f = self.figures
        f.set("alone_per_second", [run["tps"] for run in done])
        f.set("alone_ratio", [run["throughput_ratio"] for run in done])
        f.set("alone_beside_load_ratio", [run["beside_load_ratio"] for run in done])

    def accounts(self):
        series = self.result["accounts_series"] = []
        of = {}
        for size in self.arguments.sizes:
            with self.network(self.arguments.validators, size, "accounts") as network:
                done, full = self.full(network)
                most = full["tps"]["median"]
                again = [measures.restart(network, network.count - 1, self.shape(), most) for _ in range(self.few)]
            of[size] = done
            checks = network.checks()
            series.append({"accounts": size, **full, "restart_s": spread(again), "checks": checks})
            if size == 1_000_000:
                self.figures.set("memory_1m_mib", [run["memory_mib"] - checks["key_mib"] for run in done])
                self.figures.set("key_cache_mib", checks["key_mib"])
                self.figures.set("written_1m_bytes", [run["written_bytes_per_payment_per_validator"] for run in done])
                self.figures.set("restart_1m_s", again)
        for size, name in ((1_000_000, "1m"), (10_000_000, "10m")):
            if 100_000 in of and size in of:
                for key, figure in (("tps", f"accounts_{name}_ratio"), ("cpu_ratio", f"accounts_{name}_cpu_ratio")):
                    base = spread([run[key] for run in of[100_000]])["median"]
                    self.figures.set(figure, [run[key] / base for run in of[size]])

    def committee(self):
        series = self.result["committee_series"] = []
        for count in COMMITTEES:
            with self.network(count, self.arguments.accounts, "committee") as network:
                done, full = self.full(network, runs=self.few)
                single = measures.one_at_a_time(network, self.arguments.latency_payments)
            series.append({"validators": count, **full, "single_ms": single["latency_ms"]})
            if count > 4:
                self.figures.set(f"committee_{count}_ratio", [run["cpu_ratio"] for run in done])

    def outputs(self):
        series = self.result["outputs_series"] = []
        with self.network(self.arguments.validators, self.arguments.accounts, "outputs") as network:
            for outputs in (10, 100, 255):
                shape = self.shape(outputs=outputs, window=max(self.arguments.window // outputs, 200))
                done, full = self.full(network, shape, self.few)
                series.append({"outputs": outputs, **full})
                if outputs == 100:
                    self.figures.set("outputs_100_ratio", [run["cpu_ratio"] for run in done])

    def wallets(self):
        series = self.result["wallets_series"] = []
        with self.network(self.arguments.validators, self.arguments.accounts, "wallets") as network:
            for links, copies in ((4, 1), (1024, 1), (64, 2)):
                _, full = self.full(network, self.shape(links=links, copies=copies), self.few)
                series.append({"links": links, "copies": copies, **full})

    def latency(self):
        a = self.arguments
        series = self.result["latency_series"] = []
        with self.network(a.validators, a.accounts, "latency") as network:
            most = self.full(network, runs=1)[1]["tps"]["median"]
            for share in LATENCY_SHARES:
                try:
                    runs = [measures.at_rate(network, most * share, a.seconds, self.shape()) for _ in range(self.few)]
                except BenchError as error:  # a load that is too busy to read its answers loses its links
                    if share <= 1:
                        raise
                    self.say(f"latency: at {share:.0%} of full load: {error}")
                    break
                series.append({"share": share, "rate": round(most * share, 1), "tps": spread([r["tps"] for r in runs]),
                               "refused": sum(r["refused"] + r["unanswered"] for r in runs),
                               **{f"{q}_ms": spread([r["latency_ms"][q] for r in runs]) for q in ("p50", "p90", "p99", "p999")}})
        self.figures.set("latency_p99_ms", max(r["p99_ms"]["median"] for r in series if r["share"] <= LATENCY_AIM))

    def homes(self):
        with self.network(self.arguments.validators, self.arguments.accounts, "homes") as network:
            self.result["homes"] = measures.homes(network, self.arguments.payments, HOME_ROUNDS)
        for verb in ("balance", "history", "send", "send_first"):
            self.figures.set(f"home_{verb}_ratio", self.result["homes"][verb]["ratio"])

    def delay(self):
        network = self.network(self.arguments.validators, self.arguments.accounts, "delay")
        delays = Delays(network, DELAY_MS)
        try:
            with network:
                # First, since a wallet goes by the ledger's time, and that of a copy is as old as the copy's last block.
                single = measures.one_at_a_time(network, 50)
                payer = measures.payer(network, max(self.arguments.seconds, 20))
        finally:
            delays.close()
        self.result["delay"] = {"delay_ms": DELAY_MS, "payer": payer, "single_ms": single["latency_ms"]}
        self.figures.set("payer_delayed_p50_ms", payer["latency_ms"]["p50"])

    def gap(self):
        directory = self.tools.directory / f"running-gap-{os.getpid()}"
        shutil.rmtree(directory, ignore_errors=True)
        self.copies.append(directory)
        self.say(f"writing {self.arguments.gap_mib} MiB of blocks")
        height = make_gap(self.tools, directory, self.arguments.gap_mib)
        network = Network(self.tools, directory)
        try:
            self.result["gap"] = {"mib": self.arguments.gap_mib, "blocks": height, **measures.gap(network, height)}
        finally:
            network.stop()

    def watchers(self):
        a = self.arguments
        with self.network(a.validators, a.accounts, "watchers", settings=[f"wallet_links = {a.watchers + a.watchers // 2}"]) as network:
            result = self.result["watchers"] = measures.watchers(network, a.watchers, a.seconds)
        self.figures.set("watcher_kib", result["kib_per_watcher"])
        self.figures.set("watcher_told_p50_ms", result["push_ms"]["p50"])
        self.figures.set("watcher_told_p99_ms", result["push_ms"]["p99"])

    def floods(self):
        with self.network(self.arguments.validators, self.arguments.accounts, "floods", host="0.0.0.0") as network:
            result = self.result["floods"] = measures.floods(network, self.arguments.runs, self.arguments.seconds, self.shape())
        self.figures.set("flooded_ratio", result["ratios"])
        self.figures.set("flooded_cpu_ratio", result["cpu_ratios"])
        self.figures.set("flooded_p99_ratio", result["p99_ratios"])

    def chat(self):
        result = self.result["chat"] = measures.chat(self.tools, self.arguments.payments_typed)
        for client in ("weechat", "purple"):
            for quantile in ("p50", "p99"):
                self.figures.set(f"chat_{client}_{quantile}_ms", result[f"{client}_shown_ms"][quantile])

    def hundred_million(self):
        a = self.arguments
        size, payers = a.huge, min(a.huge, 200_000)
        free = shutil.disk_usage(self.tools.directory).free
        kept = self.tools.directory.glob(f"prepared-1-{size}-{payers}-ascending-*")
        if not any(kept) and free < size * HUGE_BYTES:
            raise BenchError(f"{free >> 30} GiB are free on the disk of {self.tools.directory}, {size} accounts take "
                             f"{size * HUGE_BYTES >> 30}: --huge N makes fewer")
        directory = prepared(self.tools, 1, size, payers, self.say, ascending=True)
        network = Network(self.tools, directory)
        network.configure()
        network.start_one(0)
        try:
            network.wait_voting(0, measures.START_PATIENCE_S)
            done, full = self.full(network)
            started = measures.starts(network, self.shape(), full["tps"]["median"])
        finally:
            network.stop()
        self.result["hundred_million"] = {"accounts": size, "making": network.about["making"], "full": full, "start": started,
                                          "disk": disk_bytes(network.homes[0])}

    def loop(self):
        self.result["loop"] = measures.loop(self.tools)

    def parts(self):
        self.result["parts"] = measures.parts(self.tools, self.arguments.accounts)

    def indexer(self):
        a = self.arguments
        self.result["indexer"] = indexed.measure(self.tools, a.indexed_mib, min(a.accounts, 10_000), a.runs, self.say)

    def postgres(self):
        a = self.arguments
        self.result["postgres"] = postgres.measure(self.tools.directory / f"postgres-{os.getpid()}", a.base_port + 100,
                                                   a.accounts, a.runs, a.seconds, self.say)


def machine(directory):
    told = dict(line.split(":", 1) for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    told = {name.strip(): value.strip() for name, value in told.items()}
    flags = told.get("flags", "").split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": told.get("model name", platform.machine()), "cores": measures.CORES, "memory_gib": round(memory, 1),
            "kernel": platform.release(), "vectors": next((name for name, flag in VECTORS if flag in flags), ""), "load_before": os.getloadavg()[0],
            "fdatasync_ms": round(measures.flush_ms(directory), 3)}


def revision():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return int(text)


def seconds(text):
    try:
        if 0 < float(text) < 1e6:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above zero")


def sizes(text):
    return [positive(number) for number in text.split(",")]


def parse(parts):
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", help=argparse.SUPPRESS)
    parser.add_argument("--plain", help=argparse.SUPPRESS)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--prepare", action="store_true", help="only make the networks that are measured, which is done once")
    parser.add_argument("--all", action="store_true", help="every part but indexer, postgres, chat and hundred-million")
    parser.add_argument("--with-postgres", action="store_true", help="that one, too")
    parser.add_argument("--json", action="store_true", help="the result as one object")
    parser.add_argument("--save", metavar="FILE", type=pathlib.Path, help="put the result into this file, beside what other runs left there")
    parser.add_argument("--runs", type=positive, default=2, help="of every full load (2); half as many, and one at least, where many are compared")
    parser.add_argument("--seconds", type=seconds, default=8, help="that a run is measured for (8)")
    parser.add_argument("--validators", type=positive, default=4)
    parser.add_argument("--accounts", type=positive, default=100_000)
    parser.add_argument("--sizes", type=sizes,
                        default=[100_000, 1_000_000, 10_000_000], help="of the part accounts")
    parser.add_argument("--huge", type=positive, default=100_000_000, help="accounts of the part hundred-million")
    parser.add_argument("--gap-mib", type=positive, default=2048, help="of the part gap (2048)")
    parser.add_argument("--indexed-mib", type=positive, default=64, help="of the part indexer (64)")
    parser.add_argument("--watchers", type=positive, default=10_000, help="of the part of that name (10000)")
    parser.add_argument("--window", type=positive, default=2000, help="payments under way at full load (2000)")
    parser.add_argument("--links", type=positive, default=64, help="connections of wallets (64)")
    parser.add_argument("--copies", type=positive, default=1, help="validators that each payment is sent to (1)")
    parser.add_argument("--payments", type=positive, default=2000, help="of the part homes (2000)")
    parser.add_argument("--payments-typed", type=positive, default=200, help="of the part chat (200)")
    parser.add_argument("--latency-payments", type=positive, default=300)
    parser.add_argument("--dir", default="build-bench/networks", help="where networks are kept and run; on the disk that counts")
    parser.add_argument("--base-port", type=int, default=17400)
    arguments = parser.parse_intermixed_args()
    chosen = arguments.parts or ([part for part in parts if part not in NAMED_ONLY] if arguments.all else list(SHORT))
    if arguments.with_postgres and "postgres" not in chosen:
        chosen.append("postgres")
    for part in chosen:
        if part not in parts:
            parser.error(f"no part {part}: {' '.join(parts)}")
    return arguments, chosen


def saved(path):
    """What earlier runs have left there."""
    return json.loads(path.read_text()) if path.exists() else {}


def check_save(path):
    """Before an hour of measuring: whether its result can be put there."""
    try:
        if not isinstance(saved(path), dict):
            raise ValueError("it is no object")
        with path.open("a"):
            pass
        if not path.stat().st_size:
            path.unlink()
    except (OSError, ValueError) as error:
        sys.exit(f"bench: --save {path}: {error}; nothing was measured")


def save(path, result):
    """Figures and parts of earlier runs stay where this one has none."""
    before = saved(path)
    merged = {name: {**before.get(name, {}), **result[name]} for name in ("figures", "about")}
    path.write_text(json.dumps({**before, **result, **merged}, indent=1) + "\n")


def main():
    parts = ["base", "alone", "accounts", "committee", "outputs", "wallets", "latency", "homes", "delay", "gap", "watchers", "floods", "chat",
             "hundred-million", "loop", "parts", "indexer", "postgres"]
    arguments, chosen = parse(parts)
    if arguments.save:
        check_save(arguments.save)
    bench = Bench(arguments)
    about = {"machine": machine(bench.tools.directory), "revision": revision(), "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
             "runs": arguments.runs, "seconds": arguments.seconds, "window": arguments.window, "links": arguments.links}
    failed, measured = [], []
    if arguments.prepare:
        bench.prepare(chosen)
        return
    try:
        for part in chosen:
            bench.say(part)
            try:
                getattr(bench, part.replace("-", "_"))()
                measured.append(part)
            except BenchError as error:
                failed.append(f"{part}: {error}")
                bench.say(failed[-1])
            result = {**bench.result, "figures": bench.figures.values, "about": dict.fromkeys(measured, about)}
            if arguments.save:
                save(arguments.save, result)
            bench.clean()
    finally:
        bench.clean()
    if arguments.json:
        print(json.dumps(result))
    else:
        if bench.figures.values:
            print(table(bench.figures.values))
        print(report.tables(result))
    if failed:
        sys.exit("bench: not measured: " + "; ".join(failed))


if __name__ == "__main__":
    main()
