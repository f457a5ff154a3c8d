"""A binding without a compiler: Python's ctypes over the shared library, with no layout and no size of its own. All that it
knows besides the names are numbers that never change (enums), as the headers have them."""
import ctypes
import json
import re
import select
import subprocess
import time

import abi
from installed import BUILD
from unciad import BIN, UnciadTest

EVENT_PAYMENT, EVENT_ORDER, PAYMENT_FINAL = 2, 9, 2
E_ARGUMENT = -101
UNSIGNED, SIGNED, TEXT, BYTES, POINTER = 1, 2, 3, 4, 5
POINTERS = ("uncia_struct_new", "uncia_version", "uncia_error_text", "uncia_network_name")


def library():
	lib = ctypes.CDLL(str(BUILD / "tests" / "libuncia_as_released.so"))
	for name in POINTERS:
		getattr(lib, name).restype = ctypes.c_void_p if name.endswith("new") else ctypes.c_char_p
	lib.uncia_struct_size.restype = ctypes.c_size_t
	return lib


class Struct:
	"""A structure of the library, by name: its members are attributes."""

	def __init__(self, lib, name, **values):
		self.__dict__.update(lib=lib, name=name, members=members(lib, name), kept=[])
		self.__dict__["address"] = lib.uncia_struct_new(name.encode(), ctypes.c_size_t(1))
		assert self.address, name
		for member, value in values.items():
			setattr(self, member, value)

	def __del__(self):
		self.lib.uncia_struct_free(ctypes.c_void_p(self.address))

	def __getattr__(self, member):
		kind, offset, size = self.members[member]
		raw = ctypes.string_at(self.address + offset, size)
		if kind in (UNSIGNED, SIGNED):
			return int.from_bytes(raw, "little", signed=kind == SIGNED)
		return raw.split(b"\0")[0].decode() if kind == TEXT else raw

	def __setattr__(self, member, value):
		kind, offset, size = self.members[member]
		if kind == POINTER:
			if isinstance(value, bytes):
				value = ctypes.create_string_buffer(value)
			self.kept.append(value)
			number = value.address if isinstance(value, Struct) else ctypes.addressof(value)
		else:
			number = int(value)
		ctypes.memmove(self.address + offset, number.to_bytes(size, "little"), size)

	@property
	def pointer(self):
		return ctypes.c_void_p(self.address)


def members(lib, name):
	"""Name: (kind, offset, size), as the library says."""
	found = {}
	member, kind, offset, size = ctypes.c_char_p(), ctypes.c_int(), ctypes.c_size_t(), ctypes.c_size_t()
	while lib.uncia_struct_member(name.encode(), ctypes.c_size_t(len(found)), *map(ctypes.byref, (member, kind, offset, size))) == 0:
		found[member.value.decode()] = (kind.value, offset.value, size.value)
	return found


