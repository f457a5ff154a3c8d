"""Alert rules on recorded figures, by promtool; the board and the rules against the metrics that exist; a chapter of what to do
for each alert; exit codes of unciad against the table. tests/monitoring has what two validators of a network of four have
shown: one while all was well, one while two of the four were gone and a payment waited."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MONITORING = ROOT / "docs" / "monitoring"
RULES = MONITORING / "alerts.yml"
OPERATING = (ROOT / "docs" / "operating.md").read_text()
RECORDED = ROOT / "tests" / "monitoring"
METRIC = re.compile(r"\b(?:uncia|process)_[a-z_]+")
SUFFIXES = re.compile(r"_(bucket|sum|count)$")
MINUTES = 30

# Figures that make each alert fire, in place of those that were recorded while all was well: by the name of a sample, its
# values from minute to minute in promtool's notation; None: there is no such sample.
FIRING = {
	"UnciaValidatorDown": {"up": "0x30"},
	"UnciaNothingFinal": {"uncia_stalled_seconds": "0+60x30"},
	"UnciaStandstill": {"uncia_final_idle_seconds": "0+60x30"},
	"UnciaTooLittleWeightLinked": {"uncia_linked_weight": "2x30"},
	"UnciaNotVoting": {"uncia_voting": "0x30"},
	"UnciaBehind": {"uncia_highest_height": "1000+60x30", "uncia_final_height": "800+50x30"},
	"UnciaRestarts": {"process_start_time_seconds": "1000 1000 2000 2000 3000 3000 4000 4000x30"},
	"UnciaClockWrong": {"uncia_clock_offset_seconds": "-0.6x30"},
	"UnciaNoMargin": {"uncia_linked_weight": "3x30", "uncia_linked_validators": "2x30"},
	"UnciaPeerDown": {'uncia_peer_up{validator="2"}': "0x30"},
	"UnciaPeerSilent": {"uncia_view": "1000x30"} | {f'uncia_newest_vote_view{{validator="{i}"}}': f"{view}x30"
		for i, view in ((1, 999), (2, 1000), (3, 5))},
	"UnciaEvidence": {"uncia_evidence_pairs": "0 0 1 1x30"},
	"UnciaSpaceLow": {"uncia_space_free_bytes": "200000000x30"},
	"UnciaMapFilling": {'uncia_map_used_bytes{database="journal"}': "230000000000x30"},
	"UnciaDiskSlow": {f'uncia_journal_commit_seconds_bucket{{le="{le}"}}': f"0+{n}x30"
		for le, n in (("0.05", 10), ("0.1", 60), ("0.25", 60), ("+Inf", 60))},
	"UnciaFinalitySlow": {f'uncia_finality_seconds_bucket{{le="{le}"}}': f"0+{n}x30"
		for le, n in (("1", 10), ("2.5", 60), ("5", 60), ("+Inf", 60))},
	"UnciaPoolFull": {"uncia_pool_payments": "190000x30"},
	"UnciaWalletsFull": {"uncia_wallet_full_refusals_total": "0x10 0+1x20"},
	"UnciaDescriptorsLow": {"process_open_fds": "19000x30"},
}


def recorded(name):
	"""Samples by their name with labels, as text."""
	lines = (RECORDED / f"{name}.txt").read_text().splitlines()
	return dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))


def families(text):
	return set(re.findall(r"^# TYPE (\w+) ", text, re.M))


def rules():
	"""Name, expression and address of the chapter of each alert. The file has one form, which promtool has read."""
	found = re.findall(r"- alert: (\w+)\n\s+expr: (.*)\n(?:.*\n)*?\s+runbook_url: (\S+)\n", RULES.read_text())
	return [(name, expression, url) for name, expression, url in found]


def with_labels(sample, job):
	name, _, labels = sample.partition("{")
	return f'{name}{{job="{job}",instance="v0"{"," if labels else ""}{labels or "}"}'


def series(samples, job="unciad"):
	"""Lines of promtool's input: what was recorded stays as it was, but for what is given values of its own."""
	return "".join(f"      - series: '{with_labels(sample, job)}'\n        values: '{value}'\n" for sample, value in samples.items()
		if value is not None)


