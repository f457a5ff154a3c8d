"""A wallet's home: the directory that its key and its payments are in."""
from __future__ import annotations

import asyncio
import os
import threading
from typing import Any, Callable, Generic, TypeVar

from ._calls import NULL, Secret, check, path_in, structure, text_in, text_out
from ._constants import WHY_SIZE, WORDS_TEXT_SIZE, ErrorCode
from ._declarations import ffi
from ._library import lib
from .errors import UnciaError, error_of
from .network import Network

T = TypeVar("T")


class Home:
	"""The host of wallets over a directory, which is made where it does not exist."""

	def __init__(self, path: str | os.PathLike[str]) -> None:
		self.path = os.fspath(path)
		self.host = structure("uncia_host", lib.uncia_host_directory_free)
		result = lib.uncia_host_directory(path_in(path), self.host)
		if result:
			system = os.strerror(ffi.errno) if result in (ErrorCode.IO, ErrorCode.PERMISSION) and ffi.errno else ""
			raise error_of(result, self.path, why=system)

	def error(self, code: int, what: str) -> UnciaError:
		"""With the file and the system's words, where the storage failed."""
		why = ffi.new("char[]", WHY_SIZE)
		if code in (ErrorCode.IO, ErrorCode.PERMISSION):
			lib.uncia_host_directory_why(self.host, why)
		return error_of(code, what, why=text_out(why))


class Handover(Generic[T]):
	"""What a thread makes for a task, and what is done with it where the task does not want it any more."""

	def __init__(self, make: Callable[[], T], undo: Callable[[T], object] | None = None) -> None:
		self._make, self._undo = make, undo
		self._lock, self._abandoned = threading.Lock(), False
		self._made: list[T] = []

	def _run(self) -> T:
		made = self._make()
		with self._lock:
			if not self._abandoned:
				self._made.append(made)
				return made
		if self._undo:
			self._undo(made)
		return made

	async def wait(self) -> T:
		try:
			return await asyncio.get_running_loop().run_in_executor(None, self._run)
		except asyncio.CancelledError:
			with self._lock:
				self._abandoned = True
			if self._made and self._undo:
				self._undo(self._made.pop())
			raise


def make_words(count: int = 12) -> str:
	"""Fresh recovery words, 12 or 24. Whoever has them has the money: show them once, and keep them nowhere."""
	with Secret(WORDS_TEXT_SIZE) as words:
		check(lib.uncia_words_make(NULL, count, words), "recovery words")
		return text_out(words)


async def restore(home: str | os.PathLike[str], words: str, *, passphrase: str | None = None, no_passphrase: bool = False,
	kdf_memory: int = 0, kdf_passes: int = 0) -> None:
	"""Makes the key of a wallet from recovery words, in a thread: it takes seconds. passphrase seals it; no_passphrase is for
	tests. kdf_memory: bytes that a guess at the passphrase costs, kdf_passes: how often; 0: 256 MiB and 3. Cancelled, it may
	have been made all the same."""
	await make_key(home, words, passphrase, no_passphrase, (kdf_memory, kdf_passes, False))


async def create(home: str | os.PathLike[str], *, passphrase: str | None = None, no_passphrase: bool = False, count: int = 12,
	kdf_memory: int = 0, kdf_passes: int = 0) -> str:
	"""Makes a new wallet, as restore does from the words of an old one. Returns its recovery words, to be shown once; of a
	wallet that is there Wallet.recovery_words has them."""
	words = make_words(count)
	await make_key(home, words, passphrase, no_passphrase, (kdf_memory, kdf_passes, True))
	return words


async def make_key(home: str | os.PathLike[str], words: str, passphrase: str | None, no_passphrase: bool,
	how: tuple[int, int, bool]) -> None:
	"""how: memory and passes of the derivation, and whether the words are fresh, so that nobody was ever paid by them."""
	given = Secret(0, text_in(words, "recovery words"))
	phrase = None if passphrase is None else Secret(0, text_in(passphrase, "passphrase"))

	def make() -> None:
		options = structure("uncia_key_options")
		options.passphrase = NULL if phrase is None else phrase.chars
		options.no_passphrase = no_passphrase
		options.kdf_memory, options.kdf_passes, options.fresh = how
		try:
			place = Home(home)
			result = lib.uncia_wallet_create(place.host, given.chars, options)
		finally:
			given.wipe()
			if phrase:
				phrase.wipe()
		if result:
			raise place.error(result, os.fspath(home))

	await Handover(make).wait()


def open_wallet(home: Home, network: Network | None, passphrase: str | None, timeout_ms: int) -> Any:
	"""A struct uncia_wallet, which takes long where there is a passphrase."""
	options, made = structure("uncia_wallet_options"), ffi.new("struct uncia_wallet **")
	options.request_timeout_ms = timeout_ms
	with Secret(0, b"" if passphrase is None else text_in(passphrase, "passphrase")) as phrase:
		options.passphrase = NULL if passphrase is None else phrase
		result = lib.uncia_wallet_open(home.host, NULL if network is None else network.pointer, options, made)
	if result:
		raise home.error(result, home.path)
	return made[0]


def words_of(home: Home, passphrase: str | None) -> str:
	"""The recovery words of a home, by a wallet of its own: the one that is in use goes on meanwhile."""
	wallet = open_wallet(home, None, None, 0)
	try:
		with Secret(WORDS_TEXT_SIZE) as words, Secret(0, text_in(passphrase or "", "passphrase")) as phrase:
			result = lib.uncia_wallet_words(wallet, NULL if passphrase is None else phrase, words)
			if result:
				raise home.error(result, home.path)
			return text_out(words)
	finally:
		lib.uncia_wallet_close(wallet)
