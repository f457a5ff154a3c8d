"""./run coverage counts what ran, and names what did not."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
SOURCE = """int often(int number);
int often(int number)
{
	if (number > 100)
		return 1;
	return 0;
}

int never(void);
int never(void)
{
	return 2;
}

int main(void)
{
	return often(1) + often(2);
}
"""


class Coverage(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="uncia-test-")
		self.addCleanup(directory.cleanup)
		self.root = pathlib.Path(directory.name)
		for folder in ("tests", "proto", "build/proto"):
			(self.root / folder).mkdir(parents=True)
		shutil.copy(TESTS / "coverage.py", self.root / "tests")

	def cover(self, *files, code=0):
		done = subprocess.run([sys.executable, "-B", self.root / "tests/coverage.py", self.root / "build", *files], text=True,
			stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		self.assertEqual(done.returncode, code, done.stdout)
		return [line.split() for line in done.stdout.splitlines() if line]

	def test_names_lines_and_functions_that_never_ran(self):
		(self.root / "proto/a.c").write_text(SOURCE)
		program = self.root / "build/proto/a"
		subprocess.run(["gcc", "-O0", "--coverage", "-fprofile-abs-path", self.root / "proto/a.c", "-o", program], check=True,
			cwd=self.root / "build/proto")
		lines = self.cover("proto/a.c")
		self.assertEqual(lines[0], ["proto", "8", "0.0", "%", "3", "of", "3", "functions", "never", "ran"])
		subprocess.run([program], check=True)
		room, everything, file, missing = self.cover("proto/a.c")
		self.assertEqual(room, ["proto", "8", "62.5", "%", "1", "of", "3", "functions", "never", "ran"])
		self.assertEqual(everything[1:3], ["8", "62.5"])
		self.assertEqual(file, ["proto/a.c", "8", "62.5", "%", "never"])
		self.assertEqual(missing, ["proto/a.c:", "5", "10", "12"])

	def test_a_build_without_counters_is_refused(self):
		self.assertIn("nothing", self.cover(code=1)[0])


if __name__ == "__main__":
	unittest.main()
