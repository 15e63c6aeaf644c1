"""What follows the moving bytes in a second thread, so that proof costs little time of its own.

Their digests, and a look whether a near place holds just those bytes. hashlib, what a
place digests with and the system let go of Python's lock meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from providers.base import Hasher, Provider
from providers.errors import ProviderError
from transfers.control import Stopped

_SLOT = 1 << 20  # bytes
_SLOTS = 8  # how far the second thread may be behind
_WORTH = 256 << 10  # bytes: below that, handing over takes longer than digesting


class StoredAlike:
    """Compares what a near place holds at `path` with what was sent, right behind the sending.

    Byte for byte: the digest of what was sent is that of what is stored, then. `check` may raise to
    stop that. Once anything differed or could not be read, nothing is proven. Thread-safe.
    """

    def __init__(self, place: Provider, path: str, check: Callable[[], None]) -> None:
        self._place, self._path, self._check = place, path, check
        self._lock = threading.Lock()
        self._alike = True
        self._compared = 0  # bytes

    def compare(self, offset: int, sent: bytearray, length: int) -> None:
        """Look at `length` bytes from `offset` on: they were sent from the beginning of `sent`."""
        alike = self._reads(offset, sent, length)
        with self._lock:
            self._alike = self._alike and alike
            self._compared += length

    def proves(self, size: int) -> bool:
        """Whether each of `size` bytes, sent and compared once, is stored as it was sent."""
        return self._alike and self._compared == size

    def _reads(self, offset: int, sent: bytearray, length: int) -> bool:
        at = 0
        try:
            with self._place.read(self._path, offset=offset, length=length) as reader:
                for chunk in reader.chunks():
                    self._check()
                    if not sent.startswith(chunk, at):
                        return False
                    at += len(chunk)
        except (ProviderError, Stopped):
            return False
        return at == length


class Following:
    """Keeps what is being sent until it is digested by `hasher`, and compared by `stored`.

    For one stream from `offset` on. The thread is started when it is first needed, and gone at the
    end of the `with` block. At most `_SLOTS` x `_SLOT` bytes are held.
    """

    def __init__(self, hasher: Hasher, stored: StoredAlike | None = None, offset: int = 0) -> None:
        self._hasher, self._stored, self._offset = hasher, stored, offset
        self._slot = bytearray()
        self._filled = 0
        self._free: list[bytearray] = []
        self._under_way: deque[Future[bytearray]] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def keep(self, chunk: memoryview) -> memoryview:
        """The copy of `chunk` that is to be sent. Called again, or `sent`, once it was sent."""
        if self._filled + len(chunk) > len(self._slot):
            self._hand_over()
            self._slot = self._empty_slot(len(chunk))
        kept = memoryview(self._slot)[self._filled : self._filled + len(chunk)]
        kept[:] = chunk
        self._filled += len(chunk)
        return kept

    def sent(self) -> None:
        """The place has taken what was kept last."""
        if self._filled >= _WORTH:
            self._hand_over()

    def settle(self) -> None:
        """Wait until all that was kept is digested and compared."""
        self._hand_over()
        while self._under_way:
            self._free.append(self._under_way.popleft().result())

    def _empty_slot(self, least: int) -> bytearray:
        if len(self._under_way) >= _SLOTS:
            self._free.append(self._under_way.popleft().result())
        for number, slot in enumerate(self._free):
            if len(slot) >= least:
                return self._free.pop(number)
        return bytearray(max(least, _SLOT if self._under_way else least))

    def _hand_over(self) -> None:
        slot, filled, offset = self._slot, self._filled, self._offset
        self._slot, self._filled, self._offset = bytearray(), 0, offset + filled
        if filled and filled < _WORTH and not self._under_way:
            self._free.append(self._take_in(slot, filled, offset))
        elif filled:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "digest")
            self._under_way.append(self._pool.submit(self._take_in, slot, filled, offset))

    def _take_in(self, slot: bytearray, filled: int, offset: int) -> bytearray:
        self._hasher.update(memoryview(slot)[:filled])
        if self._stored is not None:
            self._stored.compare(offset, slot, filled)
        return slot
