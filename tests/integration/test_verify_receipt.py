"""The verifier written from the specification alone and the product's must come to the same verdict: on receipts and
account proofs that hold, and on thousands that were tampered with."""
import base64
import functools
import json
import os
import pathlib
import random
import subprocess
import unittest

import published_vectors
import text_vectors
import verify_receipt as spec

SAMPLES = pathlib.Path(os.environ["UNCIA_BIN"]).parent / "tests" / "receipt_samples"

# Pure Python is slow at this, and most of the signatures come again.
spec.signature_valid = functools.lru_cache(maxsize=None)(spec.signature_valid)


def samples(task, lines=()):
	done = subprocess.run([SAMPLES, task], input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True)
	return done.stdout


NETWORK = spec.network_load(samples("network"))


def text_of(message):
	return spec.frame_text("uncproof", NETWORK["id"][:4] + message)


def old_text_of(message):
	return spec.RECEIPT_PREFIX + base64.urlsafe_b64encode(message).rstrip(b"=").decode()


def bytes_of(text):
	return spec.receipt_bytes(NETWORK, text)


class VerifyReceipt(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.network = NETWORK
		cls.receipts = samples("make").split()
		cls.random = random.Random(1)

	def holds(self, text):
		try:
			return spec.receipt_verify(self.network, text)
		except spec.Invalid:
			return None

	def agree(self, texts):
		"""Both verdicts on each; returns how many hold."""
		theirs = [int(line) for line in samples("verify", texts).split()]
		self.assertEqual(len(theirs), len(texts))
		held = 0
		for text, code in zip(texts, theirs):
			ours = self.holds(text) is not None
			self.assertEqual(ours, code == 0, f"the product says {code}: {text}")
			held += ours
		return held

	def refused(self, texts):
		self.assertGreater(len(texts), 0)
		self.assertEqual(self.agree(texts), 0)

	def edited(self, edit):
		"""Every third receipt after `edit` of its decoded message; where edit returns False, left out."""
		texts = []
		for text in self.receipts[::3]:
			message = spec.message_decode(spec.RECEIPT, bytes_of(text))
			if edit(message) is not False:
				texts.append(text_of(spec.message_encode(spec.RECEIPT, message)))
		return texts

	def edited_part(self, name, schema, edit):
		def outer(message):
			part = spec.message_decode(schema, message[name])
			if edit(part) is False:
				return False
			message[name] = spec.message_encode(schema, part)
			return None
		return self.edited(outer)

	def test_public_vectors_hold_for_the_hand_written_parts(self):
		published_vectors.check_signatures(self)
		published_vectors.check_addresses(self)

	def test_cleaning_does_what_its_vectors_say(self):
		self.assertEqual(text_vectors.FILE.read_text(), text_vectors.make(), "run text_vectors.py")
		cases = json.loads(text_vectors.make())["cleaning"]
		for case in cases:
			if case["form"] != "request":  # of which this verifier knows nothing
				with self.subTest(case["text"]):
					try:
						clean = spec.text_clean(case["text"], "-_" if case["form"] == "receipt" else "")
					except spec.Invalid:
						clean = None
					self.assertEqual(clean, case["clean"])
		self.assertGreater(len(cases), 30)

	def test_receipts_that_the_product_makes_hold(self):
		self.assertEqual(self.agree(self.receipts), len(self.receipts))
		self.assertGreater(len(self.receipts), 40)
		self.assertEqual([text_of(bytes_of(text)) for text in self.receipts], self.receipts)
		old = [old_text_of(bytes_of(text)) for text in self.receipts]
		self.assertEqual(self.agree(old), len(old))

	def test_receipts_of_the_greatest_heights_hold(self):
		self.assertEqual(self.agree(samples("far").split()), 3)

	def test_what_a_receipt_says_is_read_from_it(self):
		said = self.holds(self.receipts[-1])
		self.assertEqual(said["amount"], "5000.501000")
		self.assertEqual([output["amount"] for output in said["outputs"]], ["0.001000", "5000.000000", "0.500000"])
		self.assertEqual([len(output["to"]) for output in said["outputs"]], [42, 55, 42])
		self.assertEqual((said["height"], said["index"]), (1, 0))

	def test_any_flipped_bit_is_refused(self):
		texts = []
		for text in self.random.sample(self.receipts, 4):
			message = bytes_of(text)
			for at in range(0, len(message), 3):
				tampered = bytearray(message)
				tampered[at] ^= 1 << self.random.randrange(8)
				texts.append(text_of(bytes(tampered)))
		self.refused(texts)

	def test_any_cut_and_any_addition_is_refused(self):
		message = bytes_of(self.receipts[20])
		self.refused([text_of(message[:size]) for size in range(1, len(message), 7)])
		self.refused([text_of(message + tail) for tail in (b"\0", b"\x38\1", b"\x10\0", b"\x3a\0", message)])

	def test_text_in_another_form_is_refused(self):
		text = old_text_of(bytes_of(self.receipts[0]))
		body = text[len(spec.RECEIPT_PREFIX):]
		self.refused([body, "uncia-receipt-2:" + body, text + "=", text[:40] + "." + text[40:], text + "x", spec.RECEIPT_PREFIX,
			text.upper(), text[:40] + "\u2014" + text[40:], text[:40] + "\u201d" + text[40:], "receipt: " + text, text + "\u201d-x"])

	def test_a_framed_text_in_another_form_is_refused(self):
		text, message = self.receipts[0], bytes_of(self.receipts[0])
		run = text[len("uncia:"):]
		self.assertEqual(self.agree([text, run, text.upper(), "uNcIa:" + run, "UNCIA:" + run]), 5)
		n4 = NETWORK["id"][:4]
		self.refused([text[:-1], text[1:], text + "q", text[:40] + text[41:], text[:40] + "q" + text[40:], text[:40] + "-" + text[40:],
			text[:-1] + ("q" if text[-1] != "q" else "p"), run[:20].upper() + run[20:], "uncia:uncia:" + run, "uncia:" + run.replace("uncproof", "uncnever"),
			spec.frame_text("uncnever", n4 + message), spec.frame_text("uncproof", n4 + message, 2), spec.frame_text("uncproof", n4 + message, 0),
			spec.frame_text("uncproof", bytes(4) + message), spec.frame_text("uncproof", n4 + message + b"\0"), spec.frame_text("uncproof", n4),
			spec.frame_text("uncproof", n4[:3]), spec.frame_text("uncproof", b""), "uncia:" + spec.bech32m_encode("uncproof", [])])
		groups = [1, *spec.groups_of(n4 + message)]
		self.refused(["uncia:" + spec.bech32m_encode("uncproof", changed) for changed in (groups + [0], groups + [0, 0], groups[:-1],
			groups[:-1] + [groups[-1] ^ 1])])

	def test_what_programs_do_to_a_text_on_its_way_changes_no_verdict(self):
		for text in (self.receipts[0], old_text_of(bytes_of(self.receipts[0]))):
			self.carried(text)
		for receipt in self.receipts[:5]:
			self.refused([old_text_of(bytes_of(receipt)) + mark for mark in "-_"])
			self.assertEqual(self.agree([receipt + mark for mark in "-_"]), 2)

	def carried(self, text):
		pieces = [text[at:at + 76] for at in range(0, len(text), 76)]
		held = [between.join(pieces) for between in ("\v", " ", "\v> ", "\v> > ", "\u2028", "\u200b", "\u00a0", "\u00ad", "|")]
		held += [before + text + behind for before, behind in ((" ", " \t"), ("\ufeff", ""), ("<", ">"), ("(", ")."), ("\u201c", "\u201d."),
			("\u00ab\u202f", "\u202f\u00bb"), ("`", "`"), ("- ", ";"), ("\u2022 ", "!"), ("> ", "\v>"))]
		held.append(text.replace("-", "\u2011"))
		self.assertEqual(self.agree(held), len(held))
		self.refused([mangled[:-20] for mangled in held])
		for receipt in self.receipts:
			self.assertEqual(self.agree([receipt + mark for mark in (".", ",", "\u201d", ")")]), 4)

	def test_another_index_is_refused(self):
		for step in (1, 2, 8, 1 << 31):
			self.refused(self.edited(lambda m, s=step: m.update(index=(m["index"] + s) % 2**32)))

	def test_a_longer_or_shorter_path_is_refused(self):
		self.refused(self.edited(lambda m: m.update(path=m["path"] + bytes(32))))
		self.refused(self.edited(lambda m: m.update(path=m["path"] + b"\1")))
		self.refused(self.edited(lambda m: m["path"] != b"" and m.update(path=m["path"][32:])))

	def test_a_certificate_of_another_kind_or_for_another_block_is_refused(self):
		for kind in (0, 1, 2, 3, 4, 5):
			def change(part, kind=kind):
				if part["kind"] == kind:
					return False
				part["kind"] = kind
				return None
			self.refused(self.edited_part("certificate", spec.CERTIFICATE, change))
		others = [spec.message_decode(spec.RECEIPT, bytes_of(text))["certificate"] for text in self.receipts]
		self.refused(self.edited(lambda m: m.update(certificate=next(c for c in others if c != m["certificate"]))))
		self.refused(self.edited(lambda m: m.update(certificate=b"")))

	def test_signers_that_are_too_few_repeated_or_foreign_are_refused(self):
		def drop_last(part):
			count = len(part["signatures"]) // 64
			part["signatures"] = part["signatures"][:-64]
			part["first_signers"] = ((1 << count - 1) - 1).to_bytes(2, "little")
		self.refused(self.edited_part("certificate", spec.CERTIFICATE, drop_last))

		def repeat_first(part):
			count = len(part["signatures"]) // 64
			part["signatures"] = part["signatures"][:64] * count
		self.refused(self.edited_part("certificate", spec.CERTIFICATE, repeat_first))

		def foreign(part):
			part["first_signers"] = bytes([part["first_signers"][0], part["first_signers"][1] | 0x80])
			part["signatures"] += part["signatures"][:64]
		self.refused(self.edited_part("certificate", spec.CERTIFICATE, foreign))

		def as_extra(part):
			part["extra_signers"], part["first_signers"] = part["first_signers"], bytes(2)
		self.refused(self.edited_part("certificate", spec.CERTIFICATE, as_extra))

	def test_descendants_left_out_repeated_or_out_of_order_are_refused(self):
		def some(change):
			def edit(message):
				blobs = message["descendants"]
				if not blobs:
					return False
				before = list(blobs)
				change(blobs)
				return None if blobs != before else False
			return self.edited(edit)
		self.refused(some(lambda blobs: blobs.pop()))
		self.refused(some(lambda blobs: blobs.pop(0)))
		self.refused(some(lambda blobs: blobs.append(blobs[-1])))
		self.refused(some(lambda blobs: blobs.reverse()))
		self.refused(some(lambda blobs: blobs.extend([blobs[0]] * 300)))

	def test_a_header_changed_anywhere_is_refused(self):
		for name in ("epoch", "view", "height", "timestamp_ms", "payment_count", "proposer"):
			self.refused(self.edited_part("header", spec.HEADER, lambda h, n=name: h.update({n: h[n] + 1})))
		for name in ("parent_id", "payments_root", "parent_state_root", "committee_hash"):
			self.refused(self.edited_part("header", spec.HEADER, lambda h, n=name: h.update({n: bytes(32)})))
			self.refused(self.edited_part("header", spec.HEADER, lambda h, n=name: h.update({n: h[n][1:]})))

	def test_a_payment_signed_by_nobody_or_changed_is_refused(self):
		self.refused(self.edited_part("payment", spec.SIGNED_PAYMENT, lambda p: p.update(signature=bytes(64))))
		self.refused(self.edited_part("payment", spec.SIGNED_PAYMENT, lambda p: p.update(public_key=self.network["keys"][0])))

		def richer(signed):
			body = spec.message_decode(spec.PAYMENT, signed["body"])
			body["transfer"]["outputs"][0]["amount"] += 1
			signed["body"] = spec.message_encode(spec.PAYMENT, body)
		self.refused(self.edited_part("payment", spec.SIGNED_PAYMENT, richer))

	def test_a_receipt_of_another_network_is_refused(self):
		other = dict(self.network, id=bytes(32))
		with self.assertRaises(spec.Invalid):
			spec.receipt_verify(other, self.receipts[0])


class VerifyAccount(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.network = spec.network_load(samples("network"))
		cls.proofs = [tuple(map(bytes.fromhex, line.split())) for line in samples("accounts").splitlines()]
		cls.random = random.Random(2)

	def holds(self, address, proof):
		try:
			return spec.account_proof_verify(self.network, address, proof)
		except spec.Invalid:
			return None

	def agree(self, proofs):
		codes = samples("balances", [f"{address.hex()} {proof.hex()}" for address, proof in proofs]).split()
		self.assertEqual(len(codes), len(proofs))
		for (address, proof), code in zip(proofs, codes):
			ours = self.holds(address, proof) is not None
			self.assertEqual(ours, code == "0", f"the product says {code}: {address.hex()} {proof.hex()}")
		return codes.count("0")

	def edited(self, edit):
		proofs = []
		for address, proof in self.proofs:
			message = spec.message_decode(spec.ACCOUNT_PROOF, proof)
			if edit(message) is not False:
				proofs.append((address, spec.message_encode(spec.ACCOUNT_PROOF, message)))
		self.assertGreater(len(proofs), 0)
		return proofs

	def test_proofs_that_the_product_makes_hold(self):
		self.assertEqual(self.agree(self.proofs), len(self.proofs))
		said = self.holds(*self.proofs[1])
		self.assertEqual(said, {"balance": 1000003, "payments": 1, "height": 0})

	def test_any_flipped_bit_is_refused(self):
		proofs = []
		for address, proof in self.random.sample(self.proofs, 5):
			for at in range(0, len(proof), 5):
				tampered = bytearray(proof)
				tampered[at] ^= 1 << self.random.randrange(8)
				proofs.append((address, bytes(tampered)))
		self.assertEqual(self.agree(proofs), 0)

	def test_the_proof_of_another_account_or_place_is_refused(self):
		self.assertEqual(self.agree([(bytes(20), proof) for _, proof in self.proofs]), 0)
		for step in (1, 8, 32, 1 << 40):
			self.assertEqual(self.agree(self.edited(lambda m, s=step: m.update(index=m["index"] + s))), 0)

	def test_another_count_free_head_or_path_is_refused(self):
		for count in (0, 1, 7, 64, 1 << 63):
			self.assertEqual(self.agree(self.edited(lambda m, c=count: m.update(entry_count=c))), 0)
		self.assertEqual(self.agree(self.edited(lambda m: m.update(free_head=0))), 0)
		self.assertEqual(self.agree(self.edited(lambda m: m.update(path=m["path"] + bytes(96)))), 0)
		self.assertEqual(self.agree(self.edited(lambda m: m["path"] != b"" and m.update(path=m["path"][96:]))), 0)
		self.assertEqual(self.agree(self.edited(lambda m: m.update(group=m["group"][:560]))), 0)


if __name__ == "__main__":
	unittest.main()
