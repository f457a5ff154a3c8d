"""Runs uncia-indexer for the tests: a chain to index, a cluster to put it into, one run at a time, or one that goes on."""
import json
import os
import re
import select
import signal
import subprocess
import time
import urllib.error
import urllib.request

from cluster import Cluster
from network import TOOLS, fixture_accounts
from uncia import UnciaTest
from unciad import BIN, Output

TABLES = ("network", "cursor", "committees", "validators", "currencies", "accounts", "holds", "blocks", "payments", "outputs", "touches")


class Indexer:
	"""A running uncia-indexer."""

	def __init__(self, directory, *arguments):
		self.output = Output()
		self.process = subprocess.Popen([BIN / "uncia-indexer", *map(str, arguments)], cwd=directory, stdin=subprocess.DEVNULL,
			stdout=self.output.file, stderr=self.output.file)

	def said(self):
		return self.output.text()

	def until(self, condition, what, seconds=90):
		deadline = time.monotonic() + seconds
		while not (value := condition()):
			if self.process.poll() is not None or time.monotonic() > deadline:
				raise AssertionError(f"{what}: not within {seconds} s, or it ended ({self.process.poll()}): {self.said()[-2000:]}")
			time.sleep(0.02)
		return value

	def until_said(self, text, seconds=90):
		return self.until(lambda: re.search(text, self.said()), f"to say {text!r}", seconds)

	def url(self):
		return self.until_said(r"the explorer is at (http://\S+/)")[1]

	def end(self, number=signal.SIGTERM):
		if self.process.poll() is None:
			self.process.send_signal(number)
		code = self.process.wait(60)
		return code

	def close(self):
		if self.process.poll() is None:
			self.process.kill()
			self.process.wait()
		self.output.close()


class IndexerTest(UnciaTest):
	def cluster(self, **options):
		cluster = Cluster(**options)
		self.addCleanup(cluster.close)
		return cluster.start()

	def options(self, cluster):
		return ["--network", "network.conf", "--database", cluster.connection if isinstance(cluster, Cluster) else cluster]

	def index(self, cluster, *options, code=0):
		"""Runs it to its end. Returns (stdout, stderr)."""
		done = subprocess.run([BIN / "uncia-indexer", *self.options(cluster), *map(str, options)], cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
		self.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}")
		self.assertNotIn("Sanitizer", done.stderr)
		return done.stdout, done.stderr

	def begin(self, cluster, *options):
		indexer = Indexer(self.dir, *self.options(cluster), *options)
		self.addCleanup(indexer.close)
		return indexer

	def check(self, cluster, home="v0", code=0):
		out, _ = self.index(cluster, "--home", home, "--stopped", "--check", "--json", code=code)
		return json.loads(out)

	def contents(self, cluster):
		"""All rows of all tables, but for when they were written."""
		rows = {table: cluster.sql(f"select * from uncia.{table} t order by t::text;") for table in TABLES}
		rows["cursor"] = cluster.sql("select height, block_id, view, timestamp_ms, payments from uncia.cursor;")
		return rows

	def make_chain(self, mib, block_kib=64, certified=8, accounts=200):
		"""Homes v0 to v3, of which v0 has a chain of small payments, and network.conf. Returns its height."""
		keys = [text for i in range(4) for text in ("--validator", self.keygen(f"v{i}"))]
		money = [text for a in fixture_accounts(accounts) for text in ("--account", f"{a}=1000")]
		self.run_json("genesis", "--name", "indexed", "--smallest", "0.000001", "--output", "g", "--network", "network.conf", *money,
			*keys, *(text for i in range(4) for text in ("--at", f"{i}=127.0.0.1:{i + 1}")))
		for i in range(4):
			self.run_json("init", "--home", f"v{i}", "--genesis", "g", "--first-start")
		made = subprocess.run([TOOLS / "long_chain", "--small", str(accounts), str(mib), str(block_kib), str(certified), "1",
			*(self.dir / f"v{i}" for i in range(4))], check=True, stdout=subprocess.PIPE, text=True)
		return int(made.stdout)

	def start_paid_devnet(self):
		"""A devnet whose home and network file are v0 and network.conf here."""
		net = self.start_devnet()
		for i in range(4):
			(self.dir / f"v{i}").symlink_to(self.dir / "net" / f"v{i}")
		(self.dir / "network.conf").symlink_to(self.dir / "net/network.conf")
		return net


def get(url, path, code=200, method="GET", **headers):
	"""The answer's body, as text, and its headers."""
	request = urllib.request.Request(url + path, method=method, headers=headers)
	try:
		with urllib.request.urlopen(request, timeout=30) as answer:
			status, body, head = answer.status, answer.read().decode(), answer.headers
	except urllib.error.HTTPError as error:
		status, body, head = error.code, error.read().decode(), error.headers
	assert status == code, f"{path}: {status}: {body[:500]}"
	return body, head


def api(url, path, code=200):
	body, head = get(url, "api/v1/" + path, code)
	assert head["Content-Type"] == "application/json", head
	answer = json.loads(body)
	assert answer["v"] == 1, answer
	return answer
