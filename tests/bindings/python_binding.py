"""The package uncia, built from this tree into a folder of the test's, over the shared library without sanitizers: a
Python that was not built with them could not load it. Importing this module makes `import uncia` mean the package.
UNCIA_TRIED_LIBRARY: another library (test_python_sanitized.py)."""
import atexit
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from unciad import BIN, UnciadTest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "wallet" / "bindings" / "python"
LIBRARY = BIN.parent / "tests" / "libuncia_as_released.so"
KDF = {"kdf_memory": 8 << 20, "kdf_passes": 1}  # a quick derivation


def build_package():
	"""The folder that has the package, for PYTHONPATH."""
	folder = pathlib.Path(tempfile.mkdtemp(prefix="uncia-package-"))
	atexit.register(shutil.rmtree, folder)
	shutil.copytree(SOURCES / "uncia", folder / "uncia", ignore=shutil.ignore_patterns("__pycache__"))
	subprocess.run([sys.executable, "-B", SOURCES / "declare.py", folder / "uncia"], check=True, stdout=subprocess.DEVNULL,
		env={**os.environ, "UNCIA_INCLUDE": str(ROOT / "include")})
	return folder


PACKAGE = build_package()
sys.path.insert(0, str(PACKAGE))
os.environ["UNCIA_LIBRARY"] = os.environ.get("UNCIA_TRIED_LIBRARY", str(LIBRARY))
sys.modules.pop("uncia", None)


class BindingTest(UnciadTest):
	"""A devnet and wallets in it."""

	def start(self):
		self.devnet = self.start_devnet()
		self.network = self.dir / "net" / "network.conf"

	def command(self, *arguments, code=0, home="net/treasury"):
		"""`uncia` of the treasury's wallet, or another one. Returns its object."""
		done = subprocess.run([BIN / "uncia", "--wallet", self.dir / home, "--network", self.network,
			*map(str, arguments), "--json"], timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			text=True)
		self.assertEqual(done.returncode, code, f"uncia {arguments}: {done.stdout}{done.stderr}")
		return json.loads(done.stdout) if done.stdout else None

	def fund(self, address, amount="5"):
		self.command("send", address, amount)

	def child(self, program, *arguments):
		"""A Python program of its own, with the package."""
		return subprocess.Popen([sys.executable, "-B", "-c", program, *map(str, arguments)], stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(PACKAGE)})
