"""The units of systemd and the files beside them (.packaging/debian/): hardened to a measured degree, allowing what the programs do, and in
agreement with what the documents and the programs say."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from network import NetworkTest
from service_manager import ServiceManager
from unciad import BIN

ROOT = pathlib.Path(__file__).parent.parent.parent
DEBIAN = ROOT / ".packaging/debian"
DOCS = ROOT / "docs"
UNITS = ["unciad.service", "unciad@.service", "uncia-notifier.service"]
# systemd-analyze's figure of what a unit leaves open, from 0 to 10, in tenths: what is measured, and no more.
EXPOSURE_MAX = 12


def unit(name):
	return (DEBIAN / name).read_text()


def settings(name):
	return [tuple(line.split("=", 1)) for line in unit(name).splitlines() if "=" in line and not line.startswith("#")]


class Units(NetworkTest):
	def analyze(self, *words):
		if not shutil.which("systemd-analyze"):
			self.skipTest("systemd is not here")
		done = subprocess.run(["systemd-analyze", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
			text=True, timeout=60)
		return done.returncode, done.stdout

	def test_little_is_open_to_a_program_that_was_taken_over(self):
		for name in UNITS:
			with self.subTest(name):
				code, said = self.analyze("security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", "--no-pager", DEBIAN / name)
				self.assertEqual(code, 0, said)
				print(name, said.strip().splitlines()[-1], flush=True)

	def test_the_threshold_is_no_higher_than_it_has_to_be(self):
		code, said = self.analyze("security", "--offline=yes", f"--threshold={EXPOSURE_MAX - 1}", "--no-pager", DEBIAN / "unciad.service")
		self.assertNotEqual(code, 0, said)

	def test_systemd_understands_every_line(self):
		for name in UNITS:
			# A program that is there stands in for the one that the package brings.
			text = re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit(name), flags=re.M)
			path = self.dir / name
			path.write_text(re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.M))
			code, said = self.analyze("verify", "--man=no", path)
			self.assertEqual((code, [line for line in said.splitlines() if name in line]), (0, []), said)

	def test_an_instance_is_the_one_of_the_machine_in_another_home(self):
		self.assertEqual([(name, value.replace("-%i", "").replace(" (%i)", "")) for name, value in settings("unciad@.service")],
			settings("unciad.service"))
		self.assertEqual(unit("unciad@.service").count("-%i"), 3)

	def test_what_a_restart_cannot_help_is_what_operating_says(self):
		table = (DOCS / "operating.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
		rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", table, re.M)
		final = [code for code, again in rows if again.startswith("does not help")]
		self.assertEqual(dict(settings("unciad.service"))["RestartPreventExitStatus"].split(), final)
		self.assertEqual(dict(settings("unciad.service"))["Restart"], "on-failure")

	def test_the_configuration_of_the_package_is_what_init_writes(self):
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")
		self.assertEqual((DEBIAN / "unciad.conf").read_text(), (self.dir / "v0" / "unciad.conf").read_text())

	def test_the_version_of_the_packages_is_that_of_the_header(self):
		version = re.search(r'UNCIA_VERSION\s+"([^"]+)"', (ROOT / "include/uncia/version.h").read_text())[1]
		self.assertEqual(re.match(r"uncia \((.*?)\)", (DEBIAN / "changelog").read_text())[1], version)

	def allowed_calls(self):
		"""The system calls that the units leave, by what this systemd takes @system-service and the others for."""
		code, said = self.analyze("syscall-filter", "--no-pager")
		self.assertEqual(code, 0, said)
		groups, current = {}, None
		for line in said.splitlines():
			if line.startswith("@"):
				current = groups.setdefault(line.strip(), set())
			elif current is not None and line.startswith(" ") and not line.strip().startswith("#"):
				current.add(line.strip())

		def members(name):
			return {call for one in groups[name] for call in (members(one) if one.startswith("@") else {one})}

		allowed = set()
		for value in (value for name, value in settings("unciad.service") if name == "SystemCallFilter"):
			named = {call for one in value.lstrip("~").split() for call in (members(one) if one.startswith("@") else {one})}
			allowed = allowed - named if value.startswith("~") else allowed | named
		return allowed

	def test_one_that_can_only_wait_for_others_is_ready_after_half_a_minute(self):
		network = self.start_network()
		network.kill_all()
		manager, home = ServiceManager(self), network.validators[0].home
		process = subprocess.Popen([BIN / "unciad", "start", "--home", home], cwd=self.dir, stdin=subprocess.DEVNULL,
			stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=manager.environment())
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		began = time.monotonic()
		ready = manager.until(lambda message: "READY" in message, 90)
		self.assertIsNotNone(ready, manager.told[-1:])
		self.assertGreater(time.monotonic() - began, 29)
		self.assertIn("does not vote yet; waits for links to validators", ready["STATUS"])
		process.terminate()
		self.assertEqual(process.wait(60), 0)

	def test_a_validator_makes_no_system_call_that_its_unit_forbids(self):
		if not shutil.which("strace"):
			self.skipTest("strace is not here")
		allowed = self.allowed_calls()
		self.assertIn("sendto", allowed)
		self.assertNotIn("mount", allowed)
		network = self.start_network()
		validator = network.validators[0]
		validator.kill()
		calls = self.dir / "calls"
		# A process that is traced cannot look for leaks.
		validator.start("env", ("ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-o", str(calls), BIN / "unciad", "start", "--home"))
		network.wait_voting()
		wallet = self.new_wallet(network, "alice")
		network.treasury.send(wallet, "1")
		network.wait_same_tip()
		os.kill(self.status(validator.home)["pid"], signal.SIGTERM)
		self.assertEqual(validator.process.wait(60), 0, validator.log()[-2000:])
		made = set(re.findall(r"^\d+ +(\w+)\(", calls.read_text(), re.M))
		self.assertGreater(len(made), 20)
		# A sanitizer looks into what lies below the program; exec is systemd's own.
		of_sanitizers = {"ptrace", "personality"}
		self.assertEqual(made - allowed - of_sanitizers, set())


if __name__ == "__main__":
	unittest.main()
