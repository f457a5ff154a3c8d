"""PostgreSQL beside it: the same transfers as one function on the server, unsigned, in a cluster of its own that goes
away afterwards. fsync is on, the client (pgbench) has the same processors and connects by the socket of the machine,
statements are prepared, ids are small numbers: where there was a choice, the one that is faster for PostgreSQL."""
import glob
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import time

from measures import CORES, spread
from validators import BenchError, TICK

CLIENTS = (1, 8, 32)
STANDBYS = 3
SETTINGS = ["listen_addresses=", "shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min", "max_connections=64",
            "fsync=on", "synchronous_commit=on", "logging_collector=off", "log_checkpoints=off"]

SCHEMA = """
create table account (id bigint primary key, balance bigint not null check (balance >= 0)) with (fillfactor = 70);
create table payment (id bigint primary key, payer bigint not null, payee bigint not null, amount bigint not null,
    at timestamptz not null default now());
insert into account select i, 1000000000 from generate_series(1, {accounts}) i;

-- Replays are kept out by the key of payment. Rows are taken in the order of their ids, so that nobody waits in a circle.
create function transfer(new_id bigint, payer_id bigint, payee_id bigint, units bigint) returns void language plpgsql as $$
begin
    insert into payment (id, payer, payee, amount) values (new_id, payer_id, payee_id, units);
    if payer_id < payee_id then
        update account set balance = balance - units where id = payer_id;
        update account set balance = balance + units where id = payee_id;
    else
        update account set balance = balance + units where id = payee_id;
        update account set balance = balance - units where id = payer_id;
    end if;
end $$;

-- A hundred, drawn on the server, in one statement each: what is known in advance can be done together.
create function transfer_hundred(accounts bigint) returns void language plpgsql as $$
declare
    ids bigint[]; payers bigint[]; payees bigint[];
begin
    select array_agg((random() * 4611686018427387904)::bigint), array_agg(1 + (random() * (accounts - 1))::bigint),
           array_agg(1 + (random() * (accounts - 1))::bigint) into ids, payers, payees from generate_series(1, 100);
    insert into payment (id, payer, payee, amount) select *, 1 from unnest(ids, payers, payees);
    perform 1 from account where id = any (payers || payees) order by id for update;
    update account set balance = balance + change.units from
        (select id, sum(units) as units from (select unnest(payers) as id, -1 as units union all select unnest(payees), 1) each
         group by id) change where account.id = change.id;
end $$;
"""
ONE = """\\set payer random(1, {accounts})
\\set payee random(1, {accounts})
\\set id random(1, 4611686018427387904)
select transfer(:id, :payer, :payee, 1);
"""
HUNDRED = "select transfer_hundred({accounts});\n"


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise BenchError("PostgreSQL is not installed")
    return pathlib.Path(found[-1]).parent


