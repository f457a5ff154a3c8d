"""The vectors of the texts by which several people make a genesis (docs/spec/texts.md §13), docs/spec/vectors/founding.json,
from that page alone."""
import hashlib

import verify_receipt as spec


def montgomery(edwards):
	"""The X25519 key of a point of Ed25519 (RFC 7748, 4.1): u = (1 + y) / (1 - y)."""
	y = int.from_bytes(edwards, "little") & (1 << 255) - 1
	return ((1 + y) * pow(1 - y, spec.P - 2, spec.P) % spec.P).to_bytes(32, "little")


def network_proof(h, secret, network_key, digest):
	scalar = int.from_bytes(secret, "little") & (1 << 255) - 8 & ~(1 << 255) | 1 << 254
	scalar %= spec.L
	point = spec.point_encode(spec.point_multiply(scalar, spec.BASE))
	assert montgomery(point) == network_key
	nonce = int.from_bytes(h("linenonce", b"\0", secret, digest) + h("linenonce", b"\1", secret, digest), "little") % spec.L
	commitment = spec.point_encode(spec.point_multiply(nonce, spec.BASE))
	challenge = int.from_bytes(hashlib.sha512(commitment + point + digest).digest(), "little") % spec.L
	signature = commitment + ((nonce + challenge * scalar) % spec.L).to_bytes(32, "little")
	assert spec.signature_valid(point, digest, signature)
	return point + signature


def line(h, network, at, host, port):
	name, weight = network.fields["name"], network.weights[at]
	statement = bytes([len(name)]) + name + network.consensus[at].public + network.network_keys[at] + \
		weight.to_bytes(8, "big") + bytes([len(host)]) + host.encode() + port.to_bytes(2, "big")
	digest = h("line", statement)
	proof = network_proof(h, network.network_secrets[at], network.network_keys[at], digest)
	signature = network.consensus[at].sign(digest)
	return {"name": name.decode(), "weight": weight if weight < 2**53 else str(weight), "host": host, "port": port,
		"consensus_seed": network.consensus[at].seed.hex(), "network_secret": network.network_secrets[at].hex(),
		"statement": statement.hex(), "digest": digest.hex(), "network_proof": proof.hex(), "signature": signature.hex(),
		"text": spec.frame_text("uncline", statement + proof + signature)}


def agreement(h, network, at):
	digest = h("agree", network.id)
	key = network.consensus[at]
	signature = key.sign(digest)
	return {"network_id": network.id.hex(), "consensus_seed": key.seed.hex(), "digest": digest.hex(),
		"signature": signature.hex(), "text": spec.frame_text("uncagree", network.id + key.public + signature)}


def make(world, h):
	network = world.network
	return {"lines": [line(h, network, at, host, port) for at, (host, port) in enumerate(
			(("v0.example.org", 7400), ("192.0.2.7", 1), ("2001:db8::7", 65535)))],
		"agreements": [agreement(h, network, at) for at in range(2)]}