class Binding(UnciadTest):
	def setUp(self):
		super().setUp()
		self.lib = library()

	def must(self, result):
		self.assertGreaterEqual(result, 0, self.lib.uncia_error_text(result))
		return result

	def open(self):
		"""A new wallet in a home of its own, on the network of a devnet that has given it 5."""
		lib, self.host, self.wallet, self.network = self.lib, Struct(self.lib, "uncia_host"), ctypes.c_void_p(), ctypes.c_void_p()
		self.must(lib.uncia_host_directory(str(self.dir / "home").encode(), self.host.pointer))
		words, address = ctypes.create_string_buffer(256), ctypes.create_string_buffer(64)
		self.must(lib.uncia_words_make(None, 12, words))
		key = Struct(lib, "uncia_key_options", no_passphrase=True)
		self.must(lib.uncia_wallet_create(self.host.pointer, words, key.pointer))
		self.must(lib.uncia_network_load(str(self.dir / "net" / "network.conf").encode(), ctypes.byref(self.network), None))
		self.must(lib.uncia_wallet_open(self.host.pointer, self.network, None, ctypes.byref(self.wallet)))
		lib.uncia_network_free(self.network) # the wallet goes on with it
		self.must(lib.uncia_wallet_address(self.wallet, address))
		self.treasury = [BIN / "uncia", "--wallet", "net/treasury", "--network", "net/network.conf"]
		subprocess.run([*self.treasury, "send", address.value.decode(), "5"], cwd=self.dir, check=True, timeout=60,
			stdout=subprocess.DEVNULL)

	def order(self, amount, tag):
		payee = json.loads(subprocess.run([*self.treasury, "address", "--json"], cwd=self.dir, check=True, timeout=60,
			stdout=subprocess.PIPE).stdout)["address"]
		output = Struct(self.lib, "uncia_output", address=payee.encode(), amount=amount)
		request = Struct(self.lib, "uncia_payment_request", outputs=output, output_count=1, key=b"rent-may", tag=tag,
			tag_size=len(tag))
		self.must(self.lib.uncia_wallet_order(self.wallet, request.pointer))

	def until_event(self, kind, seconds=60):
		event, deadline = Struct(self.lib, "uncia_event"), time.monotonic() + seconds
		fd = self.must(self.lib.uncia_wallet_fd(self.wallet))
		while time.monotonic() < deadline:
			while self.must(self.lib.uncia_wallet_event(self.wallet, event.pointer)) == 1:
				if event.kind == kind:
					return event
			wait = self.lib.uncia_wallet_timeout_ms(self.wallet)
			select.select([fd], [], [], 1 if wait < 0 else min(wait, 1000) / 1000)
			self.must(self.lib.uncia_wallet_process(self.wallet))
		self.fail(f"no event {kind} in {seconds} s")

	def test_pays_and_is_told_of_it_without_knowing_a_layout(self):
		self.start_devnet()
		self.open()
		self.order(500000, b"chat 7\0message 3")
		ordered = self.until_event(EVENT_ORDER)
		self.assertEqual((ordered.error, ordered.tag[:ordered.tag_size]), (0, b"chat 7\0message 3"))
		payment = Struct(self.lib, "uncia_payment")
		identity = ctypes.create_string_buffer(ordered.id, len(ordered.id))
		while payment.state != PAYMENT_FINAL:
			self.assertEqual(self.until_event(EVENT_PAYMENT).error, 0)
			self.must(self.lib.uncia_wallet_payment(self.wallet, identity, payment.pointer))
		self.assertEqual((payment.amount, payment.received, payment.own), (500000, 0, 1))
		self.assertEqual(payment.tag[:payment.tag_size], b"chat 7\0message 3")
		self.assertTrue(payment.sender.startswith("unc1") and payment.to.startswith("unc1"))
		balance = Struct(self.lib, "uncia_balance")
		self.must(self.lib.uncia_wallet_balance(self.wallet, balance.pointer))
		self.assertEqual((balance.known, balance.spendable), (1, 4500000))
		self.lib.uncia_wallet_close(self.wallet)
		self.lib.uncia_host_directory_free(self.host.pointer)

	def test_what_is_told_of_structures_is_what_the_headers_say(self):
		text = abi.COMMITTED.read_text()
		structures = abi.members(abi.code_of(abi.ROOT / "include" / "uncia"))
		self.assertIn("uncia_event", structures)
		for name, names in structures.items():
			told = members(self.lib, name)
			self.assertEqual(list(told), names)
			self.assertIn(f"struct {name}: {self.lib.uncia_struct_size(name.encode())} bytes\n"
				+ "".join(f"  {offset}: {member}, {size}\n" for member, (_, offset, size) in told.items()), text)

	def test_a_pointer_is_told_from_text_in_its_place(self):
		code = abi.code_of(abi.ROOT / "include" / "uncia")
		found = 0
		for name in abi.members(code):
			body = re.search(rf"struct {name} \{{(.*?)\}};", code, re.S)[1]
			for pointer, member, array in re.findall(r"\bchar\s+(\*?)(\w+)(\[[^\]]*\])?;", body):
				self.assertEqual(members(self.lib, name)[member][0], POINTER if pointer else TEXT, f"{name}.{member}")
				self.assertTrue(pointer or array)
				found += 1
		self.assertGreater(found, 15)

	def test_a_structure_that_is_not_the_librarys_is_refused(self):
		event = ctypes.create_string_buffer(4096)
		self.assertEqual(self.lib.uncia_wallet_event(None, event), E_ARGUMENT)
		self.assertIsNone(self.lib.uncia_struct_new(b"uncia_nothing", ctypes.c_size_t(1)))
		self.assertEqual(self.lib.uncia_struct_size(b"uncia_nothing"), 0)
