"""All sources in C are formatted by clang-format-14, as .clang-format says."""
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parent.parent.parent
FOLDERS = ("include", "proto", "node", "wallet", "tests")


def wrongly_formatted(files):
	"""What clang-format says of them, or nothing."""
	done = subprocess.run(["clang-format-14", f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "-Werror", *files],
		stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
	return done.stdout if done.returncode else ""


class Format(unittest.TestCase):
	def test_sources_are_formatted(self):
		files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[ch]"))]
		self.assertGreater(len(files), 200)
		self.assertEqual(wrongly_formatted(files), "")

	def test_a_file_that_is_not_formatted_is_found(self):
		with tempfile.TemporaryDirectory() as directory:
			file = pathlib.Path(directory) / "wrong.c"
			file.write_text("int main(void) {\n  return 0; }\n")
			self.assertIn("wrong.c", wrongly_formatted([file]))


if __name__ == "__main__":
	unittest.main()
