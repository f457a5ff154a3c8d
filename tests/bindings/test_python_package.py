"""The Python binding as a package: installed by pip into a fresh environment, found libraries and those that were not, what
the library is checked for, and types."""
import os
import re
import shutil
import subprocess
import sys

from python_binding import LIBRARY, PACKAGE, ROOT, SOURCES

from unciad import UnciadTest

SONAME = "libuncia.so.0"
ASK = "import uncia; print(uncia.__file__); print(uncia.__version__); print(uncia.make_words())"
SYSTEM_PKG_CONFIG = subprocess.run(["pkg-config", "--variable=pc_path", "pkg-config"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
OTHER_VERSION = "int uncia_version_number(void) {{ return {}; }}\n"


class Package(UnciadTest):
	def setUp(self):
		super().setUp()
		self.environment = {name: value for name, value in os.environ.items() if name not in ("UNCIA_LIBRARY", "UNCIA_INCLUDE", "PYTHONPATH",
			"LD_LIBRARY_PATH", "PKG_CONFIG_PATH")}
		self.environment["PKG_CONFIG_LIBDIR"] = str(self.dir / "nowhere")  # whatever is installed here is another one
		self.tree = self.dir / "tree"
		for folder in (SOURCES.relative_to(ROOT), "include"):  # pip leaves what it built
			shutil.copytree(ROOT / folder, self.tree / folder, ignore=shutil.ignore_patterns("__pycache__"))

	def install_library(self):
		"""A prefix with headers, library and uncia.pc. Returns it."""
		prefix = self.dir / "prefix"
		(prefix / "lib" / "pkgconfig").mkdir(parents=True)
		shutil.copy(LIBRARY.resolve(), prefix / "lib" / SONAME)
		shutil.copytree(ROOT / "include", prefix / "include")
		(prefix / "lib" / "pkgconfig" / "uncia.pc").write_text(f"libdir={prefix}/lib\nincludedir={prefix}/include\nName: uncia\n"
			"Description: x\nVersion: 0\n")
		return prefix

	def run_in(self, *command, **environment):
		return subprocess.run([str(part) for part in command], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, timeout=300, env={**self.environment, **environment})

	def pip_install(self, **environment):
		"""Installs into a fresh environment, with nothing from the network. Returns its Python, and what pip did."""
		python = self.dir / "venv" / "bin" / "python"
		made = self.run_in(sys.executable, "-m", "venv", "--system-site-packages", self.dir / "venv")
		self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
		return python, self.run_in(python, "-m", "pip", "install", "--no-index", "--no-build-isolation", self.tree /
			SOURCES.relative_to(ROOT), **environment)

	def imported(self, python, folder, **environment):
		"""What a program that imports the package from a folder says; of a failure the last line."""
		done = self.run_in(python, "-B", "-c", ASK, **({"PYTHONPATH": str(folder)} if folder else {}), **environment)
		return done.returncode, done.stdout if done.returncode == 0 else done.stderr.strip().splitlines()[-1]

	def test_pip_installs_from_the_tree_and_the_library_is_found_in_each_way(self):
		python, done = self.pip_install()
		self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
		prefix = self.install_library()
		for environment in ({"UNCIA_LIBRARY": str(LIBRARY)}, {"LD_LIBRARY_PATH": str(prefix / "lib")},
			{"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}):
			code, said = self.imported(python, None, **environment)
			self.assertEqual(code, 0, said)
			file, version, words = said.splitlines()
			self.assertTrue(file.startswith(str(self.dir / "venv")), file)
			self.assertRegex(version, r"^\d+\.\d+\.\d+$")
			self.assertEqual(len(words.split()), 12)
		installed = {path.name for path in (self.dir / "venv").rglob("site-packages/uncia/*")}
		self.assertLessEqual({"py.typed", "_declarations.py", "_declarations.pyi", "_constants.py", "wallet.py"}, installed)

	def test_it_is_installed_as_debian_does(self):
		"""By CMake, into a folder that Debian's Python looks into."""
		build, root = self.dir / "build", self.dir / "root"
		for command in (("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DUNCIA_TESTS=OFF", "-DUNCIA_PYTHON=ON", "-DCMAKE_INSTALL_PREFIX=/usr"),
			("ninja", "-C", build, "python_package"), ("cmake", "--install", build, "--component", "python", "--prefix", root)):
			environment = {} if command[0] == "ninja" else {"PKG_CONFIG_LIBDIR": os.environ.get("PKG_CONFIG_LIBDIR", SYSTEM_PKG_CONFIG)}
			done = self.run_in(*command, **environment)
			self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
		folder = root / "lib" / "python3" / "dist-packages"
		self.assertEqual({path.name for path in (folder / "uncia").iterdir()}, {path.name for path in (PACKAGE / "uncia").iterdir()} -
			{"__pycache__"})
		code, said = self.imported(sys.executable, folder, UNCIA_LIBRARY=str(LIBRARY))
		self.assertEqual(code, 0, said)
		self.assertTrue(said.startswith(str(folder)), said)

	def test_headers_are_those_of_pkg_config_else_of_the_tree_and_their_absence_is_told(self):
		prefix = self.install_library()
		shutil.rmtree(self.tree / "include")
		python, done = self.pip_install()
		self.assertNotEqual(done.returncode, 0)
		self.assertIn("the headers of libuncia were not found: install libuncia-dev, or set PKG_CONFIG_PATH", done.stdout + done.stderr)
		_, done = self.pip_install(UNCIA_INCLUDE=str(self.dir / "nowhere"))
		self.assertIn(f"UNCIA_INCLUDE names {self.dir / 'nowhere'}, but there is no", done.stdout + done.stderr)
		_, done = self.pip_install(PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
		self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
		self.assertEqual(self.imported(python, None, UNCIA_LIBRARY=str(LIBRARY))[0], 0)

	def test_a_library_that_is_not_there_is_told_with_what_was_tried(self):
		code, said = self.imported(sys.executable, PACKAGE)
		self.assertEqual(code, 1)
		self.assertRegex(said, rf"LibraryError: libuncia cannot be loaded; install it \(Debian: libuncia0\).*UNCIA_LIBRARY.* Tried: "
			rf"{SONAME} \(named by the system's loader\): .*cannot open shared object file")
		missing = self.dir / "missing.so"
		code, said = self.imported(sys.executable, PACKAGE, UNCIA_LIBRARY=str(missing))
		self.assertEqual((code, said.count("named by")), (1, 1))  # nothing else is tried
		self.assertIn(f"{missing} (named by UNCIA_LIBRARY)", said)
		code, said = self.imported(sys.executable, PACKAGE, UNCIA_LIBRARY="libc.so.6")
		self.assertEqual(code, 1)
		self.assertIn("libc.so.6 is no libuncia: it has no uncia_version_number", said)

	def package_for(self, change):
		"""The package built for headers that were changed: {file: (text, text instead)}."""
		include, folder = self.dir / "changed", self.dir / "package"
		for made in (include, folder):
			shutil.rmtree(made, ignore_errors=True)
		shutil.copytree(ROOT / "include", include)
		shutil.copytree(SOURCES / "uncia", folder / "uncia")
		for name, (before, after) in change.items():
			text = (include / "uncia" / name).read_text()
			self.assertEqual(text.count(before), 1, before)
			(include / "uncia" / name).write_text(text.replace(before, after))
		done = self.run_in(sys.executable, "-B", SOURCES / "declare.py", folder / "uncia", UNCIA_INCLUDE=str(include))
		self.assertEqual(done.returncode, 0, done.stderr)
		return folder

	def refused(self, change, expected):
		code, said = self.imported(sys.executable, self.package_for(change), UNCIA_LIBRARY=str(LIBRARY))
		self.assertEqual(code, 1)
		self.assertIn(expected, said)

	def test_a_library_of_other_headers_is_refused(self):
		self.refused({"history.h": ("	uint32_t next_index;\n", "	uint32_t shift;\n	uint32_t next_index;\n")},
			"struct uncia_history_page is not what the headers say that this package was built with")
		self.refused({"uncia.h": ("	uint64_t kdf_memory;", "	uint32_t kdf_memory;")}, "struct uncia_key_options is not what")
		self.refused({"text.h": ("	bool has_reference;\n", "	bool has_name;\n")}, "struct uncia_address is not what")
		self.refused({"network.h": ("/* How many validators the file", "UNCIA_API int uncia_network_more(void);\n/* How many validators the file")},
			"has no uncia_network_more: it is older than the headers")
		# A member more at the end of a structure that says its size is what a newer library has.
		folder = self.package_for({"history.h": ("	uint64_t amount;                    /* that it was opened with, in micro-units */\n", "")})
		ask = ("from uncia._calls import ffi, structure; h = structure('uncia_hold'); print(h.size - ffi.sizeof('struct uncia_hold'), hasattr(h, 'amount'))")
		done = self.run_in(sys.executable, "-B", "-c", ask, PYTHONPATH=str(folder), UNCIA_LIBRARY=str(LIBRARY))
		self.assertEqual((done.returncode, done.stdout), (0, "8 False\n"), done.stderr)

	def test_a_library_of_another_version_is_refused(self):
		major, minor, patch = map(int, re.search(r'VERSION = "(\d+)\.(\d+)\.(\d+)"', (PACKAGE / "uncia" / "_constants.py").read_text()).groups())
		number = major * 1000000 + minor * 1000 + patch
		for other in (number + 1000, number - 1, number + 1000000):
			(self.dir / "other.c").write_text(OTHER_VERSION.format(other))
			self.assertEqual(self.run_in("cc", "-shared", "-fPIC", "-o", "other.so", "other.c").returncode, 0)
			code, said = self.imported(sys.executable, PACKAGE, UNCIA_LIBRARY=str(self.dir / "other.so"))
			self.assertEqual(code, 1)
			self.assertRegex(said, rf"other\.so is libuncia \d+\.\d+\.\d+, and this package was built for {major}\.{minor}\.{patch}: install")

	def test_types_are_whole(self):
		"""Of the package, of a program that uses it, and of mistakes that they show."""
		(self.dir / "good.py").write_text("import asyncio\nimport uncia\n\n\nasync def main() -> None:\n"
			'\tasync with uncia.Wallet("home", "network.conf") as wallet, wallet.watch("chat") as watch:\n'
			'\t\tpayment = await wallet.pay(wallet.address, "0.50", key="k")\n\t\tprint(payment.amount + 1)\n'
			"\t\tasync for incoming in watch:\n\t\t\tincoming.acknowledge()\n\n\nasyncio.run(main())\n")
		(self.dir / "wrong.py").write_text("import uncia\n\n\nasync def main(wallet: uncia.Wallet) -> str:\n"
			'\tawait wallet.pay("unc1", 1.5, key="k")\n\tawait wallet.pay("unc1", "1.5")\n\treturn await wallet.balance()\n')
		checked = self.mypy(PACKAGE / "uncia", "good.py", *sorted((SOURCES / "examples").glob("*.py")))
		self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
		checked = self.mypy("wrong.py")
		self.assertEqual(checked.returncode, 1, checked.stdout + checked.stderr)
		self.assertEqual(re.findall(r"wrong\.py:(\d+): error", checked.stdout), ["5", "6", "7"], checked.stdout)

	def mypy(self, *files):
		return self.run_in("mypy", "--strict", "--cache-dir", self.dir / "cache", *files, MYPYPATH=str(PACKAGE))


if __name__ == "__main__":
	import unittest
	unittest.main()
