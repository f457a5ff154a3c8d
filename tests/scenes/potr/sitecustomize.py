"""Debian 12's potr calls methods that its Cryptodome has no more: without these no key is made, nothing is signed or
encrypted, and OTR in WeeChat does nothing. The scenes put this folder on the path of WeeChat's Python. The parameters of
keys are ready made, since finding them takes many seconds."""
from Cryptodome.Cipher import AES
from Cryptodome.Math.Numbers import Integer
from Cryptodome.PublicKey import DSA
from Cryptodome.Util import Counter

DOMAIN = tuple(int(number, 16) for number in (
	# p, q and g
		"f741e0aaa4276b7c8f9d50597fa53a3fda1ce4f104df9e6e57671e626d3cb414810f9e3574677920f59b44b61241810ad940"
		"b0d93b82325dc4d9a077274d75cc3cca9e00769b9b88ff9f5a68ae4e36bf5467706066c0a7d1e332135da2c3779fe5fe8433"
		"efaed7a3f4482151e7f8db46dbdacb5b98655132a6ddb9e4a7dcc571",
		"e5d56726aa3e479650520a67760387f569e6c5af",
		"53220895e86ca14738e4ae08d6ddcca7c80431fdaa0c31319383a3a2569df336efd79465bc20f3d850508ac6401b9c358652"
		"27b2f586c65df41c0ce5d619342e8636aabfc4a51912f1e749529f83ad468f31e2a01188082ed1219e8bd942280103d7c2a8"
		"22a40e6cb7448736baffab73dd7f8c2e9f8f9913e875321ef6102ade"))
generate, new = DSA.generate, AES.new


def sign(key, data, k):
	return tuple(int(part) for part in key._sign(Integer.from_bytes(data), Integer(k)))


def verify(key, data, signature):
	return bool(key._verify(Integer.from_bytes(data), tuple(Integer(part) for part in signature)))


def new_cipher(key, mode, counter):
	"""potr's counters are objects of 8 bytes that stay and 8 that count."""
	return new(key, mode, counter=Counter.new(64, prefix=counter.prefix.to_bytes(8, "big"), initial_value=counter.val))


DSA.generate = lambda bits: generate(bits, domain=DOMAIN)
DSA.DsaKey.key = property(lambda key: key)
DSA.DsaKey.sign, DSA.DsaKey.verify = sign, verify
AES.new = new_cipher
