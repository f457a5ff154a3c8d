"""Gives a wallet its turns on an asyncio loop, takes its events, and wakes the tasks that wait for them. One thread, the
loop's, calls the wallet."""
from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import Any, Callable

from ._calls import NULL, id_in, id_out, structure, text_out
from ._constants import ErrorCode, EventKind
from ._declarations import ffi
from ._library import lib
from .errors import UnciaError, WalletClosedError, error_of
from .home import Home

log = logging.getLogger("uncia")
RETRY_S = 1.0  # after a turn that failed: memory, or descriptors, may be there again


class Waiters:
	"""Tasks that wait for the same thing. Each is told an error code, 0 for none."""

	def __init__(self) -> None:
		self._futures: list[asyncio.Future[int]] = []

	def __bool__(self) -> bool:
		return bool(self._futures)

	def tell(self, error: int) -> None:
		futures, self._futures = self._futures, []
		for future in futures:
			if not future.done():
				future.set_result(error)

	def end(self, error: BaseException) -> None:
		futures, self._futures = self._futures, []
		for future in futures:
			if not future.done():
				future.set_exception(error)

	async def wait(self) -> int:
		future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
		self._futures.append(future)
		try:
			return await future
		finally:
			if future in self._futures:
				self._futures.remove(future)


@dataclass(frozen=True)
class Noticed:
	"""Who hears of a notice that is being checked: the payment's id, what takes a struct uncia_notice_result, who waits."""

	identity: str
	take: Callable[[Any], None]
	waiters: Waiters


