"""Incoming payments as an asynchronous iterator."""
from __future__ import annotations

import collections
import logging
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Callable

from ._calls import id_in, text_in
from ._constants import ErrorCode
from ._declarations import ffi
from ._driver import Driver
from ._library import lib
from .errors import UnciaError, WalletClosedError
from .values import Entry, Output, Payment

log = logging.getLogger("uncia")


@dataclass(frozen=True)
class Incoming:
	"""A final payment of somebody else to this account. amount: all that this account got by it."""

	entry: Entry
	_watch: Watch = field(repr=False, compare=False)

	@property
	def payment(self) -> Payment:
		return self.entry.receipt.payment

	@property
	def id(self) -> str:
		return self.payment.id

	@property
	def amount(self) -> Decimal:
		return self.entry.received

	@property
	def outputs(self) -> tuple[Output, ...]:
		"""Those to this account, each with the reference that was paid to."""
		return self.entry.outputs

	def acknowledge(self) -> None:
		"""Says that this payment, and all that were told before it, have been taken note of, durably: they are never told to
		this client again. Until it has returned they are, after every start: let what is done with a payment bear to be done
		twice."""
		self._watch.acknowledge(self)


class Watch:
	"""Payments to this account, in the order of the ledger, none left out. `async for` gives each once; `async with`, or
	close, ends it. trouble: what keeps it from knowing more, where something does; it is tried again."""

	def __init__(self, driver: Driver, client: str, read: Callable[[Any], Entry]) -> None:
		self._driver, self._read, self.client = driver, read, client
		self._given: collections.deque[str] = collections.deque()  # and not acknowledged; those that the library has first
		self._complete = False
		self._ended: UnciaError | None = None
		self.trouble: UnciaError | None = None
		if driver.on_watch:
			raise driver.home.error(ErrorCode.EXISTS, "a watch of this wallet")
		driver.check(lib.uncia_watch_start(driver.wallet, text_in(client, "client")), f"watch {client!r}")
		driver.on_watch = self._told

	def _told(self, error: int) -> None:
		self.trouble = self._driver.home.error(error, f"watch {self.client!r}") if error else None
		if error == 0:
			self._complete = True
			self._driver.ready.tell(0)
		elif error == ErrorCode.SECOND_CHAIN:
			self._end(self.trouble)
		else:
			log.info("%s", self.trouble)

	def _end(self, error: UnciaError | None) -> None:
		if self._ended is None:
			self._ended = error
			self._driver.incoming.tell(0)
			self._driver.ready.tell(0)

	async def ready(self) -> None:
		"""Returns when all is told up to a state that was proved since the watch began: from then on nothing is missed."""
		while not self._complete:
			if self._ended:
				raise self._ended
			await self._driver.ready.wait()

	def __aiter__(self) -> Watch:
		return self

	async def __anext__(self) -> Incoming:
		while True:
			if self._ended:
				if isinstance(self._ended, WalletClosedError):
					raise StopAsyncIteration
				raise self._ended
			receipt = lib.uncia_watch_incoming(self._driver.wallet, len(self._given))
			if receipt != ffi.NULL:
				incoming = Incoming(self._read(receipt), self)
				self._given.append(incoming.id)
				return incoming
			await self._driver.incoming.wait()

	def acknowledge(self, incoming: Incoming) -> None:
		"""See Incoming.acknowledge. One that was acknowledged already, by a later one too, stays so."""
		if self._ended:
			raise self._ended
		if incoming.id not in self._given:
			return
		self._driver.check(lib.uncia_watch_acknowledge(self._driver.wallet, id_in(incoming.id)), "acknowledgement")
		while self._given.popleft() != incoming.id:
			pass

	def close(self) -> None:
		"""Ends it; the place in the home stays."""
		if self._driver.is_open and self._driver.on_watch == self._told:
			lib.uncia_watch_stop(self._driver.wallet)
			self._driver.on_watch = None
			self._driver.take_events()  # what it has told is not for the next one
		self._end(WalletClosedError(f"watch {self.client!r}"))

	async def __aenter__(self) -> Watch:
		return self

	async def __aexit__(self, *_: object) -> None:
		self.close()
