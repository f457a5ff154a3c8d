"""What is inside a running validator: /metrics and /healthz of a network that pays, loses its quorum and gets it back; clients
that flood them; SIGHUP; the log's file; what status advises."""
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

from network import NetworkTest
from unciad import free_port, free_ports

SAMPLE = re.compile(r'^(\w+)(\{[a-z_]+="[^"\n]*"\})? (\S+)$')


def get(port, path="/metrics", seconds=20):
	"""The status and the body of an answer."""
	try:
		with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
			return answer.status, answer.read().decode()
	except urllib.error.HTTPError as error:
		return error.code, error.read().decode()


def samples(text):
	"""Every sample by its name and label; the text must have no other lines."""
	found = {}
	for line in text.splitlines():
		if line.startswith("# "):
			continue
		match = SAMPLE.match(line)
		assert match and match[1] + (match[2] or "") not in found, line
		found[match[1] + (match[2] or "")] = float(match[3])
	return found


def resident(pid):
	return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) << 10


class MetricsTest(NetworkTest):
	def start_shown(self, *options, count=4):
		network = self.start_network("--metrics", *options, count=count)
		for validator, ready in zip(network.validators, network.devnet.ready["validators"]):
			validator.shown = ready["metrics_port"]
		return network

	def start_again(self, validator):
		validator.start(arguments=("start", "--metrics", f"127.0.0.1:{validator.shown}", "--home"))

	def figures(self, validator):
		status, text = get(validator.shown)
		self.assertEqual(status, 200, text)
		return samples(text)

	def wait_figures(self, validator, condition, what):
		"""Figures may be a second old."""
		return self.until(lambda: (f := self.figures(validator)) and condition(f) and f, what)


