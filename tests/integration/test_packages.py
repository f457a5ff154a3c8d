"""What cmake --install gives to others: headers that compile as C99, C11 and C++17, one shared library and one static
one that show what the headers say and nothing else, found by pkg-config and by CMake, and an interface that changes only
together with the committed list of it. Everything is built outside of this tree.

UPDATE=1 writes the list, tests/packages/abi.txt, anew."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import abi
from installed import BUILD, InstalledTest, cache, instruments

HERE = abi.COMMITTED.parent
LANGUAGES = {"c99": ("C", "-std=c99"), "c11": ("C", "-std=c11"), "c++17": ("CXX", "-std=c++17")}
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
SIZE_MAX_KB = 400
FROM_ANYWHERE = {"uncia_wallet_wake"}  # from any thread and any hook


def compilers(language):
	"""The compiler of this build, and others of the machine."""
	own = cache("CMAKE_C_COMPILER")
	names = {"C": [own, "gcc", "clang-14"], "CXX": ["g++", "clang++-14"]}[language]
	return list(dict.fromkeys(found for name in names if (found := shutil.which(name))))


def every_function(names):
	"""A file that names all functions, so that all of them have to be there to be linked."""
	return "\n".join(["#include <stddef.h>", "#include <uncia/uncia.h>", "typedef void (*any_function)(void);",
		"static const any_function all[] = {", *(f"(any_function){name}," for name in sorted(names)), "};",
		"size_t every_function(void);", "size_t every_function(void)", "{", "size_t count = 0, i;",
		"for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)", "count += all[i] != 0;", "return count;", "}", ""])


class Packages(InstalledTest):
	def setUp(self):
		super().setUp()
		self.install()
		self.outside = self.dir / "outside"
		shutil.copytree(HERE, self.outside)
		self.functions = abi.prototypes(abi.code_of(self.prefix / "include" / "uncia"))
		(self.outside / "every_function.c").write_text(every_function(self.functions))

	def runs(self, program, environment=None):
		home = self.dir / f"home-of-{program.parent.name}-{program.name}"
		said = self.run_well(program, home, env=environment)
		self.assertRegex(said, r"^[0-9.]+ unc1[0-9a-z]+\n$")

	def is_static(self, program, environment):
		return "libuncia" not in self.run_well("ldd", program, env=environment)

	def test_each_header_compiles_by_itself_in_every_language(self):
		headers = sorted((self.prefix / "include" / "uncia").glob("*.h"))
		self.assertIn("uncia.h", [path.name for path in headers])
		for name, (language, standard) in LANGUAGES.items():
			for compiler in compilers(language):
				for header in headers:
					source = self.outside / ("alone.c" if language == "C" else "alone.cpp")
					source.write_text(f"#include <uncia/{header.name}>\n" * 2 + "int main(void) { return 0; }\n")
					with self.subTest(language=name, compiler=compiler, header=header.name):
						self.run_well(compiler, standard, *STRICT, "-I", self.prefix / "include", "-fsyntax-only", source)

	def test_a_program_is_built_by_pkg_config_shared_and_static(self):
		for name, (language, standard) in LANGUAGES.items():
			for static in (False, True):
				with self.subTest(language=name, static=static):
					program = self.outside / f"{'static' if static else 'shared'}_{name}"
					as_language = ["-x", "c"] if language == "C" else ["-x", "c++"]
					# Instrumented libraries want the compiler that they were built with.
					driver = cache("CMAKE_C_COMPILER")
					last = [] if language == "C" else ["-lstdc++"]
					self.run_well(driver, standard, *STRICT, *instruments(), *self.ask("--cflags"), *as_language,
						self.outside / "consumer.c", self.outside / "every_function.c", "-x", "none", *self.libraries(static),
						*last, "-o", program)
					self.assertEqual(self.is_static(program, self.environment), static)
					self.runs(program, None if static else self.environment)

	def test_a_program_is_built_by_cmake_shared_and_static(self):
		flags = " ".join(instruments())
		for kind in ("shared", "static"):
			with self.subTest(kind):
				build = self.dir / f"built-{kind}"
				self.run_well("cmake", "-S", self.outside, "-B", build, "-G", "Ninja", f"-DSTATIC={kind == 'static'}",
					f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_C_FLAGS={flags}", f"-DCMAKE_CXX_FLAGS={flags}",
					f"-DCMAKE_C_COMPILER={cache('CMAKE_C_COMPILER')}")
				self.run_well("ninja", "-C", build)
				for language in LANGUAGES:
					program = build / f"consumer_{language}"
					self.assertEqual(self.is_static(program, None), kind == "static")
					self.runs(program)  # CMake has noted where the library is

	def test_what_cmake_finds_is_of_the_version_that_was_asked_for(self):
		text = (self.outside / "CMakeLists.txt").read_text()
		(self.outside / "CMakeLists.txt").write_text(text.replace("uncia 0.1", "uncia 0.2"))
		done = subprocess.run(["cmake", "-S", self.outside, "-B", self.dir / "never", "-G", "Ninja",
			f"-DCMAKE_PREFIX_PATH={self.prefix}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		self.assertNotEqual(done.returncode, 0)
		self.assertIn("compatible with requested version", " ".join(done.stdout.split()))

	def test_the_libraries_show_what_the_headers_say_and_nothing_else(self):
		versions = abi.versions_of_map()
		self.assertEqual(sorted(versions), sorted(self.functions), "wallet/uncia.map and the headers differ")
		self.assertEqual(abi.shown_by_shared(self.lib_folder / "libuncia.so"), versions)
		self.assertEqual(sorted(abi.shown_by_static(self.lib_folder / "libuncia.a")), sorted(self.functions))
		names = self.run_well("readelf", "-d", self.lib_folder / "libuncia.so")
		self.assertIn("[libuncia.so.0]", names)

	def test_the_interface_is_the_one_that_is_committed(self):
		if self.run_well("getconf", "LONG_BIT").strip() != "64":
			self.skipTest("the list is of machines with 64 bits")
		measured = abi.measure(self.prefix / "include", cache("CMAKE_C_COMPILER"), self.dir)
		if os.environ.get("UPDATE") == "1":
			abi.COMMITTED.write_text(measured)
		self.assertEqual(abi.COMMITTED.read_text(), measured, "the interface has changed: where what was there before is still "
			"there as it was, UPDATE=1 adds to the list; where not, programs have to be compiled anew, and the soname changes")

	def test_the_library_is_small(self):
		library = BUILD / "tests" / "libuncia_as_released.so"
		stripped = self.dir / "stripped"
		self.run_well("strip", "-o", stripped, library)
		kilobytes = stripped.stat().st_size / 1000
		print(f"libuncia, shared and stripped: {kilobytes:.0f} KB", flush=True)
		self.assertEqual(abi.shown_by_shared(library), abi.versions_of_map())
		self.assertLessEqual(kilobytes, SIZE_MAX_KB)


class TheListItself(unittest.TestCase):
	"""What the list is made by sees every kind of declaration that the headers have."""

	CODE = """
