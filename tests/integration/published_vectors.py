"""The hand-written parts of verify_receipt.py, against vectors that others have published."""
import json
import pathlib

import verify_receipt as spec

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"


def vectors_of(name):
	return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def fields(case, *names):
	return [bytes.fromhex(case[name]) for name in names]


def check_signatures(test):
	"""encoding.md, "Signatures": the verdicts that the protocol asks for, and the rule that is broken."""
	for case in vectors_of("ed25519-speccheck.json"):
		test.assertFalse(spec.signature_valid(*fields(case, "pub_key", "message", "signature")))
	for case in vectors_of("ed25519-format2.json"):
		test.assertEqual(spec.broken_rule(*fields(case, "key", "message", "signature")), case["rule"], case["name"])
	for case in vectors_of("ed25519-format2-given-k.json"):
		key, k, signature = fields(case, "key", "k", "signature")
		test.assertEqual(spec.broken_rule_given(key, int.from_bytes(k, "little"), signature), case["rule"], case["name"])
	for case in vectors_of("ed25519-wycheproof.json"):
		key, message, signature = fields(case, "key", "message", "signature")
		rule = spec.broken_rule(key, message, signature) if len(signature) == 64 else None
		test.assertEqual(rule, case["rule"], f"Wycheproof {case['id']}")
	test.assertFalse(spec.key_valid(bytes.fromhex("003789297ce02defa2f4bc7635d1d7ce99b96d76eb91d31f905101674ddab720")))
	test.assertTrue(spec.key_valid(spec.point_encode(spec.BASE)))


def check_addresses(test):
	vectors = vectors_of("bech32m.json")
	for text in vectors["valid_bech32m"]:
		test.assertTrue(spec.bech32m_valid(text), text)
	for text in vectors["invalid_bech32m"]:
		test.assertFalse(spec.bech32m_valid(text), text)
	test.assertTrue(spec.bech32m_valid(spec.address_text(bytes(range(20)), bytes(8))))
