"""The pages of the manual and the completions: made from the tables that --help is printed from, for every command, and such
that man and mandoc find nothing wrong with them."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from unciad import BIN, UnciadTest

ROOT = pathlib.Path(__file__).parent.parent.parent
PROGRAMS = {"uncia": 1, "unciad": 8, "uncia-notifier": 8, "uncia-indexer": 8}


def output(*command):
	done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
		text=True, timeout=60)
	assert done.returncode == 0, (command, done.stdout, done.stderr)
	return done.stdout


def names(program):
	return output(BIN / program, "completion", "names").splitlines()


class Pages(UnciadTest):
	@classmethod
	def setUpClass(cls):
		if not shutil.which("scdoc"):
			raise unittest.SkipTest("scdoc is not here")
		directory = tempfile.TemporaryDirectory(prefix="uncia-pages-")
		cls.addClassCleanup(directory.cleanup)
		for name, section in PROGRAMS.items():
			output(ROOT / "proto" / "program" / "pages.sh", BIN / name, section, directory.name)
		cls.pages = {path.name: path for path in pathlib.Path(directory.name).glob("man/man*/*")}

	def test_each_program_and_each_command_has_a_page(self):
		expected = {f"{name}.{section}" for name, section in PROGRAMS.items()}
		for name in ("uncia", "unciad"):
			listed = [re.split(r"  +", line)[1] for line in output(BIN / name, "--help").splitlines() if line.startswith("  ")]
			self.assertEqual(names(name), listed)
			expected |= {f"{name}-{command.replace(' ', '-')}.{PROGRAMS[name]}" for command in listed}
		self.assertEqual(set(self.pages), expected)
		self.assertGreater(len(expected), 40)

	def shown(self, name):
		"""What a reader sees, in one line."""
		shown = output("man", "--local-file", "--pager=cat", "--nj", "--nh", "--ascii", self.pages[name])
		return " ".join(re.sub(".\b", "", shown).split())

	def test_a_page_says_what_the_help_says(self):
		for program in ("uncia", "unciad"):
			for command in names(program):
				said = output(BIN / program, *command.split(), "--help")
				shown = self.shown(f"{program}-{command.replace(' ', '-')}.{PROGRAMS[program]}")
				with self.subTest(program=program, command=command):
					summary, description = said.split("\n\n")[0].split(": ", 1)[1], said.split("\n\n")[1]
					self.assertIn(f"{program}-{command.replace(' ', '-')} - {summary}", shown)
					for text in (f"{program} {command}", " ".join(description.split())):
						self.assertIn(text, shown)
					options = re.findall(r"--[a-z-]+", said.split("\n\n", 2)[2])
					self.assertIn("--help", options)
					for option in options:
						self.assertIn(option, shown)

	def test_the_page_of_a_program_has_all_of_its_commands(self):
		for program in ("uncia", "unciad"):
			shown = self.shown(f"{program}.{PROGRAMS[program]}")
			for command in names(program):
				self.assertIn(f" {command} ", shown)
		for name in ("uncia-notifier", "uncia-indexer"):
			shown = self.shown(f"{name}.8")
			for option in re.findall(r"--[a-z-]+", output(BIN / name, "--help").replace("--usage", "")):
				self.assertIn(option, shown)

	def test_the_exit_codes_are_those_of_operating(self):
		table = (ROOT / "docs" / "operating.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
		codes = re.findall(r"^\| (\d+) \|", table, re.M)
		source = output(BIN / "unciad", "completion", "man")
		self.assertEqual(re.findall(r"^\*(\d+)\*$", source, re.M), codes)

	def test_man_and_mandoc_find_nothing_wrong(self):
		if not shutil.which("mandoc"):
			self.skipTest("mandoc is not here")
		for name, path in sorted(self.pages.items()):
			with self.subTest(name):
				done = subprocess.run(["man", "--warnings=w", "--local-file", "--encoding=utf8", "--pager=cat", path], stdin=subprocess.DEVNULL,
					stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
				self.assertEqual((done.returncode, done.stderr), (0, ""))
				done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
					stderr=subprocess.STDOUT, text=True)
				# scdoc begins a paragraph behind each heading, too, which shows nothing.
				found = [line for line in done.stdout.splitlines() if "WARNING: skipping paragraph macro: PP" not in line]
				self.assertEqual(found, [])


class Completion(UnciadTest):
	def words(self, program, *line):
		return output(BIN / program, "completion", "words", "--", *line).split()

	def test_unciad_offers_what_may_follow(self):
		self.assertEqual(self.words("unciad", "st"), ["start", "status"])
		self.assertEqual(self.words("unciad", "completion", ""), ["bash", "zsh", "fish", "man"])
		self.assertEqual(self.words("unciad", "status", "--"), ["--home", "--json", "--help"])
		self.assertEqual(self.words("unciad", "status", "--home", "--"), [])
		self.assertEqual(self.words("unciad", "frobnicate", ""), [])
		self.refuses(2, "csh: none of bash, zsh, fish and man", "completion", "csh")
		self.refuses(2, "expected bash|zsh|fish|man", "completion")
		self.refuses(2, "frobnicate: no such command", "completion", "man", "frobnicate")
		self.refuses(2, "more: unexpected argument", "completion", "bash", "more")

	def test_every_option_of_the_help_is_offered(self):
		for program in ("uncia", "unciad"):
			for command in names(program):
				options = set(re.findall(r"--[a-z-]+", output(BIN / program, *command.split(), "--help").split("\n\n", 2)[2]))
				self.assertLessEqual(options, set(self.words(program, *command.split(), "--")), f"{program} {command}")

	def test_bash_completes_unciad(self):
		script = output(BIN / "unciad", "completion", "bash")
		done = subprocess.run(["bash", "-c", f"{script}COMP_WORDS=(unciad sta); COMP_CWORD=1; _unciad; echo \"${{COMPREPLY[@]}}\""],
			capture_output=True, text=True, env={"PATH": f"{BIN}:/usr/bin:/bin"})
		self.assertEqual((done.stdout, done.stderr), ("start status\n", ""))

	def test_zsh_completes_both(self):
		if not shutil.which("zsh"):
			self.skipTest("zsh is not here")
		for program, line, offered in (("uncia", "receipt ex", "export"), ("unciad", "sta", "start status")):
			script = output(BIN / program, "completion", "zsh")
			count = len(line.split()) + 1
			done = subprocess.run(["zsh", "-f", "-c", f"compdef() {{ }}; compadd() {{ shift; print -r -- \"$@\" }}\n{script}"
				f"words=({program} {line}); CURRENT={count}; _{program}"], capture_output=True, text=True, env={"PATH": f"{BIN}:/usr/bin:/bin"})
			self.assertEqual((done.stdout, done.stderr), (offered + "\n", ""))

	def test_fish_completes_both(self):
		if not shutil.which("fish"):
			self.skipTest("fish is not here")
		for program, line, offered in (("uncia", "receipt ex", ["export"]), ("unciad", "sta", ["start", "status"])):
			script = output(BIN / program, "completion", "fish")
			done = subprocess.run(["fish", "--no-config", "-c", f"{script}complete -C '{program} {line}'"], capture_output=True, text=True,
				env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(self.dir)})
			self.assertEqual((done.stdout.split(), done.stderr), (offered, ""))


if __name__ == "__main__":
	unittest.main()
