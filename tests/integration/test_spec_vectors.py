"""The vectors of the specification are what a program written from it alone makes, byte for byte, and leave nothing out
that is hashed. What the product makes of them the unit tests …_vectors_test say."""
import json
import pathlib
import re
import unittest

import spec_vectors
import verify_receipt as spec

ROOT = pathlib.Path(__file__).parent.parent.parent
VECTORS = ROOT / "docs" / "spec" / "vectors"


class Vectors(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.made = spec_vectors.make_all()
		cls.read = {name: json.loads(text) for name, text in cls.made.items()}

	def test_the_files_are_those_that_the_script_makes(self):
		self.assertEqual(sorted(path.name for path in VECTORS.iterdir()), sorted([*self.made, "README.md"]))
		for name, text in self.made.items():
			self.assertEqual((VECTORS / name).read_text(encoding="utf-8"), text, f"{name}: run spec_vectors.py docs/spec/vectors")

	def test_every_hash_tag_of_the_product_has_a_vector(self):
		tags = re.findall(r'\[HASH_\w+\] = "([^"]+)"', (ROOT / "proto" / "hash.c").read_text(encoding="utf-8"))
		vectors = {vector["personalisation"]: vector for vector in self.read["encoding.json"]["hashes"]}
		self.assertGreater(len(tags), 10)
		self.assertEqual(sorted(tags), sorted(vectors))
		for tag, vector in vectors.items():
			digest = spec.tagged_hash(tag.removeprefix("uncia."), bytes.fromhex(vector["input"]))
			self.assertEqual(digest.hex(), vector["digest"], tag)

	def test_every_member_of_the_files_is_described(self):
		text = (VECTORS / "README.md").read_text(encoding="utf-8")
		described = set(re.findall(r"`(\w+)`", text))

		def names(value):
			if isinstance(value, dict):
				for name, inner in value.items():
					yield name
					yield from names(inner)
			elif isinstance(value, list):
				for inner in value:
					yield from names(inner)
		for name, file in self.read.items():
			self.assertIn(f"`{name}`", text)
			self.assertEqual(set(names(file)) - described, set(), name)

	def test_all_integers_are_read_alike_by_every_reader_of_json(self):
		def integers(value):
			if isinstance(value, bool):
				return
			if isinstance(value, int):
				yield value
			for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
				yield from integers(inner)
		for name, file in self.read.items():
			self.assertTrue(all(0 <= number < 2**53 for number in integers(file)), name)

	def test_the_verifier_takes_the_network_file_and_what_is_proved_in_it(self):
		network = spec.network_load(self.read["genesis.json"]["network_file"])
		self.assertEqual(network["id"].hex(), self.read["genesis.json"]["networks"][1]["network_id"])
		for receipt in self.read["proofs.json"]["receipts"]:
			self.assertEqual(spec.receipt_verify(network, receipt["text"]), receipt["says"])
			changed = bytearray.fromhex(receipt["bytes"])
			changed[len(changed) // 2] ^= 1
			with self.assertRaises(spec.Invalid):
				spec.receipt_verify(network, spec.RECEIPT_PREFIX + spec_vectors.base64url(bytes(changed)))

	def test_the_primitives_are_those_of_their_papers(self):
		"""What Python's library lacks is written here: it must be right before it proves anything."""
		x = spec_vectors.x25519(bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
			bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))
		self.assertEqual(x.hex(), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")  # RFC 7748, 5.2
		key = spec_vectors.Key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
		self.assertEqual(key.public.hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")  # RFC 8032, 7.1
		sealed = spec_vectors.seal(bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647"),
			b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
			bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
		self.assertEqual(sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691")  # RFC 8439, 2.8.2


if __name__ == "__main__":
	unittest.main()
