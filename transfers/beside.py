"""Digests that are made while bytes move, so that proof costs little time of its own.

hashlib lets go of Python's lock, so a second thread digests what the first one moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

from providers.base import Provider
from providers.errors import ProviderError
from transfers.control import Stopped

if TYPE_CHECKING:
    from hashlib import _Hash

_WORTH = 256 << 10  # bytes: below that, handing over takes longer than digesting


class _Beside:
    """One thread, started when it is first needed; gone at the end of the `with` block."""

    def __init__(self) -> None:
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

    def _thread(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "digest")
        return self._pool


class Digesting(_Beside):
    """`hasher` takes in each chunk while the chunk is being sent on."""

    def __init__(self, hasher: _Hash) -> None:
        super().__init__()
        self._hasher = hasher
        self._pending: Future[None] | None = None

    def take(self, chunk: memoryview) -> None:
        """Begin with `chunk`: it must stay as it is until `settle`."""
        if len(chunk) < _WORTH:
            self._hasher.update(chunk)
        else:
            self._pending = self._thread().submit(self._hasher.update, chunk)

    def settle(self) -> None:
        """Wait until the hasher has taken in every chunk so far."""
        if self._pending is not None:
            self._pending.result()
            self._pending = None


class ReadBehind(_Beside):
    """Reads back what a near place holds at `path`, close behind the writing of it, and digests it.

    It is digested as it was stored, from the first byte on. `check` may raise to stop that.
    """

    def __init__(self, place: Provider, path: str, check: Callable[[], None]) -> None:
        super().__init__()
        self._place, self._path, self._check = place, path, check
        self._sha256 = hashlib.sha256()
        self._taken = 0  # bytes
        self._last: Future[bool] | None = None

    def follow(self, end: int) -> None:
        """The first `end` bytes are stored by now."""
        self._last = self._thread().submit(self._take_up_to, end)

    def digest(self, size: int) -> str:
        """The SHA-256 of all `size` bytes as stored; "" when it could not be made."""
        last, self._last = self._last, None
        if last is None or not last.result() or self._taken != size:
            return ""
        return self._sha256.hexdigest()

    def _take_up_to(self, end: int) -> bool:
        """False: it could not be read. The next call goes on where this one ended."""
        start = self._taken
        try:
            with self._place.read(self._path, offset=start, length=end - start) as reader:
                for chunk in reader.chunks():
                    self._check()
                    self._sha256.update(chunk)
                    self._taken += len(chunk)
        except (ProviderError, Stopped):
            return False
        return self._taken == end