def flat(samples):
	return {"up": f"1x{MINUTES}"} | {sample: f"{value}x{MINUTES}" for sample, value in samples.items()}


class Promtool(unittest.TestCase):
	def promtool(self, *arguments, code=0, stdin=None):
		done = subprocess.run(["promtool", *map(str, arguments)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		self.assertEqual(done.returncode, code, done.stdout)
		return done.stdout

	def fires(self, cases):
		"""Each of the cases (samples, names of alerts): at the end of the minutes exactly these fire."""
		text = f"rule_files: ['{RULES}']\nevaluation_interval: 30s\ntests:\n"
		for samples, names in cases:
			text += f"  - interval: 1m\n    input_series:\n{series(samples)}    promql_expr_test:\n"
			text += f"      - expr: count by (alertname) (ALERTS{{alertstate=\"firing\"}})\n        eval_time: {MINUTES}m\n        exp_samples:\n"
			text += "".join(f"          - labels: '{{alertname=\"{name}\"}}'\n            value: {count}\n" for name, count in sorted(names.items()))
			if not names:
				text = text.rstrip("\n") + " []\n"
		with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
			file.write(text)
			file.flush()
			return self.promtool("test", "rules", file.name)


class Alerts(Promtool):
	def test_rules_are_well_formed(self):
		self.assertIn(f"SUCCESS: {len(rules())} rules found", self.promtool("check", "rules", RULES))
		self.assertEqual(RULES.read_text().count("- alert:"), len(rules()))

	def test_none_fires_on_what_a_validator_showed_while_all_was_well(self):
		self.fires([(flat(recorded("healthy")), {})])

	def test_those_fire_that_say_what_was_wrong_when_a_quorum_was_gone(self):
		samples = flat(recorded("halted"))
		samples["uncia_stalled_seconds"] = f"{recorded('halted')['uncia_stalled_seconds']}+60x{MINUTES}"
		samples["uncia_final_idle_seconds"] = f"{recorded('halted')['uncia_final_idle_seconds']}+60x{MINUTES}"
		self.fires([(samples, {"UnciaNothingFinal": 1, "UnciaStandstill": 1, "UnciaTooLittleWeightLinked": 1, "UnciaPeerDown": 2})])

	def test_each_fires_on_figures_of_its_own(self):
		self.assertEqual(set(FIRING), {name for name, _, _ in rules()})
		healthy = flat(recorded("healthy"))
		for samples in FIRING.values():
			self.assertLessEqual(samples.keys(), healthy.keys())
		with_others = {"UnciaNothingFinal": {}, "UnciaStandstill": {}}
		self.fires([(healthy | samples, {name: 1} | with_others.get(name, {})) for name, samples in FIRING.items()])

	def test_an_alert_that_does_not_fire_is_found(self):
		with self.assertRaises(AssertionError):
			self.fires([(flat(recorded("healthy")), {"UnciaNotVoting": 1})])

	def test_each_has_its_chapter_of_what_to_do(self):
		chapters = {title: text for title, text in re.findall(r"^#### (\w+)\n(.*?)(?=^##)", OPERATING, re.M | re.S)}
		self.assertEqual([name for name, _, _ in rules()], list(chapters))
		for name, _, url in rules():
			self.assertEqual(url, f"docs/operating.md#{name.lower()}")
			self.assertIn("**What to do**:", chapters[name], name)
		critical = {part.split()[0] for part in RULES.read_text().split("- alert: ")[1:] if "severity: critical" in part}
		self.assertEqual(critical, {name for name, text in chapters.items() if text.startswith("\n*Critical.*")})


class Board(Promtool):
	def setUp(self):
		self.board = json.loads((MONITORING / "grafana.json").read_text())
		self.shown = families((RECORDED / "healthy.txt").read_text())

	def expressions(self):
		return [target["expr"] for panel in self.board["panels"] for target in panel.get("targets", ())]

	def unknown(self, text):
		names = {name if name in self.shown else SUFFIXES.sub("", name) for name in METRIC.findall(text)}
		return names - self.shown

	def test_it_and_the_alerts_ask_for_metrics_that_exist(self):
		self.assertGreater(len(self.expressions()), 40)
		variables = [v["query"]["query"] for v in self.board["templating"]["list"] if v["type"] == "query"]
		for text in (*self.expressions(), *variables, *(expression for _, expression, _ in rules())):
			self.assertEqual(self.unknown(text), set(), text)
		self.assertEqual(self.unknown("rate(uncia_finality_seconds_bucket[5m]) / uncia_final_hight"), {"uncia_final_hight"})

	def test_the_chapter_on_operating_names_metrics_that_exist(self):
		names = set(re.findall(r"`((?:uncia|process)_\w+)`", OPERATING)) - {"uncia_network_websocket"}
		self.assertGreater(len(names), 0)
		self.assertLessEqual(names, self.shown)

	def test_its_expressions_are_ones_of_prometheus(self):
		text = "groups:\n  - name: board\n    rules:\n"
		for i, expression in enumerate(self.expressions()):
			plain = expression.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*")
			self.assertNotIn("$", plain)
			text += f"      - record: board:{i}\n        expr: {json.dumps(plain)}\n"
		with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
			file.write(text)
			file.flush()
			self.promtool("check", "rules", file.name)

	def test_panels_have_places_and_numbers_of_their_own(self):
		panels = self.board["panels"]
		self.assertEqual(len({p["id"] for p in panels}), len(panels))
		cells = [(x, y) for p in panels for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
			for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
		self.assertEqual(len(cells), len(set(cells)))
		self.assertLessEqual(max(x for x, _ in cells), 23)

	def test_what_was_recorded_is_clean(self):
		for name in ("healthy", "halted"):
			self.assertEqual(self.promtool("check", "metrics", stdin=(RECORDED / f"{name}.txt").read_text()), "")


class ExitCodes(unittest.TestCase):
	def test_the_table_has_the_codes_of_the_program_and_no_others(self):
		command = (ROOT / "node" / "unciad" / "command.h").read_text()
		ends = (ROOT / "node" / "io" / "log.h").read_text()
		codes = {int(n) for n in re.findall(r"^\tEXIT_\w+ = (\d+),", command, re.M)}
		self.assertLessEqual({int(n) for n in re.findall(r"^\tEND_\w+ = (\d+),", ends, re.M)}, codes)
		table = OPERATING.split("## Exit codes")[1].split("\n## ")[0]
		rows = {int(code): again for code, again in re.findall(r"^\| (\d+) \| .* \| (.*) \|$", table, re.M)}
		self.assertEqual(set(rows), codes)
		# Those of a validator that a start does not help are what systemd must not restart behind.
		useless = {code for code, again in rows.items() if again.startswith("does not help")}
		self.assertEqual(useless, {int(n) for n in re.search(r"`RestartPreventExitStatus=([\d ]+)`", OPERATING)[1].split()})

	def test_the_program_ends_with_no_other_number(self):
		for path in (*(ROOT / "node" / "unciad").glob("*.c"), *(ROOT / "node" / "io").glob("*.c"), *(ROOT / "node" / "inside").glob("*.c")):
			text = path.read_text()
			for ending in re.findall(r"\b_?exit\((.*)\);", text):
				self.assertRegex(ending, r"^(EXIT_\w+|\(int\)code|fault_code|command_(flush|error)\(.*\)|127)$", path.name)
			self.assertEqual(re.findall(r"command_error\((\d+)", text), ["0"] * text.count("command_error(0,"), path.name)


if __name__ == "__main__":
	unittest.main()