UNCIA_API UNCIA_MUST_CHECK int uncia_one(const char *a,
                                         int b);
UNCIA_API void uncia_two(void);
enum uncia_kind { UNCIA_A, UNCIA_B = 7 };
enum uncia_error {
	UNCIA_E_X = -1,
	UNCIA_E_Y = -2
};
#define UNCIA_SIZE 12
#define UNCIA_TEXT "no number"
struct uncia_some {
	size_t size;
	int (*hook)(void *context, int (*each)(void *, const char *), void *more);
	uint64_t height, time;
	char to[UNCIA_SIZE];
	const struct uncia_other *other;
};
"""

	def test_everything_is_seen(self):
		self.assertEqual(abi.prototypes(self.CODE), {"uncia_one": "int uncia_one(const char *a, int b)",
			"uncia_two": "void uncia_two(void)"})
		self.assertEqual(abi.members(self.CODE), {"uncia_some": ["size", "hook", "height", "time", "to", "other"]})
		self.assertEqual(abi.constants(self.CODE), ["UNCIA_A", "UNCIA_B", "UNCIA_E_X", "UNCIA_E_Y", "UNCIA_SIZE"])

	def test_every_function_of_a_wallet_is_tried_from_a_hook(self):
		"""A hook of the host's must get an answer whatever it calls: unit/wallet/nested_test calls all there are."""
		tried = (abi.ROOT / "tests" / "unit" / "wallet" / "nested_test.c").read_text()
		functions = abi.prototypes(abi.code_of(abi.ROOT / "include" / "uncia"))
		of_wallets = [name for name, text in functions.items() if re.search(r"\((const )?struct uncia_wallet \*wallet", text)]
		self.assertGreater(len(of_wallets), 40)
		self.assertEqual([name for name in of_wallets if name not in FROM_ANYWHERE and f"{name}(" not in tried], [])

	def test_nothing_of_the_headers_is_left_out(self):
		headers = pathlib.Path(abi.ROOT / "include" / "uncia")
		code = abi.code_of(headers)
		self.assertEqual(len(re.findall(r"\bUNCIA_API\b", code)) - code.count("#define UNCIA_API"), len(abi.prototypes(code)))
		self.assertEqual(len(re.findall(r"^struct uncia_\w+ \{", code, re.M)), len(abi.members(code)))
		self.assertEqual(set(re.findall(r"\bUNCIA_E_\w+(?= = -)", code)) - set(abi.constants(code)), set())


if __name__ == "__main__":
	unittest.main()
