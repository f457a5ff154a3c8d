"""Installs what this build made, and builds programs against it as their authors would: with nothing of this tree."""
import os
import re
import shlex
import subprocess

from unciad import BIN, UnciadTest

BUILD = BIN.parent
INSTRUMENTS = (("UNCIA_SANITIZE", "-fsanitize=address,undefined"), ("UNCIA_TSAN", "-fsanitize=thread"),
	("UNCIA_COVERAGE", "--coverage"))


def cache(name):
	"""A setting of the build that runs this test."""
	found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
	return found[1] if found else ""


def instruments():
	"""What a program has to be compiled with as well, because the library was."""
	return [flag for option, flag in INSTRUMENTS if cache(option) == "ON"]


class InstalledTest(UnciadTest):
	def run_well(self, *command, **options):
		done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
			timeout=120, **options)
		self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}")
		return done.stdout

	def install(self):
		"""Installs into a directory that is then moved, as self.prefix, with the library in self.lib_folder. self.environment
		is what a program against it needs."""
		self.run_well("cmake", "--install", BUILD, "--prefix", self.dir / "first")
		self.prefix = (self.dir / "first").rename(self.dir / "prefix")
		found = list(self.prefix.rglob("uncia.pc"))
		self.assertEqual(len(found), 1, found)
		self.lib_folder = found[0].parent.parent
		self.environment = {**os.environ, "PKG_CONFIG_PATH": str(found[0].parent), "LD_LIBRARY_PATH": str(self.lib_folder)}

	def ask(self, *options):
		"""What pkg-config says of it."""
		return shlex.split(self.run_well("pkg-config", *options, "uncia", env=self.environment))

	def libraries(self, static):
		"""What to link. Both are there, and of two of one name the linker takes the shared one."""
		if not static:
			return self.ask("--libs")
		flags = ["-l:libuncia.a" if flag == "-luncia" else flag for flag in self.ask("--libs", "--static")]
		self.assertIn("-l:libuncia.a", flags)
		return flags
