"""History in PostgreSQL: a chain of ordinary payments, written by long_chain into the home of a validator that is stopped, goes
into an empty cluster of its own, with fsync on, by uncia-indexer on the same processors."""
import resource
import shutil
import subprocess
import time

import postgres
from measures import spread
from validators import BenchError

BLOCK_KIB = 64  # some 300 payments: 17 blocks a second at 5,000


def make_chain(tools, directory, mib, accounts):
    """Homes of four, the first of which has a chain of payments with one output each, every block with a certificate."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tests = tools.bin.parent / "tests"
    listed = subprocess.run([tests / "wire_client", "accounts", str(accounts)], check=True, stdout=subprocess.PIPE, text=True)
    command = ["genesis", "--name", "bench", "--smallest", "0.000001", "--output", directory / "genesis",
               "--network", directory / "network.conf"]
    for address in listed.stdout.split():
        command += ["--account", f"{address}=1000000"]
    for i in range(4):
        key = tools.unciad("keygen", "--home", directory / f"v{i}")
        command += ["--validator", f"{key['consensus_key']}:{key['network_key']}", "--at", f"{i}=127.0.0.1:{tools.base_port + i}"]
    tools.unciad(*command)
    homes = [directory / f"v{i}" for i in range(4)]
    for home in homes:
        tools.unciad("init", "--home", home, "--genesis", directory / "genesis", "--first-start")
    made = subprocess.run([tests / "long_chain", "--small", str(accounts), str(mib), str(BLOCK_KIB), "1", "1", *homes],
                          stdout=subprocess.PIPE, text=True)
    if made.returncode:
        raise BenchError(f"long_chain: exit code {made.returncode}")
    return int(made.stdout)


def one_run(tools, directory, servers, number):
    servers.sql(f"create database run{number};")
    before, cpu = resource.getrusage(resource.RUSAGE_CHILDREN), servers.cpu_seconds()
    began = time.monotonic()
    done = subprocess.run([tools.bin / "uncia-indexer", "--network", directory / "network.conf", "--database",
                           f"host={servers.sockets} port={servers.base_port} user=bench dbname=run{number}", "--home",
                           directory / "v0", "--stopped"], stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise BenchError(f"uncia-indexer: {done.stderr[-500:]}")
    asked = servers.run("psql", "-h", servers.sockets, "-p", servers.base_port, "-U", "bench", "-d", f"run{number}", "-qAt", "-c",
                        "select payments, pg_database_size(current_database()) from uncia.cursor;")
    payments, size = map(int, asked.strip().split("|"))
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"payments": payments, "seconds": seconds, "own_us": own * 1e6 / payments,
            "server_us": (servers.cpu_seconds() - cpu) * 1e6 / payments, "bytes": size / payments}


def measure(tools, mib, accounts, runs, say):
    """Payments a second into PostgreSQL, what each costs the indexer and the server in processor time, and on the disk."""
    directory = tools.directory / "running-indexed"
    say(f"writing {mib} MiB of payments between {accounts} accounts")
    blocks = make_chain(tools, directory, mib, accounts)
    servers = postgres.Servers(tools.directory / "running-indexed-postgres", tools.base_port + 100)
    try:
        servers.run("initdb", "-D", servers.directory / "primary", "-U", "bench", "-A", "trust", "--no-locale", "-E", "UTF8")
        servers.start("primary", 0)
        done = []
        for number in range(runs):
            say(f"indexing, run {number + 1} of {runs}")
            done.append(one_run(tools, directory, servers, number))
    finally:
        servers.end()
        shutil.rmtree(directory, ignore_errors=True)
    return {"blocks": blocks, "payments": done[0]["payments"], "accounts": accounts,
            "tps": spread([d["payments"] / d["seconds"] for d in done]), "indexer_us": spread([d["own_us"] for d in done]),
            "server_us": spread([d["server_us"] for d in done]), "bytes": spread([d["bytes"] for d in done])}