class Servers:
    """One primary, and standbys once they are asked for. They refuse to run as root: then they run as postgres."""

    def __init__(self, directory, base_port):
        self.bin, self.base_port = programs(), base_port
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.directory = pathlib.Path(directory)
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="uncia-pg-"))  # their paths have to be short
        self.processes = []
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        if self.user:
            for path in (self.directory, self.sockets):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
            if subprocess.run(self.as_user("test", "-w", self.directory)).returncode:
                raise BenchError(f"user postgres cannot reach {self.directory}: give a --dir that it can")

    def as_user(self, *command):
        prefix = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []
        return [*prefix, *map(str, command)]

    def command(self, program, *arguments):
        return self.as_user(self.bin / program, *arguments)

    def run(self, program, *arguments, text=None):
        done = subprocess.run(self.command(program, *arguments), input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, cwd=self.directory)
        if done.returncode:
            raise BenchError(f"{program}: {done.stdout[-800:]}")
        return done.stdout

    def sql(self, text):
        return self.run("psql", "-h", self.sockets, "-p", self.base_port, "-U", "bench", "-d", "postgres", "-qAt",
                        "-v", "ON_ERROR_STOP=1", "-f", "-", text=text)

    def start(self, name, number):
        options = [text for setting in SETTINGS for text in ("-c", setting)]
        with open(self.directory / f"{name}.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                self.command("postgres", "-D", self.directory / name, "-k", self.sockets, "-p", self.base_port + number, "-c",
                             f"cluster_name={name}", *options), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory))
        for _ in range(600):
            ready = subprocess.run(self.command("pg_isready", "-q", "-h", self.sockets, "-p", self.base_port + number))
            if ready.returncode == 0:
                return
            if self.processes[-1].poll() is not None:
                break
            time.sleep(0.1)
        raise BenchError(f"{name}: {(self.directory / f'{name}.log').read_text()[-800:]}")

    def begin(self, accounts):
        self.run("initdb", "-D", self.directory / "primary", "-U", "bench", "-A", "trust", "--no-locale", "-E", "UTF8")
        self.start("primary", 0)
        self.sql(SCHEMA.format(accounts=accounts) + "vacuum analyze;")

    def add_standbys(self):
        names = [f"standby{i}" for i in range(1, STANDBYS + 1)]
        for number, name in enumerate(names, 1):
            self.run("pg_basebackup", "-D", self.directory / name, "-h", self.sockets, "-p", self.base_port, "-U", "bench", "-R",
                     "-c", "fast")
            self.start(name, number)
        self.sql(f"alter system set synchronous_standby_names = 'FIRST {STANDBYS} ({', '.join(names)})'; select pg_reload_conf();")
        for _ in range(600):
            if self.sql("select count(*) from pg_stat_replication where sync_state = 'sync';").strip() == str(STANDBYS):
                return
            time.sleep(0.1)
        raise BenchError("the standbys do not follow")

    def cpu_seconds(self):
        """Of all servers: their processes that live, and those that the first of each has buried."""
        parents = {process.pid for process in self.processes}
        total = 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = pathlib.Path(path).read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(path.split("/")[2]) in parents:
                total += sum(int(field) for field in fields[11:15])
            elif int(fields[1]) in parents:
                total += int(fields[11]) + int(fields[12])
        return total / TICK

    def backends(self):
        return int(self.sql("select count(*) from pg_stat_activity where backend_type = 'client backend';"))

    def measure(self, script, clients, seconds):
        """Returns pgbench's calls, calls a second, latencies in µs, and the processor time of all servers."""
        for old in self.directory.glob("calls.*"):
            old.unlink()
        path = self.directory / "script.sql"
        path.write_text(script)
        before = self.cpu_seconds()
        out = self.run("pgbench", "-n", "-M", "prepared", "-h", self.sockets, "-p", self.base_port, "-U", "bench", "-c", clients,
                       "-j", min(clients, CORES), "-T", max(int(seconds), 1), "-f", path, "-l", "--log-prefix",
                       self.directory / "calls", "postgres")
        while self.backends() > 1:  # this question's own
            time.sleep(0.05)
        cpu = self.cpu_seconds() - before
        failed = re.search(r"number of failed transactions: (\d+)", out)
        if failed and int(failed[1]):
            raise BenchError(f"pgbench: {failed[0]}")
        latencies = sorted(int(line.split()[2]) for file in self.directory.glob("calls.*") for line in open(file))
        return len(latencies), float(re.search(r"tps = ([0-9.]+)", out)[1]), latencies, cpu

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)


def series_of(servers, standbys, accounts, runs, seconds):
    for transfers, script in ((1, ONE), (100, HUNDRED)):
        script = script.format(accounts=accounts)
        for clients in CLIENTS:
            servers.sql("checkpoint;")
            servers.measure(script, clients, 1)
            done = [servers.measure(script, clients, seconds) for _ in range(runs)]
            yield {"standbys": standbys, "transfers_a_call": transfers, "clients": clients,
                   "tps": spread([rate * transfers for _, rate, _, _ in done]),
                   "cpu_us_per_transfer": spread([cpu * 1e6 / calls / transfers for calls, _, _, cpu in done]),
                   "p50_ms": spread([times[len(times) // 2] / 1e3 for _, _, times, _ in done]),
                   "p99_ms": spread([times[len(times) * 99 // 100] / 1e3 for _, _, times, _ in done])}


def measure(directory, base_port, accounts, runs, seconds, say):
    """The version, and the series: without standbys, then with them."""
    servers = Servers(directory, base_port)
    try:
        servers.begin(accounts)
        result = {"version": servers.sql("show server_version;").strip(), "series": []}
        for standbys in (0, STANDBYS):
            say(f"postgres with {standbys} standbys")
            if standbys:
                servers.add_standbys()
            result["series"] += series_of(servers, standbys, accounts, runs, seconds)
        return result
    finally:
        servers.end()
