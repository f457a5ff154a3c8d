"""Homes of other formats: one of each earlier one is opened or brought up to date; a newer one is left alone."""
import hashlib
import pathlib
import platform
import re
import sys
import tarfile
import unittest

from network import Validator
from vector_ciphers import siphash
from unciad import UnciadTest, free_ports

HOMES = pathlib.Path(__file__).resolve().parent.parent / "homes"
# Of format 4: what its release said of it.
AUDIT = {"v": 1, "ok": True, "height": 13, "block": "95e7c02a42953f7ffed5818f36355a3cf094aca25c61642657e224044f7ca1bc",
	"state_root": "ffa97d62f93629ab40a809b07076824076a61a40203d109a23a53e3a2765c3c5", "records": 46, "blocks": 13, "payments": 5,
	"certificates": 13, "signatures": 18, "supply": "1000000000.000000"}


@unittest.skipUnless(sys.byteorder == "little" and platform.architecture()[0] == "64bit", "LMDB's files are the machine's")
class Formats(UnciadTest):
	def setUp(self):
		super().setUp()
		with tarfile.open(HOMES / "format4.tar.xz") as archive:
			archive.extractall(self.dir)
		config = self.dir / "v0/unciad.conf"
		self.port = free_ports(1)
		text = re.sub(r"^listen = .*$", f"listen = 127.0.0.1:{self.port}", config.read_text(), flags=re.M)
		config.write_text("\n".join(line for line in text.splitlines() if not line.startswith("listen_websocket")) + "\n")

	def files(self):
		return {str(p.relative_to(self.dir)): hashlib.sha256(p.read_bytes()).digest() for p in sorted((self.dir / "v0").rglob("*"))
			if p.is_file() and p.name != "lock"}

	def test_a_home_of_format_4_is_opened(self):
		before = self.files()
		self.assertEqual(self.run_json("check", "--home", "v0"), AUDIT)
		self.assertEqual(self.files(), before)
		self.assertEqual(self.run_json("migrate", "--home", "v0"), {"v": 1, "from": 4, "to": 4})
		self.assertIn("nothing to do", self.run_unciad("migrate", "--home", "v0")[0])
		self.assertEqual(self.files(), before)
		self.assertEqual(self.run_json("backup", "--home", "v0", "bk")["height"], AUDIT["height"])
		self.assertEqual(self.run_json("check", "--home", "bk"), AUDIT)
		validator = Validator(self, 0, {"home": "v0", "port": self.port, "pid": 0})
		validator.start()
		self.until(lambda: "event=listening" in validator.log(), "the validator to run")
		self.until(lambda: (s := self.status("v0"))["voting"] == "yes" and s["height"] > AUDIT["height"], "it to go on")
		validator.stop()
		self.assertGreater(self.run_json("check", "--home", "v0")["height"], AUDIT["height"])

	def set_format(self, part, number):
		"""Writes another number into the identity, under a checksum that holds, wherever LMDB has a page of it."""
		path = self.dir / f"v0/data/{part}/data.mdb"
		data = bytearray(path.read_bytes())
		place = part[0].encode() + b"\0identity"
		found = 0
		for match in re.finditer(re.escape(b"identity\x01" + (68).to_bytes(4, "big")), bytes(data)):
			at = match.start() + len("identity")
			payload = number.to_bytes(4, "big") + bytes(data[at + 17:at + 13 + 68])
			key = siphash(b"uncia.record.v1\0", place).to_bytes(8, "big") + (68).to_bytes(8, "big")
			data[at + 5:at + 13] = siphash(key, payload).to_bytes(8, "big")
			data[at + 13:at + 13 + 68] = payload
			found += 1
		self.assertGreater(found, 0)
		path.write_bytes(data)

	def test_the_present_number_written_anew_is_the_same_home(self):
		self.set_format("journal", 4)
		self.set_format("state", 4)
		self.assertEqual(self.run_json("check", "--home", "v0"), AUDIT)

	def test_a_home_of_a_newer_format_is_left_alone(self):
		self.set_format("journal", 5)
		self.set_format("state", 5)
		before = self.files()
		for command in (["start"], ["check"], ["status"], ["compact"], ["migrate"], ["backup"]):
			operand = ["bk"] if command == ["backup"] else []
			self.refuses(7, "its format is 5, this program knows 4: a newer release of unciad has made it", *command, "--home", "v0",
				*operand)
			self.assertEqual(self.files(), before, command)
		self.assertFalse((self.dir / "bk").exists() or (self.dir / "bk.part").exists())

	def test_a_home_of_an_older_format_without_a_way_is_left_alone(self):
		self.set_format("journal", 3)
		self.set_format("state", 3)
		before = self.files()
		for command in ("start", "check", "status", "compact", "migrate"):
			self.refuses(7, "there is no way from there: use the release of unciad that made it", command, "--home", "v0")
			self.assertEqual(self.files(), before, command)

	def test_a_state_of_another_format_is_told(self):
		self.set_format("state", 5)
		before = self.files()
		self.refuses(7, "v0/data/state: its format is 5", "start", "--home", "v0")
		self.assertEqual(self.files(), before)


if __name__ == "__main__":
	unittest.main()
