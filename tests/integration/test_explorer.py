"""The explorer of uncia-indexer: it follows a validator that runs, answers, proves what it answers, and neither bad questions
nor slow or many clients hurt it."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from indexers import IndexerTest, api, get
from unciad import BIN


class Explorer(IndexerTest):
	def follow(self, *options, cluster=None):
		"""A devnet, an indexer that follows its first validator, and the explorer's URL."""
		self.net = self.start_paid_devnet()
		self.pg = cluster or self.cluster()
		self.indexer = self.begin(self.pg, "--home", "v0", "--listen", "127.0.0.1:0", *options)
		self.url = self.indexer.url()
		self.indexer.until(lambda: api(self.url, "status")["state"] == "following", "to follow")

	def pay(self, home, to, amount, *more):
		return self.uncia_json("--wallet", home, "--network", "network.conf", "send", to, amount, "--yes", *more)

	def until_indexed(self, identity):
		def found():
			with urllib.request.urlopen(f"{self.url}api/v1/search?q={identity}") as answer:
				return answer.status == 200
		def there():
			try:
				return found()
			except urllib.error.HTTPError:
				return False
		self.indexer.until(there, "to have the payment")

	def test_what_is_final_is_answered_and_proved(self):
		self.follow()
		alice, bob = self.wallet("alice"), self.wallet("bob")
		first = self.pay("net/treasury", alice, "50")["id"]
		referred = self.pay("alice", bob, "0.5", "--memo", "<script>alert(1)</script>")["id"]
		self.until_indexed(referred)
		payment = api(self.url, f"payments/{referred}")["payment"]
		self.assertEqual((payment["amount"], payment["currency"], payment["sender"], payment["kind"]), ("0.500000", "UNC", alice, "transfer"))
		self.assertEqual([(o["address"], o["amount"], o["reference"]) for o in payment["outputs"]], [(bob, "0.500000", None)])
		self.assertEqual(len(payment["memo_hash"]), 64)
		block = api(self.url, f"blocks/{payment['height']}")["block"]
		self.assertEqual(api(self.url, f"blocks/{block['id']}")["block"], block)
		self.assertEqual(api(self.url, f"blocks/{block['height']}/payments")["payments"][payment["index"]]["id"], referred)
		# The receipt is one, by the command that verifies offline.
		self.until(lambda: self.receipt_there(referred), "the certificate")
		receipt = api(self.url, f"payments/{referred}/receipt")["receipt"]
		verified = self.uncia_json("receipt", "verify", "--network", "network.conf", receipt)
		self.assertEqual((verified["id"], verified["height"]), (referred, payment["height"]))
		# The account, its history, its proof.
		account = api(self.url, f"accounts/{alice}")["account"]
		self.assertEqual((account["balance"], account["payments"], account["lives"]), ("49.500000", 2, True))
		history = api(self.url, f"accounts/{alice}/payments?limit=1")
		self.assertEqual([(p["id"], p["sent"], p["received"]) for p in history["payments"]], [(referred, "0.500000", "0.000000")])
		older = api(self.url, f"accounts/{alice}/payments?limit=1&before={history['next']}")
		self.assertEqual([(p["id"], p["sent"], p["received"]) for p in older["payments"]], [(first, "0.000000", "50.000000")])
		self.assertIsNone(older["next"])
		proof = self.indexer.until(lambda: self.proof_of(alice), "a proof")
		self.assertEqual((proof["balance"], proof["payments"]), ("49.500000", 2))
		# A hold.
		claim = self.uncia_json("--wallet", "alice", "--network", "network.conf", "claim", "new", "12")
		self.until_indexed(claim["id"])
		opened = api(self.url, f"payments/{claim['id']}")["payment"]["holds"]
		hold = api(self.url, f"accounts/{opened[0]['id']}")["account"]
		self.assertEqual((hold["kind"], hold["state"], hold["balance"], hold["home"], hold["opened_by"]), ("hold", "open", "12.000000", alice, claim["id"]))
		self.uncia_json("--wallet", "bob", "--network", "network.conf", "claim", "take", "-", stdin=claim["claim"])
		self.indexer.until(lambda: api(self.url, f"accounts/{opened[0]['id']}")["account"]["state"] == "taken", "it to be taken")
		self.assertEqual(len(api(self.url, f"accounts/{opened[0]['id']}/payments")["payments"]), 2)
		# The network.
		self.assertEqual(api(self.url, "currencies")["currencies"][0]["code"], "UNC")
		committee, = api(self.url, "committee")["committees"]
		self.assertEqual((len(committee["validators"]), committee["weight"], committee["faulty"]), (4, "4", "1"))
		self.assertEqual(get(self.url, "network.conf")[0], (self.dir / "network.conf").read_text())
		for q, kind in ((alice, "account"), (opened[0]["id"], "account"), (referred, "payment"), (block["id"], "block"), ("7", "block")):
			self.assertEqual(api(self.url, f"search?q={q}")["kind"], kind)
		# The validator ends and comes back: it waits, and goes on.
		before = api(self.url, "status")["height"]
		self.net.stop()
		self.indexer.until_said("waiting for the validator")
		self.assertEqual(api(self.url, "status")["state"], "no_validator")
		self.assertEqual(self.indexer.end(), 0)
		self.assertGreaterEqual(api_height(self.pg), before)
		self.index(self.pg, "--home", "v0", "--stopped")
		self.assertTrue(self.check(self.pg)["same"])

	def test_a_validator_that_is_followed_and_killed(self):
		self.follow()
		alice = self.wallet("alice")
		first = self.net.ready["validators"][0]
		os.kill(first["pid"], signal.SIGKILL)
		self.indexer.until_said("waiting for the validator: ")
		paid = self.pay("net/treasury", alice, "1")["id"]  # by the other three
		log = open(self.dir / "again.log", "wb")
		again = subprocess.Popen([BIN / "unciad", "start", "--home", "net/v0"], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
		self.addCleanup(log.close)
		self.addCleanup(again.wait, 60)
		self.addCleanup(again.terminate)
		self.until_indexed(paid)
		self.assertEqual(api(self.url, f"accounts/{alice}")["account"]["balance"], "1.000000")

	def test_followers_cost_the_validator_no_votes(self):
		"""Seven that ask from the genesis on, as fast as they can; some of them read nothing."""
		net = self.start_paid_devnet()
		alice = self.wallet("alice")
		greedy = [socket.socket(socket.AF_UNIX) for _ in range(7)]
		for s in greedy:
			self.addCleanup(s.close)
			s.connect(str(self.dir / "net/v0/control"))
			s.setblocking(False)
		# ControlRequest {request_id: 1, follow {from_height: 1}}, in its frame.
		question = bytes.fromhex("00000006" "0801" "5202" "0801")
		answered = [0] * 7
		deadline = time.monotonic() + 10
		while time.monotonic() < deadline:
			for i, s in enumerate(greedy):
				try:
					s.send(question * 50)
				except OSError:
					pass
				try:
					answered[i] += len(s.recv(1 << 20)) if i < 3 else 0
				except OSError:
					pass
			time.sleep(0.001)
		paid = self.pay("net/treasury", alice, "1")
		self.assertEqual(paid["state"], "final")
		self.assertTrue(all(answered[:3]))
		status = self.status("net/v0")
		self.assertEqual((status["voting"], status["running"]), ("yes", True))
		memory = int(re.search(r"^RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{net.ready['validators'][0]['pid']}/status").read_text(), re.M)[1])
		self.assertLess(memory, 400 << 10)

	def receipt_there(self, identity):
		try:
			return api(self.url, f"payments/{identity}/receipt")
		except AssertionError:
			return None

	def proof_of(self, address):
		try:
			return api(self.url, f"accounts/{address}/proof")
		except AssertionError:
			return None

	def test_bad_questions(self):
		self.follow()
		height = api(self.url, "status")["height"]
		for path, code, said in (("nothing", 404, "there is no such thing"), ("blocks/x", 400, "by its height, or by its id"),
				(f"blocks/{height + 10 ** 6}", 404, "no final block has that height yet"), ("blocks/" + "0" * 64, 404, "no final block has that id"),
				("blocks/99999999999999999999", 400, "by its height"), ("payments/12", 400, "by its id"),
				("payments/" + "a" * 64, 404, "no payment of that id"), ("payments/" + "a" * 64 + "/receipt", 404, "no payment of that id"),
				("accounts/unc1nobody", 400, "by its address"), ("accounts/hold:00", 400, "by its address"),
				("accounts/hold:" + "0" * 40, 404, "no hold of that id"), ("accounts/unc1vrkp3ygqqysjr5rej0qqd0l3tx9myt57x59p4n", 404, "nothing was ever paid"),
				("payments?limit=0", 400, "from 1 to 100"), ("payments?limit=101", 400, "from 1 to 100"), ("payments?limit=%00", 400, "from 1 to 100"),
				("payments?before=7", 400, "HEIGHT.INDEX"), ("blocks?with=others", 400, "with is payments"), ("blocks?before=-1", 400, "before is a height"),
				("search", 400, "q is what is looked for"), ("search?q=" + "x" * 300, 400, "q is what is looked for"),
				("search?q=%3Cscript%3E", 404, "no height, no id"), ("accounts/" + "a" * 300, 404, "there is no such thing"),
				("payments/" + "'" * 64, 400, "by its id"), ("accounts/x/payments/y", 404, "there is no such thing")):
			answer = api(self.url, path, code)
			self.assertIn(said, answer["error"], path)
			self.assertTrue(answer["code"])
		for method in ("POST", "PUT", "DELETE", "OPTIONS"):
			body, head = get(self.url, "api/v1/status", 405, method)
			self.assertEqual(head["Allow"], "GET, HEAD")
		self.assertEqual(get(self.url, "api/v1/status", method="HEAD")[0], "")
		self.assertEqual(get(self.url, "%2e%2e/etc/passwd", 404)[1]["Content-Type"], "application/json")
		page, head = get(self.url, "")
		self.assertIn("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'", head["Content-Security-Policy"])
		self.assertIn("frame-ancestors 'none'", head["Content-Security-Policy"])
		self.assertEqual((head["X-Content-Type-Options"], head["Referrer-Policy"]), ("nosniff", "no-referrer"))
		self.assertNotRegex(page, r"(src|href)=\"(https?:)?//|style=|<script>|onclick")

	def test_slow_and_many_clients(self):
		self.follow("--per-address", "40")
		host, port = self.url.split("/")[2].split(":")
		# Half requests, and requests whose answers nobody reads, as many as one address may have.
		slow = []
		for i in range(60):
			s = socket.create_connection((host, int(port)))
			self.addCleanup(s.close)
			try:
				s.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n" if i % 2 else b"GET /explorer.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
			except OSError:
				pass  # it was closed at once
			slow.append(s)
		for s in slow[:30]:
			s.close()
		deadline = time.monotonic() + 30
		while True:  # places are free again
			try:
				status = api(self.url, "status")
				break
			except OSError:
				self.assertLess(time.monotonic(), deadline)
		self.assertIn(status["state"], ("following", "catching_up"))
		for s in slow:
			s.close()
		# Viewers wait without a thread, and get what is new.
		viewers = [self.viewer(host, port) for _ in range(30)]
		api(self.url, "blocks")  # though each of them waits
		seen = [self.event(viewer) for viewer in viewers]
		self.assertEqual(len(seen), 30)
		newer = [self.event(viewer) for viewer in viewers]
		self.assertTrue(all(b["height"] > a["height"] for a, b in zip(seen, newer)))
		self.assertEqual(self.indexer.end(), 0)
		self.assertNotIn("Sanitizer", self.indexer.said())

	def viewer(self, host, port):
		"""A stream of events. Places of connections that are closed are free a moment later."""
		deadline = time.monotonic() + 30
		while True:
			s = socket.create_connection((host, int(port)), timeout=30)
			self.addCleanup(s.close)
			stream = s.makefile("rb")
			try:
				s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
				if stream.readline().startswith(b"HTTP/1.1 200"):
					return stream
			except ConnectionError:
				pass
			self.assertLess(time.monotonic(), deadline)

	def event(self, stream):
		for line in stream:
			if line.startswith(b"data: "):
				return json.loads(line[6:])
		self.fail("the stream has ended")

	def test_the_database_goes_away_and_comes_back(self):
		self.follow()
		self.pg.stop()
		self.indexer.until_said("waiting for PostgreSQL: ")
		answer = self.indexer.until(lambda: self.unavailable(), "to say that it has no database")
		self.assertEqual(answer["code"], "database")
		self.assertEqual(api(self.url, "status")["state"], "no_database")
		self.pg.start()
		before = api_height(self.pg)
		self.indexer.until(lambda: api(self.url, "status")["state"] == "following", "to go on")
		self.indexer.until(lambda: api_height(self.pg) > before, "to index")
		self.indexer.until(lambda: self.available(), "to answer again")

	def unavailable(self):
		try:
			return api(self.url, "blocks", 503)
		except AssertionError:
			return None

	def available(self):
		try:
			return api(self.url, "blocks")
		except AssertionError:
			return None

	def test_another_process_answers_alone(self):
		self.follow()
		reader = self.begin(self.pg, "--listen", "127.0.0.1:0")
		url = reader.url()
		reader.until(lambda: api(url, "status")["state"] == "reading", "to read")
		host, port = url.split("/")[2].split(":")
		viewer = self.viewer(host, port)
		first = self.event(viewer)
		self.assertGreater(self.event(viewer)["height"], first["height"])
		self.assertEqual(reader.end(), 0)


def api_height(cluster):
	return int(cluster.sql("select height from uncia.cursor;"))


if __name__ == "__main__":
	unittest.main()
