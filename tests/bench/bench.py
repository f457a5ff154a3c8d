#!/usr/bin/env python3
"""Four validators on this machine under load: starts a network, pays, and prints what it measured.

Usage: bench.py BIN [--json] [--validators 4] [--payments 30000] [--window 1500] [--latency-payments 300]
BIN: the folder with unciad, uncia and load. With --json the last line of standard output is one object:
validators, payments, tps, p50_ms, p99_ms (one payment at a time), verify_us, cpu_us_per_payment_per_validator,
rss_mb_max. The accounts it pays from are funded in the genesis.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile

TICK = os.sysconf("SC_CLK_TCK")
ACCOUNTS = 1000


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_peak_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def load(bin_dir, genesis, ports, payments, window, first):
    command = [f"{bin_dir}/load", "run", genesis, str(payments), str(window), str(ACCOUNTS), str(first), *map(str, ports)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(arguments, directory):
    addresses = subprocess.run([f"{arguments.bin}/load", "accounts", str(ACCOUNTS)], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split()
    command = [f"{arguments.bin}/unciad", "devnet", "--dir", directory, "--validators", str(arguments.validators),
               "--base-port", str(arguments.base_port)]
    for address in addresses:
        command += ["--fund", f"{address}=1000"]
    devnet = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = devnet.stdout.readline()
        if not line:
            sys.exit("bench: the network did not start")
        validators = json.loads(line)["validators"]
        ports = [v["port"] for v in validators]
        pids = [v["pid"] for v in validators]
        genesis = os.path.join(validators[0]["home"], "genesis")
        load(arguments.bin, genesis, ports, 200, 1, 1)  # warm-up
        single = load(arguments.bin, genesis, ports, arguments.latency_payments, 1, 2)
        before = [cpu_seconds(pid) for pid in pids]
        full = load(arguments.bin, genesis, ports, arguments.payments, arguments.window, 3)
        used = sum(cpu_seconds(pid) for pid in pids) - sum(before)
        return {
            "validators": len(pids),
            "payments": full["payments"],
            "tps": full["tps"],
            "p50_ms": single["p50_ms"],
            "p99_ms": single["p99_ms"],
            "verify_us": min(full["verify_us"], single["verify_us"]),
            "cpu_us_per_payment_per_validator": round(used * 1e6 / full["payments"] / len(pids), 2),
            "rss_mb_max": round(max(rss_peak_mb(pid) for pid in pids), 1),
        }, {"window": arguments.window, "load_p50_ms": full["p50_ms"], "load_p99_ms": full["p99_ms"]}
    finally:
        devnet.send_signal(signal.SIGTERM)
        devnet.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--validators", type=int, default=4)
    parser.add_argument("--payments", type=int, default=30000)
    parser.add_argument("--window", type=int, default=1500)
    parser.add_argument("--latency-payments", type=int, default=300)
    parser.add_argument("--base-port", type=int, default=17400)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uncia-bench-") as directory:
        result, about_load = measure(arguments, directory)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in {**result, **about_load}.items():
        print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