class Driver:
	"""An open wallet on the loop that runs."""

	def __init__(self, home: Home, wallet: Any, with_network: bool) -> None:
		self.home, self._wallet = home, wallet
		self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
		self._event = structure("uncia_event")
		self.asked: dict[EventKind, Waiters] = {kind: Waiters() for kind in
			(EventKind.BALANCE, EventKind.HISTORY, EventKind.CAUGHT_UP, EventKind.HOLD)}
		self.payments: dict[str, Waiters] = {}
		self.history_turn, self.hold_turn = asyncio.Lock(), asyncio.Lock()
		self.incoming, self.ready = Waiters(), Waiters()  # of a watch
		self.on_watch: Callable[[int], None] | None = None
		self.notices: dict[int, Noticed] = {}  # by the number that their tag is
		self._number = 0
		self._fd = -1
		self._retry: asyncio.TimerHandle | None = None
		if with_network:
			self._fd = lib.uncia_wallet_fd(wallet)
			if self._fd < 0:
				lib.uncia_wallet_close(wallet)
				raise home.error(self._fd, "wallet")
			self._loop.add_reader(self._fd, self._turn)

	@property
	def wallet(self) -> Any:
		"""The struct uncia_wallet. Another thread is turned away: a wallet is used by one at a time."""
		if threading.get_ident() != self._thread:
			raise RuntimeError("a wallet is used in the thread of its loop alone: asyncio.run_coroutine_threadsafe gives that a "
				"coroutine of another thread's")
		if self._wallet is None:
			raise WalletClosedError
		return self._wallet

	def check_open(self) -> None:
		"""Raises where it is closed, or this is another thread."""
		assert self.wallet is not None

	@property
	def is_open(self) -> bool:
		return self._wallet is not None

	def close(self) -> None:
		wallet = self.wallet
		if self._fd >= 0:
			self._loop.remove_reader(self._fd)
		if self._retry:
			self._retry.cancel()
		self._wallet = None
		lib.uncia_wallet_close(wallet)
		self._end_all(WalletClosedError())

	def _end_all(self, error: UnciaError) -> None:
		noticed = [one.waiters for one in self.notices.values()]
		for waiters in (*self.asked.values(), *self.payments.values(), *noticed, self.incoming, self.ready):
			waiters.end(error)

	def check(self, result: int, what: str) -> int:
		if result < 0:
			raise self.home.error(result, what)
		return result

	# ---- turns

	def _turn(self) -> None:
		"""What can be done without waiting: the library bounds it."""
		result = lib.uncia_wallet_process(self._wallet)
		self.take_events()
		if result:
			log.warning("%s", self.home.error(result, "wallet"))
			self._loop.remove_reader(self._fd)
			self._retry = self._loop.call_later(RETRY_S, self._resume)

	def _resume(self) -> None:
		self._retry = None
		self._loop.add_reader(self._fd, self._turn)

	def take_events(self) -> None:
		while self._wallet is not None and lib.uncia_wallet_event(self._wallet, self._event) == 1:
			self._told(self._event)

	def _told(self, event: Any) -> None:
		kind, error = EventKind(event.kind), int(event.error)
		if kind in self.asked:
			self.asked[kind].tell(error)
		elif kind == EventKind.PAYMENT:
			waiters = self.payments.get(id_out(ffi.addressof(event, "id")))
			if waiters:
				waiters.tell(error)
		elif kind == EventKind.INCOMING:
			self.incoming.tell(0)
		elif kind == EventKind.WATCH and self.on_watch:
			self.on_watch(error)
		elif kind == EventKind.NOTICE:
			self._take_notices()
		elif kind == EventKind.LINK:
			log.debug("validator %d: %s %s", event.validator, "up" if event.up else "down", text_out(event.text))
		elif kind == EventKind.ERROR:
			self._lost(error, text_out(event.text))

	def _lost(self, error: int, text: str) -> None:
		"""Something that belongs to no request. Where memory ended events are missing: who waits looks, or asks, again."""
		log.error("%s", text or self.home.error(error, "wallet"))
		if error == ErrorCode.MEMORY:
			for waiters in self.asked.values():
				waiters.tell(error)
			for waiters in (*self.payments.values(), self.incoming):
				waiters.tell(0)
			self._take_notices()

	def _take_notices(self) -> None:
		result = structure("uncia_notice_result")
		while lib.uncia_notice_result(self._wallet, result) == 1:
			noticed = self.notices.get(int.from_bytes(bytes(result.tag[0:8])))
			if noticed:
				noticed.take(result)

	def new_number(self) -> int:
		self._number += 1
		return self._number

	def end_notice(self, number: int, over: bool) -> None:
		"""Nobody hears of it any more. The library gives up all checks of a payment at once: while another one goes on, none."""
		noticed = self.notices.pop(number, None)
		if noticed and not over and self._wallet is not None and not any(
			other.identity == noticed.identity for other in self.notices.values()):
			self._give_up(EventKind.NOTICE, id_in(noticed.identity))

	# ---- asking

	async def ask(self, kind: EventKind, begin: Callable[[], int], what: str) -> None:
		"""Begins it, and waits for its event. Cancelled, it is given up where nobody else waits for it."""
		if self._fd < 0:
			raise error_of(ErrorCode.NETWORK, what, why="the wallet was opened without a network")
		self.check(begin(), what)
		waiters = self.asked[kind]
		try:
			error = await waiters.wait()
		except asyncio.CancelledError:
			if not waiters and self._wallet is not None:
				self._give_up(kind, NULL)
			raise
		self.check(error, what)

	def _give_up(self, kind: EventKind, identity: Any) -> bool:
		"""Whether it was under way. What it may have told already is taken now, so that nobody takes it for a later answer."""
		found = bool(lib.uncia_wallet_cancel(self._wallet, kind, identity) == 0)
		self.take_events()
		return found

	async def payment_event(self, identity: str) -> int:
		"""The next event about a payment: its error."""
		waiters = self.payments.setdefault(identity, Waiters())
		try:
			return await waiters.wait()
		finally:
			if not waiters and self.payments.get(identity) is waiters:
				del self.payments[identity]

	def stop_following(self, identity: str) -> bool:
		"""Gives up what was asked about a payment where nobody waits for it any more. Whether something was under way."""
		if self._wallet is None or self.payments.get(identity):
			return False
		return self._give_up(EventKind.PAYMENT, id_in(identity))

	def is_followed(self, identity: str) -> bool:
		"""Whether a payment whose state is not known is followed still, or that was its end. It is followed on where it was."""
		given = id_in(identity)
		if lib.uncia_wallet_cancel(self.wallet, EventKind.PAYMENT, given):
			return False
		self.check(lib.uncia_wallet_follow(self.wallet, given), "payment")
		return True
