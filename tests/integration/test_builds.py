"""What builds without Rust, and what is said where the batch of signature checks cannot be built."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Builds(unittest.TestCase):
	def setUp(self):
		temporary = tempfile.TemporaryDirectory(prefix="uncia-")
		self.addCleanup(temporary.cleanup)
		self.dir = pathlib.Path(temporary.name)

	def path_without_cargo(self):
		"""A directory with all the programs that PATH has, but for Rust's."""
		programs = self.dir / "programs"
		programs.mkdir()
		for folder in os.environ["PATH"].split(":"):
			for program in pathlib.Path(folder).glob("*") if folder else []:
				link = programs / program.name
				if not program.name.startswith(("cargo", "rust")) and not link.is_symlink():
					link.symlink_to(program)
		self.assertIsNone(shutil.which("cargo", path=str(programs)))
		return str(programs)

	def configure(self, *options):
		"""Where no cargo is to be found."""
		return subprocess.run(["cmake", "-S", ROOT, "-B", self.dir / "build", "-G", "Ninja", "-DUNCIA_TESTS=OFF",
			f"-DCMAKE_IGNORE_PATH={';'.join(os.environ['PATH'].split(':') + ['/usr/bin', '/bin', '/usr/local/bin'])}", *options],
			env={**os.environ, "PATH": self.path_without_cargo()}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=550)

	def says_what_to_do(self, text):
		words = " ".join(text.split())
		for what in ("cargo 1.89", "cargo-web", "rustc-web", "./run build --plain"):
			self.assertIn(what, words)

	def test_without_cargo_the_packages_and_the_plain_build_are_named(self):
		done = self.configure()
		self.assertEqual(done.returncode, 1, done.stderr)
		self.says_what_to_do(done.stderr)

	def test_a_plain_build_is_configured_without_cargo(self):
		done = self.configure("-DUNCIA_BATCH=OFF")
		self.assertEqual(done.returncode, 0, done.stderr)
		shutil.rmtree(self.dir / "programs")
		rules = subprocess.run(["ninja", "-C", self.dir / "build", "-t", "commands", "unciad"], check=True, stdout=subprocess.PIPE,
			text=True).stdout
		self.assertIn("verify/sodium.c", rules)
		for name in ("cargo", "verify/batch"):
			self.assertNotIn(name, rules)

	def test_without_the_registry_the_packages_and_the_plain_build_are_named(self):
		cargo = shutil.which("cargo")
		if not cargo:
			self.skipTest("there is no cargo")
		(self.dir / "home").mkdir()
		done = subprocess.run([ROOT / "node" / "verify" / "batch" / "build.sh", cargo, self.dir / "target"],
			env={**os.environ, "CARGO_HOME": str(self.dir / "home"), "CARGO_NET_OFFLINE": "true"}, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, timeout=550)
		self.assertEqual(done.returncode, 1, done.stderr)
		self.assertFalse(list(self.dir.glob("target/release/*.a")))
		self.says_what_to_do(done.stderr)

	def test_each_library_that_is_linked_for_batches_is_named_with_its_licence(self):
		if not shutil.which("cargo"):
			self.skipTest("there is no cargo")
		batch, told = ROOT / "node" / "verify" / "batch", (ROOT / "node" / "verify" / "batch" / "COPYRIGHT").read_text()
		run = lambda *command: subprocess.run(["cargo", *command, "--locked", "--offline"], cwd=batch, check=True,
			stdout=subprocess.PIPE, text=True, timeout=550).stdout
		tree = run("tree", "-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
		linked = {line.split()[0] for line in tree.splitlines()} - {"uncia-batch"}
		self.assertIn("curve25519-dalek", linked)
		host = next(line.split()[1] for line in subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE,
			text=True).stdout.splitlines() if line.startswith("host:"))
		packages = {p["name"]: p for p in json.loads(run("metadata", "--format-version", "1", "--filter-platform", host))["packages"]}
		for name in linked:
			package = packages[name]
			self.assertRegex(told, rf"\b{name}\b")
			if "Apache-2.0" in package["license"]:
				continue # as all else here is
			self.assertEqual(package["license"], "BSD-3-Clause", name)
			text = (pathlib.Path(package["manifest_path"]).parent / "LICENSE").read_text()
			self.assertIn(f"---- {name} ----\n\n{text.rstrip()}", told)


if __name__ == "__main__":
	unittest.main()
