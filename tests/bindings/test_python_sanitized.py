"""The tests of the Python binding over the library with AddressSanitizer, which is loaded before Python: what the binding frees
too early, twice, or reads beyond its end."""
import os
import re
import subprocess
import sys
import unittest

from installed import BUILD, cache

MODULES = ("test_python", "test_python_holds", "test_python_people", "test_python_texts")


class Sanitized(unittest.TestCase):
	@unittest.skipUnless(cache("UNCIA_SANITIZE") == "ON", "this build has no sanitizers")
	def test_the_binding_frees_what_it_has_once_and_last(self):
		runtimes = " ".join(subprocess.run([cache("CMAKE_C_COMPILER"), f"-print-file-name={name}"], check=True, stdout=subprocess.PIPE,
			text=True).stdout.strip() for name in ("libasan.so", "libubsan.so"))
		environment = {**os.environ, "LD_PRELOAD": runtimes, "PYTHONMALLOC": "malloc", "UNCIA_TRIED_LIBRARY": str(BUILD / "lib" / "libuncia.so"),
			"ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1"}
		done = subprocess.run([sys.executable, "-B", "-X", "faulthandler", "-m", "unittest", *MODULES], stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=580, env=environment)
		self.assertEqual(done.returncode, 0, done.stdout[-8000:])
		self.assertNotIn("Sanitizer", done.stdout)
		self.assertGreater(int(re.search(r"^Ran (\d+) tests", done.stdout, re.M)[1]), 25)


if __name__ == "__main__":
	unittest.main()