class Figures(MetricsTest):
	def test_they_are_those_of_what_was_done(self):
		network = self.start_shown()
		alice = self.new_wallet(network, "alice")
		for _ in range(6):
			self.assertEqual(network.treasury.send(alice, "1")["state"], "final")
		brought = 0
		for validator in network.validators:
			f = self.wait_figures(validator, lambda f: f["uncia_final_payments_total"] >= 6, "the payments to be counted")
			self.assertEqual((f["uncia_final_payments_total"], f["uncia_accounts"]), (6, 2))
			self.assertEqual((f["uncia_voting"], f['uncia_voting_state{state="yes"}'], f['uncia_waits_for{state="nothing"}']), (1, 1, 1))
			self.assertEqual((f["uncia_linked_weight"], f["uncia_needed_weight"], f["uncia_validators"]), (4, 3, 4))
			self.assertEqual(f[f'uncia_validator_info{{validator="{validator.number}"}}'], 1)
			others = [i for i in range(4) if i != validator.number]
			self.assertEqual([f.get(f'uncia_peer_up{{validator="{i}"}}') for i in range(4)],
				[1 if i in others else None for i in range(4)])
			# Every block was proposed and voted for by somebody; what became final took some time and not long.
			self.assertGreaterEqual(f['uncia_votes_cast_total{kind="notar1"}'], 6)
			self.assertEqual(f["uncia_finality_seconds_count"], f["uncia_final_blocks_total"] - f["uncia_fetched_blocks_total"])
			self.assertEqual(f['uncia_finality_seconds_bucket{le="+Inf"}'], f["uncia_finality_seconds_count"])
			self.assertTrue(1 <= f["uncia_payment_seconds_count"] <= 6, f["uncia_payment_seconds_count"])
			self.assertGreater(f["uncia_journal_commit_seconds_count"], 6)
			self.assertGreater(f["uncia_journal_bytes_total"], f["uncia_journal_records_total"])
			self.assertGreaterEqual(f['uncia_verifier_signatures_total{urgency="other"}'], 6)
			self.assertEqual(f["uncia_final_idle_seconds"] < 30, True)
			self.assertEqual((f["uncia_stalled_seconds"], f["uncia_pool_payments"]), (0, 0))
			self.assertEqual(f["uncia_wallet_links_max"], 1024)
			brought += f["uncia_submitted_payments_total"]
			# Against what the system says of the process.
			self.assertAlmostEqual(f["process_start_time_seconds"], time.time(), delta=600)
			self.assertEqual(f["process_start_time_seconds"], self.figures(validator)["process_start_time_seconds"])
			descriptors = len(os.listdir(f"/proc/{validator.pid}/fd"))
			self.assertAlmostEqual(f["process_open_fds"], descriptors, delta=20)
			self.assertEqual(f["process_threads"], len(os.listdir(f"/proc/{validator.pid}/task")))
			status = self.status(validator.home)
			self.assertLessEqual(f["uncia_final_height"], status["height"])
		self.assertGreaterEqual(brought, 6)
		checked = subprocess.run(["promtool", "check", "metrics"], input=get(network.validators[0].shown)[1], text=True,
			stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		self.assertEqual((checked.returncode, checked.stdout), (0, ""))
		network.stop_and_check()

	def test_labels_are_numbers_of_validators_and_words_of_ours(self):
		network = self.start_shown(count=2)
		text = get(network.validators[0].shown)[1]
		labels = dict.fromkeys(re.findall(r'\{(\w+)="', text))
		self.assertEqual(set(labels), {"version", "checked", "validator", "state", "kind", "reason", "urgency", "database", "le"})
		self.assertLessEqual(set(re.findall(r'\{validator="([^"]*)"\}', text)), {"0", "1"})
		network.stop()


class Health(MetricsTest):
	def test_it_is_503_while_payments_wait_and_a_quorum_is_gone_and_200_when_it_is_back(self):
		network = self.start_shown()
		alice = self.new_wallet(network, "alice")
		network.treasury.send(alice, "1")
		first = network.validators[0]
		self.assertEqual(get(first.shown, "/healthz"), (200, "ok\n"))
		for validator in network.validators[2:]:
			validator.kill()
		began = time.monotonic()
		network.treasury.run("send", alice.address, "1", "--no-wait", network=network.file_of([0]))
		status, said = self.until(lambda: (a := get(first.shown, "/healthz"))[0] == 503 and a, "it to be 503")
		self.assertGreater(time.monotonic() - began, 9)
		self.assertRegex(said, r"^nothing has become final for 1\d s while payments wait \(1 in the pool\): weight 2 is linked, itself "
			r"included, of 3 needed\n$")
		f = self.figures(first)
		self.assertEqual([f[f'uncia_peer_up{{validator="{i}"}}'] for i in (1, 2, 3)], [1, 0, 0])
		self.assertEqual((f["uncia_linked_weight"], f["uncia_pool_payments"], f['uncia_waits_for{state="links"}']), (2, 1, 1))
		self.assertGreaterEqual(f["uncia_stalled_seconds"], 10)
		advice = self.status(first.home)
		self.assertIn("see that validators 2 3 run", advice["advice"])
		self.assertEqual((advice["weight_linked"], advice["weight_needed"]), (2, 3))
		self.assertGreater(advice["final_age_ms"], 9000)
		self.assertEqual(self.status(network.validators[2].home)["advice"], "start it (unciad start)")
		self.start_again(network.validators[2])
		self.until(lambda: get(first.shown, "/healthz") == (200, "ok\n"), "it to be well again")
		self.assertEqual(self.wait_figures(first, lambda f: f["uncia_final_payments_total"] == 2, "the payment")["uncia_stalled_seconds"], 0)
		self.assertIn("see that validators 3 run and can be reached: with one more of them missing nothing becomes final",
			self.status(first.home)["advice"])
		self.start_again(network.validators[3])
		network.wait_voting()
		self.until(lambda: self.status(first.home)["advice"] == "nothing", "all to be well")
		network.stop_and_check()

	def test_a_validator_that_may_not_vote_is_503_and_says_why(self):
		network = self.start_shown()
		last = network.validators[3]
		last.stop()
		settings = self.dir / last.home / "unciad.conf"
		settings.write_text(settings.read_text().replace("[node]\n", "[node]\nspace_reserve_mb = 1000000\n", 1))
		self.start_again(last)
		self.until(lambda: get_or_none(last.shown) == (503, "not voting: its disk is full\n"), "it to say so")
		self.assertEqual(self.figures(last)['uncia_voting_state{state="no_space"}'], 1)
		self.assertIn("free space", self.status(last.home)["advice"])
		network.stop()


def get_or_none(port):
	try:
		return get(port, "/healthz")
	except OSError: # it does not listen yet
		return None


class Clients(MetricsTest):
	def test_clients_that_flood_it_cost_bounded_memory_and_delay_no_vote(self):
		network = self.start_shown()
		alice = self.new_wallet(network, "alice")
		first = network.validators[0]
		network.treasury.send(alice, "1")
		get(first.shown)
		before, opened = resident(first.pid), len(os.listdir(f"/proc/{first.pid}/fd"))
		elapsed = lambda: sorted(network.treasury.send(alice, "0.01")["elapsed_ms"] for _ in range(9))[4]
		usual = elapsed()
		crowd = []
		self.addCleanup(lambda: [s.close() for s in crowd])
		most = most_opened = 0
		for i in range(1000):
			crowd.append(socket.create_connection(("127.0.0.1", first.shown), 10))
			crowd[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
			try:
				crowd[-1].send((b"GET /metrics HTTP/1.1\r\n\r\n", b"\x16\x03\x01garbage" * 50, b"G", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
					b"")[i % 5])
			except OSError: # it was pushed out already
				pass
			if i % 100 == 99:
				most = max(most, resident(first.pid))
				most_opened = max(most_opened, len(os.listdir(f"/proc/{first.pid}/fd")))
		under = elapsed()
		most = max(most, resident(first.pid))
		self.assertLess(most - before, 16 << 20)
		self.assertLess(most_opened - opened, 32 + 20)
		# By the median of nine: what a busy machine does to single ones is no matter.
		self.assertLess(under, 4 * usual + 200, f"{usual} ms before")
		self.assertEqual(get(first.shown, "/healthz")[0], 200)
		f = self.figures(first)
		self.assertEqual(f["uncia_stalled_seconds"], 0)
		network.stop_and_check()


class Options(MetricsTest):
	def test_it_is_off_where_nobody_asks_for_it(self):
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")
		self.assertIn("\n# metrics = 127.0.0.1:9464\n", (self.dir / "v0/unciad.conf").read_text())
		self.assertIn("\n# log = unciad.log\n", (self.dir / "v0/unciad.conf").read_text())
		network = self.start_network(count=1)
		self.assertNotIn("event=metrics", network.validators[0].log())

	def test_init_writes_them_and_refuses_what_a_configuration_contradicts(self):
		self.make_genesis()
		base = ["init", "--home", "v0", "--genesis", "g", "--first-start"]
		for message, options in (("--metrics x: not HOST:PORT", ["--metrics", "x"]),
				("--log-level loud: not error, warning, info or debug", ["--log-level", "loud"]),
				("--log : not the name of a file", ["--log", ""]),
				("--metrics has the port of --listen", ["--metrics", "127.0.0.1:7400"])):
			with self.subTest(message):
				self.refuses(2, message, *base, *options)
		self.run_unciad(*base, "--metrics", "127.0.0.1:9464", "--log", "a log", "--log-level", "debug")
		text = (self.dir / "v0/unciad.conf").read_text()
		for line in ("metrics = 127.0.0.1:9464", "log = a log", "log_level = debug"):
			self.assertIn(f"\n{line}\n", text)
		(self.dir / "v1/unciad.conf").write_text(text)
		for option, value in (("--metrics", "127.0.0.1:9465"), ("--log", "b"), ("--log-level", "info")):
			with self.subTest(option):
				self.refuses(2, f"{option} {value}: v1/unciad.conf is there already, is kept, and does not say so", "init", "--home", "v1",
					"--genesis", "g", "--first-start", option, value)
		self.run_unciad("init", "--home", "v1", "--genesis", "g", "--first-start", "--metrics", "127.0.0.1:9464", "--log", "a log",
			"--log-level", "debug")

	def test_start_refuses_what_cannot_be(self):
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start", "--listen", f"127.0.0.1:{free_port()}")
		for line, message in (("metrics = nowhere", "metrics = nowhere: not HOST:PORT"), ("metrics = h:1\nmetrics = h:2", "metrics is given twice"),
				("log = a\nlog = b", "log is given twice"),
				("listen_websocket = h:7\nmetrics = h:7", "metrics has the port of listen_websocket (h:7): metrics need one of their own")):
			with self.subTest(line):
				conf = self.dir / "v0/unciad.conf"
				text = conf.read_text()
				conf.write_text(text.replace("[node]\n", f"[node]\n{line}\n", 1))
				self.refuses(2, message, "start", "--home", "v0")
				conf.write_text(text)
		with socket.create_server(("127.0.0.1", 0)) as taken:
			port = taken.getsockname()[1]
			self.refuses(1, f"port {port} on 127.0.0.1 is in use by another process", "start", "--home", "v0", "--metrics", f"127.0.0.1:{port}")
			self.refuses(1, "in use by another process", "start", "--home", "v0", "--metrics", f"127.0.0.1:{port}", "--log", "log")
			self.assertRegex((self.dir / "v0/log").read_text(), r"level=error event=not_started why=\"port \d+ on 127.0.0.1 is in use")
		self.refuses(1, "v0/nowhere/log: No such file or directory", "start", "--home", "v0", "--log", "nowhere/log")
		self.refuses(1, "v0/data: Is a directory", "start", "--home", "v0", "--log", "data")


class Hangup(MetricsTest):
	def start_two(self):
		"""A network of two, in which validator 0 dials; each logs into a file."""
		network = self.start_shown(count=2)
		for validator in network.validators:
			validator.stop()
			settings = self.dir / validator.home / "unciad.conf"
			settings.write_text(settings.read_text().replace("[node]\n", "[node]\nlog = own.log\n", 1))
			self.start_again(validator)
		network.wait_voting()
		return network

	def edit(self, validator, *changes):
		settings = self.dir / validator.home / "unciad.conf"
		text = settings.read_text()
		for pattern, new in changes:
			text, count = re.subn(pattern, new, text, count=1, flags=re.M)
			self.assertEqual(count, 1, pattern)
		settings.write_text(text)

	def hang_up(self, validator, word, file="own.log"):
		"""SIGHUP; waits until the log has one more line with the word. Returns it."""
		path = self.dir / validator.home / file
		before = path.read_text().count(word) if path.exists() else 0
		validator.signal(signal.SIGHUP)
		self.until(lambda: path.exists() and path.read_text().count(word) > before, f"{word} in {path}")
		return [line for line in path.read_text().splitlines() if word in line][-1]

	def test_the_log_goes_to_a_file_that_is_opened_anew(self):
		network = self.start_two()
		first = network.validators[0]
		own = self.dir / first.home / "own.log"
		self.assertIn("event=listening", own.read_text())
		self.assertEqual(own.stat().st_mode & 0o777, 0o640)
		self.assertEqual(first.log().count("event=listening"), 1) # of devnet's own start
		rotated = own.rename(own.with_name("own.log.1"))
		self.assertIn("event=reloaded", self.hang_up(first, "event=reloaded"))
		self.assertNotIn("event=reloaded", rotated.read_text())
		# Where it cannot be opened, the one that was is gone on with.
		own.unlink()
		own.mkdir()
		first.signal(signal.SIGHUP)
		kept = next(pathlib.Path(f"/proc/{first.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{first.pid}/fd")
			if os.readlink(f"/proc/{first.pid}/fd/{fd}").endswith("own.log (deleted)"))
		self.until(lambda: "event=log_not_opened" in kept.read_text(), "the file that was to say so")
		self.assertIn("Is a directory", kept.read_text())
		self.assertTrue(first.is_running())
		own.rmdir()
		self.hang_up(first, "event=reloaded")
		network.stop()
		self.assertIn("event=stopping", own.read_text())

	def test_a_level_is_taken_over_and_an_option_stands_above_it(self):
		network = self.start_two()
		first, second = network.validators
		self.edit(first, (r"^log_level = .*$", "log_level = debug"))
		self.assertIn("log_level=debug", self.hang_up(first, "event=reloaded"))
		own = self.dir / first.home / "own.log"
		self.until(lambda: "level=debug event=final" in own.read_text(), "a line that only this level has")
		second.stop()
		second.start(arguments=("start", "--log-level", "warning", "--home"))
		network.wait_voting()
		self.edit(second, (r"^log_level = .*$", "log_level = debug"))
		self.edit(second, (r"^# wallet_links = .*$", "wallet_links = 7"))
		size = len((self.dir / second.home / "own.log").read_text())
		second.signal(signal.SIGHUP)
		height = self.status(second.home)["height"]
		self.until(lambda: self.status(second.home)["height"] > height + 2, "blocks to become final")
		self.assertNotIn("level=debug", (self.dir / second.home / "own.log").read_text()[size:])
		network.stop()

	def test_what_is_wrong_changes_nothing_and_is_told(self):
		network = self.start_two()
		first = network.validators[0]
		self.edit(first, (r"^log_level = .*$", "log_level = loud"), (r"^address = .*$", "address = 127.0.0.1:1"))
		line = self.hang_up(first, "event=reload_failed")
		self.assertRegex(line, r'why=".*unciad.conf:\d+: log_level = loud: not error, warning, info or debug"')
		self.assertEqual(first.log().count("log_level = loud"), 0) # whoever reads standard error may keep it from voting
		network.validators[1].stop()
		self.start_again(network.validators[1])
		self.wait_figures(first, lambda f: f['uncia_peer_up{validator="1"}'] == 1 and f["uncia_peer_links_total"] > 1,
			"the address of before to be dialled")
		(self.dir / first.home / "unciad.conf").unlink()
		self.assertIn("put your copy of it back", self.hang_up(first, "event=reload_failed"))
		network.stop()

	def test_others_addresses_are_taken_over_and_the_rest_needs_a_start(self):
		network = self.start_two()
		first, second = network.validators
		second.stop()
		port = free_ports(1)
		self.edit(second, (r"^listen = .*$", f"listen = 127.0.0.1:{port}"))
		self.start_again(second)
		own = self.dir / first.home / "own.log"
		self.until(lambda: "event=dial_failed" in own.read_text(), "the first one to dial in vain")
		self.edit(first, (r"^address = .*$", f"address = 127.0.0.1:{port}"), (r"^# wallet_links = .*$", "wallet_links = 7"),
			(r"^# metrics = .*$", "metrics = 127.0.0.1:1"))
		self.assertIn("needs_start=wallet_links", self.hang_up(first, "event=reloaded")) # metrics: by an option
		self.assertIn(f"event=peer_address peer=1 host=127.0.0.1 port={port}", own.read_text())
		self.wait_figures(first, lambda f: f['uncia_peer_up{validator="1"}'] == 1, "the link")
		height = self.status(first.home)["height"]
		self.until(lambda: self.status(first.home)["height"] > height, "finality")
		# One whose address is taken away keeps its link.
		self.edit(first, (r"^\[peer\.1\]\naddress = .*$", ""))
		self.hang_up(first, "event=peer_address peer=1 host=\"\"")
		self.assertIn("event=no_address peer=1", own.read_text())
		self.assertEqual(self.figures(first)['uncia_peer_up{validator="1"}'], 1)
		network.stop()


if __name__ == "__main__":
	unittest.main()
