"""An answer whose body is still to come, and what the end of its connection means."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator

from providers.errors import ConnectionLost, ProviderError, Unsupported
from providers.web import tls
from providers.web.calls import Call
from providers.web.exchange import Exchange
from providers.web.message import Broken, Headers
from providers.web.redirects import Url

_SHOW_AFTER = 0.2  # seconds after which what has come is handed on, full or not


class Response:
    """An answer whose body has not been read.

    `path`: percent-encoded, after redirects, without a query. `url_changed`: another address
    answered; `origin` is whose. `length`: of the body, None when it is not said; `proven`: the
    end of the body can be told from a lost connection.
    """

    def __init__(self, exchange: Exchange, asked: Url, where: str, endpoint: str, call: Call):
        self.status: int = exchange.head.status
        self.headers: Headers = exchange.head.headers
        self.path: str = exchange.url.path
        self.origin: str = exchange.url.origin
        self.url_changed: bool = (exchange.url.origin, exchange.url.path) != (
            asked.origin,
            asked.path,
        )
        self.endpoint = endpoint
        self.length: int | None = exchange.body.length
        self.proven: bool = exchange.body.proven
        self._exchange = exchange
        self._where = where
        self._call = call
        self._clock = time.monotonic

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview]:
        """The body as it was sent, never decoded, in views of one buffer.

        Raises ConnectionLost when less came than was announced.
        """
        if self.length is not None:
            size = min(size, max(1, self.length))
        buffer = memoryview(bytearray(size))
        while filled := self.fill(buffer):
            yield buffer[:filled]

    def fill(self, buffer: memoryview) -> int:
        """Up to a whole buffer of the body; 0 at its end. Less when bytes come slowly, so that
        somebody sees them come.

        What ended the body is met again by the next call. Raises as `chunks`.
        """
        filled, until = 0, 0.0
        try:
            while filled < len(buffer):
                count = self._exchange.read(buffer[filled:])
                if not count:
                    break
                now = self._clock()
                until = until or now + _SHOW_AFTER
                filled += count
                if now > until:
                    break
        except (OSError, Broken) as error:
            self._call.check()
            if not filled:  # else what came is handed on first: a download goes on behind it
                raise lost(error, self._where) from error
        self._call.check()
        return filled

    def hurry(self) -> None:
        """The body is no file: it is not waited for when it comes too slowly (faults.md B5)."""
        self._exchange.connection.hurry()

    def within(self, seconds: float) -> None:
        """All of the body comes within `seconds`, as slowly as it may."""
        self._exchange.connection.deadline(seconds)

    def text(self, limit: int) -> bytes:
        """The whole body, which is no file (`hurry`).

        Raises Unsupported for one of more than `limit` bytes (faults.md C10).
        """
        self.hurry()
        found = bytearray()
        for chunk in self.chunks(min(limit, 1 << 20)):
            found += chunk
            if len(found) > limit:
                raise Unsupported(
                    self._where, f"the server's answer is longer than {limit >> 20} MiB"
                )
        return bytes(found)


def lost(error: Exception, path: str, *, own: bool = True) -> ProviderError:
    """What the end of a connection means, to the site's own server or to another."""
    if isinstance(error, ssl.SSLError):
        distrusted = tls.distrust(error, path, own=own)
        if distrusted is not None:
            return distrusted
    if isinstance(error, Broken):
        return ConnectionLost(path, str(error))
    if isinstance(error, TimeoutError):
        return ConnectionLost(path, "the server stopped answering")
    return ConnectionLost(path)
