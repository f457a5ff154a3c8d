"""The tests' own way to read what a child writes while it goes on writing."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from unciad import Devnet

TESTS = pathlib.Path(__file__).parent.parent
LINES = 20000
WRITER = f"""
import os
for i in range({LINES}):
	os.write(2, b"line %d\\n" % i)
"""


def shared_and_moved(text):
	"""Names of files that a program of Python gives to a child as its output and then seeks in or reads from."""
	given = set(re.findall(r"std(?:out|err)=([\w.]+)", text))
	return sorted(name for name in given if re.search(rf"(?<![\w.]){re.escape(name)}\.(seek|read|readlines?|truncate)\(", text))


class OutputTest(unittest.TestCase):
	def test_nothing_is_lost_of_what_a_child_writes_while_it_is_read(self):
		devnet = Devnet(tempfile.gettempdir(), ["-c", WRITER], program=sys.executable)
		self.addCleanup(devnet.kill)
		reads, length = 0, 0
		while devnet.process.poll() is None:
			text = devnet.errors()
			self.assertGreaterEqual(len(text), length)
			reads, length = reads + 1, len(text)
		self.assertGreater(reads, 10)
		self.assertEqual(devnet.errors(), "".join(f"line {i}\n" for i in range(LINES)))

	def test_no_test_moves_the_position_of_a_file_that_a_child_writes_to(self):
		for path in sorted(TESTS.rglob("*.py")):
			self.assertEqual(shared_and_moved(path.read_text()), [], path.relative_to(TESTS))

	def test_a_file_that_is_shared_and_moved_is_found(self):
		self.assertEqual(shared_and_moved("Popen(x, stderr=self.log)\nself.log.seek(0)"), ["self.log"])
		self.assertEqual(shared_and_moved("Popen(x, stdout=out, stderr=out)\nabout.read()\nx.out.read()"), [])


if __name__ == "__main__":
	unittest.main()
